"""What a run costs beside bare Splink on as many records: made data, one run in a fresh workspace, then the fixed baseline.

    python benchmarks/scale.py --records 1000000 [--format parquet] [--match 2] [--approved] [--incremental 10000]
        [--lookup 500] [--peers PYTHON] --json

The demo's data (80 % records of persons, 8 % of businesses, 12 % of accounts, with households and hubs) for the centre
alone. The baseline is bare Splink 5 on the standardised person records of that run: eight fixed comparisons, six fixed
rules; load, λ, u, three EM runs, predict, components. One after the other, each a process of its own. `ratio` is our seconds a
record by the baseline's seconds a record. `--match BITS` is the project's own cut-off for persons; `--approved` measures a full run with the models of the first, beside the
baseline without its training; `--incremental M` a delivery of M rows, half of them new and half changed; `--lookup Q` Q
lookups of persons; `--peers PYTHON` GoldenMatch without configuration on the same person records, by an interpreter that has it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lookup
from measured import Measured, bytes_of, measured, run_linkage
from scale_baseline import COLUMNS

import linkage
from linkage.demo import generate
from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal

HERE = Path(__file__).parent
AUDIENCES = "[audiences."
THRESHOLDS = "[thresholds.person]"
DELTA = "fbi_intercepts"


@dataclass(frozen=True)
class Wanted:
    """What is measured: records, file format, memory limit of both sides, and what beside the first run."""

    records: int
    format: str = "csv"
    memory: str = "10GB"
    match: float | None = None
    approved: bool = False
    incremental: int = 0
    lookup: int = 0
    peers: str | None = None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--memory", default="10GB", help="memory_limit of the engine, for both sides")
    parser.add_argument("--match", type=float, metavar="BITS", help="the project's own cut-off for persons")
    parser.add_argument("--approved", action="store_true", help="measure a full run without training too")
    parser.add_argument("--incremental", type=int, default=0, metavar="M", help="measure a delivery of M rows")
    parser.add_argument("--lookup", type=int, default=0, metavar="Q", help="measure Q lookups of persons")
    parser.add_argument("--peers", metavar="PYTHON", help="measure GoldenMatch, by this interpreter")
    parser.add_argument("--folder", type=Path, help="work here and leave everything; an existing project is used again")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = vars(parser.parse_args())
    folder, as_json = options.pop("folder"), options.pop("json")
    wanted = Wanted(**options)
    if folder is not None:
        found = measure(folder, wanted)
    else:
        with tempfile.TemporaryDirectory(prefix="linkage-scale-") as made:
            found = measure(Path(made), wanted)
    print(json.dumps(found, indent=1) if as_json else told(found))


def measure(folder: Path, wanted: Wanted) -> dict[str, Any]:
    """Return the figures of our run, of the baseline, and their ratio."""
    if not (folder / "project.toml").is_file():
        make_data(folder, wanted.records, wanted.format, wanted.memory)
    settings = folder / "project.toml"
    settings.write_text(for_the_centre(settings.read_text("utf-8"), wanted.memory, wanted.match), "utf-8")
    found: dict[str, Any] = {
        "records": wanted.records,
        "format": wanted.format,
        "match": wanted.match,
        "machine": {"system": platform.machine(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("splink", "duckdb")},
        "ours": _ours(folder),
    }
    found["quality"] = _quality(folder)
    if wanted.approved:
        found["ours_approved"] = _ours(folder, "--full")
    persons = _persons(folder, wanted.memory)
    found["baseline"] = base = _baseline(persons, wanted.memory)
    found["ratio"] = round((found["ours"]["seconds"] / wanted.records) / (base["seconds"] / base["records"]), 2)
    if wanted.approved:
        untrained = (base["seconds"] - base["stages"]["train"]) / base["records"]
        found["ratio_approved"] = round((found["ours_approved"]["seconds"] / wanted.records) / untrained, 2)
    if wanted.peers:
        found["goldenmatch"] = _goldenmatch(persons, wanted.peers)
    persons.unlink()
    if wanted.incremental:
        deliver(folder, wanted)
        found["incremental"] = {"rows": wanted.incremental, **_ours(folder)}
    if wanted.lookup:
        found["lookup"] = lookup.measure(folder, "person", "centre", wanted.lookup)
    return found


def deliver(folder: Path, wanted: Wanted) -> None:
    """Write the next delivery of the demo's delta source: rows drawn by a hash, half as new ones, half with other phones."""
    file = folder / "data" / f"{DELTA}.{wanted.format}"
    read = f"read_csv({literal(str(file))}, all_varchar = true)" if wanted.format == "csv" else literal(str(file))
    half = wanted.incremental // 2
    with Engine(memory_limit=wanted.memory) as engine:
        engine.create_as("main", "drawn", f"FROM {read} ORDER BY hash(INTERCEPT_ID) LIMIT {2 * half}")
        engine.create_as(
            "main",
            "delivered",
            f"""
            SELECT * EXCLUDE (nth, other) REPLACE (
                CASE WHEN nth <= {half} THEN 'NEW-' || INTERCEPT_ID ELSE INTERCEPT_ID END AS INTERCEPT_ID,
                CASE WHEN nth <= {half} THEN PHONE_1 ELSE other END AS PHONE_1
            ) FROM (
                SELECT *, row_number() OVER numbered AS nth, lag(PHONE_1) OVER numbered AS other
                FROM drawn WINDOW numbered AS (ORDER BY hash(INTERCEPT_ID), INTERCEPT_ID)
            )
            """,
        )
        options = "(FORMAT csv, HEADER true)" if wanted.format == "csv" else "(FORMAT parquet)"
        engine.copy_to("SELECT * FROM delivered ORDER BY INTERCEPT_ID", file, options)


