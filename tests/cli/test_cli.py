"""The command line: exit codes, one line for a refusal, documented JSON, and nothing executed from names or values."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.tables import PUBLISHED

EVIL = "x'; DROP TABLE published.identity; --[/red]"
ESCAPE = "\x1b]0;owned\x07\x1b[31m"


@pytest.fixture
def refused(linkage_):
    """Run a command that must be refused; returns its one line on standard error."""

    def run(*arguments, code=1):
        found, out, err = linkage_(*arguments)
        assert (found, out) == (code, "")
        assert err.startswith("linkage: ")
        assert err.count("\n") == 1
        return err

    return run


@pytest.fixture
def bank(make_project, accounts):
    """A small account project that has not been run."""
    return make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="c")})


@pytest.fixture(scope="module")
def pair(demo):
    """A person identity of the demo with several agencies and relations, and two of its records."""
    with demo.project.release() as release:
        identity = release.value(
            "SELECT identity_id FROM published.identity WHERE entity_type = 'person' AND identity_id IN "
            "(SELECT from_identity FROM published.identity_relation) ORDER BY len(agencies) DESC, records DESC, identity_id LIMIT 1"
        )
        names = release.rows(
            "SELECT dataset || '/' || key || '#' || role AS name FROM published.identity_record WHERE identity_id = $id ORDER BY name",
            {"id": identity},
        )
    return identity, names[0][0], names[-1][0]


def test_the_installed_command_works(demo, pair):
    """As a program: 0 for an answer, 1 with one line for a refusal, 2 for wrong usage, never a traceback."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "linkage.cli.main", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )

    shown = run("show", demo.folder, pair[0], "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)[0]["identity_id"] == pair[0]
    refused = run("show", demo.folder, "P-nobody")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("linkage: no identity 'P-nobody'")
    assert refused.stderr.count("\n") == 1
    assert run("show", demo.folder).returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [(), ("nosuch",), ("run",), ("show", "x"), ("run", "x", "--nosuch"), ("explain", "x", "y"), ("export", "x", "y")],
)
def test_wrong_usage_is_two(linkage_, arguments):
    """Unknown commands and options, and missing arguments, end with 2 and say how it is used."""
    code, out, err = linkage_(*arguments)
    assert code == 2
    assert "sage:" in err + out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("evaluate",), "--truth FILE"),
        (("evaluate", "x"), "--truth FILE"),
        (("evaluate", "x", "--compare", "a", "b"), "--compare takes two files"),
        (("evaluate", "x", "--truth", "a", "--judgements", "b"), "--judgements FILE"),
        (("evaluate", "--judgements", "b"), "--judgements FILE"),
    ],
)
def test_wrong_combinations_are_two(refused, arguments, says):
    """Options that do not go together end with 2 and one line."""
    assert says in refused(*arguments, code=2)


def test_a_time_that_is_none_is_two(refused, bank):
    """--now takes an ISO time and nothing else."""
    assert "is no ISO time" in refused("run", bank.loaded.path, "--now", "yesterday", code=2)


def test_help_lists_the_commands(linkage_):
    """--help names every command of this version."""
    code, out, _ = linkage_("--help")
    assert code == 0
    for name in ("check", "run", "show", "explain", "export", "evaluate", "review", "demo", "releases"):
        assert f"  {name} " in out


