"""The levels of pairs in SQL: each pair is read once, each costly expression computed once, and only where it is needed.

`level_query` gives the level numbers that Splink would give (a test holds the two together): -1 unknown, 0 different, and upwards
to the most telling level. Comparisons whose kind names costly parts (`Kind.once`) are settled last: their cheap levels first,
then, where the best that is left to them can still lift the pair to the threshold, the parts, each once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.engine.sql import quote
from linkage.matching.comparisons import KINDS, columns_of, levels_of, rarity_column
from linkage.matching.features import LEAST_FREQUENCY, compared_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.config.entity import Comparison
    from linkage.matching.levels import Level, Once
    from linkage.matching.model import Model

PATTERN_BITS = 4
SLACK = 1.0
"""Bits by which a pair must fall short of the threshold before its costly levels are spared: rounding never decides."""


def pattern_sql(model: Model) -> str:
    """Return the SQL that packs level numbers into one integer."""
    parts = [
        f"(CAST({_number(comparison)} + 1 AS BIGINT) << {PATTERN_BITS * place})"
        for place, comparison in enumerate(model.comparisons)
    ]
    return " | ".join(parts)


def level_name(comparison: Comparison, code: int) -> str:
    """Return the name of the level that a pattern's code stands for."""
    levels = levels_of(comparison)
    return levels[0].name if code == 0 else levels[len(levels) - code].name


def level_query(model: Model, pairs: str, threshold: float | None = None) -> str:
    """Return the query of the level numbers (`gamma_<comparison>`) of pairs, behind their `match_key`, `unique_id_l` and `unique_id_r`.

    `pairs` is a query of match_key, a and b; the features of their records must be there. With `threshold` (bits of weight)
    pairs that cannot reach it may be left out.
    """
    staged = [_Staged(comparison) for comparison in model.comparisons]
    query = _rows(model, [level.test for one in staged for level in one.levels], pairs)
    costly = [one for one in staged if one.once]
    kept = ["match_key", "unique_id_l", "unique_id_r"]
    done = [f"{one.settled(one.levels[:-1], 0)} AS {_number(one.comparison)}" for one in staged if not one.once]
    if not costly:
        return f"SELECT {', '.join([*kept, *done])} FROM ({query})"
    begun = [f"{one.settled(one.first, None)} AS {one.begun}" for one in costly]
    query = f"SELECT *, {', '.join([*done, *begun])} FROM ({query})"
    if threshold is not None:
        reach = " + ".join(_reach(model, one) for one in staged)
        # The engine would move the filter down and compute for it a second time what it rests on; not where chance plays a part.
        query = f"SELECT * FROM (SELECT *, {reach} + 0 * random() AS reach FROM ({query})) WHERE reach >= {threshold - SLACK}"
    for depth in range(max(len(one.once) for one in costly)):
        parts = [one.part(depth) for one in costly if depth < len(one.once)]
        query = f"SELECT *, {', '.join(parts)} FROM ({query})"
    names = [one.rest() if one.once else _number(one.comparison) for one in staged]
    return f"SELECT {', '.join([*kept, *names])} FROM ({query})"


def _number(comparison: Comparison) -> str:
    return quote(f"gamma_{comparison.name}")


def _rows(model: Model, tests: Sequence[str], pairs: str) -> str:
    """Return the query of both records of each pair, of the columns that tests read."""
    read = "\n".join(tests)
    columns = [
        f"{side}.{quote(column)} AS {quote(f'{column}_{side}')}"
        for column in compared_columns(model)
        for side in ("l", "r")
        if f'"{column}_{side}"' in read
    ]
    feature = f"feature.{quote(model.entity_type)}"
    return (
        f"SELECT p.match_key, p.a AS unique_id_l, p.b AS unique_id_r, {', '.join(columns)} FROM ({pairs}) AS p "
        f"JOIN {feature} AS l ON l.record = p.a JOIN {feature} AS r ON r.record = p.b"
    )


