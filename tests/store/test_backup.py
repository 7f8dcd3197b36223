"""Backup and restore: what comes back is what was saved, and an archive that is not ours makes nothing."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from linkage.engine.duckdb import Engine
from linkage.errors import RequestError, WorkspaceError
from linkage.store.backup import backup, restore
from linkage.store.entries import Release, RunRow
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

FILES = ("base/2.duckdb", "releases/centre/1.duckdb", "releases/centre/2.duckdb", "releases/dea/2.duckdb")
OTHERS = (
    "models/person/ab12/model.json",
    "models/person/ab12/frequencies.parquet",
    "feed/centre/1.parquet",
    "proposed/person.json",
)


@pytest.fixture
def workspace(tmp_path):
    """A workspace with two runs, a model, a feed, and leftovers that no backup needs."""
    made = Workspace(tmp_path / "work")
    made.prepare()
    with Ledger(made.ledger) as ledger:
        ledger.add_run(RunRow(1, "a", "b", 1, (Release("centre", 1),), {"told": 1}))
        ledger.add_run(RunRow(2, "a", "b", 2, (Release("centre", 2), Release("dea", 2)), {}))
    for number, name in enumerate(FILES):
        (made.path / name).parent.mkdir(parents=True, exist_ok=True)
        with Engine(made.path / name) as engine:
            engine.run(f"CREATE TABLE t AS SELECT i + {number} AS i FROM range(20000) AS r(i)")
    for name in OTHERS:
        (made.path / name).parent.mkdir(parents=True, exist_ok=True)
        (made.path / name).write_text(name, encoding="utf-8")
    (made.models / "person" / ".cd.draft").mkdir()
    (made.models / "person" / ".cd.draft" / "model.json").touch()
    (made.path / "proposed" / ".person.json.draft").touch()
    (made.staging / "run-3").mkdir()
    return made


@pytest.fixture
def archive(workspace, tmp_path):
    """An archive of that workspace."""
    path = tmp_path / "saved.tar"
    backup(workspace, path, program="0")
    return path


def rewritten(archive, change):
    """Write the archive again with other members: `change` maps the list of (header, bytes) to another."""
    with tarfile.open(archive) as old:
        members = [(member, old.extractfile(member).read()) for member in old]
    with tarfile.open(archive, "w") as new:
        for member, content in change(members):
            member.size = len(content) if member.isreg() else 0
            new.addfile(member, io.BytesIO(content))


def with_manifest(**changes):
    def change(members):
        *files, (info, text) = members
        return [*files, (info, json.dumps({**json.loads(text), **changes}).encode())]

    return change


def with_more(name, kind=tarfile.REGTYPE, linkname=""):
    def change(members):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, linkname
        return [(info, b"x" if kind == tarfile.REGTYPE else b""), *members]

    return change


def test_what_comes_back_is_what_was_saved(workspace, archive, tmp_path):
    """Every file that a run, a steward or a reader needs comes back with the same bytes, private, and so do the runs' reports; drafts and staging do not."""
    assert archive.stat().st_mode & 0o777 == 0o600
    target = tmp_path / "other" / "work"
    told = restore(archive, target)
    assert sorted(entry["name"] for entry in told["files"]) == sorted((*FILES, *OTHERS, "ledger.sqlite", "secret.key"))
    for name in (*FILES, *OTHERS, "secret.key"):
        assert (target / name).read_bytes() == (workspace.path / name).read_bytes()
    with Ledger(target / "ledger.sqlite") as ledger:
        assert [(run.run, run.report) for run in ledger.runs()] == [(1, {"told": 1}), (2, {})]
    modes = {path.stat().st_mode & 0o777 for path in target.rglob("*") if path.is_file() and path.name != "lock"}
    assert modes == {0o600}
    folders = {path.stat().st_mode & 0o777 for path in (target, *target.rglob("*")) if path.is_dir()}
    assert folders == {0o700}
    assert not any((target / "staging").iterdir())
    assert sorted(path.name for path in target.parent.iterdir()) == ["work"]


def test_an_empty_folder_is_taken(archive, tmp_path):
    """A folder that is there but empty becomes the workspace."""
    (tmp_path / "empty").mkdir()
    restore(archive, tmp_path / "empty")
    assert (tmp_path / "empty" / "base" / "2.duckdb").is_file()


def test_a_workspace_in_use_is_not_overwritten(workspace, archive):
    """A folder that holds anything is refused and left as it is."""
    before = sorted(workspace.path.rglob("*"))
    with pytest.raises(RequestError, match="is not empty"):
        restore(archive, workspace.path)
    assert sorted(workspace.path.rglob("*")) == before


def test_no_backup_while_a_run_is_on(workspace, tmp_path):
    """While the workspace is held a backup is refused, and no file is left."""
    with workspace.locked(), pytest.raises(WorkspaceError, match="in use by process"):
        backup(workspace, tmp_path / "saved.tar", program="0")
    assert not list(tmp_path.glob("*saved*"))


