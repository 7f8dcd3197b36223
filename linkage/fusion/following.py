"""What became of overlaps and leads: read from the audience's own entries in the ledger when its release is made."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from linkage.engine.sql import pads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.stages.context import Run

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
    # In variables of the connection, set as parameters: the key stands in no file and in no text of a statement.
    for name, padded in zip(("fusion_inner", "fusion_outer"), pads(run.workspace.audience_key(audience)), strict=True):
        engine.run(f"SET VARIABLE {name} = $padded::BLOB", {"padded": padded})
    engine.run(
        "CREATE OR REPLACE TEMP MACRO fusion_opaque(mark, told) AS mark || '-' || left(sha256(getvariable('fusion_outer') || "
        f"unhex(sha256(getvariable('fusion_inner') || encode(told)))), {_DIGITS})"
    )
    with engine.registered("entries", pa.table(columns)):
        engine.create_as("fusion", "followed", "FROM entries")
    try:
        yield
    finally:
        engine.run("DROP TABLE fusion.followed")
        engine.run("DROP MACRO fusion_opaque")
        for name in ("fusion_inner", "fusion_outer"):
            engine.run(f"RESET VARIABLE {name}")
