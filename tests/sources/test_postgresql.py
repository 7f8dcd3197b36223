"""Reading from a real PostgreSQL."""

from __future__ import annotations

import pytest

from linkage.errors import ConfigError, DataError
from linkage.stages.ingest import ingest

SOURCE = """
[sources.people]
agency = "people"
format = "postgresql"
delivery = "snapshot"
key = "id"
[sources.people.postgresql]
url_env = "PEOPLE_URL"
table = "{table}"
[sources.people.roles.subject]
entity = "person"
[sources.people.roles.subject.fields]
given_name = "first"
surname = "last"
birth_date = {{ column = "born", order = "ymd" }}
"""
ROWS = """
CREATE SCHEMA {schema};
CREATE TABLE {schema}."the people" (id INTEGER, first TEXT, last TEXT, born DATE, sum NUMERIC(10, 2), tags TEXT[], ok BOOLEAN);
INSERT INTO {schema}."the people" VALUES
  (10, 'Åsa', '', '1990-01-02', 12.50, '{{a,b}}', TRUE), (9, 'Bo "x"', NULL, NULL, NULL, NULL, FALSE), (NULL, 'No', 'Key', NULL, 1, NULL, NULL);
"""


@pytest.fixture
def people(postgres, make_project, monkeypatch):
    """Make a schema with a table of three rows, and a project that reads it."""

    def make(schema, *, table="the people", sql=ROWS):
        postgres.run(sql.format(schema=schema))
        monkeypatch.setenv("PEOPLE_URL", postgres.url)
        return make_project(SOURCE.format(table=f"{schema}.{table}"), {})

    return make


def test_a_table_is_read_as_text_with_its_nulls(people, start_run):
    """Every column arrives as text, an empty text as such, NULL as NULL; a row without key is rejected with its number."""
    run = start_run(people("read"))
    ingest(run)
    assert run.engine.rows(
        'SELECT id, first, last, born, sum, tags, ok FROM source.dataset_people ORDER BY "linkage:key"'
    ) == [
        ("10", "Åsa", "", "1990-01-02", "12.50", "{a,b}", "true"),
        ("9", 'Bo "x"', None, None, None, None, "false"),
    ]
    assert run.engine.rows("SELECT file, line, reason, raw FROM source.reject") == [
        ("read.the people", 3, "no key in id", ",No,Key,,1.00,,")
    ]
    assert run.engine.rows("SELECT rows_read, accepted, rejected, files FROM source.delivery") == [
        (3, 2, 1, ["read.the people"])
    ]


def test_unchanged_content_is_not_delivered_twice(people, start_run, postgres):
    """A table that was rewritten with the same rows makes no delivery; a changed value makes one."""
    run = start_run(people("again"))
    ingest(run)
    postgres.run('UPDATE again."the people" SET last = last; CREATE TABLE again.other AS SELECT 1')
    ingest(run)
    assert run.engine.value("SELECT count(*) FROM source.delivery") == 1
    postgres.run("UPDATE again.\"the people\" SET last = 'Ek' WHERE id = 9")
    ingest(run)
    assert run.engine.rows("SELECT delivery, accepted, superseded FROM source.delivery ORDER BY 1") == [
        (1, 0, 2),
        (2, 2, 0),
    ]


@pytest.mark.parametrize("table", ['x.\\"; DROP TABLE y; --', "x;y", "x.y.z", "x.y'z", "x.(SELECT 1)"])
def test_text_from_the_project_is_never_run(make_project, table):
    """A table name with a quote or a statement in it is refused when the project is read."""
    with pytest.raises(ConfigError, match=r"postgresql\.table"):
        make_project(SOURCE.format(table=table), {})


def test_a_missing_table_or_column_is_told(people, start_run):
    """A table that is not there, and a mapped column that it lacks, are told by name."""
    with pytest.raises(DataError, match=r"there is no table 'absent\.nothing'"):
        ingest(start_run(people("absent", table="nothing", sql="CREATE SCHEMA {schema}")))
    with pytest.raises(DataError, match="there is no column 'born'"):
        ingest(
            start_run(
                people(
                    "fewer",
                    table="t",
                    sql="CREATE SCHEMA {schema}; CREATE TABLE {schema}.t (id INT, first TEXT, last TEXT)",
                )
            )
        )


def test_a_nested_column_cannot_be_mapped(people, start_run):
    """A mapped array is refused by name."""
    sql = "CREATE SCHEMA {schema}; CREATE TABLE {schema}.t (id INT, first TEXT[], last TEXT, born TEXT)"
    with pytest.raises(DataError, match="column 'first' is nested"):
        ingest(start_run(people("nested", table="t", sql=sql)))


def test_the_environment_must_hold_the_address(people, start_run, monkeypatch, postgres):
    """Without its environment variable a source is refused, naming it; a wrong password is told without it."""
    project = people("address")
    monkeypatch.setenv("PEOPLE_URL", postgres.url.replace("s3cret-word", "hidden"))
    with pytest.raises(DataError, match="password authentication failed") as refused:
        ingest(start_run(project))
    assert "hidden" not in str(refused.value)
    monkeypatch.delenv("PEOPLE_URL")
    with pytest.raises(ConfigError, match="PEOPLE_URL is not set"):
        ingest(start_run(project))


def test_files_and_a_table_exclude_each_other(make_project):
    """A source with both files and a table, or with neither, is refused."""
    both = SOURCE.format(table="a.b").replace('key = "id"', 'key = "id"\nfiles = "x.csv"')
    with pytest.raises(ConfigError, match="one of the two"):
        make_project(both, {})
    with pytest.raises(ConfigError, match="go together"):
        make_project(SOURCE.format(table="a.b").replace('"postgresql"\n', '"csv"\n'), {})


def test_an_address_in_the_project_file_is_not_repeated(make_project):
    """An address with a password in the place of the variable's name is refused without repeating it."""
    with pytest.raises(ConfigError) as refused:
        make_project(SOURCE.format(table="a.b").replace("PEOPLE_URL", "postgresql://u:hidden@h/d"), {})
    assert "hidden" not in str(refused.value)
