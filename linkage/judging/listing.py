"""The list of judgements: which are open or closed, which wait for a run, lost in the last one, or contradict others."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.errors import DataError, RequestError
from linkage.evaluation.sample import GUARDED, NAMES
from linkage.judging.conflicts import conflicts, shown_conflict
from linkage.judging.record import shown
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linkage.project import Project
    from linkage.store.entries import Judged, RunRow

COLUMNS = ("judgement", "entity_type", "verdict", "note", *NAMES, "audience", "judged_at", "judged_by", "state")
CLOSED = ("closed_at", "closed_by", "closed_why")


def judgements(project: Project, *, purpose: str | None = None) -> dict[str, Any]:
    """Return all judgements ever made, and the contradictions among the open ones.

    The state of a judgement is `closed`, `conflicting` (with other open judgements), `losing` (the last run overruled it),
    or `open`; `waits` tells that no run has been since it was made or closed.
    """
    project.look("judgements", [], audience=CENTRE, purpose=purpose)
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        held = ledger.judgements()
        last = ledger.last_run()
    found = conflicts(held)
    against = frozenset[int]().union(*(one.numbers for one in found))
    # What says the same of a pair contradicts the same.
    said = {_said(one) for one in held if one.number in against}
    against |= {one.number for one in held if one.closed_at is None and _said(one) in said}
    lost = _lost(last)
    return {
        "schema_version": 1,
        "judgements": [_row(one, last, lost, against) for one in held],
        "conflicts": [shown_conflict(one) for one in found],
    }


def write_judgements(result: Mapping[str, Any], path: Path) -> int:
    """Write the list as CSV, readable by its owner alone, with the columns that `linkage judge --from` reads; return rows.

    Raises RequestError for a file that exists, DataError where it cannot be written.
    """
    if path.exists():
        message = f"{path} exists; name another file"
        raise RequestError(message)
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.touch(mode=0o600)
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*COLUMNS, *CLOSED])
            for row in result["judgements"]:
                flat = {**row, **row["names"], "note": row["why"]}
                writer.writerow([_guarded(flat[name]) for name in (*COLUMNS, *CLOSED)])
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        message = f"{path}: cannot be written ({error.strerror}); name another file"
        raise DataError(message) from error
    return len(result["judgements"])


def _said(one: Judged) -> tuple[Any, ...]:
    entry = one.judgement
    return entry.entity_type, frozenset({entry.a, entry.b}), entry.verdict


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(tuple(GUARDED)) else value


def _lost(last: RunRow | None) -> dict[int, list[str]]:
    """Return judgement → audiences whose last release could not follow it."""
    lost: dict[int, list[str]] = {}
    for audience, kinds in sorted((last.report.get("audiences", {}) if last else {}).items()):
        for _, counts in sorted(kinds.items()):
            for number in counts.get("lost_judgements", []):
                lost.setdefault(number, []).append(audience)
    return lost


def _row(one: Judged, last: RunRow | None, lost: Mapping[int, list[str]], against: frozenset[int]) -> dict[str, Any]:
    entry = one.judgement
    overruled = [] if one.closed_at else lost.get(one.number, [])
    state = "closed" if one.closed_at else "conflicting" if one.number in against else "losing" if overruled else "open"
    return {
        "judgement": one.number,
        "entity_type": entry.entity_type,
        "a": shown(entry.a),
        "b": shown(entry.b),
        "names": dict(zip(NAMES, (*entry.a, *entry.b), strict=True)),
        "verdict": entry.verdict,
        "judged_at": one.judged_at,
        "judged_by": entry.judged_by,
        "why": entry.why,
        "audience": entry.sight,
        "state": state,
        "losing_in": overruled,
        "waits": last is None or (one.closed_at or one.judged_at) > last.started_at,
        "closed_at": one.closed_at,
        "closed_by": one.closed_by,
        "closed_why": one.closed_why,
    }
