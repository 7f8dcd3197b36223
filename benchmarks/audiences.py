"""What audiences cost: many agencies' views of one million records, beside the centre's own.

    python benchmarks/audiences.py --records 1000000 --audiences 9 --json

Made data, a first and a full run for the centre alone; then a full run with AUDIENCES agencies beside it, each of which sees about half of the
records in full: of all sets of datasets those that hold 40 to 60 % of the records, the nearest to a half first. `ratio` is what
they add to the seconds from clustering to publishing, by those that the centre takes alone: one audience is clustered while another is
written, so their own stages do not tell what they cost.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

from measured import run_linkage
from scale import make_data

STAGES = ("cluster", "identify", "survive", "publish")
LEAST, MOST = 0.4, 0.6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--audiences", type=int, default=9)
    parser.add_argument("--memory", default="8GB", help="memory_limit of the engine")
    parser.add_argument("--folder", type=Path, help="work here and leave everything; an existing project is used again")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.folder:
        found = measure(options.folder, options.records, options.audiences, options.memory)
    else:
        with tempfile.TemporaryDirectory(prefix="linkage-audiences-") as folder:
            found = measure(Path(folder), options.records, options.audiences, options.memory)
    print(json.dumps(found, indent=1) if options.json else _told(found))


def measure(folder: Path, records: int, audiences: int, memory: str) -> dict[str, Any]:
    """Return seconds of each audience's stages, and what each sees."""
    if not (folder / "project.toml").is_file():
        make_data(folder, records, "csv", memory)
    run_linkage(["run", str(folder), "--json"], folder / "work")
    alone = run_linkage(["run", str(folder), "--full", "--json"], folder / "work")
    held = {name: sum(counts.values()) for name, counts in _records(folder).items()}
    views = choose(held, audiences)
    settings = folder / "project.toml"
    text = settings.read_text("utf-8")
    sections = "".join(
        f"\n[audiences.view_{place}]\nhidden = {json.dumps(sorted(set(held) - set(seen)))}\n"
        for place, seen in enumerate(views)
    )
    settings.write_text(f"{text}\n[audiences.centre]\n{sections}", "utf-8")
    run = run_linkage(["run", str(folder), "--full", "--json"], folder / "work")
    settings.write_text(text, "utf-8")
    report = run.report()
    seconds = {
        stage: {name: round(took, 1) for name, took in report["stages"][stage]["audiences"].items()} for stage in STAGES
    }
    own = sum(alone.report()["stages"][stage]["seconds"] for stage in STAGES)
    others = sum(report["stages"][stage]["seconds"] for stage in STAGES) - own
    total = sum(held.values())
    return {
        "records": records,
        "machine": {"system": platform.machine(), "python": platform.python_version()},
        "alone": alone.told(),
        **run.told(),
        "stages": seconds,
        "share_seen": [round(sum(held[name] for name in seen) / total, 3) for seen in views],
        "centre_seconds": round(own, 1),
        "audiences_seconds": round(others, 1),
        "ratio": round(others / own, 2),
    }


def choose(held: dict[str, int], number: int) -> list[tuple[str, ...]]:
    """Return `number` sets of datasets that hold about half of the records, nearest to a half first. Raises SystemExit where there are fewer."""
    total = sum(held.values())
    sets = [seen for size in range(1, len(held)) for seen in combinations(sorted(held), size)]
    shares = {seen: sum(held[name] for name in seen) / total for seen in sets}
    near = sorted(
        (seen for seen in sets if LEAST <= shares[seen] <= MOST), key=lambda seen: (abs(shares[seen] - 0.5), seen)
    )
    if len(near) < number:
        sys.exit(f"only {len(near)} sets of datasets hold between {LEAST} and {MOST} of the records")
    return near[:number]


def _records(folder: Path) -> dict[str, dict[str, int]]:
    """Return dataset → entity type → records of the centre's release."""
    import linkage

    found: dict[str, dict[str, int]] = {}
    with linkage.open(folder).release("centre") as release:
        for dataset, kind, number in release.rows(
            "SELECT dataset, entity_type, count(*) FROM published.identity_record GROUP BY ALL ORDER BY ALL"
        ):
            found.setdefault(dataset, {})[kind] = number
    return found


def _told(found: dict[str, Any]) -> str:
    return (
        f"the centre alone: {found['centre_seconds']} s from clustering to publishing; {len(found['share_seen'])} audiences add "
        f"{found['audiences_seconds']} s, {found['ratio']} times that"
    )


if __name__ == "__main__":
    main()
