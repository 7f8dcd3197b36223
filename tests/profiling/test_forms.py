"""Init reads every form of file that a source can have."""

from __future__ import annotations

import json
import sqlite3

import openpyxl
import pytest

import linkage
from linkage.checking import check_project
from linkage.profiling.project import init_project

COLUMNS = ("person_id", "first_name", "last_name", "date_of_birth", "phone")
ROWS = [
    (f"P{n:03}", first, last, f"19{50 + n}-0{1 + n % 9}-1{n % 9}", f"202-555-01{n:02}")
    for n, (first, last) in enumerate(
        (first, last) for first in ("Ann", "Bob", "Cid", "Dora") for last in ("Lee", "Stone", "Frost", "Hill")
    )
]


def jsonl(path):
    path.write_text("".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in ROWS), encoding="utf-8")


def excel(path):
    book = openpyxl.Workbook()
    for row in (COLUMNS, *ROWS):
        book.active.append(row)
    book.save(path)


def sqlite(path):
    with sqlite3.connect(path) as file:
        file.execute(f"CREATE TABLE people ({', '.join(COLUMNS)})")
        file.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", ROWS)
    file.close()


@pytest.mark.parametrize(("name", "write"), [("p.jsonl", jsonl), ("p.xlsx", excel), ("p.sqlite", sqlite)])
def test_a_project_for_the_file_is_written_and_reads_it(tmp_path, name, write):
    """The project names the form, maps the columns as it would those of a CSV file, and reads all rows."""
    write(tmp_path / name)
    init_project([tmp_path / name], tmp_path / "first")
    loaded = linkage.open(tmp_path / "first").loaded
    (source,) = loaded.settings.sources.values()
    (role,) = source.roles.values()
    assert source.format == {"jsonl": "jsonl", "xlsx": "excel", "sqlite": "sqlite"}[name.split(".")[1]]
    assert source.key == ("person_id",)
    assert {"given_name", "surname", "birth_date", "phone"} <= set(role.fields)
    assert check_project(loaded)["types"]["person"]["records"] == len(ROWS)
