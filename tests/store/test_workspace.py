"""The workspace: private, locked while it is used, and cleaned of what unfinished runs leave."""

from __future__ import annotations

import errno
import multiprocessing
import os
from contextlib import nullcontext

import pytest

from linkage.engine.duckdb import Engine
from linkage.errors import WorkspaceError
from linkage.store.workspace import Workspace, bring_up, copy_file, move_into_place


def test_the_workspace_and_its_secret_are_private(tmp_path):
    """Folder and secret can be read by their owner alone, and the secret stays the same."""
    workspace = Workspace(tmp_path / "work")
    workspace.prepare()
    secret = workspace.secret_file.read_text()
    workspace.prepare()
    assert workspace.secret_file.read_text() == secret
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700
    assert workspace.secret_file.stat().st_mode & 0o777 == 0o600


def test_audiences_have_keys_of_their_own(tmp_path):
    """Two audiences have different keys, the same audience always the same."""
    workspace = Workspace(tmp_path)
    workspace.prepare()
    assert workspace.audience_key("centre") != workspace.audience_key("dea")
    assert workspace.audience_key("dea") == workspace.audience_key("dea")


def test_a_lost_secret_is_refused(tmp_path):
    """A workspace with a ledger but no secret is refused: new ids would not continue the old ones."""
    workspace = Workspace(tmp_path)
    workspace.ledger.touch()
    with pytest.raises(WorkspaceError, match="secret is gone"):
        workspace.prepare()


def _hold(path, ready, done):
    workspace = Workspace(path)
    with workspace.locked():
        ready.set()
        done.wait(20)


def test_a_second_user_is_refused_and_told_who(tmp_path):
    """While one process holds the workspace another is refused and told which process it is."""
    Workspace(tmp_path).prepare()
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path, ready, done))
    process.start()
    try:
        assert ready.wait(20)
        with (
            pytest.raises(WorkspaceError, match=rf"in use by process {process.pid} on \S+ since \d{{4}}-"),
            Workspace(tmp_path).locked(),
        ):
            pass
    finally:
        done.set()
        process.join(20)
    with Workspace(tmp_path).locked():
        assert f"process {os.getpid()}" in (tmp_path / "lock").read_text()


def test_orphans_are_removed_and_releases_kept(tmp_path):
    """Files that no ledger row names go; those that one names stay."""
    workspace = Workspace(tmp_path)
    workspace.prepare()
    kept = [workspace.base(2), workspace.release("centre", 1)]
    gone = [
        workspace.base(3),
        workspace.release("centre", 2),
        workspace.release("dea", 1),
        tmp_path / "base" / "2.duckdb.wal",
    ]
    for path in (*kept, *gone):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (workspace.staging / "run-3").mkdir()
    assert workspace.clear_staging() == 1
    assert workspace.clear_orphans({2}, {("centre", 1)}) == len(gone)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)


def test_moving_into_place_replaces_whole(tmp_path):
    """A finished file takes its place under its name, making the folder where needed."""
    source = tmp_path / "draft"
    source.write_text("new")
    move_into_place(source, tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").read_text() == "new"
    assert not source.exists()


@pytest.mark.parametrize("answer", [None, 0, errno.EXDEV])
def test_a_copy_is_whole_wherever_the_kernel_stops(tmp_path, monkeypatch, answer):
    """Copying a file gives its bytes, whether the kernel copies all of it, a part, or refuses."""
    content = bytes(range(256)) * 5000
    (tmp_path / "one").write_bytes(content)
    kernel, calls = os.copy_file_range, []

    def copy(source, target, size, *places):
        calls.append(size)
        if len(calls) == 1:
            return kernel(source, target, min(size, 70_001), *places)
        if answer is None:
            return kernel(source, target, size, *places)
        if answer == 0:
            return 0
        raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(os, "copy_file_range", copy)
    copy_file(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == content
    assert len(calls) > 1


@pytest.mark.parametrize("kernel", [True, False])
def test_an_older_copy_is_brought_up_to_date(tmp_path, monkeypatch, kernel):
    """A copy of a database takes over the blocks that have changed since and is then the same file; so is one made anew, or of a file that is none."""
    one, two, three = (tmp_path / f"{name}.duckdb" for name in ("one", "two", "three"))
    if not kernel:
        monkeypatch.delattr(os, "copy_file_range")
    with Engine(one) as engine:
        engine.run("CREATE TABLE held AS SELECT range AS n, hash(range) AS told FROM range(1_000_000)")
    assert bring_up(one, two) == one.stat().st_size
    with Engine(one) as engine:
        engine.run("DELETE FROM held WHERE n % 300_000 = 7")
        engine.run("CREATE TABLE other AS SELECT range AS n FROM range(1_000_000)")
    assert 12_288 < bring_up(one, two) < one.stat().st_size / 2
    assert two.read_bytes() == one.read_bytes()
    three.write_bytes(b"no database")
    bring_up(one, three)
    assert three.read_bytes() == one.read_bytes()


def test_a_spare_that_is_read_is_left_to_its_readers(tmp_path):
    """The spare moves to where it is wanted; one that somebody still reads does not, and is gone for the next."""
    workspace, wanted = Workspace(tmp_path / "work"), tmp_path / "wanted.duckdb"
    workspace.prepare()
    workspace.take_spare(wanted)
    assert not wanted.exists()
    for read in (True, False):
        with Engine(workspace.spare) as engine:
            engine.run("CREATE TABLE held AS SELECT 7 AS n")
        with Engine() as engine, engine.attached(workspace.spare, "held") if read else nullcontext():
            workspace.take_spare(wanted)
            assert read is False or engine.value("SELECT n FROM held.held") == 7
        assert wanted.exists() is not read
        assert not workspace.spare.exists()


def test_a_link_in_staging_goes_alone(tmp_path):
    """What a link in staging leads to stays; the link goes."""
    workspace = Workspace(tmp_path / "work")
    workspace.prepare()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    (workspace.staging / "link").symlink_to(tmp_path / "other")
    (workspace.staging / "left").touch()
    assert workspace.clear_staging() == 2
    assert (tmp_path / "other" / "file").exists()


@pytest.mark.parametrize("content", ["", "abcd", "no secret at all", "ab" * 31, "ab" * 33])
def test_a_damaged_secret_is_refused(tmp_path, content):
    """A secret that is cut, too long or no secret is refused before any work: ids would be made with another key."""
    workspace = Workspace(tmp_path)
    workspace.prepare()
    workspace.secret_file.write_text(content)
    with pytest.raises(WorkspaceError, match=r"secret\.key: the secret cannot be read .* restore the file"):
        workspace.prepare()


def test_a_lost_ledger_beside_a_base_is_refused(tmp_path):
    """A workspace with a base but no ledger is refused, and nothing in it is touched."""
    workspace = Workspace(tmp_path)
    workspace.prepare()
    workspace.base(3).touch()
    with pytest.raises(WorkspaceError, match="ledger is gone"):
        workspace.prepare()
    assert workspace.base(3).exists()
