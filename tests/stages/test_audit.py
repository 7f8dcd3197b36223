"""Audits hold back the release that they fail, of its audience alone; a limit may be accepted with a reason, a rule never."""

from __future__ import annotations

import getpass
import shutil
from datetime import timedelta

import pytest

import linkage
from linkage.errors import AuditError
from linkage.stages import publish
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import NOW, published

AUDIENCES = """
[audits]
{limit}
least_records = 1
[audiences.centre]
[audiences.dea]
hidden = ["zulu"]
"""
ALPHA = {"one": "ab", "two": "cd", "three": "e"}


@pytest.fixture
def world(make_project, accounts, first_run):
    """Open and run two datasets, the second hidden from one of two audiences, under a limit."""

    def make(limit, **zulu):
        sections = AUDIENCES.format(limit=limit) + accounts.source("alpha") + accounts.source("zulu")
        files = {"alpha.csv": accounts.csv(**ALPHA), "zulu.csv": accounts.csv(**zulu)}
        project = make_project(sections, files)
        first_run(project, now=NOW)
        return project

    return make


def deliver(project, name, text):
    """Replace a source's file."""
    (project.loaded.folder / f"{name}.csv").write_text(text, encoding="utf-8")


def sequences(project):
    """Audience → number of its last release; and the report of the last run, as the ledger keeps it."""
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        return {name: ledger.last_sequence(name) for name in ("centre", "dea")}, ledger.last_run().report


