"""Prune: old releases go to save room; the feed, the ledger and the last release of every audience stay."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linkage.errors import RequestError, WorkspaceError
from linkage.store.entries import Pruned
from linkage.store.ledger import Ledger

if TYPE_CHECKING:
    from linkage.store.entries import Release
    from linkage.store.workspace import Workspace

KEEP = 2


def to_prune(releases: list[Release], keep: int) -> list[Release]:
    """Return the releases that go when each audience keeps its last `keep`, by audience and sequence."""
    sequences: dict[str, list[Release]] = defaultdict(list)
    for release in sorted(releases, key=lambda entry: (entry.audience, entry.sequence)):
        sequences[release.audience].append(release)
    return [release for kept in sequences.values() for release in kept[:-keep]]


def prune(workspace: Workspace, keep: int, *, by: str) -> list[dict[str, Any]]:
    """Remove all but the last `keep` releases of every audience; return audience, sequence and bytes of what went.

    Raises RequestError for a `keep` below one, WorkspaceError where a run holds the workspace or a file cannot go.
    """
    if keep < 1:
        message = f"--keep {keep}: the last release of an audience is never pruned; keep 1 or more"
        raise RequestError(message)
    if not workspace.ledger.is_file():
        return []
    with workspace.locked(), Ledger(workspace.ledger) as ledger:
        gone = []
        now = datetime.now(UTC).isoformat()
        for release in to_prune(ledger.kept_releases(), keep):
            path = workspace.release(release.audience, release.sequence)
            gone.append(Pruned(release, now, by, path.stat().st_size if path.is_file() else 0))
        # Written first: a file that is left when this process dies is a leftover, which the next run removes.
        ledger.prune(gone)
        for entry in gone:
            path = workspace.release(entry.release.audience, entry.release.sequence)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                message = f"{path}: cannot be removed ({error.strerror}); make it removable, the next run takes it away"
                raise WorkspaceError(message) from error
        workspace.clear_lookups({(entry.audience, entry.sequence) for entry in ledger.kept_releases()})
    return [
        {"audience": entry.release.audience, "sequence": entry.release.sequence, "bytes": entry.bytes} for entry in gone
    ]
