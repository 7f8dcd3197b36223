"""Score: candidate pairs → `scoring.edge_<type>`, those that weigh at least the review threshold or the component floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import qualified
from linkage.matching.score import score as score_pairs

if TYPE_CHECKING:
    from linkage.matching.model import Model
    from linkage.stages.context import Run

READS = ("blocking.pair",)
WRITES = ("scoring.edge", "scoring.inside")


def score(run: Run) -> None:
    """Score every type's candidate pairs."""
    run.engine.run("CREATE SCHEMA IF NOT EXISTS scoring")
    for entity_type in run.types:
        run.progress(f"score {entity_type}")
        model = run.models[entity_type]
        edges = qualified("scoring", f"edge_{entity_type}")
        score_pairs(run.engine, model, qualified("blocking", f"pair_{entity_type}"), edges, least_weight(model))
        run.engine.run(f"DROP TABLE {qualified('blocking', f'pair_{entity_type}')}")
        # Pairs that no rule found but that lie inside a component are scored when an audience needs them.
        run.engine.run(
            f"CREATE OR REPLACE TABLE {qualified('scoring', f'inside_{entity_type}')} (a BIGINT, b BIGINT, weight INTEGER, pattern BIGINT)"
        )
        run.count(f"types.{entity_type}.edges", run.engine.value(f"SELECT count(*) FROM {edges}"))


def least_weight(model: Model) -> int:
    """Return the weight from which a candidate pair is kept, in 1/1024 bit."""
    return model.units(min(model.thresholds.review, model.thresholds.floor))
