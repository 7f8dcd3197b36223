"""Tests of the search for the best threshold of connected components."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.errors import DataError
from linkage.evaluation.components import best_components, components
from linkage.evaluation.metrics import Scores, measure

ONE = Scores(1.0, 1.0, 1.0)


def test_finds_the_threshold_between_good_and_bad_edges() -> None:
    """Edges at 5 and 4 bits are true, one at 1.2 bits joins two people: the best threshold lies between."""
    got = best_components(5, [0, 1, 2], [1, 2, 3], [5.0, 4.2, 1.2], [0, 0, 0, 1, 2])
    assert got.threshold == 4.0
    assert got.pairwise == got.b_cubed == got.cluster == ONE
    assert got.largest == 3


def test_joining_nothing_can_be_best() -> None:
    """Where every edge is false the threshold is None and the pairwise convention for no pairs holds."""
    got = best_components(3, [0, 1], [1, 2], [9.0, 8.0], [0, 1, 2])
    assert got.threshold is None
    assert got.pairwise == ONE
    assert got.to_json()["largest"] == 1


def test_no_edges_and_no_records() -> None:
    """An empty graph is measured, not refused."""
    assert best_components(2, [], [], [], [0, 0]).pairwise == Scores(1.0, 0.0, 0.0)
    assert best_components(0, [], [], [], []).largest == 0


def test_records_of_unknown_truth_join_but_are_not_measured() -> None:
    """Two records of one entity meet through a record whose entity is not known."""
    got = best_components(3, [0, 1], [1, 2], [3.0, 3.0], [7, -1, 7])
    assert got.pairwise == ONE
    assert got.largest == 3


@pytest.mark.parametrize(
    ("a", "weight", "truth", "text"),
    [
        ([0, 1], [1.0], [0, 0, 1], "do not fit"),
        ([0], [1.0], [0, 0], "do not fit"),
        ([5], [1.0], [0, 0, 1], "0 to 2"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(a: list[int], weight: list[float], truth: list[int], text: str) -> None:
    """Lengths or record numbers that do not fit together are refused in words."""
    with pytest.raises(DataError, match=text):
        best_components(3, a, [1], weight, truth)


@given(
    st.integers(2, 9).flatmap(
        lambda n: st.tuples(
            st.lists(
                st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.floats(-25, 70, width=32)),
                max_size=14,
            ),
            st.lists(st.integers(0, 3), min_size=n, max_size=n),
        )
    )
)
@settings(max_examples=20, deadline=None)
def test_equals_trying_every_half_bit(case: tuple[list[tuple[int, int, float]], list[int]]) -> None:
    """Contracting band by band finds the F1 of fresh components at every half bit, at the highest one."""
    edges, truth = case
    a, b = np.array([e[0] for e in edges], dtype=np.int64), np.array([e[1] for e in edges], dtype=np.int64)
    weight, n = np.array([e[2] for e in edges], dtype=np.float64), len(truth)
    best, threshold = measure(truth, np.arange(n)).pairwise.f1, None
    for half in range(120, -41, -1):
        keep = weight >= half / 2
        f1 = measure(truth, components(n, a[keep], b[keep])).pairwise.f1
        if f1 > best:
            best, threshold = f1, half / 2
    got = best_components(n, a, b, weight, truth)
    assert (got.pairwise.f1, got.threshold) == (best, threshold)
