"""The audit: what it keeps, that alterations are found, who was given a record, and refusals."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing

import pytest

import linkage
from linkage.errors import RequestError, SharingError, WorkspaceError
from linkage.sharing.audit import act_as, export, rows, verify
from linkage.sharing.given import given
from linkage.store.chain import REFUSAL
from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger
from linkage.store.migrations import MIGRATIONS

HEAD = """
audit_anchor = "outside/anchors.jsonl"
[audiences.centre]
[audiences.dea]
hidden = ["b"]
agency = "a"
"""


@pytest.fixture
def ran(make_project, accounts, first_run):
    """A project of two datasets with an anchor, after its first run."""
    project = make_project(
        accounts.source("a") + accounts.source("b"),
        {"a.csv": accounts.csv(alpha="12", zulu="3"), "b.csv": accounts.csv(alpha="7", mike="8")},
        head=HEAD,
    )
    first_run(project)
    return project


def ledger_of(project):
    """The ledger's file."""
    return project.loaded.workspace / "ledger.sqlite"


def altered(project, *statements):
    """Alter the ledger as somebody with the file and SQL can; return what verify finds."""
    with closing(sqlite3.connect(ledger_of(project))) as connection:
        connection.execute("DROP TRIGGER audit_kept")
        connection.execute("DROP TRIGGER audit_whole")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return verify(project.loaded)["broken"]


def test_everything_is_kept_in_one_chain(ran):
    """Releases, approvals, looks, judgements and their undoing follow each other, with who, agency, release and purpose."""
    with Ledger(ledger_of(ran)) as ledger:
        number = ledger.judge(
            Judgement("account", ("a", "1", "account"), ("b", "7", "account"), "match", "ann", "same"),
            "2026-01-01T00:00:00+00:00",
        )
        ledger.undo(number, "2026-01-02T00:00:00+00:00", "ann", "wrong")
    act_as("bo")
    try:
        ran.table("identity", audience="dea", purpose="case 7")
    finally:
        act_as(None)
    found = rows(ran.loaded)
    assert [(row["kind"], row["action"]) for row in found] == [
        ("change", "approve"), ("change", "release"), ("change", "judge"), ("change", "undo"), ("look", "table"), ("look", "audit"),
    ][:len(found)]  # fmt: skip
    look = next(row for row in found if row["action"] == "table")
    assert (look["agency"], look["audience"], look["release"], look["purpose"], look["objects"]) == (
        "a",
        "dea",
        1,
        "case 7",
        ["identity"],
    )
    assert look["by"].startswith("bo (")
    told = verify(ran.loaded)
    assert (told["broken"], told["anchors"], told["anchored"]) == ([], 1, 2)


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["UPDATE audit SET purpose = 'another' WHERE number = 2"], "row 2 was edited"),
        (["DELETE FROM audit WHERE number = 2"], "row 2 is missing"),
        (["DELETE FROM audit WHERE number >= 2"], "is gone: rows were cut off"),
        (["UPDATE audit SET number = 99 WHERE number = 1", "UPDATE audit SET number = 1 WHERE number = 2", "UPDATE audit SET number = 2 WHERE number = 99"], "does not follow"),
    ],
)  # fmt: skip
def test_edits_cuts_and_reorders_are_found(ran, statements, told):
    """Whatever is done to rows before the last anchor, verify says which row it is."""
    ran.table("identity")
    ran.run()
    broken = altered(ran, *statements)
    assert broken
    assert told in " ".join(broken)


def test_a_chain_made_anew_is_found_by_its_anchor(ran):
    """A chain whose hashes were computed again after an edit is intact in itself, and is not what was anchored."""
    from linkage.store.chain import FIRST, SELECT_ROWS, row_hash, to_row

    with closing(sqlite3.connect(ledger_of(ran))) as connection:
        connection.execute("DROP TRIGGER audit_kept")
        connection.execute("UPDATE audit SET by = 'nobody' WHERE number = 1")
        previous = FIRST
        for row in [to_row(found) for found in connection.execute(SELECT_ROWS).fetchall()]:
            own = row_hash(row.number, row.entry, previous)
            connection.execute("UPDATE audit SET previous = ?, hash = ? WHERE number = ?", (previous, own, row.number))
            previous = own
        connection.commit()
    assert verify(ran.loaded)["broken"] == [
        f"row 2 is another than line 1 of {ran.loaded.anchor} anchors: rows were made anew"
    ]


