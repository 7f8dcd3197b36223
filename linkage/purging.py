"""Purge and re-validation: what is to go is chosen, taken out by a run, and then out of every file of the workspace (rule R12)."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from linkage.errors import LinkageError, RequestError, WorkspaceError
from linkage.pipeline import run_project
from linkage.sharing.audit import keyed_hash, refused, user
from linkage.sharing.folders import hand_out, thin_out
from linkage.sharing.purge import Scope, clean_files
from linkage.stages.audit import LIMITS
from linkage.stages.context import RunOptions
from linkage.store.entries import Pruned
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.config.project import LoadedProject
    from linkage.stages.context import Progress


def choose(
    project: LoadedProject,
    *,
    records: Sequence[str] = (),
    datasets: Sequence[str] = (),
    agencies: Sequence[str] = (),
    expired: bool = False,
    day: date | None = None,
) -> Scope:
    """Return what is to go. Raises RequestError for an unknown dataset or agency, and where nothing is named; the audit hears of it."""
    sources = project.settings.sources
    named = [_record(project, name) for name in records]
    for dataset in datasets:
        _known(project, "dataset", dataset, sources)
    for agency in agencies:
        _known(project, "agency", agency, {source.agency for source in sources.values()})
    whole = sorted({*datasets, *(name for name, source in sources.items() if source.agency in set(agencies))})
    day = day or datetime.now(UTC).date()
    before = tuple((name, _years_before(day, source.retention_years)) for name, source in sorted(sources.items()))
    if not (named or whole or expired):
        message = "name what is to go: --record, --dataset, --agency or --expired"
        raise RequestError(message)
    return Scope(tuple(sorted(set(named))), tuple(whole), before if expired else ())


def _years_before(day: date, years: int) -> str:
    try:
        return day.replace(year=day.year - years).isoformat()
    except ValueError:
        return day.replace(year=day.year - years, day=28).isoformat()


def _record(project: LoadedProject, name: str, action: str = "purge") -> tuple[str, str]:
    dataset, _, key = name.partition("/")
    _known(project, "dataset", dataset, project.settings.sources, action)
    if not key:
        message = f"{name!r} is no record name; write DATASET/KEY: a purge takes the whole row, all its roles"
        raise RequestError(message)
    return dataset, key


def _known(project: LoadedProject, what: str, name: str, known: Any, action: str = "purge") -> None:
    if name not in known:
        message = f"there is no {what} {name!r}; the project has: {', '.join(sorted(known))}"
        raise refused(project, RequestError(message), action)


def purge(
    project: LoadedProject,
    scope: Scope,
    *,
    why: str,
    now: datetime | None = None,
    progress: Progress = lambda _message: None,
) -> dict[str, Any]:
    """Take out what is in the scope and all that was derived from it; new releases of every audience are the only ones left.

    Returns `purge`, `run`, `datasets` (dataset → source rows that went), `models` (old hash → new), `releases` and
    `handed_out`: what was handed out before and cannot be reached. Raises LinkageError where the run is refused; then
    nothing went.
    """
    if not why.strip():
        message = "a purge needs a reason: --why TEXT"
        raise RequestError(message)
    workspace = Workspace(project.workspace)
    with _opened(project, workspace) as ledger:
        last = ledger.last_run()
        number = ledger.begin_purge(_now(), user(), why.strip(), _told(workspace, scope), last.run + 1 if last else 1)
    options = RunOptions(now=now, judgements_only=True, purge=scope, accept=dict.fromkeys(LIMITS, f"purge {number}"))
    try:
        report = run_project(project, options, progress=progress)
    except LinkageError:
        with Ledger(workspace.ledger) as ledger:
            made = ledger.last_run()
            if made is None or made.report.get("purged") is None or made.run != _run_of(ledger, number):
                ledger.end_purge(number, _now(), user(), "refused")
        raise
    finish(project)
    handed = [] if not workspace.ledger.is_file() else _handed_out(workspace)
    return {
        "purge": number,
        "run": report["run"],
        "datasets": report["purged"]["datasets"],
        "models": report["purged"]["models"],
        "releases": report["releases"],
        "handed_out": handed,
    }


def _run_of(ledger: Ledger, number: int) -> int | None:
    return next((run for purge, run in ledger.open_purges() if purge == number), None)


def finish(project: LoadedProject) -> list[int]:
    """Take what the base no longer holds out of every other file; return the purges that are finished by it. Can be done again.

    Raises WorkspaceError where a process holds the workspace or a file cannot be written, RequestError where the run of a purge never
    came to its end: then nothing went.
    """
    workspace = Workspace(project.workspace)
    with workspace.locked(), _opened(project, workspace) as ledger:
        unfinished, last = ledger.open_purges(), ledger.last_run()
        done = [number for number, run in unfinished if last is not None and run <= last.run]
        for number, _ in unfinished:
            if number not in done:
                ledger.end_purge(number, _now(), user(), "refused")
        if not done or last is None:
            return []
        published = {release.audience for release in last.releases}
        held = sorted(set(project.settings.audiences) - published)
        if held:
            message = f"audience {held[0]!r} has no release without what is purged: its audit failed in run {last.run}; mend what it says, then purge again"
            raise WorkspaceError(message)
        replaced = {
            old: new
            for row in ledger.runs()
            for old, new in ((row.report.get("purged") or {}).get("models") or {}).items()
        }
        _drop_releases(workspace, ledger, last.releases)
        clean_files(project, workspace, ledger, replaced)
        thin_out(project, workspace, ledger)
        hand_out(project, workspace, ledger)
        ledger.shrink()
        for number in done:
            ledger.end_purge(number, _now(), user(), "done")
    return done


def _drop_releases(workspace: Workspace, ledger: Ledger, stay: Sequence[Any]) -> None:
    """Remove every release but those that the purge has made: all others hold what it took out."""
    gone = [
        Pruned(release, _now(), user(), path.stat().st_size if path.is_file() else 0)
        for release in ledger.kept_releases()
        if release not in stay
        for path in [workspace.release(release.audience, release.sequence)]
    ]
    ledger.prune(gone)
    for entry in gone:
        path = workspace.release(entry.release.audience, entry.release.sequence)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            message = f"{path}: cannot be removed ({error.strerror}); make it removable, then finish the purge"
            raise WorkspaceError(message) from error


def _handed_out(workspace: Workspace) -> list[dict[str, Any]]:
    """Return the looks that handed out files or tables, which no purge reaches: who has them must be told."""
    with Ledger(workspace.ledger) as ledger:
        looks = ledger.looks()
    return [
        {"at": look.looked_at, "by": look.looked_by, "audience": look.audience, "action": look.action, "objects": list(look.objects)}
        for look in looks
        if look.action in {"export", "table", "publish", "rejects", "review sample"}
    ]  # fmt: skip


def revalidate(
    project: LoadedProject,
    *,
    records: Sequence[str] = (),
    datasets: Sequence[str] = (),
    why: str,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Write that records or whole datasets were looked at again: their retention begins anew. Returns what was written."""
    if not why.strip() or not (records or datasets):
        message = "name what is validated again (--record or --dataset) and say why: --why TEXT"
        raise RequestError(message)
    for dataset in datasets:
        _known(project, "dataset", dataset, project.settings.sources, "revalidate")
    named: list[tuple[str, str | None]] = [
        *(_record(project, name, "revalidate") for name in records),
        *((name, None) for name in datasets),
    ]
    at = (now or datetime.now(UTC)).isoformat()
    with _opened(project, Workspace(project.workspace)) as ledger:
        ledger.revalidate(named, at, user(), why.strip())
    return {"records": len(records), "datasets": list(datasets), "validated_at": at}


def _opened(project: LoadedProject, workspace: Workspace) -> Ledger:
    if not workspace.ledger.is_file():
        message = f"{project.workspace}: no run has finished yet, so there is nothing to purge; run: linkage run {project.path}"
        raise RequestError(message)
    return Ledger(workspace.ledger)


def _told(workspace: Workspace, scope: Scope) -> str:
    hashed = tuple((dataset, keyed_hash(workspace, f"{dataset}/{key}")) for dataset, key in scope.records)
    return json.dumps(asdict(replace(scope, records=hashed)), sort_keys=True)


def _now() -> str:
    return datetime.now(UTC).isoformat()
