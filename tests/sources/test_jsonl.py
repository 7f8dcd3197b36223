"""JSON lines: nested objects and lists become columns and lists of values, and every line is accounted for."""

from __future__ import annotations

import gzip
import json

import pytest

from linkage.errors import DataError
from linkage.stages.ingest import check_reconciliation, dataset_table, ingest
from linkage.stages.standardise import standardise

SOURCE = """
[sources.people]
agency = "A"
files = "people.jsonl{suffix}"
format = "jsonl"
delivery = "snapshot"
key = "{key}"
[sources.people.roles.subject]
entity = "person"
[sources.people.roles.subject.fields]
{fields}
"""
PLAIN = 'name = "name"'


def ingested(start_run, project):
    run = start_run(project)
    ingest(run)
    check_reconciliation(run.engine, ["people"])
    return run


def people(make_project, lines, *, fields=PLAIN, key="id", suffix=""):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n"
    data = gzip.compress(text.encode()) if suffix == ".gz" else text
    return make_project(SOURCE.format(fields=fields, key=key, suffix=suffix), {f"people.jsonl{suffix}": data})


def canonical(start_run, project, columns):
    run = ingested(start_run, project)
    standardise(run)
    return run.engine.rows(f"SELECT {columns} FROM canonical.person ORDER BY key")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_objects_become_rows(make_project, start_run, suffix):
    """Each object is a row, keys are columns in any order, numbers and booleans are text, null and absent are missing."""
    lines = [{"id": 1, "name": "Ann", "n": 1.5}, {"name": None, "id": "2", "n": True}, {"id": 3}]
    run = ingested(start_run, people(make_project, lines, suffix=suffix))
    assert run.engine.rows(f"SELECT id, name, n FROM {dataset_table('people')} ORDER BY id") == [
        ("1", "Ann", "1.5"),
        ("2", None, "true"),
        ("3", None, None),
    ]


def test_lines_that_are_no_objects_are_rejected_with_their_text(make_project, start_run):
    """Broken lines, other JSON values and twice-used keys are rejected with reason and text; blank lines are not rows."""
    lines = [{"id": 1}, "{broken", "", "[1]", '{"id": 2, "id": 3}', '{"id": 4, "name": "a,b"}', '{"name": "no key"}']
    run = ingested(start_run, people(make_project, lines))
    assert run.engine.rows("SELECT reason, raw FROM source.reject ORDER BY line") == [
        ("not valid JSON", "{broken"),
        ("not a JSON object", "[1]"),
        ("a key stands twice in the object", '{"id": 2, "id": 3}'),
        ("no key in id", '{"name": "no key"}'),
    ]
    assert run.engine.rows("SELECT rows_read, accepted, rejected FROM source.delivery") == [(6, 2, 4)]


def test_a_row_refused_after_reading_gives_its_own_line_back(make_project, start_run):
    """Rows of a duplicated key are rejected with the very text of their lines."""
    lines = ['{"id": 1, "name": "Ann"}', '{ "name": "Bob", "id": 1 }']
    run = ingested(start_run, people(make_project, lines))
    assert [raw for (raw,) in run.engine.rows("SELECT raw FROM source.reject ORDER BY line")] == lines


def test_nested_values_are_named_by_their_path(make_project, start_run):
    """An object inside an object is mapped by its path; entries of a list fill a list, or the first fills one value."""
    fields = """
    given_name = "who.first"
    surname = "who.last"
    phone = "phones"
    email = "mail.at"
    address = { columns = ["homes.street", "homes.city"], join = ", " }
    """
    lines = [
        {
            "id": 1,
            "who": {"first": "Ann", "last": "Lee"},
            "phones": ["202-555-0101", "202-555-0102"],
            "mail": [{"at": "a@x.org"}, {"note": "none"}, {"at": "b@x.org"}],
            "homes": [{"street": "1 Oak St"}, {"street": "2 Elm St", "city": "Reno"}],
        }
    ]
    found = canonical(
        start_run,
        people(make_project, lines, fields=fields),
        "given_name, surname, len(phones), list_sort(emails), address",
    )
    assert found[0][:4] == ("ann", "lee", 2, ["a@x.org", "b@x.org"])
    assert "elm" not in found[0][4]
    assert "reno" not in found[0][4]


def test_the_features_of_a_record_are_its_attributes(make_project, start_run):
    """Entries of FEATURES fill columns without prefix, the primary use first, and a use fills its own column if mapped."""
    fields = """
    surname = "NAME_LAST"
    given_name = "NAME_FIRST"
    other_name = "AKA_NAME_FULL"
    birth_date = { column = "DATE_OF_BIRTH", order = "mdy" }
    driver_licence = { column = "DRIVERS_LICENSE_NUMBER", issuer = "DRIVERS_LICENSE_STATE" }
    """
    lines = [
        {
            "DATA_SOURCE": "X",
            "RECORD_ID": "1",
            "FEATURES": [
                {"RECORD_TYPE": "PERSON"},
                {"NAME_TYPE": "AKA", "NAME_FULL": "Betty Lou Lee"},
                {"NAME_TYPE": "PRIMARY", "NAME_LAST": "Lee", "NAME_FIRST": "Elizabeth"},
                {"DATE_OF_DEATH": "1/1/2020"},
                {"DATE_OF_BIRTH": "12/11/1978"},
                {"DRIVERS_LICENSE_NUMBER": "112233", "DRIVERS_LICENSE_STATE": "NV"},
            ],
        }
    ]
    project = people(make_project, lines, fields=fields, key="RECORD_ID")
    found = canonical(start_run, project, "given_name, surname, other_names, CAST(birth_date AS VARCHAR), identifiers")
    assert found[0][:2] == ("elizabeth", "lee")
    assert found[0][3] == "1978-12-11"
    assert any("betty" in name for name in found[0][2])
    assert any("112233" in identifier for identifier in found[0][4])


def test_a_file_without_its_key_or_with_endless_keys_is_refused(make_project, start_run):
    """A file none of whose objects has the key, or whose objects have more keys than columns can be, is refused with the mend."""
    with pytest.raises(DataError, match="there is no column 'id'"):
        ingested(start_run, people(make_project, [{"name": "Ann"}]))
    with pytest.raises(DataError, match="different keys"):
        ingested(start_run, people(make_project, [{"id": 1, **{f"k{n}": n for n in range(1100)}}]))
