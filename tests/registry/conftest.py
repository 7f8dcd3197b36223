"""A small account project whose models live: blocks are small, so that one can grow too large."""

from __future__ import annotations

import string

import pytest

import linkage
from linkage.config.project import default_configs


@pytest.fixture
def bank(make_project, accounts, tmp_path):
    """Accounts of one dataset, 26 of two records each, under own entity settings with max_block = 10; not yet run."""
    (tmp_path / "own").mkdir()
    for file in (default_configs() / "entities").glob("*.toml"):
        text = file.read_text(encoding="utf-8").replace("max_block = 1000\n", "max_block = 10\n")
        (tmp_path / "own" / file.name).write_text(text, encoding="utf-8")
    return make_project(
        accounts.source("bank"),
        {"bank.csv": accounts.csv(**pairs())},
        head='entities = "own"\n[audiences.centre]\nsees = "all"',
    )


def pairs():
    """26 accounts of two records."""
    return {f"holder{i:02}": string.ascii_letters[2 * i : 2 * i + 2] for i in range(26)}


@pytest.fixture
def deliver(bank, accounts):
    """Deliver other groups of records of the bank, and open the project anew."""

    def write(**groups):
        (bank.loaded.path.parent / "bank.csv").write_text(accounts.csv(**groups), encoding="utf-8")
        return linkage.open(bank.loaded.path)

    return write
