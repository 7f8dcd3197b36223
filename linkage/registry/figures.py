"""What a report tells of a model beside its weights: judged pairs, how common values are, and blocking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from linkage.engine.sql import qualified, quote
from linkage.evaluation.pairs import measure_pairs
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.labels import make_labels, read_labels, weigh, weigh_measuring
from linkage.matching.rarity import counted
from linkage.stages.train import judged_pairs

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model
    from linkage.stages.context import Run

LEAST_HOLDERS = 10
"""Entities that hold a value, nearly, below which a report never shows it."""
MOST_COMMON = 5
"""Values shown of each column."""
HALVES = ("measuring_drawn", "measuring_chosen")
"""Tables of schema `training`: judged pairs that never train, those that samples drew and those that people chose."""
DIGITS = 6


def judged(run: Run, entity_type: EntityType) -> dict[str, Any]:
    """Write the tables of `HALVES`; return how many pairs are judged, of which half, and how many have lost a record."""
    pairs = judged_pairs(run, entity_type)
    drawn, chosen = weigh_measuring(pairs)
    there = [
        make_labels(run.engine, entity_type, one, table) for one, table in zip((drawn, chosen), HALVES, strict=True)
    ]
    return {
        "training_half": len(weigh(pairs)),
        "measuring_half": len(drawn) + len(chosen),
        "drawn": there[0],
        "chosen": there[1],
        "absent": len(drawn) + len(chosen) - sum(there),
    }


def measured(engine: Engine, model: Model, *, trained: bool) -> dict[str, Any] | None:
    """Return what the tables of `HALVES` tell of a model; None where they hold no pair.

    With `trained` the model's features are there; else those of the judged records are made, in the place of any others.
    """
    tables = [qualified("training", table) for table in HALVES]
    if not trained:
        ends = " UNION ".join(f"SELECT unnest([a, b]) AS record FROM {table}" for table in tables)
        make_features(engine, model, among=f"({ends})")
        make_frequencies(engine, model)
    drawn, chosen = (
        read_labels(engine, model, table) if engine.value(f"SELECT count(*) FROM {table}") else None for table in tables
    )
    found = measure_pairs(drawn, chosen, model.thresholds.match)
    return found.to_json() if found else None


def rarity(engine: Engine, model: Model) -> list[dict[str, Any]]:
    """Return for each column that rarity weighs how many values several hold, and the most common ones.

    A value is held by so many entities, nearly, of all that have one (`linkage.matching.rarity`); one that fewer than
    `LEAST_HOLDERS` hold is never told, nor one that the records at hand do not (`feature.<type>`): a model holds no values.
    """
    table = model.frequencies
    columns = sorted(set(table["column"].unique().to_pylist()))
    with counted(engine, model, columns) as known:
        told = engine.arrow(f"SELECT * FROM {known} WHERE records >= $least", {"least": LEAST_HOLDERS})
    found = []
    for column in columns:
        own = table.filter(pc.equal(table["column"], column))
        common = told.filter(pc.equal(told["column"], column))
        common = common.sort_by([("records", "descending"), ("value", "ascending")]).slice(0, MOST_COMMON)
        total = model.totals[column]
        found.append(
            {
                "column": column,
                "holders": total,
                "values_of_several": own.num_rows,
                "most_common": [
                    {"value": row["value"], "holders": row["records"], "share": round(row["records"] / total, DIGITS)}
                    for row in common.to_pylist()
                ],
            }
        )
    return found


def blocking(engine: Engine, model: Model) -> list[dict[str, Any]]:
    """Return for each rule of the model its keys, the pairs that they make, and the records of the largest block.

    Counts `blocking.key_<type>`, which the model's rules have made. A pair that several rules find is counted in each.
    """
    rows = engine.rows(
        f"""
        SELECT rule, count(*), CAST(sum(records * (records - 1) // 2) AS BIGINT), max(records)
        FROM (SELECT rule, key, count(*) AS records FROM blocking.{quote(f"key_{model.entity_type}")} GROUP BY rule, key)
        GROUP BY rule ORDER BY rule
        """
    )
    counted = {rule: counts for rule, *counts in rows}
    return [
        dict(zip(("rule", "keys", "pairs", "largest_block"), (rule.name, *counted.get(number, (0, 0, 0))), strict=True))
        for number, rule in enumerate(model.rules)
    ]
