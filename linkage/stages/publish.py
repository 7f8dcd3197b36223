"""Publish: everything an audience gets, in one new database file in staging. The ledger row makes it visible.

All tables are written in the order of their keys; nothing in them depends on records the audience may not see (rule R7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.config.project import CENTRE
from linkage.engine.sql import literal, qualified, quote
from linkage.errors import AuditError
from linkage.matching.evidence import gathered, with_evidence
from linkage.matching.score import PATTERN_BITS, level_name
from linkage.stages.survive import ATTRIBUTES, LISTS
from linkage.tables import CONTRACT_VERSION, PUBLISHED

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.context import Run

READS = ("resolution.assignment", "resolution.golden", "resolution.value", "resolution.event", "resolution.redirect")
WRITES = tuple(f"published.{table.name}" for table in PUBLISHED)

_LEVELS = "concat_ws(';', nullif(levels, ''), told)"
HIGH_CONFIDENCE = 10.0
"""Bits of the weakest link from which an identity's confidence is called high: odds of a thousand to one."""


def publish(run: Run, audience: str, sequence: int, path: Path) -> dict[str, Any]:
    """Write an audience's release to the new file `path` and audit it; return its counts."""
    run.progress(f"publish for {audience}")
    engine = run.engine
    with engine.attached(path, "release", read_only=False):
        engine.run("CREATE SCHEMA release.published")
        _evidence(run, audience)
        _identities(run, audience)
        for kind in ATTRIBUTES:
            _golden(run, audience, kind)
        _values(run, audience)
        _relations(run, audience)
        _history(run, audience)
        _rejects(run, audience)
        counts = _info(run, audience, sequence)
        _audit(run, audience)
        engine.run("CHECKPOINT release")
    engine.run("DROP TABLE resolution.compared")
    return counts


def _write(run: Run, name: str, query: str, values: dict[str, Any] | None = None, *, order: str = "") -> None:
    """Write one published table: contract columns, contract types, in the order of its key.

    `order` may name a column that orders the rows as the key does, at less cost.
    """
    table = next(table for table in PUBLISHED if table.name == name)
    columns = ", ".join(
        f"CAST({quote(column.name)} AS {column.type}) AS {quote(column.name)}" for column in table.columns
    )
    order = order or ", ".join(quote(column) for column in table.key)
    run.engine.run(
        f"CREATE TABLE release.published.{quote(name)} AS SELECT {columns} FROM ({query}) ORDER BY {order}", values
    )


def _evidence(run: Run, audience: str) -> None:
    """Write `link_evidence` and `possible_match` from the compared pairs that the audience may see."""
    engine = run.engine
    # Records are numbered in the order of their names, so a < b puts the two of a pair in that order too.
    engine.create_as("resolution", "compared", " UNION ALL ".join(_compared_sql(audience, kind) for kind in run.types))
    engine.create_as(
        "resolution",
        "pattern_text",
        "SELECT entity_type, pattern, CASE entity_type "
        + " ".join(f"WHEN '{kind}' THEN {levels_sql(run.models[kind])}" for kind in run.types)
        + " END AS levels FROM (SELECT DISTINCT entity_type, pattern FROM resolution.compared)",
    )
    _write(
        run,
        "link_evidence",
        f"SELECT * REPLACE ({_LEVELS} AS levels), identity_a AS identity_id FROM (SELECT * REPLACE (weight / 1024.0 AS weight) FROM resolution.compared) "
        "JOIN resolution.pattern_text USING (entity_type, pattern) WHERE number_a = number_b",
        order="entity_type, record_a, record_b",
    )
    _write(
        run,
        "possible_match",
        f"""
        SELECT * REPLACE ({_LEVELS} AS levels), CASE WHEN ambiguous THEN 'ambiguous' WHEN bits >= {_by_type(run, "match")} THEN 'apart' ELSE 'review band' END AS reason
        FROM (SELECT * EXCLUDE (weight), weight / 1024.0 AS bits, weight / 1024.0 AS weight FROM resolution.compared)
        JOIN resolution.pattern_text USING (entity_type, pattern)
        WHERE number_a <> number_b AND (bits >= {_by_type(run, "review")} OR ambiguous)
        """,
        order="entity_type, record_a, record_b",
    )
    engine.run("DROP TABLE resolution.pattern_text")


