"""A model against judged pairs."""

from __future__ import annotations

import numpy as np
import pytest

from linkage.evaluation.pairs import measure_pairs
from linkage.evaluation.reliability import pair_bands
from linkage.matching.labels import Labelled


def labelled(bits, match, weight=None):
    """Labels of a model without comparisons."""
    count = len(bits)
    return Labelled(
        np.zeros((count, 0), np.int64),
        np.array(match, np.bool_),
        np.ones(count) if weight is None else np.array(weight, np.float64),
        np.array(bits, np.float64),
    )


def test_pairs_are_counted_by_verdict_and_by_what_the_model_tells():
    """A pair counts as told a match from the threshold on, exactly; drawn and chosen pairs are counted together."""
    drawn = labelled([3.0, 2.9, 5.0, -1.0], [True, True, False, False])
    found = measure_pairs(drawn, labelled([10.0], [True]), 3.0)
    counts = (found.matches_told, found.matches_missed, found.non_matches_told, found.non_matches_refused)
    assert counts == (2, 1, 1, 1)


def test_estimates_are_of_drawn_pairs_and_of_those_they_stand_for():
    """Each drawn pair counts as often as its stratum says, chosen ones do not count, and the interval holds the estimate."""
    drawn = labelled([5.0, 5.0, 0.0], [True, False, True], [30.0, 10.0, 20.0])
    found = measure_pairs(drawn, labelled([9.0] * 50, [False] * 50), 3.0).estimates
    assert (found.precision.value, found.recall.value) == (0.75, 0.6)
    assert found.f1.value == pytest.approx(2 * 30 / (40 + 50))
    for one in (found.precision, found.recall, found.f1):
        assert one.interval[0] <= one.value <= one.interval[1]


def test_chosen_pairs_alone_give_counts_and_no_estimate():
    """Pairs that people chose tell nothing of the others; no pair at all measures nothing."""
    found = measure_pairs(None, labelled([5.0, 1.0], [True, False]), 3.0).to_json()
    assert (found["estimates"], found["matches_told"], found["non_matches_refused"]) == (None, 1, 1)
    assert [band["pairs"] for band in found["reliability"]] == [1, 1]
    assert measure_pairs(None, None, 3.0) is None
    assert measure_pairs(labelled([], []), None, 3.0) is None


def test_a_model_that_tells_nothing_has_a_recall_of_nought():
    """Without a pair told a match precision is that of nothing, one, and every match is missed."""
    found = measure_pairs(labelled([0.0, 0.0], [True, False]), None, 3.0).estimates
    assert (found.precision.value, found.recall.value, found.f1.value) == (1.0, 0.0, 0.0)


def test_bands_weigh_pairs_by_what_they_stand_for():
    """A band tells its judged pairs, and the mean stated and found shares of those that they stand for."""
    low, high = pair_bands(np.array([0.0, 1.5, 12.0]), np.array([True, False, True]), np.array([3.0, 1.0, 2.0]))
    assert (low.low, low.high, low.pairs, low.found) == (0, 2, 2, 0.75)
    assert low.stated == pytest.approx((3 * 0.5 + 2**1.5 / (1 + 2**1.5)) / 4, abs=1e-6)
    assert (high.low, high.high, high.pairs, high.found) == (10, None, 1, 1.0)
