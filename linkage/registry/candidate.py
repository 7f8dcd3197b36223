"""Training a candidate: a new model from the records of the last run, approved by nobody and used by no run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.errors import DataError, RequestError
from linkage.matching import model as models
from linkage.matching.comparisons import levels_of
from linkage.pages.files import write_page
from linkage.pages.trained import kept, trained, trained_page
from linkage.registry.compare import differences, weight
from linkage.registry.figures import blocking, judged, measured, rarity
from linkage.registry.preview import approved_models, resolve_approved, resolve_candidate
from linkage.sharing.audit import record_look
from linkage.stages.train import candidate
from linkage.store.workspace import Workspace
from linkage.upkeep import on_a_copy

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
    of it is there or an approved model is damaged, WorkspaceError where no run has finished or another process holds the
    workspace. Where a run would be refused, for a block that is too large say, identities are not compared.
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
        self.others: dict[EntityType, Model] = {}
        self.not_resolved: str | None = "not asked for"
        run.engine.make_schema("feature")

    def train(self, *, preview: bool) -> dict[str, Any]:
        run, kind, before = self.run, self.kind, self.approved
        if preview:
            self._resolve_approved()
        # The keys of a base are of the model that it was last resolved under.
        counted = before and run.signatures.get(f"model:{kind}") == before.hash
        keys = blocking(run.engine, before) if before and counted else None
        pairs = self._judged_pairs()
        run.progress(f"train {kind}")
        model = candidate(run, kind)
        told = rarity(run.engine, model)
        identities = self._identities(model)
        pairs["candidate"] = measured(run.engine, model, trained=True)
        found = {
            **_told(model, before, run.number),
            "identities": identities,
            "not_resolved": self.not_resolved,
            "judged_pairs": pairs,
            "rarity": told,
            "blocking": {"approved": keys, "candidate": blocking(run.engine, model)},
        }
        folder = run.workspace.models / kind / model.hash
        write_page(folder / REPORT, "model", trained_page(kept(trained(found))))
        run.ledger.add_model(kind, model.hash, run.now.isoformat(), run.number)
        return found

    def _resolve_approved(self) -> None:
        try:
            self.run.progress("resolve under the approved models")
            self.others = approved_models(self.run)
            resolve_approved(self.run, self.others)
            self.not_resolved = None
        except RequestError as error:
            self.not_resolved = str(error)
        except DataError as error:
            self.not_resolved = f"a run would be refused: {error}"

    def _judged_pairs(self) -> dict[str, Any]:
        """Count the judged pairs and measure the approved model on them, before its place is taken."""
        if not self.run.engine.has_table("canonical", self.kind):
            return {}
        counted = judged(self.run, self.kind)
        return {
            **counted,
            "approved": measured(self.run.engine, self.approved, trained=False) if self.approved else None,
        }

    def _identities(self, model: Model) -> dict[str, Any] | None:
        if self.not_resolved is not None:
            return None
        if self.approved and model.hash == self.approved.hash:
            self.not_resolved = "it is the approved model"
            return None
        try:
            self.run.progress("resolve under the candidate")
            return resolve_candidate(self.run, self.others, model)
        except DataError as error:
            self.not_resolved = f"a run would be refused: {error}"
            return None


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
