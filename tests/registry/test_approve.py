"""Only listed, undamaged models are approved, with a reason."""

from __future__ import annotations

import os
import shutil

import pytest

from linkage.errors import ModelError, RequestError, WorkspaceError
from linkage.registry.approve import approve_model, list_models
from linkage.sharing.audit import user
from linkage.store.workspace import Workspace


def test_nothing_is_listed_before_the_first_run(bank):
    """Before the first run the list is empty, an approval is refused, and no workspace is made."""
    assert list_models(bank.loaded)["models"] == []
    with pytest.raises(ModelError, match="there is no model account=ab; listed models: none yet"):
        approve_model(bank.loaded, "account", "ab", "because")
    assert not bank.loaded.workspace.exists()


def test_an_approval_keeps_who_when_and_why(bank, first_run):
    """The list tells who approved a model, when and why; an approval without a reason is refused."""
    model = first_run(bank)["types"]["account"]["model"]
    with pytest.raises(RequestError, match="needs a reason"):
        approve_model(bank.loaded, "account", model, " ")
    told = approve_model(bank.loaded, "account", model, " looked at it ")
    (one,) = list_models(bank.loaded)["models"]
    assert (one["why"], one["approved_by"], one["approved_at"]) == ("looked at it", user(), told["approved_at"])


def test_no_approval_while_a_run_is_on(bank, first_run):
    """While a run holds the workspace an approval is refused with who holds it, and the model in use stays."""
    model = first_run(bank)["types"]["account"]["model"]
    before = list_models(bank.loaded)
    with (
        Workspace(bank.loaded.workspace).locked(),
        pytest.raises(WorkspaceError, match=f"in use by process {os.getpid()} on "),
    ):
        approve_model(bank.loaded, "account", model, "because")
    assert list_models(bank.loaded) == before


@pytest.mark.parametrize("damage", ["altered", "gone", "standardiser"])
def test_a_model_that_cannot_be_used_is_not_approved(bank, damage, monkeypatch, first_run):
    """A model that was altered, is gone, or was trained on values of another standardiser is refused."""
    model = first_run(bank)["types"]["account"]["model"]
    file = Workspace(bank.loaded.workspace).models / "account" / model / "model.json"
    words = {"altered": "was altered", "gone": "cannot be read", "standardiser": "standardised by version"}
    if damage == "altered":
        file.write_text(file.read_text(encoding="utf-8").replace('"match": 3.0', '"match": 1.0'), encoding="utf-8")
    elif damage == "gone":
        file.unlink()
    else:
        monkeypatch.setattr("linkage.standardise.kept.standardiser_version", lambda: "9-another")
        shutil.rmtree(Workspace(bank.loaded.workspace).standardisers)
    with pytest.raises(ModelError, match=words[damage]):
        approve_model(bank.loaded, "account", model, "because")