def command(monkeypatch, capsys, *arguments):
    """Run the command line; return its exit code and what it wrote to the error stream."""
    from linkage.cli import main

    monkeypatch.setattr("sys.argv", ["linkage", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "400")
    try:
        main.main()
    except SystemExit as stop:
        return stop.code or 0, capsys.readouterr().err
    return 0, capsys.readouterr().err


def test_churn_holds_back_one_audience_until_it_is_accepted(world, accounts, monkeypatch, capsys):
    """Too many moving records keep the last release of the audience that sees them; an acceptance with its reason is kept."""
    project = world("churn = 0.1", five="klmn")
    before = published(project, "centre")
    deliver(project, "zulu", accounts.csv(six="k", seven="l", eight="m", nine="n"))
    code, told = command(monkeypatch, capsys, "run", project.loaded.path)
    assert code == 1
    for words in ("audience 'centre': audit churn failed: 3 of 9 records", "--accept churn --why", "centre.duckdb"):
        assert words in told
    held, report = sequences(project)
    assert held == {"centre": 1, "dea": 2}
    assert [(name, found[0]["audit"]) for name, found in report["held"].items()] == [("centre", "churn")]
    assert published(project, "centre") == before
    assert Workspace(project.loaded.workspace).held("centre").is_file()
    assert not Workspace(project.loaded.workspace).held("dea").exists()
    with pytest.raises(AuditError, match="audit churn failed"):
        project.run(now=NOW)
    project.run(now=NOW, accept={"churn": "the bank has split its accounts"})
    released, report = sequences(project)
    assert released == {"centre": 2, "dea": 4}
    assert report["accepted"] == {"churn": {"why": "the bank has split its accounts", "by": getpass.getuser()}}
    assert report["held"] == {}
    assert len(published(project, "centre")["identity"]) == 7


def test_what_is_held_back_comes_right_later(world, accounts, tmp_path):
    """After a release was held back, the next is that of a full run: accepted with more deliveries, or when all is as before."""
    project = world("churn = 0.1", five="klmn")
    deliver(project, "zulu", accounts.csv(six="k", seven="l", eight="m", nine="n"))
    with pytest.raises(AuditError):
        project.run(now=NOW)
    folders = []
    for name, zulu in (("more", {"six": "kl", "seven": "m", "ten": "op"}), ("back", {"five": "klmn"})):
        for twin in ("increment", "full"):
            folders.append(tmp_path.with_name(f"{tmp_path.name}-{name}-{twin}"))
            shutil.copytree(tmp_path, folders[-1])
            deliver(linkage.open(folders[-1]), "zulu", accounts.csv(**zulu))
            if name == "more":
                deliver(linkage.open(folders[-1]), "alpha", accounts.csv(one="abf", two="c"))
    for increment, full in (folders[:2], folders[2:]):
        one, two = linkage.open(increment), linkage.open(full)
        accepted = {"churn": "it is right"} if increment == folders[0] else {}
        assert one.run(now=NOW, accept=accepted)["work"] == "increment"
        two.run(now=NOW, accept=accepted, full=True)
        for audience in ("centre", "dea"):
            assert published(one, audience) == published(two, audience)
        assert sequences(one)[0] == {"centre": 2, "dea": 3}
    back = linkage.open(folders[2])
    assert published(back, "centre")["identity_record"] == published(project, "centre")["identity_record"]
    assert published(back, "centre")["identity_event"] == []


def test_an_identity_that_is_too_large_is_held_back(world, accounts):
    """An identity beyond the limit holds back only the audience that sees all its records, until it is accepted."""
    project = world("largest_identity = 2", five="kl")
    deliver(
        project, "zulu", accounts.csv(five="kl") + accounts.csv(one="ab").splitlines()[1].replace("a,", "x,") + "\n"
    )
    with pytest.raises(AuditError, match=r"audit largest_identity failed: identity \S+ holds 3 records"):
        project.run(now=NOW)
    assert sequences(project)[0] == {"centre": 1, "dea": 2}
    # Another limit's acceptance does not count.
    with pytest.raises(AuditError, match="largest_identity"):
        project.run(now=NOW, accept={"churn": "the wrong one"})
    project.run(now=NOW, accept={"largest_identity": "three card files, one account"})
    released, report = sequences(project)
    assert released == {"centre": 2, "dea": 4}
    assert report["accepted"]["largest_identity"]["why"] == "three card files, one account"
    assert max(row[3] for row in published(project, "centre")["identity"]) == 3


def test_a_rule_cannot_be_accepted(world, accounts, monkeypatch, capsys):
    """A release whose sums are wrong is published for nobody, whatever is accepted; the command refuses such a call."""
    project = world("churn = 0.1", five="kl")
    made = publish._rejects

    def broken(run, audience):
        made(run, audience)
        if audience == "centre":
            run.engine.run("DELETE FROM release.published.account")

    deliver(project, "zulu", accounts.csv(five="klm"))
    with monkeypatch.context() as patched:
        patched.setattr(publish, "_rejects", broken)
        with pytest.raises(AuditError, match="audit sums failed: identities and golden values of account differ") as no:
            project.run(now=NOW, accept={"sums": "never mind", "churn": "never mind"})
    assert "--accept" not in str(no.value)
    assert sequences(project)[0] == {"centre": 1, "dea": 2}
    code, told = command(monkeypatch, capsys, "run", project.loaded.path, "--accept", "sums", "--why", "never mind")
    assert code == 2
    assert "only limits can be accepted" in told
    assert sequences(project)[0] == {"centre": 1, "dea": 2}
    project.run(now=NOW)
    assert sequences(project)[0] == {"centre": 2, "dea": 3}


@pytest.mark.parametrize(
    ("wrong", "days", "told"),
    [
        ("INSERT INTO release.published.identity SELECT * REPLACE (0 AS records) FROM release.published.identity SEMI JOIN resolution.identified USING (identity_id)", 1, "two identities have one id"),
        ("INSERT INTO release.published.identity_redirect VALUES ('A-old', 'A-none', 1, FALSE)", 1, None),
        ("INSERT INTO release.published.identity_redirect VALUES ('A-old', 'A-none', 1, FALSE)", 7, "a redirect leads to an unknown identity"),
    ],
)  # fmt: skip
def test_an_increment_audits_what_it_touches_and_each_week_everything(world, accounts, monkeypatch, wrong, days, told):
    """What is wrong with a touched identity is found by the next increment; what is wrong elsewhere by the whole audit, seven days after the last."""
    project = world("churn = 0.9", five="kl")
    made = publish._rejects

    def broken(run, audience):
        made(run, audience)
        if audience == "centre":
            run.engine.run(wrong)

    # The first audit in whole was that of this day, whatever day the first run was copied from.
    project.run(now=NOW, full=True)
    monkeypatch.setattr(publish, "_rejects", broken)
    deliver(project, "zulu", accounts.csv(five="klm"))
    now = NOW + timedelta(days=days)
    if told is None:
        assert project.run(now=now)["work"] == "increment"
        return
    with pytest.raises(AuditError, match=f"audit sums failed: {told}"):
        project.run(now=now)
