"""What became of an id: where its records are now, and what happened to it from release to release (rules R4, R8).

`read_events` is the one place that knows where events are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.errors import RequestError
from linkage.review.releases import kept_releases, opened

if TYPE_CHECKING:
    from linkage.project import Project
    from linkage.review.releases import Kept


def resolve_id(
    project: Project, identity: str, *, audience: str = CENTRE, purpose: str | None = None
) -> dict[str, Any]:
    """Return where the records that an id last held are now: `state`, `divided` and `identities`, most records first.

    `state` is `in use` (the id answers itself), `replaced`, or `ended` where none of its records is left.
    Raises RequestError for an id that no release on disk knows.
    """
    kept = kept_releases(project, audience)
    project.look("resolve-id", [identity], audience=audience, purpose=purpose)
    return _resolved(project, kept, identity, audience)


def _resolved(project: Project, kept: list[Kept], identity: str, audience: str) -> dict[str, Any]:
    values = {"id": identity}
    with opened(project, kept[-1]) as engine:
        own = engine.arrow(
            "SELECT identity_id, entity_type, records FROM published.identity WHERE identity_id = $id", values
        ).to_pylist()
        moved = engine.arrow(
            "SELECT new_id AS identity_id, entity_type, redirect.records FROM published.identity_redirect AS redirect "
            "JOIN published.identity ON identity_id = new_id WHERE old_id = $id ORDER BY redirect.records DESC, new_id",
            values,
        ).to_pylist()
    state = "in use" if own else "replaced" if moved else "ended"
    if state == "ended" and not _sightings(project, kept, identity) and not read_events(project, kept, identity):
        message = (
            f"no release of {audience} on disk knows the id {identity!r}; ids in use are listed in published.identity"
        )
        raise RequestError(message)
    found = own or moved
    return {
        "schema_version": 1,
        "audience": audience,
        "release": kept[-1].sequence,
        "identity_id": identity,
        "state": state,
        "divided": len(found) > 1,
        "identities": found,
    }


def history(project: Project, identity: str, *, audience: str = CENTRE, purpose: str | None = None) -> dict[str, Any]:
    """Return what happened to an id: its `releases` (sequence and records), its `events`, and where its records are now.

    Raises RequestError for an id that no release on disk knows.
    """
    kept = kept_releases(project, audience)
    project.look("history", [identity], audience=audience, purpose=purpose)
    now = _resolved(project, kept, identity, audience)
    return {
        **now,
        "oldest_release": kept[0].sequence,
        "releases": _sightings(project, kept, identity),
        "events": read_events(project, kept, identity),
    }


def read_events(project: Project, kept: list[Kept], identity: str) -> list[dict[str, Any]]:
    """Return the events that name an id, oldest first: release, published_at and the columns of `identity_event`."""
    found: list[dict[str, Any]] = []
    for one in kept:
        with opened(project, one) as engine:
            rows = engine.arrow(
                "SELECT identity_id, event, other_id, records_before, records_after FROM published.identity_event "
                "WHERE identity_id = $id OR other_id = $id ORDER BY identity_id <> $id, identity_id, event, other_id",
                {"id": identity},
            ).to_pylist()
        found += [{"release": one.sequence, "published_at": one.published_at, **row} for row in rows]
    return found


def _sightings(project: Project, kept: list[Kept], identity: str) -> list[dict[str, Any]]:
    """Return the releases in which an id is in use, with the records it holds there."""
    found: list[dict[str, Any]] = []
    for one in kept:
        with opened(project, one) as engine:
            rows = engine.arrow(
                "SELECT since, records, agencies FROM published.identity WHERE identity_id = $id", {"id": identity}
            ).to_pylist()
        found += [{"release": one.sequence, "published_at": one.published_at, **row} for row in rows]
    return found
