"""The page of a candidate model is true to its figures, and is a page like the others."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from linkage.pages import charts
from linkage.pages.contracts import LevelWeight, Trained
from linkage.pages.trained import trained, trained_page


def page(text="plain"):
    """A page whose every text is the given one."""
    levels = (
        LevelWeight(text, text, text, 0.5, 0.25, 1.0, 0.75),
        LevelWeight(text, text, text, 0.1, 0.4, -2.0, -1.5),
        LevelWeight(text, text, text, 0.5, 0.5, 0.0, None),
        LevelWeight(text, text, text, 0.5, 0.5, 0.0, 0.001),
    )
    return Trained(text, text, f"{text} before", 3, 1000, 50, 0.01, text, (text,), levels, ((text, text, text),))


def found():
    """What training returns, in short."""
    weights = [{"comparison": "number", "level": "exact", "words": "the same", "m": 0.5, "u": 0.25, "bits": 1.0}]
    counts = {"then": 1200, "now": 1201, "added": 2, "removed": 1}
    return {
        "entity_type": "account",
        "model": "b",
        "approved": "a",
        "run": 2,
        "records": 10,
        "candidate_pairs": 5,
        "match_rate": 0.01,
        "set_back_to_priors": ["number"],
        "labels": {"matches": 3, "non_matches": 1},
        "weights": weights,
        "against_approved": {
            "weights": [{"comparison": "number", "level": "exact", "then": 0.5, "now": 1.0, "moved": 0.5}],
            "thresholds": {"match": {"then": 3.0, "now": 2.5}},
            "match_rate": {"then": 0.02, "now": 0.01},
            "rules": counts,
            "stop_keys": counts,
            "generic_values": counts,
        },
    }


def test_a_page_holds_what_training_found():
    """Each level has its m, u, bits and how far it moved; thresholds, match rate and counts stand then and now."""
    made = trained(found())
    assert made.levels == (LevelWeight("number", "exact", "the same", 0.5, 0.25, 1.0, 0.5),)
    assert made.labels == "3 matches, 1 non-matches"
    assert made.changes[:2] == (("threshold match", "3", "2.5"), ("match rate", "0.02", "0.01"))
    assert ("stop keys", "1,200", "1,201 (2 added, 1 removed)") in made.changes
    text = trained_page(made)
    assert all(word in text for word in ("+0.50", "number: exact", "1,201 (2 added, 1 removed)"))


def test_without_an_approved_model_there_is_nothing_to_compare():
    """A first model, and one that is the approved model again, say so instead of drawing nothing."""
    first = trained(found() | {"approved": None, "against_approved": None, "labels": None})
    assert first.labels == "none"
    for one in (first, replace(page(), approved=page().model)):
        assert "There is nothing to compare it with." in trained_page(one)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "</svg></title>", "a\u202eb", "W" * 5000])
def test_hostile_words_stay_text(text):
    """Words of a model are escaped like any value, and long ones are cut."""
    made = trained_page(page(text))
    assert "<script" not in made
    assert "\u202e" not in made
    assert made.count("</svg>") == 2


def test_what_hardly_moved_is_not_drawn():
    """Of the weights that moved only those of a hundredth of a bit and more are listed, the largest first; new levels are named."""
    made = trained_page(page())
    moved = made[made.index("How far each weight moved") :]
    assert moved.index("-1.50") < moved.index("+0.75")
    assert "Levels that the approved model does not have: plain: plain." in made


def test_bars_stay_inside_the_drawing():
    """Bars begin at zero and end inside the frame, however one-sided the weights are."""
    for bits in ((5.0, 3.0), (-5.0, -3.0), (40.0, -40.0), (0.0,), ()):
        items = [(f"level {place}", one) for place, one in enumerate(bits)]
        svg = ET.fromstring(charts.signed("x", "X", items, unit="bits")).find("svg")  # noqa: S314  # our own markup
        zeros = [float(line.get("x1")) for line in svg.iter("line") if line.get("class") == "zero"]
        assert len(zeros) == 1
        for rect in svg.iter("rect"):
            start, end = float(rect.get("x")), float(rect.get("x")) + float(rect.get("width"))
            assert 0 <= start <= end <= charts.WIDTH
            assert min(abs(start - zeros[0]), abs(end - zeros[0])) < 0.2
