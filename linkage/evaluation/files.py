"""Grouping files: CSV with columns dataset, key, role (optional) and entity, one row a record.

The header may be in any case and order, and further columns are ignored. In a file without a role column
roles are not told apart: each of its records joins the one record of that key on the other side, whatever its
role (`linkage.evaluation.align`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from linkage.errors import DataError
from linkage.evaluation.align import align, grouping, record_name
from linkage.evaluation.examples import Example, worst
from linkage.evaluation.intervals import Uncertainty, uncertainty
from linkage.evaluation.metrics import Metrics, measure

SCHEMA_VERSION = 1
REQUIRED = ("dataset", "key", "entity")
OPTIONAL = ("role",)
FORM = "a grouping file has the columns dataset,key[,role],entity"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One grouping file measured against another, on the records that both hold.

    `only_in_reference` and `only_in_other` count the records left out; `ambiguous` those of them that have no
    role while their key has several records. `over_merges` are groups of the other file that the reference
    divides, `over_splits` groups of the reference that the other divides, worst first.
    """

    metrics: Metrics
    uncertainty: Uncertainty
    only_in_reference: int
    only_in_other: int
    ambiguous: int
    over_merges: tuple[Example, ...]
    over_splits: tuple[Example, ...]

    def to_json(self) -> dict[str, object]:
        """Return everything as plain values under `schema_version` 1."""
        return {
            "schema_version": SCHEMA_VERSION,
            **self.metrics.to_json(),
            "intervals": self.uncertainty.to_json(),
            "records": {
                "evaluated": self.metrics.counts.records,
                "only_in_reference": self.only_in_reference,
                "only_in_other": self.only_in_other,
                "ambiguous": self.ambiguous,
            },
            "over_merges": [one.to_json("other", "reference") for one in self.over_merges],
            "over_splits": [one.to_json("reference", "other") for one in self.over_splits],
        }


def read_grouping(path: Path | str) -> pa.Table:
    """Read a grouping file into a table of strings: dataset, key, role ('' where there is none), entity.

    Values are kept as written. Raises DataError naming file, line and mend: absent or empty file, missing or
    doubled column, ragged row, bytes that are not UTF-8, empty dataset, key or entity, a record that stands
    twice.
    """
    path = Path(path)
    names = _header(path)
    table = _read(path, names)
    table = table.rename_columns([wanted for wanted, name in names.items() if name is not None])
    if "role" not in table.column_names:
        table = table.append_column("role", pa.repeat(pa.scalar("", pa.string()), table.num_rows))
    table = table.append_column("row", pa.array(np.arange(table.num_rows, dtype=np.int64)))
    table = table.filter(_not_blank(table))
    if not table.num_rows:
        message = f"{path} holds no record below its header: {FORM}, one row a record"
        raise DataError(message)
    _refuse_empty(path, table)
    _refuse_doubles(path, table)
    return table.select(["dataset", "key", "role", "entity"])


def compare(reference: Path | str, other: Path | str, *, examples: int = 5) -> Comparison:
    """Measure the grouping in file `other` against the one in file `reference`, on the records of both.

    Returns up to `examples` of the worst errors of each kind. Raises DataError for a bad file (see
    `read_grouping`) and when the files have no record in common.
    """
    left, right = read_grouping(reference), read_grouping(other)
    joined = align(left, right)
    if not joined.left.size:
        message = f"{reference} and {other} have no record in common: dataset, key and role must be written alike"
        raise DataError(message)
    left_common, right_common = left.take(pa.array(joined.left)), right.take(pa.array(joined.right))
    records = left_common.set_column(2, "role", _known_role(left_common["role"], right_common["role"]))
    truth, found = grouping(left_common["entity"]), grouping(right_common["entity"])
    return Comparison(
        metrics=measure(truth.labels, found.labels),
        uncertainty=uncertainty(truth.labels, found.labels),
        only_in_reference=int(joined.left_only.size),
        only_in_other=int(joined.right_only.size),
        ambiguous=joined.ambiguous,
        over_merges=worst(records, found, truth, examples),
        over_splits=worst(records, truth, found, examples),
    )


