"""Publish: everything an audience gets beside values, in one new database file in staging. The ledger row makes it visible.

All tables of a file that is made whole are written in the order of their keys; nothing in them depends on records the
audience may not see (rule R7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.config.markings import datasets_seen
from linkage.config.project import CENTRE
from linkage.engine.sql import literal, qualified, quote
from linkage.matching.evidence import gathered, with_evidence
from linkage.matching.score import PATTERN_BITS, level_name
from linkage.stages.attributes import make_value_views
from linkage.stages.audit import audit
from linkage.stages.claims import conflict_sql
from linkage.stages.release import STALE, write
from linkage.stages.touch import among
from linkage.tables import CONTRACT_VERSION, PUBLISHED

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.audit import Finding
    from linkage.stages.context import Run

READS = (
    "resolution.identified",
    "resolution.old",
    "resolution.now",
    "resolution.event",
    "resolution.redirect",
)
WRITES = tuple(f"published.{table.name}" for table in PUBLISHED)

_LEVELS = "concat_ws(';', nullif(levels, ''), told)"
HIGH_CONFIDENCE = 10.0
"""Bits of the weakest link from which an identity's confidence is called high: odds of a thousand to one."""


def publish(run: Run, audience: str, sequence: int) -> tuple[dict[str, Any], list[Finding]]:
    """Write the rest of an audience's release, which is attached as `release`; return its counts and what its audits found."""
    run.progress(f"publish for {audience}")
    _evidence(run, audience)
    _identities(run, audience)
    _relations(run, audience)
    write(run, audience, "identity_event", "FROM resolution.event")
    write(run, audience, "identity_redirect", "FROM resolution.redirect")
    _pointers(run, audience)
    _rejects(run, audience)
    counts = _info(run, audience, sequence)
    if audience not in run.amended_audiences:
        make_value_views(run)
    findings = audit(run, audience)
    run.engine.run("DROP TABLE resolution.compared")
    run.engine.run("CHECKPOINT release")
    return counts, findings


def _by_number(run: Run, order: str) -> str:
    """Return an order by numbers of records where they follow the order of names: before any increment."""
    return order if run.anew else ""


def _evidence(run: Run, audience: str) -> None:
    """Write `link_evidence` and `possible_match` from the compared pairs that the audience may see."""
    engine = run.engine
    engine.create_as("resolution", "pair", " UNION ALL ".join(_pairs_sql(run, audience, kind) for kind in run.types))
    engine.create_as("resolution", "compared", _compared_sql(run, audience))
    engine.run("DROP TABLE resolution.pair")
    engine.create_as(
        "resolution",
        "pattern_text",
        "SELECT entity_type, pattern, CASE entity_type "
        + " ".join(f"WHEN '{kind}' THEN {levels_sql(run.models[kind])}" for kind in run.types)
        + " END AS levels FROM (SELECT DISTINCT entity_type, pattern FROM resolution.compared)",
    )
    write(
        run,
        audience,
        "link_evidence",
        f"SELECT * REPLACE ({_LEVELS} AS levels), identity_a AS identity_id FROM (SELECT * REPLACE (weight / 1024.0 AS weight) FROM resolution.compared) "
        "JOIN resolution.pattern_text USING (entity_type, pattern) WHERE number_a = number_b",
        order=_by_number(run, "entity_type, record_a, record_b"),
        stale=STALE,
    )
    write(
        run,
        audience,
        "possible_match",
        f"""
        SELECT * REPLACE ({_LEVELS} AS levels), CASE WHEN ambiguous THEN 'ambiguous' WHEN bits >= {_by_type(run, "match")} THEN 'apart' ELSE 'review band' END AS reason
        FROM (SELECT * EXCLUDE (weight), weight / 1024.0 AS bits, weight / 1024.0 AS weight FROM resolution.compared)
        JOIN resolution.pattern_text USING (entity_type, pattern)
        WHERE number_a <> number_b AND (bits >= {_by_type(run, "review")} OR ambiguous)
        """,
        order=_by_number(run, "entity_type, record_a, record_b"),
        stale=f"{STALE.replace('identity_id', 'identity_a', 1)} OR {STALE.replace('identity_id', 'identity_b', 1)}",
    )
    engine.run("DROP TABLE resolution.pattern_text")


def _pairs_sql(run: Run, audience: str, kind: EntityType) -> str:
    """Return the scored pairs of a type with a record in question: blocked ones, those that share evidence, and those inside components."""
    cluster = qualified("resolution", f"cluster_{audience}_{kind}")
    evidence = qualified("resolution", gathered(audience, kind))
    here = f"({among(run, audience, kind, 'a')} OR {among(run, audience, kind, 'b')})"
    pairs = f"""
        SELECT a, b, weight, pattern FROM {qualified("scoring", f"edge_{kind}")} WHERE {here}
        UNION ALL
        SELECT a, b, weight, pattern FROM {qualified("scoring", f"inside_{kind}")} AS inside LEFT JOIN {evidence} AS evidence USING (a, b)
        JOIN {cluster} AS one ON one.record = a JOIN {cluster} AS two ON two.record = b
        WHERE {here} AND (one.component = two.component OR bits IS NOT NULL)
    """
    return f"SELECT '{kind}' AS entity_type, a, b, weight, pattern, told FROM ({with_evidence(pairs, evidence)})"