@pytest.mark.parametrize("name", ["run", "check", "show", "explain", "export", "releases", "evaluate"])
def test_a_project_that_is_not_there_is_refused(refused, tmp_path, name):
    """Every command refuses an absent project file by its path."""
    more = {"show": ["x"], "explain": ["x", "y"], "export": ["person", "p.csv"], "evaluate": ["--truth", "t.csv"]}.get(
        name, []
    )
    assert f"{tmp_path / 'no.toml'}: there is no such file" in refused(name, tmp_path / "no.toml", *more)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("delivery", "delivry"), "unknown key 'sources.bank.delivry'; did you mean 'delivery'?"),
        (('"snapshot"', '"sometimes"'), "sources.bank.delivery"),
        (("number = ", "nubmer = "), "account has no field 'nubmer'"),
        (("[sources.bank]", "[sources.bank"), "is not valid TOML"),
        (('"number"', '"acct"'), "there is no column 'acct'"),
        (('"bank.csv"', '"gone*.csv"'), "no file matches 'gone*.csv'"),
    ],
)
def test_bad_projects_are_refused_in_one_line(refused, bank, change, says):
    """A mistake in the project file is one line that names the file or source, the key and the mend."""
    path = bank.loaded.path
    path.write_text(path.read_text().replace(*change))
    for name in ("run", "check"):
        assert says in refused(name, path)
    assert not (path.parent / "work").exists() or not list((path.parent / "work" / "staging").iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "A-1"),
        ("show", "bank/a"),
        ("explain", "bank/a", "bank/b"),
        ("export", "account", "a.csv"),
        ("evaluate", "--truth", "t.csv"),
    ],
)
def test_questions_before_the_first_run_are_refused(refused, bank, tmp_path, monkeypatch, arguments):
    """Before there is a release every question says so and which command makes one; nothing is created."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("dataset,key,entity\nbank,a,1\n")
    name, *rest = arguments
    assert f"run: linkage run {bank.loaded.path}" in refused(name, bank.loaded.path, *rest)
    assert not (tmp_path / "work").exists()
    assert not (tmp_path / "a.csv").exists()


def test_releases_before_the_first_run(linkage_, bank):
    """The list of releases may be empty."""
    assert linkage_("releases", bank.loaded.path)[:2] == (0, "No release yet.\n")
    assert json.loads(linkage_("releases", bank.loaded.path, "--json")[1]) == []


def test_run_prints_its_report(linkage_, bank):
    """`run --json` prints the documented report alone; without it a summary with rows, identities, stages and releases."""
    code, out, err = linkage_("run", bank.loaded.path, "--json", "--now", "2026-01-31T06:00:00")
    report = json.loads(out)
    assert (code, err, report["schema_version"], report["run"]) == (0, "", 1, 1)
    assert report["started_at"] == "2026-01-31T06:00:00+00:00"
    assert set(report) == {
        "schema_version",
        "run",
        "started_at",
        "releases",
        "stages",
        "seconds",
        "datasets",
        "types",
        "audiences",
        "work",
        "feed",
        "accepted",
        "held",
        "estimate",
        "disk_bytes",
        "settings",
        "standardiser",
        "rolled_back_to",
        "drift",
        "purged",
        "unknown_markings",
        "went_on_after",
    }
    assert report["datasets"]["bank"]["accepted"] == 3
    code, out, _ = linkage_("run", bank.loaded.path)
    assert code == 0
    for text in ("Rows", "bank", "Identities", "Stages", "standardise", "Run 2 took", "centre 2:", "nverified"):
        assert text in out


def test_a_workspace_in_use_is_refused(refused, bank):
    """A second run at the same time is refused, naming the process that holds the workspace."""
    workspace = Workspace(bank.loaded.workspace)
    workspace.prepare()
    with workspace.locked():
        assert "the workspace is in use by process" in refused("run", bank.loaded.path)


def test_models_wait_for_approval_where_the_project_says_so(refused, linkage_, bank):
    """With first_model = "manual" the first run stops with the command that approves; approved, it goes through."""
    path = bank.loaded.path
    path.write_text(path.read_text() + '\n[approval]\nfirst_model = "manual"\n')
    line = refused("run", path)
    option, value = line.rsplit("run with ", 1)[1].split()
    assert option == "--approve"
    assert "there is no model account=nonsense" in refused("run", path, "--approve", "account=nonsense")
    assert linkage_("run", path, option, value)[0] == 0


def test_check_tells_what_a_run_would_meet(linkage_, bank):
    """`check` counts rows, completeness, candidate pairs and largest blocks, and leaves no workspace behind."""
    code, out, _ = linkage_("check", bank.loaded.path, "--json")
    report = json.loads(out)
    assert (code, report["schema_version"]) == (0, 1)
    assert report["datasets"]["bank"]["accepted"] == 3
    found = report["types"]["account"]
    assert found["records"] == 3
    assert found["completeness"]["bank"]["number"] == 1.0
    assert found["candidate_pairs"]["number"] == 1
    code, out, _ = linkage_("check", bank.loaded.path)
    assert code == 0
    assert "The project is valid." in out
    assert not bank.loaded.workspace.exists()


def test_show_tells_all_of_an_identity(linkage_, demo, pair):
    """`show` finds an identity by id or record, with golden values, values, records, relations; --json holds the same."""
    identity, one, _ = pair
    code, out, _ = linkage_("show", demo.folder, identity, "--json")
    assert code == 0
    found = json.loads(out)[0]
    assert json.loads(linkage_("show", demo.folder, one, "--json")[1]) == [found]
    assert set(found) >= {
        "identity_id",
        "entity_type",
        "golden",
        "record_names",
        "values",
        "relations",
        "possible_matches",
        "notice",
    }
    assert len(found["record_names"]) == found["records"]
    assert one in {record["record"] for record in found["record_names"]}
    assert found["relations"]
    code, out, _ = linkage_("show", demo.folder, identity)
    for text in (identity, "Golden values", "All values", "Records", "Relations", "nverified"):
        assert text in out


def test_show_takes_the_audience(refused, linkage_, demo, pair):
    """An agency's release has ids of its own; the centre's are unknown there, and so is an audience nobody set up."""
    identity, one, two = pair
    assert "no identity" in refused("show", demo.folder, identity, "--audience", "dea")
    assert "there is no audience 'nsa'" in refused("show", demo.folder, one, "--audience", "nsa")
    hidden = next(name for name in (one, two, "fincen_reports/1") if name.startswith("fincen"))
    assert "no record" in refused("show", demo.folder, hidden, "--audience", "dea")
    visible = next(name for name in (one, two) if not name.startswith("fincen"))
    assert linkage_("show", demo.folder, visible, "--audience", "dea")[0] == 0


def test_explain_tells_weights_in_words(linkage_, demo, pair):
    """`explain` lists each comparison's weight in words; they add up to the weight that is shown."""
    _, one, two = pair
    code, out, _ = linkage_("explain", demo.folder, one, two, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["same_identity"] is True
    assert found["weight"] == pytest.approx(found["prior"] + sum(part["weight"] for part in found["evidence"]))
    assert 0 < found["probability"] <= 1
    assert all(part["words"] for part in found["evidence"])
    code, out, _ = linkage_("explain", demo.folder, one, two)
    assert code == 0
    for text in ("two random records", "bits, probability", "are in one identity", "nverified"):
        assert text in out


def test_explain_agrees_with_the_published_evidence(linkage_, demo):
    """The weight that explain computes is the one of the release, either way round."""
    with demo.project.release() as release:
        rows = release.rows(
            "SELECT dataset_a || '/' || key_a || '#' || role_a, dataset_b || '/' || key_b || '#' || role_b, weight FROM "
            "(SELECT *, row_number() OVER (PARTITION BY entity_type ORDER BY weight) AS place FROM published.link_evidence) WHERE place = 1"
        )
    assert len(rows) == 3
    for one, two, weight in rows:
        found = json.loads(linkage_("explain", demo.folder, two, one, "--json")[1])
        assert found["weight"] == pytest.approx(weight, abs=1 / 1024)


@pytest.mark.parametrize(
    "names",
    [("dea_roi/nobody", "dea_roi/nobody"), ("nonsense", "x"), ("", ""), ("dea_roi/", "/x"), (EVIL, "x/" + EVIL)],
)
def test_explain_refuses_what_names_no_pair(refused, demo, names):
    """Names that are none, or name no record, are refused in one line."""
    assert "record" in refused("explain", demo.folder, *names)


def test_explain_refuses_one_record_twice_and_two_types(refused, demo, pair):
    """A pair is two records of one type."""
    with demo.project.release() as release:
        account = release.value(
            "SELECT dataset || '/' || key || '#' || role FROM published.identity_record WHERE entity_type = 'account' LIMIT 1"
        )
    assert "do not name one pair" in refused("explain", demo.folder, pair[1], pair[1])
    assert "do not name one pair" in refused("explain", demo.folder, pair[1], account)


def test_exports_hold_the_table(linkage_, demo, tmp_path):
    """A CSV and a Parquet export hold the rows of the table in the order of its key, columns by name."""
    table = next(table for table in PUBLISHED if table.name == "identity_record")
    with demo.project.release() as release:
        expected = release.rows(f"FROM published.identity_record ORDER BY {', '.join(table.key)}")
    code, out, _ = linkage_("export", demo.folder, "identity_record", tmp_path / "x.csv")
    assert code == 0
    assert f"{len(expected):,} rows of identity_record" in out.replace("\n", " ")
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == [column.name for column in table.columns]
    assert rows == [[str(value).lower() if isinstance(value, bool) else value for value in row] for row in expected]
    assert linkage_("export", demo.folder, "identity_record", tmp_path / "x.parquet")[0] == 0
    assert [tuple(row.values()) for row in pq.read_table(tmp_path / "x.parquet").to_pylist()] == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.parquet"]


@pytest.mark.parametrize(
    "name",
    [
        EVIL.replace("/", "") + ".csv",
        "a b.csv",
        "[x]*?.csv",
        "ü\u202e.parquet",
        "-.csv",
        "~.csv",
        "$HOME.csv",
        "%s.csv",
    ],
)
def test_hostile_file_names_are_file_names(linkage_, demo, tmp_path, name):
    """Whatever a file is called, exactly that file is written, and nothing is executed."""
    (tmp_path / "out").mkdir()
    assert linkage_("export", demo.folder, "release_info", tmp_path / "out" / name)[0] == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]
    with demo.project.release() as release:
        assert release.value("SELECT count(*) FROM published.identity") > 0


