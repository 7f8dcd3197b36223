"""Judgements entered one by one and from files, undone and listed; the next run applies what is open."""

from __future__ import annotations

import csv
import json
import shutil

import pytest

import linkage
from linkage.errors import DataError, LinkageError, RequestError
from linkage.evaluation.sample import NAMES, write_sample
from linkage.judging import record
from linkage.judging.bulk import judge_file
from linkage.judging.listing import judgements, write_judgements
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

HEADER = ("verdict", *NAMES)


@pytest.fixture(scope="module")
def ran(accounts, tmp_path_factory):
    """The folder of an account project after its first run: a and b are one account, c, d and e others."""
    folder = tmp_path_factory.mktemp("bank") / "first"
    folder.mkdir()
    (folder / "bank.csv").write_text(accounts.csv(one="ab", two="c", three="d", four="e"), encoding="utf-8")
    head = 'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n'
    (folder / "project.toml").write_text(head + accounts.source("bank"), encoding="utf-8")
    linkage.open(folder).run()
    return folder


@pytest.fixture
def bank(ran, tmp_path):
    """A copy of that project, to be judged."""
    shutil.copytree(ran, tmp_path / "bank")
    return linkage.open(tmp_path / "bank")


def identity(project, key):
    """The identity that holds a record in the last release."""
    with project.release() as release:
        return release.value("SELECT identity_id FROM published.identity_record WHERE key = $key", {"key": key})


