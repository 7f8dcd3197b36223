"""The file of the ledger: of this version or brought to it whole; damage and loss are one clear error."""

from __future__ import annotations

import sqlite3

import pytest

from linkage.errors import WorkspaceError
from linkage.store import file as files
from linkage.store.entries import Release, RunRow
from linkage.store.ledger import Ledger
from linkage.store.migrations import MIGRATIONS, VERSION


def test_a_damaged_ledger_is_one_error(tmp_path):
    """A file that is no ledger is refused with its name and the mend."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(WorkspaceError, match=r"ledger\.sqlite: the ledger cannot be used .* restore it"):
        Ledger(path)


def test_a_ledger_of_another_version_is_refused(tmp_path):
    """A ledger written by another version is refused, not altered."""
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(WorkspaceError, match="version 99"):
        Ledger(path)


def first_version(path):
    """Write a ledger as the first version did, with one run in it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(f"BEGIN; {MIGRATIONS[0]} PRAGMA user_version = 1; COMMIT;")
    connection.execute("INSERT INTO run VALUES (1, 'a', 'b', 1, '[{\"audience\": \"centre\", \"sequence\": 1}]', '{}')")
    connection.close()


def version(path):
    connection = sqlite3.connect(path)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return found


def test_an_older_ledger_is_migrated_and_kept(tmp_path):
    """A ledger of the first version is brought to this one with all its rows; what it was stays beside it, private."""
    path = tmp_path / "ledger.sqlite"
    first_version(path)
    with Ledger(path) as ledger:
        assert [run.run for run in ledger.runs()] == [1]
        assert ledger.kept_releases() == [Release("centre", 1)]
    old = tmp_path / "ledger.sqlite.version-1"
    assert (version(path), version(old)) == (VERSION, 1)
    assert old.stat().st_mode & 0o777 == 0o600
    old.unlink()
    Ledger(path).close()
    assert not old.exists()


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    """Where a later step of a migration fails, the steps before it are undone and the old program can still go on."""
    path = tmp_path / "ledger.sqlite"
    first_version(path)
    monkeypatch.setattr(files, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE more (a TEXT); CREATE TABLE more (a TEXT)"))
    monkeypatch.setattr(files, "VERSION", len(MIGRATIONS) + 1)
    with pytest.raises(WorkspaceError, match="cannot be used"):
        Ledger(path)
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    connection.close()
    assert version(path) == 1
    assert not {"pruned", "more"} & set(tables)


@pytest.mark.parametrize("content", [None, b""])
def test_a_lost_ledger_is_not_begun_anew(tmp_path, content):
    """Where releases are there but the ledger is gone or empty, it is refused: a new one would have them removed."""
    path = tmp_path / "ledger.sqlite"
    release = tmp_path / "releases" / "centre" / "1.duckdb"
    release.parent.mkdir(parents=True)
    release.touch()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WorkspaceError, match=r"gone or empty .* restore"):
        Ledger(path)


def test_a_truncated_ledger_is_one_error(tmp_path):
    """A ledger cut in the middle is refused when it is opened, read or copied, with its name and the mend."""
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        for number in range(1, 200):
            ledger.add_run(RunRow(number, "a", "b", number, (), {"filler": "x" * 500}))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(WorkspaceError, match=r"ledger\.sqlite: the ledger .* restore it"), Ledger(path) as ledger:
        ledger.runs()
    with pytest.raises(WorkspaceError, match=r"ledger\.sqlite: the ledger .* restore it"), Ledger(path) as ledger:
        ledger.copy_to(tmp_path / "copy")
    assert sorted(file.name for file in tmp_path.iterdir() if "copy" in file.name) == []