@pytest.mark.parametrize(
    ("name", "why"),
    [("work/saved.tar", "lies in the workspace"), ("there.tar", "exists already"), ("no/saved.tar", "no folder")],
)
def test_the_archive_has_a_place_of_its_own(workspace, tmp_path, name, why):
    """An archive inside the workspace, over another file or in no folder is refused."""
    (tmp_path / "there.tar").touch()
    with pytest.raises(RequestError, match=why):
        backup(workspace, tmp_path / name, program="0")


def test_nothing_to_save_is_told(tmp_path):
    """A workspace that was never run is refused and not made."""
    with pytest.raises(WorkspaceError, match="nothing to back up"):
        backup(Workspace(tmp_path / "none"), tmp_path / "saved.tar", program="0")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["gone", "no database"])
def test_damage_is_not_saved(workspace, tmp_path, name, damage):
    """A base or release that is gone or cannot be opened stops the backup, named; no archive is left."""
    path = workspace.path / name
    path.unlink()
    if damage != "gone":
        path.write_bytes(b"\0" * 20000)
    with pytest.raises(WorkspaceError, match=name):
        backup(workspace, tmp_path / "saved.tar", program="0")
    assert not list(tmp_path.glob("*saved*"))


def test_a_cut_archive_is_refused(archive, tmp_path):
    """An archive cut anywhere is refused, and nothing is left where the workspace would be."""
    content = archive.read_bytes()
    for part in (0, 1, 511, 512, 1000, len(content) // 3, len(content) // 2, len(content) - 11000):
        archive.write_bytes(content[:part])
        with pytest.raises(WorkspaceError, match=r"saved\.tar"):
            restore(archive, tmp_path / "new")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["saved.tar", "work"]


@pytest.mark.parametrize("name", [*FILES, *OTHERS, "ledger.sqlite", "secret.key"])
def test_a_flipped_byte_is_named(archive, tmp_path, name):
    """One other byte in any file of the archive is found, with the name of the file, before anything is there."""
    with tarfile.open(archive) as opened:
        place = opened.getmember(name).offset_data + opened.getmember(name).size // 2
    content = bytearray(archive.read_bytes())
    content[place] ^= 1
    archive.write_bytes(content)
    with pytest.raises(WorkspaceError, match=f"is damaged: {name} has other bytes"):
        restore(archive, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("changes", [{"format": 2}, {"ledger_version": 99}])
def test_a_newer_archive_is_refused(archive, tmp_path, changes):
    """An archive of a newer format or ledger is refused with the version that wrote it."""
    rewritten(archive, with_manifest(**changes, program="9.1"))
    with pytest.raises(WorkspaceError, match=r"written by linkage 9\.1, .* install that version"):
        restore(archive, tmp_path / "new")


@pytest.mark.parametrize(
    "change",
    [
        with_more("../outside"),
        with_more("base/../../outside"),
        with_more("{}/outside"),
        with_more("models/../outside"),
        with_more("models/.hidden"),
        with_more("proposed/deep/account.json"),
        with_more("base/3.sh"),
        with_more("feed/link", tarfile.SYMTYPE, "/"),
        with_more("base/3.duckdb", tarfile.SYMTYPE, "../secret.key"),
        with_more("base/3.duckdb", tarfile.LNKTYPE, "secret.key"),
        with_more("base/3.duckdb", tarfile.CHRTYPE),
        with_more("base/3.duckdb", tarfile.FIFOTYPE),
        with_more("base/3.duckdb", tarfile.DIRTYPE),
        with_more("secret.key"),
        with_more("feed/unlisted"),
        lambda members: members[1:],
        lambda members: [entry for entry in members if entry[0].name != "secret.key"],
        with_manifest(files=[]),
        with_manifest(files=[{"name": "../outside", "bytes": 1, "sha256": ""}]),
        with_manifest(files=7),
        with_manifest(format="x"),
        lambda members: [*members[:-1], (members[-1][0], b"[")],
    ],
)
def test_a_foreign_archive_is_refused(archive, tmp_path, change):
    """Paths that lead outside, links, devices, doubled, missing or unlisted files, and no manifest: refused, nothing written."""

    def placed(members):
        found = change(members)
        for info, _ in found:
            info.name = info.name.replace("{}", str(tmp_path))
        return found

    rewritten(archive, placed)
    with pytest.raises(WorkspaceError, match=r"saved\.tar"):
        restore(archive, tmp_path / "new" / "work")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "saved.tar", "work"]
    assert not any((tmp_path / "new").iterdir())


def test_what_is_no_archive_is_refused(tmp_path):
    """A file that is no archive, and one that is not there, are refused by name."""
    (tmp_path / "text").write_text("no archive " * 100)
    with pytest.raises(WorkspaceError, match="no archive of linkage backup"):
        restore(tmp_path / "text", tmp_path / "new")
    with pytest.raises(RequestError, match="there is no such file"):
        restore(tmp_path / "none", tmp_path / "new")
