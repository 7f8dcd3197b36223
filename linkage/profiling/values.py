"""What the values of a column look like: counted in SQL, on the whole file for keys, on a sorted sample for the rest.

The file is loaded into a database on disk, so memory is bounded by the engine's limit; columns are counted one by one.
A profile holds shares and counts. The only texts in it are those of the few codes that tell persons from firms.
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from linkage.config.source import CsvReading, Role, Source
from linkage.engine.sql import literal, quote
from linkage.errors import DataError
from linkage.profiling.names import is_type_name, vocabulary
from linkage.sources.files import deliveries, read_delivery
from linkage.sources.incoming import FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linkage.engine.duckdb import Engine

SAMPLE = 5_000
"""Rows whose values are looked at."""
_NEARLY = 0.8
_HEAD = 1 << 18
_PAIRED = 8
Format = Literal["csv", "parquet", "jsonl", "excel", "sqlite"]
_FORMS: dict[str, Format] = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), "excel"),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db"), "sqlite"),
}

# What a value `v` (trimmed, not empty) can look like, in SQL.
RECOGNISERS = {
    "email": "regexp_full_match(v, '[^@\\s]+@[^@\\s]+\\.[^@\\s]+')",
    "phone": "regexp_full_match(v, '[-+0-9(). /]{7,20}( ?(x|ext)\\.? ?[0-9]+)?') AND length(regexp_replace(v, '[^0-9]', '', 'g')) BETWEEN 7 AND 15",
    "ssn": "regexp_full_match(v, '[0-9Xx*#]{3}[- ]?[0-9Xx*#]{2}[- ]?[0-9]{4}')",
    "written ssn": "regexp_full_match(v, '[0-9*X]{3}-[0-9*X]{2}-[0-9]{4}')",
    "nine digits": "regexp_full_match(v, '[0-9]{2}-?[0-9]{7}|[0-9]{9}')",
    "date": "regexp_full_match(v, '[0-9]{4}[-/.]?[0-9]{1,2}[-/.]?[0-9]{1,2}([T ].*)?|[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}|[0-9]{8}|[0-9]{1,2}[- ][A-Za-z]{3,9}[- ,]+[0-9]{2,4}|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}')",
    "year first": "regexp_matches(v, '^(1[0-9]|20)[0-9]{2}([-/.]?[0-9]{1,2}){2}') AND NOT regexp_full_match(v, '[0-9]{1,2}[-/. ].*')",
    "month first": "try_cast(regexp_extract(v, '^([0-9]{1,2})[-/. ]?([0-9]{2})[-/. ]?[0-9]{2,4}$', 1) AS INT) BETWEEN 1 AND 12 AND try_cast(regexp_extract(v, '^([0-9]{1,2})[-/. ]?([0-9]{2})[-/. ]?[0-9]{2,4}$', 2) AS INT) BETWEEN 13 AND 31",
    "day first": "(try_cast(regexp_extract(v, '^([0-9]{1,2})[-/. ]?([0-9]{2})[-/. ]?[0-9]{2,4}$', 1) AS INT) BETWEEN 13 AND 31 AND try_cast(regexp_extract(v, '^([0-9]{1,2})[-/. ]?([0-9]{2})[-/. ]?[0-9]{2,4}$', 2) AS INT) BETWEEN 1 AND 12) OR regexp_matches(v, '^[0-9]{1,2}[- ][A-Za-z]{3}')",
    "sex": "lower(v) IN ('m', 'f', 'male', 'female', 'u', 'x', 'unknown', 'man', 'woman')",
    "postcode": "regexp_full_match(v, '[0-9]{4,6}(-[0-9]{4})?') OR regexp_full_match(upper(v), '[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}') OR regexp_full_match(upper(v), '[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]')",
    "uk postcode": "regexp_full_match(upper(v), '[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}')",
    "two letters": "regexp_full_match(v, '[A-Za-z]{2}')",
    "three letters": "regexp_full_match(v, '[A-Za-z]{3}')",
    "iban": "regexp_full_match(upper(replace(v, ' ', '')), '[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}')",
    "bic": "regexp_full_match(upper(v), '[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?')",
    "url": "regexp_matches(lower(v), '^(https?://)?([a-z0-9-]+\\.)+[a-z]{2,}(/.*)?$')",
    "digits": "regexp_matches(v, '[0-9]')",
    "words": "regexp_matches(v, '\\pL') AND NOT regexp_matches(v, '[0-9]{3}')",
    "organisation": "regexp_matches(lower(v), '\\b(inc|llc|ltd|corp|co|gmbh|plc|llp|sa|company|services|group|center|school|bank|associates|enterprises|foundation|club|church|store|restaurant)\\b')",
    "list": "contains(v, ';')",
    "comma": "contains(v, ',')",
    "au region": "lower(v) IN ({regions_au})",
    "ca region": "lower(v) IN ({regions_ca})",
}


@dataclass(frozen=True)
class ColumnProfile:
    """One column: share of rows with a value, distinct values by row, and the share that looks like each thing.

    `distinct` is exact where the column could name the rows, else an estimate; the shares are those of the sample.
    """

    name: str
    filled: float
    distinct: float
    shares: Mapping[str, float]
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileProfile:
    """One file: how it is read, its rows, its columns in order, and pairs of columns that name each row.

    `rejected` counts rows that a run would refuse, such as those with too few columns; `sampled` those of `rows` whose
    values were looked at. Keys, and whether a column is filled, are counted over all rows.
    """

    path: Path
    format: Format
    csv: CsvReading
    rows: int
    columns: tuple[ColumnProfile, ...]
    pair_keys: tuple[tuple[str, str], ...] = ()
    rejected: int = 0
    sampled: int = 0


def profile_file(engine: Engine, path: Path, scratch: Path) -> FileProfile:
    """Read a file as a run would and return its profile; raise DataError where it cannot be read or holds no row."""
    form, reading, nested = _load(engine, path, scratch)
    names = [name for name in engine.columns("incoming", "row") if name != FILE and name not in nested]
    rows = int(engine.value("SELECT count(*) FROM incoming.row"))
    if rows == 0:
        message = f"{path}: no row could be read; name a file with a header line and at least one row"
        raise DataError(message)
    sampled = _sample(engine, names)
    counted = _counted(engine, names, rows)
    columns = tuple(_column(engine, name, rows, *counted[name]) for name in names)
    rejected = int(engine.value("SELECT count(*) FROM incoming.reject"))
    pairs = _pairs(engine, columns, rows, sampled)
    return FileProfile(path, form, reading, rows, columns, pairs, rejected, sampled)


def _load(engine: Engine, path: Path, scratch: Path) -> tuple[Format, CsvReading, frozenset[str]]:
    """Fill `incoming.row` with the file, all columns as text. The one place that knows the forms of files.

    Returns the form, how CSV is read, and the columns that are nested and so cannot be mapped.
    """
    if any("\ud800" <= sign <= "\udfff" for sign in str(path)):
        message = f"{path.name!r}: the file's name is not UTF-8; rename it"
        raise DataError(message)
    if not path.is_file():
        message = f"{path}: there is no such file; name CSV, Parquet, JSON lines, Excel or SQLite files"
        raise DataError(message)
    form = _FORMS.get(path.suffix.lower(), "csv")
    if path.stat().st_size == 0:
        message = f"{path}: the file is empty; name a file with a header line and at least one row"
        raise DataError(message)
    reading, nested, key = CsvReading(), frozenset[str](), tuple[str, ...]()
    if form == "csv":
        reading, header = guess_csv(path)
        key = (header[0] if header and header[0].strip() else "?",)
    elif form == "parquet":
        try:
            import pyarrow.parquet as pq

            schema = pq.read_schema(path)
            key = (schema.names[0],)
            nested = frozenset(column.name for column in schema if pa.types.is_nested(column.type))
        except (pa.ArrowInvalid, OSError, IndexError) as error:
            message = f"{path}: is not a Parquet file with columns; name a whole file"
            raise DataError(message) from error
    role = Role.model_construct(entity="person", when=None, country="us", fields={})
    source = Source.model_construct(
        agency="?", files=(path.name,), format=form, delivery="snapshot", key=key, csv=reading, roles={"row": role}
    )
    delivery = next(iter(deliveries("row", source, path.parent)))
    read_delivery(engine, source, delivery, scratch)
    return form, reading, nested


def guess_csv(path: Path) -> tuple[CsvReading, list[str]]:
    """Return how a CSV file is to be read, and its header, from its first bytes (encoding: from all of them)."""
    encoding, head = _encoding(path)
    text = head.decode(encoding, errors="ignore")
    marked = text.count('"') >= text.count("'") or "'" not in text
    quote_sign = '"' if marked or not any(f"{sign}'" in text for sign in ",;\t|") else "'"
    lines = text.splitlines(keepends=True)
    whole = lines[:-1] if len(lines) > 1 and len(head) >= _HEAD else lines
    best: tuple[tuple[float, int, int], str, list[str]] = ((-1.0, 0, 0), ",", [])
    for place, sign in enumerate(",;\t|"):
        try:
            rows = [
                row
                for row in csv.reader(io.StringIO("".join(whole[:200])), delimiter=sign, quotechar=quote_sign)
                if row
            ]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        same = sum(len(row) == width for row in rows) / max(len(rows), 1)
        score = (same if width > 1 else 0.0, width, -place)
        if rows and score > best[0]:
            best = (score, sign, rows[0])
    if not best[2]:
        message = f"{path}: the file has no header line; its first line must name the columns"
        raise DataError(message)
    return CsvReading(delimiter=best[1], quote=quote_sign, encoding=encoding), best[2]


def _encoding(path: Path) -> tuple[str, bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    head = b""
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            head = stream.read(_HEAD)
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16", head
            chunk = head
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(1 << 23)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252", head
    except OSError as error:
        message = f"{path}: cannot be read ({error}); name a readable file"
        raise DataError(message) from error
    return "utf-8", head.removeprefix(codecs.BOM_UTF8)


def _value(name: str) -> str:
    return f"nullif(trim({quote(name)}), '')"


def _counted(engine: Engine, names: Sequence[str], rows: int) -> dict[str, tuple[int, int]]:
    """Return how many values each column has, and how many distinct ones: exactly where they nearly name the rows.

    The estimate (HyperLogLog) is the same whatever the order and the threads, and takes a few kilobytes a column.
    """
    counts = ", ".join(f"count({_value(name)}), approx_count_distinct({_value(name)})" for name in names)
    row = engine.rows(f"SELECT {counts} FROM incoming.row")[0]
    found = {name: (int(row[2 * place]), int(row[2 * place + 1])) for place, name in enumerate(names)}
    for name, (filled, about) in found.items():
        if about >= _NEARLY * rows:
            found[name] = filled, _distinct(engine, name)
        else:
            found[name] = filled, min(about, filled)
    return found


def _distinct(engine: Engine, *names: str, table: str = "row") -> int:
    """Return the number of distinct values, or pairs of values, one query each so that memory holds one column."""
    values = ", ".join(f"{_value(name)} AS c{place}" for place, name in enumerate(names))
    whole = " AND ".join(f"c{place} IS NOT NULL" for place in range(len(names)))
    return int(
        engine.value(
            f"SELECT count(*) FROM (SELECT DISTINCT * FROM (SELECT {values} FROM incoming.{table}) WHERE {whole})"
        )
    )


def _sample(engine: Engine, names: Sequence[str]) -> int:
    """Keep the rows with the smallest hashes: the same rows whatever the order of the file. Return their number."""
    whole = ", ".join(f"coalesce({quote(name)}, '')" for name in names)
    engine.create_as(
        "incoming", "sample", f"SELECT * FROM incoming.row ORDER BY md5(concat_ws(chr(31), {whole})) LIMIT {SAMPLE}"
    )
    return int(engine.value("SELECT count(*) FROM incoming.sample"))


def _recogniser(name: str) -> str:
    regions = {f"regions_{land}": ", ".join(map(literal, codes)) for land, codes in vocabulary()["regions"].items()}
    return RECOGNISERS[name].format(**regions) if "{regions" in RECOGNISERS[name] else RECOGNISERS[name]


def _column(engine: Engine, name: str, rows: int, filled: int, distinct: int) -> ColumnProfile:
    tests = ", ".join(f"count(*) FILTER (coalesce({_recogniser(test)}, false))" for test in RECOGNISERS)
    source = f"(SELECT {_value(name)} AS v FROM incoming.sample) WHERE v IS NOT NULL"
    found: tuple[Any, ...] = engine.rows(f"SELECT count(*), {tests} FROM {source}")[0]
    shares = {test: count / found[0] if found[0] else 0.0 for test, count in zip(RECOGNISERS, found[1:], strict=True)}
    codes = _codes(engine, name, filled) if filled and is_type_name(name) else ()
    return ColumnProfile(name, filled / rows, distinct / rows, shares, codes)


def _codes(engine: Engine, name: str, filled: int) -> tuple[str, ...]:
    """Return the codes for persons and firms in a column that holds, but for a few values, nothing else."""
    listed = ", ".join(map(literal, [*vocabulary()["codes"]["person"], *vocabulary()["codes"]["business"]]))
    told = engine.rows(
        f"SELECT v, count(*) FROM (SELECT {_value(name)} AS v FROM incoming.row) WHERE lower(v) IN ({listed}) GROUP BY v ORDER BY v"
    )
    return tuple(code for code, _ in told) if sum(count for _, count in told) >= filled * 0.95 else ()


def _pairs(engine: Engine, columns: Sequence[ColumnProfile], rows: int, sampled: int) -> tuple[tuple[str, str], ...]:
    """Return pairs of columns that name each row together, where no column does alone."""
    if any(column.filled == 1 and column.distinct == 1 for column in columns):
        return ()
    full = [column.name for column in columns if column.filled == 1]
    exact = {name: _distinct(engine, name) for name in full}
    most = sorted(full, key=lambda name: -exact[name])[:_PAIRED]
    # What repeats in the sample repeats in the file, so most pairs need no look at the whole file.
    return tuple(
        (a, b)
        for a, b in combinations(most, 2)
        if exact[a] * exact[b] >= rows
        and _distinct(engine, a, b, table="sample") == sampled
        and _distinct(engine, a, b) == rows
    )
