"""Identify: clusters → `resolution.assignment_<audience>`, with ids that last from release to release (rule R4).

What the last release of the audience held is read from that release; old identities and new clusters are matched one
to one by `match_identities`, a pure function. New ids are HMAC-SHA256(key of the audience, sequence of its release,
smallest record), computed in SQL and tested against Python's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from linkage.engine.sql import qualified, quote

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from linkage.stages.context import Run

READS = ("resolution.cluster",)
WRITES = ("resolution.assignment", "resolution.event", "resolution.ended")

ID_DIGITS = 20
_BLOCK = 64


def identify(run: Run, audience: str, sequence: int, last: Path | None) -> None:
    """Give every cluster of an audience its identity id and write what became of the old ones."""
    run.progress(f"identify for {audience}")
    engine = run.engine
    _members(run, audience)
    if last is None:
        engine.create("resolution", "no_old")
        engine.run("ALTER TABLE resolution.no_old RENAME TO old")
    else:
        with engine.attached(last, "last_release"):
            engine.create("resolution", "old")
    _match(run)
    key = run.workspace.audience_key(audience).ljust(_BLOCK, b"\0")
    values = {
        "inner": bytes(byte ^ 0x36 for byte in key),
        "outer": bytes(byte ^ 0x5C for byte in key),
        "sequence": sequence,
        "digits": ID_DIGITS,
    }
    engine.create("resolution", "identified", values)
    _events(run, audience)
    for table in ("member", "old", "overlap", "matched"):
        engine.run(f"DROP TABLE IF EXISTS resolution.{table}")


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
    """Write `resolution.member`: every visible entity record with its cluster (records without an edge: their own)."""
    datasets = list(run.project.settings.visible(audience))
    selects = [
        f"""
        SELECT '{kind}' AS entity_type, entity.record, entity.dataset, entity.key, entity.role, entity.agency, entity.seen_on,
               coalesce(found.cluster, entity.record) AS cluster, coalesce(found.ambiguous, FALSE) AS ambiguous
        FROM canonical.{quote(kind)} AS entity LEFT JOIN {qualified("resolution", f"cluster_{audience}_{kind}")} AS found USING (record)
        WHERE list_contains($datasets, entity.dataset)
        """
        for kind in run.types
    ]
    run.engine.create_as("resolution", "member", " UNION ALL ".join(selects), {"datasets": datasets})


def _match(run: Run) -> None:
    """Write `resolution.matched` (entity_type, cluster, old_id, since)."""
    engine = run.engine
    engine.create("resolution", "overlap")
    contested: dict[str, Any] = engine.arrow(
        """
        SELECT entity_type, cluster, old_id, since, shared, size,
               dense_rank() OVER (ORDER BY old_id) AS old_rank,
               dense_rank() OVER (ORDER BY entity_type, first_dataset, first_key, first_role) AS new_rank
        FROM resolution.overlap WHERE contested ORDER BY old_rank, new_rank
        """
    ).to_pydict()
    columns = [
        np.array(contested[name], dtype=np.int64) for name in ("old_rank", "new_rank", "shared", "since", "size")
    ]
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
            "resolution",
            "matched",
            "SELECT entity_type, cluster, old_id, since FROM resolution.overlap WHERE NOT contested UNION ALL SELECT * FROM settled",
        )


def _events(run: Run, audience: str) -> None:
    """Write the events of this release, and keep the records that ended ids last held."""
    engine = run.engine
    engine.create("resolution", "event")
    engine.run(f"DROP TABLE IF EXISTS {qualified('resolution', f'event_{audience}')}")
    engine.run(f"ALTER TABLE resolution.event RENAME TO {quote(f'event_{audience}')}")
    engine.run(f"DROP TABLE IF EXISTS {qualified('resolution', f'assignment_{audience}')}")
    engine.run(f"ALTER TABLE resolution.identified RENAME TO {quote(f'assignment_{audience}')}")
    ended = qualified("resolution", f"ended_{audience}")
    engine.run(
        f"CREATE TABLE IF NOT EXISTS {ended} (old_id VARCHAR, entity_type VARCHAR, dataset VARCHAR, key VARCHAR, role VARCHAR)"
    )
    engine.run(
        f"INSERT INTO {ended} SELECT old.identity_id, old.entity_type, old.dataset, old.key, old.role FROM resolution.old "
        "ANTI JOIN resolution.matched ON matched.old_id = old.identity_id"
    )
    engine.create_as(
        "resolution",
        f"redirect_{audience}",
        f"""
        WITH moved AS (
            SELECT ended.old_id, now.identity_id AS new_id, count(*) AS records
            FROM {ended} AS ended JOIN {qualified("resolution", f"assignment_{audience}")} AS now USING (entity_type, dataset, key, role)
            GROUP BY ALL
        )
        SELECT old_id, new_id, records, count(*) OVER (PARTITION BY old_id) > 1 AS divided FROM moved
        """,
    )
