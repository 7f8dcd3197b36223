"""Scoring with Splink: pairs of records → integer weights and a packed pattern of levels (rule R1).

A weight is Splink's match weight in units of 1/1024 bit, rounded to an integer. A pattern holds, four bits a comparison,
one more than Splink's level number (0: unknown, 1: different, and upwards to the most telling level).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING

from linkage.config.entity import BITS, parse_part
from linkage.engine.duckdb import engine_version
from linkage.engine.sql import comma, quote
from linkage.matching.comparisons import KINDS, base_columns, columns_of, levels_of, rarity_column, rarity_levels
from linkage.matching.rarity import make_words, word_columns, word_features

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linkage.config.entity import Comparison
    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

PATTERN_BITS = 4
CHUNK = 4_000_000
FEW = 100_000
LEAST_FREQUENCY = 1e-5
MOST_STATEMENTS = 64
KEPT = ("kept", "statement")
"""The table of a base that keeps statements: variant, key, tables, statements."""
Statements = tuple[tuple[str, ...], tuple[str, ...]]
_STATEMENTS: dict[str, Statements] = {}


def feature_columns(model: Model) -> list[str]:
    """Return the sorted canonical columns that the model's comparisons and rules read."""
    used = {column for comparison in model.comparisons for column in columns_of(comparison).values()}
    used |= {parse_part(part).column for rule in model.rules for part in rule.on}
    return sorted(used)


def make_features(engine: Engine, model: Model, also: Sequence[str] = (), *, among: str | None = None) -> None:
    """Write `feature.<type>`: the columns that count (`also` for training), the model's generic values taken out.

    `among` names a table of the records to write (column record); without it all are. A record's features are its own.
    """
    entity_type = model.entity_type
    parts, values = feature_parts(model, engine.columns("canonical", entity_type), also)
    chosen = "" if among is None else f" WHERE record IN (SELECT record FROM {among})"
    query = f"SELECT record, {', '.join(parts)} FROM canonical.{quote(entity_type)}{chosen}"
    engine.create_as("feature", entity_type, query, values)


def feature_parts(
    model: Model, types: Mapping[str, str], also: Sequence[str] = ()
) -> tuple[list[str], dict[str, list[str]]]:
    """Return the expressions that make a record's features of its canonical columns (name → SQL type), and their parameters."""
    generic = model.generic.to_pydict()
    values = {
        f"generic_{column}": [v for c, v in zip(generic["column"], generic["value"], strict=True) if c == column]
        for column in model.generic_columns
    }
    parts = []
    for column in sorted({*feature_columns(model), *also}):
        name = quote(column)
        # What is made of a value goes with it: the last digits of a generic number say as little.
        sources = [source for source in sorted({column} | base_columns({column})) if values.get(f"generic_{source}")]
        if not sources:
            parts.append(name)
        elif types[column].endswith("[]"):
            says = " AND ".join(f"NOT list_contains($generic_{source}, x)" for source in sources)
            parts.append(f"list_filter({name}, lambda x: {says}) AS {name}")
        else:
            generic_too = " OR ".join(
                f"coalesce(list_contains($generic_{source}, {quote(source)}), FALSE)" for source in sources
            )
            parts.append(f"CASE WHEN {generic_too} THEN NULL ELSE {name} END AS {name}")
    parts += [f"{value} AS {quote(name)}" for name, value in rarity_values(model).items()]
    return parts, values


def make_frequencies(engine: Engine, model: Model) -> None:
    """Write `feature.frequency_<type>_<column>`: for each value in the data, its share in the model's training data.

    One holder of the value is the pair itself and is taken off the count. A value that nobody else holds is as rare as
    half a record, but not rarer than the average agreement where the data are too few to tell. Shares below
    `LEAST_FREQUENCY` say nothing more about who it is and are held there. A name whose words are weighed is no rarer
    than its words together.
    """
    average = {
        column: model.chances[comparison.name][level].u
        for comparison in model.comparisons
        for column, level in rarity_levels(comparison).items()
    }
    make_words(engine, model)
    with engine.registered("model_frequency", model.frequencies):
        for column in rarity_columns(model):
            shares = "SELECT NULL AS value, NULL AS share"
            if column in word_columns(model):
                shares = f"FROM feature.{quote(f'share_{model.entity_type}_{column}')}"
            engine.create_as(
                "feature",
                f"frequency_{model.entity_type}_{column}",
                f"""
                SELECT seen.value AS {quote(column)},
                       greatest((greatest(coalesce(known.records, 1) - 1, 0) + least(0.5, $average * $total)) / $total, coalesce(share, 0), $least) AS {quote("tf_" + column)}
                FROM (SELECT DISTINCT {quote(column)} AS value FROM feature.{quote(model.entity_type)} WHERE {quote(column)} IS NOT NULL) AS seen
                LEFT JOIN ({shares}) AS words USING (value)
                LEFT JOIN (SELECT value, records FROM model_frequency WHERE "column" = $column) AS known USING (value)
                """,
                {
                    "total": max(model.totals.get(column, 1), 1),
                    "least": LEAST_FREQUENCY,
                    "column": column,
                    "average": average[column],
                },
            )


