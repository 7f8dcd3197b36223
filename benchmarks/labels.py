"""What judged pairs are worth: a review sample, its verdicts taken from the truth, and the model trained again.

    python benchmarks/labels.py --data DIR [--sets historical_50k,chicago_sites] [--size 200] [--seed 1] --json

DIR holds a folder a set (its CSV files and truth.csv), mapped as in `quality.py`. Each set is run in a fresh workspace,
`--size` pairs are drawn as `linkage review sample` draws them, judged by the truth and entered; half of them train. F1 over the
truth's records, pairwise: `before`; `judged`, the old model with the judgements applied; `retrained`, the new model with the judgements
applied; `model`, the new model when all judgements are undone, which is what training with labels is worth by itself.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import linkage
from linkage.evaluation.release import evaluate_release
from linkage.evaluation.sample import write_sample
from linkage.judging.bulk import judge_file
from linkage.judging.record import undo
from linkage.matching import model as models
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.project import Project

HERE = Path(__file__).resolve().parent
SETS = ("historical_50k", "chicago_sites", "pseudopeople")


def judge_by_truth(sample: Path, truth: Path) -> None:
    """Fill in the verdicts of a sample."""
    with truth.open(encoding="utf-8", newline="") as file:
        entity = {(row["dataset"], row["key"]): row["entity"] for row in csv.DictReader(file)}
    with sample.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    for row in rows:
        one, two = (entity[row[f"dataset_{side}"], row[f"key_{side}"]] for side in "ab")
        row["verdict"] = "match" if one == two else "non-match"
    with sample.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(reader.fieldnames or ()))
        writer.writeheader()
        writer.writerows(rows)


def measured(project: Project, truth: Path) -> dict[str, float]:
    """Return pairwise precision, recall and F1 of the last release, all types together."""
    pairwise: Any = evaluate_release(project, truth).to_json()["all"]
    return {name: round(pairwise["pairwise"][name], 4) for name in ("precision", "recall", "f1")}


def measure(name: str, data: Path, size: int, seed: int) -> dict[str, Any]:
    """Run one set before and after training with labels."""
    truth = data / name / "truth.csv"
    with tempfile.TemporaryDirectory(prefix="linkage-labels-") as folder:
        place = Path(folder)
        shutil.copyfile(HERE / "quality" / f"{name}.toml", place / "project.toml")
        (place / "data").symlink_to((data / name).resolve())
        project = linkage.open(place / "project.toml")
        kinds = sorted(project.run()["types"])
        result: dict[str, Any] = {"before": measured(project, truth)}
        numbers = []
        for kind in kinds:
            sample = place / f"{kind}.csv"
            write_sample(project, kind, sample, size=size, seed=seed)
            judge_by_truth(sample, truth)
            numbers += judge_file(project, sample)["judgements"]
        project.run()
        result["judged"] = measured(project, truth)
        report = project.run(retrain=True)
        result["retrained"] = measured(project, truth)
        folder_of_models = Workspace(project.loaded.workspace).models
        result["labels"] = {
            kind: models.load(folder_of_models, kind, report["types"][kind]["model"]).card.get("labels")
            for kind in project.loaded.entity_types()
        }
        for number in numbers:
            undo(project, number, "to measure the model alone")
        project.run()
        result["model"] = measured(project, truth)
        return result


def main() -> None:
    """Run the chosen sets and print one JSON object or a line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder a set")
    parser.add_argument("--sets", default=",".join(SETS), help="comma-separated names")
    parser.add_argument("--size", type=int, default=200, help="pairs of each type to judge")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    results = {}
    for name in options.sets.split(","):
        results[name] = measure(name, options.data, options.size, options.seed)
        if not options.json:
            print(name, json.dumps(results[name]), flush=True)
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