@pytest.mark.parametrize(
    ("table", "file", "says"),
    [
        ("persons", "x.csv", "the published tables are"),
        (EVIL, "x.csv", "there is no table"),
        ("stored_value", "x.csv", "there is no table"),
        ("person", "x.xlsx", "name it .csv or .parquet"),
        ("person", "x", "name it .csv or .parquet"),
        ("person", "nowhere/x.csv", "there is no folder"),
        ("person", "folder.csv", "cannot be written"),
    ],
)
def test_exports_that_cannot_be_are_refused(refused, demo, tmp_path, table, file, says):
    """A table or file that cannot be is refused in one line, and leaves nothing behind."""
    (tmp_path / "folder.csv").mkdir()
    assert says in refused("export", demo.folder, table, tmp_path / file)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_rejects_go_back_with_their_reasons(linkage_, refused, bank, tmp_path):
    """Rejected rows are written with their header, the reasons beside them; where there are none it says so."""
    linkage_("run", bank.loaded.path)
    assert "no rejected rows" in refused("rejects", bank.loaded.path, "bank", tmp_path / "back.csv")
    with (bank.loaded.folder / "bank.csv").open("a", encoding="utf-8") as file:
        file.write("short\n")
    linkage_("run", bank.loaded.path)
    _, told, _ = linkage_("rejects", bank.loaded.path, "bank", tmp_path / "back.csv")
    assert "1 rejected rows of bank" in told
    assert (tmp_path / "back.csv").read_text(encoding="utf-8").splitlines() == ["id,number,bank,holder", "short"]
    assert "too few columns" in (tmp_path / "back.csv.reasons").read_text(encoding="utf-8")


