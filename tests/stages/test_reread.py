"""What SQL cannot read goes through a library, comes back into the same statement, and nothing else changes."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from linkage.stages import reread, standardise
from linkage.stages.ingest import ingest

if TYPE_CHECKING:
    from collections.abc import Callable

    from linkage.stages.context import Run

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "library"
SEPARATOR = " | "
SOURCE = """
[sources.{name}]
agency = "{name}"
files = "{name}.csv"
delivery = "snapshot"
key = "id"
[sources.{name}.roles.subject]
entity = "person"
country = "{country}"
[sources.{name}.roles.subject.fields]
surname = "last"
birth_date = "born"
phone = ["phone", "other"]
"""
CLEAN = """
import sys, pathlib, linkage
from linkage.checking import check_project
project = linkage.open(pathlib.Path(sys.argv[1]))
check_project(project.loaded)
print(sorted({"babel", "phonenumbers"} & set(sys.modules)))
"""


@pytest.fixture
def records(make_project: Any, start_run: Callable[..., Run]) -> Callable[..., list[tuple[Any, ...]]]:
    """Standardise rows (last, born, phone, other) of datasets; give the chosen columns of the records in their order."""

    def run(columns: str, country: str = "us", **datasets: list[tuple[str, str, str, str]]) -> list[tuple[Any, ...]]:
        files = {f"{name}.csv": _csv(rows) for name, rows in datasets.items()}
        project = make_project("".join(SOURCE.format(name=name, country=country) for name in datasets), files)
        started = start_run(project)
        run.counts = started.counts
        with started.engine as engine:
            ingest(started)
            standardise.standardise(started)
            assert engine.value("SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'reading'") == 0
            assert engine.value("SELECT count(*) - max(record) - 1 FROM canonical.person") in {0, None}
            return engine.rows(f"SELECT {columns} FROM canonical.person ORDER BY record")

    return run


def _csv(rows: list[tuple[str, str, str, str]]) -> str:
    lines = [",".join(f'"{value}"' for value in (f"{number:04}", *row)) for number, row in enumerate(rows)]
    return "\n".join(["id,last,born,phone,other", *lines, ""])


def _golden(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("with_library", [False, True], ids=["SQL alone", "with the library"])
def test_dates(records: Any, monkeypatch: pytest.MonkeyPatch, with_library: bool) -> None:
    """Each date of the table is read by whom the table says, to the day or year it says, and never to another."""
    lines = _golden("dates.csv")
    if not with_library:
        monkeypatch.setattr(standardise, "_reread", lambda *_: None)
    found = records("birth_date, birth_year, birth_date_alt", a=[("Smith", line["written"], "", "") for line in lines])
    shown = [(str(day or ""), str(year or ""), other) for day, year, other in found]
    read = [with_library or line["by"] != "library" for line in lines]
    wanted = [(l["day"], l["year"], None) if r else ("", "", None) for l, r in zip(lines, read, strict=True)]
    assert [row for row in zip(lines, shown, wanted, strict=True) if row[1] != row[2]] == []


@pytest.mark.parametrize("with_library", [False, True], ids=["SQL alone", "with the library"])
@pytest.mark.parametrize("country", ["us", "gb", "fr"])
def test_phones(records: Any, monkeypatch: pytest.MonkeyPatch, country: str, with_library: bool) -> None:
    """Each telephone number of the table is read by whom the table says, and placeholders stay missing."""
    lines = [line for line in _golden("phones.csv") if line["country"] == country]
    if not with_library:
        monkeypatch.setattr(standardise, "_reread", lambda *_: None)
    found = records("phones", country, a=[("Smith", "", line["written"], "") for line in lines])
    shown = [SEPARATOR.join(phones or []) for (phones,) in found]
    wanted = [line["phones"] if with_library or line["by"] == "sql" else "" for line in lines]
    assert [row for row in zip(lines, shown, wanted, strict=True) if row[1] != row[2]] == []


def test_what_is_read_is_no_bad_value(records: Any) -> None:
    """A value that the library reads is counted as unusable no longer; one that it does not read still is."""
    rows = [("A", "3. März 1970", "1-800-FLOWERS", "555-5555"), ("B", "30 février 1970", "CALL 12", "702-919-1300")]
    assert records("surname, phones, bad_values", a=rows) == [("a", ["8003569377"], 1), ("b", ["7029191300"], 2)]
    assert records.counts["types"]["person"]["library"] == {
        "dates": {"unread": 2, "beyond_bounds": 0, "read": 2},
        "phones": {"unread": 2, "beyond_bounds": 0, "read": 1},
    }


def test_a_record_of_which_nothing_was_known_joins_the_others(records: Any) -> None:
    """A row whose only value the library reads is a record, numbered in the order of names as if SQL had read it."""
    rows = [("A", "", "", ""), ("", "", "1-800-FLOWERS", ""), ("", "", "unlisted", ""), ("D", "", "", "")]
    assert records("key, record, phones", a=rows) == [("0000", 0, None), ("0001", 1, ["8003569377"]), ("0003", 2, None)]


def test_bounds_count_each_dataset_by_itself(records: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values beyond the bounds are counted and left unread, and another dataset's values do not use a bound up."""
    monkeypatch.setattr(reread, "MOST_VALUES", 2)
    many = [("A", f"{day} août 1970", "", "") for day in (11, 12, 13)]
    few = [("B", "13 août 1970", "", ""), ("C", " ".join(["13 août 1970", "(sic)" * 20]), "", "")]
    alone = records("surname, birth_date IS NOT NULL", b=few)
    assert alone == [("b", True), ("c", False)]
    assert records.counts["types"]["person"]["library"]["dates"] == {"unread": 2, "beyond_bounds": 1, "read": 1}
    both = records("surname, birth_date IS NOT NULL", a=many, b=few)
    assert both == [("a", True), ("a", True), ("a", False), *alone]
    assert records.counts["types"]["person"]["library"]["dates"] == {"unread": 5, "beyond_bounds": 2, "read": 3}


def test_no_library_is_loaded_without_need(make_project: Any) -> None:
    """Where SQL reads everything but placeholders, neither library is imported."""
    rows = [("Smith", "1970-03-01", "(555) 555-5555", "702-919-1300"), ("Jones", "30/2/1970", "", "123-456-7890")]
    project = make_project(SOURCE.format(name="a", country="us"), {"a.csv": _csv(rows)})
    done = subprocess.run(
        [sys.executable, "-c", CLEAN, str(project.loaded.folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
