"""Purge: planted values are found everywhere before, and nowhere after; expiry, re-validation, and what is delivered again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import duckdb
import pytest

import linkage
from linkage import pipeline, purging
from linkage.errors import RequestError, WorkspaceError
from linkage.matching.keyed import keyed_value
from linkage.sharing.audit import verify
from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

NOW = datetime(2026, 1, 31, 6, tzinfo=UTC)
HEAD = """
[audiences.centre]
[audiences.centre.publish_to]
folder = "out"
[audiences.alpha]
agency = "a"
"""
# Values that no other record tells: two records hold them, so that they are counted in frequencies too.
KEYS = ("QX71001", "QX71002")
CANARY = (
    ("Zebulonia", "Quixworth", "1961-07-19", "2025557341"),
    ("Marmadukia", "Quixworth", "1984-11-23", "2025557342"),
)


def people(rows, header="id,first,last,born,phone"):
    """A file of people."""
    return "\n".join([header, *(",".join(row) for row in rows), ""])


def crowd(prefix, count=60):
    """Ordinary people, some of them in both files."""
    names = ("Ann", "Bob", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal")
    surnames = ("Archer", "Brandt", "Coleman", "Dorset", "Ellis", "Fisher", "Grant")
    return [
        (f"{prefix}{place}", names[place % 8], surnames[place % 7], f"19{50 + place % 40}-0{1 + place % 9}-1{place % 9}", f"20255{50000 + place * 7}")
        for place in range(count)
    ]  # fmt: skip


def planted(prefix):
    """The canary's records in a file."""
    return [(key if prefix == "a" else f"{key}b", *values) for key, values in zip(KEYS, CANARY, strict=True)]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Two datasets of people that hold the canary's records, twice delivered, judged, looked up and held back once."""
    folder = tmp_path_factory.mktemp("purge") / "first"
    folder.mkdir()
    source = """
[sources.{0}]
agency = "{0}"
files = "{0}.csv"
delivery = "snapshot"
key = "id"
[sources.{0}.roles.subject]
entity = "person"
[sources.{0}.roles.subject.fields]
given_name = "first"
surname = "last"
birth_date = {{ column = "born", order = "ymd" }}
phone = "phone"
"""
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text(
            people([*crowd(name), *planted(name), *planted(name)[:1]][:-1]), encoding="utf-8"
        )
    (folder / "project.toml").write_text(
        f'version = 1\nname = "people"\nworkspace = "work"\ndefault_purpose = "test"\n{HEAD}{source.format("a")}{source.format("b")}',
        encoding="utf-8",
    )
    project = linkage.open(folder)
    project.run(now=NOW)
    # A rejected row that holds a key and a value, and another delivery, so that there are two releases and events.
    (folder / "a.csv").write_text(
        people(
            [
                *crowd("a")[:55],
                *planted("a"),
                (KEYS[0], "Zebulonia", "Quixworth", "1961-07-19", "2025550000", "too", "many"),
            ]
        ),
        encoding="utf-8",
    )
    project.run(now=NOW)
    with Ledger(project.loaded.workspace / "ledger.sqlite") as ledger:
        pair = (("a", KEYS[0], "subject"), ("b", f"{KEYS[0]}b", "subject"))
        ledger.judge(Judgement("person", *pair, "match", "ann", "Quixworth is Quixworth"), NOW.isoformat())
    project.run(now=NOW)
    project.lookup("person", {"surname": "Quixworth", "given_name": "Zebulonia"})
    linkage.queries.show(project, f"a/{KEYS[0]}")
    held = project.loaded.workspace / "held"
    shutil.copyfile(project.release_path("centre"), held / "centre.duckdb")
    return folder


@pytest.fixture
def copy(ran, tmp_path):
    """A copy of the project folder, for one test."""
    target = tmp_path / "copy"
    shutil.copytree(ran, target)
    return linkage.open(target)


def words(keys=KEYS):
    """What is looked for: keys and values, as they were delivered and as they are folded."""
    return [*keys, *(value for row in CANARY for value in row), "quixworth", "zebulonia", "marmadukia", "19610719"]


def hashed(folder):
    """The keyed hashes that stand in models for these values."""
    key = Workspace(folder / "work").values_key()
    return [keyed_value(key, word) for word in words()]


