"""Rolling back: an older release's models and settings come back as a new release of today's records and judgements."""

from __future__ import annotations

import json
import shutil

import pytest

import linkage
from linkage.config.deciding import decided_by, deciding, differing
from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.errors import AuditError, ModelError, RequestError
from linkage.judging import record
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

CROSSWALK = "entity_type, dataset, key, role, identity_id, agency, ambiguous"
AUDIENCES = "[audiences.centre]\n[audiences.dea]\nhidden = ['other']\n"


@pytest.fixture(scope="module")
def ran(accounts, tmp_path_factory):
    """An account project with two releases: a, b and c are one account in the first, three under the strict second model."""
    folder = tmp_path_factory.mktemp("rollback") / "first"
    shutil.copytree(default_configs() / "entities", folder / "entities")
    (folder / "bank.csv").write_text(accounts.csv(one="abc", two="d", three="e"), encoding="utf-8")
    (folder / "other.csv").write_text(accounts.csv(four="fg"), encoding="utf-8")
    head = 'version = 1\nname = "test"\nworkspace = "work"\nentities = "entities"\ndefault_purpose = "test"\n'
    text = head + AUDIENCES + accounts.source("bank") + accounts.source("other")
    (folder / "project.toml").write_text(text, encoding="utf-8")
    linkage.open(folder).run()
    strict(folder)
    linkage.open(folder).run(retrain=True)
    return folder


def strict(folder):
    """Ask for more than any pair weighs, and let the latest institution be the golden one."""
    path = folder / "entities" / "account.toml"
    text = path.read_text(encoding="utf-8").replace("match = 3.0", "match = 90.0")
    text = text.replace("[survivorship]", '[survivorship]\ninstitution = "most_recent"')
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def bank(ran, tmp_path):
    """A copy of that project."""
    shutil.copytree(ran, tmp_path / "bank")
    return linkage.open(tmp_path / "bank")


def ids(project, sequence=None, audience="centre"):
    """Record key → identity id of a release."""
    with project.release(audience, sequence) as release:
        return dict(release.rows("SELECT key, identity_id FROM published.identity_record"))


def consumed(project, audience):
    """The crosswalk that a consumer has who began with the first release and then only reads the feed."""
    folder = Workspace(project.loaded.workspace).path / "feed" / audience
    files = sorted(folder.glob("*-record_move.parquet"), key=lambda file: int(file.name.split("-")[0]))
    held = {}
    with Engine() as engine:
        for file in files:
            for row in engine.arrow(f"FROM read_parquet('{file}')").to_pylist():
                name = tuple(row[column] for column in ("entity_type", "dataset", "key", "role"))
                held.pop(name, None)
                if row["to_identity"] is not None:
                    held[name] = (row["to_identity"], row["agency"], row["ambiguous"])
    return sorted((*name, *told) for name, told in held.items())


def crosswalk(project, audience):
    """The crosswalk of the last release."""
    with project.release(audience) as release:
        return sorted(release.rows(f"SELECT {CROSSWALK} FROM published.identity_record"))


def test_the_identities_of_an_older_release_come_back(bank):
    """Back and forth between two models: each time the ids are those of that release, sequences grow, the feed leads there."""
    first, second = ids(bank, 1), ids(bank, 2)
    assert first["a"] == first["b"] == first["c"]
    assert len(set(second.values())) == 7
    report = bank.rollback(1, why="too strict")
    assert (report["rolled_back_to"]["release"], report["rolled_back_to"]["run"]) == (1, 1)
    assert {one["sequence"] for one in report["releases"].values()} == {3}
    assert ids(bank) == first
    assert ids(bank, audience="dea") == ids(bank, 1, "dea")
    with bank.release() as release:
        assert {row[0] for row in release.rows("SELECT DISTINCT cause FROM published.identity_event")} == {"model"}
    bank.rollback(2)
    assert ids(bank) == second
    with bank.release() as release:
        reinstated = release.rows("SELECT count(*) FROM published.identity_event WHERE event = 'reinstated'")
    assert reinstated == [(3,)]
    for audience in ("centre", "dea"):
        assert consumed(bank, audience) == crosswalk(bank, audience)


def test_models_are_approved_again_and_the_next_run_keeps_them(bank):
    """The approval tells the reason and who, and a nightly run afterwards goes on with the old model and the same ids."""
    first = ids(bank, 1)
    told = bank.rollback(1, why="too strict")["rolled_back_to"]
    with Ledger(Workspace(bank.loaded.workspace).ledger) as ledger:
        rows = ledger._rows("SELECT hash, why FROM approval ORDER BY approval DESC LIMIT 1")
    assert rows == [(told["models"]["account"], "rolled back to release 1: too strict")]
    after = bank.run()
    assert after["types"]["account"]["model"] == told["models"]["account"]
    assert after["rolled_back_to"] is None
    assert ids(bank) == first


def test_judgements_and_records_of_today_hold(bank, accounts):
    """What was judged and delivered since the older release stands in what is made of it."""
    record.judge(bank, ("bank/a", "bank/b"), "non-match", "two cards")
    record.judge(bank, ("bank/d", "bank/e"), "match", "one card")
    (bank.loaded.folder / "bank.csv").write_text(accounts.csv(one="abc", two="dh", three="e"), encoding="utf-8")
    bank.run()
    bank.rollback(1)
    now = ids(bank)
    assert now["a"] != now["b"]
    assert now["d"] == now["e"] == now["h"]


