"""Matching quality on public sets with truth: default models, mapping only, no labels.

    python benchmarks/quality.py --data DIR [--sets febrl3,truthset] [--baseline] [--peers PYTHON] [--ablation] --json

DIR holds a folder a set (its CSV files and truth.csv). Each set is run in a fresh workspace; the truth is used only to
measure. `--no-training` keeps m and u at the shipped priors; `--baseline` measures bare Splink on the same records;
`--peers PYTHON` measures GoldenMatch, which PYTHON must have (`pip install goldenmatch` in a virtual environment of its
own); `--ablation` measures our own parts one by one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import linkage
from linkage.evaluation.release import baseline_release, evaluate_release

HERE = Path(__file__).resolve().parent
SETS = ("febrl3", "febrl4", "pseudopeople", "pseudopeople_employers", "chicago_sites", "historical_50k", "truthset")


def measure(name: str, data: Path, *, baseline: bool, learn: bool, details: bool) -> dict[str, Any]:
    """Run one set in a fresh workspace and return its measures (all types together) and seconds."""
    with tempfile.TemporaryDirectory(prefix="linkage-quality-") as folder:
        place = Path(folder)
        shutil.copyfile(HERE / "quality" / f"{name}.toml", place / "project.toml")
        (place / "data").symlink_to((data / name).resolve())
        project = linkage.open(place / "project.toml")
        started = time.perf_counter()
        report = project.run(learn=learn)
        seconds = time.perf_counter() - started
        truth = data / name / "truth.csv"
        found = evaluate_release(project, truth).to_json()
        result = {**found["all"]["pairwise"], "b3_f1": found["all"]["b_cubed"]["f1"], "seconds": round(seconds, 2)}
        if details:
            kinds = {}
            for kind, entry in found["types"].items():
                centre = report["audiences"]["centre"][kind]
                kinds[kind] = {
                    **entry["pairwise"],
                    "blocking_recall": entry["blocking_recall"],
                    "pairs": report["types"][kind]["pairs"],
                    "largest_component": centre["largest_component"],
                    "largest_identity": centre["largest_identity"],
                }
            result["types"] = kinds
        if baseline:
            result["baseline"] = baseline_release(project, truth)
        return result


def main() -> None:
    """Run the chosen sets and print one JSON object or a line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder a set")
    parser.add_argument("--sets", default=",".join(SETS), help="comma-separated names")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--details", action="store_true", help="add measures by type")
    parser.add_argument("--baseline", action="store_true", help="measure bare Splink beside it")
    parser.add_argument("--no-training", action="store_true", help="keep m and u at the shipped priors")
    arguments = parser.parse_args()
    names = arguments.sets.split(",")
    unknown = sorted(set(names) - set(SETS))
    if unknown:
        parser.error(f"unknown set {unknown[0]!r}; the sets are: {', '.join(SETS)}")
    results = {}
    for name in names:
        results[name] = measure(
            name,
            arguments.data,
            baseline=arguments.baseline,
            learn=not arguments.no_training,
            details=arguments.details,
        )
        if not arguments.json:
            print(name, json.dumps(results[name]))
    if arguments.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
