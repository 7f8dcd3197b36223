"""Matching quality on public sets with truth: default models, mapping only, no labels.

    python benchmarks/quality.py --data DIR [--sets febrl3,truthset] [--baseline] [--peers [PYTHON]] [--ablation] --json

DIR holds a folder a set (its CSV files and truth.csv). Each set is run in a fresh workspace; the truth is used only to
measure. `--no-training` keeps m and u at the shipped priors; `--baseline` measures bare Splink on the same records;
`--peers` measures GoldenMatch, which must be installed (`pip install "linkage[peers]"`), or which another PYTHON has;
`--ablation` measures our own parts one by one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablation import ablation
from peers import goldenmatch

import linkage
from linkage.evaluation.release import baseline_release, evaluate_release

if TYPE_CHECKING:
    from linkage.project import Project

HERE = Path(__file__).resolve().parent
SETS = ("febrl3", "febrl4", "pseudopeople", "pseudopeople_employers", "chicago_sites", "historical_50k", "truthset")


def measure(name: str, data: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run one set in a fresh workspace and return its measures (all types together), seconds, and what was asked for beside."""
    with tempfile.TemporaryDirectory(prefix="linkage-quality-") as folder:
        places = iter(range(10))

        def fresh() -> Project:
            place = Path(folder) / str(next(places))
            place.mkdir()
            shutil.copyfile(HERE / "quality" / f"{name}.toml", place / "project.toml")
            (place / "data").symlink_to((data / name).resolve())
            return linkage.open(place / "project.toml")

        truth = data / name / "truth.csv"
        project = fresh()
        started = time.perf_counter()
        report = project.run(learn=not options.no_training)
        seconds = time.perf_counter() - started
        result = _measured(project, truth, report, details=options.details) | {"seconds": round(seconds, 2)}
        if options.baseline:
            result["baseline"] = baseline_release(project, truth)
        if options.peers:
            result["goldenmatch"] = goldenmatch(project, truth, options.peers)
        if options.ablation:
            result["ablation"] = ablation(fresh, truth)
        return result


def _measured(project: Project, truth: Path, report: dict[str, Any], *, details: bool) -> dict[str, Any]:
    found = evaluate_release(project, truth).to_json()
    whole: Any = found["all"]
    intervals = whole["intervals"]
    result = {
        **whole["pairwise"],
        "b3_f1": whole["b_cubed"]["f1"],
        "f1_interval": intervals["pairwise"]["f1"],
        "b3_f1_interval": intervals["b_cubed"]["f1"],
    }
    if not details:
        return result
    kinds = {}
    types: Any = found["types"]
    for kind, entry in types.items():
        centre = report["audiences"]["centre"][kind]
        kinds[kind] = {
            **entry["pairwise"],
            "blocking_recall": entry["blocking_recall"],
            "pairs": report["types"][kind]["pairs"],
            "largest_component": centre["largest_component"],
            "largest_identity": centre["largest_identity"],
        }
    return {**result, "types": kinds}


def main() -> None:
    """Run the chosen sets and print one JSON object or a line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder a set")
    parser.add_argument("--sets", default=",".join(SETS), help="comma-separated names")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--details", action="store_true", help="add measures by type")
    parser.add_argument("--baseline", action="store_true", help="measure bare Splink beside it")
    parser.add_argument(
        "--peers", metavar="PYTHON", nargs="?", const=sys.executable, help="measure GoldenMatch, which PYTHON has"
    )
    parser.add_argument("--ablation", action="store_true", help="measure our own parts one by one")
    parser.add_argument("--no-training", action="store_true", help="keep m and u at the shipped priors")
    options = parser.parse_args()
    names = options.sets.split(",")
    unknown = sorted(set(names) - set(SETS))
    if unknown:
        parser.error(f"unknown set {unknown[0]!r}; the sets are: {', '.join(SETS)}")
    results = {}
    for name in names:
        results[name] = measure(name, options.data, options)
        if not options.json:
            print(name, json.dumps(results[name]), flush=True)
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
