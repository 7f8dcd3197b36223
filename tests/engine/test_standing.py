"""A standing statement gives a row for each row that is put in, in order, for as long as it stands."""

from __future__ import annotations

import pyarrow as pa
import pytest

from linkage.engine.duckdb import Engine
from linkage.engine.standing import MOST_ROWS, Standing
from linkage.errors import WorkspaceError

SCHEMA = pa.schema([("n", pa.int64())])


def rows(*numbers):
    return pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64())], schema=SCHEMA)


def test_rows_come_back_in_order_batch_by_batch():
    """Batches of any size up to the limit come back as they were put in, and what fills up never shows."""
    standing = Standing(Engine(), "given", SCHEMA, "SELECT n, n * $by FROM given", {"by": 2, "unused": 1})
    for batch in ((5,), (3, 1, 2), (None,), tuple(range(MOST_ROWS)), (7,)):
        assert standing.ask(rows(*batch)) == [(n, None if n is None else n * 2) for n in batch]
    assert standing.ask(rows()) == []
    standing.close()


def test_a_join_to_a_table_does_not_wait_for_the_end():
    """A join to a table larger than the stream, with a list carried through, looks up in the table and gathers no rows first."""
    engine = Engine()
    engine.run("CREATE TABLE known AS SELECT range AS k, 'v' || range AS v FROM range(5000)")
    listed = "SELECT n, v, l FROM (SELECT n, [n] AS l FROM given) LEFT JOIN known ON k = n"
    standing = Standing(engine, "given", SCHEMA, listed)
    assert standing.ask(rows(4, 9999)) == [(4, "v4", [4]), (9999, None, [9999])]
    assert standing.ask(rows(1)) == [(1, "v1", [1])]
    standing.close()


def test_a_statement_that_waits_is_refused(monkeypatch):
    """A statement that gives no row before the stream ends is told after a while instead of waited for."""
    monkeypatch.setattr("linkage.engine.standing._PATIENCE", 0.2)
    standing = Standing(Engine(), "given", SCHEMA, "SELECT max(n) FROM given")
    with pytest.raises(WorkspaceError, match="gave no answer in 0 seconds"):
        standing.ask(rows(4))
    monkeypatch.setattr("linkage.engine.standing._PATIENCE", 30.0)
    standing.close()


def test_what_the_engine_refuses_is_told_to_who_asks():
    """An error of the statement is raised by `ask`, again each time, and the statement can still be closed."""
    standing = Standing(Engine(), "given", SCHEMA, "SELECT CAST('x' || n AS INTEGER) FROM given")
    for _ in range(2):
        with pytest.raises(Exception, match="Could not convert string"):
            standing.ask(rows(1))
    standing.close()
