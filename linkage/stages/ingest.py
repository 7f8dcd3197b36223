"""Ingest: deliveries → `source.<dataset>` (as received), `source.reject`, `source.delivery`. Rule R6: nothing lost.

Every row read is counted in exactly one of accepted, rejected, superseded, withdrawn, purged, no_entity of its
delivery; rows that later deliveries replace or withdraw move from accepted to superseded or withdrawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import comma, quote
from linkage.errors import AuditError, DataError
from linkage.sources.files import Delivery, deliveries, read_delivery
from linkage.sources.incoming import FILE
from linkage.stages.conditions import condition_sql
from linkage.stages.purged import hash_sql, hash_values

if TYPE_CHECKING:
    from linkage.config.source import CsvReading, Source
    from linkage.engine.duckdb import Engine
    from linkage.stages.context import Run

KEY = "linkage:key"
HASH = "linkage:hash"
DELIVERY = "linkage:delivery"
META = (KEY, HASH, DELIVERY)
KEY_SEPARATOR = "|"

READS: tuple[str, ...] = ()
WRITES = ("source.delivery", "source.reject")


def ingest(run: Run) -> None:
    """Read every new delivery of every source."""
    engine = run.engine
    engine.make_schema("source")
    for table in ("delivery", "reject"):
        if not engine.has_table("source", table):
            engine.create("source", table)
    # Workspaces of before 2026-11-24 keep their rejects without these two.
    engine.run("ALTER TABLE source.reject ADD COLUMN IF NOT EXISTS first_delivery BIGINT")
    engine.run("ALTER TABLE source.reject ADD COLUMN IF NOT EXISTS header VARCHAR[]")
    for dataset in sorted(run.project.settings.sources):
        source = run.project.settings.sources[dataset]
        known = {
            row[0]
            for row in engine.rows(
                "SELECT fingerprint FROM source.delivery WHERE dataset = $dataset", {"dataset": dataset}
            )
        }
        last = engine.value(
            "SELECT arg_max(fingerprint, delivery) FROM source.delivery WHERE dataset = $dataset", {"dataset": dataset}
        )
        for delivery in deliveries(dataset, source, run.project.folder):
            unchanged = delivery.fingerprint == last if source.delivery == "snapshot" else delivery.fingerprint in known
            if unchanged:
                continue
            run.progress(f"ingest {dataset}")
            run.delivered.add(dataset)
            _deliver(run, dataset, source, delivery)
    engine.clear("incoming")


def dataset_table(dataset: str) -> str:
    """Return the quoted name of the table with a dataset's source records."""
    return f"source.{quote('dataset_' + dataset)}"


def _deliver(run: Run, dataset: str, source: Source, delivery: Delivery) -> None:
    engine = run.engine
    number = 1 + int(
        engine.value(
            "SELECT coalesce(max(delivery), 0) FROM source.delivery WHERE dataset = $dataset", {"dataset": dataset}
        )
    )
    rows_read = read_delivery(engine, source, delivery, run.staging)
    _key_rows(engine, source)
    purged = _keep_out(run, dataset, rows_read)
    is_whole = purged == 0 and _is_whole(engine)
    superseded = 0 if is_whole else _settle_duplicates(engine, source)
    withdrawn = _apply(run, dataset, source, number, is_whole=is_whole)
    rejected = int(engine.value("SELECT count(*) FROM incoming.reject"))
    accepted = rows_read - rejected - superseded - withdrawn - purged
    engine.run(
        "INSERT INTO source.delivery VALUES ($dataset, $delivery, $received_at, $files, $fingerprint, $rows_read, "
        "$accepted, $rejected, $superseded, $withdrawn, $purged, 0)",
        {
            "dataset": dataset,
            "delivery": number,
            "received_at": run.now.isoformat(),
            "files": delivery.labels(),
            "fingerprint": delivery.fingerprint,
            "rows_read": rows_read,
            "accepted": accepted,
            "rejected": rejected,
            "superseded": superseded,
            "withdrawn": withdrawn,
            "purged": purged,
        },
    )
    _keep_rejects(engine, dataset, source, number)


