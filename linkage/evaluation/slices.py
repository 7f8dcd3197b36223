"""The measures of parts of the records: where a release errs more than elsewhere.

Pairs are divided four ways, each only where the records tell it: by the two datasets they come from, by how many fields
the less complete of the two records fills, by the script of the name as written, and by where the surname is guessed to
come from (`origins`). A pair of two scripts or origins counts in both. Every count is made of pairs with both records
inside a set of records, so no pair is listed.

A slice with fewer than `LEAST_PAIRS` pairs, true or found, has counts but no figures: they would mislead.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.evaluation.align import grouping
from linkage.evaluation.intervals import Intervals, Sums, Units, ratio_intervals
from linkage.evaluation.metrics import Scores, ratio_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from linkage.evaluation.metrics import Labels

LEAST_PAIRS = 30
COLUMNS = ("filled", "script", "origin")
_BANDS = 3


@dataclass(frozen=True, slots=True)
class Slice:
    """Pairs of one kind: how many are true, found and both; scores and intervals unless they are too few.

    `by` is datasets, filled, script or origin. `worse` tells that even the upper end of F1 is below the F1 of all
    records of the type.
    """

    by: str
    name: str
    true_pairs: int
    found_pairs: int
    common_pairs: int
    scores: Scores | None
    intervals: Intervals | None
    worse: bool

    def to_json(self) -> dict[str, object]:
        """Return it as plain values; scores and intervals are null where the pairs are too few."""
        return {
            "by": self.by,
            "name": self.name,
            "true_pairs": self.true_pairs,
            "found_pairs": self.found_pairs,
            "common_pairs": self.common_pairs,
            "too_few": self.scores is None,
            "scores": None if self.scores is None else self.scores.to_json(),
            "intervals": None if self.intervals is None else self.intervals.to_json(),
            "worse": self.worse,
        }


def slices(records: pa.Table, truth: Labels, found: Labels) -> tuple[Slice, ...]:
    """Measure the slices of one type's records.

    `records` has dataset and any of filled (BIGINT, number of fields with a value), script and origin (strings), one
    row a record, in the order of the two groupings. A slice without any pair is left out.
    """
    units = Units(truth, found)
    whole = units.pairs()
    common, predicted, reference = (int(value) for value in whole.sum(axis=0))
    overall = ratio_scores(common, predicted, reference).f1
    results = []
    for by, name, sums in _sums(records, units, whole):
        one = _slice(by, name, sums, overall)
        if one.true_pairs or one.found_pairs:
            results.append(one)
    return tuple(results)


def _sums(records: pa.Table, units: Units, whole: Sums) -> Iterator[tuple[str, str, Sums]]:
    yield from _dataset_pairs(records["dataset"], units)
    if "filled" in records.column_names:
        yield from _completeness(records["filled"].to_numpy().astype(np.int64), units)
    for by in ("script", "origin"):
        if by in records.column_names and records[by].null_count < len(records):
            yield from _touching(by, records[by], units, whole)


def _dataset_pairs(column: pa.ChunkedArray, units: Units) -> Iterator[tuple[str, str, Sums]]:
    """Yield the pairs of each two datasets: those inside both together, without those inside either."""
    labels, names = _named(column)
    alone = [units.pairs(labels == label) for label in range(len(names))]
    for first, second in combinations_with_replacement(range(len(names)), 2):
        if first == second:
            yield "datasets", names[first], alone[first]
            continue
        together = units.pairs((labels == first) | (labels == second))
        yield "datasets", f"{names[first]} + {names[second]}", together - alone[first] - alone[second]


def _completeness(filled: Labels, units: Units) -> Iterator[tuple[str, str, Sums]]:
    """Yield pairs by the fields of their less complete record, in bands that hold about as many records each."""
    if not filled.size:
        return
    ordered = np.sort(filled, kind="stable")
    starts = sorted({int(ordered[(len(ordered) * band) // _BANDS]) for band in range(_BANDS)} | {int(ordered[0])})
    richer: list[Any] = [units.pairs(filled >= start) for start in starts]
    richer.append(np.zeros_like(richer[0]))
    for place, start in enumerate(starts):
        last = starts[place + 1] - 1 if place + 1 < len(starts) else int(ordered[-1])
        name = f"{start} fields" if start == last else f"{start} to {last} fields"
        yield "filled", name, richer[place] - richer[place + 1]


def _touching(by: str, column: pa.ChunkedArray, units: Units, whole: Sums) -> Iterator[tuple[str, str, Sums]]:
    """Yield for each value the pairs with at least one such record: all but those among the others."""
    labels, names = _named(column.fill_null("unknown"))
    for label, name in enumerate(names):
        yield by, name, whole - units.pairs(labels != label)


def _named(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return labels numbered by the sorted names, and the names."""
    found = grouping(column)
    names = found.names.to_pylist()
    order = sorted(range(len(names)), key=lambda place: str(names[place]))
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    return rank[found.labels], [str(names[place]) for place in order]


def _slice(by: str, name: str, sums: Sums, overall: float) -> Slice:
    common, predicted, reference = (int(value) for value in sums.sum(axis=0))
    if predicted + reference - common < LEAST_PAIRS:
        return Slice(by, name, reference, predicted, common, None, None, worse=False)
    intervals = ratio_intervals(sums[:, [0, 0]], sums[:, 1:])
    scores = ratio_scores(common, predicted, reference)
    return Slice(by, name, reference, predicted, common, scores, intervals, worse=intervals.f1[1] < overall)
