"""The releases of an audience that are still on disk."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.engine.duckdb import Engine
from linkage.errors import RequestError
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from linkage.project import Project


@dataclass(frozen=True, slots=True)
class Kept:
    """A published release whose file is there."""

    sequence: int
    published_at: str
    path: Path


def kept_releases(project: Project, audience: str) -> list[Kept]:
    """Return the releases of an audience that are on disk, oldest first; refuse an unknown audience or one without any."""
    last = project.release_path(audience)
    workspace = Workspace(project.loaded.workspace)
    with Ledger(workspace.ledger) as ledger:
        runs = ledger.runs()
    found = [
        Kept(release.sequence, run.finished_at, path)
        for run in runs
        for release in run.releases
        if release.audience == audience and (path := workspace.release(audience, release.sequence)).is_file()
    ]
    if not found or found[-1].path != last:
        message = f"{last}: the last release is gone; restore the workspace from a backup"
        raise RequestError(message)
    return found


def published_at(project: Project, audience: str) -> dict[int, str]:
    """Return when each release of an audience was published, by its number, pruned ones too."""
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        return {
            release.sequence: run.finished_at
            for run in ledger.runs()
            for release in run.releases
            if release.audience == audience
        }


def kept_release(project: Project, audience: str, sequence: int) -> Kept:
    """Return one release of an audience; refuse one that is not on disk."""
    kept = kept_releases(project, audience)
    for one in kept:
        if one.sequence == sequence:
            return one
    there = ", ".join(str(one.sequence) for one in kept)
    message = f"release {sequence} of {audience} is not on disk; these are: {there}"
    raise RequestError(message)


@contextmanager
def opened(project: Project, release: Kept) -> Iterator[Engine]:
    """Open a release for reading."""
    with Engine(release.path, read_only=True, **project.loaded.limits()) as engine:
        yield engine
