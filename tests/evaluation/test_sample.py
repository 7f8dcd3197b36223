"""Tests of drawing a sample for review and reading it back judged."""

from __future__ import annotations

import csv

import pytest

import linkage
from linkage.engine.duckdb import Engine
from linkage.errors import DataError, LinkageError, RequestError
from linkage.evaluation.judgements import evaluate_judgements, read_sample
from linkage.evaluation.release import base_path
from linkage.evaluation.sample import DESIGN, NAMES, allocated, draw, make_population, write_sample
from linkage.matching import model as models
from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

SEEDS = 40


@pytest.fixture(scope="module")
def truth(demo):
    """Record of the demo → true entity."""
    with (demo.folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return {(row["dataset"], row["key"], row["role"]): row["entity"] for row in csv.DictReader(file)}


@pytest.fixture
def sampled(demo, tmp_path):
    """A sample of persons of the demo and its file."""
    path = tmp_path / "sample.csv"
    return write_sample(demo.project, "person", path, size=60), path


def rows_of(path):
    """Return header and rows of a sample's file."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    return list(reader.fieldnames), rows


def write_rows(path, header, rows, delimiter=","):
    """Write the file again."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def sides(row):
    """Return the two records of a row."""
    return [(row[f"dataset_{side}"], row[f"key_{side}"], row[f"role_{side}"]) for side in "ab"]


def answer(path, truth, delimiter=","):
    """Fill the verdicts by the truth."""
    header, rows = rows_of(path)
    for row in rows:
        one, two = sides(row)
        row["verdict"] = "match" if truth[one] == truth[two] else " Non-Match "
    write_rows(path, header, rows, delimiter)


def test_the_file_holds_values_names_and_design(sampled, demo):
    """Each row has room for a verdict, both records' values and names, and what the estimate needs; no weight stands there."""
    sample, path = sampled
    header, rows = rows_of(path)
    assert header[:4] == ["verdict", "note", "name_a", "name_b"]
    assert set(NAMES) | set(DESIGN) < set(header)
    assert not any("weight" in name for name in header)
    assert len(rows) == sample.sampled == 60
    assert path.stat().st_mode & 0o777 == 0o600
    assert [row["stratum"] for row in rows] != sorted(row["stratum"] for row in rows)
    for row in rows:
        assert float(row["inclusion_probability"]) == pytest.approx(
            int(row["stratum_sampled"]) / int(row["stratum_pairs"]), abs=1e-9
        )
    with demo.project.release() as release:
        held = {
            tuple(row[:3]): row[3]
            for row in release.rows(
                "SELECT dataset, key, role, identity_id FROM published.identity_record WHERE entity_type = 'person'"
            )
        }
    for row in rows:
        one, two = sides(row)
        assert (held[one] == held[two]) == (row["together"] == "yes")


def test_every_pair_of_an_identity_can_be_drawn(demo):
    """The population holds each pair that shares an identity once, with or without an edge, and near pairs that do not."""
    with demo.project.release() as release:
        expected = release.value(
            "SELECT sum(records * (records - 1) // 2) FROM published.identity WHERE entity_type = 'person'"
        )
    with population(demo, "person") as base:
        assert base.value("SELECT count(*) FROM population WHERE together") == expected
        assert base.value("SELECT count(*) FROM (SELECT DISTINCT a, b FROM population)") == base.value(
            "SELECT count(*) FROM population"
        )
        assert base.value("SELECT count(*) FROM population WHERE NOT together AND weight < 0") > 0
        assert base.value("SELECT count(*) FROM population WHERE together AND NOT found") > 0


def population(demo, kind):
    """Return the base with the population of a type."""
    project = demo.project
    with project.release() as release:
        crosswalk = release.arrow(
            "SELECT dataset, key, role, identity_id FROM published.identity_record WHERE entity_type = $kind",
            {"kind": kind},
        )
    base = Engine(base_path(project), read_only=True)
    model = models.load(Workspace(project.loaded.workspace).models, kind, demo.report["types"][kind]["model"])
    with base.registered("crosswalk", crosswalk):
        make_population(base, model)
    return base


def test_the_same_seed_draws_the_same_pairs(demo, sampled, tmp_path):
    """A sample follows from release, size and seed; another seed draws others."""
    again, other = tmp_path / "again.csv", tmp_path / "other.csv"
    write_sample(demo.project, "person", again, size=60)
    write_sample(demo.project, "person", other, size=60, seed=2)
    assert again.read_bytes() == sampled[1].read_bytes()
    assert other.read_bytes() != again.read_bytes()


@pytest.mark.parametrize("kind", ["person", "business", "account"])
def test_intervals_cover_the_truth_of_the_demo(demo, truth, kind):
    """Judged by the demo's truth, samples of 40 seeds give intervals that hold the true figures in 36 of them or more."""
    from linkage.evaluation.estimate import Stratum, estimate

    with population(demo, kind) as base:
        names = {row[0]: tuple(row[1:]) for row in base.rows("SELECT record, dataset, key, role FROM own")}
        every = [
            (together, truth[names[a]] == truth[names[b]])
            for a, b, together in base.rows("SELECT a, b, together FROM population")
        ]
        common = sum(both and true for both, true in every)
        whole, true_pairs = sum(both for both, _ in every), sum(true for _, true in every)
        figures = (common / whole, common / true_pairs, 2 * common / (whole + true_pairs))
        held = [0, 0, 0]
        strata = allocated(base, 100)
        for seed in range(SEEDS):
            draw(base, strata, seed)
            found = base.rows("SELECT a, b, stratum FROM sampled")
            assert len(found) == 100
            matches = [stratum for a, b, stratum in found if truth[names[a]] == truth[names[b]]]
            got = estimate(
                [
                    Stratum(row["words"], row["together"], row["pairs"], row["sampled"], matches.count(row["stratum"]))
                    for row in strata
                ]
            )
            for place, one in enumerate((got.precision, got.recall, got.f1)):
                held[place] += one.interval[0] <= figures[place] <= one.interval[1]
    assert min(held) >= 0.9 * SEEDS, held


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_judged_sample_is_evaluated(demo, sampled, truth, delimiter):
    """Verdicts by the truth give figures near the release's own, as a spreadsheet of either kind saves them."""
    sample, path = sampled
    answer(path, truth, delimiter)
    got = evaluate_judgements(demo.project, path)
    assert (got.entity_type, got.audience, got.release, got.current) == ("person", "centre", sample.release, True)
    assert sum(one.judged for one in got.strata) == got.sampled == 60
    assert got.estimates.precision.value > 0.9
    assert got.to_json()["schema_version"] == 1


def test_blank_verdicts_come_from_the_ledger(accounts, make_project, tmp_path):
    """A pair left blank takes the ledger's verdict, the file's own word goes first, and other judgements play no part."""
    project = make_project(
        accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="cd", three="ef", four="gh")}
    )
    project.run()
    path = tmp_path / "s.csv"
    write_sample(project, "account", path, size=50)
    header, rows = rows_of(path)
    assert len(rows) == 4
    rows[0]["verdict"], rows[1]["verdict"], rows[2]["verdict"] = "match", "unsure", "non-match"
    write_rows(path, header, rows)
    with Ledger(project.loaded.workspace / "ledger.sqlite") as ledger:
        for row in rows:
            ledger.judge(Judgement("account", *sides(row), "match", "me", "test"), "2026-01-01")
    got = evaluate_judgements(project, path)
    assert (got.from_ledger, got.unsure, got.unanswered) == (1, 1, 0)
    assert sum(one.judged for one in got.strata) == 3
    assert got.estimates.precision.value == pytest.approx(2 / 3)


