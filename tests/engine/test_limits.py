"""What a connection is opened with: memory, threads, and a spill folder that nobody else can read."""

from __future__ import annotations

import stat

import pytest

from linkage.engine.duckdb import Engine
from linkage.errors import WorkspaceError
from linkage.matching.baseline import bare_splink


def test_work_beyond_the_limit_spills_into_the_named_folder(tmp_path):
    """The folder is made with its parents, for its owner alone; what is spilled lies there, and nothing is left at the end."""
    spill = tmp_path / "far" / "spill"
    with Engine(memory_limit="60MB", threads=1, temp_directory=spill) as engine:
        assert stat.S_IMODE(spill.stat().st_mode) == 0o700
        engine.run("CREATE TABLE big AS SELECT range AS a, hash(range) AS b, hash(range + 1) AS c FROM range(6000000)")
        assert any(spill.iterdir())
        assert engine.value("SELECT current_setting('threads')") == 1
        assert engine.value("SELECT count(*) FROM big") == 6_000_000
    assert not spill.exists()


def test_a_folder_that_was_there_stays(tmp_path):
    """A spill folder that the operator has made is left as it is."""
    with Engine(temp_directory=tmp_path):
        pass
    assert tmp_path.is_dir()


def test_a_spill_folder_that_cannot_be_made_is_refused(tmp_path):
    """The refusal names the setting and the folder before any work is done."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WorkspaceError, match=r"engine.temp_directory: .*spill cannot be made .* project file"):
        Engine(temp_directory=tmp_path / "file" / "spill")


def test_project_limits(make_project, accounts, tmp_path):
    """Memory limit, threads and spill folder of the project file are what its releases are opened with; without a folder it is in the workspace."""
    files = {"bank.csv": accounts.csv(one="ab", two="cd")}
    head = '[engine]\nmemory_limit = "1500MB"\nthreads = 1\ntemp_directory = "elsewhere"'
    project = make_project(accounts.source("bank"), files, head=head)
    assert project.loaded.limits() == {"memory_limit": "1500MB", "threads": 1, "temp_directory": tmp_path / "elsewhere"}
    project.run()
    settings = "SELECT current_setting('memory_limit'), current_setting('threads'), current_setting('temp_directory')"
    with project.release() as release:
        assert release.rows(settings) == [("1.3 GiB", 1, str(tmp_path / "elsewhere"))]
    assert not (tmp_path / "elsewhere").exists()
    plain = make_project(accounts.source("bank"), files)
    assert plain.loaded.limits()["temp_directory"] == tmp_path / "work" / "spill"


def test_the_baseline_spills_where_its_caller_does(tmp_path, monkeypatch):
    """Bare Splink's own database in memory takes memory, threads and spill folder of the connection that it is given."""
    seen = []
    monkeypatch.setattr(
        "linkage.matching.baseline._records",
        lambda own: seen.append(own.sql("SELECT current_setting('temp_directory')").fetchall()[0][0]) or 0,
    )
    with Engine(temp_directory=tmp_path / "spill") as engine:
        engine.run("CREATE SCHEMA canonical")
        from linkage.standardise import CANONICAL

        columns = ", ".join(f'"{column.name}" {column.type}' for column in CANONICAL["account"])
        engine.run(f"CREATE TABLE canonical.account (record BIGINT, {columns})")
        bare_splink(engine.connection, "canonical.account", "account")
    assert seen == [str(tmp_path / "spill")]
