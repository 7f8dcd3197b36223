"""The commands overlaps, deconflict, leads and profile: words, JSON, pages, refusals."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def subject(demo):
    """A person in open cases of several agencies, with a birth date: id and golden values."""
    with demo.project.release() as release:
        return release.arrow(
            "SELECT person.* FROM published.person JOIN published.deconfliction_overlap ON identities = [identity_id] "
            "WHERE birth_date IS NOT NULL AND ssn IS NOT NULL ORDER BY len(agencies) DESC, identity_id LIMIT 1"
        ).to_pylist()[0]


def test_lists_are_told_in_words_and_json(demo, linkage_):
    """Overlaps and leads are listed with what to do and the notice; --json gives the documented keys."""
    code, out, _ = linkage_("overlaps", demo.folder, "--limit", 2)
    assert (code, "call " in out, "Unverified" in out) == (0, True, True)
    found = json.loads(linkage_("overlaps", demo.folder, "--limit", 2, "--json")[1])
    assert len(found["overlaps"]) == 2
    assert set(found["counts"]) == {"new", "notified", "acknowledged", "closed"}
    code, out, _ = linkage_("leads", demo.folder, "--limit", 2)
    assert (code, out.count("unverified")) == (0, 2)
    found = json.loads(linkage_("leads", demo.folder, "--rule", "one_ssn", "--json")[1])
    assert {lead["rule"] for lead in found["leads"]} == {"one_ssn"}


def test_a_subject_is_asked_about(demo, linkage_, subject):
    """Attributes, a telephone number or an address name a subject; attributes and address find who has an open case on the person."""
    words = ("--given-name", subject["given_name"], "--surname", subject["surname"], "--ssn", subject["ssn"])
    born = ("--birth-date", str(subject["birth_date"]))
    code, out, error = linkage_("deconflict", demo.folder, "--person", *words, *born, "--agency", "DEA", "--json")
    assert (code, error) == (0, "")
    hit = json.loads(out)["hits"][0]
    assert (hit["strength"], hit["entity_type"]) == ("certain", "person")
    assert hit["others"]
    code, out, _ = linkage_("deconflict", demo.folder, "--person", *words, *born, "--agency", "DEA")
    assert "call" in out
    code, out, _ = linkage_("deconflict", demo.folder, "--phone", "+44 20 7946 0018", "--agency", "DEA")
    assert (code, "No open case" in out) == (0, True)
    words = ("--address", subject["address"], "--country-default", "us")
    code, out, _ = linkage_("deconflict", demo.folder, *words, "--agency", "DEA", "--json")
    assert (code, [hit["entity_type"] for hit in json.loads(out)["hits"] if hit["others"]]) == (0, ["person"])


def test_the_page_of_a_profile(demo, linkage_, subject, tmp_path):
    """--html writes the profile as a page with its network; the words tell the same person."""
    page = tmp_path / "profile.html"
    code, out, _ = linkage_("profile", demo.folder, subject["identity_id"], "--for", "centre", "--html", page)
    assert (code, "page written" in out) == (0, True)
    text = page.read_text(encoding="utf-8")
    assert subject["identity_id"] in text
    assert "<svg" in text or "Associates" not in text
    code, out, _ = linkage_("profile", demo.folder, subject["identity_id"], "--for", "centre")
    assert (code, subject["ssn"] in out) == (0, True)


def test_refusals(demo, linkage_):
    """Several changes, no subject, a lead without somebody to look at it, and an unknown agency are one sentence each."""
    for words, told in (
        (("overlaps", demo.folder, "--close", "O-1", "--reopen", "O-2"), "one change at a time"),
        (("deconflict", demo.folder, "--agency", "DEA"), "name one subject"),
        (("leads", demo.folder, "--assign", "L-1", "--why", "x"), "--to WHO"),
        (("leads", demo.folder, "--close", "L-1", "--why", "x"), "no lead 'L-1'"),
        (("profile", demo.folder, "P-1", "--for", "NSA"), "no agency 'NSA'"),
    ):
        code, _, error = linkage_(*words)
        assert (code != 0, told in error, error.count("\n")) == (True, True, 1)
