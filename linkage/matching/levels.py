"""What a comparison is made of: its levels, and the kind that builds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

UNKNOWN = "unknown"
UNITS = 16
"""Parts of a bit in which words are weighed."""
TELLING = 5 * UNITS
"""A word that three names in a hundred bear tells little: lacking it is no sign of another organisation."""

HOUSE = {"house_number": "house_number", "street": "street"}
"""The columns that tell a house; kinds that people of one house share look at them too."""


@dataclass(frozen=True)
class Level:
    """One level of agreement: its name, what a steward reads, its test, and how far rarity counts (0 to 1).

    `rare` names what it is the rarity of, where that is not the kind's own `rarity_column`. A level with `given` holds only
    where the pair agrees on those columns too, which another comparison counts: its m and u are chances among pairs that
    agree on them, so that what goes together is not counted twice. A level that is nothing but agreement on some columns
    names them in `same`: how often records of two entities agree so is counted on the pairs of a rule that finds them all.
    """

    name: str
    words: str
    test: str
    rarity: float = 0.0
    rare: str = ""
    given: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset()


Columns = Mapping[str, str]
Builder = Callable[[Columns], tuple[Level, ...]]


@dataclass(frozen=True)
class Kind:
    """A kind of comparison: the columns it reads (name in the kind → default column) and its levels.

    `rarity_column` is the column whose value frequencies count; where agreement is on something that is no column (a
    house on a street), `rarity_value` is the SQL that makes it, and `rarity_column` its name among the features.
    `more_rarity` are further columns whose rarity single levels count. `words` is the column whose words are weighed one by one (see `linkage.matching.rarity`).
    `foreign` are the columns it only looks at (a swapped name); blocking on them does not decide the comparison.
    """

    columns: Columns
    build: Builder
    rarity_column: str | None = None
    rarity_value: str | None = None
    more_rarity: tuple[str, ...] = ()
    words: str | None = None
    foreign: frozenset[str] = frozenset()


def pair(column: str) -> tuple[str, str]:
    """Return a column of the left and of the right record of a pair."""
    return f'"{column}_l"', f'"{column}_r"'


def one_off(l: str, r: str) -> str:
    """At most one letter more, less or other, or two neighbours swapped; lengths are compared first, being cheap."""
    return f"(abs(length({l}) - length({r})) <= 1 AND damerau_levenshtein({l}, {r}) <= 1)"


def at_home(c: Columns, words: str, agree: str) -> Level:
    """Return the level of agreement between records of one house, where relatives agree by more than chance."""
    (house_l, house_r), (street_l, street_r) = pair(c["house_number"]), pair(c["street"])
    test = f"{agree} AND {house_l} = {house_r} AND {street_l} = {street_r}"
    return Level("household", words, test, given=frozenset({c["house_number"], c["street"]}))


def phone_levels(c: Columns, *at_home: Level, rarity: float) -> tuple[Level, ...]:
    """Return the levels of a list of phones; `at_home` comes before a phone shared anywhere, whose rarity counts so far."""
    l, r = pair(c["list"])

    def tails(side: str) -> str:
        return f"list_transform({side}, lambda x: right(x, 7))"

    return (
        Level(UNKNOWN, "a side has no phone", f"{l} IS NULL OR {r} IS NULL OR len({l}) = 0 OR len({r}) = 0"),
        *at_home,
        Level("shared", "a phone in common", f"list_has_any({l}, {r})", rarity=rarity),
        Level("tail", "the last seven digits of a phone in common", f"list_has_any({tails(l)}, {tails(r)})"),
        Level("different", "different phones", "ELSE"),
    )
