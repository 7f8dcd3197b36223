"""Tests of the review queue: literal releases for its reasons, the demo for the whole."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest

from linkage.engine.duckdb import Engine, fixed_sql
from linkage.errors import DataError, RequestError
from linkage.evaluation.judgements import evaluate_judgements
from linkage.evaluation.sample import ANSWERS, DESIGN, NAMES
from linkage.review.queue import DOUBT, REASONS, review_queue
from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.upkeep import prune_project
from tests.conftest import NOW

BITS = 1024
SETTINGS = {
    "kind": "person",
    "match": 0,
    "missing": -4 * BITS,
    "weak": 10 * BITS,
    "rules": ["suffix=different"],
    "strict": ["set"],
}
TABLES = {
    "published.identity": "identity_id VARCHAR, entity_type VARCHAR, records BIGINT, weakest_link DOUBLE",
    "published.stored_value": "identity_id VARCHAR, attribute VARCHAR, value VARCHAR, records BIGINT, record_names VARCHAR[]",
    "history": "identity_id VARCHAR, entity_type VARCHAR, event VARCHAR, records_before BIGINT, records_after BIGINT, release BIGINT",
    "member": "record BIGINT, name VARCHAR, identity_id VARCHAR",
    "link": "a BIGINT, b BIGINT, identity_id VARCHAR, weight BIGINT, levels VARCHAR",
    "near": "a BIGINT, b BIGINT, low VARCHAR, high VARCHAR, weight BIGINT, levels VARCHAR, dataset_a VARCHAR, dataset_b VARCHAR, "
    "reason VARCHAR, undecided VARCHAR",
    "judged": "a BIGINT, b BIGINT, identity_a VARCHAR, identity_b VARCHAR",
    "cut": "record BIGINT, other BIGINT, below BIGINT, judged BIGINT",
}
SHORT = {"values": "published.stored_value", "events": "history"}


def insert(engine, table, rows):
    """Insert literal rows."""
    for row in rows:
        marks = ", ".join(f"$p{place}" for place in range(len(row)))
        engine.run(f"INSERT INTO {table} VALUES ({marks})", {f"p{place}": value for place, value in enumerate(row)})


@pytest.fixture
def made():
    """Make a literal release of persons and return the rows of one of the queue's questions."""

    def make(name, identities, **given):
        with Engine() as engine:
            engine.run("CREATE SCHEMA published")
            for table, columns in TABLES.items():
                engine.run(f"CREATE TABLE {table} ({columns})")
            members = [identity for identity, records in identities.items() for _ in range(records)]
            insert(engine, "member", [(number, f"set/{number}", identity) for number, identity in enumerate(members)])
            insert(engine, "published.identity", [(identity, "person", n, 1.5) for identity, n in identities.items()])
            for short, rows in given.items():
                insert(engine, SHORT.get(short, short), rows)
            return engine.arrow(f"FROM ({fixed_sql('review', name)}) ORDER BY identity_a", SETTINGS).to_pylist()

    return make


def near_pair(a, b, weight, *, levels="name=near", datasets=("x", "y"), undecided=None, high="P2"):
    """A compared pair between identity P1 and another."""
    return (a, b, "P1", high, weight * BITS, levels, *datasets, "review band", undecided)


def test_the_mean_is_over_all_pairs_of_two_identities(made):
    """Pairs that are not listed weigh what a missing one does, and the smaller identity is what would move."""
    (row,) = made("apart", {"P1": 2, "P2": 1}, near=[near_pair(0, 2, -1), near_pair(1, 2, -2)])
    assert (row["reason"], row["mean"], row["moved"], row["records"]) == ("review band", -1.5 * BITS, 1, 3)
    assert (row["a"], row["b"], row["weight"]) == (0, 2, -1 * BITS)
    (row,) = made("apart", {"P1": 2, "P2": 2}, near=[near_pair(0, 2, -1)])
    assert (row["mean"], row["moved"]) == ((-1 - 3 * 4) / 4 * BITS, 2)