def found_in(folder, wanted):
    """File (and table) → the wanted texts in it: every table of every DuckDB, SQLite and Parquet file as text, other files by bytes."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        for place, text in dumped(file):
            hits = [word for word in wanted if word in text]
            if hits:
                found[f"{file.relative_to(folder)} {place}".strip()] = hits
    return found


def dumped(file):
    """The text of every table of a file, and its bytes."""
    yield "bytes", file.read_bytes().decode("latin-1")
    if file.suffix == ".duckdb":
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = connection.sql(
                "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog NOT IN ('system', 'temp')"
            ).fetchall()
            for schema, table in tables:
                yield f"{schema}.{table}", repr(connection.sql(f'FROM "{schema}"."{table}"').fetchall())
    elif file.suffix == ".parquet":
        with duckdb.connect() as connection:
            yield "rows", repr(connection.sql(f"FROM read_parquet('{file}')").fetchall())
    elif ".sqlite" in file.name and not file.name.endswith(("-wal", "-shm")):
        with closing(sqlite3.connect(file)) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                yield table, repr(connection.execute(f'SELECT * FROM "{table}"').fetchall())


def rooms(found):
    """The first folders of what was found."""
    return {place.split("/")[0].split(" ")[0] for place in found}


def test_the_search_finds_the_canary_before(ran):
    """The search sees the planted values in the base, the spare, its releases, feed, models, lookups, held releases, ledger and the folder handed out."""
    found = found_in(ran / "work", words())
    assert rooms(found) >= {"base", "spare.duckdb", "releases", "feed", "lookup", "held", "ledger.sqlite"}
    counted = [place for place in found_in(ran / "work", hashed(ran)) if place.startswith("models")]
    assert {place.split("/")[-1] for place in counted} >= {"frequencies.parquet rows"}
    tables = {place.split(" ")[-1] for place in found if place.startswith("base/")}
    assert tables >= {
        "source.dataset_a",
        "source.reject",
        "canonical.person",
        "resolution.assignment_centre",
        "kept.judgement",
    }
    assert {place.split(" ")[-1] for place in found if place.startswith("ledger.sqlite")} >= {"judgement", "asked"}
    assert found_in(ran / "out", words())


def test_nothing_of_purged_records_is_left(copy):
    """After a purge of its records the same search finds none of the planted values in any file of the workspace or the folder handed out."""
    names = [f"{dataset}/{key}{'b' if dataset == 'b' else ''}" for dataset in ("a", "b") for key in KEYS]
    before = {kind: copy.release_path(kind).name for kind in ("centre", "alpha")}
    told = purging.purge(copy.loaded, purging.choose(copy.loaded, records=names), why="order 7", now=NOW)
    assert told["datasets"] == {"a": 2, "b": 2}
    assert told["models"]
    assert found_in(copy.loaded.workspace, [*words(), *hashed(copy.loaded.folder)]) == {}
    assert found_in(copy.loaded.folder / "out", words()) == {}
    assert any(one["action"] == "publish" for one in told["handed_out"])
    assert verify(copy.loaded)["broken"] == []
    for kind, name in before.items():
        assert [path.name for path in copy.release_path(kind).parent.iterdir()] == [
            f"{int(name.split('.')[0]) + 1}.duckdb"
        ]
    with copy.release() as release:
        assert release.value("SELECT count(*) FROM published.identity_record") == 55 + 60
    with Ledger(copy.loaded.workspace / "ledger.sqlite") as ledger:
        assert ledger.open_purges() == []
        assert all(one.judgement.a[1].startswith("purged:") for one in ledger.judgements())


def test_what_was_purged_is_kept_out(copy):
    """A purged record that is delivered again is counted as purged, and stays out; the sums still add up."""
    purging.purge(copy.loaded, purging.choose(copy.loaded, records=[f"a/{KEYS[0]}"]), why="order 7", now=NOW)
    (copy.loaded.folder / "a.csv").write_text(people([*crowd("a")[:50], *planted("a")]), encoding="utf-8")
    report = copy.run(now=NOW)
    assert report["datasets"]["a"]["purged"] == 3
    with copy.release() as release:
        assert release.rows("SELECT key FROM published.identity_record WHERE dataset = 'a' AND key LIKE 'QX%'") == [
            (KEYS[1],)
        ]


def test_identities_are_as_if_it_had_never_been(copy):
    """What is left is resolved as a full run of it resolves it."""
    purging.purge(copy.loaded, purging.choose(copy.loaded, datasets=["b"]), why="left the pool", now=NOW)
    with copy.release() as release:
        amended = release.rows(
            "SELECT list_sort(list(key)) FROM published.identity_record GROUP BY identity_id ORDER BY ALL"
        )
        assert release.rows("SELECT DISTINCT dataset FROM published.identity_record") == [("a",)]
    copy.run(now=NOW, full=True)
    with copy.release() as release:
        assert amended == release.rows(
            "SELECT list_sort(list(key)) FROM published.identity_record GROUP BY identity_id ORDER BY ALL"
        )
    assert found_in(copy.loaded.workspace, [f"{KEYS[0]}b"]) == {}


def events_of(project, audience, identities):
    """(event, other id, records before, after, cause) of identities in the last release, and in the last file of the feed."""
    query = "SELECT identity_id, event, other_id, records_before, records_after, cause FROM {} ORDER BY ALL"
    with project.release(audience) as release:
        told = release.rows(query.format("published.identity_event"))
    (*_, file) = sorted((project.loaded.workspace / "feed" / audience).glob("*-identity_event.parquet"))
    with duckdb.connect() as connection:
        assert connection.sql(query.format(f"read_parquet('{file}')")).fetchall() == told
    return {identity: [row[1:] for row in told if row[0] == identity] for identity in identities}


def test_the_centre_is_told_what_a_purge_ended_and_changed(copy):
    """An identity that a purge ends is `purged` in the centre's release and feed, one that lost a record shrank by cause `purge`; others hear of records withdrawn."""
    keys = (f"a/{KEYS[0]}", f"b/{KEYS[0]}b", f"a/{KEYS[1]}")
    own = {}
    for audience in ("centre", "alpha"):
        with copy.release(audience) as release:
            crosswalk = "SELECT dataset || '/' || key, identity_id FROM published.identity_record"
            own[audience] = dict(release.rows(crosswalk))
    purging.purge(copy.loaded, purging.choose(copy.loaded, records=keys), why="order 7", now=NOW)
    for audience, ended, cause in (("centre", "purged", "purge"), ("alpha", "withdrawn", "delivery")):
        whole, part = (own[audience][key] for key in keys[1:])
        assert own[audience][keys[0]] == whole
        assert events_of(copy, audience, (whole, part)) == {
            whole: [(ended, None, 2, 0, cause)],
            part: [("shrank", None, 2, 1, cause)],
        }
    with copy.release("alpha") as release:
        assert not release.value(
            "SELECT count(*) FROM published.identity_event WHERE event = 'purged' OR cause = 'purge'"
        )


