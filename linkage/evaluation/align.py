"""Joining two groupings record by record, vectorised.

A record is named by dataset, key and role. Role '' means that the file does not tell roles apart: it joins
the one record of that key on the other side, whatever its role. A key with several records is never guessed
at: its records without a role stay unjoined and are counted as ambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.errors import DataError
from linkage.evaluation.metrics import Labels, dense

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD = ("dataset", "key", "role")


@dataclass(frozen=True, slots=True)
class Alignment:
    """Rows of two tables that are the same record, and the rows that are in one of them only.

    `left[i]` and `right[i]` are row numbers of one record, ascending in `left`; `left_only` and `right_only`
    are ascending row numbers; `ambiguous` counts those of them that have no role while their key has several
    records.
    """

    left: Labels
    right: Labels
    left_only: Labels
    right_only: Labels
    ambiguous: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """The group of each record as a dense label, and the name of each label."""

    labels: Labels
    names: pa.Array

    def take(self, rows: Labels) -> Grouping:
        """Return the grouping of some of the records, its labels dense again."""
        kept, labels = np.unique(self.labels[rows], return_inverse=True)
        return Grouping(labels.astype(np.int64, copy=False).reshape(-1), self.names.take(pa.array(kept)))


def align(left: pa.Table, right: pa.Table) -> Alignment:
    """Join two tables with string columns dataset, key and role (absent or NULL: ''), unique on the three.

    Raises DataError if a record stands twice in one table or a dataset or key is NULL.
    """
    first, second = _columns(left, "first table"), _columns(right, "second table")
    keys, records = _codes(first, second)
    left_keys, right_keys = keys[: left.num_rows], keys[left.num_rows :]
    left_records, right_records = records[: left.num_rows], records[left.num_rows :]
    _refuse_twice(left_records, "first table", left)
    _refuse_twice(right_records, "second table", right)
    _, rows, others = np.intersect1d(left_records, right_records, assume_unique=True, return_indices=True)
    left_free, right_free = np.ones(left.num_rows, dtype=bool), np.ones(right.num_rows, dtype=bool)
    left_free[rows], right_free[others] = False, False
    single_left, single_right = _single(left_keys), _single(right_keys)
    _, more_rows, more_others = np.intersect1d(
        left_keys[single_left], right_keys[single_right], assume_unique=True, return_indices=True
    )
    more_rows, more_others = single_left[more_rows], single_right[more_others]
    bare_left, bare_right = _bare(first[2]), _bare(second[2])
    keep = left_free[more_rows] & right_free[more_others] & (bare_left[more_rows] | bare_right[more_others])
    more_rows, more_others = more_rows[keep], more_others[keep]
    left_free[more_rows], right_free[more_others] = False, False
    shared = np.intersect1d(left_keys, right_keys)
    ambiguous = np.count_nonzero(np.isin(left_keys[left_free & bare_left], shared))
    ambiguous += np.count_nonzero(np.isin(right_keys[right_free & bare_right], shared))
    all_rows, all_others = np.concatenate((rows, more_rows)), np.concatenate((others, more_others))
    order = np.argsort(all_rows, kind="stable")
    return Alignment(
        left=all_rows[order].astype(np.int64, copy=False),
        right=all_others[order].astype(np.int64, copy=False),
        left_only=np.flatnonzero(left_free).astype(np.int64, copy=False),
        right_only=np.flatnonzero(right_free).astype(np.int64, copy=False),
        ambiguous=int(ambiguous),
    )


def grouping(column: pa.ChunkedArray) -> Grouping:
    """Return a column of group names as dense labels, in order of appearance. Raises DataError for a NULL."""
    if column.null_count:
        message = f"{column.null_count} records have no group: give each record one"
        raise DataError(message)
    labels, names = _encode(column.cast(pa.large_string()))
    return Grouping(labels, names)


def record_name(dataset: str, key: str, role: str) -> str:
    """Return the name of a record as people write it: DATASET/KEY or DATASET/KEY#ROLE."""
    return f"{dataset}/{key}#{role}" if role else f"{dataset}/{key}"


def _columns(table: pa.Table, which: str) -> list[pa.ChunkedArray]:
    """Return dataset, key and role as strings; a missing role column is all ''."""
    for name in RECORD[:2]:
        if name not in table.column_names:
            message = f"{which}: column {name!r} is missing; it has {', '.join(table.column_names)}"
            raise DataError(message)
        if table[name].null_count:
            message = f"{which}: column {name!r} is NULL in {table[name].null_count} rows; a record needs both"
            raise DataError(message)
    if "role" in table.column_names:
        role = pc.fill_null(table["role"].cast(pa.large_string()), "")
    else:
        role = pa.chunked_array([pa.repeat(pa.scalar("", pa.large_string()), table.num_rows)])
    return [table["dataset"].cast(pa.large_string()), table["key"].cast(pa.large_string()), role]


def _encode(column: pa.ChunkedArray) -> tuple[Labels, pa.Array]:
    """Return the code of each value and the values by code."""
    if not len(column):
        return np.empty(0, dtype=np.int64), pa.array([], column.type)
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64, copy=False), encoded.dictionary


def _codes(left: Sequence[pa.ChunkedArray], right: Sequence[pa.ChunkedArray]) -> tuple[Labels, Labels]:
    """Number keys (the first two columns) and records (all three) alike in both tables, left rows first."""
    codes = np.zeros(len(left[0]) + len(right[0]), dtype=np.int64)
    numbered: list[Labels] = []
    for mine, theirs in zip(left, right, strict=True):
        values, names = _encode(pa.chunked_array(mine.chunks + theirs.chunks, pa.large_string()))
        codes = dense(codes * max(len(names), 1) + values)
        numbered.append(codes)
    return numbered[1], numbered[2]


def _single(codes: Labels) -> Labels:
    """Return the rows whose code no other row has."""
    _, rows, counts = np.unique(codes, return_index=True, return_counts=True)
    single: Labels = rows[counts == 1].astype(np.int64, copy=False)
    return single


def _bare(role: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which roles are ''."""
    bare = pc.equal(role, pa.scalar("", pa.large_string()))
    return np.asarray(bare.to_numpy(), dtype=bool)


def _refuse_twice(codes: Labels, which: str, table: pa.Table) -> None:
    _, rows, counts = np.unique(codes, return_index=True, return_counts=True)
    if counts.size and counts.max() > 1:
        row = table.slice(int(rows[np.argmax(counts > 1)]), 1).to_pylist()[0]
        name = record_name(row["dataset"], row["key"], row.get("role") or "")
        message = f"{which}: record {name} stands there more than once; keep one row a record"
        raise DataError(message)
