"""How long a run will take and how much disk it needs: from what is counted, and what the last run measured.

Seconds of a stage are `fixed + rates * work`. The rates shipped here are those of two processor cores (demo data of a million
and 25 million records); the last run's report scales them to this machine and these data, and while a run goes on its own
finished stages do. Everything here is a pure function of counts and seconds.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from linkage.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

AUDIENCE_STAGES = ("cluster", "identify", "survive", "publish")
# Distinct candidate pairs for each that the rules count, and for each record, before anything better is known.
DISTINCT, PAIRS_PER_RECORD = 0.5, 3.3
# Bytes of a run's own files: of a record, of a pair, of a record in the release of each audience but the first; and of a pair while doubles go.
BYTES_PER_RECORD, BYTES_PER_PAIR, BYTES_PER_VIEW, BYTES_PER_COUNTED = 1000, 100, 250, 48
# What a further audience, which sees about half, takes of the stages of audiences beside the first (benchmarks/audiences.py).
_FURTHER = 0.45
# Seconds and share of the whole by which measured seconds are held to the shipped rates: short stages tell little.
_HELD_SECONDS, _HELD_SHARE = 2.0, 0.15
_UNTELLING = ("ingest",)


@dataclass(frozen=True)
class Work:
    """What a run has to do: records in all, those read and keyed anew, distinct candidate pairs, records of types that are trained, audiences."""

    records: int
    fresh: int
    pairs: int
    trained: int = 0
    audiences: int = 1

    @property
    def bytes(self) -> int:
        """Bytes that the run's own files take at their largest, beside the base that it goes on from."""
        own = BYTES_PER_RECORD * self.fresh + BYTES_PER_PAIR * self.pairs
        return own + BYTES_PER_VIEW * self.fresh * (self.audiences - 1)


@dataclass(frozen=True)
class Rates:
    """Seconds of a stage: fixed, and a million of records in all, fresh records, pairs, and records trained on."""

    fixed: float
    records: float = 0.0
    fresh: float = 0.0
    pairs: float = 0.0
    trained: float = 0.0

    def seconds(self, work: Work) -> float:
        """Return the seconds for some work."""
        millions = (
            self.records * work.records
            + self.fresh * work.fresh
            + self.pairs * work.pairs
            + self.trained * work.trained
        )
        # Training takes its time however few records there are.
        return self.fixed + millions / 1e6 + (_TRAINING if self.trained and work.trained else 0.0)


def shipped_seconds(work: Work) -> dict[str, float]:
    """Return stage → seconds by the shipped rates."""
    views = 1 + _FURTHER * (work.audiences - 1)
    return {
        stage: max(rates.seconds(work) * (views if stage in AUDIENCE_STAGES else 1.0), 0.1)
        for stage, rates in SHIPPED.items()
    }


_TRAINING = 4.0
SHIPPED: Mapping[str, Rates] = {
    "ingest": Rates(0.2, records=0.05, fresh=2.5),
    "standardise": Rates(1.5, records=0.2, fresh=11.3),
    "train": Rates(0.2, fresh=2, trained=7),
    "block": Rates(0.1, records=0.1, fresh=3.5, trained=-3.5),
    "score": Rates(0.3, records=0.1, pairs=2.1),
    "drift": Rates(0.1, fresh=0.5),
    "cluster": Rates(0.4, records=0.4, pairs=0.9),
    "identify": Rates(0.1, records=0.05, fresh=1.7),
    "survive": Rates(0.2, records=0.03, fresh=3.8),
    "publish": Rates(0.7, records=0.7, fresh=7.4),
    "keep": Rates(0.1, records=0.02, fresh=0.2),
}
"""Stage → its rates, in the order of the stages; for the centre alone."""


@dataclass(frozen=True)
class Estimate:
    """Seconds of each stage and bytes of disk that a run is thought to take; `source` says from what."""

    work: Work
    stages: Mapping[str, float]
    disk_bytes: int
    spill_bytes: int
    source: str

    @property
    def seconds(self) -> float:
        """Seconds of all stages."""
        return sum(self.stages.values())

    def to_json(self) -> dict[str, Any]:
        """Return it as a run report and `linkage check` tell it."""
        return {
            "seconds": self.seconds,
            "stages": dict(self.stages),
            "disk_bytes": self.disk_bytes,
            "spill_bytes": self.spill_bytes,
            "source": self.source,
            "work": asdict(self.work),
        }


