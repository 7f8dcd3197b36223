"""What became of an id: where its records are now, and what happened to it from release to release (rules R4, R8).

Events and moves are read from the feed, which knows of releases that are pruned, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal
from linkage.errors import RequestError
from linkage.review.releases import kept_releases, opened, published_at
from linkage.store.workspace import Workspace

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
    if state == "ended" and not _sightings(project, kept, identity) and not read_events(project, audience, identity):
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
        "events": read_events(project, audience, identity),
    }


def read_events(project: Project, audience: str, identity: str) -> list[dict[str, Any]]:
    """Return the events that name an id, oldest first: release, published_at and the columns of `identity_event`."""
    rows = read_feed(
        project,
        audience,
        "identity_event",
        "SELECT release, identity_id, event, other_id, records_before, records_after, cause FROM told "
        "WHERE identity_id = $id OR other_id = $id ORDER BY release, identity_id <> $id, identity_id, event, other_id",
        {"id": identity},
    )
    return _dated(project, audience, rows)


def record_history(
    project: Project, name: str, *, audience: str = CENTRE, purpose: str | None = None
) -> dict[str, Any]:
    """Return the identities that held a record, `DATASET/KEY[#ROLE]`, and since which release: its `moves`, oldest first.

    So what was true as of a release can be told when that release is pruned. Raises RequestError for an unknown record.
    """
    dataset, _, rest = name.partition("/")
    key, _, role = rest.partition("#")
    project.release_path(audience)
    project.look("history", [name], audience=audience, purpose=purpose)
    rows = read_feed(
        project,
        audience,
        "record_move",
        "SELECT release, entity_type, dataset, key, role, from_identity, to_identity FROM told WHERE dataset = $dataset AND key = $key "
        "AND ($role = '' OR role = $role) ORDER BY release, entity_type, role",
        {"dataset": dataset, "key": key, "role": role},
    )
    if not rows:
        message = (
            f"no release of {audience} has held a record {name!r}; records are named DATASET/KEY or DATASET/KEY#ROLE"
        )
        raise RequestError(message)
    return {"schema_version": 1, "audience": audience, "record": name, "moves": _dated(project, audience, rows)}


def read_feed(project: Project, audience: str, kind: str, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a query over all feed files of a kind (as `told`); the feed outlives the releases that it tells of."""
    files = Workspace(project.loaded.workspace).feed_files(audience, kind)
    if not files:
        return []
    with Engine(**project.loaded.limits()) as engine:
        engine.run(f"CREATE TEMP VIEW told AS FROM read_parquet([{', '.join(literal(str(file)) for file in files)}])")
        rows: list[dict[str, Any]] = engine.arrow(query, values).to_pylist()
    return rows


def _dated(project: Project, audience: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to rows of the feed when their releases were published."""
    published = published_at(project, audience)
    return [{"release": row["release"], "published_at": published.get(row["release"]), **row} for row in rows]


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
