"""What stewards decide lasts: through increments, full runs and new models, until it is undone (rules R3, R4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linkage.judging import record
from tests.conftest import NOW

HEAD = "id,number,bank,holder"
FIRST = [f"a{number},1000078123,021000021,Ann Archer" for number in range(3)]
SECOND = [f"b{number},1000078124,021000021,Ann Archer" for number in range(3)]


def groups(project):
    """Identity → its record keys, of the last release."""
    with project.release() as release:
        return dict(
            release.rows(
                "SELECT identity_id, string_agg(key, '' ORDER BY key) FROM published.identity_record GROUP BY ALL ORDER BY ALL"
            )
        )


def events(project):
    """(id, event, cause) of the last release."""
    with project.release() as release:
        return set(release.rows("SELECT identity_id, event, cause FROM published.identity_event"))


def deliver(project, text):
    """Replace the bank's file."""
    (project.loaded.folder / "bank.csv").write_text(text, encoding="utf-8")


@pytest.fixture
def bank(make_project, accounts, first_run):
    """A project of one bank that has run: ab, c, d and efg are its accounts."""
    project = make_project(
        accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="c", three="d", four="efg")}
    )
    first_run(project, now=NOW)
    return project


def test_judgements_survive_increments_full_runs_and_new_models(bank, accounts):
    """A match and a non-match hold, with the same ids, after an increment, a full run and a retrained model."""
    record.judge(bank, ("bank/c", "bank/d"), "match", "one card file")
    record.judge(bank, ("bank/a", "bank/b"), "non-match", "two persons")
    assert bank.run(now=NOW)["work"] == "increment"
    held = groups(bank)
    assert sorted(held.values()) == ["a", "b", "cd", "efg"]
    deliver(bank, accounts.csv(one="ab", two="c", three="d", four="efgh", five="i"))
    told = bank.run(now=NOW + timedelta(days=1))
    assert (told["work"], told["types"]["account"]["standardised"]) == ("increment", 2)
    grown = groups(bank)
    assert sorted(grown.values()) == ["a", "b", "cd", "efgh", "i"]
    assert held.keys() < grown.keys()
    assert bank.run(now=NOW, full=True)["work"] == "asked for"
    assert groups(bank) == grown
    assert events(bank) == set()
    bank.run(now=NOW, retrain=True)
    assert groups(bank) == grown
    for number in (1, 2):
        record.undo(bank, number, "looked again")
    bank.run(now=NOW)
    assert sorted(groups(bank).values()) == ["ab", "c", "d", "efgh", "i"]


def test_a_non_match_cuts_the_bridge_and_not_the_cliques(make_project, accounts):
    """Two cliques that weaker pairs join come apart where a pair of them is judged to differ; each stays whole."""
    text = "\n".join([HEAD, *FIRST, *SECOND, ""])
    project = make_project(accounts.source("bank"), {"bank.csv": text})
    project.run(now=NOW)
    (joined,) = groups(project)
    with project.release() as release:
        inside, between = release.rows(
            "SELECT min(weight), max(weight) FROM published.link_evidence GROUP BY key_a[1] <> key_b[1] ORDER BY key_a[1] <> key_b[1]"
        )
    assert inside[0] > 2 * between[1]
    record.judge(project, ("bank/a0", "bank/b0"), "non-match", "two numbers, two accounts")
    project.run(now=NOW)
    apart = groups(project)
    assert sorted(apart.values()) == ["a0a1a2", "b0b1b2"]
    assert joined in apart
    assert {(event, cause) for _, event, cause in events(project)} >= {("split", "judgement")}
    project.run(now=NOW, full=True)
    assert groups(project) == apart


def test_a_merge_of_ten_releases_ago_is_undone(bank, accounts):
    """The undo of an old match gives both ids back, whatever was delivered since."""
    before = groups(bank)
    number = record.judge(bank, ("bank/c", "bank/e"), "match", "told by the bank")["judgement"]
    bank.run(now=NOW)
    merged = groups(bank)
    assert sorted(merged.values()) == ["ab", "cefg", "d"]
    (ended,) = before.keys() - merged.keys()
    extra = ""
    for day in range(10):
        extra += "hijklmnopq"[day]
        deliver(bank, accounts.csv(one="ab", two="c", three="d", four="efg", five=extra))
        assert bank.run(now=NOW + timedelta(days=day))["work"] == "increment"
    record.undo(bank, number, "it was told wrongly")
    bank.run(now=NOW + timedelta(days=11))
    after = groups(bank)
    assert {identity: after.get(identity) for identity in before} == before
    assert len(after) == len(before) + 1
    assert (ended, "reinstated", "judgement") in events(bank)


def test_judgements_alone_read_no_delivery(bank, accounts):
    """A run of judgements only applies them and leaves what was delivered meanwhile to the next run."""
    number = record.judge(bank, ("bank/c", "bank/d"), "match", "one card file")["judgement"]
    deliver(bank, accounts.csv(one="ab", two="c", three="d", four="efgh"))
    told = bank.run(now=NOW, judgements_only=True)
    assert told["work"] == "increment"
    assert "ingest" not in told["stages"]
    assert told["types"]["account"]["standardised"] == 0
    assert sorted(groups(bank).values()) == ["ab", "cd", "efg"]
    record.undo(bank, number, "looked again")
    bank.run(now=NOW, judgements_only=True)
    assert sorted(groups(bank).values()) == ["ab", "c", "d", "efg"]
    bank.run(now=NOW)
    assert sorted(groups(bank).values()) == ["ab", "c", "d", "efgh"]
