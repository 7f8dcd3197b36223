"""Counted values under a keyed hash: a model's file tells how common values are, not which.

What a model counted stands in it as SHA-256(key of the workspace, value), cut to 64 bits. (A quarter of the hash says
nothing of its inner state, so that nobody who lacks the key can go on from it: the two rounds of an HMAC would cost twice
as much and add nothing.) A pair's score asks how common the values of its records are: those that the data at hand hold
are hashed, each once, and found by that. So a hash leads back only to values that the reader has already. Until training
ends, and in models of before there were keys, values stand as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

_DIGITS = 16


def keyed_value(key: bytes | None, value: str) -> str:
    """Return what stands for a value: 16 hexadecimal digits; without a key the value."""
    return value if key is None else hashlib.sha256(key + value.encode()).hexdigest()[:_DIGITS]


def keyed_sql(key: bytes | None, value: str) -> str:
    """Return the SQL of `keyed_value` of an SQL expression; parameters: `keyed_parameters`."""
    return value if key is None else f"left(sha256($values_key::BLOB || encode({value})), {_DIGITS})"


def keyed_parameters(key: bytes | None) -> dict[str, Any]:
    """Return the parameters of `keyed_sql`: the key stands in no text of a statement."""
    return {} if key is None else {"values_key": key}


def keyed(engine: Engine, model: Model, key: bytes) -> Model:
    """Return a model whose counted values stand as they are with their keyed hashes in their place."""

    def hashed(table: pa.Table) -> pa.Table:
        with engine.registered("model_values", table):
            found = engine.arrow(
                f'SELECT "column", {keyed_sql(key, "value")} AS value, records FROM model_values ORDER BY ALL',
                keyed_parameters(key),
            )
        return found.cast(table.schema)

    common = None if model.common is None else hashed(model.common)
    return replace(model, frequencies=hashed(model.frequencies), common=common, key=key)
