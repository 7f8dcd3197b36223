"""Relations → `published.identity_relation`: disclosed by source rows, and derived where two identities hold one value.

A derived relation is one row a pair and value. A value that more than `fusion.shared_by` identities hold is generic and
makes none, so a value makes at most shared_by² / 2 rows and the work follows the records, not their square. In an increment only the
values of touched and gone records are counted again: rows of other values stand as they were, since nobody who holds those
has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.duckdb import fixed_sql
from linkage.engine.sql import qualified, quote
from linkage.stages.release import write

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("resolution.now", "resolution.identified", "making.stale", "change.gone", "canonical.relation")
WRITES = ("published.identity_relation", "fusion.held")

PARTIES: tuple[EntityType, ...] = ("person", "business")
DEVICES = ("imei", "imsi", "meid", "mac", "device", "serial")
"""Issuers of identifiers that name a device (`identifier = { column = "IMEI_NO", issuer = ... }`)."""
NO_CONTACT = "SELECT '' AS kind, '' AS entity_type, CAST(0 AS BIGINT) AS record, '' AS value WHERE FALSE"
_ADDRESS = "concat_ws(' ', house_number, street, '#' || unit, coalesce(postcode, city))"


def write_relations(run: Run, audience: str) -> None:
    """Write disclosed and derived relations."""
    engine, amended = run.engine, audience in run.amended_audiences
    parties = [kind for kind in PARTIES if kind in run.types]
    _disclosed(run)
    stale = "FALSE"
    if amended:
        _affected(run, audience, parties)
        either = " OR ".join(f"{end}_identity IN (SELECT identity_id FROM making.stale)" for end in ("from", "to"))
        stale = f"CASE basis WHEN 'disclosed' THEN {either} ELSE (kind, value) IN (SELECT (kind, value) FROM fusion.affected) END"
    _held(run, parties, amended=amended)
    write(
        run,
        audience,
        "identity_relation",
        f"FROM fusion.disclosed UNION ALL BY NAME ({fixed_sql('fusion', 'pair')})",
        stale=stale,
    )
    for table in ("affected", "member", "telling", "held", "disclosed"):
        engine.run(f"DROP TABLE IF EXISTS fusion.{table}")


def contacts_sql(entity_type: EntityType, table: str) -> str:
    """Return the phones, addresses and devices that the records of a table hold: kind, value, record."""
    devices = ", ".join(f"'{name}'" for name in DEVICES)
    found = f"""
        SELECT 'shared_phone' AS kind, unnest(phones) AS value, record FROM {table} WHERE len(phones) > 0
        UNION ALL
        SELECT 'shared_address', {_ADDRESS}, record FROM {table}
        WHERE house_number IS NOT NULL AND street IS NOT NULL AND coalesce(postcode, city) IS NOT NULL
        UNION ALL
        SELECT 'shared_device', value, record FROM (SELECT unnest(identifiers) AS value, record FROM {table} WHERE len(identifiers) > 0)
        WHERE split_part(value, ':', 2) IN ({devices})
    """
    return f"SELECT kind, '{entity_type}' AS entity_type, record, value FROM ({found})"


def _disclosed(run: Run) -> None:
    """Write `fusion.disclosed`: the relations of source rows with a record in question, which tell all of an identity in question."""
    engine = run.engine
    engine.create_as(
        "making",
        "related",
        "SELECT * FROM canonical.relation SEMI JOIN resolution.identified USING (dataset, key)",
    )
    engine.create_as(
        "making",
        "party",
        "SELECT entity_type, dataset, key, role, identity_id FROM resolution.now SEMI JOIN making.related USING (dataset, key)",
    )
    engine.create("fusion", "disclosed")
    for table in ("related", "party"):
        engine.run(f"DROP TABLE making.{table}")


def _held(run: Run, parties: list[EntityType], *, amended: bool) -> None:
    """Write `fusion.held`: who holds each value that ties two identities or more and is not generic; of values in question."""
    engine, most = run.engine, {"most": run.project.settings.fusion.shared_by}
    among = "SEMI JOIN fusion.affected USING (kind, value)" if amended else ""
    contacts = " UNION ALL ".join(contacts_sql(kind, f"canonical.{quote(kind)}") for kind in parties)
    engine.create_as(
        "fusion",
        "member",
        f"SELECT kind, value, identity_id, entity_type, record FROM ({contacts or NO_CONTACT}) {among} JOIN resolution.now USING (entity_type, record)",
    )
    engine.create("fusion", "telling", most)
    engine.create("fusion", "held")
    engine.run(
        f"INSERT INTO fusion.held BY NAME FROM ({_account_sql(amended=amended)}) {among} "
        "QUALIFY count(*) OVER (PARTITION BY value) BETWEEN 2 AND $most",
        most,
    )


def _affected(run: Run, audience: str, parties: list[EntityType]) -> None:
    """Write `fusion.affected` (kind, value): values whose holders may have changed.

    These are accounts with a touched party, and values of records that are touched, as they are, or gone, as they were.
    """
    engine = run.engine
    engine.create("fusion", "affected")
    for kind in parties:
        touched = f"(FROM canonical.{quote(kind)} WHERE record IN (SELECT record FROM resolution.identified WHERE entity_type = '{kind}'))"
        gone = f"(FROM {qualified('change', f'gone_{kind}')} WHERE {run.sees(audience)})"
        for table in (touched, gone):
            engine.run(f"INSERT INTO fusion.affected SELECT kind, value FROM ({contacts_sql(kind, table)})")
    engine.run("CREATE OR REPLACE TABLE fusion.affected AS SELECT DISTINCT kind, value FROM fusion.affected")


def _account_sql(*, amended: bool) -> str:
    """Return who is tied to which account by source rows, told by the disclosed relations of this release."""
    disclosed = "SELECT from_identity, to_identity, records, agencies, first_seen, last_seen FROM fusion.disclosed"
    if amended:
        stale = "(SELECT identity_id FROM making.stale)"
        disclosed += (
            " UNION ALL SELECT from_identity, to_identity, records, agencies, first_seen, last_seen FROM release.published.identity_relation "
            f"WHERE basis = 'disclosed' AND from_identity NOT IN {stale} AND to_identity NOT IN {stale}"
        )
    rows = " UNION ALL ".join(
        f"SELECT {party}_identity AS identity_id, {account}_identity AS value, records, agencies, first_seen, last_seen FROM related "
        f"WHERE {account}_identity IN (SELECT identity_id FROM accounts) AND {party}_identity NOT IN (SELECT identity_id FROM accounts)"
        for party, account in (("from", "to"), ("to", "from"))
    )
    return f"""
        WITH related AS ({disclosed}), accounts AS (SELECT identity_id FROM release.published.identity WHERE entity_type = 'account')
        SELECT 'shared_account' AS kind, value, identity_id, CAST(sum(records) AS BIGINT) AS records,
               list_sort(list_distinct(flatten(list(agencies)))) AS agencies, min(first_seen) AS first_seen, max(last_seen) AS last_seen
        FROM ({rows}) GROUP BY value, identity_id
    """
