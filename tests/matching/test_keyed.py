"""Counted values stand in a model as keyed hashes, and weigh as they do by themselves."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from linkage.engine.duckdb import Engine
from linkage.errors import ModelError
from linkage.matching import model as models
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.keyed import keyed, keyed_parameters, keyed_sql, keyed_value
from linkage.matching.model import FREQUENCY_SCHEMA, from_entity
from linkage.standardise import CANONICAL
from linkage.store.workspace import Workspace

KEY = b"k" * 32
COUNTED = [
    ("name_core", "acme tykes", 7),
    ("name_core_start", "acme", 40),
    ("name_core_start", "acme tykes", 9),
    ("name_core_word", "acme", 50),
    ("name_core_word", "tykes", 12),
    ("name_core_word", "zebra", 30),
]


@pytest.fixture
def engine():
    """An engine in memory."""
    with Engine() as made:
        yield made


@pytest.fixture
def model(entities):
    """A business model with a few counted values, as they are."""
    made = from_entity(entities["business"], "test", frozenset(column.name for column in CANONICAL["business"]))
    columns = [pa.array(column) for column in zip(*COUNTED, strict=True)]
    frequencies = pa.table(columns, schema=FREQUENCY_SCHEMA)
    return replace(
        made, totals={"name_core_words": 5000, "name_core": 5000}, frequencies=frequencies, common=frequencies
    )


@pytest.mark.parametrize("value", ["smith", "", "o'neil \x1f", "Кузнецов", "a" * 200])
def test_sql_and_python_hash_alike(engine, value):
    """A value has one hash, in SQL and in Python; without a key it stands for itself."""
    told = engine.value(f"SELECT {keyed_sql(KEY, '$value')}", {"value": value, **keyed_parameters(KEY)})
    assert told == keyed_value(KEY, value)
    assert len(told) == 16
    assert engine.value(f"SELECT {keyed_sql(None, '$value')}", {"value": value}) == keyed_value(None, value) == value


def test_a_keyed_model_holds_no_value(engine, model):
    """No counted value stands in a keyed model; the counts are as before, and another key makes another model."""
    made = keyed(engine, model, KEY)
    for table in (made.frequencies, made.common):
        assert not {row["value"] for row in table.to_pylist()} & {value for _, value, _ in COUNTED}
        assert sorted(table["records"].to_pylist()) == sorted(model.frequencies["records"].to_pylist())
    assert len({model.hash, made.hash, keyed(engine, model, b"l" * 32).hash}) == 3


def test_keyed_values_weigh_as_they_do_by_themselves(canonical, model):
    """Rarities and weighed words of records are the same under the keyed model, also of values that were not counted."""
    names = ["acme tykes", "tykes acme", "acme zebra ltd", "nobody else", None]
    engine = canonical(
        "business", [{"name_core": name, "name_tokens": sorted(set((name or "").split()))} for name in names]
    )
    found = []
    for one in (model, keyed(engine, model, KEY)):
        make_features(engine, one)
        make_frequencies(engine, one)
        found.append(
            [
                sorted(engine.rows(f"FROM feature.{table}"), key=repr)
                for table in ("business", "frequency_business_name_core")
            ]
        )
    assert found[0] == found[1]
    assert not engine.has_table("feature", "counted_business")


def test_another_secret_is_refused(engine, model, tmp_path):
    """A model is read by every workspace that has its secret; under another its values say nothing, which is one line."""
    workspace, other = Workspace(tmp_path / "one"), Workspace(tmp_path / "two")
    for one in (workspace, other):
        one.prepare()
    made = keyed(engine, model, workspace.values_key())
    for one in (workspace, other):
        models.save(made, one.models)
    loaded = models.load(workspace.models, "business", made.hash)
    assert (loaded.key, loaded.hash) == (workspace.values_key(), made.hash)
    assert loaded.content() == made.content()
    with pytest.raises(ModelError, match=r"counted under the secret of another workspace.*restore secret\.key") as told:
        models.load(other.models, "business", made.hash)
    assert "\n" not in str(told.value)
    other.secret_file.write_text(workspace.secret_file.read_text(encoding="ascii"), encoding="ascii")
    assert models.load(other.models, "business", made.hash).hash == made.hash


def test_a_model_of_before_is_read_as_it_is(model, tmp_path):
    """A model whose values stand as they are needs no secret and goes on as it was approved."""
    models.save(model, tmp_path / "models")
    loaded = models.load(tmp_path / "models", "business", model.hash)
    assert loaded.key is None
    assert loaded.frequencies.equals(model.frequencies)
