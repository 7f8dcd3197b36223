"""What goes into and comes out of clustering: frozen, validated arrays and settings.

Records are positions 0..n-1; their order is the order of the records' names, so "the smallest record" is the
smallest position. Weights are integers in 1/1024 bit (`BIT`); floats appear nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    Integers = NDArray[np.int64]
    Weights = NDArray[np.int32]
    Flags = NDArray[np.bool_]

BIT = 1024
"""One bit of match weight."""

LARGEST_COMPONENT = 65_536
"""Records in one component: exact comparison of means needs products of counts that stay below 2^63."""

_DIMENSIONS = 1


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """How to cluster; all weights in 1/1024 bit.

    stop: clusters merge while the mean weight between them is at least this.
    floor: an edge joins a component when it weighs at least this.
    ambiguity: two means that differ by at most this are alike (delta); -1 switches ambiguity off.
    component_max: a component of more records is cut by raising its own floor bit by bit.
    missing: the weight of a pair inside a component that has no edge.
    Raises ConfigError for values that cannot be.
    """

    stop: int
    floor: int
    ambiguity: int
    component_max: int = 1000
    missing: int = -4 * BIT

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        limit = 2**31
        for name in ("stop", "floor", "ambiguity", "missing"):
            if not -limit < getattr(self, name) < limit:
                raise ConfigError(f"clustering: {name} is {getattr(self, name)}; give 1/1024 bits below 2^31")
        if self.ambiguity < -1:
            raise ConfigError(f"clustering: ambiguity is {self.ambiguity}; give 0 or more, or -1 for none")
        if not 1 < self.component_max <= LARGEST_COMPONENT:
            raise ConfigError(
                f"clustering: component_max is {self.component_max}; give 2 to {LARGEST_COMPONENT} records"
            )


@dataclass(frozen=True, eq=False)
class Edges:
    """Scored pairs, one row an unordered pair, rows and ends in any order.

    a, b: int64 record positions, a != b. weight: int32 in 1/1024 bit. conflict: bool, True where the two
    records cannot be one entity whatever the weight (a hard conflict of the model). All of one length.
    Raises DataError for unequal lengths, wrong types, a pair of a record with itself, or a pair given twice.
    """

    a: Integers
    b: Integers
    weight: Weights
    conflict: Flags

    def __post_init__(self) -> None:
        """Bring the arrays to their types and check them; 17 bytes an edge while it runs."""
        _set(self, "a", _array("edges.a", self.a, np.int64))
        _set(self, "b", _array("edges.b", self.b, np.int64))
        _set(self, "weight", _array("edges.weight", self.weight, np.int32))
        _set(self, "conflict", _array("edges.conflict", self.conflict, np.bool_))
        _same_length("edges", self.a, self.b, self.weight, self.conflict)
        _distinct_ends("edges", self.a, self.b)
        _refuse_duplicates(self.a, self.b)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.a)

    @classmethod
    def none(cls) -> Edges:
        """Return no edges at all."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, np.zeros(0, np.int32), np.zeros(0, np.bool_))


