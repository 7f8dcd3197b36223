"""What evidence from resolved accounts adds where records tell less and less: the demo's data, one setting a row.

    python benchmarks/evidence.py [--records 20000] [--seeds 1,2,3] [--told all,names_places,names] --json

`all`: the demo as it is. `names_places`: the persons and firms of bank reports (ICE, FinCEN) tell names, places and other
words but no number, birth date or phone. `names`: no place either. Each is run in a fresh workspace with and without
evidence, and measured against the truth of the data: pairwise and B-cubed F1 by type.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablation import without

import linkage
from linkage.demo import generate
from linkage.engine.duckdb import Engine
from linkage.evaluation.release import evaluate_release

if TYPE_CHECKING:
    from linkage.project import Project

NUMBERS = frozenset({"ssn", "birth_date", "phone", "driver_licence", "tax_id", "website"})
PLACES = frozenset({"address", "city", "region", "postcode"})
TOLD = {"all": frozenset(), "names_places": NUMBERS, "names": NUMBERS | PLACES}
REPORTS = ("ice_financial", "fincen_reports")


def fewer_fields(text: str, fields: frozenset[str]) -> str:
    """Return the project file without these fields of the persons and firms of bank reports."""
    kept, inside = [], False
    for line in text.splitlines():
        if line.startswith("["):
            inside = any(line.startswith(f"[sources.{name}.roles.") for name in REPORTS) and ".account." not in line
        if not (inside and line.split(" ")[0] in fields):
            kept.append(line)
    return "\n".join((*kept, ""))


def measure(records: int, seed: int, fields: frozenset[str]) -> dict[str, dict[str, Any]]:
    """Return type → figures without and with evidence, and the pairs of records that share some."""
    found: dict[str, dict[str, Any]] = {}
    for step in ("without", "with"):
        with tempfile.TemporaryDirectory(prefix="linkage-evidence-") as name:
            folder = Path(name)
            with Engine() as engine:
                generate(folder, engine=engine, records=records, seed=seed, with_ceiling=False)
            path = folder / "project.toml"
            path.write_text(fewer_fields(path.read_text(encoding="utf-8"), fields), encoding="utf-8")
            project: Project = linkage.open(folder)
            report = (project if step == "with" else without(project, evidence=())).run()
            for kind, entry in evaluate_release(project, folder / "truth.csv").types.items():
                pairwise = entry.metrics.pairwise
                own = found.setdefault(kind, {})
                own[step] = {**pairwise.to_json(), "b3_f1": entry.metrics.b_cubed.f1}
                own["pairs"] = report["audiences"]["centre"][kind]["evidence_pairs"]
    return found


def main() -> None:
    """Measure every setting and print one JSON object or a line a setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seeds", default="1,2,3", help="comma-separated")
    parser.add_argument("--told", default=",".join(TOLD), help=f"comma-separated, of: {', '.join(TOLD)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    names = options.told.split(",")
    if not set(names) <= set(TOLD):
        parser.error(f"--told takes: {', '.join(TOLD)}")
    results: dict[str, Any] = {}
    for name in names:
        for seed in map(int, options.seeds.split(",")):
            found = measure(options.records, seed, TOLD[name])
            results[f"{name}, seed {seed}"] = found
            if not options.json:
                print(name, seed, json.dumps(found), flush=True)
    if options.json:
        print(json.dumps({"records": options.records, "results": results}, indent=1))


if __name__ == "__main__":
    main()