def _compared_sql(audience: str, kind: EntityType) -> str:
    """Return the pairs of a type between records of the audience: blocked ones, those that share evidence, and those inside its own components."""
    cluster = f"resolution.{quote(f'cluster_{audience}_{kind}')}"
    assignment = f"resolution.{quote(f'assignment_{audience}')}"
    evidence = qualified("resolution", gathered(audience, kind))
    inside = qualified("scoring", f"inside_{kind}")
    pairs = f"""
        SELECT a, b, weight, pattern FROM {qualified("scoring", f"edge_{kind}")}
        UNION ALL
        SELECT a, b, weight, pattern FROM {inside} AS inside LEFT JOIN {evidence} AS evidence USING (a, b)
        JOIN {cluster} AS one ON one.record = a JOIN {cluster} AS two ON two.record = b
        WHERE one.component = two.component OR bits IS NOT NULL
    """
    return f"""
        SELECT '{kind}' AS entity_type, one.dataset AS dataset_a, one.key AS key_a, one.role AS role_a,
               two.dataset AS dataset_b, two.key AS key_b, two.role AS role_b,
               one.identity_id AS identity_a, two.identity_id AS identity_b, one.identity AS number_a,
               two.identity AS number_b, one.record AS record_a, two.record AS record_b, weight, pattern, told,
               one.ambiguous OR two.ambiguous AS ambiguous
        FROM ({with_evidence(pairs, evidence)}) AS pair
        JOIN {assignment} AS one ON one.record = a AND one.entity_type = '{kind}'
        JOIN {assignment} AS two ON two.record = b AND two.entity_type = '{kind}'
    """


def _by_type(run: Run, threshold: str) -> str:
    cases = " ".join(
        f"WHEN '{kind}' THEN {float(getattr(run.models[kind].thresholds, threshold))!r}" for kind in run.types
    )
    return f"CASE entity_type {cases} END"


def levels_sql(model: Model) -> str:
    """Return the SQL that tells column `pattern` as `comparison=level;...`, without comparisons that tell nothing."""
    parts = []
    for place, comparison in enumerate(model.comparisons):
        cases = " ".join(
            f"WHEN {code} THEN {literal(f'{comparison.name}={level_name(comparison, code)}')}"
            for code in range(1, len(model.chances[comparison.name]) + 1)
        )
        parts.append(f"CASE (pattern >> {PATTERN_BITS * place}) & 15 {cases} END")
    return f"concat_ws(';', {', '.join(parts)})"


def _identities(run: Run, audience: str) -> None:
    assignment = f"resolution.{quote(f'assignment_{audience}')}"
    _write(
        run,
        "identity",
        f"""
        WITH link AS (
            SELECT identity, min(mean) AS weakest_link FROM (
                SELECT identity, record, sum(weight) / 1024.0 / count(*) AS mean FROM (
                    SELECT entity_type, number_a AS identity, record_a AS record, weight FROM resolution.compared WHERE number_a = number_b
                    UNION ALL
                    SELECT entity_type, number_a, record_b, weight FROM resolution.compared WHERE number_a = number_b
                ) GROUP BY identity, record
            ) GROUP BY identity
        )
        SELECT *, CASE WHEN records = 1 THEN 'certain' WHEN weakest_link >= {HIGH_CONFIDENCE} THEN 'high' ELSE 'medium' END AS confidence
        FROM (
            SELECT identity, any_value(identity_id) AS identity_id, any_value(entity_type) AS entity_type, min(since) AS since,
                   count(*) AS records, len(list_distinct(list(dataset))) AS datasets,
                   list_sort(list_distinct(list(agency))) AS agencies, min(seen_on) AS first_seen, max(seen_on) AS last_seen
            FROM {assignment} GROUP BY identity
        ) LEFT JOIN link USING (identity)
        """,
        order="identity",
    )
    _write(run, "identity_record", f"FROM {assignment}", order="entity_type, record")


