"""Audit: what must hold of a release before it is visible, and what the project's limits say of it (rules R3, R5, R6).

A release that an audit fails is not published; those of other audiences are. A limit may be accepted with a reason; what
would break a rule may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from linkage.engine.sql import quote
from linkage.stages.changes import judged_table
from linkage.tables import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linkage.engine.duckdb import Engine
    from linkage.stages.context import Run

READS = ("making.old", "making.stale", "resolution.identified", "resolution.assignment")
WRITES: tuple[str, ...] = ()

EVERY = timedelta(days=7)
"""How often an audience's release is audited in whole; in between, increments audit what they touch."""
_NAMED = {
    "the crosswalk names": "SELECT identity_id FROM release.published.stored_record",
    "a relation names": "SELECT from_identity AS identity_id FROM release.published.identity_relation UNION ALL SELECT to_identity FROM release.published.identity_relation",
    "a possible match names": "SELECT identity_a AS identity_id FROM release.published.possible_match UNION ALL SELECT identity_b FROM release.published.possible_match",
    "a pointer names": "SELECT identity_id FROM release.published.identity_pointer",
    "a case names": "SELECT identity_id FROM release.published.identity_case",
    "an overlap names": "SELECT unnest(identities) AS identity_id FROM release.published.deconfliction_overlap",
    "a lead names": "SELECT unnest(identities || targets) AS identity_id FROM release.published.lead",
    "a redirect leads to": "SELECT new_id AS identity_id FROM release.published.identity_redirect",
}
"""What names identities, and those it names."""
LIMITS = ("largest_identity", "churn", "growth")
"""The audits that a steward may accept: their names in the project file and of `--accept`."""


@dataclass(frozen=True)
class Finding:
    """An audit that a release has failed: its name and what to look at."""

    audit: str
    told: str

    @property
    def acceptable(self) -> bool:
        """Whether a steward may publish all the same."""
        return self.audit in LIMITS


def audit(run: Run, audience: str) -> list[Finding]:
    """Return what is wrong with the release attached as `release`; call it before `settle`.

    In an increment references are checked where an identity in question has one, and once in `EVERY` everywhere.
    """
    whole = _is_due(run, audience)
    findings = [*_contract(run), *_sums(run, audience, whole=whole), *_judgements(run, audience)]
    if whole:
        run.audited.add(audience)
    return findings or _limits(run, audience)


def _is_due(run: Run, audience: str) -> bool:
    """Whether the whole release is to be audited."""
    last = run.signatures.get(f"audited:{audience}")
    return audience not in run.amended_audiences or last is None or run.day - date.fromisoformat(last) >= EVERY


def _contract(run: Run) -> list[Finding]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in run.engine.rows(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = 'release' "
        "AND schema_name = 'published' ORDER BY table_name, column_index"
    ):
        found.setdefault(table, {})[column] = kind
    return [
        Finding("contract", f"published.{table.name} does not have the columns of its contract")
        for table in PUBLISHED
        if found.get(table.name) != {column.name: column.type for column in table.columns}
    ]


