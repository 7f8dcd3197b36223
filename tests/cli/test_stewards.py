"""The commands of stewards: what they print, their JSON, and that every look is written down."""

from __future__ import annotations

import json

import pytest

from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace


@pytest.fixture(scope="module")
def project(tmp_path_factory, accounts):
    """A small account project of two releases: two accounts become one, another is split; returns it and the ids before."""
    import linkage

    folder = tmp_path_factory.mktemp("stewards")
    text = f'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n[audiences.centre]\nsees = "all"\n{accounts.source("bank")}'
    (folder / "project.toml").write_text(text, encoding="utf-8")
    ids = {}
    for groups in (
        {"one": "ABC", "two": "DE", "three": "FGHI"},
        {"one": "ABCDE", "three": "F", "four": "GH", "five": "I"},
    ):
        (folder / "bank.csv").write_text(accounts.csv(**groups), encoding="utf-8")
        opened = linkage.open(folder)
        opened.run()
        with opened.release() as release:
            ids |= dict(
                release.rows(
                    "SELECT key || (SELECT value FROM published.release_info WHERE name = 'sequence'), identity_id FROM published.identity_record"
                )
            )
    return opened, ids


def looks(project):
    """Return the actions of all looks so far."""
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        return [look.action for look in ledger.looks()]


def test_diff_tells_counts_and_examples(linkage_, project):
    """`diff` prints what merged and split with the records of both sides, and the same as JSON."""
    opened, ids = project
    code, out, _ = linkage_("diff", opened.loaded.path, 1, 2)
    assert code == 0
    assert "centre: from release 1 to 2" in out
    assert "Merged: records of several identities are in one" in out
    assert "bank/D#account, bank/E#account" in out
    told = json.loads(linkage_("diff", opened.loaded.path, 1, 2, "--json", "--examples", 1)[1])
    assert (told["types"]["account"]["merged"], told["types"]["account"]["split"]) == (1, 1)
    assert told["examples"]["merged"][0]["identity_id"] == ids["A2"]
    assert looks(opened)[-1] == "diff"


def test_diff_refuses_a_release_that_is_gone(linkage_, project):
    """A release that is not on disk is one line that names those that are."""
    code, out, err = linkage_("diff", project[0].loaded.path, 1, 7)
    assert (code, out) == (1, "")
    assert err == "linkage: release 7 of centre is not on disk; these are: 1, 2\n"


def test_resolve_id_and_history(linkage_, project):
    """An old id leads to where its records are, and its history tells why."""
    opened, ids = project
    code, out, _ = linkage_("resolve-id", opened.loaded.path, ids["D1"])
    assert code == 0
    assert f"{ids['D1']} is replaced in release 2 of centre by:" in out
    assert ids["A2"] in out
    assert "is in use in release 2" in linkage_("resolve-id", opened.loaded.path, ids["A2"])[1]
    told = json.loads(linkage_("history", opened.loaded.path, ids["D1"], "--json")[1])
    assert [event["event"] for event in told["events"]] == ["created", "merged"]
    out = linkage_("history", opened.loaded.path, ids["D1"])[1]
    assert f"What became of {ids['D1']}" in out
    assert looks(opened)[-4:] == ["resolve-id", "resolve-id", "history", "history"]
    code, out, err = linkage_("history", opened.loaded.path, "A-unknown")
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_the_queue_is_printed_and_written(linkage_, demo, tmp_path):
    """`review queue` prints reason, records and evidence in words, writes the file, and a look is written down."""
    file = tmp_path / "queue.csv"
    code, out, _ = linkage_("review", "queue", demo.folder, "person", "--limit", 3, "--csv", file)
    assert code == 0
    assert "1. person, " in out
    assert "Wrong with probability" in out
    assert "Questions in release 1 of centre" in out
    assert "Unverified" in out
    assert file.read_text(encoding="utf-8").startswith("verdict,note,name_a,name_b,")
    told = json.loads(linkage_("review", "queue", demo.folder, "--limit", 3, "--json")[1])
    assert [item["rank"] for item in told["items"]] == [1, 2, 3]
    assert looks(demo.project).count("review queue") >= 2


def test_judgements_are_listed_in_lines(linkage_, project):
    """`judgements` prints each with verdict, state and records on one line, who and why below it, and the contradictions."""
    path = project[0].loaded.path
    for verdict, why in (("match", "one card file"), ("non-match", "two signatures")):
        assert linkage_("judge", path, "bank/A", "bank/F", verdict, "--why", why, "--by", "ann")[0] == 0
    assert linkage_("judge", path, "bank/A", "bank/I", "unsure", "--why", "ask the bank", "--by", "bob")[0] == 0
    assert linkage_("judge", path, "--undo", 3, "--why", "asked")[0] == 0
    lines = linkage_("judgements", path)[1].splitlines()
    assert lines[0] == "1. match (account), conflicting, waits for a run: bank/A#account and bank/F#account"
    assert lines[1].endswith(" by ann: one card file")
    assert lines[4] == "3. unsure (account), closed, waits for a run: bank/A#account and bank/I#account"
    assert lines[6].startswith("Contradiction (account): bank/A#account = bank/F#account (no. 1), but ")


def test_a_table_is_exported_as_an_older_release_had_it(linkage_, project, tmp_path):
    """`export --release` and `identities(release=)` read the older release, say so and write it to the audit; one that is not there is refused."""
    opened, ids = project
    path, file = opened.loaded.path, tmp_path / "then.csv"
    code, out, _ = linkage_("export", path, "identity_record", file, "--release", 1)
    assert (code, out) == (0, f"{file}: 9 rows of identity_record, release 1 of centre\n")
    assert file.read_text(encoding="utf-8").count(ids["D1"]) == 2
    with Ledger(Workspace(opened.loaded.workspace).ledger) as ledger:
        assert ledger.looks()[-1].objects == ("identity_record", "release 1")
    then = opened.identities("account", release=1)
    assert ids["D1"] in set(then["identity_id"])
    assert ids["D1"] not in set(opened.identities("account")["identity_id"])
    code, _, err = linkage_("export", path, "identity_record", file, "--release", 7)
    assert (code, err) == (1, "linkage: audience 'centre' has no release 7; it has: 1, 2\n")