@dataclass(frozen=True, eq=False)
class Judgements:
    """What people decided, one row a judged pair, in any order; a pair may be judged more than once.

    a, b: int64 record positions, a != b. match: bool, True for "the same", False for "not the same".
    Raises DataError for unequal lengths, wrong types, or a record judged against itself.
    """

    a: Integers
    b: Integers
    match: Flags

    def __post_init__(self) -> None:
        """Bring the arrays to their types and check them."""
        _set(self, "a", _array("judgements.a", self.a, np.int64))
        _set(self, "b", _array("judgements.b", self.b, np.int64))
        _set(self, "match", _array("judgements.match", self.match, np.bool_))
        _same_length("judgements", self.a, self.b, self.match)
        _distinct_ends("judgements", self.a, self.b)

    def __len__(self) -> int:
        """Return the number of judgements."""
        return len(self.a)

    @classmethod
    def none(cls) -> Judgements:
        """Return no judgements at all."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, np.zeros(0, np.bool_))


@dataclass(frozen=True)
class ClusterStats:
    """Counts for the run report; records, components and pairs.

    largest_uncut: records in the largest component before cutting; 0 when the caller gave the components.
    largest_component: the same after cutting. components: those of two records and more.
    components_cut: pieces (of one record and more) that came out of components over `component_max`.
    assumed_pairs: pairs inside components without an edge, which stood in with `missing`.
    merged_whole: components settled without agglomeration. agglomerated: the others.
    clusters: all, singletons included. largest_cluster: records. ambiguous: records. lost: judgements.
    """

    largest_uncut: int
    largest_component: int
    components: int
    components_cut: int
    assumed_pairs: int
    merged_whole: int
    agglomerated: int
    clusters: int
    largest_cluster: int
    ambiguous: int
    lost: int


@dataclass(frozen=True, eq=False)
class Clustering:
    """The partition of n records.

    label: int64[n], the smallest record of the record's cluster. component: int64[n], the smallest record of
    its component. ambiguous: bool[n], True for a record that fits two clusters which cannot be one, and
    joined neither (records that are alike in this may be one cluster). lost: int64, rows of the judgements
    that were overruled, ascending (match judgements only).
    """

    label: Integers
    component: Integers
    ambiguous: Flags
    lost: Integers
    stats: ClusterStats


def memory_bytes(n: int, n_edges: int, largest_component: int) -> int:
    """Return an upper estimate of what `components` and `cluster` hold at once, inputs included, in bytes.

    Per record 100 (labels, sizes, member lists), per edge 120 (21 the input itself, the rest the ends over the floor and
    a component-sorted copy), and 31 for each pair of positions of the
    largest component (int64 sums, bool constraints and int32 rivals of the agglomeration, the first two for
    ambiguity again, and room).
    The arrays that `missing_pairs` returns come on top: 16 bytes a pair, 8 an edge while it runs.
    """
    return 100 * n + 120 * n_edges + 31 * largest_component**2


def check_range(n: int, what: str, a: Integers, b: Integers) -> None:
    """Raise DataError where an end lies outside the positions 0..n-1."""
    if n < 0:
        raise DataError(f"clustering: the number of records is {n}; it cannot be negative")
    if len(a) == 0:
        return
    low, high = min(int(a.min()), int(b.min())), max(int(a.max()), int(b.max()))
    if low < 0 or high >= n:
        wrong = low if low < 0 else high
        raise DataError(f"clustering: {what} name record {wrong}, but positions run from 0 to {n - 1}")


def _set(owner: object, name: str, value: object) -> None:
    object.__setattr__(owner, name, value)


def _array(name: str, values: ArrayLike, dtype: DTypeLike) -> NDArray[np.generic]:
    """Return the values as a contiguous array of the type; refuse what would change value on the way."""
    array = np.asarray(values)
    wanted = np.dtype(dtype)
    if array.ndim != _DIMENSIONS:
        raise DataError(f"clustering: {name} has {array.ndim} dimensions; give a flat array")
    if array.size == 0:
        return np.zeros(0, wanted)
    kinds = "b" if wanted.kind == "b" else "iu"
    if array.dtype.kind not in kinds:
        raise DataError(f"clustering: {name} is of type {array.dtype}; give {wanted}")
    if wanted.kind == "i" and array.dtype != wanted:
        limits = np.iinfo(wanted)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise DataError(f"clustering: {name} holds a value that does not fit {wanted}")
    return np.ascontiguousarray(array, dtype=wanted)


def _same_length(what: str, *arrays: NDArray[np.generic]) -> None:
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise DataError(f"clustering: the columns of {what} have lengths {lengths}; give one row a pair")


def _distinct_ends(what: str, a: Integers, b: Integers) -> None:
    same = np.flatnonzero(a == b)
    if len(same):
        row = int(same[0])
        raise DataError(f"clustering: row {row} of {what} pairs record {int(a[row])} with itself; leave it out")


def _refuse_duplicates(a: Integers, b: Integers) -> None:
    if len(a) == 0:
        return
    low, high = np.minimum(a, b), np.maximum(a, b)
    base = int(high.max()) + 1
    if int(low.min()) < 0 or base > 2**31:
        raise DataError("clustering: edges name a record outside the positions 0 to 2^31 - 1")
    low *= base
    low += high
    if bool(np.all(low[1:] > low[:-1])):  # callers mostly deliver sorted pairs: then no sort is needed
        return
    low.sort()
    twice = np.flatnonzero(low[1:] == low[:-1])
    if len(twice):
        first, second = divmod(int(low[twice[0]]), base)
        raise DataError(
            f"clustering: the pair ({first}, {second}) has more than one edge; give each unordered pair once"
        )
