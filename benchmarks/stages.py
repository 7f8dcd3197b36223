"""Where a run spends its processor seconds: stage by stage, and the statements that take most.

    python benchmarks/stages.py FOLDER [--full] [--least 0.05] --json

FOLDER holds a project, such as `benchmarks/scale.py --folder` leaves. The run is made in this process, so what its
threads use is counted too; on a loaded machine processor seconds are steadier than the clock.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections import defaultdict
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import linkage
from linkage.engine.duckdb import Engine
from linkage.timer import Timer

if TYPE_CHECKING:
    from collections.abc import Iterator

VERBS = ("run", "rows", "arrow")
TEXT = 120


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true", help="make everything anew")
    parser.add_argument("--least", type=float, default=0.05, help="processor seconds of a statement that is told")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = measure(options.folder, options.least, full=options.full)
    print(json.dumps(found, indent=1) if options.json else told(found))


def measure(folder: Path, least: float, *, full: bool) -> dict[str, Any]:
    """Run the project once; return seconds and processor seconds by stage, and the statements that took `least` or more."""
    stages: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    statements: list[dict[str, Any]] = []
    current = [""]
    _watch_stages(stages, current)
    for verb in VERBS:
        _watch_statements(verb, statements, current, least)
    report = linkage.open(folder).run(full=full)
    return {
        "records": sum(kind["records"] for kind in report["types"].values()),
        "work": report["work"],
        "machine": {"system": platform.machine(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("splink", "duckdb")},
        "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        "stages": {
            name: {"processor_seconds": round(used, 2), "seconds": round(took, 2)}
            for name, (used, took) in stages.items()
        },
        "statements": statements,
    }


def _watch_stages(stages: dict[str, list[float]], current: list[str]) -> None:
    honest = Timer.stage

    @contextmanager
    def stage(self: Timer, name: str, audience: str = "") -> Iterator[None]:
        current[0] = f"{name} {audience}".strip()
        used, start = _processor(), time.perf_counter()
        with honest(self, name, audience):
            yield
        stages[current[0]][0] += _processor() - used
        stages[current[0]][1] += time.perf_counter() - start

    Timer.stage = stage  # type: ignore[method-assign]


def _watch_statements(verb: str, statements: list[dict[str, Any]], current: list[str], least: float) -> None:
    honest = getattr(Engine, verb)

    def watched(self: Engine, sql: str, *values: Any, **named: Any) -> Any:
        used = _processor()
        try:
            return honest(self, sql, *values, **named)
        finally:
            used = _processor() - used
            if used >= least:
                text = " ".join(sql.split())[:TEXT]
                statements.append({"stage": current[0], "processor_seconds": round(used, 2), "statement": text})

    setattr(Engine, verb, watched)


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def told(found: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [f"{found['records']} records, {found['peak_memory_gb']} GB of memory"]
    for name, stage in found["stages"].items():
        lines.append(f"{name}: {stage['processor_seconds']} processor seconds, {stage['seconds']} s")
        lines += [
            f"  {one['processor_seconds']}  {one['statement']}" for one in found["statements"] if one["stage"] == name
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
