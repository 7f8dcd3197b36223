"""What a candidate would change is told before it is approved, and is what a run then does."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace

import pyarrow as pa
import pytest

import linkage
from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.errors import RequestError
from linkage.judging.record import judge
from linkage.matching import model as models
from linkage.matching.keyed import keyed
from linkage.matching.labels import trains
from linkage.matching.model import FREQUENCY_SCHEMA
from linkage.registry.approve import approve_model
from linkage.registry.candidate import train_candidate
from linkage.registry.figures import rarity
from linkage.review.changes import diff
from linkage.store.workspace import Workspace

from .conftest import pairs


def letter(one):
    """The name of a record of the bank."""
    return ("bank", one, "account")


@pytest.fixture
def strict(bank, tmp_path, first_run):
    """The bank after a run under a threshold that no pair reaches, its settings then as shipped again."""
    settings = tmp_path / "own" / "account.toml"
    shipped = settings.read_text(encoding="utf-8")
    settings.write_text(shipped.replace("match = 3.0", "match = 200.0"), encoding="utf-8")
    first_run(linkage.open(bank.loaded.path))
    settings.write_text(shipped, encoding="utf-8")
    return linkage.open(bank.loaded.path)


def state(project):
    """The bytes of every file of the workspace but the ledger, as hashes."""
    folder = project.loaded.workspace
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("ledger")
    }


def test_identities_that_would_merge_are_named(strict):
    """Two records that the approved model keeps apart and the candidate joins are told by name, with values and both ids."""
    found = train_candidate(strict.loaded, "account")
    counts = found["identities"]["types"]["account"]
    assert [counts[f"identities_{when}"] for when in ("before", "after")] == [52, 11]
    assert (counts["merged"], counts["split"], counts["records_moved"]) == (11, 0, 41)
    example = found["identities"]["examples"]["merged"][0]
    assert len({part["before"] for part in example["parts"]}) == len(example["parts"]) == example["records_after"] > 1
    assert {part["after"] for part in example["parts"]} == {example["identity_id"]}
    told = found["identities"]["records"]["account"]
    for part in example["parts"]:
        assert told[part["names"][0]]["holder"].endswith("Holder")
    assert not found["identities"]["examples"]["split"]


def test_what_is_told_is_what_the_next_run_does(strict):
    """Under the approved candidate, and under today's judgements, the next release differs from the last as it was told to."""
    judge(strict, ("bank/a", "bank/b"), "non-match", "two firms")
    before = train_candidate(strict.loaded, "account")
    approve_model(strict.loaded, "account", before["model"], "it joins")
    strict.run()
    assert diff(strict, 1, 2).types == before["identities"]["types"]
    assert before["identities"]["types"]["account"]["merged"] > 0


def test_today_s_judgements_are_no_change_of_the_model(bank, tmp_path, first_run):
    """What a new judgement parts is parted under both models, so it is told as no difference between them."""
    first_run(bank)
    judge(bank, ("bank/a", "bank/b"), "non-match", "two firms")
    settings = tmp_path / "own" / "account.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("match = 3.0", "match = 2.75"), encoding="utf-8")
    found = train_candidate(linkage.open(bank.loaded.path).loaded, "account")
    counts = found["identities"]["types"]["account"]
    assert [counts[f"identities_{when}"] for when in ("before", "after")] == [12, 12]
    assert (counts["merged"], counts["split"], counts["records_moved"]) == (0, 0, 0)


def test_nothing_else_of_the_workspace_changes(strict):
    """Base and release stay byte for byte; what comes in is the model's folder, where the page holds no value and no record."""
    proposed = Workspace(strict.loaded.workspace).proposed("account")
    proposed.parent.mkdir(exist_ok=True)
    proposed.write_text("{}", encoding="utf-8")
    before = state(strict)
    found = train_candidate(strict.loaded, "account")
    after = state(strict)
    assert {name: after[name] for name in before} == before
    folder = f"models/account/{found['model']}/"
    assert all(name.startswith(folder) for name in after.keys() - before.keys())
    page = (strict.loaded.workspace / folder / "report.html").read_text(encoding="utf-8")
    assert "What would merge and split" in page
    assert "bank/" not in page
    assert "Holder" not in page
    assert strict.release_path().stem == "1"


def test_without_a_preview_only_identities_are_missing(strict):
    """Judged pairs, rarity and blocking are told all the same, and why identities are not; the model is the same."""
    found = train_candidate(strict.loaded, "account", preview=False)
    assert (found["identities"], found["not_resolved"]) == (None, "not asked for")
    whole = train_candidate(strict.loaded, "account")
    for part in ("model", "rarity", "blocking", "judged_pairs"):
        assert whole[part] == found[part]


def test_the_approved_model_again_is_not_compared(bank, first_run):
    """Where training makes the approved model again there is nothing to compare, and it says so."""
    first_run(bank)
    found = train_candidate(bank.loaded, "account")
    assert (found["identities"], found["not_resolved"]) == (None, "it is the approved model")
    assert found["judged_pairs"]["candidate"] is None


def test_judged_pairs_measure_both_models(strict):
    """Only pairs of the half that never trains count: the approved model misses all matches, the candidate none."""
    keys = "abcdefghijklmnopqrstuvwxyz"
    judged = list(zip(keys[::2], keys[1::2], strict=True))
    for a, b in judged:
        judge(strict, (f"bank/{a}", f"bank/{b}"), "match", "seen")
    judge(strict, ("bank/a", "bank/b"), "unsure", "seen")
    found = train_candidate(strict.loaded, "account")["judged_pairs"]
    measuring = sum(not trains(letter(a), letter(b)) for a, b in judged)
    assert 0 < measuring < len(judged)
    assert (found["chosen"], found["drawn"], found["training_half"]) == (measuring, 0, len(judged) - measuring)
    assert (found["approved"]["matches_told"], found["approved"]["matches_missed"]) == (0, measuring)
    assert (found["candidate"]["matches_told"], found["candidate"]["matches_missed"]) == (measuring, 0)
    assert found["candidate"]["estimates"] is None


