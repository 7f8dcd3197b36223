"""A lookup tells what a run would score, of the audience's own records only, and changes nothing but the audit."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import linkage
from linkage.engine.duckdb import Engine
from linkage.errors import ModelError, RequestError
from linkage.lookup.session import NOTICE, Session
from linkage.standardise import load_kept, shipped
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import NOW, run_copy, same_models

from .conftest import delivered, edges, told

TYPES = ("person", "business", "account")


@pytest.mark.parametrize("kind", TYPES)
def test_weights_are_those_of_the_run(project, sessions, kind):
    """Every record of the demo, looked up as its source mapped it, has exactly the pairs, weights and levels of the run."""
    records = delivered(project, 1, kind)
    stored = edges(project, 1, kind)
    assert len(stored) > 300
    assert told(sessions(kind), records) == {pair: one for pair, one in stored.items() if pair[0] in records}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_record_weighs_the_same_alone_and_among_others(project, sessions, data):
    """What a lookup tells of a record does not depend on which others are asked with it, nor on their order."""
    kind = data.draw(st.sampled_from(TYPES))
    records = list(delivered(project, 1, kind).values())
    drawn = data.draw(st.lists(st.sampled_from(records), min_size=1, max_size=6))
    session = sessions(kind)
    together = session.lookup(drawn)["results"]
    assert together == [session.lookup([one])["results"][0] for one in drawn]


@pytest.fixture(scope="module")
def grown(demo):
    """The demo with twelve more rows in two files, letters and keys changed, after the run that reads them."""

    def change(folder):
        for name in ("dea_roi", "fincen_reports"):
            file = folder / "data" / f"{name}.csv"
            header, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
            more = [f"NEW{row}".replace("er", "re", 1) for row in rows[:120:10]]
            file.write_text("".join([header, *rows, *more]), encoding="utf-8")

    return run_copy(demo.folder, "grown", change)


@pytest.mark.parametrize("kind", TYPES)
def test_a_lookup_tells_what_the_next_run_scores(grown, sessions, kind):
    """Records looked up before they are delivered have the weights that the run which reads them stores."""
    new = delivered(grown.project, 2, kind, "starts_with(key, 'NEW')")
    assert len(new) > 2
    stored = edges(grown.project, 2, kind)
    among_old = {pair: one for pair, one in stored.items() if pair[0] in new and pair[1] not in new}
    assert among_old
    assert told(sessions(kind), new) == among_old


def test_the_answer_leads_to_identities(project, sessions):
    """A record that is in the release leads to its own identity, with golden values, evidence in words, and the notice."""
    name, record = next(iter(delivered(project, 1, "person").items()))
    found = sessions("person").lookup([record])
    with project.release() as release:
        dataset, key = name.split("#")[0].split("/")
        identity = release.value(
            "SELECT identity_id FROM published.identity_record WHERE dataset = $d AND key = $k AND entity_type = 'person'",
            {"d": dataset, "k": key},
        )
        surname = release.value("SELECT surname FROM published.person WHERE identity_id = $id", {"id": identity})
    best = next(one for one in found["results"][0]["identities"] if one["identity_id"] == identity)
    assert best["above_match"]
    assert best["golden"]["surname"] == surname
    assert best["probability"] == pytest.approx(1 / (1 + 2 ** -best["weight"]))
    matched = next(one for one in best["matched"] if one["record"] == name)
    prior = sessions("person").model.match_rate
    bits = sum(part["weight"] for part in matched["evidence"])
    assert matched["weight"] == pytest.approx(bits + _log2(prior / (1 - prior)), abs=0.01)
    assert all(part["words"] for part in matched["evidence"])
    assert found["notice"] == NOTICE
    weights = [one["weight"] for one in found["results"][0]["identities"]]
    assert weights == sorted(weights, reverse=True)


def _log2(value):
    with Engine() as engine:
        return engine.value("SELECT log2($value)", {"value": value})


def test_explain_says_the_same(project, sessions):
    """The evidence of a matched record is what `explain` says of the pair."""
    from linkage.queries import explain

    stored = edges(project, 1, "account")
    (a, b), _ = max(stored.items(), key=lambda item: (item[1], item[0]))
    record = delivered(project, 1, "account")[a]
    found = sessions("account").lookup([record])["results"][0]
    matched = next(one for identity in found["identities"] for one in identity["matched"] if one["record"] == b)
    explained = explain(project, a, b)[1]
    assert [(part["comparison"], part["level"], round(part["weight"], 6)) for part in matched["evidence"]] == [
        (one.comparison, one.level, round(one.weight, 6)) for one in explained.evidence if one.comparison != "account"
    ][: len(matched["evidence"])]


@pytest.mark.parametrize("kind", TYPES)
def test_an_audience_finds_its_own_records_only(project, sessions, kind):
    """Neither the answers nor the index of an audience holds a record of a dataset that is hidden from it."""
    session = sessions(kind, "dea")
    records = list(delivered(project, 1, kind).values())
    answer = json.dumps(session.lookup(records[:400]))
    assert "fincen_reports" in json.dumps(sessions(kind).lookup(records[:400]))
    assert "fincen_reports" not in answer
    for file in session.place.folder.iterdir():
        assert b"fincen_reports/" not in file.read_bytes()


def test_hidden_records_change_nothing(project, sessions, demo):
    """With half of the hidden dataset gone, an audience's answers are the same to the byte (rule R7)."""
    folder = demo.folder.with_name("lessened")
    shutil.copytree(demo.folder, folder, ignore=shutil.ignore_patterns("work"))
    file = folder / "data" / "fincen_reports.csv"
    header, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([header, *rows[::2]]), encoding="utf-8")
    (folder / "work").mkdir()
    shutil.copyfile(demo.folder / "work" / "secret.key", folder / "work" / "secret.key")
    lessened = linkage.open(folder)
    same_models(demo.project, lessened)
    lessened.run(now=NOW)
    for kind in TYPES:
        records = list(delivered(project, 1, kind).values())[:150]
        with Session(lessened.loaded, kind, audience="dea") as session:
            assert session.lookup(records) == sessions(kind, "dea").lookup(records)


