"""Training a candidate changes nothing but the list of models."""

from __future__ import annotations

import pytest

from linkage.errors import ModelError, RequestError, WorkspaceError
from linkage.judging.record import judge
from linkage.matching import model as models
from linkage.registry.approve import approve_model, list_models
from linkage.registry.candidate import train_candidate
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

from .conftest import pairs


def test_a_candidate_is_the_model_that_a_run_would_make(bank, first_run):
    """On unchanged data the candidate is the approved model, and with judgements the one that `retrain` then makes and uses."""
    first = first_run(bank)["types"]["account"]["model"]
    same = train_candidate(bank.loaded, "account")
    assert (same["model"], same["approved"], same["labels"]) == (first, first, None)
    keys = "abcdefghijklmnopqrstuvwxyz"
    for a, b in zip(keys[::2], keys[1::2], strict=True):
        judge(bank, (f"bank/{a}", f"bank/{b}"), "match", "seen")
    found = train_candidate(bank.loaded, "account")
    assert found["model"] != first
    assert found["labels"]["matches"] > 0
    assert found["against_approved"]["weights"][0]["moved"]
    assert bank.run(retrain=True)["types"]["account"]["model"] == found["model"]


def test_no_run_uses_a_candidate(bank, deliver, first_run):
    """A candidate is listed with the run whose records it saw, approved by nobody; the next run uses the approved model."""
    first = first_run(bank)["types"]["account"]["model"]
    workspace = Workspace(bank.loaded.workspace)
    base = workspace.base(1).read_bytes()
    judge(bank, ("bank/a", "bank/b"), "match", "seen")
    judge(bank, ("bank/c", "bank/d"), "match", "seen")
    judge(bank, ("bank/e", "bank/f"), "match", "seen")
    found = train_candidate(bank.loaded, "account")
    assert workspace.base(1).read_bytes() == base
    assert not list(workspace.staging.iterdir())
    told = {one["model"]: (one["state"], one["run"], one["why"]) for one in list_models(bank.loaded)["models"]}
    assert told[found["model"]] == ("candidate", 1, None)
    assert told[first][0] == "in use"
    assert models.load(workspace.models, "account", found["model"]).card["records"] == 52
    groups = pairs()
    changed = deliver(**groups | {"holder00": groups["holder00"] + "0"})
    assert changed.run()["types"]["account"]["model"] == first


def test_training_is_refused_where_it_cannot_be(bank, first_run):
    """No run, an unknown type, a type without records, and a workspace in use are refused with the mend; nothing is listed."""
    with pytest.raises(WorkspaceError, match="no run has finished yet"):
        train_candidate(bank.loaded, "account")
    first_run(bank)
    with pytest.raises(RequestError, match="has no type 'ship'; its types are: account"):
        train_candidate(bank.loaded, "ship")
    workspace = Workspace(bank.loaded.workspace)
    with workspace.locked(), pytest.raises(WorkspaceError, match="is in use"):
        train_candidate(bank.loaded, "account")
    (workspace.models / "account" / list_models(bank.loaded)["models"][0]["model"] / "model.json").write_text("{}")
    with pytest.raises(ModelError, match="cannot be read"):
        train_candidate(bank.loaded, "account")
    with Ledger(workspace.ledger) as ledger:
        assert len(ledger.listed()) == 1


def test_a_base_that_is_read_in_another_way_is_refused(bank, monkeypatch, first_run):
    """Records that another standardiser made are not trained on."""
    first_run(bank)
    monkeypatch.setattr("linkage.standardise.kept.standardiser_version", lambda: "9-another")
    monkeypatch.setattr("linkage.staging.choose", lambda run: run.standardiser)
    with pytest.raises(ModelError, match=r"the standardiser is another now.*--retrain"):
        train_candidate(bank.loaded, "account")


def test_an_approved_candidate_is_used(bank, first_run):
    """The next run uses an approved candidate and makes its type anew; the older model can be approved again."""
    first = first_run(bank)["types"]["account"]["model"]
    for a, b in ("ab", "cd", "ef", "gh"):
        judge(bank, (f"bank/{a}", f"bank/{b}"), "match", "seen")
    found = train_candidate(bank.loaded, "account")["model"]
    assert found != first
    told = approve_model(bank.loaded, "account", found, "fits better")
    assert (told["before"], told["why"]) == (first, "fits better")
    assert bank.run()["types"]["account"]["model"] == found
    approve_model(bank.loaded, "account", first, "no, it does not")
    assert bank.run()["types"]["account"]["model"] == first
    states = {one["model"]: (one["state"], one["why"]) for one in list_models(bank.loaded)["models"]}
    assert states == {first: ("in use", "no, it does not"), found: ("former", "fits better")}
