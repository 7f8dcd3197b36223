"""Does the state layout hold? Base, releases, feed and ledger of two audiences: cost, purge, kill -9, readers.

    python benchmarks/state_layout.py --records 300000 --json
Builds a synthetic workspace, then measures: build, copy, a delta of 10,000, releases built whole and patched, publishing, purge, alternatives; and
kills the nightly worker (SIGKILL) at seeded random moments and at every named step. It needs about six times the size of the base on disk.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import mmap
import os
import platform
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

SEES = {"centre": "true", "agency": "dataset < 'd7'"}  # the agency sees 7 of 10 datasets
CANARY, NEEDLES, DELTA = "zzcanaryqx", ("zzcanaryqx", "KCANARY"), 10_000
STEPS = (
    "clean",
    "copied",
    "delta open",
    "delta committed",
    "base closed",
    "released",
    "audited",
    "base renamed",
    "one release renamed",
    "all renamed",
    "ledger row",
    "published",
    "old base removed",
)
Con = duckdb.DuckDBPyConnection
SYLLABLES = [
    "mar",
    "tin",
    "son",
    "ber",
    "ger",
    "lo",
    "pez",
    "wil",
    "jo",
    "han",
    "dra",
    "ka",
    "mi",
    "el",
    "ro",
    "sa",
    "ne",
    "vic",
    "to",
    "ria",
    "al",
    "fre",
    "do",
    "chen",
    "wu",
    "nak",
    "ste",
    "phan",
    "ol",
    "iv",
    "er",
]
PERSON = [
    "name",
    "given_name",
    "middle_name",
    "surname",
    "suffix",
    "given_root",
    "surname_code",
    "other_names",
    "birth_date",
    "birth_year",
    "sex",
    "ssn",
    "ssn_last4",
    "identifiers",
    "phones",
    "emails",
    "address",
    "house_number",
    "street",
    "city",
    "region",
    "postcode",
    "country",
]
GOLDEN = ["name", "given_name", "surname", "birth_date", "sex", "ssn", "address", "city", "postcode"]
KEYS = (
    "ssn",
    "surname_code, birth_date",
    "given_root, surname, birth_year",
    "phones[1]",
    "postcode, house_number, surname_code",
    "emails[1]",
)
BASE = {
    "source.record": "dataset, key",
    "canonical.person": "record",
    "blocking.key": "rule, hash, record",
    "scoring.edge": "l, r",
    "resolution.assignment_centre": "record",
    "resolution.assignment_agency": "record",
}


def rows(con: Con, sql: str) -> list[Any]:
    return con.sql(sql).fetchall()


def connect(ws: Path, **files: tuple[Path, str]) -> Con:
    """An in-memory connection with the files attached; (path, options)."""
    (ws / "staging/spill").mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"threads": 2, "memory_limit": "4GB", "temp_directory": str(ws / "staging/spill")})
    for name, (path, options) in files.items():
        con.execute(f"ATTACH '{path}' AS {name} ({options})" if options else f"ATTACH '{path}' AS {name}")
    return con


@contextlib.contextmanager
def meter(into: dict[str, Any], name: str) -> Iterator[None]:
    """Seconds and peak resident memory of a block."""
    Path("/proc/self/clear_refs").write_text("5")
    start = time.perf_counter()
    yield
    peak = next(
        int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    into[name] = {"seconds": round(time.perf_counter() - start, 3), "peak_mb": peak // 1024}
    sys.stderr.write(f"  {name}: {into[name]}\n")


def sync(*paths: Path) -> None:
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def generate(ids: str, total: int) -> str:
    """One wide row a record of `ids` (record, version): raw and canonical columns."""
    syllables = "[" + ",".join(f"'{s}'" for s in SYLLABLES) + "]"

    def word(e: str, k: int, size: int) -> str:
        n = f"(pow((hash({e}, {k}) % 1000000) / 1e6, 3) * {size})::BIGINT"
        return (
            "("
            + " || ".join(f"({syllables})[({n} // {len(SYLLABLES) ** d}) % {len(SYLLABLES)} + 1]" for d in range(3))
            + ")"
        )

    return f"""
    WITH e AS (SELECT record, version, (hash(record, version) % {int(total * 0.6)})::BIGINT AS e, hash(record, version, 9) AS h FROM {ids}),
    n AS (SELECT *, {word("e", 1, 6000)} || if(h % 20 = 0, 'y', '') AS given_name, {word("(e + h % 25 // 24)", 2, 60000)} AS sur,
      {word("e", 3, 900)} AS middle_name, (DATE '1930-01-01' + (hash(e, 4) % 27000)::INTEGER) AS birth_date,
      lpad((e * 179424673 % 999999937)::VARCHAR, 9, '0') AS ssn, lpad((hash(e, 5) % 10000000000)::VARCHAR, 10, '0') AS phone,
      (hash(e, 6) % 9000 + 1)::VARCHAR AS house_number, {word("e", 7, 29000)} || ' st' AS street, {word("e", 8, 3000)} AS city,
      lpad((hash(e, 8) % 40000)::VARCHAR, 5, '0') AS postcode, DATE '2015-01-01' + (h % 4000)::INTEGER AS seen_on FROM e)
    SELECT record, 'd' || if(record < {total}, record * 10 // {total}, record % 10) AS dataset, 'subject' AS role, 'a' || record % 5 AS agency,
      if(record = {total // 2}, 'KCANARY', 'K' || lpad(record::VARCHAR, 9, '0')) AS key, seen_on,
      if(record = {total // 2}, '{CANARY}', sur) AS surname, given_name || ' ' || middle_name || ' ' || surname AS name, given_name, middle_name,
      if(h % 40 = 0, 'jr', NULL) AS suffix, left(given_name, 4) AS given_root, left(surname, 1) || length(surname) || right(surname, 3) AS surname_code,
      if(h % 10 = 0, [given_name || ' ' || city], []) AS other_names, birth_date, year(birth_date)::SMALLINT AS birth_year,
      if(h % 2 = 0, 'f', 'm') AS sex, ssn, right(ssn, 4) AS ssn_last4, if(h % 4 = 0, ['passport:us:x' || ssn], []) AS identifiers, [phone] AS phones,
      [given_name || '.' || surname || e % 97 || '@example.org'] AS emails, house_number || ' ' || street || ', ' || city AS address,
      house_number, street, city, 'r' || hash(city) % 50 AS region, postcode, 'us' AS country, hash(record, version, ssn, name) AS hash,
      upper(given_name) AS c1, upper(surname) AS c2, strftime(birth_date, '%m/%d/%Y') AS c3, left(ssn, 3) || '-' || right(ssn, 6) AS c4,
      '(' || left(phone, 3) || ') ' || right(phone, 7) AS c5, emails[1] AS c6, upper(address) AS c7, upper(city) AS c8, postcode AS c9,
      strftime(seen_on, '%m/%d/%Y') AS c10 FROM n"""


def pick(table: str) -> str:
    """The columns of a base table as generated."""
    raw = "dataset, key, hash, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10"
    return raw if table == "source.record" else "record, dataset, key, role, agency, seen_on, " + ", ".join(PERSON)


def keys(person: str) -> str:
    return " UNION ALL ".join(
        f"SELECT {i + 1}::UTINYINT AS rule, hash({c}) AS hash, record FROM {person}" for i, c in enumerate(KEYS)
    )


def edges(delta: str, total: int) -> str:
    """True pairs by the SSN's hash, plus one weak edge for a fifth of the records."""
    left = f"(SELECT hash, record FROM b.blocking.key WHERE rule = 1 {delta})"
    return f"""SELECT DISTINCT least(x.record, y.record) AS l, greatest(x.record, y.record) AS r, (8000 + hash(x.hash) % 9000)::INTEGER AS weight,
      (hash(x.hash, 1) % 65536)::UINTEGER AS levels FROM {left} x JOIN (SELECT * FROM b.blocking.key WHERE rule = 1) y ON x.hash = y.hash AND x.record <> y.record
      UNION ALL SELECT record, record + 1 + (hash(record) % 99999)::BIGINT, -2000 + (hash(record) % 3000)::INTEGER, 7::UINTEGER FROM
      (SELECT record FROM b.canonical.person WHERE hash(record) % 5 = 0 {delta})"""


def assignment(person: str, audience: str) -> str:
    return f"SELECT record, 'p' || left(md5('{audience}' || ssn), 20) AS identity FROM {person} WHERE {SEES[audience]}"


def build_base(ws: Path, total: int, figures: dict[str, Any]) -> None:
    with meter(figures, "build base"):
        con = connect(ws, b=(ws / "base/0.duckdb", "RECOVERY_MODE no_wal_writes"))
        for table in BASE:
            con.execute(f"CREATE SCHEMA IF NOT EXISTS b.{table.split('.')[0]}")
        for low in range(0, total, 1_000_000):
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE g AS {generate(f'(SELECT range AS record, 0 AS version FROM range({low}, {min(total, low + 1_000_000)}))', total)}"
            )
            for table in ("source.record", "canonical.person"):
                con.execute(
                    f"{f'INSERT INTO b.{table}' if low else f'CREATE TABLE b.{table} AS'} SELECT {pick(table)} FROM g ORDER BY record"
                )
        con.execute(
            f"CREATE TABLE b.blocking.key AS SELECT * FROM ({keys('b.canonical.person')}) ORDER BY rule, hash, record"
        )
        con.execute(f"CREATE TABLE b.scoring.edge AS SELECT * FROM ({edges('', total)}) ORDER BY l, r")
        for audience in SEES:
            con.execute(
                f"CREATE TABLE b.resolution.assignment_{audience} AS {assignment('b.canonical.person', audience)} ORDER BY record"
            )
        con.execute("CHECKPOINT b")
        con.close()


def release_tables(audience: str, touched: str) -> dict[str, str]:
    """Published tables of an audience; ties in mode() are settled by the value."""
    con_member = "member"
    wide = ["name", "given_name", "surname", "birth_date", "phones", "emails", "address"]
    value = " UNION ALL ".join(
        f"SELECT identity, '{c}' AS field, {c}::VARCHAR AS value, record, agency, seen_on FROM {con_member} SEMI JOIN multi USING (identity)"
        for c in wide
    )
    return {
        "identity": f"SELECT identity, count(*) AS records, min(seen_on) AS first_seen, max(seen_on) AS last_seen FROM {con_member} GROUP BY identity",
        "identity_record": f"SELECT identity, dataset, key, role FROM {con_member}",
        "person": f"SELECT identity, {', '.join(f'mode({c} ORDER BY {c}) AS {c}' for c in GOLDEN)} FROM {con_member} SEMI JOIN multi USING (identity) GROUP BY identity"
        f" UNION ALL SELECT identity, {', '.join(GOLDEN)} FROM {con_member} ANTI JOIN multi USING (identity)",
        "identity_value": f"SELECT identity, field, value, list(record ORDER BY record) AS records, list(DISTINCT agency ORDER BY agency) AS agencies, min(seen_on) AS first_seen,"
        f" max(seen_on) AS last_seen FROM ({value}) WHERE value IS NOT NULL GROUP BY identity, field, value",
    }


def prepare(con: Con, audience: str, touched: str) -> None:
    semi = f"SEMI JOIN {touched} USING (identity)" if touched else ""
    con.execute(
        f"CREATE OR REPLACE TEMP {'TABLE' if touched else 'VIEW'} member AS SELECT a.identity, p.* FROM (SELECT * FROM b.resolution.assignment_{audience} {semi}) a JOIN b.canonical.person p USING (record)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE multi AS SELECT identity FROM member GROUP BY identity HAVING count(*) > 1"
    )


def build_release(con: Con, audience: str) -> None:
    """The whole release from the base `b` into the empty file `r`."""
    prepare(con, audience, "")
    for table, sql in release_tables(audience, "").items():
        con.execute(f"CREATE TABLE r.{table} AS SELECT * FROM ({sql}) ORDER BY ALL")
    con.execute("CREATE TABLE r.identity_event (release INTEGER, identity VARCHAR, kind VARCHAR)")
    con.execute("CREATE TABLE r.release_info AS SELECT 0 AS release, '1' AS contract")
    con.execute("CHECKPOINT r")


def patch_release(con: Con, audience: str, night: int) -> None:
    """Replace only the touched identities in `r`, a copy of the last release."""
    prepare(con, audience, f"touched_{audience}")
    con.execute("BEGIN")
    for table, sql in release_tables(audience, "").items():
        con.execute(f"DELETE FROM r.{table} USING touched_{audience} t WHERE {table}.identity = t.identity")
        con.execute(f"INSERT INTO r.{table} SELECT * FROM ({sql}) ORDER BY ALL")
    con.execute("DELETE FROM r.identity_event")
    con.execute(
        f"INSERT INTO r.identity_event SELECT {night}, identity, 'changed' FROM touched_{audience} ORDER BY ALL"
    )
    con.execute(f"UPDATE r.release_info SET release = {night}")
    con.execute("COMMIT")
    con.execute("CHECKPOINT r")


def apply_delta(con: Con, night: int, total: int, mark: Any) -> None:
    """5,000 new, 4,000 changed and 1,000 withdrawn records: deleted and inserted in every table of `b`, one transaction."""
    con.execute(f"""CREATE TEMP TABLE d AS (SELECT range AS record, {night} AS version, true AS stays FROM range({total + (night - 1) * 5000}, {total + night * 5000}))
        UNION ALL (SELECT record, {night}, row_number() OVER (ORDER BY hash(record, {night})) <= 4000 FROM b.canonical.person
        WHERE record <> {total // 2} ORDER BY hash(record, {night}) LIMIT 5000)""")
    con.execute(f"CREATE TEMP TABLE g AS {generate('d WHERE stays', total)}")
    for audience in SEES:
        con.execute(
            f"CREATE TEMP TABLE move_{audience} AS SELECT record, identity AS was FROM b.resolution.assignment_{audience} SEMI JOIN d USING (record)"
        )
    con.execute("BEGIN")
    con.execute(
        "DELETE FROM b.source.record USING (SELECT dataset, key FROM b.canonical.person SEMI JOIN d USING (record)) o WHERE record.dataset = o.dataset AND record.key = o.key"
    )
    con.execute("DELETE FROM b.scoring.edge WHERE l IN (SELECT record FROM d) OR r IN (SELECT record FROM d)")
    for table in list(BASE)[1:3]:
        con.execute(f"DELETE FROM b.{table} USING d WHERE {table.split('.')[1]}.record = d.record")
    for table in ("source.record", "canonical.person"):
        con.execute(f"INSERT INTO b.{table} SELECT {pick(table)} FROM g ORDER BY record")
    mark("delta open")
    con.execute(f"INSERT INTO b.blocking.key SELECT * FROM ({keys('g')}) ORDER BY rule, hash, record")
    con.execute(
        f"INSERT INTO b.scoring.edge SELECT * FROM ({edges('AND record IN (SELECT record FROM d)', total)}) ORDER BY l, r"
    )
    for audience in SEES:
        name = f"assignment_{audience}"
        con.execute(f"DELETE FROM b.resolution.{name} USING d WHERE {name}.record = d.record")
        con.execute(f"INSERT INTO b.resolution.{name} {assignment('g', audience)} ORDER BY record")
    con.execute("COMMIT")
    for audience in SEES:
        con.execute(
            f"CREATE TEMP TABLE feed_{audience} AS SELECT record, was, n.identity AS now FROM move_{audience} m FULL JOIN ({assignment('g', audience)}) n USING (record) ORDER BY record"
        )
        con.execute(
            f"CREATE TEMP TABLE touched_{audience} AS SELECT DISTINCT unnest([was, now]) AS identity FROM feed_{audience}"
        )
        con.execute(f"DELETE FROM touched_{audience} WHERE identity IS NULL")


def ledger(ws: Path) -> sqlite3.Connection:
    con = sqlite3.connect(ws / "ledger.sqlite", isolation_level=None)
    con.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS state (n INTEGER PRIMARY KEY, at TEXT);"
        "CREATE TABLE IF NOT EXISTS judgement (a TEXT, b TEXT, reason TEXT)"
    )
    return con


def current(ws: Path) -> int:
    con = ledger(ws)
    (n,) = con.execute("SELECT max(n) FROM state").fetchone()
    con.close()
    return int(n)


def publish(ws: Path, n: int) -> None:
    """Bring every audience's folder outside to release n; safe to repeat."""
    for audience in SEES:
        out = ws / "outside" / audience
        out.mkdir(parents=True, exist_ok=True)
        pointer = out / "current.json"
        if pointer.exists() and json.loads(pointer.read_text())["release"] == n:
            continue
        shutil.copyfile(ws / f"releases/{audience}/{n}.duckdb", out / f"{n}.part")
        (out / "current.part").write_text(json.dumps({"release": n, "file": f"{n}.duckdb"}))
        sync(out / f"{n}.part", out / "current.part")
        (out / f"{n}.part").replace(out / f"{n}.duckdb")
        (out / "current.part").replace(pointer)
        sync(out)
        for old in out.iterdir():
            if old.name not in {f"{n}.duckdb", "current.json"}:
                old.unlink()


def stale(ws: Path, n: int) -> list[Path]:
    """What no ledger row speaks of."""
    found = [p for p in (ws / "staging").glob("*") if p.is_file() or any(p.iterdir())]
    found += [p for p in (ws / "base").iterdir() if p.name != f"{n}.duckdb"]
    return found + [
        p
        for folder in ("releases", "feed")
        for p in (ws / folder).glob("*/*")
        if not (p.stem.isdigit() and int(p.stem) <= n)
    ]


def clean(ws: Path) -> int:
    """What each start does first: drop what the ledger does not name, then publish what it does."""
    n = current(ws)
    for path in stale(ws, n):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    publish(ws, n)
    return n


def night(ws: Path, total: int, mark: Any) -> dict[str, Any]:
    """One run: copy, change, patch, audit, rename, one ledger row, publish, drop the old base."""
    figures: dict[str, Any] = {}
    with meter(figures, "clean at start"):
        last = clean(ws)
    mark("clean")
    n, stage = last + 1, ws / "staging"
    with meter(figures, "copy base"):
        shutil.copyfile(ws / f"base/{last}.duckdb", stage / "base.duckdb")
    mark("copied")
    with meter(figures, "delta (all tables, commit)"):
        con = connect(ws, b=(stage / "base.duckdb", "RECOVERY_MODE no_wal_writes"))
        apply_delta(con, n, total, mark)
    mark("delta committed")
    with meter(figures, "checkpoint and close base"):
        con.execute("CHECKPOINT b")
        con.execute("DETACH b")
    mark("base closed")
    con.execute(f"ATTACH '{stage / 'base.duckdb'}' AS b (READ_ONLY)")
    for audience in SEES:
        with meter(figures, f"patch release {audience}"):
            shutil.copyfile(ws / f"releases/{audience}/{last}.duckdb", stage / f"{audience}.duckdb")
            con.execute(f"ATTACH '{stage / audience}.duckdb' AS r (RECOVERY_MODE no_wal_writes)")
            patch_release(con, audience, n)
            con.execute(
                f"COPY (SELECT f.*, p.key FROM feed_{audience} f LEFT JOIN b.canonical.person p USING (record) ORDER BY record) TO '{stage / audience}.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )
            figures[f"touched {audience}"] = rows(con, f"SELECT count(*) FROM touched_{audience}")[0][0]
            con.execute("DETACH r")
        mark("released")
    with meter(figures, "audit"):
        for audience in SEES:
            con.execute(f"ATTACH '{stage / audience}.duckdb' AS r (READ_ONLY)")
            counts = rows(
                con,
                f"SELECT count(*), count(DISTINCT (dataset, key)), (SELECT count(*) FROM b.resolution.assignment_{audience}), (SELECT sum(records) FROM r.identity) FROM r.identity_record",
            )[0]
            if len(set(counts)) != 1:
                raise SystemExit(f"audit failed for {audience}: {counts}")
            con.execute("DETACH r")
        con.close()
    mark("audited")
    with meter(figures, "fsync, rename, ledger row"):
        sync(*[p for p in stage.iterdir() if p.is_file()])
        (stage / "base.duckdb").replace(ws / f"base/{n}.duckdb")
        mark("base renamed")
        for audience in SEES:
            (stage / f"{audience}.duckdb").replace(ws / f"releases/{audience}/{n}.duckdb")
            mark("one release renamed")
            (stage / f"{audience}.parquet").replace(ws / f"feed/{audience}/{n}.parquet")
        sync(ws / "base", *[ws / f / a for a in SEES for f in ("releases", "feed")])
        mark("all renamed")
        book = ledger(ws)
        book.execute("INSERT INTO state VALUES (?, ?)", (n, dt.datetime.now(dt.UTC).isoformat()))
        book.close()
    mark("ledger row")
    with meter(figures, "publish outside (copy)"):
        publish(ws, n)
    mark("published")
    (ws / f"base/{last}.duckdb").unlink()
    mark("old base removed")
    return figures


def digest(path: Path, known: dict[Any, Any]) -> tuple[Any, ...]:
    """Count and sum of row hashes of every table, whatever the row order; files that did not change are read once."""
    stat = path.stat()
    at = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    if at not in known:
        con = duckdb.connect(str(path), read_only=True, config={"threads": 2, "memory_limit": "4GB"})
        tables = rows(con, "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY 1")
        known[at] = tuple(
            (t, *rows(con, f"SELECT count(*), sum(hash(x)::HUGEINT) FROM {t} x")[0])
            for (t,) in tables
            if not t.endswith("release_info")
        )
        con.close()
    return known[at]


def state(ws: Path, n: int, known: dict[Any, Any]) -> dict[str, Any]:
    """What a reader sees at ledger row n: the base, every kept release and the outside files."""
    seen = {"base": digest(ws / f"base/{n}.duckdb", known)}
    for audience in SEES:
        seen |= {f"{audience} {m}": digest(ws / f"releases/{audience}/{m}.duckdb", known) for m in range(n + 1)}
        pointer = json.loads((ws / f"outside/{audience}/current.json").read_text())
        if (
            digest(ws / f"outside/{audience}" / pointer["file"], known) != seen[f"{audience} {pointer['release']}"]
            or pointer["release"] > n
        ):
            raise SystemExit(f"{audience}: the outside file is not release {pointer['release']} of the ledger")
    return seen


def kill_trial(ws: Path, total: int, hold: str, delay: float, *more: str) -> str:
    """Start a run, SIGKILL it at the step `hold` or after `delay` seconds; the last step it reported."""
    arguments = [sys.executable, __file__, "--worker", str(ws), "--records", str(total), "--hold", hold, *more]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        last = "start"
        if hold:
            for line in process.stdout or []:
                last = line.strip()
                if last == hold:
                    break
        else:
            time.sleep(delay)
        process.kill()
        rest = (process.stdout.read() if process.stdout else "").split("\n")
        return ([last] + [r for r in rest if r])[-1]


def kills(
    ws: Path, total: int, count: int, length: float, after: dict[str, Any], known: dict[Any, Any]
) -> list[dict[str, Any]]:
    """`count` random moments and every step; each is checked against the states before and after, then undone."""
    n, chance, found = current(ws), random.Random(7), []
    before = state(ws, n, known)
    keep = ws / "keep.duckdb"
    os.link(ws / f"base/{n}.duckdb", keep)
    for hold, delay in [("", chance.uniform(0, length)) for _ in range(count)] + [(step, 0.0) for step in STEPS]:
        last = kill_trial(ws, total, hold, delay)
        now = current(ws)
        left = stale(ws, now)
        seen = state(ws, now, known)
        equal = "before" if now == n and seen == before else "after" if now == n + 1 and seen == after else "NEITHER"
        start = time.perf_counter()
        clean(ws)
        found.append(
            {
                "at": hold or f"{delay:.2f} s",
                "last_step": last,
                "state": equal,
                "left_over": len(left),
                "wal_left": sum(".wal" in p.name for p in left),
                "seconds_to_clean": round(time.perf_counter() - start, 2),
                "clean": not stale(ws, now) and state(ws, now, known) == seen,
            }
        )
        sys.stderr.write(f"  {found[-1]}\n")
        if now > n:  # undo, so that the next trial starts from the same state
            con = ledger(ws)
            con.execute("DELETE FROM state WHERE n > ?", (n,))
            con.close()
            if not (ws / f"base/{n}.duckdb").exists():
                os.link(keep, ws / f"base/{n}.duckdb")
            clean(ws)
    keep.unlink()
    return found


def search(ws: Path, glob: str = "**/*") -> list[str]:
    """Where the canary is: every text of every table of every file, storage statistics, raw bytes."""
    hits = []
    for path in sorted(p for p in ws.glob(glob) if p.is_file()):
        name, find = (
            str(path.relative_to(ws)),
            "count(*) FILTER (" + " OR ".join(f"contains({{0}}::VARCHAR, '{n}')" for n in NEEDLES) + ")",
        )
        if path.suffix in {".duckdb", ".parquet"}:
            con = connect(ws, x=(path, "READ_ONLY")) if path.suffix == ".duckdb" else connect(ws)
            tables = [
                f"x.{s}.{t}"
                for s, t in rows(con, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'x'")
            ]
            for table in tables or [f"read_parquet('{path}')"]:
                texts = [c[0] for c in rows(con, f"DESCRIBE FROM {table}") if "VARCHAR" in c[1]]
                found = rows(con, f"SELECT {', '.join(find.format(c) for c in texts)} FROM {table}")[0] if texts else []
                hits += [
                    f"{name} {table if tables else ''} {c}" for c, count in zip(texts, found, strict=True) if count
                ]
                if (
                    tables
                    and rows(
                        con, f"SELECT count(*) FROM pragma_storage_info('{table}') WHERE stats::VARCHAR LIKE '%zzcana%'"
                    )[0][0]
                ):
                    hits.append(f"{name} {table} statistics")
            con.close()
        if path.stat().st_size:
            with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as raw:
                hits += [f"{name} raw bytes"] * any(raw.find(n.encode()) >= 0 for n in NEEDLES)
    return hits


def rewrite(ws: Path, path: Path, how: str = "") -> None:
    """Copy every live row into a new file and put it in the place of the old."""
    con = connect(ws, p=(path, "READ_ONLY"), q=(ws / "staging/rewritten.duckdb", "RECOVERY_MODE no_wal_writes"))
    con.execute(how or "COPY FROM DATABASE p TO q")
    con.close()
    sync(ws / "staging/rewritten.duckdb")
    (ws / "staging/rewritten.duckdb").replace(path)


def segment_bytes(path: Path, blocks: list[int]) -> list[str]:
    with path.open("rb") as handle:
        return [hashlib.sha256(os.pread(handle.fileno(), 262144, 12288 + 262144 * b)).hexdigest() for b in blocks]


def forget(con: Con, record: int) -> None:
    """Delete the record from every table of `b`."""
    con.execute("DELETE FROM b.source.record WHERE key = 'KCANARY'")
    for table in list(BASE)[1:]:
        con.execute(f"DELETE FROM b.{table} WHERE {f'l = {record} OR r' if 'edge' in table else 'record'} = {record}")
    con.execute("CHECKPOINT b")


def delete_only(ws: Path, total: int) -> dict[str, Any]:
    """What DELETE and CHECKPOINT leave in the file, in a copy of the base."""
    path = ws / "staging/base.duckdb"
    shutil.copyfile(ws / f"base/{current(ws)}.duckdb", path)
    con = connect(ws, b=(path, ""))
    row = rows(con, f"SELECT rowid FROM b.canonical.person WHERE record = {total // 2}")[0][0]
    info = "pragma_storage_info('b.canonical.person') WHERE"
    groups = rows(
        con,
        f"SELECT row_group_id, sum(sum(count)) OVER (ORDER BY row_group_id) FROM {info} column_name = 'record' AND segment_type = 'BIGINT' GROUP BY 1 ORDER BY 1",
    )
    group = next(g for g, end in groups if end > row)
    blocks = rows(
        con,
        f"SELECT DISTINCT block_id FROM {info} row_group_id = {group} AND column_name IN ('surname', 'name', 'emails', 'ssn') AND block_id >= 0 ORDER BY 1",
    )

    def segments() -> list[bytes]:
        with path.open("rb") as handle:
            return [os.pread(handle.fileno(), 262144, 12288 + 262144 * b) for (b,) in blocks]

    was = segments()
    forget(con, total // 2)
    con.close()
    found = {
        "blocks of its row group": len(blocks),
        "of these byte-equal after": sum(a == b for a, b in zip(was, segments(), strict=True)),
        "hits": search(ws, "staging/*"),
    }
    path.unlink()
    return found


def purge(ws: Path, total: int, mark: Any) -> dict[str, Any]:
    """Remove one record from every file; the ledger keeps the order until all is done, so a killed purge is done again, file by file."""
    figures: dict[str, Any] = {}
    n, record, book = clean(ws), total // 2, ledger(ws)
    base, copy = ws / f"base/{n}.duckdb", ws / "staging/copy.duckdb"
    book.execute("CREATE TABLE IF NOT EXISTS purge (audience TEXT, identity TEXT)")
    if not book.execute("SELECT * FROM purge").fetchall():
        con = connect(ws, b=(base, "READ_ONLY"))
        book.executemany(
            "INSERT INTO purge VALUES (?, ?)",
            [
                (a, rows(con, f"SELECT identity FROM b.resolution.assignment_{a} WHERE record = {record}")[0][0])
                for a in SEES
            ],
        )
        con.close()
    touched = dict(book.execute("SELECT * FROM purge").fetchall())
    with meter(figures, "purge: copy base, delete, checkpoint"):
        shutil.copyfile(base, copy)
        con = connect(ws, b=(copy, "RECOVERY_MODE no_wal_writes"))
        forget(con, record)
        con.close()
    with meter(figures, "purge: rewrite base (COPY FROM DATABASE)"):
        rewrite(ws, copy)
        copy.replace(base)
    for audience in SEES:
        with meter(figures, f"purge: patch and rewrite {n + 1} releases of {audience}"):
            for m in range(n + 1):
                shutil.copyfile(ws / f"releases/{audience}/{m}.duckdb", copy)
                con = connect(ws, b=(base, "READ_ONLY"), r=(copy, "RECOVERY_MODE no_wal_writes"))
                con.execute(f"CREATE TEMP TABLE touched_{audience} AS SELECT '{touched[audience]}' AS identity")
                patch_release(con, audience, m)
                con.close()
                rewrite(ws, copy)
                copy.replace(ws / f"releases/{audience}/{m}.duckdb")
                mark("one release purged")
        with meter(figures, f"purge: rewrite feed of {audience}"):
            for path in list((ws / "feed" / audience).iterdir()):
                con = connect(ws)
                con.execute(
                    f"COPY (SELECT * FROM read_parquet('{path}') WHERE record <> {record}) TO '{ws}/staging/feed' (FORMAT parquet, COMPRESSION zstd)"
                )
                con.close()
                (ws / "staging/feed").replace(path)
        (ws / f"outside/{audience}/current.json").unlink(missing_ok=True)
    publish(ws, n)
    book.execute("DELETE FROM judgement WHERE a = 'd5/KCANARY'")
    figures["ledger: raw bytes left by a plain DELETE"] = any(
        b"KCANARY" in p.read_bytes() for p in ws.glob("ledger.sqlite*")
    )
    book.executescript("PRAGMA secure_delete=ON; DELETE FROM purge; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
    book.close()
    return figures


def purge_trial(ws: Path, total: int) -> dict[str, Any]:
    """Plain delete, a purge killed after its first release, the same purge once more; the canary searched for in between."""
    book = ledger(ws)
    book.execute("INSERT INTO judgement VALUES ('d5/KCANARY', 'd1/K1', 'same person')")
    book.close()
    found: dict[str, Any] = {"hits before": search(ws), "DELETE and CHECKPOINT only": delete_only(ws, total)}
    found["killed at"] = kill_trial(ws, total, "one release purged", 0.0, "--purge")
    found["files unreadable after the kill"] = sum(
        not digest(p, {}) for f in ("base/*.duckdb", "releases/*/*.duckdb", "outside/*/*.duckdb") for p in ws.glob(f)
    )
    found["releases that hold it after the kill"] = sum("identity_record key" in h for h in search(ws, "releases/*/*"))
    command = [sys.executable, __file__, "--worker", str(ws), "--records", str(total), "--purge"]
    found["second run"] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip().split("\n")[-1]
    )
    return found | {"hits after": search(ws)}


def sizes(path: Path, ws: Path) -> dict[str, float]:
    con = connect(ws, x=(path, "READ_ONLY"))
    tables = rows(con, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'x'")
    sql = "SELECT count(DISTINCT b) * .262144 FROM (SELECT unnest(list_append(additional_block_ids, block_id)) AS b FROM pragma_storage_info('x.{}.{}')) WHERE b >= 0"
    found = {f"{s}.{t}_mb": round(float(rows(con, sql.format(s, t))[0][0]), 1) for s, t in tables}
    con.close()
    return found | {"file_mb": round(path.stat().st_size / 1e6, 1)}


def lookup(ws: Path, path: Path, table: str) -> float:
    """Median milliseconds to find who shares one key of a record."""
    con, times = connect(ws, x=(path, "READ_ONLY")), []
    for rule, value in rows(con, f"SELECT rule, hash FROM x.{table} ORDER BY hash(record, 3), rule LIMIT 60"):
        start = time.perf_counter()
        rows(con, f"SELECT record FROM x.{table} WHERE rule = {rule} AND hash = {value}::UBIGINT")
        times.append(time.perf_counter() - start)
    con.close()
    return round(statistics.median(times) * 1000, 2)


def clone(source: Path, target: Path, method: str) -> None:
    """Copy by one kernel call; FICLONE shares the blocks where the file system can."""
    if method == "copyfile (sendfile)":
        shutil.copyfile(source, target)
        return
    with source.open("rb") as a, target.open("wb") as b:
        if method == "FICLONE":
            fcntl.ioctl(b.fileno(), 0x40049409, a.fileno())
        else:
            left = source.stat().st_size
            while left:
                left -= os.copy_file_range(a.fileno(), b.fileno(), min(left, 2**30))


def alternatives(ws: Path, total: int, figures: dict[str, Any]) -> dict[str, Any]:
    """Other ways of doing the same, on the same files."""
    n, found, trial = current(ws), {}, ws / "staging/trial.duckdb"
    base, orders = (
        ws / f"base/{n}.duckdb",
        "; ".join(
            f"CREATE SCHEMA IF NOT EXISTS q.{t.split('.')[0]}; CREATE TABLE q.{t} AS SELECT * FROM p.{t} ORDER BY {o}"
            for t, o in BASE.items()
        ),
    )

    def size(name: str) -> None:
        found[name + "_mb"] = round(trial.stat().st_size / 1e6, 1)
        trial.unlink()

    for method in ("copyfile (sendfile)", "copy_file_range", "FICLONE"):
        with meter(figures, f"copy base: {method}"), contextlib.suppress(OSError):
            clone(base, trial, method)
        with meter(figures, f"copy base: {method}, fsync after"):
            sync(trial)
        size(f"copied: {method}")
    for how, sql in {
        "COPY FROM DATABASE, unordered": "SET preserve_insertion_order = false; COPY FROM DATABASE p TO q",
        "sorted again": orders,
    }.items():
        copy = ws / "staging/base.duckdb"
        shutil.copyfile(base, copy)
        with meter(figures, f"rewrite base: {how}"):
            rewrite(ws, copy, sql)
        found[f"lookup after {how} ms"] = lookup(ws, copy, "blocking.key")
        copy.replace(trial)
        size(f"rewrite base: {how}")
    for group in (122880, 16384):
        with meter(figures, f"keys in a file of their own, row groups of {group}"):
            con = connect(ws, p=(base, "READ_ONLY"), q=(trial, f"RECOVERY_MODE no_wal_writes, ROW_GROUP_SIZE {group}"))
            con.execute("CREATE TABLE q.key AS SELECT * FROM p.blocking.key ORDER BY rule, hash, record; CHECKPOINT q")
            con.close()
        found[f"lookup in row groups of {group} ms"] = lookup(ws, trial, "key")
        size(f"keys, row groups of {group}")
    shutil.copyfile(base, trial)
    con = connect(ws, b=(trial, ""))
    with meter(figures, "delta with the WAL on, in place: commit"):
        apply_delta(con, n + 1, total, str)
    found["wal_at_commit_mb"] = round(sum(p.stat().st_size for p in [Path(f"{trial}.wal")] if p.exists()) / 1e6, 1)
    with meter(figures, "delta with the WAL on, in place: checkpoint"):
        con.execute("CHECKPOINT b")
    con.close()
    size("delta in place")
    con = connect(
        ws, q=(trial, "RECOVERY_MODE no_wal_writes"), **{a: (ws / f"releases/{a}/0.duckdb", "READ_ONLY") for a in SEES}
    )
    tables = [t for (t,) in rows(con, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'agency'")]
    with meter(figures, "one file for both audiences (copied table by table)"):
        for a in SEES:
            con.execute(
                f"CREATE SCHEMA q.{a}"
                + "".join(f"; CREATE TABLE q.{a}.{t} AS FROM {a}.{t}" for t in tables)
                + "; CHECKPOINT q"
            )
    for a in SEES:
        with meter(figures, f"release of {a} as Parquet (zstd)"):
            for t in tables:
                con.execute(f"COPY {a}.{t} TO '{ws}/staging/{t}.parquet' (FORMAT parquet, COMPRESSION zstd)")
        found[f"release of {a} as Parquet_mb"] = round(
            sum((ws / f"staging/{t}.parquet").stat().st_size for t in tables) / 1e6, 1
        )
    con.close()
    size("one file for both audiences")
    path, code = (
        ws / "staging/x.duckdb",
        "import duckdb,os,signal;c=duckdb.connect('{}');c.execute('{}');{}os.kill(os.getpid(),signal.SIGKILL)",
    )

    def count(file: Path) -> int | str:
        try:
            with duckdb.connect(str(file), read_only=True) as con:
                return rows(con, "SELECT count(*) FROM t")[0][0]
        except duckdb.Error as error:
            return type(error).__name__

    def killed(sql: str, then: str = "") -> None:
        subprocess.run([sys.executable, "-c", code.format(path, sql, then)], check=False)

    killed("CREATE TABLE t AS FROM range(1000)")
    shutil.copyfile(path, trial)
    found["killed without checkpoint: rows with, without the .wal"] = [count(path), count(trial)]
    path.unlink()
    Path(f"{path}.wal").unlink()
    trial.unlink()
    killed(
        "CREATE TABLE t AS FROM range(1000); CHECKPOINT",
        f"os.rename('{path}','{trial}');c.execute('INSERT INTO t FROM range(500)');",
    )
    found["renamed while open, 500 rows committed after: rows"] = count(trial)
    found["renamed while open: WAL stays under the old name"] = Path(f"{path}.wal").exists()
    shutil.rmtree(ws / "staging")
    return found


def trial(ws: Path, total: int, count: int, nights: int) -> dict[str, Any]:
    """The whole trial in the empty folder `ws`."""
    seconds: dict[str, Any] = {}
    out: dict[str, Any] = {"measured": seconds}
    for folder in ("base", "staging", *[f"{f}/{a}" for f in ("releases", "feed", "outside") for a in SEES]):
        (ws / folder).mkdir(parents=True, exist_ok=True)
    build_base(ws, total, seconds)

    def whole(n: int, audience: str, path: Path) -> None:
        with meter(seconds, f"build release whole: {audience}, night {n}{' again' if path.exists() else ''}"):
            path.unlink(missing_ok=True)
            con = connect(ws, b=(ws / f"base/{n}.duckdb", "READ_ONLY"), r=(path, "RECOVERY_MODE no_wal_writes"))
            build_release(con, audience)
            if not n:
                con.execute(
                    f"COPY (SELECT record, NULL::VARCHAR AS was, identity AS now, key FROM b.resolution.assignment_{audience} JOIN b.canonical.person USING (record)"
                    f" ORDER BY record) TO '{ws}/feed/{audience}/0.parquet' (FORMAT parquet, COMPRESSION zstd)"
                )
            con.close()

    for audience in SEES:
        path = ws / f"releases/{audience}/0.duckdb"
        whole(0, audience, path)
    first = hashlib.sha256(path.read_bytes()).hexdigest()
    whole(0, "agency", path)
    out["release built twice: file byte-equal"] = first == hashlib.sha256(path.read_bytes()).hexdigest()
    con = ledger(ws)
    con.execute("INSERT INTO state VALUES (0, '')")
    con.close()
    publish(ws, 0)
    out["bytes"] = {"base": sizes(ws / "base/0.duckdb", ws)} | {
        a: sizes(ws / f"releases/{a}/0.duckdb", ws) for a in SEES
    }
    out["bytes"]["feed"] = {f"{a}_mb": round((ws / f"feed/{a}/0.parquet").stat().st_size / 1e6, 1) for a in SEES}
    out["lookup_ms"] = {"fresh base": lookup(ws, ws / "base/0.duckdb", "blocking.key")}
    known: dict[Any, Any] = {}
    keep, reader = ws / "keep0.duckdb", duckdb.connect(str(ws / "outside/agency/0.duckdb"), read_only=True)
    os.link(ws / "base/0.duckdb", keep)
    view = "SELECT count(*), sum(hash(x)::HUGEINT) FROM person x"
    seen = rows(reader, view)
    command = [sys.executable, __file__, "--worker", str(ws), "--records", str(total)]

    def one_night() -> dict[str, Any]:
        start = time.perf_counter()
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return {"seconds": round(time.perf_counter() - start, 2)} | json.loads(lines.strip().split("\n")[-1])

    out["night 1"] = one_night()
    out["reader of release 0 undisturbed, its file removed"] = (
        rows(reader, view) == seen and not (ws / "outside/agency/0.duckdb").exists()
    )
    reader.close()
    after = state(ws, 1, known)
    for audience in SEES:
        path = ws / f"staging/{audience}.duckdb"
        whole(1, audience, path)
        ours, fresh = (
            {t: r for t, *r in digest(p, known) if "event" not in t}
            for p in (ws / f"releases/{audience}/1.duckdb", path)
        )
        out[f"patched release equals rebuilt: {audience}"] = ours == fresh
    con = ledger(ws)
    con.execute("DELETE FROM state WHERE n = 1")
    con.close()
    keep.replace(ws / "base/0.duckdb")
    clean(ws)
    out["kills"] = kills(ws, total, count, out["night 1"]["seconds"], after, known)
    out["nights"] = []
    for _ in range(nights):
        got = one_night()
        n = current(ws)
        out["nights"].append(
            {
                "n": n,
                "seconds": got["seconds"],
                "base_mb": round((ws / f"base/{n}.duckdb").stat().st_size / 1e6, 1),
                **{f"{a}_mb": round((ws / f"releases/{a}/{n}.duckdb").stat().st_size / 1e6, 1) for a in SEES},
            }
        )
        if n == 1:
            out["run after all kills equals the undisturbed run"] = state(ws, 1, known) == after
    out["lookup_ms"][f"after {n} nights"] = lookup(ws, ws / f"base/{n}.duckdb", "blocking.key")
    out["alternatives"] = alternatives(ws, total, seconds)
    (ws / "staging/spill").mkdir(parents=True)
    out["purge"] = purge_trial(ws, total)
    return out


def worker(ws: Path, total: int, hold: str, job: Any) -> None:
    def mark(step: str) -> None:
        sys.stdout.write(step + "\n")
        sys.stdout.flush()
        while step == hold:
            time.sleep(60)

    sys.stdout.write(json.dumps(job(ws, total, mark)) + "\n")


def main() -> None:
    """Run the trial and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--directory", type=Path, help="where the temporary workspace goes")
    parser.add_argument("--kills", type=int, default=12, help="random moments, beside one at each named step")
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--purge", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--hold", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        worker(given.worker, given.records, given.hold, purge if given.purge else night)
        return
    with tempfile.TemporaryDirectory(dir=given.directory) as folder:
        memory = (
            int(next(x for x in Path("/proc/meminfo").read_text().split("\n") if x.startswith("MemTotal")).split()[1])
            // 1024**2
        )
        out = {
            "claim": "the state layout holds",
            "records": given.records,
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "machine": {
                "cores": os.cpu_count(),
                "memory_gb": memory,
                "load_at_start": os.getloadavg()[0],
                "note": "shared with other work: seconds are upper bounds",
            },
            "versions": {
                "python": platform.python_version(),
                "duckdb": duckdb.__version__,
                "sqlite": sqlite3.sqlite_version,
            },
        }
        out |= trial(Path(folder), given.records, given.kills, given.nights)
        out["machine"]["load_at_end"] = os.getloadavg()[0]
    bad = [k for k in out["kills"] if k["state"] == "NEITHER" or not k["clean"]]
    out["holds"] = (
        not bad
        and not out["purge"]["hits after"]
        and all(v for k, v in out.items() if "equals" in k or "undisturbed" in k)
    )
    sys.stdout.write(json.dumps(out, indent=None if given.json else 1, default=str) + "\n")


if __name__ == "__main__":
    main()
