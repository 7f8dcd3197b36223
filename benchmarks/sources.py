"""What it costs to look at files, to read them, and to write tables into PostgreSQL, at a million records.

    python benchmarks/sources.py [--records 1000000] [--parts init,ingest,export] --json

Made records (seeded, the same every time) are written as CSV, Parquet, JSON lines in the `FEATURES` form, SQLite and,
for the first tenth, Excel. Each `linkage init` and each ingest runs in a process of its own: seconds of the whole
process and its peak of memory. Exports go to a PostgreSQL of `tests/postgres.py` (on loopback, without fsync): a first
one, one of the same rows, and one in which a twentieth changed, a hundredth is gone and a hundredth is new.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal
from linkage.sharing import postgresql
from linkage.tables import Table, published

HERE = Path(__file__).resolve().parent
FORMS = {"csv": "csv", "parquet": "parquet", "jsonl": "jsonl", "sqlite": "sqlite", "excel": "xlsx"}
PARTS = ("init", "ingest", "export")
INIT = "from linkage.cli.main import main; main()"
INGEST = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import linkage
from linkage.engine.duckdb import Engine
from linkage.stages.context import Run
from linkage.stages.ingest import ingest
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
folder = Path(sys.argv[1])
loaded = linkage.open(folder / "project.toml").loaded
with Engine(folder / "base.duckdb", temp_directory=folder) as engine:
    ingest(Run(1, datetime.now(UTC), loaded, Workspace(loaded.workspace), Ledger(Path(":memory:")), engine, folder))
    print(engine.value("SELECT accepted FROM source.delivery"))
"""
PROJECT = """
version = 1
name = "sources"
workspace = "work"
[sources.people]
agency = "A"
files = "../people.{ending}"
format = "{form}"
delivery = "snapshot"
key = "RECORD_ID"
[sources.people.roles.subject]
entity = "person"
[sources.people.roles.subject.fields]
given_name = "NAME_FIRST"
surname = "NAME_LAST"
birth_date = {{ column = "DATE_OF_BIRTH", order = "ymd" }}
ssn = "SSN_NUMBER"
phone = "PHONE_NUMBER"
email = "EMAIL_ADDRESS"
address = "ADDR_FULL"
"""
# Every value is a function of the record's number.
RECORDS = """
SELECT 'R' || lpad(CAST(n AS VARCHAR), 8, '0') AS RECORD_ID,
       given[1 + pick(n, 1, len(given))] AS NAME_FIRST, family[1 + pick(n, 2, len(family))] || stem[1 + pick(n, 3, len(stem))] AS NAME_LAST,
       CAST(DATE '1930-01-01' + CAST(pick(n, 4, 28000) AS INTEGER) AS VARCHAR) AS DATE_OF_BIRTH,
       lpad(CAST(1 + pick(n, 5, 665) AS VARCHAR), 3, '0') || '-' || lpad(CAST(1 + pick(n, 6, 98) AS VARCHAR), 2, '0') || '-' || lpad(CAST(1 + pick(n, 7, 9998) AS VARCHAR), 4, '0') AS SSN_NUMBER,
       '202-555-' || lpad(CAST(pick(n, 8, 10000) AS VARCHAR), 4, '0') AS PHONE_NUMBER,
       'user' || CAST(pick(n, 9, 900000) AS VARCHAR) || '@mail.example' AS EMAIL_ADDRESS,
       CAST(1 + pick(n, 10, 9999) AS VARCHAR) || ' ' || stem[1 + pick(n, 11, len(stem))] || ' St, Reno, NV 895' || lpad(CAST(pick(n, 12, 100) AS VARCHAR), 2, '0') AS ADDR_FULL
FROM range($records) AS numbers(n), (SELECT
    ['Ann', 'Bob', 'Carol', 'David', 'Elena', 'Frank', 'Grace', 'Hugo', 'Irene', 'James', 'Karen', 'Luis', 'Maria', 'Noah', 'Olga', 'Peter'] AS given,
    ['Ash', 'Brad', 'Cald', 'Dun', 'East', 'Fair', 'Gold', 'Hart', 'Iron', 'Kings', 'Lang', 'Mor', 'North', 'Oak'] AS family,
    ['berg', 'dale', 'field', 'ford', 'ham', 'ley', 'man', 'son', 'ton', 'well', 'wood', 'worth'] AS stem)
ORDER BY n
"""
FEATURES = """
SELECT to_json(struct_pack(DATA_SOURCE := 'A', RECORD_ID := RECORD_ID, FEATURES := [
    to_json(struct_pack(NAME_FIRST := NAME_FIRST, NAME_LAST := NAME_LAST)), to_json(struct_pack(DATE_OF_BIRTH := DATE_OF_BIRTH)),
    to_json(struct_pack(SSN_NUMBER := SSN_NUMBER)), to_json(struct_pack(PHONE_NUMBER := PHONE_NUMBER)),
    to_json(struct_pack(EMAIL_ADDRESS := EMAIL_ADDRESS)), to_json(struct_pack(ADDR_FULL := ADDR_FULL))])) AS line
FROM made ORDER BY RECORD_ID
"""
# A release's table of persons and its crosswalk; `version` makes other values of every twentieth row.
PERSON = """
SELECT md5(CAST(n AS VARCHAR)) AS identity_id, 'Ann Berg' || CAST(n AS VARCHAR) AS name, 'ann' AS given_name, NULL AS middle_name,
       'berg' || CAST(n % 5000 AS VARCHAR) AS surname, NULL AS suffix, DATE '1950-01-01' + CAST(n % 20000 AS INTEGER) AS birth_date, 'f' AS sex,
       lpad(CAST(n AS VARCHAR), 9, '1') AS ssn, '+1202555' || lpad(CAST(n % 10000 AS VARCHAR), 4, '0') AS phone,
       'user' || CAST(n AS VARCHAR) || '@mail.example' AS email, CAST(n % 9999 AS VARCHAR) || ' Oak St, Reno, NV' AS address, 'reno' AS city,
       'nv' AS region, '89501' AS postcode, 'us' AS country, NULL AS birth_place,
       CASE WHEN n % 20 = 0 THEN 'clerk ' || CAST($version AS VARCHAR) ELSE 'clerk' END AS occupation, NULL AS employer,
       ['+1202555' || lpad(CAST(n % 10000 AS VARCHAR), 4, '0')] AS phones, ['user' || CAST(n AS VARCHAR) || '@mail.example'] AS emails,
       ['ssn::' || lpad(CAST(n AS VARCHAR), 9, '1')] AS identifiers, CAST([] AS VARCHAR[]) AS other_names
FROM range($first, $last) AS numbers(n)
"""
CROSSWALK = """
SELECT 'person' AS entity_type, 'dataset_' || CAST(n % 6 AS VARCHAR) AS dataset, 'K' || CAST(n AS VARCHAR) AS key, 'subject' AS role,
       'Agency ' || CAST(n % 6 AS VARCHAR) AS agency, md5(CAST(n // 2 + CASE WHEN n % 20 = 0 THEN $version ELSE 0 END AS VARCHAR)) AS identity_id,
       FALSE AS ambiguous
FROM range($first, $last) AS numbers(n)
"""