def _compared_sql(run: Run, audience: str) -> str:
    """Return `resolution.pair` with the names and identities of both records, of those that the audience sees, in the order of names."""
    known = "resolution.identified"
    if audience in run.amended_audiences:
        # The other record of a possible match may stand as it was; its identity needs no number.
        known = """(
            SELECT * FROM resolution.identified
            UNION ALL BY NAME
            SELECT now.*, CAST(-1 AS BIGINT) AS identity FROM resolution.now
            SEMI JOIN (SELECT entity_type, a AS record FROM resolution.pair UNION SELECT entity_type, b FROM resolution.pair) AS met USING (entity_type, record)
            ANTI JOIN resolution.identified USING (entity_type, record)
        )"""
    columns = ("dataset", "key", "role", "identity_id", "identity", "record")
    named = {"identity_id": "identity", "identity": "number"}
    turned = "FALSE"
    if not run.anew:
        # Numbers of records follow their names only before any increment.
        turned = "(one.dataset, one.key, one.role) > (two.dataset, two.key, two.role)"
    ends = ", ".join(
        f"CASE WHEN {test} THEN two.{column} ELSE one.{column} END AS {named.get(column, column)}_{end}"
        for end, test in (("a", "turned"), ("b", "NOT turned"))
        for column in columns
    )
    return f"""
        SELECT entity_type, {ends}, weight, pattern, told, one.ambiguous OR two.ambiguous AS ambiguous
        FROM (
            SELECT pair.entity_type, one, two, {turned} AS turned, weight, pattern, told FROM resolution.pair AS pair
            JOIN {known} AS one ON one.record = a AND one.entity_type = pair.entity_type
            JOIN {known} AS two ON two.record = b AND two.entity_type = pair.entity_type
        )
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
    write(
        run,
        audience,
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
            FROM resolution.identified GROUP BY identity
        ) LEFT JOIN link USING (identity)
        """,
        order="identity",
        stale=STALE,
    )
    write(
        run,
        audience,
        "identity_record",
        "FROM resolution.identified",
        order=_by_number(run, "entity_type, record"),
        stale=STALE,
    )


def _relations(run: Run, audience: str) -> None:
    """Write the relations between identities: those of source rows with a record in question, which tell all of an identity in question."""
    engine = run.engine
    engine.create_as(
        "resolution",
        "related",
        "SELECT * FROM canonical.relation SEMI JOIN resolution.identified USING (dataset, key)",
    )
    engine.create_as(
        "resolution",
        "party",
        "SELECT entity_type, dataset, key, role, identity_id FROM resolution.now SEMI JOIN resolution.related USING (dataset, key)",
    )
    ends = {
        end: f'"{end}".entity_type = {end}_type AND "{end}".dataset = related.dataset AND "{end}".key = related.key AND "{end}".role = {end}_role'
        for end in ("from", "to")
    }
    here = "(SELECT identity_id FROM resolution.identified)"
    write(
        run,
        audience,
        "identity_relation",
        f"""
        SELECT * FROM (
            SELECT kind, "from".identity_id AS from_identity, "to".identity_id AS to_identity, count(*) AS records,
                   list_sort(list(DISTINCT related.agency)) AS agencies,
                   min(related.seen_on) AS first_seen, max(related.seen_on) AS last_seen
            FROM resolution.related AS related
            JOIN resolution.party AS "from" ON {ends["from"]} JOIN resolution.party AS "to" ON {ends["to"]}
            GROUP BY ALL
        ) WHERE from_identity IN {here} OR to_identity IN {here}
        """,
        stale=f"{STALE.replace('identity_id', 'from_identity', 1)} OR {STALE.replace('identity_id', 'to_identity', 1)}",
    )
    for table in ("related", "party"):
        engine.run(f"DROP TABLE resolution.{table}")


def _pointers(run: Run, audience: str) -> None:
    """Write whom to call: records seen as pointer, compared with finished identities by direct edges above the match threshold.

    They join nothing and tell nothing but their agency; a record may point from several identities (rule R7).
    """
    engine, agreements = run.engine, run.project.agreements
    test = run.sees(audience, "two.marking", level="pointer")
    selects = [
        f"""
        SELECT one.identity_id, two.agency FROM (
            SELECT a AS own, b AS other FROM {qualified("scoring", f"edge_{kind}")} WHERE {_matches(run, kind)}
            UNION ALL SELECT b, a FROM {qualified("scoring", f"edge_{kind}")} WHERE {_matches(run, kind)}
        ) AS edge
        JOIN canonical.{quote(kind)} AS two ON two.record = other AND {test}
        JOIN resolution.now AS one ON one.record = own AND one.entity_type = '{kind}'
        """
        for kind in run.types
        if test != "FALSE"
    ]
    pairs = " UNION ALL ".join(selects) or "SELECT NULL AS identity_id, NULL AS agency WHERE FALSE"
    told = {name: agency.contact for name, agency in agreements.agencies.items()} if agreements else {}
    contacts = pa.table({"agency": pa.array(list(told), pa.string()), "contact": pa.array(told.values(), pa.string())})
    with engine.registered("agency_contact", contacts):
        write(
            run,
            audience,
            "identity_pointer",
            f"SELECT DISTINCT identity_id, agency, coalesce(contact, 'ask the centre') AS contact FROM ({pairs}) LEFT JOIN agency_contact USING (agency)",
        )


def _matches(run: Run, kind: EntityType) -> str:
    model = run.models[kind]
    return f"weight >= {model.units(model.thresholds.match)} AND NOT {conflict_sql(model)}"


def _rejects(run: Run, audience: str) -> None:
    """The centre gets all rejected rows; an agency those of its own datasets."""
    settings = run.project.settings
    agency = settings.audiences[audience].agency
    datasets = [
        name
        for name in datasets_seen(run.project, audience, run.day)
        if audience == CENTRE or settings.sources[name].agency == agency
    ]
    write(
        run,
        audience,
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
        write(run, audience, "release_info", "FROM told")
    return counts
