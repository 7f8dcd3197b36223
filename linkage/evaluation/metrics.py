"""Precision and recall of one grouping of records against another, three ways; pure functions on arrays.

Both groupings are label arrays aligned by record. Everything is counted from the cells of their contingency
table (how many records share reference group i and predicted group j), so time is that of sorting the records
and no pair is ever listed. Counts are exact 64-bit integers; the few floats are summed exactly rounded, hence
the figures depend neither on the order of the records nor on what the labels are called.

- pairwise: of the pairs of records put together, how many are together in the other grouping.
- B-cubed (Bagga and Baldwin 1998): for each record, the share of its group that belongs with it; averaged
  over all records, those alone in their group included.
- cluster: how many whole groups are found in exactly the same form on the other side, groups of one included.

What is empty is not wrong: precision is 1 where nothing was predicted (no pairs), recall is 1 where there was
nothing to find, and F1 is 2PR / (P + R), 0 when both are 0. Two groupings of no records agree perfectly.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from linkage.errors import DataError

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall and their harmonic mean, each from 0 to 1."""

    precision: float
    recall: float
    f1: float

    def to_json(self) -> dict[str, float]:
        """Return the three figures by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Counts:
    """The exact counts behind the scores: records; pairs and groups in reference, prediction and both."""

    records: int
    reference_pairs: int
    predicted_pairs: int
    common_pairs: int
    reference_clusters: int
    predicted_clusters: int
    common_clusters: int

    def to_json(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The three pairs of measures of one prediction against one reference, and what was counted."""

    pairwise: Scores
    b_cubed: Scores
    cluster: Scores
    counts: Counts

    def to_json(self) -> dict[str, dict[str, float] | dict[str, int]]:
        """Return scores and counts as plain dictionaries."""
        return {
            "pairwise": self.pairwise.to_json(),
            "b_cubed": self.b_cubed.to_json(),
            "cluster": self.cluster.to_json(),
            "counts": self.counts.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Cells:
    """The non-empty cells of the contingency table of two groupings; groups are numbered densely from 0.

    `reference`, `predicted` and `size` have one entry a cell, `reference_size` and `predicted_size` one a
    group.
    """

    reference: Labels
    predicted: Labels
    size: Labels
    reference_size: Labels
    predicted_size: Labels


def dense(labels: npt.ArrayLike) -> Labels:
    """Return the labels renumbered 0, 1, ... in their sorted order, one int64 a record."""
    inverse: Labels = np.unique(np.asarray(labels), return_inverse=True)[1]
    return inverse.astype(np.int64, copy=False).reshape(-1)


def contingency(reference: npt.ArrayLike, predicted: npt.ArrayLike) -> Cells:
    """Count the records of each pair of groups that meet.

    Both arguments are one label a record, in the same order of records. Raises DataError if the lengths
    differ.
    """
    rows, columns = dense(reference), dense(predicted)
    if rows.size != columns.size:
        message = f"two groupings of different length: {rows.size} and {columns.size} records; align them first"
        raise DataError(message)
    row_sizes, column_sizes = np.bincount(rows), np.bincount(columns)
    width = max(column_sizes.size, 1)
    keys, size = np.unique(rows * width + columns, return_counts=True)
    return Cells(
        reference=keys // width,
        predicted=keys % width,
        size=size.astype(np.int64, copy=False),
        reference_size=row_sizes.astype(np.int64, copy=False),
        predicted_size=column_sizes.astype(np.int64, copy=False),
    )


def pairs(sizes: Labels) -> int:
    """Return the number of pairs inside groups of the given sizes, exact."""
    return int((sizes * (sizes - 1) // 2).sum())


def measure(reference: npt.ArrayLike, predicted: npt.ArrayLike) -> Metrics:
    """Measure a prediction against a reference, both one label a record in the same order of records.

    Swapping the two swaps precision and recall, to the last bit. Raises DataError if the lengths differ.
    """
    return measure_cells(contingency(reference, predicted))


def measure_cells(cells: Cells) -> Metrics:
    """Measure from a contingency table that is already counted."""
    own_reference = cells.reference_size[cells.reference]
    own_predicted = cells.predicted_size[cells.predicted]
    whole = (cells.size == own_reference) & (cells.size == own_predicted)
    counts = Counts(
        records=int(cells.size.sum()),
        reference_pairs=pairs(cells.reference_size),
        predicted_pairs=pairs(cells.predicted_size),
        common_pairs=pairs(cells.size),
        reference_clusters=int(cells.reference_size.size),
        predicted_clusters=int(cells.predicted_size.size),
        common_clusters=int(np.count_nonzero(whole)),
    )
    return Metrics(
        pairwise=ratio_scores(counts.common_pairs, counts.predicted_pairs, counts.reference_pairs),
        b_cubed=_scores(
            _mean_share(cells.size, own_predicted, counts.records),
            _mean_share(cells.size, own_reference, counts.records),
        ),
        cluster=ratio_scores(counts.common_clusters, counts.predicted_clusters, counts.reference_clusters),
        counts=counts,
    )


def ratio_scores(common: int, predicted: int, reference: int) -> Scores:
    """Return the scores of `common` things among `predicted` ones, where `reference` are to be found."""
    precision = common / predicted if predicted else 1.0
    recall = common / reference if reference else 1.0
    return _scores(precision, recall)


def true_pairs_among(left: npt.ArrayLike, right: npt.ArrayLike, labels: npt.ArrayLike) -> int:
    """Return how many of the pairs (left[i], right[i]), positions into `labels`, have equal labels.

    The pairs are distinct and unordered; a negative label stands for a record whose group is not known.
    """
    own = np.asarray(labels, dtype=np.int64)
    first, second = own[np.asarray(left, dtype=np.int64)], own[np.asarray(right, dtype=np.int64)]
    return int(np.count_nonzero((first == second) & (first >= 0)))


def _mean_share(size: Labels, group_size: Labels, records: int) -> float:
    """Return the mean over records of (records shared with own cell / own group), from one entry a cell.

    A cell of c records adds c * c / group: the squares are summed as integers for each group size first, so
    that only as many floats as there are different sizes are added, exactly rounded.
    """
    if records == 0:
        return 1.0
    group_sizes, inverse = np.unique(group_size, return_inverse=True)
    squares = np.zeros(group_sizes.size, dtype=np.int64)
    np.add.at(squares, inverse.reshape(-1), size * size)
    return math.fsum((squares / group_sizes).tolist()) / records


def _scores(precision: float, recall: float) -> Scores:
    total = precision + recall
    return Scores(precision, recall, 2.0 * precision * recall / total if total else 0.0)
