"""Faults of disk, rights and files: one clear error each, and the last release stands and is readable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import linkage
from linkage import queries
from linkage.engine.duckdb import Engine
from linkage.errors import ModelError, WorkspaceError
from linkage.store.prune import prune
from linkage.store.workspace import Workspace

NOW = datetime(2026, 1, 31, 6, tzinfo=UTC)
BASE, RELEASE, LEDGER = "base/1.duckdb", "releases/centre/1.duckdb", "ledger.sqlite"
NOBODY = 65534
DRIVER = '''
"""Run the command line under limits: [largest file in bytes or null, whether ("late": after a whole run) to give up root, arguments]."""
import codecs, glob, json, os, resource, shutil, sys, tempfile
from linkage.cli.main import main
import linkage, linkage.pipeline, linkage.queries, linkage.evaluation.release, pandas, rich.progress

largest, drop, *arguments = json.loads(sys.argv[1])
if largest is not None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
codecs.lookup("ascii")
if drop == "late" and os.geteuid() == 0:
    # Libraries that are loaded at their first use may not be readable afterwards.
    with tempfile.TemporaryDirectory() as place:
        copy = os.path.join(place, "copy")
        shutil.copytree(arguments[1], copy)
        for room in glob.glob(os.path.join(copy, "work", "**", ""), recursive=True):
            os.chmod(room, 0o700)
        linkage.open(copy).run()
if drop and os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
sys.argv = ["linkage", *arguments]
main()
'''


@pytest.fixture(scope="module")
def first(tmp_path_factory, accounts):
    """A project with a hundred accounts after its first run; for reading only."""
    folder = tmp_path_factory.mktemp("faults") / "first"
    (folder / "work").mkdir(parents=True)
    text = 'version = 1\nname = "faults"\nworkspace = "work"\ndefault_purpose = "test"\n'
    (folder / "project.toml").write_text(text + accounts.source("bank"), encoding="utf-8")
    (folder / "bank.csv").write_text(accounts.csv(one="abcd", two="e") + rows("k", 100), encoding="utf-8")
    linkage.open(folder).run(now=NOW)
    return folder


@pytest.fixture
def folder(first, tmp_path):
    """A copy of that project with a new delivery."""
    target = tmp_path / "copy"
    shutil.copytree(first, target)
    with (target / "bank.csv").open("a", encoding="utf-8") as file:
        file.write(rows("m", 50))
    return target


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """Run the command line in a process under limits: (exit code, what it told)."""
    driver = tmp_path_factory.mktemp("driver") / "driver.py"
    driver.write_text(DRIVER, encoding="utf-8")

    def run(*arguments, largest=None, drop=False):
        wanted = json.dumps([largest, drop, *map(str, arguments)])
        command = [sys.executable, "-", wanted]
        with driver.open(encoding="utf-8") as script:
            done = subprocess.run(command, stdin=script, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    return run


def rows(letter, number):
    """Lines of accounts that are all different."""
    return "".join(
        f"{letter}{i},{(i * 2654435761 + ord(letter)) % 10**10},021000021,Holder {i}\n" for i in range(number)
    )


def refused(folder, kind=WorkspaceError):
    """Run, which must be refused; returns the message. Nothing is left in staging, and no release is new."""
    work = folder / "work"
    with pytest.raises(kind) as found:
        linkage.open(folder).run(now=NOW)
    assert sorted(path.name for path in (work / "releases" / "centre").iterdir()) == ["1.duckdb"]
    assert "\n" not in str(found.value)
    return str(found.value)


def records(folder):
    """How many records the last release has."""
    with linkage.open(folder).release() as release:
        return release.value("SELECT count(*) FROM published.identity_record")


def cut(path, part):
    """Keep only the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])


def flip(path, *places):
    """Change bytes of a file."""
    content = bytearray(path.read_bytes())
    for place in places:
        content[place] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("part", [0, 0.001, 0.4, 0.7])
def test_a_cut_base(folder, part):
    """A base that was cut is refused by name, with the mend; the last release stays readable."""
    cut(folder / "work" / BASE, part)
    message = refused(folder)
    assert "restore the workspace" in message
    assert "base" in message
    assert records(folder) == 105


@pytest.mark.parametrize("places", [(9,), (4096 + 20, 8192 + 20)])
def test_a_base_with_a_damaged_header(folder, places):
    """A base whose header was altered is refused by name, with the mend; the last release stays readable."""
    flip(folder / "work" / BASE, *places)
    message = refused(folder)
    assert message.startswith(f"{folder / 'work' / BASE}: cannot be opened as a database")
    assert "linkage restore" in message
    assert records(folder) == 105


