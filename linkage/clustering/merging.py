"""Agglomeration of one component after another, compiled. All of it is one file: a compiled loop is kept on disk by its file's date.

Means are compared exactly, without 128-bit numbers: sum / count is taken as its whole part and a remainder
over the count; whole parts decide, and remainders are cross-multiplied, which stays below (k^2 / 4)^2 < 2^63
for a component of k <= 65,536 records.

What fits two groups exactly alike that cannot be one is left with neither: only the order of records would decide. Such a
pair is set aside until a merge changes one of the three; here means are compared in whole units of 1/1024 bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linkage.compiled import compiled

if TYPE_CHECKING:
    from linkage.clustering.contracts import Flags, Integers, Weights
    from linkage.clustering.kernels import Packed


class Scratch(NamedTuple):
    """Working room for the component with most groups (m) and most records (k).

    total: int64[m*m], held: bool[m*m], rows of the stride of the component at hand. size, into, best, whole,
    rest: int64[m]; alive, stale: bool[m]. group: int64[k], the group of each record. flag: bool[k], rows to look at anew, then records.
    rival: int32[m*m], the group on account of which a pair is set aside, or -1; torn: bool[m], whether one of them is torn.
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
    rival: Weights
    torn: Flags


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
            room.rival[i * m + j] = -1
        room.torn[i] = False
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
        if room.alive[j] and not room.held[row * m + j] and room.rival[row * m + j] < 0:
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
def _rival(i: int, j: int, m: int, stop: int, room: Scratch) -> int:
    """Return a group that group i fits exactly as well as it fits j, and that cannot be one with j; or -1.

    The two cannot be one where they are held apart, or weigh more against each other than group i weighs for either.
    """
    fits = room.total[i * m + j] // (room.size[i] * room.size[j]) - stop
    for k in range(m):
        if k in (i, j) or not room.alive[k] or room.held[i * m + k]:
            continue
        if room.total[i * m + k] // (room.size[i] * room.size[k]) - stop != fits:
            continue
        if room.held[j * m + k] or room.total[j * m + k] // (room.size[j] * room.size[k]) - stop + fits < 0:
            return k
    return -1


@compiled
def _set_aside(i: int, j: int, m: int, stop: int, room: Scratch) -> bool:
    """Set the pair of i and j aside where either is torn between the other and a rival; return whether it was."""
    rival = _rival(i, j, m, stop, room)
    if rival < 0:
        rival = _rival(j, i, m, stop, room)
    room.rival[i * m + j] = room.rival[j * m + i] = rival
    return rival >= 0


@compiled
def _take_back(i: int, j: int, m: int, room: Scratch) -> None:
    """After the merge of j into i, open every pair that was set aside on account of one of them; flag whose they were."""
    for r in range(m):
        room.flag[r] = False
        if not room.alive[r]:
            continue
        for s in range(m):
            rival = room.rival[r * m + s]
            if rival >= 0 and (r == i or s in (i, j) or rival in (i, j)):
                room.rival[r * m + s] = -1
                room.flag[r] = True


@compiled
def _mark_torn(m: int, stop: int, room: Scratch) -> None:
    """Mark the groups that are torn at the end."""
    for one in range(m):
        for other in range(m):
            if room.alive[one] and room.alive[other] and room.rival[one * m + other] >= 0:
                room.torn[one] |= _rival(one, other, m, stop, room) >= 0


@compiled
def _look_anew(row: int, m: int, stop: int, room: Scratch, count: Integers) -> None:
    """Find the row's best partner anew, and how many pairs it has with it."""
    _look(row, m, stop, room)
    count[row] = room.size[row] * room.size[max(room.best[row], 0)]


@compiled
def _agglomerate(m: int, stop: int, doubts: bool, room: Scratch, count: Integers) -> None:
    """Merge while the best mean is at least `stop`; ties to the smallest row, then the smallest partner.

    The mean of a merged cluster with a third is never above the better of the two before, so a stale row is
    looked at again only when its bound comes first. With `doubts`, a group that fits two that cannot be one exactly
    alike joins neither, for as long as nothing else decides: only their order would.
    """
    torn = False
    for row in range(m):
        _look_anew(row, m, stop, room, count)
    while True:
        top = _first(m, room, count)
        if top < 0:
            break
        if not room.stale[top]:
            partner = room.best[top]
            if doubts and _set_aside(top, partner, m, stop, room):
                torn = True
            else:
                _join(top, partner, m, room)
                if torn:
                    _take_back(top, partner, m, room)
                    for row in range(m):
                        if room.flag[row]:
                            _look_anew(row, m, stop, room, count)
        _look_anew(top, m, stop, room, count)
    if torn:
        _mark_torn(m, stop, room)


@compiled
def _first(m: int, room: Scratch, count: Integers) -> int:
    """Return the row whose best partner fits best (ties: the smallest row), or -1."""
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
    return top


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
        _agglomerate(m, stop, delta >= 0, room, count)
        clusters = _name_clusters(m, room)
        room.flag[:records] = False
        if any_held and delta >= 0 and clusters > 1:
            total, held = _tally(place, packed, missing, room, clusters)
            _mark_ambiguous(m, clusters, stop, delta, room, total, held)
        smallest[:clusters] = -1
        for row in range(records):
            cluster = room.into[room.group[row]]
            ambiguous[first + row] = room.flag[row] or room.torn[room.best[cluster]]
            if room.flag[row]:
                label[first + row] = row
                continue
            if smallest[cluster] < 0:
                smallest[cluster] = row
            label[first + row] = smallest[cluster]
