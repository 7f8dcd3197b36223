"""A staged database file is written through when it is closed, and stays as it was last checkpointed where that went wrong."""

from __future__ import annotations

from contextlib import suppress

from linkage.engine.duckdb import Engine


def tables(path):
    """The tables that a staged file holds."""
    with Engine(path, staged=True) as engine:
        return [row[0] for row in engine.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1")]


def change(path, *, fails):
    """Make one table and checkpoint, then make another in its place, and end by an error or not."""
    with suppress(KeyError), Engine(path, staged=True) as engine:
        engine.run("CREATE TABLE whole AS SELECT 1 AS n")
        engine.run("CHECKPOINT")
        engine.run("DROP TABLE whole")
        engine.run("CREATE TABLE half AS SELECT 2 AS n")
        if fails:
            raise KeyError


def test_what_ends_well_is_written_through(tmp_path):
    """What was done after the last checkpoint is in the file once it is closed."""
    change(tmp_path / "base.duckdb", fails=False)
    assert tables(tmp_path / "base.duckdb") == ["half"]


def test_what_ends_by_an_error_stays_as_it_was_checkpointed(tmp_path):
    """Nothing that was done after the last checkpoint is in the file of a block that an error ends."""
    change(tmp_path / "base.duckdb", fails=True)
    assert tables(tmp_path / "base.duckdb") == ["whole"]
