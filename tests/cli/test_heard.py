"""Refusals of every command that works on a project: one line for who called it, one row for the audit."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import linkage
from linkage.cli.main import app
from linkage.config.project import load_project
from linkage.sharing.audit import verify

AGREED = """
version = 1
[agencies.a]
contact = "desk a"
[agreements.pool]
parties = ["a", "b"]
datasets = ["b"]
from = 2020-01-01
purposes = ["TEST"]
shares = [{ with = "a", level = "full" }]
"""
HEAD = 'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\nagreements = "agreed.toml"\n[audiences.centre]\n[audiences.a]\nagency = "a"\n'

# Command → words behind it and the project, and what the one line says; FILE is a file that is not there.
TRIALS = {
    "agreements": [("--now 2026", "no ISO time")],
    "approve": [("account 123 --why test", "123")],
    "audit export": [("no/such/folder/x.jsonl", "cannot be written")],
    "audit show": [("--record nothing", "is no record name")],
    "audit verify": [],
    "backup": [("FOLDER", "")],
    "check": [],
    "deconflict": [
        ("--agency cia --phone 3125550123", "there is no agency 'cia'"),
        ("--agency b --account --number 12", "agency 'b' is no audience"),
        ("--agency a --account --number 12 --purpose SPORT", "do not allow the purpose 'SPORT'"),
    ],
    "diff": [("1 9", "release 9"), ("1 2 --audience nobody", "there is no audience 'nobody'")],
    "evaluate": [("--truth FILE", "FILE"), ("--judgements FILE", "FILE")],
    "explain": [("a/1 b/1 --audience nobody", "there is no audience 'nobody'"), ("c/1 b/1", "no record 'c/1'")],
    "export": [
        ("nothing FILE.csv", "there is no table 'nothing'"),
        ("identity FILE.csv --audience nobody", "there is no audience 'nobody'"),
        ("identity FILE.csv --audience a --purpose SPORT", "do not allow the purpose 'SPORT'"),
    ],
    "history": [("c/1", "c/1"), ("A-0 --audience nobody", "there is no audience 'nobody'")],
    "judge": [("a/1 c/1 match --why test", "no record 'c/1'"), ("--undo 9 --why test", "no judgement 9")],
    "judgements": [],
    "leads": [("--rule none", "there is no rule 'none'"), ("--audience nobody", "there is no audience 'nobody'")],
    "lookup": [
        ("account --number 12 --audience nobody", "there is no audience 'nobody'"),
        ("account --number 12 --audience a --purpose SPORT", "do not allow the purpose 'SPORT'"),
    ],
    "merge": [("A-0 A-1 --why test", "no identity 'A-0'")],
    "models amend": [("account", "")],
    "models diff": [("account 1 2", "")],
    "models list": [],
    "overlaps": [
        ("--status none", "there is no status 'none'"),
        ("--notify FILE --audience nobody", "there is no audience 'nobody'"),
        ("--audience a --purpose SPORT", "do not allow the purpose 'SPORT'"),
    ],
    "profile": [("A-0 --for cia", "there is no agency 'cia'"), ("A-0 --for a", "no identity 'A-0'")],
    "prune": [],
    "publish": [],
    "purge": [
        ("--dataset c --why test", "there is no dataset 'c'"),
        ("--agency cia --why test", "there is no agency 'cia'"),
        ("--dataset b", "needs a reason"),
        ("--why test", "name what is to go"),
    ],
    "rejects": [
        ("c FILE", "there is no dataset 'c'"),
        ("a FILE", "holds no rejected rows"),
        ("a FILE --audience nobody", "there is no audience 'nobody'"),
    ],
    "releases": [],
    "report": [],
    "resolve-id": [("A-0", "A-0"), ("A-0 --audience nobody", "there is no audience 'nobody'")],
    "revalidate": [("--dataset c --why test", "there is no dataset 'c'"), ("--record a/1", "say why")],
    "review queue": [("nothing", "nothing"), ("--audience nobody", "there is no audience 'nobody'")],
    "review sample": [("nothing FILE", "nothing"), ("account FILE --audience nobody", "there is no audience 'nobody'")],
    "rollback": [("9", "has made no release 9")],
    "run": [("--approve account=123", "123")],
    "show": [
        ("A-0", "no identity 'A-0'"),
        ("c/1", "no record 'c/1'"),
        ("b/7 --audience nobody", "there is no audience 'nobody'"),
        ("b/7 --audience a --purpose SPORT", "do not allow the purpose 'SPORT'"),
    ],
    "split": [("A-0 --records a/1 --why test", "no identity 'A-0'")],
    "train": [("nothing", "has no type 'nothing'")],
}  # fmt: skip
WRONG_USAGE = {("agreements", "--now 2026")}


@pytest.fixture(scope="module")
def path(tmp_path_factory, accounts):
    """The project file of two agencies with an agreement, after its first run: one for all tests of this file."""
    folder = tmp_path_factory.mktemp("heard")
    (folder / "a.csv").write_text(accounts.csv(alpha="12"), encoding="utf-8")
    (folder / "b.csv").write_text(accounts.csv(alpha="7", mike="8"), encoding="utf-8")
    (folder / "agreed.toml").write_text(AGREED, encoding="utf-8")
    file = folder / "project.toml"
    file.write_text(HEAD + accounts.source("a") + accounts.source("b"), encoding="utf-8")
    linkage.open(file).run()
    return file


def commands():
    """The words of every command with a project among its arguments."""
    import typer.main

    found, rest = {}, [("", typer.main.get_command(app))]
    while rest:
        words, one = rest.pop()
        for name, inner in getattr(one, "commands", {}).items():
            rest.append((f"{words} {name}".strip(), inner))
        if not hasattr(one, "commands") and any(parameter.name == "project" for parameter in one.params):
            found[words] = one
    return found


def refusals(path):
    """Action, audience, outcome and words of all refusals in the audit, oldest first."""
    with closing(sqlite3.connect(path.parent / "work" / "ledger.sqlite")) as connection:
        return connection.execute(
            "SELECT action, audience, outcome, content FROM audit JOIN asked USING (number) WHERE kind = 'refusal' ORDER BY number"
        ).fetchall()


def test_every_command_has_a_trial():
    """A command that works on a project is tried here, so that a new one is thought of."""
    assert sorted(commands()) == sorted(TRIALS)


@pytest.mark.parametrize("command", sorted(name for name, trials in TRIALS.items() if trials))
def test_a_refusal_is_one_line_and_in_the_audit(linkage_, path, command):
    """Whatever a command refuses is told in one line and stands in the audit once, with these words; wrong usage is not asked for."""
    for words, told in TRIALS[command]:
        before = len(refusals(path))
        arguments = [
            word.replace("FILE", str(path.parent / "absent")).replace("FOLDER", str(path.parent))
            for word in words.split()
        ]
        code, out, line = linkage_(*command.split(), path, *arguments)
        assert (out, line.count("\n")) == ("", 1), words
        assert told.replace("FILE", str(path.parent / "absent")) in line
        heard = refusals(path)[before:]
        if (command, words) in WRONG_USAGE:
            assert (code, heard) == (2, [])
            continue
        assert (code, len(heard)) == (1, 1), words
        assert line == f"linkage: {' '.join(heard[0][3].split())}\n"
        assert heard[0][0] in {command, "release"}


@pytest.mark.parametrize(
    ("file", "wrong", "told", "action"),
    [
        ("agreed.toml", ('parties = ["a", "b"]', 'parties = ["a", "b", "cia"]'), "unknown agency or group 'cia'", "SharingError"),
        ("agreed.toml", ('datasets = ["b"]', 'datasets = ["b", "c"]'), "unknown dataset 'c'", "SharingError"),
        ("agreed.toml", ('level = "full" }', 'level = "full" }, { with = "a", level = "hidden" }'), "it contradicts itself", "SharingError"),
        ("agreed.toml", ('parties = ["a", "b"]', 'parties = ["b"]'), "which is no party", "SharingError"),
        ("project.toml", ('[audiences.a]\nagency = "a"\n', '[audiences.a]\nagency = "cia"\n'), "unknown agency 'cia'", "SharingError"),
        ("project.toml", ('[audiences.a]\nagency = "a"\n', '[audiences.a]\nagency = "a"\nhidden = ["c"]\n'), "names dataset 'c'", "ConfigError"),
        ("project.toml", ('[audiences.a]\nagency = "a"\n', '[audiences.a]\nagency = "a"\nhidden = ["b"]\n'), "agreements say what it sees", "ConfigError"),
    ],
)  # fmt: skip
def test_wrong_agreements_and_audiences_refuse_every_command(linkage_, path, file, wrong, told, action):
    """What agreements or audiences say wrongly refuses a run and a look alike, in one line each, and the audit has a row of each."""
    target = path.parent / file
    right = target.read_text(encoding="utf-8")
    assert wrong[0] in right
    before = len(refusals(path))
    target.write_text(right.replace(*wrong), encoding="utf-8")
    try:
        for words in (("run",), ("show", "b/7")):
            code, out, line = linkage_(words[0], path, *words[1:])
            assert (code, out, line.count("\n")) == (1, "", 1)
            assert told in line
    finally:
        target.write_text(right, encoding="utf-8")
    assert [(row[2], told in row[3]) for row in refusals(path)[before:]] == [(action, True)] * 2


def test_the_chain_stays_whole(path):
    """Rows of refusals follow each other as all others do."""
    assert verify(load_project(path))["broken"] == []


def test_a_first_run_that_is_refused_begins_the_audit(tmp_path, accounts, linkage_):
    """An agreement that names an unknown agency refuses the first run, which the audit tells; a question leaves no workspace, and a lost ledger is not begun anew."""
    (tmp_path / "a.csv").write_text(accounts.csv(alpha="12"), encoding="utf-8")
    (tmp_path / "agreed.toml").write_text(AGREED, encoding="utf-8")
    file = tmp_path / "project.toml"
    file.write_text(HEAD + accounts.source("a"), encoding="utf-8")
    assert linkage_("show", file, "A-0")[0] == 1
    assert not (tmp_path / "work").exists()
    code, _, told = linkage_("run", file)
    assert code == 1
    ((action, _, _, content),) = refusals(file)
    assert action == "run"
    assert content
    assert content in " ".join(told.split())
    (tmp_path / "work" / "ledger.sqlite").unlink()
    assert linkage_("run", file)[0] == 1
    assert not (tmp_path / "work" / "ledger.sqlite").exists()
