"""How long a run takes: the seconds of its stages, and what is thought to be left of them."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from linkage import forecast
from linkage.forecast import Work
from linkage.staging import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from linkage.config.project import LoadedProject
    from linkage.forecast import Estimate
    from linkage.stages.context import Progress, Run
    from linkage.store.entries import RunRow
    from linkage.store.workspace import Workspace

_WORTH_TELLING = 60.0
"""Seconds: a run that is nearly over need not say so."""


class Timer:
    """Seconds and peak memory (bytes, of the process so far) of each stage, the most that staging held, and what is left."""

    def __init__(self, staged: Path, audiences: Sequence[str]) -> None:
        self.stages: dict[str, dict[str, Any]] = {}
        self.disk_bytes = 0
        self.base_bytes = 0
        self.estimate: Estimate | None = None
        self.told: dict[str, Any] | None = None
        self.skipped: set[str] = set()
        self._staged = staged
        self._audiences = audiences
        self._took: dict[str, float] = {}
        self._current: tuple[str, float] | None = None
        self._within: tuple[float, float] | None = None

    @contextmanager
    def stage(self, name: str, audience: str = "") -> Iterator[None]:
        """Measure a stage, or an audience's part of it."""
        start = time.perf_counter()
        part = f"{name} {audience}".strip()
        self._current = part, start
        yield
        entry = self.stages.setdefault(name, {"seconds": 0.0, "peak_memory_bytes": 0.0})
        took = time.perf_counter() - start
        self._took[part] = self._took.get(part, 0.0) + took
        self._current = self._within = None
        entry["seconds"] += took
        if audience:
            parts = entry.setdefault("audiences", {})
            parts[audience] = parts.get(audience, 0.0) + took
        entry["peak_memory_bytes"] = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        self.disk_bytes = max(self.disk_bytes, written(self._staged))

    def within(self, share: float) -> None:
        """Note what share of the stage that is going on is done."""
        if self._current is not None and share > 0:
            self._within = min(share, 1.0), time.perf_counter() - self._current[1]

    def go_on(self, stages: Mapping[str, Any]) -> None:
        """Count what the stages of a run took that was broken off and is gone on with."""
        for name, entry in stages.items():
            self.stages[name] = dict(entry)
            self._took[name] = float(entry["seconds"])

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
            self._within,
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
        audiences=len(run.project.settings.audiences),
    )


def _pairs(told: dict[str, Any]) -> int | None:
    if "pairs" in told:
        return int(told["pairs"])
    return round(forecast.DISTINCT * sum(told["rule_pairs"].values())) if "rule_pairs" in told else None


def estimate_now(run: Run, base: int) -> Estimate:
    """Return what the run may take, as far as its work is counted by now. base: bytes of the copied base."""
    counted = sum(sum(told.get("rule_pairs", {}).values()) for told in run.counts.get("types", {}).values())
    last = run.ledger.last_run()
    return forecast.estimate(
        _work(run),
        last.report if last else None,
        counted=counted,
        memory=run.project.settings.engine.memory_bytes,
        base=base,
    )


def estimate_before(project: LoadedProject, workspace: Workspace, last: RunRow | None) -> Estimate | None:
    """Return what the run may take, if it has as much to do as the last one; refuse it where not even a copy of that fits on the disk."""
    if last is None:
        return None
    known = last.report.get("estimate")
    files = [workspace.base(last.base), *(workspace.release(one.audience, one.sequence) for one in last.releases)]
    size = sum(file.stat().st_size for file in files if file.is_file())
    found = forecast.estimate(Work(**known["work"]) if known else Work(0, 0, 0), last.report)
    if workspace.spare.is_file():
        size = max(0, size - workspace.spare.stat().st_size)
    # How much of it is made anew is not known yet; the base is copied, into the spare where there is one, and the releases
    # are written whatever has changed.
    least = replace(found, disk_bytes=size, spill_bytes=0)
    forecast.refuse_full_disk(workspace.path, project.temp_directory(), least)
    return found if known else None


def look_ahead(run: Run, timer: Timer) -> None:
    """Refuse the run where the pairs that are counted, and all that follows from them, do not fit on the disk."""
    timer.estimate = estimate_now(run, timer.base_bytes)
    spill = limits(run.project, run.staging)["temp_directory"]
    forecast.refuse_full_disk(run.workspace.path, spill, timer.estimate, written=written(run.staging))


def tell_estimate(run: Run, timer: Timer, progress: Progress) -> None:
    """Tell, before anything is scored, what the run is thought to take; the report tells it beside what it took."""
    timer.estimate = found = estimate_now(run, timer.base_bytes)
    timer.told = {**found.to_json(), "base_bytes": timer.base_bytes}
    progress(
        f"estimate: {found.work.pairs:,} candidate pairs, {forecast.in_words(found.seconds)} in all, "
        f"{found.disk_bytes / 1e9:.1f} GB of disk (from {found.source})"
    )
