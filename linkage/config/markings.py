"""How a record is marked, and at which level an audience sees what is so marked: pure functions of project and day.

A marking is what the records of a dataset have in common that are handled alike: dataset, handling categories, the
share level and compartment that the record itself states. There are few of them, so what an audience sees is decided for
markings and carried by records as a number (rule R7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.config.agreements import ALL, LEVELS, Terms
from linkage.config.project import CENTRE
from linkage.errors import SharingError

if TYPE_CHECKING:
    from datetime import date

    from linkage.config.agreements import Agreement, Level, Share
    from linkage.config.project import LoadedProject

ANY, NEVER = "", "!"
"""Compartments: of records that may link with any, and of those that link with none; others have a name."""
OWN, CENTRE_RULE, PROJECT_RULE = "own records", "the centre sees all", "project file"
"""What takes the place of an agreement's name where none is needed."""


@dataclass(frozen=True)
class Marking:
    """A dataset and how its records are marked: sorted handling categories, the level that the record allows, its compartment, whether it may train."""

    dataset: str
    handling: tuple[str, ...]
    share: Level
    compartment: str
    train: bool = True


@dataclass(frozen=True)
class Seen:
    """The level at which an audience sees a marking, and the agreement that holds (None: no agreement covers it)."""

    level: Level
    by: str | None


HIDDEN = Seen("hidden", None)


def seen_by(project: LoadedProject, audience: str, marking: Marking, day: date) -> Seen:
    """Return the level at which an audience sees records of a marking on a day: the most permissive agreement that applies.

    What the record itself states only lowers it. An agency sees its own records in full.
    """
    if audience == CENTRE:
        return Seen("full", CENTRE_RULE)
    settings = project.settings.audiences[audience]
    source = project.settings.sources.get(marking.dataset)
    if source is None or (project.agreements is None and marking.dataset not in project.settings.visible(audience)):
        return HIDDEN
    if settings.agency is not None and source.agency == settings.agency:
        return Seen("full", OWN)
    if project.agreements is None:
        return _lowered(Seen("full", PROJECT_RULE), marking)
    found = [
        Seen(share.level, name)
        for name, agreement in sorted(project.agreements.agreements.items())
        if marking.dataset in agreement.datasets and applies(project, audience, agreement, day)
        for share in agreement.shares
        if covers(share, marking) and reaches(project, audience, share)
    ]
    # The first of the most permissive ones, by name.
    return _lowered(max(found, key=lambda seen: LEVELS.index(seen.level)), marking) if found else HIDDEN


def _lowered(seen: Seen, marking: Marking) -> Seen:
    lower = min(seen.level, marking.share, key=LEVELS.index)
    return seen if lower == seen.level else Seen(lower, seen.by)


def covers(share: Share, marking: Marking) -> bool:
    """Whether a share is about a marking: its dataset, and every handling category of it."""
    named = share.datasets is None or marking.dataset in share.datasets
    return named and (share.handling == ALL or set(marking.handling) <= set(share.handling))


def reaches(project: LoadedProject, audience: str, share: Share) -> bool:
    """Whether an audience is among those with whom a share is."""
    settings = project.settings.audiences[audience]
    if settings.group is not None:
        return settings.group in share.with_
    groups = project.agreements.groups if project.agreements else {}
    within = share.members and any(settings.agency in groups.get(party, ()) for party in share.with_)
    return settings.agency in share.with_ or within


def applies(project: LoadedProject, audience: str, agreement: Agreement, day: date) -> bool:
    """Whether an agreement is in force and allows every purpose for which the audience's release is used."""
    stated = project.settings.audiences[audience].purposes
    return agreement.in_force(day) and (not agreement.purposes or not stated or set(stated) <= set(agreement.purposes))


def purposes(project: LoadedProject, audience: str, day: date) -> tuple[str, ...]:
    """Return the purposes for which an audience's release may be looked at; none: any.

    These are the audience's own (`purposes`); without them what all agreements allow that apply to it and restrict purposes.
    """
    stated = project.settings.audiences[audience].purposes
    if stated or project.agreements is None or audience == CENTRE:
        return tuple(stated)
    bounds = [
        set(agreement.purposes)
        for agreement in project.agreements.agreements.values()
        if agreement.purposes
        and agreement.in_force(day)
        and any(reaches(project, audience, share) for share in agreement.shares)
    ]
    common = tuple(sorted(set.intersection(*bounds))) if bounds else ()
    if bounds and not common:
        message = (
            f"{project.path}: audiences.{audience}: its agreements have no purpose in common, so its release could be used for none; "
            "say its 'purposes': agreements that do not allow all of them then do not count"
        )
        raise SharingError(message)
    return common


def datasets_seen(project: LoadedProject, audience: str, day: date) -> tuple[str, ...]:
    """Return the sorted datasets of which an audience sees some records in full, should there be such records."""
    if project.agreements is None or audience == CENTRE:
        return project.settings.visible(audience)
    settings = project.settings.audiences[audience]
    found = {name for name, source in project.settings.sources.items() if source.agency == settings.agency}
    for agreement in project.agreements.agreements.values():
        if applies(project, audience, agreement, day):
            for share in agreement.shares:
                if share.level == "full" and reaches(project, audience, share):
                    found |= set(share.datasets or agreement.datasets)
    return tuple(sorted(found))


def trains(project: LoadedProject, marking: Marking) -> bool:
    """Whether records of a marking may train models: neither they nor the terms of their dataset say otherwise."""
    terms = project.agreements.terms(marking.dataset) if project.agreements else Terms()
    allowed = terms.train_handling == ALL or set(marking.handling) <= set(terms.train_handling)
    return marking.train and terms.train_use is not False and allowed


def is_aggregate(project: LoadedProject, marking: Marking) -> bool:
    """Whether the owner of records of a marking releases aggregates of them alone."""
    return project.agreements is not None and project.agreements.terms(marking.dataset).train_use == "aggregates"


def compartment(project: LoadedProject, dataset: str, stated: str) -> str:
    """Return the compartment of records of a dataset that state `any`, `compartment` or `never` themselves: the stricter counts."""
    terms = project.agreements.terms(dataset) if project.agreements else None
    uses = {stated, terms.link_use if terms else "any"}
    if "never" in uses:
        return NEVER
    if "compartment" in uses:
        return (terms.compartment if terms else None) or dataset
    return ANY