def _key_rows(engine: Engine, source: Source) -> None:
    """Give each row its key and content hash (`incoming.keyed`); rows without a key are rejected."""
    key, content = _key_sql(source), _hash_sql(engine)
    version = f"nullif(trim({quote(source.version)}), '')" if source.version else "NULL"
    deleted, values = condition_sql(source.deleted) if source.deleted else ("FALSE", {})
    engine.create_as(
        "incoming",
        "keyed",
        f"SELECT rowid AS row, {key} AS key, {content} AS hash, "
        f"CAST({version} AS VARCHAR) AS version, {deleted} AS deleted FROM incoming.row",
        values,
    )
    engine.run("CREATE OR REPLACE TABLE incoming.refused (row BIGINT, reason VARCHAR)")
    columns = " and ".join(source.key)
    engine.run(
        "INSERT INTO incoming.refused SELECT row, $reason FROM incoming.keyed WHERE key IS NULL",
        {"reason": f"no key in {columns}"},
    )


def _is_whole(engine: Engine) -> bool:
    """Whether every row is to be kept as it is: each has a key of its own, and none withdraws another.

    Then `incoming.kept` is made too.
    """
    rows, keys, gone = engine.rows(
        "SELECT count(*), count(DISTINCT key), count(*) FILTER (deleted) FROM incoming.keyed"
    )[0]
    if rows != keys or gone:
        return False
    engine.run("DROP TABLE IF EXISTS incoming.kept")
    engine.run("ALTER TABLE incoming.keyed RENAME TO kept")
    return True


def _key_sql(source: Source) -> str:
    """Return the key of a row, NULL where a part of it is missing."""
    texts = [f"trim({quote(column)})" for column in source.key]
    key = texts[0] if len(texts) == 1 else f"concat_ws('{KEY_SEPARATOR}', {', '.join(texts)})"
    empty = " OR ".join(f"nullif({text}, '') IS NULL" for text in texts)
    return f"CASE WHEN {empty} THEN NULL ELSE {key} END"


def _hash_sql(engine: Engine) -> str:
    """Return the content hash of a row, over all its columns by name."""
    return f"hash({comma(sorted(column for column in engine.columns('incoming', 'row') if column != FILE))})"


def _keep_out(run: Run, dataset: str, rows_read: int) -> int:
    """Drop the rows of a delivery that were purged before, by their keyed hash; return how many these are."""
    engine, values = run.engine, {"dataset": dataset}
    # A look at a project before its first run has no state that is kept.
    if not engine.has_table("kept", "purged"):
        return 0
    hashes = engine.rows(
        "SELECT bool_or(hash IS NULL) FROM kept.purged WHERE dataset = $dataset HAVING count(*) > 0", values
    )
    if not hashes:
        return 0
    if hashes[0][0]:
        for table in ("keyed", "refused", "reject"):
            engine.run(f"DELETE FROM incoming.{table}")
        return rows_read
    gone = (
        f"key IS NOT NULL AND {hash_sql('$dataset', 'key')} IN (SELECT hash FROM kept.purged WHERE dataset = $dataset)"
    )
    # The secret is needed, and so must be there, only where something was purged.
    values |= hash_values(run.workspace)
    number = int(engine.value(f"SELECT count(*) FROM incoming.keyed WHERE {gone}", values))
    engine.run(f"DELETE FROM incoming.keyed WHERE {gone}", values)
    return number


def _settle_duplicates(engine: Engine, source: Source) -> int:
    """Keep one row of each duplicated key where rows are identical or a version orders them; reject the others' all.

    Returns how many rows were superseded within the delivery.
    """
    engine.create_as(
        "incoming",
        "duplicate",
        """
        SELECT keyed.row, keyed.key, keyed.hash, keyed.version FROM incoming.keyed
        SEMI JOIN (SELECT key FROM incoming.keyed WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1) AS twice
        ON keyed.key = twice.key
        """,
    )
    # The newest version wins; numbers are ordered as numbers, other versions as text (ISO dates order well as text).
    engine.create_as(
        "incoming",
        "settled",
        """
        WITH ranked AS (
            SELECT *, dense_rank() OVER (
                PARTITION BY key ORDER BY TRY_CAST(version AS DOUBLE) DESC NULLS LAST, version DESC NULLS LAST
            ) AS place FROM incoming.duplicate
        ), newest AS (
            SELECT key, count(DISTINCT hash) = 1 AS settled, min(row) AS kept FROM ranked WHERE place = 1 GROUP BY key
        )
        SELECT ranked.row, newest.settled, ranked.row = newest.kept AS kept FROM ranked JOIN newest USING (key)
        """,
    )
    told = (
        "rows of one key differ and no version column orders them"
        if source.version is None
        else f"rows of one key differ and {source.version} does not order them"
    )
    engine.run(
        "INSERT INTO incoming.refused SELECT row, $reason FROM incoming.settled WHERE NOT settled",
        {"reason": f"duplicate key: {told}"},
    )
    engine.create_as(
        "incoming",
        "kept",
        """
        SELECT row, key, hash, deleted FROM incoming.keyed
        ANTI JOIN incoming.refused ON keyed.row = refused.row
        ANTI JOIN (SELECT row FROM incoming.settled WHERE settled AND NOT kept) AS older ON keyed.row = older.row
        """,
    )
    _write_refused(engine, source.csv)
    return int(engine.value("SELECT count(*) FROM incoming.settled WHERE settled AND NOT kept"))


