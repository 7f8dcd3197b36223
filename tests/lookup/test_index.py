"""The index: made when it is needed, found again, refused where there is nothing to answer from."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime

import pytest

from linkage.errors import RequestError, WorkspaceError
from linkage.lookup.index import Index, find, prepare
from linkage.store.ledger import Ledger
from linkage.store.prune import prune
from linkage.store.workspace import Workspace


@pytest.fixture
def bank(make_project, accounts, first_run):
    """A small account project after its run."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="cd")})
    first_run(project)
    return project


def quiet(_message):
    """Tell no progress."""


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_an_index_is_made_once_and_the_same_each_time(bank):
    """The first call makes it, the second finds it; made again it has the same bytes, and no other user can read it."""
    place = find(bank.loaded, "centre", "account")
    assert prepare(bank.loaded, place, quiet)
    assert not prepare(bank.loaded, place, quiet)
    first = contents(place.folder)
    assert place.folder.stat().st_mode & 0o777 == 0o700
    plan = json.loads((place.folder / "plan.json").read_text(encoding="utf-8"))
    (place.folder / "plan.json").write_text(json.dumps(plan | {"engine": "another"}), encoding="utf-8")
    assert prepare(bank.loaded, place, quiet)
    assert contents(place.folder) == first
    assert [folder.name for folder in place.folder.parent.iterdir()] == [place.folder.name]


def test_a_damaged_index_is_refused(bank):
    """An index whose plan cannot be read is named, with what to do."""
    place = find(bank.loaded, "centre", "account")
    prepare(bank.loaded, place, quiet)
    (place.folder / "keys.bin").unlink()
    with pytest.raises(
        WorkspaceError, match=r"the lookup index cannot be read \(FileNotFoundError\); remove the folder"
    ):
        Index(place.folder)
    (place.folder / "plan.json").write_text("{", encoding="utf-8")
    assert prepare(bank.loaded, place, quiet)
    Index(place.folder)


def test_what_cannot_be_answered_is_refused(bank, make_project, accounts):
    """An unknown audience or type, and a project without a release, are told with what there is."""
    with pytest.raises(RequestError, match="there is no audience 'fbi'; the project has: centre"):
        find(bank.loaded, "fbi", "account")
    with pytest.raises(RequestError, match="tells of a person; the project has: account"):
        find(bank.loaded, "centre", "person")
    fresh = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab")}, head="").loaded
    moved = fresh.path.parent / "work"
    moved.rename(moved.with_name("elsewhere"))
    with pytest.raises(RequestError, match="audience 'centre' has no release yet; run: linkage run"):
        find(fresh, "centre", "account")


def test_a_release_that_the_last_run_held_back_is_refused(bank):
    """Where the last run published nothing for an audience, the records have moved on: nothing is answered from both."""
    with Ledger(Workspace(bank.loaded.workspace).ledger) as ledger:
        last = ledger.last_run()
        now = datetime.now(UTC).isoformat()
        ledger.add_run(
            type(last)(
                **{
                    **{name: getattr(last, name) for name in last.__dataclass_fields__},
                    "run": 2,
                    "releases": (),
                    "finished_at": now,
                }
            )
        )
    with pytest.raises(RequestError, match="held the release of audience 'centre' back"):
        find(bank.loaded, "centre", "account")


def test_indexes_go_with_their_releases(bank):
    """Pruning a release, or the next run, removes what was made of releases that are gone, and drafts of the dead."""
    workspace = Workspace(bank.loaded.workspace)
    first = find(bank.loaded, "centre", "account")
    prepare(bank.loaded, first, quiet)
    room = workspace.lookup("centre")
    for name in (".draft-old", ".draft-new"):
        (room / name).mkdir()
    os.utime(room / ".draft-old", (time.time() - 90_000,) * 2)
    bank.run()
    assert sorted(folder.name for folder in room.iterdir()) == [".draft-new", first.folder.name]
    prune(workspace, 1, by="test")
    assert [folder.name for folder in room.iterdir()] == [".draft-new"]
