"""Clusters compared as wholes: means by comparison, repeated disagreement, constraints. Weights in 1/1024 bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.clustering import BIT, Meetings, second_look, second_look_bytes
from linkage.errors import DataError

PRIOR = -10 * BIT
Told = list[tuple[int, int]]  # for each comparison: sum in bits, pairs that tell it


def meetings(
    component: list[int],
    told: dict[tuple[int, int], Told],
    known: list[list[int]] | None = None,
    held: tuple[tuple[int, int], ...] = (),
) -> Meetings:
    """Return what clusters say of each other; each tells every comparison once where `known` is not given."""
    comparisons = len(next(iter(told.values()))) if told else 1
    return Meetings(
        component=np.array(component),
        known=np.array(known if known is not None else [[1] * comparisons] * len(component)).reshape(-1, comparisons),
        a=np.array([a for a, _ in told], dtype=np.int64),
        b=np.array([b for _, b in told], dtype=np.int64),
        total=np.array([[total * BIT for total, _ in row] for row in told.values()]).reshape(-1, comparisons),
        count=np.array([[count for _, count in row] for row in told.values()]).reshape(-1, comparisons),
        held=np.array([pair in held for pair in told], dtype=np.bool_),
    )


def test_what_pairs_tell_apart_adds_up() -> None:
    """A name told by one pair and a birth date told by another are together enough, though each alone is not."""
    together = meetings([0, 0], {(0, 1): [(6, 1), (5, 1)]})
    assert second_look(together, PRIOR, 0).tolist() == [0, 0]
    alone = meetings([0, 0], {(0, 1): [(6, 1), (0, 0)]})
    assert second_look(alone, PRIOR, 0).tolist() == [0, 1]


def test_repeated_agreement_counts_once() -> None:
    """Four pairs that agree on the same thing say as much as one."""
    assert second_look(meetings([0, 0], {(0, 1): [(9 * 4, 4)]}), PRIOR, 0).tolist() == [0, 1]


def test_disagreement_that_all_records_repeat_counts_more() -> None:
    """Three records a side that all differ are no slip: their disagreement counts three times, not once."""
    told = {(0, 1): [(18 * 9, 9), (-4 * 9, 9)]}
    assert second_look(meetings([0, 0], told, known=[[3, 1], [3, 3]]), PRIOR, 0).tolist() == [0, 0]
    assert second_look(meetings([0, 0], told, known=[[3, 3], [3, 3]]), PRIOR, 0).tolist() == [0, 1]


def test_clusters_held_apart_stay_apart() -> None:
    """A conflict between two clusters also keeps apart what has merged with one of them."""
    strong = [(20, 1)]
    told = {(0, 1): [(30, 1)], (0, 2): strong, (1, 2): strong}
    assert second_look(meetings([0, 0, 0], told), PRIOR, 0).tolist() == [0, 0, 0]
    assert second_look(meetings([0, 0, 0], told, held=((1, 2),)), PRIOR, 0).tolist() == [0, 0, 2]


def test_clusters_that_no_pair_connects_stay_apart() -> None:
    """Silence is no evidence: clusters of which nothing was told do not merge."""
    assert second_look(meetings([0, 0, 0], {(0, 1): [(20, 1)]}), PRIOR, 0).tolist() == [0, 0, 2]
    assert second_look(meetings([0, 1], {}), PRIOR, 0).tolist() == [0, 1]


def test_misfits_are_refused() -> None:
    """Pairs of two components, pairs in the wrong order and shapes that do not fit are refused."""
    with pytest.raises(DataError, match="two components"):
        meetings([0, 1], {(0, 1): [(5, 1)]})
    with pytest.raises(DataError, match="ascending"):
        meetings([0, 0], {(1, 0): [(5, 1)]})
    with pytest.raises(DataError, match="shapes"):
        meetings([0, 0], {(0, 1): [(5, 1)]}, known=[[1]])
    assert second_look_bytes(1000, 13) < 300e6


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Draw two components of a few clusters, full of ties."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    component = [place for place, size in enumerate(sizes) for _ in range(size)]
    pairs = [(a, b) for b in range(len(component)) for a in range(b) if component[a] == component[b]]
    one = st.tuples(st.sampled_from([-12, -3, 0, 4, 8, 12]), st.integers(0, 2))
    told = {pair: draw(st.lists(one, min_size=2, max_size=2)) for pair in pairs if draw(st.booleans())}
    known = [[draw(st.integers(0, 3)), draw(st.integers(0, 3))] for _ in component]
    held = tuple(pair for pair in told if draw(st.integers(0, 5)) == 0)
    return {"component": component, "told": told, "known": known, "held": held}


@settings(max_examples=80, deadline=None, derandomize=True)
@given(worlds(), st.randoms(use_true_random=False))
def test_row_order_and_other_components_change_nothing(world: dict[str, Any], random: Any) -> None:
    """The labels are the same for shuffled rows, and those of one component the same without the others."""
    if not world["told"]:
        return
    label = second_look(meetings(**world), PRIOR // 2, 0)
    rows = list(world["told"].items())
    random.shuffle(rows)
    assert second_look(meetings(**{**world, "told": dict(rows)}), PRIOR // 2, 0).tolist() == label.tolist()
    last = world["component"][-1]
    own = [place for place, component in enumerate(world["component"]) if component == last]
    told = {(a - own[0], b - own[0]): row for (a, b), row in world["told"].items() if b >= own[0]}
    if told:
        held = tuple((a - own[0], b - own[0]) for a, b in world["held"] if b >= own[0])
        alone = meetings([0] * len(own), told, [world["known"][place] for place in own], held)
        assert second_look(alone, PRIOR // 2, 0).tolist() == [int(label[place]) - own[0] for place in own]
    for a, b in world["held"]:
        assert label[a] != label[b]
