"""The commands about who sees what, who has looked, and what is to go: what they print, their JSON, and one-line refusals."""

from __future__ import annotations

import json

import pytest

AGREED = """
version = 1
[agreements.pool]
parties = ["a", "b"]
datasets = ["b"]
from = 2020-01-01
purposes = ["TEST"]
shares = [{ with = "a", level = "full" }]
"""


@pytest.fixture
def path(make_project, accounts):
    """The project file of two agencies with an agreement, after its first run."""
    project = make_project(
        accounts.source("a") + accounts.source("b"),
        {"a.csv": accounts.csv(alpha="12"), "b.csv": accounts.csv(alpha="7", mike="8"), "agreed.toml": AGREED},
        head='agreements = "agreed.toml"\naudit_anchor = "anchors"\n[audiences.centre]\n[audiences.a]\nagency = "a"\n',
    )
    project.run()
    return project.loaded.path


def test_the_commands_tell_and_refuse(linkage_, path):
    """Agreements, the audit and a purge are told as tables and JSON; a wrong purpose, name or agreement is one line and in the audit."""
    assert "pool" in linkage_("agreements", path)[1]
    told = json.loads(linkage_("agreements", path, "--json")[1])
    assert [(row["audience"], row["dataset"], row["level"], row["agreement"]) for row in told["sight"]] == [
        ("a", "a", "full", "own records"),
        ("a", "b", "full", "pool"),
    ]
    assert json.loads(linkage_("agreements", path, "--diff", "--json")[1])["sight"] == []
    code, _, line = linkage_(
        "--as", "bo", "export", path, "identity", path.parent / "x.csv", "--audience", "a", "--purpose", "SPORT"
    )
    assert (code, line.count("\n")) == (1, 1)
    assert "do not allow the purpose 'SPORT'; they allow: TEST" in line
    assert linkage_("--as", "bo", "export", path, "identity", path.parent / "x.csv", "--audience", "a")[0] == 0
    given = json.loads(linkage_("audit", "show", path, "--record", "b/7", "--json")[1])
    assert [(row["agency"], row["how"], row["by"].startswith("bo (")) for row in given] == [("a", "whole", True)]
    assert linkage_("purge", path, "--dataset", "c", "--why", "test")[0] == 1
    assert "needs a reason" in linkage_("purge", path, "--dataset", "b")[2]
    told = json.loads(linkage_("revalidate", path, "--record", "b/8", "--why", "reviewed", "--json")[1])
    assert told["records"] == 1
    told = json.loads(linkage_("purge", path, "--record", "b/7", "--why", "order 7", "--json")[1])
    assert told["datasets"] == {"b": 1}
    assert "nothing was broken off" in linkage_("purge", path, "--finish")[1]
    (path.parent / "agreed.toml").write_text(AGREED.replace('"b"]\ndatasets', '"cia"]\ndatasets'), encoding="utf-8")
    code, _, line = linkage_("check", path)
    assert (code, line.count("\n")) == (1, 1)
    assert "unknown agency or group 'cia'" in line
    (path.parent / "agreed.toml").write_text(AGREED, encoding="utf-8")
    assert "Nothing was altered." in linkage_("audit", "verify", path)[1]
    rows = [json.loads(line) for line in _exported(linkage_, path)]
    assert [(row["kind"], row["action"], row["outcome"]) for row in rows if row["kind"] == "refusal"] == [
        ("refusal", "export", "SharingError"),
        ("refusal", "purge", "RequestError"),
        ("refusal", "purge", "RequestError"),
        ("refusal", "check", "SharingError"),
    ]
    assert [row["outcome"] for row in rows if row["action"] == "purge" and row["kind"] == "change"] == ["begun", "done"]
    assert linkage_("audit", "show", path, "--limit", "3")[0] == 0


def _exported(linkage_, path):
    target = path.parent / "audit.jsonl"
    assert linkage_("audit", "export", path, target)[0] == 0
    return target.read_text(encoding="utf-8").splitlines()
