"""The partition in literal cases: weights, judgements, conflicts, ambiguity. Weights in bits."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from linkage.clustering import (
    BIT,
    Clustering,
    ClusterSettings,
    Edges,
    Judgements,
    cluster,
    components,
)

if TYPE_CHECKING:
    from collections.abc import Collection

Pair = tuple[int, int]


def run(
    n: int,
    bits: dict[Pair, int],
    *,
    conflict: Collection[Pair] = (),
    match: list[Pair] | None = None,
    apart: list[Pair] | None = None,
    ambiguity: int = -1,
    component_max: int = 1000,
) -> Clustering:
    """Cluster with stop 2 bits, floor 0, missing -4 bits; judgements: matches, then non-matches."""
    pairs = list(bits)
    judged = [*(match or []), *(apart or [])]
    kinds = [True] * len(match or []) + [False] * len(apart or [])
    settings = ClusterSettings(stop=2 * BIT, floor=0, ambiguity=max(ambiguity * BIT, -1), component_max=component_max)
    edges = Edges(
        [a for a, _ in pairs],
        [b for _, b in pairs],
        [BIT * bits[pair] for pair in pairs],
        [pair in conflict for pair in pairs],
    )
    judgements = Judgements([a for a, _ in judged], [b for _, b in judged], kinds)
    return cluster(n, edges, judgements, settings)


def clique(*records: int, bits: int = 6) -> dict[Pair, int]:
    """Return every pair of the records at one weight."""
    return dict.fromkeys(combinations(records, 2), bits)


def test_chain_is_not_merged() -> None:
    """Two good links in a row do not join the ends that have none: the heavier link wins."""
    assert run(3, {(0, 1): 5, (1, 2): 6}).label.tolist() == [0, 1, 1]


def test_equal_chain_goes_to_the_smallest_record() -> None:
    """With equal means the pair that holds the smallest record merges first."""
    assert run(4, {(2, 3): 5, (1, 2): 5, (0, 1): 5}).label.tolist() == [0, 0, 2, 2]
    assert run(3, {(0, 2): 5, (0, 1): 5}).label.tolist() == [0, 0, 2]


def test_mean_at_the_stop_merges_and_one_unit_below_does_not() -> None:
    """The stop itself merges; the comparison is exact, not rounded."""
    settings = ClusterSettings(stop=1000, floor=0, ambiguity=-1)
    at = Edges([0, 0, 1], [1, 2, 2], [9000, 1000, 1000], [False] * 3)
    below = Edges([0, 0, 1], [1, 2, 2], [9000, 1000, 999], [False] * 3)
    assert cluster(3, at, Judgements.none(), settings).label.tolist() == [0, 0, 0]
    assert cluster(3, below, Judgements.none(), settings).label.tolist() == [0, 0, 2]


def test_close_fractions_are_told_apart() -> None:
    """Means whose whole parts agree are ordered by what is left over: 3001/2 is more than 7502/5.

    The record between the two is once the smallest, so that both means stand in its row, and once the largest.
    """
    settings = ClusterSettings(stop=1000, floor=0, ambiguity=-1)
    for between, two, five in ((0, (1, 2), (3, 4, 5, 6, 7)), (7, (5, 6), (0, 1, 2, 3, 4))):
        weight = {pair: 9000 for group in (two, five) for pair in combinations(group, 2)}
        weight |= {(a, b): -9000 for a in two for b in five}
        weight |= dict(zip([(between, other) for other in two], (1500, 1501), strict=True))
        weight |= dict(zip([(between, other) for other in five], (1500, 1500, 1500, 1501, 1501), strict=True))
        pairs = list(weight)
        edges = Edges([a for a, _ in pairs], [b for _, b in pairs], list(weight.values()), [False] * len(pairs))
        label = cluster(8, edges, Judgements.none(), settings).label.tolist()
        assert {label[other] for other in two} == {label[between]}
        assert len({label[other] for other in five} | {label[between]}) == 2


def test_extreme_weights_do_not_overflow() -> None:
    """Weights at both ends of int32 in a component of hundreds are added and compared exactly."""
    a, b = np.triu_indices(300, 1)
    same = (a < 150) == (b < 150)
    weight = np.where(same, 2**31 - 1, -(2**31))
    edges = Edges(a, b, weight, np.zeros(len(a), np.bool_))
    settings = ClusterSettings(stop=2**31 - 1, floor=-(2**31) + 1, ambiguity=0)
    result = cluster(300, edges, Judgements.none(), settings, component=np.zeros(300, np.int64))
    assert result.label.tolist() == [0] * 150 + [150] * 150


def test_weak_bridge_between_cliques_is_cut_by_a_non_match() -> None:
    """Two cliques joined by a bridge part at the bridge when one record of each is judged different."""
    bits = clique(0, 1, 2) | clique(3, 4, 5) | {(a, b): 3 for a in (0, 1, 2) for b in (3, 4, 5)}
    assert run(6, bits).label.tolist() == [0] * 6
    assert run(6, bits, apart=[(5, 0)]).label.tolist() == [0, 0, 0, 3, 3, 3]


def test_hard_conflict_forbids_whatever_the_weight() -> None:
    """A conflict between two records keeps their whole clusters apart."""
    bits = clique(0, 1) | clique(2, 3) | {(0, 2): 9, (0, 3): 9, (1, 2): 9, (1, 3): 9}
    assert run(4, bits, conflict={(1, 3)}).label.tolist() == [0, 0, 0, 3]
    assert run(2, {(0, 1): 9}, conflict={(0, 1)}).label.tolist() == [0, 1]


def test_conflict_below_the_floor_counts() -> None:
    """A conflict is heard on an edge that is too light to join a component."""
    bits = {(0, 1): 9, (1, 2): 8, (0, 2): -1}
    assert run(3, bits).label.tolist() == [0, 0, 0]
    assert run(3, bits, conflict={(0, 2)}).label.tolist() == [0, 0, 2]


def test_match_joins_without_an_edge_and_against_weight_and_conflict() -> None:
    """A match judgement merges records that no edge, a light edge or a conflict would keep apart."""
    assert run(3, {(0, 1): 5}, match=[(2, 0)]).label.tolist() == [0, 1, 0]
    assert run(2, {(0, 1): -9}, match=[(1, 0)]).label.tolist() == [0, 0]
    assert run(2, {(0, 1): 3}, conflict={(0, 1)}, match=[(0, 1)]).label.tolist() == [0, 0]


def test_match_merges_groups_over_a_conflict_of_other_records() -> None:
    """Must-linked groups merge though other records of them conflict; third ones stay out."""
    bits = {(0, 1): 3, (0, 2): 3, (1, 2): 3, (0, 3): 9, (1, 3): 9, (2, 3): 9}
    result = run(4, bits, conflict={(0, 2), (2, 3)}, match=[(0, 1), (1, 2)])
    assert result.label.tolist() == [0, 0, 0, 3]
    assert result.lost.tolist() == []


def test_non_match_beats_match_across_groups() -> None:
    """Of three matches round a non-match, the lightest loses; it is listed by its row."""
    bits = {(0, 1): 9, (1, 2): 5, (2, 3): 7}
    result = run(4, bits, match=[(1, 2), (2, 3), (0, 1)], apart=[(0, 3)])
    assert result.label.tolist() == [0, 0, 2, 2]
    assert result.lost.tolist() == [0]


def test_matches_of_equal_weight_are_taken_by_records() -> None:
    """Without edges the smaller pair goes first, and the later match loses whatever its row."""
    for match in ([(0, 1), (1, 2)], [(2, 1), (1, 0)]):
        result = run(3, {}, match=match, apart=[(0, 2)])
        assert result.label.tolist() == [0, 0, 2]
        assert [match[row] for row in result.lost] in ([(1, 2)], [(2, 1)])


def test_a_pair_judged_both_ways_stays_apart() -> None:
    """Non-match over match on one pair, and the match is listed, once for each time that it was given."""
    result = run(2, {(0, 1): 9}, match=[(0, 1), (1, 0)], apart=[(0, 1)])
    assert result.label.tolist() == [0, 1]
    assert result.lost.tolist() == [0, 1]


def test_non_match_holds_after_groups_have_grown() -> None:
    """A non-match travels with its records through several merges by match."""
    result = run(6, {}, match=[(0, 1), (2, 3), (1, 2), (3, 4), (4, 5)], apart=[(0, 5), (1, 4)])
    assert result.label.tolist() == [0, 0, 0, 0, 4, 4]
    assert result.lost.tolist() == [3]


def test_merged_groups_remember_the_non_matches_of_both() -> None:
    """After (0, 1) merged, the non-match of 1 is found from their side too, where the other has many."""
    apart = [(0, 5), (1, 4), (4, 6), (4, 7), (4, 8)]
    result = run(9, {}, match=[(0, 1), (0, 4)], apart=apart)
    assert result.label.tolist() == [0, 0, 2, 3, 4, 5, 6, 7, 8]
    assert result.lost.tolist() == [1]


def test_record_between_two_conflicting_clusters_is_ambiguous() -> None:
    """A record that fits two conflicting clusters alike joins neither; beyond delta, the better."""
    bits = clique(0, 1) | clique(2, 3) | {(a, b): -2 for a in (0, 1) for b in (2, 3)}
    fits = {(0, 4): 5, (1, 4): 5, (2, 4): 4, (3, 4): 4}
    conflict = {(0, 2)}
    result = run(5, bits | fits, conflict=conflict, ambiguity=1)
    assert result.label.tolist() == [0, 0, 2, 2, 4]
    assert result.ambiguous.tolist() == [False, False, False, False, True]
    assert result.stats.ambiguous == 1
    assert run(5, bits | fits, conflict=conflict, ambiguity=0).label.tolist() == [0, 0, 2, 2, 0]
    assert run(5, bits | fits, conflict=conflict).label.tolist() == [0, 0, 2, 2, 0]
    assert run(5, bits | fits, apart=[(1, 3)], ambiguity=1).label.tolist() == [0, 0, 2, 2, 4]


def test_no_ambiguity_without_a_constraint_between_the_clusters() -> None:
    """Clusters that only weigh too little against each other make nobody ambiguous who fits one of them better."""
    bits = clique(0, 1) | clique(2, 3) | {(a, b): -9 for a in (0, 1) for b in (2, 3)}
    fits = {(0, 4): 5, (1, 4): 5, (2, 4): 5, (3, 4): 4}
    result = run(5, bits | fits, ambiguity=1)
    assert result.label.tolist() == [0, 0, 2, 2, 0]
    assert not result.ambiguous.any()


def test_what_fits_two_that_cannot_be_one_exactly_alike_joins_neither() -> None:
    """Father, son and two records that tell neither: those two are one, and only their order would say whose."""
    bits = {(0, 1): -9} | clique(2, 3) | {(a, b): 5 for a in (0, 1) for b in (2, 3)}
    result = run(4, bits, ambiguity=1)
    assert result.label.tolist() == [0, 1, 2, 2]
    assert result.ambiguous.tolist() == [False, False, True, True]
    assert run(4, bits).label.tolist() == [0, 1, 0, 0]
    assert run(4, bits | {(0, 1): 1}, ambiguity=1).label.tolist() == [0, 0, 0, 0]


def test_a_doubt_ends_where_one_of_the_two_has_changed() -> None:
    """A record that fits two alike goes with the better of them once another merge has made them differ."""
    bits = {(0, 1): 5, (0, 2): 5, (1, 2): -9, (1, 3): 4, (0, 3): 3, (2, 3): -9}
    result = run(4, bits, ambiguity=1)
    assert result.label.tolist() == [0, 1, 0, 1]
    assert not result.ambiguous.any()


def test_must_linked_and_unfree_records_are_never_ambiguous() -> None:
    """A judged record stays where it was put; one that conflicts with the other cluster stays too."""
    bits = clique(0, 1) | clique(2, 3) | {(a, b): -2 for a in (0, 1) for b in (2, 3)}
    fits = {(0, 4): 5, (1, 4): 5, (2, 4): 5, (3, 4): 5}
    judged = run(5, bits | fits, conflict={(0, 2)}, match=[(4, 2)], ambiguity=1)
    assert judged.label.tolist() == [0, 0, 2, 2, 2]
    unfree = run(5, bits | fits, conflict={(0, 2), (3, 4)}, ambiguity=1)
    assert unfree.label.tolist() == [0, 0, 2, 2, 0]
    assert not (judged.ambiguous | unfree.ambiguous).any()


def test_a_record_below_the_stop_for_either_cluster_is_not_ambiguous() -> None:
    """Both means must pass the stop: the other cluster's, and that to the rest of a cluster which grew away."""
    bits = clique(0, 1) | clique(2, 3) | {(a, b): -2 for a in (0, 1) for b in (2, 3)}
    fits = {(0, 4): 3, (1, 4): 3, (2, 4): 1, (3, 4): 1}
    assert run(5, bits | fits, conflict={(0, 2)}, ambiguity=5).label.tolist() == [0, 0, 2, 2, 0]
    grown = {(0, 1): 7, (0, 2): 6, (0, 3): 6, (1, 2): -2, (1, 3): -2, (2, 3): 2, (0, 4): -4}
    other = {(4, 5): 9, (1, 4): 2, (1, 5): 2}
    result = run(6, grown | other, conflict={(0, 4)}, ambiguity=1)
    assert result.label.tolist() == [0, 0, 0, 0, 4, 4]  # record 1 is at 1 bit to {0, 2, 3}, at 2 bits to {4, 5}