def estimate(
    work: Work, last: Mapping[str, Any] | None = None, *, counted: int = 0, memory: float = 0.0, base: int = 0
) -> Estimate:
    """Estimate a run from the work that it has to do.

    `last` is the report of the last run, `counted` the pairs that the rules count (a pair once for each rule), `memory` the
    bytes before work spills, `base` the bytes of the base that the run goes on from.
    """
    shipped = shipped_seconds(work)
    known = last if last is not None and last.get("estimate") else None
    scale = _scales(known) if known else {}
    return Estimate(
        work,
        {stage: round(seconds * scale.get(stage, 1.0), 3) for stage, seconds in shipped.items()},
        base + round(work.bytes * _disk_scale(known)),
        round(max(0.0, BYTES_PER_COUNTED * counted - memory)),
        f"run {known['run']}" if known else "shipped rates",
    )


def _scales(last: Mapping[str, Any]) -> dict[str, float]:
    """Return stage → how many times the shipped rates' seconds the last run took."""
    work = Work(**last["estimate"]["work"])
    shipped = shipped_seconds(work)
    took = {stage: float(entry["seconds"]) for stage, entry in last["stages"].items() if stage in shipped}
    overall = sum(took.values()) / max(sum(shipped[stage] for stage in took), 0.1)
    return {
        stage: (took.get(stage, overall * seconds) + overall * _HELD_SECONDS) / (seconds + _HELD_SECONDS)
        for stage, seconds in shipped.items()
    }


def _disk_scale(last: Mapping[str, Any] | None) -> float:
    """Return how many times the shipped bytes the last run took; a small run tells little, for a file has a least size."""
    if last is None or not last.get("disk_bytes"):
        return 1.0
    work = Work(**last["estimate"]["work"])
    held = 100_000_000
    took = max(int(last["disk_bytes"]) - int(last["estimate"]["base_bytes"]), 0)
    return (took + held) / (work.bytes + held)


def remaining(
    expected: Mapping[str, float],
    took: Mapping[str, float],
    current: str | None,
    inside: float,
    within: tuple[float, float] | None = None,
) -> float:
    """Return the seconds that are left of a run.

    `expected` is part → seconds thought of, `took` that of the finished parts, `current` the part that is going on since
    `inside` seconds; `within` tells what share of it was done after how many of them. What is finished tells how fast this run is.
    """
    held = _HELD_SHARE * sum(expected.values())
    # How much is delivered is not known before it is read, so reading says little of the pace.
    telling = [part for part in took if part in expected and part not in _UNTELLING]
    done, real = sum(expected[part] for part in telling), sum(took[part] for part in telling)
    left = {part: seconds for part, seconds in expected.items() if part not in took}
    going = left.pop(current, 0.0) if current is not None else 0.0
    if going and within is not None:
        share, after = within
        done, real = done + share * going, real + after
        pace = (real + held) / (done + held)
        return pace * sum(left.values()) + max(after / share - inside, 0.1 * (1 - share) * after / share)
    pace = (real + held) / (done + held) if held else 1.0
    if going and inside > pace * going and current not in _UNTELLING:
        pace = (real + inside + held) / (done + going + held)
    # A part that takes longer than was thought is not over yet: as much again as a tenth of it.
    return pace * sum(left.values()) + (max(pace * going - inside, 0.1 * pace * going) if going else 0.0)


def parts(stages: Mapping[str, float], audiences: Sequence[str]) -> dict[str, float]:
    """Return part → seconds, where the stages of audiences are a part for each audience."""
    found = {stage: seconds for stage, seconds in stages.items() if stage not in AUDIENCE_STAGES}
    for audience in audiences:
        for stage in AUDIENCE_STAGES:
            found[f"{stage} {audience}"] = stages.get(stage, 0.0) / len(audiences)
    return found


def in_words(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90:  # noqa: PLR2004
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004


def refuse_full_disk(workspace: Path, spill: Path, found: Estimate, *, written: int = 0) -> None:
    """Refuse a run whose files and spill do not fit on the disks of the workspace and of the spill folder.

    `written` are the bytes of the run's files that are there by now. Raises WorkspaceError that names both folders.
    """
    own, spilled = max(found.disk_bytes - written, 0), found.spill_bytes
    where = _existing(spill)
    room, other = shutil.disk_usage(workspace).free, shutil.disk_usage(where).free
    is_one = workspace.stat().st_dev == where.stat().st_dev
    if (own + spilled <= room) if is_one else (own <= room and spilled <= other):
        return
    message = (
        f"{workspace}: the run needs about {own / 1e9:.1f} GB there and {spilled / 1e9:.1f} GB in engine.temp_directory ({spill}) for "
        f"{found.work.records:,} records and {found.work.pairs:,} candidate pairs, but {room / 1e9:.1f} GB and {other / 1e9:.1f} GB are free"
        f"{' on one disk' if is_one else ''}; free room there (linkage prune removes old releases), or name another workspace or engine.temp_directory on a larger disk"
    )
    raise WorkspaceError(message)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder
