"""Entering and undoing single judgements. They are kept in the ledger and applied by the next run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.errors import RequestError
from linkage.evaluation.judgements import VERDICTS
from linkage.judging.conflicts import conflicts, shown_conflict
from linkage.queries import find_records
from linkage.sharing.audit import user
from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.engine.duckdb import Engine
    from linkage.project import Project


def judge(
    project: Project, pair: tuple[str, str], verdict: str, why: str, *, by: str | None = None, audience: str = CENTRE
) -> dict[str, Any]:
    """Judge two records, each named DATASET/KEY[#ROLE]; return the judgement and the contradictions it is part of.

    The records are those of the audience's last release: a judgement rests on what its view holds. Raises RequestError
    for an unknown verdict, no reason, a name that fits no record or several, records of two types, or one record twice.
    """
    if verdict not in VERDICTS:
        message = f"{verdict!r} is no verdict; write {', '.join(VERDICTS)}"
        raise RequestError(message)
    stated(why)
    with project.release(audience) as release:
        one, two = (find_one(release, name) for name in pair)
    if one["entity_type"] != two["entity_type"]:
        message = f"{pair[0]} is of type {one['entity_type']}, {pair[1]} of type {two['entity_type']}; judge records of one type"
        raise RequestError(message)
    a, b = (record_name(row) for row in (one, two))
    if a == b:
        message = f"{pair[0]} and {pair[1]} are the same record; name two"
        raise RequestError(message)
    entry = Judgement(one["entity_type"], a, b, verdict, by or user(), why.strip(), audience)
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        number = ledger.judge(entry, datetime.now(UTC).isoformat())
        held = ledger.judgements()
    return {
        "schema_version": 1,
        "judgement": number,
        "entity_type": entry.entity_type,
        "a": shown(a),
        "b": shown(b),
        "verdict": verdict,
        "audience": audience,
        "conflicts": [shown_conflict(one) for one in conflicts(held, {number}) if number in one.numbers],
    }


def ledger_to_undo_in(project: Project) -> Path:
    """Return the path of the ledger; refuse where nothing has been judged since there is none."""
    path = Workspace(project.loaded.workspace).ledger
    if not path.is_file():
        message = (
            f"{path.parent}: there is no ledger, so there is nothing to undo; run: linkage run {project.loaded.path}"
        )
        raise RequestError(message)
    return path


def undo(project: Project, number: int, why: str, *, by: str | None = None) -> dict[str, Any]:
    """Close a judgement of any age; it stays in the ledger, and the next run no longer applies it.

    Raises RequestError for a number that is not there or closed already, and without a reason.
    """
    stated(why)
    with Ledger(ledger_to_undo_in(project)) as ledger:
        closed = ledger.undo(number, datetime.now(UTC).isoformat(), by or user(), why.strip())
        found = next((one for one in ledger.judgements() if one.number == number), None)
    if found is None:
        message = f"there is no judgement {number}; list them: linkage judgements {project.loaded.path}"
        raise RequestError(message)
    if not closed:
        message = f"judgement {number} was closed on {found.closed_at} by {found.closed_by} already"
        raise RequestError(message)
    entry = found.judgement
    return {
        "schema_version": 1,
        "judgement": number,
        "entity_type": entry.entity_type,
        "a": shown(entry.a),
        "b": shown(entry.b),
        "verdict": entry.verdict,
        "closed_at": found.closed_at,
        "closed_by": found.closed_by,
    }


def find_one(release: Engine, name: str) -> dict[str, Any]:
    """Return the one record that a name fits; refuse a name of several."""
    found = find_records(release, name)
    if len(found) > 1:
        names = ", ".join(f"{shown(record_name(row))} ({row['entity_type']})" for row in found)
        message = f"{name} names {len(found)} records; add the role: {names}"
        raise RequestError(message)
    return found[0]


def record_name(row: dict[str, Any]) -> tuple[str, str, str]:
    """Return dataset, key and role of a crosswalk row."""
    return row["dataset"], row["key"], row["role"]


def shown(name: tuple[str, str, str]) -> str:
    """Return a record's name as people write it."""
    dataset, key, role = name
    return f"{dataset}/{key}#{role}"


def stated(why: str) -> None:
    """Refuse a decision without a reason."""
    if not why.strip():
        message = 'a judgement needs a reason: add --why "..."'
        raise RequestError(message)
