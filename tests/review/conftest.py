"""Accounts in three releases: some merge, some split, some come and go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import linkage

NOW = datetime(2026, 1, 31, 6, 0, tzinfo=UTC)
# A letter is a record, a word an account: its records agree on everything.
RELEASES = (
    {"one": "ABC", "two": "DE", "three": "FG", "four": "HIJK", "five": "LM", "six": "NO"},
    {"one": "ABC", "two": "DE", "three": "FG", "four": "HIJK", "five": "LM", "six": "NO"},
    {"one": "ABCDE", "three": "FG", "four": "HI", "seven": "JK", "five": "LMPQRST", "eight": "UV"},
)


@pytest.fixture(scope="session")
def moved(tmp_path_factory, accounts):
    """The project after its three releases; for reading only."""
    folder = tmp_path_factory.mktemp("moved")
    text = f'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n[audiences.centre]\nsees = "all"\n{accounts.source("bank")}'
    (folder / "project.toml").write_text(text, encoding="utf-8")
    for groups in RELEASES:
        (folder / "bank.csv").write_text(accounts.csv(**groups), encoding="utf-8")
        project = linkage.open(folder)
        project.run(now=NOW)
    return project


@pytest.fixture(scope="session")
def id_of(moved):
    """Return the id of the account that holds a record in a release."""
    from linkage.review.releases import kept_release, opened

    def find(key, release=3):
        with opened(moved, kept_release(moved, "centre", release)) as engine:
            return engine.value("SELECT identity_id FROM published.identity_record WHERE key = $key", {"key": key})

    return find
