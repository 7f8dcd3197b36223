"""The command `linkage lookup`: words, files, its JSON and its refusals."""

from __future__ import annotations

import json
import sys

import pytest

import linkage
from linkage.cli.main import main


@pytest.fixture(scope="module")
def bank(tmp_path_factory, accounts):
    """The path of a small account project after its run, and the number of its first account."""
    folder = tmp_path_factory.mktemp("lookup")
    head = (
        'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n[audiences.centre]\nsees = "all"\n'
    )
    (folder / "project.toml").write_text(head + accounts.source("bank"), encoding="utf-8")
    text = accounts.csv(one="abcdefg", two="hi")
    (folder / "bank.csv").write_text(text, encoding="utf-8")
    linkage.open(folder).run()
    return str(folder), text.splitlines()[1].split(",")[1]


@pytest.fixture
def called(monkeypatch, capsys):
    """Call the command line; returns exit code, standard output and standard error."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["linkage", "lookup", *words])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_attributes_are_options(bank, called):
    """Attributes of the type are told as options; the answer names identity, golden values, words and the notice."""
    folder, number = bank
    code, out, _ = called(folder, "account", "--number", number, "--institution", "021000021", "--holder", "one Holder")
    assert code == 0
    for told in ("records", "bank/a#account", "and 2 more of its records", "Unverified"):
        assert told in out
    code, out, _ = called(folder, "account", "--number", "424242")
    assert "no identity in release 1 of centre is likely to be it" in out


def test_the_json_is_documented(bank, called, tmp_path):
    """Records of a file are answered in order, in the documented JSON."""
    folder, number = bank
    file = tmp_path / "asked.jsonl"
    file.write_text(f'{{"number": "{number}", "institution": "021000021"}}\n{{"number": "424242"}}\n', encoding="utf-8")
    code, out, _ = called(folder, "account", "--json-record", str(file), "--json", "--purpose", "case 7")
    found = json.loads(out)
    assert code == 0
    assert list(found) == ["entity_type", "audience", "release", "model", "thresholds", "results", "notice"]
    assert [len(one["identities"]) for one in found["results"]] == [1, 0]
    identity = found["results"][0]["identities"][0]
    assert {"identity_id", "weight", "probability", "above_match", "golden", "matched"} <= set(identity)
    assert list(identity["matched"][0]) == ["record", "weight", "probability", "evidence"]


def test_the_index_is_prepared(bank, called):
    """With --prepare only the index is made, and its seconds and bytes are told."""
    folder, _ = bank
    code, out, _ = called(folder, "account", "--prepare", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["entity_type"], told["release"]) == ("account", 1)
    assert told["bytes"] > 0
    assert "was there already" in called(folder, "account", "--prepare")[1]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["account"], 2, "name what to look up"),
        (["account", "--prepare", "--number", "1"], 2, "one of the three"),
        (["account", "--colour", "red"], 1, "names 'colour', which no account has; use: number"),
        (["firm", "--name", "x"], 1, "tells of a firm; the project has: account"),
        (["account", "--number", "1", "--audience", "fbi"], 1, "there is no audience 'fbi'"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(bank, called, words, code, told):
    """Refusals name the word and the mend, with the exit code of their kind."""
    found, out, err = called(bank[0], *words)
    assert (found, out) == (code, "")
    assert told in " ".join(err.split())
