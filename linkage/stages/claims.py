"""What datasets and models say against a pair beside its weight: claims that each entity is held once, and hard conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.clustering import BIT
from linkage.engine.sql import qualified
from linkage.matching.patterns import PATTERN_BITS, level_name

if TYPE_CHECKING:
    from linkage.matching.model import Model
    from linkage.stages.context import Run

LIKELY_UNIQUE = 4.0
"""Bits against a pair of one dataset that likely holds each entity once: one match in sixteen is expected there."""

_AGAINST = (
    "CASE WHEN one.dataset = two.dataset AND list_contains($likely, one.dataset) THEN -CAST($against AS INTEGER) END"
)
BESIDE = (_AGAINST, "bits")
"""What the second look weighs beside the comparisons: a claim of the dataset, and evidence."""
CLAIMED = (
    f"weight + coalesce({_AGAINST}, 0) AS weight, one.dataset = two.dataset AND list_contains($strict, one.dataset)"
)


def claims(run: Run) -> dict[str, Any]:
    """Return the parameters of `CLAIMED`: the datasets that say that they hold each entity once."""
    said: dict[str, list[str]] = {"strict": [], "likely": []}
    for name, source in run.project.settings.sources.items():
        if source.unique is not None:
            said[source.unique].append(name)
    return {**said, "against": round(LIKELY_UNIQUE * BIT)}


def conflict_sql(model: Model) -> str:
    """Return the SQL test of a pattern for a hard conflict of the model."""
    tests = []
    for name, level in model.conflicts:
        place = next(i for i, comparison in enumerate(model.comparisons) if comparison.name == name)
        comparison = model.comparisons[place]
        codes = [
            code for code in range(16) if code <= len(model.chances[name]) and level_name(comparison, code) == level
        ]
        tests += [f"((pattern >> {PATTERN_BITS * place}) & 15) = {code}" for code in codes]
    return f"({' OR '.join(tests)})" if tests else "FALSE"


def count_contradictions(run: Run, audience: str, model: Model) -> None:
    """Count, for each dataset that says it is strictly unique, the pairs of its records that the evidence would join."""
    said = claims(run)
    if not said["strict"]:
        return
    rows = run.engine.rows(
        f"""
        SELECT one.dataset, count(*) FROM {qualified("scoring", f"edge_{model.entity_type}")} AS edge
        JOIN canonical.{model.entity_type} AS one ON one.record = edge.a JOIN canonical.{model.entity_type} AS two ON two.record = edge.b
        WHERE {run.sees(audience, "one.marking")} AND {run.sees(audience, "two.marking")} AND one.dataset = two.dataset AND list_contains($strict, one.dataset) AND weight >= $stop AND NOT {conflict_sql(model)}
        GROUP BY one.dataset ORDER BY one.dataset
        """,
        {
            **said,
            "stop": model.units(model.thresholds.match),
        },
    )
    found = {dataset: int(pairs) for dataset, pairs in rows}
    run.count(f"audiences.{audience}.{model.entity_type}.not_unique", found)
    for dataset, pairs in found.items():
        run.progress(
            f'{dataset} says unique = "strict", but {pairs} pairs of its {model.entity_type} records weigh as much as a match; '
            'look at them, or say unique = "likely"'
        )