def _write_refused(engine: Engine, reading: CsvReading) -> None:
    """Add refused rows to the rejects, with their record number in the file and their text in the file's own form."""
    if not engine.has_table("incoming", "raw"):
        engine.run("CREATE TABLE incoming.raw (row BIGINT, raw VARCHAR)")
    # Files of one delivery mostly share one header: one statement each.
    for (header,) in engine.rows("SELECT DISTINCT header FROM incoming.file ORDER BY header"):
        text = ", ".join(_csv_text(f"read.{quote(column)}") for column in header or []) or "NULL"
        engine.run(
            f"""
            INSERT INTO incoming.reject
            WITH refused AS (
                SELECT file.name, refused.reason, refused.row - file.first_row AS place,
                       coalesce(raw.raw, concat_ws($delimiter, {text})) AS raw
                FROM incoming.refused JOIN incoming.row AS read ON read.rowid = refused.row
                LEFT JOIN incoming.raw ON raw.row = refused.row
                JOIN incoming.file ON file.file = read.{quote(FILE)} AND file.header IS NOT DISTINCT FROM $header
            ), unread AS (
                -- rows that could not be parsed stand between the parsed ones and push their numbers on
                SELECT file AS name, line - 2 - (row_number() OVER (PARTITION BY file ORDER BY line) - 1) AS place
                FROM incoming.reject
            )
            SELECT refused.name,
                   refused.place + 2 + (SELECT count(*) FROM unread WHERE unread.name = refused.name AND unread.place <= refused.place),
                   refused.reason, refused.raw
            FROM refused
            """,
            {"header": header, "delimiter": reading.delimiter, "quote": reading.quote},
        )


def _csv_text(column: str) -> str:
    special = f"$quote <> '' AND (contains({column}, $quote) OR contains({column}, $delimiter) OR regexp_matches({column}, '[\r\n]'))"
    quoted = f"$quote || replace({column}, $quote, $quote || $quote) || $quote"
    return f"CASE WHEN {column} IS NULL THEN '' WHEN {special} THEN {quoted} ELSE {column} END"


def _keep_rejects(engine: Engine, dataset: str, source: Source, number: int) -> None:
    """Keep the rejects of a delivery with the header of their file; a text refused before is recognised."""
    engine.run(
        """
        INSERT INTO source.reject
        SELECT $dataset, $agency, $delivery, reject.file, reject.line, reject.reason, reject.raw,
               coalesce((SELECT min(before.delivery) FROM source.reject AS before WHERE before.dataset = $dataset AND before.raw = reject.raw), $delivery),
               coalesce(file.header, [])
        FROM incoming.reject LEFT JOIN incoming.file ON file.name = reject.file
        """,
        {"dataset": dataset, "agency": source.agency, "delivery": number},
    )


def _apply(run: Run, dataset: str, source: Source, number: int, *, is_whole: bool) -> int:
    """Bring the dataset's table up to date; return how many rows of this delivery only withdraw others."""
    engine = run.engine
    table = dataset_table(dataset)
    columns = [column for column in engine.columns("incoming", "row") if column != FILE]
    # Where every row is kept, keys and hashes are made again: that is less than a join of all rows.
    key, content = (_key_sql(source), _hash_sql(engine)) if is_whole else ("kept.key", "kept.hash")
    fresh = (
        f"SELECT {key} AS {quote(KEY)}, {content} AS {quote(HASH)}, CAST($delivery AS BIGINT) AS {quote(DELIVERY)}, "
        f"{comma(columns, 'row.')} FROM incoming.row"
        + ("" if is_whole else " JOIN incoming.kept ON row.rowid = kept.row WHERE NOT kept.deleted")
    )
    values = {"delivery": number}
    exists = engine.has_table("source", "dataset_" + dataset)
    if not run.anew:
        _mark_changed(engine, dataset, source, exists=exists)
    if exists:
        _retire(run, dataset, source, number)
    if exists and source.delivery == "delta":
        known = {column.lower() for column in engine.columns("source", "dataset_" + dataset)}
        for column in columns:
            if column.lower() not in known:
                engine.run(f"ALTER TABLE {table} ADD COLUMN {quote(column)} VARCHAR")
        engine.run(f"DELETE FROM {table} WHERE {quote(KEY)} IN (SELECT key FROM incoming.kept)")
        engine.run(f"INSERT INTO {table} BY NAME {fresh}", values)
    else:
        engine.create_as("source", "dataset_" + dataset, fresh, values)
    return int(engine.value("SELECT count(*) FROM incoming.kept WHERE deleted"))


