"""What differs between two models of a type: weights, thresholds, match rate, rules, and what they set aside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from linkage.registry.approve import listed_model

if TYPE_CHECKING:
    from collections.abc import Collection

    from linkage.config.project import LoadedProject
    from linkage.matching.model import Chances, Model

DIGITS = 4


def diff_models(project: LoadedProject, entity_type: str, first: str, second: str) -> dict[str, Any]:
    """Compare two listed models, named by their hashes. Raises ModelError for one that is not listed or is damaged."""
    then, now = (listed_model(project, entity_type, name) for name in (first, second))
    return {"schema_version": 1, "entity_type": entity_type, **differences(then, now)}


def differences(then: Model, now: Model) -> dict[str, Any]:
    """Return what differs, with the weights (bits, log2(m/u), before rarity) that moved most first."""
    before, after = then.thresholds.model_dump(), now.thresholds.model_dump()
    return {
        "then": then.hash,
        "now": now.hash,
        "weights": _weights(then, now),
        "thresholds": {name: {"then": before[name], "now": after[name]} for name in sorted(after)},
        "match_rate": {"then": then.match_rate, "now": now.match_rate},
        "rules": _sets([rule.name for rule in then.rules], [rule.name for rule in now.rules]),
        "stop_keys": _sets(then.stop_keys, now.stop_keys),
        "generic_values": _sets(_generic(then), _generic(now)),
    }


def _weights(then: Model, now: Model) -> list[dict[str, Any]]:
    before, after = _bits(then), _bits(now)
    rows = []
    for comparison, level in sorted(before.keys() | after.keys()):
        one, two = before.get((comparison, level)), after.get((comparison, level))
        moved = None if one is None or two is None else round(two - one, DIGITS)
        rows.append({"comparison": comparison, "level": level, "then": one, "now": two, "moved": moved})
    # A level that only one of them has differs more than any weight.
    return sorted(rows, key=lambda row: -math.inf if row["moved"] is None else -abs(row["moved"]))


def _bits(model: Model) -> dict[tuple[str, str], float]:
    return {
        (comparison, level): weight(chances)
        for comparison, levels in model.chances.items()
        for level, chances in levels.items()
    }


def weight(chances: Chances) -> float:
    """Return the weight of a level in bits."""
    return round(math.log2(chances.m / chances.u), DIGITS)


def _generic(model: Model) -> set[tuple[str, str]]:
    values = model.generic.to_pydict()
    return set(zip(values["column"], values["value"], strict=True))


def _sets(then: Collection[Any], now: Collection[Any]) -> dict[str, int]:
    before, after = set(then), set(now)
    return {"then": len(before), "now": len(after), "added": len(after - before), "removed": len(before - after)}
