"""The compiled loops: judgements as merges, agglomeration of one component after another, gaps.

Import this module inside functions only: numba takes half a second to load and compiles at the first call
(the result is kept on disk beside this file where that is writable). Everything is int64 and bool; no loop
depends on the order of edges, because edges only ever enter sums, minima and flags.

Means are compared exactly, without 128-bit numbers: sum / count is taken as its whole part and a remainder
over the count; whole parts decide, and remainders are cross-multiplied, which stays below (k^2 / 4)^2 < 2^63
for a component of k <= 65,536 records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linkage.compiled import compiled

if TYPE_CHECKING:
    from linkage.clustering.contracts import Flags, Integers, Weights


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


@compiled
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


@compiled
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


@compiled
def _find(parent: Integers, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def _kept_apart(one: int, other: int, parent: Integers, chain: tuple[Integers, ...], partner: Integers) -> bool:
    """Whether a non-match lies between two groups; walks the shorter of their lists of non-matches."""
    head, _tail, count, following = chain
    if count[one] > count[other]:
        one, other = other, one
    entry = head[one]
    while entry >= 0:
        if _find(parent, partner[entry]) == other:
            return True
        entry = following[entry]
    return False


@compiled
def _join_matches(
    match_a: Integers,
    match_b: Integers,
    owner: Integers,
    partner: Integers,
    parent: Integers,
    chain: tuple[Integers, Integers, Integers, Integers],
    lost: Flags,
) -> None:
    """Write to `parent` each node's group and to `lost` which matches lost; see `join_matches`."""
    head, tail, count, following = chain
    for entry in range(len(owner)):  # linked lists, because merging two groups must join their lists at no cost
        node = owner[entry]
        if head[node] < 0:
            tail[node] = entry
        following[entry] = head[node]
        head[node] = entry
        count[node] += 1
    for row in range(len(match_a)):
        one, other = _find(parent, match_a[row]), _find(parent, match_b[row])
        if one == other:
            continue
        if _kept_apart(one, other, parent, chain, partner):
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
    for node in range(len(parent)):
        parent[node] = _find(parent, node)


def join_matches(
    n: int, match_a: Integers, match_b: Integers, apart_a: Integers, apart_b: Integers
) -> tuple[Integers, Flags]:
    """Apply matches in the given order; return each node's group (its smallest node) and which matches lost.

    n nodes; a match loses when a non-match lies between the two groups at its turn.
    """
    # Arrays are made here: numpy in a compiled loop takes longer to compile than the loop.
    parent, lost = np.arange(n, dtype=np.int64), np.zeros(len(match_a), np.bool_)
    owner, partner = np.concatenate((apart_a, apart_b)), np.concatenate((apart_b, apart_a))
    none = np.full(n, -1, np.int64)
    chain = (none, none.copy(), np.zeros(n, np.int64), np.full(len(owner), -1, np.int64))
    _join_matches(match_a, match_b, owner, partner, parent, chain, lost)
    return parent, lost


@compiled
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


@compiled
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


@compiled
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


@compiled
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


@compiled
def _agglomerate(m: int, stop: int, room: Scratch, count: Integers) -> None:
    """Merge while the best mean is at least `stop`; ties to the smallest row, then the smallest partner.

    The mean of a merged cluster with a third is never above the better of the two before, so a stale row is
    looked at again only when its bound comes first.
    """
    for row in range(m):
        _look(row, m, stop, room)
        count[row] = room.size[row] * room.size[max(room.best[row], 0)]
    while True:
        top = int(np.int64(-1))  # a bare -1 is a type of its own: all that is called with it would be compiled twice
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


@compiled
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


@compiled
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


@compiled
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


@compiled
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


@compiled
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
