"""Identify: clusters → `resolution.assignment_<audience>`, with ids that last from release to release (rule R4).

What the audience's last release held stands in `resolution.assignment_<audience>`; old identities and new clusters are
matched one to one by `match_identities`, a pure function. An identity that ended may be reinstated for the majority of
the records that it last held. In an increment all this concerns the touched records and those that are gone. New ids are HMAC-SHA256(key of the audience, sequence of its release,
smallest record), computed in SQL and tested against Python's; after a restore with the mark of that restore beside the sequence, since the
numbers of releases after the backup may be given again. What readers have of such releases is taken over by `take_over`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from linkage.config.markings import datasets_seen
from linkage.config.project import CENTRE
from linkage.engine.sql import pads, qualified, quote
from linkage.stages.changes import audience_signature
from linkage.stages.touch import held_records, touched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = (
    "resolution.cluster",
    "resolution.assignment",
    "resolution.ended",
    "change.touched",
    "change.judged",
    "change.purged",
)
WRITES = (
    "resolution.assignment",
    "resolution.ended",
    "resolution.identified",
    "making.event",
    "making.redirect",
)

ID_DIGITS = 20
_NONE_SHARED = "SELECT NULL::VARCHAR AS entity_type, NULL::BIGINT AS cluster, NULL::VARCHAR AS old_id, NULL::BIGINT AS shared WHERE FALSE"
_NONE_MATCHED = "SELECT NULL::VARCHAR AS entity_type, NULL::BIGINT AS cluster, NULL::VARCHAR AS old_id, NULL::BIGINT AS since WHERE FALSE"


def identify(run: Run, audience: str, sequence: int) -> None:
    """Give every cluster of an audience its identity id and write what became of the old ones.

    In an increment the audience's last state is amended in place, so that what follows reads one table; until `settle`
    `take_back` brings it back. What is made whole stands beside the last state until then.
    """
    run.progress(f"identify for {audience}")
    engine = run.engine
    _old(run, audience)
    _members(run, audience)
    _match(run)
    _reinstate(run, audience)
    mark = run.ledger.mark()
    inner, outer = pads(run.workspace.audience_key(audience))
    values = {
        "inner": inner,
        "outer": outer,
        "sequence": sequence,
        "given": f"{sequence}@{mark}" if mark else str(sequence),
        "digits": ID_DIGITS,
    }
    engine.create("resolution", "identified", values)
    _put_now(run, audience)
    _events(run, audience, sequence)
    _redirects(run, audience)
    engine.run(f"DROP {'TABLE' if audience in run.amended_audiences else 'VIEW'} resolution.member")
    for table in ("overlap", "matched", "reinstated"):
        engine.run(f"DROP TABLE IF EXISTS making.{table}")


def settle(run: Run, audience: str) -> None:
    """Make what `identify` has written the audience's state, once its release has passed the audits."""
    engine = run.engine
    assignment = f"assignment_{audience}"
    if audience not in run.amended_audiences:
        engine.run("DROP VIEW resolution.now")
        engine.run(f"DROP TABLE IF EXISTS {qualified('resolution', assignment)}")
        engine.run(f"ALTER TABLE resolution.identified RENAME TO {quote(assignment)}")
        engine.run(f"ALTER TABLE {qualified('resolution', assignment)} DROP COLUMN identity")
    engine.create_as("resolution", f"ended_{audience}", "FROM resolution.ended")
    _forget(run)


def take_back(run: Run, audience: str) -> None:
    """Leave the audience's state as it was before `identify`."""
    if audience in run.amended_audiences:
        _amend(run, audience, "resolution.identified", "making.old")
    _forget(run)


def _amend(run: Run, audience: str, out: str, into: str) -> None:
    """Put the rows of one table in the place of those of another in the audience's assignment."""
    held = qualified("resolution", f"assignment_{audience}")
    names = ", ".join(map(quote, run.engine.columns("resolution", f"assignment_{audience}")))
    run.engine.run(f"DELETE FROM {held} WHERE number IN (SELECT number FROM {out})")
    run.engine.run(f"INSERT INTO {held} BY NAME SELECT {names} FROM {into}")


