"""Names, premises and phones of organisations: hand-written pairs and the levels they reach."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from linkage.matching.comparisons import levels_of
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.model import FREQUENCY_SCHEMA, from_entity
from linkage.matching.patterns import PATTERN_BITS, level_name
from linkage.matching.score import score
from linkage.standardise import CANONICAL

COMMON = {"center": 2000, "services": 1500, "company": 1200, "of": 1500, "school": 900, "and": 2000}
STARTS = {"erie neighborhood house": 40, "erie neighborhood": 40, "erie": 40, "erie neighborhood house fcch": 38}


@pytest.fixture
def model(entities):
    """The business model of the shipped priors, with how common some words and one agency's name are."""
    made = from_entity(entities["business"], "test", frozenset(column.name for column in CANONICAL["business"]))
    words = {**COMMON, "erie": 40, "neighborhood": 60, "house": 300, "fcch": 50}
    rows = [("name_core_word", word, records) for word, records in sorted(words.items())]
    rows += [("name_core_start", start, records) for start, records in sorted({**COMMON, **STARTS}.items())]
    counted = {"column": [r[0] for r in rows], "value": [r[1] for r in rows], "records": [r[2] for r in rows]}
    return replace(
        made,
        totals={"name_core_words": 10_000, "name_core": 10_000, "phone_key": 10_000, "address_key": 10_000},
        frequencies=pa.Table.from_pydict(counted, schema=FREQUENCY_SCHEMA),
    )


def record(name=None, **columns):
    """A business record with its words."""
    return {"name_core": name, "name_tokens": sorted(set(name.split())) if name else None, **columns}


def told(engine, model):
    """Comparison → level and weight of the pair of the two records of `engine`; unknown ones left out."""
    make_features(engine, model)
    make_frequencies(engine, model)
    engine.create_as("trial", "pair", "SELECT 0 AS a, 1 AS b")
    score(engine, model, "trial.pair", "trial.edge", None)
    weight, pattern = engine.rows("SELECT weight, pattern FROM trial.edge")[0]
    codes = [(pattern >> (PATTERN_BITS * place)) & 15 for place in range(len(model.comparisons))]
    levels = {c.name: level_name(c, code) for c, code in zip(model.comparisons, codes, strict=True) if code}
    return levels, weight


NAMES = [
    ("exact", "kidz express", "kidz express"),
    ("order", "lincoln abraham center", "abraham lincoln center"),
    ("order", "day care kidz", "daycare kidz"),
    ("near", "northwell health center", "morthwell heaith center"),
    ("near", "alvarado landscaping", "alvarado lndscp"),
    ("near", "alvarado machine works", "alvarado machinery wks"),
    ("near", "kidz express", "kidz express center"),
    ("part", "mason", "public schools mason roswell"),
    ("part", "little tykes", "little tykes ii"),
    ("some", "erie neighborhood house fcch vega", "erie neighborhood house fcch bautista"),
    ("rare", "quillfeather bakery", "quillfeather towing"),
    ("rare", "quillfeather tykes i", "quillfeather tykes ii"),
    ("rare", "acme tykes", "quillfeather tykes"),
    ("common", "center of services", "services school"),
    ("different", "kidz express", "panda bakery"),
]


@pytest.mark.parametrize(("level", "one", "two"), NAMES, ids=[f"{one} / {two}" for _, one, two in NAMES])
def test_name_levels(canonical, model, level, one, two):
    """Names reach the level that the rarity of what they share and of what they miss gives them."""
    assert told(canonical("business", [record(one), record(two)]), model)[0] == {"name": level}


def test_names_at_one_house(canonical, model):
    """Words in common, also common ones alone, do not vouch for tenants of one house that have telling words of their own."""
    here = {"house_number": "12", "street": "main st"}
    for one, two in (("quillfeather bakery", "quillfeather towing"), ("center of services", "services school")):
        records = [record(one, **here), record(two, **here)]
        assert told(canonical("business", records), model)[0] == {"name": "affiliate", "address": "exact"}


def test_words_of_the_own_city(canonical, model):
    """A name shared only in the words of its city is no more than common."""
    records = [record("san mateo bakery", city="san mateo"), record("san mateo towing", city="san mateo")]
    assert told(canonical("business", records), model)[0]["name"] == "common"


def test_rarity_of_the_shorter_name(canonical, model):
    """A name that many names begin with is worth less inside another than a rare one."""
    common = [record("erie neighborhood house"), record("erie neighborhood house fcch vega")]
    rare = [record("quillfeather neighborhood house"), record("quillfeather neighborhood house fcch vega")]
    (common_levels, common_weight), (rare_levels, rare_weight) = (
        told(canonical("business", records), model) for records in (common, rare)
    )
    assert common_levels == rare_levels == {"name": "part"}
    assert rare_weight > common_weight + 3 * 1024


