"""Scoring with Splink's weights: pairs of records → integer weights and a packed pattern of levels (rule R1).

A weight is Splink's match weight in units of 1/1024 bit, rounded to an integer. A pattern holds, four bits a comparison,
one more than Splink's level number (0: unknown, 1: different, and upwards to the most telling level).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.config.entity import BITS
from linkage.engine.sql import quote
from linkage.matching.patterns import level_query, pattern_sql
from linkage.matching.weights import make_rarities, weights, with_rarities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

CHUNK = 8_000_000
"""Pairs that are scored by one statement: the records of so many fit into a small part of the memory."""


def least_weight(model: Model) -> int:
    """Return the weight from which a candidate pair is kept, in 1/1024 bit."""
    return model.units(min(model.thresholds.review, model.thresholds.floor))


def score(
    engine: Engine,
    model: Model,
    pairs: str,
    target: str,
    threshold: int | None,
    *,
    begun: int = 0,
    done: Callable[[int], None] = lambda _pairs: None,
) -> None:
    """Score the pairs of table `pairs` (columns a, b) into the table `target` (a, b, weight INTEGER, pattern BIGINT).

    `pairs` and `target` are quoted names. Pairs below `threshold` (1/1024 bit) are left out where it is given. After each
    chunk `done` is told how many pairs are; with `begun` so many are in `target` by an earlier call, and perhaps some of those that follow.
    """
    if begun:
        engine.run(
            f"DELETE FROM {target} WHERE (a, b) IN (SELECT (a, b) FROM {pairs} WHERE rowid >= $begun)", {"begun": begun}
        )
    else:
        engine.run(f"CREATE OR REPLACE TABLE {target} (a BIGINT, b BIGINT, weight INTEGER, pattern BIGINT)")
    kept = "" if threshold is None else f" WHERE weight >= {int(threshold)}"
    weighed = weights(engine, model)
    told = f"unique_id_l, unique_id_r, {weighed.units()} AS weight, {pattern_sql(model)} AS pattern"
    for levels, limits in _chunks(engine, model, pairs, threshold, begun):
        engine.run(f"INSERT INTO {target} SELECT * FROM (SELECT {told} FROM ({weighed.query(levels)})){kept}", limits)
        done(limits["last"])


def score_comparisons(engine: Engine, model: Model, pairs: str, target: str) -> None:
    """Write what each comparison says of the pairs of table `pairs` (columns a, b) into the table `target`.

    Columns a, b and one INTEGER a comparison, named `c0`, `c1` ... in the model's order: 1/1024 bit, rarity included,
    NULL where the comparison is unknown. `pairs` and `target` are quoted names.
    """
    named = [(f"c{place}", comparison) for place, comparison in enumerate(model.comparisons)]
    columns = ", ".join(f"{name} INTEGER" for name, _ in named)
    engine.run(f"CREATE OR REPLACE TABLE {target} (a BIGINT, b BIGINT, {columns})")
    weighed = weights(engine, model)
    told = []
    for _, comparison in named:
        rarity = f"mw_tf_adj_{comparison.name}"
        more = f" + coalesce({quote(rarity)}, 0)" if rarity in weighed.columns else ""
        weight = f"CAST(round(({quote('mw_' + comparison.name)}{more}) * {BITS}) AS INTEGER)"
        told.append(f"CASE WHEN {quote('gamma_' + comparison.name)} >= 0 THEN {weight} END")
    for levels, limits in _chunks(engine, model, pairs, None):
        engine.run(
            f"INSERT INTO {target} SELECT unique_id_l, unique_id_r, {', '.join(told)} FROM ({weighed.query(levels)})",
            limits,
        )


def _chunks(
    engine: Engine, model: Model, pairs: str, threshold: int | None, begun: int = 0
) -> Iterator[tuple[str, dict[str, int]]]:
    """Give the query of the levels and rarities of the pairs of a table (columns a, b), `CHUNK` at a time from `begun` on, and its parameters."""
    # (Where rows were deleted, numbers go on beyond how many there are. They must not be checkpointed meanwhile: that numbers rows again.)
    total = int(engine.value(f"SELECT coalesce(max(rowid) + 1, 0) FROM {pairs}"))
    if not total:
        return
    make_rarities(engine, model, pairs)
    chunk = f"SELECT 'pair' AS match_key, a, b FROM {pairs} WHERE rowid >= $first AND rowid < $last"
    levels = with_rarities(model, level_query(model, chunk, None if threshold is None else threshold / BITS))
    for first in range(begun, total, CHUNK):
        yield levels, {"first": first, "last": first + CHUNK}
    engine.run(f"DROP TABLE feature.{quote(f'rarity_{model.entity_type}')}")


def count_patterns(engine: Engine, model: Model, pairs: str) -> list[tuple[str, int, int]]:
    """Return sorted (set, pattern, pairs) for table `pairs` (columns match_key, a, b); weights play no part.

    A pair that is in several sets is compared once.
    """
    # (`match_key` is the list of the pair's sets on the way.)
    once = f"SELECT list(match_key) AS match_key, a, b FROM {pairs} GROUP BY a, b"
    patterns = f"SELECT match_key, {pattern_sql(model)} AS pattern FROM ({level_query(model, once)})"
    return [
        (name, pattern, number)
        for name, pattern, number in engine.rows(
            f"SELECT name, pattern, count(*) FROM (SELECT unnest(match_key) AS name, pattern FROM ({patterns})) GROUP BY ALL ORDER BY ALL"
        )
    ]
