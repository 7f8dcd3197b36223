"""What a lookup costs: the index of a release, a cold start, single lookups warm, batches.

    python benchmarks/lookup.py --project DIR --type person --lookups 500 --json
    python benchmarks/lookup.py --records 100000 --json

Without a project, made data are resolved first. What is asked are records of all sources of the type, drawn by a hash of their
names, with one letter of the surname or name taken away, as they are written in their sources. A cold start is a process of its
own, from its start to the answer. All seconds are of the clock; `load` is the machine's load before and after, since others' work slows every figure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import linkage
from linkage.demo import generate
from linkage.engine.duckdb import Engine
from linkage.lookup import Session
from linkage.lookup.asked import attributes
from linkage.lookup.index import find, prepare
from linkage.stages.mapping import mapped_sql
from linkage.store.workspace import Workspace

COMMAND = "from linkage.cli.main import main; main()"
COLD = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, help="a project with a finished run; else made data are resolved")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--type", default="person", choices=("person", "business", "account"))
    parser.add_argument("--lookups", type=int, default=500)
    parser.add_argument("--audience", default="centre")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="linkage-lookup-") as folder:
        if options.project is None:
            with Engine() as engine:
                generate(Path(folder), engine=engine, records=options.records, with_ceiling=False)
            linkage.open(folder).run()
        found = measure(options.project or Path(folder), options.type, options.audience, options.lookups)
    print(json.dumps(found, indent=1) if options.json else _told(found))


def measure(folder: Path, kind: Any, audience: str, lookups: int) -> dict[str, Any]:
    """Return seconds, bytes and counts."""
    load = os.getloadavg()[0]
    project = linkage.open(folder)
    place = find(project.loaded, audience, kind)
    start = time.perf_counter()
    made = prepare(project.loaded, place, lambda _message: None)
    index_seconds = time.perf_counter() - start
    number, asked = _asked(project, place.base, kind, lookups)
    found: dict[str, Any] = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "entity_type": kind,
        "records": number,
        "index_seconds": round(index_seconds, 1) if made else None,
        "index_bytes": sum(file.stat().st_size for file in place.folder.iterdir()),
        "cold_seconds": [_cold(folder, kind, audience, record) for record in asked[:COLD]],
    }
    start = time.perf_counter()
    with Session(project.loaded, kind, audience=audience) as session:
        session.lookup(asked[:1], purpose="benchmark")
        found["session_seconds"] = round(time.perf_counter() - start, 3)
        session.lookup(asked[:20], purpose="benchmark")
        times, processor, compared, answered = [], [], [], 0
        for record in asked:
            start, before = time.perf_counter(), time.process_time()
            result = session.lookup([record], purpose="benchmark")["results"][0]
            times.append(1000 * (time.perf_counter() - start))
            processor.append(1000 * (time.process_time() - before))
            compared.append(result["compared"])
            answered += bool(result["identities"])
        start = time.perf_counter()
        session.lookup(asked, purpose="benchmark")
        batch = time.perf_counter() - start
    found |= {
        "lookups": len(asked),
        "answered": answered,
        "compared_mean": round(statistics.mean(compared), 1),
        "compared_most": max(compared),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(sorted(times)[int(0.95 * len(times))], 1),
        "median_processor_ms": round(statistics.median(processor), 1),
        "batch_per_second": round(len(asked) / batch),
        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
    }
    return found


def _asked(project: Any, base: int, kind: str, lookups: int) -> tuple[int, list[dict[str, Any]]]:
    known, rows = attributes(kind), []
    with Engine(Workspace(project.loaded.workspace).base(base), read_only=True) as engine:
        number = int(engine.value(f"SELECT count(*) FROM canonical.{kind}"))
        for dataset, source in sorted(project.loaded.settings.sources.items()):
            for role in sorted(source.roles):
                if source.roles[role].entity == kind:
                    query, values = mapped_sql(dataset, source, role)
                    drawn = f"SELECT * FROM ({query}) ORDER BY hash(dataset, key, role) LIMIT {lookups}"
                    rows += engine.arrow(drawn, values).to_pylist()
        order = {
            name: place
            for place, (name,) in enumerate(
                engine.rows(
                    "SELECT name FROM (SELECT unnest($names) AS name) ORDER BY hash(name)",
                    {"names": [_name(row) for row in rows]},
                )
            )
        }
    rows.sort(key=lambda row: order[_name(row)])
    return number, [_misspelt({name: row[name] for name in known if row[name] is not None}) for row in rows[:lookups]]


def _name(row: dict[str, Any]) -> str:
    return f"{row['dataset']}/{row['key']}#{row['role']}"


def _misspelt(record: dict[str, Any]) -> dict[str, Any]:
    for name in ("surname", "name", "holder"):
        value = record.get(name)
        if value:
            first = value if isinstance(value, str) else value[0]
            short = first[:2] + first[3:]
            return record | {name: short if isinstance(value, str) else [short, *value[1:]]}
    return record


def _cold(folder: Path, kind: str, audience: str, record: dict[str, Any]) -> float:
    start = time.perf_counter()
    command = [
        "lookup",
        str(folder),
        kind,
        "--json-record",
        "-",
        "--audience",
        audience,
        "--purpose",
        "benchmark",
        "--json",
    ]
    subprocess.run(
        [sys.executable, "-c", COMMAND, *command], input=json.dumps(record), text=True, check=True, capture_output=True
    )
    return round(time.perf_counter() - start, 2)


def _told(found: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in found.items())


if __name__ == "__main__":
    main()
