"""Blocks that have grown too large stop a run before pairs are made; amended, it loses no true pair that another rule finds."""

from __future__ import annotations

import json

import pytest

import linkage
from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.errors import DataError
from linkage.evaluation.release import base_path
from linkage.registry.amend import amend_model
from linkage.registry.approve import approve_model
from linkage.store.workspace import Workspace

PERSONS, LIMIT, COMMON = 30, 20, "2015550147"

SOURCE = """
[sources.police]
agency = "police"
files = "police.csv"
delivery = "snapshot"
key = "id"
[sources.police.roles.subject]
entity = "person"
[sources.police.roles.subject.fields]
given_name = "first"
surname = "last"
birth_date = { column = "born", order = "ymd" }
phone = "phone"
"""
FIRST = ("Anna", "Bruno", "Clara", "Dario", "Elena", "Fabian")
LAST = ("Quendal", "Rostvik", "Sembrano", "Tolliver", "Ubankar")


def police(common=0, changed=()):
    """Two records of each person; the first `common` persons give one phone, `changed` ones also another birth date once."""
    lines = ["id,first,last,born,phone"]
    for person in range(PERSONS):
        first, last = FIRST[person % 6], LAST[person // 6]
        phone = COMMON if person < common else f"212555{1000 + person}"
        for copy in "ab":
            year = 1950 + person + (10 if person in changed and copy == "b" else 0)
            lines.append(f"p{person:02}{copy},{first},{last},{year}-0{1 + person % 9}-1{person % 7},{phone}")
    return "\n".join([*lines, ""])


@pytest.fixture(scope="module")
def skewed(tmp_path_factory, accounts):
    """A project after its first run, and again with a phone and an account number on very many records, refused; its folder, stages told, and refusal."""
    folder = tmp_path_factory.mktemp("skewed")
    (folder / "own").mkdir()
    for file in (default_configs() / "entities").glob("*.toml"):
        text = file.read_text(encoding="utf-8").replace("max_block = 1000\n", f"max_block = {LIMIT}\n")
        (folder / "own" / file.name).write_text(text, encoding="utf-8")
    head = 'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\nentities = "own"\n'
    (folder / "project.toml").write_text(head + SOURCE + accounts.source("bank"), encoding="utf-8")
    (folder / "police.csv").write_text(police(), encoding="utf-8")
    (folder / "bank.csv").write_text(accounts.csv(one="abcd", two="ef", three="gh"), encoding="utf-8")
    linkage.open(folder).run()
    (folder / "police.csv").write_text(police(common=15, changed=(3, 4)), encoding="utf-8")
    (folder / "bank.csv").write_text(
        accounts.csv(one="abcdABCDEFGHIJKLMNOPQRSTU", two="ef", three="gh"), encoding="utf-8"
    )
    told = []
    with pytest.raises(DataError) as refusal:
        linkage.open(folder).run(progress=told.append)
    return folder, told, str(refusal.value)


def test_one_refusal_names_every_type_before_any_pair_is_made(skewed):
    """Keys of all types are counted first: one refusal proposes those of both, and no pair of either is made or scored."""
    folder, told, refusal = skewed
    work = Workspace(folder / "work")
    assert [kind for kind in ("account", "business", "person") if work.proposed(kind).is_file()] == [
        "account",
        "person",
    ]
    for kind in ("account", "person"):
        assert f"linkage models amend {folder / 'project.toml'} {kind}" in refusal
    keys = json.loads(work.proposed("person").read_text(encoding="utf-8"))["keys"]
    assert [(key["rule"], key["records"]) for key in keys] == [("phone", 30)]
    assert told[-1] == "block person: keys"
    assert not any("pairs" in message or "score" in message for message in told)


def test_amended_it_loses_no_true_pair_that_another_rule_finds(skewed):
    """With the proposed keys set aside the run goes through; every two records of a person are still candidates by other rules."""
    folder, _, _ = skewed
    project = linkage.open(folder)
    for kind in ("account", "person"):
        approve_model(project.loaded, kind, amend_model(project.loaded, kind)["model"], "a switchboard")
    report = project.run()
    with Engine(base_path(project), read_only=True) as base:
        found = base.value(
            "SELECT count(DISTINCT one.record) FROM blocking.key_person AS a JOIN blocking.key_person AS b ON a.key = b.key AND a.record < b.record "
            "JOIN canonical.person AS one ON one.record = a.record JOIN canonical.person AS two ON two.record = b.record "
            "WHERE one.key[:3] = two.key[:3]"
        )
        largest = base.value(
            "SELECT max(records) FROM (SELECT count(*) AS records FROM blocking.key_person GROUP BY key)"
        )
    assert found == PERSONS
    assert largest <= LIMIT
    # Far fewer than the 435 pairs of the one phone.
    assert report["types"]["person"]["pairs"] < 435
    with project.release() as release:
        together = release.value(
            "SELECT count(*) FROM published.identity_record AS one JOIN published.identity_record AS two USING (identity_id) "
            "WHERE one.entity_type = 'person' AND one.key < two.key AND one.key[:3] = two.key[:3]"
        )
    assert together == PERSONS
