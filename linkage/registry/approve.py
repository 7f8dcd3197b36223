"""Which models are listed, which of them runs use, and approving one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from linkage.errors import ModelError, RequestError
from linkage.matching import model as models
from linkage.sharing.audit import user
from linkage.stages.standardiser import usable
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType
    from linkage.store.entries import Approved, Listed

IN_USE, FORMER, CANDIDATE = "in use", "former", "candidate"
COMMAND_LINE = "approved on the command line"


def list_models(project: LoadedProject) -> dict[str, Any]:
    """Return all listed models with their last approval: in use, former (approved once), or candidate (never)."""
    listed, approvals = _ledger(project)
    last = {(one.entity_type, one.model_hash): one for one in approvals}
    used = {one.entity_type: one.model_hash for one in approvals}
    return {"schema_version": 1, "models": [_told(one, last, used) for one in listed]}


def _told(one: Listed, last: dict[tuple[str, str], Approved], used: dict[str, str]) -> dict[str, Any]:
    approval = last.get((one.entity_type, one.model_hash))
    is_used = used.get(one.entity_type) == one.model_hash
    return {
        "entity_type": one.entity_type,
        "model": one.model_hash,
        "state": IN_USE if is_used else FORMER if approval else CANDIDATE,
        "created_at": one.created_at,
        "run": one.run,
        "approved_at": approval.approved_at if approval else None,
        "approved_by": approval.approved_by if approval else None,
        "why": approval.why if approval else None,
    }


def approve_model(project: LoadedProject, entity_type: str, model_hash: str, why: str) -> dict[str, Any]:
    """Make a listed model the one that the next run uses; an older one may be approved again.

    Raises RequestError without a reason, ModelError for a model that is not listed, missing, altered, or trained on values
    of another standardiser, WorkspaceError while a run or another command holds the workspace.
    """
    if not why.strip():
        message = 'an approval needs a reason: add --why "..."'
        raise RequestError(message)
    workspace = Workspace(project.workspace)
    usable(workspace, listed_model(project, entity_type, model_hash))
    # Not during a run: it reads the approved model of each type when it gets there, so one run could use the old model of
    # one type and the new one of another; and what it approves itself when it ends would silently undo this approval.
    with workspace.locked(), Ledger(workspace.ledger) as ledger:
        before = ledger.approved_model(entity_type)
        at, by = datetime.now(UTC).isoformat(), user()
        ledger.approve(entity_type, model_hash, at, by, why.strip())
    return {
        "schema_version": 1,
        "entity_type": entity_type,
        "model": model_hash,
        "approved_at": at,
        "approved_by": by,
        "why": why.strip(),
        "before": before,
    }


def listed_model(project: LoadedProject, entity_type: str, model_hash: str) -> models.Model:
    """Read a model that the ledger lists. Raises ModelError for one that is not listed, missing or altered."""
    listed, _ = _ledger(project)
    if (entity_type, model_hash) not in [(one.entity_type, one.model_hash) for one in listed]:
        known = ", ".join(f"{one.entity_type}={one.model_hash}" for one in listed) or "none yet"
        message = f"there is no model {entity_type}={model_hash}; listed models: {known}"
        raise ModelError(message)
    # A listed type is one that a run has trained.
    return models.load(Workspace(project.workspace).models, cast("EntityType", entity_type), model_hash)


def _ledger(project: LoadedProject) -> tuple[list[Listed], list[Approved]]:
    path = Workspace(project.workspace).ledger
    if not path.is_file():
        return [], []
    with Ledger(path) as ledger:
        return ledger.listed(), ledger.approvals()
