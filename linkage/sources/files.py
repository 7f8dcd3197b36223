"""Reading delivered files. Every physical line is accounted for: parsed, rejected, or blank; otherwise the file is refused.

What a reading leaves: `incoming.row` (all columns as text, in file order, with `linkage:file`) and `incoming.reject`.
"""

from __future__ import annotations

import codecs
import csv
import glob
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from linkage.engine.duckdb import DatabaseError, Engine
from linkage.engine.sql import comma, literal, quote
from linkage.errors import DataError
from linkage.sources.incoming import FILE, check_header, keep_header, no_glob, store
from linkage.sources.jsonl import read_jsonl
from linkage.sources.postgresql import TableSnapshot, read_postgresql
from linkage.sources.tabular import read_excel, read_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from linkage.config.source import CsvReading, Source

HEADERLESS = ("parquet", "jsonl", "sqlite", "postgresql")
_CHUNK = 1 << 23
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_REASONS = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": "a quote that does not close",
    "LINE SIZE OVER MAXIMUM": "longer than 2,000,000 bytes",
    "INVALID ENCODING": "not valid UTF-8",
    "CAST": "a value that cannot be read",
    "INVALID STATE": "text after a closing quote",
}


@dataclass(frozen=True)
class Delivery:
    """Files that arrive together: all files of a snapshot, or one file of a delta; or a table, named as a file."""

    files: tuple[Path, ...]
    fingerprint: str
    table: TableSnapshot | None = None

    def labels(self) -> list[str]:
        """Return how each file is named in rejects: its name, with its folders where two files share one."""
        names = [path.name for path in self.files]
        if len(set(names)) == len(names):
            return names
        shared = Path(os.path.commonpath([path.parent for path in self.files]))
        return [path.relative_to(shared).as_posix() for path in self.files]


def deliveries(dataset: str, source: Source, folder: Path) -> Iterable[Delivery]:
    """Find a source's files and return its deliveries in order (delta files by name).

    A table is open only until the next delivery is asked for. Raises DataError where a named pattern matches no file.
    """
    if source.postgresql is not None:
        tables = read_postgresql(dataset, source.postgresql)
        return (Delivery((Path(table.table),), table.fingerprint, table) for table in tables)
    files: list[Path] = []
    for pattern in source.files:
        exact = folder / pattern
        found = (
            [exact] if exact.is_file() else [Path(name) for name in glob.glob(str(folder / pattern), recursive=True)]  # noqa: PTH207
        )
        matched = sorted(path for path in found if path.is_file())
        if not matched:
            message = f"source {dataset!r}: no file matches {pattern!r} in {folder}; deliver the file or mend 'files'"
            raise DataError(message)
        files += [path for path in matched if path not in files]
    for path in files:
        if path.stat().st_size == 0:
            message = f"{path}: the file is empty; a delivery without rows still needs its header line"
            raise DataError(message)
    if source.delivery == "snapshot":
        return [Delivery(tuple(files), _fingerprint(files))]
    return [Delivery((path,), _fingerprint([path])) for path in files]


