"""`publish_to`: a folder has the last release of its audience, whole, with its own mode, whatever died on the way."""

from __future__ import annotations

import grp
import hashlib
import json
import os
import shutil

import pytest

from linkage.errors import ConfigError, WorkspaceError
from linkage.sharing import folders
from linkage.sharing.folders import hand_out, prepare_folders, thin_out
from linkage.store.entries import Pruned, Release, RunRow
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

SECTION = '[audiences.centre.publish_to]\nfolder = "out"\nmode = "0640"\n'


class Desk:
    """A project with a folder, whose releases are made of literal bytes."""

    def __init__(self, project):
        self.project = project.loaded
        self.workspace = Workspace(self.project.workspace)
        self.workspace.prepare()
        self.ledger = Ledger(self.workspace.ledger)
        self.folder = self.project.folder / "out"

    def publish(self, sequence):
        """Publish a release and hand it out."""
        path = self.workspace.release("centre", sequence)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"release %d" % sequence)
        self.ledger.add_run(RunRow(sequence, "a", f"at {sequence}", sequence, (Release("centre", sequence),), {}))
        return self.hand_out()

    def hand_out(self):
        """Hand out what the ledger names."""
        return hand_out(self.project, self.workspace, self.ledger)

    def files(self):
        """The names in the folder, its mark aside."""
        return sorted(path.name for path in self.folder.iterdir() if path.name != ".linkage")

    def current(self):
        """What `current.json` says."""
        return json.loads((self.folder / "current.json").read_text())


@pytest.fixture
def make_desk(make_project, accounts):
    """Make a desk with other settings of its folder."""

    def make(section=SECTION):
        return Desk(make_project(accounts.source("bank") + section, {"bank.csv": accounts.csv(one="a")}))

    return make


@pytest.fixture
def desk(make_desk):
    """A desk with the usual settings."""
    return make_desk()


def test_the_folder_names_its_release(desk):
    """`current.json` names the release file with its SHA-256, and both have the mode of the project file."""
    told = desk.publish(1)
    assert desk.current() == {
        "audience": "centre",
        "sequence": 1,
        "file": "1.duckdb",
        "sha256": hashlib.sha256(b"release 1").hexdigest(),
        "published_at": "at 1",
        "contract_version": 1,
    }
    assert told == [{**desk.current(), "folder": str(desk.folder), "written": True}]
    assert desk.files() == ["1.duckdb", "current.json"]
    assert {path.stat().st_mode & 0o777 for path in desk.folder.iterdir()} == {0o640}
    assert desk.folder.stat().st_mode & 0o777 == 0o750


def test_what_is_there_is_not_written_again(desk):
    """Handing out twice writes once, and one look is in the audit for each release."""
    desk.publish(1)
    before = (desk.folder / "1.duckdb").stat().st_ino
    assert desk.hand_out()[0]["written"] is False
    assert (desk.folder / "1.duckdb").stat().st_ino == before
    desk.publish(2)
    looks = [(look.action, look.objects) for look in desk.ledger.looks()]
    assert looks == [("publish", (f"release {number}", str(desk.folder))) for number in (1, 2)]


def test_the_folder_keeps_two(desk):
    """The folder holds the last two releases, so that a reader can finish with the old one; pruned ones go."""
    for sequence in (1, 2, 3):
        desk.publish(sequence)
    assert desk.files() == ["2.duckdb", "3.duckdb", "current.json"]
    desk.ledger.prune([Pruned(Release("centre", sequence), "t", "ann", 1) for sequence in (1, 2)])
    thin_out(desk.project, desk.workspace, desk.ledger)
    assert desk.files() == ["3.duckdb", "current.json"]


@pytest.mark.parametrize("stop", ["_copy", "_replace", "_thin_out"])
def test_what_died_is_mended(desk, monkeypatch, stop):
    """Handing out that dies at any step leaves the old release readable, and is finished the next time."""
    desk.publish(1)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(folders, stop, die)
        with pytest.raises(KeyboardInterrupt):
            desk.publish(2)
    held = desk.current()
    assert hashlib.sha256((desk.folder / held["file"]).read_bytes()).hexdigest() == held["sha256"]
    desk.hand_out()
    assert desk.current()["sequence"] == 2
    assert desk.files() == ["1.duckdb", "2.duckdb", "current.json"]


