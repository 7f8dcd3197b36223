"""What a comparison is made of: its levels, and the kind that builds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

UNKNOWN = "unknown"
UNITS = 16
"""Parts of a bit in which words are weighed."""
ENDS = 5
"""From so many letters on, one slip of the pen leaves the first two or the last two."""
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


@dataclass(frozen=True)
class Once:
    """A costly part of the tests of levels, word for word as it stands in them, and a test of when it is needed at all.

    Both may hold parts that come before it.
    """

    sql: str
    when: str = "TRUE"


Columns = Mapping[str, str]
Builder = Callable[[Columns], tuple[Level, ...]]


@dataclass(frozen=True)
class Kind:
    """A kind of comparison: the columns it reads (name in the kind → default column) and its levels.

    `rarity_column` is the column whose value frequencies count; where agreement is on something that is no column (a
    house on a street), `rarity_value` is the SQL that makes it, and `rarity_column` its name among the features.
    `more_rarity` are further columns whose rarity single levels count. `words` is the column whose words are weighed one by one (see `linkage.matching.rarity`).
    `foreign` are the columns it only looks at (a swapped name); blocking on them does not decide the comparison.
    `once` are costly parts of the levels' tests, each computed once a pair where pairs are scored in bulk.
    """

    columns: Columns
    build: Builder
    rarity_column: str | None = None
    rarity_value: str | None = None
    more_rarity: tuple[str, ...] = ()
    words: str | None = None
    foreign: frozenset[str] = frozenset()
    once: Callable[[Columns], tuple[Once, ...]] | None = None


def pair(column: str) -> tuple[str, str]:
    """Return a column of the left and of the right record of a pair."""
    return f'"{column}_l"', f'"{column}_r"'


def one_off(l: str, r: str) -> str:
    """At most one letter more, less or other, or two neighbours swapped.

    What is cheap comes first. Of equal length, such a slip changes two places at most; of other length it leaves the
    first two letters or the last two, from five letters on.
    """
    # (Places can be compared where there are as many, of letters and of bytes.)
    same = f"length({l}) = length({r})"
    places = (
        f"CASE WHEN {same} AND strlen({l}) = strlen({r}) AND length({l}) > 0 THEN hamming({l}, {r}) "
        f"WHEN abs(length({l}) - length({r})) <= 1 THEN 0 ELSE 9 END <= 2"
    )
    ends = f"({same} OR left({l}, 2) = left({r}, 2) OR right({l}, 2) = right({r}, 2) OR least(length({l}), length({r})) < {ENDS})"
    return f"({places} AND {ends} AND damerau_levenshtein({l}, {r}) <= 1)"


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
