"""Ten days of deliveries, each an increment: what is published is what a full run publishes, and ids last (rules R2, R4)."""

from __future__ import annotations

import csv
import random
import shutil
import tomllib
from datetime import timedelta

import pytest

import linkage
from linkage.engine.duckdb import Engine
from linkage.store.workspace import Workspace
from tests.conftest import NOW, published, same_models
from tests.lasting import Ids

DAYS = [2, pytest.param(10, marks=pytest.mark.slow)]
RECORD = "entity_type, dataset, key, role"
CROSSWALK = f"{RECORD}, agency, identity_id, ambiguous"


class Deliveries:
    """The demo's sources from day to day: new, changed, withdrawn and returning rows; a delta names only its changes."""

    def __init__(self, folder, seed):
        self.folder, self.random = folder, random.Random(seed)
        self.sources = tomllib.loads((folder / "project.toml").read_text(encoding="utf-8"))["sources"]
        self.columns, self.rows, self.gone = {}, {}, {}
        for name in self.sources:
            with self.file(name).open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                self.rows[name] = {self.key(name, row): row for row in reader}
            self.columns[name], self.gone[name] = list(reader.fieldnames), {}

    def file(self, name, folder=None):
        """The file that a source is read from."""
        return (folder or self.folder) / self.sources[name]["files"]

    def keys(self, name):
        """The columns that are a source's key."""
        key = self.sources[name]["key"]
        return [key] if isinstance(key, str) else key

    def key(self, name, row):
        """The key of a row."""
        return tuple(row[column] for column in self.keys(name))

    def write(self, name, rows, folder=None):
        """Write rows as the file of a source."""
        with self.file(name, folder).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.columns[name])
            writer.writeheader()
            writer.writerows(rows)

    def next_day(self, day):
        """Of a hundred rows of each source one changes, two are new, and one is withdrawn; half of those gone return."""
        for name, rows in self.rows.items():
            number = max(2, len(rows) // 100)
            told = [self._changed(name, key) for key in self.random.sample(sorted(rows), number)]
            told += [self._new(name, key, day) for key in self.random.sample(sorted(rows), number)]
            told += [self._unknown(name, day, place) for place in range(number)]
            if self.sources[name]["delivery"] == "snapshot":
                back = self.random.sample(sorted(self.gone[name]), len(self.gone[name]) // 2)
                rows |= {key: self.gone[name].pop(key) for key in back}
                for key in self.random.sample(sorted(rows), number):
                    self.gone[name][key] = rows.pop(key)
            self.write(name, rows.values() if self.sources[name]["delivery"] == "snapshot" else told)

    def _changed(self, name, key):
        """A row that takes the value of one column from another row."""
        rows = self.rows[name]
        column = self.random.choice([column for column in self.columns[name] if column not in self.keys(name)])
        rows[key] = {**rows[key], column: rows[self.random.choice(sorted(rows))][column]}
        return rows[key]

    def _new(self, name, like, day):
        """A row that is new and much like another: what it is about is known already."""
        row = {**self.rows[name][like], self.keys(name)[-1]: f"new-{day}-{like[-1]}"}
        self.rows[name][self.key(name, row)] = row
        return self._changed(name, self.key(name, row))

    def _unknown(self, name, day, place):
        """A row that is new and like no other: each of its values is of another row."""
        keys = sorted(self.rows[name])
        row = {column: self.rows[name][self.random.choice(keys)][column] for column in self.columns[name]}
        row[self.keys(name)[-1]] = f"unknown-{day}-{place}"
        self.rows[name][self.key(name, row)] = row
        return row


def members(project, audience, sequence=None):
    """Identity → its records."""
    with project.release(audience, sequence) as release:
        found = {}
        for identity, *record in release.rows(f"SELECT identity_id, {RECORD} FROM published.identity_record"):
            found.setdefault(identity, set()).add(tuple(record))
    return found


def partition(project, audience):
    """The records of an audience, as they are grouped."""
    return {frozenset(records) for records in members(project, audience).values()}


def full_twin(folder, now):
    """A copy of the project as it stands before a run, after a run that makes everything anew."""
    twin = folder.with_name(f"{folder.name}-full")
    shutil.rmtree(twin, ignore_errors=True)
    shutil.copytree(folder, twin)
    project = linkage.open(twin)
    return project, project.run(now=now, full=True)


def fresh_twin(project, deliveries, now):
    """The same rows in a workspace that knows nothing but the approved models."""
    twin = project.loaded.folder.with_name(f"{project.loaded.folder.name}-fresh")
    shutil.copytree(project.loaded.folder, twin, ignore=shutil.ignore_patterns("work"))
    for name, rows in deliveries.rows.items():
        deliveries.write(name, rows.values(), twin)
    fresh = linkage.open(twin)
    same_models(project, fresh)
    fresh.run(now=now)
    return fresh


def consumed(project, audience):
    """The crosswalk of a consumer that took the first release's and then followed the feed, as bytes of its rows."""
    with project.release(audience, 1) as release:
        first = release.arrow(f"SELECT {CROSSWALK} FROM published.identity_record")
    with Engine() as engine:
        with engine.registered("first", first):
            engine.run("CREATE TABLE held AS FROM first")
        for file in Workspace(project.loaded.workspace).feed_files(audience, "record_move"):
            if int(file.name.partition("-")[0]) == 1:
                continue
            engine.run("CREATE OR REPLACE TEMP TABLE moved AS FROM read_parquet($file)", {"file": str(file)})
            engine.run(f"DELETE FROM held WHERE ({RECORD}) IN (SELECT ({RECORD}) FROM moved)")
            engine.run(
                f"INSERT INTO held BY NAME SELECT {RECORD}, agency, to_identity AS identity_id, ambiguous FROM moved "
                "WHERE to_identity IS NOT NULL"
            )
        return repr(engine.rows(f"SELECT {CROSSWALK} FROM held ORDER BY {RECORD}")).encode()


def crosswalk(project, audience):
    """The last crosswalk, as bytes of its rows."""
    with project.release(audience) as release:
        return repr(release.rows(f"SELECT {CROSSWALK} FROM published.identity_record ORDER BY {RECORD}")).encode()


@pytest.fixture(scope="module", params=DAYS, ids=lambda days: f"{days} days")
def lived(request, demo, tmp_path_factory):
    """The demo after days of deliveries: project, deliveries, last moment, and (run report, full report, full twin) of the days compared."""
    folder = tmp_path_factory.mktemp("days") / "demo"
    shutil.copytree(demo.folder, folder)
    deliveries, project, days = Deliveries(folder, seed=5), linkage.open(folder), []
    now = NOW
    for day in range(1, request.param + 1):
        deliveries.next_day(day)
        now += timedelta(days=1)
        # Ten days are compared one by one, two only at their end, which holds what the first day did.
        if request.param > 2 or day == request.param:
            twin, told = full_twin(folder, now)
            report = project.run(now=now)
            days.append((report, told, [(published(project, a), published(twin, a)) for a in ("centre", "dea")]))
        else:
            days.append((project.run(now=now), None, []))
    return project, deliveries, now, days


def test_every_day_is_an_increment_that_equals_a_full_run(lived):
    """Each day's run is an increment, and all tables of both audiences are those of a run that makes everything anew."""
    _, _, _, days = lived
    for report, full, audiences in days:
        assert report["work"] == "increment"
        assert all(told["standardised"] < told["records"] / 2 for told in report["types"].values())
        if full is not None:
            assert full["work"] == "asked for"
            assert report["datasets"] == full["datasets"]
        for increment, anew in audiences:
            for table, rows in increment.items():
                assert rows == anew[table], table
    first, last = days[0][0]["datasets"], days[-1][0]["datasets"]
    assert sum(one["withdrawn"] for one in last.values()) > sum(one["withdrawn"] for one in first.values()) > 0


def test_the_partition_is_that_of_a_fresh_workspace(lived):
    """A workspace that never knew the days before groups the same rows alike under the same models."""
    project, deliveries, now, _ = lived
    fresh = fresh_twin(project, deliveries, now)
    for audience in ("centre", "dea"):
        assert partition(project, audience) == partition(fresh, audience)


def test_events_explain_every_id(lived):
    """An id that is new or gone between two releases has an event of that release, ids of one record too."""
    project, _, _, days = lived
    seen = set()
    for audience in ("centre", "dea"):
        for release in range(2, len(days) + 2):
            before, after = (set(members(project, audience, number)) for number in (release - 1, release))
            with project.release(audience, release) as engine:
                events = engine.rows("SELECT identity_id, event, release FROM published.identity_event")
            assert {number for _, _, number in events} == {release}
            told = {event: {one for one, what, _ in events if what == event} for event in {row[1] for row in events}}
            begun = told.get("created", set()) | told.get("split", set()) | told.get("reinstated", set())
            ended = told.get("merged", set()) | told.get("withdrawn", set()) | told.get("split", set())
            assert after - before <= begun
            assert before - after <= ended
            seen |= set(told)
    assert seen >= {"created", "withdrawn", "grew"}


def test_who_follows_the_feed_has_the_last_crosswalk(lived):
    """The first crosswalk and the moves since are, byte for byte, the last crosswalk."""
    project, _, _, _ = lived
    for audience in ("centre", "dea"):
        assert consumed(project, audience) == crosswalk(project, audience)


def test_every_change_of_an_id_is_told(lived):
    """An id that holds other records than in the release before has one event that says how, and one that holds the same has none."""
    project, _, _, days = lived
    for audience in ("centre", "dea"):
        for release in range(2, len(days) + 2):
            before, after = (members(project, audience, number) for number in (release - 1, release))
            with project.release(audience, release) as engine:
                told = engine.rows(
                    "SELECT identity_id, event, other_id, records_before, records_after FROM published.identity_event "
                    "WHERE event IN ('grew', 'shrank', 'changed')"
                )
            assert sorted(told, key=str) == sorted(
                (
                    (
                        identity,
                        how(before[identity], after[identity]),
                        None,
                        len(before[identity]),
                        len(after[identity]),
                    )
                    for identity in before.keys() & after.keys()
                    if before[identity] != after[identity]
                ),
                key=str,
            )


def how(before, after):
    """What became of an identity that holds other records than before."""
    return "grew" if before < after else "shrank" if after < before else "changed"


def test_no_id_has_two_meanings(lived):
    """Each cluster has the id that rule R4, in plain Python, gives it; each step of an id shares records and leaves no better heir; what is new was never seen."""
    project, _, _, days = lived
    for audience in ("centre", "dea"):
        rule, seen = Ids(), set()
        for release in range(1, len(days) + 2):
            names = {frozenset(records): identity for identity, records in members(project, audience, release).items()}
            kept, back = rule.kept(list(names))
            holder = {record: cluster for cluster in names for record in cluster}
            for cluster, identity in names.items():
                expected = kept.get(cluster) or back.get(cluster)
                assert identity == expected if expected else identity not in seen
                if identity in rule.held:
                    assert rule.held[identity] & cluster
                    others = {holder[record] for record in rule.held[identity] if record in holder} - {cluster}
                    assert all(goes_first(rule, identity, cluster, other, names[other]) for other in others)
                elif identity in seen:
                    assert 2 * len(rule.ended[identity] & cluster) > len(rule.ended[identity])
            seen |= set(names.values())
            rule.settle(release, names)


def goes_first(rule, identity, heir, other, rival):
    """Whether an id did right to stay with its heir: another part is smaller, or in a part of as many records that is no larger, or taken by an id with a better claim."""
    held = rule.held[identity]
    mine, its = held & heir, held & other
    if len(its) < len(mine):
        return True
    if len(its) == len(mine) and len(other) <= len(heir):
        return True
    return rival in rule.held and len(rule.held[rival] & other) >= len(its)
