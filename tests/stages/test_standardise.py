"""Standardising piece by piece, for datasets that are larger than the memory limit allows to hold."""

from __future__ import annotations

import pytest

from linkage.engine.duckdb import Engine
from linkage.stages import standardise
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.timer import Timer
from tests.conftest import NOW
from tests.properties.test_fusion import World


@pytest.fixture
def canonical():
    """Return what the base of a project holds of its records, with their numbers."""

    def read(project):
        workspace = Workspace(project.loaded.workspace)
        with Ledger(workspace.ledger) as ledger:
            base = workspace.base(ledger.last_run().base)
        with Engine(base, read_only=True) as engine:
            return {
                kind: engine.rows(f"FROM canonical.{kind} ORDER BY record") for kind in project.loaded.entity_types()
            }

    return read


def test_pieces_make_the_records_that_one_statement_makes(make_project, canonical, monkeypatch):
    """However few rows are held at once, records and their numbers are the same, in the order of their names."""
    project = World(make_project, 6).project
    project.run(now=NOW, learn=False)
    whole = canonical(project)
    made, fill = [], standardise._pieces

    def counted(run, rows, parts):
        made.append(fill(run, rows, parts))
        return made[-1]

    shares: list[float] = []
    monkeypatch.setattr(Timer, "within", lambda _timer, share: shares.append(share))
    monkeypatch.setattr(standardise, "_pieces", counted)
    monkeypatch.setattr(standardise, "_LEAST_ROWS", 6)
    monkeypatch.setattr(standardise, "_ROW_BYTES", 1e12)
    project.run(now=NOW, full=True)
    assert min(len(pieces) for pieces in made) > 3
    assert canonical(project) == whole
    # And the run is told, piece by piece, how much is done.
    assert len(shares) == sum(len(pieces) for pieces in made)
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] <= 1
    for kind, records in whole.items():
        assert [row[0] for row in records] == list(range(len(records)))
        assert [row[1:4] for row in records] == sorted(row[1:4] for row in records), kind