def test_taking_the_smallest_record_out_renames_the_cluster() -> None:
    """When an ambiguous record gave its cluster the label, the rest takes its own smallest."""
    bits = clique(1, 2) | clique(3, 4) | {(a, b): -2 for a in (1, 2) for b in (3, 4)}
    fits = {(0, 1): 5, (0, 2): 5, (0, 3): 4, (0, 4): 4}
    assert run(5, bits | fits, conflict={(1, 3)}, ambiguity=1).label.tolist() == [0, 1, 1, 3, 3]


def test_hub_does_not_hold_its_spokes_together() -> None:
    """Pairs tied to one hub stay pairs; the hub goes with none, as each mean is below the stop."""
    pairs = {(2 * i, 2 * i + 1): 8 for i in range(10)}
    spokes = {(2 * i, 20): 5 for i in range(10)}
    result = run(21, pairs | spokes)
    assert result.component.tolist() == [0] * 21
    assert result.label.tolist() == [i - i % 2 for i in range(20)] + [20]
    assert result.stats.largest_component == 21
    assert result.stats.largest_cluster == 2


def test_oversize_component_is_cut_before_agglomeration() -> None:
    """What cutting parts stays apart, though its mean would have passed the stop."""
    bits = clique(0, 1, bits=9) | clique(2, 3, bits=9) | {(a, b): 3 for a in (0, 1) for b in (2, 3)}
    assert run(4, bits).label.tolist() == [0, 0, 0, 0]
    result = run(4, bits, component_max=3)
    assert result.label.tolist() == [0, 0, 2, 2]
    assert (result.stats.largest_uncut, result.stats.largest_component, result.stats.components_cut) == (
        4,
        2,
        2,
    )