def _sums(run: Run, audience: str, *, whole: bool) -> list[Finding]:
    """Each record once, and references between all tables."""
    records = " + ".join(
        f"(SELECT count(*) FROM canonical.{quote(kind)} WHERE {run.sees(audience)})" for kind in run.types
    )
    engine = run.engine
    touched, met, unknown = "", "", "ANTI JOIN release.published.identity USING (identity_id)"
    if not whole:
        engine.create_as("making", "touched", "FROM making.stale UNION SELECT identity_id FROM resolution.identified")
        engine.create_as("making", "absent", f"FROM making.touched {unknown}")
        touched = "SEMI JOIN making.touched USING (identity_id)"
        met = "SEMI JOIN (SELECT number FROM making.old UNION SELECT number FROM resolution.identified) AS met USING (number)"
        unknown = "SEMI JOIN making.absent USING (identity_id)"
    checks = {
        "records are missing from the crosswalk": f"SELECT count(*) <> {records} FROM release.published.stored_record",
        "a record is in two identities": f"SELECT count(*) > 0 FROM (SELECT 1 FROM release.published.stored_record {met} GROUP BY {'entity_type, dataset, key, role' if whole else 'number'} HAVING count(*) > 1)",
        "two identities have one id": f"SELECT count(*) > 0 FROM (SELECT 1 FROM release.published.identity {touched} GROUP BY identity_id HAVING count(*) > 1)",
        "identities tell another number of records than the crosswalk": "SELECT coalesce(sum(records), 0) <> (SELECT count(*) FROM release.published.stored_record) FROM release.published.identity",
        "link evidence names unknown records": f"SELECT count(*) > 0 FROM (SELECT a AS number FROM release.published.stored_link UNION ALL SELECT b FROM release.published.stored_link) {met} ANTI JOIN (SELECT number FROM release.published.stored_record {met}) AS held USING (number)",
        **{
            f"{what} an unknown identity": f"SELECT count(*) > 0 FROM ({named}) {unknown}"
            for what, named in _NAMED.items()
        },
        **{
            f"identities and golden values of {kind} differ": f"SELECT (SELECT count(*) FROM release.published.identity WHERE entity_type = '{kind}') <> (SELECT count(*) FROM release.published.{quote(kind)})"
            for kind in run.types
        },
    }
    # Those of an increment read little: in one statement they share the processors.
    asked = [{what: query} for what, query in checks.items()] if whole else [checks]
    broken = {what for some in asked for what in _broken(engine, some)}
    for table in ("touched", "absent"):
        engine.run(f"DROP TABLE IF EXISTS making.{table}")
    return [Finding("sums", what) for what in checks if what in broken]


def _broken(engine: Engine, checks: Mapping[str, str]) -> list[str]:
    """Return those of the checks (what is wrong → the query that says whether it is) that have found something."""
    names = {f"check_{place}": what for place, what in enumerate(checks)}
    query = " UNION ALL ".join(f"SELECT ${name} WHERE ({checks[what]})" for name, what in names.items())
    return [row[0] for row in engine.rows(query, names)]


def _judgements(run: Run, audience: str) -> list[Finding]:
    judged = [row for kind in run.types for row in run.judgements(audience, kind) if row[7] == "non-match"]
    if not judged:
        return []
    with run.engine.registered("non_match", judged_table(judged)):
        broken = run.engine.value(
            "SELECT min(judgement) FROM non_match "
            "JOIN release.published.stored_record AS one ON one.dataset = dataset_a AND one.key = key_a AND one.role = role_a "
            "JOIN release.published.stored_record AS two ON two.dataset = dataset_b AND two.key = key_b AND two.role = role_b "
            "WHERE one.identity_id = two.identity_id"
        )
    return [] if broken is None else [Finding("judgements", f"judgement {broken} (non-match) is broken")]


def _limits(run: Run, audience: str) -> list[Finding]:
    """What the project's limits say, in numbers of the audience's own."""
    engine, limits = run.engine, run.project.settings.audits
    findings = []
    largest = engine.rows("SELECT records, identity_id FROM release.published.identity ORDER BY 1 DESC, 2 LIMIT 1")
    if largest and largest[0][0] > limits.largest_identity:
        told = f"identity {largest[0][1]} holds {largest[0][0]:,} records, more than audits.largest_identity = {limits.largest_identity:,}"
        findings.append(Finding("largest_identity", told))
    if not engine.has_table("resolution", f"assignment_{audience}"):
        return findings
    now = int(engine.value("SELECT count(*) FROM release.published.stored_record"))
    before = now + int(
        engine.value("SELECT (SELECT count(*) FROM making.old) - (SELECT count(*) FROM resolution.identified)")
    )
    moved = int(
        engine.value(
            "SELECT count(*) FROM making.old JOIN resolution.identified AS now USING (entity_type, dataset, key, role) "
            "WHERE old.identity_id <> now.identity_id"
        )
    )
    if moved >= limits.least_records and moved > limits.churn * before:
        told = f"{moved:,} of {before:,} records move to another identity, more than audits.churn = {limits.churn}; see the events of the release"
        findings.append(Finding("churn", told))
    if now - before >= limits.least_records and now > (1 + limits.growth) * before:
        told = f"records grow from {before:,} to {now:,}, by more than audits.growth = {limits.growth}; see the deliveries of this run"
        findings.append(Finding("growth", told))
    return findings
