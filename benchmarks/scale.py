"""What a run costs beside bare Splink on as many records: made data, one run in a fresh workspace, then the fixed baseline.

    python benchmarks/scale.py --records 1000000 [--format parquet] [--approved] [--incremental 1000] --json

The demo's data (80 % records of persons, 8 % of businesses, 12 % of accounts, with households and hubs) for the centre
alone. The baseline is bare Splink 5 on the standardised person records of that run: eight fixed comparisons, six fixed
rules; load, λ, u, three EM runs, predict, components. One after the other, each a process of its own. `ratio` is our seconds a
record by the baseline's seconds a record. `--approved` measures a full run with the models of the first, beside the
baseline without its training; `--incremental M` a delivery of M new rows.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from measured import Measured, bytes_of, measured, run_linkage

import linkage
from linkage.demo import generate
from linkage.engine.duckdb import Engine

HERE = Path(__file__).parent
AUDIENCES = "[audiences."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--memory", default="10GB", help="memory_limit of the engine, for both sides")
    parser.add_argument("--approved", action="store_true", help="measure a full run without training too")
    parser.add_argument("--folder", type=Path, help="work here and leave everything; an existing project is used again")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.folder is not None:
        found = measure(options.folder, options.records, options.format, options.memory, approved=options.approved)
    else:
        with tempfile.TemporaryDirectory(prefix="linkage-scale-") as folder:
            found = measure(Path(folder), options.records, options.format, options.memory, approved=options.approved)
    print(json.dumps(found, indent=1) if options.json else told(found))


def measure(folder: Path, records: int, file_format: str, memory: str, *, approved: bool) -> dict[str, Any]:
    """Return the figures of our run, of the baseline, and their ratio."""
    if not (folder / "project.toml").is_file():
        make_data(folder, records, file_format, memory)
    found: dict[str, Any] = {
        "records": records,
        "format": file_format,
        "machine": {"system": platform.machine(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("splink", "duckdb")},
        "ours": _ours(folder),
    }
    found["quality"] = _quality(folder)
    if approved:
        found["ours_approved"] = _ours(folder, "--full")
    found["baseline"] = _baseline(folder, memory)
    persons = found["baseline"]["records"]
    found["ratio"] = round((found["ours"]["seconds"] / records) / (found["baseline"]["seconds"] / persons), 2)
    if approved:
        trained = found["baseline"]["stages"]["train"]
        untrained = (found["baseline"]["seconds"] - trained) / persons
        found["ratio_approved"] = round((found["ours_approved"]["seconds"] / records) / untrained, 2)
    return found


def make_data(folder: Path, records: int, file_format: str, memory: str) -> None:
    """Write the demo's data and its project, for the centre alone."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "made.duckdb"
    with Engine(made, memory_limit=memory) as engine:
        generate(folder, engine=engine, records=records, file_format=file_format, with_ceiling=False)
    made.unlink()
    settings = folder / "project.toml"
    settings.write_text(for_the_centre(settings.read_text("utf-8"), memory), "utf-8")


def for_the_centre(text: str, memory: str) -> str:
    """Return a project file without its audiences, with the engine's memory set: the tables that name them end at the next."""
    kept, leaves_out = [], False
    for line in text.splitlines():
        if line.startswith("["):
            leaves_out = line.startswith((AUDIENCES, "[engine]"))
        if not leaves_out:
            kept.append(line)
    return "\n".join([*kept, "", "[engine]", f'memory_limit = "{memory}"', ""])


def _ours(folder: Path, *more: str) -> dict[str, Any]:
    run = run_linkage(["run", str(folder), "--json", *more], folder / "work")
    report = run.report()
    return {
        **run.told(),
        "work": report["work"],
        "stages": {
            name: {
                "seconds": round(stage["seconds"], 1),
                "peak_memory_gb": round(stage["peak_memory_bytes"] / 1e9, 2),
            }
            for name, stage in report["stages"].items()
        },
        "pairs": {kind: entry["pairs"] for kind, entry in report["types"].items()},
        "disk_gb": round(bytes_of(folder / "work") / 1e9, 2),
    }


def _quality(folder: Path) -> dict[str, Any]:
    """Return precision and recall over pairs by type, counted from the sizes of groups: no pair is made."""
    pairs = "CAST(coalesce(sum(records * (records - 1) // 2), 0) AS DOUBLE)"
    counted = ", ".join(
        f"(SELECT {pairs} FROM (SELECT sum(records) AS records FROM together WHERE kind = types.kind GROUP BY {group})) AS {name}"
        for name, group in (
            ("right_pairs", "identity_id, entity"),
            ("resolved_pairs", "identity_id"),
            ("true_pairs", "entity"),
        )
    )
    with linkage.open(folder).release() as release:
        rows = release.rows(
            f"""
            WITH together AS (
                SELECT entity_type AS kind, identity_id, entity, count(*) AS records
                FROM published.identity_record JOIN read_csv($truth, all_varchar = true) USING (dataset, key, role) GROUP BY ALL
            )
            SELECT kind, right_pairs / resolved_pairs, right_pairs / true_pairs FROM (
                SELECT kind, {counted} FROM (SELECT DISTINCT kind FROM together) AS types
            ) ORDER BY kind
            """,
            {"truth": str(folder / "truth.csv")},
        )
    return {kind: {"precision": round(precision, 4), "recall": round(recall, 4)} for kind, precision, recall in rows}


def _baseline(folder: Path, memory: str) -> dict[str, Any]:
    """Run the baseline on the standardised persons of the base, written to a file first: neither is part of its time."""
    persons = folder / "persons.parquet"
    base = max((folder / "work" / "base").glob("*.duckdb"))
    with Engine(base, read_only=True, memory_limit=memory) as engine:
        engine.copy_to("SELECT * FROM canonical.person ORDER BY record", persons, "(FORMAT parquet)")
    run: Measured = measured([sys.executable, str(HERE / "scale_baseline.py"), str(persons), memory])
    persons.unlink()
    return {**run.told(), **run.report()}


def told(found: dict[str, Any]) -> str:
    """Return the figures for people."""
    ours, base = found["ours"], found["baseline"]
    lines = [
        f"{found['records']} records: {ours['seconds']} s, {ours['peak_memory_gb']} GB of memory, at most {ours['peak_disk_gb']} GB of disk",
        *(f"  {name}: {stage['seconds']} s" for name, stage in ours["stages"].items()),
        f"bare Splink on {base['records']} persons: {base['seconds']} s, {base['peak_memory_gb']} GB",
        *(f"  {name}: {seconds} s" for name, seconds in base["stages"].items()),
        f"ratio of seconds a record: {found['ratio']}",
        *(
            f"{kind}: precision {entry['precision']}, recall {entry['recall']}"
            for kind, entry in found["quality"].items()
        ),
    ]
    if "ratio_approved" in found:
        lines.append(
            f"without training on either side: {found['ours_approved']['seconds']} s, ratio {found['ratio_approved']}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
