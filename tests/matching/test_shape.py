"""How data look to a model: counts that add up, and values that many records hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linkage.matching.model import from_entity
from linkage.matching.patterns import PATTERN_BITS
from linkage.matching.shape import (
    added,
    common_values,
    count_edges,
    count_records,
    counted_values,
    figures,
    shape,
    trained_shape,
)
from linkage.matching.train import train

COLUMNS = frozenset({"given_name", "surname", "phones", "birth_date", "ssn", "occupation"})
PEOPLE = [
    {"surname": "lee", "given_name": "ann", "phones": ["1", "2", "2"], "birth_date": "1900-01-01"},
    {"surname": "lee", "phones": ["1"], "birth_date": "1900-01-01"},
    {"surname": "ray", "phones": [], "ssn": "123"},
]


@pytest.fixture
def model(entities):
    """The person model of the shipped priors."""
    return from_entity(entities["person"], "test", COLUMNS)


def test_records_are_counted_with_what_they_fill(canonical, model):
    """A column is filled by a value, and by a list with an entry."""
    counts = count_records(canonical("person", PEOPLE), model, "canonical.person")
    filled = {name: number for name, number in counts["filled"].items() if number}
    assert counts["records"] == 3
    assert filled == {"birth_date": 2, "given_name": 1, "phones": 2, "ssn": 1, "surname": 3}


def test_edges_are_counted_by_band_and_level(canonical, model):
    """Pairs from the review threshold on are counted, those that match, and their level in each comparison."""
    engine = canonical("person", PEOPLE)
    match, review = (model.units(bits) for bits in (model.thresholds.match, model.thresholds.review))
    # In the first comparison different, unknown and different; all others unknown.
    rows = [(match, 1), (review, 0), (match - 1, 1), (review - 1, 1)]
    values = ", ".join(f"({weight}, CAST({pattern} AS BIGINT))" for weight, pattern in rows)
    engine.create_as("scoring", "edge", f"FROM (VALUES {values}) AS t (weight, pattern)")
    counts = count_edges(engine, model, "scoring.edge")
    assert (counts["edges"], counts["matches"]) == (3, 1)
    first, *others = model.comparisons
    assert {name: n for name, n in counts["levels"][first.name].items() if n} == {"unknown": 1, "different": 2}
    assert {counts["levels"][other.name]["unknown"] for other in others} == {3}
    assert all(sum(levels.values()) == 3 for levels in counts["levels"].values())
    assert len(model.comparisons) * PATTERN_BITS <= 64


def test_counts_of_parts_add_up(canonical, model):
    """Counts of two tables add up to those of both, and taking one off gives the other; shares are of the whole."""
    engine = canonical("person", PEOPLE)
    engine.create_as("scoring", "none", "SELECT 0 AS weight, CAST(0 AS BIGINT) AS pattern WHERE FALSE")
    edges = count_edges(engine, model, "scoring.none")
    one, two, both = (
        count_records(engine, model, f"(FROM canonical.person WHERE {test})") | edges
        for test in ("record = 0", "record > 0", "TRUE")
    )
    assert added(one, two) == both
    assert added(both, two, -1) == one
    assert figures(one) == figures(both)
    assert shape(both)["filled"]["phones"] == 0.666667
    assert shape(added(both, both, -1))["match"] == 0.0


def test_values_that_many_records_hold_are_counted_once_a_record(canonical, model):
    """A value that a record holds twice counts once; generic columns and those whose rarity is weighed are looked at, phones as a list alone."""
    engine = canonical("person", PEOPLE)
    found = common_values(engine, model, 2).to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("birth_date_key", "19000101", 2),
        ("phones", "1", 2),
        ("surname", "lee", 2),
    ]
    queries = counted_values(engine, model)
    assert "phone_key" not in queries
    assert {"emails", "identifiers", "given_name", "ssn"} <= set(queries)
    for query in queries.values():
        engine.rows(query)


def test_no_values_are_counted_where_none_can_be_generic(canonical, entities):
    """A model without generic columns and rarity has no common values."""
    model = replace(
        from_entity(entities["account"], "test", frozenset({"currency", "number"})), generic_columns=(), comparisons=()
    )
    assert common_values(canonical("account", [{"number": "1"}]), model, 1).num_rows == 0


def test_a_part_of_many_pairs_tells_the_shares(canonical, entities, monkeypatch):
    """Of more pairs than a sample only a part is scored, the same each time; the number of edges is then an estimate."""
    holders = [[f"holder {n}"] for n in range(30)]
    records = [
        {"number": f"{1000 + n}", "number_tail": f"{1000 + n}", "holders": holders[n]}
        for n in range(30)
        for _ in range(4)
    ]
    engine = canonical("account", records)
    made = train(engine, entities["account"], "test", learn=False)
    least = made.units(made.thresholds.review)
    whole = trained_shape(engine, made, least)
    monkeypatch.setattr("linkage.matching.shape.SAMPLE", 90)
    part = trained_shape(engine, made, least)
    assert whole["edges"] == 180
    assert part == trained_shape(engine, made, least)
    assert part["edges"] == pytest.approx(180, rel=0.4)
    assert (part["match"], part["levels"]["number"]["exact"]) == (whole["match"], whole["levels"]["number"]["exact"])
