"""Purge: take records out of the base, and out of every file of the workspace, with all that was derived from them (rule R12).

In a run that purges, the source rows and rejects go first and the stages then follow what is left; every audience is
resolved and published whole, and the base is written to a new file. When its ledger row stands, what other files hold
goes (`clean_files`): older releases, indexes, held releases, proposals, models with values that nobody holds any more; rows of
the feed keep a tombstone. What is purged is known from then on by its keyed hash alone, and is kept out when it is delivered
again.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal, qualified, quote
from linkage.matching import model as models
from linkage.matching.keyed import keyed_parameters, keyed_sql
from linkage.sharing.audit import keyed_hash
from linkage.stages.ingest import DELIVERY, KEY, KEY_SEPARATOR, META, dataset_table
from linkage.stages.purged import TOMBSTONE, hash_sql, hash_values
from linkage.standardise import CANONICAL
from linkage.store.workspace import sync

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.context import Run
    from linkage.store.ledger import Ledger
    from linkage.store.workspace import Workspace

_LEAST_VALUE = 4
"""Letters from which a value is looked for in what was asked for; shorter ones are in any text."""


_PART = "'(^|[^A-Za-z0-9])' || regexp_escape(part) || '($|[^A-Za-z0-9])'"
_TELLS_KEY = f"list_bool_and(list_transform(string_split(gone.key, '{KEY_SEPARATOR}'), lambda part: regexp_matches(raw, {_PART})))"
"""Whether the text of a rejected row tells a key: every part of it, not inside another word."""


@dataclass(frozen=True)
class Scope:
    """What is to go: single records (dataset and key), whole datasets, or what is older than allowed in the datasets of `expired`.

    `expired` is dataset → the day (ISO) before which records were made, if they were not validated again since.
    """

    records: tuple[tuple[str, str], ...] = ()
    datasets: tuple[str, ...] = ()
    expired: tuple[tuple[str, str], ...] = ()


def purge_base(run: Run, scope: Scope) -> dict[str, int]:
    """Take the records of a scope out of the source tables, the rejects and what is kept of them; return dataset → rows that went."""
    engine = run.engine
    engine.run("CREATE TABLE IF NOT EXISTS kept.purged (run BIGINT, dataset VARCHAR, hash VARCHAR)")
    engine.run("CREATE OR REPLACE TABLE change.purged (dataset VARCHAR, key VARCHAR)")
    engine.run("CREATE OR REPLACE TABLE change.purged_value (value VARCHAR)")
    _choose(run, scope)
    whole = pa.table({"dataset": pa.array(scope.datasets, pa.string())})
    with engine.registered("whole_dataset", whole):
        engine.run("INSERT INTO kept.purged SELECT $run, dataset, NULL FROM whole_dataset", {"run": run.number})
    engine.run(
        f"INSERT INTO kept.purged SELECT $run, dataset, {hash_sql('dataset', 'key')} FROM change.purged ANTI JOIN "
        "(SELECT dataset FROM kept.purged WHERE hash IS NULL) AS whole USING (dataset)",
        {"run": run.number, **hash_values(run.workspace)},
    )
    gone = {}
    for dataset in sorted(_tables(run)):
        number = _purge_dataset(run, dataset, whole=dataset in scope.datasets)
        if number:
            gone[dataset] = number
    engine.run("INSERT INTO change.key SELECT dataset, key FROM change.purged")
    return gone


def _tables(run: Run) -> list[str]:
    rows = run.engine.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema = 'source' AND table_name LIKE 'dataset\\_%' ESCAPE '\\'"
    )
    return [row[0].removeprefix("dataset_") for row in rows]


def _choose(run: Run, scope: Scope) -> None:
    """Fill `change.purged` with the source rows that go, those that left the base before among the named ones."""
    engine, held = run.engine, set(_tables(run))
    for dataset, key in scope.records:
        engine.run("INSERT INTO change.purged VALUES ($dataset, $key)", {"dataset": dataset, "key": key})
    for dataset in scope.datasets:
        if dataset in held:
            engine.run(
                f"INSERT INTO change.purged SELECT $dataset, {quote(KEY)} FROM {dataset_table(dataset)}",
                {"dataset": dataset},
            )
    validated = run.ledger.validated()
    table = pa.table(
        {
            "dataset": pa.array([one[0] for one in validated], pa.string()),
            "key": pa.array([one[1] for one in validated], pa.string()),
            "day": pa.array([one[2] for one in validated], pa.string()),
        }
    )
    with engine.registered("validated", table):
        for dataset, before in scope.expired:
            if dataset in held:
                engine.run(
                    f"INSERT INTO change.purged SELECT $dataset, key FROM ({entered_sql(run, dataset)}) WHERE entered < CAST($before AS DATE) AND key NOT IN "
                    "(SELECT key FROM validated WHERE dataset = $dataset AND key IS NOT NULL AND CAST(day AS DATE) >= CAST($before AS DATE)) AND NOT EXISTS "
                    "(SELECT 1 FROM validated WHERE dataset = $dataset AND key IS NULL AND CAST(day AS DATE) >= CAST($before AS DATE))",
                    {"dataset": dataset, "before": before},
                )


def entered_sql(run: Run, dataset: str) -> str:
    """Return the query of key and `entered`: the day on which the agency made the row, else on which it was delivered."""
    kinds = [kind for kind in run.types if run.engine.has_table("canonical", kind)]
    seen = " UNION ALL ".join(
        f"SELECT key, seen_on FROM canonical.{quote(kind)} WHERE dataset = $dataset" for kind in kinds
    )
    return f"""
        SELECT held.{quote(KEY)} AS key, coalesce(seen.seen_on, CAST(left(delivery.received_at, 10) AS DATE)) AS entered
        FROM {dataset_table(dataset)} AS held
        LEFT JOIN (SELECT key, min(seen_on) AS seen_on FROM ({seen or "SELECT NULL AS key, NULL AS seen_on"}) GROUP BY key) AS seen ON seen.key = held.{quote(KEY)}
        LEFT JOIN (FROM source.delivery WHERE dataset = $dataset) AS delivery ON delivery.delivery = held.{quote(DELIVERY)}
    """


def _purge_dataset(run: Run, dataset: str, *, whole: bool) -> int:
    """Delete a dataset's purged rows and the rejects that hold their keys, and count them as purged (rule R6)."""
    engine, table, values = run.engine, dataset_table(dataset), {"dataset": dataset}
    engine.run("CREATE OR REPLACE TABLE change.purged AS SELECT DISTINCT dataset, key FROM change.purged")
    keys = "(SELECT key FROM change.purged WHERE dataset = $dataset)"
    number = int(engine.value(f"SELECT count(*) FROM {table} WHERE {quote(KEY)} IN {keys}", values))
    columns = [column for column in engine.columns("source", f"dataset_{dataset}") if column not in META]
    if number and columns:
        told = ", ".join(f"CAST({quote(column)} AS VARCHAR)" for column in columns)
        engine.run(
            f"INSERT INTO change.purged_value SELECT DISTINCT value FROM (SELECT unnest([{told}]) AS value FROM {table} WHERE {quote(KEY)} IN {keys}) "
            f"WHERE length(value) >= {_LEAST_VALUE}",
            values,
        )
    raw = "TRUE" if whole else f"EXISTS (SELECT 1 FROM {keys} AS gone WHERE {_TELLS_KEY})"
    _take_out(engine, dataset, table, quote(DELIVERY), f"{quote(KEY)} IN {keys}", "accepted")
    _take_out(engine, dataset, "source.reject", "delivery", f"dataset = $dataset AND {raw}", "rejected")
    return number


