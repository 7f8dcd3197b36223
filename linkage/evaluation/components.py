"""Connected components of scored pairs at their best threshold: what a baseline reaches, truth in hand.

Picking the threshold with the truth flatters a baseline on purpose: beating it then means something.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from linkage.errors import DataError
from linkage.evaluation.metrics import Labels, Metrics, Scores, contingency, measure, pairs, ratio_scores

STEP = 0.5
LOWEST, HIGHEST = -20.0, 60.0


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """The best that components of a scored graph reach.

    `threshold` is the match weight (bits) from which pairs are joined, None if joining nothing is best;
    `largest` is the number of records in the largest component; `seconds` what the search took.
    """

    threshold: float | None
    pairwise: Scores
    b_cubed: Scores
    cluster: Scores
    largest: int
    seconds: float

    def to_json(self) -> dict[str, object]:
        """Return threshold, scores and counts as plain values."""
        return {
            "threshold": self.threshold,
            "pairwise": self.pairwise.to_json(),
            "b_cubed": self.b_cubed.to_json(),
            "cluster": self.cluster.to_json(),
            "largest": self.largest,
            "seconds": self.seconds,
        }


def components(n: int, a: Labels, b: Labels) -> Labels:
    """Return the component of each of `n` nodes under the edges (a[i], b[i]), numbered from 0."""
    ones = np.ones(a.size, dtype=np.int8)
    graph = coo_matrix((ones, (a, b)), shape=(n, n))
    labels: Labels = connected_components(graph, directed=False)[1]
    return labels.astype(np.int64, copy=False)


def best_components(
    n: int, a: npt.ArrayLike, b: npt.ArrayLike, weight: npt.ArrayLike, truth_labels: npt.ArrayLike
) -> BaselineResult:
    """Find the threshold (half bits) at which connected components have the best pairwise F1.

    `a`, `b`: positions 0 to n - 1 of the records of each scored pair; `weight`: its match weight in bits;
    `truth_labels`: the true group of each of the n records, negative where it is not known (such records join
    components and are not measured). Of thresholds with equal F1 the highest is taken. Raises DataError for
    arrays that do not fit together.
    """
    started = time.perf_counter()
    left, right, bits, truth = _checked(n, a, b, weight, truth_labels)
    known = truth >= 0
    truth = truth[known]
    labels = np.arange(n, dtype=np.int64)
    best_labels, best_threshold, best_f1 = labels, None, _pairwise_f1(truth, labels[known])
    for threshold, start, end in _bands(bits):
        # Each band only has to join what the bands above it left apart.
        labels = components(int(labels.max()) + 1, labels[left[start:end]], labels[right[start:end]])[labels]
        f1 = _pairwise_f1(truth, labels[known])
        if f1 > best_f1:
            best_labels, best_threshold, best_f1 = labels, threshold, f1
    metrics: Metrics = measure(truth, best_labels[known])
    return BaselineResult(
        threshold=best_threshold,
        pairwise=metrics.pairwise,
        b_cubed=metrics.b_cubed,
        cluster=metrics.cluster,
        largest=int(np.bincount(best_labels).max()) if n else 0,
        seconds=time.perf_counter() - started,
    )


def _checked(
    n: int, a: npt.ArrayLike, b: npt.ArrayLike, weight: npt.ArrayLike, truth_labels: npt.ArrayLike
) -> tuple[Labels, Labels, npt.NDArray[np.float64], Labels]:
    """Return the arrays typed, edges by falling weight; refuse lengths and positions that do not fit."""
    left, right = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    bits, truth = np.asarray(weight, dtype=np.float64), np.asarray(truth_labels, dtype=np.int64)
    if not left.size == right.size == bits.size or truth.size != n:
        message = (
            f"scored pairs do not fit: {left.size} left, {right.size} right, {bits.size} weights, "
            f"{truth.size} true labels for {n} records"
        )
        raise DataError(message)
    if left.size and (min(left.min(), right.min()) < 0 or max(left.max(), right.max()) >= n):
        message = f"scored pairs name records outside 0 to {n - 1}: number the records densely first"
        raise DataError(message)
    order = np.argsort(-bits, kind="stable")
    return left[order], right[order], bits[order], truth


def _bands(bits: npt.NDArray[np.float64]) -> list[tuple[float, int, int]]:
    """Return (threshold, first edge, last edge + 1) of each grid step that adds edges, from the top."""
    if not bits.size:
        return []
    top, bottom = np.clip([bits[0], bits[-1]], LOWEST, HIGHEST)
    first, last = np.floor(top / STEP), np.floor(bottom / STEP)
    thresholds = np.arange(first, last - 1, -1) * STEP
    ends = np.searchsorted(-bits, -thresholds, side="right")
    starts = np.concatenate(([0], ends[:-1]))
    return [(float(t), int(s), int(e)) for t, s, e in zip(thresholds, starts, ends, strict=True) if e > s]


def _pairwise_f1(truth: Labels, predicted: Labels) -> float:
    cells = contingency(truth, predicted)
    return ratio_scores(pairs(cells.size), pairs(cells.predicted_size), pairs(cells.reference_size)).f1