def test_matches_beyond_the_component_limit_still_merge() -> None:
    """A must-linked group larger than a component may be is one cluster all the same."""
    match = [(i, i + 1) for i in range(9)]
    result = run(12, {(9, 10): 3, (10, 11): 5}, match=match, component_max=3)
    assert result.label.tolist() == [0] * 10 + [10, 10]
    assert result.stats.largest_component == 10


def test_given_components_bound_the_clusters() -> None:
    """With labels from blocked edges, a heavy scored edge between components joins nothing."""
    settings = ClusterSettings(stop=0, floor=0, ambiguity=0)
    label = components(3, Edges([0], [1], [BIT], [False]), settings, Judgements.none())
    grown = Edges([0, 1], [1, 2], [BIT, 9 * BIT], [False, False])
    assert cluster(3, grown, Judgements.none(), settings, component=label).label.tolist() == [0, 0, 2]
    assert cluster(3, grown, Judgements.none(), settings).label.tolist() == [0, 1, 1]


def test_stats_add_up() -> None:
    """The counts of the run report, on a case that has one of each kind."""
    bits = clique(0, 1, 2) | {(3, 4): 1, (5, 6): 9, (6, 7): 5}
    stats = run(9, bits).stats
    assert (stats.components, stats.merged_whole, stats.agglomerated) == (3, 1, 1)
    assert (stats.assumed_pairs, stats.clusters, stats.largest_cluster, stats.lost) == (1, 6, 3, 0)


def test_nothing_gives_nothing() -> None:
    """No records, and records without evidence, are clustered without error."""
    assert run(0, {}).label.tolist() == []
    assert run(3, {}).label.tolist() == [0, 1, 2]
