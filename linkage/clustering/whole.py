"""The compiled loop of the second look: clusters of one component merge as wholes.

Import this module inside functions only; see `kernels`. Everything is int64 and bool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linkage.compiled import compiled

if TYPE_CHECKING:
    from linkage.clustering.contracts import Flags, Integers


class Meeting(NamedTuple):
    """Clusters of components laid end to end, named by their local position; see `second_look.Meetings`.

    start: int64[k+1]. known: int64[g, c]. edge_start: int64[k+1]; a, b: int64 local; total, told: int64[p, c];
    held: bool[p].
    """

    start: Integers
    known: Integers
    edge_start: Integers
    a: Integers
    b: Integers
    total: Integers
    told: Integers
    held: Flags


class Square(NamedTuple):
    """The clusters of one component against each other.

    known: int64[m, c]. total, told: int64[c, m, m], by comparison. held: bool[m, m]. weight: int64[m, m].
    """

    known: Integers
    total: Integers
    told: Integers
    held: Flags
    weight: Integers


@compiled
def _weigh(i: int, j: int, square: Square, prior: int, most: int) -> int:
    """Return what two clusters weigh together: means by comparison, repeated disagreement more."""
    weight = prior
    for c in range(square.known.shape[1]):
        if square.told[c, i, j] > 0:
            mean = square.total[c, i, j] // square.told[c, i, j]
            if mean < 0:
                mean *= max(1, min(most, square.known[i, c], square.known[j, c]))
            weight += mean
    return weight


@compiled
def _best_of(row: int, alive: Flags, square: Square, stop: int) -> int:
    """Return the cluster that the row's would best merge with (ties: the smallest), or -1."""
    best = -1
    for j in range(len(alive)):
        fits = j != row and alive[j] and not square.held[row, j] and square.weight[row, j] >= stop
        if fits and (best < 0 or square.weight[row, j] > square.weight[row, best]):
            best = j
    return best


@compiled
def _load(place: int, packed: Meeting, square: Square, prior: int, most: int) -> None:
    """Fill the square of one component."""
    for row in range(packed.edge_start[place], packed.edge_start[place + 1]):
        i, j = packed.a[row], packed.b[row]
        square.held[i, j] = square.held[j, i] = packed.held[row]
        for c in range(square.known.shape[1]):
            square.total[c, i, j] = square.total[c, j, i] = packed.total[row, c]
            square.told[c, i, j] = square.told[c, j, i] = packed.told[row, c]
        square.weight[i, j] = square.weight[j, i] = _weigh(i, j, square, prior, most)


@compiled
def _add_up(i: int, j: int, square: Square) -> None:
    """Add what cluster j and others say of each other to what cluster i and they do."""
    # Number by number: sums of whole rows would take seconds to compile.
    for c in range(square.known.shape[1]):
        square.known[i, c] += square.known[j, c]
        for r in range(len(square.held)):
            square.total[c, i, r] += square.total[c, j, r]
            square.told[c, i, r] += square.told[c, j, r]
        for r in range(len(square.held)):
            square.total[c, r, i] = square.total[c, i, r]
            square.told[c, r, i] = square.told[c, i, r]
    for r in range(len(square.held)):
        square.held[i, r] |= square.held[j, r]
    for r in range(len(square.held)):
        square.held[r, i] = square.held[i, r]


@compiled
def _update_best(i: int, j: int, best: Integers, alive: Flags, square: Square, stop: int) -> None:
    """Find every row's best partner after cluster j has gone into cluster i."""
    for r in range(len(alive)):
        if not alive[r]:
            continue
        old = best[r]
        if r == i or old in (i, j):
            best[r] = _best_of(r, alive, square, stop)
        elif not square.held[r, i] and square.weight[r, i] >= stop:
            better = old < 0 or square.weight[r, i] > square.weight[r, old]
            if better or (square.weight[r, i] == square.weight[r, old] and i < old):
                best[r] = i


@compiled
def _heaviest(best: Integers, alive: Flags, weight: Integers) -> int:
    """Return the row of the heaviest possible merge (ties: the smallest), or -1."""
    top = int(np.int64(-1))
    for row in range(len(alive)):
        if alive[row] and best[row] >= 0 and (top < 0 or weight[row, best[row]] > weight[top, best[top]]):
            top = row
    return top


@compiled
def look_again(packed: Meeting, prior: int, stop: int, most: int) -> Integers:
    """Merge clusters as wholes in every component; return each one's local label, the smallest it is one with."""
    label = np.empty(len(packed.known), np.int64)
    for place in range(len(packed.start) - 1):
        first, end = packed.start[place], packed.start[place + 1]
        m, comparisons = end - first, packed.known.shape[1]
        square = Square(
            packed.known[first:end].copy(),
            np.zeros((comparisons, m, m), np.int64),
            np.zeros((comparisons, m, m), np.int64),
            np.zeros((m, m), np.bool_),
            np.full((m, m), stop - 1, np.int64),  # clusters that never met stay apart
        )
        _load(place, packed, square, prior, most)
        alive = np.ones(m, np.bool_)
        into = np.arange(m)
        best = np.empty(m, np.int64)
        for row in range(m):
            best[row] = _best_of(row, alive, square, stop)
        top = _heaviest(best, alive, square.weight)
        while top >= 0:
            i, j = min(top, best[top]), max(top, best[top])
            alive[j] = False
            into[j] = i
            _add_up(i, j, square)
            for r in range(m):
                if alive[r] and r != i:
                    square.weight[i, r] = square.weight[r, i] = _weigh(i, r, square, prior, most)
            _update_best(i, j, best, alive, square, stop)
            top = _heaviest(best, alive, square.weight)
        for row in range(m):  # a cluster merges into a smaller one, which has its label by now
            into[row] = into[into[row]]
            label[first + row] = into[row]
    return label