def make_data(folder: Path, records: int, file_format: str, memory: str) -> None:
    """Write the demo's data and its project, for the centre alone."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "made.duckdb"
    with Engine(made, memory_limit=memory) as engine:
        generate(folder, engine=engine, records=records, file_format=file_format, with_ceiling=False)
    made.unlink()
    settings = folder / "project.toml"
    settings.write_text(for_the_centre(settings.read_text("utf-8"), memory), "utf-8")


def for_the_centre(text: str, memory: str, match: float | None = None) -> str:
    """Return a project file without its audiences, with memory and cut-off set: the tables that name them end at the next."""
    kept, leaves_out = [], False
    for line in text.splitlines():
        if line.startswith("["):
            leaves_out = line.startswith((AUDIENCES, "[engine]", THRESHOLDS))
        if not leaves_out:
            kept.append(line)
    kept += ["", "[engine]", f'memory_limit = "{memory}"']
    if match is not None:
        kept += [THRESHOLDS, f"match = {match}"]
    return "\n".join([*kept, ""])


def _ours(folder: Path, *more: str) -> dict[str, Any]:
    run = run_linkage(["run", str(folder), "--json", *more], folder / "work")
    report = run.report()
    centre = report["audiences"]["centre"]
    return {
        **run.told(),
        "work": report["work"],
        "records": {kind: entry["records"] for kind, entry in centre.items()},
        "identities": {kind: entry["identities"] for kind, entry in centre.items()},
        "stages": {
            name: {
                "seconds": round(stage["seconds"], 1),
                "peak_memory_gb": round(stage["peak_memory_bytes"] / 1e9, 2),
            }
            for name, stage in report["stages"].items()
        },
        "pairs": {kind: entry["pairs"] for kind, entry in report["types"].items()},
        "disk_gb": round(bytes_of(folder / "work") / 1e9, 2),
    }


def _quality(folder: Path) -> dict[str, Any]:
    """Return precision and recall over pairs by type, counted from the sizes of groups: no pair is made."""
    pairs = "CAST(coalesce(sum(records * (records - 1) // 2), 0) AS DOUBLE)"
    counted = ", ".join(
        f"(SELECT {pairs} FROM (SELECT sum(records) AS records FROM together WHERE kind = types.kind GROUP BY {group})) AS {name}"
        for name, group in (
            ("right_pairs", "identity_id, entity"),
            ("resolved_pairs", "identity_id"),
            ("true_pairs", "entity"),
        )
    )
    with linkage.open(folder).release() as release:
        rows = release.rows(
            f"""
            WITH together AS (
                SELECT entity_type AS kind, identity_id, entity, count(*) AS records
                FROM published.identity_record JOIN read_csv($truth, all_varchar = true) USING (dataset, key, role) GROUP BY ALL
            )
            SELECT kind, right_pairs / resolved_pairs, right_pairs / true_pairs FROM (
                SELECT kind, {counted} FROM (SELECT DISTINCT kind FROM together) AS types
            ) ORDER BY kind
            """,
            {"truth": str(folder / "truth.csv")},
        )
    return {kind: {"precision": round(precision, 4), "recall": round(recall, 4)} for kind, precision, recall in rows}


def _persons(folder: Path, memory: str) -> Path:
    """Write the standardised persons of the base to a file for the others, and return it; it is part of nobody's time."""
    persons = folder / "persons.parquet"
    base = max((folder / "work" / "base").glob("*.duckdb"), key=lambda path: int(path.stem))
    with Engine(base, read_only=True, memory_limit=memory) as engine:
        engine.copy_to("SELECT * FROM canonical.person ORDER BY record", persons, "(FORMAT parquet)")
    return persons


