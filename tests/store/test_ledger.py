"""The ledger: rows are added whole or not at all, and damage is one clear error."""

from __future__ import annotations

import sqlite3

import pytest

from linkage.errors import WorkspaceError
from linkage.store.ledger import Judgement, Ledger, Look, Release, RunRow


def test_a_run_row_makes_releases_current(tmp_path):
    """A run is visible with its releases as soon as its row is there, and survives closing the file."""
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.last_run() is None
        ledger.add_run(RunRow(1, "a", "b", 1, (Release("centre", 1), Release("dea", 1)), {"x": 1}))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        last = ledger.last_run()
    assert last is not None
    assert last.releases == (Release("centre", 1), Release("dea", 1))
    assert last.report == {"x": 1}


def test_a_run_cannot_be_recorded_twice(tmp_path):
    """A second row for the same run is refused and leaves the first as it was."""
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.add_run(RunRow(1, "a", "b", 1, (), {}))
        with pytest.raises(WorkspaceError, match="cannot be written"):
            ledger.add_run(RunRow(1, "c", "d", 2, (), {}))
        assert [run.started_at for run in ledger.runs()] == ["a"]


def test_the_last_approval_counts(tmp_path):
    """The approved model of a type is the one approved last."""
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.approved_model("person") is None
        ledger.approve("person", "aa", "t1", "x", "first")
        ledger.approve("person", "bb", "t2", "x", "better")
        ledger.approve("account", "cc", "t3", "x", "first")
        assert ledger.approved_model("person") == "bb"


def test_judgements_of_other_views_stay_there(tmp_path):
    """An audience is given judgements made in its own view only; the centre is given all."""
    a, b = ("d", "1", "r"), ("d", "2", "r")
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.judge(Judgement("person", b, a, "match", "x", "why", sight="centre"), "t")
        ledger.judge(Judgement("person", a, b, "non-match", "x", "why", sight="dea"), "t")
        ledger.judge(Judgement("person", a, b, "unsure", "x", "why", sight="dea"), "t")
        assert [row[-1] for row in ledger.open_judgements("person", None)] == ["match", "non-match"]
        assert [row[-1] for row in ledger.open_judgements("person", ["dea"])] == ["non-match"]
        assert ledger.open_judgements("person", None)[0][1:7] == (*a, *b)


def test_looks_are_kept_with_their_purpose(tmp_path):
    """Every look is kept in order with who, why and at what."""
    look = Look("t", "ann", "centre", "case 7", "show", ("a/1", "P-1"))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.look(look)
        assert ledger.looks() == [look]


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
