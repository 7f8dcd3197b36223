"""Training a candidate: a new model from the records of the last run, approved by nobody and used by no run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.errors import RequestError
from linkage.matching import model as models
from linkage.matching.comparisons import levels_of
from linkage.pages.files import write_page
from linkage.pages.trained import kept, trained, trained_page
from linkage.pipeline import on_a_copy
from linkage.registry.compare import differences, weight
from linkage.registry.figures import blocking, judged, measured, rarity
from linkage.registry.preview import approved_models, resolve_approved, resolve_candidate
from linkage.sharing.audit import record_look
from linkage.stages.train import candidate
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.context import Progress, Run


REPORT = "report.html"
"""The page beside a model's files: its report without examples, since models outlive the records that they name."""


def train_candidate(
    project: LoadedProject,
    entity_type: str,
    *,
    preview: bool = True,
    purpose: str | None = None,
    progress: Progress = lambda _message: None,
) -> dict[str, Any]:
    """Train, save and list a model of a type on a copy of the current base; tell what it is and what would change.

    It is the model that `run --retrain` would make if no delivery came in. With `preview` all types are resolved under it
    and under the approved models, to tell which identities would merge or split. Nothing of the workspace changes but the
    model's folder and the ledger; it is a look, since examples name records and values.

    Raises RequestError for a type that the project does not have or a look without a purpose, ModelError where no record
    of it is there or an approved model is damaged, DataError where a run would be refused for a block that is too large,
    WorkspaceError where no run has finished or another process holds the workspace.
    """
    kind = known_type(project, entity_type)
    if Workspace(project.workspace).ledger.is_file():
        record_look(project, "train", [kind], CENTRE, purpose)
    with on_a_copy(project, progress=progress) as run:
        return _Training(run, kind).train(preview=preview)


class _Training:
    """One training and what is told of it: first what the approved models make of the base, then the candidate."""

    def __init__(self, run: Run, kind: EntityType) -> None:
        self.run = run
        self.kind = kind
        used = run.ledger.approved_model(kind)
        self.approved = models.load(run.workspace.models, kind, used) if used else None
        run.engine.run("CREATE SCHEMA IF NOT EXISTS feature")

    def train(self, *, preview: bool) -> dict[str, Any]:
        run, kind, before = self.run, self.kind, self.approved
        others = approved_models(run) if preview else "not asked for"
        if not isinstance(others, str):
            run.progress("resolve under the approved models")
            resolve_approved(run, others)
        # The keys of a base are of the model that it was last resolved under.
        counted = before and run.signatures.get(f"model:{kind}") == before.hash
        keys = blocking(run.engine, before) if before and counted else None
        has_records = run.engine.has_table("canonical", kind)
        told = judged(run, kind) if has_records else {}
        of_approved = measured(run.engine, before, trained=False) if before and has_records else None
        run.progress(f"train {kind}")
        model = candidate(run, kind)
        identities: dict[str, Any] | None = None
        if not isinstance(others, str):
            if before and model.hash == before.hash:
                others = "it is the approved model"
            else:
                run.progress("resolve under the candidate")
                identities = resolve_candidate(run, others, model)
        found = {
            **_told(model, before, run.number),
            "identities": identities,
            "not_resolved": others if isinstance(others, str) else None,
            "judged_pairs": {
                **told,
                "approved": of_approved,
                "candidate": measured(run.engine, model, trained=True),
            },
            "rarity": rarity(model),
            "blocking": {"approved": keys, "candidate": blocking(run.engine, model)},
        }
        folder = run.workspace.models / kind / model.hash
        write_page(folder / REPORT, "model", trained_page(kept(trained(found))))
        run.ledger.add_model(kind, model.hash, run.now.isoformat(), run.number)
        return found


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
