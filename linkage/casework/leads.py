"""Leads of an audience's view: the list, the most promising first, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.casework.following import NOTICE, chosen, current, follow
from linkage.config.project import CENTRE
from linkage.errors import RequestError
from linkage.fusion.leads import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.project import Project

STATUSES = ("new", "assigned", "closed")
OPEN = ("new", "assigned")


def _rows(project: Project, audience: str) -> tuple[int, list[dict[str, Any]]]:
    with project.release(audience) as engine:
        sequence = int(engine.value("SELECT value FROM published.release_info WHERE name = 'sequence'"))
        rows = engine.arrow("FROM published.lead ORDER BY score DESC, last_seen DESC, lead_id").to_pylist()
    return sequence, current(project, audience, rows, "lead_id")


def leads(
    project: Project,
    *,
    audience: str = CENTRE,
    purpose: str | None = None,
    rule: str | None = None,
    status: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Return the leads of an audience's last release with the status of today, the highest score first.

    Without `status` those that are not closed. Raises RequestError for an unknown rule or status, and for a look without a purpose.
    """
    known = {one.name: one.words for one in RULES}
    if rule is not None and rule not in known:
        message = f"there is no rule {rule!r}; the rules are: {', '.join(known)}"
        raise RequestError(message)
    if status is not None and status not in STATUSES:
        message = f"there is no status {status!r}; a lead is: {', '.join(STATUSES)}"
        raise RequestError(message)
    sequence, rows = _rows(project, audience)
    wanted = [row for row in rows if row["status"] in ((status,) if status else OPEN) and rule in (None, row["rule"])][
        :limit
    ]
    project.look("leads", [row["lead_id"] for row in wanted], audience=audience, purpose=purpose)
    return {
        "audience": audience,
        "release": sequence,
        "rules": [
            {"rule": name, "words": words, "leads": sum(row["rule"] == name for row in rows)}
            for name, words in known.items()
        ],
        "leads": wanted,
        "notice": NOTICE,
    }


def move(
    project: Project,
    ids: Sequence[str],
    status: str,
    *,
    why: str,
    assignee: str | None = None,
    audience: str = CENTRE,
    purpose: str | None = None,
) -> list[str]:
    """Assign, close or reopen leads by their ids, with the reason; return the ids. The next release shows it."""
    _, rows = _rows(project, audience)
    found = chosen(rows, "lead_id", ids, "lead", audience)
    project.look(f"leads {status}", list(ids), audience=audience, purpose=purpose)
    if assignee is None:
        # Who looks at it stays who it was.
        return [follow(project, audience, [row], "lead_id", (status, why, row["assignee"]))[0] for row in found]
    return follow(project, audience, found, "lead_id", (status, why, assignee))