@dataclass(frozen=True)
class _Staged:
    """A comparison, whose levels are settled in one go or, where its kind has costly parts, in stages."""

    comparison: Comparison

    @property
    def levels(self) -> tuple[Level, ...]:
        return levels_of(self.comparison)

    @property
    def once(self) -> tuple[Once, ...]:
        make = KINDS[self.comparison.kind].once
        return make(columns_of(self.comparison)) if make else ()

    @property
    def begun(self) -> str:
        return quote(f"begun_{self.comparison.name}")

    @property
    def first(self) -> tuple[Level, ...]:
        """The levels before the first that tests a costly part."""
        costly = [any(one.sql in level.test for one in self.once) for level in self.levels]
        return self.levels[: costly.index(True)]

    def settled(self, levels: Sequence[Level], other: int | None) -> str:
        """Return the number of the first of `levels` that holds; `other` where none does."""
        tests = " ".join(f"WHEN {level.test} THEN {self.number(level)}" for level in levels)
        return f"CASE {tests} ELSE {'NULL' if other is None else other} END"

    def number(self, level: Level) -> int:
        place = [one.name for one in self.levels].index(level.name)
        return -1 if place == 0 else len(self.levels) - 1 - place

    def part(self, depth: int) -> str:
        """Return a costly part, computed where nothing is settled and what it is needed for may hold."""
        one = self.once[depth]
        needed = f"{self.begun} IS NULL AND ({self._named(one.when, depth)})"
        return f"CASE WHEN {needed} THEN {self._named(one.sql, depth)} END AS {self._part(depth)}"

    def rest(self) -> str:
        """Return the number of the level, with what has been settled and the parts at hand."""
        levels = self.levels[len(self.first) : -1]
        tests = " ".join(
            f"WHEN {self._named(level.test, len(self.once))} THEN {self.number(level)}" for level in levels
        )
        return f"CASE WHEN {self.begun} IS NOT NULL THEN {self.begun} {tests} ELSE 0 END AS {_number(self.comparison)}"

    def _part(self, depth: int) -> str:
        return quote(f"once_{self.comparison.name}_{depth}")

    def _named(self, sql: str, depth: int) -> str:
        """Put the names of the parts before `depth` in the place of what they are; the largest first, which hold others."""
        for place in reversed(range(depth)):
            sql = sql.replace(self.once[place].sql, self._part(place))
        return sql


def _reach(model: Model, one: _Staged) -> str:
    """Return the most bits that a comparison can add to a pair, with what is known of its level."""
    most = {level.name: _most(model, one, level) for level in one.levels}
    known = one.first if one.once else one.levels
    cases = " ".join(f"WHEN {one.number(level)} THEN {most[level.name]}" for level in known)
    left = max(most[level.name] for level in one.levels[len(one.first) :]) if one.once else 0.0
    prior = math.log2(model.match_rate / (1 - model.match_rate)) if one.comparison is model.comparisons[0] else 0.0
    name = one.begun if one.once else _number(one.comparison)
    return f"CASE {name} {cases} ELSE {left} END + {prior}"


def _most(model: Model, one: _Staged, level: Level) -> float:
    """Return the most bits that a level can weigh, with the rarest of values."""
    chances = model.chances[one.comparison.name]
    if level.name not in chances:
        return 0.0
    weight = math.log2(chances[level.name].m / chances[level.name].u)
    if rarity_column(one.comparison, level) is None:
        return weight
    # Rarity is measured against the u of this level, or of the level of equality, the first that weighs it.
    equal = next(
        other for other in one.levels if rarity_column(one.comparison, other) == rarity_column(one.comparison, level)
    )
    u = max(chances[level.name].u, chances[equal.name].u)
    return weight + level.rarity * max(0.0, math.log2(u) - math.log2(LEAST_FREQUENCY))
