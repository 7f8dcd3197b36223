"""Tests of the measures of parts of the records."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from linkage.evaluation.slices import LEAST_PAIRS, Slice, slices


def measured(records: dict[str, list[object]], truth: list[int], found: list[int]) -> dict[tuple[str, str], Slice]:
    """Return the slices by what they are."""
    got = slices(pa.table(records), np.array(truth), np.array(found))
    return {(one.by, one.name): one for one in got}


def test_pairs_by_their_two_datasets() -> None:
    """Each pair is in the slice of its two datasets, in either order, and in no other."""
    got = measured({"dataset": ["a", "b", "a", "b"]}, [0, 0, 0, 1], [0, 0, 1, 1])
    assert [name for _, name in got] == ["a", "a + b"]
    one = got["datasets", "a"]
    assert (one.true_pairs, one.found_pairs, one.common_pairs) == (1, 0, 0)
    two = got["datasets", "a + b"]
    assert (two.true_pairs, two.found_pairs, two.common_pairs) == (2, 2, 1)


def test_pairs_by_the_less_complete_record() -> None:
    """A pair of a full and a poor record counts as poor, and the bands add up to all pairs."""
    got = measured({"dataset": ["a"] * 6, "filled": [1, 9, 9, 5, 5, 9]}, [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1])
    counts = {name: one.true_pairs for (by, name), one in got.items() if by == "filled"}
    assert counts == {"1 to 4 fields": 2, "5 to 8 fields": 3, "9 fields": 1}


def test_a_pair_of_two_origins_counts_in_both() -> None:
    """Script and origin slices hold every pair with at least one such record; what is not told is unknown."""
    records = {"dataset": ["a"] * 3, "origin": ["greek", "slavic", None], "script": ["latin", "greek", "latin"]}
    got = measured(records, [0, 0, 0], [0, 0, 1])
    assert got["origin", "greek"].true_pairs == got["origin", "slavic"].true_pairs == 2
    assert got["origin", "unknown"].found_pairs == 0
    assert (got["script", "greek"].true_pairs, got["script", "latin"].true_pairs) == (2, 3)


def test_too_few_pairs_have_no_figures() -> None:
    """A slice below the least number of pairs has counts and no scores; one at it has scores with intervals."""
    pairs = LEAST_PAIRS
    truth = np.repeat(np.arange(pairs + 1), 2).tolist()
    got = measured({"dataset": ["many"] * (2 * pairs) + ["few"] * 2}, truth, truth)
    assert got["datasets", "few"].scores is None
    assert got["datasets", "few"].to_json()["too_few"] is True
    many = got["datasets", "many"]
    assert many.scores is not None
    assert many.scores.f1 == 1.0
    assert many.intervals is not None
    assert many.intervals.f1[1] == 1.0


def test_a_slice_that_is_never_found_is_shown() -> None:
    """A slice whose true pairs are all missed has recall 0 and is marked as worse than the rest."""
    truth = np.repeat(np.arange(200), 2)
    found = truth.copy()
    found[:80:2] = 1000 + np.arange(40)
    origin = ["greek"] * 80 + ["slavic"] * 320
    one = measured({"dataset": ["a"] * 400, "origin": origin}, truth.tolist(), found.tolist())["origin", "greek"]
    assert one.scores is not None
    assert (one.scores.recall, one.worse) == (0.0, True)
