"""Splitting and merging identities by judgements in bulk, in real runs."""

from __future__ import annotations

import json
import shutil

import pytest

import linkage
from linkage.errors import LinkageError, RequestError
from linkage.judging import record
from linkage.judging.identities import _chosen, merge, split, undo_together
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

AUDIENCES = "[audiences.centre]\n[audiences.dea]\n"


@pytest.fixture(scope="module")
def ran(accounts, tmp_path_factory):
    """The folder of an account project after its first run: a to e are one account, f and g another, h and i two more."""
    folder = tmp_path_factory.mktemp("bulk") / "first"
    folder.mkdir()
    (folder / "bank.csv").write_text(accounts.csv(one="abcde", two="fg", three="h", four="i"), encoding="utf-8")
    head = 'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n'
    (folder / "project.toml").write_text(head + AUDIENCES + accounts.source("bank"), encoding="utf-8")
    linkage.open(folder).run()
    return folder


@pytest.fixture
def bank(ran, tmp_path):
    """A copy of that project, to be mended."""
    shutil.copytree(ran, tmp_path / "bank")
    return linkage.open(tmp_path / "bank")


def ids(project, audience="centre"):
    """Record key → identity id of the last release."""
    with project.release(audience) as release:
        return dict(release.rows("SELECT key, identity_id FROM published.identity_record"))


def groups(project, audience="centre"):
    """The identities of the last release as sorted strings of keys."""
    found = {}
    for key, identity in ids(project, audience).items():
        found.setdefault(identity, []).append(key)
    return sorted("".join(sorted(keys)) for keys in found.values())


def entered(project):
    """All judgements in the ledger, as (a, b, verdict), with their state."""
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        return [
            (one.judgement.a[1], one.judgement.b[1], one.judgement.verdict, one.closed_at is None)
            for one in ledger.judgements()
        ]


def test_a_split_parts_the_identity_and_survives_a_full_run(bank, tmp_path):
    """The named records are one identity and the rest another after the next run and after a full one; undone, they join."""
    before = ids(bank)
    path = tmp_path / "records.txt"
    path.write_text("bank/d#account\n\n", encoding="utf-8")
    told = split(bank, before["a"], ["bank/b", str(path)], "two customers", by="steward")
    assert (told["parts"], told["verdicts"]) == ([2, 3], {"match": 3, "non-match": 1, "unsure": 0})
    assert entered(bank) == [
        ("b", "d", "match", True),
        ("a", "c", "match", True),
        ("c", "e", "match", True),
        ("a", "b", "non-match", True),
    ]
    bank.run(judgements_only=True)
    assert groups(bank) == ["ace", "bd", "fg", "h", "i"]
    after = ids(bank)
    assert (after["a"], after["f"]) == (before["a"], before["f"])
    bank.run(full=True)
    assert ids(bank) == after
    assert undo_together(bank, told["judgements"][2], "one customer after all")["closed"] == told["judgements"]
    bank.run()
    assert ids(bank) == before


def test_a_split_again_enters_nothing_new(bank):
    """What judgements that stand say already is not entered twice."""
    identity = ids(bank)["a"]
    split(bank, identity, ["bank/b"], "x")
    assert len(entered(bank)) == 4
    assert split(bank, identity, ["bank/b"], "x")["judgements"] == []
    assert len(entered(bank)) == 4


def test_a_merge_joins_identities_and_survives_a_full_run(bank):
    """All records of the named identities are one after the next run and after a full one; undone, both ids come back."""
    before = ids(bank)
    told = merge(bank, [before["f"], before["a"], before["h"]], "one customer")
    assert (told["parts"], told["entered"], told["identities"]) == (
        [8],
        7,
        sorted({before["a"], before["f"], before["h"]}),
    )
    bank.run(judgements_only=True)
    assert groups(bank) == ["abcdefgh", "i"]
    after = ids(bank)
    assert after["f"] == before["a"]
    bank.run(full=True)
    assert ids(bank) == after
    undo_together(bank, told["judgements"][0], "no")
    bank.run()
    assert ids(bank) == before


def test_any_split_of_a_merged_identity_holds(bank):
    """An identity that holds by judgements alone can be split only once these are undone, and the refusal names them."""
    before = ids(bank)
    told = merge(bank, [before["f"], before["h"]], "x")
    bank.run(judgements_only=True)
    now = ids(bank)
    with pytest.raises(
        RequestError, match=r"judgement 2 of before says otherwise; if it is wrong, undo first: .* --undo 2"
    ):
        split(bank, now["f"], ["bank/h"], "x")
    assert len(entered(bank)) == 2
    undo_together(bank, told["judgements"][0], "x")
    split(bank, now["f"], ["bank/f", "bank/h"], "x")
    bank.run(judgements_only=True)
    assert groups(bank) == ["abcde", "fh", "g", "i"]


def test_a_merge_against_a_non_match_is_refused(bank):
    """A non-match between two of the records is named, and nothing is entered."""
    record.judge(bank, ("bank/h", "bank/i"), "non-match", "x")
    now = ids(bank)
    with pytest.raises(RequestError, match="judgement 1 of before"):
        merge(bank, [now["h"], now["i"], now["f"]], "x")
    assert len(entered(bank)) == 1


