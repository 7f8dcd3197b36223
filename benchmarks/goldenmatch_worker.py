"""Run GoldenMatch without any configuration on a table and write its clusters; for `quality.py --peers`.

    python benchmarks/goldenmatch_worker.py RECORDS.parquet CLUSTERS.json

It runs in an interpreter that has goldenmatch (`pip install goldenmatch`), which need not have linkage. The result holds
one list of row numbers a cluster, what was refused, and the seconds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

EXIT_ABSENT = 3


def main(source: Path, target: Path) -> int:
    """Deduplicate the table in `source`; write `{clusters, seconds, version, confident, error}` to `target`."""
    try:
        import goldenmatch
        import pyarrow.parquet as pq
    except ImportError as error:
        print(f"goldenmatch cannot be imported: {error}", file=sys.stderr)
        return EXIT_ABSENT
    table = pq.read_table(source)
    started = time.perf_counter()
    found: dict[str, Any] = {"clusters": [], "version": goldenmatch.__version__, "confident": True, "error": None}
    try:
        result = goldenmatch.dedupe_df(table)
    except Exception as error:  # noqa: BLE001  # a refusal of its own is a result
        found["confident"], found["error"] = False, f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
        try:
            # Its own way on, where it does not trust the configuration it found.
            result = goldenmatch.dedupe_df(table, allow_red_config=True, confidence_required=False)
        except Exception as second:  # noqa: BLE001
            found["error"] = f"{type(second).__name__}: {str(second).splitlines()[0][:200]}"
            result = None
    if result is not None:
        found["clusters"] = [sorted(int(row) for row in one["members"]) for one in result.clusters.values()]
    found["ran"] = result is not None
    found["seconds"] = round(time.perf_counter() - started, 2)
    target.write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
