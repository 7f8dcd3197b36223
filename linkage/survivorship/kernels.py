"""The compiled loops over the values of identities. Import this module inside functions only: numba takes time to load.

Texts lie end to end in `data` (uint8, UTF-8), text i from `offsets[i]` to `offsets[i + 1]`; they are compared byte by byte,
as the SQL engine does. The entries of record r, its values, are `first[r]` to `first[r + 1]`; the records of identity g are
`start[g]` to `start[g + 1]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linkage.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Texts = tuple[NDArray[np.int32], NDArray[np.uint8]]


class Values(NamedTuple):
    """The values that records tell: first int64[n+1], offsets int32[m+1], data uint8."""

    first: Integers
    offsets: NDArray[np.int32]
    data: NDArray[np.uint8]


@compiled
def _compare(one: int, other: int, offsets: Any, data: Any) -> int:
    """Return a number below, at or above zero: how text `one` stands to text `other`."""
    a, b = offsets[one], offsets[other]
    length_a, length_b = offsets[one + 1] - a, offsets[other + 1] - b
    for place in range(min(length_a, length_b)):
        if data[a + place] != data[b + place]:  # bytes have no sign: their difference would have none either
            return -1 if data[a + place] < data[b + place] else 1
    return int(length_a - length_b)


@compiled
def _letters(text: int, offsets: Any, data: Any) -> int:
    """Count the characters of a text: its bytes that begin one."""
    count = 0
    for place in range(offsets[text], offsets[text + 1]):
        count += (data[place] & 0xC0) != 0x80  # noqa: PLR2004
    return count


@compiled
def _place(entry: int, kept: Integers, begin: int, end: int, values: Values) -> tuple[int, bool]:
    """Return where in the sorted entries `begin` to `end` the entry's text stands, and whether it is there."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        how = _compare(entry, kept[middle], values.offsets, values.data)
        if how == 0:
            return middle, True
        if how < 0:
            high = middle
        else:
            low = middle + 1
    return low, False


@compiled
def _first_by(keys: Integers, found: int, order: Integers) -> int:
    """Return the row of the greatest keys (by the columns in the order given; ties: the last row), or -1."""
    best = -1
    for row in range(found):
        wins = True
        for turn in order:
            if best >= 0 and keys[row, turn] != keys[best, turn]:
                wins = keys[row, turn] > keys[best, turn]
                break
        if wins:
            best = row
    return best


@compiled
def _most_entries(start: Integers, first: Integers) -> int:
    most = 0
    for group in range(len(start) - 1):
        most = max(most, first[start[group + 1]] - first[start[group]])
    return most


@compiled
def choose(
    start: Integers, values: Values, seen: NDArray[np.int32], order: Integers, kept: Integers, ends: Integers
) -> Integers:
    """Return the entry of each identity's surviving value, or -1; write the distinct ones, sorted, to `kept`, `ends`.

    The value wins that is first by three numbers, in the order given (0: records that tell it, 1: last day, 2: letters);
    between equals the greatest text. `ends[g + 1]` is where the distinct entries of identity g end in `kept`.
    """
    best = np.full(len(start) - 1, -1, np.int64)
    keys = np.zeros((_most_entries(start, values.first), 3), np.int64)
    begin = int(np.int64(0))  # a bare 0 is a type of its own: what is called with it would be compiled twice
    for group in range(len(best)):
        end = begin
        for row in range(start[group], start[group + 1]):
            for entry in range(values.first[row], values.first[row + 1]):
                place, there = _place(entry, kept, begin, end, values)
                if there:
                    keys[place - begin, 0] += 1
                    keys[place - begin, 1] = max(keys[place - begin, 1], seen[row])
                    continue
                for other in range(end, place, -1):
                    kept[other] = kept[other - 1]
                    for key in range(3):  # row by row would take seconds to compile
                        keys[other - begin, key] = keys[other - begin - 1, key]
                kept[place] = entry
                keys[place - begin, 0], keys[place - begin, 1] = 1, seen[row]
                keys[place - begin, 2] = _letters(entry, values.offsets, values.data)
                end += 1
        chosen = _first_by(keys, end - begin, order)
        if chosen >= 0:
            best[group] = kept[begin + chosen]
        begin = ends[group + 1] = end
    return best


@compiled
def choose_fullest(
    start: Integers, values: Values, chosen: Integers, filled: Integers, texts: Any, seen: NDArray[np.int32]
) -> Integers:
    """Return for each identity the record, of those that tell the chosen entry (of all where it is -1), whose parts are fullest.

    Then the one seen last, then the greatest text of its parts. texts: (offsets, data), one text a record.
    """
    best = np.full(len(start) - 1, -1, np.int64)
    for group in range(len(best)):
        for row in range(start[group], start[group + 1]):
            if chosen[group] >= 0:
                tells = False
                for entry in range(values.first[row], values.first[row + 1]):
                    tells |= _compare(entry, chosen[group], values.offsets, values.data) == 0
                if not tells:
                    continue
            top = best[group]
            if (
                top < 0
                or filled[row] > filled[top]
                or (
                    filled[row] == filled[top]
                    and (
                        seen[row] > seen[top] or (seen[row] == seen[top] and _compare(row, top, texts[0], texts[1]) > 0)
                    )
                )
            ):
                best[group] = row
    return best
