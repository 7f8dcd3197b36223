"""Audit: what must hold of a release before it is visible, and what the project's limits say of it (rules R3, R5, R6).

A release that an audit fails is not published; those of other audiences are. A limit may be accepted with a reason; what
would break a rule may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.engine.sql import qualified, quote
from linkage.stages.changes import judged_table
from linkage.tables import PUBLISHED

if TYPE_CHECKING:
    from linkage.stages.context import Run

READS = ("making.old", "resolution.identified", "resolution.assignment")
WRITES: tuple[str, ...] = ()

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
    """Return what is wrong with the release attached as `release`; call it before `settle`."""
    findings = [*_contract(run), *_sums(run, audience), *_judgements(run, audience)]
    return findings or _limits(run, audience)


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


def _sums(run: Run, audience: str) -> list[Finding]:
    """Each record once, and references between all tables."""
    records = " + ".join(
        f"(SELECT count(*) FROM canonical.{quote(kind)} WHERE {run.sees(audience)})" for kind in run.types
    )
    known = "ANTI JOIN release.published.identity USING (identity_id)"
    checks = {
        "records are missing from the crosswalk": f"SELECT count(*) <> {records} FROM release.published.stored_record",
        "a record is in two identities": "SELECT count(*) > 0 FROM (SELECT 1 FROM release.published.stored_record GROUP BY entity_type, dataset, key, role HAVING count(*) > 1)",
        "the crosswalk names unknown identities": f"SELECT count(*) > 0 FROM release.published.stored_record {known}",
        "two identities have one id": "SELECT count(*) > 0 FROM (SELECT 1 FROM release.published.identity GROUP BY identity_id HAVING count(*) > 1)",
        "identities tell another number of records than the crosswalk": "SELECT coalesce(sum(records), 0) <> (SELECT count(*) FROM release.published.stored_record) FROM release.published.identity",
        "a relation names unknown identities": f"SELECT count(*) > 0 FROM (SELECT from_identity AS identity_id FROM release.published.identity_relation UNION ALL SELECT to_identity FROM release.published.identity_relation) {known}",
        "link evidence names unknown records": "SELECT count(*) > 0 FROM (SELECT a AS number FROM release.published.stored_link UNION ALL SELECT b FROM release.published.stored_link) ANTI JOIN release.published.stored_record USING (number)",
        "a possible match names unknown identities": f"SELECT count(*) > 0 FROM (SELECT identity_a AS identity_id FROM release.published.possible_match UNION ALL SELECT identity_b FROM release.published.possible_match) {known}",
        "a pointer names unknown identities": f"SELECT count(*) > 0 FROM release.published.identity_pointer {known}",
        "a case names unknown identities": f"SELECT count(*) > 0 FROM release.published.identity_case {known}",
        "an overlap names unknown identities": f"SELECT count(*) > 0 FROM (SELECT unnest(identities) AS identity_id FROM release.published.deconfliction_overlap) {known}",
        "a lead names unknown identities": f"SELECT count(*) > 0 FROM (SELECT unnest(identities || targets) AS identity_id FROM release.published.lead) {known}",
        "a redirect leads to an unknown identity": f"SELECT count(*) > 0 FROM (SELECT new_id AS identity_id FROM release.published.identity_redirect) {known}",
        **{
            f"identities and golden values of {kind} differ": f"SELECT (SELECT count(*) FROM release.published.identity WHERE entity_type = '{kind}') <> (SELECT count(*) FROM release.published.{quote(kind)})"
            for kind in run.types
        },
    }
    return [Finding("sums", what) for what, query in checks.items() if run.engine.value(query)]


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
    before = int(engine.value(f"SELECT count(*) FROM {qualified('resolution', f'assignment_{audience}')}"))
    now = int(engine.value("SELECT count(*) FROM release.published.stored_record"))
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
