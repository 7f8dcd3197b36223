"""What is done with a workspace beside runs: trials on a copy of the base, folders of readers brought up to date, pruning."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linkage.engine.duckdb import DatabaseError, Engine
from linkage.errors import ModelError, WorkspaceError
from linkage.sharing.audit import user
from linkage.sharing.folders import hand_out, thin_out
from linkage.stages.context import Progress, Run
from linkage.stages.standardiser import needed_versions
from linkage.staging import clean, copy_base, limits, prepare
from linkage.standardise import prune_kept
from linkage.store.ledger import Ledger
from linkage.store.prune import prune
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.config.project import LoadedProject


@contextmanager
def on_a_copy(project: LoadedProject, *, progress: Progress = lambda _message: None) -> Iterator[Run]:
    """Give a run on a copy of the current base, under the lock of the workspace; the copy is thrown away at the end.

    Raises WorkspaceError where no run has finished, or another process holds the workspace, and ModelError where this
    program reads the records of that base in another way.
    """
    workspace = Workspace(project.workspace)
    if not workspace.ledger.is_file():
        raise WorkspaceError(_no_run(project))
    workspace.prepare()
    with workspace.locked(), Ledger(workspace.ledger) as ledger:
        clean(workspace, ledger)
        last = ledger.last_run()
        if last is None:
            raise WorkspaceError(_no_run(project))
        staged = workspace.staging / "copy"
        try:
            staged.mkdir()
            base = copy_base(workspace, last, staged)
            with Engine(base, staged=True, **limits(project, staged)) as engine:
                run = Run(
                    last.run,
                    datetime.now(UTC),
                    project,
                    workspace,
                    ledger,
                    engine,
                    staged,
                    progress=progress,
                    trial=True,
                )
                prepare(run)
                if run.anew:
                    message = f"{workspace.base(last.base)}: {run.anew} now, so its records are no longer what a run would train on; run with --retrain"
                    raise ModelError(message)
                yield run
        except (DatabaseError, OSError) as error:
            message = f"{workspace.path}: the work could not be finished ({str(error).splitlines()[0]}); nothing was changed: check the disk, then try again"
            raise WorkspaceError(message) from error
        finally:
            workspace.clear_staging()


def _no_run(project: LoadedProject) -> str:
    return f"{project.workspace}: no run has finished yet, so there are no records; run: linkage run {project.path}"


def publish_project(project: LoadedProject) -> list[dict[str, Any]]:
    """Bring every folder of `publish_to` to the last release of its audience; return what each holds."""
    workspace = Workspace(project.workspace)
    workspace.prepare()
    with workspace.locked(), Ledger(workspace.ledger) as ledger:
        return hand_out(project, workspace, ledger)


def prune_project(project: LoadedProject, keep: int) -> list[dict[str, Any]]:
    """Remove all but the last `keep` releases of every audience, here and in the folders of `publish_to`; return what went."""
    workspace = Workspace(project.workspace)
    gone = prune(workspace, keep, by=user())
    if workspace.ledger.is_file():
        with Ledger(workspace.ledger) as ledger:
            with workspace.locked():
                _prune_standardisers(workspace, ledger)
            thin_out(project, workspace, ledger)
    return gone


def _prune_standardisers(workspace: Workspace, ledger: Ledger) -> None:
    """Remove the kept standardisers that neither an approved model nor one of a kept release needs."""
    needed = needed_versions(workspace, ledger)
    if needed is None:
        # A model that cannot be read may be restored; what it needs is then still there.
        return
    try:
        prune_kept(workspace.standardisers, needed)
    except OSError as error:
        message = f"{error.filename or workspace.standardisers}: a standardiser that no model needs cannot be removed ({error.strerror}); make it removable, then prune again"
        raise WorkspaceError(message) from error
