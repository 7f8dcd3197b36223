"""Canonical tables made of literal records, and models made of the shipped priors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from linkage.config.entity import Entity, load_entities
from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.engine.sql import quote
from linkage.standardise import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Record = dict[str, Any]


def fill(engine: Engine, kind: str, records: list[Record]) -> Engine:
    """(Re)make `canonical.<kind>` of literal records, numbered in their order; keys are k0, k1 ... where none is given."""
    rows = [
        {"dataset": "d", "key": f"k{number}", "role": "r", "agency": "A", **record}
        for number, record in enumerate(records)
    ]
    columns = {
        column.name: pa.array(
            [row.get(column.name) for row in rows], pa.list_(pa.string()) if column.type.endswith("[]") else None
        )
        for column in CANONICAL[kind]
    }
    with engine.registered("given", pa.table({"record": pa.array(range(len(rows)), pa.int64()), **columns})):
        casts = ", ".join(
            f"CAST({quote(column.name)} AS {column.type}) AS {quote(column.name)}" for column in CANONICAL[kind]
        )
        engine.create_as("canonical", kind, f"SELECT record, {casts} FROM given")
    return engine


@pytest.fixture
def canonical() -> Iterator[Callable[..., Engine]]:
    """Call with a type and records (and threads) for an engine that holds them as its canonical table."""
    engines = []

    def make(kind: str, records: list[Record], *, threads: int = 2) -> Engine:
        engines.append(Engine(threads=threads))
        return fill(engines[-1], kind, records)

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture(scope="session")
def entities() -> dict[str, Entity]:
    """The shipped entity settings."""
    return dict(load_entities(default_configs() / "entities"))
