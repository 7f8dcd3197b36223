"""The compiled loops: judgements as merges, agglomeration of one component after another, gaps.

Import this module inside functions only: numba takes half a second to load and compiles at the first call
(the result is kept on disk beside this file where that is writable). Everything is int64 and bool; no loop
depends on the order of edges, because edges only ever enter sums, minima and flags.

Means are compared exactly, without 128-bit numbers: sum / count is taken as its whole part and a remainder
over the count; whole parts decide, and remainders are cross-multiplied, which stays below (k^2 / 4)^2 < 2^63
for a component of k <= 65,536 records.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from linkage.clustering.contracts import Flags, Integers, Weights

_F = TypeVar("_F", bound="Callable[..., Any]")


def _compiled(function: _F) -> _F:
    """Compile by numba; without a cache where no folder for it can be written (a read-only installation)."""
    njit = importlib.import_module("numba").njit
    try:
        compiled: _F = njit(cache=True, error_model="numpy")(function)
    except RuntimeError:
        compiled = njit(error_model="numpy")(function)
    return compiled


class Packed(NamedTuple):
    """Components laid end to end; the records of a component are ascending and named by their local position.

    member_start: int64[c+1]. root: int64[members], local position of the smallest record of the must-linked
    group. edge_start: int64[c+1]; a, b: int64 local; weight: int32; held: bool, a hard conflict that counts.
    apart_start: int64[c+1]; apart_a, apart_b: int64 local, the non-matches.
    """

    member_start: Integers
    root: Integers
    edge_start: Integers
    a: Integers
    b: Integers
    weight: Weights
    held: Flags
    apart_start: Integers
    apart_a: Integers
    apart_b: Integers


class Scratch(NamedTuple):
    """Working room for the component with most groups (m) and most records (k).

    total: int64[m*m], held: bool[m*m], rows of the stride of the component at hand. size, into, best, whole,
    rest: int64[m]; alive, stale: bool[m]. group: int64[k], the group of each record. flag: bool[k].
    best/whole/rest describe the row's best partner to its right and their mean; a stale row's mean is an
    upper bound only.
    """

    total: Integers
    held: Flags
    size: Integers
    into: Integers
    best: Integers
    whole: Integers
    rest: Integers
    alive: Flags
    stale: Flags
    group: Integers
    flag: Flags


@_compiled
def bucket(key: Integers, buckets: int) -> tuple[Integers, Integers]:
    """Return (start, order): rows by key 0..buckets-1, stable; rows with key -1 are left out."""
    start = np.zeros(buckets + 1, np.int64)
    for row in range(len(key)):
        if key[row] >= 0:
            start[key[row] + 1] += 1
    for place in range(buckets):
        start[place + 1] += start[place]
    order = np.empty(start[buckets], np.int64)
    upto = start.copy()
    for row in range(len(key)):
        if key[row] >= 0:
            order[upto[key[row]]] = row
            upto[key[row]] += 1
    return start, order


@_compiled
def summarise(key: Integers, weight: Weights, held: Flags, low: Integers) -> tuple[Integers, Flags]:
    """Return edges a bucket, and whether one is held; lower `low` to the least weight of each."""
    count = np.zeros(len(low), np.int64)
    any_held = np.zeros(len(low), np.bool_)
    for row in range(len(key)):
        place = key[row]
        if place >= 0:
            count[place] += 1
            low[place] = min(low[place], weight[row])
            any_held[place] |= held[row]
    return count, any_held


@_compiled
def _find(parent: Integers, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@_compiled
def _kept_apart(one: int, other: int, parent: Integers, chain: tuple[Integers, ...], partner: Integers) -> bool:
    """Whether a non-match lies between two groups; walks the shorter of their lists of non-matches."""
    head, _, count, following = chain
    if count[one] > count[other]:
        one, other = other, one
    entry = head[one]
    while entry >= 0:
        if _find(parent, partner[entry]) == other:
            return True
        entry = following[entry]
    return False


@_compiled
def join_matches(
    n: int, match_a: Integers, match_b: Integers, apart_a: Integers, apart_b: Integers
) -> tuple[Integers, Flags]:
    """Apply matches in the given order; return each node's group (its smallest node) and which matches lost.

    n nodes; a match loses when a non-match lies between the two groups at its turn.
    """
    parent = np.arange(n)
    partner = np.concatenate((apart_b, apart_a))
    owner = np.concatenate((apart_a, apart_b))
    head, tail, count = np.full(n, -1), np.full(n, -1), np.zeros(n, np.int64)
    following = np.full(len(owner), -1)
    for entry in range(len(owner)):  # linked lists, because merging two groups must join their lists at no cost
        node = owner[entry]
        if head[node] < 0:
            tail[node] = entry
        following[entry] = head[node]
        head[node] = entry
        count[node] += 1
    lost = np.zeros(len(match_a), np.bool_)
    for row in range(len(match_a)):
        one, other = _find(parent, match_a[row]), _find(parent, match_b[row])
        if one == other:
            continue
        if _kept_apart(one, other, parent, (head, tail, count, following), partner):
            lost[row] = True
            continue
        one, other = min(one, other), max(one, other)
        parent[other] = one
        count[one] += count[other]
        if head[one] < 0:
            head[one], tail[one] = head[other], tail[other]
        elif head[other] >= 0:
            following[tail[one]] = head[other]
            tail[one] = tail[other]
    for node in range(n):
        parent[node] = _find(parent, node)
    return parent, lost


@_compiled
def count_groups(packed: Packed) -> tuple[int, int]:
    """Return the most records and the most must-linked groups of any one component."""
    records, groups = 0, 0
    for place in range(len(packed.member_start) - 1):
        first, end = packed.member_start[place], packed.member_start[place + 1]
        own = 0
        for row in range(first, end):
            own += packed.root[row] == row - first
        records, groups = max(records, end - first), max(groups, own)
    return records, groups


@_compiled
def _load(place: int, packed: Packed, missing: int, room: Scratch) -> tuple[int, bool]:
    """Fill the room with one component; return its number of groups and whether anything is held apart."""
    first, m = packed.member_start[place], 0
    for row in range(packed.member_start[place + 1] - first):
        if packed.root[first + row] == row:
            room.group[row], room.size[m], room.into[m], room.alive[m] = m, 0, m, True
            m += 1
        else:  # a group is named by its smallest record, which came before
            room.group[row] = room.group[packed.root[first + row]]
        room.size[room.group[row]] += 1
    for i in range(m):
        for j in range(m):
            room.total[i * m + j] = missing * room.size[i] * room.size[j]
            room.held[i * m + j] = False
    any_held = False
    for row in range(packed.edge_start[place], packed.edge_start[place + 1]):
        i, j = room.group[packed.a[row]], room.group[packed.b[row]]
        if i != j:
            room.total[i * m + j] += packed.weight[row] - missing
            room.total[j * m + i] = room.total[i * m + j]
            if packed.held[row]:
                room.held[i * m + j] = room.held[j * m + i] = any_held = True
    for row in range(packed.apart_start[place], packed.apart_start[place + 1]):
        i, j = room.group[packed.apart_a[row]], room.group[packed.apart_b[row]]
        room.held[i * m + j] = room.held[j * m + i] = any_held = True
    return m, any_held


@_compiled
def _look(row: int, m: int, stop: int, room: Scratch) -> None:
    """Find the row's best partner to its right: greatest mean of at least `stop`, then the smallest."""
    best, whole, rest, count = -1, stop, 0, 1
    for j in range(row + 1, m):
        if room.alive[j] and not room.held[row * m + j]:
            pairs = room.size[row] * room.size[j]
            here = room.total[row * m + j] // pairs
            if here < whole:
                continue
            over = room.total[row * m + j] - here * pairs
            if best < 0 or here > whole or over * count > rest * pairs:
                best, whole, rest, count = j, here, over, pairs
    room.best[row], room.whole[row], room.rest[row], room.stale[row] = best, whole, rest, False


