"""Estimates: from recorded runs, what is left is told within a third after the first fifth; what cannot fit is refused."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import NamedTuple

import pytest

import linkage
from linkage import forecast
from linkage.errors import WorkspaceError
from linkage.forecast import Work, estimate, in_words, parts, refuse_full_disk, remaining
from linkage.pages import build
from linkage.pages.render import report_page
from linkage.queries import report

STAGES = tuple(forecast.SHIPPED)
SLOWER = "slower"
# Demo data on two cores: benchmarks/increment.py (two audiences) and benchmarks/scale.py (the centre alone).
RECORDED = {
    "a million, two audiences": (
        Work(999_000, 999_000, 4_381_306, 999_000, 2),
        (3.1, 13.5, 13.3, 0.0, 7.9, 0.1, 2.8, 1.7, 7.4, 12.6, 0.5),
    ),
    "a million": (
        Work(1_000_000, 1_000_000, 4_384_905, 1_000_000),
        (3.2, 12.8, 13.4, 0.0, 8.1, 0.1, 2.9, 0.9, 3.8, 7.3, 0.6),
    ),
    "a million, approved": (
        Work(1_000_000, 1_000_000, 4_384_905),
        (0.1, 13.1, 1.9, 3.7, 10.0, 0.5, 2.7, 1.9, 3.8, 6.8, 0.5),
    ),
    "25 million": (
        Work(25_000_000, 25_000_000, 105_974_312, 25_000_000),
        (43.3, 281.4, 209.0, 0.2, 262.1, 3.4, 145.1, 29.3, 98.0, 231.9, 2.8),
    ),
    "25 million, approved": (
        Work(25_000_000, 25_000_000, 105_974_312),
        (1.0, 262.1, 42.4, 73.9, 280.0, 17.3, 146.1, 68.4, 101.8, 235.3, 3.8),
    ),
    "a thousand into a million, two audiences": (
        Work(1_000_000, 1_000, 6_696, 0, 2),
        (0.1, 2.1, 0.0, 0.1, 0.3, 0.0, 0.6, 0.2, 0.2, 2.3, 0.0),
    ),
    "ten thousand into 25 million": (
        Work(25_005_000, 10_000, 68_272),
        (1.5, 7.5, 0.1, 3.1, 3.7, 0.0, 10.5, 1.2, 0.9, 18.2, 0.5),
    ),
    # On a day when the same machine was slower.
    "a million, slower": (
        Work(1_000_000, 1_000_000, 4_374_693, 1_000_000),
        (5.0, 18.7, 19.6, 0.0, 16.3, 0.7, 6.1, 1.5, 5.4, 12.4, 1.7),
    ),
}


def recorded(name, number=1):
    """A recorded run as the report of one."""
    work, seconds = RECORDED[name]
    return {
        "run": number,
        "stages": {stage: {"seconds": took} for stage, took in zip(STAGES, seconds, strict=True)},
        "estimate": {"work": asdict(work), "base_bytes": 0},
        "disk_bytes": work.bytes,
    }


def told_at(thought, name, share):
    """The seconds in all that are told when a recorded run has gone on for this share of its time, and those it took."""
    work, seconds = RECORDED[name]
    audiences = [f"audience {number}" for number in range(work.audiences)]
    expected = parts(thought.stages, audiences)
    took = parts(dict(zip(STAGES, seconds, strict=True)), audiences)
    total = sum(took.values())
    elapsed, done = 0.0, {}
    for part, seconds in took.items():
        if elapsed + seconds >= share * total:
            inside = share * total - elapsed
            told = within(work, part, inside / seconds)
            return share * total + remaining(expected, done, part, inside, told and (told[0], told[1] * seconds)), total
        done[part] = seconds
        elapsed += seconds
    raise AssertionError


def within(work, part, inside):
    """What standardising has told of itself by then, share and share of its seconds: one type after the other, persons in pieces of three million rows."""
    pieces = work.fresh // 3_000_000
    told = [(0.12, 0.12), (0.2, 0.25), *((0.2 + 0.8 * n / pieces, 0.25 + 0.75 * n / pieces) for n in range(1, pieces))]
    known = [one for one in told if one[1] <= inside]
    return known[-1] if part == "standardise" and known and work.fresh > 100_000 else None


@pytest.mark.parametrize("share", [0.2, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("name", [name for name in RECORDED if SLOWER not in name])
def test_the_estimate_is_right_within_a_third_by_the_last_run(name, share):
    """From the first fifth on, what a run is told to take in all is within a third of what it took, by any other recorded run of at least its fifth.

    The last run was on a machine of the same speed, over no more than five times the records.
    """
    work = RECORDED[name][0]
    for other in RECORDED:
        last = RECORDED[other][0]
        too_small, too_large = last.fresh * 5 < work.fresh, last.records > 5 * work.records
        if too_small or too_large or other == name or SLOWER in other:
            continue
        told, total = told_at(estimate(work, recorded(other)), name, share)
        assert abs(told - total) <= total / 3, (other, told, total)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
@pytest.mark.parametrize("name", RECORDED)
def test_the_first_estimate_is_right_within_a_third_by_shipped_rates(name, share):
    """A first run, which no report goes before, is told within a third from its first fifth on."""
    thought = estimate(RECORDED[name][0])
    assert thought.source == "shipped rates"
    told, total = told_at(thought, name, share)
    assert abs(told - total) <= total / 3


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (61, "61 s"), (600, "10 min"), (7140, "119 min"), (9000, "2 h 30 min")]
)
def test_times_are_told_as_people_say_them(seconds, words):
    """Seconds, then minutes, then hours and minutes."""
    assert in_words(seconds) == words


def test_a_stage_tells_of_itself_how_fast_the_run_is():
    """Half a stage in twice its time: the other half takes as long again, and what follows longer than was thought."""
    expected = {"standardise": 10.0, "score": 10.0}
    assert remaining(expected, {}, "standardise", 12.0) < 13.0
    assert 18.0 + 10.0 < remaining(expected, {}, "standardise", 12.0, (0.5, 15.0)) < 18.0 + 30.0
    assert remaining({"standardise": 10.0}, {}, "standardise", 2.0, (0.5, 2.0)) == 2.0


def test_what_a_run_leaves_out_costs_nothing():
    """A part that takes longer than thought is never over before it is, and a run without parts has nothing left."""
    assert remaining({"a": 10.0, "b": 30.0}, {}, "a", 25.0) > 30.0
    assert remaining({}, {}, None, 0.0) == 0.0
    assert remaining({"a": 10.0}, {"a": 12.0}, None, 0.0) == 0.0


class Usage(NamedTuple):
    """What a disk tells of itself."""

    total: int
    used: int
    free: int


@pytest.fixture
def small_disk(monkeypatch):
    """Set how many bytes are free on every disk."""

    def free(size):
        monkeypatch.setattr("linkage.forecast.shutil.disk_usage", lambda _path: Usage(10**12, 0, size))

    return free


def test_what_cannot_fit_on_the_disk_is_refused(tmp_path, small_disk):
    """Base, files and spill of the counted pairs together must fit where they lie on one disk; the refusal names both folders and the mend."""
    thought = estimate(Work(10_000_000, 10_000_000, 30_000_000), counted=60_000_000, memory=1e9, base=3 * 10**9)
    assert thought.disk_bytes == 3 * 10**9 + 10 * 10**9 + 3 * 10**9
    assert thought.spill_bytes == round(2.88e9 - 1e9)
    small_disk(20 * 10**9)
    refuse_full_disk(tmp_path, tmp_path / "far" / "spill", thought)
    small_disk(17 * 10**9)
    with pytest.raises(
        WorkspaceError,
        match=r"needs about 16\.0 GB there and 1\.9 GB in engine\.temp_directory \(.*spill\) for 10,000,000 records and 30,000,000 candidate "
        r"pairs, but 17\.0 GB and 17\.0 GB are free on one disk; free room .* larger disk",
    ):
        refuse_full_disk(tmp_path, tmp_path / "far" / "spill", thought)
    # What is written by now needs no more room.
    refuse_full_disk(tmp_path, tmp_path, thought, written=10 * 10**9)


@pytest.fixture
def bank(make_project, accounts):
    """A small account project of two files' worth, not yet run."""
    return make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="abcd", two="ef", three="g")})