def _take_out(engine: Engine, dataset: str, table: str, delivery: str, where: str, counted: str) -> None:
    """Delete rows of a table, and move them from `counted` to `purged` in the sums of their deliveries.

    Rows without an entity are told apart from the accepted ones when the dataset is standardised again.
    """
    values = {"dataset": dataset}
    engine.run(
        f"UPDATE source.delivery SET purged = purged + moved.rows, {counted} = {counted} - moved.rows "
        f"FROM (SELECT {delivery} AS number, count(*) AS rows FROM {table} WHERE {where} GROUP BY ALL) AS moved "
        "WHERE delivery.dataset = $dataset AND delivery.delivery = moved.number",
        values,
    )
    engine.run(f"DELETE FROM {table} WHERE {where}", values)


def forget_asked(run: Run) -> None:
    """Forget what was asked for where it holds a value or the key of what is purged; done before anything else is, it does no harm."""
    asked = run.ledger.asked()
    table = pa.table({"number": pa.array(asked, pa.int64()), "content": pa.array(asked.values(), pa.string())})
    with run.engine.registered("asked_for", table):
        rows = run.engine.rows(
            "SELECT number FROM asked_for WHERE EXISTS (SELECT 1 FROM change.purged_value WHERE contains(lower(content), lower(value))) "
            "OR EXISTS (SELECT 1 FROM change.purged WHERE contains(content, dataset || '/' || key))"
        )
    run.ledger.forget_asked([row[0] for row in rows])