def test_evaluate_measures_a_release(linkage_, demo):
    """`evaluate` gives pairwise, B-cubed and cluster scores and blocking recall for each type, and the worst errors."""
    code, out, _ = linkage_("evaluate", demo.folder, "--truth", demo.folder / "truth.csv", "--json")
    found = json.loads(out)
    assert (code, found["schema_version"]) == (0, 1)
    assert set(found["types"]) == {"account", "business", "person"}
    for kind, metrics in found["types"].items():
        for measure in ("pairwise", "b_cubed", "cluster"):
            assert set(metrics[measure]) >= {"precision", "recall", "f1"}
            assert all(0 <= metrics[measure][part] <= 1 for part in ("precision", "recall", "f1"))
        assert metrics["pairwise"]["f1"] > 0.5, kind
        # Clustering joins some records over others that blocking never put side by side.
        assert metrics["pairwise"]["recall"] <= metrics["blocking_recall"] + 0.1
        for measure in ("pairwise", "b_cubed"):
            for part, (low, high) in metrics["intervals"][measure].items():
                assert low <= metrics[measure][part] <= high
        assert {"datasets", "filled", "script"} <= {one["by"] for one in metrics["slices"]}
    assert "origin" in {one["by"] for one in found["types"]["person"]["slices"]}
    code, out, _ = linkage_("evaluate", demo.folder, "--truth", demo.folder / "truth.csv")
    assert code == 0
    assert "blocking found" in out
    assert "too few pairs" in out
    assert "95 %" in out