def write(path, rows, header=HEADER):
    """Write a CSV file of verdicts."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([header, *rows])
    return path


def row(verdict, a, b, role="account"):
    """A line of such a file on two records of the bank."""
    return (verdict, "bank", a, role, "bank", b, role)


def ledger_rows(project):
    """All judgements in the ledger."""
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        return ledger.judgements()


def test_a_judgement_holds_from_the_next_run_until_it_is_undone(bank):
    """A match joins and a non-match parts in the next run; undone, the run after goes by the evidence again."""
    joined = record.judge(bank, ("bank/a", "bank/c#account"), "match", "same card file", by="steward")
    parted = record.judge(bank, ("bank/a", "bank/b"), "non-match", "two cards")
    assert (joined["a"], joined["b"], joined["conflicts"]) == ("bank/a#account", "bank/c#account", [])
    bank.run()
    assert identity(bank, "a") == identity(bank, "c") != identity(bank, "b")
    for number in (joined["judgement"], parted["judgement"]):
        record.undo(bank, number, "wrong file", by="other")
    bank.run()
    assert identity(bank, "a") == identity(bank, "b") != identity(bank, "c")
    first = ledger_rows(bank)[0]
    assert (first.judgement.verdict, first.judgement.judged_by, first.judgement.why) == (
        "match",
        "steward",
        "same card file",
    )
    assert (first.closed_by, first.closed_why) == ("other", "wrong file")


def test_what_cannot_be_judged_is_refused_with_the_mend(bank):
    """Unknown words, records and missing reasons are refused by name, and nothing is entered."""
    for pair, verdict, why, told in (
        (("bank/a", "bank/b"), "maybe", "x", "write match, non-match, unsure"),
        (("bank/a", "bank/b"), "match", " ", "add --why"),
        (("bank/a", "bank/zz"), "match", "x", "no record 'bank/zz'"),
        (("bank/a", "bank/a#account"), "match", "x", "same record"),
    ):
        with pytest.raises(RequestError, match=told):
            record.judge(bank, pair, verdict, why)
    assert ledger_rows(bank) == []


def test_a_name_of_several_records_is_refused(demo):
    """Where a key has records in several roles the refusal lists them, so that one can be named."""
    with demo.project.release() as release:
        dataset, key = release.rows(
            "SELECT dataset, key FROM published.identity_record GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
        )[0]
        with pytest.raises(RequestError, match=r"names \d records; add the role: "):
            record.find_one(release, f"{dataset}/{key}")


def test_undo_names_what_is_not_there_or_closed(bank):
    """A number without a judgement and a judgement closed before are refused, the latter with when and by whom."""
    number = record.judge(bank, ("bank/a", "bank/b"), "match", "x")["judgement"]
    with pytest.raises(RequestError, match="no judgement 99"):
        record.undo(bank, 99, "x")
    with pytest.raises(RequestError, match="add --why"):
        record.undo(bank, number, "")
    record.undo(bank, number, "x", by="first")
    with pytest.raises(RequestError, match=r"closed on .* by first already"):
        record.undo(bank, number, "x", by="second")
    assert ledger_rows(bank)[0].closed_by == "first"


def test_a_judgement_that_repeats_a_contradicted_one_is_told_so(bank):
    """A second match on a pair with a match and a non-match is told its contradiction, and all three are listed as conflicting."""
    told = [
        record.judge(bank, pair, verdict, "x")["conflicts"]
        for pair, verdict in (
            (("bank/c", "bank/d"), "match"),
            (("bank/c", "bank/d"), "non-match"),
            (("bank/d", "bank/c"), "match"),
        )
    ]
    assert [[step["judgement"] for step in one[0]["path"]] for one in told[1:]] == [[1], [3]]
    assert [one["state"] for one in judgements(bank)["judgements"]] == ["conflicting"] * 3


def test_a_chain_of_matches_against_a_non_match_is_told_with_its_path(bank):
    """A = B, B = C, A ≠ C: the entry that closes the chain tells it, the list keeps telling it, and undo ends it."""
    numbers = [
        record.judge(bank, (f"bank/{a}", f"bank/{b}"), verdict, "x")
        for a, b, verdict in (("c", "d", "match"), ("d", "e", "match"), ("e", "c", "non-match"), ("a", "b", "unsure"))
    ]
    assert [len(one["conflicts"]) for one in numbers] == [0, 0, 1, 0]
    found = judgements(bank)
    assert [[step["judgement"] for step in one["path"]] for one in found["conflicts"]] == [[1, 2]]
    assert found["conflicts"][0]["non_match"] == {"judgement": 3, "a": "bank/c#account", "b": "bank/e#account"}
    assert [one["state"] for one in found["judgements"]] == ["conflicting"] * 3 + ["open"]
    assert all(one["waits"] for one in found["judgements"])
    bank.run()
    assert identity(bank, "c") != identity(bank, "e")
    lost = [one for one in judgements(bank)["judgements"] if one["losing_in"]]
    assert [one["losing_in"] for one in lost] == [["centre"]]
    assert not any(one["waits"] for one in judgements(bank)["judgements"])
    record.undo(bank, 3, "x")
    again = judgements(bank)
    assert again["conflicts"] == []
    assert [one["state"] for one in again["judgements"]][2] == "closed"


def test_every_chain_that_shares_no_match_is_told(bank):
    """A non-match between records that a short and a longer chain of matches join is told both, the shorter first; a chain is told when its last match is entered."""
    entries = (
        ("c", "d", "match"), ("d", "e", "match"), ("c", "e", "non-match"), ("c", "a", "match"), ("a", "b", "match"), ("b", "e", "match"), ("b", "d", "match"),
    )  # fmt: skip
    told = [record.judge(bank, (f"bank/{a}", f"bank/{b}"), verdict, "x")["conflicts"] for a, b, verdict in entries]
    assert [[[step["judgement"] for step in one["path"]] for one in row] for row in told] == [
        [], [], [[1, 2]], [], [], [[4, 5, 6]], []
    ]  # fmt: skip
    found = judgements(bank)
    assert [[step["judgement"] for step in one["path"]] for one in found["conflicts"]] == [[1, 2], [4, 5, 6]]
    assert [one["state"] for one in found["judgements"]] == ["conflicting"] * 6 + ["open"]
    record.undo(bank, 2, "x")
    assert [[step["judgement"] for step in one["path"]] for one in judgements(bank)["conflicts"]] == [[4, 5, 6]]


def test_a_file_goes_in_whole(bank, tmp_path):
    """Verdicts of a file are entered in one go, blanks left out; handed in again, nothing is doubled."""
    path = write(
        tmp_path / "verdicts.csv", [row("match", "c", "d"), row(" Non-Match ", "e", "d", ""), row("", "a", "b")]
    )
    told = judge_file(bank, path, by="steward")
    assert (told["entered"], told["blank"], told["already_there"]) == (2, 1, 0)
    assert told["verdicts"] == {"match": 1, "non-match": 1, "unsure": 0}
    entry = ledger_rows(bank)[1].judgement
    assert (entry.a, entry.b, entry.verdict) == (("bank", "d", "account"), ("bank", "e", "account"), "non-match")
    assert (entry.judged_by, entry.why, entry.drawn) == ("steward", "judged in verdicts.csv", None)
    again = judge_file(bank, path)
    assert (again["entered"], again["already_there"]) == (0, 2)
    assert len(ledger_rows(bank)) == 2


def test_every_bad_line_is_named_and_nothing_is_entered(bank, tmp_path):
    """One refusal names each bad line with its column and the mend, however many there are."""
    path = write(
        tmp_path / "bad.csv",
        [
            row("match", "c", "d"),
            row("perhaps", "c", "e"),
            row("match", "c", "nobody"),
            row("match", "c", "a", "holder"),
            row("match", "a", "a"),
            row("unsure", "d", "c"),
            ("match", "bank"),
        ],
    )
    with pytest.raises(DataError) as refusal:
        judge_file(bank, path)
    for told in (
        "line 3: column verdict: 'perhaps' is none of match, non-match, unsure",
        "line 4: columns dataset_b, key_b: no such record",
        "line 5: column role_a: the record has no role 'holder'; its roles are: account",
        "line 6: both names are of one record",
        "line 7: the pair stands on line 2 already",
        "line 8: it has more or fewer columns",
    ):
        assert told in str(refusal.value)
    assert ledger_rows(bank) == []
    with pytest.raises(DataError, match="there is no column role_b"):
        judge_file(bank, write(tmp_path / "short.csv", [], HEADER[:-1]))


def test_a_judged_review_sample_goes_in_as_it_is(bank, tmp_path):
    """The sampled file with verdicts filled in is entered with its notes, its audience and its strata."""
    path = tmp_path / "sample.csv"
    write_sample(bank, "account", path, size=10)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [{**one, "verdict": "match", "note": "seen"} for one in reader]
    write(path, [one.values() for one in rows], reader.fieldnames)
    told = judge_file(bank, path)
    assert told["entered"] == len(rows) > 0
    entry = ledger_rows(bank)[0].judgement
    assert (entry.why, entry.sight) == ("seen", "centre")
    assert entry.drawn.sample == "centre/1"
    assert entry.drawn.stratum_pairs == int(rows[0]["stratum_pairs"])
    assert sum(one["waits"] for one in judgements(bank)["judgements"]) == len(rows)


def test_the_list_is_written_in_the_form_that_is_read(bank, tmp_path):
    """The CSV file of the list is private, never replaces a file, and goes into `judge --from` again."""
    record.judge(bank, ("bank/c", "bank/d"), "match", "=SUM(1)")
    path = tmp_path / "list.csv"
    assert write_judgements(judgements(bank), path) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert "'=SUM(1)" in path.read_text(encoding="utf-8")
    assert judge_file(bank, path)["already_there"] == 1
    with pytest.raises(RequestError, match="exists"):
        write_judgements(judgements(bank), path)


def test_a_project_that_has_not_run_has_nothing_to_judge(make_project, accounts):
    """Judging and undoing before the first run are refused with the command that runs."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab")})
    for attempt in (
        lambda: record.judge(project, ("bank/a", "bank/b"), "match", "x"),
        lambda: record.undo(project, 1, "x"),
    ):
        with pytest.raises(LinkageError, match="linkage run"):
            attempt()