def rarity_values(model: Model) -> dict[str, str]:
    """Return name → SQL of the features that exist only so that their rarity counts."""
    kinds = {comparison.kind: KINDS[comparison.kind] for comparison in model.comparisons if comparison.rarity}
    return {
        kind.rarity_column: kind.rarity_value for kind in kinds.values() if kind.rarity_column and kind.rarity_value
    }


def rarity_columns(model: Model) -> list[str]:
    """Return the sorted features whose values' rarity the model weighs."""
    return sorted({column for comparison in model.comparisons for column in rarity_levels(comparison)})


def least_weight(model: Model) -> int:
    """Return the weight from which a candidate pair is kept, in 1/1024 bit."""
    return model.units(min(model.thresholds.review, model.thresholds.floor))


def compared_columns(model: Model) -> list[str]:
    """Return the features that comparing reads, rarity aside, in the order of Splink's input."""
    columns = sorted({column for comparison in model.comparisons for column in columns_of(comparison).values()})
    return [*columns, *rarity_values(model), *word_features(model)]


def score(engine: Engine, model: Model, pairs: str, target: str, threshold: int | None) -> None:
    """Score the pairs of table `pairs` (columns a, b) into the table `target` (a, b, weight INTEGER, pattern BIGINT).

    `pairs` and `target` are quoted names. Pairs below `threshold` (1/1024 bit) are left out where it is given.
    """
    engine.run(f"CREATE OR REPLACE TABLE {target} (a BIGINT, b BIGINT, weight INTEGER, pattern BIGINT)")
    weight = f"CAST(round(match_weight * {BITS}) AS INTEGER)"
    kept = "" if threshold is None else f" WHERE {weight} >= {int(threshold)}"
    for found in _predicted_chunks(engine, model, pairs, threshold):
        engine.run(
            f"INSERT INTO {target} SELECT unique_id_l, unique_id_r, {weight}, {pattern_sql(model)} FROM {found}{kept}"
        )


def score_comparisons(engine: Engine, model: Model, pairs: str, target: str) -> None:
    """Write what each comparison says of the pairs of table `pairs` (columns a, b) into the table `target`.

    Columns a, b and one INTEGER a comparison, named `c0`, `c1` ... in the model's order: 1/1024 bit, rarity included,
    NULL where the comparison is unknown. `pairs` and `target` are quoted names.
    """
    named = [(f"c{place}", comparison) for place, comparison in enumerate(model.comparisons)]
    columns = ", ".join(f"{name} INTEGER" for name, _ in named)
    engine.run(f"CREATE OR REPLACE TABLE {target} (a BIGINT, b BIGINT, {columns})")
    weights = []
    for _, comparison in named:
        rarity = f" + coalesce({quote('mw_tf_adj_' + comparison.name)}, 0)" if rarity_levels(comparison) else ""
        told = f"CAST(round(({quote('mw_' + comparison.name)}{rarity}) * {BITS}) AS INTEGER)"
        weights.append(f"CASE WHEN {quote('gamma_' + comparison.name)} >= 0 THEN {told} END")
    for found in _predicted_chunks(engine, model, pairs, None, intermediate=True):
        engine.run(f"INSERT INTO {target} SELECT unique_id_l, unique_id_r, {', '.join(weights)} FROM {found}")


def _predicted_chunks(
    engine: Engine, model: Model, pairs: str, threshold: int | None, *, intermediate: bool = False
) -> Iterator[str]:
    """Run `predicted` over the pairs of a table (columns a, b), `CHUNK` at a time, each dropped before the next."""
    total = int(engine.value(f"SELECT count(*) FROM {pairs}"))
    if total <= FEW:
        # Writing other statements for a threshold costs more than it saves; who asks for one tests the weights himself.
        threshold = None
    chunk = f"SELECT 'pair' AS match_key, a AS join_key_l, b AS join_key_r FROM {pairs} WHERE rowid >= $first AND rowid < $last"
    for first in range(0, total, CHUNK):
        limits = {"first": first, "last": first + CHUNK}
        with predicted(engine, model, chunk, limits, threshold, intermediate=intermediate) as found:
            yield found


def count_patterns(engine: Engine, model: Model, pairs: str) -> list[tuple[str, int, int]]:
    """Return sorted (set, pattern, pairs) for table `pairs` (columns match_key, a, b); weights play no part."""
    query = f"SELECT match_key, a AS join_key_l, b AS join_key_r FROM {pairs}"
    with predicted(engine, model, query, {}, None) as found:
        return [
            (name, pattern, number)
            for name, pattern, number in engine.rows(
                f"SELECT match_key, {pattern_sql(model)} AS pattern, count(*) FROM {found} GROUP BY ALL ORDER BY ALL"
            )
        ]


def pattern_sql(model: Model) -> str:
    """Return the SQL that packs Splink's level numbers into one integer."""
    parts = [
        f"(CAST({quote('gamma_' + comparison.name)} + 1 AS BIGINT) << {PATTERN_BITS * place})"
        for place, comparison in enumerate(model.comparisons)
    ]
    return " | ".join(parts)


