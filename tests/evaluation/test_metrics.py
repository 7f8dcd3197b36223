"""Tests of the measures: hand-computed groupings, and brute force over pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.errors import DataError
from linkage.evaluation.metrics import Counts, Scores, measure, ratio_scores, true_pairs_among

groupings = st.integers(0, 14).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(-3, 4), min_size=n, max_size=n),
        st.lists(st.integers(0, 6), min_size=n, max_size=n),
    )
)


def close(scores: Scores, precision: float, recall: float) -> bool:
    """Tell whether scores hold these figures and their harmonic mean."""
    total = precision + recall
    f1 = 2 * precision * recall / total if total else 0.0
    return (scores.precision, scores.recall, scores.f1) == pytest.approx((precision, recall, f1))


def test_hand_computed_grouping() -> None:
    """Six records in {1,2,3},{4,5},{6} against {1,2},{3,4},{5},{6} have the figures computed by hand."""
    got = measure([0, 0, 0, 1, 1, 2], [10, 10, 11, 11, 12, 13])
    assert got.counts == Counts(6, 4, 2, 1, 3, 4, 1)
    assert close(got.pairwise, 1 / 2, 1 / 4)
    # Precision by record: 1, 1, 1/2, 1/2, 1, 1; recall: 2/3, 2/3, 1/3, 1/2, 1/2, 1.
    assert close(got.b_cubed, 5 / 6, (2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2 + 1) / 6)
    assert close(got.cluster, 1 / 4, 1 / 3)


def test_all_merged_and_all_apart() -> None:
    """One group for all has full recall and little precision; all apart has nothing wrong and no recall."""
    truth = [0, 0, 1, 1]
    merged = measure(truth, [7, 7, 7, 7])
    assert close(merged.pairwise, 2 / 6, 1.0)
    assert close(merged.b_cubed, 0.5, 1.0)
    assert close(merged.cluster, 0.0, 0.0)
    apart = measure(truth, [1, 2, 3, 4])
    assert close(apart.pairwise, 1.0, 0.0)
    assert close(apart.b_cubed, 1.0, 0.5)
    assert apart.pairwise.f1 == 0.0


def test_nothing_to_find_and_nothing_found_is_perfect() -> None:
    """Singletons on both sides, and no records at all, score 1 everywhere by convention."""
    for labels in ([], [3, 1, 2]):
        got = measure(labels, labels)
        assert got.pairwise == got.b_cubed == got.cluster == Scores(1.0, 1.0, 1.0)


def test_pairs_where_none_are_true() -> None:
    """Predicting pairs where the truth has none gives precision 0 and recall 1 by convention."""
    assert measure([1, 2, 3], [1, 1, 3]).pairwise == Scores(0.0, 1.0, 0.0)
    assert ratio_scores(0, 0, 5) == Scores(1.0, 0.0, 0.0)


def test_label_values_do_not_matter() -> None:
    """Huge, negative and textual labels give the figures of small ones."""
    small = measure([0, 0, 1, 1], [0, 1, 1, 1])
    assert measure([2**62, 2**62, -5, -5], ["x", "y", "y", "y"]) == small


def test_counts_are_exact_beyond_32_bits() -> None:
    """A group of 100,000 records has exactly 4,999,950,000 pairs."""
    labels = np.zeros(100_000, dtype=np.int64)
    assert measure(labels, labels).counts.common_pairs == 4_999_950_000


def test_different_lengths_are_refused() -> None:
    """Groupings that are not aligned are refused with both lengths."""
    with pytest.raises(DataError, match="2 and 3 records"):
        measure([1, 2], [1, 2, 3])


def test_true_pairs_among_skips_the_unknown() -> None:
    """Pairs of equal known label count; two records of unknown group are not a true pair."""
    assert true_pairs_among([0, 0, 2, 3], [1, 2, 3, 4], [5, 5, -1, -1, 5]) == 1


def test_json_has_every_figure() -> None:
    """The JSON form names the three measures with three figures each, and the counts."""
    got = measure([0, 0], [0, 0]).to_json()
    assert got["pairwise"] == got["b_cubed"] == got["cluster"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert got["counts"]["common_pairs"] == 1


@given(groupings)
@settings(deadline=None)
def test_equals_brute_force(labels: tuple[list[int], list[int]]) -> None:
    """Counting cells gives what enumerating pairs, records and groups gives."""
    truth, found = labels
    got = measure(truth, found)
    n = range(len(truth))
    true_pairs = {p for p in combinations(n, 2) if truth[p[0]] == truth[p[1]]}
    found_pairs = {p for p in combinations(n, 2) if found[p[0]] == found[p[1]]}
    true_groups = {frozenset(j for j in n if truth[j] == truth[i]) for i in n}
    found_groups = {frozenset(j for j in n if found[j] == found[i]) for i in n}
    assert got.counts == Counts(
        len(truth),
        len(true_pairs),
        len(found_pairs),
        len(true_pairs & found_pairs),
        len(true_groups),
        len(found_groups),
        len(true_groups & found_groups),
    )
    shares: list[tuple[float, float]] = []
    for i in n:
        own = {j for j in n if truth[j] == truth[i]}
        put = {j for j in n if found[j] == found[i]}
        shares.append((len(own & put) / len(put), len(own & put) / len(own)))
    if shares:
        precision, recall = (sum(column) / len(shares) for column in zip(*shares, strict=True))
        assert close(got.b_cubed, precision, recall)


@given(groupings)
@settings(deadline=None)
def test_swapping_the_sides_swaps_precision_and_recall(labels: tuple[list[int], list[int]]) -> None:
    """With reference and prediction swapped precision is recall and F1 the same, to the last bit."""
    forward, backward = measure(*labels), measure(*reversed(labels))
    for one, other in (
        (forward.pairwise, backward.pairwise),
        (forward.b_cubed, backward.b_cubed),
        (forward.cluster, backward.cluster),
    ):
        assert (one.precision, one.recall, one.f1) == (other.recall, other.precision, other.f1)


@given(groupings, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_of_records_does_not_matter(labels: tuple[list[int], list[int]], random: object) -> None:
    """Shuffled records give bit-equal figures, and a grouping against itself scores 1."""
    rows = list(zip(*labels, strict=True))
    random.shuffle(rows)  # type: ignore[attr-defined]
    truth, found = ([row[0] for row in rows], [row[1] for row in rows])
    assert measure(truth, found) == measure(*labels)
    assert measure(truth, truth).b_cubed == Scores(1.0, 1.0, 1.0)
