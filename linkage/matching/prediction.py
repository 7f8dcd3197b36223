"""Splink's own prediction over pairs: its statements, written once a model and kept, for this process and in the base.

What explains a pair and what reads labels runs them as they are; `linkage.matching.score` takes from them how levels are weighed.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING

from linkage.config.entity import BITS
from linkage.engine.duckdb import engine_version
from linkage.engine.sql import comma, quote
from linkage.matching.comparisons import KINDS, levels_of, rarity_column
from linkage.matching.features import compared_columns, rarity_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

MOST_STATEMENTS = 64
KEPT = ("kept", "statement")
"""The table of a base that keeps statements: variant, key, tables, statements."""
Statements = tuple[tuple[str, ...], tuple[str, ...]]
_STATEMENTS: dict[str, Statements] = {}


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
    """Return the tables and statements by which Splink weighs pairs, comparison by comparison.

    Where they are not known yet, features and frequencies must be there, of no record at least.
    """
    key = _statement_key(model, compared_columns(model), None, intermediate=True)
    if _known_statements(engine, key) is None:
        nothing = "SELECT 'pair' AS match_key, record AS join_key_l, record AS join_key_r FROM feature."
        with predicted(engine, model, f"{nothing}{quote(model.entity_type)} WHERE FALSE", {}, None, intermediate=True):
            pass
    return _STATEMENTS[key]


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
