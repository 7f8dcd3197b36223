"""What became of overlaps and leads: read from the audience's own entries in the ledger when its release is made."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.stages.context import Run

_BLOCK = 64
_DIGITS = 20


@contextmanager
def open_followed(run: Run, audience: str) -> Iterator[None]:
    """Make `fusion.followed` (entry, id, status, assignee, agencies) of an audience's entries and the macro `fusion_opaque`, for the block.

    Ids are HMAC-SHA256(key of the audience, what they are of): they tell nothing of it and last as long as it does.
    """
    engine, entries = run.engine, run.ledger.followed(audience)
    columns = {
        "entry": pa.array([entry.number for entry in entries], pa.int64()),
        "id": pa.array([entry.id for entry in entries], pa.string()),
        "status": pa.array([entry.status for entry in entries], pa.string()),
        "assignee": pa.array([entry.assignee for entry in entries], pa.string()),
        "agencies": pa.array([list(entry.agencies) for entry in entries], pa.list_(pa.string())),
    }
    key = run.workspace.audience_key(audience).ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in key).hex() for pad in (0x36, 0x5C))
    # Temporary: the key stays out of every file.
    engine.run(
        f"CREATE OR REPLACE TEMP MACRO fusion_opaque(mark, told) AS mark || '-' || left(sha256(unhex('{outer}') || "
        f"unhex(sha256(unhex('{inner}') || encode(told)))), {_DIGITS})"
    )
    with engine.registered("entries", pa.table(columns)):
        engine.create_as("fusion", "followed", "FROM entries")
    try:
        yield
    finally:
        engine.run("DROP TABLE fusion.followed")
        engine.run("DROP MACRO fusion_opaque")
