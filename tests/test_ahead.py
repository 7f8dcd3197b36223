"""What is done while the first stages of a run wait: it must be what the later ones need, and change nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys

import linkage
from linkage.ahead import copying
from linkage.store.ledger import Ledger

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
    with copying(run, run.staging / "base.duckdb"):
        assert not run.copies
    run.anew = ""
    with copying(run, run.staging / "base.duckdb"):
        for copied in run.copies.values():
            copied.result()
    assert sorted(run.copies) == sorted(project.loaded.settings.audiences)
    for audience in run.copies:
        last = run.workspace.release(audience, run.ledger.last_sequence(audience))
        assert (run.staging / f"{audience}.duckdb").read_bytes() == last.read_bytes()
