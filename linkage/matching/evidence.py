"""Evidence from types resolved before: two records related to one resolved account, say, as its holders.

What is shared is told by the partition of the other type in the audience's own resolution, never by its ids (rule R2),
and weighs the same integer for every pair (rule R1): it is added to the pair's weight where records are joined, not in the
score, which is a function of the pair and the model.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linkage.engine.sql import literal, qualified

if TYPE_CHECKING:
    from collections.abc import Collection

    from linkage.config.entity import Evidence
    from linkage.config.source import EntityType
    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

SHARED = "shared"
"""The one level of evidence: not sharing says nothing, since who holds one account may hold others."""


def gathered(audience: str, entity_type: EntityType) -> str:
    """Return the name of the table, in schema `resolution`, that keeps what `gather` found."""
    return f"evidence_{audience}_{entity_type}"


def evidence_units(model: Model, evidence: Evidence) -> int:
    """Return what sharing weighs, in 1/1024 bit: log2(m / u), rounded once."""
    return model.units(math.log2(evidence.m / evidence.u))


def gather(engine: Engine, model: Model, audience: str, sees: str, resolved: Collection[EntityType]) -> int:
    """Write `resolution.evidence` (a, b, bits, told): pairs of records, a < b, that share a resolved entity.

    bits: the sum over the model's evidence in 1/1024 bit; told: `name=shared`, separated by semicolons. Only relations that
    meet the SQL test `sees` count, and clusters of the audience; `resolved` are the types that the project has. Returns the number of pairs.
    """
    parts = [evidence for evidence in model.evidence if evidence.entity in set(resolved)]
    # Which of them a pair shares is a bit each: what it weighs and tells follows from that.
    shares = [f"shared & {1 << place} <> 0" for place in range(len(parts))]
    bits = [
        f"CASE WHEN {test} THEN {evidence_units(model, part)} ELSE 0 END"
        for test, part in zip(shares, parts, strict=True)
    ]
    words = sorted((f"{part.name}={SHARED}", test) for test, part in zip(shares, parts, strict=True))
    told = [f"CASE WHEN {test} THEN {literal(word)} END" for word, test in words]
    pairs = [f"({_shared_sql(model, part, audience, sees, 1 << place)})" for place, part in enumerate(parts)]
    engine.create_as(
        "resolution",
        "evidence",
        f"""
        SELECT CAST(a AS BIGINT) AS a, CAST(b AS BIGINT) AS b, CAST({" + ".join(bits) or "0"} AS INTEGER) AS bits,
               concat_ws(';', {", ".join(told) or "''"}) AS told
        FROM (
            SELECT a, b, bit_or(shared) AS shared FROM ({" UNION ALL ".join(pairs) or "SELECT 0 AS a, 0 AS b, 0 AS shared WHERE FALSE"})
            GROUP BY a, b
        ) ORDER BY a, b
        """,
    )
    return int(engine.value("SELECT count(*) FROM resolution.evidence"))


def _shared_sql(model: Model, evidence: Evidence, audience: str, sees: str, bit: int) -> str:
    """Return the pairs of one evidence, several times where they share several, marked with its bit. A relation leads from the record's role to the other's."""
    own, other = model.entity_type, evidence.entity
    cluster = qualified("resolution", f"cluster_{audience}_{other}")
    related = f"""
        SELECT record, entity FROM (
            SELECT DISTINCT from_record AS record, coalesce(cluster.cluster, to_record) AS entity
            FROM canonical.relation AS relation LEFT JOIN {cluster} AS cluster ON cluster.record = to_record
            WHERE from_type = {literal(own)} AND to_type = {literal(other)} AND {sees}
        ) QUALIFY count(*) OVER (PARTITION BY entity) <= {evidence.most}
    """
    return f"""
        WITH related AS MATERIALIZED ({related})
        SELECT one.record AS a, two.record AS b, {bit} AS shared
        FROM related AS one JOIN related AS two ON one.entity = two.entity AND one.record < two.record
    """


def with_evidence(pairs: str, evidence: str) -> str:
    """Return the query `pairs` (a, b, weight, pattern) with evidence added to the weight, and `told` of the table beside it."""
    return (
        f"SELECT a, b, CAST(weight + coalesce(bits, 0) AS INTEGER) AS weight, pattern, told "
        f"FROM ({pairs}) LEFT JOIN {evidence} USING (a, b)"
    )