def test_a_sample_is_drawn_judged_and_evaluated(linkage_, refused, demo, tmp_path):
    """`review sample` writes pairs to judge, and `evaluate --judgements` estimates from the filled file."""
    path = tmp_path / "sample.csv"
    code, out, _ = linkage_("review", "sample", demo.folder, "account", path, "--size", "40")
    assert code == 0
    assert "40 of" in out
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["verdict"] = "match" if row["together"] == "yes" else "non-match"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    code, out, _ = linkage_("evaluate", demo.folder, "--judgements", path, "--json")
    found = json.loads(out)
    assert (code, found["schema_version"], found["sample"]["judged"]) == (0, 1, 40)
    assert found["precision"]["estimate"] == found["recall"]["estimate"] == 1.0
    assert found["precision"]["interval"][0] < 1.0
    code, out, _ = linkage_("evaluate", demo.folder, "--judgements", path)
    assert code == 0
    assert "40 of 40 pairs judged" in out
    assert "may hold verdicts" in refused("review", "sample", demo.folder, "account", path)
    told = linkage_("review", "sample", demo.folder, "account", tmp_path / "more.csv", "--size", "5", "--json")[1]
    assert json.loads(told)["sampled"] == 5


def test_evaluate_compares_two_files(linkage_, tmp_path):
    """`evaluate --compare REFERENCE OTHER` measures the second grouping against the first."""
    (tmp_path / "a.csv").write_text("dataset,key,entity\nd,1,x\nd,2,x\nd,3,y\n")
    (tmp_path / "b.csv").write_text("dataset,key,entity\nd,1,p\nd,2,p\nd,3,p\n")
    code, out, _ = linkage_("evaluate", "--compare", tmp_path / "a.csv", tmp_path / "b.csv", "--json")
    found = json.loads(out)
    assert (code, found["schema_version"]) == (0, 1)
    assert found["pairwise"]["precision"] == pytest.approx(1 / 3)
    assert found["pairwise"]["recall"] == 1.0
    code, out, _ = linkage_("evaluate", "--compare", tmp_path / "a.csv", tmp_path / "b.csv")
    assert code == 0
    assert "pairwise" in out


@pytest.mark.parametrize(
    "text", [None, "", "dataset,key\nd,1\n", "dataset,key,entity\n", "\x00\x01", "dataset,key,entity\nd,1\n"]
)
def test_truth_files_that_cannot_be_are_refused(refused, demo, tmp_path, text):
    """A truth file that is absent, empty, lacks a column or is no text is refused by its name."""
    if text is not None:
        (tmp_path / "truth.csv").write_text(text)
    assert "truth.csv" in refused("evaluate", demo.folder, "--truth", tmp_path / "truth.csv")


def test_releases_lists_every_release(linkage_, demo_again):
    """`releases` lists each audience's releases with run and time."""
    found = json.loads(linkage_("releases", demo_again.folder, "--json")[1])
    assert {(row["audience"], row["sequence"], row["run"]) for row in found} == {
        ("centre", 1, 1),
        ("dea", 1, 1),
        ("centre", 2, 2),
        ("dea", 2, 2),
    }
    code, out, _ = linkage_("releases", demo_again.folder)
    assert code == 0
    assert "centre" in out


