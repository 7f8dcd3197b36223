"""Excel sheets and SQLite tables, read as text in their order."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.engine.sql import comma, quote
from linkage.errors import DataError
from linkage.sources.incoming import FILE, check_header, keep_header, store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from linkage.config.source import Source
    from linkage.engine.duckdb import Engine

_BATCH = 50_000


def read_sqlite(engine: Engine, source: Source, path: Path, number: int) -> None:
    """Add the rows of a table or view of an SQLite file to `incoming.row`, in the order of its row numbers."""
    try:
        # Read only, and never a file that SQLite would make. The engine pulls the rows from a thread of its own.
        address = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, check_same_thread=False)) as database:
            table = _sqlite_table(database, source, path)
            header = [row[1] for row in database.execute("SELECT * FROM pragma_table_info(?)", (table,))]
            check_header(path, header, source)
            # Each column as text; a name is told apart from a string only by these quotes.
            texts = ", ".join(f"CAST({quote(column)} AS TEXT)" for column in header)
            rows = database.execute(f"SELECT {texts} FROM {quote(table)}")
            _store_rows(engine, header, iter(lambda: rows.fetchmany(_BATCH), []), number)
    except (sqlite3.Error, UnicodeError) as error:
        message = f"{path}: cannot be read as SQLite ({error}); check the file and the source's format and table"
        raise DataError(message) from error


def _sqlite_table(database: sqlite3.Connection, source: Source, path: Path) -> str:
    query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name"
    known = [str(row[0]) for row in database.execute(query)]
    if source.table is None and len(known) == 1:
        return known[0]
    if source.table in known:
        return str(source.table)
    wrong = "the source names no 'table'" if source.table is None else f"there is no table {source.table!r}"
    message = f"{path}: {wrong}; its tables are: {', '.join(known[:40]) or 'none'}"
    raise DataError(message)


def read_excel(engine: Engine, source: Source, path: Path, number: int) -> None:
    """Add the rows of a sheet to `incoming.row`; its first row names the columns, empty rows are skipped."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as workbook:
            names = workbook.sheet_names
            wanted = source.sheet if source.sheet is not None else next(iter(names), None)
            if wanted not in names:
                message = f"{path}: there is no sheet {wanted!r}; its sheets are: {', '.join(names)}"
                raise DataError(message)
            cells = workbook.get_sheet_by_name(wanted).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        message = f"{path}: cannot be read as a workbook ({error}); check the file and the source's format"
        raise DataError(message) from error
    rows = [[_cell_text(cell) for cell in row] for row in cells]
    header = [name or "" for name in rows[0]] if rows else []
    if not any(header):
        message = f"{path}: sheet {wanted!r} has no header; its first row must name the columns"
        raise DataError(message)
    while not header[-1] and not any(row[len(header) - 1] for row in rows):
        header.pop()
    check_header(path, header, source)
    filled = [row[: len(header)] for row in rows[1:] if any(row)]
    _store_rows(engine, header, (filled[at : at + _BATCH] for at in range(0, len(filled), _BATCH)), number)


def _cell_text(cell: Any) -> str | None:
    """Return a cell as text: whole numbers without a point, dates as ISO."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)  # noqa: PLR2004  # beyond, a float is not exact
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _store_rows(engine: Engine, header: Sequence[str], batches: Iterator[Sequence[Sequence[Any]]], number: int) -> None:
    schema = pa.schema([(column, pa.string()) for column in header])
    stream = pa.RecordBatchReader.from_batches(
        schema,
        (
            pa.record_batch([pa.array(column, pa.string()) for column in zip(*batch, strict=True)], schema=schema)
            for batch in batches
        ),
    )
    keep_header(engine, number, header)
    with engine.registered("batches", stream):
        store(engine, f"SELECT CAST({number} AS INTEGER) AS {quote(FILE)}, {comma(header)} FROM batches", header, {})
