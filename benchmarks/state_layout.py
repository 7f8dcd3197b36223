"""Does the state layout hold? Base, releases, feed and ledger of two audiences: cost of a run, kill -9, readers, purge.

    python benchmarks/state_layout.py --records 300000 --json
A synthetic workspace is built; a night of 10,000 changed records is run as a worker process, killed (SIGKILL) at seeded random moments and at
every named step, and each time compared with the states before and after; then one record is purged from every file and searched for.
Disk: about eight times the base (300 bytes a record). The workspace is temporary and removed at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import platform
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEES = {"centre": "true", "agency": "dataset < 'd7'"}  # the agency sees 7 of 10 datasets
STEPS = (
    *("clean", "copied", "delta open", "committed", "base closed", "patched", "audited"),
    *("base renamed", "renamed", "ledger row", "published", "done"),
)
NO_WAL = "(RECOVERY_MODE no_wal_writes)"  # a staged copy needs no log: it is thrown away when the run dies
SETTINGS: dict[str, Any] = {"threads": 2, "memory_limit": "4GB"}
MACROS = """CREATE TEMP MACRO part(n) AS ['mar','tin','son','ber','ger','lo','pez','wil','jo','han','dra','ka','mi','el','ro','sa'][n % 16 + 1];
CREATE TEMP MACRO spell(n) AS part(n) || part(n // 16) || part(n // 256) || part(n // 4096);
CREATE TEMP MACRO word(e, k, size) AS spell((pow((hash(e, k) % 1000000) / 1e6, 3) * size)::BIGINT);"""
GENERATE = """WITH e AS (SELECT *, (hash(record, version) % ({total} * 6 // 10))::BIGINT AS e, hash(record, version, 9) AS h FROM {ids}),
n AS (SELECT *, word(e, 1, 6000) || if(h % 20 = 0, 'y', '') AS given_name, word(e, 2, 60000) AS sur, word(e, 3, 900) AS middle_name,
  DATE '1930-01-01' + (hash(e, 4) % 27000)::INTEGER AS birth_date, lpad((e * 179424673 % 999999937)::VARCHAR, 9, '0') AS ssn,
  lpad((hash(e, 5) % 10000000000)::VARCHAR, 10, '0') AS phone, (hash(e, 6) % 9000 + 1)::VARCHAR AS house_number, word(e, 7, 29000) || ' st' AS street,
  word(e, 8, 3000) AS city, lpad((hash(e, 8) % 40000)::VARCHAR, 5, '0') AS postcode, DATE '2015-01-01' + (h % 4000)::INTEGER AS seen_on FROM e)
SELECT record, 'd' || if(record < {total}, record * 10 // {total}, record % 10) AS dataset, 'subject' AS role, 'a' || record % 5 AS agency, seen_on,
  if(record = {total} // 2, 'KCANARY', 'K' || lpad(record::VARCHAR, 9, '0')) AS key, if(record = {total} // 2, 'zzcanary', sur) AS surname, given_name,
  given_name || ' ' || middle_name || ' ' || surname AS name, middle_name, if(h % 40 = 0, 'jr', NULL) AS suffix, left(given_name, 4) AS given_root,
  left(surname, 1) || length(surname) || right(surname, 3) AS surname_code, if(h % 10 = 0, [given_name || ' ' || city], []) AS other_names, birth_date,
  year(birth_date)::SMALLINT AS birth_year, if(h % 2 = 0, 'f', 'm') AS sex, ssn, right(ssn, 4) AS ssn_last4, [phone] AS phones,
  if(h % 4 = 0, ['passport:us:x' || ssn], []) AS identifiers, [given_name || '.' || surname || e % 97 || '@example.org'] AS emails,
  house_number || ' ' || street || ', ' || city AS address, house_number, street, city, 'r' || hash(city) % 50 AS region, postcode, 'us' AS country,
  hash(record, version, name) AS hash, upper(given_name) AS c1, surname AS c2, strftime(birth_date, '%m/%d/%Y') AS c3, left(ssn, 3) || '-' || right(ssn, 6) AS c4,
  '(' || left(phone, 3) || ') ' || right(phone, 7) AS c5, emails[1] AS c6, upper(address) AS c7, upper(city) AS c8, postcode AS c9,
  strftime(seen_on, '%m/%d/%Y') AS c10 FROM n"""
RECORD = "SELECT dataset, key, hash, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 FROM g ORDER BY record"
CANONICAL = "SELECT * EXCLUDE (hash, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10) FROM g ORDER BY record"
KEY_FIELDS = (
    *("ssn", "surname_code, birth_date", "given_root, surname, birth_year"),
    *("phones[1]", "postcode, house_number, surname_code", "emails[1]"),
)
KEYS = " UNION ALL ".join(
    f"SELECT {i}::UTINYINT AS rule, hash({f}) AS hash, record FROM {{0}}" for i, f in enumerate(KEY_FIELDS)
)
# True pairs by the SSN's hash, plus one weak edge for a fifth of the records.
EDGES = """SELECT DISTINCT least(x.record, y.record) AS l, greatest(x.record, y.record) AS r, (8000 + hash(x.hash) % 9000)::INTEGER AS weight,
  (hash(x.hash, 1) % 65536)::UINTEGER AS levels FROM (FROM b.blocking.key WHERE rule = 0 {0}) x JOIN (FROM b.blocking.key WHERE rule = 0) y
  ON x.hash = y.hash AND x.record <> y.record
UNION ALL SELECT record, record + 1 + (hash(record) % 99999)::BIGINT, -2000 + (hash(record) % 3000)::INTEGER, 7::UINTEGER
  FROM b.canonical.person WHERE hash(record) % 5 = 0 {0}"""
ASSIGN = "SELECT record, 'p' || left(md5('{0}' || ssn), 20) AS identity FROM {1} WHERE {2} ORDER BY record"
DELTA = """CREATE TEMP TABLE d AS (SELECT range AS record, {n} AS version, true AS stays FROM range({total} + ({n} - 1) * 5000, {total} + {n} * 5000))
UNION ALL (SELECT record, {n}, row_number() OVER (ORDER BY hash(record, {n})) <= 4000 FROM b.canonical.person WHERE key <> 'KCANARY' ORDER BY hash(record, {n}) LIMIT 5000)"""
GOLDEN = ("name", "given_name", "surname", "birth_date", "sex", "ssn", "address", "city", "postcode")
VALUES = ("name", "given_name", "surname", "birth_date", "phones", "emails", "address")
PUBLISHED = {  # ties of mode() are settled by the value: without that a release is not reproducible
    "identity": "SELECT identity, count(*) AS records, min(seen_on) AS first_seen, max(seen_on) AS last_seen FROM member GROUP BY identity",
    "identity_record": "SELECT identity, dataset, key, role FROM member",
    "person": f"""SELECT identity, {", ".join(f"mode({c} ORDER BY {c}) AS {c}" for c in GOLDEN)} FROM many GROUP BY identity
      UNION ALL SELECT identity, {", ".join(GOLDEN)} FROM member ANTI JOIN many USING (identity)""",
    "identity_value": f"""SELECT identity, field, value, list(record ORDER BY record) AS records, list_sort(list_distinct(list(agency))) AS agencies,
      min(seen_on) AS first_seen, max(seen_on) AS last_seen FROM ({
        " UNION ALL ".join(
            f"SELECT identity, '{c}' AS field, {c}::VARCHAR AS value, record, agency, seen_on FROM many" for c in VALUES
        )
    })
      WHERE value IS NOT NULL GROUP BY identity, field, value""",
}
Con = duckdb.DuckDBPyConnection


def rows(con: Con, sql: str) -> list[Any]:
    """All rows of a query."""
    return con.sql(sql).fetchall()


def connect(ws: Path, **files: str) -> Con:
    """An in-memory connection with files attached, each given as its path under `ws` and options."""
    con = duckdb.connect(config=SETTINGS | {"temp_directory": str(ws / "staging")})
    for name, file in files.items():
        path, _, options = file.partition(" ")
        con.execute(f"ATTACH '{ws / path}' AS {name} {options}")
    con.execute(MACROS)
    return con


@contextlib.contextmanager
def meter(into: dict[str, Any], name: str) -> Iterator[None]:
    """Seconds and peak resident memory of a block."""
    Path("/proc/self/clear_refs").write_text("5")
    start = time.perf_counter()
    yield
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    into[name] = {"seconds": round(time.perf_counter() - start, 2), "peak_mb": int(status["VmHWM"].split()[0]) // 1024}
    print(f"  {name}: {into[name]}", file=sys.stderr)


def sync(*paths: Path) -> None:
    """Flush files or folders to the disk."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def build_base(ws: Path, total: int) -> None:
    """The first base: every table sorted by its key."""
    con = connect(ws, b=f"base/0.duckdb {NO_WAL}")
    con.execute(
        "CREATE SCHEMA b.source; CREATE SCHEMA b.canonical; CREATE SCHEMA b.blocking; CREATE SCHEMA b.scoring; CREATE SCHEMA b.resolution"
    )
    for low in range(0, total, 1_000_000):
        ids = f"(SELECT range AS record, 0 AS version FROM range({low}, {min(total, low + 1_000_000)}))"
        con.execute(f"CREATE OR REPLACE TEMP TABLE g AS {GENERATE.format(ids=ids, total=total)}")
        for table, select in (("source.record", RECORD), ("canonical.person", CANONICAL)):
            con.execute(f"{'INSERT INTO' if low else 'CREATE TABLE'} b.{table} {'' if low else 'AS'} {select}")
    con.execute(
        f"CREATE TABLE b.blocking.key AS FROM ({KEYS.format('b.canonical.person')}) ORDER BY rule, hash, record"
    )
    con.execute(f"CREATE TABLE b.scoring.edge AS FROM ({EDGES.format('')}) ORDER BY l, r")
    for a, sees in SEES.items():
        con.execute(f"CREATE TABLE b.resolution.assignment_{a} AS {ASSIGN.format(a, 'b.canonical.person', sees)}")
    con.execute("CHECKPOINT b")
    con.close()


def prepare(con: Con, audience: str, which: str) -> None:
    """The members of the identities to publish, and those of them that are identities of two records and more."""
    con.execute(f"""CREATE OR REPLACE TEMP TABLE member AS SELECT a.identity, p.*
          FROM (FROM b.resolution.assignment_{audience} WHERE {which}) a JOIN b.canonical.person p USING (record);
        CREATE OR REPLACE TEMP TABLE many AS FROM member
        SEMI JOIN (SELECT identity FROM member GROUP BY identity HAVING count(*) > 1) USING (identity)""")


def build_release(ws: Path, audience: str, n: int, file: str) -> None:
    """A whole release from base n, in eight pieces in the order of the identities: lists of all at once pass 4 GB."""
    con = connect(ws, b=f"base/{n}.duckdb (READ_ONLY)", r=f"{file} {NO_WAL}")
    for piece in ("01", "23", "45", "67", "89", "ab", "cd", "ef"):
        prepare(con, audience, f"contains('{piece}', identity[2])")
        for table, sql in PUBLISHED.items():
            start = f"CREATE TABLE r.{table} AS" if piece == "01" else f"INSERT INTO r.{table}"
            con.execute(f"{start} FROM ({sql}) ORDER BY ALL")
    con.execute("CREATE TABLE r.release_info AS SELECT 0 AS release; CHECKPOINT r")
    con.close()


def patch_release(con: Con, audience: str, n: int) -> None:
    """Replace the touched identities in `r`, a copy of the last release."""
    prepare(con, audience, f"identity IN (FROM touched_{audience})")
    con.execute("BEGIN")
    for table, sql in PUBLISHED.items():
        con.execute(f"DELETE FROM r.{table} USING touched_{audience} t WHERE {table}.identity = t.identity")
        con.execute(f"INSERT INTO r.{table} FROM ({sql}) ORDER BY ALL")
    con.execute(f"UPDATE r.release_info SET release = {n}; COMMIT; CHECKPOINT r")


def apply_delta(con: Con, n: int, total: int, mark: Callable[[str], None]) -> None:
    """5,000 new, 4,000 changed and 1,000 withdrawn records, deleted and inserted in every table of `b`; one transaction."""
    con.execute(DELTA.format(n=n, total=total))
    con.execute(f"CREATE TEMP TABLE g AS {GENERATE.format(ids='(FROM d WHERE stays)', total=total)}")
    for a in SEES:
        con.execute(
            f"CREATE TEMP TABLE old_{a} AS SELECT record, identity AS was FROM b.resolution.assignment_{a} SEMI JOIN d USING (record)"
        )
    con.execute("""BEGIN; DELETE FROM b.source.record USING (SELECT dataset, key FROM b.canonical.person SEMI JOIN d USING (record)) o
        WHERE record.dataset = o.dataset AND record.key = o.key; DELETE FROM b.canonical.person WHERE record IN (SELECT record FROM d);
        DELETE FROM b.blocking.key WHERE record IN (SELECT record FROM d);
        DELETE FROM b.scoring.edge WHERE l IN (SELECT record FROM d) OR r IN (SELECT record FROM d)""")
    con.execute(f"INSERT INTO b.source.record {RECORD}; INSERT INTO b.canonical.person {CANONICAL}")
    mark("delta open")
    con.execute(f"INSERT INTO b.blocking.key FROM ({KEYS.format('g')}) ORDER BY rule, hash, record")
    con.execute(
        f"INSERT INTO b.scoring.edge FROM ({EDGES.format('AND record IN (SELECT record FROM d)')}) ORDER BY l, r"
    )
    for a, sees in SEES.items():
        con.execute(f"""DELETE FROM b.resolution.assignment_{a} WHERE record IN (SELECT record FROM d);
            INSERT INTO b.resolution.assignment_{a} {ASSIGN.format(a, "g", sees)};
            CREATE TEMP TABLE feed_{a} AS SELECT record, key, was, new.identity AS now FROM old_{a} FULL JOIN ({ASSIGN.format(a, "g", sees)}) new USING (record)
              LEFT JOIN (SELECT record, key FROM g) USING (record) ORDER BY record;
            CREATE TEMP TABLE touched_{a} AS FROM (SELECT DISTINCT unnest([was, now]) AS identity FROM feed_{a}) WHERE identity IS NOT NULL""")
    con.execute("COMMIT")


def ledger(ws: Path) -> sqlite3.Connection:
    """Open the ledger; a commit is on disk when it returns."""
    con = sqlite3.connect(ws / "ledger.sqlite", isolation_level=None)
    con.executescript("""PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS state (n INTEGER PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS purge (audience TEXT, identity TEXT); CREATE TABLE IF NOT EXISTS judgement (a TEXT, b TEXT)""")
    return con


def current(ws: Path) -> int:
    """The ledger's last state."""
    with contextlib.closing(ledger(ws)) as con:
        return int(con.execute("SELECT max(n) FROM state").fetchone()[0])


def publish(ws: Path, n: int) -> None:
    """Bring every audience's folder outside to release n; safe to repeat."""
    for out in (ws / "outside" / a for a in SEES):
        pointer = out / "current.json"
        if not pointer.exists() or json.loads(pointer.read_text())["release"] != n:
            shutil.copyfile(ws / f"releases/{out.name}/{n}.duckdb", out / "file.part")
            (out / "current.part").write_text(json.dumps({"release": n}))
            sync(out / "file.part", out / "current.part")
            (out / "file.part").replace(out / f"{n}.duckdb")
            (out / "current.part").replace(pointer)
            sync(out)
        for old in set(out.iterdir()) - {pointer, out / f"{n}.duckdb"}:
            old.unlink()


def stale(ws: Path, n: int) -> list[Path]:
    """What no ledger row speaks of."""
    found = [*(ws / "staging").iterdir(), *(p for p in (ws / "base").iterdir() if p.name != f"{n}.duckdb")]
    return found + [
        p for f in ("releases", "feed") for p in (ws / f).glob("*/*") if not p.stem.isdigit() or int(p.stem) > n
    ]


def clean(ws: Path) -> int:
    """What each start does first: drop what the ledger does not name, then publish what it does."""
    n = current(ws)
    for path in stale(ws, n):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    publish(ws, n)
    return n


def night(ws: Path, total: int, mark: Callable[[str], None]) -> dict[str, Any]:
    """One run: copy, change, patch, audit, rename, one ledger row, publish, drop the old base."""
    figures: dict[str, Any] = {}
    last, stage = clean(ws), ws / "staging"
    n = last + 1
    mark("clean")
    with meter(figures, "copy base"):
        shutil.copyfile(ws / f"base/{last}.duckdb", stage / "base.duckdb")
    mark("copied")
    with meter(figures, "delta, all tables"):
        con = connect(ws, b=f"staging/base.duckdb {NO_WAL}")
        apply_delta(con, n, total, mark)
    mark("committed")
    with meter(figures, "checkpoint and close base"):
        con.execute("CHECKPOINT b; DETACH b")
    mark("base closed")
    con.execute(f"ATTACH '{stage}/base.duckdb' AS b (READ_ONLY)")
    for a in SEES:
        with meter(figures, f"patch release {a}"):
            shutil.copyfile(ws / f"releases/{a}/{last}.duckdb", stage / f"{a}.duckdb")
            con.execute(f"ATTACH '{stage}/{a}.duckdb' AS r {NO_WAL}")
            patch_release(con, a, n)
            con.execute(f"COPY feed_{a} TO '{stage}/{a}.parquet' (FORMAT parquet); DETACH r")
        mark("patched")
    with meter(figures, "audit"):
        for a in SEES:
            con.execute(f"ATTACH '{stage}/{a}.duckdb' AS r (READ_ONLY)")
            counts = rows(
                con,
                f"""SELECT count(*), count(DISTINCT (dataset, key)), (SELECT count(*) FROM b.resolution.assignment_{a}),
                (SELECT sum(records) FROM r.identity) FROM r.identity_record""",
            )[0]
            if len(set(counts)) != 1:
                sys.exit(f"audit failed for {a}: {counts}")
            con.execute("DETACH r")
        con.close()
    mark("audited")
    with meter(figures, "fsync, rename, ledger row"):
        sync(*(p for p in stage.iterdir() if p.is_file()))
        (stage / "base.duckdb").replace(ws / f"base/{n}.duckdb")
        mark("base renamed")
        for a in SEES:
            (stage / f"{a}.duckdb").replace(ws / f"releases/{a}/{n}.duckdb")
            (stage / f"{a}.parquet").replace(ws / f"feed/{a}/{n}.parquet")
        sync(ws / "base", *(ws / f / a for a in SEES for f in ("releases", "feed")))
        mark("renamed")
        with contextlib.closing(ledger(ws)) as book:
            book.execute("INSERT INTO state VALUES (?)", (n,))
    mark("ledger row")
    with meter(figures, "publish outside"):
        publish(ws, n)
    mark("published")
    (ws / f"base/{last}.duckdb").unlink()
    mark("done")
    return figures


def digest(path: Path, known: dict[Any, Any]) -> Any:
    """Count and sum of row hashes of every table, whatever the row order; a file that did not change is read once."""
    at = (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size)
    if at not in known:
        with duckdb.connect(str(path), read_only=True, config=SETTINGS) as con:
            tables = [
                f"{s}.{t}"
                for s, t in rows(con, "SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL")
                if t != "release_info"
            ]
            known[at] = {t: rows(con, f"SELECT count(*), sum(hash(x)::HUGEINT) FROM {t} x")[0] for t in tables}
    return known[at]


def state(ws: Path, known: dict[Any, Any]) -> tuple[Any, ...]:
    """What readers see: the ledger's base and releases, and the files outside, which must be releases of the ledger."""
    n = current(ws)
    releases = {(a, m): digest(ws / f"releases/{a}/{m}.duckdb", known) for a in SEES for m in range(n + 1)}
    for a in SEES:
        m = json.loads((ws / f"outside/{a}/current.json").read_text())["release"]
        if digest(ws / f"outside/{a}/{m}.duckdb", known) != releases[a, m]:
            sys.exit(f"what {a} sees outside is not release {m}")
    return n, digest(ws / f"base/{n}.duckdb", known), releases


def work(ws: Path, total: int, job: str, hold: str = "", delay: float = 0) -> Any:
    """Run a job in a process of its own; SIGKILL it at the step `hold` or after `delay` seconds. Its figures, or its last step."""
    command = [
        sys.executable,
        __file__,
        "--worker",
        job,
        "--records",
        str(total),
        "--directory",
        str(ws),
        "--hold",
        hold,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        lines = ["start"]
        if delay:
            time.sleep(delay)
            process.kill()
        for line in process.stdout or []:
            lines.append(line.strip())
            if hold and lines[-1] == hold:
                process.kill()
    return lines[-1] if hold or delay else json.loads(lines[-1])


def kills(ws: Path, total: int, count: int, length: float, after: Any) -> list[dict[str, Any]]:
    """Random moments, then every step; each checked against the states before and after, then undone."""
    known: dict[Any, Any] = {}
    chance, found, keep = random.Random(7), [], ws / "keep.duckdb"
    before = state(ws, known)
    os.link(ws / "base/0.duckdb", keep)
    for hold, delay in [("", chance.uniform(0.1, length)) for _ in range(count)] + [(step, 0.0) for step in STEPS]:
        last = work(ws, total, "night", hold, delay)
        seen, left = state(ws, known), stale(ws, current(ws))
        equal = "before" if seen == before else "after" if seen == after else "NEITHER"
        clean(ws)
        whole = state(ws, known) == seen and not stale(ws, current(ws))
        found.append(
            {
                "killed": hold or f"{delay:.1f} s",
                "last_step": last,
                "state": equal,
                "left_over": len(left),
                "clean_after": whole,
            }
        )
        print(f"  {found[-1]}", file=sys.stderr)
        with contextlib.closing(ledger(ws)) as book:  # undo, so that the next trial starts from the same state
            book.execute("DELETE FROM state WHERE n > 0")
        if not (ws / "base/0.duckdb").exists():
            os.link(keep, ws / "base/0.duckdb")
        clean(ws)
    keep.unlink()
    return found


def search(ws: Path, glob: str = "**/*") -> list[str]:
    """The texts of every table of every file that hold the purged record, storage statistics, the ledger's raw bytes."""
    hits = []
    for path in sorted(p for p in ws.glob(glob) if p.is_file()):
        name = str(path.relative_to(ws))
        if path.name.startswith("ledger"):
            hits += [name] * (b"KCANARY" in path.read_bytes())
            continue
        con = connect(ws, **({"x": f"{name} (READ_ONLY)"} if path.suffix == ".duckdb" else {}))
        tables = [
            f"x.{s}.{t}"
            for s, t in rows(con, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'x'")
        ]
        for table in tables or [f"'{path}'"] * (path.suffix == ".parquet"):
            texts = [c[0] for c in rows(con, f"DESCRIBE FROM {table}") if "VARCHAR" in c[1]]
            holds = " OR ".join(f"regexp_matches({c}::VARCHAR, 'KCANARY|zzcanary')" for c in texts) or "false"
            hits += [f"{name} {table if tables else ''} rows"] * bool(
                rows(con, f"SELECT count(*) FROM {table} WHERE {holds}")[0][0]
            )
            if tables:
                stats = rows(
                    con, f"SELECT count(*) FROM pragma_storage_info('{table}') WHERE stats::VARCHAR LIKE '%zzcana%'"
                )[0][0]
                hits += [f"{name} {table} statistics"] * bool(stats)
        con.close()
    return hits


def rewrite(ws: Path, target: Path) -> None:
    """Copy every live row of the staged file into a new one and put it in the place of `target`."""
    con = connect(ws, p="staging/copy.duckdb (READ_ONLY)", q=f"staging/new.duckdb {NO_WAL}")
    con.execute("COPY FROM DATABASE p TO q")
    con.close()
    sync(ws / "staging/new.duckdb")
    (ws / "staging/new.duckdb").replace(target)


def forget(con: Con, record: int) -> None:
    """Delete the record from every table of `b` and close: enough for its readers, not for its file."""
    con.execute(
        f"DELETE FROM b.source.record WHERE key = 'KCANARY'; DELETE FROM b.scoring.edge WHERE {record} IN (l, r)"
    )
    for table in ("canonical.person", "blocking.key", *(f"resolution.assignment_{a}" for a in SEES)):
        con.execute(f"DELETE FROM b.{table} WHERE record = {record}")
    con.execute("CHECKPOINT b")
    con.close()


def plain_delete(ws: Path, total: int) -> dict[str, Any]:
    """What DELETE and CHECKPOINT leave in a copy of the base: blocks of the record's row group and storage statistics."""
    path = ws / "staging/copy.duckdb"
    shutil.copyfile(ws / f"base/{current(ws)}.duckdb", path)
    con = connect(ws, b="staging/copy.duckdb")
    info = "pragma_storage_info('b.canonical.person')"
    row = rows(con, f"SELECT rowid FROM b.canonical.person WHERE record = {total // 2}")[0][0]
    groups = f"""SELECT row_group_id, sum(sum(count)) OVER (ORDER BY row_group_id) AS ends FROM {info} WHERE column_name = 'record' AND segment_type = 'BIGINT' GROUP BY row_group_id"""
    blocks = rows(
        con,
        f"""SELECT DISTINCT block_id FROM {info} WHERE block_id >= 0 AND column_name IN ('surname', 'name', 'emails', 'ssn')
        AND row_group_id = (SELECT min(row_group_id) FROM ({groups}) WHERE ends > {row})""",
    )

    def content() -> list[bytes]:
        with path.open("rb") as handle:
            return [os.pread(handle.fileno(), 262144, 12288 + 262144 * b) for (b,) in blocks]

    was = content()
    forget(con, total // 2)
    same = sum(a == b for a, b in zip(was, content(), strict=True))
    found = {
        "blocks of its row group": len(blocks),
        "of these byte-equal after": same,
        "hits": search(ws, "staging/copy.duckdb"),
    }
    path.unlink()
    return found


def purge(ws: Path, total: int, mark: Callable[[str], None]) -> dict[str, Any]:
    """Remove one record from every file. The ledger keeps the order until all is done: a killed purge is done again."""
    figures: dict[str, Any] = {}
    n, record, book, copy = clean(ws), total // 2, ledger(ws), ws / "staging/copy.duckdb"
    shutil.copyfile(ws / f"base/{n}.duckdb", copy)
    con = connect(ws, b=f"staging/copy.duckdb {NO_WAL}")
    if not book.execute("SELECT * FROM purge").fetchall():
        found = [
            (a, rows(con, f"SELECT identity FROM b.resolution.assignment_{a} WHERE record = {record}")[0][0])
            for a in SEES
        ]
        book.executemany("INSERT INTO purge VALUES (?, ?)", found)
    forget(con, record)
    with meter(figures, "purge: rewrite base"):
        rewrite(ws, ws / f"base/{n}.duckdb")
    for a, identity in book.execute("SELECT * FROM purge").fetchall():
        with meter(figures, f"purge: rewrite feed and {n + 1} releases of {a}"):
            for m in range(n + 1):
                shutil.copyfile(ws / f"releases/{a}/{m}.duckdb", copy)
                con = connect(ws, b=f"base/{n}.duckdb (READ_ONLY)", r=f"staging/copy.duckdb {NO_WAL}")
                con.execute(f"CREATE TEMP TABLE touched_{a} AS SELECT '{identity}' AS identity")
                patch_release(con, a, m)
                con.execute(
                    f"COPY (FROM '{ws}/feed/{a}/{m}.parquet' WHERE record <> {record}) TO '{ws}/staging/feed' (FORMAT parquet)"
                )
                con.close()
                rewrite(ws, ws / f"releases/{a}/{m}.duckdb")
                (ws / "staging/feed").replace(ws / f"feed/{a}/{m}.parquet")
                mark("one release purged")
        (ws / f"outside/{a}/current.json").unlink(missing_ok=True)
    publish(ws, n)
    book.executescript(
        "PRAGMA secure_delete = ON; DELETE FROM judgement WHERE a = 'd5/KCANARY'; DELETE FROM purge; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"
    )
    copy.unlink()
    return figures


def sizes(ws: Path, file: str) -> dict[str, float]:
    """Megabytes of the file and of each table."""
    con = connect(ws, x=f"{file} (READ_ONLY)")
    sql = "SELECT count(DISTINCT b) * .262144 FROM (SELECT unnest(list_append(additional_block_ids, block_id)) AS b FROM pragma_storage_info('x.{}')) WHERE b >= 0"
    tables = [
        f"{s}.{t}"
        for s, t in rows(con, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'x'")
    ]
    return {"file": round((ws / file).stat().st_size / 1e6, 1)} | {
        t: float(rows(con, sql.format(t))[0][0]) for t in tables
    }


def trial(ws: Path, total: int, count: int, nights: int) -> dict[str, Any]:
    """The whole trial in the empty folder `ws`."""
    figures: dict[str, Any] = {}
    out: dict[str, Any] = {"built": figures}
    for folder in ("base", "staging", *(f"{f}/{a}" for f in ("releases", "feed", "outside") for a in SEES)):
        (ws / folder).mkdir(parents=True)
    with meter(figures, "base"):
        build_base(ws, total)
    for a in SEES:
        with meter(figures, f"release {a}"):
            build_release(ws, a, 0, f"releases/{a}/0.duckdb")
        con = connect(ws, b="base/0.duckdb (READ_ONLY)")
        con.execute(
            f"COPY (SELECT record, key, NULL::VARCHAR AS was, identity AS now FROM b.resolution.assignment_{a} JOIN b.canonical.person USING (record)"
            f" ORDER BY record) TO '{ws}/feed/{a}/0.parquet' (FORMAT parquet)"
        )
        con.close()
    with contextlib.closing(ledger(ws)) as book:
        book.execute("INSERT INTO state VALUES (0)")
        book.execute("INSERT INTO judgement VALUES ('d5/KCANARY', 'd1/K1')")
    clean(ws)
    out["megabytes"] = {f: sizes(ws, f) for f in ("base/0.duckdb", *(f"releases/{a}/0.duckdb" for a in SEES))}
    reader, view, keep = (
        duckdb.connect(str(ws / "outside/agency/0.duckdb"), read_only=True),
        "SELECT sum(hash(x)::HUGEINT) FROM person x",
        ws / "keep",
    )
    seen = rows(reader, view)
    os.link(ws / "base/0.duckdb", keep)
    start = time.perf_counter()
    out["night 1"] = work(ws, total, "night")
    length = time.perf_counter() - start
    out["reader undisturbed, its file removed"] = (
        rows(reader, view) == seen and not (ws / "outside/agency/0.duckdb").exists()
    )
    reader.close()
    after = state(ws, {})
    for a in SEES:
        with meter(figures, f"release {a} of night 1, whole"):
            build_release(ws, a, 1, f"staging/{a}.duckdb")
        out[f"patched release equals the whole: {a}"] = digest(ws / f"staging/{a}.duckdb", {}) == after[2][a, 1]
    with contextlib.closing(ledger(ws)) as book:
        book.execute("DELETE FROM state WHERE n = 1")
    keep.replace(ws / "base/0.duckdb")
    clean(ws)
    out["kills"] = kills(ws, total, count, length, after)
    out["nights"] = []
    for n in range(1, nights + 1):
        work(ws, total, "night")
        out["nights"].append(
            {
                f: round((ws / f).stat().st_size / 1e6, 1)
                for f in (f"base/{n}.duckdb", *(f"releases/{a}/{n}.duckdb" for a in SEES))
            }
        )
        if n == 1:
            out["night after all kills equals the undisturbed"] = state(ws, {}) == after
    out["purge"] = {"hits before": search(ws), "DELETE and CHECKPOINT only": plain_delete(ws, total)}
    out["purge"] |= {"killed at": work(ws, total, "purge", "one release purged")}
    out["purge"] |= {"hits after the kill": search(ws), "run again": work(ws, total, "purge"), "hits after": search(ws)}
    out["holds"] = not out["purge"]["hits after"] and all(
        k["state"] != "NEITHER" and k["clean_after"] for k in out["kills"]
    )
    out["holds"] &= all(v for k, v in out.items() if "equals" in k or "undisturbed" in k)
    return out


def main() -> None:
    """Run the trial and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--directory", type=Path, help="where the temporary workspace goes")
    parser.add_argument("--kills", type=int, default=12, help="random moments, beside one at each named step")
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="on one line")
    parser.add_argument("--worker", choices=["night", "purge"], help=argparse.SUPPRESS)
    parser.add_argument("--hold", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()

    def mark(step: str) -> None:
        print(step, flush=True)
        while step == given.hold:
            time.sleep(60)

    if given.worker:
        print(json.dumps((purge if given.worker == "purge" else night)(given.directory, given.records, mark)))
        return
    out: dict[str, Any] = {"records": given.records, "date": dt.datetime.now(dt.UTC).date().isoformat()}
    out["machine"] = {
        "cores": os.cpu_count(),
        "memory_gb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30,
        "load": os.getloadavg()[0],
    }
    out["versions"] = {
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "sqlite": sqlite3.sqlite_version,
    }
    with tempfile.TemporaryDirectory(dir=given.directory) as folder:
        out |= trial(Path(folder), given.records, given.kills, given.nights)
    print(json.dumps(out, indent=None if given.json else 1))


if __name__ == "__main__":
    main()