def test_a_chain_through_another_record_is_found(bank):
    """Matches that lead from one part to the other by way of a third identity are in the way of a split too."""
    record.judge(bank, ("bank/a", "bank/i"), "match", "x")
    record.judge(bank, ("bank/i", "bank/b"), "match", "x")
    with pytest.raises(RequestError, match=r"judgements 1, 2 of before"):
        split(bank, ids(bank)["a"], ["bank/b"], "x")
    with Ledger(Workspace(bank.loaded.workspace).ledger) as ledger:
        assert ledger.undo_all([1, 2], "2026-01-01", "s", "x") == [1, 2]
    record.judge(bank, ("bank/d", "bank/e"), "non-match", "x")
    with pytest.raises(RequestError, match=r"judgement 3 of before"):
        split(bank, ids(bank)["a"], ["bank/b"], "x")


def test_a_mend_in_the_view_of_an_audience(bank):
    """What an audience's steward enters rests on its release and holds there and at the centre."""
    told = split(bank, ids(bank, "dea")["a"], ["bank/e"], "x", audience="dea")
    assert told["audience"] == "dea"
    bank.run(judgements_only=True)
    assert groups(bank, "dea") == groups(bank) == ["abcd", "e", "fg", "h", "i"]


def test_what_cannot_be_mended_is_refused(bank, tmp_path, make_project, accounts):
    """No reason, unknown ids and records, all or none of the records, one identity: each refusal names the mend."""
    now = ids(bank)
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\xff\xfe")
    empty = tmp_path / "empty.txt"
    empty.write_text("\n", encoding="utf-8")
    for attempt, told in (
        (lambda: split(bank, now["a"], ["bank/a"], " "), "add --why"),
        (lambda: split(bank, "A-none", ["bank/a"], "x"), "no identity 'A-none'"),
        (lambda: split(bank, now["a"], ["bank/f", "bank/zz"], "x"), "bank/f is no record of it; bank/zz is no record"),
        (lambda: split(bank, now["h"], ["bank/h"], "x"), "1 records and 1 are named"),
        (lambda: split(bank, now["a"], [str(empty)], "x"), "5 records and 0 are named"),
        (lambda: split(bank, now["a"], [str(bad)], "x"), "one record name a line"),
        (lambda: merge(bank, [now["a"], now["a"]], "x"), "two identities or more"),
        (lambda: merge(bank, [now["a"], now["f"]], ""), "add --why"),
        (lambda: undo_together(bank, 1, "x"), "no judgement 1"),
    ):
        with pytest.raises(RequestError, match=told):
            attempt()
    assert entered(bank) == []
    merge(bank, [now["h"], now["i"]], "x")
    bank.run(judgements_only=True)
    with pytest.raises(RequestError, match=rf"its records are now in {ids(bank)['h']}"):
        split(bank, ({now["h"], now["i"]} - set(ids(bank).values())).pop(), ["bank/i"], "x")
    undo_together(bank, 1, "x")
    with pytest.raises(RequestError, match="closed already"):
        undo_together(bank, 1, "x")
    fresh = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab")})
    with pytest.raises(LinkageError, match="linkage run"):
        undo_together(fresh, 1, "x")


def test_identities_of_two_types_and_names_of_two_roles_are_refused(demo):
    """A person and an account are never merged, and a name that fits two records of an identity needs its role."""
    with demo.project.release() as release:
        pair = [
            release.value("SELECT min(identity_id) FROM published.identity WHERE entity_type = $kind", {"kind": kind})
            for kind in ("person", "account")
        ]
    with pytest.raises(RequestError, match="merge identities of one type"):
        merge(demo.project, pair, "x")
    members = [("bank", "a", "holder"), ("bank", "a", "owner")]
    with pytest.raises(RequestError, match="bank/a fits bank/a#holder, bank/a#owner: add the role"):
        _chosen("P-1", members, ["bank/a"])
    assert _chosen("P-1", members, ["bank/a#owner"]) == {members[1]}


def test_the_commands_tell_what_was_entered(bank, monkeypatch, capsys):
    """`split`, `merge` and `judge --undo-bulk` answer in words and in JSON."""
    from linkage.cli import main as command

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["linkage", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "400")
        try:
            command.main()
        except SystemExit as stop:
            assert stop.code in {None, 0}  # noqa: PT017
        return capsys.readouterr().out

    place, now = bank.loaded.path, ids(bank)
    out = run("split", place, now["a"], "--records", "bank/b", "--records", "bank/c", "--why", "x")
    assert "Apart from now on: 2 records and 3 records of account" in out
    assert "4 judgements entered (3 match, 1 non-match). The next run applies them." in out
    assert "--undo-bulk 1 --why TEXT" in out
    assert "nothing was entered" in run(
        "split", place, now["a"], "--records", "bank/b", "--records", "bank/c", "--why", "x"
    )
    run("judge", place, "--undo", "2", "--why", "x")
    assert "3 judgements are closed: 1, 3, 4; 1 were closed before" in run(
        "judge", place, "--undo-bulk", "4", "--why", "x"
    )
    told = json.loads(run("merge", place, now["h"], now["i"], "--why", "x", "--by", "s", "--json"))
    assert (told["entered"], told["judgements"], told["parts"]) == (1, [5], [2])
    assert "Together from now on" in run("merge", place, now["h"], now["i"], "--why", "x")