def test_an_older_release_is_told(demo, sampled, truth, copy_and_run):
    """A sample of an earlier release is evaluated for that release, and marked."""
    sample, path = sampled
    answer(path, truth)
    later = copy_and_run(demo.folder, "later")
    got = evaluate_judgements(later.project, path)
    assert (got.release, got.current) == (sample.release, False)


def test_looks_are_written(demo, sampled, truth):
    """Drawing and evaluating a sample are looks with their purpose; a refused one is not."""
    _, path = sampled
    answer(path, truth)
    evaluate_judgements(demo.project, path)
    with Ledger(demo.project.loaded.workspace / "ledger.sqlite") as ledger:
        looks = ledger.looks()[-2:]
        with pytest.raises(LinkageError):
            write_sample(demo.project, "person", path, size=10)
        assert ledger.looks()[-2:] == looks
    assert [(look.action, look.objects) for look in looks] == [
        ("review sample", ("person", "sample.csv")),
        ("evaluate judgements", ("person", "sample.csv")),
    ]


def test_an_audience_samples_its_own_release(demo, tmp_path):
    """A sample for an audience holds only records that it may see."""
    path = tmp_path / "dea.csv"
    sample = write_sample(demo.project, "person", path, size=40, audience="dea")
    seen = set(demo.project.loaded.settings.visible("dea"))
    _, rows = rows_of(path)
    assert {row[f"dataset_{side}"] for row in rows for side in "ab"} <= seen
    assert sample.audience == rows[0]["audience"] == "dea"


