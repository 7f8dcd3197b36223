"""Drift: a run tells what has moved since its model was first used, and when to retrain."""

from __future__ import annotations

import pytest

from linkage.stages.drift import moved

THEN = {"records": 1000, "filled": {"phone": 0.8, "surname": 1.0}, "edges": 400, "match": 0.75, "review": 0.25}


def lines(numbers):
    """A file of accounts, a holder each."""
    return "".join(["id,number,bank,holder\n", *(f"r{n},{10**9 + 7919 * n},021000021,Holder {n}\n" for n in numbers)])


def test_the_first_run_keeps_how_the_data_look(make_project, accounts):
    """The first run of a model counts records, filled columns and edges, and has nothing to compare them with."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(Ann="abc", Bob="de")})
    report = project.run()
    shape = report["types"]["account"]["shape"]
    assert (shape["records"], shape["filled"]["number"]) == (5, 1.0)
    assert shape["edges"] == report["types"]["account"]["edges"] == 4
    assert shape["match"] + shape["review"] == 1.0
    assert report["drift"] == {"account": []}


def test_an_increment_is_compared_with_the_first_run_of_its_model(make_project, accounts, tmp_path):
    """An increment that triples the records is told beside the first run's figure; one that changes nothing tells nothing."""
    project = make_project(accounts.source("bank"), {"bank.csv": lines(range(20))})
    project.run()
    assert project.run()["drift"] == {"account": []}
    (tmp_path / "bank.csv").write_text(lines(range(60)), encoding="utf-8")
    report = project.run()
    assert report["work"] == "increment"
    [told] = [found for found in report["drift"]["account"] if found["what"] == "records"]
    assert (told["then"], told["now"]) == (20, 60)
    assert "linkage train" in told["told"]


def test_a_new_model_is_compared_with_its_own_first_run(make_project, accounts, tmp_path):
    """After a retrain the figures of the older model's time tell nothing."""
    project = make_project(accounts.source("bank"), {"bank.csv": lines(range(20))})
    project.run()
    (tmp_path / "bank.csv").write_text(lines(range(60)), encoding="utf-8")
    assert project.run(retrain=True)["drift"] == {"account": []}


def test_figures_are_those_of_a_full_run(make_project, accounts, tmp_path):
    """An increment counts the same shape as a full run on the same records."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(Ann="abc", Bob="de")})
    project.run()
    (tmp_path / "bank.csv").write_text(accounts.csv(Ann="abcf", Bob="d", Cy="gh"), encoding="utf-8")
    shape = project.run()["types"]["account"]["shape"]
    assert shape == project.run(full=True)["types"]["account"]["shape"]


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
    ],
)
def test_only_what_moves_beyond_its_threshold_is_told(change, what):
    """Each figure is told from its threshold on, and not below it."""
    assert [found["what"] for found in moved("person", THEN, {**THEN, **change})] == what