def test_every_look_states_its_purpose(refused, linkage_, bank):
    """Without a default in the project a look needs --purpose; each look is in the audit with its purpose, a refused one is not."""
    path = bank.loaded.path
    linkage_("run", path, "--json")
    path.write_text(path.read_text().replace('default_purpose = "test"\n', ""))
    export = ("export", path, "account", path.parent / "a.csv")
    (path.parent / "truth.csv").write_text("dataset,key,entity\nbank,a,1\nbank,b,1\n")
    measure = ("evaluate", path, "--truth", path.parent / "truth.csv")
    for arguments in (("show", path, "bank/a"), ("explain", path, "bank/a", "bank/b"), export, measure):
        assert 'add --purpose "..."' in refused(*arguments)
        assert linkage_(*arguments, "--purpose", f"case 7 {EVIL}")[0] == 0
        assert 'add --purpose "..."' in refused(*arguments, "--purpose", "")
    with Ledger(bank.loaded.workspace / "ledger.sqlite") as ledger:
        looks = ledger.looks()
    assert [(look.action, look.purpose, look.audience) for look in looks] == [
        ("show", f"case 7 {EVIL}", "centre"),
        ("explain", f"case 7 {EVIL}", "centre"),
        ("export", f"case 7 {EVIL}", "centre"),
        ("evaluate", f"case 7 {EVIL}", "centre"),
    ]
    # Records stand in the audit by their keyed hashes.
    assert [name.partition(":")[0] for name in looks[1].objects] == ["record", "record"]
    assert not (path.parent / "a.csv").exists() or (path.parent / "a.csv").stat().st_size > 0


def test_hostile_values_are_text(linkage_, refused, make_project, accounts, tmp_path):
    """SQL, markup and terminal commands in values and keys are shown as text, and run nothing."""
    project = make_project(accounts.source("bank"), {})
    rows = [
        ["id", "number", "bank", "holder"],
        [EVIL, "87345612", "021000021", f"[bold]{ESCAPE}[/bold] {EVIL}"],
        ["b", "87345612", "021000021", EVIL],
    ]
    with (tmp_path / "bank.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    assert linkage_("run", project.loaded.path)[0] == 0
    code, out, _ = linkage_("show", project.loaded.path, f"bank/{EVIL}")
    assert code == 0
    assert "DROP TABLE" in out
    assert "[bold]" in out
    assert "\x1b" not in out
    assert "\x07" not in out
    code, out, _ = linkage_("explain", project.loaded.path, f"bank/{EVIL}", "bank/b")
    assert code == 0
    assert f"bank/{EVIL}" in out
    assert "\\[" not in out
    assert "\x1b" not in out
    assert json.loads(linkage_("show", project.loaded.path, f"bank/{EVIL}", "--json")[1])[0]["records"] == 2
    assert "\x1b" not in refused("show", project.loaded.path, f"bank/{ESCAPE}")
    (tmp_path / "bank.csv").write_text(f"id,{ESCAPE}\n1,2\n", encoding="utf-8")
    assert "\x1b" not in refused("run", project.loaded.path)


def test_a_defect_is_one_line_too(refused, demo, monkeypatch):
    """What nobody foresaw is one line on standard error, and asks to be reported."""
    from linkage import queries

    def broken(*_, **__):
        raise KeyError("first\nsecond")

    monkeypatch.setattr(queries, "show", broken)
    assert "please report it" in refused("show", demo.folder, "x")


def test_an_export_into_a_database_is_told_without_the_password(demo, postgres, linkage_):
    """`linkage export` to PostgreSQL names table, rows and address, and no password."""
    done = linkage_("export", demo.folder, "release_info", postgres.url, "--schema", "told", "--purpose", "test")
    assert "s3cret" not in repr(done)
    assert postgres.bare in repr(done).replace("\\n", "")