PLACES = [
    ("exact", {"house_number": "12", "street": "main st"}, {"house_number": "12", "street": "main st"}),
    ("near", {"house_number": "12", "street": "w pierce"}, {"house_number": "12", "street": "w pierce ave"}),
    ("house", {"house_number": "1136", "street": "birch rd"}, {"house_number": "1163", "street": "birch rd"}),
    ("open", {"street": "barge road"}, {"street": "barge roadd", "house_number": "7"}),
    ("number", {"house_number": "12", "street": "main st"}, {"house_number": "12"}),
    ("street", {"house_number": "12", "street": "main st"}, {"house_number": "97", "street": "main st"}),
    ("postcode", {"street": "main st", "postcode": "60609"}, {"street": "elm rd", "postcode": "60609"}),
    ("place", {"street": "main st", "city": "reno"}, {"city": "reno"}),
    ("city", {"street": "main st", "city": "reno"}, {"street": "elm rd", "city": "reno"}),
    (
        "different",
        {"house_number": "12", "street": "main st", "city": "reno"},
        {"house_number": "12", "street": "elm rd", "city": "mesa"},
    ),
]


@pytest.mark.parametrize(("level", "one", "two"), PLACES, ids=[level for level, _, _ in PLACES])
def test_premises_levels(canonical, model, level, one, two):
    """Addresses reach the level of what both sides tell; what one leaves out counts neither way."""
    assert told(canonical("business", [record(**one), record(**two)]), model)[0] == {"address": level}


NUMBERS = [
    ("exact", "663116842", "663116842"),
    ("near", "663116842", "663116824"),
    ("slips", "663116042", "663716842"),
    ("different", "663116842", "990415237"),
]


@pytest.mark.parametrize(("level", "one", "two"), NUMBERS, ids=[level for level, _, _ in NUMBERS])
def test_tax_number_levels(canonical, model, level, one, two):
    """A slip on either side leaves two tax numbers near each other; only numbers further apart are different."""
    assert told(canonical("business", [record(tax_id=one), record(tax_id=two)]), model)[0] == {"tax_id": level}


def test_a_phone_at_one_house(canonical, model):
    """A phone shared at one house tells less than one shared at two, as the firms of an office have it in common."""
    here, there = {"house_number": "12", "street": "main st"}, {"house_number": "90", "street": "elm rd"}
    phone = {"phones": ["3125550142"]}
    office, _ = told(canonical("business", [record(**here, **phone), record(**here, **phone)]), model)
    apart, _ = told(canonical("business", [record(**here, **phone), record(**there, **phone)]), model)
    assert (office["phone"], apart["phone"]) == ("office", "shared")
    chances = model.chances["phone"]
    assert chances["office"].m / chances["office"].u < chances["shared"].m / chances["shared"].u


def test_a_switchboard(canonical, model):
    """A phone of many houses weighs less than a phone of one."""
    here, there = {"house_number": "12", "street": "main st"}, {"house_number": "90", "street": "elm rd"}
    records = [record(**place, phones=["3125550142"]) for place in (here, there)]
    counted = {"column": ["phone_key"], "value": ["3125550142"], "records": [30]}
    known = replace(model, frequencies=pa.Table.from_pydict(counted, schema=FREQUENCY_SCHEMA))
    unknown = replace(model, frequencies=FREQUENCY_SCHEMA.empty_table())
    assert told(canonical("business", records), known)[1] < told(canonical("business", records), unknown)[1] - 3 * 1024


def test_order_of_a_pair(canonical, model):
    """Which record is the left one changes neither level nor weight."""
    for _, one, two in NAMES:
        there = told(canonical("business", [record(one), record(two)]), model)
        assert told(canonical("business", [record(two), record(one)]), model) == there


def test_a_pair_alone(canonical, model):
    """Other records in the data change nothing about a pair."""
    pair = [record("quillfeather bakery", city="reno"), record("quillfeather bakery reno")]
    more = [*pair, record("quillfeather bakery", city="mesa"), record("reno bakery", city="reno")]
    assert told(canonical("business", pair), model) == told(canonical("business", more), model)


def test_levels_have_room(model):
    """No comparison has more levels than a pattern's four bits can tell apart."""
    assert all(len(levels_of(comparison)) <= 1 << PATTERN_BITS for comparison in model.comparisons)
