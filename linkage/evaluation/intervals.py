"""How sure the measures are: confidence intervals by a seeded bootstrap over groups of records.

What is drawn again is a *unit*: the records that the true or the found grouping ties together, through any number of
steps. No pair of either grouping leaves its unit, so pairs, and the sums behind B-cubed, add up exactly over units, and
units are as good as independent; resampling records or pairs would take a wrong merge of a hundred records for
thousands of independent errors. (Clusters as the sampling unit, and precision and recall as ratios of their sums:
Binette and others, "Estimating the Performance of Entity Resolution Algorithms", The American Statistician 77, 2023.)

Each measure is a ratio of two sums, computed anew for every resample; the interval is from the 2.5th to the 97.5th
percentile (Efron 1979). Equal units are drawn together by one multinomial, which is the same distribution, so time
does not follow the number of records. Where nothing went wrong a bootstrap says "certainly perfect"; there the lower
end is the exact bound of Clopper and Pearson for n units without a failure, (alpha / 2) ** (1 / n), and likewise
upwards where nothing went right. With very few errors a percentile interval is somewhat too short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from linkage.evaluation.components import components
from linkage.evaluation.metrics import dense

if TYPE_CHECKING:
    from linkage.evaluation.metrics import Labels

LEVEL = 0.95
RESAMPLES = 1000
SEED = 1
_DRAWN_AT_ONCE = 4_000_000

Interval = tuple[float, float]
Sums = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of precision, recall and F1 of one measure, each (low, high)."""

    precision: Interval
    recall: Interval
    f1: Interval

    def to_json(self) -> dict[str, list[float]]:
        """Return the three intervals by name."""
        return {"precision": list(self.precision), "recall": list(self.recall), "f1": list(self.f1)}


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Intervals of pairwise and B-cubed measures, and how many units they rest on."""

    pairwise: Intervals
    b_cubed: Intervals
    units: int

    def to_json(self) -> dict[str, object]:
        """Return intervals, level, resamples and units as plain values."""
        return {
            "level": LEVEL,
            "resamples": RESAMPLES,
            "units": self.units,
            "pairwise": self.pairwise.to_json(),
            "b_cubed": self.b_cubed.to_json(),
        }


class Units:
    """Two groupings of the same records cut into units; counts pairs by unit.

    `reference` and `predicted` are one label a record. `count` is the number of units.
    """

    def __init__(self, reference: npt.ArrayLike, predicted: npt.ArrayLike) -> None:
        self._rows, self._columns = dense(reference), dense(predicted)
        self._row_count = int(self._rows.max()) + 1 if self._rows.size else 0
        self._column_count = int(self._columns.max()) + 1 if self._columns.size else 0
        cells, self._cell = np.unique(self._rows * max(self._column_count, 1) + self._columns, return_inverse=True)
        self._cell = self._cell.reshape(-1)
        self._row_of_cell, self._column_of_cell = (
            cells // max(self._column_count, 1),
            cells % max(self._column_count, 1),
        )
        joined = components(
            self._row_count + self._column_count, self._row_of_cell, self._row_count + self._column_of_cell
        )
        self._unit_of_row, self._unit_of_column = joined[: self._row_count], joined[self._row_count :]
        self._unit_of_cell = self._unit_of_row[self._row_of_cell]
        self.count = int(joined.max()) + 1 if joined.size else 0

    def pairs(self, inside: npt.NDArray[np.bool_] | None = None) -> Sums:
        """Return for each unit its common, predicted and reference pairs with both records `inside` (all if None)."""
        chosen = slice(None) if inside is None else inside
        parts = (
            (self._cell, self._unit_of_cell),
            (self._columns, self._unit_of_column),
            (self._rows, self._unit_of_row),
        )
        return np.column_stack([self._pairs_by_unit(groups[chosen], units) for groups, units in parts])

    def _pairs_by_unit(self, groups: Labels, unit_of_group: Labels) -> Sums:
        sizes = np.bincount(groups, minlength=unit_of_group.size)
        # Sums of whole numbers: exact in a float up to 2 ** 53.
        sums = np.bincount(unit_of_group, weights=sizes * (sizes - 1) // 2, minlength=self.count)
        # Without any group the weights are ignored and counts come back as integers.
        return sums.astype(np.float64)

    def shares(self) -> Sums:
        """Return for each unit the sums behind B-cubed: precision, recall, records."""
        size = np.bincount(self._cell, minlength=self._unit_of_cell.size)
        squares = (size * size).astype(np.float64)
        found, true = np.bincount(self._columns), np.bincount(self._rows)
        sums = (squares / found[self._column_of_cell], squares / true[self._row_of_cell], size.astype(np.float64))
        return np.column_stack(
            [np.bincount(self._unit_of_cell, weights=values, minlength=self.count) for values in sums]
        )


def uncertainty(reference: npt.ArrayLike, predicted: npt.ArrayLike, *, seed: int = SEED) -> Uncertainty:
    """Return the intervals of a prediction's measures, both arguments one label a record.

    The same records give the same intervals to the last bit, whatever their order.
    """
    units = Units(reference, predicted)
    pairs, shares = units.pairs(), units.shares()
    # B-cubed precision and recall are both means over the same records.
    records = shares[:, [2, 2]]
    return Uncertainty(
        pairwise=ratio_intervals(pairs[:, [0, 0]], pairs[:, 1:], seed=seed),
        b_cubed=ratio_intervals(shares[:, :2], records, seed=seed),
        units=units.count,
    )


def ratio_intervals(parts: Sums, wholes: Sums, *, seed: int = SEED) -> Intervals:
    """Return intervals of precision and recall as ratios of sums over units, and of their harmonic mean.

    `parts` and `wholes` have one row a unit and a column each for precision and recall. A measure with nothing to
    measure it on gets the interval from 0 to 1.
    """
    rows, counts = _alike(np.column_stack((parts, wholes)))
    precision, recall = _resampled(rows, counts, seed)
    total = precision + recall
    f1 = np.where(total > 0, 2 * precision * recall / np.where(total > 0, total, 1), 0.0)
    bases = [int(counts[rows[:, column] > 0].sum()) for column in (2, 3)]
    both = int(counts[(rows[:, 2] > 0) | (rows[:, 3] > 0)].sum())
    sums = counts @ rows if counts.size else np.zeros(4)
    right = [bool(sums[column] >= sums[column + 2] * (1 - 1e-12)) for column in (0, 1)]
    wrong = [bool(sums[column] == 0) for column in (0, 1)]
    return Intervals(
        precision=_interval(precision, bases[0], perfect=right[0], nothing=wrong[0]),
        recall=_interval(recall, bases[1], perfect=right[1], nothing=wrong[1]),
        f1=_interval(f1, both, perfect=all(right), nothing=any(wrong)),
    )


def _alike(rows: Sums) -> tuple[Sums, Labels]:
    """Return the different rows, sorted, and how many units have each; sums are rounded so that ties are ties."""
    said = rows.any(axis=1)
    rounded = np.round(rows[said], 9)
    codes = np.zeros(rounded.shape[0], dtype=np.int64)
    # Column by column: sorting numbers is far quicker than sorting rows.
    for column in rounded.T:
        values, place = np.unique(column, return_inverse=True)
        codes = dense(codes * values.size + place.reshape(-1))
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    kinds = rounded[first]
    silent = int(rows.shape[0] - np.count_nonzero(said))
    if silent:
        # Units that say nothing here are drawn all the same: how many say something is left to chance too.
        kinds = np.vstack((np.zeros((1, rounded.shape[1])), kinds))
        counts = np.concatenate(([silent], counts))
    return kinds, counts.astype(np.int64)


def _resampled(rows: Sums, counts: Labels, seed: int) -> tuple[Sums, Sums]:
    """Return precision and recall of each resample."""
    if not counts.size:
        return np.ones(1), np.ones(1)
    random = np.random.default_rng(seed)
    total = int(counts.sum())
    step = max(1, _DRAWN_AT_ONCE // counts.size)
    sums = np.vstack(
        [
            random.multinomial(total, counts / total, size=min(step, RESAMPLES - first)) @ rows
            for first in range(0, RESAMPLES, step)
        ]
    )
    ratios = [
        np.where(
            sums[:, column + 2] > 0, sums[:, column] / np.where(sums[:, column + 2] > 0, sums[:, column + 2], 1), 1.0
        )
        for column in (0, 1)
    ]
    return ratios[0], ratios[1]


def _interval(values: Sums, base: int, *, perfect: bool, nothing: bool) -> Interval:
    """Return the percentile interval, opened to the exact bound where the `base` units show no failure or no success."""
    if base == 0:
        return 0.0, 1.0
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    bound = ((1 - LEVEL) / 2) ** (1 / base)
    if perfect:
        return float(bound), 1.0
    if nothing:
        return 0.0, float(1 - bound)
    return float(min(max(low, 0.0), 1.0)), float(min(max(high, 0.0), 1.0))
