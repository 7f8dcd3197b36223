"""Counting what values and words are worth: by the entities that hold them, nearly."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.config.entity import Entity, Training
from linkage.errors import ConfigError
from linkage.matching.features import make_features
from linkage.matching.model import FREQUENCY_SCHEMA, from_entity
from linkage.matching.rarity import (
    count_values,
    make_words,
    name_features,
    parts_of,
    word_columns,
    word_features,
)
from linkage.matching.settings import check_entity

COLUMNS = frozenset({"name_core", "name_tokens", "house_number", "street", "phones", "tax_id", "city"})


def counts(engine, model, training):
    """(column, value) → records counted of the values held more than once."""
    make_features(engine, model, ["house_number", "street", "tax_id"])
    found = count_values(engine, model, training)
    rows = found["frequencies"].to_pylist()
    return {(row["column"], row["value"]): row["records"] for row in rows}, found["totals"]


def business(name, house=None, **more):
    """A business record of a name and a house."""
    return {"name_core": name, "name_tokens": sorted(set(name.split())), "house_number": house, **more}


@pytest.fixture
def model(entities):
    """The business model of the shipped priors."""
    return from_entity(entities["business"], "test", COLUMNS)


def test_one_firm_is_one_holder(canonical, model, entities):
    """A firm with many records does not make its name common, though one record writes its house otherwise."""
    records = [business("kidz express", "12")] * 9 + [business("kidz express", "13")]
    found, _ = counts(canonical("business", records), model, entities["business"].training)
    assert ("name_core", "kidz express") not in found


def test_a_chain_is_many_holders(canonical, model, entities):
    """A name at many houses is as common as its houses; so are its words and its beginnings."""
    records = [business("panda express", str(house)) for house in range(8)] + [business("kidz bakery", "3")]
    found, totals = counts(canonical("business", records), model, entities["business"].training)
    assert found[("name_core", "panda express")] == 8
    assert found[("name_core_word", "express")] == 8
    assert found[("name_core_start", "panda")] == 8
    assert totals["name_core_words"] == 9


def test_holders_that_nothing_tells_apart(canonical, model, entities):
    """Where no record tells its house, street or firm, the holders are taken to be the root of the records."""
    records = [business("kidz express")] * 16
    found, _ = counts(canonical("business", records), model, entities["business"].training)
    assert found[("name_core", "kidz express")] == 4


def test_the_view_that_tells_most(canonical, model):
    """Of several views the one that tells most holders apart counts."""
    training = Training(counted_by={"name_core": (("house_number",), ("tax_id",))})
    records = [business("kidz express", "12", tax_id=f"12345678{digit}") for digit in range(5)]
    assert counts(canonical("business", records), model, training)[0][("name_core", "kidz express")] == 5


def test_words(canonical, model):
    """A word adds what the words before it do not tell; a number is telling; a word of the own city adds nothing."""
    engine = canonical("business", [business("kidz express 2 kidz reno", city="reno")])
    make_features(engine, model)
    make_words(engine, replace(model, totals={"name_core_words": 1_000_000}))
    words = engine.rows("SELECT unnest(name_core_words, recursive := true) FROM feature.business")
    told = {word: (own, alone, adds) for word, _, own, alone, adds in words}
    assert list(told) == ["kidz", "express", "2", "reno"]
    assert set(told["kidz"]) == {round(16 * 20.931568569)}
    assert [told[word][2] for word in ("express", "2", "reno")] == [0, 0, 0]
    assert told["express"][1] > told["reno"][1] == 0
    assert engine.value("SELECT name_core_joined FROM feature.business") == "kidzexpress2kidzreno"


def test_words_made_twice(canonical, model):
    """Making the words again, as training does, changes nothing."""
    engine = canonical("business", [business("kidz express"), business("panda bakery")])
    make_features(engine, model)
    make_words(engine, model)
    first = engine.rows("FROM feature.business")
    make_words(engine, model)
    assert engine.rows("FROM feature.business") == first
    assert word_columns(model) == ["name_core"]
    assert word_features(model) == ["name_core_joined", "name_core_words"]


def test_an_unknown_column_to_count_by(entities, tmp_path):
    """A column that does not exist cannot tell holders apart: the settings are refused with the ones that can."""
    told = entities["business"].model_dump()
    told["training"]["counted_by"] = {"name_core": [["house"]]}
    with pytest.raises(ConfigError, match=r"training\.counted_by: there is no column 'house'"):
        check_entity(Entity.model_validate(told), tmp_path / "business.toml")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    words=st.lists(
        st.sampled_from(["kidz", "express", "2", "iii", "cntr", "reno", "of", "9b", "élan"]), min_size=1, max_size=9
    ),
    city=st.sampled_from([None, "reno", "express"]),
    street=st.sampled_from([None, "kidz av"]),
    held=st.integers(min_value=0, max_value=1000),
    total=st.integers(min_value=0, max_value=10**7),
)
def test_one_name_has_the_words_that_a_table_gives_it(canonical, model, words, city, street, held, total):
    """The words and the share of a single name are those that the statements make of a table with the name, to the last bit."""
    name = " ".join(words)
    counted = {
        part: 2 + held * place % 977
        for place, part in enumerate(sorted(parts_of("name_core", name)))
        if place % 3 and held
    }
    rows = [(*part, count) for part, count in sorted(counted.items())]
    frequencies = pa.Table.from_pylist(
        [dict(zip(FREQUENCY_SCHEMA.names, row, strict=True)) for row in rows], FREQUENCY_SCHEMA
    )
    engine = canonical("business", [business(name, "1", street=street, city=city)])
    make_features(engine, model)
    make_words(engine, replace(model, totals={"name_core_words": total}, frequencies=frequencies))
    made, share = name_features("name_core", name, (street, city), counted, total)
    assert engine.value("SELECT name_core_words FROM feature.business") == made
    assert engine.value("SELECT share FROM feature.share_business_name_core") == share
    assert engine.value("SELECT name_core_joined FROM feature.business") == name.replace(" ", "")
