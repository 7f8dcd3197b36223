"""The crash benchmark, with a few points."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "crash.py"


@pytest.mark.slow
def test_killed_runs_recover():
    """Runs that are killed at a few seeded points leave the last release, and the next run gives the undisturbed exports."""
    done = subprocess.run(
        [sys.executable, PATH, "--points", "4", "--records", "1000", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PATH.parents[1],
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["points"], found["recovered"], found["failed"]) == (4, 4, [])
    assert found["tables_compared"] > 20
