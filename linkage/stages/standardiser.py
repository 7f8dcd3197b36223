"""Which standardisers a run uses: this program's, or the kept version that its approved models were trained on.

A model scores values as they were when it was trained. So a run goes on with them until it is retrained, whatever the
program has by then; nothing of a kept version is run before it is whole and its name is in a model that is what it was.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from linkage.errors import ModelError
from linkage.matching import model as models
from linkage.standardise import load_kept, shipped

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run
    from linkage.standardise import Standardiser
    from linkage.store.ledger import Ledger
    from linkage.store.workspace import Workspace


def choose(run: Run) -> Standardiser:
    """Return the standardisers that the run's models need.

    Raises ModelError where they need different versions, or one that is not kept, damaged, or not this program's to use.
    """
    here = shipped()
    if run.options.retrain:
        return here
    needed: dict[str, list[tuple[EntityType, str]]] = {}
    for kind in run.types:
        name = run.approved_model(kind)
        version = _version(run.workspace, kind, name) if name else None
        # A model that cannot be read is told of when it is used.
        if name and version:
            needed.setdefault(version, []).append((kind, name))
    if len(needed) > 1:
        told = "; ".join(
            f"{', '.join(f'{kind}={name}' for kind, name in named)} by version {version}"
            for version, named in sorted(needed.items(), key=lambda entry: entry[1])
        )
        message = f"the approved models were trained on data standardised differently: {told}; a run has one version: approve models of one version, or run with --retrain"
        raise ModelError(message)
    for version, named in needed.items():
        if version != here.version:
            # Whole, so that the version it names is the one that was approved with it.
            found = [models.load(run.workspace.models, kind, name) for kind, name in named]
            return usable(run.workspace, found[0])
    return here


def usable(workspace: Workspace, model: models.Model) -> Standardiser:
    """Return the standardisers that a model's data were made with. Raises ModelError where this program cannot use them."""
    here = shipped()
    if model.standardiser == here.version:
        return here
    try:
        return load_kept(workspace.standardisers, model.standardiser)
    except ModelError as error:
        message = f"{model.entity_type}: model {model.hash} was trained on data standardised by version {model.standardiser}, this program has {here.version}; {error}"
        raise ModelError(message) from error


def needed_versions(workspace: Workspace, ledger: Ledger) -> set[str] | None:
    """Return the versions of this program, of the approved models and of those that made kept releases; None where one cannot be read."""
    # The last approval of a type is the one that holds.
    named = set({one.entity_type: one.model_hash for one in ledger.approvals()}.items())
    kept = set(ledger.kept_releases())
    for row in ledger.runs():
        if kept & set(row.releases):
            told = row.report.get("types", {})
            named |= {(kind, entry["model"]) for kind, entry in told.items() if "model" in entry}
    versions = {_version(workspace, kind, name) for kind, name in named}
    return None if None in versions else {shipped().version, *(version for version in versions if version)}


def _version(workspace: Workspace, kind: str, name: str) -> str | None:
    """Return the version that a model's file tells, not yet verified; None where it cannot be read."""
    try:
        told = json.loads((workspace.models / kind / name / "model.json").read_text(encoding="utf-8"))
        return str(told["standardiser"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
