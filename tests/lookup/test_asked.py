"""What is asked becomes a row of the standardisers, or one sentence of refusal."""

from __future__ import annotations

import pytest

from linkage.errors import RequestError
from linkage.lookup.asked import attributes, mapped_rows, mapped_schema
from linkage.standardise import MAPPED


@pytest.mark.parametrize("kind", ["person", "business", "account"])
def test_all_mapped_attributes_can_be_asked(kind):
    """A lookup takes what sources map, but for what belongs to the delivery: dataset, key, role, agency and dates of the record."""
    given = {"dataset", "key", "role", "agency", "seen_on", "seen_order"}
    assert set(attributes(kind)) == {column.name for column in MAPPED[kind]} - given
    assert mapped_schema(kind).names == [column.name for column in MAPPED[kind]]


def test_values_are_trimmed_and_listed():
    """Texts are trimmed, empty ones left out, one value of a list attribute is a list, and the key is the place."""
    rows = mapped_rows(
        "person",
        [
            {"surname": " Lee ", "phone": " 202 ", "ssn": 123, "email": ["", None, "a@b.org"], "sex": ""},
            {"surname": "B"},
        ],
    )
    assert rows[0] == {
        "dataset": "lookup", "key": "0", "role": "person", "agency": "", "date_order": "auto", "seen_order": "auto", "country_default": "us",
        "surname": "Lee", "phone": ["202"], "ssn": "123", "email": ["a@b.org"],
    }  # fmt: skip
    assert rows[1]["key"] == "1"


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ("Lee", "record 1 of the lookup is no object"),
        ({"last": "Lee"}, "names 'last', which no person has; use: name, given_name"),
        ({"surname": ["Lee", "Li"]}, "gives 2 values of surname, which takes one"),
        ({"surname": {"a": 1}}, "gives surname a value that is no text"),
        ({"surname": True}, "gives surname a value that is no text"),
        ({"surname": " ", "country_default": "us"}, "says nothing; fill one of: name, given_name"),
    ],
)
def test_what_cannot_be_read_is_refused(record, told):
    """The message names the record, the attribute, and what may stand there."""
    with pytest.raises(RequestError, match=told):
        mapped_rows("person", [record])
