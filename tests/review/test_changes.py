"""Tests of what changed between two releases."""

from __future__ import annotations

import pytest

from linkage.errors import RequestError
from linkage.review.changes import diff


def test_nothing_changed(moved):
    """Between two releases of the same data nothing is counted and no example is told."""
    found = diff(moved, 1, 2)
    counts = found.types["account"]
    assert {name for name, number in counts.items() if number} == {"identities_before", "identities_after"}
    assert set(found.examples.values()) == {()}


def test_counts_of_each_change(moved):
    """Identities are counted by what became of them, records by whether they came, left or moved."""
    assert diff(moved, 2, 3).types["account"] == {
        "created": 1,
        "merged": 1,
        "split": 1,
        "grew": 2,
        "shrank": 1,
        "changed": 0,
        "withdrawn": 1,
        "records_moved": 4,
        "records_new": 7,
        "records_withdrawn": 2,
        "identities_before": 6,
        "identities_after": 6,
    }


def test_examples_name_records_of_both_sides(moved, id_of):
    """An example of a merger tells which records were where, and where they are; the largest comes first."""
    found = diff(moved, 1, 3, examples=1)
    merged = found.examples["merged"][0]
    assert (merged["identity_id"], merged["records_before"], merged["records_after"]) == (id_of("A"), 3, 5)
    assert [(part["before"], part["after"], part["names"]) for part in merged["parts"]] == [
        (id_of("A", 1), id_of("A"), [f"bank/{key}#account" for key in "ABC"]),
        (id_of("D", 1), id_of("A"), [f"bank/{key}#account" for key in "DE"]),
    ]
    grew = found.examples["grew"]
    assert [(one["identity_id"], one["records_after"]) for one in grew] == [(id_of("L"), 7)]
    withdrawn = found.examples["withdrawn"][0]
    assert [(part["before"], part["after"]) for part in withdrawn["parts"]] == [(id_of("N", 1), None)]


def test_backwards_is_the_reverse(moved):
    """From the later release to the earlier, what was created is withdrawn and what merged is split."""
    forward, back = diff(moved, 1, 3).types["account"], diff(moved, 3, 1).types["account"]
    assert (back["withdrawn"], back["created"], back["split"], back["merged"]) == (
        forward["created"],
        forward["withdrawn"],
        forward["merged"],
        forward["split"],
    )


@pytest.mark.parametrize(
    ("first", "second", "told"), [(1, 9, "release 9 of centre is not on disk; these are: 1, 2, 3"), (2, 2, "name two")]
)
def test_what_cannot_be_compared_is_refused(moved, first, second, told):
    """A release that is not on disk is refused with those that are, and one release is not compared with itself."""
    with pytest.raises(RequestError, match=told):
        diff(moved, first, second)
