"""A run goes on with the standardisers that its approved models were trained on, after the program has others."""

from __future__ import annotations

import importlib
import json
import shutil
import stat

import pytest

import linkage
from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.errors import ModelError
from linkage.registry.approve import approve_model
from linkage.registry.candidate import train_candidate
from linkage.standardise import shipped
from linkage.standardise.install import sql_files
from linkage.standardise.version import standardiser_version
from linkage.store.backup import backup, restore
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.upkeep import prune_project


@pytest.fixture
def bank(make_project, accounts, first_run):
    """A project of five accounts that has been run once."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(Ann="abc", Bob="de")})
    first_run(project)
    return project


@pytest.fixture(autouse=True)
def _own_version():
    """Forget the version of a test's program when the test ends."""
    yield
    standardiser_version.cache_clear()


@pytest.fixture
def change(monkeypatch):
    """Make of this program one whose `std_account_number` ends every number otherwise."""

    def to_another(ending="q"):
        files = dict(sql_files())
        name = "standardise/std_account_number.sql"
        files[name] = files[name].replace("THEN ltrim(folded, '0')\n", f"THEN ltrim(folded, '0') || '{ending}'\n")
        assert files[name] != sql_files()[name]
        for module in ("install", "version", "kept"):
            # By its full name: the package has a function `install` too.
            monkeypatch.setattr(importlib.import_module(f"linkage.standardise.{module}"), "sql_files", lambda: files)
        standardiser_version.cache_clear()
        return shipped().version

    return to_another


def canonical(project, run):
    """The canonical accounts of a run's base, in order, without their numbers."""
    with Engine(Workspace(project.loaded.workspace).base(run), read_only=True) as engine:
        return engine.rows("SELECT * EXCLUDE (record) FROM canonical.account ORDER BY dataset, key, role")


def versions(project):
    """The kept versions of a workspace."""
    return sorted(path.name for path in Workspace(project.loaded.workspace).standardisers.iterdir())


def test_a_model_goes_on_with_the_old_values(bank, change, accounts, tmp_path):
    """With another macro in the program, an increment and a full run make the values of before; a retrain makes those of today."""
    old = shipped().version
    before = canonical(bank, 1)
    new = change()
    assert new != old
    report = bank.run()
    assert report["work"] == "increment"
    assert canonical(bank, 2) == before
    (tmp_path / "bank.csv").write_text(accounts.csv(Ann="abc", Bob="def"), encoding="utf-8")
    assert bank.run()["types"]["account"]["standardised"] == 1
    grown = canonical(bank, 3)
    assert grown[:5] == before
    assert bank.run(full=True)["work"] == "asked for"
    assert canonical(bank, 4) == grown
    assert bank.run(retrain=True)["work"] == "the standardiser is another"
    assert [row[6] for row in canonical(bank, 5)] == [f"{row[6]}q" for row in grown]
    assert versions(bank) == sorted([old, new])
    assert bank.run()["work"] == "increment"


def test_a_model_goes_on_with_the_old_lists(bank, monkeypatch, tmp_path):
    """With another reference list in the program, a full run makes the values of before."""
    before = canonical(bank, 1)
    shutil.copytree(default_configs(), tmp_path / "configs")
    with (tmp_path / "configs" / "reference" / "placeholders.csv").open("a", encoding="utf-8") as file:
        file.write(f"account,{before[0][6]},a test\n")
    with monkeypatch.context() as patch:
        for module in ("version", "kept"):
            patch.setattr(f"linkage.standardise.{module}.default_configs", lambda: tmp_path / "configs")
        standardiser_version.cache_clear()
        bank.run(full=True)
        assert canonical(bank, 2) == before
        bank.run(retrain=True)
    assert canonical(bank, 3) == [row for row in before if row[6] != before[0][6]]


def test_what_is_kept_is_for_this_user_alone(bank):
    """Every file that is kept has mode 0600, and they are all SQL files, all lists and the modules."""
    folder = Workspace(bank.loaded.workspace).standardisers / shipped().version
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {path.relative_to(folder / "sql").as_posix() for path in folder.rglob("*.sql")} == set(sql_files())
    assert len(files) == len(sql_files()) + 15 + 2 + 1


@pytest.mark.parametrize("damage", ["altered", "gone", "manifest", "all"])
def test_a_damaged_version_is_refused(bank, change, damage):
    """A file that was altered or is gone is told with its name and the mend, and nothing of it is run; a retrain goes through."""
    folder = Workspace(bank.loaded.workspace).standardisers / shipped().version
    file = folder / "sql" / "standardise" / "std_fold.sql"
    told = {
        "altered": "std_fold.sql: a file of",
        "gone": "std_fold.sql: a file of",
        "manifest": "is not the standardiser",
    }
    if damage == "altered":
        file.write_text(file.read_text(encoding="utf-8") + "\n-- more", encoding="utf-8")
    elif damage == "gone":
        file.unlink()
    elif damage == "all":
        shutil.rmtree(folder)
    else:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        del manifest["files"]["sql/standardise/std_fold.sql"]
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    change()
    with pytest.raises(ModelError, match=f"{told.get(damage, 'is not kept')}.*or run with --retrain"):
        bank.run()
    assert bank.run(retrain=True)["run"] == 2


