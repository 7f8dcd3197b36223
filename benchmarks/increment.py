"""What an increment costs beside a full run: made data, a first run, two small deliveries, and judgements alone.

    python benchmarks/increment.py --records 1000000 --batch 1000 --json

One delta source of the demo holds back BATCH rows for the first increment; the second delivers BATCH rows of it with other
phones and addresses. Each is a `linkage` process of its own, measured as a whole; the first increment may still have to write
what later ones find.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from linkage.demo import generate
from linkage.engine.duckdb import Engine

SOURCE = Path("data") / "fbi_intercepts.csv"
CHANGED = ("PHONE_1", "SVC_ADDRESS")
RUN = "from linkage.cli.main import main; main()"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="linkage-increment-") as folder:
        found = measure(Path(folder), options.records, options.batch)
    print(json.dumps(found, indent=1) if options.json else _told(found))


def measure(folder: Path, records: int, batch: int) -> dict[str, Any]:
    """Return seconds and counted work of each run."""
    with Engine() as engine:
        generate(folder, engine=engine, records=records, with_ceiling=False)
    with (folder / SOURCE).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    first, held = rows[:-batch], rows[-batch:]
    _write(folder, columns, first)
    runs = {"full": _run(folder)}
    _write(folder, columns, held)
    runs["first increment"] = _run(folder)
    changed = [
        {**row, **{name: other[name] for name in CHANGED}}
        for row, other in zip(first, first[batch : 2 * batch], strict=False)
    ]
    _write(folder, columns, changed)
    runs["second increment"] = _run(folder)
    runs["judgements only"] = _run(folder, "--judgements-only")
    return {
        "records": records,
        "batch": batch,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "runs": runs,
    }


def _write(folder: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with (folder / SOURCE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _run(folder: Path, *more: str) -> dict[str, Any]:
    start = time.perf_counter()
    command = [sys.executable, "-c", RUN, "run", str(folder), "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    report = json.loads(done.stdout)
    return {
        "seconds": round(seconds, 1),
        "work": report["work"],
        "stages": {name: round(stage["seconds"], 1) for name, stage in report["stages"].items()},
        "peak_memory_gb": round(max(stage["peak_memory_bytes"] for stage in report["stages"].values()) / 1e9, 2),
        "standardised": {kind: told["standardised"] for kind, told in report["types"].items()},
        "pairs": {kind: told["pairs"] for kind, told in report["types"].items()},
        "clustered": {kind: told["clustered"] for kind, told in report["audiences"]["centre"].items()},
    }


def _told(found: dict[str, Any]) -> str:
    full = found["runs"]["full"]["seconds"]
    lines = [
        f"{name}: {run['seconds']} s ({run['seconds'] / full:.3f} of the full run), {run['work']}, {run['standardised']}"
        for name, run in found["runs"].items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