def test_blocking_and_rarity_are_counted(strict):
    """Each rule tells keys, pairs and largest block under both models; a value that fewer than ten hold is never told."""
    found = train_candidate(strict.loaded, "account", preview=False)
    rules = {one["rule"]: one for one in found["blocking"]["candidate"]}
    assert found["blocking"]["approved"] == found["blocking"]["candidate"]
    assert max(one["pairs"] for one in rules.values()) >= 26
    assert {one["largest_block"] for one in rules.values()} >= {2}
    for column in found["rarity"]:
        assert all(value["holders"] >= 10 for value in column["most_common"])


def test_a_value_that_fewer_than_ten_hold_is_never_told(bank, first_run):
    """Of a column the most common values that ten and more hold are told with their shares, the most common first, where a record at hand holds them."""
    model = models.load(
        Workspace(bank.loaded.workspace).models, "account", first_run(bank)["types"]["account"]["model"]
    )
    rows = [("holder", f"v{place}", records) for place, records in enumerate((9, 10, 30, 10, 2, 11, 12, 13))]
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    frequencies = pa.table(columns, schema=FREQUENCY_SCHEMA)
    with Engine() as engine:
        made = keyed(engine, replace(model, key=None, frequencies=frequencies, totals={"holder": 120}), b"key")
        engine.create_as("feature", "account", "SELECT range AS record, 'v' || range AS holder FROM range(8)")
        (found,) = rarity(engine, made)
        engine.run("DELETE FROM feature.account WHERE holder = 'v7'")
        (less,) = rarity(engine, made)
    assert (found["column"], found["holders"], found["values_of_several"]) == ("holder", 120, 8)
    told = [(one["value"], one["holders"], one["share"]) for one in found["most_common"]]
    assert told == [("v2", 30, 0.25), ("v7", 13, 0.108333), ("v6", 12, 0.1), ("v5", 11, 0.091667), ("v1", 10, 0.083333)]
    assert [one["value"] for one in less["most_common"]] == ["v2", "v6", "v5", "v1", "v3"]


def test_where_a_run_would_be_refused_nothing_is_compared(bank, deliver, tmp_path, first_run):
    """A block too large for the approved model is told as the reason, proposes nothing, and names no record beside the model."""
    first = first_run(bank)["types"]["account"]["model"]
    for file in (tmp_path / "own").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("max_block = 10\n", "max_block = 1000\n"), encoding="utf-8")
    grown = deliver(**pairs() | {"holder00": "ab0123456789"})
    grown.run(retrain=True)
    approve_model(grown.loaded, "account", first, "as it was")
    found = train_candidate(grown.loaded, "account")
    assert found["identities"] is None
    assert found["not_resolved"].startswith("a run would be refused: account:")
    assert "bank/" in found["not_resolved"]
    workspace = Workspace(grown.loaded.workspace)
    assert not workspace.proposed("account").exists()
    page = (workspace.models / "account" / found["model"] / "report.html").read_text(encoding="utf-8")
    assert "Identities were not compared: a run would be refused." in page
    assert "bank/" not in page


def test_a_type_that_no_run_has_resolved_is_named(bank, monkeypatch, first_run):
    """Where another type of the project has no model yet, identities are not compared, and it is named."""
    first_run(bank)
    monkeypatch.setattr(type(bank.loaded), "entity_types", lambda _self: ("account", "person"))
    found = train_candidate(bank.loaded, "account")
    assert found["not_resolved"] == "no run has resolved type person yet; run first"


def test_a_preview_is_a_look(strict, tmp_path):
    """Training states a purpose, since examples name records; without one it is refused before anything is done."""
    path = tmp_path / "project.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('default_purpose = "test"\n', ""), encoding="utf-8")
    project = linkage.open(path)
    with pytest.raises(RequestError, match="a look needs a purpose"):
        train_candidate(project.loaded, "account")
    assert train_candidate(project.loaded, "account", purpose="audit")["entity_type"] == "account"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "was", "now"), [("account", "3.0", "60.0"), ("business", "-1.5", "12.0"), ("person", "0.0", "9.0")]
)
def test_all_types_change_as_told(demo, tmp_path, kind, was, now):
    """A candidate of one type among three changes the identities of all of them as it was told to."""
    folder = tmp_path / "demo"
    shutil.copytree(demo.folder, folder)
    shutil.copytree(default_configs() / "entities", folder / "own")
    settings = folder / "own" / f"{kind}.toml"
    shipped = settings.read_text(encoding="utf-8")
    settings.write_text(shipped.replace(f"match = {was}", f"match = {now}", 1), encoding="utf-8")
    path = folder / "project.toml"
    text = path.read_text(encoding="utf-8").replace('workspace = "work"', 'entities = "own"\nworkspace = "work"', 1)
    path.write_text(text, encoding="utf-8")
    project = linkage.open(folder)
    found = train_candidate(project.loaded, kind)
    assert found["identities"]["types"][kind]["split"] > 0
    approve_model(project.loaded, kind, found["model"], "as told")
    project.run()
    assert diff(project, 1, 2).types == found["identities"]["types"]
