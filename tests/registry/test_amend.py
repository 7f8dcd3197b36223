"""A run that is refused over max_block is mended by an amended model, without retraining."""

from __future__ import annotations

import json
import stat

import pytest

from linkage.errors import DataError, ModelError, RequestError, WorkspaceError
from linkage.matching import model as models
from linkage.registry.amend import amend_model
from linkage.registry.approve import approve_model
from linkage.store.workspace import Workspace

from .conftest import pairs


def grown():
    """The 26 accounts, of which the first has twelve records now."""
    groups = pairs()
    return groups | {"holder00": groups["holder00"] + "0123456789"}


def test_a_refused_run_is_mended_by_an_amended_model(bank, deliver, first_run):
    """The refusal proposes its keys; amended and approved, the run goes through, and the model differs in its stop keys alone; none is amended while a run is on."""
    first = first_run(bank)["types"]["account"]["model"]
    workspace = Workspace(bank.loaded.workspace)
    changed = deliver(**grown())
    with pytest.raises(DataError, match=r"linkage models amend .* account, then linkage approve"):
        changed.run()
    file = workspace.proposed("account")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    proposed = json.loads(file.read_text(encoding="utf-8"))
    assert (proposed["model"], proposed["run"], proposed["max_block"]) == (first, 2, 10)
    assert {key["records"] for key in proposed["keys"]} == {12}
    assert "bank/" in proposed["keys"][0]["example"]
    with workspace.locked(), pytest.raises(WorkspaceError, match="in use by process"):
        amend_model(changed.loaded, "account")
    told = amend_model(changed.loaded, "account")
    assert told["added"] == proposed["keys"]
    before, after = (models.load(workspace.models, "account", name) for name in (first, told["model"]))
    assert set(after.stop_keys) - set(before.stop_keys) == {int(key["key"]) for key in proposed["keys"]}
    assert {**after.content(), "stop_keys": 0} == {**before.content(), "stop_keys": 0}
    assert after.card["amended"]["of"] == first
    assert after.card["shape"] == before.card["shape"]
    common = [models.read_common(workspace.models, one).to_pylist() for one in (before, after)]
    assert common[0] == common[1]
    with pytest.raises(DataError):
        changed.run()
    approve_model(changed.loaded, "account", told["model"], "a shared number")
    report = changed.run()
    assert report["types"]["account"]["model"] == told["model"]
    assert not file.exists()


def test_amending_again_gives_the_same_model(bank, deliver, first_run):
    """The same proposal gives the same artefact however often; once another model is approved it is refused."""
    first_run(bank)
    changed = deliver(**grown())
    with pytest.raises(DataError):
        changed.run()
    first = amend_model(changed.loaded, "account")["model"]
    assert amend_model(changed.loaded, "account")["model"] == first
    approve_model(changed.loaded, "account", first, "a shared number")
    with pytest.raises(RequestError, match="is approved now; run again"):
        amend_model(changed.loaded, "account")


def test_without_a_refusal_there_is_nothing_to_amend(bank, deliver, first_run):
    """A run that goes through takes the proposal of an earlier one away; amending is then refused, and so is a damaged model."""
    model = first_run(bank)["types"]["account"]["model"]
    changed = deliver(**grown())
    with pytest.raises(DataError):
        changed.run()
    file = Workspace(bank.loaded.workspace).models / "account" / model / "model.json"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace('"max_block": 10', '"max_block": 11'), encoding="utf-8")
    with pytest.raises(ModelError, match="was altered"):
        amend_model(changed.loaded, "account")
    file.write_text(whole, encoding="utf-8")
    back = deliver(**pairs())
    back.run()
    with pytest.raises(RequestError, match="there is nothing to amend"):
        amend_model(back.loaded, "account")
