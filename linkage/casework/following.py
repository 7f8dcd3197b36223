"""What became of overlaps and leads: entries are added to the ledger, the last one tells; the next release shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linkage.errors import RequestError
from linkage.sharing.audit import user
from linkage.store.entries import Followed
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linkage.project import Project

NOTICE = "Unverified: a match is a lead; confirm with the record's owner."


def current(project: Project, audience: str, rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return published rows with the status that the ledger tells today, and who said so when and why."""
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        latest = {entry.id: entry for entry in ledger.followed(audience)}
        told = {one.id for one in ledger.notices(audience)}
    found = []
    for row in rows:
        entry = latest.get(row[key])
        now = dict(row)
        # What a further agency has joined since is as new as the release says.
        if entry is not None and (key == "lead_id" or set(row["agencies"]) <= set(entry.agencies)):
            now["status"] = entry.status
            if key == "lead_id":
                now["assignee"] = entry.assignee
            now["last_change"] = {"at": entry.followed_at, "by": entry.followed_by, "why": entry.why}
        else:
            now["last_change"] = None
        found.append({**now, "noticed": row[key] in told} if key == "overlap_id" else now)
    return found


def follow(
    project: Project, audience: str, rows: Iterable[dict[str, Any]], key: str, change: tuple[str, str, str | None]
) -> list[str]:
    """Enter what became of rows of a release: `change` is status, why, and who looks at it; return their ids."""
    status, why, assignee = change
    if not why.strip():
        message = "say why: --why TEXT is kept with the change"
        raise RequestError(message)
    now = datetime.now(UTC).isoformat()
    entries = [
        Followed(audience, row[key], status, tuple(row["agencies"]), now, user(), why.strip(), assignee) for row in rows
    ]
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        ledger.follow(entries)
    return [entry.id for entry in entries]


def chosen(
    rows: Sequence[dict[str, Any]], key: str, ids: Sequence[str], what: str, audience: str
) -> list[dict[str, Any]]:
    """Return the rows with these ids; refuse one that is not there."""
    by_id = {row[key]: row for row in rows}
    missing = [one for one in ids if one not in by_id]
    if missing:
        message = f"there is no {what} {missing[0]!r} in the last release of {audience}; linkage {what}s PROJECT --audience {audience} lists them"
        raise RequestError(message)
    return [by_id[one] for one in ids]
