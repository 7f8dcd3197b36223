"""Training a candidate: a new model from the records of the last run, approved by nobody and used by no run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.errors import RequestError
from linkage.matching import model as models
from linkage.matching.comparisons import levels_of
from linkage.pipeline import on_a_copy
from linkage.registry.compare import differences, weight
from linkage.stages.train import candidate

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.context import Progress


def train_candidate(
    project: LoadedProject, entity_type: str, *, progress: Progress = lambda _message: None
) -> dict[str, Any]:
    """Train, save and list a model of a type on a copy of the current base; tell what it is and what moved.

    It is the model that `run --retrain` would make if no delivery came in. Raises RequestError for a type that the project
    does not have, ModelError where no record of it is there or the approved model is damaged, WorkspaceError where no
    run has finished or another process holds the workspace.
    """
    kind = known_type(project, entity_type)
    with on_a_copy(project, progress=progress) as run:
        used = run.ledger.approved_model(kind)
        approved = models.load(run.workspace.models, kind, used) if used else None
        run.engine.make_schema("feature")
        progress(f"train {kind}")
        model = candidate(run, kind)
        run.ledger.add_model(kind, model.hash, run.now.isoformat(), run.number)
        return _told(model, approved, run.number)


def known_type(project: LoadedProject, entity_type: str) -> EntityType:
    """Return the name as a type of the project. Raises RequestError for another."""
    for kind in project.entity_types():
        if kind == entity_type:
            return kind
    message = f"{project.path} has no type {entity_type!r}; its types are: {', '.join(project.entity_types())}"
    raise RequestError(message)


def _told(model: Model, approved: Model | None, run: int) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "entity_type": model.entity_type,
        "model": model.hash,
        "run": run,
        "match_rate": model.match_rate,
        "records": model.card["records"],
        "candidate_pairs": model.card["candidate_pairs"],
        "set_back_to_priors": model.card["set_back_to_priors"],
        "labels": model.card.get("labels"),
        "weights": _weights(model),
        "approved": approved.hash if approved else None,
        "against_approved": differences(approved, model) if approved else None,
    }


def _weights(model: Model) -> list[dict[str, Any]]:
    return [
        {
            "comparison": comparison.name,
            "level": level.name,
            "words": level.words,
            "m": chances.m,
            "u": chances.u,
            "bits": weight(chances),
        }
        for comparison in model.comparisons
        for level in levels_of(comparison)
        if (chances := model.chances[comparison.name].get(level.name))
    ]
