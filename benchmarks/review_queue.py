"""The review queue of a project that has been run, against the truth: seconds, and how many answers are really wrong.

    python benchmarks/review_queue.py PROJECT [--limit 1000] [--json]

PROJECT is a folder that `linkage demo` has made (it holds truth.csv). A question about two identities counts as wrong
where its two records are one entity; one about an identity, where they are two.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb

import linkage
from linkage.review.queue import review_queue

SIDE = ("dataset", "key", "role")


def measure(folder: Path, limit: int) -> dict[str, Any]:
    """Return the seconds, and for each type and reason what the queue states and what is true."""
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {tuple(row[part] for part in SIDE): row["entity"] for row in csv.DictReader(file)}
    started = time.perf_counter()
    queue = review_queue(linkage.open(folder), limit=limit, purpose="benchmark")
    seconds = time.perf_counter() - started
    found = defaultdict(list)
    for item in queue.items:
        one, two = (truth[tuple(item[side][part] for part in SIDE)] for side in ("a", "b"))
        wrong = (one == two) == (len(item["identities"]) > 1)
        for name in ("all", f"{item['entity_type']}, {item['reason']}"):
            found[name].append((item["chance"], wrong))
    return {
        "machine": {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)},
        "versions": {"python": platform.python_version(), "duckdb": duckdb.__version__},
        "records": len(truth),
        "seconds": round(seconds, 1),
        "questions": {
            name: {
                "asked": len(rows),
                "stated": round(sum(chance for chance, _ in rows) / len(rows), 3),
                "wrong": round(sum(wrong for _, wrong in rows) / len(rows), 3),
            }
            for name, rows in sorted(found.items())
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.project, options.limit)
    if options.json:
        json.dump(result, sys.stdout, indent=1)
        return
    print(f"{result['records']:,} records, {result['seconds']} s")
    for name, row in result["questions"].items():
        print(f"{name}: {row['asked']} asked, {row['stated']} stated, {row['wrong']} wrong")


if __name__ == "__main__":
    main()