@_compiled
def _join(i: int, j: int, m: int, room: Scratch) -> None:
    """Merge group j into group i < j. Rows whose partner was one of them keep its mean as an upper bound."""
    room.alive[j] = False
    room.into[j] = i
    for r in range(m):
        if room.alive[r] and r != i:
            room.total[i * m + r] += room.total[j * m + r]
            room.total[r * m + i] = room.total[i * m + r]
            apart = room.held[i * m + r] or room.held[j * m + r]
            room.held[i * m + r] = room.held[r * m + i] = apart
            if r < j and (room.best[r] == i or room.best[r] == j):
                room.stale[r] = True
    room.size[i] += room.size[j]


@_compiled
def _agglomerate(m: int, stop: int, room: Scratch, count: Integers) -> None:
    """Merge while the best mean is at least `stop`; ties to the smallest row, then the smallest partner.

    The mean of a merged cluster with a third is never above the better of the two before, so a stale row is
    looked at again only when its bound comes first.
    """
    for row in range(m):
        _look(row, m, stop, room)
        count[row] = room.size[row] * room.size[max(room.best[row], 0)]
    while True:
        top = -1
        for row in range(m):
            if not room.alive[row] or room.best[row] < 0:
                continue
            if (
                top < 0
                or room.whole[row] > room.whole[top]
                or (room.whole[row] == room.whole[top] and room.rest[row] * count[top] > room.rest[top] * count[row])
            ):
                top = row
        if top < 0:
            return
        if not room.stale[top]:
            _join(top, room.best[top], m, room)
        _look(top, m, stop, room)
        count[top] = room.size[top] * room.size[max(room.best[top], 0)]


