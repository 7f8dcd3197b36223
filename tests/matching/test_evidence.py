"""Evidence from resolved types: told by partitions, never by ids; counted once; within the audience's own records."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from pydantic import ValidationError

from linkage.config.entity import Entity, Evidence
from linkage.engine.duckdb import Engine
from linkage.matching.evidence import evidence_units, gather, with_evidence
from linkage.matching.model import from_entity

BITS = round(math.log2(0.7 / 0.003) * 1024)


@pytest.fixture
def model(entities):
    """A person model of the shipped settings."""
    return from_entity(entities["person"], "test", frozenset({"surname"}))


@pytest.fixture
def base():
    """Four reports, each of a person (record n) and the two accounts that the person holds (records 2n, 2n + 1).

    Reports 0 and 1 are of dataset a, 2 and 3 of dataset b. One account is shared by 0, 1 and 2; 1 and 2 share a second one.
    """
    with Engine() as engine:
        for schema in ("canonical", "resolution"):
            engine.run(f"CREATE SCHEMA {schema}")
        engine.run(
            "CREATE TABLE canonical.person AS SELECT n AS record, ['a', 'a', 'b', 'b'][n + 1] AS dataset, 'k' || n AS key, 'holder' AS role FROM range(4) t(n)"
        )
        engine.run(
            "CREATE TABLE canonical.account AS SELECT 2 * record + place AS record, dataset, key, 'account' || place AS role FROM canonical.person, range(2) t(place)"
        )
        engine.run(
            "CREATE TABLE canonical.relation AS SELECT 'holder' AS kind, p.dataset, p.key, 'person' AS from_type, p.role AS from_role, "
            "'account' AS to_type, a.role AS to_role, p.record AS from_record, a.record AS to_record FROM canonical.person AS p JOIN canonical.account AS a USING (dataset, key)"
        )
        clusters(engine, {0: 0, 2: 0, 4: 0, 3: 3, 5: 3})
        yield engine


def clusters(engine, found, audience="centre"):
    """Write an audience's clusters of accounts: record → cluster; records without a pair have no row."""
    table = pa.table({"record": pa.array(found, pa.int64()), "cluster": pa.array(found.values(), pa.int64())})
    with engine.registered("given", table):
        engine.run(f"CREATE OR REPLACE TABLE resolution.cluster_{audience}_account AS FROM given")


def shared(engine, model, datasets=("a", "b"), audience="centre", resolved=("account", "person")):
    sees = f"relation.dataset IN ({', '.join(map(repr, datasets))})"
    gather(engine, model, audience, sees, resolved)
    return engine.rows("FROM resolution.evidence ORDER BY ALL")


def test_two_holders_of_one_account_share_it_once(base, model):
    """Pairs that share accounts weigh log2(m / u) as an integer, once however many accounts they share."""
    told = "account=shared"
    assert shared(base, model) == [(0, 1, BITS, told), (0, 2, BITS, told), (1, 2, BITS, told)]
    assert evidence_units(model, model.evidence[0]) == BITS


def test_only_the_partition_counts(base, model):
    """Clusters with other ids, and rows in another order, give the same pairs and weights."""
    before = shared(base, model)
    clusters(base, {5: 77, 3: 77, 4: 900, 0: 900, 2: 900})
    assert shared(base, model) == before
    clusters(base, {0: 0, 2: 0, 4: 0})
    assert shared(base, model) == before
    clusters(base, {0: 0, 2: 0})
    assert [row[:2] for row in shared(base, model)] == [(0, 1)]


def test_an_audience_has_its_own_evidence(base, model):
    """Only relations of its own datasets and its own clusters count."""
    assert [row[:2] for row in shared(base, model, datasets=("a",))] == [(0, 1)]
    clusters(base, {}, audience="dea")
    assert shared(base, model, audience="dea") == []


def test_an_account_of_many_says_nothing(base, model, entities):
    """An entity to which more than `most` records are related is no evidence; other entities still are."""
    few = [one.model_copy(update={"most": 2}) for one in entities["person"].evidence]
    narrow = from_entity(entities["person"].model_copy(update={"evidence": tuple(few)}), "test", frozenset({"surname"}))
    assert [row[:2] for row in shared(base, narrow)] == [(1, 2)]


def test_without_the_type_there_is_no_evidence(base, model):
    """A project without accounts, or settings without evidence, leave the table empty."""
    assert shared(base, model, resolved=("person",)) == []


def test_evidence_is_added_to_the_weight(base, model):
    """A pair that shares weighs more by its bits and says so; another pair weighs what it did."""
    gather(base, model, "centre", "TRUE", ("account", "person"))
    base.run("CREATE TABLE pair (a BIGINT, b BIGINT, weight INTEGER, pattern BIGINT)")
    base.run("INSERT INTO pair VALUES (0, 1, -2048, 5), (0, 3, -2048, 5)")
    rows = base.rows(f"{with_evidence('FROM pair', 'resolution.evidence')} ORDER BY a, b")
    assert rows == [(0, 1, BITS - 2048, 5, "account=shared"), (0, 3, -2048, 5, None)]


def changed(entity, **settings):
    """The entity with other settings, validated."""
    return Entity.model_validate({**entity.model_dump(), **settings})


ACCOUNT = {"name": "account", "entity": "account", "describe": "both hold one account", "m": 0.5, "u": 0.01}


@pytest.mark.parametrize(
    ("kind", "evidence", "says"),
    [
        ("account", {}, r"comes from account, which is not resolved before account; it may come from: none"),
        ("business", {"entity": "person"}, r"not resolved before business; it may come from: account"),
        ("person", {"name": "surname"}, r"has the name of a comparison"),
        ("person", {"u": 0.6}, r"m = 0\.5 must be above u = 0\.6"),
    ],
)
def test_evidence_that_cannot_be_is_refused(entities, kind, evidence, says):
    """Evidence from a type resolved later, of a taken name, or that speaks against a match is refused with the mend."""
    with pytest.raises(ValidationError, match=says):
        changed(entities[kind], evidence=[{**ACCOUNT, **evidence}])


def test_the_model_holds_evidence(entities, model):
    """Other evidence, or no second look, is another model."""
    assert model.evidence == tuple(Evidence.model_validate(one.model_dump()) for one in entities["person"].evidence)
    for settings in ({"evidence": ()}, {"second_look": False}):
        other = from_entity(changed(entities["person"], **settings), "test", frozenset({"surname"}))
        assert other.hash != model.hash


def test_a_pair_that_shares_two_things_tells_of_both(base, model, entities):
    """Two sorts of evidence add up, in one row a pair, told in the order of their names."""
    more = entities["person"].evidence[0].model_copy(update={"name": "a_second", "m": 0.5, "u": 0.125})
    both = entities["person"].model_copy(update={"evidence": (*entities["person"].evidence, more)})
    twice = from_entity(both, "test", frozenset({"surname"}))
    told = "a_second=shared;account=shared"
    assert shared(base, twice) == [(a, b, BITS + 2 * 1024, told) for a, b in ((0, 1), (0, 2), (1, 2))]
