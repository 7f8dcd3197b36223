"""The base that a run works on: a copy of the last one, made in the spare where there is one."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from linkage import pipeline, purging, staging
from linkage.engine.duckdb import Engine
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import NOW


@pytest.fixture
def ran(make_project, accounts, first_run):
    """An account project after its first run, its workspace, and the bytes of its base."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="abc", two="de")})
    first_run(project, now=NOW)
    workspace = Workspace(project.loaded.workspace)
    return project, workspace, workspace.base(1).read_bytes()


def deliver(project, accounts, **groups):
    """Run the project on another delivery."""
    (project.loaded.folder / "bank.csv").write_text(accounts.csv(**groups), encoding="utf-8")
    return project.run(now=NOW)


def held(project):
    """Key and identity of every record."""
    with project.release() as release:
        return release.rows("SELECT key, identity_id FROM published.identity_record ORDER BY key")


def test_the_spare_is_the_base_before(ran, accounts):
    """After a first run the spare is a copy of the base; after an increment it is the base before, and copying brings it up to date."""
    project, workspace, first = ran
    assert workspace.spare.read_bytes() == first
    assert deliver(project, accounts, one="abcf", two="de")["work"] == "increment"
    assert workspace.spare.read_bytes() == first
    with Ledger(workspace.ledger) as ledger:
        staging.copy_base(workspace, ledger.last_run(), workspace.staging, with_spare=True)
    assert (workspace.staging / staging.BASE).read_bytes() == workspace.base(2).read_bytes() != first
    assert not workspace.spare.exists()


def test_any_spare_serves(ran, accounts):
    """Without a spare, with one that is no database, is another one or is being read, an increment starts from the last base all the same."""
    project, workspace, _ = ran
    ids = dict(held(project))

    def spoil(kind):
        workspace.spare.unlink()
        if kind == "no database":
            workspace.spare.write_bytes(b"no database " * 100_000)
        elif kind == "another":
            with Engine(workspace.spare) as engine:
                engine.run("CREATE TABLE other AS SELECT range AS n, hash(range) AS told FROM range(1_000_000)")

    for kind, one, two in (
        ("gone", "abcf", "de"),
        ("no database", "abcf", "deg"),
        ("another", "abf", "degh"),
        ("read", "abfi", "degh"),
    ):
        if kind != "read":
            spoil(kind)
        with Engine() as engine:
            if kind == "read":
                engine.attach(workspace.spare, "read")
            assert deliver(project, accounts, one=one, two=two)["work"] == "increment"
        assert dict(held(project)) == dict.fromkeys(one, ids["a"]) | dict.fromkeys(two, ids["d"])


def test_a_purge_leaves_no_spare(ran):
    """What a purge has taken out would stand in the spare, so it goes; the next run leaves one again."""
    project, workspace, _ = ran
    purging.purge(project.loaded, purging.choose(project.loaded, records=["bank/a"]), why="order", now=NOW)
    assert not workspace.spare.exists()
    project.run(now=NOW)
    assert workspace.spare.is_file()


def test_a_full_disk_has_no_spare(ran, accounts, monkeypatch):
    """Where the disk has no room for two more bases, a run that makes everything anew leaves no spare, and its release stands."""
    project, workspace, _ = ran
    workspace.spare.unlink()

    def leave(run, last):
        room = 2 * workspace.base(run.number).stat().st_size - 1
        with monkeypatch.context() as full:
            full.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=room))
            staging.leave_spare(run, last)

    monkeypatch.setattr(pipeline, "leave_spare", leave)
    assert project.run(full=True, now=NOW)["releases"]["centre"]["sequence"] == 2
    assert not workspace.spare.exists()
    assert deliver(project, accounts, one="abcf")["work"] == "increment"
    assert workspace.spare.is_file()
