"""The name comparisons alone, on labelled pairs of names: shipped standardisers and priors, nothing trained.

    python benchmarks/name_pairs.py --data DIR [--errors FILE] [--curve] --json

DIR holds `cases.csv` (columns case_group, schema, name1, name2, is_match). A Person is standardised as a person, every
other schema as a business, a LegalEntity as both (the better weight counts). Each pair is scored by the comparisons of
the default models that a name fills, with the shipped m and u; rarity is neutral (no name is rarer than the average).

A pair is called a match where its weight is at least three fifths of what the less telling of its two names weighs against
itself: bits of a whole person's name and of an organisation's are not of one size. The share was chosen with these
labels in view (between half and two thirds nothing else suggests itself); `--curve` shows what others give. `--errors`
writes the wrong pairs with what the standardisers and comparisons made of them; the figures count them by cause:
the comparison that speaks most against a missed pair, or the least telling agreement of a wrong match.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from linkage.config.entity import BITS, load_entities
from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.engine.sql import quote
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.model import from_entity
from linkage.matching.patterns import PATTERN_BITS, level_name
from linkage.matching.score import score, score_comparisons
from linkage.standardise import CANONICAL, MAPPED, canonical_sql, install, install_letters, standardiser_version

CARRIES = 0.6
CURVE = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
NAME_COLUMNS = {
    "person": frozenset({"given_name", "middle_name", "surname", "suffix", "other_names"}),
    "business": frozenset({"name_core", "other_names"}),
}
SHOWN = {
    "person": ("given_name", "middle_name", "surname", "suffix", "other_names"),
    "business": ("name_core", "legal_form", "other_names"),
}


def kinds_of(schema: str) -> tuple[str, ...]:
    """Return the types as which names of a schema are compared."""
    if schema == "Person":
        return ("person",)
    return ("person", "business") if schema == "LegalEntity" else ("business",)


def measure(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the figures, and one row a pair with its weight and what was made of its names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        cases = [{**row, "truth": row["is_match"].strip().lower() == "true"} for row in csv.DictReader(file)]
    for kind in ("person", "business"):
        chosen = [place for place, case in enumerate(cases) if kind in kinds_of(case["schema"])]
        for place, told in zip(chosen, _scored(kind, [cases[place] for place in chosen]), strict=True):
            if told["share"] > cases[place].get("share", float("-inf")):
                cases[place] |= told
    for case in cases:
        case["called"] = case["share"] >= CARRIES
        if case["called"] != case["truth"]:
            case["cause"] = _cause(case)
    groups = {"all": cases}
    for name in sorted({case["schema"] for case in cases}):
        groups[name] = [case for case in cases if case["schema"] == name]
    for name in sorted({case["case_group"] for case in cases}):
        groups[name] = [case for case in cases if case["case_group"] == name]
    figures: dict[str, Any] = {"carries": CARRIES}
    figures |= {name: _figures(members) for name, members in groups.items()}
    for error, truth in (("missed", True), ("wrong_match", False)):
        counts = Counter(case["cause"] for case in cases if case["truth"] == truth and "cause" in case)
        figures[error] = dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
    return figures, cases


def curve(cases: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return what other shares would give: to see how much hangs on the stated one, not to pick from."""
    return {str(share): _figures([{**case, "called": case["share"] >= share} for case in cases]) for share in CURVE}


def _cause(case: dict[str, Any]) -> str:
    """Name the comparison and level that weigh least."""
    if not case["weights"]:
        return f"{case['as']}: nothing could be compared"
    name, weight = min(case["weights"].items(), key=lambda entry: (entry[1], entry[0]))
    if case["truth"] and weight > 0:
        return f"{case['as']}: agreement that carries too little ({name} {case['levels'][name]})"
    return f"{case['as']}: {name} {case['levels'][name]}"


def _figures(cases: list[dict[str, Any]]) -> dict[str, Any]:
    both = sum(case["truth"] and case["called"] for case in cases)
    called, true = sum(case["called"] for case in cases), sum(case["truth"] for case in cases)
    precision, recall = both / called if called else 1.0, both / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "pairs": len(cases),
        "true": true,
        "called": called,
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
    }


