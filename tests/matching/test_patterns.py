"""Levels and weights of pairs as they are found in bulk are those that Splink's own statement gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.config.entity import BITS
from linkage.engine.duckdb import Engine
from linkage.matching import train as training
from linkage.matching.comparisons import KINDS, columns_of, levels_of
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.levels import one_off
from linkage.matching.model import load
from linkage.matching.patterns import level_query, pattern_sql
from linkage.matching.prediction import predicted
from linkage.matching.score import score
from linkage.store.workspace import Workspace

KINDS_OF_ENTITY = ("account", "business", "person")
NAMES = st.one_of(
    st.text("abé", max_size=7),
    st.text("aaabcd12", min_size=3, max_size=12),
    st.text("жи", min_size=1, max_size=6),
)


@pytest.fixture(scope="module")
def engine(demo):
    """The demo's canonical records and candidate pairs of each type, with many pairs that meet by chance."""
    with Engine() as made:
        with made.attached(Workspace(demo.project.loaded.workspace).base(1), "base"):
            for kind in KINDS_OF_ENTITY:
                made.create_as("canonical", kind, f"FROM base.canonical.{kind}")
                made.create_as("trial", f"edge_{kind}", f"FROM base.scoring.edge_{kind}")
        for kind in KINDS_OF_ENTITY:
            made.create_as(
                "trial",
                kind,
                f"""
                SELECT a, b FROM trial.edge_{kind} UNION
                SELECT one.record, two.record FROM canonical.{kind} AS one JOIN canonical.{kind} AS two
                ON one.record < two.record AND hash(one.record, two.record) % $part = 0
                """,
                {"part": {"account": 15, "business": 4, "person": 400}[kind]},
            )
        yield made


def approved(demo, kind):
    return load(Workspace(demo.project.loaded.workspace).models, kind, demo.report["types"][kind]["model"])


@pytest.mark.parametrize("kind", KINDS_OF_ENTITY)
def test_scores_are_those_of_splink(engine, demo, kind):
    """Weight and pattern of thousands of pairs equal those of Splink's statement; a threshold leaves out those below alone."""
    model = approved(demo, kind)
    make_features(engine, model)
    make_frequencies(engine, model)
    query = f"SELECT 'pair' AS match_key, a AS join_key_l, b AS join_key_r FROM trial.{kind}"
    with predicted(engine, model, query, {}, None) as found:
        splink = sorted(
            engine.rows(
                f"SELECT unique_id_l, unique_id_r, CAST(round(match_weight * {BITS}) AS INTEGER), {pattern_sql(model)} FROM {found}"
            )
        )
    assert len(splink) > 1500
    score(engine, model, f"trial.{kind}", "trial.scored", None)
    assert sorted(engine.rows("FROM trial.scored")) == splink
    for bits in (-8, 0, 12):
        score(engine, model, f"trial.{kind}", "trial.scored", bits * BITS)
        assert sorted(engine.rows("FROM trial.scored")) == [row for row in splink if row[2] >= bits * BITS]


def test_pairs_out_of_reach_are_left_out_before_costly_levels(engine, demo):
    """Where a threshold is given, most pairs that cannot reach it never come to the costly levels."""
    model = approved(demo, "business")
    make_features(engine, model)
    make_frequencies(engine, model)
    pairs = "SELECT 'pair' AS match_key, a, b FROM trial.business"
    every, near = (engine.value(f"SELECT count(*) FROM ({level_query(model, pairs, bits)})") for bits in (None, 12.0))
    assert near < every / 2


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.once])
def test_costly_parts_stand_in_the_tests_that_they_are_taken_from(entities, name):
    """Each costly part of a kind is found word for word in a test of one of its levels, so that it is computed once."""
    comparison = next(one for entity in entities.values() for one in entity.comparisons if one.kind == name)
    tests = [level.test for level in levels_of(comparison)]
    for part in KINDS[name].once(columns_of(comparison)):
        assert any(part.sql in test for test in tests)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=40))
def test_one_slip_is_one_edit(pairs):
    """What is tested before counting the edits never decides otherwise than the count, whatever the letters."""
    slipped = [(one, one[:place] + one[place + 1 :]) for one, _ in pairs for place in range(len(one))]
    slipped += [
        (one, one[:p] + one[p + 1 : p + 2] + one[p : p + 1] + one[p + 2 :]) for one, _ in pairs for p in range(len(one))
    ]
    with Engine() as made:
        values = {"l": [one for one, _ in [*pairs, *slipped]], "r": [two for _, two in [*pairs, *slipped]]}
        wrong = made.rows(
            f"""
            SELECT x.l, x.r FROM (SELECT unnest($l) AS l, unnest($r) AS r) AS x
            WHERE coalesce({one_off("x.l", "x.r")}, FALSE) <> (damerau_levenshtein(x.l, x.r) <= 1)
            """,
            values,
        )
    assert wrong == []


def test_frequencies_of_many_values_weigh_as_all_would(engine, demo, entities, monkeypatch):
    """Where a column has many values a model keeps the common ones only, and every value is as rare as with all of them."""
    monkeypatch.setattr(training, "LEAST_FREQUENCY", 2e-3)
    monkeypatch.setattr("linkage.matching.features.LEAST_FREQUENCY", 2e-3)
    for schema in ("feature", "training", "blocking", "scoring"):
        engine.make_schema(schema)

    def shares(many):
        monkeypatch.setattr(training, "MANY_VALUES", many)
        model = training.train(engine, entities["person"], "test", learn=False)
        return model.frequencies.num_rows, sorted(engine.rows("FROM feature.frequency_person_surname"))

    (all_kept, every), (few_kept, few) = shares(10**9), shares(100)
    assert every == few
    assert few_kept < all_kept
