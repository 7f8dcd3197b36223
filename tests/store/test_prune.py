"""Pruning: old releases go, the last one never, and what died half-way is finished by the next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkage.errors import RequestError, WorkspaceError
from linkage.store.entries import Release, RunRow
from linkage.store.ledger import Ledger
from linkage.store.prune import prune, to_prune
from linkage.store.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    """A workspace whose centre has four releases and dea two, of seven bytes each."""
    made = Workspace(tmp_path / "work")
    made.prepare()
    with Ledger(made.ledger) as ledger:
        for run in range(1, 5):
            releases = [Release("centre", run)] + ([Release("dea", run - 2)] if run > 2 else [])
            ledger.add_run(RunRow(run, "a", "b", run, tuple(releases), {}))
            for release in releases:
                path = made.release(release.audience, release.sequence)
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(b"release")
    return made


def names(workspace):
    return sorted(
        path.relative_to(workspace.path / "releases").as_posix() for path in workspace.path.glob("releases/*/*")
    )


def test_each_audience_keeps_its_last(workspace):
    """All but the last K of each audience go, and are told with their bytes; again there is nothing to do."""
    gone = [{"audience": "centre", "sequence": 1, "bytes": 7}, {"audience": "centre", "sequence": 2, "bytes": 7}]
    assert prune(workspace, 2, by="ann") == gone
    assert names(workspace) == ["centre/3.duckdb", "centre/4.duckdb", "dea/1.duckdb", "dea/2.duckdb"]
    assert prune(workspace, 2, by="ann") == []
    assert [entry["audience"] for entry in prune(workspace, 1, by="ann")] == ["centre", "dea"]
    assert names(workspace) == ["centre/4.duckdb", "dea/2.duckdb"]


def test_the_last_release_is_never_pruned(workspace):
    """To keep none is refused, and nothing goes."""
    before = names(workspace)
    with pytest.raises(RequestError, match="never pruned"):
        prune(workspace, 0, by="ann")
    assert names(workspace) == before


def test_no_pruning_while_a_run_is_on(workspace):
    """While the workspace is held, pruning is refused and nothing goes."""
    before = names(workspace)
    with workspace.locked(), pytest.raises(WorkspaceError, match="in use by"):
        prune(workspace, 1, by="ann")
    assert names(workspace) == before


def test_what_died_half_way_is_a_leftover(workspace, monkeypatch):
    """Where a file stays after the ledger row, it counts as pruned, and clearing leftovers takes it away."""

    def fail(*_, **__):
        raise PermissionError(1, "not permitted")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", fail)
        with pytest.raises(WorkspaceError, match=r"1\.duckdb: cannot be removed .* next run"):
            prune(workspace, 2, by="ann")
    with Ledger(workspace.ledger) as ledger:
        known = {(release.audience, release.sequence) for release in ledger.kept_releases()}
    assert workspace.clear_orphans(set(), known) == 2
    assert names(workspace) == ["centre/3.duckdb", "centre/4.duckdb", "dea/1.duckdb", "dea/2.duckdb"]


def test_a_workspace_without_runs_has_nothing_to_prune(tmp_path):
    """Where there never was a run, nothing goes and nothing is made."""
    assert prune(Workspace(tmp_path / "none"), 2, by="ann") == []
    assert not (tmp_path / "none").exists()


def test_order_does_not_matter():
    """Which releases go does not hang on the order in which they are listed."""
    releases = [Release("b", 2), Release("a", 10), Release("a", 9), Release("b", 1), Release("a", 2)]
    expected = [Release("a", 2), Release("a", 9), Release("b", 1)]
    assert to_prune(releases, 1) == to_prune(releases[::-1], 1) == expected
