"""Drift: a run tells what has moved since its model was trained, and when to retrain."""

from __future__ import annotations

import json
import random

import pytest

from linkage.engine.duckdb import Engine
from linkage.errors import ModelError
from linkage.registry.approve import approve_model
from linkage.registry.candidate import train_candidate
from linkage.stages import drift
from linkage.stages.drift import moved
from linkage.store.workspace import Workspace

THEN = {
    "records": 1000,
    "filled": {"phone": 0.8, "surname": 1.0},
    "edges": 400,
    "match": 0.75,
    "review": 0.25,
    "levels": {"phone": {"exact": 0.6, "near": 0.4}},
}


def lines(numbers, bank=lambda _: "021000021", head="id,number,bank,holder\n"):
    """A file of accounts, a holder each."""
    return "".join([head, *(f"r{n},{10**9 + 7919 * n},{bank(n)},Holder {n}\n" for n in numbers)])


def test_the_first_run_keeps_how_the_data_look(make_project, accounts, first_run):
    """The first run of a model counts records, filled columns and edges, and has nothing to compare them with."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(Ann="abc", Bob="de")})
    report = first_run(project)
    shape = report["types"]["account"]["shape"]
    assert (shape["records"], shape["filled"]["number"]) == (5, 1.0)
    assert shape["edges"] == report["types"]["account"]["edges"] == 4
    assert shape["match"] + shape["review"] == 1.0
    assert report["drift"] == {"account": []}


def test_an_increment_is_compared_with_the_first_run_of_its_model(make_project, accounts, tmp_path, first_run):
    """An increment that triples the records is told beside the first run's figure; one that changes nothing tells nothing."""
    project = make_project(accounts.source("bank"), {"bank.csv": lines(range(20))})
    first_run(project)
    assert project.run()["drift"] == {"account": []}
    (tmp_path / "bank.csv").write_text(lines(range(60)), encoding="utf-8")
    report = project.run()
    assert report["work"] == "increment"
    [told] = [found for found in report["drift"]["account"] if found["what"] == "records"]
    assert (told["then"], told["now"]) == (20, 60)
    assert "linkage train" in told["told"]


def test_a_new_model_is_compared_with_its_own_first_run(make_project, accounts, tmp_path, first_run):
    """After a retrain the figures of the older model's time tell nothing."""
    project = make_project(accounts.source("bank"), {"bank.csv": lines(range(20))})
    first_run(project)
    (tmp_path / "bank.csv").write_text(lines(range(60)), encoding="utf-8")
    assert project.run(retrain=True)["drift"] == {"account": []}


def test_figures_are_those_of_a_full_run(make_project, accounts, tmp_path, first_run):
    """Increments with new, changed, withdrawn and returning records count the same shape as a full run on the same records."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(Ann="abc", Bob="de")})
    first_run(project)
    draw = random.Random(5)
    for _ in range(3):
        groups = {
            name: "".join(draw.sample("abcdefghij"[n * 3 : n * 3 + 3], 2))
            for n, name in enumerate(("Ann", "Bob", "Cy"))
        }
        (tmp_path / "bank.csv").write_text(accounts.csv(**groups), encoding="utf-8")
        report = project.run()
        assert report["work"] == "increment"
    assert report["types"]["account"]["shape"] == project.run(full=True)["types"]["account"]["shape"]


def test_an_increment_counts_its_batch_alone(make_project, accounts, monkeypatch, tmp_path, first_run):
    """An increment counts the rows of its batch: none of the tables of all records and edges, and no value before a hundredth has come in."""
    project = make_project(accounts.source("bank"), {"bank.csv": lines(range(300))})
    first_run(project)
    read = []
    for name in ("count_records", "count_edges"):
        whole = getattr(drift, name)
        monkeypatch.setattr(drift, name, lambda e, m, table, whole=whole: (read.append(table), whole(e, m, table))[1])
    monkeypatch.setattr(drift, "common_values", lambda *_: read.append("values"))
    (tmp_path / "bank.csv").write_text(lines(range(302)), encoding="utf-8")
    shape = project.run()["types"]["account"]["shape"]
    assert (shape["records"], shape["values"]["fresh"]) == (302, 2)
    assert all(table.startswith('"change"') or "fresh" in table for table in read)
    assert len(read) == 4


def test_counts_of_another_program_are_not_gone_on_with(make_project, accounts, monkeypatch, tmp_path):
    """Where the last report counted other figures than today's program does, everything is counted anew."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(Ann="abc")})
    whole = drift.count_records

    def fewer(*given):
        found = whole(*given)
        return {**found, "filled": {"number": found["filled"]["number"]}}

    with monkeypatch.context() as patch:
        patch.setattr(drift, "count_records", fewer)
        project.run()
    (tmp_path / "bank.csv").write_text(accounts.csv(Ann="abcd"), encoding="utf-8")
    shape = project.run()["types"]["account"]["shape"]
    assert shape["filled"] == {"holders": 1.0, "institution": 1.0, "number": 1.0}


