"""The pipeline: one visible list of stages, run on a copy of the last base, published by one ledger row.

A run copies the last base into staging, changes the copy, builds and audits every audience's release there, moves the
finished files into place, and commits. Whatever stops it before the commit, the last releases stand and the next run
starts by clearing what is left.
"""

from __future__ import annotations

import resource
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from linkage import forecast
from linkage.config.deciding import deciding
from linkage.engine.duckdb import DatabaseError, Engine
from linkage.engine.sql import quote
from linkage.errors import AuditError, ModelError, WorkspaceError
from linkage.forecast import Work
from linkage.sharing.agreements import agreed_text
from linkage.sharing.audit import user, write_anchor
from linkage.sharing.folders import Handed, hand_out, handed, prepare_folders, thin_out
from linkage.sharing.purge import forget_asked, purge_base, purge_models, purge_state
from linkage.stages import changes
from linkage.stages.block import block
from linkage.stages.cluster import cluster_audience
from linkage.stages.context import Progress, Run, RunOptions
from linkage.stages.drift import drift
from linkage.stages.feed import KINDS, feed_file, write_feed
from linkage.stages.identify import forget, identify, settle, take_over
from linkage.stages.ingest import check_reconciliation, ingest
from linkage.stages.publish import publish
from linkage.stages.score import score
from linkage.stages.standardise import standardise
from linkage.stages.standardiser import choose, needed_versions
from linkage.stages.survive import survive
from linkage.stages.train import AUTOMATIC, RETRAINED, train
from linkage.standardise import prune_kept
from linkage.store.ledger import Approval, Ledger, Release, RunRow
from linkage.store.prune import prune
from linkage.store.workspace import Workspace, move_into_place
from linkage.tables import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from linkage.config.project import LoadedProject
    from linkage.forecast import Estimate

SCHEMA_VERSION = 1
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
_WORTH_TELLING = 60.0
"""Seconds: a run that is nearly over need not say so."""


# What the next run makes again.
APART = ("change", "feature", "incoming", "training")


def run_project(
    project: LoadedProject, options: RunOptions | None = None, *, progress: Progress = lambda _message: None
) -> dict[str, Any]:
    """Run the main job: deliveries in, one release an audience out. Returns the run report (see the README).

    The work follows what has changed since the last run. An audience whose release fails an audit keeps its last release;
    the others get theirs, and then AuditError is raised.
    Raises LinkageError where anything is refused; then nothing is published and the last releases stand.
    """
    options = options or RunOptions()
    moment = options.now or datetime.now(UTC)
    workspace = Workspace(project.workspace)
    workspace.prepare()
    prepare_folders(project, workspace)
    with workspace.locked(), Ledger(workspace.ledger) as ledger:
        _refuse_unfinished(project, ledger, options)
        _clean(workspace, ledger)
        last = ledger.last_run()
        number = last.run + 1 if last else 1
        staged = workspace.staging / f"run-{number}"
        timer = _Timer(staged, sorted(project.settings.audiences))
        timer.estimate = _begin(project, workspace, last)
        try:
            staged.mkdir()
            base = _copy_base(workspace, last, staged)
            timer.base_bytes = written(staged)
            with Engine(base, **_limits(project, staged)) as engine:
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
                    before_pairs=lambda run: _look_ahead(run, timer),
                )
                _prepare(run)
                releases = _stages(run, timer)
                changes.finish(run)
                if run.options.purge is not None:
                    purge_state(run)
                with timer.stage("keep"):
                    _keep_small(engine)
                    is_smaller = engine.compact(staged / "compact.duckdb", always=run.options.purge is not None)
            if run.held and run.options.restored is not None:
                # Whole or not at all: one audience under the old models beside others under the new would mislead.
                _keep_held(run)
                raise AuditError(_told(run))
            if is_smaller:
                (staged / "compact.duckdb").replace(base)
            report = _report(run, releases, timer, base)
            _commit(run, base, releases, report)
        except (DatabaseError, WorkspaceError, OSError) as error:
            _refuse_damaged(project, workspace, ledger)
            if isinstance(error, WorkspaceError):
                raise
            # Out of disk or memory, or damage: the engine's words, one sentence, and where to look.
            message = f"{workspace.path}: the run could not be finished ({str(error).splitlines()[0]}); nothing was published, the last release stands: check the disk, then run again, or where a file is damaged restore the workspace (linkage restore)"
            raise WorkspaceError(message) from error
        finally:
            workspace.clear_staging()
        # The old base goes only now that the ledger names the new one.
        _clean(workspace, ledger)
        write_anchor(project, ledger, number)
        given = _hand_out(run)
        return {**report, "publish_to": given} if given else report


