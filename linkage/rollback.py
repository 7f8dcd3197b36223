"""Rolling back: a new release, made of today's records and judgements with the models and settings of an older release (rule R5).

Sequences only grow, and the feed goes on. The models of the older release become the approved ones in the same ledger row
that publishes: where an audit holds a release back, nothing is published for anybody and the models stay as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.config.deciding import decided_by, deciding, differing
from linkage.config.project import CENTRE
from linkage.errors import ModelError, RequestError
from linkage.matching.model import load
from linkage.pipeline import run_project
from linkage.stages.context import Restored, RunOptions
from linkage.stages.standardiser import usable
from linkage.store.entries import Release
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from linkage.config.project import LoadedProject
    from linkage.stages.context import Progress
    from linkage.store.entries import RunRow


def rollback(
    project: LoadedProject,
    release: int,
    *,
    why: str = "",
    now: datetime | None = None,
    accept: Mapping[str, str] | None = None,
    progress: Progress = lambda _message: None,
) -> dict[str, Any]:
    """Make release `release` of the centre again under today's records, judgements and sharing; return the run report.

    No delivery is read. The report's `rolled_back_to` tells the release, its run, the models, and which settings of the
    project file are others: the next run goes by the file again. Raises RequestError for a release that the ledger does
    not know, ModelError for a model of it that is missing, damaged or of a standardiser that cannot be used, AuditError where an audit
    holds any audience's release back; then nothing changes.
    """
    row = _made_by(project, release)
    models = _models(project, release, row)
    held = row.report.get("settings")
    restored = Restored(
        release,
        row.run,
        why.strip(),
        models,
        # A run of before settings were kept: there are none to go back to.
        tuple(differing(held, deciding(project))) if held else (),
        settings=held["hash"] if held else None,
    )
    options = RunOptions(now=now, judgements_only=True, accept=accept or {}, restored=restored)
    return run_project(decided_by(project, held) if held else project, options, progress=progress)


def _made_by(project: LoadedProject, release: int) -> RunRow:
    """Return the run that made a release of the centre."""
    path = Workspace(project.workspace).ledger
    if not path.is_file():
        message = f"{path.parent}: there is no release to roll back to; run: linkage run {project.path}"
        raise RequestError(message)
    with Ledger(path) as ledger:
        runs = ledger.runs()
    row = next((row for row in runs if Release(CENTRE, release) in row.releases), None)
    if row is None:
        known = [str(one.sequence) for row in runs for one in row.releases if one.audience == CENTRE]
        message = f"{CENTRE} has made no release {release}; it has made: {', '.join(known) or 'none'}"
        raise RequestError(message)
    return row


def _models(project: LoadedProject, release: int, row: RunRow) -> dict[str, str]:
    """Return type → hash of the models that made a release, of today's types; refuse one that cannot be used any more."""
    folder = Workspace(project.workspace).models
    found: dict[str, str] = {}
    for kind in project.entity_types():
        name = row.report["types"].get(kind, {}).get("model")
        if name is None:
            continue
        try:
            model = load(folder, kind, name)
        except ModelError as error:
            message = (
                f"{folder / kind / name}: the {kind} model that made release {release} of {CENTRE} is missing or damaged; "
                "restore it from a backup (linkage restore), or roll back to another release"
            )
            raise ModelError(message) from error
        try:
            usable(Workspace(project.workspace), model)
        except ModelError as error:
            message = f"release {release} of {CENTRE} cannot be made again: {error}; or roll back to a later release, or with the program that made it"
            raise ModelError(message) from error
        found[kind] = name
    return found