def test_others_cannot_tell_a_purge_from_a_withdrawal(copy, tmp_path):
    """An audience beside the centre has the same events and crosswalk whether a record was purged or its agency withdrew it."""
    twin = tmp_path / "twin"
    shutil.copytree(copy.loaded.folder, twin)
    (twin / "a.csv").write_text(people([*crowd("a")[:55], planted("a")[1]]), encoding="utf-8")
    withdrawn = linkage.open(twin)
    withdrawn.run(now=NOW)
    purging.purge(copy.loaded, purging.choose(copy.loaded, records=[f"a/{KEYS[0]}"]), why="order 7", now=NOW)
    told = []
    for project in (copy, withdrawn):
        with project.release("alpha") as release:
            told.append(
                [
                    release.rows(f"FROM published.{table} ORDER BY ALL")
                    for table in ("identity_event", "identity_redirect", "identity_record")
                ]
            )
    assert told[0] == told[1]
    assert told[0][0]


def test_what_is_too_old_goes_unless_validated(copy):
    """Records older than five years go by `expired`; a record or dataset that was validated again stays."""
    later = NOW.replace(year=2031, month=3)
    purging.revalidate(copy.loaded, records=["a/a1"], why="still open", now=NOW.replace(year=2030))
    purging.revalidate(copy.loaded, datasets=["b"], why="reviewed", now=NOW.replace(year=2029))
    early = purging.choose(copy.loaded, expired=True, day=NOW.replace(year=2031).date())
    assert dict(early.expired)["a"] == "2026-01-31"
    told = purging.purge(
        copy.loaded, purging.choose(copy.loaded, expired=True, day=later.date()), why="28 CFR 23.20", now=later
    )
    assert told["datasets"] == {"a": 56}
    with copy.release() as release:
        assert release.rows("SELECT dataset, count(*) FROM published.identity_record GROUP BY ALL ORDER BY ALL") == [
            ("a", 1),
            ("b", 62),
        ]


def test_a_purge_that_is_broken_off_is_finished(copy, monkeypatch):
    """After a crash between run and files no run goes on before the purge is finished, and then nothing is left."""
    scope = purging.choose(copy.loaded, agencies=["a", "b"])
    monkeypatch.setattr(purging, "finish", lambda _project: (_ for _ in ()).throw(KeyboardInterrupt))
    names = [f"{dataset}/{key}{'b' if dataset == 'b' else ''}" for dataset in ("a", "b") for key in KEYS]
    scope = purging.choose(copy.loaded, records=names)
    with pytest.raises(KeyboardInterrupt):
        purging.purge(copy.loaded, scope, why="order 7", now=NOW)
    monkeypatch.undo()
    with pytest.raises(WorkspaceError, match="--finish"):
        copy.run(now=NOW)
    assert purging.finish(copy.loaded) == [1]
    assert found_in(copy.loaded.workspace, words()) == {}
    copy.run(now=NOW)


def test_a_refused_purge_changes_nothing(copy, monkeypatch):
    """Unknown names are refused in one line; a run that fails leaves everything, and the next run goes on."""
    for wrong, told in (
        ({"datasets": ["c"]}, "dataset 'c'"),
        ({"agencies": ["cia"]}, "agency 'cia'"),
        ({"records": ["c/1"]}, "dataset 'c'"),
        ({}, "name what"),
    ):
        with pytest.raises(RequestError, match=told):
            purging.choose(copy.loaded, **wrong)
    monkeypatch.setattr(pipeline, "publish", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(WorkspaceError):
        purging.purge(copy.loaded, purging.choose(copy.loaded, records=[f"a/{KEYS[0]}"]), why="order 7", now=NOW)
    monkeypatch.undo()
    copy.run(now=NOW)
    with copy.release() as release:
        assert release.value("SELECT count(*) FROM published.identity_record WHERE key = 'QX71001'") == 1
