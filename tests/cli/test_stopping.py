"""Ctrl-C: one line, exit code 130, nothing half-written, and the workspace is free."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

import linkage
from linkage.engine.duckdb import Engine
from linkage.store.workspace import Workspace
from tests.conftest import NOW

HANG = {
    "python": "time.sleep(60)",
    "engine": 'run.engine.run("SELECT count(*) FROM range(3000000) AS a, range(3000000) AS b WHERE (a.range * b.range) % 7 = 3")',
    "change": 'run.engine.run("CREATE TABLE long AS SELECT a.range % 1000 AS g, count(*) FROM range(3000000) AS a JOIN range(3000000) AS b ON a.range % 50 = b.range % 50 GROUP BY g")',
}
DRIVER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from linkage import pipeline
from linkage.cli.main import main

def hang(run):
    print("there", flush=True)
    {hang}

pipeline.STAGES = (*pipeline.STAGES[:3], ("hang", hang))
sys.argv = ["linkage", "run", sys.argv[1], "--json"]
main()
"""


@pytest.mark.parametrize("where", HANG)
def test_a_run_that_is_stopped(make_project, accounts, where, first_run):
    """A run that is stopped, in Python or inside a query, tells it in one line with exit code 130; the next run goes through."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab")})
    first_run(project, now=NOW)
    work = Workspace(project.loaded.workspace)
    command = [sys.executable, "-c", DRIVER.format(hang=HANG[where]), str(project.loaded.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "there\n"
        if where != "python":
            # The query must have begun.
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=2)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (130, "", 1)
    assert err.startswith("linkage: stopped; nothing half-written is left")
    assert list(work.staging.iterdir()) == []
    assert [path.name for path in sorted((work.path / "releases").rglob("*.duckdb"))] == ["1.duckdb"]
    with work.locked():
        pass
    assert linkage.open(project.loaded.folder).run(now=NOW)["run"] == 2


@pytest.mark.parametrize("how", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_an_export_that_is_stopped(make_project, accounts, linkage_, monkeypatch, how, first_run):
    """An export that is stopped while it writes leaves no file."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab")})
    first_run(project, now=NOW)
    folder = project.loaded.folder

    def stop(engine, sql, parameters=None):
        if sql.startswith("COPY"):
            (folder / ".out.csv.part").write_text("half", encoding="utf-8")
            raise how
        return value(engine, sql, parameters)

    value = Engine.value
    monkeypatch.setattr(Engine, "value", stop)
    code, _, err = linkage_("export", folder, "identity_record", folder / "out.csv")
    assert (code, err.count("\n")) == (130, 1)
    assert not list(folder.glob("*out*"))
