"""How Splink weighs levels: the part of its statement that makes weights of level numbers, its text unchanged.

A weight is Splink's match weight in units of 1/1024 bit, rounded to an integer (rule R1). What Splink does before, finding the
level of each pair, `linkage.matching.patterns` does in fewer steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.config.entity import BITS
from linkage.engine.sql import quote
from linkage.errors import ModelError
from linkage.matching.features import rarity_columns
from linkage.matching.prediction import captured

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

_CREATED = re.compile(r"\s*CREATE TABLE \w+\s+AS\s(.*)", re.DOTALL | re.IGNORECASE)
_PARTS = re.compile(r"\b__splink__df_match_weight_parts as \((.*)\n\)\s*select\s(.*?) as match_weight,", re.DOTALL)
_LEVELS = "__splink__df_comparison_vectors"
_NAMES = re.compile(r"\bas (mw_\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class Weights:
    """Splink's text: the select that weighs each comparison, the sum of weights in bits, and the columns that are summed."""

    select: str
    total: str
    columns: frozenset[str]

    def query(self, levels: str) -> str:
        """Return the query of `levels` (level numbers and rarities of pairs) with the weight of each comparison."""
        return f"WITH {_LEVELS} AS ({levels}) {self.select}"

    def units(self) -> str:
        """Return the sum of weights as an integer in 1/1024 bit."""
        return f"CAST(round(({self.total}) * {BITS}) AS INTEGER)"


def weights(engine: Engine, model: Model) -> Weights:
    """Return how Splink weighs the levels of a model. Raises ModelError where Splink writes what this version cannot read."""
    tables, statements = captured(engine, model)
    created = _CREATED.match(statements[-1])
    found = _PARTS.search(created[1]) if created else None
    if found is None or tables[-1] not in statements[-1] or _LEVELS not in found[1]:
        message = f"{model.entity_type}: Splink writes another statement than this version reads; install the version of Splink that linkage names"
        raise ModelError(message)
    return Weights(found[1].strip(), found[2].strip(), frozenset(_NAMES.findall(found[1])))


def make_rarities(engine: Engine, model: Model, pairs: str) -> None:
    """Write `feature.rarity_<type>`: record, and the rarity of its values (`tf_` and the column), for the records of `pairs` at least.

    `pairs` is a quoted name; where they are many, the rarities of all records are made.
    """
    kind = model.entity_type
    columns, joins = [], []
    for number, column in enumerate(rarity_columns(model)):
        table = quote(f"frequency_{kind}_{column}")
        joins.append(
            f"LEFT JOIN feature.{table} AS rare_{number} ON rare_{number}.{quote(column)} = own.{quote(column)}"
        )
        columns.append(f"rare_{number}.{quote('tf_' + column)}")
    records = int(engine.value(f"SELECT count(*) FROM feature.{quote(kind)}"))
    is_few = int(engine.value(f"SELECT count(*) FROM {pairs}")) * 4 < records
    among = f"WHERE own.record IN (SELECT a FROM {pairs} UNION ALL SELECT b FROM {pairs})" if is_few else ""
    engine.create_as(
        "feature",
        f"rarity_{kind}",
        f"SELECT {', '.join(['own.record', *columns])} FROM feature.{quote(kind)} AS own {' '.join(joins)} {among}",
    )


def with_rarities(model: Model, levels: str) -> str:
    """Return the query of `levels` with the rarities of both records of each pair (`tf_<column>_l` and `_r`) behind them."""
    columns = rarity_columns(model)
    if not columns:
        return levels
    told = [
        f"{side}.{quote(f'tf_{column}')} AS {quote(f'tf_{column}_{side}')}" for column in columns for side in ("l", "r")
    ]
    table = f"feature.{quote(f'rarity_{model.entity_type}')}"
    return (
        f"SELECT levels.*, {', '.join(told)} FROM ({levels}) AS levels "
        f"JOIN {table} AS l ON l.record = levels.unique_id_l JOIN {table} AS r ON r.record = levels.unique_id_r"
    )
