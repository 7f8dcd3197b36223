"""What an entity type compares, blocks on and publishes; with the priors its models start from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field, model_validator

from linkage.config.base import Name, Settings, read_toml, validate
from linkage.config.source import EntityType
from linkage.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

BITS = 1024
"""Weights are integers in units of 1/1024 bit."""

SurvivorRule = Literal["most_agreed", "most_recent", "most_complete"]
_PART = re.compile(
    r"^([a-z][a-z0-9_]*)(?:\.(?:(each)(?:\.last\(([1-9][0-9]?)\))?|(year|month)|first\(([1-9][0-9]?)\)|last\(([1-9][0-9]?)\)))?$"
)


class Prior(Settings):
    """Chances of one agreement level: `m` among records of one entity, `u` among records of two.

    `fixed` keeps them as they are: training without labels cannot tell what depends on other evidence.
    """

    m: Annotated[float, Field(gt=0, lt=1)]
    u: Annotated[float, Field(gt=0, lt=1)]
    fixed: bool = False


class Comparison(Settings):
    """One piece of evidence: a kind of comparison, the columns it reads, and a prior for each of its levels."""

    name: Name
    kind: Name
    describe: Annotated[str, Field(min_length=10)]
    columns: Annotated[dict[Name, Name], Field(default_factory=dict)]
    rarity: bool = False
    priors: Annotated[dict[Name, Prior], Field(min_length=1)]


class BlockingRule(Settings):
    """Records that agree on every part of `on` become candidate pairs.

    A part is `column`, `column.each` (of a list), `column.year`, `column.month`, `column.first(n)` or `column.last(n)`.
    """

    name: Name
    on: Annotated[tuple[str, ...], Field(min_length=1)]
    train: bool = True

    @model_validator(mode="after")
    def _parts(self) -> BlockingRule:
        for part in self.on:
            if not _PART.match(part):
                message = (
                    f"blocking rule {self.name!r} cannot read {part!r}: "
                    "write column, column.each, column.each.last(9), column.year, column.month, column.first(3) or column.last(4)"
                )
                raise ValueError(message)
        return self


class Blocking(Settings):
    """Which pairs are candidates.

    `max_block` is the largest number of records that may share a key. All rules together may make `least_pairs` pairs or
    `pairs_per_record` for each record, whichever is more, counted by rule. A rule that needs no more than an equal share,
    also of what such rules leave of theirs, keeps all its blocks; of the others the largest blocks, whichever rule they
    are of, become stop keys at training; a value of a `generic` column held by more than `generic_max` records at training says nothing and is set aside.
    """

    max_block: Annotated[int, Field(ge=10)] = 1000
    pairs_per_record: Annotated[float, Field(gt=0)] = 12.0
    least_pairs: Annotated[int, Field(ge=0)] = 1_500_000
    generic: tuple[Name, ...] = ()
    generic_max: Annotated[int, Field(ge=2)] = 50
    rules: Annotated[tuple[BlockingRule, ...], Field(min_length=1)]


class Thresholds(Settings):
    """Cut-offs in bits of match weight (0 bits: as likely as not)."""

    match: float
    review: float
    floor: float = 0.0
    missing: float = -4.0
    ambiguity: float = 1.0
    component_max: Annotated[int, Field(ge=2, le=5000)] = 1000


class OwnThresholds(Settings):
    """Cut-offs that a project sets for itself in place of those of an entity type."""

    match: Annotated[float, Field(ge=-20, le=40)] | None = None
    review: Annotated[float, Field(ge=-40, le=40)] | None = None


class Training(Settings):
    """How models are trained: pair samples, and how many effective pairs the priors weigh as much as.

    `counted_once` are lists of columns: where rarity is counted, records that agree on all columns of the first list that
    both fill count as one, since one entity with many records does not make its name common.
    `counted_by` names for a column (or `phone_key`, `address_key`) the lists of columns that tell its holders apart: its
    values are counted by how many of them there are, not by `counted_once`.
    """

    random_pairs: Annotated[int, Field(ge=1000)] = 200_000
    rule_pairs: Annotated[int, Field(ge=1000)] = 60_000
    prior_pairs: Annotated[float, Field(gt=0)] = 1000.0
    matches_per_record: Annotated[float, Field(gt=0)] = 0.5
    counted_once: tuple[tuple[Name, ...], ...] = ()
    counted_by: Annotated[dict[Name, tuple[tuple[Name, ...], ...]], Field(default_factory=dict)]

    def columns_counted(self) -> set[str]:
        """Return the columns that counting needs."""
        return {
            column for key in (*self.counted_once, *(k for v in self.counted_by.values() for k in v)) for column in key
        }


class Conflict(Settings):
    """A level of a comparison that forbids two records to be one entity, unless a steward says they are."""

    comparison: Name
    level: Name


class Evidence(Settings):
    """What two records say that are both related to one resolved entity of another type, such as the holders of an account.

    `m` and `u` are chances that two records which tell such an entity share one: of one entity, and of two that are
    compared at all (two holders of a joint account). An entity to which more than `most` records are related says nothing.
    """

    name: Name
    entity: EntityType
    describe: Annotated[str, Field(min_length=10)]
    m: Annotated[float, Field(gt=0, lt=1)]
    u: Annotated[float, Field(gt=0, lt=1)]
    most: Annotated[int, Field(ge=2, le=1000)] = 40

    @model_validator(mode="after")
    def _in_favour(self) -> Evidence:
        if self.m <= self.u:
            message = (
                f"evidence {self.name!r}: m = {self.m} must be above u = {self.u}, since sharing speaks for a match"
            )
            raise ValueError(message)
        return self


RESOLVED: tuple[EntityType, ...] = ("account", "business", "person")
"""Types in the order in which they are resolved: evidence comes from an earlier one."""


class Entity(Settings):
    """Settings of one entity type. `second_look`: whether finished clusters are compared once more as wholes."""

    type: EntityType
    describe: str
    thresholds: Thresholds
    blocking: Blocking
    training: Annotated[Training, Field(default_factory=Training)]
    comparisons: Annotated[tuple[Comparison, ...], Field(min_length=1)]
    conflicts: tuple[Conflict, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    second_look: bool = True
    survivorship: Annotated[dict[Name, SurvivorRule], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _consistent(self) -> Entity:
        names = [comparison.name for comparison in self.comparisons]
        if len(set(names)) != len(names):
            message = "two comparisons have one name; give each its own"
            raise ValueError(message)
        told = [evidence.name for evidence in self.evidence]
        if len({*names, *told}) != len(names) + len(told):
            message = "an evidence has the name of a comparison or of another evidence; give each its own"
            raise ValueError(message)
        for evidence in self.evidence:
            earlier = RESOLVED[: RESOLVED.index(self.type)]
            if evidence.entity not in earlier:
                message = (
                    f"evidence {evidence.name!r} comes from {evidence.entity}, which is not resolved before {self.type}; "
                    f"it may come from: {', '.join(earlier) or 'none'}"
                )
                raise ValueError(message)
        for conflict in self.conflicts:
            if conflict.comparison not in names:
                message = f"a conflict names comparison {conflict.comparison!r}; there are: {', '.join(names)}"
                raise ValueError(message)
        return self


class BlockingPart(Settings):
    """A parsed part of a blocking rule."""

    column: str
    take: Literal["whole", "each", "year", "month", "first", "last"]
    length: int = 0


def parse_part(text: str) -> BlockingPart:
    """Return a part of a blocking rule, parsed; the settings have validated its form."""
    found = _PART.match(text)
    if found is None:
        message = f"blocking part {text!r} cannot be read"
        raise ConfigError(message)
    column, each, tail, period, first, last = found.groups()
    if each:
        return BlockingPart(column=column, take="each", length=int(tail or 0))
    if first or last:
        return BlockingPart(column=column, take="first" if first else "last", length=int(first or last))
    return BlockingPart.model_validate({"column": column, "take": period or "whole"})


def load_entities(folder: Path) -> dict[EntityType, Entity]:
    """Read `person.toml`, `business.toml` and `account.toml` of a folder."""
    return {kind: _load(folder / f"{kind}.toml", kind) for kind in get_args(EntityType)}


def _load(path: Path, kind: EntityType) -> Entity:
    from linkage.matching.settings import check_entity

    entity = validate(Entity, read_toml(path), path)
    if entity.type != kind:
        message = f"{path}: type is {entity.type!r}; write type = {kind!r}"
        raise ConfigError(message)
    check_entity(entity, path)
    return entity
