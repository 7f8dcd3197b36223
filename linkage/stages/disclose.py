"""Disclose: `source.<dataset>` → `canonical.relation` and `canonical.case`, what source rows tell beside their entity records.

In an increment only the rows of `change.key` are read; `change.moved` holds those whose relations or case are others than they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import qualified, quote
from linkage.stages import changes
from linkage.stages.ingest import KEY, dataset_table

if TYPE_CHECKING:
    from linkage.stages.context import Run

READS = ("change.key", "change.marked", "canonical.person", "canonical.business", "canonical.account")
WRITES = ("canonical.relation", "canonical.case", "change.gone", "change.moved")

CLOSED = (
    "c",
    "closed",
    "close",
    "inactive",
    "ended",
    "completed",
    "complete",
    "dismissed",
    "declined",
    "archived",
    "terminated",
    "adjudicated",
)
"""Statuses of cases that are not open, where a source does not list its open ones. What is not told is open: who should be called learns of it."""


def disclose(run: Run) -> None:
    """Bring relations and cases up to date with the source records; the canonical tables of the types are."""
    _relations(run)
    _cases(run)
    _moved(run)


def _relations(run: Run) -> None:
    engine = run.engine
    _clear(run, "relation")
    for dataset, source in changes.to_do(run):
        for relation in source.relations:
            start, end = source.roles[relation.from_], source.roles[relation.to]
            engine.run(
                f"""
                INSERT INTO canonical.relation
                SELECT DISTINCT $kind, $dataset, a.key, a.agency, a.seen_on, $from_type, $from_role, $to_type, $to_role, a.marking, a.record, b.record
                FROM canonical.{quote(start.entity)} AS a JOIN canonical.{quote(end.entity)} AS b USING (dataset, key)
                WHERE a.dataset = $dataset AND a.role = $from_role AND b.role = $to_role{_only_changed(run, "a.key")}
                """,
                {
                    "kind": relation.kind,
                    "dataset": dataset,
                    "from_type": start.entity,
                    "from_role": relation.from_,
                    "to_type": end.entity,
                    "to_role": relation.to,
                },
            )


def _cases(run: Run) -> None:
    engine = run.engine
    _clear(run, "case")
    standards = dict(engine.rows("FROM sharing.standard"))
    for dataset, source in changes.to_do(run):
        if source.case is None:
            continue
        number, status, contact = (
            f"nullif(trim({quote(column)}), '')" if column else "NULL"
            for column in (source.case.number, source.case.status, source.case.contact)
        )
        told = f"lower({status})"
        is_open = f"NOT list_contains($closed, {told})" if source.case.open is None else f"list_contains($open, {told})"
        engine.run(
            f'INSERT INTO canonical."case" SELECT $dataset, {quote(KEY)}, $agency, {number}, {status}, {contact}, '
            f"coalesce(marked.marking, $standard), coalesce({is_open}, TRUE) FROM {dataset_table(dataset)} AS row LEFT JOIN (FROM change.marked WHERE dataset = $dataset) AS marked ON marked.key = row.{quote(KEY)} WHERE {number} IS NOT NULL{_only_changed(run, quote(KEY))}",
            {
                "dataset": dataset,
                "agency": source.agency,
                "standard": standards[dataset],
                "closed": list(CLOSED),
                "open": [word.strip().lower() for word in source.case.open or ()],
            },
        )


def _clear(run: Run, table: str) -> None:
    """Make a table of the canonical schema anew, or take the changed rows out of it and write them to `change.gone_<table>`."""
    engine, held = run.engine, qualified("canonical", table)
    if run.anew or not engine.has_table("canonical", table):
        engine.create("canonical", table)
    if run.anew:
        return
    engine.create_as("change", f"gone_{table}", f"FROM {held} SEMI JOIN change.key USING (dataset, key)")
    engine.run(
        f"DELETE FROM {held} USING change.key AS changed WHERE {quote(table)}.dataset = changed.dataset AND {quote(table)}.key = changed.key"
    )


def _moved(run: Run) -> None:
    """Write `change.moved` (dataset, key): the source rows whose relations or case are others than they were; their records may stand."""
    if run.anew:
        return
    moved = []
    for table, told in (("relation", "SELECT * EXCLUDE (from_record, to_record)"), ("case", "")):
        # (A record that is made again has another number; it is fresh, whatever its relations.)
        gone, now = (
            f"{told} FROM change.gone_{table}",
            f'{told} FROM canonical."{table}" SEMI JOIN change.key USING (dataset, key)',
        )
        moved += [f"SELECT dataset, key FROM ({one} EXCEPT {other})" for one, other in ((gone, now), (now, gone))]
    run.engine.create_as("change", "moved", " UNION ".join(moved))


def _only_changed(run: Run, key: str) -> str:
    return "" if run.anew else f" AND {key} IN (SELECT key FROM change.key WHERE dataset = $dataset)"