def test_the_ledger_refuses_to_alter_rows(ran):
    """Plain SQL that edits or deletes rows of the audit is refused by the ledger itself."""
    with closing(sqlite3.connect(ledger_of(ran))) as connection:
        for statement in ("UPDATE audit SET by = 'x'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
                connection.execute(statement)


def test_what_was_asked_stands_apart(ran):
    """A lookup keeps what it asked for in a table of its own; the chain stays whole without it, and an alteration is found."""
    ran.lookup("account", {"number": "4111222233334444", "institution": "021000021"})
    row = next(row for row in rows(ran.loaded) if row["action"] == "lookup")
    assert "4111222233334444" in row["content"]
    assert "4111222233334444" not in json.dumps({**row, "content": None})
    with closing(sqlite3.connect(ledger_of(ran))) as connection:
        connection.execute("UPDATE asked SET content = 'another'")
        connection.commit()
        assert verify(ran.loaded)["broken"] == [f"what was asked for in row {row['number']} was altered"]
        connection.execute("DELETE FROM asked")
        connection.commit()
    assert verify(ran.loaded)["broken"] == []
    assert verify(ran.loaded)["asked_gone"] == 1


def test_refusals_are_kept(ran):
    """An unknown audience, a look without a purpose and wrong agreements are refused, and the audit has heard of it."""
    with pytest.raises(RequestError):
        ran.table("identity", audience="nobody")
    text = ran.loaded.path.read_text(encoding="utf-8")
    ran.loaded.path.write_text(text.replace('default_purpose = "test"\n', ""), encoding="utf-8")
    with pytest.raises(RequestError):
        linkage.open(ran.loaded.path).table("identity")
    agreed = ran.loaded.folder / "agreed.toml"
    agreed.write_text('version = 1\n[groups]\nioc2 = ["cia"]\n', encoding="utf-8")
    ran.loaded.path.write_text('agreements = "agreed.toml"\n' + text.replace('hidden = ["b"]\n', ""), encoding="utf-8")
    with pytest.raises(SharingError):
        linkage.open(ran.loaded.path)
    found = [row for row in rows(ran.loaded) if row["kind"] == REFUSAL]
    assert [(row["action"], row["outcome"], row["audience"]) for row in found] == [
        ("release", "RequestError", ""),
        ("table", "RequestError", "centre"),
        ("agreements", "SharingError", ""),
    ]
    assert "unknown agency 'cia'" in found[2]["content"]


def test_who_was_given_a_record(ran):
    """Whole tables, an identity by its id and the record by name count where the release held the record; other looks do not."""
    ran.table("identity", audience="dea", purpose="whole")
    other = linkage.queries.show(ran, "a/3", purpose="other")[0]["identity_id"]
    mine = linkage.queries.show(ran, "b/7", purpose="name")[0]["identity_id"]
    linkage.queries.show(ran, mine, purpose="id")
    assert other != mine
    assert [(one["purpose"], one["audience"], one["how"]) for one in given(ran.loaded, "b/7")] == [
        ("name", "centre", "named"),
        ("id", "centre", "named"),
    ]
    assert [(one["purpose"], one["how"]) for one in given(ran.loaded, "a/3#account")] == [
        ("whole", "whole"),
        ("other", "named"),
    ]


def test_an_older_ledger_is_migrated(tmp_path):
    """Looks of a ledger of before the chain become its first rows, in their order."""
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        scripts = list(itertools.takewhile(lambda script: isinstance(script, str), MIGRATIONS))
        for script in scripts:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {len(scripts)}")
        for name in ("one", "two"):
            connection.execute(
                "INSERT INTO look (looked_at, looked_by, audience, purpose, action, objects) VALUES ('t', 'ann', 'centre', ?, 'show', '[\"P-1\"]')",
                (name,),
            )
        connection.commit()
    with Ledger(path) as ledger:
        assert [(row.number, row.entry.purpose, row.is_intact) for row in ledger.audit()] == [
            (1, "one", True),
            (2, "two", True),
        ]


def test_the_audit_is_exported_whole(ran, tmp_path):
    """The file has a line a row and is for its owner alone; an anchor that cannot be written is told after the release."""
    target = tmp_path / "audit.jsonl"
    assert export(ran.loaded, target)["rows"] == len(target.read_text(encoding="utf-8").splitlines())
    assert target.stat().st_mode & 0o777 == 0o600
    ran.loaded.anchor.unlink()
    ran.loaded.anchor.mkdir()
    with pytest.raises(WorkspaceError, match="the releases stand"):
        ran.run()
    assert ran.release_path("centre").name == "2.duckdb"
