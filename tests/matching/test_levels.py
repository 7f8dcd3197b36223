"""What the levels of the person comparisons say of literal pairs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linkage.matching.features import make_features, make_frequencies, rarity_columns
from linkage.matching.model import from_entity
from linkage.matching.patterns import PATTERN_BITS, level_name
from linkage.matching.score import score
from linkage.standardise import CANONICAL

PERSON = frozenset(column.name for column in CANONICAL["person"])
HOME = {"house_number": "7", "street": "elm st"}


def named(given, surname, **more):
    """Return a record of that name."""
    return {
        "given_name": given,
        "given_root": given,
        "surname": surname,
        "surname_code": surname and surname[0],
        **more,
    }


def born(date, **more):
    """Return a record of that birth date."""
    return {"surname": "quill", "surname_code": "q", "birth_date": date, "birth_year": int(date[:4]), **more}


CASES = [
    ("given_name", named("anna", "quill"), named("annabelle", "quill"), "different"),
    ("given_name", named("mark", "quill"), named("marsha", "quill"), "different"),
    ("given_name", named("katherine", "quill"), named("catherine", "quill"), "near"),
    ("given_name", named("aleksandr", "quill"), named("alyaksandr", "quill"), "similar"),
    ("given_name", named("alexander", "quill"), named("aleksandr", "quill"), "different"),
    ("given_name", named("robert", "quill", middle_name="james"), named("james", "quill"), "middle"),
    ("given_name", named("ann", "quill", **HOME), named("ann", "quill", **HOME), "household"),
    ("surname", named("ann", "meyer"), named("ann", "thomas", middle_name="meyer"), "former"),
    ("surname", named("ann", "quill", **HOME), named("bob", "quill", **HOME), "household"),
    # A slip in the family's name is a relative's as well as one's own.
    ("surname", named("ann", "quill", **HOME), named("bob", "quilll", **HOME), "household"),
    ("surname", named("ann", "quill", **HOME), named("ann", "quilll", **HOME), "near"),
    ("surname", named("ann", "quill", **HOME), named("bob", "quill"), "exact"),
    ("surname", named("ann", "vasilev"), named("ann", "vasileu"), "near"),
    ("middle_name", named("a", "b", middle_name="pavlovich"), named("a", "b", middle_name="paulavich"), "near"),
    ("middle_name", named("a", "b", middle_name="james"), named("a", "b", middle_name="john"), "different"),
    ("middle_name", named("a", "b", middle_name="james"), named("a", "b", middle_name="j"), "initial"),
    ("given_name", named("jc", "quill"), named("jean", "quill", middle_name="claude"), "initial"),
    ("given_name", named("jandaniel", "quill"), named("jan", "quill", middle_name="daniel"), "contained"),
    ("surname", named("umar", "patek"), named("umar", "anshori", middle_name="patek abdullah"), "contained"),
    ("surname", named("dost", "mohammad"), named("dost", "haqqani", middle_name="khan"), "different"),
    ("surname", named("shoigu", "sergey"), named("sergey", "shoigu"), "exchanged"),
    ("given_name", named("shoigu", "sergey"), named("sergey", "shoigu"), "unknown"),
    ("given_name", named("hopkinson", None), named("ann", "hopkinson"), "swapped"),
    ("surname", named(None, "ramimakhlouf"), named("rami", "makhlouf"), "joined"),
    ("middle_name", named("a", "b", middle_name="isa bin tarif"), named("a", "b", middle_name="bin tarif"), "part"),
    ("birth_date", born("1790-01-01"), born("1780-01-01"), "digit"),
    ("birth_date", born("1790-01-01"), born("1798-05-09"), "different"),
    ("birth_date", born("1970-05-09"), born("1970-05-08"), "near"),
    ("birth_date", born("1970-05-09"), born("1990-11-23"), "generation"),
    ("birth_date", born("1970-05-09", **HOME), born("1970-05-09", **HOME), "household"),
    ("address", {"postcode": "hg35bu"}, {"postcode": "hg35bu"}, "postcode"),
    ("address", {"postcode": "hg35bu"}, {"postcode": "hg25bu"}, "postcode_near"),
    ("address", {"postcode": "hg35bu"}, {"postcode": "hg35qz"}, "postcode_near"),
    ("address", {"postcode": "sy11nx"}, {"postcode": "ab243lq"}, "different"),
    ("address", {"postcode": "b152hb"}, {"postcode": "b156qe"}, "area"),
    (
        "ssn",
        {"ssn": "123456789", "ssn_last4": "6789", **HOME},
        {"ssn": "123456789", "ssn_last4": "6789", **HOME},
        "household",
    ),
    ("ssn", {"ssn": "123456789", "ssn_last4": "6789"}, {"ssn": "123456789", "ssn_last4": "6789"}, "exact"),
    ("phone", {"phones": ["2125550000"], **HOME}, {"phones": ["2125550000"], **HOME}, "household"),
    ("phone", {"phones": ["4812856234"]}, {"phones": ["+74812856234"]}, "shared"),
    ("phone", {"phones": ["+442079460000", "5550000"]}, {"phones": ["2079460000"], **HOME}, "shared"),
    ("phone", {"phones": ["4812856234"], **HOME}, {"phones": ["+74812856234"], **HOME}, "household"),
    ("phone", {"phones": ["2125550000"]}, {"phones": ["7185550000"]}, "tail"),
    ("phone", {"phones": ["5550000"]}, {"phones": ["2125550000"]}, "tail"),
    ("sex", named("ann", "quill", sex="f"), named("bob", "quill", sex="m"), "different"),
    ("sex", named("ann", "quill", sex="f"), named("eve", "quill", sex="f"), "exact"),
    ("sex", named("ann", "quill", sex="f"), named("ann", "quill", sex="f"), "unknown"),
    ("sex", {"sex": "f"}, named("ann", "quill", sex="f"), "exact"),
    ("suffix", named("ann", "quill", suffix="jr"), named("ann", "quill", suffix="sr"), "different"),
    ("suffix", named("ann", "quill", suffix="jr"), named("ann", "quill", suffix="jr"), "exact"),
    ("suffix", named("ann", "quill", suffix="jr"), named("ann", "quill"), "unknown"),
    ("suffix", named("ann", "quill", middle_name="i"), named("ann", "quill", suffix="ii"), "different"),
    ("suffix", named("ann", "quill", middle_name="i"), named("ann", "quill", suffix="jr"), "unknown"),
    ("suffix", named("ann", "quill", middle_name="i"), named("ann", "quill", middle_name="i", suffix="ii"), "unknown"),
    ("email", {"emails": ["ann@a.org"], **HOME}, {"emails": ["ann@a.org"], **HOME}, "household"),
    ("email", {"emails": ["ann@a.org"]}, {"emails": ["ann@a.org"]}, "shared"),
]


@pytest.mark.parametrize(("comparison", "one", "two", "level"), CASES)
def test_pairs_have_the_level_that_a_steward_expects(canonical, entities, comparison, one, two, level):
    """Each pair gets the named level, whichever record comes first."""
    made = from_entity(entities["person"], "test", PERSON)
    model = replace(made, totals=dict.fromkeys(rarity_columns(made), 1000))
    engine = canonical("person", [one, two])
    make_features(engine, model)
    make_frequencies(engine, model)
    place = next(place for place, entry in enumerate(model.comparisons) if entry.name == comparison)
    for a, b in ((0, 1), (1, 0)):
        engine.create_as("trial", "pair", f"SELECT {a} AS a, {b} AS b")
        score(engine, model, "trial.pair", "trial.edge", None)
        pattern = engine.value("SELECT pattern FROM trial.edge")
        assert level_name(model.comparisons[place], (pattern >> (PATTERN_BITS * place)) & 15) == level
