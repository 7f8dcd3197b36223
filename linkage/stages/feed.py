"""Feed: what this release changed, as three Parquet files that are only ever added to those before (the feed of an audience).

`<sequence>-record_move.parquet` has one row a record whose row in the crosswalk is new, other or gone;
`<sequence>-identity_event.parquet` the events; `<sequence>-pointer_move.parquet` one row a pointer that is new, has another
contact or is gone: the agency and whom to call, nothing else (rule R7). Who has one crosswalk and the moves since has the
last crosswalk; so it is with pointers.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.stages.context import Run

READS = ("making.old", "resolution.identified", "making.event", "resolution.handed", "resolution.now")
WRITES: tuple[str, ...] = ()

KINDS = ("record_move", "identity_event", "pointer_move")


def feed_file(run: Run, audience: str, kind: str) -> Path:
    """Return where in staging the feed file of a kind is made."""
    return run.staging / f"{audience}-{kind}.parquet"


def write_feed(run: Run, audience: str, sequence: int, made: Path, last: Path | None) -> dict[str, int]:
    """Write the feed files of an audience's release to staging; return kind → rows. Call it before `settle`.

    `made` is the file of that release, `last` the one that readers have, if any.
    """
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
    rows = {kind: _write(run, audience, kind, query) for kind, query in told.items()}
    with ExitStack() as opened:
        opened.enter_context(run.engine.attached(made, "made"))
        if last is not None:
            opened.enter_context(run.engine.attached(last, "last"))
        return {**rows, "pointer_move": _write(run, audience, "pointer_move", _pointer_moves(run, sequence))}


def _write(run: Run, audience: str, kind: str, query: str) -> int:
    return run.engine.copy_to(query, feed_file(run, audience, kind), "(FORMAT parquet, COMPRESSION zstd)")


def _pointer_moves(run: Run, sequence: int) -> str:
    """Return the query of pointers of `made` that `last` has not or otherwise, and of those that it alone has."""
    # A release of before there were pointers has none, and there is none before the first.
    has = run.engine.value(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'last' AND schema_name = 'published' AND table_name = 'identity_pointer'"
    )
    last = "last.published.identity_pointer" if has else "(FROM made.published.identity_pointer WHERE FALSE)"
    return (
        "SELECT identity_id, agency, before.contact AS from_contact, now.contact AS to_contact, "
        f"CAST({int(sequence)} AS BIGINT) AS release "
        f"FROM {last} AS before FULL JOIN made.published.identity_pointer AS now USING (identity_id, agency) "
        "WHERE before.contact IS DISTINCT FROM now.contact ORDER BY identity_id, agency"
    )
