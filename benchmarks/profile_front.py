"""Where the seconds of ingest and standardise go: made data into a fresh base, each statement timed.

    python benchmarks/profile_front.py --records 200000 --json [--folder FOLDER]

The demo's data (`scale.py`) go through the first two stages of a run, in one process, for the centre alone. `processor` is
user and system seconds of the whole process, which move less than the clock on a loaded machine. The statements that took
most are listed by their first words and the table that they write. `fingerprint` is a hash over all rows of each canonical
table without their order: equal before and after a change that may not change results.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import resource
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scale import make_data

from linkage import pipeline
from linkage.config.project import load_project
from linkage.engine.duckdb import Engine
from linkage.stages.context import Run, RunOptions
from linkage.stages.ingest import ingest
from linkage.stages.standardise import standardise
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

MOST = 8
_TARGET = re.compile(r"(?:CREATE OR REPLACE TABLE|INSERT INTO)\s+(\S+)")


class Timed(Engine):
    """An engine that notes what each statement took: seconds by the clock, of the processors, and its text."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.taken: list[tuple[float, float, str]] = []
        super().__init__(*arguments, **named)

    def run(self, sql: str, parameters: Any = None) -> None:
        """Run one statement and note what it took."""
        start, before = time.perf_counter(), processor()
        super().run(sql, parameters)
        self.taken.append((time.perf_counter() - start, processor() - before, sql))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--memory", default="3GB", help="memory_limit of the engine")
    parser.add_argument("--folder", type=Path, help="take the made data from here, or leave them here")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="linkage-front-") as scratch:
        folder = options.folder or Path(scratch) / "data"
        if not (folder / "project.toml").is_file():
            make_data(folder, options.records, "csv", options.memory)
        found = profile(folder, Path(scratch))
    found = {"records": options.records, **found}
    if options.json:
        print(json.dumps(found, indent=1))
        return
    for name, stage in found["stages"].items():
        print(f"{name}: {stage['seconds']} s, {stage['processor']} s of the processors")
        for one in stage["statements"]:
            print(f"  {one['processor']} {one['what']}")


def profile(folder: Path, scratch: Path) -> dict[str, Any]:
    """Run the two stages in `scratch`; return the figures of both, the peak of memory, and hashes of the tables."""
    project = load_project(folder)
    workspace = Workspace(scratch / "work")
    workspace.prepare()
    staged = scratch / "staged"
    staged.mkdir()
    stages: dict[str, Any] = {}
    with (
        Ledger(workspace.ledger) as ledger,
        Timed(scratch / "base.duckdb", **pipeline._limits(project, staged)) as engine,  # noqa: SLF001  # the run's own limits
    ):
        run = Run(1, datetime(2026, 1, 1, tzinfo=UTC), project, workspace, ledger, engine, staged, options=RunOptions())
        pipeline._prepare(run)  # noqa: SLF001  # what every stage finds
        for name, stage in (("ingest", ingest), ("standardise", standardise)):
            engine.taken.clear()
            start, before = time.perf_counter(), processor()
            stage(run)
            stages[name] = {
                "seconds": round(time.perf_counter() - start, 2),
                "processor": round(processor() - before, 2),
                "statements": statements(engine.taken),
            }
        rows = {kind: run.counts["types"][kind]["records"] for kind in run.types}
        hashes = {
            kind: str(engine.value(f"SELECT bit_xor(hash(told)) FROM canonical.{kind} AS told")) for kind in run.types
        }
    return {
        "machine": {"system": platform.machine(), "python": platform.python_version(), "duckdb": version("duckdb")},
        "stages": stages,
        "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        "rows": rows,
        "fingerprint": hashes,
    }


def statements(taken: list[tuple[float, float, str]]) -> list[dict[str, Any]]:
    """Return those that took most, by the table that they write, added up."""
    sums: dict[str, list[float]] = {}
    for seconds, used, sql in taken:
        target = _TARGET.search(sql)
        one = sums.setdefault(target.group(1).replace('"', "") if target else "other statements", [0.0, 0.0])
        one[0] += seconds
        one[1] += used
    most = sorted(sums.items(), key=lambda entry: -entry[1][1])[:MOST]
    return [{"what": what, "seconds": round(one[0], 2), "processor": round(one[1], 2)} for what, one in most]


def processor() -> float:
    """Return the processor seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