def _mark_changed(engine: Engine, dataset: str, source: Source, *, exists: bool) -> None:
    """Add to `change.key` the keys whose row is new, has another content hash, or is withdrawn by this delivery."""
    known = f"SELECT {quote(KEY)} AS key, {quote(HASH)} AS hash FROM {dataset_table(dataset)}"
    if not exists:
        known = "SELECT CAST(NULL AS VARCHAR) AS key, CAST(NULL AS UBIGINT) AS hash WHERE FALSE"
    kept = "SELECT key, CASE WHEN NOT deleted THEN hash END AS hash FROM incoming.kept"
    # What a snapshot lacks is withdrawn; what a delta lacks stays as it is.
    join = "FULL JOIN" if source.delivery == "snapshot" else "LEFT JOIN"
    engine.run(
        f"INSERT INTO change.key SELECT $dataset, key FROM ({kept}) AS now {join} ({known}) AS before USING (key) "
        "WHERE now.hash IS DISTINCT FROM before.hash",
        {"dataset": dataset},
    )


def _retire(run: Run, dataset: str, source: Source, number: int) -> None:
    """Count rows of earlier deliveries as superseded or withdrawn; refuse a snapshot that withdraws too much."""
    engine = run.engine
    table = dataset_table(dataset)
    kept = "SELECT key FROM incoming.kept WHERE NOT deleted"
    gone = "SELECT key FROM incoming.kept WHERE deleted" if source.delivery == "delta" else None
    withdrawn = f"{quote(KEY)} IN ({gone})" if gone else f"{quote(KEY)} NOT IN ({kept})"
    before = int(engine.value(f"SELECT count(*) FROM {table}"))
    lost = int(engine.value(f"SELECT count(*) FROM {table} WHERE {withdrawn}"))
    if source.delivery == "snapshot" and before and lost / before > source.max_withdrawn:
        message = (
            f"source {dataset!r}: delivery {number} would withdraw {lost:,} of {before:,} records, more than max_withdrawn = "
            f"{source.max_withdrawn}; deliver the whole snapshot, or raise max_withdrawn if it is right"
        )
        raise AuditError(message)
    for column, condition in (("superseded", f"{quote(KEY)} IN ({kept})"), ("withdrawn", withdrawn)):
        engine.run(
            f"""
            UPDATE source.delivery SET {column} = {column} + moved.rows, accepted = accepted - moved.rows
            FROM (SELECT {quote(DELIVERY)} AS number, count(*) AS rows FROM {table} WHERE {condition} GROUP BY ALL) AS moved
            WHERE delivery.dataset = $dataset AND delivery.delivery = moved.number
            """,
            {"dataset": dataset},
        )


def check_reconciliation(engine: Engine, datasets: list[str]) -> None:
    """Raise DataError where the sums of a delivery do not add up, or the tables hold other counts than the sums."""
    bad = engine.rows(
        "SELECT dataset, delivery FROM source.delivery WHERE rows_read <> accepted + rejected + superseded + withdrawn + purged + no_entity "
        "UNION ALL SELECT delivery.dataset, delivery.delivery FROM source.delivery LEFT JOIN "
        "(SELECT dataset, delivery, count(*) AS rejects FROM source.reject GROUP BY ALL) AS found "
        "ON delivery.dataset = found.dataset AND delivery.delivery = found.delivery WHERE rejected <> coalesce(rejects, 0) ORDER BY 1, 2"
    )
    for dataset in datasets:
        bad += engine.rows(
            f"""
            SELECT $dataset, delivery.delivery FROM source.delivery
            LEFT JOIN (SELECT {quote(DELIVERY)} AS number, count(*) AS rows FROM {dataset_table(dataset)} GROUP BY ALL) AS held
            ON held.number = delivery.delivery
            WHERE dataset = $dataset AND accepted + no_entity <> coalesce(held.rows, 0) ORDER BY 1, 2
            """,
            {"dataset": dataset},
        )
    if bad:
        message = f"dataset {bad[0][0]!r}, delivery {bad[0][1]}: the counts of its rows do not add up; report this and keep the workspace"
        raise DataError(message)