def test_where_clustering_was_free_the_mean_is_below_a_match(made):
    """What clustering kept apart without a rule found less than a match; where a rule kept it apart, the weight stands."""
    (free,) = made("apart", {"P1": 1, "P2": 1}, near=[near_pair(0, 1, 9)])
    (ruled,) = made("apart", {"P1": 1, "P2": 1}, near=[near_pair(0, 1, 9, levels="name=exact;suffix=different")])
    (strict,) = made("apart", {"P1": 1, "P2": 1}, near=[near_pair(0, 1, 9, datasets=("set", "set"))])
    assert [(row["reason"], row["mean"] / BITS) for row in (free, ruled, strict)] == [
        ("kept apart", 0),
        ("kept apart by rule", 9),
        ("strict dataset", 9),
    ]


def test_an_ambiguous_record_is_one_question(made):
    """A record between two identities is asked about once, with the better one and both named."""
    pairs = [near_pair(0, 1, 3, undecided="P1"), near_pair(0, 2, 2, undecided="P1", high="P3")]
    (row,) = made("apart", {"P1": 1, "P2": 1, "P3": 1}, near=pairs)
    assert (row["reason"], row["identity_b"], row["told"]) == ("ambiguous", "P2", "P1 fits P2, P3")


def test_a_judgement_between_two_identities_takes_the_question_out(made):
    """Whichever of their records were judged, and in whichever order, the two identities are no longer asked about."""
    pairs = [near_pair(0, 2, -1)]
    assert made("apart", {"P1": 2, "P2": 1}, near=pairs, judged=[(2, 1, "P2", "P1"), (1, 2, "P1", "P2")]) == []
    assert len(made("apart", {"P1": 2, "P2": 1}, near=pairs, judged=[(0, 1, "P1", "P1"), (1, 0, "P1", "P1")])) == 1


def value(attribute, text, *records):
    """A value of identity P1."""
    return ("P1", attribute, text, len(records), [f"set/{record}" for record in records])


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        (("ssn", "123456789"), ("ssn", "987654321"), True),
        (("ssn", "123456789"), ("ssn", "123456798"), False),
        (("birth_date", "1980-01-02"), ("birth_date", "1994-11-30"), True),
        (("birth_date", "1980-01-02"), ("birth_date", "1990-01-02"), False),
        (("birth_date", "1980-03-12"), ("birth_date", "1980-12-03"), False),
        (("identifier", "driver_licence:us-va:1234567"), ("identifier", "driver_licence:us-va:7654321"), True),
        (("identifier", "driver_licence:us-va:1234567"), ("identifier", "driver_licence:us-md:7654321"), False),
        (("identifier", "passport:us:1234567"), ("identifier", "passport:us:7654321"), False),
        (("phone", "2025550100"), ("phone", "7035550199"), False),
    ],
)
def test_strong_values_conflict_beyond_a_slip(made, one, two, found):
    """Two values of what a person has one of are a conflict, where they are more than a slip apart."""
    rows = made(
        "conflict", {"P1": 2}, values=[value(*one, 0), value(*two, 1)], link=[(0, 1, "P1", 5 * BITS, "name=exact")]
    )
    assert len(rows) == found


def test_the_holders_of_conflicting_values_are_compared(made):
    """The mean is over the pairs between the holders of both values; fewer holders would move; a judgement answers it."""
    values = [value("ssn", "123456789", 0, 1), value("ssn", "987654321", 2)]
    link = [(0, 1, "P1", 30 * BITS, ""), (0, 2, "P1", 4 * BITS, "name=exact"), (1, 2, "P1", 2 * BITS, "name=near")]
    (row,) = made("conflict", {"P1": 3}, values=values, link=link)
    assert (row["mean"], row["moved"], row["a"], row["b"], row["levels"]) == (3 * BITS, 1, 1, 2, "name=near")
    assert row["told"] == "ssn 123456789 (2) and 987654321 (1)"
    assert made("conflict", {"P1": 3}, values=values, link=link, judged=[(0, 2, "P1", "P1"), (2, 0, "P1", "P1")]) == []


