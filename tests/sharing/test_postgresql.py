"""Exports into a real PostgreSQL."""

from __future__ import annotations

import subprocess
import sys

import pytest

from linkage import queries
from linkage.errors import DataError, RequestError
from linkage.sharing import postgresql
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.tables import PUBLISHED

KILLED = """
import os, signal, sys
import linkage
from linkage.sharing import postgresql
from linkage.tables import published
project = linkage.open(sys.argv[1])
postgresql._BATCH_ROWS = 100
run, moment = postgresql.execute, sys.argv[3]
def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def execute(connection, sql):
    run(connection, sql)
    if sql.startswith(moment):
        kill()
postgresql.execute = execute
with postgresql.opened(sys.argv[2], "killed") as target, project.release() as engine:
    target.replace(engine, published("identity"), lambda rows: kill() if moment == "COPY" and rows > 1000 else None)
"""

CHANGE = {"person": "surname = 'x'", "identity_value": "records = -1", "identity_event": "records_after = NULL"}
STRANGER = {
    "person": "(identity_id) VALUES ('zz')",
    "identity_value": "(identity_id, attribute) VALUES ('zz', 'x')",
    "identity_event": "(identity_id, event) VALUES ('zz', 'x')",
}


@pytest.mark.parametrize("table", [table.name for table in PUBLISHED])
def test_a_table_arrives_whole_and_twice_the_same(demo, postgres, table):
    """Every published table has in the database the rows of the release, after the first export and the second."""
    contract = next(entry for entry in PUBLISHED if entry.name == table)
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    with demo.project.release() as engine:
        expected = sorted(map(repr, engine.rows(f"SELECT {columns} FROM published.{table}")))
    for _ in range(2):
        assert queries.export(demo.project, table, postgres.url) == len(expected)
        assert sorted(map(repr, postgres.rows(f"SELECT {columns} FROM linkage.{table}"))) == expected


def test_the_key_of_the_contract_is_the_primary_key(demo, postgres):
    """The crosswalk's primary key in the database is the key of its contract."""
    queries.export(demo.project, "identity_record", postgres.url, schema="keyed")
    found = postgres.rows(
        "SELECT attname::text FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) "
        "WHERE indrelid = 'keyed.identity_record'::regclass AND indisprimary ORDER BY array_position(indkey::int2[], attnum)"
    )
    assert [row[0] for row in found] == ["entity_type", "dataset", "key", "role"]


@pytest.mark.parametrize("moment", ["COPY", "DELETE", "INSERT"])
def test_killed_in_the_middle_the_old_rows_stand(demo, postgres, moment):
    """A copy killed after a thousand rows, or between its differences, leaves the rows that the table had."""
    expected = queries.export(demo.project, "identity", postgres.url, schema="killed")
    postgres.run("UPDATE killed.identity SET entity_type = 'old' WHERE identity_id > 'a'")
    before = postgres.rows("SELECT * FROM killed.identity ORDER BY identity_id")
    done = subprocess.run([sys.executable, "-c", KILLED, demo.folder, postgres.url, moment], check=False, timeout=120)
    assert done.returncode == -9
    assert postgres.rows("SELECT * FROM killed.identity ORDER BY identity_id") == before
    assert queries.export(demo.project, "identity", postgres.url, schema="killed") == expected
    assert postgres.rows("SELECT count(*) FROM killed.identity WHERE entity_type = 'old'") == [(0,)]