def _forget(run: Run) -> None:
    """Drop what `identify` has written."""
    run.engine.run("DROP VIEW IF EXISTS resolution.now")
    for table in ("resolution.identified", "resolution.ended", "making.old", "making.event", "making.redirect"):
        run.engine.run(f"DROP TABLE IF EXISTS {table}")
    run.engine.run("DROP TABLE IF EXISTS resolution.handed")


def take_over(run: Run, audience: str, sequence: int) -> None:
    """Take over what readers have of a release made after the backup that this workspace was restored from.

    The release is attached as `handed`. Its ids that this workspace does not know count as ended from now on: they are
    reinstated for the records they held, or lead to where these are. `resolution.handed` is its crosswalk, for the feed.
    """
    engine, ended = run.engine, _ended(run, audience)
    assignment = f"assignment_{audience}"
    known = [f"SELECT old_id FROM {ended}"]
    if engine.has_table("resolution", assignment):
        known.append(f"SELECT identity_id FROM {qualified('resolution', assignment)}")
    engine.run(
        f"""
        INSERT INTO {ended} BY NAME
        SELECT identity_id AS old_id, entity_type, dataset, key, role, CAST($sequence AS BIGINT) AS since
        FROM handed.published.identity_record WHERE identity_id NOT IN ({" UNION ".join(known)})
        """,
        {"sequence": sequence},
    )
    engine.create_as("resolution", "handed", "FROM handed.published.identity_record")


def _ended(run: Run, audience: str) -> str:
    """Make sure of the table of ended identities of an audience; return its name."""
    ended = qualified("resolution", f"ended_{audience}")
    columns = "old_id VARCHAR, entity_type VARCHAR, dataset VARCHAR, key VARCHAR, role VARCHAR, since BIGINT"
    run.engine.run(f"CREATE TABLE IF NOT EXISTS {ended} ({columns})")
    # Workspaces of before 2026-11-24 keep ended identities without their age.
    run.engine.run(f"ALTER TABLE {ended} ADD COLUMN IF NOT EXISTS since BIGINT")
    return ended


