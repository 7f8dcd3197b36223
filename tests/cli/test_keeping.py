"""Keeping a workspace safe, as an operator does it on the command line."""

from __future__ import annotations

import json
import shutil

import pytest

import linkage
from linkage import pipeline
from linkage.engine.duckdb import Engine

SECTIONS = '[audiences.centre]\n[audiences.dea]\nhidden = ["zulu"]\n'


@pytest.fixture
def bank(make_project, accounts, first_run):
    """A small account project with two audiences that has been run once."""
    project = make_project(
        SECTIONS + accounts.source("bank") + accounts.source("zulu"),
        {"bank.csv": accounts.csv(one="abc", two="de"), "zulu.csv": accounts.csv(one="A", three="BC")},
    )
    first_run(project)
    return project


def ids(project, audience="centre"):
    """Record → identity id."""
    with project.release(audience) as engine:
        return dict(
            engine.rows("SELECT dataset || '/' || key, identity_id FROM published.identity_record ORDER BY ALL")
        )


def test_backup_delete_restore_and_go_on(bank, accounts, linkage_, tmp_path):
    """A deleted workspace comes back from a backup: ids are shown as before, and the next run goes on with them."""
    folder, archive = bank.loaded.folder, tmp_path / "saved.tar"
    before = {audience: ids(bank, audience) for audience in ("centre", "dea")}
    code, out, err = linkage_("backup", folder, archive)
    assert (code, err) == (0, "")
    assert "Project file and deliveries are not in it" in out
    shutil.rmtree(bank.loaded.workspace)
    code, out, _ = linkage_("restore", archive, "--into", bank.loaded.workspace, "--json")
    assert code == 0
    assert json.loads(out)["format"] == 1
    code, out, _ = linkage_("show", folder, "bank/a", "--json")
    assert code == 0
    assert json.loads(out)[0]["identity_id"] == before["centre"]["bank/a"]
    (folder / "bank.csv").write_text(accounts.csv(one="abc", two="d", four="f"), encoding="utf-8")
    assert linkage_("run", folder)[0] == 0
    again = linkage.open(folder)
    for audience in ("centre", "dea"):
        assert again.release_path(audience).name == "2.duckdb"
        found = ids(again, audience)
        assert {name: found[name] for name in before[audience] if name != "bank/e"} == {
            name: identity for name, identity in before[audience].items() if name != "bank/e"
        }


def test_restore_says_what_it_found(make_project, accounts, linkage_, tmp_path):
    """`restore` names the last releases in the archive and the folders whose readers are ahead of them."""
    head = '[audiences.centre.publish_to]\nfolder = "out"\n'
    project = make_project(head + accounts.source("bank"), {"bank.csv": accounts.csv(one="ab")})
    folder, work, archive = project.loaded.folder, project.loaded.workspace, tmp_path / "saved.tar"
    project.run()
    assert linkage_("backup", folder, archive)[0] == 0
    project.run()
    shutil.rmtree(work)
    code, out, _ = linkage_("restore", archive, "--into", work)
    told = " ".join(out.split())
    assert (code, "Last releases in it: centre 1." in told) == (0, True)
    assert "Readers of centre have release 2" in told
    code, _, error = linkage_("publish", folder)
    assert (code, "its next release goes on above that of the readers" in error) == (1, True)


def test_refusals_of_backup_and_restore_are_one_line(bank, linkage_, tmp_path):
    """An archive that exists, and a workspace that is not empty, are refused in one line with exit code 1."""
    archive = tmp_path / "saved.tar"
    assert linkage_("backup", bank.loaded.folder, archive)[0] == 0
    for arguments in (("backup", bank.loaded.folder, archive), ("restore", archive, "--into", bank.loaded.workspace)):
        code, out, err = linkage_(*arguments)
        assert (code, out, err.count("\n")) == (1, "", 1)
    assert linkage_("restore", archive)[0] == 2


def test_prune_and_ask_for_what_went(bank, linkage_):
    """Old releases are shown by number until they are pruned; then they are refused with when; the next run is undisturbed."""
    folder = bank.loaded.folder
    identity = ids(bank)["bank/a"]
    for _ in range(2):
        bank.run()
    code, out, _ = linkage_("show", folder, identity, "--release", 1, "--json")
    assert (code, json.loads(out)[0]["identity_id"]) == (0, identity)
    code, out, _ = linkage_("prune", folder, "--json")
    assert code == 0
    went = json.loads(out)
    assert [(row["audience"], row["sequence"]) for row in went] == [("centre", 1), ("dea", 1)]
    assert all(row["bytes"] > 10000 for row in went)
    code, _, err = linkage_("show", folder, identity, "--release", 1)
    assert code == 1
    assert "release 1 of centre was pruned at 20" in err
    assert "it has: 2, 3" in linkage_("show", folder, identity, "--release", 9)[2]
    listed = json.loads(linkage_("releases", folder, "--json")[1])
    assert [row["sequence"] for row in listed if row["pruned_at"]] == [1, 1]
    assert linkage_("prune", folder, "--keep", 0)[0] == 2
    assert bank.run()["releases"]["centre"]["sequence"] == 4
    assert ids(bank)["bank/a"] == identity


def test_a_run_that_died_before_handing_out_is_mended(make_project, accounts, linkage_, monkeypatch):
    """A run hands its release out; one that dies between its ledger row and the folder is mended by `linkage publish`."""
    head = SECTIONS + '[audiences.dea.publish_to]\nfolder = "out/dea"\n'
    project = make_project(head + accounts.source("zulu") + accounts.source("bank"), {})
    folder = project.loaded.folder
    (folder / "zulu.csv").write_text(accounts.csv(one="A"), encoding="utf-8")
    (folder / "bank.csv").write_text(accounts.csv(one="abc"), encoding="utf-8")
    report = project.run()
    assert [entry["written"] for entry in report["publish_to"]] == [True]

    def die(*_):
        raise KeyboardInterrupt

    (folder / "bank.csv").write_text(accounts.csv(one="abcd"), encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "hand_out", die)
        assert linkage_("run", folder)[0] != 0

    def held():
        current = json.loads((folder / "out" / "dea" / "current.json").read_text())
        with Engine(folder / "out" / "dea" / current["file"], read_only=True) as engine:
            return current["sequence"], engine.value("SELECT count(*) FROM published.identity_record")

    assert held() == (1, 3)
    code, out, _ = linkage_("publish", folder)
    assert (code, "release 2 of dea written" in out) == (0, True)
    assert held() == (2, 4)
    assert json.loads(linkage_("publish", folder, "--json")[1])[0]["written"] is False
    assert linkage_("prune", folder, "--keep", 1)[0] == 0
    assert sorted(path.name for path in (folder / "out" / "dea").glob("*")) == [
        ".linkage",
        "2.duckdb",
        "current.json",
        "feed",
    ]
