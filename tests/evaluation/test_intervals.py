"""Tests of confidence intervals by a bootstrap over units."""

from __future__ import annotations

import numpy as np
import pytest

from linkage.evaluation.intervals import Units, ratio_intervals, uncertainty
from linkage.evaluation.metrics import measure


def grouped(seed: int, entities: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Return true and found labels of groups of 1 to 5 records, some groups merged in twos, some records left out."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(entities), random.integers(1, 6, entities))
    merged = np.where(random.random(entities) < 0.1, np.arange(entities) // 2 * 2, np.arange(entities))
    found = merged[truth]
    alone = random.random(truth.size) < 0.05
    found[alone] = entities + np.arange(np.count_nonzero(alone))
    return truth, found


def test_units_are_closed_under_both_groupings() -> None:
    """Records that either grouping ties together are one unit, through any number of steps, and pairs add up over units."""
    units = Units([0, 0, 1, 1, 2, 3], [0, 1, 1, 2, 3, 3])
    assert units.count == 2
    assert sorted(units.pairs().tolist()) == [[0.0, 1.0, 0.0], [0.0, 1.0, 2.0]]
    truth, found = grouped(1)
    counts = measure(truth, found).counts
    whole = Units(truth, found).pairs().sum(axis=0).tolist()
    assert whole == [counts.common_pairs, counts.predicted_pairs, counts.reference_pairs]
    shares = Units(truth, found).shares().sum(axis=0)
    b_cubed = measure(truth, found).b_cubed
    assert shares[0] / shares[2] == pytest.approx(b_cubed.precision)
    assert shares[1] / shares[2] == pytest.approx(b_cubed.recall)


def test_pairs_inside_a_part_of_the_records() -> None:
    """Only pairs with both records inside are counted."""
    units = Units([0, 0, 0, 1], [0, 0, 1, 1])
    assert units.pairs(np.array([True, True, False, True])).sum(axis=0).tolist() == [1.0, 1.0, 1.0]
    assert units.pairs(np.array([True, False, False, True])).sum() == 0.0


def test_intervals_hold_the_measure_and_are_the_same_again_in_any_order() -> None:
    """The figure lies inside its interval, and neither the order of records nor the names of groups change a bit of it."""
    truth, found = grouped(2)
    got, metrics = uncertainty(truth, found), measure(truth, found)
    for part in ("precision", "recall", "f1"):
        for intervals, scores in ((got.pairwise, metrics.pairwise), (got.b_cubed, metrics.b_cubed)):
            low, high = getattr(intervals, part)
            assert 0 <= low < getattr(scores, part) < high <= 1
    order = np.random.default_rng(3).permutation(truth.size)
    assert uncertainty(1000 - truth[order], found[order] * 7) == got


def test_intervals_cover_what_they_estimate() -> None:
    """Over samples of one population the intervals of 95 % hold the population's precision and F1 in nearly that share."""
    truth, found = grouped(4, 60_000)
    whole = measure(truth, found).pairwise
    held = np.zeros(2)
    for part in range(150):
        # A sample of whole units: merged twos are never cut.
        inside = (truth >= part * 400) & (truth < (part + 1) * 400)
        got = uncertainty(truth[inside], found[inside]).pairwise
        held += [got.precision[0] <= whole.precision <= got.precision[1], got.f1[0] <= whole.f1 <= got.f1[1]]
    assert (held / 150 >= 0.89).all(), held


def test_no_error_is_not_certainty() -> None:
    """Where nothing went wrong the lower end is the exact bound for that many units, and few units give a low one."""
    perfect = uncertainty(np.repeat(np.arange(50), 2), np.repeat(np.arange(50), 2))
    assert perfect.pairwise.precision == (pytest.approx(0.025 ** (1 / 50)), 1.0)
    assert perfect.b_cubed.f1 == (pytest.approx(0.025 ** (1 / 50)), 1.0)
    assert uncertainty([0, 0], [0, 0]).pairwise.f1[0] == pytest.approx(0.025)


def test_nothing_right_and_nothing_to_measure() -> None:
    """Where nothing went right the upper end stays above 0; without any pair every value is possible."""
    wrong = uncertainty([0, 0, 1, 1], [0, 1, 0, 1]).pairwise
    assert wrong.precision == (0.0, pytest.approx(1 - 0.025))
    assert uncertainty([0, 1], [0, 1]).pairwise.precision == (0.0, 1.0)
    assert uncertainty([], []).b_cubed.f1 == (0.0, 1.0)


def test_large_equal_units_are_drawn_together() -> None:
    """A million equal units take no longer than their kinds: two here."""
    parts = np.ones((1_000_000, 2))
    parts[:1000] = 0
    low, high = ratio_intervals(parts, np.ones((1_000_000, 2))).precision
    assert 0.9988 < low < 0.999 < high < 0.9992