@_compiled
def _name_clusters(m: int, room: Scratch) -> int:
    """Turn `into` from group -> group merged into, to group -> cluster 0..c-1 by smallest record; return c.

    `best` then holds, for each cluster, the group that stands for it.
    """
    clusters = 0
    for group in range(m):
        if room.alive[group]:
            room.best[clusters] = group
            room.into[group] = clusters
            clusters += 1
        else:  # merged into a smaller group, which has its number by now
            room.into[group] = room.into[room.into[group]]
    return clusters


@_compiled
def _tally(place: int, packed: Packed, missing: int, room: Scratch, clusters: int) -> tuple[Integers, Flags]:
    """Return the sum of weights and whether anything is held apart, of each record with each cluster."""
    first = packed.member_start[place]
    records = packed.member_start[place + 1] - first
    total = np.zeros((records, clusters), np.int64)
    held = np.zeros((records, clusters), np.bool_)
    for row in range(records):
        for cluster in range(clusters):
            total[row, cluster] = missing * room.size[room.best[cluster]]
        total[row, room.into[room.group[row]]] -= missing
    for row in range(packed.edge_start[place], packed.edge_start[place + 1]):
        a, b = packed.a[row], packed.b[row]
        into_a, into_b = room.into[room.group[a]], room.into[room.group[b]]
        total[a, into_b] += packed.weight[row] - missing
        total[b, into_a] += packed.weight[row] - missing
        held[a, into_b] |= packed.held[row]
        held[b, into_a] |= packed.held[row]
    for row in range(packed.apart_start[place], packed.apart_start[place + 1]):
        a, b = packed.apart_a[row], packed.apart_b[row]
        held[a, room.into[room.group[b]]] = True
        held[b, room.into[room.group[a]]] = True
    return total, held


@_compiled
def _mark_ambiguous(m: int, clusters: int, stop: int, delta: int, room: Scratch, total: Integers, held: Flags) -> None:
    """Flag each record that fits the rest of its cluster and another alike, where those two are held apart.

    The record itself must be free to join both. Any constraint between the two clusters then comes from
    others.
    """
    linked = np.zeros(m, np.int64)
    for row in range(len(total)):
        linked[room.group[row]] += 1
    for row in range(len(total)):
        own = room.into[room.group[row]]
        rest = room.size[room.best[own]] - 1
        if linked[room.group[row]] > 1 or rest < 1 or total[row, own] < stop * rest:
            continue
        for other in range(clusters):
            if other == own or held[row, other] or not room.held[room.best[own] * m + room.best[other]]:
                continue
            pairs = room.size[room.best[other]]
            if total[row, other] < stop * pairs:
                continue
            gap = total[row, own] * pairs - total[row, other] * rest
            if abs(gap) <= delta * rest * pairs:
                room.flag[row] = True
                break


@_compiled
def cluster_packed(
    packed: Packed, stop: int, missing: int, delta: int, room: Scratch, label: Integers, ambiguous: Flags
) -> None:
    """Cluster every component; write each record's label (local position of the smallest) and its flag."""
    count = np.empty(len(room.size), np.int64)
    smallest = np.empty(len(room.size), np.int64)
    for place in range(len(packed.member_start) - 1):
        first = packed.member_start[place]
        records = packed.member_start[place + 1] - first
        m, any_held = _load(place, packed, missing, room)
        _agglomerate(m, stop, room, count)
        clusters = _name_clusters(m, room)
        room.flag[:records] = False
        if any_held and delta >= 0 and clusters > 1:
            total, held = _tally(place, packed, missing, room, clusters)
            _mark_ambiguous(m, clusters, stop, delta, room, total, held)
        smallest[:clusters] = -1
        for row in range(records):
            cluster = room.into[room.group[row]]
            ambiguous[first + row] = room.flag[row]
            if room.flag[row]:
                label[first + row] = row
                continue
            if smallest[cluster] < 0:
                smallest[cluster] = row
            label[first + row] = smallest[cluster]