def test_nothing_changes_but_the_audit(project, sessions):
    """A lookup writes one look, with the ids it told and the purpose; every other file of the workspace stays as it was."""
    session = sessions("account")
    record = next(iter(delivered(project, 1, "account").values()))
    workspace = Workspace(project.loaded.workspace)

    def state():
        files = [file for file in workspace.path.rglob("*") if file.is_file() and not file.name.startswith("ledger")]
        return {file: (file.stat().st_mtime_ns, file.stat().st_size) for file in files}

    before = state()
    found = session.lookup([record], purpose="case 12")
    assert state() == before
    with Ledger(workspace.ledger) as ledger:
        look = ledger.looks()[-1]
    ids = sorted(one["identity_id"] for one in found["results"][0]["identities"])
    assert (look.action, look.purpose, look.audience) == ("lookup", "case 12", "centre")
    assert list(look.objects) == ["account", *ids]


def test_values_that_sql_cannot_read_go_to_the_library(project, sessions):
    """A date with its month in another language is read as in a run: it weighs as the same date in figures."""
    name, record = next(
        (name, one)
        for name, one in delivered(project, 1, "person").items()
        if one.get("surname") and one.get("given_name")
    )
    asked = {"given_name": record["given_name"], "surname": record["surname"]}
    figures, words, none = (
        {**asked, **more} for more in ({"birth_date": "1980-03-04"}, {"birth_date": "4 maart 1980"}, {})
    )
    found = sessions("person").weights([figures, words, none])
    weighed = [{row[1]: row[2:] for row in found if row[0] == place} for place in range(3)]
    assert name in weighed[0]
    assert weighed[0] == weighed[1]
    assert weighed[2] != weighed[1]


