"""Splink's statement that weighs pairs, made to read rows that hold both records of a pair.

A lookup has the two records of a pair at hand, with the rarity of their values; joining them anew costs more than weighing
them. Everything from the levels on is Splink's text, unchanged (`linkage/matching/statements.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.config.entity import BITS
from linkage.engine.sql import comma, qualified, quote
from linkage.errors import ModelError
from linkage.matching.features import rarity_columns
from linkage.matching.patterns import pattern_sql
from linkage.matching.prediction import captured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

RELATION = "linkage_pair_rows"
_CREATED = re.compile(r"\s*CREATE TABLE \w+\s+AS\s(.*)", re.DOTALL | re.IGNORECASE)
_JOINED = re.compile(r"__splink__df_pruned_predict_input_with_tf_[lr] as \(.*?\n\), ", re.DOTALL)
_BLOCKED = re.compile(r"blocked_with_cols as \((.*?)\n\), ", re.DOTALL)
_NAMED = re.compile(r'AS "([^"]+)"')


@dataclass(frozen=True)
class PairStatement:
    """A statement over the relation `RELATION`, whose columns are `columns` (text `_l` or `_r` at their ends) and `match_key`.

    It gives one row a pair: both ids, the weight in 1/1024 bit, the pattern of levels, then for each comparison the weight
    of its level and of its rarity, in bits.
    """

    sql: str
    columns: tuple[str, ...]


def pair_statement(engine: Engine, model: Model) -> PairStatement:
    """Return the statement of a model. The engine holds the features and frequencies of the type, of no record at least."""
    tables, statements = captured(engine, model)
    created = _CREATED.match(statements[-1])
    body = created[1] if created else ""
    blocked = _BLOCKED.search(body)
    if blocked is None or tables[-1] not in statements[-1]:
        message = f"{model.entity_type}: Splink writes another statement than this version reads; install the version of Splink that linkage names"
        raise ModelError(message)
    columns = tuple(_NAMED.findall(blocked[1]))
    body = _BLOCKED.sub(f"blocked_with_cols as (select * from {RELATION}), ", _JOINED.sub("", body))
    parts = []
    for comparison in model.comparisons:
        parts.append(quote(f"mw_{comparison.name}"))
        told = quote(f"mw_tf_adj_{comparison.name}")
        parts.append(told if told.strip('"') in body else "0.0")
    sql = (
        f"SELECT unique_id_l, unique_id_r, CAST(round(match_weight * {BITS}) AS INTEGER), {pattern_sql(model)}, "
        f"{', '.join(parts)} FROM (\n{body}\n)"
    )
    return PairStatement(sql, columns)


def with_rarities(model: Model, columns: Sequence[str]) -> str:
    """Return the query of features (`columns`) with the rarity of their values behind them (`tf_` and the column), by record."""
    kind = model.entity_type
    joins, rarities = [], []
    for number, column in enumerate(rarity_columns(model)):
        table = qualified("feature", f"frequency_{kind}_{column}")
        joins.append(f"LEFT JOIN {table} AS rare_{number} ON rare_{number}.{quote(column)} = own.{quote(column)}")
        rarities.append(f"rare_{number}.{quote('tf_' + column)}")
    told = ", ".join([comma(columns, "own."), *rarities])
    return f"SELECT {told} FROM feature.{quote(kind)} AS own {' '.join(joins)} ORDER BY own.record"
