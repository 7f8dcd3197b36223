"""Explain: why a pair has its weight, comparison by comparison, in words (rule R8)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.config.entity import BITS
from linkage.engine.sql import comma, quote
from linkage.matching.comparisons import columns_of, levels_of
from linkage.matching.evidence import SHARED, evidence_units
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.levels import UNKNOWN
from linkage.matching.patterns import PATTERN_BITS, pattern_sql
from linkage.matching.prediction import predicted

if TYPE_CHECKING:
    from collections.abc import Collection

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model


@dataclass(frozen=True)
class Evidence:
    """What one comparison says of a pair: level, words, weight in bits (rarity included), and the values compared."""

    comparison: str
    description: str
    level: str
    words: str
    weight: float
    rarity: float
    values_a: dict[str, Any]
    values_b: dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """A pair's weight in bits: the prior (how likely two random records are one entity) and each comparison's part."""

    prior: float
    evidence: tuple[Evidence, ...]
    weight: float

    @property
    def probability(self) -> float:
        """The weight as a probability."""
        return 1 / (1 + 2**-self.weight)


def explain_pair(engine: Engine, model: Model, shared: Collection[str] = ()) -> Explanation:
    """Explain the pair of the two records, numbered 0 and 1, that `canonical.<type>` of `engine` holds.

    shared: the names of the evidence that the two share in the audience's resolution, which no comparison sees.
    """
    kind = model.entity_type
    make_features(engine, model)
    make_frequencies(engine, model)
    pair = "SELECT 'pair' AS match_key, CAST(0 AS BIGINT) AS join_key_l, CAST(1 AS BIGINT) AS join_key_r"
    with predicted(engine, model, pair, {}, None, intermediate=True) as table:
        found = engine.arrow(f"SELECT *, {pattern_sql(model)} AS pattern FROM {table}").to_pylist()[0]
    columns = sorted({column for comparison in model.comparisons for column in columns_of(comparison).values()})
    records = engine.arrow(f"SELECT {comma(columns)} FROM feature.{quote(kind)} ORDER BY record").to_pylist()
    evidence = []
    for place, comparison in enumerate(model.comparisons):
        code = (found["pattern"] >> (PATTERN_BITS * place)) & 15
        levels = levels_of(comparison)
        level = levels[0] if code == 0 else levels[len(levels) - code]
        rarity = float(found.get(f"mw_tf_adj_{comparison.name}") or 0.0)
        weight = float(found.get(f"mw_{comparison.name}") or 0.0) + rarity if level.name != UNKNOWN else 0.0
        own = columns_of(comparison)
        values = [{column: record[column] for column in own.values() if record[column]} for record in records]
        evidence.append(
            Evidence(comparison.name, comparison.describe, level.name, level.words, weight, rarity, *values)
        )
    total = float(found["match_weight"])
    for one in model.evidence:
        if one.name in shared:
            weight = evidence_units(model, one) / BITS
            words = f"both are related to one resolved {one.entity}"
            evidence.append(Evidence(one.name, one.describe, SHARED, words, weight, 0.0, {}, {}))
            total += weight
    prior = math.log2(model.match_rate / (1 - model.match_rate))
    return Explanation(prior, tuple(evidence), total)
