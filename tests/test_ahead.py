"""What is done while the first stages of a run wait: it must be what the later ones need, and change nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import nullcontext

import pytest

import linkage
from linkage import ahead, pipeline
from linkage.ahead import Clusterings, clustering, copying
from linkage.store.ledger import Ledger
from tests.conftest import NOW, published

LOADED = """
import gc, sys
import linkage
from linkage import ahead
from numba.core.dispatcher import Dispatcher

def compiled():
    loops = (loop for loop in gc.get_objects() if isinstance(loop, Dispatcher))
    return {(loop.py_func.__module__, loop.py_func.__name__, str(one)) for loop in loops for one in loop.signatures}

ahead.use()
before = compiled()
linkage.open(sys.argv[1]).run()
print(len(before), sorted(compiled() - before))
"""


def test_a_run_compiles_no_loop_that_was_not_loaded_ahead(demo, tmp_path):
    """What is used ahead are all the loops, on arrays of the types, that clustering and surviving call in a run."""
    shutil.copytree(demo.folder, tmp_path / "copy", ignore=shutil.ignore_patterns("work"))
    command = [sys.executable, "-c", LOADED, str(tmp_path / "copy")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    number, _, others = ended.stdout.strip().partition(" ")
    assert int(number) > 5
    assert others == "[]"


def test_releases_are_copied_for_increments_only(demo, tmp_path, start_run):
    """Where a base can be gone on with, every audience's last release is copied whole; a run that makes all anew copies none."""
    shutil.copytree(demo.folder, tmp_path / "copy")
    project = linkage.open(tmp_path / "copy")
    run = start_run(project)
    run.ledger = Ledger(run.workspace.ledger)
    base = run.workspace.base(run.ledger.last_run().base)
    with copying(run, base):
        assert not run.copies
    run.anew = ""
    with copying(run, base):
        for copied in run.copies.values():
            copied.result()
    assert sorted(run.copies) == sorted(project.loaded.settings.audiences)
    for audience in run.copies:
        last = run.workspace.release(audience, run.ledger.last_sequence(audience))
        assert (run.staging / f"{audience}.duckdb").read_bytes() == last.read_bytes()


@pytest.mark.parametrize("work", ["increment", "asked for"])
def test_audiences_clustered_beside_publishing_are_as_one_after_another(demo, tmp_path, monkeypatch, work):
    """Each audience but the first is begun while another is published, in increments and full runs, and every table is as without that."""
    begun, begin = [], Clusterings.begin
    monkeypatch.setattr(Clusterings, "begin", lambda self, audience: begun.append(audience) or begin(self, audience))
    told = []
    for name in ("beside", "after"):
        shutil.copytree(demo.folder, tmp_path / name)
        project = linkage.open(tmp_path / name)
        for file in sorted((tmp_path / name / "data").glob("*.csv")):
            header, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
            file.write_text(header + "".join(rows[:-20]), encoding="utf-8")
        if name == "after":
            monkeypatch.setattr(pipeline, "clustering", lambda _run: nullcontext(None))
        assert project.run(now=NOW, full=work == "asked for")["work"] == work
        audiences = sorted(project.loaded.settings.audiences)
        told.append({audience: published(project, audience) for audience in audiences})
    assert len(audiences) > 1
    assert begun == audiences
    assert told[0] == told[1]


def test_full_runs_cluster_beside_publishing_only_where_memory_allows(demo, tmp_path, monkeypatch, start_run):
    """A full run whose records would take more than half of the memory limit clusters one audience after another."""
    shutil.copytree(demo.folder, tmp_path / "copy")
    run = start_run(linkage.open(tmp_path / "copy"))
    run.engine.run("CREATE SCHEMA canonical")
    for kind in run.types:
        run.engine.run(f"CREATE TABLE canonical.{kind} AS SELECT range FROM range(1000)")
    with clustering(run) as clusterings:
        assert clusterings is not None
    monkeypatch.setattr(ahead, "_BYTES", run.project.settings.engine.memory_bytes / 2 / 1000)
    with clustering(run) as clusterings:
        assert clusterings is None
