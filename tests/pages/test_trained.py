"""The page of a candidate model is true to its figures, and is a page like the others."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from linkage.pages import charts
from linkage.pages.contracts import LevelWeight, Placed, Resolved
from linkage.pages.trained import kept, trained, trained_page

from .conftest import candidate_page as page


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
        "identities": {
            "types": {
                "account": dict.fromkeys(("split", "grew", "records_moved"), 0)
                | {"identities_before": 10, "identities_after": 9, "merged": 1}
            },
            "examples": {"merged": [merged()], "split": []},
            "records": {"account": {"bank/a#account": {"number": "77", "holder": "Ann"}}},
        },
        "not_resolved": None,
        "judged_pairs": {
            "drawn": 0,
            "chosen": 2,
            "training_half": 3,
            "absent": 0,
            "approved": None,
            "candidate": {
                "stop": 3.0,
                "matches_told": 1,
                "matches_missed": 0,
                "non_matches_told": 0,
                "non_matches_refused": 1,
                "estimates": None,
                "reliability": [{"low": 10, "high": None, "pairs": 2, "stated": 0.999, "found": 0.5}],
            },
        },
        "rarity": [
            {
                "column": "holder",
                "holders": 40,
                "values_of_several": 7,
                "most_common": [{"value": "smith", "holders": 12, "share": 0.3}],
            }
        ],
        "blocking": {
            "approved": None,
            "candidate": [{"rule": "number", "keys": 9, "pairs": 1234, "largest_block": 3}],
        },
        "against_approved": {
            "weights": [{"comparison": "number", "level": "exact", "then": 0.5, "now": 1.0, "moved": 0.5}],
            "thresholds": {"match": {"then": 3.0, "now": 2.5}},
            "match_rate": {"then": 0.02, "now": 0.01},
            "rules": counts,
            "stop_keys": counts,
            "generic_values": counts,
        },
    }


def merged():
    """An example of a merger: five records, four of them in one part."""
    parts = [
        {"before": "A-1", "after": "A-1", "records": 4, "names": [f"bank/{key}#account" for key in "abcd"]},
        {"before": "A-2", "after": "A-1", "records": 1, "names": ["bank/x#account"]},
    ]
    return {"entity_type": "account", "identity_id": "A-1", "records_before": 4, "records_after": 5, "parts": parts}


def test_a_page_tells_what_would_merge():
    """Counts by type and each example stand with record, both identities and values; the page is unverified and tells its purpose."""
    made = trained(found(), purpose="audit")
    assert made.resolved == (Resolved("account", 10, 9, 1, 0, 0),)
    (example,) = made.examples
    assert (example.records, example.more, len(example.placed)) == (5, 1, 4)
    assert example.placed[0] == Placed("bank/a#account", "A-1", "A-1", "77; Ann")
    text = trained_page(made)
    assert "Unverified" in text
    for word in ("bank/x#account", "A-2", "77; Ann", "this identity", "1 more not shown", "audit"):
        assert word in text


def test_the_page_beside_the_model_names_no_record():
    """What is kept with the model tells the counts, not the examples and not who asked why."""
    text = trained_page(kept(trained(found(), purpose="audit")))
    assert "Examples are not kept here" in text
    assert "bank/a" not in text
    assert "audit" not in text
    assert "records moved" in text


def test_a_page_says_plainly_what_is_not_there():
    """No comparison, no judged pair, no drawn pair, no common value: each is said in a sentence."""
    judged = {"drawn": 0, "chosen": 0, "training_half": 4, "absent": 0, "approved": None, "candidate": None}
    bare = found() | {"identities": None, "not_resolved": "not asked for", "judged_pairs": judged, "rarity": []}
    text = trained_page(trained(bare))
    assert "Identities were not compared: not asked for." in text
    assert "No judged pair can measure a model of this type. 4 are of the half that trains" in text
    assert "No value is held by more than one entity" in text
    assert "cannot be estimated" in trained_page(trained(found()))
    assert "No identity would merge or split." in trained_page(replace(page(), examples=()))


def test_judged_pairs_rarity_and_blocking_are_shown():
    """Figures of both models, the bands of weight, common values with shares, and rules that only one model has."""
    text = trained_page(page())
    for word in ("below -2", "0 to below 2", "10 and more", "0.9000", "24.000%", "approved: pairs", "plain too"):
        assert word in text
    assert "1,234" in trained_page(trained(found()))


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
    assert made.count("</svg>") == 4


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