def make(folder: Path, records: int) -> None:
    """Write the records as a file of each form."""
    with Engine(temp_directory=folder) as engine:
        engine.run("SET preserve_insertion_order = true")
        engine.run("CREATE MACRO pick(n, salt, size) AS CAST(hash(n, salt) % size AS BIGINT)")
        engine.run(f"CREATE TABLE made AS {RECORDS}", {"records": records})
        engine.copy_to("SELECT * FROM made ORDER BY RECORD_ID", folder / "people.csv", "(HEADER)")
        engine.copy_to("SELECT * FROM made ORDER BY RECORD_ID", folder / "people.parquet", "(FORMAT parquet)")
        # One value a line, its quotes and commas as they are.
        plain = "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x1c')"
        engine.copy_to(FEATURES, folder / "people.jsonl", plain)
        names = list(engine.columns("main", "made"))
        with sqlite3.connect(folder / "people.sqlite") as database:
            database.execute(f"CREATE TABLE people ({', '.join(names)})")
            marks = ", ".join("?" * len(names))
            database.executemany(f"INSERT INTO people VALUES ({marks})", engine.rows("FROM made ORDER BY RECORD_ID"))
        database.close()
        _workbook(
            folder / "people.xlsx", [tuple(names), *engine.rows(f"FROM made ORDER BY RECORD_ID LIMIT {records // 10}")]
        )


