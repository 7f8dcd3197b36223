"""Score: candidate pairs → `scoring.edge_<type>`, those that weigh at least the review threshold or the component floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import meeting, qualified
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.score import least_weight
from linkage.matching.score import score as score_pairs

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("blocking.pair", "change.gone", "change.fresh")
WRITES = ("scoring.edge", "scoring.inside", "scoring.fresh", "change.edge")


def score(run: Run) -> None:
    """Score every type's candidate pairs; in an increment these are the pairs of fresh records (`scoring.fresh_<type>`)."""
    run.engine.make_schema("scoring")
    for entity_type in run.types:
        if f"score {entity_type}" in run.rests.done:
            continue
        run.progress(f"score {entity_type}")
        if entity_type in run.amended_types:
            _score_fresh(run, entity_type)
        else:
            _score_all(run, entity_type)
        run.engine.run(f"DROP TABLE {qualified('blocking', f'pair_{entity_type}')}")
        edges = run.engine.value(f"SELECT count(*) FROM {qualified('scoring', f'edge_{entity_type}')}")
        run.count(f"types.{entity_type}.edges", edges)
        run.rests.after(run, f"score {entity_type}")


def _score_all(run: Run, entity_type: EntityType) -> None:
    model = run.models[entity_type]
    edges = qualified("scoring", f"edge_{entity_type}")
    pairs = qualified("blocking", f"pair_{entity_type}")
    score_pairs(
        run.engine,
        model,
        pairs,
        edges,
        least_weight(model),
        begun=run.rests.scored(entity_type),
        done=lambda scored: run.rests.within(run, entity_type, scored),
    )
    # Pairs that no rule found but that lie inside a component are scored when an audience needs them.
    run.engine.run(
        f"CREATE OR REPLACE TABLE {qualified('scoring', f'inside_{entity_type}')} (a BIGINT, b BIGINT, weight INTEGER, pattern BIGINT)"
    )


def _score_fresh(run: Run, entity_type: EntityType) -> None:
    engine, model = run.engine, run.models[entity_type]
    pairs, fresh = qualified("blocking", f"pair_{entity_type}"), qualified("scoring", f"fresh_{entity_type}")
    met = qualified("change", f"met_{entity_type}")
    engine.create_as("change", f"met_{entity_type}", f"SELECT a AS record FROM {pairs} UNION SELECT b FROM {pairs}")
    make_features(engine, model, among=met)
    make_frequencies(engine, model)
    score_pairs(engine, model, pairs, fresh, least_weight(model))
    gone = f"SELECT record FROM {qualified('change', f'gone_{entity_type}')}"
    for table in ("edge", "inside"):
        scored, lost = qualified("scoring", f"{table}_{entity_type}"), f"{table}_{entity_type}"
        # Kept for those who count what has gone (`stages/drift.py`).
        engine.create_as("change", lost, meeting(scored, gone, "rowid AS place, weight, pattern"))
        engine.run(f"DELETE FROM {scored} WHERE rowid IN (SELECT place FROM {qualified('change', lost)})")
    engine.run(f"INSERT INTO {qualified('scoring', f'edge_{entity_type}')} FROM {fresh}")
