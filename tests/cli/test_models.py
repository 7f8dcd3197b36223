"""The commands of a model's life: what they print, and their JSON."""

from __future__ import annotations

import json
import string

import pytest

import linkage
from linkage.config.project import default_configs
from linkage.judging.record import judge


@pytest.fixture(scope="module")
def project(tmp_path_factory, accounts):
    """The path of a small account project under own settings (max_block = 10) after a run, with three judgements, and its model."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "own").mkdir()
    for file in (default_configs() / "entities").glob("*.toml"):
        text = file.read_text(encoding="utf-8").replace("max_block = 1000\n", "max_block = 10\n")
        (folder / "own" / file.name).write_text(text, encoding="utf-8")
    head = 'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\nentities = "own"\n'
    (folder / "project.toml").write_text(f'{head}[audiences.centre]\nsees = "all"\n{accounts.source("bank")}')
    groups = {f"holder{i:02}": string.ascii_letters[2 * i : 2 * i + 2] for i in range(26)}
    (folder / "bank.csv").write_text(accounts.csv(**groups), encoding="utf-8")
    opened = linkage.open(folder)
    model = opened.run()["types"]["account"]["model"]
    for a, b in ("ab", "cd", "ef"):
        judge(opened, (f"bank/{a}", f"bank/{b}"), "match", "seen")
    grown = accounts.csv(**groups | {"holder00": "ab0123456789"})
    return opened.loaded.path, model, grown


def bad_page(folder):
    """A file that is no page of ours."""
    (folder / "other.html").write_text("mine", encoding="utf-8")
    return folder / "other.html"


def test_train_compare_approve_and_amend(linkage_, project):
    """A candidate is trained, listed, compared and approved; a refused block is amended and approved; each says what is next."""
    path, first, grown = project
    found = json.loads(linkage_("train", path, "account", "--json")[1])
    candidate = found["model"]
    assert set(found) == {
        *("schema_version", "entity_type", "model", "run", "match_rate", "records", "candidate_pairs"),
        *("set_back_to_priors", "labels", "weights", "approved", "against_approved"),
        *("identities", "not_resolved", "judged_pairs", "rarity", "blocking"),
    }
    told = linkage_("train", path, "account", "--no-preview")[1]
    assert "Identities were not compared: not asked for." in " ".join(told.split())
    page = path.parent / "model.html"
    code, out, _ = linkage_("train", path, "account", "--html", page)
    assert code == 0
    assert "Candidate model of type account" in page.read_text(encoding="utf-8")
    assert "is no model page" in linkage_("train", path, "account", "--html", bad_page(path.parent))[2]
    for text in (
        f"Candidate account={candidate}",
        "Match rate",
        "non-matches",
        "Weights in bits",
        "linkage approve",
    ):
        assert text in out
    out = linkage_("models", "list", path)[1]
    assert all(text in out for text in (first, "in use", candidate, "candidate", "approved by the project's rule"))
    out = linkage_("models", "diff", path, "account", first, candidate)[1]
    assert f"From {first} to {candidate}" in " ".join(out.split())
    assert "No weight moved." in linkage_("models", "diff", path, "account", first, first)[1]
    code, out, _ = linkage_("approve", path, "account", candidate, "--why", "labels")
    assert (code, f"account={candidate} is approved by" in out) == (0, True)
    assert "It is the approved model" in linkage_("train", path, "account")[1]

    (path.parent / "bank.csv").write_text(grown, encoding="utf-8")
    code, _, error = linkage_("run", path)
    assert (code, "linkage models amend" in error) == (1, True)
    code, out, _ = linkage_("models", "amend", path, "account")
    assert (code, "Keys set aside" in out) == (0, True)
    amended = json.loads(linkage_("models", "amend", path, "account", "--json")[1])
    assert (amended["approved"], amended["added"][0]["records"]) == (candidate, 12)
    assert linkage_("approve", path, "account", amended["model"], "--why", "a shared number")[0] == 0
    code, out, _ = linkage_("run", path, "--json")
    assert json.loads(out)["types"]["account"]["model"] == amended["model"]


def test_what_cannot_be_is_refused_in_one_line(linkage_, project, tmp_path):
    """A model that is not listed, an approval without a reason, and a project without models are told in one sentence."""
    path = project[0]
    for arguments in (
        ("approve", path, "account", "ab", "--why", "x"),
        ("models", "diff", path, "account", "ab", "cd"),
    ):
        code, out, error = linkage_(*arguments)
        assert (code, out, error.count("\n")) == (1, "", 1)
        assert "there is no model account=ab; listed models: account=" in error
    code, _, error = linkage_("approve", path, "account", project[1], "--why", " ")
    assert (code, "needs a reason" in error) == (1, True)
    (tmp_path / "project.toml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "own").symlink_to(path.parent / "own")
    (tmp_path / "bank.csv").symlink_to(path.parent / "bank.csv")
    assert "There is no model yet" in linkage_("models", "list", tmp_path)[1]
    assert not (tmp_path / "work").exists()
