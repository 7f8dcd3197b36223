"""Identify: ids last from release to release, and every change of an identity is told (rule R4)."""

from __future__ import annotations

import hashlib
import hmac
import random
import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.config.markings import Marking
from linkage.stages.identify import ID_DIGITS, identify, match_identities, settle
from tests.lasting import Ids, days_of

PROJECT = """
[audiences.centre]
[audiences.dea]
hidden = ["zulu"]
"""


def match(rows):
    """Chosen (old, new) of overlaps given as (old, new, shared, age, size)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    chosen = match_identities(*columns)
    return {(row[0], row[1]) for row, taken in zip(rows, chosen, strict=True) if taken}


def test_the_example_of_the_design():
    """A = {1,2,3,4}, B = {5}; now {1,2}, {3,4,5,6}: A ties between both and goes to the larger; B keeps none."""
    a, b, small, large = 0, 1, 0, 1
    assert match([(a, small, 2, 1, 2), (a, large, 2, 1, 4), (b, large, 1, 1, 4)]) == {(a, large)}


def test_most_shared_records_come_first():
    """An overlap of more records is chosen before one of fewer, whatever the ages and sizes."""
    assert match([(0, 0, 3, 9, 3), (1, 0, 2, 1, 3), (0, 1, 2, 9, 90)]) == {(0, 0)}


@pytest.mark.parametrize(
    ("one", "two", "chosen"),
    [
        ((0, 0, 2, 1, 4), (1, 0, 2, 2, 4), (0, 0)),  # the older id
        ((1, 0, 2, 1, 4), (0, 0, 2, 2, 4), (1, 0)),  # the older id, though its name comes later
        ((0, 0, 2, 1, 4), (0, 1, 2, 1, 5), (0, 1)),  # the larger cluster
        ((0, 0, 2, 1, 4), (0, 1, 2, 1, 4), (0, 0)),  # the smallest record
        ((0, 0, 2, 1, 4), (1, 0, 2, 1, 4), (0, 0)),  # two ids of one age: the smaller id
    ],
)
def test_ties_are_settled_in_order(one, two, chosen):
    """Equal overlaps go to the older id, then the larger cluster, then the smallest record; row order plays no part."""
    assert match([one, two]) == {chosen}
    assert match([two, one]) == {chosen}


OVERLAPS = st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(1, 4), min_size=1, max_size=20)


@settings(deadline=None, max_examples=300)
@given(
    OVERLAPS,
    st.lists(st.integers(1, 3), min_size=6, max_size=6),
    st.lists(st.integers(1, 9), min_size=6, max_size=6),
    st.randoms(),
)
def test_matching_is_one_to_one_greedy_and_blind_to_order(overlaps, ages, sizes, random):
    """No id goes to two clusters, none takes two, every overlap left out lost to a better one, and order changes nothing."""
    rows = [(old, new, shared, ages[old], sizes[new]) for (old, new), shared in overlaps.items()]
    chosen = match(rows)
    assert len({old for old, _ in chosen}) == len({new for _, new in chosen}) == len(chosen)

    def rank(row):
        old, new, shared, age, size = row
        return (-shared, age, -size, new, old)

    for row in rows:
        if row[:2] not in chosen:
            rivals = [other for other in rows if other[:2] in chosen and (other[0] == row[0] or other[1] == row[1])]
            assert rivals
            assert min(map(rank, rivals)) < rank(row)
    shuffled = rows.copy()
    random.shuffle(shuffled)
    assert match(shuffled) == chosen


@pytest.fixture
def identified(make_project, start_run, accounts, tmp_path):
    """Call with clusters by name: identify them as the next release of an audience, and return what it wrote."""
    project = make_project(PROJECT + accounts.source("alpha") + accounts.source("zulu"), {})
    run = start_run(project)
    run.workspace.prepare()
    sequences = {"centre": 0, "dea": 0}

    def step(audience, *clusters, ambiguous=""):
        records = sorted(
            ("zulu" if key.isupper() else "alpha", key, place)
            for place, cluster in enumerate(clusters)
            for key in cluster
        )
        smallest = {}
        for number, (_, _, place) in enumerate(records):
            smallest.setdefault(place, number)
        columns = {
            "record": pa.array(range(len(records)), pa.int64()),
            "dataset": pa.array([dataset for dataset, _, _ in records], pa.string()),
            "key": pa.array([key for _, key, _ in records], pa.string()),
            "cluster": pa.array([smallest[place] for _, _, place in records], pa.int64()),
            "ambiguous": pa.array([key in ambiguous for _, key, _ in records], pa.bool_()),
        }
        with run.engine.registered("given", pa.table(columns)):
            run.engine.create_as(
                "canonical",
                "account",
                "SELECT record, dataset, key, 'account' AS role, dataset AS agency, CAST(NULL AS DATE) AS seen_on, "
                "CASE dataset WHEN 'zulu' THEN 2 ELSE 1 END AS marking FROM given",
            )
            run.engine.create_as(
                "resolution",
                f"cluster_{audience}_account",
                "SELECT record, cluster, 0 AS component, ambiguous FROM given",
            )
        sequences[audience] += 1
        return _identify(run, audience, sequences[audience])

    run.markings = {number: Marking(name, (), "full", "") for number, name in ((1, "alpha"), (2, "zulu"))}
    step.run = run
    return step


def _identify(run, audience, sequence):
    """Identify the clusters of an audience as those of a release, with no judgement that is new, and settle it."""
    run.engine.run("CREATE SCHEMA IF NOT EXISTS change")
    run.engine.run(
        f"CREATE OR REPLACE TABLE change.judged_{audience} (entity_type VARCHAR, dataset VARCHAR, key VARCHAR, role VARCHAR, is_decision BOOLEAN)"
    )
    identify(run, audience, sequence)
    found = Step(run.engine)
    settle(run, audience)
    return found


class Step:
    """What one identify wrote: ids by key, events, redirects."""

    def __init__(self, engine):
        self.id = dict(engine.rows("SELECT key, identity_id FROM resolution.identified"))
        self.since = dict(engine.rows("SELECT key, since FROM resolution.identified"))
        self.ambiguous = {row[0] for row in engine.rows("SELECT key FROM resolution.identified WHERE ambiguous")}
        self.events = set(
            engine.rows("SELECT identity_id, event, other_id, records_before, records_after FROM making.event")
        )
        self.redirects = set(engine.rows("SELECT old_id, new_id, records, divided FROM making.redirect"))


def test_ids_are_the_hmac_of_sequence_and_smallest_record(identified):
    """A new id is HMAC-SHA256 of the release's number and the smallest record under the audience's key, as Python computes it."""
    found = identified("centre", "cab", "X", "d").id
    key = identified.run.workspace.audience_key("centre")
    for names, smallest in (("abc", "alpha/a#account"), ("X", "zulu/X#account"), ("d", "alpha/d#account")):
        digest = hmac.new(key, f"1|account|{smallest}".encode(), hashlib.sha256).hexdigest()
        assert {found[name] for name in names} == {f"A-{digest[:ID_DIGITS]}"}


def test_hmac_holds_for_any_text(identified):
    """SQL and Python agree on keys of records in any script, with quotes and separators."""
    engine = identified.run.engine
    keys = ["é", "𝔘", "a'b", 'a"b', "a/b#c", "a|b", " ", "long" * 200]
    identified("centre", "a")
    rows = pa.table({"key": pa.array(sorted(keys), pa.string()), "record": pa.array(range(len(keys)), pa.int64())})
    with engine.registered("given", rows):
        engine.create_as(
            "canonical",
            "account",
            "SELECT record, 'alpha' AS dataset, key, 'account' AS role, 'A' AS agency, CAST(NULL AS DATE) AS seen_on FROM given",
        )
    engine.create_as(
        "resolution",
        "cluster_centre_account",
        "SELECT 0 AS record, 0 AS cluster, 0 AS component, FALSE AS ambiguous WHERE FALSE",
    )
    found = _identify(identified.run, "centre", 7)
    secret = identified.run.workspace.audience_key("centre")
    for key, name in found.id.items():
        assert (
            name
            == "A-"
            + hmac.new(secret, f"7|account|alpha/{key}#account".encode(), hashlib.sha256).hexdigest()[:ID_DIGITS]
        )


def test_the_first_release_creates(identified):
    """In a first release every identity of two records and more is told as created; single records are not."""
    first = identified("centre", "ab", "c")
    assert first.events == {(first.id["a"], "created", None, 0, 2)}
    assert first.redirects == set()
    assert set(first.since.values()) == {1}


def test_nothing_changed_nothing_told(identified):
    """The same clusters keep their ids and ages and have no events."""
    first = identified("centre", "ab", "c", "XY")
    again = identified("centre", "ab", "c", "XY")
    assert (again.id, again.since, again.events, again.redirects) == (first.id, first.since, set(), set())


def test_the_example_of_the_design_in_sql(identified):
    """A = {1,2,3,4}, B = {5} become {1,2}, {3,4,5,6}: A keeps the larger part, B merges into A, {1,2} is split from A."""
    old = identified("centre", "1234", "5").id
    new = identified("centre", "12", "3456")
    assert new.id["3"] == new.id["6"] == old["1"]
    assert new.id["1"] not in set(old.values())
    assert new.since["3"] == 1
    assert new.since["1"] == 2
    assert new.events == {
        (old["1"], "changed", None, 4, 4),
        (new.id["1"], "split", old["1"], 0, 2),
        (old["5"], "merged", old["1"], 1, 0),
    }
    assert new.redirects == {(old["5"], old["1"], 1, False)}


def test_grown_and_shrunk_identities_keep_their_ids(identified):
    """An identity that only gains records grew, one that only loses them shrank; both keep id and age."""
    old = identified("centre", "ab", "cde").id
    new = identified("centre", "abX", "ce")
    assert (new.id["X"], new.id["e"]) == (old["a"], old["c"])
    assert new.events == {(old["a"], "grew", None, 2, 3), (old["c"], "shrank", None, 3, 2)}


def test_a_merge_is_told_and_redirected(identified):
    """Two identities that become one: the larger share keeps its id, the other ends as merged and leads there."""
    old = identified("centre", "abc", "de").id
    new = identified("centre", "abcde")
    assert set(new.id.values()) == {old["a"]}
    assert new.events == {(old["a"], "grew", None, 3, 5), (old["d"], "merged", old["a"], 2, 0)}
    assert new.redirects == {(old["d"], old["a"], 2, False)}


def test_an_identity_that_loses_records_on_the_way_merges_all_the_same(identified):
    """Where all records that are left of an identity go to one other, it merged, though some were withdrawn."""
    old = identified("centre", "abc", "defg").id
    new = identified("centre", "abdefg")
    assert new.events == {(old["d"], "grew", None, 4, 6), (old["a"], "merged", old["d"], 3, 0)}
    assert new.redirects == {(old["a"], old["d"], 2, False)}


def test_a_divided_identity_leads_to_all_its_parts(identified):
    """An id whose records go to several other identities ends as split, and its redirects are marked divided."""
    old = identified("centre", "abc", "defg", "hij").id
    new = identified("centre", "defga", "hijbc")
    assert new.events == {
        (old["d"], "grew", None, 4, 5),
        (old["h"], "grew", None, 3, 5),
        (old["a"], "split", old["d"], 3, 0),
        (old["a"], "split", old["h"], 3, 0),
    }
    assert new.redirects == {(old["a"], old["d"], 1, True), (old["a"], old["h"], 2, True)}


def test_redirects_follow_records_through_later_releases(identified):
    """A redirect leads to where the records are now, not to where they went first."""
    old = identified("centre", "abc", "defg").id
    merged = identified("centre", "abcdefg")
    later = identified("centre", "abcde", "fgX")
    assert set(merged.id.values()) == {old["d"]}
    assert later.id["f"] not in set(old.values())
    assert later.redirects == {(old["a"], old["d"], 3, False)}
    last = identified("centre", "ade", "bfgX", "cY")
    assert last.redirects == {(old["a"], last.id[key], 1, True) for key in "abc"}


def test_undoing_a_merge_gives_both_ids_back(identified):
    """An id that ended in a merge is used again for the cluster with most of the records it last held, however late."""
    old = identified("centre", "abc", "de", "g").id
    for _ in range(3):
        assert set(identified("centre", "abcde", "g").id.values()) == {old["a"], old["g"]}
    back = identified("centre", "abc", "deX", "g")
    assert (back.id["a"], back.id["d"], back.since["d"]) == (old["a"], old["d"], 1)
    assert back.events == {(old["a"], "shrank", None, 5, 3), (old["d"], "reinstated", old["a"], 0, 3)}
    assert back.redirects == set()


def test_no_id_is_reinstated_without_most_of_its_records(identified):
    """Half of what an ended id last held is not enough: the id stays ended and leads to all that hold its records."""
    old = identified("centre", "abc", "de").id
    identified("centre", "abcde")
    new = identified("centre", "abcd", "eX")
    assert new.id["e"] not in set(old.values())
    assert new.redirects == {(old["d"], old["a"], 1, True), (old["d"], new.id["e"], 1, True)}


def test_withdrawn_identities_end_without_redirect(identified):
    """An identity none of whose records is left is withdrawn and leads nowhere; when most of its records return, so does its id."""
    old = identified("centre", "abd", "c").id
    gone = identified("centre", "c")
    assert gone.events == {(old["a"], "withdrawn", None, 3, 0)}
    assert gone.redirects == set()
    back = identified("centre", "abX", "c")
    assert back.id["a"] == back.id["X"] == old["a"]
    assert back.events == {(old["a"], "reinstated", None, 0, 3)}
    assert back.redirects == set()


def test_an_identity_that_an_audience_no_longer_sees_is_retired(identified, monkeypatch):
    """Where an audience sees none of the datasets of an identity any more, it is retired, not withdrawn; seen again, its id returns."""
    old = identified("centre", "XY", "ab", "cZ").id
    settings = type(identified.run.project.settings)
    with monkeypatch.context() as patch:
        patch.setattr(settings, "visible", lambda _self, _audience: ("alpha",))
        gone = identified("centre", "c")
    assert gone.events == {
        (old["X"], "retired", None, 2, 0),
        (old["a"], "withdrawn", None, 2, 0),
        (old["c"], "shrank", None, 2, 1),
    }
    assert identified("centre", "XY", "c").events == {(old["X"], "reinstated", None, 0, 2)}


def test_an_audience_has_ids_and_history_of_its_own(identified):
    """The agency's ids differ from the centre's, and what it may not see has none."""
    centre, agency = identified("centre", "abX", "c"), identified("dea", "abX", "c")
    assert set(agency.id) == {"a", "b", "c"}
    assert not set(agency.id.values()) & set(centre.id.values())
    assert agency.events == {(agency.id["a"], "created", None, 0, 2)}


def test_ambiguity_is_carried_on(identified):
    """A record that clustering found ambiguous is so in the crosswalk."""
    assert identified("centre", "ab", "c", ambiguous="c").ambiguous == {"c"}


def test_a_merge_undone_gives_both_ids_back(identified):
    """The parts of a merge that is undone have the ids they had, where the part that ended is the smaller or has lost records."""
    old = identified("centre", "abcd", "efg").id
    assert set(identified("centre", "abcdefg").id.values()) == {old["a"]}
    assert identified("centre", "abcd", "efg").id == old
    assert identified("centre", "abcdef").id["e"] == old["a"]
    back = identified("centre", "abcd", "efX").id
    assert (back["a"], back["e"], back["X"]) == (old["a"], old["e"], old["e"])


def test_of_two_equal_parts_the_larger_keeps_the_id(identified):
    """Where an id could stay with either part, it goes with the larger (rule R4), though the other was there first; the event says so."""
    old = identified("centre", "a", "b").id
    (kept,) = set(identified("centre", "ab").id.values())
    first, second = ("a", "b") if kept == old["a"] else ("b", "a")
    parted = identified("centre", first, second + "XY")
    assert parted.id[second] == kept
    assert (parted.id[first], "split", kept, 0, 1) in parted.events


def test_the_greater_part_keeps_the_id_however_late_it_came(identified):
    """Records held comes before all else (rule R4): where most of what an id holds is new to it and goes, the id goes with it."""
    old = identified("centre", "a").id
    identified("centre", "abc")
    parted = identified("centre", "a", "bc")
    assert parted.id["b"] == parted.id["c"] == old["a"]
    assert parted.id["a"] != old["a"]
    assert (parted.id["a"], "split", old["a"], 0, 1) in parted.events


@pytest.mark.parametrize("seed", range(8))
def test_ids_are_those_of_the_rule_release_by_release(identified, seed):
    """Over random histories each cluster has the id that rule R4 in plain Python gives it, and every other id is one that was never seen."""
    rule, seen = Ids(), set()
    names = string.ascii_lowercase[:9] + string.ascii_uppercase[:9]
    for release, clusters in enumerate(days_of(random.Random(seed), names, 12), start=1):
        found = identified("centre", *("".join(sorted(cluster)) for cluster in clusters)).id
        held = {cluster: {found[key] for key in cluster} for cluster in clusters}
        kept, back = rule.kept([frozenset(map(_record, cluster)) for cluster in clusters])
        for cluster, ids in held.items():
            named = frozenset(map(_record, cluster))
            expected = kept.get(named) or back.get(named)
            assert len(ids) == 1
            assert ids == {expected} if expected else not ids & seen
        seen |= set(found.values())
        rule.settle(release, {frozenset(map(_record, cluster)): min(ids) for cluster, ids in held.items()})
    assert rule.ended


def _record(key):
    """A record in the order of the stage: by dataset, then key."""
    return ("zulu" if key.isupper() else "alpha", key)
