"""What differs between two models is told, the largest first."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from linkage.config.entity import load_entities
from linkage.config.project import default_configs
from linkage.errors import ModelError
from linkage.matching.model import GENERIC_SCHEMA, Chances, from_entity
from linkage.registry.compare import diff_models, differences


@pytest.fixture
def model():
    """The model of the account settings alone, without training."""
    entity = load_entities(default_configs() / "entities")["account"]
    return from_entity(entity, "1", frozenset({"number", "institution", "holders"}))


def test_weights_are_told_with_the_largest_move_first(model):
    """Weights are log2(m/u) of each level; what moved most comes first, and a level that only one model has before all."""
    chances = {name: dict(levels) for name, levels in model.chances.items()}
    chances["number"]["exact"] = Chances(0.5, 0.5 / 2**10)
    chances["number"]["tail"] = Chances(0.5, 0.25)
    chances["institution"].pop("near")
    rows = differences(model, replace(model, chances=chances))["weights"]
    assert [(row["comparison"], row["level"], row["now"]) for row in rows[:3]] == [
        ("institution", "near", None),
        ("number", "tail", 1.0),
        ("number", "exact", 10.0),
    ]
    assert all(row["moved"] == 0 for row in rows[3:])


def test_what_is_set_aside_is_counted(model):
    """Stop keys and generic values are counted as added and removed; thresholds and match rate stand side by side."""
    generic = pa.table({"column": ["number"], "value": ["1"]}, schema=GENERIC_SCHEMA)
    then = replace(model, stop_keys=(1, 2, 3), generic=generic)
    now = replace(model, stop_keys=(3, 4), match_rate=0.5, rules=model.rules[1:])
    found = differences(then, now)
    assert found["stop_keys"] == {"then": 3, "now": 2, "added": 1, "removed": 2}
    assert found["generic_values"] == {"then": 1, "now": 0, "added": 0, "removed": 1}
    assert found["rules"]["removed"] == 1
    assert found["match_rate"] == {"then": 1e-4, "now": 0.5}
    assert found["thresholds"]["match"] == {"then": 3.0, "now": 3.0}


def test_only_listed_models_are_compared(bank, first_run):
    """A model that is not listed is refused with those that are; a model does not differ from itself."""
    model = first_run(bank)["types"]["account"]["model"]
    found = diff_models(bank.loaded, "account", model, model)
    assert {row["moved"] for row in found["weights"]} == {0}
    with pytest.raises(ModelError, match=f"listed models: account={model}"):
        diff_models(bank.loaded, "account", model, "ab")