def _refuse_unfinished(project: LoadedProject, ledger: Ledger, options: RunOptions) -> None:
    """Go on with nothing while files may hold what a purge has taken out of the base."""
    unfinished = ledger.open_purges()
    if unfinished and options.purge is None:
        message = (
            f"{project.workspace}: purge {unfinished[0][0]} was broken off; run: linkage purge {project.path} --finish"
        )
        raise WorkspaceError(message)


def _prepare(run: Run) -> None:
    """Set up what every stage finds: what goes at the end apart, the standardisers, and what has changed since the base was made."""
    run.engine.put_apart(APART, run.staging)
    run.standardiser = choose(run)
    changes.begin(run)


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
        _clean(workspace, ledger)
        last = ledger.last_run()
        if last is None:
            raise WorkspaceError(_no_run(project))
        staged = workspace.staging / "copy"
        try:
            staged.mkdir()
            base = _copy_base(workspace, last, staged)
            with Engine(base, **_limits(project, staged)) as engine:
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
                _prepare(run)
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


def _refuse_damaged(project: LoadedProject, workspace: Workspace, ledger: Ledger) -> None:
    """Name the last release of an audience that cannot be read: what failed in a copy of it is mended there."""
    for audience in sorted(project.settings.audiences):
        path = workspace.release(audience, ledger.last_sequence(audience))
        if not path.is_file():
            continue
        try:
            with Engine(path, read_only=True, **project.limits()) as engine:
                for table in PUBLISHED:
                    engine.rows(f"SELECT bit_xor(hash(told)) FROM published.{quote(table.name)} AS told")
        except (DatabaseError, WorkspaceError) as error:
            message = (
                f"{path}: the last release is damaged, so it cannot be gone on with ({str(error).splitlines()[0]}); "
                "restore the workspace from a backup (linkage restore)"
            )
            raise WorkspaceError(message) from error


class _Timer:
    """Seconds and peak memory (bytes, of the process so far) of each stage, the most that staging held, and what is left."""

    def __init__(self, staged: Path, audiences: Sequence[str]) -> None:
        self.stages: dict[str, dict[str, float]] = {}
        self.disk_bytes = 0
        self.base_bytes = 0
        self.estimate: Estimate | None = None
        self.told: dict[str, Any] | None = None
        self.skipped: set[str] = set()
        self._staged = staged
        self._audiences = audiences
        self._took: dict[str, float] = {}
        self._current: tuple[str, float] | None = None

    @contextmanager
    def stage(self, name: str, audience: str = "") -> Iterator[None]:
        start = time.perf_counter()
        part = f"{name} {audience}".strip()
        self._current = part, start
        yield
        entry = self.stages.setdefault(name, {"seconds": 0.0, "peak_memory_bytes": 0.0})
        self._took[part] = time.perf_counter() - start
        self._current = None
        entry["seconds"] += self._took[part]
        entry["peak_memory_bytes"] = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        self.disk_bytes = max(self.disk_bytes, written(self._staged))

    def left(self) -> float | None:
        """Return the seconds that are left, where anything is known of that."""
        if self.estimate is None:
            return None
        current, since = self._current or (None, 0.0)
        inside = time.perf_counter() - since if current else 0.0
        expected = forecast.parts(self.estimate.stages, self._audiences)
        return forecast.remaining(
            {part: seconds for part, seconds in expected.items() if part not in self.skipped},
            self._took,
            current,
            inside,
        )

    def telling(self, progress: Progress) -> Progress:
        """Return a progress that tells the time that is left too, once it is known and worth telling."""

        def tell(message: str) -> None:
            left = self.left()
            if left is None or left < _WORTH_TELLING:
                progress(message)
                return
            until = (datetime.now(UTC) + timedelta(seconds=left)).astimezone()
            progress(f"{message} (about {forecast.in_words(left)} left, until {until:%H:%M})")

        return tell


