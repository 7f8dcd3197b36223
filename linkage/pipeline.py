"""The pipeline: one visible list of stages, run on a copy of the last base, published by one ledger row.

A run makes a copy of the last base in staging, changes it, builds and audits every audience's release there, moves the
finished files into place, and commits. Whatever stops it before the commit, the last releases stand; the next run goes on
with what a long one has left (`linkage.stages.rest`), or starts by clearing it.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from linkage import forecast
from linkage.ahead import clustering, copying, loading
from linkage.engine.duckdb import DatabaseError, Engine
from linkage.engine.sql import quote
from linkage.errors import AuditError, WorkspaceError
from linkage.report import make_report
from linkage.sharing.agreements import agreed_text
from linkage.sharing.audit import user, write_anchor
from linkage.sharing.folders import Handed, hand_out, handed, prepare_folders
from linkage.sharing.purge import forget_asked, note_followed, purge_base, purge_models, purge_state
from linkage.stages import changes
from linkage.stages.block import block
from linkage.stages.cluster import cluster_audience
from linkage.stages.context import Progress, Run, RunOptions
from linkage.stages.drift import drift
from linkage.stages.feed import KINDS, feed_file, write_feed
from linkage.stages.identify import identify, settle, take_back, take_over
from linkage.stages.ingest import check_reconciliation, ingest
from linkage.stages.publish import publish
from linkage.stages.release import begin_release, opened_release
from linkage.stages.rest import Rests, left, may_rest, same_run
from linkage.stages.score import score
from linkage.stages.standardise import standardise
from linkage.stages.survive import survive
from linkage.stages.train import AUTOMATIC, RETRAINED, bring_back, train
from linkage.staging import BASE, clean, copy_base, leave_spare, limits, prepare, refuse_damaged, refuse_unfinished
from linkage.store.entries import Approval, Release, RunRow
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace, move_into_place
from linkage.timer import Timer, estimate_before, estimate_now, look_ahead, tell_estimate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linkage.ahead import Clusterings
    from linkage.config.project import LoadedProject

COMPACT = "compact.duckdb"
PURGED = "the approved model without values that only purged records held"
STAGES: tuple[tuple[str, Callable[[Run], None]], ...] = (
    ("ingest", ingest),
    ("standardise", standardise),
    ("train", train),
    ("block", block),
    ("score", score),
    ("drift", drift),
)
AUDIENCE_STAGES = forecast.AUDIENCE_STAGES


def run_project(
    project: LoadedProject, options: RunOptions | None = None, *, progress: Progress = lambda _message: None
) -> dict[str, Any]:
    """Run the main job: deliveries in, one release an audience out. Returns the run report (see the README).

    The work follows what has changed since the last run. An audience whose release fails an audit keeps its last release;
    the others get theirs, and then AuditError is raised.
    Raises LinkageError where anything is refused; then nothing is published and the last releases stand.
    """
    options = options or RunOptions()
    workspace = Workspace(project.workspace)
    workspace.prepare()
    prepare_folders(project, workspace)
    with workspace.locked(), Ledger(workspace.ledger) as ledger:
        last = ledger.last_run()
        refuse_unfinished(project, ledger, options)
        try:
            run, report = _run(project, workspace, ledger, options, progress)
        except (DatabaseError, WorkspaceError, OSError) as error:
            refuse_damaged(project, workspace, ledger)
            if isinstance(error, WorkspaceError):
                raise
            # Out of disk or memory, or damage: the engine's words, one sentence, and where to look.
            message = f"{workspace.path}: the run could not be finished ({next(iter(str(error).splitlines()), type(error).__name__)}); nothing was published, the last release stands: check the disk, then run again, or where a file is damaged restore the workspace (linkage restore)"
            raise WorkspaceError(message) from error
        # The old base goes only now that the ledger names the new one.
        leave_spare(run, last)
        clean(workspace, ledger)
        write_anchor(project, ledger, run.number)
        given = _hand_out(run)
        return {**report, "publish_to": given} if given else report


def _run(
    project: LoadedProject, workspace: Workspace, ledger: Ledger, options: RunOptions, progress: Progress
) -> tuple[Run, dict[str, Any]]:
    """Make base and releases in staging and commit them; return the run and its report.

    Staging is cleared however that ends, unless the next run can go on with what a long one leaves there.
    """
    moment = options.now or datetime.now(UTC)
    last = ledger.last_run()
    number = last.run + 1 if last else 1
    staged = workspace.staging / f"run-{number}"
    base = staged / BASE
    mark = partial(same_run, project, ledger, options, moment, number)
    told = left(base, mark, project.limits()) if may_rest(options) else None
    clean(workspace, ledger, keep=base if told else None)
    timer = Timer(staged, sorted(project.settings.audiences))
    timer.estimate = estimate_before(project, workspace, last)
    rests = Rests()
    try:
        if told is None:
            staged.mkdir()
            copy_base(workspace, last, staged, with_spare=True)
        else:
            timer.go_on(told["stages"])
        timer.base_bytes = workspace.base(last.base).stat().st_size if last else 0
        with Engine(base, staged=True, **limits(project, staged)) as engine:
            run = Run(
                number,
                moment,
                project,
                workspace,
                ledger,
                engine,
                staged,
                options=options,
                progress=timer.telling(progress),
                within=timer.within,
                before_pairs=lambda run: look_ahead(run, timer),
            )
            prepare(run)
            if run.anew and may_rest(options):
                rests = run.rests = Rests(mark, told, timer.stages)
            releases, is_smaller = _make(run, timer, base)
        if is_smaller:
            (staged / COMPACT).replace(base)
        report = make_report(run, releases, timer, base)
        _commit(run, base, releases, report)
    finally:
        if not rests.is_left(sys.exc_info()[1]):
            workspace.clear_staging()
    return run, report


def _make(run: Run, timer: Timer, base: Path) -> tuple[dict[str, Release], bool]:
    """Run all stages on the base; return the releases, and whether the base was written anew beside itself, without holes."""
    with copying(run, base):
        releases = _stages(run, timer)
    changes.finish(run)
    if run.options.purge is not None:
        purge_state(run)
    if run.held and run.options.restored is not None:
        # Whole or not at all: one audience under the old models beside others under the new would mislead.
        _keep_held(run)
        raise AuditError(_told(run))
    with timer.stage("keep"):
        _keep_small(run)
        return releases, run.engine.compact(run.staging / COMPACT, always=run.options.purge is not None)


def _hand_out(run: Run) -> list[dict[str, Any]]:
    """Bring the folders of `publish_to` to the last releases. Raises AuditError where a release was held back."""
    try:
        given = hand_out(run.project, run.workspace, run.ledger)
    except WorkspaceError as error:
        if run.held:
            # Neither hides the other.
            message = f"{_told(run)}; {error}"
            raise AuditError(message) from error
        raise
    if run.held:
        raise AuditError(_told(run))
    return given


def _told(run: Run) -> str:
    """Say which audits held back whose release, where to look, and how to go on."""
    sentences = []
    for audience, findings in sorted(run.held.items()):
        first = findings[0]
        again = "roll back again" if run.options.restored else "run again"
        mend = (
            f"if it is right, {again} with --accept {first.audit} --why TEXT"
            if first.acceptable
            else "report this and keep the workspace"
        )
        sentences.append(
            f"audience {audience!r}: audit {first.audit} failed: {first.told}; nothing was published for it, its last release "
            f"stands; look at {run.workspace.held(audience)}; {mend}"
        )
    return "; ".join(sentences)


def _stages(run: Run, timer: Timer) -> dict[str, Release]:
    """Run all stages; return the new release of every audience whose release passed its audits."""
    with ExitStack() as beside:
        for name, stage in STAGES:
            if name == "ingest" and run.options.judgements_only:
                timer.skipped.add(name)
                _purge(run, timer)
                continue
            if name == "standardise":
                # The first stage of which the statements take long.
                beside.enter_context(loading(run))
            # What has been delivered since is read all the same.
            if name == "ingest" or name not in run.rests.done:
                with timer.stage(name):
                    stage(run)
                if name == "ingest":
                    _go_on(run)
                run.rests.after(run, name)
            elif name == "train":
                with timer.stage(name):
                    bring_back(run)
            if name == "standardise":
                if run.options.purge is not None:
                    run.replaced = purge_models(run)
                timer.estimate = estimate_now(run, timer.base_bytes)
            elif name == "block":
                tell_estimate(run, timer, run.progress)
        check_reconciliation(run.engine, sorted(run.project.settings.sources))
        run.rests.end(run)
        return _releases(run, timer)


def _go_on(run: Run) -> None:
    """Take over what a run that was broken off has counted, unless a delivery has come since: then all that follows is made anew."""
    told = run.rests.told
    if not told:
        return
    if run.delivered:
        run.rests.forget()
        return
    run.progress(f"go on with the run that was broken off; done: {', '.join(told['done'])}")
    run.counts.update(told["counts"])
    run.delivered |= set(told["delivered"])


def _releases(run: Run, timer: Timer) -> dict[str, Release]:
    """Make every audience's release; where there is room the next audience is clustered while one is written."""
    audiences = sorted(run.project.settings.audiences)
    releases = {}
    with clustering(run) as clusterings:
        for audience, following in zip(audiences, (*audiences[1:], None), strict=True):
            release = _release(run, timer, audience, following, clusterings)
            if release is not None:
                releases[audience] = release
    return releases


