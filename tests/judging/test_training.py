"""Judged pairs train the next model, and only the other half of them measures it."""

from __future__ import annotations

import csv
import string

import pytest

from linkage.errors import DataError
from linkage.evaluation.estimate import Stratum
from linkage.evaluation.judgements import _collapsed, evaluate_judgements
from linkage.evaluation.sample import write_sample
from linkage.judging.bulk import judge_file
from linkage.judging.record import undo
from linkage.matching import model as models
from linkage.matching.labels import trains
from linkage.store.workspace import Workspace


def judged_sample(project, path, verdict="match"):
    """Draw a sample of accounts, judge all of it alike, and return its pairs."""
    write_sample(project, "account", path, size=100)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [{**row, "verdict": verdict} for row in reader]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(reader.fieldnames))
        writer.writeheader()
        writer.writerows(rows)
    return [tuple((row[f"dataset_{s}"], row[f"key_{s}"], row[f"role_{s}"]) for s in "ab") for row in rows]


def test_one_half_trains_and_the_other_measures(make_project, accounts, tmp_path, first_run):
    """A retrained model takes the training half as labels and says so; its releases are measured by the other half alone."""
    keys = string.ascii_letters
    groups = {f"holder{i}": keys[2 * i : 2 * i + 2] for i in range(26)}
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(**groups)})
    folder = Workspace(project.loaded.workspace).models

    def card(report):
        return models.load(folder, "account", report["types"]["account"]["model"]).card

    assert "labels" not in card(first_run(project))
    pairs = judged_sample(project, tmp_path / "first.csv")
    half = sum(trains(a, b) for a, b in pairs)
    assert 0 < half < len(pairs)
    numbers = judge_file(project, tmp_path / "first.csv")["judgements"]
    assert evaluate_judgements(project, tmp_path / "first.csv").set_aside is None
    report = project.run(retrain=True)
    assert report["types"]["account"]["labels"] == half
    assert card(report)["labels"]["matches"] == half
    again = judged_sample(project, tmp_path / "second.csv")
    found = evaluate_judgements(project, tmp_path / "second.csv")
    assert found.set_aside == sum(trains(a, b) for a, b in again)
    assert sum(one.judged for one in found.strata) == len(again) - found.set_aside
    assert sum(one.pairs for one in found.strata) == len(again)
    # The sample of the release before stays whole: its model knew no labels.
    assert evaluate_judgements(project, tmp_path / "first.csv").set_aside is None
    for number in numbers:
        undo(project, number, "x")
    assert "labels" not in card(project.run(retrain=True))


def test_pairs_of_the_review_queue_weigh_as_one_that_somebody_chose(make_project, accounts, tmp_path, first_run):
    """Verdicts on chosen pairs (stratum 0 without pairs) train like those entered one by one: each weighs 1."""
    keys = string.ascii_letters
    groups = {f"holder{i}": keys[2 * i : 2 * i + 2] for i in range(26)}
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(**groups)})
    first_run(project)
    pairs = judged_sample(project, tmp_path / "queue.csv")
    rows = list(csv.DictReader((tmp_path / "queue.csv").open(encoding="utf-8", newline="")))
    with (tmp_path / "queue.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "stratum": "0", "stratum_pairs": "0"} for row in rows)
    judge_file(project, tmp_path / "queue.csv")
    report = project.run(retrain=True)
    model = models.load(Workspace(project.loaded.workspace).models, "account", report["types"]["account"]["model"])
    half = sum(trains(a, b) for a, b in pairs)
    assert model.card["labels"]["matches"] == half
    chances = [chance for levels in model.chances.values() for told in levels.values() for chance in (told.m, told.u)]
    assert all(0 < chance < 1 for chance in chances)


def test_a_half_without_verdicts_is_refused(make_project, accounts, tmp_path):
    """Where every verdict is of the half that trains, the refusal says to draw a larger sample."""
    trained = next(
        (a, b)
        for a in string.ascii_lowercase
        for b in string.ascii_lowercase
        if a < b and trains(("bank", a, "account"), ("bank", b, "account"))
    )
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="".join(trained), two="Z")})
    project.run()
    judged_sample(project, tmp_path / "first.csv")
    judge_file(project, tmp_path / "first.csv")
    project.run(retrain=True)
    judged_sample(project, tmp_path / "second.csv")
    with pytest.raises(DataError, match="all its verdicts are of the half that trains"):
        evaluate_judgements(project, tmp_path / "second.csv")


def test_a_stratum_that_lost_its_verdicts_is_taken_with_the_next_of_its_kind():
    """Pairs are kept and verdicts added up; one without any verdict from the start is left to be refused."""

    def stratum(name, judged, *, together=True, pairs=10):
        return Stratum(name, together, pairs, judged, judged)

    whole = (stratum("1", 2, together=False), stratum("2", 1), stratum("3", 3), stratum("4", 0), stratum("5", 1))
    half = (stratum("1", 1, together=False), stratum("2", 0), stratum("3", 2), stratum("4", 0), stratum("5", 0))
    found = _collapsed(half, whole)
    assert [(one.name, one.pairs, one.judged) for one in found] == [
        ("1", 10, 1),
        ("2 + 3", 20, 2),
        ("4 + 5", 20, 0),
    ]