def _known_role(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the role from whichever side tells it."""
    return pc.if_else(pc.equal(left, ""), right, left)


def _header(path: Path) -> dict[str, str | None]:
    """Return for each wanted column, in the file's order, how the file writes it; None for an absent role."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error
    if not any(name.strip() for name in header):
        message = f"{path}, line 1: there is no header; {FORM}"
        raise DataError(message)
    found: dict[str, str | None] = {}
    for name in header:
        wanted = name.strip().lower()
        if wanted not in REQUIRED + OPTIONAL:
            continue
        if wanted in found:
            message = f"{path}, line 1: column {wanted!r} stands there twice; keep one"
            raise DataError(message)
        found[wanted] = name
    missing = [wanted for wanted in REQUIRED if wanted not in found]
    if missing:
        message = f"{path}, line 1: column {', '.join(map(repr, missing))} is missing; {FORM}"
        raise DataError(message)
    return found


def _unreadable(path: Path, error: Exception) -> DataError:
    """Return the refusal of a file that is no CSV file, with the line if its bytes are not UTF-8."""
    line = _line_not_utf8(path)
    if line is not None:
        return DataError(f"{path}, line {line}: bytes that are not UTF-8; save the file as UTF-8 CSV")
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return DataError(f"{path} cannot be read as a UTF-8 CSV file: {reason}; {FORM}")


def _read(path: Path, names: dict[str, str | None]) -> pa.Table:
    """Read the wanted columns as strings; a blank line is a row too, so that rows can be counted."""
    columns = [name for name in names.values() if name is not None]
    ragged: list[tuple[int, int, int]] = []

    def remember(row: arrow_csv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns, row.expected_columns))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            path,
            # One thread: only then does the reader tell the number of a bad row.
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=remember
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), include_columns=columns
            ),
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(path, error) from error
    if ragged:
        number, actual, expected = ragged[0]
        line = _line_of(path, number - 2)
        message = f"{path}, line {line}: {actual} columns where the header has {expected}; mend or quote the row"
        raise DataError(message)
    return table


def _not_blank(table: pa.Table) -> pa.ChunkedArray:
    """Return which rows hold anything at all in the wanted columns."""
    filled = [pc.not_equal(table[name], "") for name in (*REQUIRED, *OPTIONAL)]
    anything = filled[0]
    for one in filled[1:]:
        anything = pc.or_(anything, one)
    return anything


def _refuse_empty(path: Path, table: pa.Table) -> None:
    for name in REQUIRED:
        rows = table.filter(pc.equal(table[name], ""))["row"]
        if len(rows):
            line = _line_of(path, rows[0].as_py())
            message = f"{path}, line {line}: {name} is empty ({len(rows)} such rows); every record needs one"
            raise DataError(message)


def _refuse_doubles(path: Path, table: pa.Table) -> None:
    counted = table.group_by(["dataset", "key", "role"], use_threads=False).aggregate([("row", "count")])
    doubled = counted.filter(pc.greater(counted["row_count"], 1)).select(["dataset", "key", "role"])
    if not doubled.num_rows:
        return
    rows = table.join(doubled, ["dataset", "key", "role"], join_type="inner").sort_by("row").to_pylist()
    first = rows[0]
    again = next(row for row in rows[1:] if all(row[name] == first[name] for name in ("dataset", "key", "role")))
    _refuse_double(path, first, again)


def _refuse_double(path: Path, first: dict[str, str | int], again: dict[str, str | int]) -> NoReturn:
    name = record_name(str(first["dataset"]), str(first["key"]), str(first["role"]))
    lines = _line_of(path, int(first["row"])), _line_of(path, int(again["row"]))
    message = f"{path}, line {lines[1]}: record {name} stands on line {lines[0]} already; keep one row a record"
    raise DataError(message)


def _line_of(path: Path, row: int) -> int:
    """Return the line on which data row `row` (from 0) begins; quoted values may hold line breaks."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        for _ in range(row + 1):
            next(reader, None)
        return reader.line_num + 1


def _line_not_utf8(path: Path) -> int | None:
    """Return the first line that is not UTF-8, None if there is none or the file cannot be opened."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return number
    except OSError:
        return None
    return None
