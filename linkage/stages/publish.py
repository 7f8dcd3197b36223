"""Publish: everything an audience gets beside values, in one new database file in staging. The ledger row makes it visible.

All tables of a file that is made whole are written in the order of their keys; nothing in them depends on records the
audience may not see (rule R7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from linkage.config.markings import datasets_seen
from linkage.config.project import CENTRE
from linkage.engine.sql import literal, qualified, quote
from linkage.fusion.fuse import fuse
from linkage.matching.evidence import gathered, with_evidence
from linkage.matching.patterns import PATTERN_BITS, level_name
from linkage.stages.attributes import make_value_views
from linkage.stages.audit import audit
from linkage.stages.claims import conflict_sql
from linkage.stages.release import STALE, make_views, write
from linkage.stages.touch import pairs_among
from linkage.tables import CONTRACT_VERSION, PUBLISHED

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.audit import Finding
    from linkage.stages.context import Run

READS = (
    "resolution.identified",
    "making.old",
    "resolution.now",
    "making.event",
    "making.redirect",
)
WRITES = tuple(f"published.{table.name}" for table in PUBLISHED)

_LEVELS = "concat_ws(';', nullif(levels, ''), told)"
_ROOM = 62
"""Values that fit the bits of a BIGINT."""
HIGH_CONFIDENCE = 10.0
"""Bits of the weakest link from which an identity's confidence is called high: odds of a thousand to one."""


def publish(run: Run, audience: str, sequence: int) -> tuple[dict[str, Any], list[Finding]]:
    """Write the rest of an audience's release, which is attached as `release`; return its counts and what its audits found."""
    run.progress(f"publish for {audience}")
    _evidence(run, audience)
    _identities(run, audience)
    _pointers(run, audience)
    fuse(run, audience)
    write(run, audience, "identity_event", "FROM making.event")
    write(run, audience, "identity_redirect", "FROM making.redirect")
    _rejects(run, audience)
    counts = _info(run, audience, sequence)
    if audience not in run.amended_audiences:
        make_views(run)
        make_value_views(run)
    findings = audit(run, audience)
    run.engine.run("DROP TABLE making.compared")
    # Most increments leave thinned rows as they are, as they audit only what they touch: it takes six seconds of 25 million records.
    with run.engine.filling_up(when=audience in run.audited):
        run.engine.run("CHECKPOINT release")
    return counts, findings


def _by_number(run: Run, audience: str, *numbers: str) -> str:
    """Return an order by numbers of records where they follow the order of names: in releases that are made whole."""
    return "" if audience in run.amended_audiences else ", ".join(numbers)


def _evidence(run: Run, audience: str) -> None:
    """Write `stored_link` and `possible_match` from the compared pairs that the audience may see."""
    engine = run.engine
    engine.create_as("making", "pair", " UNION ALL ".join(_pairs_sql(run, audience, kind) for kind in run.types))
    known = _known(run, audience)
    engine.create_as("making", "compared", _compared_sql(run, audience, known))
    engine.run("DROP TABLE making.pair")
    engine.create_as(
        "making",
        "pattern_text",
        "SELECT entity_type, pattern, CASE entity_type "
        + " ".join(f"WHEN '{kind}' THEN {levels_sql(run.models[kind])}" for kind in run.types)
        + " END AS levels FROM (SELECT DISTINCT entity_type, pattern FROM making.compared)",
    )
    if audience in run.amended_audiences:
        engine.run("DELETE FROM release.published.stored_link WHERE a IN (SELECT number FROM making.old)")
    write(
        run,
        audience,
        "stored_link",
        f"SELECT a, b, weight, {_LEVELS} AS levels FROM making.compared JOIN making.pattern_text USING (entity_type, pattern) WHERE identity IS NOT NULL",
        stale="FALSE",
    )
    ends = ", ".join(
        f"{end}.{name} AS {name}_{mark}"
        for end, mark in (("one", "a"), ("two", "b"))
        for name in ("dataset", "key", "role")
    )
    write(
        run,
        audience,
        "possible_match",
        f"""
        SELECT entity_type, a, b, {ends}, one.identity_id AS identity_a, two.identity_id AS identity_b, bits AS weight, {_LEVELS} AS levels,
               CASE WHEN near.ambiguous THEN 'ambiguous' WHEN bits >= {_by_type(run, "match")} THEN 'apart' ELSE 'review band' END AS reason
        FROM (
            SELECT *, weight / 1024.0 AS bits FROM making.compared
            WHERE identity IS NULL AND (bits >= {_by_type(run, "review")} OR ambiguous)
        ) AS near JOIN making.pattern_text USING (entity_type, pattern)
        JOIN (SELECT number, dataset, key, role, identity_id FROM {known}) AS one ON one.number = a
        JOIN (SELECT number, dataset, key, role, identity_id FROM {known}) AS two ON two.number = b
        """,
        order=_by_number(run, audience, "a", "b"),
        stale=f"{STALE.replace('identity_id', 'identity_a', 1)} OR {STALE.replace('identity_id', 'identity_b', 1)}",
    )
    engine.run("DROP TABLE making.pattern_text")
    engine.run("DROP TABLE IF EXISTS making.known")


