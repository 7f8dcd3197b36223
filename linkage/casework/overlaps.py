"""Overlaps of an audience's view: the list, what becomes of them, and the notices that go to its agency."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linkage.casework.following import NOTICE, chosen, current, follow
from linkage.casework.pointed import notice_id, notice_of, pointed, with_noticed
from linkage.config.project import CENTRE
from linkage.errors import DataError, RequestError
from linkage.fusion.pointers import touching
from linkage.sharing.audit import user
from linkage.store.entries import Followed, Notice
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linkage.engine.duckdb import Engine
    from linkage.project import Project

STATUSES = ("new", "notified", "acknowledged", "closed")
OPEN = ("new", "notified", "acknowledged")


def _rows(project: Project, audience: str) -> tuple[int, list[dict[str, Any]]]:
    with project.release(audience) as engine:
        sequence = int(engine.value("SELECT value FROM published.release_info WHERE name = 'sequence'"))
        rows = engine.arrow(
            "FROM published.deconfliction_overlap ORDER BY strength, kind DESC, len(agencies) DESC, first_seen DESC, overlap_id"
        ).to_pylist()
    return sequence, current(project, audience, rows, "overlap_id")


def overlaps(
    project: Project,
    *,
    audience: str = CENTRE,
    purpose: str | None = None,
    status: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Return the overlaps of an audience's last release, with the status of today: certain ones first, most agencies first.

    `pointers` are those of the listed overlaps; `pointed` those into open cases of the audience's agency, of which there are `pointed_count`.
    Without `status` those that are not closed. Raises RequestError for an unknown status, and for a look without a purpose.
    """
    if status is not None and status not in STATUSES:
        message = f"there is no status {status!r}; an overlap is: {', '.join(STATUSES)}"
        raise RequestError(message)
    sequence, rows = _rows(project, audience)
    wanted = [row for row in rows if row["status"] in ((status,) if status else OPEN)][:limit]
    project.look("overlaps", [row["overlap_id"] for row in wanted], audience=audience, purpose=purpose)
    with project.release(audience) as engine:
        pointers = touching(engine, {one for row in wanted for one in row["identities"]})
        into = _pointed(project, engine, audience)
    return {
        "audience": audience,
        "release": sequence,
        "counts": {name: sum(row["status"] == name for row in rows) for name in STATUSES},
        "overlaps": wanted,
        "pointers": pointers,
        "pointed": into[:limit],
        "pointed_count": len(into),
        "notice": NOTICE,
    }


def _pointed(project: Project, engine: Engine, audience: str) -> list[dict[str, Any]]:
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        noticed = {one.id for one in ledger.notices(audience)}
    return with_noticed(pointed(engine, project.loaded.settings.audiences[audience].agency), noticed)


def move(
    project: Project, ids: Sequence[str], status: str, *, why: str, audience: str = CENTRE, purpose: str | None = None
) -> list[str]:
    """Acknowledge, close or reopen overlaps by their ids, with the reason; return the ids. The next release shows it."""
    _, rows = _rows(project, audience)
    found = chosen(rows, "overlap_id", ids, "overlap", audience)
    project.look(f"overlaps {status}", list(ids), audience=audience, purpose=purpose)
    return follow(project, audience, found, "overlap_id", (status, why, None))


def notify(project: Project, file: Path, *, audience: str, purpose: str | None = None) -> dict[str, Any]:
    """Write a notice of each new overlap that concerns the audience's agency to a new file, JSON lines, and note that it was given.

    So is each pointer into its open cases of which no notice was given. A notice is of the audience's own view: whom of the agency it is for, which other agencies have an open case on what, and
    whom to call; no case but the agency's own. Raises RequestError where the audience is no agency.
    """
    agency = (
        project.loaded.settings.audiences[audience].agency if audience in project.loaded.settings.audiences else None
    )
    sequence, rows = _rows(project, audience)
    if agency is None:
        message = f"audience {audience!r} is no agency, and notices are of an agency's own view; name one with audiences.NAME.agency"
        raise RequestError(message)
    found = [row for row in rows if row["status"] == "new" and agency in row["agencies"]]
    with project.release(audience) as engine:
        into = [row for row in _pointed(project, engine, audience) if not row["noticed"]]
    told = [*(row["overlap_id"] for row in found), *(row["identity_id"] for row in into)]
    project.look("overlaps notified", told, audience=audience, purpose=purpose)
    _write(file, [*(_notice(row, agency) for row in found), *(notice_of(row, NOTICE) for row in into)])
    now = datetime.now(UTC).isoformat()
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        ledger.follow(
            [
                Followed(
                    audience, row["overlap_id"], "notified", tuple(row["agencies"]), now, user(), f"notice to {agency}"
                )
                for row in found
            ],
            [
                Notice(audience, one, agency, now, user())
                for one in (*(row["overlap_id"] for row in found), *(notice_id(row) for row in into))
            ],
        )
    return {
        "audience": audience,
        "agency": agency,
        "release": sequence,
        "file": str(file),
        "notices": len(found) + len(into),
        "pointers": len(into),
    }


def _notice(row: dict[str, Any], agency: str) -> dict[str, Any]:
    others = [one for one in row["agencies"] if one != agency]
    own = f"{agency}: "
    return {
        "overlap_id": row["overlap_id"],
        "for": [contact.removeprefix(own) for contact in row["contacts"] if contact.startswith(own)],
        "your_cases": [case.removeprefix(f"{agency} ") for case in row["cases"] if case.startswith(f"{agency} ")],
        "subject": row["subject"],
        "identities": row["identities"],
        "value": row["value"],
        "strength": row["strength"],
        "call": [contact for contact in row["contacts"] if not contact.startswith(own)] or others,
        "notice": NOTICE,
    }


def _write(file: Path, notices: list[dict[str, Any]]) -> None:
    try:
        # A new file, for the owner's eyes: a notice of before is never overwritten.
        file.touch(mode=0o600, exist_ok=False)
        file.write_text("".join(f"{json.dumps(one)}\n" for one in notices), encoding="utf-8")
    except OSError as error:
        message = f"{file}: cannot be written ({error.strerror}); name a new file in a folder that is there"
        raise DataError(message) from error