def test_a_run_tells_before_scoring_what_it_takes_and_reports_it_after(bank):
    """Pairs are counted by rule; time and disk are told once before the scoring; the report and its page tell them beside what it took."""
    told = []
    first = bank.run(progress=told.append)
    steps = [message.partition(" (")[0] for message in told]
    place = next(number for number, step in enumerate(steps) if step.startswith("estimate: 7 candidate pairs, "))
    assert steps.index("block account: pairs") < place < steps.index("score account")
    counted = first["types"]["account"]["rule_pairs"]
    assert set(counted.values()) <= set(range(8))
    assert sum(counted.values()) >= first["types"]["account"]["pairs"] == 7
    thought = first["estimate"]
    assert thought["source"] == "shipped rates"
    assert thought["work"] == {"records": 7, "fresh": 7, "pairs": 7, "trained": 7, "audiences": 1}
    assert thought["seconds"] == pytest.approx(sum(thought["stages"].values()))
    assert tuple(thought["stages"]) == STAGES == tuple(first["stages"])
    assert first["disk_bytes"] > 0
    second = bank.run()
    assert second["estimate"]["source"] == "run 1"
    assert second["estimate"]["work"] == {"records": 7, "fresh": 0, "pairs": 0, "trained": 0, "audiences": 1}
    page = report_page(build.report(report(bank), purpose="test"))
    assert "Estimated before scoring" in page
    assert "from run 1" in page