def _fingerprint(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode(errors="surrogateescape") + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def read_delivery(engine: Engine, source: Source, delivery: Delivery, scratch: Path) -> int:
    """Read a delivery into `incoming.row` and `incoming.reject`; return the number of rows read (both together)."""
    engine.make_schema("incoming")
    engine.run("DROP TABLE IF EXISTS incoming.row")
    engine.run("DROP TABLE IF EXISTS incoming.raw")
    engine.run("CREATE OR REPLACE TABLE incoming.reject (file VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR)")
    # `first_row` is such that row id - first_row + 2 is the record number in the file (a header is number 1).
    engine.run("CREATE OR REPLACE TABLE incoming.file (file INTEGER, name VARCHAR, first_row BIGINT, header VARCHAR[])")
    # Rows keep the order of the file, so that a row number leads back to its line.
    engine.run("SET preserve_insertion_order = true")
    try:
        for number, (path, label) in enumerate(zip(delivery.files, delivery.labels(), strict=True)):
            first = engine.value("SELECT count(*) FROM incoming.row") if number else 0
            engine.run(
                "INSERT INTO incoming.file VALUES ($number, $name, $first, NULL)",
                {"number": number, "name": label, "first": first + (source.format in HEADERLESS)},
            )
            if delivery.table is not None:
                _read_table(engine, source, path, delivery.table)
            elif source.format == "csv":
                _read_csv(engine, source, path, number, scratch)
            else:
                _READERS[source.format](engine, source, path, number)
    except DatabaseError as error:
        message = f"{path}: cannot be read ({str(error).splitlines()[0]}); check the source's format, delimiter, quote and encoding"
        raise DataError(message) from error
    finally:
        engine.run("SET preserve_insertion_order = false")
    return int(engine.value("SELECT (SELECT count(*) FROM incoming.row) + (SELECT count(*) FROM incoming.reject)"))


def _read_parquet(engine: Engine, source: Source, path: Path, number: int) -> None:
    name = {"path": no_glob(path)}
    described = engine.rows("SELECT name, type, num_children FROM parquet_schema($path)", name)
    header = [str(row[0]) for row in engine.rows("SELECT column_name FROM (DESCRIBE FROM read_parquet($path))", name)]
    nested = {str(row[0]) for row in described[1:] if row[2]}
    bad = sorted(nested & source.columns_used())
    if bad:
        message = f"{path}: column {bad[0]!r} is nested; map a plain column"
        raise DataError(message)
    check_header(path, header, source)
    keep_header(engine, number, header)
    texts = ", ".join(f"CAST({quote(column)} AS VARCHAR) AS {quote(column)}" for column in header)
    store(engine, f"SELECT {number} AS {quote(FILE)}, {texts} FROM read_parquet($path)", header, name)


_READERS = {"parquet": _read_parquet, "jsonl": read_jsonl, "sqlite": read_sqlite, "excel": read_excel}


def _read_table(engine: Engine, source: Source, path: Path, table: TableSnapshot) -> None:
    check_header(path, table.header, source)
    keep_header(engine, 0, table.header)
    with table.read(source) as rows, engine.registered("delivered", rows):
        store(engine, f"SELECT 0 AS {quote(FILE)}, {comma(table.header)} FROM delivered", table.header, {})


def _read_csv(engine: Engine, source: Source, path: Path, number: int, scratch: Path) -> None:
    reading = source.csv
    readable = _as_utf8(path, reading, scratch)
    header = _header(readable, reading, path)
    check_header(path, header, source)
    keep_header(engine, number, header)
    rows_before = engine.value("SELECT count(*) FROM incoming.row") if number else 0
    columns = "{" + ", ".join(f"{literal(column)}: 'VARCHAR'" for column in header) + "}"
    engine.run("DROP TABLE IF EXISTS reject_errors")
    engine.run("DROP TABLE IF EXISTS reject_scans")
    query = (
        f"SELECT {number} AS {quote(FILE)}, {comma(header)} FROM read_csv($path, auto_detect = false, header = true, "
        f"columns = {columns}, delim = $delimiter, quote = $quote, escape = $quote, compression = $compression, "
        "strict_mode = true, null_padding = false, store_rejects = true, rejects_limit = 0)"
    )
    values = {
        "path": no_glob(readable),
        "delimiter": reading.delimiter,
        "quote": reading.quote,
        "compression": _compression(readable, reading) or "none",
    }
    store(engine, query, header, values)
    engine.run(
        """
        INSERT INTO incoming.reject
        SELECT (SELECT name FROM incoming.file WHERE file = $number), line, arg_min(error_type, byte_position), ltrim(arg_min(csv_line, byte_position), chr(10) || chr(13))
        FROM reject_errors GROUP BY line ORDER BY line
        """,
        {"number": number},
    )
    for code, reason in _REASONS.items():
        engine.run("UPDATE incoming.reject SET reason = $reason WHERE reason = $code", {"reason": reason, "code": code})
    rows = engine.value("SELECT count(*) FROM incoming.row") - rows_before
    _account_for_lines(engine, path, readable, reading, rows, number, header)
    if readable != path:
        readable.unlink()


def _account_for_lines(
    engine: Engine, path: Path, readable: Path, reading: CsvReading, rows: int, number: int, header: Sequence[str]
) -> None:
    """Compare the physical lines of the file with what was parsed and rejected (rule R6: nothing lost)."""
    lines = _physical_lines(readable, reading)
    header_lines = 1 + sum(column.count("\n") for column in header)
    rejects = engine.value(
        "SELECT coalesce(sum(1 + length(raw) - length(replace(raw, chr(10), ''))), 0) FROM incoming.reject "
        "WHERE file = (SELECT name FROM incoming.file WHERE file = $number)",
        {"number": number},
    )
    missing = lines - header_lines - rows - int(rejects)
    # What counting line breaks alone explains is the rule; blank lines are looked for where it does not.
    blank = _blank_lines(readable, reading) if missing > 0 else 0
    if missing > blank and rows:
        pieces = " + ".join(
            f"coalesce(sum(length({quote(column)}) - length(replace({quote(column)}, chr(10), ''))), 0)"
            for column in header
        )
        inside = f"SELECT {pieces} FROM incoming.row WHERE {quote(FILE)} = $number"
        missing -= int(engine.value(inside, {"number": number}))
    if missing > blank:
        message = f"{path}: {missing} of its {lines} lines were neither read nor rejected; look for a quote that is never closed"
        raise DataError(message)


def _physical_lines(path: Path, reading: CsvReading) -> int:
    """Return the number of lines of a file."""
    breaks, returns, last = 0, 0, b"\n"
    for chunk in _chunks(path, reading):
        breaks += chunk.count(b"\n")
        if not breaks:
            returns += chunk.count(b"\r")
        last = chunk[-1:]
    if breaks == 0 and returns:
        return returns + (last != b"\r")
    return breaks + (last != b"\n")


def _blank_lines(path: Path, reading: CsvReading) -> int:
    """Return how many lines of a file are blank; where lines end in carriage returns alone, as many as there are of these."""
    breaks = blank = returns = 0
    last = ord("\n")
    for chunk in _chunks(path, reading):
        data = np.frombuffer(chunk, dtype=np.uint8)
        is_break, is_return = data == ord("\n"), data == ord("\r")
        breaks += int(is_break.sum())
        returns += int(is_return.sum())
        before = np.concatenate((np.array([last], dtype=np.uint8), data[:-1]))
        blank += int((is_break & ((before == ord("\n")) | (before == ord("\r")))).sum())
        last = int(data[-1])
    return blank if breaks or not returns else returns


def _chunks(path: Path, reading: CsvReading) -> Iterator[bytes]:
    with pa.input_stream(str(path), compression=_compression(path, reading)) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _compression(path: Path, reading: CsvReading) -> str | None:
    if reading.compression == "auto":
        return _COMPRESSIONS.get(path.suffix.lower())
    return None if reading.compression == "none" else reading.compression


def _as_utf8(path: Path, reading: CsvReading, scratch: Path) -> Path:
    """Return the file itself where it is UTF-8, else a plain UTF-8 copy of it in `scratch`."""
    try:
        codec = codecs.lookup(reading.encoding)
    except LookupError as error:
        message = (
            f"{path}: there is no encoding {reading.encoding!r}; name one such as utf-8, latin-1, cp1252 or utf-16"
        )
        raise DataError(message) from error
    if codec.name in {"utf-8", "ascii", "utf-8-sig"}:
        return path
    copy = scratch / f"{path.name}.utf8.csv"
    decoder = codec.incrementaldecoder()
    try:
        with copy.open("w", encoding="utf-8", newline="") as out:
            for chunk in _chunks(path, reading):
                out.write(decoder.decode(chunk))
            out.write(decoder.decode(b"", final=True))
    except UnicodeError as error:
        message = f"{path}: is not {reading.encoding} text ({error}); set the source's csv.encoding"
        raise DataError(message) from error
    return copy


def _header(path: Path, reading: CsvReading, named: Path) -> list[str]:
    try:
        first = next(_chunks(path, reading), b"")
    except OSError as error:
        message = f"{named}: cannot be read ({error}); check the file and csv.compression"
        raise DataError(message) from error
    text = first.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="replace")
    if not text.strip():
        message = f"{named}: the file has no header line; its first line must name the columns"
        raise DataError(message)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if reading.quote else csv.QUOTE_NONE
    try:
        return next(
            csv.reader(
                io.StringIO(text, newline=""),
                delimiter=reading.delimiter,
                quotechar=reading.quote or None,
                quoting=quoting,
            )
        )
    except (csv.Error, StopIteration) as error:
        message = f"{named}: its header line cannot be read ({error}); check csv.delimiter and csv.quote"
        raise DataError(message) from error
