"""Pointers: records that an audience may not see in full but of whose agency it may learn, beside the identities that they touch.

This is the one place where they come into answers. A release holds them (`published.identity_pointer`), compared with its
finished identities and never joined to them (rule R7); they tell an agency and whom to call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linkage.engine.duckdb import Engine


def touching(engine: Engine, identities: Iterable[str]) -> list[dict[str, Any]]:
    """Return the pointers of a release that touch some identities, in order: `identity_id`, `agency`, `call`."""
    found: list[dict[str, Any]] = engine.arrow(
        "SELECT identity_id, agency, contact AS call FROM published.identity_pointer WHERE list_contains($ids, identity_id) ORDER BY ALL",
        {"ids": sorted(identities)},
    ).to_pylist()
    return found