@pytest.mark.parametrize("part", [0, 0.001, 0.15])
def test_a_cut_release(folder, part):
    """A release that was cut is refused by name when it is read, exported or followed by the next."""
    path = folder / "work" / RELEASE
    cut(path, part)
    assert str(path) in refused(folder)
    opened = linkage.open(folder)
    for ask in (
        lambda: queries.show(opened, "bank/a"),
        lambda: queries.export(opened, "identity_record", folder / "out.csv"),
        lambda: opened.identities("account"),
    ):
        with pytest.raises(WorkspaceError, match="restore the workspace from a backup") as found:
            ask()
        assert str(found.value).startswith(f"{path}: ")
    assert not list(folder.glob("*out*"))


def test_a_release_with_damaged_blocks(folder):
    """Damage anywhere in a release is never an answer: each read gives the rows as they were or the one clear error."""
    path = folder / "work" / RELEASE
    content = path.read_bytes()
    before = linkage.open(folder).table("identity_record").to_csv()
    seen = 0
    for place in range(12288 + 4000, len(content), 1 << 17):
        path.write_bytes(content)
        flip(path, place)
        try:
            assert linkage.open(folder).table("identity_record").to_csv() == before
        except WorkspaceError as error:
            seen += 1
            assert str(error).startswith(f"{path}: ")  # noqa: PT017  # either outcome is right
    assert seen


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "gone"])
def test_a_damaged_ledger(folder, damage):
    """A ledger that is empty, cut, gone or no database is refused by name, and no release or base is removed."""
    path = folder / "work" / LEDGER
    for beside in folder.glob("work/ledger.sqlite-*"):
        beside.unlink()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        cut(path, 0.5)
    else:
        path.write_text("" if damage == "empty" else "no database " * 1000)
    message = refused(folder)
    assert message.startswith(f"{path}: the ledger ")
    assert "linkage restore" in message
    assert (folder / "work" / BASE).is_file()
    with Engine(folder / "work" / RELEASE, read_only=True) as engine:
        assert engine.value("SELECT count(*) FROM published.identity_record") == 105


def test_an_unreadable_secret(folder):
    """A secret that cannot be read is refused by name before any work, whoever runs; the last release stays readable."""
    path = folder / "work" / "secret.key"
    path.unlink()
    path.mkdir()
    assert refused(folder).startswith(f"{path}: the secret cannot be read (Is a directory)")
    assert records(folder) == 105


def test_an_altered_model(folder):
    """A model that was edited no longer has its hash: runs and explanations refuse it, the last release stays readable."""
    path = next((folder / "work" / "models" / "account").glob("*/model.json"))
    content = json.loads(path.read_text())
    content["match_rate"] *= 2
    path.write_text(json.dumps(content))
    message = refused(folder, ModelError)
    assert message.startswith(f"{path.parent}: the approved account model was altered after approval; restore it")
    assert records(folder) == 105


def test_leftovers_in_staging(folder):
    """Whatever lies in staging is cleared by the next run: files, folders, links, a half-written base."""
    staging = folder / "work" / "staging"
    (staging / "run-2" / "deep").mkdir(parents=True)
    (staging / "run-2" / "base.duckdb").write_bytes(b"half a base")
    (staging / "run-2" / "base.duckdb.wal").write_bytes(b"\0" * 100)
    (staging / "spill").write_text("no folder")
    (staging / "link").symlink_to(folder / "bank.csv")
    (staging / "nowhere").symlink_to(folder / "nothing")
    assert linkage.open(folder).run(now=NOW)["run"] == 2
    assert list(staging.iterdir()) == []
    assert (folder / "bank.csv").is_file()
    assert records(folder) == 155


def test_a_second_run_at_once(folder, limited):
    """While a run is on, a second one is refused with exit code 1, who holds the workspace, and since when."""
    with Workspace(folder / "work").locked():
        code, err = limited("run", folder)
    assert (code, err.count("\n")) == (1, 1)
    assert f"in use by process {os.getpid()} on " in err
    assert f" since {datetime.now(UTC):%Y-}" in err
    assert records(folder) == 105


def test_a_reader_is_not_disturbed(folder):
    """A reader that keeps a release open reads it to the end, though the next is published and its own is pruned."""
    opened = linkage.open(folder)
    with opened.release() as reader:
        assert opened.run(now=NOW)["releases"]["centre"]["sequence"] == 2
        assert [row["sequence"] for row in prune(Workspace(folder / "work"), 1, by="test")] == [1]
        assert reader.value("SELECT count(*) FROM published.identity_record") == 105
        assert reader.value("SELECT count(DISTINCT identity_id) FROM published.identity_value") > 0
        assert records(folder) == 155


