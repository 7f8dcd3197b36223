"""An increment gives what making everything anew gives (rule R2), whatever was delivered, withdrawn, judged in between."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta

import pytest

import linkage
from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import NOW, published

AUDIENCES = """
[audiences.centre]
[audiences.dea]
hidden = ["zulu"]
"""
DELTA = """
[sources.{name}]
agency = "{name}"
files = "{name}.csv"
delivery = "delta"
deleted = {{ column = "gone", equals = "yes" }}
key = "id"
[sources.{name}.roles.account]
entity = "account"
[sources.{name}.roles.account.fields]
number = "number"
institution = "bank"
holder = ["holder"]
"""
HOLDERS = ["Ann Archer", "Ann Archer", "A. Archer", "Bob Brown", "Robert Brown", "Carla Cruz", ""]


class World:
    """Three small sources of accounts that change from day to day: two snapshots and a delta, one hidden from an audience."""

    def __init__(self, make_project, accounts, seed):
        self.random = random.Random(seed)
        sections = AUDIENCES + accounts.source("alpha") + DELTA.format(name="delta") + accounts.source("zulu")
        self.rows = {"alpha": {}, "delta": {}, "zulu": {}}
        for name, rows in self.rows.items():
            rows.update({f"{name[0]}{number}": self._row() for number in range(25)})
        self.project = make_project(sections, {f"{name}.csv": self._csv(rows) for name, rows in self.rows.items()})
        self.workspace = Workspace(self.project.loaded.workspace)
        self.judged = []

    def _row(self):
        pick = self.random.choice
        return (str(10**9 + 7919 * pick(range(9))), pick(["021000021", "026009593"]), pick(HOLDERS))

    def _csv(self, rows, gone=()):
        lines = [f"{key},{','.join(row)},{'yes' if key in gone else ''}" for key, row in sorted(rows.items())]
        return "\n".join(["id,number,bank,holder,gone", *lines, ""])

    def next_day(self):
        """Change, add, withdraw and return some rows of some sources, and judge or undo some pairs."""
        for name, rows in self.rows.items():
            if self.random.random() < 0.3:
                continue
            keys = sorted(rows)
            changed = {key: self._row() for key in self.random.sample(keys, min(3, len(keys)))}
            changed |= {f"{name[0]}{self.random.randrange(60)}": self._row() for _ in range(2)}
            gone = self.random.sample(keys, min(2, len(keys)))
            rows.update(changed)
            told = {key: rows[key] for key in {*changed, *gone}}
            for key in gone:
                del rows[key]
            content = self._csv(rows) if name != "delta" else self._csv(told, gone)
            (self.project.loaded.folder / f"{name}.csv").write_text(content, encoding="utf-8")
        with Ledger(self.workspace.ledger) as ledger:
            if self.random.random() < 0.7:
                a, b = self.random.sample([(name, key) for name, rows in self.rows.items() for key in sorted(rows)], 2)
                verdict = self.random.choice(["match", "non-match"])
                ledger.judge(
                    Judgement("account", (*a, "account"), (*b, "account"), verdict, "s", "tried"), "2026-01-01"
                )


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_any_sequence_of_deliveries_and_judgements(make_project, accounts, tmp_path, seed):
    """After every day of new, changed, withdrawn and returning records, an increment publishes what a full run publishes."""
    world = World(make_project, accounts, seed)
    world.project.run(now=NOW)
    for day in range(1, 5):
        world.next_day()
        twin = tmp_path.with_name(f"{tmp_path.name}_full")
        shutil.rmtree(twin, ignore_errors=True)
        shutil.copytree(tmp_path, twin)
        now = NOW + timedelta(days=day)
        report = world.project.run(now=now)
        other = linkage.open(twin / "project.toml")
        full = other.run(now=now, full=True)
        assert (report["work"], full["work"]) == ("increment", "asked for")
        assert report["datasets"] == full["datasets"]
        assert report["types"]["account"]["records"] == full["types"]["account"]["records"]
        for audience in ("centre", "dea"):
            assert published(world.project, audience) == published(other, audience)
            lost = [told["audiences"][audience]["account"]["lost_judgements"] for told in (report, full)]
            assert lost[0] == lost[1]


def test_work_follows_the_batch(make_project, accounts):
    """One new record standardises one row and clusters only what it touches; nothing new touches nothing."""
    names = {f"group{number}": f"{chr(97 + number)}{chr(107 + number)}" for number in range(8)}
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(**names)})
    project.run(now=NOW)
    again = project.run(now=NOW)
    assert again["work"] == "increment"
    told = again["types"]["account"]
    assert (told["records"], told["standardised"], told["pairs"]) == (16, 0, 0)
    assert again["audiences"]["centre"]["account"]["clustered"] == 0
    names["group0"] += "z"
    (project.loaded.folder / "bank.csv").write_text(accounts.csv(**names), encoding="utf-8")
    grown = project.run(now=NOW)
    told = grown["types"]["account"]
    assert (told["records"], told["standardised"]) == (17, 1)
    assert told["pairs"] >= 2
    found = grown["audiences"]["centre"]["account"]
    assert found["clustered"] == 3
    assert found["identities"] == again["audiences"]["centre"]["account"]["identities"]


def test_a_row_that_changes_nothing_is_left_alone(make_project, accounts):
    """A changed column that no role maps is read and standardised, but no record is keyed, scored or clustered for it."""
    rows = accounts.csv(one="ab", two="cd").replace("holder\n", "holder,note\n")
    project = make_project(accounts.source("bank"), {"bank.csv": rows.replace(" Holder\n", " Holder,x\n")})
    project.run(now=NOW)
    (project.loaded.folder / "bank.csv").write_text(rows.replace(" Holder\n", " Holder,y\n"), encoding="utf-8")
    told = project.run(now=NOW)
    assert told["types"]["account"]["standardised"] == 4
    assert told["types"]["account"]["pairs"] == 0
    assert told["audiences"]["centre"]["account"]["clustered"] == 0


def test_a_new_mapping_touches_its_dataset_alone(make_project, accounts):
    """Another mapping standardises the rows of its dataset again, without a new delivery, and not those of others."""
    sections = accounts.source("alpha") + accounts.source("beta")
    files = {"alpha.csv": accounts.csv(one="ab", two="cd"), "beta.csv": accounts.csv(one="ab", two="cd")}
    project = make_project(sections, files)
    project.run(now=NOW)
    path = project.loaded.path
    text = path.read_text(encoding="utf-8")
    place = text.index("[sources.beta]")
    path.write_text(text[:place] + text[place:].replace('holder = ["holder"]\n', ""), encoding="utf-8")
    told = linkage.open(path).run(now=NOW)
    assert told["work"] == "increment"
    assert told["types"]["account"]["standardised"] == 4


def test_a_source_that_leaves_the_project_takes_its_records_along(make_project, accounts):
    """When a source is taken out of the project file, its records leave the next release; when it comes back, so do they."""
    sections = accounts.source("alpha") + accounts.source("beta")
    files = {"alpha.csv": accounts.csv(one="ab", two="cd"), "beta.csv": accounts.csv(one="ab", two="cd")}
    project = make_project(sections, files)
    first = project.run(now=NOW)
    before = published(project, "centre")["identity_record"]
    path = project.loaded.path
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[sources.beta]")], encoding="utf-8")
    smaller = linkage.open(path)
    told = smaller.run(now=NOW)
    assert told["types"]["account"]["records"] == first["types"]["account"]["records"] // 2
    assert {row[1] for row in published(smaller, "centre")["identity_record"]} == {"alpha"}
    path.write_text(text, encoding="utf-8")
    back = linkage.open(path)
    back.run(now=NOW)
    assert published(back, "centre")["identity_record"] == before
