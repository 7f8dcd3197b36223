"""Tests of estimates from a stratified sample of judged pairs."""

from __future__ import annotations

import numpy as np
import pytest

from linkage.errors import DataError
from linkage.evaluation.estimate import DRAWS, LEAST_OF_STRATUM, Stratum, allocate, estimate

PAIRS = np.array([20_000, 4_000, 800, 200, 50, 60, 150, 900])
TRUE = np.array([19_990, 3_980, 744, 150, 25, 36, 52, 45])
TOGETHER = np.array([True, True, True, True, True, False, False, False])


def inside(name: str, pairs: int, judged: int, matches: int) -> Stratum:
    """Return a stratum of pairs that share an identity."""
    return Stratum(name, together=True, pairs=pairs, judged=judged, matches=matches)


def apart(name: str, pairs: int, judged: int, matches: int) -> Stratum:
    """Return a stratum of pairs in different identities."""
    return Stratum(name, together=False, pairs=pairs, judged=judged, matches=matches)


def test_the_estimate_is_that_of_horvitz_and_thompson() -> None:
    """Each judged pair stands for as many pairs as its stratum has for each judged one."""
    strata = [inside("1", 100, 10, 9), inside("2", 20, 4, 1), apart("3", 60, 6, 2)]
    got = estimate(strata)
    true_together, true_apart = 90 + 5, 20
    assert got.precision.value == pytest.approx(true_together / 120)
    assert got.recall.value == pytest.approx(true_together / (true_together + true_apart))
    assert got.f1.value == pytest.approx(2 * true_together / (120 + true_together + true_apart))
    for one in (got.precision, got.recall, got.f1):
        assert one.interval[0] < one.value < one.interval[1]
    assert estimate(strata) == got


def test_a_census_leaves_no_doubt() -> None:
    """Where all pairs are judged the interval is the figure itself."""
    got = estimate([inside("1", 10, 10, 9), apart("2", 5, 5, 1)])
    assert got.precision.interval == (0.9, 0.9)
    assert got.recall.interval == (0.9, 0.9)


@pytest.mark.parametrize(
    ("size", "draws"), [(100, 4_000), *(pytest.param(size, DRAWS, marks=pytest.mark.slow) for size in (100, 200, 500))]
)
def test_intervals_cover_the_truth(monkeypatch: pytest.MonkeyPatch, size: int, draws: int) -> None:
    """In 400 seeded samples of a population of nearly sure pairs the intervals hold the true figures in 95 of 100 or more."""
    # With fewer draws the ends of an interval are less exact, so that it is no easier to hold.
    monkeypatch.setattr("linkage.evaluation.estimate.DRAWS", draws)
    common, every, whole = TRUE[TOGETHER].sum(), TRUE.sum(), PAIRS[TOGETHER].sum()
    figures = (common / whole, common / every, 2 * common / (whole + every))
    given = np.array(allocate(PAIRS.tolist(), (TRUE / PAIRS).tolist(), size))
    held = np.zeros(3)
    for seed in range(400):
        found = np.random.default_rng(seed).hypergeometric(TRUE, PAIRS - TRUE, given)
        strata = [
            Stratum(str(i), bool(TOGETHER[i]), int(PAIRS[i]), int(given[i]), int(found[i])) for i in range(PAIRS.size)
        ]
        got = estimate(strata)
        held += [
            one.interval[0] <= figure <= one.interval[1]
            for one, figure in zip((got.precision, got.recall, got.f1), figures, strict=True)
        ]
    assert (held >= 380).all(), held


def test_a_stratum_without_a_verdict_is_refused() -> None:
    """Nothing is guessed of pairs of which none is judged."""
    with pytest.raises(DataError, match="stratum 2: none of its pairs has a verdict"):
        estimate([inside("1", 10, 2, 2), apart("2", 10, 0, 0)])
    with pytest.raises(DataError, match="no pairs"):
        estimate([])
    with pytest.raises(DataError, match="do not fit"):
        estimate([inside("1", 1, 2, 2)])


def test_allocation_is_whole() -> None:
    """The size is spent to the last pair, no stratum gets more than it has, each gets its least, and doubtful ones more."""
    for size in (1, 7, 40, 41, 200, 999):
        given = allocate(PAIRS.tolist(), (TRUE / PAIRS).tolist(), size)
        assert sum(given) == size
        assert all(one <= pairs for one, pairs in zip(given, PAIRS.tolist(), strict=True))
    assert min(allocate(PAIRS.tolist(), [0.9] * 8, 200)) >= LEAST_OF_STRATUM
    sure, doubtful = allocate([1000, 1000], [0.95, 0.5], 100)
    assert doubtful > 2 * sure
    assert allocate([3, 0, 2], [0.5, 0.5, 0.5], 50) == [3, 0, 2]
