"""The benchmark of names alone, on a few literal pairs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "name_pairs.py"
CASES = """case_group,schema,name1,name2,is_match
g,Person,"DOE, JANE",Jane Doe,true
g,Person,Jane Doe,Robert Miller,false
g,Company,Acme Trading Ltd,ACME TRADING LIMITED,true
g,LegalEntity,Jane Doe,Jane Doe,true
g,Vessel,Northern Star,Blue Whale,false
g,Person,محمد,Robert Miller,false
"""


@pytest.fixture(scope="module")
def name_pairs():
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("name_pairs", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["name_pairs"] = module
    spec.loader.exec_module(module)
    return module


def test_pairs_of_names_are_called_by_the_names_alone(name_pairs, tmp_path):
    """Each schema is compared as its type, a LegalEntity as the better of both, and a name that cannot be read carries nothing."""
    (tmp_path / "cases.csv").write_text(CASES, encoding="utf-8")
    figures, cases = name_pairs.measure(tmp_path / "cases.csv")
    assert [case["called"] for case in cases] == [True, False, True, True, False, False]
    assert [case["as"] for case in cases] == ["person", "person", "business", "person", "business", "person"]
    assert figures["all"] == {"pairs": 6, "true": 3, "called": 3, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert figures["missed"] == figures["wrong_match"] == {}


def test_weights_are_those_of_the_levels(name_pairs, tmp_path):
    """A name against itself in another order weighs all that it can; a wrong pair tells its cause."""
    (tmp_path / "cases.csv").write_text(CASES.replace("Robert Miller,false", "Robert Miller,true", 1), encoding="utf-8")
    figures, cases = name_pairs.measure(tmp_path / "cases.csv")
    assert cases[0]["share"] == 1
    assert sum(cases[0]["weights"].values()) > 10
    assert cases[0]["levels"]["surname"] == "exact"
    (cause,) = figures["missed"]
    assert cause.startswith("person: ")
    assert cause.endswith(" different")