@_compiled
def fill_gaps(start: Integers, member: Integers, key: Integers, a: Integers, b: Integers) -> None:
    """Write the pairs of slots of each group that are not in `key` (ascending: low slot * members + high)."""
    at, out = 0, 0
    for place in range(len(start) - 1):
        for i in range(start[place], start[place + 1]):
            for j in range(i + 1, start[place + 1]):
                if at < len(key) and key[at] == i * len(member) + j:
                    at += 1
                else:
                    a[out], b[out] = member[i], member[j]
                    out += 1


class Meeting(NamedTuple):
    """Clusters of components laid end to end, named by their local position; see `second_look.Meetings`.

    start: int64[k+1]. known: int64[g, c]. edge_start: int64[k+1]; a, b: int64 local; total, count: int64[p, c];
    held: bool[p].
    """

    start: Integers
    known: Integers
    edge_start: Integers
    a: Integers
    b: Integers
    total: Integers
    count: Integers
    held: Flags


@_compiled
def _weigh(i: int, j: int, known: Integers, total: Integers, count: Integers, prior: int, most: int) -> int:
    """Return what two clusters weigh together: means by comparison, repeated disagreement more."""
    weight = prior
    for c in range(known.shape[1]):
        if count[c, i, j] > 0:
            mean = total[c, i, j] // count[c, i, j]
            if mean < 0:
                mean *= max(1, min(most, known[i, c], known[j, c]))
            weight += mean
    return weight


@_compiled
def _best_of(row: int, alive: Flags, held: Flags, weight: Integers, stop: int) -> int:
    """Return the cluster that the row's would best merge with (ties: the smallest), or -1."""
    best = -1
    for j in range(len(alive)):
        if (
            j != row
            and alive[j]
            and not held[row, j]
            and weight[row, j] >= stop
            and (best < 0 or weight[row, j] > weight[row, best])
        ):
            best = j
    return best


@_compiled
def look_again(packed: Meeting, prior: int, stop: int, most: int) -> Integers:
    """Merge clusters as wholes in every component; return each one's local label, the smallest it is one with."""
    label = np.empty(len(packed.known), np.int64)
    for place in range(len(packed.start) - 1):
        first, end = packed.start[place], packed.start[place + 1]
        m, comparisons = end - first, packed.known.shape[1]
        known = packed.known[first:end].copy()
        total = np.zeros((comparisons, m, m), np.int64)
        count = np.zeros((comparisons, m, m), np.int64)
        held = np.zeros((m, m), np.bool_)
        weight = np.full((m, m), stop - 1, np.int64)  # clusters that never met stay apart
        for row in range(packed.edge_start[place], packed.edge_start[place + 1]):
            i, j = packed.a[row], packed.b[row]
            held[i, j] = held[j, i] = packed.held[row]
            for c in range(comparisons):
                total[c, i, j] = total[c, j, i] = packed.total[row, c]
                count[c, i, j] = count[c, j, i] = packed.count[row, c]
            weight[i, j] = weight[j, i] = _weigh(i, j, known, total, count, prior, most)
        alive = np.ones(m, np.bool_)
        into = np.arange(m)
        best = np.empty(m, np.int64)
        for row in range(m):
            best[row] = _best_of(row, alive, held, weight, stop)
        while True:
            top = -1
            for row in range(m):
                if alive[row] and best[row] >= 0 and (top < 0 or weight[row, best[row]] > weight[top, best[top]]):
                    top = row
            if top < 0:
                break
            i, j = min(top, best[top]), max(top, best[top])
            alive[j] = False
            into[j] = i
            known[i] += known[j]
            for r in range(m):
                if not alive[r] or r == i:
                    continue
                for c in range(comparisons):
                    total[c, i, r] += total[c, j, r]
                    total[c, r, i] = total[c, i, r]
                    count[c, i, r] += count[c, j, r]
                    count[c, r, i] = count[c, i, r]
                held[i, r] = held[r, i] = held[i, r] or held[j, r]
                weight[i, r] = weight[r, i] = _weigh(i, r, known, total, count, prior, most)
            for r in range(m):
                if not alive[r]:
                    continue
                if r == i or best[r] == i or best[r] == j:
                    best[r] = _best_of(r, alive, held, weight, stop)
                elif not held[r, i] and weight[r, i] >= stop:
                    old = best[r]
                    if old < 0 or weight[r, i] > weight[r, old] or (weight[r, i] == weight[r, old] and i < old):
                        best[r] = i
        for row in range(m):  # a cluster merges into a smaller one, which has its label by now
            if into[row] != row:
                into[row] = into[into[row]]
            label[first + row] = into[row]
    return label