@pytest.mark.parametrize("more", [-1, 0, 200_000])
def test_a_full_disk(folder, limited, more):
    """Where files cannot grow, as on a full disk, the run ends with one error, and goes on when there is room again."""
    with (folder / "bank.csv").open("a", encoding="utf-8") as file:
        file.write(rows("n", 3000))
    largest = (folder / "work" / BASE).stat().st_size + more
    code, told = limited("run", folder, largest=largest)
    assert code == 1
    assert told.count("\n") == 1
    assert "File too large" in told
    assert "the last release stands: check the disk, then run again" in told
    assert list((folder / "work" / "staging").iterdir()) == []
    assert records(folder) == 105


def test_a_full_disk_for_a_backup(folder, limited):
    """A backup that finds no room is one error and leaves no file."""
    code, told = limited("backup", folder, folder / "out.tar", largest=500_000)
    assert (code, told.count("\n")) == (1, 1)
    assert "out.tar: the backup cannot be written (File too large)" in told
    assert not list(folder.glob("*out*"))


@pytest.fixture(scope="module")
def wide(first, tmp_path_factory):
    """That project with so many accounts that every table is larger than the ledger; for reading only."""
    target = tmp_path_factory.mktemp("wide") / "copy"
    shutil.copytree(first, target)
    with (target / "bank.csv").open("a", encoding="utf-8") as file:
        file.write(rows("w", 12_000))
    linkage.open(target).run(now=NOW, accept={"growth": "made wide"})
    return target


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl"])
def test_a_full_disk_for_an_export(wide, limited, name):
    """An export that finds no room is one error that names the file; nothing half-written is left, and a file of before stays."""
    target = wide / name
    target.write_text("before", encoding="utf-8")
    more = ["identity", target, "--format", "ftm"] if name == "out.jsonl" else ["identity_record", target]
    largest = (wide / "work" / LEDGER).stat().st_size + 50_000
    code, told = limited("export", wide, *more, largest=largest)
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith(f"linkage: {target}: cannot be written (")
    assert "check the disk or name another file" in told
    assert target.read_text(encoding="utf-8") == "before"
    assert [path.name for path in wide.iterdir() if "part" in path.name] == []


def test_a_full_disk_for_the_look_of_an_export(folder, limited):
    """Where not even the look can be written, the export is one error that names the ledger, and no file is made."""
    code, told = limited("export", folder, "identity_record", folder / "out.csv", largest=1000)
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith(f"linkage: {folder / 'work' / LEDGER}: the ledger cannot be ")
    assert not list(folder.glob("*out*"))


@pytest.fixture
def lent(folder):
    """The project where a user without root's rights can reach it, and owns it."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    target = place / "copy"
    shutil.copytree(folder, target)
    if os.geteuid() == 0:
        for path in (target, *target.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    yield target
    for path in target.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(place)


@pytest.mark.parametrize(("room", "drop"), [("staging", True), ("base", "late")])
def test_a_read_only_room(lent, limited, room, drop):
    """A room of the workspace that cannot be written is one error; the last release stands and is readable."""
    (lent / "work" / room).chmod(0o500)
    code, told = limited("run", lent, drop=drop)
    assert (code, told.count("\n")) == (1, 1)
    assert "Permission denied" in told
    assert "the last release stands" in told
    (lent / "work" / room).chmod(0o700)
    assert records(lent) == 105
    assert sorted(path.name for path in (lent / "work").glob("*/*.duckdb")) == ["1.duckdb"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a workspace that belongs to another user")
@pytest.mark.parametrize("command", ["run", "backup", "prune", "show"])
def test_a_workspace_of_another_user(lent, limited, command):
    """A workspace that belongs to somebody else and cannot be written is one error for every command that writes."""
    for path in (lent / "work", *(lent / "work").rglob("*")):
        os.chown(path, 0, 0)
        path.chmod(0o755 if path.is_dir() else 0o644)
    more = {"backup": [lent / "out.tar"], "show": ["bank/a"]}.get(command, [])
    code, told = limited(command, lent, *more, drop=True)
    assert (code, told.count("\n")) == (1, 1)
    assert str(lent / "work") in told
    assert not list(lent.glob("*out*"))
    assert records(lent) == 105