def level_name(comparison: Comparison, code: int) -> str:
    """Return the name of the level that a pattern's code stands for."""
    levels = levels_of(comparison)
    return levels[0].name if code == 0 else levels[len(levels) - code].name


@contextmanager
def predicted(
    engine: Engine,
    model: Model,
    pairs: str,
    values: dict[str, int],
    threshold: int | None,
    *,
    intermediate: bool = False,
) -> Iterator[str]:
    """Run Splink's predict over the pairs of a query; yields the quoted name of the result, dropped afterwards."""
    entity_type = model.entity_type
    view, blocked = f"linkage_input_{entity_type}", f"linkage_pairs_{entity_type}"
    columns = compared_columns(model)
    engine.run(
        f"CREATE OR REPLACE VIEW main.{view} AS SELECT record AS unique_id, {comma(columns)} FROM feature.{quote(entity_type)}"
    )
    engine.create_as("main", blocked, pairs, values)
    lookups = {column: f"linkage_frequency_{entity_type}_{column}" for column in rarity_columns(model)}
    for column, lookup in lookups.items():
        engine.run(f"CREATE OR REPLACE VIEW main.{lookup} AS FROM feature.{quote(f'frequency_{entity_type}_{column}')}")
    # One bit below the integer threshold, so that rounding never decides here.
    bits = None if threshold is None else threshold / BITS - 1
    key = _statement_key(model, columns, bits, intermediate=intermediate)
    tables: tuple[str, ...] = ()
    try:
        known = _known_statements(engine, key)
        if known is not None:
            tables, statements = known
            for statement in statements:
                engine.run(statement)
        else:
            # Splink is loaded only where it has something to write: that alone takes a second.
            from linkage.matching.statements import predict

            tables, statements = predict(engine, model, (view, blocked), lookups, bits, intermediate=intermediate)
            _keep_statements(engine, key, f"{entity_type} {bits is None} {intermediate}", (tables, statements))
        yield quote(tables[-1])
    finally:
        for name in tables:
            engine.run(f"DROP TABLE IF EXISTS {quote(name)}")
        for name in (*lookups.values(), view):
            engine.run(f"DROP VIEW IF EXISTS main.{name}")
        engine.run(f"DROP TABLE IF EXISTS main.{blocked}")


def captured(engine: Engine, model: Model) -> Statements:
    """Return the tables and statements by which Splink weighs pairs, comparison by comparison; features must be there."""
    nothing = "SELECT 'pair' AS match_key, record AS join_key_l, record AS join_key_r FROM feature."
    columns = compared_columns(model)
    with predicted(engine, model, f"{nothing}{quote(model.entity_type)} WHERE FALSE", {}, None, intermediate=True):
        return _STATEMENTS[_statement_key(model, columns, None, intermediate=True)]


def _known_statements(engine: Engine, key: str) -> Statements | None:
    """Return the tables and statements of a key, from this process or from the base that the engine works on."""
    if key not in _STATEMENTS and engine.has_table(*KEPT):
        for tables, statements in engine.rows(
            "SELECT tables, statements FROM kept.statement WHERE key = $key", {"key": key}
        ):
            _remember(key, (tuple(tables), tuple(statements)))
    return _STATEMENTS.get(key)


def _keep_statements(engine: Engine, key: str, variant: str, made: Statements) -> None:
    """Keep statements for this process, and in a base for the next runs: the last of each variant."""
    _remember(key, made)
    if engine.has_table(*KEPT):
        engine.run("DELETE FROM kept.statement WHERE variant = $variant", {"variant": variant})
        engine.run(
            "INSERT INTO kept.statement VALUES ($variant, $key, $tables, $statements)",
            {"variant": variant, "key": key, "tables": list(made[0]), "statements": list(made[1])},
        )


def _remember(key: str, made: Statements) -> None:
    if len(_STATEMENTS) >= MOST_STATEMENTS:
        _STATEMENTS.clear()
    _STATEMENTS[key] = made


@cache
def _writers() -> list[str]:
    """Return what writes the statements: the versions of Splink and of the engine, and our own module."""
    own = resources.files("linkage.matching").joinpath("statements.py").read_bytes()
    return [metadata.version("splink"), engine_version(), hashlib.sha256(own).hexdigest()]


def _statement_key(model: Model, columns: Sequence[str], bits: float | None, *, intermediate: bool) -> str:
    """Return what decides the statements that Splink writes, as a hash."""
    decides = {
        "writers": _writers(),
        "type": model.entity_type,
        "columns": list(columns),
        "rate": model.match_rate,
        "comparisons": [comparison.model_dump(mode="json") for comparison in model.comparisons],
        "levels": [
            [
                (level.name, level.test, level.rarity, level.rare, rarity_column(comparison, level))
                for level in levels_of(comparison)
            ]
            for comparison in model.comparisons
        ],
        "rarities": [KINDS[comparison.kind].rarity_value for comparison in model.comparisons],
        "chances": {name: {k: (c.m, c.u) for k, c in levels.items()} for name, levels in model.chances.items()},
        "bits": bits,
        "intermediate": intermediate,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