def note_followed(run: Run) -> None:
    """Write `kept.followed_gone`: the entries on overlaps and leads whose words may tell of what is purged.

    These are entries on rows that an audience's last release ties to an identity with a purged record, and on rows that it no longer has:
    nothing tells any more whom they were about.
    """
    engine, gone = run.engine, list[int]()
    for audience in sorted({release.audience for row in run.ledger.runs() for release in row.releases}):
        entries = run.ledger.followed(audience)
        path = run.workspace.release(audience, run.ledger.last_sequence(audience))
        known = _untouched(engine, path) if entries and path.is_file() else set()
        gone += [entry.number for entry in entries if entry.id not in known]
    with engine.registered("followed_gone", pa.table({"entry": pa.array(sorted(gone), pa.int64())})):
        engine.create_as("kept", "followed_gone", "FROM followed_gone")


def _untouched(engine: Engine, path: Path) -> set[str]:
    """Return the overlaps and leads of a release that concern no identity with a purged record."""
    with engine.attached(path, "last_release"):
        rows = engine.rows(
            """
            WITH touched AS (
                SELECT list(DISTINCT identity_id) AS ids FROM last_release.published.identity_record SEMI JOIN change.purged USING (dataset, key)
            )
            SELECT overlap_id FROM last_release.published.deconfliction_overlap, touched WHERE NOT coalesce(list_has_any(identities, ids), FALSE)
            UNION ALL
            SELECT lead_id FROM last_release.published.lead, touched WHERE NOT coalesce(list_has_any(identities || targets, ids), FALSE)
            """
        )
    return {row[0] for row in rows}


def purge_state(run: Run) -> None:
    """Take purged records out of what the base keeps of ended identities and of audiences that are no more."""
    engine = run.engine
    rows = engine.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema = 'resolution'"
    )
    own = {f"assignment_{audience}" for audience in run.project.settings.audiences}
    for (table,) in sorted(rows):
        if table.startswith("ended_") or (table.startswith("assignment_") and table not in own):
            engine.run(
                f"DELETE FROM {qualified('resolution', table)} WHERE {_purged('dataset', 'key')}",
                hash_values(run.workspace),
            )
    engine.run(
        f"DELETE FROM kept.judgement WHERE {_purged('dataset_a', 'key_a')} OR {_purged('dataset_b', 'key_b')}",
        hash_values(run.workspace),
    )


def _purged(dataset: str, key: str, table: str = "kept.purged") -> str:
    return (
        f"(({dataset}, {hash_sql(dataset, key)}) IN (SELECT (dataset, hash) FROM {table} WHERE hash IS NOT NULL) "
        f"OR {dataset} IN (SELECT dataset FROM {table} WHERE hash IS NULL))"
    )


def purge_models(run: Run) -> dict[str, str]:
    """Save every model that holds a value which only purged records held without it; return old hash → new hash."""
    replaced: dict[str, str] = {}
    for kind in run.types:
        folder = run.workspace.models / kind
        _texts(run, kind)
        for path in sorted(folder.glob("[0-9a-f]*")) if folder.is_dir() else []:
            model = models.load(run.workspace.models, kind, path.name)
            model = replace(model, common=models.read_common(run.workspace.models, model))
            fresh = _without(run, model)
            if fresh is not None:
                models.save(fresh, run.workspace.models)
                run.ledger.add_model(kind, fresh.hash, run.now.isoformat(), run.number)
                replaced[path.name] = fresh.hash
    return replaced


def _texts(run: Run, kind: EntityType) -> None:
    """Write `change.left_text` (value): what purged records told and no other record of the type tells, whole, by words and by first words."""
    gone, held = f"change.{quote(f'gone_{kind}')}", f"canonical.{quote(kind)}"
    if not run.engine.has_table("change", f"gone_{kind}"):
        run.engine.create_as("change", "left_text", "SELECT CAST(NULL AS VARCHAR) AS value WHERE FALSE")
        return
    run.engine.create_as("change", "gone_text", _parts(kind, gone))
    run.engine.create_as(
        "change",
        "left_text",
        f"SELECT value FROM change.gone_text ANTI JOIN ({_parts(kind, held)}) AS held USING (value)",
    )


def _parts(kind: EntityType, table: str) -> str:
    told = " UNION ALL ".join(
        f"SELECT {f'unnest({quote(column.name)})' if column.type.endswith('[]') else f'CAST({quote(column.name)} AS VARCHAR)'} AS value FROM {table}"
        for column in CANONICAL[kind]
        if column.name not in {"dataset", "key", "role", "agency"}
    )
    words = "string_split(value, ' ')"
    return (
        f"SELECT DISTINCT unnest(list_concat([value, lower(value)], {words}, list_transform(range(1, len({words}) + 1), "
        f"lambda n: array_to_string(({words})[:n], ' ')))) AS value FROM (SELECT DISTINCT value FROM ({told}) WHERE value IS NOT NULL)"
    )


