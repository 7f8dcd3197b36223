"""The score of a pair is a function of the pair and the model, nothing else (rule R1)."""

from __future__ import annotations

import random
from dataclasses import replace

import pyarrow as pa
import pytest

from linkage.engine.duckdb import Engine
from linkage.matching import prediction, statements
from linkage.matching import score as scoring
from linkage.matching.comparisons import levels_of
from linkage.matching.explain import explain_pair
from linkage.matching.features import make_features, make_frequencies, rarity_columns
from linkage.matching.levels import UNKNOWN
from linkage.matching.model import FREQUENCY_SCHEMA, GENERIC_SCHEMA, from_entity, load
from linkage.matching.patterns import PATTERN_BITS, level_name
from linkage.matching.score import score
from linkage.store.workspace import Workspace

ANN = {
    "given_name": "ann",
    "given_root": "ann",
    "surname": "quill",
    "surname_code": "q400",
    "birth_date": "1970-01-02",
    "birth_year": 1970,
}
COLUMNS = frozenset(
    {"given_name", "given_root", "surname", "birth_date", "birth_year", "ssn", "ssn_last4", "phones", "occupation"}
)


@pytest.fixture
def model(entities):
    """The person model of the shipped priors, with how common three surnames are."""
    made = from_entity(entities["person"], "test", COLUMNS)
    counted = {
        "column": ["surname"] * 3,
        "value": ["smith", "jones", "quill"],
        "records": [900, 300, 3],
    }
    totals = dict.fromkeys(rarity_columns(made), 10000)
    return replace(made, totals=totals, frequencies=pa.Table.from_pydict(counted, schema=FREQUENCY_SCHEMA))


def scored(engine, model, pairs, threshold=None):
    """Score pairs of record numbers: (a, b) → (weight, pattern)."""
    make_features(engine, model)
    make_frequencies(engine, model)
    engine.create_as(
        "trial", "pair", f"SELECT * FROM (VALUES {', '.join(f'({a}, {b})' for a, b in pairs)}) AS given (a, b)"
    )
    score(engine, model, "trial.pair", "trial.edge", threshold)
    return {
        (a, b): (weight, pattern)
        for a, b, weight, pattern in engine.rows("SELECT a, b, weight, pattern FROM trial.edge")
    }


def levels(model, pattern):
    """Comparison → level of a pattern, unknown ones left out."""
    found = {}
    for place, comparison in enumerate(model.comparisons):
        code = (pattern >> (PATTERN_BITS * place)) & 15
        if code:
            found[comparison.name] = level_name(comparison, code)
    return found


@pytest.fixture(scope="module")
def demo_base(demo):
    """The demo's person records and edges in an engine of their own, and the model that scored them."""
    workspace = Workspace(demo.project.loaded.workspace)
    with Engine() as engine:
        with engine.attached(workspace.base(1), "base"):
            for schema, table in (("canonical", "person"), ("scoring", "edge_person")):
                engine.create_as(schema, table, f"FROM base.{schema}.{table}")
        yield engine, load(workspace.models, "person", demo.report["types"]["person"]["model"])


def test_order_within_a_pair_changes_nothing(demo_base):
    """Scoring (b, a) gives the weight and levels of (a, b), for thousands of pairs of the demo."""
    engine, model = demo_base
    edges = engine.rows("SELECT a, b, weight, pattern FROM scoring.edge_person ORDER BY a, b")
    assert len(edges) > 3000
    swapped = scored(engine, model, [(b, a) for a, b, _, _ in edges])
    wrong = [(a, b) for a, b, weight, pattern in edges if swapped[b, a] != (weight, pattern)]
    assert wrong == []


def test_other_records_and_pairs_change_nothing(demo_base, canonical):
    """A few records alone score as they did among all: no count of the data at hand plays a part."""
    engine, model = demo_base
    edges = engine.rows("SELECT a, b, weight, pattern FROM scoring.edge_person ORDER BY hash(a, b) LIMIT 40")
    ends = sorted({end for a, b, _, _ in edges for end in (a, b)})
    number = {record: place for place, record in enumerate(ends)}
    kept = engine.arrow(
        f"SELECT * EXCLUDE (record, bad_values) FROM canonical.person WHERE record IN ({', '.join(map(str, ends))}) ORDER BY record"
    )
    few = canonical("person", kept.to_pylist())
    found = scored(few, model, [(number[a], number[b]) for a, b, _, _ in edges])
    assert found == {(number[a], number[b]): (weight, pattern) for a, b, weight, pattern in edges}
    for a, b, weight, pattern in edges[:3]:
        assert scored(few, model, [(number[a], number[b])]) == {(number[a], number[b]): (weight, pattern)}


