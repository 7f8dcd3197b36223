"""Tests of finding the links whose removal divides an identity."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from linkage.review.bridges import find_bridges


def bridges(records, pairs):
    """Return sorted rows of the bridges of (a, b, strong, judged) pairs, the size of one side and the judgements with each."""
    columns = [np.array([pair[place] for pair in pairs], dtype=np.int64) for place in range(4)]
    found = find_bridges(records, *columns)
    rows = zip(*(getattr(found, name).tolist() for name in ("record", "other", "below", "judged")), strict=True)
    return sorted((min(a, b), max(a, b), below, judged) for a, b, below, judged in rows)


def test_two_cliques_joined_by_one_link():
    """The link between two triangles is the only bridge; weak pairs across the cut do not hold it."""
    triangles = [(a, b, 1, 0) for a, b in ((0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5))]
    assert bridges(6, [*triangles, (2, 3, 1, 0), (0, 5, 0, 0), (1, 4, 0, 0)]) == [(2, 3, 3, 0)]


def test_a_judgement_across_is_counted():
    """A judgement between the two sides is told with the bridge."""
    assert bridges(3, [(0, 1, 1, 0), (1, 2, 1, 0), (0, 2, 0, 1)]) == [(0, 1, 2, 1), (1, 2, 1, 1)]


def test_a_match_judgement_holds():
    """Two sides that a judgement holds together too have no bridge."""
    assert bridges(3, [(0, 1, 1, 0), (1, 2, 1, 0), (0, 2, 1, 1)]) == []


def test_records_without_a_link():
    """Records without any link, and none at all, have no bridge."""
    assert bridges(3, []) == []


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 9).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.booleans())))
    )
)
def test_bridges_are_what_divides(drawn):
    """A link is found exactly where leaving it out makes one component more, and its sides are those components."""
    records, drawn_pairs = drawn
    known = {(a, b): strong for a, b, strong in sorted(drawn_pairs) if a < b}
    pairs = [(a, b, int(strong), 0) for (a, b), strong in sorted(known.items())]

    def components(links):
        a, b = ([link[side] for link in links] for side in (0, 1))
        return connected_components(csr_matrix((np.ones(len(links)), (a, b)), shape=(records, records)), directed=False)

    strong = [pair for pair in pairs if pair[2]]
    whole, _ = components(strong)
    expected = set()
    for link in strong:
        count, labels = components([other for other in strong if other != link])
        if count > whole:
            expected.add((link[0], link[1], frozenset({int((labels == labels[side]).sum()) for side in link[:2]})))
    found = bridges(records, pairs)
    assert {(a, b) for a, b, *_ in found} == {(a, b) for a, b, _ in expected}
    sizes = {(a, b): sides for a, b, sides in expected}
    assert all(below in sizes[a, b] for a, b, below, *_ in found)