def _without(run: Run, model: Model) -> Model | None:
    """Return the model without values that only purged records held; None where it holds none."""
    parts: dict[str, Any] = {}
    for name in ("frequencies", "generic", "common"):
        table = getattr(model, name)
        if table is None or not len(table):
            continue
        key = None if name == "generic" else model.key
        with run.engine.registered("model_values", table):
            columns = ", ".join(quote(column) for column in table.column_names)
            left = run.engine.arrow(
                f"SELECT {columns} FROM model_values ANTI JOIN (SELECT {keyed_sql(key, 'value')} AS value FROM change.left_text) USING (value) ORDER BY ALL",
                keyed_parameters(key),
            )
        if len(left) < len(table):
            parts[name] = left.cast(table.schema)
    return replace(model, approved_as="", **parts) if parts else None


def clean_files(project: LoadedProject, workspace: Workspace, ledger: Ledger, replaced: dict[str, str]) -> None:
    """Take what is purged out of every file of the workspace but the base and the releases made without it. Can be done again."""
    for name in ("held", "lookup", "proposed"):
        for entry in (workspace.path / name).glob("*"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for old in replaced:
        for path in workspace.models.glob(f"*/{old}"):
            shutil.rmtree(path)
    last = ledger.last_run()
    if last is not None:
        with Engine(**project.limits()) as engine, engine.attached(workspace.base(last.base), "base"):
            engine.create_as("kept", "purged", "FROM base.kept.purged")
            for file in sorted((workspace.path / "feed").glob("*/*-record_move.parquet")):
                _bury(engine, workspace, file)
            _clean_ledger(engine, workspace, ledger)
    for path in workspace.path.glob(f"{workspace.ledger.name}.version-*"):
        path.unlink()
    for folder in project.publish_folders().values():
        # Copied anew from the workspace when the releases are handed out.
        for path in (*folder.glob("feed/*.parquet"), *folder.glob("feed/.*.part")):
            path.unlink()


def _clean_ledger(engine: Engine, workspace: Workspace, ledger: Ledger) -> None:
    """Put keyed hashes in the place of purged records in judgements, forget when these records were validated again, and words on what was made of them."""
    for one in ledger.judgements():
        sides = (one.judgement.a, one.judgement.b)
        if any(
            not key.startswith(TOMBSTONE) and _is_purged(engine, workspace, (dataset, key)) for dataset, key, _ in sides
        ):
            names = [
                (dataset, f"{TOMBSTONE}{keyed_hash(workspace, f'{dataset}/{key}')}", role)
                for dataset, key, role in sides
            ]
            ledger.bury_judgement(one.number, *names)
    if engine.value(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'base' AND table_name = 'followed_gone'"
    ):
        ledger.forget_words([row[0] for row in engine.rows("SELECT entry FROM base.kept.followed_gone ORDER BY entry")])
    validated = [(dataset, key) for dataset, key, _ in ledger.validated() if key is not None]
    ledger.forget_validated([record for record in validated if _is_purged(engine, workspace, record)])


def _is_purged(engine: Engine, workspace: Workspace, record: tuple[str, str]) -> bool:
    values = {"dataset": record[0], "key": record[1], **hash_values(workspace)}
    return bool(engine.value(f"SELECT {_purged('CAST($dataset AS VARCHAR)', 'CAST($key AS VARCHAR)')}", values))


def _bury(engine: Engine, workspace: Workspace, file: Path) -> None:
    """Write a feed file whole again where it names purged records, with their keyed hash in place of the key."""
    values, source = hash_values(workspace), f"read_parquet({literal(str(file))})"
    test = f"NOT starts_with(key, '{TOMBSTONE}') AND {_purged('dataset', 'key')}"
    if not engine.value(f"SELECT count(*) FROM {source} WHERE {test}", values):
        return
    draft = file.with_name(f".{file.name}.part")
    engine.create_as(
        "kept", "buried",
        f"SELECT * REPLACE (CASE WHEN {test} THEN '{TOMBSTONE}' || {hash_sql('dataset', 'key')} ELSE key END AS key) FROM {source}",
        values,
    )  # fmt: skip
    try:
        engine.copy_to(
            "FROM kept.buried ORDER BY entity_type, dataset, key, role",
            draft,
            "(FORMAT parquet, COMPRESSION zstd)",
            target=file,
        )
        sync(draft)
        draft.replace(file)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    engine.run("DROP TABLE kept.buried")
