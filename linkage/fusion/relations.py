"""Relations → `published.identity_relation`: disclosed by source rows, and derived where two identities hold one value.

A derived relation is one row a pair and value. A value that more than `fusion.shared_by` identities hold is generic and
makes none, so a value makes at most shared_by² / 2 rows and the work follows the records, not their square. In an increment only
what has changed is put anew (`linkage.fusion.again`): rows of other values stand as they were, since nobody who holds those has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.duckdb import fixed_sql
from linkage.fusion.again import RELATION, add_accounts, add_ends
from linkage.fusion.contacts import all_contacts_sql
from linkage.stages.release import write

if TYPE_CHECKING:
    from linkage.stages.context import Run

READS = ("resolution.now", "resolution.identified", "canonical.relation", "fusion.known")
WRITES = ("published.identity_relation", "fusion.member", "fusion.telling")


def write_relations(run: Run, audience: str) -> None:
    """Write disclosed and derived relations; leave `fusion.member` and `fusion.telling` for the overlaps."""
    engine, amended = run.engine, audience in run.amended_audiences
    _disclosed(run, amended=amended)
    if amended:
        add_accounts(run)
        add_ends(run)
    _held(run, amended=amended)
    write(
        run,
        audience,
        "identity_relation",
        f"FROM fusion.disclosed UNION ALL BY NAME ({fixed_sql('fusion', 'pair')})",
        stale=RELATION,
    )
    if amended:
        add_ends(run)
    for table in ("held", "disclosed"):
        engine.run(f"DROP TABLE fusion.{table}")


def _disclosed(run: Run, *, amended: bool) -> None:
    """Write `fusion.disclosed`: the relations of source rows with a record in question, which tell all of an identity in question."""
    engine = run.engine
    rows = "fusion.known_row" if amended else "resolution.identified"
    engine.create_as("making", "related", f"SELECT * FROM canonical.relation SEMI JOIN {rows} USING (dataset, key)")
    engine.create_as(
        "making",
        "party",
        "SELECT entity_type, dataset, key, role, identity_id FROM resolution.now SEMI JOIN making.related USING (dataset, key)",
    )
    engine.create("fusion", "disclosed")
    for table in ("related", "party"):
        engine.run(f"DROP TABLE making.{table}")


def _held(run: Run, *, amended: bool) -> None:
    """Write `fusion.held`: who holds each value that ties two identities or more and is not generic; of values in question."""
    engine, most = run.engine, {"most": run.project.settings.fusion.shared_by}
    contacts, now = "making.contact", "resolution.now"
    if not amended:
        contacts = _contacts(run)
    else:
        engine.create_as("making", "contact", all_contacts_sql(run, amended=True))
        # (Numbers of several types: the join tells them apart.)
        now = f"(FROM resolution.now WHERE record IN (SELECT record FROM {contacts}))"
    engine.create_as(
        "fusion",
        "member",
        f"SELECT kind, value, identity_id, dataset, key, agency, seen_on FROM {contacts} JOIN {now} AS now USING (entity_type, record)",
    )
    engine.run("DROP TABLE IF EXISTS making.contact")
    engine.create("fusion", "telling", most)
    engine.create("fusion", "held")
    engine.run(
        f"INSERT INTO fusion.held BY NAME FROM ({_account_sql(amended=amended)}) QUALIFY count(*) OVER (PARTITION BY value) BETWEEN 2 AND $most",
        most,
    )


def _contacts(run: Run) -> str:
    """Make sure of `fusion.contact`, for all audiences of the run: the contacts that two records or more hold; return its name.

    Each audience takes those of the records that it sees. What one record alone holds ties nobody, whoever sees it.
    """
    if not run.engine.has_table("fusion", "contact"):
        run.engine.create_as(
            "fusion",
            "contact",
            f"""
            WITH told AS MATERIALIZED ({all_contacts_sql(run, amended=False)}),
            again AS (SELECT kind, value FROM told GROUP BY kind, value HAVING count(*) > 1)
            FROM told SEMI JOIN again USING (kind, value)
            """,
        )
    return "fusion.contact"


def _account_sql(*, amended: bool) -> str:
    """Return who is tied to which account by source rows, told by the disclosed relations of this release."""
    disclosed = "SELECT from_identity, to_identity, records, agencies, first_seen, last_seen FROM fusion.disclosed"
    if amended:
        disclosed += (
            " UNION ALL SELECT from_identity, to_identity, records, agencies, first_seen, last_seen FROM release.published.identity_relation "
            "WHERE basis = 'disclosed' AND NOT (fusion_known(from_identity) OR fusion_known(to_identity))"
        )
    rows = " UNION ALL ".join(
        f"SELECT {party}_identity AS identity_id, {account}_identity AS value, records, agencies, first_seen, last_seen FROM related "
        f"WHERE fusion_value_again('shared_account', {account}_identity) AND {account}_identity IN (SELECT identity_id FROM accounts) "
        f"AND {party}_identity NOT IN (SELECT identity_id FROM accounts)"
        for party, account in (("from", "to"), ("to", "from"))
    )
    return f"""
        WITH related AS ({disclosed}), accounts AS (SELECT identity_id FROM release.published.identity WHERE entity_type = 'account')
        SELECT 'shared_account' AS kind, value, identity_id, CAST(sum(records) AS BIGINT) AS records,
               list_sort(list_distinct(flatten(list(agencies)))) AS agencies, min(first_seen) AS first_seen, max(last_seen) AS last_seen
        FROM ({rows}) GROUP BY value, identity_id
    """
