"""Clustering is a pure function of sets, decomposes over components, is exact and keeps its constraints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, permutations
from math import floor
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.clustering import (
    BIT,
    Clustering,
    ClusterSettings,
    Edges,
    Judgements,
    cluster,
    components,
    count_missing_pairs,
    missing_pairs,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

Pair = tuple[int, int]
EXAMPLES = 100


@dataclass(frozen=True)
class World:
    """Records 0..n-1, edges (a < b) -> (weight, conflict), judgements (a, b, match), settings."""

    n: int
    edge: dict[Pair, tuple[int, bool]]
    judged: list[tuple[int, int, bool]]
    rule: ClusterSettings

    def arrays(self) -> tuple[int, Edges, Judgements, ClusterSettings]:
        """Return what `cluster` takes."""
        pairs = list(self.edge)
        edges = Edges(
            [a for a, _ in pairs],
            [b for _, b in pairs],
            [self.edge[pair][0] for pair in pairs],
            [self.edge[pair][1] for pair in pairs],
        )
        a, b, match = zip(*self.judged, strict=True) if self.judged else ((), (), ())
        return self.n, edges, Judgements(a, b, match), self.rule

    def cluster(self) -> Clustering:
        """Cluster the world."""
        return cluster(*self.arrays())

    def lost(self, result: Clustering) -> set[tuple[Pair, bool]]:
        """Return the judgements that lost, as pairs instead of rows."""
        return {(_pair(*self.judged[row][:2]), self.judged[row][2]) for row in result.lost}

    def embed(self, names: list[int], n: int) -> World:
        """Return the world with record i named names[i], among n records."""
        edge = {_pair(names[a], names[b]): value for (a, b), value in self.edge.items()}
        return World(n, edge, [(names[a], names[b], match) for a, b, match in self.judged], self.rule)


def _pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


@st.composite
def worlds(draw: st.DrawFn, most: int = 9) -> World:
    """Draw small worlds full of ties: few distinct weights, many conflicts and judgements."""
    n = draw(st.integers(1, most))
    pairs = list(combinations(range(n), 2))
    weight = st.sampled_from([-5000, -1024, 0, 1000, 1024, 1025, 2048, 3000, 3001, 5000])
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=len(pairs))) if pairs else []
    kind = st.tuples(weight, st.sampled_from([False, False, False, True]))
    edge = {pair: draw(kind) for pair in chosen}
    judgement = st.tuples(st.sampled_from(pairs or [(0, 1)]), st.booleans())
    judged = [(a, b, m) for (a, b), m in draw(st.lists(judgement, max_size=5))] if pairs else []
    rule = ClusterSettings(
        stop=draw(st.sampled_from([-1024, 0, 1000, 1024])),
        floor=draw(st.sampled_from([-2000, 0, 1024])),
        ambiguity=draw(st.sampled_from([-1, 0, 100, 2000])),
        component_max=draw(st.sampled_from([2, 3, 5, 1000])),
        missing=draw(st.sampled_from([-4096, 0, 1024])),
    )
    return World(n, edge, judged, rule)


# ── a slow reference, written from the rules without looking for speed ──────────────────────────────────────


def _connect(records: Iterable[int], links: Iterable[Pair]) -> list[list[int]]:
    groups = [{record} for record in records]
    for a, b in links:
        touched = [group for group in groups if a in group or b in group]
        groups = [group for group in groups if group not in touched] + [set().union(*touched)]
    return sorted(sorted(group) for group in groups)


def reference_components(world: World) -> list[list[int]]:
    """Return components, each cut by raising its own floor one bit at a time."""
    must = [_pair(a, b) for a, b, match in world.judged if match]

    def split(records: list[int], least: int) -> list[list[int]]:
        links = [pair for pair, (w, _) in world.edge.items() if w >= least and {*pair} <= {*records}]
        held = [pair for pair in must if {*pair} <= {*records}]
        pieces = []
        for piece in _connect(records, links + held):
            tied = any({*pair} <= {*piece} for pair in links)
            small = len(piece) <= world.rule.component_max
            pieces += [piece] if small or not tied else split(piece, least + BIT)
        return pieces

    return sorted(split(list(range(world.n)), world.rule.floor))


def reference_cluster(world: World) -> tuple[list[int], list[bool], set[tuple[Pair, bool]]]:
    """Return label, ambiguous and the judgements that lost."""
    label, ambiguous = list(range(world.n)), [False] * world.n
    lost: set[tuple[Pair, bool]] = set()
    for component in reference_components(world):
        part, flagged, gone = _reference_part(world, component)
        lost |= gone
        for group in part:
            for record in group:
                label[record] = min(group)
        for record in flagged:
            ambiguous[record] = True
    return label, ambiguous, lost


def _reference_part(world: World, component: list[int]) -> tuple[list[set[int]], set[int], set[tuple[Pair, bool]]]:
    """Return the clusters of one component, its ambiguous records, and its matches that lost."""
    apart = {_pair(a, b) for a, b, match in world.judged if not match}
    match = {_pair(a, b) for a, b, match in world.judged if match}
    barred = apart | {pair for pair, (_, held) in world.edge.items() if held} - match
    groups = [{record} for record in component]
    lost: set[tuple[Pair, bool]] = set()
    linked: set[int] = set()
    for pair in sorted((p for p in match if p[0] in component), key=lambda p: (-_weight(world, *p), p)):
        one, other = (next(group for group in groups if record in group) for record in pair)
        if one is not other and _crosses(one, other, apart):
            lost.add((pair, True))
            continue
        linked |= {*pair}
        groups = [group for group in groups if group not in (one, other)] + [one | other]
    while options := [
        (-_mean(world, one, other), *sorted([min(one), min(other)]), one, other)
        for one, other in combinations(groups, 2)
        if not _crosses(one, other, barred)
        and _mean(world, one, other) >= world.rule.stop
        and not _torn(world, groups, one, other, barred)
        and not _torn(world, groups, other, one, barred)
    ]:
        *_, one, other = min(options, key=lambda option: option[:3])
        groups = [group for group in groups if group not in (one, other)] + [one | other]
    flagged = {
        record
        for own, other in permutations(groups, 2)
        for record in own - linked
        if own != {record} and _between(world, record, own - {record}, other, barred)
    }
    part = [group - flagged for group in groups] + [{record} for record in flagged]
    torn = {
        record
        for own, other in permutations(groups, 2)
        if not _crosses(own, other, barred) and _mean(world, own, other) >= world.rule.stop
        for record in own
        if _torn(world, groups, own, other, barred)
    }
    return [group for group in part if group], flagged | torn, lost


def _torn(world: World, groups: list[set[int]], own: set[int], other: set[int], barred: set[Pair]) -> bool:
    """Whether a cluster fits a third exactly as well as the other, where those two do not go together."""
    if world.rule.ambiguity < 0:
        return False
    fits = floor(_mean(world, own, other))
    return any(
        third not in (own, other)
        and not _crosses(own, third, barred)
        and floor(_mean(world, own, third)) == fits
        and (_crosses(other, third, barred) or floor(_mean(world, other, third)) + fits < 2 * world.rule.stop)
        for third in groups
    )


def _weight(world: World, a: int, b: int) -> int:
    return world.edge.get(_pair(a, b), (world.rule.missing, False))[0]


def _mean(world: World, one: set[int], other: set[int]) -> Fraction:
    return Fraction(sum(_weight(world, a, b) for a in one for b in other), len(one) * len(other))


def _crosses(one: set[int], other: set[int], pairs: set[Pair]) -> bool:
    return any(_pair(a, b) in pairs for a in one for b in other)


def _between(world: World, record: int, rest: set[int], other: set[int], barred: set[Pair]) -> bool:
    """Whether the record fits both clusters alike, free to join both, and they cannot be one without it."""
    if _crosses({record}, other, barred) or not _crosses(rest, other, barred):
        return False
    means = _mean(world, {record}, rest), _mean(world, {record}, other)
    return min(means) >= world.rule.stop and abs(means[0] - means[1]) <= world.rule.ambiguity


# ── the properties ──────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=3 * EXAMPLES, deadline=None)
@given(worlds())
def test_agrees_with_the_reference(world: World) -> None:
    """Labels, flags, losers and components equal those of the slow implementation."""
    result = world.cluster()
    label, ambiguous, lost = reference_cluster(world)
    assert result.label.tolist() == label
    assert result.ambiguous.tolist() == ambiguous
    assert world.lost(result) == lost
    parts = reference_components(world)
    smallest = {record: min(part) for part in parts for record in part}
    assert result.component.tolist() == [smallest[record] for record in range(world.n)]


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_rows_and_ends_changes_nothing(world: World, random: Random) -> None:
    """Shuffled edges and judgements, with ends turned round, give the same labels, flags and losers."""
    result = world.cluster()
    n, edges, _, rule = world.arrays()
    judged = [(b, a, m) if random.random() < 0.5 else (a, b, m) for a, b, m in world.judged]
    random.shuffle(judged)
    shuffled = replace(world, judged=judged)
    turn = np.array(random.sample(range(len(edges)), len(edges)), np.int64)
    flip = np.array([random.random() < 0.5 for _ in turn], np.bool_)
    a, b = edges.a[turn], edges.b[turn]
    mixed = Edges(np.where(flip, b, a), np.where(flip, a, b), edges.weight[turn], edges.conflict[turn])
    again = cluster(n, mixed, shuffled.arrays()[2], rule)
    assert again.label.tolist() == result.label.tolist()
    assert again.ambiguous.tolist() == result.ambiguous.tolist()
    assert shuffled.lost(again) == world.lost(result)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(), st.lists(st.integers(0, 3), min_size=10, max_size=10))
def test_only_the_order_of_names_matters(world: World, gaps: list[int]) -> None:
    """Records put among others, in the same order, are clustered as before."""
    names = np.cumsum([gap + 1 for gap in gaps[: world.n]]).tolist()
    n = names[-1] + 3
    result, wide = world.cluster(), world.embed(names, n).cluster()
    assert wide.label[names].tolist() == [names[label] for label in result.label]
    assert wide.ambiguous[names].tolist() == result.ambiguous.tolist()
    others = sorted(set(range(n)) - set(names))
    assert wide.label[others].tolist() == others


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(), worlds(), worlds(), st.randoms(use_true_random=False))
def test_hidden_records_change_nothing(world: World, one: World, other: World, random: Random) -> None:
    """What lies in other components, there or not, changed or not, leaves this part equal to the bit."""
    n = world.n + 9
    names = sorted(random.sample(range(n), world.n))
    rest = sorted(set(range(n)) - set(names))
    alone = world.cluster()
    for hidden in (one, other):
        seen = world.embed(names, n)
        unseen = hidden.embed(rest[: hidden.n], n)
        both = World(n, seen.edge | unseen.edge, unseen.judged + seen.judged, world.rule)
        result = both.cluster()
        assert result.label[names].tolist() == [names[label] for label in alone.label]
        assert result.ambiguous[names].tolist() == alone.ambiguous.tolist()
        mine = {(pair, m) for pair, m in both.lost(result) if pair[0] in names}
        assert mine == {(_pair(names[a], names[b]), m) for (a, b), m in world.lost(alone)}


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(12))
def test_increment_equals_everything(world: World) -> None:
    """Each component clustered by itself, with its own records only, gives its part of the whole."""
    whole = world.cluster()
    for root in np.unique(whole.component).tolist():
        names = np.flatnonzero(whole.component == root).tolist()
        local = {name: i for i, name in enumerate(names)}
        edge = {(local[a], local[b]): value for (a, b), value in world.edge.items() if a in local and b in local}
        judged = [(local[a], local[b], m) for a, b, m in world.judged if a in local and b in local]
        n, edges, judgements, rule = World(len(names), edge, judged, world.rule).arrays()
        touched = cluster(n, edges, judgements, rule, component=np.zeros(n, np.int64))
        assert [names[label] for label in touched.label] == whole.label[names].tolist()
        assert touched.ambiguous.tolist() == whole.ambiguous[names].tolist()


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(12))
def test_judgements_hold(world: World) -> None:
    """No cluster breaks a non-match; a match is kept unless it lost, and it loses only where it is broken."""
    result = world.cluster()
    lost = set(result.lost.tolist())
    for row, (a, b, match) in enumerate(world.judged):
        together = bool(result.label[a] == result.label[b])
        assert together == (match and row not in lost)
    assert all(world.judged[row][2] for row in lost)
    assert lost == set() or any(not match for _, _, match in world.judged)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(12))
def test_every_record_is_in_one_cluster_inside_one_component(world: World) -> None:
    """Labels are smallest members of clusters that lie inside components; flagged records stand with flagged ones only."""
    result = world.cluster()
    assert result.label.shape == result.component.shape == (world.n,)
    for label in np.unique(result.label).tolist():
        members = np.flatnonzero(result.label == label)
        assert members[0] == label
        assert len(np.unique(result.component[members])) == 1
        assert len(np.unique(result.ambiguous[members])) == 1


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_missing_pairs_are_those_inside_without_an_edge(world: World) -> None:
    """The gaps are counted and listed exactly, in order, and filling them moves no component."""
    n, edges, judgements, rule = world.arrays()
    label = components(n, edges, rule, judgements)
    expected = sorted(
        (int(label[a]), a, b) for a, b in combinations(range(n), 2) if label[a] == label[b] and (a, b) not in world.edge
    )
    a, b = missing_pairs(label, edges)
    assert [(int(label[i]), i, j) for i, j in zip(a.tolist(), b.tolist(), strict=True)] == expected
    assert count_missing_pairs(label, edges) == len(expected)
    filled = world.edge | {(i, j): (9 * BIT, False) for _, i, j in expected}
    assert components(*World(n, filled, world.judged, rule).arrays()[:2], rule, judgements).tolist() == label.tolist()