def _baseline(persons: Path, memory: str) -> dict[str, Any]:
    run: Measured = measured([sys.executable, str(HERE / "scale_baseline.py"), str(persons), memory])
    return {**run.told(), **run.report()}


def _goldenmatch(persons: Path, python: str) -> dict[str, Any]:
    """Run GoldenMatch on the columns that the baseline compares."""
    source, target = persons.with_name("peer.parquet"), persons.with_name("peer.json")
    columns = ", ".join(f"CAST({sql} AS VARCHAR) AS {name}" for name, sql in COLUMNS.items())
    with Engine() as engine:
        engine.copy_to(
            f"SELECT {columns} FROM read_parquet({literal(str(persons))}) ORDER BY record", source, "(FORMAT parquet)"
        )
    run = measured([python, str(HERE / "goldenmatch_worker.py"), str(source), str(target)])
    result = json.loads(target.read_text("utf-8"))
    for path in (source, target):
        path.unlink()
    clusters = result.pop("clusters")
    return {**run.told(), "result": result, "clusters": len(clusters)}


def told(found: dict[str, Any]) -> str:
    """Return the figures for people."""
    ours, base = found["ours"], found["baseline"]
    lines = [
        f"{found['records']} records: {ours['seconds']} s, {ours['peak_memory_gb']} GB of memory, at most {ours['peak_disk_gb']} GB of disk",
        *(f"  {name}: {stage['seconds']} s" for name, stage in ours["stages"].items()),
        f"bare Splink on {base['records']} persons: {base['seconds']} s, {base['peak_memory_gb']} GB",
        *(f"  {name}: {seconds} s" for name, seconds in base["stages"].items()),
        f"ratio of seconds a record: {found['ratio']}",
        *(
            f"{kind}: precision {entry['precision']}, recall {entry['recall']}"
            for kind, entry in found["quality"].items()
        ),
    ]
    if "ratio_approved" in found:
        lines.append(
            f"without training on either side: {found['ours_approved']['seconds']} s, ratio {found['ratio_approved']}"
        )
    if "incremental" in found:
        lines.append(
            f"a delivery of {found['incremental']['rows']} rows: {found['incremental']['seconds']} s, {found['incremental']['work']}"
        )
    lines += [f"{name}: {found[name]}" for name in ("lookup", "goldenmatch") if name in found]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