def test_a_bridge_is_asked_about_once_an_identity(made):
    """Of several bridges of an identity the one counts whose loss is likely and concerns many; a judged one is answered, a strong one is none."""
    link = [(0, 1, "P1", 5 * BITS, "name=near"), (1, 2, "P1", 5 * BITS, "name=near"), (2, 3, "P1", 5 * BITS, "")]
    cuts = [(0, 1, 3, 0), (1, 2, 2, 0), (2, 3, 1, 0)]
    (row,) = made("bridge", {"P1": 4}, link=link, cut=cuts)
    assert (row["a"], row["b"], row["moved"], row["told"]) == (1, 2, 2, "2 and 2 records")
    assert row["mean"] == 5 * BITS
    (row,) = made("bridge", {"P1": 4}, link=link, cut=[cuts[0], (*cuts[1][:3], 1)])
    assert row["moved"] == 1
    assert made("bridge", {"P1": 2}, link=[(0, 1, "P1", 10 * BITS, "")], cut=[(0, 1, 1, 0)]) == []


def test_growth_is_sudden_when_an_identity_doubles(made):
    """An identity that at least doubled by three records is asked about; slower growth is not."""
    events = [
        ("P1", "person", "grew", 2, 6, 9),
        ("P2", "person", "grew", 4, 6, 9),
        ("P3", "person", "created", 0, 6, 9),
    ]
    link = [(0, 1, "P1", 4 * BITS, "name=exact"), (0, 2, "P1", 2 * BITS, "name=near"), (6, 7, "P2", BITS, "")]
    (row,) = made("growth", {"P1": 6, "P2": 6, "P3": 6}, events=events, link=link)
    assert (row["identity_a"], row["moved"], row["a"], row["b"], row["mean"]) == ("P1", 4, 0, 2, 1.5 * BITS)


def test_growth_over_several_releases_is_growth(made):
    """Growth is counted from the first event of the releases looked at, or from what the identity began with; what ended is not asked about."""
    events = [
        ("P1", "person", "grew", 3, 4, 7), ("P1", "person", "changed", 4, 4, 8), ("P1", "person", "grew", 4, 6, 9),
        ("P2", "person", "split", 0, 2, 7), ("P2", "person", "grew", 2, 6, 9),
        ("P3", "person", "grew", 2, 8, 7), ("P3", "person", "shrank", 8, 4, 9),
        ("P4", "person", "grew", 1, 9, 8), ("P4", "person", "merged", 9, 0, 9),
    ]  # fmt: skip
    link = [(0, 1, "P1", BITS, ""), (6, 7, "P2", BITS, ""), (12, 13, "P3", BITS, "")]
    rows = made("growth", {"P1": 6, "P2": 6, "P3": 4}, events=events, link=link)
    assert [(row["identity_a"], row["moved"], row["told"]) for row in rows] == [
        ("P1", 3, "from 3 to 6 records since release 7"),
        ("P2", 4, "from 2 to 6 records since release 7"),
    ]