def _purge(run: Run, timer: Timer) -> None:
    """Take out what this run is to purge, before any stage reads it."""
    if run.options.purge is None:
        return
    if run.anew:
        message = f"{run.workspace.path}: {run.anew}, so what was derived from records cannot be told; run the project once, then purge again"
        raise WorkspaceError(message)
    run.progress("purge")
    with timer.stage("purge"):
        run.count("purged", purge_base(run, run.options.purge))
        forget_asked(run)
        note_followed(run)


def _release(
    run: Run, timer: Timer, audience: str, following: str | None, clusterings: Clusterings | None
) -> Release | None:
    """Make the next release of an audience in staging; None where an audit failed it, which is then told in `run.held`.

    With `clusterings` the audience that follows is begun when this one's identities stand.
    """
    previous = run.ledger.last_sequence(audience)
    # More than the last one only where this workspace was restored from a backup of before that release.
    readers = handed(run.project.publish_folders()[audience]) if audience in run.project.publish_folders() else Handed()
    release = Release(audience, max(previous, readers.sequence) + 1)
    before = run.workspace.release(audience, previous) if previous else None
    if before is not None and not before.is_file():
        message = f"{before}: the last release is gone; restore the workspace from a backup"
        raise WorkspaceError(message)
    with timer.stage("cluster", audience):
        if clusterings is None:
            cluster_audience(run, audience)
        else:
            clusterings.finish(audience)
    with timer.stage("identify", audience):
        newer = readers.checked() if readers.sequence > previous else None
        if newer is not None:
            run.progress(f"release {readers.sequence} that the readers of {audience} have")
            with run.engine.attached(newer, "handed"):
                take_over(run, audience, readers.sequence)
        identify(run, audience, release.sequence)
    if clusterings is not None and following is not None:
        clusterings.begin(following)
    path = run.staging / f"{audience}.duckdb"
    with timer.stage("survive", audience):
        begin_release(run, audience, path, before)
    with opened_release(run, path):
        with timer.stage("survive", audience):
            survive(run, audience)
        with timer.stage("publish", audience):
            counts, findings = publish(run, audience, release.sequence)
    with timer.stage("publish", audience):
        failed = [finding for finding in findings if not (finding.acceptable and finding.audit in run.options.accept)]
        if failed:
            run.held[audience] = failed
            take_back(run, audience)
            return None
        for kind, rows in write_feed(run, audience, release.sequence, path, newer or before).items():
            run.count(f"feed.{audience}.{kind}", rows)
        settle(run, audience)
    for kind, entry in counts.items():
        for name, value in entry.items():
            run.count(f"audiences.{audience}.{kind}.{name}", value)
    return release