def _golden(run: Run, audience: str, kind: EntityType) -> None:
    if kind in run.types:
        named = f"SELECT DISTINCT identity, identity_id FROM resolution.{quote(f'assignment_{audience}')}"
        golden = f"FROM resolution.{quote(f'golden_{audience}_{kind}')} JOIN ({named}) USING (identity)"
        _write(run, kind, golden, order="identity")
    else:
        table = next(table for table in PUBLISHED if table.name == kind)
        nothing = ", ".join(f"NULL AS {quote(column.name)}" for column in table.columns)
        _write(run, kind, f"SELECT {nothing} WHERE FALSE")


def _values(run: Run, audience: str) -> None:
    """Store the values of identities of two records and more; a view adds those of single records."""
    engine = run.engine
    stored = " UNION ALL ".join(f"FROM resolution.{quote(f'value_{audience}_{kind}')}" for kind in run.types)
    named = f"SELECT DISTINCT identity, identity_id FROM resolution.{quote(f'assignment_{audience}')}"
    engine.run(
        "CREATE TABLE release.published.stored_value AS SELECT identity_id, attribute, value, records, record_names, agencies, "
        f"first_seen, last_seen FROM ({stored}) JOIN ({named}) USING (identity) ORDER BY identity, attribute, value"
    )
    singles = []
    for kind in run.types:
        columns = {column.name for table in PUBLISHED if table.name == kind for column in table.columns}
        for attribute in ATTRIBUTES[kind]:
            listed = next((name for name, entry in LISTS.items() if entry == attribute.name and name in columns), None)
            value = f"unnest({quote(listed)})" if listed else f"CAST({quote(attribute.name)} AS VARCHAR)"
            singles.append(
                f"SELECT identity_id, '{attribute.name}' AS attribute, {value} AS value FROM published.{quote(kind)}"
            )
    engine.run(
        "CREATE VIEW release.published.identity_value AS SELECT * FROM published.stored_value UNION ALL "
        "SELECT identity_id, attribute, value, CAST(1 AS BIGINT) AS records, [dataset || '/' || key || '#' || role] AS record_names, "
        f"identity.agencies, first_seen, last_seen FROM ({' UNION ALL '.join(singles)}) "
        "JOIN published.identity USING (identity_id) JOIN published.identity_record USING (identity_id) "
        "WHERE identity.records = 1 AND value IS NOT NULL"
    )


def _relations(run: Run, audience: str) -> None:
    assignment = f"resolution.{quote(f'assignment_{audience}')}"
    _write(
        run,
        "identity_relation",
        f"""
        SELECT kind, one.identity_id AS from_identity, two.identity_id AS to_identity, count(*) AS records,
               list_sort(list(DISTINCT relation.agency)) AS agencies,
               min(relation.seen_on) AS first_seen, max(relation.seen_on) AS last_seen
        FROM canonical.relation
        JOIN {assignment} AS one ON one.entity_type = from_type AND one.dataset = relation.dataset AND one.key = relation.key AND one.role = from_role
        JOIN {assignment} AS two ON two.entity_type = to_type AND two.dataset = relation.dataset AND two.key = relation.key AND two.role = to_role
        GROUP BY ALL
        """,
    )


def _history(run: Run, audience: str) -> None:
    _write(run, "identity_event", f"FROM resolution.{quote(f'event_{audience}')}")
    _write(run, "identity_redirect", f"FROM resolution.{quote(f'redirect_{audience}')}")


def _rejects(run: Run, audience: str) -> None:
    """The centre gets all rejected rows; an agency those of its own datasets."""
    settings = run.project.settings
    agency = settings.audiences[audience].agency
    datasets = [
        name for name in settings.visible(audience) if audience == CENTRE or settings.sources[name].agency == agency
    ]
    _write(
        run,
        "rejected_record",
        "SELECT * FROM source.reject WHERE list_contains($datasets, dataset)",
        {"datasets": datasets},
    )


