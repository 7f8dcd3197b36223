"""Excel sheets and SQLite tables are read as text, whole, and refused with the mend where they cannot be."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime

import openpyxl
import pytest

from linkage.errors import ConfigError, DataError
from linkage.stages.ingest import check_reconciliation, dataset_table, ingest

SOURCE = """
[sources.people]
agency = "A"
files = "people.*"
format = "{form}"
delivery = "snapshot"
key = "id"
{more}
[sources.people.roles.subject]
entity = "person"
[sources.people.roles.subject.fields]
name = "name"
"""


def read(start_run, make_project, files, form, more=""):
    run = start_run(make_project(SOURCE.format(form=form, more=more), files))
    ingest(run)
    check_reconciliation(run.engine, ["people"])
    return run.engine.rows(
        f'SELECT * EXCLUDE ("linkage:key", "linkage:hash", "linkage:delivery") FROM {dataset_table("people")} ORDER BY id'
    )


def database(path, *statements):
    with sqlite3.connect(path) as file:
        for statement in statements:
            file.execute(statement)
    file.close()
    return {path.name: path.read_bytes()}


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return {path.name: path.read_bytes()}


def test_a_table_of_sqlite_is_read_as_text(make_project, start_run, tmp_path):
    """Values of any storage class become text; the only table needs no name; hostile column names are names."""
    files = database(
        tmp_path / "people.sqlite",
        'CREATE TABLE people (id INTEGER, name TEXT, "x""; DROP TABLE people" REAL)',
        "INSERT INTO people VALUES (1, 'Ann', 1.5), (2, NULL, NULL), (3, 'Bob''s', 'text')",
    )
    assert read(start_run, make_project, files, "sqlite") == [
        ("1", "Ann", "1.5"),
        ("2", None, None),
        ("3", "Bob's", "text"),
    ]


def test_one_of_several_tables_is_named(make_project, start_run, tmp_path):
    """Of several tables the source names one; else the refusal lists them; a view is a table too."""
    files = database(
        tmp_path / "people.sqlite",
        "CREATE TABLE a (id, name)",
        "CREATE TABLE b (id, name)",
        "INSERT INTO b VALUES (7, 'Zoe')",
        "CREATE VIEW c AS SELECT id + 1 AS id, name FROM b",
    )
    assert read(start_run, make_project, files, "sqlite", 'table = "c"') == [("8", "Zoe")]
    for more in ("", 'table = "b; DROP TABLE a"'):
        with pytest.raises(DataError, match="its tables are: a, b, c"):
            read(start_run, make_project, files, "sqlite", more)


def test_a_sheet_is_read_with_whole_numbers_and_iso_dates(make_project, start_run, tmp_path):
    """Whole numbers have no point, dates are ISO, empty rows and empty columns at the end are nothing."""
    rows = [
        ["id", "name", "born", None],
        [1, "Ann", date(1978, 12, 11)],
        [],
        [2, None, datetime(1978, 12, 11, 6, 30)],  # noqa: DTZ001  # a cell has no zone
        [3.5, True, 2025550101],
    ]
    assert read(start_run, make_project, workbook(tmp_path / "people.xlsx", first=rows, other=[["x"]]), "excel") == [
        ("1", "Ann", "1978-12-11"),
        ("2", None, "1978-12-11 06:30:00"),
        ("3.5", "true", "2025550101"),
    ]


def test_a_sheet_is_named_or_the_first(make_project, start_run, tmp_path):
    """The named sheet is read; an unknown one is refused with the sheets there are."""
    files = workbook(tmp_path / "people.xlsx", one=[["id", "name"]], two=[["id", "name"], [5, "Eve"]])
    assert read(start_run, make_project, files, "excel", 'sheet = "two"') == [("5", "Eve")]
    with pytest.raises(DataError, match="its sheets are: one, two"):
        read(start_run, make_project, files, "excel", 'sheet = "three"')


@pytest.mark.parametrize(("name", "form"), [("people.xlsx", "excel"), ("people.sqlite", "sqlite")])
def test_what_is_no_such_file_is_refused(make_project, start_run, name, form):
    """A file of another kind is refused in one sentence that names it."""
    with pytest.raises(DataError, match=name):
        read(start_run, make_project, {name: "id,name\n1,Ann\n" * 100}, form)


def test_a_sheet_without_header_is_refused(make_project, start_run, tmp_path):
    """An empty sheet has no columns and is refused."""
    with pytest.raises(DataError, match="has no header"):
        read(start_run, make_project, workbook(tmp_path / "people.xlsx", first=[]), "excel")


def test_a_setting_of_another_format_is_refused(make_project):
    """'table' and 'sheet' belong to their formats."""
    with pytest.raises(ConfigError, match="'sheet' is for format"):
        make_project(SOURCE.format(form="csv", more='sheet = "x"'), {})
