"""What is purged is known by its keyed hash alone: HMAC-SHA256 of DATASET/KEY under the workspace's audit key, in SQL as in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import pads

if TYPE_CHECKING:
    from linkage.store.workspace import Workspace

TOMBSTONE = "purged:"
"""What stands before the keyed hash where a key stood."""


def hash_sql(dataset: str, key: str) -> str:
    """Return the SQL of the keyed hash of a record (SQL expressions for its dataset and key); parameters: `hash_values`."""
    inner = f"sha256($purge_inner::BLOB || encode({dataset} || '/' || {key}))"
    return f"sha256($purge_outer::BLOB || unhex({inner}))"


def hash_values(workspace: Workspace) -> dict[str, Any]:
    """Return the parameters of `hash_sql`."""
    return dict(zip(("purge_inner", "purge_outer"), pads(workspace.audit_key()), strict=True))