def _workbook(path: Path, rows: list[tuple[Any, ...]]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("people")
    for row in rows:
        sheet.append(row)
    book.save(path)


def _child(*arguments: str | Path) -> dict[str, float]:
    """Run Python on these arguments; return seconds, those of the processors, and the peak of memory of that process."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *map(str, arguments)], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    seconds = {"seconds": time.perf_counter() - started, "cpu_seconds": used.ru_utime + used.ru_stime}
    return {**{name: round(value, 1) for name, value in seconds.items()}, "peak_mb": used.ru_maxrss // 1024}


def measure_init(folder: Path) -> dict[str, Any]:
    """Return what `linkage init` costs, form by form."""
    return {
        form: _child("-c", INIT, "init", folder / f"people.{ending}", "--into", folder / f"init_{form}")
        for form, ending in FORMS.items()
    }


def measure_ingest(folder: Path) -> dict[str, Any]:
    """Return what the ingest stage costs, form by form."""
    found = {}
    for form, ending in FORMS.items():
        place = folder / f"ingest_{form}"
        place.mkdir()
        (place / "project.toml").write_text(PROJECT.format(form=form, ending=ending), encoding="utf-8")
        found[form] = _child("-c", INGEST, place)
    return found


def measure_export(records: int) -> dict[str, Any]:
    """Return the seconds of three exports of a wide and of a narrow table, and the sizes of the tables afterwards."""
    spec = importlib.util.spec_from_file_location("tests_postgres", HERE.parent / "tests" / "postgres.py")
    assert spec is not None
    assert spec.loader is not None
    servers = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = servers
    spec.loader.exec_module(servers)
    binaries = servers.binaries()
    if binaries is None:
        return {"skipped": servers.SKIPPED}
    found: dict[str, Any] = {}
    with servers.serving(binaries) as server:
        for name, query in (("person", PERSON), ("identity_record", CROSSWALK)):
            table = published(name)
            assert table is not None
            found[name] = _exports(server, table, query, records)
    return found


def _exports(server: Any, table: Table, query: str, records: int) -> dict[str, Any]:
    shift = records // 100
    trials = {"first": (0, records, 0), "unchanged": (0, records, 0), "changed": (shift, records + shift, 1)}
    found: dict[str, Any] = {}
    with Engine() as engine:
        for trial, (first, last, number) in trials.items():
            values = {"first": first, "last": last, "version": number}
            engine.create_as("published", table.name, query, values)
            started = time.perf_counter()
            with postgresql.opened(server.url, "bench") as target:
                assert target.replace(engine, table) == records
            found[trial] = {"seconds": round(time.perf_counter() - started, 1)}
            size = server.rows(f"SELECT pg_total_relation_size({literal(f'bench.{table.name}')}) >> 20")[0][0]
            found[trial]["table_mb"] = size
    return found


def main() -> None:
    """Run the chosen parts and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000, help="records of each file and table")
    parser.add_argument("--parts", default=",".join(PARTS), help="comma-separated parts")
    parser.add_argument("--json", action="store_true", help="print in one line")
    given = parser.parse_args()
    parts = given.parts.split(",")
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        parser.error(f"unknown part {unknown[0]!r}; the parts are: {', '.join(PARTS)}")
    out: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat()}
    out["machine"] = {
        "cores": os.cpu_count(),
        "memory_gb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30,
        "load": round(os.getloadavg()[0], 1),
    }
    names = ("duckdb", "pyarrow", "python-calamine", "adbc-driver-postgresql")
    out["versions"] = {"python": platform.python_version(), **{name: version(name) for name in names}}
    out["command"] = f"python benchmarks/sources.py --records {given.records} --json"
    out["records"] = given.records
    with tempfile.TemporaryDirectory(prefix="linkage-sources-") as name:
        folder = Path(name)
        if set(parts) & {"init", "ingest"}:
            # In a process of its own: a child's peak counts from what its parent held.
            maker = multiprocessing.get_context("spawn").Process(target=make, args=(folder, given.records))
            maker.start()
            maker.join()
            assert maker.exitcode == 0
            out["file_mb"] = {form: (folder / f"people.{end}").stat().st_size >> 20 for form, end in FORMS.items()}
        if "init" in parts:
            out["init"] = measure_init(folder)
        if "ingest" in parts:
            out["ingest"] = measure_ingest(folder)
        if "export" in parts:
            out["export"] = measure_export(given.records)
    print(json.dumps(out, indent=None if given.json else 1))


if __name__ == "__main__":
    main()
