"""Markings in the stages: pairs that the link use of their records forbids."""

from __future__ import annotations

import pytest

import linkage
from linkage.config.markings import ANY, NEVER, Marking
from linkage.stages.mark import keep_linkable

PAIRS = 300_000
"""More than one row group of the engine holds: only then does a checkpoint number rows again."""


@pytest.fixture
def marked(start_run, make_project, accounts, tmp_path):
    """A run with PAIRS pairs of records 2n and 2n + 1; of three pairs one may not link, and of one each record is in another compartment."""
    make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab")})
    run = start_run(linkage.open(tmp_path / "project.toml"))
    compartments = {1: ANY, 2: NEVER, 3: "task force"}
    run.markings = {number: Marking("bank", (), "full", name) for number, name in compartments.items()}
    engine = run.engine
    engine.run("CREATE SCHEMA canonical; CREATE SCHEMA sharing; CREATE SCHEMA blocking")
    engine.run("CREATE TABLE sharing.marking (marking INTEGER, compartment VARCHAR)")
    for number, name in compartments.items():
        engine.run("INSERT INTO sharing.marking VALUES ($number, $name)", {"number": number, "name": name})
    engine.run(
        f"CREATE TABLE canonical.account AS SELECT range AS record, CASE WHEN range // 2 % 3 = 0 THEN 2 WHEN range = 2 THEN 3 ELSE 1 END AS marking FROM range({2 * PAIRS})"
    )
    engine.run(f"CREATE TABLE blocking.pair_account AS SELECT 2 * range AS a, 2 * range + 1 AS b FROM range({PAIRS})")
    return run


def test_pairs_that_may_not_link_leave_no_holes(marked):
    """What may not link is gone, all else is there, and rows are numbered without gaps: pairs are scored by these numbers, across checkpoints."""
    keep_linkable(marked, "account", "blocking.pair_account")
    told = marked.engine.rows(
        "SELECT count(*), max(rowid), count(*) FILTER (a // 2 % 3 = 0 OR a = 2), count(DISTINCT a) FROM blocking.pair_account"
    )
    left = PAIRS - PAIRS // 3 - 1
    assert told == [(left, left - 1, 0, left)]