def test_the_commands_tell_what_was_done(bank, tmp_path, monkeypatch, capsys):
    """Judge, judge --from, judge --undo and judgements answer in words and in JSON; mixed calls are wrong usage."""
    from linkage.cli import main as command

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["linkage", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "400")
        code = 0
        try:
            command.main()
        except SystemExit as stop:
            code = stop.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    place = bank.loaded.path
    assert (
        "Judgement 1: bank/c#account and bank/d#account"
        in run("judge", place, "bank/c", "bank/d", "match", "--why", "x")[1]
    )
    assert "Contradiction" in run("judge", place, "bank/c", "bank/d", "non-match", "--why", "x")[1]
    file = write(tmp_path / "verdicts.csv", [row("unsure", "c", "e")])
    assert "1 judgements entered" in run("judge", place, "--from", file)[1]
    assert "≠" in run("judgements", place)[1]
    assert "Judgement 2 is closed" in run("judge", place, "--undo", "2", "--why", "x")[1]
    listed = json.loads(run("judgements", place, "--json", "--csv", tmp_path / "out.csv")[1])
    assert [one["state"] for one in listed["judgements"]] == ["open", "closed", "open"]
    for wrong in (["bank/a"], ["bank/a", "bank/b", "match", "--undo", "1"], []):
        assert run("judge", place, *wrong)[0] == 2
