"""Records from words of the command line, and from JSON."""

from __future__ import annotations

import io
import sys

import pytest

from linkage.errors import RequestError
from linkage.lookup.command import read_records, record_of, records_of


def test_words_become_a_record():
    """Attributes are told as options with dashes, with a space or an equals sign; told twice they are a list."""
    words = ["--given-name", "Ann", "--phone=1", "--phone", "2"]
    assert record_of(words) == {"given_name": ["Ann"], "phone": ["1", "2"]}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["Ann"], "'Ann' stands behind no attribute"),
        (["--given-name"], "--given-name has no value; write --given-name VALUE"),
    ],
)
def test_other_words_are_refused(words, told):
    """A word without an attribute and an attribute without a value are told."""
    with pytest.raises(RequestError, match=told):
        record_of(words)


def test_json_in_three_forms(tmp_path, monkeypatch):
    """One object, a list, and one object a line are read, from a file or from standard input."""
    for text, found in (
        ('{"a": 1}', [{"a": 1}]),
        ('[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\n\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
    ):
        (tmp_path / "asked.json").write_text(text, encoding="utf-8")
        assert read_records(str(tmp_path / "asked.json")) == found
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        assert read_records("-") == found


def test_what_is_no_json_is_refused(tmp_path):
    """A line that is no JSON, a file without a record, and one that is not there are told by name and line."""
    with pytest.raises(RequestError, match="here: line 2 is no JSON"):
        records_of('{"a": 1}\n{"b"', "here")
    with pytest.raises(RequestError, match="here holds no record"):
        records_of("[]", "here")
    with pytest.raises(RequestError, match=r"none\.json: cannot be read"):
        read_records(str(tmp_path / "none.json"))
