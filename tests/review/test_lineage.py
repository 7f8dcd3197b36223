"""Tests of what became of an id."""

from __future__ import annotations

import pytest

from linkage.errors import RequestError
from linkage.review.lineage import history, resolve_id


def test_an_id_in_use_answers_itself(moved, id_of):
    """An id of the last release resolves to itself, with its records."""
    found = resolve_id(moved, id_of("A"))
    assert (found["state"], found["divided"]) == ("in use", False)
    assert [(one["identity_id"], one["records"]) for one in found["identities"]] == [(id_of("A"), 5)]


def test_a_merged_id_leads_to_one(moved, id_of):
    """An id whose records were merged into another identity resolves to that one."""
    old = id_of("D", 1)
    assert old != id_of("D")
    found = resolve_id(moved, old)
    assert (found["state"], found["divided"]) == ("replaced", False)
    assert [(one["identity_id"], one["records"]) for one in found["identities"]] == [(id_of("A"), 2)]


def test_an_id_whose_records_are_gone_has_ended(moved, id_of):
    """An id none of whose records is left resolves to nothing, and is no unknown id."""
    found = resolve_id(moved, id_of("N", 1))
    assert (found["state"], found["identities"]) == ("ended", [])


@pytest.mark.parametrize("ask", [resolve_id, history])
def test_an_unknown_id_is_refused(moved, ask):
    """An id that no release knows is refused, and the refusal says where ids are listed."""
    with pytest.raises(RequestError, match=r"'A-nothing'.*published\.identity"):
        ask(moved, "A-nothing")


def test_history_tells_releases_and_events(moved, id_of):
    """The history of an id has the releases that hold it, and every event that names it, oldest first."""
    found = history(moved, id_of("D", 1))
    assert [(one["release"], one["records"]) for one in found["releases"]] == [(1, 2), (2, 2)]
    assert [(one["release"], one["event"], one["other_id"]) for one in found["events"]] == [
        (1, "created", None),
        (3, "merged", id_of("A")),
    ]
    survivor = history(moved, id_of("A"))
    assert [(one["release"], one["identity_id"], one["event"]) for one in survivor["events"]] == [
        (1, id_of("A"), "created"),
        (3, id_of("A"), "grew"),
        (3, id_of("D", 1), "merged"),
    ]


def test_a_split_is_in_the_history_of_both(moved, id_of):
    """What was split off tells where it came from, and the history of the id that it left names it."""
    stayed, left = sorted((id_of("H"), id_of("J")), key=lambda identity: identity != id_of("H", 1))
    assert stayed == id_of("H", 1)
    assert [(one["event"], one["other_id"]) for one in history(moved, left)["events"]] == [("split", stayed)]
    assert {one["identity_id"] for one in history(moved, stayed)["events"] if one["release"] == 3} == {stayed, left}
