"""How the data of a type look to its model: counts that add up, and values that many records hold.

Counts are those of records (how many, and how many fill each compared column) and of edges (pairs from the review threshold
on: how many, how many are matches, and how many stand at each level of each comparison). Those of two sets of records or
edges that have nothing in common add up to those of both: an increment adds its batch's and takes off what is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import literal, quote
from linkage.matching.comparisons import KINDS, base_columns, columns_of, levels_of, own_columns, rarity_levels
from linkage.matching.features import rarity_values
from linkage.matching.model import COMMON_SCHEMA
from linkage.matching.patterns import PATTERN_BITS, level_name
from linkage.matching.score import score

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

Counts = dict[str, Any]
"""`records`, `filled` (column → number), `edges`, `matches`, `levels` (comparison → level → number)."""

# Shares of so many pairs are sure to a hundredth, and scoring them takes seconds.
SAMPLE = 100_000
# A value is generic only where so many records hold it, ten times the share of then; what fewer than a tenth of these held is not kept.
GENERIC = 50
TIMES = 10
FLOOR = GENERIC // TIMES
DIGITS = 6
_CODES = (1 << PATTERN_BITS) - 1


def count_records(engine: Engine, model: Model, table: str) -> Counts:
    """Count the records of a table (a quoted name, columns as the canonical table's), and those that fill each compared column."""
    types = engine.columns("canonical", model.entity_type)
    compared = base_columns(set().union(*(own_columns(comparison) for comparison in model.comparisons)))
    columns = sorted(compared & set(types))
    filled = [
        f"count(*) FILTER (WHERE {f'len({quote(name)}) > 0' if types[name].endswith('[]') else f'{quote(name)} IS NOT NULL'})"
        for name in columns
    ]
    records, *counts = engine.rows(f"SELECT {', '.join(['count(*)', *filled])} FROM {table}")[0]
    return {"records": records, "filled": dict(zip(columns, counts, strict=True))}


def count_edges(engine: Engine, model: Model, table: str) -> Counts:
    """Count the edges of a table (a quoted name; columns weight, pattern), and the levels at which they stand."""
    levels = {comparison.name: {level.name: 0 for level in levels_of(comparison)} for comparison in model.comparisons}
    rows = engine.rows(
        f"""
        WITH seen AS (
            SELECT pattern, count(*) AS edges, count(*) FILTER (WHERE weight >= $match) AS matches
            FROM {table} WHERE weight >= $review GROUP BY pattern
        )
        SELECT place, (pattern >> CAST({PATTERN_BITS} * place AS BIGINT)) & {_CODES} AS code, CAST(sum(edges) AS BIGINT), CAST(sum(matches) AS BIGINT)
        FROM seen, range({len(model.comparisons)}) AS places (place) GROUP BY ALL ORDER BY ALL
        """,
        {"match": model.units(model.thresholds.match), "review": model.units(model.thresholds.review)},
    )
    for place, code, edges, _ in rows:
        comparison = model.comparisons[place]
        levels[comparison.name][level_name(comparison, code)] += edges
    # Every edge stands at one level of the first comparison.
    first = [(edges, matches) for place, _, edges, matches in rows if place == 0]
    return {"edges": sum(e for e, _ in first), "matches": sum(m for _, m in first), "levels": levels}


def added(counts: Counts, more: Counts, sign: int = 1) -> Counts:
    """Return counts of the same figures with those of `more` added, or with sign -1 taken off."""
    return {
        name: added(value, more[name], sign) if isinstance(value, dict) else value + sign * more[name]
        for name, value in counts.items()
    }


def figures(counts: Counts) -> Counts:
    """Return what is counted, without the numbers."""
    return {name: figures(value) if isinstance(value, dict) else 0 for name, value in counts.items()}


def shape(counts: Counts) -> dict[str, Any]:
    """Return counts as shares: `records`, `filled`, `edges`, `match`, `review`, and `levels` of the edges."""
    records, edges = counts["records"], counts["edges"]
    return {
        "records": records,
        "filled": {name: share(number, records) for name, number in counts["filled"].items()},
        "edges": edges,
        "match": share(counts["matches"], edges),
        "review": share(edges - counts["matches"], edges),
        "levels": {
            comparison: {level: share(number, edges) for level, number in levels.items()}
            for comparison, levels in counts["levels"].items()
        },
    }


def share(part: int, whole: int) -> float:
    """Return a part of the whole, to six digits; 0 of nothing."""
    return round(part / whole, DIGITS) if whole else 0.0


def trained_shape(engine: Engine, model: Model, least: int) -> dict[str, Any]:
    """Return the shape of the data that a model has just been trained on, from the features and pairs that training left.

    Of more than `SAMPLE` candidate pairs only a part is scored, chosen by a hash of the two records; `edges` is then an
    estimate. `least` is the weight from which pairs are kept, in 1/1024 bit.
    """
    kind = model.entity_type
    pairs = int(engine.value(f"SELECT count(*) FROM blocking.pair_{kind}"))
    taken = 1_000_000 if pairs <= SAMPLE else max(1, round(1e6 * SAMPLE / pairs))
    engine.create_as(
        "training",
        "looked_at",
        f"SELECT a, b FROM blocking.pair_{kind} WHERE hash(a, b) % 1000000 < $taken",
        {"taken": taken},
    )
    score(engine, model, "training.looked_at", "training.edge", least)
    counts = count_records(engine, model, f"canonical.{quote(kind)}") | count_edges(engine, model, "training.edge")
    for table in ("looked_at", "edge"):
        engine.run(f"DROP TABLE training.{table}")
    found = shape(counts)
    return {**found, "edges": round(found["edges"] * 1e6 / taken)}


def counted_values(engine: Engine, model: Model) -> dict[str, str]:
    """Return name → query of the column `value`, one row a record and value, of what may be generic.

    These are the model's generic columns, and those whose rarity it weighs.
    """
    types = engine.columns("canonical", model.entity_type)
    weighed = {column for comparison in model.comparisons for column in rarity_levels(comparison)}
    found = {column: quote(column) for column in sorted({*model.generic_columns, *weighed}) if column in types}
    # A value made of a counted list's first entry is counted there.
    lists = {column for column in found if types[column].endswith("[]")}
    own = {
        KINDS[comparison.kind].rarity_column
        for comparison in model.comparisons
        if lists & set(columns_of(comparison).values())
    }
    made = {name: value for name, value in rarity_values(model).items() if name in weighed and name not in own}
    source = f"FROM canonical.{quote(model.entity_type)}"
    return {
        name: f"SELECT {f'unnest(list_distinct({value}))' if types.get(name, '').endswith('[]') else value} AS value {source}"
        for name, value in {**found, **made}.items()
    }


def common_values(engine: Engine, model: Model, least: int) -> pa.Table:
    """Return column, value and records of the values that at least `least` records hold, sorted."""
    selects = [
        f'SELECT {literal(name)} AS "column", CAST(value AS VARCHAR) AS value, count(*) AS records '
        f"FROM ({query}) WHERE value IS NOT NULL GROUP BY ALL HAVING count(*) >= $least"
        for name, query in counted_values(engine, model).items()
    ]
    if not selects:
        return COMMON_SCHEMA.empty_table()
    return engine.arrow(f"{' UNION ALL '.join(selects)} ORDER BY ALL", {"least": least}).cast(COMMON_SCHEMA)
