"""The ledger: rows are added whole or not at all."""

from __future__ import annotations

import pytest

from linkage.errors import WorkspaceError
from linkage.store.entries import Look, Pruned, Release, RunRow
from linkage.store.ledger import Ledger


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


def test_looks_are_kept_with_their_purpose(tmp_path):
    """Every look is kept in order with who, why and at what."""
    look = Look("t", "ann", "centre", "case 7", "show", ("a/1", "P-1"))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.look(look)
        assert ledger.looks() == [look]


def test_pruned_releases_are_kept_in_mind(tmp_path):
    """A pruned release is no longer among those on disk, and when, by whom and how large it was is known."""
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.add_run(RunRow(1, "a", "b", 1, (Release("centre", 1), Release("dea", 1)), {}))
        gone = Pruned(Release("centre", 1), "t", "ann", 7)
        ledger.prune([gone])
        assert ledger.pruned() == {Release("centre", 1): gone}
        assert ledger.kept_releases() == [Release("dea", 1)]
