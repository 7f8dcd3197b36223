"""Who sees what: the levels that agreements give each audience, and how they differ from those of its last release."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from linkage.config.markings import Marking, purposes, seen_by
from linkage.config.project import CENTRE
from linkage.engine.duckdb import Engine
from linkage.engine.sql import quote
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject
    from linkage.store.entries import Agreed


def agreed_text(project: LoadedProject) -> str:
    """Return what decides who sees what, as canonical JSON: a version of it is kept in the ledger."""
    settings, agreements = project.settings, project.agreements
    told: dict[str, Any] = {
        "audiences": {
            name: audience.model_dump(mode="json", include={"sees", "hidden", "agency", "group", "purposes"})
            for name, audience in settings.audiences.items()
        },
        "agencies": {name: source.agency for name, source in settings.sources.items()},
    }
    if agreements is not None:
        told["agreements"] = {
            section: {
                name: entry if isinstance(entry, tuple) else entry.model_dump(mode="json", by_alias=True)
                for name, entry in getattr(agreements, section).items()
            }
            for section in ("agencies", "groups", "datasets", "agreements")
        }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def who_sees(project: LoadedProject, day: date | None = None, *, changes_only: bool = False) -> dict[str, Any]:
    """Return what the files say today against what the last releases were made under.

    Keys: `day`, `version` (of the ledger; None before the first run), `changed` (whether the files say something else than
    it), `versions`, `agreements` (name, parties, from, until, in force), `audiences` (name, purposes), and `sight`: one row an
    audience and marking with records, level, agreement, and the level and agreement of its last release.
    """
    day = day or datetime.now(UTC).date()
    workspace = Workspace(project.workspace)
    versions: list[Agreed] = []
    last = None
    if workspace.ledger.is_file():
        with Ledger(workspace.ledger) as ledger:
            versions, last = ledger.agreements(), ledger.last_run()
    markings, before = _of_base(project, workspace, last.base) if last else ({}, {})
    audiences = [name for name in project.settings.audiences if name != CENTRE]
    rows = [
        _row(project, audience, marking, records, before.get((audience, number)), day)
        for audience in audiences
        for number, (marking, records) in _known(project, markings).items()
    ]
    agreements = project.agreements.agreements if project.agreements else {}
    return {
        "day": day.isoformat(),
        "version": versions[-1].version if versions else None,
        "changed": bool(versions) and versions[-1].content != agreed_text(project),
        "versions": [
            {"version": one.version, "run": one.run, "recorded_at": one.recorded_at, "recorded_by": one.recorded_by}
            for one in versions
        ],
        "agreements": [
            {
                "agreement": name,
                "parties": list(agreement.parties),
                "datasets": list(agreement.datasets),
                "from": agreement.from_.isoformat(),
                "until": agreement.until.isoformat() if agreement.until else None,
                "in_force": agreement.in_force(day),
            }
            for name, agreement in sorted(agreements.items())
        ],
        "audiences": [{"audience": name, "purposes": list(purposes(project, name, day))} for name in audiences],
        "sight": [row for row in rows if not changes_only or row["level"] != row["level_before"]],
    }


def _row(
    project: LoadedProject, audience: str, marking: Marking, records: int, before: tuple[str, str] | None, day: date
) -> dict[str, Any]:
    seen = seen_by(project, audience, marking, day)
    return {
        "audience": audience,
        "dataset": marking.dataset,
        "handling": list(marking.handling),
        "share": marking.share,
        "records": records,
        "level": seen.level,
        "agreement": seen.by,
        "level_before": before[0] if before else None,
        "agreement_before": before[1] if before else None,
    }


def _known(project: LoadedProject, markings: dict[int, tuple[Marking, int]]) -> dict[int, tuple[Marking, int]]:
    """The markings that records have; of a dataset without records, records without any marking."""
    held = {marking.dataset for marking, _ in markings.values()}
    absent = [name for name in sorted(project.settings.sources) if name not in held]
    return markings | {-1 - place: (Marking(name, (), "full", ""), 0) for place, name in enumerate(absent)}


def _of_base(
    project: LoadedProject, workspace: Workspace, base: int
) -> tuple[dict[int, tuple[Marking, int]], dict[tuple[str, int], tuple[str, str]]]:
    """Return number → marking and its records, and (audience, number) → level and agreement of the last release."""
    counts: dict[int, int] = defaultdict(int)
    with Engine(workspace.base(base), read_only=True, **project.limits()) as engine:
        # A base of before there were markings has none; the next run makes it anew.
        if not engine.has_table("sharing", "marking") or not engine.has_table("kept", "level"):
            return {}, {}
        for kind in project.entity_types():
            if engine.has_table("canonical", kind):
                for number, records in engine.rows(
                    f"SELECT marking, count(*) FROM canonical.{quote(kind)} GROUP BY ALL"
                ):
                    counts[number] += records
        # Records that train and those that do not are seen alike: one row tells of both.
        rows = engine.rows(
            "SELECT list(marking ORDER BY marking), dataset, handling, share, compartment FROM sharing.marking GROUP BY ALL ORDER BY dataset, handling, share, compartment"
        )
        before = {(row[0], row[1]): (row[2], row[3]) for row in engine.rows("FROM kept.level")}
    found = {}
    for numbers, dataset, handling, share, within in rows:
        held = [number for number in numbers if counts[number]]
        if held:
            told = sum(counts[number] for number in held)
            found[held[0]] = (Marking(dataset, tuple(handling), share, within), told)
    return found, before
