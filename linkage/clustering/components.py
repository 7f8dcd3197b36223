"""Connected components over the floor, the cutting of large ones, and the pairs inside that have no edge.

Pure functions of their arguments; every component depends on its own edges and match judgements only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.clustering.contracts import BIT, ClusterSettings, Edges, Judgements, check_range

if TYPE_CHECKING:
    from linkage.clustering.contracts import Flags, Integers

_UNBREAKABLE = np.int64(2**62)  # the weight of a match judgement where components are made: no floor reaches it


@dataclass(frozen=True, eq=False)
class Components:
    """Labels (int64[n], smallest member) and what the run report says about them.

    uncut: the labels before large components were cut: what a change of one of their records may touch.
    largest_uncut and largest: records in the largest component before and after cutting.
    cut: pieces of one record and more that came out of components over `component_max`.
    """

    label: Integers
    uncut: Integers
    largest_uncut: int
    largest: int
    cut: int


def components(n: int, edges: Edges, settings: ClusterSettings, judgements: Judgements) -> Integers:
    """Return int64[n]: for each record the smallest record of its component. See `find_components`."""
    return find_components(n, edges, settings, judgements).label


def find_components(n: int, edges: Edges, settings: ClusterSettings, judgements: Judgements) -> Components:
    """Return the components over edges of at least `settings.floor` and over all match judgements.

    A component of more than `component_max` records is cut: its own floor rises by one bit at a time until
    each piece is small enough, every piece on its own. Records held together by match judgements stay
    together, so such a group may exceed `component_max`.
    Raises DataError for positions outside 0..n-1.
    """
    check_range(n, "edges", edges.a, edges.b)
    check_range(n, "judgements", judgements.a, judgements.b)
    joins = edges.weight >= settings.floor
    a = np.concatenate([edges.a[joins], judgements.a[judgements.match]])
    b = np.concatenate([edges.b[joins], judgements.b[judgements.match]])
    label = _connected(n, a, b)
    size = np.bincount(label, minlength=n)
    largest = int(size.max(initial=0))
    if largest <= settings.component_max:
        return Components(label, label, largest, largest, 0)
    uncut = label.copy()
    weight = np.full(len(a), _UNBREAKABLE)
    weight[: len(a) - int(np.count_nonzero(judgements.match))] = edges.weight[joins]
    inside = size[label[a]] > settings.component_max
    over = np.flatnonzero(size[label] > settings.component_max)
    local = np.full(n, -1, np.int64)
    local[over] = np.arange(len(over))
    pieces = _cut(len(over), local[a[inside]], local[b[inside]], weight[inside], settings)
    label[over] = over[pieces]
    size = np.bincount(label, minlength=n)
    return Components(label, uncut, largest, int(size.max(initial=0)), len(np.unique(pieces)))


def count_missing_pairs(label: Integers, edges: Edges) -> int:
    """Return how many pairs inside components have no edge: the length of what `missing_pairs` returns.

    label: int64[n], any labels of components. 8 bytes a record and 17 an edge while it runs.
    """
    check_range(len(label), "edges", edges.a, edges.b)
    size = np.bincount(label, minlength=len(label))
    inside = int(np.count_nonzero(label[edges.a] == label[edges.b]))
    return int((size * (size - 1) // 2).sum()) - inside


def missing_pairs(label: Integers, edges: Edges) -> tuple[Integers, Integers]:
    """Return (a, b), a < b: the pairs inside components that have no edge, ordered by component, a, b.

    Ask `count_missing_pairs` first: the answer takes 16 bytes a pair.
    """
    from linkage.clustering.kernels import fill_gaps  # compiled code loads at the first use, not at import

    total = count_missing_pairs(label, edges)
    size = np.bincount(label, minlength=len(label))
    inside = label[edges.a] == label[edges.b]
    present = np.bincount(label[edges.a[inside]], minlength=len(label))
    gaps = size * (size - 1) // 2 > present
    member, start = _members(label, gaps)
    slot = np.full(len(label), -1, np.int64)
    slot[member] = np.arange(len(member))
    wanted = inside & gaps[label[edges.a]]
    left, right = slot[edges.a[wanted]], slot[edges.b[wanted]]
    key = np.minimum(left, right) * max(len(member), 1) + np.maximum(left, right)
    key.sort()
    a, b = np.empty(total, np.int64), np.empty(total, np.int64)
    fill_gaps(start, member, key, a, b)
    return a, b


def _members(label: Integers, wanted: Flags) -> tuple[Integers, Integers]:
    """Return the members of the wanted labels, grouped and ascending, and where groups start and end."""
    member = np.flatnonzero(wanted[label])
    member = member[np.argsort(label[member], kind="stable")]
    size = np.bincount(label, minlength=len(label))[wanted]
    return member, np.concatenate([np.zeros(1, np.int64), np.cumsum(size)])


def _connected(n: int, a: Integers, b: Integers) -> Integers:
    """Return for each of n nodes the smallest node that it is connected with."""
    from linkage.clustering.kernels import connect

    label = np.arange(n, dtype=np.int64)
    if len(a):
        connect(a, b, label)
    return label


def _cut(n: int, a: Integers, b: Integers, weight: Integers, settings: ClusterSettings) -> Integers:
    """Return labels of pieces of at most `component_max` of n nodes, all of which lie in larger components.

    All pieces that are still too large share one floor, because each began at the same one and rose in the
    same steps; so one loop serves the recursion. Steps at which no edge goes are passed over.
    """
    label = np.arange(n, dtype=np.int64)
    node = np.arange(n, dtype=np.int64)  # the nodes still in question, as they are named outside
    while len(node):
        label[node] = node[_connected(len(node), a, b)]
        size = np.bincount(label[node], minlength=n)
        breakable = np.zeros(n, np.bool_)
        breakable[label[node[a[weight != _UNBREAKABLE]]]] = True
        over = (size > settings.component_max) & breakable
        stay = over[label[node[a]]]
        a, b, weight = node[a[stay]], node[b[stay]], weight[stay]
        node = np.flatnonzero(over[label])
        local = np.full(n, -1, np.int64)
        local[node] = np.arange(len(node))
        if len(weight):
            lowest = int(weight.min())
            floor = settings.floor + BIT * ((lowest - settings.floor) // BIT + 1)
            keep = weight >= floor
            a, b, weight = a[keep], b[keep], weight[keep]
        a, b = local[a], local[b]
    return label