def test_letters_of_other_scripts_are_learnt(sessions):
    """A name in letters that the session has not met is read like one that it knew from the start."""
    session = sessions("person")
    session.weights([{"name": "Иван Петров", "birth_date": "1980-03-04"}])
    known = session._open["read"]
    found = session.weights([{"name": "김철수", "birth_date": "1980-03-04"}])
    assert session._open["read"] is not known
    learnt = session._open["read"]
    assert session.weights([{"name": "김철수", "birth_date": "1980-03-04"}]) == found
    assert session._open["read"] is learnt


def test_a_record_that_is_like_nothing_has_no_identities(sessions):
    """Where no candidate reaches the review threshold the answer is empty, and says of how many that is so."""
    found = sessions("person").lookup([{"given_name": "Qwxz", "surname": "Vbnmk"}, {"surname": "?"}])
    assert [one["identities"] for one in found["results"]] == [[], []]
    assert found["results"][0]["compared"] == 0


def test_many_records_are_answered_in_pieces(project, sessions, monkeypatch):
    """The size of the pieces in which records are answered shows nowhere."""
    records = list(delivered(project, 1, "account").values())[:30]
    whole = sessions("account").lookup(records)
    monkeypatch.setattr("linkage.lookup.session.BATCH", 7)
    assert sessions("account").lookup(records) == whole


def test_a_look_needs_a_purpose(project, sessions, tmp_path):
    """Without a purpose, in the call or in the project file, a lookup is refused before anything is looked at."""
    session = sessions("account")
    text = project.loaded.path.read_text(encoding="utf-8").replace("default_purpose", "# default_purpose")
    other = tmp_path / "project.toml"
    other.write_text(text.replace('workspace = "work"', f'workspace = "{project.loaded.workspace}"'), encoding="utf-8")
    with (
        Session(linkage.open(other).loaded, "account") as without,
        pytest.raises(RequestError, match="a look needs a purpose"),
    ):
        without.lookup([{"number": "123"}])
    assert session.lookup([{"number": "123"}])["results"][0]["identities"] == []


def test_a_session_goes_on_with_a_kept_standardiser(project, monkeypatch):
    """A newer program looks up with the version that the release was made with, and refuses where that is not kept."""
    other = replace(shipped(), version="99-other")
    monkeypatch.setattr("linkage.stages.standardiser.shipped", lambda: other)
    with Session(project.loaded, "account") as kept:
        assert kept.lookup([{"number": "123"}])["results"][0]["identities"] == []
    monkeypatch.setattr(
        "linkage.stages.standardiser.load_kept", lambda folder, version: load_kept(folder / "gone", version)
    )
    with pytest.raises(ModelError, match="this program has 99-other"):
        Session(project.loaded, "account")


def test_the_project_keeps_sessions_and_follows_releases(make_project, accounts):
    """`project.lookup` takes one record or several, keeps its session, and answers from the next release once there is one."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="cd")})
    project.run()
    number = accounts.csv(one="a").splitlines()[1].split(",")[1]
    record = {"number": number, "institution": "021000021", "holder": "one Holder"}
    first = project.lookup("account", record)
    assert [one["record"] for one in first["results"][0]["identities"][0]["matched"]] == [
        "bank/a#account",
        "bank/b#account",
    ]
    kept = dict(project._sessions)
    assert project.lookup("account", [record, record])["results"] == first["results"] * 2
    assert project._sessions == kept
    (project.loaded.path.parent / "bank.csv").write_text(accounts.csv(one="abx", two="cd"), encoding="utf-8")
    project.run()
    second = project.lookup("account", record)
    assert second["release"] == 2
    assert len(second["results"][0]["identities"][0]["matched"]) == 3
    lookups = Workspace(project.loaded.workspace).lookup("centre")
    assert [folder.name.split("-")[0] for folder in lookups.iterdir()] == ["2"]
