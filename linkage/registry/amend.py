"""Amending: the approved model with more stop keys, a new artefact without retraining (rule R9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linkage.errors import RequestError
from linkage.matching import model as models
from linkage.registry.candidate import known_type
from linkage.store.ledger import Ledger
from linkage.store.proposals import read_proposal
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject


def amend_model(project: LoadedProject, entity_type: str) -> dict[str, Any]:
    """Save and list the approved model with the keys set aside that the last run was refused for.

    Nothing else of it changes; runs use it once it is approved. Raises RequestError where no run was refused or another
    model is approved since, ModelError where the approved model is damaged, WorkspaceError while another process holds
    the workspace.
    """
    kind = known_type(project, entity_type)
    workspace = Workspace(project.workspace)
    if not workspace.ledger.is_file():
        raise _nothing(workspace, kind)
    # Not during a run: it writes and removes proposals itself.
    with workspace.locked(), Ledger(workspace.ledger) as ledger:
        proposal = read_proposal(workspace.proposed(kind))
        if proposal is None:
            raise _nothing(workspace, kind)
        used = ledger.approved_model(kind)
        if used != proposal["model"]:
            message = f"{workspace.proposed(kind)}: the keys were refused under model {proposal['model']}, but {used} is approved now; run again"
            raise RequestError(message)
        approved = models.load(workspace.models, kind, proposal["model"])
        keys = {entry["key"] for entry in proposal["keys"]}
        told = {
            "of": approved.hash,
            "why": f"each is held by more than max_block = {proposal['max_block']} records, so a run was refused",
            "run": proposal["run"],
            "keys": [{**entry, "key": str(entry["key"])} for entry in proposal["keys"]],
        }
        card = {**approved.card, "stop_keys": len(keys | set(approved.stop_keys)), "amended": told}
        model = replace(
            approved,
            stop_keys=tuple(sorted(keys | set(approved.stop_keys))),
            card=card,
            common=models.read_common(workspace.models, approved),
            approved_as="",
            trained_now=False,
        )
        models.save(model, workspace.models)
        ledger.add_model(kind, model.hash, datetime.now(UTC).isoformat(), proposal["run"])
    return {
        "schema_version": 1,
        "entity_type": kind,
        "model": model.hash,
        "approved": approved.hash,
        "stop_keys": len(model.stop_keys),
        "added": told["keys"],
    }


def _nothing(workspace: Workspace, kind: str) -> RequestError:
    return RequestError(
        f"{workspace.proposed(kind)}: there is nothing to amend; a run that is refused over max_block proposes keys there"
    )