def test_settings_that_decide_come_back_and_differences_are_told(bank):
    """The release is made by the settings of then; those of the files that differ are named, and the next run goes by them."""
    report = bank.rollback(1)
    assert report["rolled_back_to"]["other_settings"] == ["account.survivorship.institution"]
    assert report["settings"]["hash"] == report["rolled_back_to"]["settings"]
    assert report["settings"]["survivorship"]["account"] == {"holder": "most_agreed"}
    after = bank.run()["settings"]["survivorship"]["account"]
    assert after == {"holder": "most_agreed", "institution": "most_recent"}


def test_settings_of_then_leave_what_came_since(bank):
    """A dataset that came since keeps its settings; datasets and types that are gone are left out."""
    told = {"survivorship": {"person": {"name": "most_recent"}}, "unique": {"bank": "strict", "gone": "likely"}}
    project = decided_by(bank.loaded, told)
    assert {name: source.unique for name, source in project.settings.sources.items()} == {
        "bank": "strict",
        "other": None,
    }
    assert project.entities["account"].survivorship == bank.loaded.entities["account"].survivorship
    assert differing(deciding(bank.loaded), deciding(project)) == ["sources.bank.unique"]


def test_what_cannot_be_brought_back_is_refused(bank, make_project, accounts):
    """An unknown release, a damaged or missing model and a project without a release are refused; nothing changes."""
    with pytest.raises(RequestError, match="has made no release 9; it has made: 1, 2"):
        bank.rollback(9)
    models = Workspace(bank.loaded.workspace).models / "account"
    with Ledger(Workspace(bank.loaded.workspace).ledger) as ledger:
        name = ledger.runs()[0].report["types"]["account"]["model"]
        approved = ledger.approved_model("account")
    path = models / name / "model.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"match": 3.0', '"match": 2.0'), encoding="utf-8")
    with pytest.raises(ModelError, match=r"made release 1 of centre is missing or damaged; restore it from a backup"):
        bank.rollback(1)
    shutil.rmtree(models / name)
    with pytest.raises(ModelError, match="missing or damaged"):
        bank.rollback(1)
    with Ledger(Workspace(bank.loaded.workspace).ledger) as ledger:
        assert (ledger.last_sequence("centre"), ledger.approved_model("account")) == (2, approved)
    fresh = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab")})
    with pytest.raises(RequestError, match="no release to roll back to"):
        fresh.rollback(1)


def test_a_release_of_another_standardiser_is_refused(bank, monkeypatch):
    """Where the standardisers of its models are not kept, a release cannot be made again."""
    monkeypatch.setattr("linkage.standardise.kept.standardiser_version", lambda: "9-another")
    shutil.rmtree(Workspace(bank.loaded.workspace).standardisers)
    with pytest.raises(
        ModelError, match=r"this program has 9-another; .* is not kept.*; or roll back to a later release"
    ):
        bank.rollback(1)


def test_an_audit_stops_a_rollback_whole(bank):
    """Beyond a limit nothing is published for anybody and the models stay, until the limit is accepted."""
    path = bank.loaded.path
    limit = "[audits]\nlargest_identity = 2\n[audiences.centre]"
    path.write_text(path.read_text(encoding="utf-8").replace("[audiences.centre]", limit), encoding="utf-8")
    tight = linkage.open(path)
    with Ledger(Workspace(tight.loaded.workspace).ledger) as ledger:
        before = (ledger.last_run().run, ledger.approved_model("account"))
    with pytest.raises(AuditError, match="roll back again with --accept largest_identity --why TEXT"):
        tight.rollback(1)
    with Ledger(Workspace(tight.loaded.workspace).ledger) as ledger:
        assert (ledger.last_run().run, ledger.approved_model("account")) == before
    assert Workspace(tight.loaded.workspace).held("centre").is_file()
    assert tight.rollback(1, accept={"largest_identity": "known"})["releases"]["centre"]["sequence"] == 3


def test_a_run_of_before_settings_were_kept(bank):
    """A release whose run kept no settings is made with those of the files, and the report says so with null."""
    with Ledger(Workspace(bank.loaded.workspace).ledger) as ledger, ledger._transaction() as connection:
        connection.execute("UPDATE run SET report = json_remove(report, '$.settings')")
    told = bank.rollback(1)["rolled_back_to"]
    assert (told["settings"], told["other_settings"]) == (None, [])


def test_the_command_tells_what_came_back(bank, monkeypatch, capsys):
    """`rollback` prints the models approved again and which settings the next run takes from the files; JSON has the report."""
    from linkage.cli import main as command

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["linkage", "rollback", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "400")
        try:
            command.main()
        except SystemExit as stop:
            assert stop.code in {None, 0}  # noqa: PT017
        return capsys.readouterr().out

    out = run(bank.loaded.path, 1, "--why", "too strict")
    assert "Rolled back to release 1 of centre, made by run 1; approved again: account " in out
    assert "Settings of the project files are others: account.survivorship.institution" in out
    told = json.loads(run(bank.loaded.path, 2, "--json", "--now", "2026-01-31"))
    assert told["rolled_back_to"]["release"] == 2
    assert told["started_at"] == "2026-01-31T00:00:00+00:00"
