"""Checking entity settings against the comparisons, levels and columns that exist, before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.config.entity import parse_part
from linkage.errors import ConfigError
from linkage.matching.comparisons import KINDS, levels_of, weighed_levels
from linkage.standardise import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linkage.config.entity import Comparison, Entity

MOST_COMPARISONS = 15
"""Four bits a comparison in a pattern of 64 bits, of which one is the sign."""


def check_entity(entity: Entity, path: Path) -> None:
    """Refuse entity settings whose comparisons, columns, levels, conflicts or blocking parts do not exist."""
    canonical = {column.name: column.type for column in CANONICAL[entity.type]}
    if len(entity.comparisons) > MOST_COMPARISONS:
        message = f"{path}: there are {len(entity.comparisons)} comparisons; a model holds at most {MOST_COMPARISONS}: leave some out"
        raise ConfigError(message)
    for comparison in entity.comparisons:
        _check_comparison(comparison, canonical, f"{path}: comparison {comparison.name!r}")
    by_name = {comparison.name: comparison for comparison in entity.comparisons}
    for conflict in entity.conflicts:
        known = [level.name for level in levels_of(by_name[conflict.comparison])]
        if conflict.level not in known:
            message = f"{path}: conflict on {conflict.comparison!r} names level {conflict.level!r}; its levels are: {', '.join(known)}"
            raise ConfigError(message)
    for rule in entity.blocking.rules:
        for part in rule.on:
            _check_part(part, canonical, f"{path}: blocking rule {rule.name!r}")
    for column in entity.blocking.generic:
        _check_column(column, canonical, f"{path}: blocking.generic")
    # Rarity is counted of columns, and of features made for it (a house on its street).
    made = {kind.rarity_column: "VARCHAR" for kind in KINDS.values() if kind.rarity_column and kind.rarity_value}
    for name, views in sorted(entity.training.counted_by.items()):
        for column in (name, *(column for view in views for column in view)):
            _check_column(column, {**canonical, **made}, f"{path}: training.counted_by")


def _check_comparison(comparison: Comparison, canonical: Mapping[str, str], where: str) -> None:
    if comparison.kind not in KINDS:
        message = f"{where}: there is no kind {comparison.kind!r}; the kinds are: {', '.join(sorted(KINDS))}"
        raise ConfigError(message)
    allowed = KINDS[comparison.kind].columns
    for key, column in comparison.columns.items():
        if key not in allowed:
            message = f"{where}: kind {comparison.kind!r} has no column {key!r}; it reads: {', '.join(allowed)}"
            raise ConfigError(message)
        _check_column(column, canonical, where)
    needed = [level.name for level in weighed_levels(comparison)]
    if set(comparison.priors) != set(needed):
        message = f"{where}: priors must name exactly the levels {', '.join(needed)}"
        raise ConfigError(message)


def _check_part(text: str, canonical: Mapping[str, str], where: str) -> None:
    part = parse_part(text)
    _check_column(part.column, canonical, where)
    kind = canonical[part.column]
    if (part.take == "each") != kind.endswith("[]"):
        mend = f"write {part.column}.each" if kind.endswith("[]") else "'.each' is for lists"
        message = f"{where}: {text!r} does not fit column {part.column!r}, which is {kind}; {mend}"
        raise ConfigError(message)
    wanted = {"year": "DATE", "month": "DATE", "first": "VARCHAR", "last": "VARCHAR"}.get(part.take, kind)
    if kind != wanted:
        message = f"{where}: {text!r} needs a column of type {wanted}; {part.column!r} is {kind}"
        raise ConfigError(message)


def _check_column(column: str, canonical: Mapping[str, str], where: str) -> None:
    if column not in canonical:
        message = f"{where}: there is no column {column!r}; the columns are: {', '.join(sorted(canonical))}"
        raise ConfigError(message)