def test_chunks_and_threads_change_nothing(demo_base, monkeypatch):
    """Scoring in small pieces, and on one thread, gives the same edges."""
    engine, model = demo_base
    edges = engine.rows("SELECT a, b, weight, pattern FROM scoring.edge_person ORDER BY a, b LIMIT 500")
    monkeypatch.setattr(scoring, "CHUNK", 170)
    engine.run("SET threads = 1")
    found = scored(engine, model, [(a, b) for a, b, _, _ in edges])
    engine.run("SET threads = 2")
    assert found == {(a, b): (weight, pattern) for a, b, weight, pattern in edges}


def test_a_threshold_leaves_out_what_is_below_and_nothing_else(demo_base):
    """Pairs that weigh at least the threshold are kept, to the unit; the others are not."""
    engine, model = demo_base
    pairs = engine.rows("SELECT a, b FROM scoring.edge_person ORDER BY hash(a, b) LIMIT 200")
    rng = random.Random(3)
    pairs += [tuple(sorted(rng.sample(range(2000), 2))) for _ in range(200)]
    every = scored(engine, model, sorted(set(pairs)))
    middle = sorted(weight for weight, _ in every.values())[len(every) // 2]
    assert scored(engine, model, sorted(set(pairs)), middle) == {
        pair: told for pair, told in every.items() if told[0] >= middle
    }
    assert any(weight == middle for weight, _ in every.values())


def test_a_pattern_tells_the_level_of_each_comparison(canonical, model):
    """The packed pattern reads back as the level of each comparison; missing values are unknown."""
    engine = canonical(
        "person",
        [
            {**ANN, "ssn": "123456789", "ssn_last4": "6789", "phones": ["2125550000"]},
            {**ANN, "given_name": "anne", "given_root": "ann", "ssn_last4": "6789", "phones": ["2125559999"]},
            {"given_name": "bob", "given_root": "bob", "surname": "jones"},
        ],
    )
    found = scored(engine, model, [(0, 1), (0, 2)])
    assert levels(model, found[0, 1][1]) == {
        "given_name": "nickname",
        "surname": "exact",
        "birth_date": "exact",
        "ssn": "tail",
        "phone": "different",
    }
    assert levels(model, found[0, 2][1]) == {"given_name": "different", "surname": "different"}


def test_the_weight_is_the_prior_and_the_comparisons_together(canonical, model):
    """What explain says of a pair adds up to its weight, and its levels are those of the pattern."""
    records = [
        {**ANN, "ssn": "123456789", "ssn_last4": "6789"},
        {**ANN, "birth_date": "1970-02-01", "ssn": "123456798", "ssn_last4": "6798"},
    ]
    engine = canonical("person", records)
    weight, pattern = scored(engine, model, [(0, 1)])[0, 1]
    told = explain_pair(engine, model)
    assert told.weight == pytest.approx(told.prior + sum(part.weight for part in told.evidence), abs=1e-9)
    assert weight == round(told.weight * 1024)
    assert {part.comparison: part.level for part in told.evidence if part.level != UNKNOWN} == levels(model, pattern)
    assert all(part.weight == 0 for part in told.evidence if part.level == UNKNOWN)
    surname = next(part for part in told.evidence if part.comparison == "surname")
    assert (surname.words, surname.values_a["surname"], surname.values_b["surname"]) == (
        "same surname",
        "quill",
        "quill",
    )
    assert 0 < told.probability < 1


def test_rarity_counts(canonical, model):
    """Agreement on a rare surname weighs more than on a common one, on an unknown one most; disagreement weighs the same."""
    names = ("smith", "jones", "quill", "zzyzx")
    records = [{"surname": name, "given_name": "ann", "given_root": "ann"} for name in names for _ in range(2)]
    engine = canonical("person", records)
    found = scored(engine, model, [(0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (4, 6)])
    smith, jones, quill, unknown = (found[pair][0] for pair in ((0, 1), (2, 3), (4, 5), (6, 7)))
    assert smith < jones < quill < unknown
    # Three times as many records: log2(3) bits less, whatever the other settings.
    assert jones - smith == pytest.approx(1024 * 1.585, abs=10)
    assert found[0, 2] == found[4, 6]


def test_frequencies_come_from_the_model_alone(canonical, model):
    """A name that many records at hand share is as rare as the model says."""
    two, many = ({"surname": "quill", "given_name": "ann", "given_root": "ann"} for _ in range(2))
    few = scored(canonical("person", [two, two]), model, [(0, 1)])
    assert scored(canonical("person", [many] * 50), model, [(0, 1)]) == few


def test_generic_values_are_set_aside(canonical, model):
    """A value that the model calls generic is as if it were missing; other values of the same list still count."""
    generic = {"column": ["phones", "ssn"], "value": ["5550000000", "078051120"]}
    strict = replace(model, generic=pa.Table.from_pydict(generic, schema=GENERIC_SCHEMA))
    records = [
        {**ANN, "ssn": "078051120", "phones": ["5550000000"]},
        {**ANN, "ssn": "078051120", "phones": ["5550000000"]},
        {**ANN, "ssn": "123456789", "phones": ["5550000000", "2125551234"]},
        {**ANN, "phones": ["2125551234"]},
        dict(ANN),
    ]
    engine = canonical("person", records)
    free = scored(engine, model, [(0, 1)])
    found = scored(engine, strict, [(0, 1), (0, 4), (2, 3)])
    assert (
        levels(model, free[0, 1][1])["ssn"]
        == levels(model, free[0, 1][1])["phone"].replace("shared", "exact")
        == "exact"
    )
    assert found[0, 1] == found[0, 4]
    assert levels(strict, found[2, 3][1])["phone"] == "shared"


def test_what_is_made_of_a_generic_value_is_set_aside_too(canonical, model):
    """The last four digits of a generic SSN are no evidence either."""
    strict = replace(
        model, generic=pa.Table.from_pydict({"column": ["ssn"], "value": ["078051120"]}, schema=GENERIC_SCHEMA)
    )
    engine = canonical("person", [{**ANN, "ssn": "078051120", "ssn_last4": "1120"}] * 2)
    assert "ssn" not in levels(strict, scored(engine, strict, [(0, 1)])[0, 1][1])


def test_every_kind_has_its_levels_in_order(entities):
    """Of every shipped comparison `unknown` comes first, `different` last and is the rest; names are not repeated; words are there."""
    for entity in entities.values():
        for comparison in entity.comparisons:
            found = levels_of(comparison)
            names = [level.name for level in found]
            assert (names[0], names[-1], found[-1].test) == (UNKNOWN, "different", "ELSE"), comparison.name
            assert len(set(names)) == len(names) <= 16
            assert all(level.words for level in found)


def test_statements_kept_in_a_base_are_run_again(canonical, model, monkeypatch):
    """Another process scores with what Splink wrote into the base before, without Splink; another model is written anew."""
    engine = canonical("person", [ANN, ANN, {**ANN, "surname": "smith"}])
    engine.run("CREATE SCHEMA kept")
    engine.run("CREATE TABLE kept.statement (variant VARCHAR, key VARCHAR, tables VARCHAR[], statements VARCHAR[])")
    monkeypatch.setattr(prediction, "_STATEMENTS", {})
    first = scored(engine, model, [(0, 1), (0, 2)])
    assert engine.value("SELECT count(*) FROM kept.statement") == 1
    written = []
    own = statements.predict
    monkeypatch.setattr(statements, "predict", lambda *a, **k: written.append(1) or own(*a, **k))
    monkeypatch.setattr(prediction, "_STATEMENTS", {})
    assert scored(engine, model, [(0, 1), (0, 2)]) == first
    assert written == []
    other = scored(engine, replace(model, match_rate=1e-3), [(0, 1), (0, 2)])
    assert written == [1]
    assert other[0, 1][0] > first[0, 1][0]
    assert engine.value("SELECT count(*) FROM kept.statement") == 1