def written(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    total = 0
    for file in folder.rglob("*"):
        # What spills comes and goes.
        with suppress(FileNotFoundError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def _work(run: Run) -> Work:
    """Return what the run has to do, as far as it is counted by now; pairs that are not made are taken from what the rules count."""
    types = [run.counts.get("types", {}).get(kind, {}) for kind in run.types]
    fresh = sum(int(told.get("standardised", 0)) for told in types)
    pairs = [_pairs(told) for told in types]
    return Work(
        records=sum(int(told.get("records", 0)) for told in types),
        fresh=fresh,
        pairs=round(forecast.PAIRS_PER_RECORD * fresh)
        if None in pairs
        else sum(one for one in pairs if one is not None),
        trained=sum(
            int(told.get("records", 0))
            for kind, told in zip(run.types, types, strict=True)
            if (
                run.models[kind].trained_now
                if kind in run.models
                else run.approved_model(kind) is None or run.options.retrain
            )
        ),
    )


def _pairs(told: dict[str, Any]) -> int | None:
    if "pairs" in told:
        return int(told["pairs"])
    return round(forecast.DISTINCT * sum(told["rule_pairs"].values())) if "rule_pairs" in told else None


def _estimate(run: Run, base: int) -> Estimate:
    counted = sum(sum(told.get("rule_pairs", {}).values()) for told in run.counts.get("types", {}).values())
    last = run.ledger.last_run()
    return forecast.estimate(
        _work(run),
        last.report if last else None,
        counted=counted,
        memory=run.project.settings.engine.memory_bytes,
        base=base,
    )


def _begin(project: LoadedProject, workspace: Workspace, last: RunRow | None) -> Estimate | None:
    """Return what the run may take, if it has as much to do as the last one; refuse it where not even a copy of that fits on the disk."""
    if last is None:
        return None
    known = last.report.get("estimate")
    files = [workspace.base(last.base), *(workspace.release(one.audience, one.sequence) for one in last.releases)]
    size = sum(file.stat().st_size for file in files if file.is_file())
    found = forecast.estimate(Work(**known["work"]) if known else Work(0, 0, 0), last.report)
    # How much of it is made anew is not known yet; the base is copied and the releases are written whatever has changed.
    least = replace(found, disk_bytes=size, spill_bytes=0)
    forecast.refuse_full_disk(workspace.path, project.temp_directory(), least)
    return found if known else None


def _look_ahead(run: Run, timer: _Timer) -> None:
    """Refuse the run where the pairs that are counted, and all that follows from them, do not fit on the disk."""
    timer.estimate = _estimate(run, timer.base_bytes)
    spill = _limits(run.project, run.staging)["temp_directory"]
    forecast.refuse_full_disk(run.workspace.path, spill, timer.estimate, written=written(run.staging))


def _tell(run: Run, timer: _Timer, progress: Progress) -> None:
    """Tell, before anything is scored, what the run is thought to take; the report tells it beside what it took."""
    timer.estimate = found = _estimate(run, timer.base_bytes)
    timer.told = {**found.to_json(), "base_bytes": timer.base_bytes}
    progress(
        f"estimate: {found.work.pairs:,} candidate pairs, {forecast.in_words(found.seconds)} in all, "
        f"{found.disk_bytes / 1e9:.1f} GB of disk (from {found.source})"
    )


def _clean(workspace: Workspace, ledger: Ledger) -> None:
    workspace.clear_staging()
    runs = ledger.runs()
    releases = {(release.audience, release.sequence) for release in ledger.kept_releases()}
    published = {(release.audience, release.sequence) for row in runs for release in row.releases}
    workspace.clear_orphans({runs[-1].base} if runs else set(), releases, published)
    workspace.clear_lookups(releases)


def _limits(project: LoadedProject, staged: Path) -> dict[str, Any]:
    limits = project.limits()
    # A run that died leaves nothing behind: its own spill goes with its staging.
    return limits if project.settings.engine.temp_directory else {**limits, "temp_directory": staged / "spill"}


def _copy_base(workspace: Workspace, last: RunRow | None, staged: Path) -> Path:
    base = staged / "base.duckdb"
    if last is not None:
        current = workspace.base(last.base)
        if not current.is_file():
            message = f"{current}: the current base is gone; restore the workspace from a backup"
            raise WorkspaceError(message)
        # Opened where it lies, so that damage is told of the base and not of its copy.
        Engine(current, read_only=True).close()
        shutil.copyfile(current, base)
    return base


def _stages(run: Run, timer: _Timer) -> dict[str, Release]:
    """Run all stages; return the new release of every audience whose release passed its audits."""
    for name, stage in STAGES:
        if name == "ingest" and run.options.judgements_only:
            timer.skipped.add(name)
            _purge(run, timer)
            continue
        with timer.stage(name):
            stage(run)
        if name == "standardise" and run.options.purge is not None:
            run.replaced = purge_models(run)
        if name == "standardise":
            timer.estimate = _estimate(run, timer.base_bytes)
        elif name == "block":
            _tell(run, timer, run.progress)
    check_reconciliation(run.engine, sorted(run.project.settings.sources))
    releases = {}
    for audience in sorted(run.project.settings.audiences):
        release = _release(run, timer, audience)
        if release is not None:
            releases[audience] = release
    return releases


def _purge(run: Run, timer: _Timer) -> None:
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


def _release(run: Run, timer: _Timer, audience: str) -> Release | None:
    """Make the next release of an audience in staging; None where an audit failed it, which is then told in `run.held`."""
    previous = run.ledger.last_sequence(audience)
    # More than the last one only where this workspace was restored from a backup of before that release.
    readers = handed(run.project.publish_folders()[audience]) if audience in run.project.publish_folders() else Handed()
    release = Release(audience, max(previous, readers.sequence) + 1)
    before = run.workspace.release(audience, previous) if previous else None
    if before is not None and not before.is_file():
        message = f"{before}: the last release is gone; restore the workspace from a backup"
        raise WorkspaceError(message)
    with timer.stage("cluster", audience):
        cluster_audience(run, audience)
    with timer.stage("identify", audience):
        newer = readers.checked() if readers.sequence > previous else None
        if newer is not None:
            run.progress(f"release {readers.sequence} that the readers of {audience} have")
            with run.engine.attached(newer, "handed"):
                take_over(run, audience, readers.sequence)
        identify(run, audience, release.sequence)
    with timer.stage("survive", audience):
        survive(run, audience)
    with timer.stage("publish", audience):
        counts, findings = publish(run, audience, release.sequence, run.staging / f"{audience}.duckdb", before)
        failed = [finding for finding in findings if not (finding.acceptable and finding.audit in run.options.accept)]
        if failed:
            run.held[audience] = failed
            forget(run)
            return None
        for kind, rows in write_feed(run, audience, release.sequence).items():
            run.count(f"feed.{audience}.{kind}", rows)
        settle(run, audience)
    for kind, entry in counts.items():
        for name, value in entry.items():
            run.count(f"audiences.{audience}.{kind}.{name}", value)
    return release


def _keep_small(engine: Engine) -> None:
    """Drop from the base what the next run makes again."""
    for schema, table in engine.rows(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database() AND "
        "((table_schema IN ('blocking', 'scoring') AND table_name LIKE 'fresh%') "
        "OR (table_schema = 'resolution' AND (table_name LIKE 'golden%' OR table_name LIKE 'value%')))"
    ):
        engine.run(f"DROP TABLE {quote(schema)}.{quote(table)}")
    engine.run("CHECKPOINT")


def _report(run: Run, releases: dict[str, Release], timer: _Timer, base: Path) -> dict[str, Any]:
    """Return the documented JSON of a run."""
    columns = ("rows_read", "accepted", "rejected", "superseded", "withdrawn", "purged", "no_entity")
    with Engine(base, read_only=True, **_limits(run.project, run.staging)) as engine:
        sums = engine.rows(
            f"SELECT dataset, {', '.join(f'sum({column})' for column in columns)} FROM source.delivery GROUP BY dataset ORDER BY dataset"
        )
        reasons = engine.rows("SELECT dataset, reason, count(*) FROM source.reject GROUP BY ALL ORDER BY ALL")
    datasets: dict[str, Any] = {
        row[0]: {name: int(value) for name, value in zip(columns, row[1:], strict=True)} for row in sums
    }
    for dataset, reason, number in reasons:
        datasets[dataset].setdefault("reject_reasons", {})[reason] = number
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run.number,
        "started_at": run.now.isoformat(),
        "releases": {
            name: {"sequence": r.sequence, "path": str(run.workspace.release(name, r.sequence))}
            for name, r in releases.items()
        },
        "work": run.anew or "increment",
        "standardiser": run.standardiser.version,
        "settings": deciding(run.project),
        "rolled_back_to": _restored(run),
        "stages": timer.stages,
        "seconds": sum(stage["seconds"] for stage in timer.stages.values()),
        "estimate": timer.told,
        "disk_bytes": timer.disk_bytes,
        "datasets": datasets,
        "types": run.counts.get("types", {}),
        "drift": run.counts.get("drift", {}),
        "audiences": run.counts.get("audiences", {}),
        "feed": run.counts.get("feed", {}),
        "purged": {"datasets": run.counts.get("purged", {}), "models": run.replaced} if run.options.purge else None,
        "unknown_markings": run.counts.get("unknown_markings", {}),
        "accepted": {audit: {"why": why, "by": user()} for audit, why in sorted(run.options.accept.items())},
        "held": {
            audience: [{"audit": finding.audit, "told": finding.told} for finding in findings]
            for audience, findings in sorted(run.held.items())
        },
    }


def _restored(run: Run) -> dict[str, Any] | None:
    """Return the older release that this run brings back, as the report tells it."""
    restored = run.options.restored
    if restored is None:
        return None
    return {
        "release": restored.release,
        "run": restored.run,
        "why": restored.why,
        "by": user(),
        "models": dict(restored.models),
        "settings": restored.settings,
        "other_settings": list(restored.other_settings),
    }


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
