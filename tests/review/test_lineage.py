"""Tests of what became of an id."""

from __future__ import annotations

import shutil

import pytest

import linkage
from linkage.errors import RequestError
from linkage.review.lineage import history, record_history, resolve_id
from linkage.upkeep import prune_project


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


def test_the_history_of_a_record_tells_every_identity_that_held_it(moved, id_of):
    """A record's moves tell from which identity it went to which, and in which release; an unknown record is refused."""
    found = record_history(moved, "bank/D")
    assert [(one["release"], one["from_identity"], one["to_identity"]) for one in found["moves"]] == [
        (1, None, id_of("D", 1)),
        (3, id_of("D", 1), id_of("A")),
    ]
    assert record_history(moved, "bank/D#account")["moves"] == found["moves"]
    with pytest.raises(RequestError, match=r"'bank/nothing'.*DATASET/KEY"):
        record_history(moved, "bank/nothing")


def test_history_outlives_the_releases(moved, id_of, tmp_path):
    """Events of releases that are pruned are told all the same: the feed keeps them."""
    old = id_of("D", 1)
    before = history(moved, old)["events"]
    folder = tmp_path / "pruned"
    shutil.copytree(moved.loaded.folder, folder)
    pruned = linkage.open(folder / "project.toml")
    prune_project(pruned.loaded, 1)
    assert [one["release"] for one in history(pruned, old)["releases"]] == []
    assert history(pruned, old)["events"] == before


def test_a_split_is_in_the_history_of_both(moved, id_of):
    """What was split off tells where it came from, and the history of the id that it left names it."""
    stayed, left = sorted((id_of("H"), id_of("J")), key=lambda identity: identity != id_of("H", 1))
    assert stayed == id_of("H", 1)
    assert [(one["event"], one["other_id"]) for one in history(moved, left)["events"]] == [("split", stayed)]
    assert {one["identity_id"] for one in history(moved, stayed)["events"] if one["release"] == 3} == {stayed, left}
