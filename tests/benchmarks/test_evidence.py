"""The benchmark of evidence: bank reports that tell less, and entity settings of one run."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest

from linkage.config.project import default_configs

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def module(name):
    """A benchmark as a module."""
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def evidence():
    """The benchmark, with the module beside it that it needs."""
    module("ablation")
    return module("evidence")


def test_only_persons_and_firms_of_bank_reports_tell_less(evidence):
    """The fields are left out of ICE's and FinCEN's persons and firms; accounts, relations and other agencies keep theirs."""
    whole = (default_configs() / "demo" / "project.toml").read_text(encoding="utf-8")
    before, after = (
        tomllib.loads(whole)["sources"],
        tomllib.loads(evidence.fewer_fields(whole, evidence.NUMBERS))["sources"],
    )
    for name, source in before.items():
        assert after[name]["key"] == source["key"]
        assert after[name].get("relations") == source.get("relations")
        for role, told in source["roles"].items():
            lost = evidence.NUMBERS if name in evidence.REPORTS and told["entity"] != "account" else set()
            assert set(after[name]["roles"][role]["fields"]) == set(told["fields"]) - lost


def test_settings_are_switched_off_in_every_type(evidence, make_project, accounts):
    """`without` gives the project with other entity settings and leaves the given one as it was."""
    project = make_project(accounts.source("a"), {"a.csv": accounts.csv(A="1")})
    other = evidence.without(project, evidence=(), second_look=False)
    assert all(not entity.evidence and not entity.second_look for entity in other.loaded.entities.values())
    assert project.loaded.entities["person"].evidence
    assert project.loaded.entities["person"].second_look