def _info(run: Run, audience: str, sequence: int) -> dict[str, Any]:
    """Write `release_info` and return the counts of the release."""
    counts: dict[str, Any] = {}
    told = {
        "audience": audience,
        "sequence": str(sequence),
        "contract_version": str(CONTRACT_VERSION),
        "published_at": run.now.isoformat(),
        "note": "Unverified: a match is a lead; confirm with the record's owner.",
    }
    for kind in run.types:
        identities, records, largest = run.engine.rows(
            "SELECT count(*), coalesce(sum(records), 0), coalesce(max(records), 0) FROM release.published.identity WHERE entity_type = $kind",
            {"kind": kind},
        )[0]
        counts[kind] = {"identities": int(identities), "records": int(records), "largest_identity": int(largest)}
        told[f"{kind}.model"] = run.models[kind].hash
        told |= {f"{kind}.{name}": str(value) for name, value in counts[kind].items()}
    info = pa.table({"name": list(told), "value": list(told.values())})
    with run.engine.registered("told", info):
        _write(run, "release_info", "FROM told")
    return counts


def _audit(run: Run, audience: str) -> None:
    """Refuse a release that breaks a rule: R3 (non-matches), R6 (each record once), references, contract."""
    engine = run.engine
    for table in PUBLISHED:
        found = dict(
            engine.rows(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'release' AND schema_name = 'published' "
                "AND table_name = $name ORDER BY column_index",
                {"name": table.name},
            )
        )
        if found != {column.name: column.type for column in table.columns}:
            message = f"audience {audience!r}: published.{table.name} does not have the columns of its contract; nothing was published"
            raise AuditError(message)
    expected = sum(
        int(
            engine.value(
                f"SELECT count(*) FROM canonical.{quote(kind)} WHERE list_contains($datasets, dataset)",
                {"datasets": list(run.project.settings.visible(audience))},
            )
        )
        for kind in run.types
    )
    checks = {
        "records are missing from the crosswalk": f"SELECT count(*) <> {expected} FROM release.published.identity_record",
        "a record is in two identities": "SELECT count(*) > 0 FROM (SELECT 1 FROM release.published.identity_record GROUP BY entity_type, dataset, key, role HAVING count(*) > 1)",
        "the crosswalk names unknown identities": "SELECT count(*) > 0 FROM release.published.identity_record ANTI JOIN release.published.identity USING (identity_id)",
        "two identities have one id": "SELECT count(*) > 0 FROM (SELECT 1 FROM release.published.identity GROUP BY identity_id HAVING count(*) > 1)",
        "a relation names unknown identities": "SELECT count(*) > 0 FROM (SELECT from_identity AS identity_id FROM release.published.identity_relation UNION ALL SELECT to_identity FROM release.published.identity_relation) ANTI JOIN release.published.identity USING (identity_id)",
        **{
            f"identities and golden values of {kind} differ": f"SELECT (SELECT count(*) FROM release.published.identity WHERE entity_type = '{kind}') <> (SELECT count(*) FROM release.published.{quote(kind)})"
            for kind in run.types
        },
    }
    for what, query in checks.items():
        if engine.value(query):
            message = f"audience {audience!r}: audit failed: {what}; nothing was published, the last release stands"
            raise AuditError(message)
    _audit_judgements(run, audience)


def _audit_judgements(run: Run, audience: str) -> None:
    judged = [row for kind in run.types for row in run.judgements(audience, kind) if row[7] == "non-match"]
    if not judged:
        return
    names = ("judgement", "dataset_a", "key_a", "role_a", "dataset_b", "key_b", "role_b")
    table = pa.table({name: [row[place] for row in judged] for place, name in enumerate(names)})
    with run.engine.registered("non_match", table):
        broken = run.engine.value(
            "SELECT min(judgement) FROM non_match "
            "JOIN release.published.identity_record AS one ON one.dataset = dataset_a AND one.key = key_a AND one.role = role_a "
            "JOIN release.published.identity_record AS two ON two.dataset = dataset_b AND two.key = key_b AND two.role = role_b "
            "WHERE one.identity_id = two.identity_id"
        )
    if broken is not None:
        message = f"audience {audience!r}: audit failed: judgement {broken} (non-match) is broken; nothing was published, the last release stands"
        raise AuditError(message)