@pytest.mark.parametrize("damage", ["release", "current", "gone", "draft"])
def test_a_damaged_folder_is_mended(desk, damage):
    """A release or `current.json` in the folder that was altered, lost or left half-written is put right."""
    desk.publish(1)
    if damage == "release":
        (desk.folder / "1.duckdb").write_bytes(b"release 2")
    elif damage == "current":
        (desk.folder / "current.json").write_text("{")
    elif damage == "gone":
        shutil.rmtree(desk.folder)
    else:
        (desk.folder / ".7.duckdb.part").write_bytes(b"rele")
    desk.hand_out()
    assert (desk.folder / "1.duckdb").read_bytes() == b"release 1"
    assert desk.current()["sequence"] == 1
    assert desk.files() == ["1.duckdb", "current.json"]


def test_readers_do_not_go_back(desk):
    """Where the folder has a newer release than the workspace, as after an older backup, nothing is replaced."""
    desk.publish(1)
    (desk.folder / "current.json").write_text(json.dumps({**desk.current(), "sequence": 7}))
    with pytest.raises(WorkspaceError, match=r"readers have release 7, the workspace's last is 1"):
        desk.hand_out()
    assert desk.current()["sequence"] == 7


def test_a_folder_of_others_is_refused(desk):
    """A folder that holds other things, or releases of another workspace, is refused and left as it is."""
    desk.folder.mkdir()
    (desk.folder / "1.duckdb").write_bytes(b"mine")
    with pytest.raises(WorkspaceError, match="is not empty and not a folder of publish_to"):
        prepare_folders(desk.project, desk.workspace)
    (desk.folder / ".linkage").write_text("centre 0123456789abcdef\n")
    with pytest.raises(WorkspaceError, match="another audience or workspace"):
        prepare_folders(desk.project, desk.workspace)
    assert desk.files() == ["1.duckdb"]
    assert (desk.folder / "1.duckdb").read_bytes() == b"mine"


def test_a_folder_that_cannot_be_made_is_refused(desk):
    """A folder below a file is refused with its name before a run begins."""
    desk.folder.write_text("a file")
    with pytest.raises(WorkspaceError, match="out: the release cannot be handed out there"):
        prepare_folders(desk.project, desk.workspace)


def test_a_lost_release_is_told(desk):
    """Where the workspace has lost its last release, nothing is handed out and the file is named."""
    desk.publish(1)
    desk.workspace.release("centre", 1).unlink()
    with pytest.raises(WorkspaceError, match=r"1\.duckdb: the last release is gone"):
        desk.hand_out()


def test_before_the_first_release_there_is_nothing(desk):
    """Without a release nothing is handed out and no folder is made."""
    assert desk.hand_out() == []
    assert not desk.folder.exists()


def test_an_unknown_group_is_refused(make_desk):
    """A group that the machine lacks is refused with the key of the project file."""
    desk = make_desk(SECTION + 'group = "no such group"\n')
    with pytest.raises(ConfigError, match=r"audiences\.centre\.publish_to\.group: there is no group 'no such group'"):
        prepare_folders(desk.project, desk.workspace)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to any group")
def test_files_belong_to_the_named_group(make_desk):
    """Folder, release and `current.json` belong to the group of the project file."""
    group = next(entry for entry in grp.getgrall() if entry.gr_gid != os.getegid())
    desk = make_desk(SECTION + f'group = "{group.gr_name}"\n')
    desk.publish(1)
    assert {path.stat().st_gid for path in (desk.folder, *desk.folder.iterdir())} == {group.gr_gid}


def test_the_feed_is_handed_out_too(desk):
    """The folder gets every feed file of its audience, with the same mode, and those that it lacks later."""
    inner = desk.folder / "feed"
    for sequence in (1, 2):
        file = desk.workspace.feed("centre", sequence, "record_move")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"moves %d" % sequence)
        desk.publish(sequence)
        told = {path.name: path.read_bytes() for path in inner.iterdir()}
        assert told == {f"{n}-record_move.parquet": b"moves %d" % n for n in range(1, sequence + 1)}
    assert {oct(path.stat().st_mode)[-3:] for path in inner.iterdir()} == {"640"}
    (inner / "1-record_move.parquet").unlink()
    desk.hand_out()
    assert (inner / "1-record_move.parquet").read_bytes() == b"moves 1"
