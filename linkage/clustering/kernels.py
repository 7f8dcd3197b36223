"""Compiled loops around the agglomeration (`merging.py`): judgements as merges, bucketing, gaps.

Import this module inside functions only: numba takes half a second to load and compiles at the first call
(the result is kept on disk beside this file where that is writable). Everything is int64 and bool; no loop
depends on the order of edges, because edges only ever enter sums, minima and flags.
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
def connect(a: Integers, b: Integers, label: Integers) -> None:
    """Write to `label` (its own position for each node) the smallest node that each is connected with.

    Union-find with path halving; the smaller root stays, so the result depends on no order.
    """
    for row in range(len(a)):
        one, other = _find(label, a[row]), _find(label, b[row])
        if one < other:
            label[other] = one
        else:
            label[one] = other
    for node in range(len(label)):
        label[node] = _find(label, node)


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