def test_a_run_that_cannot_fit_is_refused_before_pairs_are_made(bank, small_disk, monkeypatch):
    """A first run is refused when its pairs are counted, a later one at once, by the size of base and releases; the last release stands."""
    told = []
    monkeypatch.setattr(forecast, "BYTES_PER_RECORD", 10**9)
    small_disk(10**9)
    with pytest.raises(WorkspaceError, match=r"needs about .* for 7 records and .* free room there"):
        bank.run(progress=told.append)
    assert told[-1].startswith("block account: keys")
    small_disk(10**12)
    bank.run()
    small_disk(1000)
    told.clear()
    with pytest.raises(WorkspaceError, match="free room there"):
        bank.run(progress=told.append)
    assert told == []
    assert bank.release_path().name == "1.duckdb"


def test_check_tells_what_a_run_is_thought_to_take(bank, accounts):
    """`linkage check` estimates time and disk from the pairs that it counts, by shipped rates before the first run and by the last run after it."""
    from linkage.checking import check_project

    found = check_project(bank.loaded)["estimate"]
    assert found["work"]["records"] == found["work"]["trained"] == 7
    assert found["source"] == "shipped rates"
    bank.run()
    found = check_project(linkage.open(bank.loaded.path).loaded)["estimate"]
    assert (found["source"], found["work"]["trained"]) == ("run 1", 0)
    assert json.loads(json.dumps(found)) == found


def test_clustering_that_cannot_fit_in_memory_is_refused(bank, monkeypatch):
    """Clustering states its bytes from records and pairs, and refuses before it starts where they are over engine.memory_limit."""
    from linkage.errors import DataError

    limits = bank.loaded.settings.engine.model_copy(update={"memory_limit": "1000MB"})
    monkeypatch.setattr(bank.loaded, "settings", bank.loaded.settings.model_copy(update={"engine": limits}))
    monkeypatch.setattr(
        "linkage.stages.cluster.memory_bytes", lambda n, edges, largest: 2_000_000_000 + n + edges + largest
    )
    with pytest.raises(
        DataError,
        match=r"clustering 6 records with 7 pairs needs 2\.0 GB, engine\.memory_limit is 1000MB; raise engine\.memory_limit, or the model's thresholds\.floor",
    ):
        bank.run()
