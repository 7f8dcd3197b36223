"""`second_look`: finished clusters of one component compared with each other, once, as wholes.

A pair of records weighs what the two happen to tell; where each tells little, the mean over the pairs of two clusters is
low although together they tell much. So the weight of two clusters is the prior plus, for each comparison, the mean of its
weights over the pairs in which both records tell it. A disagreement that every record repeats is less likely a slip than
one seen once: a negative mean counts as often as the side with fewer telling records repeats it, at most `REPEATED` times.

Integers throughout; every component depends on its own clusters only, and the order of rows changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.errors import DataError

if TYPE_CHECKING:
    from linkage.clustering.contracts import Flags, Integers

REPEATED = 3
"""How many times at most a repeated disagreement counts."""


@dataclass(frozen=True, eq=False)
class Meetings:
    """Clusters that lie in one component with another, and what their records say of each other.

    component: int64[g], a number 0.. for each cluster's component. known: int64[g, c], how many of the cluster's records
    tell comparison c to some record of another. a, b: int64[p], the cluster pairs, a < b, each once, of one component.
    total: int64[p, c], the sum of comparison c's weights in 1/1024 bit over the pairs of records that tell it; count:
    int64[p, c], how many those are. held: bool[p], the two must stay apart.
    Raises DataError for shapes that do not fit or pairs of different components.
    """

    component: Integers
    known: Integers
    a: Integers
    b: Integers
    total: Integers
    count: Integers
    held: Flags

    def __post_init__(self) -> None:
        """Check shapes and ends."""
        g, p = len(self.component), len(self.a)
        c = self.known.shape[1] if self.known.ndim == 2 else -1  # noqa: PLR2004
        shapes = (self.known.shape, self.b.shape, self.total.shape, self.count.shape, self.held.shape)
        if shapes != ((g, c), (p,), (p, c), (p, c), (p,)):
            raise DataError(
                f"clustering: the arrays of a second look have shapes {shapes}; give {g} clusters, {p} pairs"
            )
        if p and (int(self.a.min()) < 0 or int(self.b.max()) >= g or bool((self.a >= self.b).any())):
            raise DataError("clustering: a pair of clusters is not two positions in ascending order")
        if bool((self.component[self.a] != self.component[self.b]).any()):
            raise DataError(
                "clustering: a pair of clusters lies in two components; only neighbours are looked at again"
            )


def second_look(meetings: Meetings, prior: int, stop: int) -> Integers:
    """Return int64[g]: for each cluster the first cluster (smallest position) that it is one with.

    prior, stop: in 1/1024 bit. The two clusters that weigh most merge, as long as they weigh at least `stop` and are not
    held apart; what they say of others is added up, and so on (ties: smallest position of the pair, then of the other).
    Memory: see `second_look_bytes`. Time for g clusters of one component: about g^2, at worst g^3.
    """
    from linkage.clustering.whole import Meeting, look_again  # compiled code loads at the first use

    label = np.arange(len(meetings.component), dtype=np.int64)
    if len(meetings.a) == 0:
        return label
    member = np.argsort(meetings.component, kind="stable")
    start = np.flatnonzero(np.diff(meetings.component[member], prepend=-1))
    start = np.append(start, len(member)).astype(np.int64)
    local = np.empty(len(member), np.int64)
    local[member] = np.arange(len(member)) - np.repeat(start[:-1], np.diff(start))
    turn = np.argsort(meetings.component[meetings.a], kind="stable")
    component = meetings.component[member[start[:-1]]]
    edge_start = np.searchsorted(meetings.component[meetings.a[turn]], np.append(component, component[-1] + 1))
    packed = Meeting(
        start,
        meetings.known[member],
        edge_start.astype(np.int64),
        local[meetings.a[turn]],
        local[meetings.b[turn]],
        meetings.total[turn],
        meetings.count[turn],
        meetings.held[turn],
    )
    own = look_again(packed, prior, stop, REPEATED)
    begin = np.repeat(start[:-1], np.diff(start))
    label[member] = member[begin + own]
    return label


def second_look_bytes(largest: int, comparisons: int) -> int:
    """Return an upper estimate of what one component of `largest` clusters takes, in bytes, inputs not included."""
    return largest**2 * (16 * comparisons + 9)
