"""The copy of the base that a run, or a trial, works on: made in staging, thrown away unless the run commits it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from linkage.engine.duckdb import DatabaseError, Engine
from linkage.engine.sql import quote
from linkage.errors import WorkspaceError
from linkage.stages import changes
from linkage.stages.standardiser import choose
from linkage.store.workspace import bring_up, copy_file, move_into_place
from linkage.tables import PUBLISHED

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.project import LoadedProject
    from linkage.stages.context import Run, RunOptions
    from linkage.store.entries import RunRow
    from linkage.store.ledger import Ledger
    from linkage.store.workspace import Workspace

BASE = "base.duckdb"
# What the next run makes again.
APART = ("change", "feature", "fusion", "making", "training")
PASSING = ("incoming",)


def clean(workspace: Workspace, ledger: Ledger, *, keep: Path | None = None) -> None:
    """Remove what a run that died has left, but for the base `keep` that this one goes on with, and what no row of the ledger names."""
    workspace.clear_staging(keep=keep)
    runs = ledger.runs()
    releases = {(release.audience, release.sequence) for release in ledger.kept_releases()}
    published = {(release.audience, release.sequence) for row in runs for release in row.releases}
    workspace.clear_orphans({runs[-1].base} if runs else set(), releases, published)
    workspace.clear_lookups(releases)


def limits(project: LoadedProject, staged: Path) -> dict[str, Any]:
    """Return the limits of an engine that works in the folder `staged`."""
    limits = project.limits()
    # A run that died leaves nothing behind: its own spill goes with its staging.
    return limits if project.settings.engine.temp_directory else {**limits, "temp_directory": staged / "spill"}


def refuse_unfinished(project: LoadedProject, ledger: Ledger, options: RunOptions) -> None:
    """Go on with nothing while files may hold what a purge has taken out of the base."""
    unfinished = ledger.open_purges()
    if unfinished and options.purge is None:
        message = (
            f"{project.workspace}: purge {unfinished[0][0]} was broken off; run: linkage purge {project.path} --finish"
        )
        raise WorkspaceError(message)


def copy_base(workspace: Workspace, last: RunRow | None, staged: Path, *, with_spare: bool = False) -> Path:
    """Copy the base of the last run into the folder; return where. Raises WorkspaceError where it is gone or damaged.

    With the spare, which is then gone, only those of its blocks are copied that the last run has changed.
    """
    base = staged / BASE
    if last is not None:
        current = workspace.base(last.base)
        if not current.is_file():
            message = f"{current}: the current base is gone; restore the workspace from a backup"
            raise WorkspaceError(message)
        # Opened where it lies, so that damage is told of the base and not of its copy.
        Engine(current, read_only=True).close()
        if with_spare:
            workspace.take_spare(base)
        bring_up(current, base)
    return base


def leave_spare(run: Run, last: RunRow | None) -> None:
    """Leave the next run a file that it can change instead of a copy of the whole base: the base before this one.

    That holds all but what this run has changed. After a run that made everything anew it is a copy of the new base, where
    the disk has room for two more: what publishes nothing need not be waited for. What a purge has taken out is in neither.
    """
    workspace = run.workspace
    if run.options.purge is not None:
        return
    if last is not None and not run.anew:
        workspace.base(last.base).replace(workspace.spare)
        return
    base, draft = workspace.base(run.number), workspace.staging / workspace.spare.name
    if shutil.disk_usage(workspace.path).free < 2 * base.stat().st_size:
        return
    run.progress("copy the base for the next run")
    try:
        copy_file(base, draft)
        move_into_place(draft, workspace.spare)
    except OSError:
        # The release stands; the next run copies the base itself, or says what is wrong with the disk.
        draft.unlink(missing_ok=True)


def prepare(run: Run) -> None:
    """Set up what every stage finds: what goes at the end apart, the standardisers, and what has changed since the base was made."""
    run.engine.put_apart(APART, run.staging, passing=PASSING)
    run.standardiser = choose(run)
    changes.begin(run)


def refuse_damaged(project: LoadedProject, workspace: Workspace, ledger: Ledger) -> None:
    """Name the last release of an audience that cannot be read: what failed in a copy of it is mended there."""
    for audience in sorted(project.settings.audiences):
        path = workspace.release(audience, ledger.last_sequence(audience))
        if not path.is_file():
            continue
        try:
            with Engine(path, read_only=True, **project.limits()) as engine:
                # A release of an older version may lack a table.
                for table in (table for table in PUBLISHED if engine.has_table("published", table.name)):
                    engine.rows(f"SELECT bit_xor(hash(told)) FROM published.{quote(table.name)} AS told")
        except (DatabaseError, WorkspaceError) as error:
            message = (
                f"{path}: the last release is damaged, so it cannot be gone on with ({str(error).splitlines()[0]}); "
                "restore the workspace from a backup (linkage restore)"
            )
            raise WorkspaceError(message) from error