@pytest.mark.parametrize("table", ["person", "identity_value", "identity_event"])
def test_only_differences_are_written(demo, postgres, table):
    """Rows that are as they should be are not written again; changed, missing, foreign and doubled ones are mended."""
    place = f"differences.{table}"
    count = queries.export(demo.project, table, postgres.url, schema="differences")
    rows = f"SELECT t::text FROM {place} AS t ORDER BY 1"
    kept = f"SELECT ctid::text, xmin::text, identity_id FROM {place} ORDER BY 3, 1"
    expected, before = postgres.rows(rows), postgres.rows(kept)
    assert queries.export(demo.project, table, postgres.url, schema="differences") == count
    assert postgres.rows(kept) == before
    postgres.run(
        f"DELETE FROM {place} WHERE ctid = (SELECT min(ctid) FROM {place}); "
        f"UPDATE {place} SET {CHANGE[table]} WHERE ctid = (SELECT max(ctid) FROM {place}); "
        f"INSERT INTO {place} {STRANGER[table]}"
    )
    assert queries.export(demo.project, table, postgres.url, schema="differences") == count
    assert postgres.rows(rows) == expected
    assert len(set(postgres.rows(kept)) & set(before)) == count - 2
    if table != "person":
        postgres.run(f"INSERT INTO {place} SELECT * FROM {place} LIMIT 3")
        assert queries.export(demo.project, table, postgres.url, schema="differences") == count
        assert postgres.rows(rows) == expected


def test_a_reader_sees_old_or_new_rows(demo, postgres):
    """While a copy is open another connection reads the old rows, without waiting."""
    queries.export(demo.project, "person", postgres.url, schema="seen")
    before = postgres.rows("SELECT count(*) FROM seen.person")
    seen = []
    with postgresql.opened(postgres.url, "seen") as target, demo.project.release() as engine:
        person = next(table for table in PUBLISHED if table.name == "person")
        target.replace(engine, person, lambda _rows: seen.append(postgres.rows("SELECT count(*) FROM seen.person")))
    assert set(map(str, seen)) == {str(before)}


def test_a_table_of_another_is_not_touched(demo, postgres):
    """A table of the same name with other columns is refused, and keeps its rows."""
    postgres.run(
        "CREATE SCHEMA theirs; CREATE TABLE theirs.person (nickname TEXT); INSERT INTO theirs.person VALUES ('x')"
    )
    with pytest.raises(DataError, match=r"theirs\.person is not one that linkage wrote"):
        queries.export(demo.project, "person", postgres.url, schema="theirs")
    assert postgres.rows("SELECT nickname FROM theirs.person") == [("x",)]


@pytest.mark.parametrize("wrong", ["word", "port", "host"])
def test_a_refusal_is_one_sentence_without_the_password(demo, postgres, wrong):
    """A wrong password, port or host is told in one line in which no part of the password stands."""
    url = {
        "word": postgres.url.replace("s3cret-word", "hidden%20thing"),
        "port": postgres.url.replace(f":{postgres.port}/", ":1/"),
        "host": postgres.url.replace("127.0.0.1", "nowhere.invalid"),
    }[wrong]
    with pytest.raises(DataError) as refused:
        queries.export(demo.project, "person", url)
    text = str(refused.value)
    assert "s3cret" not in text
    assert "hidden" not in text
    assert "\n" not in text
    assert text.startswith(f"postgresql://steward@{'nowhere.invalid' if wrong == 'host' else '127.0.0.1'}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@ss@h/d",
        "postgresql://u:pa/ss@h/d",
        "postgresql://u:1#ss@h/d",
        "postgresql://u:1?ss@h/d",
        "postgresql://u:p[ss@h/d",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(demo, url):
    """An address whose password is not percent-encoded is refused without repeating any of it."""
    with pytest.raises(RequestError, match="cannot be read") as refused:
        queries.export(demo.project, "person", url)
    assert "ss" not in str(refused.value).replace("address", "").replace("password", "").replace("PGPASSWORD", "")


def test_the_password_may_come_from_the_environment(demo, postgres, monkeypatch):
    """PGPASSWORD serves where the address has no password."""
    monkeypatch.setenv("PGPASSWORD", "s3cret-word")
    assert queries.export(demo.project, "release_info", postgres.bare, schema="environment") > 0


def test_the_audit_names_the_target_without_the_password(demo, postgres):
    """The audit row of an export holds the table and the address, not the password."""
    queries.export(demo.project, "release_info", postgres.url, purpose="hand over")
    with Ledger(Workspace(demo.project.loaded.workspace).ledger) as ledger:
        last = ledger.looks()[-1]
    assert last.objects == ("release_info", postgres.bare)
