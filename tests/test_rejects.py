"""Rejects go back in the form in which they came, are mended, sent again, and recognised."""

from __future__ import annotations

import csv

import pytest

from linkage.errors import DataError, RequestError
from linkage.rejects import write_rejects

SOURCE = """
[sources.a]
agency = "A"
files = "a*.{ending}"
format = "{form}"
delivery = "{delivery}"
key = "id"
[sources.a.csv]
delimiter = ";"
encoding = "latin-1"
[sources.a.roles.account]
entity = "account"
[sources.a.roles.account.fields]
number = "number"
institution = "bank"
"""
HEADER = "id;number;bank\n"
ROWS = "1;4400123401;021000021\n2;4400123402;021000021\n"
BAD = '3;4400123403\n4;4400123404;"Bank; of Zürich"\n4;4400123405;021000021\n'


def project(make_project, text, *, delivery="snapshot", form="csv", name="a.csv"):
    data = text.encode("latin-1" if form == "csv" else "utf-8")
    return make_project(SOURCE.format(delivery=delivery, form=form, ending=form), {name: data})


def test_rejected_rows_come_back_in_the_form_of_the_source(make_project, tmp_path, first_run):
    """Header, delimiter, quotes and encoding are the source's; each row's reason and place stand beside it."""
    found = project(make_project, HEADER + ROWS + BAD)
    first_run(found)
    target = tmp_path / "back.csv"
    assert write_rejects(found, "a", target) == {"dataset": "a", "delivery": 1, "rows": 3, "again": 0}
    assert target.read_bytes() == (HEADER + BAD).encode("latin-1")
    reasons = list(csv.DictReader((tmp_path / "back.csv.reasons").open(encoding="utf-8")))
    assert [(row["row"], row["line"], row["file"]) for row in reasons] == [
        ("2", "4", "a.csv"),
        ("3", "5", "a.csv"),
        ("4", "6", "a.csv"),
    ]
    assert [row["reason"] for row in reasons][:1] == ["too few columns"]
    assert all(row["first_delivery"] == "1" for row in reasons)


def test_mended_rows_are_accepted_and_unmended_ones_recognised(make_project, tmp_path):
    """A mended file sent again as a delta is accepted; what comes again as it was is refused and known by its first delivery."""
    found = project(make_project, HEADER + ROWS + BAD, delivery="delta", name="a1.csv")
    found.run()
    back = tmp_path / "a2.csv"
    write_rejects(found, "a", back)
    mended = (
        back.read_text(encoding="latin-1")
        .replace("3;4400123403", "3;4400123403;021000021")
        .replace("4;4400123405", "5;4400123405")
    )
    back.write_text(mended + "6;short\n", encoding="latin-1")
    found.run()
    with found.release() as engine:
        keys = [key for (key,) in engine.rows("SELECT key FROM published.identity_record ORDER BY key")]
    assert keys == ["1", "2", "3", "4", "5"]
    (tmp_path / "a3.csv").write_text(HEADER + "6;short\n7;new\n", encoding="latin-1")
    found.run()
    assert write_rejects(found, "a", tmp_path / "back.csv") == {"dataset": "a", "delivery": 3, "rows": 2, "again": 1}


def test_json_lines_come_back_as_they_were(make_project, tmp_path):
    """Rejected lines of JSON come back as their own text, without a header."""
    bad = ['{"id": 1, "number": ', '{"id": 2, "number": "1"}', '{ "number": "2", "id": 2 }']
    found = project(
        make_project, "\n".join(['{"id": 9, "number": "4400123401", "bank": "x"}', *bad]), form="jsonl", name="a.jsonl"
    )
    found.run()
    write_rejects(found, "a", tmp_path / "back.jsonl")
    assert (tmp_path / "back.jsonl").read_text(encoding="utf-8").splitlines() == bad


def test_what_cannot_be_given_back_is_refused(make_project, tmp_path, first_run):
    """An unknown dataset, a delivery without rejects and a folder that is absent are refused; nothing half-written stays."""
    found = project(make_project, HEADER + ROWS + BAD)
    first_run(found)
    with pytest.raises(RequestError, match="there is no dataset 'b'"):
        write_rejects(found, "b", tmp_path / "x.csv")
    with pytest.raises(RequestError, match="no rejected rows of delivery 7"):
        write_rejects(found, "a", tmp_path / "x.csv", delivery=7)
    with pytest.raises(DataError, match="cannot be written"):
        write_rejects(found, "a", tmp_path / "absent" / "x.csv")
    assert not list(tmp_path.glob(".*part"))


def test_an_agency_gets_its_own_rows_only(make_project, tmp_path):
    """An audience that is no owner of the dataset has no rejected rows of it to give back."""
    found = make_project(
        SOURCE.format(delivery="snapshot", form="csv", ending="csv"),
        {"a.csv": (HEADER + ROWS + BAD).encode("latin-1")},
        head='[audiences.centre]\n[audiences.other]\nsees = "all"\nagency = "B"\n[audiences.own]\nsees = "all"\nagency = "A"\n',
    )
    found.run()
    with pytest.raises(RequestError, match="holds no rejected rows"):
        write_rejects(found, "a", tmp_path / "x.csv", audience="other")
    assert write_rejects(found, "a", tmp_path / "x.csv", audience="own")["rows"] == 3
