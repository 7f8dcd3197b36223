"""The worst errors of a grouping, by example: groups that hold what should be apart, and the reverse.

Both are one question asked in two directions: which groups of one side fall into several of the other, and
how many pairs of records that concerns. Records are named, never shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.evaluation.align import Grouping, record_name

if TYPE_CHECKING:
    from linkage.evaluation.metrics import Labels

PARTS_SHOWN = 10
RECORDS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Part:
    """Records of an example that belong together on the other side: the first names and how many."""

    group: str
    records: tuple[str, ...]
    record_count: int


@dataclass(frozen=True, slots=True)
class Example:
    """One group that falls into several parts: the largest, how many there are, and the pairs concerned."""

    group: str
    pairs: int
    parts: tuple[Part, ...]
    part_count: int

    def to_json(self, group: str, part: str) -> dict[str, object]:
        """Return it as plain values; `group` and `part` say what the two sides are called."""
        return {
            group: self.group,
            "pairs": self.pairs,
            "part_count": self.part_count,
            "parts": [
                {part: one.group, "record_count": one.record_count, "records": list(one.records)} for one in self.parts
            ],
        }


def worst(records: pa.Table, outer: Grouping, inner: Grouping, limit: int) -> tuple[Example, ...]:
    """Return the groups of `outer` with the most pairs of records that `inner` holds apart, at most `limit`.

    `records` has string columns dataset, key and role, one row a label of the two groupings. Ties go by name.
    """
    divided = _divided_pairs(outer.labels, inner.labels)
    candidates = np.flatnonzero(divided > 0)
    if not candidates.size or limit <= 0:
        return ()
    table = pa.table(
        {
            "label": candidates,
            "pairs": divided[candidates],
            "name": outer.names.take(pa.array(candidates)).cast(pa.large_string()),
        }
    )
    order = pc.select_k_unstable(table, k=limit, sort_keys=[("pairs", "descending"), ("name", "ascending")])
    chosen = table.take(order)
    return tuple(
        _example(records, outer.labels == row["label"], inner, row["name"], row["pairs"]) for row in chosen.to_pylist()
    )


def _divided_pairs(outer: Labels, inner: Labels) -> Labels:
    """Return for each outer group the number of its pairs that are in different inner groups."""
    sizes = np.bincount(outer).astype(np.int64, copy=False)
    width = int(inner.max()) + 1 if inner.size else 1
    cells, counts = np.unique(outer * width + inner, return_counts=True)
    together = np.zeros(sizes.size, dtype=np.int64)
    np.add.at(together, cells // width, counts * (counts - 1) // 2)
    divided: Labels = sizes * (sizes - 1) // 2 - together
    return divided


def _example(
    records: pa.Table,
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]],
    inner: Grouping,
    group: str,
    pairs: int,
) -> Example:
    rows = np.flatnonzero(inside)
    names = [
        record_name(row["dataset"], row["key"], row["role"])
        for row in records.select(["dataset", "key", "role"]).take(pa.array(rows)).to_pylist()
    ]
    members: dict[int, list[str]] = {}
    for label, name in zip(inner.labels[rows].tolist(), names, strict=True):
        members.setdefault(label, []).append(name)
    parts = [
        Part(str(inner.names[label].as_py()), tuple(sorted(found)[:RECORDS_SHOWN]), len(found))
        for label, found in members.items()
    ]
    parts.sort(key=lambda part: (-part.record_count, part.group))
    return Example(group, pairs, tuple(parts[:PARTS_SHOWN]), len(parts))
