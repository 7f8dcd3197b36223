"""Components over the floor, cut where they are too large, and the pairs inside that have no edge."""

from __future__ import annotations

import numpy as np
import pytest

from linkage.clustering import (
    BIT,
    ClusterSettings,
    Edges,
    Judgements,
    components,
    count_missing_pairs,
    find_components,
    missing_pairs,
)
from linkage.errors import DataError

NONE = Judgements.none()


def settings(floor: int = 0, component_max: int = 1000) -> ClusterSettings:
    """Return settings of which only the component part matters here."""
    return ClusterSettings(stop=0, floor=floor, ambiguity=0, component_max=component_max)


def edges(*rows: tuple[int, int, int]) -> Edges:
    """Return edges of (a, b, bits)."""
    a, b, bits = zip(*rows, strict=True)
    return Edges(a, b, [BIT * weight for weight in bits], [False] * len(rows))


def test_edges_at_the_floor_join_and_below_do_not() -> None:
    """The floor itself belongs to the component; one unit below does not."""
    pairs = Edges([0, 2], [1, 3], [100, 99], [False, False])
    assert components(5, pairs, settings(floor=100), NONE).tolist() == [0, 0, 2, 3, 4]


def test_match_judgement_joins_without_an_edge_and_non_match_does_not() -> None:
    """A match joins components whatever the weights; a non-match neither joins nor parts them."""
    judged = Judgements([4, 1], [0, 2], [True, False])
    assert components(5, edges((0, 1, 3)), settings(), judged).tolist() == [0, 0, 2, 3, 0]


def test_hub_is_cut_at_its_own_floor_and_neighbours_are_not() -> None:
    """A hub's component is cut at the weak ties; another component with equally weak ties stays whole."""
    strong = [(0, 1, 9), (2, 3, 9), (4, 5, 9)]
    hub = [(6, 0, 1), (6, 2, 1), (6, 4, 2)]
    other = [(7, 8, 1)]
    found = find_components(9, edges(*strong, *hub, *other), settings(component_max=3), NONE)
    assert found.label.tolist() == [0, 0, 2, 2, 4, 4, 4, 7, 7]
    assert (found.largest_uncut, found.largest, found.cut) == (7, 3, 3)


def test_the_floor_rises_by_whole_bits() -> None:
    """Two ties within the same bit go together, though the heavier one alone would have fitted."""
    pairs = Edges([0, 1], [1, 2], [100, 900], [False, False])
    assert components(3, pairs, settings(component_max=2), NONE).tolist() == [0, 1, 2]
    assert components(3, pairs, settings(floor=50, component_max=2), NONE).tolist() == [0, 1, 2]
    assert components(3, pairs, settings(floor=-150, component_max=2), NONE).tolist() == [0, 1, 1]


def test_pieces_are_cut_on_their_own() -> None:
    """A piece that fits stops rising while its neighbour, still too large, goes on."""
    chain = edges((0, 1, 3), (1, 2, 1), (2, 3, 5), (3, 4, 4), (4, 5, 4))
    assert components(6, chain, settings(component_max=3), NONE).tolist() == [0, 0, 2, 2, 4, 5]


def test_must_linked_records_survive_cutting() -> None:
    """Records held by match judgements stay in one component, even one larger than the limit."""
    chain = edges((0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1))
    judged = Judgements([0, 3, 4], [3, 4, 1], [True, True, True])
    found = find_components(5, chain, settings(component_max=2), judged)
    assert found.label.tolist() == [0, 0, 2, 0, 0]
    assert (found.largest_uncut, found.largest) == (5, 4)


def test_missing_pairs_are_counted_and_listed() -> None:
    """Gaps come ordered by component and records, none that has an edge of any orientation or weight."""
    pairs = edges((3, 0, 4), (3, 5, 4), (6, 1, 4), (2, 6, 4), (1, 2, -9), (0, 6, -9))
    label = components(8, pairs, settings(), NONE)
    assert label.tolist() == [0, 1, 1, 0, 4, 0, 1, 7]
    assert count_missing_pairs(label, pairs) == 1
    a, b = missing_pairs(label, pairs)
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == [(0, 5)]
    a, b = missing_pairs(label, edges((3, 0, 4), (2, 6, 4)))
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == [(0, 5), (3, 5), (1, 2), (1, 6)]


def test_scored_gaps_do_not_move_a_cut_component() -> None:
    """Filling the gaps, with heavy edges too, gives the same components again."""
    chain = edges((0, 1, 3), (1, 2, 1), (2, 3, 5), (3, 4, 5))
    limit = settings(component_max=3)
    label = components(5, chain, limit, NONE)
    a, b = missing_pairs(label, chain)
    filled = Edges(
        np.append(chain.a, a),
        np.append(chain.b, b),
        np.append(chain.weight, np.full(len(a), 9 * BIT)),
        np.zeros(len(chain) + len(a), np.bool_),
    )
    assert count_missing_pairs(label, filled) == 0
    assert components(5, filled, limit, NONE).tolist() == label.tolist() == [0, 0, 2, 2, 2]


def test_nothing_gives_nothing() -> None:
    """No records, or records without edges, are no error."""
    assert components(0, Edges.none(), settings(), NONE).tolist() == []
    assert components(3, Edges.none(), settings(), NONE).tolist() == [0, 1, 2]
    assert count_missing_pairs(np.arange(3), Edges.none()) == 0
    assert [len(side) for side in missing_pairs(np.zeros(0, np.int64), Edges.none())] == [0, 0]


def test_labels_shorter_than_the_edges_are_refused() -> None:
    """Edges that name a record without a label are refused."""
    with pytest.raises(DataError, match="edges name record 3"):
        missing_pairs(np.arange(3), edges((0, 3, 1)))