def match_identities(
    old: NDArray[np.int64],
    new: NDArray[np.int64],
    shared: NDArray[np.int64],
    age: NDArray[np.int64],
    size: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Choose overlaps so that each old identity and each new cluster is in at most one chosen overlap.

    One row an overlap: old identity, new cluster (both as ranks: smaller id, smaller smallest record), records shared,
    release in which the old id was given, records of the new cluster. Greedy by records shared; ties: older id, larger
    cluster, smallest record, smaller old id. Returns a mask of the chosen rows.
    """
    chosen = np.zeros(len(old), dtype=np.bool_)
    taken_old: set[int] = set()
    taken_new: set[int] = set()
    # Only contested overlaps come here: a handful beside the millions that SQL matches outright.
    for row in np.lexsort((old, new, -size, age, -shared)):
        if old[row] not in taken_old and new[row] not in taken_new:
            chosen[row] = True
            taken_old.add(int(old[row]))
            taken_new.add(int(new[row]))
    return chosen


def _members(run: Run, audience: str) -> None:
    """Make `resolution.member`: the entity records in question, numbered, with their clusters (records without an edge: their own).

    In a release that is made whole, numbers follow the names of records.
    """
    if audience in run.amended_audiences:
        _amended_members(run, audience)
        return
    order = "entity.record" if run.anew else "entity.dataset, entity.key, entity.role"
    selects, before = [], 0
    for kind in sorted(run.types):
        selects.append(
            _members_sql(run, audience, kind, f", {before} + row_number() OVER (ORDER BY {order}) AS number")
        )
        before += int(
            run.engine.value(f"SELECT count(*) FROM canonical.{quote(kind)} WHERE {run.sees(audience, 'marking')}")
        )
    # A view: to read it again costs less than to write it down.
    run.engine.run(f"CREATE OR REPLACE VIEW resolution.member AS {' UNION ALL '.join(selects)}")


def _amended_members(run: Run, audience: str) -> None:
    """Write `resolution.member` of an increment: a record keeps its number, new ones follow."""
    members = " UNION ALL ".join(_members_sql(run, audience, kind, "") for kind in run.types)
    last = run.engine.value(f"SELECT max(number) FROM {qualified('resolution', f'assignment_{audience}')}")
    run.engine.create_as(
        "resolution",
        "member",
        f"""
        SELECT member.*, coalesce(old.number, $last + row_number() OVER (PARTITION BY old.number IS NULL ORDER BY entity_type, dataset, key, role)) AS number
        FROM ({members}) AS member LEFT JOIN (SELECT entity_type, dataset, key, role, number FROM making.old) AS old USING (entity_type, dataset, key, role)
        """,
        {"last": last or 0},
    )


def _members_sql(run: Run, audience: str, kind: EntityType, more: str) -> str:
    return f"""
        SELECT '{kind}' AS entity_type, entity.record, entity.dataset, entity.key, entity.role, entity.agency, entity.seen_on,
               coalesce(found.cluster, entity.record) AS cluster, coalesce(found.ambiguous, FALSE) AS ambiguous{more}
        FROM {held_records(run, audience, kind)} AS entity LEFT JOIN {qualified("resolution", f"cluster_{audience}_{kind}")} AS found USING (record)
        WHERE {run.sees(audience, "entity.marking")}
        """


def _old(run: Run, audience: str) -> None:
    """Write `making.old`: what the last release held of the records in question, with the age of each id."""
    assignment = f"assignment_{audience}"
    if not run.engine.has_table("resolution", assignment):
        run.engine.create("making", "no_old")
        run.engine.run("ALTER TABLE making.no_old RENAME TO old")
        return
    old = f"SELECT identity_id, entity_type, since, dataset, key, role, agency, ambiguous FROM {qualified('resolution', assignment)}"
    if audience in run.amended_audiences:
        # Whole rows, to be brought back if an audit fails. (One type after the other: its records are found by number alone.)
        old = " UNION ALL ".join(
            f"FROM {qualified('resolution', assignment)} WHERE entity_type = '{kind}' AND record IN "
            f"(SELECT record FROM {touched(audience)} WHERE entity_type = '{kind}' UNION ALL SELECT record FROM {qualified('change', f'gone_{kind}')})"
            for kind in run.types
        )
    run.engine.create_as("making", "old", old)


def _put_now(run: Run, audience: str) -> None:
    """Make the view `resolution.now`: every record of the audience with its identity, as they will be after this run."""
    now = "SELECT * EXCLUDE (identity) FROM resolution.identified"
    if audience in run.amended_audiences:
        _amend(run, audience, "making.old", "resolution.identified")
        now = f"FROM {qualified('resolution', f'assignment_{audience}')}"
    run.engine.run(f"CREATE OR REPLACE VIEW resolution.now AS {now}")


def _match(run: Run) -> None:
    """Write `making.matched` (entity_type, cluster, old_id, since)."""
    engine = run.engine
    if not engine.value("SELECT count(*) FROM making.old"):
        engine.create_as("making", "overlap", _NONE_SHARED)
        engine.create_as("making", "matched", _NONE_MATCHED)
        return
    engine.create("making", "overlap")
    contested: dict[str, Any] = engine.arrow(
        """
        SELECT entity_type, cluster, old_id, since, shared, size,
               dense_rank() OVER (ORDER BY old_id) AS old_rank,
               dense_rank() OVER (ORDER BY entity_type, first_dataset, first_key, first_role) AS new_rank
        FROM making.overlap WHERE contested ORDER BY old_rank, new_rank
        """
    ).to_pydict()
    names = ("old_rank", "new_rank", "shared", "since", "size")
    columns = [np.array(contested[name], dtype=np.int64) for name in names]
    chosen = match_identities(*columns)
    table = pa.table(
        {
            "entity_type": pa.array(
                [v for v, c in zip(contested["entity_type"], chosen, strict=True) if c], pa.string()
            ),
            "cluster": pa.array([v for v, c in zip(contested["cluster"], chosen, strict=True) if c], pa.int64()),
            "old_id": pa.array([v for v, c in zip(contested["old_id"], chosen, strict=True) if c], pa.string()),
            "since": pa.array([v for v, c in zip(contested["since"], chosen, strict=True) if c], pa.int64()),
        }
    )
    with engine.registered("settled", table):
        engine.create_as(
            "making",
            "matched",
            "SELECT entity_type, cluster, old_id, since FROM making.overlap WHERE NOT contested UNION ALL SELECT * FROM settled",
        )


def _reinstate(run: Run, audience: str) -> None:
    """Give clusters without an id that of an ended identity most of whose last records they hold (the most, then the oldest)."""
    engine = run.engine
    ended = _ended(run, audience)
    if not engine.value(f"SELECT count(*) FROM {ended}"):
        engine.create_as("making", "reinstated", _NONE_MATCHED)
        return
    engine.create_as(
        "making",
        "reinstated",
        f"""
        WITH free AS (
            SELECT entity_type, cluster, dataset, key, role FROM resolution.member ANTI JOIN making.matched USING (entity_type, cluster)
        ), held AS (
            SELECT old_id, count(*) AS records FROM {ended} GROUP BY old_id
        ), shared AS (
            SELECT entity_type, cluster, old_id, coalesce(min(since), 0) AS since, count(*) AS shared
            FROM free JOIN {ended} USING (entity_type, dataset, key, role) GROUP BY ALL
        )
        SELECT entity_type, cluster, old_id, since FROM shared JOIN held USING (old_id) WHERE 2 * shared > records
        QUALIFY row_number() OVER (PARTITION BY entity_type, cluster ORDER BY shared DESC, since, old_id) = 1
        """,
    )
    engine.run("INSERT INTO making.matched FROM making.reinstated")


def _events(run: Run, audience: str, sequence: int) -> None:
    """Write `making.event`: what became of identities, and why."""
    last = run.signatures.get(f"audience:{audience}")
    same = last in (None, audience_signature(run, audience))
    # That records were purged is told to the centre alone: whether they were withdrawn, are hidden now or were purged is one to others.
    purges = run.options.purge is not None and audience == CENTRE
    values = {
        "first": not run.engine.value("SELECT count(*) > 0 FROM making.old"),
        "sequence": sequence,
        # By what is agreed, not by markings: whether a record was withdrawn or is hidden now is not told (rule R7).
        "datasets": list(datasets_seen(run.project, audience, run.day)),
        "remodelled": sorted(run.remodelled),
        "otherwise": "settings" if not same else "purge" if purges else "delivery",
    }
    judged = qualified("change", f"judged_{audience}")
    run.engine.create_as("making", "decided", f"SELECT entity_type, dataset, key, role FROM {judged} WHERE is_decision")
    purged = "change.purged" if purges else "(SELECT '' AS dataset, '' AS key) WHERE FALSE"
    run.engine.create_as("making", "purged", f"SELECT DISTINCT dataset, key FROM {purged}")
    run.engine.create("making", "event", values)
    for table in ("decided", "purged"):
        run.engine.run(f"DROP TABLE making.{table}")


def _redirects(run: Run, audience: str) -> None:
    """Write `resolution.ended`, the records that ended ids last held, and `making.redirect`, where these are now."""
    engine = run.engine
    engine.create_as(
        "resolution",
        "ended",
        f"""
        SELECT old_id, entity_type, dataset, key, role, since FROM {qualified("resolution", f"ended_{audience}")}
        WHERE old_id NOT IN (SELECT old_id FROM making.reinstated)
        UNION ALL
        SELECT identity_id, entity_type, dataset, key, role, since FROM making.old
        WHERE identity_id NOT IN (SELECT old_id FROM making.matched)
        """,
    )
    engine.create_as(
        "making",
        "redirect",
        """
        WITH moved AS (
            SELECT ended.old_id, now.identity_id AS new_id, count(*) AS records
            FROM resolution.ended AS ended JOIN resolution.now AS now USING (entity_type, dataset, key, role)
            GROUP BY ALL
        )
        SELECT old_id, new_id, records, count(*) OVER (PARTITION BY old_id) > 1 AS divided FROM moved
        """,
    )
