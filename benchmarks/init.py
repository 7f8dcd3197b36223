"""How far the project that `linkage init` writes is from the hand-made mapping, on public sets and on the demo.

    python benchmarks/init.py --data DIR [--sets febrl4,demo] --json

DIR holds a folder a set (its CSV files and truth.csv). Both projects are run in fresh workspaces on the same files; the
truth is used only to measure. `MENDED` holds the lines that were changed by hand after `init`, at most five a set.
Roles that `init` names otherwise than the truth are told apart by their type.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import linkage
from linkage.demo import generate
from linkage.engine.duckdb import Engine
from linkage.evaluation.release import evaluate_release
from linkage.profiling.project import init_project

HERE = Path(__file__).resolve().parent
SETS = (
    "febrl3",
    "febrl4",
    "pseudopeople",
    "pseudopeople_employers",
    "chicago_sites",
    "historical_50k",
    "truthset",
    "demo",
)
# Set → lines of the written project and what they were changed to.
MENDED: dict[str, dict[str, str]] = {}


def measure(name: str, data: Path, records: int) -> dict[str, Any]:
    """Run a set by hand-made and by written project; return F1 of both and the lines mended."""
    with tempfile.TemporaryDirectory(prefix="linkage-init-") as folder:
        place = Path(folder)
        hand, truth = _hand_made(name, data, place, records)
        settings = tomllib.loads(hand.read_text(encoding="utf-8"))
        files = [hand.parent / source["files"] for source in settings["sources"].values()]
        init_project(files, place / "init")
        written = place / "init" / "project.toml"
        text = written.read_text(encoding="utf-8")
        mended = MENDED.get(name, {})
        for old, new in mended.items():
            assert text.count(f"\n{old}\n") == 1, old
            text = text.replace(f"\n{old}\n", f"\n{new}\n")
        written.write_text(text, encoding="utf-8")
        roles = _roles(settings), _roles(tomllib.loads(text))
        own_truth = place / "truth_init.csv"
        _rename_roles(truth, own_truth, *roles)
        hand_truth = place / "truth_hand.csv"
        _rename_roles(truth, hand_truth, roles[0], roles[0])
        return {
            "hand_made": _f1(hand, hand_truth),
            "init": _f1(written, own_truth),
            "doubtful": text.count("DOUBTFUL") - 1,
            "mended": mended,
        }


def _hand_made(name: str, data: Path, place: Path, records: int) -> tuple[Path, Path]:
    folder = place / "hand"
    folder.mkdir()
    if name == "demo":
        with Engine() as engine:
            generate(folder, engine=engine, records=records)
        return folder / "project.toml", folder / "truth.csv"
    shutil.copyfile(HERE / "quality" / f"{name}.toml", folder / "project.toml")
    (folder / "data").symlink_to((data / name).resolve())
    return folder / "project.toml", data / name / "truth.csv"


def _roles(settings: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return (dataset, type) → role, the first of each type."""
    found: dict[tuple[str, str], str] = {}
    for dataset, source in settings["sources"].items():
        for role, told in source["roles"].items():
            found.setdefault((dataset, told["entity"]), role)
    return found


def _rename_roles(
    truth: Path, target: Path, hand: dict[tuple[str, str], str], init: dict[tuple[str, str], str]
) -> None:
    """Write the truth with the roles of another project. A truth without roles is about the hand-made project's one."""
    types = {(dataset, role): kind for (dataset, kind), role in hand.items()}
    only = {
        dataset: roles[0]
        for dataset in {dataset for dataset, _ in hand}
        if len(roles := [role for (name, _), role in hand.items() if name == dataset]) == 1
    }
    with truth.open(encoding="utf-8", newline="") as source, target.open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictReader(source)
        whole = "role" in (rows.fieldnames or ()) or len(only) == len({dataset for dataset, _ in hand})
        writer = csv.writer(out)
        writer.writerow(["dataset", "key", *(["role"] if whole else []), "entity"])
        for row in rows:
            role = row.get("role") or only.get(row["dataset"])
            named = [init[row["dataset"], types[row["dataset"], role]]] if whole and role else []
            writer.writerow([row["dataset"], row["key"], *named, row["entity"]])


def _f1(project_file: Path, truth: Path) -> dict[str, float]:
    project = linkage.open(project_file)
    project.run()
    found = evaluate_release(project, truth, purpose="benchmark").to_json()
    kinds = {kind: entry["pairwise"]["f1"] for kind, entry in found["types"].items()}
    return {"all": found["all"]["pairwise"]["f1"], **kinds}


def main() -> None:
    """Run the chosen sets and print one JSON object or a line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder a set")
    parser.add_argument("--sets", default=",".join(SETS), help="comma-separated names")
    parser.add_argument("--records", type=int, default=20_000, help="entity records of the demo")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    names = arguments.sets.split(",")
    unknown = sorted(set(names) - set(SETS))
    if unknown:
        parser.error(f"unknown set {unknown[0]!r}; the sets are: {', '.join(SETS)}")
    results = {}
    for name in names:
        results[name] = measure(name, arguments.data, arguments.records)
        if not arguments.json:
            print(name, json.dumps(results[name]), flush=True)
    if arguments.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
