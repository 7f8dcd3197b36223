"""One connection with the standardisers for all tests of the folder, and a way to put rows through a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.standardise import CANONICAL, MAPPED, canonical_sql, install, install_letters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Row = dict[str, Any]
_DEFAULTS = {
    "dataset": "set",
    "role": "role",
    "agency": "FBI",
    "date_order": "auto",
    "seen_order": "auto",
    "country_default": "us",
}


@pytest.fixture(scope="session")
def reference() -> Path:
    """Return the folder of the default reference lists."""
    return default_configs() / "reference"


@pytest.fixture(scope="session")
def engine(reference: Path) -> Iterator[Engine]:
    """Give an in-memory connection with the standardisers installed."""
    with Engine(memory_limit="1GB", threads=2) as opened:
        install(opened.run, reference)
        yield opened


@pytest.fixture(scope="session")
def standardise(engine: Engine) -> Callable[[str, Sequence[Row]], list[Row]]:
    """Give a function that puts mapped rows through a type's statement and returns the canonical rows in their order."""

    def run(entity_type: str, rows: Sequence[Row]) -> list[Row]:
        return canonical_rows(engine, entity_type, rows)

    return run


def canonical_rows(engine: Engine, entity_type: str, rows: Sequence[Row]) -> list[Row]:
    """Put `rows` (input attribute → value) through the statement of a type."""
    arrays = {}
    for column in MAPPED[entity_type]:
        kind = pa.list_(pa.string()) if column.type.endswith("[]") else pa.string()
        values = [_value(column.name, number, row) for number, row in enumerate(rows)]
        arrays[column.name] = pa.array(values, kind)
    install_letters(engine.run, _letters(rows))
    names = [column.name for column in CANONICAL[entity_type]] + ["empty", "bad_values"]
    with engine.registered("given_rows", pa.table(arrays)):
        found = engine.rows(
            f"SELECT * FROM (WITH mapped AS (FROM given_rows) {canonical_sql(entity_type)}) ORDER BY CAST(key AS INTEGER)"
        )
    return [dict(zip(names, row, strict=True)) for row in found]


def _letters(rows: Sequence[Row]) -> set[str]:
    texts = [text for row in rows for value in row.values() for text in (value if isinstance(value, list) else [value])]
    return {letter for text in texts if isinstance(text, str) for letter in text.lower()}


def _value(name: str, number: int, row: Row) -> Any:
    if name == "key":
        return str(number)
    return row.get(name, _DEFAULTS.get(name))