def test_refusals_of_a_sample(demo, sampled, tmp_path):
    """A file that exists, an unknown type, a size of nothing and a folder that is not there are refused, and nothing is written."""
    _, path = sampled
    before = path.read_bytes()
    with pytest.raises(RequestError, match="may hold verdicts"):
        write_sample(demo.project, "person", path, size=10)
    assert path.read_bytes() == before
    with pytest.raises(RequestError, match="no type 'ship'"):
        write_sample(demo.project, "ship", tmp_path / "x.csv", size=10)
    with pytest.raises(RequestError, match="sample of 0 pairs"):
        write_sample(demo.project, "person", tmp_path / "x.csv", size=0)
    with pytest.raises(RequestError, match="make it first"):
        write_sample(demo.project, "person", tmp_path / "no" / "x.csv", size=10)
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda header, rows: (header, rows[1:]), "hand in all"),
        (lambda header, rows: (header, [*rows, rows[0]]), "already; keep one"),
        (lambda header, rows: (header, [rows[0] | {"verdict": "perhaps"}, *rows[1:]]), "line 2: the verdict 'perhaps'"),
        (lambda header, rows: (header, [rows[0] | {"release": "9"}, *rows[1:]]), "another sample"),
        (lambda header, rows: (header, [rows[0] | {"stratum_pairs": "x"}, *rows[1:]]), "whole number"),
        (lambda header, rows: (header, [rows[0] | {"stratum_pairs": "999999"}, *rows[1:]]), "were changed"),
        (lambda header, rows: (header, [rows[0] | {"together": "x"}, *rows[1:]]), "yes or no"),
        (lambda header, rows: (header, rows[:0]), "no pair below the header"),
        (lambda header, rows: (header, rows), "none of its pairs has a verdict"),
    ],
)
def test_files_that_cannot_be_trusted_are_refused(demo, sampled, change, says):
    """Rows that are missing, doubled or altered would bend the estimate: each is refused by line and mend."""
    _, path = sampled
    header, rows = change(*rows_of(path))
    write_rows(path, header, rows)
    with pytest.raises(DataError, match=says):
        evaluate_judgements(demo.project, path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"", "column 'verdict' is missing"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"verdict,dataset_a\nmatch,d\n", "column 'key_a' is missing"),
    ],
)
def test_files_that_are_no_sample_are_refused(tmp_path, content, says):
    """A file that is absent, empty, no text or of another form is refused by its name."""
    path = tmp_path / "s.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_sample(path)


def test_formulas_are_text(accounts, make_project, tmp_path):
    """A value or key that a spreadsheet would run gets a leading quote, and the key is read back as it was."""
    lines = ["id,number,bank,holder", "=1+1,87345612,021000021,@x Holder", "'b,87345612,021000021,=x Holder"]
    project = make_project(accounts.source("bank"), {"bank.csv": "\n".join([*lines, ""])})
    project.run()
    path = tmp_path / "s.csv"
    write_sample(project, "account", path, size=5)
    text = path.read_text(encoding="utf-8")
    assert "'=1+1" in text
    assert "'=x Holder" in text
    (row,) = read_sample(path)
    assert {row["key_a"], row["key_b"]} == {"=1+1", "'b"}


def test_a_release_without_pairs_is_refused(accounts, make_project, tmp_path):
    """Where nothing was compared and nothing merged there is nothing to sample."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="a")})
    project.run()
    with pytest.raises(RequestError, match="has no pairs of account"):
        write_sample(linkage.open(project.loaded.path), "account", tmp_path / "s.csv", size=5)
