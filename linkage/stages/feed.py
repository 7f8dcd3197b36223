"""Feed: what this release changed, as two Parquet files that are only ever added to those before (the feed of an audience).

`<sequence>-record_move.parquet` has one row a record whose row in the crosswalk is new, other or gone;
`<sequence>-identity_event.parquet` the events. Who has one crosswalk and the moves since has the last crosswalk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.stages.context import Run

READS = ("making.old", "resolution.identified", "making.event", "resolution.handed", "resolution.now")
WRITES: tuple[str, ...] = ()

KINDS = ("record_move", "identity_event")


def feed_file(run: Run, audience: str, kind: str) -> Path:
    """Return where in staging the feed file of a kind is made."""
    return run.staging / f"{audience}-{kind}.parquet"


def write_feed(run: Run, audience: str, sequence: int) -> dict[str, int]:
    """Write the feed files of an audience's release to staging; return kind → rows. Call it before `settle`."""
    columns = "entity_type, dataset, key, role"
    moved = "before.identity_id IS DISTINCT FROM now.identity_id OR before.agency IS DISTINCT FROM now.agency OR before.ambiguous IS DISTINCT FROM now.ambiguous"
    selected = (
        f"{columns}, before.identity_id AS from_identity, now.identity_id AS to_identity, now.agency, now.ambiguous, "
        f"CAST({int(sequence)} AS BIGINT) AS release"
    )
    moves = f"SELECT {selected} FROM making.old AS before FULL JOIN resolution.identified AS now USING ({columns}) WHERE {moved}"
    if run.engine.has_table("resolution", "handed"):
        # After a restore readers are ahead of this workspace's last release: they are told what differs from what they have.
        since = f"SELECT {selected} FROM resolution.handed AS before FULL JOIN resolution.now AS now USING ({columns}) WHERE {moved}"
        moves = f"WITH moves AS ({moves}), since AS ({since}) FROM since UNION ALL FROM moves ANTI JOIN since USING ({columns})"
    told = {
        "record_move": f"SELECT * FROM ({moves}) ORDER BY {columns}",
        "identity_event": "FROM making.event ORDER BY identity_id, event, other_id",
    }
    return {
        kind: run.engine.copy_to(told[kind], feed_file(run, audience, kind), "(FORMAT parquet, COMPRESSION zstd)")
        for kind in KINDS
    }
