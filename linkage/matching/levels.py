"""What a comparison is made of: its levels, and the kind that builds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

UNKNOWN = "unknown"
UNITS = 16
"""Parts of a bit in which words are weighed."""
TELLING = 5 * UNITS
"""A word that three names in a hundred bear tells little: lacking it is no sign of another organisation."""


@dataclass(frozen=True)
class Level:
    """One level of agreement: its name, what a steward reads, its test, and how far rarity counts (0 to 1)."""

    name: str
    words: str
    test: str
    rarity: float = 0.0


Columns = Mapping[str, str]
Builder = Callable[[Columns], tuple[Level, ...]]


@dataclass(frozen=True)
class Kind:
    """A kind of comparison: the columns it reads (name in the kind → default column) and its levels.

    `rarity_column` is the column whose value frequencies count; where agreement is on something that is no column (a
    house on a street), `rarity_value` is the SQL that makes it, and `rarity_column` its name among the features.
    `words` is the column whose words are weighed one by one (see `linkage.matching.rarity`).
    `foreign` are the columns it only looks at (a swapped name); blocking on them does not decide the comparison.
    """

    columns: Columns
    build: Builder
    rarity_column: str | None = None
    rarity_value: str | None = None
    words: str | None = None
    foreign: frozenset[str] = frozenset()


def pair(column: str) -> tuple[str, str]:
    """Return a column of the left and of the right record of a pair."""
    return f'"{column}_l"', f'"{column}_r"'


def one_off(l: str, r: str) -> str:
    """At most one letter more, less or other, or two neighbours swapped; lengths are compared first, being cheap."""
    return f"(abs(length({l}) - length({r})) <= 1 AND damerau_levenshtein({l}, {r}) <= 1)"
