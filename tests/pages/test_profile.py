"""The page of a target profile: nothing unescaped, the network within its drawing, nothing that is not there."""

from __future__ import annotations

import re
from datetime import date

import pytest

from linkage.pages.profile import profile_page

from .test_chromium import HOSTILE, colours

DAY = date(2024, 1, 2)


def found(text="plain", near=6, far=9):
    """A profile with a text everywhere, so many identities one step away and so many two."""
    told = {"agencies": ["DEA"], "first_seen": DAY, "last_seen": DAY}
    firsts = [f"P-1{place}" for place in range(near)]
    seconds = [f"B-2{place}" for place in range(far)]
    node = {"name": text, "open_cases": [text]}
    overlap = {
        "subject": "person",
        "value": None,
        "strength": "possible",
        "weight": 3.5,
        "contacts": [text],
        "status": "new",
    }
    return {
        **told,
        "identity_id": "P-0",
        "entity_type": "person",
        "records": 2,
        "datasets": 1,
        "confidence": "high",
        "weakest_link": 12.0,
        "name": text,
        "golden": {"name": text, "ssn": text},
        "values": [{**told, "attribute": "name", "value": text, "records": 1, "record_names": [text] * 5}],
        "record_names": [{"record": text, "agency": "DEA", "ambiguous": True}],
        "cases": [{**told, "agency": "DEA", "case_number": text, "status": text, "is_open": True, "contacts": [text], "records": 1}],
        "overlaps": [{**told, **overlap}],
        "leads": [{"sentence": text, "shared": [text], "score": 40, "status": "new", "assignee": None}],
        "possible_matches": [{"identity_id": "P-9", "weight": 2.0, "reason": "review band"}],
        "ties": [
            {**told, "kind": "shared_phone", "basis": "derived", "value": text, "records": 2, "identity_id": one, "name": text, "entity_type": "person"}
            for one in firsts
        ],
        "nodes": [
            {**node, "identity_id": "P-0", "entity_type": "person", "step": 0},
            *({**node, "identity_id": one, "entity_type": "person", "step": 1} for one in firsts),
            *({**node, "identity_id": one, "entity_type": "business", "step": 2} for one in seconds),
        ],
        "edges": [
            *({"one": "P-0", "two": one, "kind": "shared_phone", "basis": "derived"} for one in firsts),
            *({"one": firsts[place % near], "two": one, "kind": "officer", "basis": "disclosed"} for place, one in enumerate(seconds)),
        ],
        "not_drawn": 3,
        "timeline": [{"date": DAY, "what": "name first seen", "told": text, "agencies": ["DEA"]}],
        "pointers": [{"agency": text, "call": text}],
        "for": "DEA",
        "audience": "dea",
        "release": 1,
        "purpose": text,
        "notice": "",
    }  # fmt: skip


def test_nothing_of_a_value_becomes_markup():
    """Whatever a record says is text on the page."""
    page = profile_page(found(HOSTILE))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_the_network_stays_in_its_drawing():
    """All nodes and the ends of their names lie within the drawing, whose description tells what is not drawn."""
    page = profile_page(found("A Very Long Name Of A Person Who Signs With All Of Them", near=24, far=48))
    _, _, width, height = map(float, re.search(r'viewBox="([^"]+)"', page)[1].split())
    places = [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)"', page)]
    assert len(places) == 25
    assert all(0 < x < width and 0 < y < height for x, y in places)
    assert "3 more are not drawn" in page
    assert page.count("<line") == 72


def test_who_is_tied_to_nobody_has_no_network():
    """Sections without content are left out."""
    alone = {
        **found(near=1, far=0),
        "ties": [],
        "nodes": [],
        "edges": [],
        "leads": [],
        "overlaps": [],
        "possible_matches": [],
    }
    page = profile_page(alone)
    assert "<svg" not in page
    assert all(title not in page for title in ("Associates", "Leads", "Overlaps", "May be the same"))
    assert "Unverified" in page


@pytest.mark.parametrize(("dark", "back"), [(False, "ffffff"), (True, "14181d")])
def test_the_page_is_drawn(chromium, tmp_path, dark, back):
    """In a browser the page has the reader's ground, and the nodes of the network their colours."""
    page = tmp_path / "profile.html"
    page.write_text(profile_page(found()), encoding="utf-8")
    picture = tmp_path / "profile.png"
    setting = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    chromium(f"--screenshot={picture}", "--window-size=1040,2600", setting, page.as_uri(), home=tmp_path / "home")
    seen = colours(picture)
    assert seen[bytes.fromhex(back)] > 0.4 * 1040 * 2600
    assert seen[bytes.fromhex("6cb2f0" if dark else "1f6fb4")] > 500
