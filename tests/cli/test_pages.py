"""`--html`: pages from the command line, refused before anything is looked at, and looks with their purpose."""

from __future__ import annotations

import json

import pytest

from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

EVIL = "</svg><script>alert(1)</script>\"'&\u202e"


@pytest.fixture
def looks():
    """The looks that a project's ledger holds."""

    def read(project):
        with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
            return ledger.looks()

    return read


@pytest.fixture
def bank(make_project, accounts):
    """An account project with hostile values and a rejected row, not yet run."""
    evil = '"' + EVIL.replace('"', '""') + '"'
    rows = ["id,number,bank,holder", *(f"{key},1000000007,021000021,{evil}" for key in ("a", "b", evil)), "c,1"]
    return make_project(accounts.source("bank"), {"bank.csv": "\n".join([*rows, ""])})


def test_the_three_pages_of_a_project_with_hostile_values(linkage_, bank, tmp_path):
    """check, report and explain write their pages; what the agency delivered stays text."""
    assert linkage_("check", bank.loaded.path, "--html", tmp_path / "c.html")[0] == 0
    bank.run()
    code, out, err = linkage_("report", bank.loaded.path, "--html", tmp_path / "r.html")
    assert (code, out, err) == (0, f"{tmp_path / 'r.html'}: report page written, readable by you alone\n", "")
    names = (f"bank/{EVIL}#account", "bank/b#account")
    assert linkage_("explain", bank.loaded.path, *names, "--html", tmp_path / "e.html")[0] == 0
    pages = {name: (tmp_path / f"{name}.html").read_text(encoding="utf-8") for name in "cre"}
    assert not any("<script" in page or "\u202e" in page for page in pages.values())
    assert all("bank" in page for page in pages.values())
    assert "Rejected rows" in pages["c"]
    assert "Rejected rows" in pages["r"]
    assert "alert" not in pages["c"] + pages["r"]
    assert "&lt;script&gt;" in pages["e"]
    assert "1000000007" in pages["e"]


def test_pages_are_looks_with_a_purpose(linkage_, bank, tmp_path, looks, first_run):
    """Explain and report write who looked and why, and the purpose stands on the page; a check page shows no values and is no look."""
    first_run(bank)
    linkage_("check", bank.loaded.path, "--html", tmp_path / "c.html")
    assert looks(bank) == []
    linkage_("report", bank.loaded.path, "--html", tmp_path / "r.html", "--purpose", "case 17 & more")
    linkage_(
        "explain", bank.loaded.path, "bank/a", "bank/b", "--html", tmp_path / "e.html", "--purpose", "case 17 & more"
    )
    assert [(look.action, look.purpose) for look in looks(bank)] == [
        ("report", "case 17 & more"),
        ("explain", "case 17 & more"),
    ]
    assert looks(bank)[0].objects[0] == "run 1"
    for name in "re":
        assert "case 17 &amp; more" in (tmp_path / f"{name}.html").read_text(encoding="utf-8")


def test_without_a_purpose_there_is_no_page(linkage_, bank, tmp_path, first_run):
    """Where neither the call nor the project states a purpose, nothing is written."""
    first_run(bank)
    text = bank.loaded.path.read_text(encoding="utf-8").replace('default_purpose = "test"', "")
    bank.loaded.path.write_text(text, encoding="utf-8")
    for arguments in (("report", bank.loaded.path), ("explain", bank.loaded.path, "bank/a", "bank/b")):
        code, out, err = linkage_(*arguments, "--html", tmp_path / "x.html")
        assert (code, out) == (1, "")
        assert "a look needs a purpose" in err
    assert not (tmp_path / "x.html").exists()


def test_places_that_cannot_be_are_refused_before_the_look(linkage_, bank, tmp_path, looks, first_run):
    """A file that is no page of the kind is neither overwritten nor is anything looked at for it."""
    first_run(bank)
    mine = tmp_path / "mine.html"
    mine.write_text("mine", encoding="utf-8")
    for arguments in (
        ("check", bank.loaded.path),
        ("report", bank.loaded.path),
        ("explain", bank.loaded.path, "bank/a", "bank/b"),
    ):
        code, out, err = linkage_(*arguments, "--html", mine)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "name another file, or remove it first" in err
    assert mine.read_text(encoding="utf-8") == "mine"
    assert looks(bank) == []


def test_a_report_before_the_first_run_is_refused(linkage_, bank, tmp_path):
    """Without a finished run there is nothing to tell, and the message says how to get one."""
    code, _, err = linkage_("report", bank.loaded.path, "--html", tmp_path / "r.html")
    assert code == 1
    assert "there is no finished run; run: linkage run" in err
    assert not (tmp_path / "r.html").exists()


def test_json_still_goes_to_standard_output(linkage_, bank, tmp_path, first_run):
    """With --json and --html both are given; without --html a report prints what the run printed."""
    told = first_run(bank)
    code, out, _ = linkage_("report", bank.loaded.path, "--json", "--html", tmp_path / "r.html")
    found = json.loads(out)
    assert code == 0
    assert {name: found[name] for name in told} == json.loads(json.dumps(told))
    assert [entry["records"] for entry in found["largest"]] == [3]
    assert (tmp_path / "r.html").exists()
    assert (
        json.loads(linkage_("check", bank.loaded.path, "--json", "--html", tmp_path / "c.html")[1])["project"] == "test"
    )
    assert f"Run 1 took {told['seconds']:.1f} s" in linkage_("report", bank.loaded.path)[1]


def test_a_page_is_drawn_in_the_view_of_its_audience(linkage_, demo, tmp_path):
    """An audience's explain page is refused for a record that it may not see, like the table."""
    with demo.project.release() as release, demo.project.release("dea") as narrow:
        every = "SELECT dataset || '/' || key || '#' || role FROM published.identity_record WHERE entity_type = 'person' ORDER BY ALL"
        unseen = min(set(release.rows(every)) - set(narrow.rows(every)))[0]
        seen = narrow.rows(every)[0][0]
    code, _, err = linkage_("explain", demo.folder, seen, unseen, "--audience", "dea", "--html", tmp_path / "e.html")
    assert code == 1
    assert "no record" in err
    assert not (tmp_path / "e.html").exists()
