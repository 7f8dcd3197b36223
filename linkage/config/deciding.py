"""The settings that decide a release beside its records, models and judgements: kept with each run, so that it can be made again.

Which datasets an audience sees is none of them: sharing is always as it is agreed today.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from linkage.config.project import LoadedProject

if TYPE_CHECKING:
    from collections.abc import Mapping


def deciding(project: LoadedProject) -> dict[str, Any]:
    """Return `survivorship` (type → attribute → rule), `unique` (dataset → what it says) and the `hash` of the two."""
    told = {
        "survivorship": {
            kind: dict(sorted(project.entities[kind].survivorship.items())) for kind in project.entity_types()
        },
        "unique": {name: source.unique for name, source in sorted(project.settings.sources.items())},
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return {**told, "hash": hashlib.sha256(text.encode()).hexdigest()[:24]}


def decided_by(project: LoadedProject, told: Mapping[str, Any]) -> LoadedProject:
    """Return the project under the settings that `deciding` told of it once; types and datasets that came since keep theirs."""
    entities = {
        kind: entity.model_copy(update={"survivorship": told["survivorship"].get(kind, entity.survivorship)})
        for kind, entity in project.entities.items()
    }
    sources = {
        name: source.model_copy(update={"unique": told["unique"].get(name, source.unique)})
        for name, source in project.settings.sources.items()
    }
    return LoadedProject(
        project.path, project.settings.model_copy(update={"sources": sources}), entities, project.agreements
    )


def differing(one: Mapping[str, Any], two: Mapping[str, Any]) -> list[str]:
    """Return the settings in which two answers of `deciding` differ, by name: `sources.bank.unique`, `person.survivorship.name`."""
    found = [
        f"sources.{name}.unique"
        for name in {**one["unique"], **two["unique"]}
        if one["unique"].get(name) != two["unique"].get(name)
    ]
    for kind in {**one["survivorship"], **two["survivorship"]}:
        a, b = (told["survivorship"].get(kind, {}) for told in (one, two))
        found += [f"{kind}.survivorship.{name}" for name in {**a, **b} if a.get(name) != b.get(name)]
    return sorted(found)