def _scored(kind: str, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return share, weights, levels and standardised names of each case, scored as a type."""
    entity = load_entities(default_configs() / "entities")[kind]  # type: ignore[index]
    model = from_entity(entity, standardiser_version(), NAME_COLUMNS[kind])
    # Each name twice, so that it can be scored against itself.
    names = [case[name] for case in cases for name in ("name1", "name2", "name1", "name2")]
    with Engine() as engine:
        install(engine.run, default_configs() / "reference")
        install_letters(engine.run, sorted({letter for name in names for letter in name.lower()}))
        _standardise(engine, kind, names)
        make_features(engine, model)
        make_frequencies(engine, model)
        first = range(0, len(names), 4)
        pairs = pa.table(
            {
                "a": [n + place for n in first for place in (0, 0, 1)],
                "b": [n + place for n in first for place in (1, 2, 3)],
            }
        )
        with engine.registered("told", pairs):
            engine.create_as("main", "pair", "SELECT 'pair' AS match_key, a, b FROM told ORDER BY a, b")
        score_comparisons(engine, model, "main.pair", "main.scored")
        score(engine, model, "main.pair", "main.level", None)
        patterns = [int(row[0]) for row in engine.rows("SELECT pattern FROM main.level ORDER BY a, b")]
        columns = [f"c{place}" for place in range(len(model.comparisons))]
        weights = engine.rows(f"SELECT {', '.join(columns)} FROM main.scored ORDER BY a, b")
        shown = engine.arrow(
            f"SELECT {', '.join(quote(name) for name in SHOWN[kind])} FROM canonical.{quote(kind)} ORDER BY record"
        ).to_pylist()
    compared = [comparison.name for comparison in model.comparisons]
    levels = [
        {
            comparison.name: level_name(comparison, (pattern >> (PATTERN_BITS * place)) & 15)
            for place, comparison in enumerate(model.comparisons)
        }
        for pattern in patterns[::3]
    ]
    sums = [sum(weight for weight in row if weight is not None) for row in weights]
    return [
        {
            "share": sums[3 * place] / max(1, min(sums[3 * place + 1 : 3 * place + 3])),
            "as": kind,
            "levels": levels[place],
            "weights": {
                name: round(weight / BITS, 1) for name, weight in zip(compared, row, strict=True) if weight is not None
            },
            "read": [{name: value for name, value in shown[4 * place + side].items() if value} for side in (0, 1)],
        }
        for place, row in enumerate(weights[::3])
    ]


def _standardise(engine: Engine, kind: str, names: list[str]) -> None:
    """Make `canonical.<kind>` of the names, record n of name n, with nothing else known of them."""
    engine.run("CREATE SCHEMA canonical")
    values = {"dataset": "'d'", "key": "printf('%08d', place)", "role": "'r'", "name": "[written]"}
    mapped = ", ".join(
        f"CAST({values.get(column.name, 'NULL')} AS {column.type}) AS {quote(column.name)}" for column in MAPPED[kind]
    )
    columns = ", ".join(quote(column.name) for column in CANONICAL[kind])
    with engine.registered("written", pa.table({"place": range(len(names)), "written": names})):
        engine.create_as(
            "canonical",
            kind,
            f"WITH mapped AS (SELECT {mapped} FROM written) "
            f"SELECT CAST(key AS BIGINT) AS record, {columns} FROM (\n{canonical_sql(kind)}\n)",
        )


def main() -> None:
    """Measure and print one JSON object, or a line a group."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds cases.csv")
    parser.add_argument("--errors", type=Path, help="write the wrong pairs to this CSV file")
    parser.add_argument("--curve", action="store_true", help="add what other thresholds would give")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures, cases = measure(arguments.data / "cases.csv")
    if arguments.errors:
        wrong = [case for case in cases if case["truth"] != case["called"]]
        with arguments.errors.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["error", "cause", "case_group", "schema", "share", "weights", "name1", "name2", "read1", "read2"]
            )
            for case in sorted(wrong, key=lambda case: (case["truth"], case["cause"], case["name1"], case["name2"])):
                writer.writerow(
                    [
                        "missed" if case["truth"] else "wrong match",
                        case["cause"],
                        case["case_group"],
                        case["schema"],
                        round(case["share"], 2),
                        json.dumps(case["weights"]),
                        case["name1"],
                        case["name2"],
                        *(json.dumps(read, ensure_ascii=False) for read in case["read"]),
                    ]
                )
    if arguments.curve:
        figures["curve"] = curve(cases)
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for name, entry in figures.items():
        print(name, json.dumps(entry))


if __name__ == "__main__":
    main()