def _keep_small(run: Run) -> None:
    """Drop from the base what the next run makes again."""
    engine = run.engine
    for schema, table in engine.rows(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database() AND "
        "((table_schema IN ('blocking', 'scoring') AND table_name LIKE 'fresh%') "
        "OR (table_schema = 'resolution' AND (table_name LIKE 'golden%' OR table_name LIKE 'value%')))"
    ):
        engine.run(f"DROP TABLE {quote(schema)}.{quote(table)}")
    engine.run("DROP TABLE IF EXISTS kept.rest")
    with engine.filling_up(when=bool(run.audited)):
        engine.run("CHECKPOINT")
    # What stands apart goes with the staging: closing need not write it out.
    engine.run("PRAGMA disable_checkpoint_on_shutdown")


def _approvals(run: Run) -> list[Approval]:
    """Return the models that this run approves: those it trained, and those of the release that it brings back."""
    found = [
        Approval(kind, model.hash, "project rule", RETRAINED if run.ledger.approved_model(kind) else AUTOMATIC)
        for kind, model in run.models.items()
        if model.trained_now
    ]
    approved = {kind: run.ledger.approved_model(kind) for kind in run.types}
    found += [
        Approval(kind, run.replaced[name], user(), PURGED) for kind, name in approved.items() if name in run.replaced
    ]
    restored = run.options.restored
    if restored is not None:
        found += [Approval(kind, name, user(), restored.reason) for kind, name in sorted(restored.models.items())]
    return found


def _keep_held(run: Run) -> None:
    """Keep the releases that an audit held back, to be looked at."""
    for audience in run.held:
        move_into_place(run.staging / f"{audience}.duckdb", run.workspace.held(audience))


def _commit(run: Run, base: Path, releases: dict[str, Release], report: dict[str, Any]) -> None:
    """Move finished files into place, then make them and the models trained now the current ones by one ledger row."""
    run.progress("commit")
    for audience, release in releases.items():
        move_into_place(run.staging / f"{audience}.duckdb", run.workspace.release(audience, release.sequence))
        for kind in KINDS:
            move_into_place(feed_file(run, audience, kind), run.workspace.feed(audience, release.sequence, kind))
    _keep_held(run)
    move_into_place(base, run.workspace.base(run.number))
    finished = datetime.now(UTC).isoformat()
    row = RunRow(run.number, run.now.isoformat(), finished, run.number, tuple(releases.values()), report)
    run.ledger.add_run(row, _approvals(run), (user(), agreed_text(run.project)))