def _pairs_sql(run: Run, audience: str, kind: EntityType) -> str:
    """Return the scored pairs of a type with a record in question: blocked ones, those that share evidence, and those inside components."""
    cluster = qualified("resolution", f"cluster_{audience}_{kind}")
    evidence = qualified("resolution", gathered(audience, kind))
    edges = pairs_among(run, audience, kind, qualified("scoring", f"edge_{kind}"))
    inside = pairs_among(run, audience, kind, qualified("scoring", f"inside_{kind}"))
    pairs = f"""
        SELECT a, b, weight, pattern FROM ({edges})
        UNION ALL
        SELECT a, b, weight, pattern FROM ({inside}) AS inside LEFT JOIN {evidence} AS evidence USING (a, b)
        JOIN {cluster} AS one ON one.record = a JOIN {cluster} AS two ON two.record = b
        WHERE one.component = two.component OR bits IS NOT NULL
    """
    return f"SELECT '{kind}' AS entity_type, a, b, weight, pattern, told FROM ({with_evidence(pairs, evidence)})"


def _known(run: Run, audience: str) -> str:
    """Return the table of the records that compared pairs are between, with their identities."""
    if audience not in run.amended_audiences:
        return "resolution.identified"
    # The other record of a possible match may stand as it was; its identity needs no number.
    met = " UNION ALL ".join(
        f"""
        SELECT *, CAST(-1 AS BIGINT) AS identity FROM resolution.now WHERE entity_type = '{kind}' AND record IN (
            SELECT unnest([a, b]) FROM making.pair WHERE entity_type = '{kind}'
            EXCEPT SELECT record FROM resolution.identified WHERE entity_type = '{kind}'
        )
        """
        for kind in run.types
    )
    run.engine.create_as("making", "known", f"FROM resolution.identified UNION ALL BY NAME ({met})")
    return "making.known"


def _compared_sql(run: Run, audience: str, known: str) -> str:
    """Return `making.pair` between records that the audience sees, by their numbers in the order of names.

    identity is the number of the identity that holds both, NULL where none does.
    """
    turned, names = "one.number > two.number", ""
    if audience in run.amended_audiences:
        # Only in a release that is made whole do numbers follow names.
        turned, names = "(one.dataset, one.key, one.role) > (two.dataset, two.key, two.role)", "dataset, key, role, "
    end = f"SELECT entity_type, record, number, identity, {names}ambiguous FROM {known}"
    return f"""
        SELECT entity_type, CASE WHEN turned THEN two ELSE one END AS a, CASE WHEN turned THEN one ELSE two END AS b, identity, weight, pattern, told, ambiguous
        FROM (
            SELECT pair.entity_type, one.number AS one, two.number AS two, {turned} AS turned, CASE WHEN one.identity = two.identity THEN one.identity END AS identity,
                   weight, pattern, told, one.ambiguous OR two.ambiguous AS ambiguous
            FROM making.pair AS pair
            JOIN ({end}) AS one ON one.record = pair.a AND one.entity_type = pair.entity_type
            JOIN ({end}) AS two ON two.record = pair.b AND two.entity_type = pair.entity_type
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
    agencies = _bits(run, "agency")
    write(
        run,
        audience,
        "identity",
        f"""
        WITH link AS (
            SELECT identity, min(mean) AS weakest_link FROM (
                SELECT identity, record, sum(weight) / 1024.0 / count(*) AS mean FROM (
                    SELECT identity, a AS record, weight FROM making.compared WHERE identity IS NOT NULL
                    UNION ALL
                    SELECT identity, b, weight FROM making.compared WHERE identity IS NOT NULL
                ) GROUP BY identity, record
            ) GROUP BY identity
        ), counted AS MATERIALIZED (
            SELECT identity, any_value(identity_id) AS identity_id, any_value(entity_type) AS entity_type, min(since) AS since, count(*) AS records,
                   {_bits(run, "dataset").distinct} AS datasets, {agencies.collected} AS told, min(seen_on) AS first_seen, max(seen_on) AS last_seen
            FROM resolution.identified GROUP BY identity
        )
        SELECT *, CASE WHEN records = 1 THEN 'certain' WHEN weakest_link >= {HIGH_CONFIDENCE} THEN 'high' ELSE 'medium' END AS confidence
        FROM counted LEFT JOIN link USING (identity) JOIN (SELECT told, {agencies.listed} AS agencies FROM (SELECT DISTINCT told FROM counted)) USING (told)
        """,
        order="identity",
        stale=STALE,
    )
    write(
        run,
        audience,
        "stored_record",
        "FROM resolution.identified",
        order=_by_number(run, audience, "number"),
        # (The rows of stale identities: numbers are found at less cost than ids.)
        stale="number IN (SELECT number FROM making.old)",
    )


class _Bits(NamedTuple):
    """SQL over a group's rows: how many distinct values a column has, the values collected, and those (`told`) as a sorted list."""

    distinct: str
    collected: str
    listed: str


def _bits(run: Run, column: str) -> _Bits:
    """Return how to count and list the values of a column that has few: each is a bit, where there is room for all."""
    values = [
        row[0]
        for row in run.engine.rows(
            f"SELECT DISTINCT {column} FROM resolution.identified WHERE {column} IS NOT NULL ORDER BY 1"
        )
    ]
    if len(values) > _ROOM:
        return _Bits(f"count(DISTINCT {column})", f"list_sort(list_distinct(list({column})))", "told")
    known = f"[{', '.join(literal(value) for value in values)}]"
    collected = f"coalesce(bit_or(1::BIGINT << (list_position({known}::VARCHAR[], {column}) - 1)), 0)"
    return _Bits(
        f"bit_count({collected})", collected, f"list_filter({known}::VARCHAR[], lambda x, i: (told >> (i - 1)) & 1 = 1)"
    )


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
