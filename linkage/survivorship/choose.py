"""Arrow columns in, Arrow columns out: which values of an identity survive (see the package)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linkage.survivorship.kernels import Values

    Integers = NDArray[np.int64]

# In the order in which they decide: 0 the records that tell a value, 1 the last day it was told, 2 its letters.
RULES = {"most_agreed": (0, 1, 2), "most_recent": (1, 0, 2), "most_complete": (2, 0, 1)}
_LONG_AGO = -719_162
"""0001-01-01 in days since 1970: records without a date come first."""
_NOTHING = bytes(4)


@dataclass(frozen=True, eq=False)
class Told:
    """The values that records tell of one attribute, end to end (`texts`, no NULL), and where each record's begin."""

    texts: pa.Array
    values: Values


def told(column: pa.Array) -> Told:
    """Return the values of a column: VARCHAR, a value a record at most, or VARCHAR[]."""
    from linkage.survivorship.kernels import Values

    if pa.types.is_list(column.type):
        texts, count = column.flatten(), pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    else:
        texts, count = column.drop_null(), column.is_valid().to_numpy(zero_copy_only=False)
    first = np.zeros(len(column) + 1, np.int64)
    np.cumsum(count, out=first[1:])
    return Told(texts, Values(first, *_bytes(texts)))


def survivors(start: Integers, values: Told, seen: NDArray[np.int32], rule: str) -> tuple[Integers, Integers, Integers]:
    """Return (best, kept, ends): see `kernels.choose`. start: int64[g+1]; seen: from `days`; rule: one of `RULES`."""
    from linkage.survivorship.kernels import choose

    kept, ends = np.empty(len(values.texts), np.int64), np.zeros(len(start), np.int64)
    best = choose(start, values.values, seen, np.array(RULES[rule], np.int64), kept, ends)
    return best, kept, ends


def distinct_values(values: Told, kept: Integers, ends: Integers) -> pa.Array:
    """Return each identity's distinct values as a sorted list, NULL where there is none."""
    texts = values.texts.take(pa.array(kept[: ends[-1]]))
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), texts, mask=pa.array(np.diff(ends) == 0))


def fullest(
    start: Integers, values: Told, chosen: Integers, parts: list[pa.Array], seen: NDArray[np.int32]
) -> Integers:
    """Return for each identity the record that its parts are taken from: none is made up of two (see `kernels.choose_fullest`)."""
    from linkage.survivorship.kernels import choose_fullest

    filled: Any = np.zeros(len(seen), np.int64)
    for part in parts:
        filled += part.is_valid().to_numpy(zero_copy_only=False)
    # The lowest sign parts them, so that the texts are ordered as their parts are.
    texts = pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), "\0")
    return choose_fullest(start, values.values, chosen, filled, _bytes(texts), seen)


def days(column: pa.Array) -> NDArray[np.int32]:
    """Return the days of a DATE column, long ago where there is none."""
    return _frozen(pc.fill_null(column.cast(pa.int32()), _LONG_AGO).to_numpy(zero_copy_only=False))


def taken(texts: pa.Array, chosen: Integers) -> pa.Array:
    """Return the chosen texts, NULL where nothing is chosen (-1)."""
    return texts.take(pa.array(chosen, mask=chosen < 0))


def _bytes(texts: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return the offsets and the bytes of an array of texts without NULL."""
    _, offsets, data = texts.buffers()
    place = np.frombuffer(offsets or _NOTHING, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return _frozen(place), _frozen(np.frombuffer(data or _NOTHING, np.uint8))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    # Loops are compiled once for arrays that may be written and once for those that may not.
    array = array.view()
    array.flags.writeable = False
    return array