def test_a_candidate_is_compared_with_the_data_it_was_trained_on(make_project, accounts, tmp_path, first_run):
    """A model that is approved after the data have grown is compared with its card, and the shape in it is that of a run."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(Ann="abc", Bob="de")})
    first = first_run(project)
    (tmp_path / "bank.csv").write_text(accounts.csv(Ann="abc", Bob="de", Cy="fg"), encoding="utf-8")
    shape = project.run()["types"]["account"]["shape"]
    model = train_candidate(project.loaded, "account")["model"]
    assert model != first["types"]["account"]["model"]
    folder = Workspace(project.loaded.workspace).models / "account" / model
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["shape"] == {name: shape[name] for name in card["shape"]}
    approve_model(project.loaded, "account", model, "a test")
    (tmp_path / "bank.csv").write_text(accounts.csv(Ann="abc", Bob="de", Cy="fg", Di="hijklmno"), encoding="utf-8")
    [told] = [found for found in project.run()["drift"]["account"] if found["what"] == "records"]
    assert (told["then"], told["now"]) == (7, 15)
    assert "when the model was trained" in told["told"]


def test_a_model_without_a_shape_is_compared_with_its_first_run(make_project, accounts, tmp_path, first_run):
    """A model that was trained before cards held a shape, or kept common values, is compared with the first run that used it."""
    project = make_project(accounts.source("bank"), {"bank.csv": lines(range(20))})
    model = first_run(project)["types"]["account"]["model"]
    folder = Workspace(project.loaded.workspace).models / "account" / model
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, "shape": None}), encoding="utf-8")
    (folder / "common.parquet").unlink()
    (tmp_path / "bank.csv").write_text(lines(range(60)), encoding="utf-8")
    report = project.run()
    [told] = [found for found in report["drift"]["account"] if found["what"] == "records"]
    assert "when the model was first used" in told["told"]
    assert report["types"]["account"]["shape"]["values"]["found"] == {}


def test_a_value_that_far_more_records_hold_is_told_without_it(make_project, accounts, tmp_path):
    """A bank that 62 of 260 accounts name, and 2 of 200 did, is told as a count, and the query of the report shows it; the value is in no report."""
    project = make_project(
        accounts.source("bank"), {"bank.csv": lines(range(200), bank=lambda n: f"Bank of {'Rareton' if n < 2 else n}")}
    )
    project.run()
    later = lines(range(200), bank=lambda n: f"Bank of {'Rareton' if n < 2 else n}") + lines(
        range(300, 360), bank=lambda _: "Bank of Rareton", head=""
    )
    (tmp_path / "bank.csv").write_text(later, encoding="utf-8")
    report = project.run(accept={"growth": "a test"})
    assert report["work"] == "increment"
    [told] = [found for found in report["drift"]["account"] if found["what"] == "values institution"]
    assert (told["then"], told["now"]) == (None, 62)
    assert "1 values of institution" in told["told"]
    assert "fewer than 5" in told["told"]
    assert "rareton" not in json.dumps(report).lower()
    with Engine(Workspace(project.loaded.workspace).base(report["run"]), read_only=True) as engine:
        [(value, records)] = engine.rows(told["look"])
    assert (value, records) == ("bank of rareton", 62)
    full = project.run(full=True)
    assert full["drift"]["account"] == [
        {**one, "told": one["told"].replace("2.duckdb", "3.duckdb")} for one in report["drift"]["account"]
    ]


def test_damaged_common_values_are_refused(make_project, accounts, tmp_path, first_run):
    """Common values that cannot be read are told with their file and the mend."""
    project = make_project(accounts.source("bank"), {"bank.csv": lines(range(20))})
    model = first_run(project)["types"]["account"]["model"]
    file = Workspace(project.loaded.workspace).models / "account" / model / "common.parquet"
    file.write_bytes(b"no parquet")
    (tmp_path / "bank.csv").write_text(lines(range(30)), encoding="utf-8")
    with pytest.raises(ModelError, match=r"common\.parquet: .* restore the file"):
        project.run()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"records": 1900, "edges": 760}, []),
        ({"records": 2000, "edges": 800}, ["records"]),
        ({"records": 500, "edges": 200}, ["records"]),
        ({"filled": {"phone": 0.71, "surname": 1.0}}, []),
        ({"filled": {"phone": 0.7, "surname": 0.5}}, ["filled phone", "filled surname"]),
        ({"filled": {"email": 0.1}}, []),
        ({"edges": 599}, []),
        ({"edges": 600}, ["edges a record"]),
        ({"edges": 0, "match": 0.0, "review": 0.0}, ["edges a record"]),
        ({"match": 0.66, "review": 0.34}, []),
        ({"match": 0.6, "review": 0.4}, ["match"]),
        ({"edges": 90, "match": 0.1}, ["edges a record"]),
        ({"levels": {"phone": {"exact": 0.5, "near": 0.5}}}, ["level phone.exact", "level phone.near"]),
        ({"levels": {"phone": {"exact": 0.69, "near": 0.31}}}, []),
        ({"levels": {"surname": {"exact": 0.1}}}, []),
        ({"edges": 90, "levels": {"phone": {"exact": 0.5, "near": 0.5}}}, ["edges a record"]),
    ],
)
def test_only_what_moves_beyond_its_threshold_is_told(change, what):
    """Each figure is told from its threshold on, and not below it."""
    assert [found["what"] for found in moved("person", THEN, {**THEN, **change})] == what