def test_growth_of_several_releases_is_told_by_the_feed(make_project, accounts, first_run):
    """An account that grew by a record in each of several releases is asked about, though it grew slowly in the last one; also when older releases are pruned."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="c")})
    first_run(project, now=NOW)
    for day, keys in enumerate(("abd", "abde", "abdef"), start=1):
        (project.loaded.folder / "bank.csv").write_text(accounts.csv(one=keys, two="c"), encoding="utf-8")
        project.run(now=NOW + timedelta(days=day))
    prune_project(project.loaded, 1)
    (grown,) = [item for item in review_queue(project).items if item["reason"] == "sudden growth"]
    assert (grown["told"], grown["moved"]) == ("from 2 to 5 records since release 1", 3)


def test_the_queue_of_the_demo(demo):
    """The demo's questions are sorted by value, which is chance times records, and carry reason, evidence and both records."""
    found = review_queue(demo.project, limit=500)
    values = [item["value"] for item in found.items]
    assert values == sorted(values, reverse=True)
    assert {count["entity_type"] for count in found.counts} == {"person", "business", "account"}
    with demo.project.release() as release:
        names = set(release.rows("SELECT dataset, key, role, identity_id FROM published.identity_record"))
    for item in found.items:
        assert item["value"] == pytest.approx(item["chance"] * item["moved"], abs=1e-4)
        assert item["why"] == REASONS[item["reason"]]
        assert all(one["words"] != one["level"] or " " not in one["level"] for one in item["evidence"])
        sides = {
            (*(item[side][part] for part in ("dataset", "key", "role")), identity)
            for side in "ab"
            for identity in item["identities"]
        }
        assert len(sides & names) == 2
        assert item["a"]["values"]
        if item["reason"] == "conflicting values":
            assert item["chance"] >= DOUBT
    assert found == review_queue(demo.project, limit=500)


def test_one_type_and_a_file(demo, tmp_path):
    """The file has the columns of a review sample, the most valuable first, and is no sample to estimate from."""
    path = tmp_path / "queue.csv"
    found = review_queue(demo.project, "person", limit=7, file=path)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert set(ANSWERS) | set(NAMES) | set(DESIGN) < set(reader.fieldnames)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [tuple(row[name] for name in NAMES) for row in rows] == [
        tuple(item[side][part] for side in "ab" for part in ("dataset", "key", "role")) for item in found.items
    ]
    assert [row["reason"] for row in rows] == [item["reason"] for item in found.items]
    assert {(row["verdict"], row["stratum"], row["inclusion_probability"]) for row in rows} == {("", "0", "")}
    with pytest.raises(DataError, match="line 2: the pair is of a review queue"):
        evaluate_judgements(demo.project, path)
    with pytest.raises(RequestError, match="exists and may hold verdicts"):
        review_queue(demo.project, "person", file=path)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"entity_type": "vessel"}, "no type 'vessel'; it has: account, business, person"),
        ({"limit": 0}, "give a limit of 1 or more"),
        ({"file": "queue.csv"}, "name one of: account, business, person"),
    ],
)
def test_what_cannot_be_asked_is_refused(demo, tmp_path, asked, told):
    """A type that the project lacks, an empty queue, and a file of several types are refused with the mend."""
    if "file" in asked:
        asked = {"file": tmp_path / asked["file"]}
    with pytest.raises(RequestError, match=told):
        review_queue(demo.project, **asked)


def test_an_agency_is_asked_about_its_own_records(demo):
    """The queue of an audience holds records of its release alone."""
    hidden = demo.project.loaded.settings.audiences["dea"].hidden
    found = review_queue(demo.project, limit=500, audience="dea")
    assert found.items
    assert not {item[side]["dataset"] for item in found.items for side in "ab"} & set(hidden)


def test_a_judgement_answers_a_question(demo, copy_and_run):
    """A judged pair is out of the queue of the centre, and stays in that of an audience that must not know of it."""
    project = copy_and_run(demo.folder, "queue-judged").project
    first = {audience: review_queue(project, "person", limit=1, audience=audience) for audience in ("centre", "dea")}
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        for found in first.values():
            a, b = (tuple(found.items[0][side][part] for part in ("dataset", "key", "role")) for side in "ab")
            ledger.judge(Judgement("person", a, b, "non-match", "steward", "different birth dates"), "2026-02-01")
    after = {audience: review_queue(project, "person", limit=1, audience=audience) for audience in ("centre", "dea")}
    assert after["centre"].items != first["centre"].items
    assert after["dea"].items == first["dea"].items
