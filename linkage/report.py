"""The run report: the documented JSON of what a run read, made and took (see the README)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.config.deciding import deciding
from linkage.engine.duckdb import Engine
from linkage.sharing.audit import user
from linkage.staging import limits

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.stages.context import Run
    from linkage.store.entries import Release
    from linkage.timer import Timer

SCHEMA_VERSION = 1


def make_report(run: Run, releases: dict[str, Release], timer: Timer, base: Path) -> dict[str, Any]:
    """Return the documented JSON of a run."""
    columns = ("rows_read", "accepted", "rejected", "superseded", "withdrawn", "purged", "no_entity")
    with Engine(base, read_only=True, **limits(run.project, run.staging)) as engine:
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
        "went_on_after": list(run.rests.told.get("done", ())),
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
