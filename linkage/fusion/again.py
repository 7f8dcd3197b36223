"""What an increment looks at again in relations, cases, overlaps and leads; a release that is made whole looks at everything.

The statements of `linkage/sql/fusion` ask macros: `fusion_known(identity)`, `fusion_case_again(agency, number)`, `fusion_case_key(key)`,
`fusion_value_again(kind, value)`, `fusion_again(identity)`, `fusion_ssn_again(ssn)` and `fusion_near(identity)`; the table macro
`fusion_again_row()` holds the records of identities that are looked at again. Each is true of everything in a release that is made whole. In an increment they follow what has changed: known are the identities
with a touched record, with a source row whose case or relation is another, or with an entry in the ledger; from them the
cases and values whose rows are put anew, and from these the identities whose overlaps and leads are. A set may hold
more than has changed, never less: what is in it is taken out of the release and made again (rule R2).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from linkage.engine.duckdb import fixed_sql
from linkage.engine.sql import comma, qualified, quote
from linkage.fusion.contacts import CONTACTS, contacts_sql, parties
from linkage.stages.touch import held_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = (
    "making.stale",
    "resolution.identified",
    "change.moved",
    "change.gone",
    "fusion.followed",
    "fusion.disclosed",
    "fusion.doubtful",
)
WRITES = ("fusion.known", "fusion.again", "fusion.near")

_SETS = {
    "known": ("identity_id",),
    "case_again": ("agency", "number"),
    "case_key": ("key",),
    "value_again": ("kind", "value"),
    "again": ("identity_id",),
    "ssn_again": ("ssn",),
    "near": ("identity_id",),
}
RELATION = "CASE basis WHEN 'disclosed' THEN fusion_known(from_identity) OR fusion_known(to_identity) ELSE fusion_value_again(kind, value) END"
"""The SQL test of a relation that is put anew."""


@contextmanager
def open_again(run: Run, audience: str) -> Iterator[None]:
    """Make the macros for the block; in an increment, with the identities, cases and values that have changed."""
    engine, amended = run.engine, audience in run.amended_audiences
    for name, columns in _SETS.items():
        # A parameter of the name of a column would hide the column.
        asked, test = [f"asked_{column}" for column in columns], "TRUE"
        if amended:
            engine.run(
                f"CREATE OR REPLACE TABLE fusion.{name} ({', '.join(f'{column} VARCHAR' for column in columns)})"
            )
            test = f"({', '.join(asked)}) IN (SELECT ({', '.join(columns)}) FROM fusion.{name})"
        engine.run(f"CREATE OR REPLACE TEMP MACRO fusion_{name}({', '.join(asked)}) AS {test}")
    if amended:
        _start(run, audience)
    try:
        yield
    finally:
        for name in _SETS:
            engine.run(f"DROP MACRO fusion_{name}")
        engine.run("DROP MACRO TABLE IF EXISTS fusion_again_row")
        for table in (*_SETS, "known_row", "case_moved", "again_row", "asked"):
            engine.run(f"DROP TABLE IF EXISTS fusion.{table}")


def _start(run: Run, audience: str) -> None:
    """Find the identities that have changed, and the cases and contacts of theirs."""
    engine = run.engine
    for table in ("known", "known_row", "case_moved", "case_again", "case_key"):
        engine.create("fusion", table)
    engine.run(
        "INSERT INTO fusion.value_again SELECT 'shared_' || subject, value FROM release.published.deconfliction_overlap "
        "WHERE value IS NOT NULL AND overlap_id IN (SELECT id FROM fusion.followed)"
    )
    for kind in parties(run):
        # Held first: each kind of contact would read all records for itself.
        engine.create_as("fusion", "asked", _asked_sql(run, audience, kind))
        engine.run(f"INSERT INTO fusion.value_again SELECT kind, value FROM ({contacts_sql(kind, 'fusion.asked')})")


def _asked_sql(run: Run, audience: str, kind: EntityType) -> str:
    """Return the contacts, as they are held, of the records of a type that are known, of a changed case, or gone."""
    held, columns = f"canonical.{quote(kind)}", comma(CONTACTS)
    touched = held_records(run, audience, kind)
    others = f"SELECT record FROM fusion.known_row ANTI JOIN {touched} USING (record) WHERE entity_type = '{kind}'"
    selects = [
        # The records that are touched are known.
        f"SELECT {columns} FROM {touched}",
        f"SELECT {columns} FROM {held} WHERE record IN ({others})",
        f"SELECT {columns} FROM {qualified('change', f'gone_{kind}')} WHERE {run.sees(audience)}",
    ]
    if run.engine.value("SELECT count(*) FROM fusion.case_moved"):
        moved = 'FROM canonical."case" SEMI JOIN fusion.case_moved USING (agency, number)'
        selects.append(f"SELECT {columns} FROM {held} SEMI JOIN ({moved}) USING (dataset, key)")
    return " UNION ALL ".join(selects)


def add_accounts(run: Run) -> None:
    """Add the accounts whose parties may have changed to the values that are looked at again; `fusion.disclosed` is made."""
    run.engine.run(f"INSERT INTO fusion.value_again {fixed_sql('fusion', 'account_again')}")
    run.engine.run("CREATE OR REPLACE TABLE fusion.value_again AS SELECT DISTINCT kind, value FROM fusion.value_again")


def add_ends(run: Run) -> None:
    """Add the ends of relations that are put anew, as the release attached as `release` has them now."""
    run.engine.run(
        f"INSERT INTO fusion.again SELECT unnest([from_identity, to_identity]) FROM release.published.identity_relation WHERE {RELATION}"
    )


def widen(run: Run, audience: str) -> None:
    """Complete `fusion.again` when cases and relations stand, and write `fusion.near`: whose cases must be known for it.

    Leaves `fusion.ssn_held` for the leads where there are persons.
    """
    engine, amended = run.engine, audience in run.amended_audiences
    if amended:
        for table in ("again", "near", "again_row"):
            engine.create("fusion", table)
    # The body of a table macro is bound when it is made.
    rows = "fusion.again_row" if amended else "resolution.now"
    engine.run(
        f"CREATE OR REPLACE TEMP MACRO fusion_again_row() AS TABLE SELECT entity_type, record, identity_id FROM {rows}"
    )
    if "person" not in run.types:
        return
    if amended:
        engine.create("fusion", "ssn_again")
        gone = f"FROM change.gone_person WHERE ssn IS NOT NULL AND {run.sees(audience)}"
        engine.run(f"INSERT INTO fusion.ssn_again SELECT DISTINCT ssn {gone}")
    engine.create("fusion", "ssn_held")
    if amended:
        engine.run("INSERT INTO fusion.near SELECT DISTINCT identity_id FROM fusion.ssn_held")


def add_doubtful(run: Run, audience: str) -> None:
    """Add to `fusion.near` the identities that may be one with one of it; `fusion.doubtful` is made."""
    if audience in run.amended_audiences:
        run.engine.run("INSERT INTO fusion.near SELECT unnest([one, two]) FROM fusion.doubtful")
