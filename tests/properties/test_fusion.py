"""Relations, cases, overlaps and leads: an increment gives what a full run gives, and hidden records change nothing (R2, R7)."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta

import pytest

import linkage
from linkage.store.entries import Followed
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import NOW, published

TABLES = ("identity_relation", "identity_case", "deconfliction_overlap", "lead")
HEAD = """
[fusion]
shared_by = 4
shell = 2
[audiences.centre]
[audiences.dea]
hidden = ["zulu"]
agency = "DEA"
"""
SOURCE = """
[sources.{name}]
agency = "{agency}"
files = "{name}.csv"
delivery = "snapshot"
max_withdrawn = 1.0
key = "id"
seen = {{ column = "seen", order = "ymd" }}
[sources.{name}.roles.person]
entity = "person"
when = {{ column = "surname", present = true }}
[sources.{name}.roles.person.fields]
given_name = "given"
surname = "surname"
birth_date = {{ column = "born", order = "ymd" }}
ssn = "ssn"
phone = ["phone"]
address = "address"
[sources.{name}.roles.firm]
entity = "business"
when = {{ column = "firm", present = true }}
[sources.{name}.roles.firm.fields]
name = "firm"
phone = ["phone"]
address = "address"
[sources.{name}.roles.account]
entity = "account"
when = {{ column = "number", present = true }}
[sources.{name}.roles.account.fields]
number = "number"
institution = "bank"
[[sources.{name}.relations]]
kind = "holder"
from = "person"
to = "account"
[sources.{name}.case]
number = "case"
status = "status"
contact = "contact"
"""
AGENCIES = {"alpha": "DEA", "mike": "FBI", "zulu": "ICE"}
PEOPLE = [
    ("Ann", "Archer", "1980-02-03"), ("Robert", "Brandtner", "1971-11-05"), ("Carla", "Cruzado", "1990-07-19"),
    ("Dmitri", "Dolgorukov", "1965-01-30"), ("Edith", "Polielridge", "2001-10-29"), ("Fiona", "Fitzwilliam", "1959-04-14"),
    ("Gustav", "Grunewald", "1984-08-08"), ("Helena", "Hathaway", "1977-12-25"), ("Ivan", "Ivanenko", "1999-05-17"),
]  # fmt: skip
FIRMS = ["", "", "", "Zenith Bakery LLC", "Harbour Freight Inc", "Oakridge Dental Corp", "Quill Import LLC"]


class World:
    """Three agencies whose files change from day to day; few phones, addresses, accounts and SSNs, so that many share them."""

    def __init__(self, make_project, seed, source=SOURCE):
        self.random = random.Random(seed)
        self.rows = {name: {f"{name[0]}{n}": self.row() for n in range(14)} for name in AGENCIES}
        sections = HEAD + "".join(source.format(name=name, agency=agency) for name, agency in AGENCIES.items())
        self.project = make_project(sections, {f"{name}.csv": self.csv(name) for name in AGENCIES})

    def row(self):
        """A row about a person, a firm and an account, any of them left out at times."""
        pick, some = self.random.choice, self.random.random
        given, surname, born = pick(PEOPLE)
        return {
            "given": given,
            "surname": surname if some() < 0.85 else "",
            "born": born,
            "ssn": f"2{pick(range(6))}145678{pick(range(2))}" if some() < 0.5 else "",
            "phone": f"217555{1200 + 7 * pick(range(9))}" if some() < 0.7 else "",
            "address": f"{12 + pick(range(6))} Main St, Springfield, IL 62701" if some() < 0.7 else "",
            "firm": pick(FIRMS),
            "number": f"{10**9 + 104729 * pick(range(8))}" if some() < 0.5 else "",
            "bank": "021000021",
            "case": f"C-{pick(range(6))}" if some() < 0.8 else "",
            "status": pick(["open", "Closed", "", "pending"]),
            "contact": f"SA {pick('XYZ')}",
            "seen": f"202{pick(range(5))}-0{1 + pick(range(9))}-11",
        }

    def csv(self, name):
        """The file of an agency as it is delivered."""
        columns = list(next(iter(self.rows[name].values())))
        lines = [
            ",".join([key, *(f'"{row[column]}"' for column in columns)]) for key, row in sorted(self.rows[name].items())
        ]
        return "\n".join([",".join(["id", *columns]), *lines, ""])

    def next_day(self):
        """Add, change and withdraw rows, and tell other statuses of cases whose records stay as they are."""
        for name, rows in self.rows.items():
            keys = sorted(rows)
            for key in self.random.sample(keys, 2):
                rows[key] = self.row()
            for key in self.random.sample(keys, 2):
                rows[key] = {**rows[key], "status": self.random.choice(["open", "closed"])}
            del rows[self.random.choice(keys)]
            rows[f"{name[0]}{self.random.randrange(30)}"] = self.row()
            (self.project.loaded.folder / f"{name}.csv").write_text(self.csv(name), encoding="utf-8")


def follow(project, audience):
    """Close the first overlap of an audience and assign its first lead."""
    with project.release(audience) as release:
        found = release.rows("SELECT overlap_id, agencies FROM published.deconfliction_overlap ORDER BY 1 LIMIT 1")
        lead = release.rows("SELECT lead_id, agencies FROM published.lead ORDER BY 1 LIMIT 1")
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        for (name, agencies), status in ((found[0], "closed"), (lead[0], "assigned")):
            ledger.follow([Followed(audience, name, status, tuple(agencies), NOW.isoformat(), "s", "tried", "Lee")])


@pytest.mark.parametrize(
    ("seed", "days"), [(1, 2), *(pytest.param(seed, 4, marks=pytest.mark.slow) for seed in (1, 2, 3))]
)
def test_an_increment_is_a_full_run(make_project, first_run, tmp_path, seed, days):
    """After every day of new, changed and withdrawn rows and closed cases, an increment publishes what a full run publishes."""
    world = World(make_project, seed)
    first_run(world.project, now=NOW, learn=False)
    follow(world.project, "dea")
    seen = dict.fromkeys(TABLES, 0)
    for day in range(1, days + 1):
        world.next_day()
        twin = tmp_path.with_name(f"{tmp_path.name}_full")
        shutil.rmtree(twin, ignore_errors=True)
        shutil.copytree(tmp_path, twin)
        now = NOW + timedelta(days=day)
        report = world.project.run(now=now)
        other = linkage.open(twin / "project.toml")
        full = other.run(now=now, full=True)
        assert (report["work"], full["work"]) == ("increment", "asked for")
        for audience in ("centre", "dea"):
            mine, theirs = published(world.project, audience), published(other, audience)
            for table in mine:
                assert mine[table] == theirs[table], (day, audience, table)
            seen = {table: seen[table] + len(mine[table]) for table in TABLES}
    assert all(seen.values()), seen


def test_a_relation_that_is_new_in_the_project_reaches_records_that_stand(make_project, first_run, tmp_path):
    """Where the project file maps a further relation and another case number, an increment publishes what a full run publishes."""
    world = World(make_project, 1)
    first_run(world.project, now=NOW, learn=False)
    settings = tmp_path / "project.toml"
    alpha, mike = settings.read_text(encoding="utf-8").split("[sources.mike]")
    alpha = alpha.replace('number = "case"', 'number = "contact"')
    officer = '[[sources.alpha.relations]]\nkind = "officer"\nfrom = "person"\nto = "firm"\n'
    settings.write_text(f"{alpha}{officer}[sources.mike]{mike}", encoding="utf-8")
    twin = tmp_path.with_name(f"{tmp_path.name}_full")
    shutil.copytree(tmp_path, twin)
    project, other = linkage.open(settings), linkage.open(twin / "project.toml")
    report = project.run(now=NOW + timedelta(days=1))
    other.run(now=NOW + timedelta(days=1), full=True)
    assert report["work"] == "increment"
    assert {told["clustered"] for told in report["audiences"]["centre"].values()} == {0}
    for audience in ("centre", "dea"):
        mine, theirs = published(project, audience), published(other, audience)
        for table in mine:
            assert mine[table] == theirs[table], (audience, table)
        assert "officer" in {row[0] for row in mine["identity_relation"]}
        assert {row[3] for row in mine["identity_case"]} >= {"SA X", "C-1"}


def test_an_increment_without_persons_is_a_full_run(make_project, tmp_path):
    """Where a project has accounts alone, an increment keeps and makes the overlaps that a full run makes."""
    head, rest = SOURCE.split("[sources.{name}.roles.person]")
    account = "[sources.{name}.roles.account]" + rest.split("[sources.{name}.roles.account]")[1]
    relations, case = account.split("[[sources.{name}.relations]]")
    world = World(make_project, 7, head + relations + "[sources.{name}.case]" + case.split("[sources.{name}.case]")[1])
    world.project.run(now=NOW, learn=False)
    world.next_day()
    twin = tmp_path.with_name(f"{tmp_path.name}_full")
    shutil.copytree(tmp_path, twin)
    other, now = linkage.open(twin / "project.toml"), NOW + timedelta(days=1)
    assert world.project.run(now=now)["work"] == "increment"
    other.run(now=now, full=True)
    for audience in ("centre", "dea"):
        mine, theirs = published(world.project, audience), published(other, audience)
        for table in mine:
            assert mine[table] == theirs[table], (audience, table)
        assert mine["identity_case"]
    assert published(world.project, "centre")["deconfliction_overlap"]


def test_hidden_rows_change_nothing(make_project, first_run, tmp_path, exports):
    """Whatever a hidden agency reports of the same people, phones, accounts and cases, the other's tables are byte-equal."""
    world = World(make_project, 1)
    first_run(world.project, now=NOW, learn=False)
    world.next_day()
    outcomes = []
    for seed in (0, 5):
        copy = tmp_path.with_name(f"{tmp_path.name}_{seed}")
        shutil.copytree(tmp_path, copy)
        if seed:
            world.random = random.Random(seed)
            world.rows["zulu"] = {f"z{n}": world.row() for n in range(40)}
            (copy / "zulu.csv").write_text(world.csv("zulu"), encoding="utf-8")
        project = linkage.open(copy / "project.toml")
        project.run(now=NOW)
        outcomes.append((exports(project, "dea"), exports(project, "centre")))
    (same, centre), (other, changed) = outcomes
    assert {name for name in same if same[name] != other[name]} == set()
    assert {name for name in centre if centre[name] != changed[name]} >= set(TABLES)
    assert all(same[table].count(b"\n") > 1 for table in TABLES)