def test_a_damaged_version_is_mended_while_the_program_has_it(bank, change):
    """A run by the program that has the version writes it again."""
    file = Workspace(bank.loaded.workspace).standardisers / shipped().version / "reference" / "titles.csv"
    file.unlink()
    bank.run()
    assert file.is_file()
    change()
    assert bank.run()["work"] == "increment"


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("library_releases", r"it needs babel \S+, 0\.1 is installed; install that release, or run with --retrain"),
        ("modules", r"what calls the libraries \(library\.py\) is another; use the program that trained the model"),
        ("_columns", "the columns that it makes are others"),
    ],
)
def test_a_version_of_other_code_is_refused(bank, change, monkeypatch, what, told):
    """Code is not kept: a model that needs another library, other code, or other columns is refused, naming which."""
    change()
    now = {"library_releases": {"babel": "0.1"}, "modules": {"library.py": b""}, "_columns": {}}[what]
    whole = getattr(linkage.standardise.kept, what)()
    monkeypatch.setattr(f"linkage.standardise.kept.{what}", lambda: {**whole, **now} if now else now)
    with pytest.raises(ModelError, match=told):
        bank.run()


def test_models_that_need_different_versions_are_refused(make_project, accounts, change, tmp_path):
    """A run has one version: types whose approved models need two are told with both and the mend."""
    (tmp_path / "people.csv").write_text(
        "id,first,last,born,phone\n1,Ann,Lee,1970-01-02,\n2,Bob,Ray,1980-01-02,\n", encoding="utf-8"
    )
    people = (
        '[sources.people]\nagency = "people"\nfiles = "people.csv"\ndelivery = "snapshot"\nkey = "id"\n'
        '[sources.people.roles.subject]\nentity = "person"\n'
        '[sources.people.roles.subject.fields]\ngiven_name = "first"\nsurname = "last"\n'
    )
    project = make_project(accounts.source("bank") + people, {"bank.csv": accounts.csv(Ann="abc", Bob="de")})
    old = shipped().version
    first = project.run()["types"]["account"]["model"]
    new = change()
    project.run(retrain=True)
    approve_model(project.loaded, "account", first, "the older one")
    with pytest.raises(
        ModelError, match=f"account={first} by version {old}; person=.* by version {new}; .* run with --retrain"
    ):
        project.run()


def test_a_candidate_is_trained_on_the_values_of_the_base(bank, change):
    """A candidate of a base that goes on with an older version names that version, and can be approved and used."""
    old = shipped().version
    change()
    bank.run()
    model = train_candidate(bank.loaded, "account")["model"]
    file = Workspace(bank.loaded.workspace).models / "account" / model / "model.json"
    assert json.loads(file.read_text(encoding="utf-8"))["standardiser"] == old
    approve_model(bank.loaded, "account", model, "a test")
    assert bank.run()["types"]["account"]["model"] == model


def test_a_rollback_brings_the_version_back(bank, change):
    """Rolling back to a release of an older version makes the values of then, without a delivery."""
    before = canonical(bank, 1)
    change()
    bank.run(retrain=True)
    assert canonical(bank, 2) != before
    assert bank.rollback(1)["work"] == "the standardiser is another"
    assert canonical(bank, 3) == before


def test_prune_removes_what_no_model_needs(bank, change):
    """A version goes once neither an approved model nor one of a kept release was trained with it, and not before."""
    old = shipped().version
    new = change()
    bank.run(retrain=True)
    prune_project(bank.loaded, 2)
    assert versions(bank) == sorted([old, new])
    bank.run()
    prune_project(bank.loaded, 2)
    assert versions(bank) == [new]
    assert bank.run()["work"] == "increment"


def test_prune_keeps_everything_where_a_model_cannot_be_read(bank, change):
    """Where it is not known what a model needs, nothing goes."""
    workspace = Workspace(bank.loaded.workspace)
    old = shipped().version
    new = change()
    bank.run(retrain=True)
    bank.run()
    with Ledger(workspace.ledger) as ledger:
        approved = ledger.approved_model("account")
    (workspace.models / "account" / approved / "model.json").write_text("{}", encoding="utf-8")
    prune_project(bank.loaded, 1)
    assert versions(bank) == sorted([old, new])


def test_a_restored_workspace_goes_on_with_the_old_version(bank, change, tmp_path):
    """A backup holds what is kept: restored, an older version is gone on with."""
    workspace = Workspace(bank.loaded.workspace)
    backup(workspace, tmp_path / "saved.tar", program="test")
    shutil.rmtree(workspace.path)
    restore(tmp_path / "saved.tar", workspace.path)
    before = canonical(bank, 1)
    change()
    assert bank.run()["work"] == "increment"
    assert canonical(bank, 2) == before
