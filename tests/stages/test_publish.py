"""Publish: what a release holds, from hand-made people whose identities are beyond doubt to people kept apart."""

from __future__ import annotations

import datetime as dt

import pytest

import linkage
from linkage.errors import AuditError
from linkage.stages import publish as publishing
from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.tables import CONTRACT_VERSION, PUBLISHED, STORED

COLUMNS = (
    "id",
    "first",
    "middle",
    "last",
    "suffix",
    "born",
    "ssn",
    "phones",
    "street",
    "city",
    "state",
    "zip",
    "job",
    "seen",
)
SOURCE = """
[sources.{name}]
agency = "{name}"
files = "{name}.csv"
delivery = "snapshot"
key = "id"
seen = {{ column = "seen", order = "ymd" }}
[sources.{name}.roles.subject]
entity = "person"
[sources.{name}.roles.subject.fields]
given_name = "first"
middle_name = "middle"
surname = "last"
suffix = "suffix"
birth_date = {{ column = "born", order = "ymd" }}
ssn = "ssn"
phone = {{ column = "phones", split = ";" }}
address = "street"
city = "city"
region = "state"
postcode = "zip"
occupation = "job"
"""
AUDIENCES = """
[audiences.centre]
[audiences.dea]
hidden = ["zulu"]
agency = "alpha"
"""
ADAM = {"first": "Adam", "last": "Quillfeather", "born": "1971-02-03", "ssn": "123-45-6701"}
BETH = {"first": "Beth", "last": "Ravensworth", "born": "1962-11-24", "ssn": "234-56-7802"}
CARL = {"first": "Carl", "last": "Silverthorn", "born": "1985-07-19", "ssn": "345-67-8903"}
DORA = {"first": "Dora", "last": "Tumblewood", "born": "1990-05-30", "ssn": "456-78-9004"}
EARL = {"first": "Earl", "last": "Underhill", "born": "1958-09-08", "ssn": "567-89-0105"}
FAYE = {"first": "Faye", "last": "Vanterpool", "born": "1979-12-12", "ssn": "678-90-1206"}
GLEN = {"first": "Glen", "last": "Wetherby", "street": "12 Juniper Ct", "city": "Boise", "state": "ID", "zip": "83702"}
HOPE = {"first": "Hope", "last": "Yarborough", "born": "1994-04-04"}
ALPHA = [
    # most agreed, most complete, most recent
    {**ADAM, "id": "a1", "last": "Quilfeather", "phones": "212-555-0001", "job": "baker", "seen": "2021-01-01"},
    {
        **ADAM,
        "id": "a2",
        "middle": "Benedict",
        "phones": "212-555-0002;212-555-0001",
        "job": "clerk",
        "seen": "2020-01-01",
    },
    {**ADAM, "id": "a3", "phones": "212-555-0003", "job": "baker", "seen": "2022-03-04"},
    # ties: the later, then the longer, then the larger
    {**BETH, "id": "b1", "job": "driver", "seen": "2020-01-01"},
    {**BETH, "id": "b2", "job": "cook", "seen": "2021-01-01"},
    {**CARL, "id": "c1", "job": "cook", "seen": "2020-01-01"},
    {**CARL, "id": "c2", "job": "driver", "seen": "2020-01-01"},
    {**DORA, "id": "d1", "job": "actor", "seen": "2020-01-01"},
    {**DORA, "id": "d2", "job": "baker", "seen": "2020-01-01"},
    # addresses: the newest is poorer; one line in two towns; no line at all
    {**EARL, "id": "e1", "street": "99 Older Rd", "city": "Tulsa", "state": "OK", "zip": "74103", "seen": "2019-01-01"},
    {**EARL, "id": "e2", "street": "1 Newer St", "city": "Salem", "seen": "2023-01-01"},
    {**FAYE, "id": "f1", "street": "5 Main St", "city": "Yuma", "state": "AZ", "zip": "85364", "seen": "2020-01-01"},
    {**FAYE, "id": "f2", "street": "5 Main St", "city": "Ames", "state": "IA", "zip": "50010", "seen": "2020-01-01"},
    # father, son, and a record that would fit both
    {**GLEN, "id": "g1", "suffix": "Sr"},
    {**GLEN, "id": "g2", "suffix": "Jr"},
    {**GLEN, "id": "g3"},
    {**HOPE, "id": "h1", "phones": "303-555-0101;303-555-0102", "job": "nurse", "seen": "2024-02-29"},
    {**HOPE, "id": "h2", "last": "Xanthopoulos", "born": "1994-04-08", "job": "nurse"},
    {
        "id": "i1",
        "first": "Ivan",
        "last": "Zollinger",
        "born": "1966-01-02",
        "city": "Yuma",
        "state": "AZ",
        "ssn": "789-01-2307",
    },
    {"id": "i2", "first": "Ivan", "last": "Zollinger", "born": "1966-01-02", "zip": "50010", "ssn": "789-01-2307"},
    {"id": "k1", "first": "Kurt", "last": "Quarles", "born": "1951-03-09", "phones": "701-555-0190;701-555-0101"},
]
ZULU = [
    {**ADAM, "id": "z1", "phones": "212-555-0009", "job": "clerk", "seen": "2023-01-01"},
    {**ADAM, "id": "z2", "job": "clerk", "seen": "2023-01-01"},
    {**DORA, "id": "z3", "seen": "2018-06-07"},
]


def csv_text(rows):
    return "\n".join([",".join(COLUMNS), *(",".join(row.get(column, "") for column in COLUMNS) for row in rows), ""])


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """The project after its first run; tests only read it."""
    folder = tmp_path_factory.mktemp("people") / "first"
    folder.mkdir()
    (folder / "alpha.csv").write_text(csv_text(ALPHA) + "broken\n", encoding="utf-8")
    (folder / "zulu.csv").write_text(csv_text(ZULU) + "broken\n", encoding="utf-8")
    head = 'version = 1\nname = "people"\nworkspace = "work"\ndefault_purpose = "test"\n'
    (folder / "project.toml").write_text(head + AUDIENCES + SOURCE.format(name="alpha") + SOURCE.format(name="zulu"))
    project = linkage.open(folder)
    project.run()
    return project


def rows(project, sql, audience="centre", **values):
    with project.release(audience) as engine:
        return engine.rows(sql, values)


def identity(project, key, audience="centre"):
    """The identity of a record."""
    return rows(project, "SELECT identity_id FROM published.identity_record WHERE key = $key", audience, key=key)[0][0]


def golden(project, key, *columns, audience="centre"):
    """Golden values of the identity of a record."""
    found = rows(
        project,
        f"SELECT {', '.join(columns)} FROM published.person JOIN published.identity_record USING (identity_id) WHERE key = $key",
        audience,
        key=key,
    )
    return found[0]


def test_tables_are_as_their_contract_says(demo):
    """Every published table has the names and types of its contract, in its order, and a key that is unique."""
    for audience in ("centre", "dea"):
        with demo.project.release(audience) as release:
            for table in PUBLISHED:
                assert list(release.columns("published", table.name).items()) == [
                    (c.name, c.type) for c in table.columns
                ], table.name
                keys = ", ".join(table.key)
                assert not release.rows(
                    f"SELECT {keys} FROM published.{table.name} GROUP BY ALL HAVING count(*) > 1"
                ), table.name


def test_tables_are_stored_in_the_order_of_their_keys(demo):
    """Reading a table as it is stored gives its rows by key, so that nothing hangs on how it was made."""
    with demo.project.release() as release:
        release.run("SET preserve_insertion_order = true")
        for table in (*PUBLISHED, *STORED):
            if table.name not in ("identity_value", "identity_record", "link_evidence"):
                keys = ", ".join(table.key)
                stored = release.rows(f"SELECT {keys} FROM published.{table.name}")
                assert stored == release.rows(f"SELECT {keys} FROM published.{table.name} ORDER BY {keys}"), table.name
        names = "entity_type, dataset, key, role"
        assert release.rows(f"SELECT {names} FROM published.stored_record ORDER BY number") == release.rows(
            f"SELECT {names} FROM published.identity_record ORDER BY {names}"
        )


def test_tables_refer_to_one_another(demo):
    """Golden values, values, relations, evidence and doubtful pairs name identities and records of the same release."""
    with demo.project.release() as release:
        for kind in ("person", "business", "account"):
            one, two = (
                release.rows(f"SELECT identity_id FROM published.{source} ORDER BY ALL")
                for source in (kind, f"identity WHERE entity_type = '{kind}'")
            )
            assert one == two
        known = "SELECT identity_id FROM published.identity"
        assert not release.value(f"SELECT count(*) FROM published.identity_value WHERE identity_id NOT IN ({known})")
        for end in ("from_identity", "to_identity"):
            assert not release.value(f"SELECT count(*) FROM published.identity_relation WHERE {end} NOT IN ({known})")
        record = "SELECT entity_type, dataset, key, role, identity_id FROM published.identity_record"
        for table, ids in (
            ("link_evidence", ("identity_id", "identity_id")),
            ("possible_match", ("identity_a", "identity_b")),
        ):
            assert release.value(f"SELECT count(*) FROM published.{table}") > 0
            for side, name in zip("ab", ids, strict=True):
                ends = f"SELECT entity_type, dataset_{side}, key_{side}, role_{side}, {name} FROM published.{table}"
                assert not release.rows(f"({ends}) EXCEPT ({record})")
        assert not release.value("SELECT count(*) FROM published.possible_match WHERE identity_a = identity_b")


def test_values_name_their_records_and_agencies(demo):
    """The records of each value are records of its identity, as many as are counted, from the agencies named."""
    with demo.project.release() as release:
        named = "SELECT identity_id, attribute, value, unnest(record_names) AS name FROM published.identity_value"
        held = "SELECT identity_id, dataset || '/' || key || '#' || role AS name, agency FROM published.identity_record"
        assert not release.rows(
            f"SELECT identity_id, name FROM ({named}) EXCEPT SELECT identity_id, name FROM ({held})"
        )
        wrong = release.rows(
            f"SELECT identity_id, attribute, value FROM published.identity_value AS value JOIN (SELECT identity_id, attribute, value, "
            f"count(*) AS number, list_sort(list(DISTINCT agency)) AS submitters FROM ({named}) JOIN ({held}) USING (identity_id, name) GROUP BY ALL"
            ") USING (identity_id, attribute, value) WHERE records <> number OR agencies <> submitters"
        )
        assert wrong == []


def test_most_agreed_values_win(people):
    """The value that most records of the audience hold is golden; an agency counts only its own view's records."""
    assert golden(people, "a1", "occupation") == ("clerk",)
    assert golden(people, "a1", "occupation", audience="dea") == ("baker",)


def test_most_recent_values_win(people):
    """A phone is taken from the latest record, however many older ones agree on another; each view has its own latest."""
    assert golden(people, "a1", "phone") == ("2125550009",)
    assert golden(people, "a1", "phone", audience="dea") == ("2125550003",)


def test_phones_told_equally_often_are_chosen_alike_in_one_record_and_in_several(people):
    """Between phones of one date the same rule decides, whether an identity has one record or two."""
    assert golden(people, "h1", "phone") == ("3035550102",)
    assert golden(people, "k1", "phone") == ("7015550190",)


def test_most_complete_values_win(people):
    """The fullest name is golden, and its parts come from the record that bears it."""
    assert golden(people, "a1", "name", "given_name", "middle_name", "surname") == (
        "Adam Benedict Quillfeather",
        "adam",
        "benedict",
        "quillfeather",
    )
    assert golden(people, "h1", "name", "given_name", "surname") == ("Hope Xanthopoulos", "hope", "xanthopoulos")


def test_ties_are_settled_by_date_length_and_value(people):
    """Values held by equally many records: the later, then the longer, then the larger one wins."""
    assert golden(people, "b1", "occupation") == ("cook",)
    assert golden(people, "c1", "occupation") == ("driver",)
    assert golden(people, "d1", "occupation") == ("baker",)


def test_parts_of_two_addresses_are_never_mixed(people):
    """City, region and postcode come from one record with the golden address, even where two towns have the same line."""
    place = ("address", "city", "region", "postcode")
    assert golden(people, "e1", *place) == ("1 Newer St", "salem", None, None)
    assert golden(people, "f1", *place) in {("5 Main St", "yuma", "az", "85364"), ("5 Main St", "ames", "ia", "50010")}
    assert golden(people, "i1", *place)[1:] in {("yuma", "az", None), (None, None, "50010")}


def test_every_other_value_is_kept_with_its_records(people):
    """All values of an identity are in identity_value with their records, agencies and dates."""
    found = rows(
        people,
        "SELECT value, records, record_names, agencies, first_seen, last_seen FROM published.identity_value "
        "WHERE identity_id = $id AND attribute = 'phone' ORDER BY value",
        id=identity(people, "a1"),
    )
    day = dt.date
    assert found == [
        ("2125550001", 2, ["alpha/a1#subject", "alpha/a2#subject"], ["alpha"], day(2020, 1, 1), day(2021, 1, 1)),
        ("2125550002", 1, ["alpha/a2#subject"], ["alpha"], day(2020, 1, 1), day(2020, 1, 1)),
        ("2125550003", 1, ["alpha/a3#subject"], ["alpha"], day(2022, 3, 4), day(2022, 3, 4)),
        ("2125550009", 1, ["zulu/z1#subject"], ["zulu"], day(2023, 1, 1), day(2023, 1, 1)),
    ]
    names = "SELECT value, records FROM published.identity_value WHERE identity_id = $id AND attribute = 'name' ORDER BY value"
    assert rows(people, names, id=identity(people, "a1")) == [
        ("Adam Benedict Quillfeather", 1),
        ("Adam Quilfeather", 1),
        ("Adam Quillfeather", 3),
    ]


def test_a_view_serves_the_values_of_single_records(people):
    """The values of an identity of one record are there too, though they are not stored twice."""
    single = identity(people, "g1")
    assert rows(people, "SELECT count(*) FROM published.stored_value WHERE identity_id = $id", id=single) == [(0,)]
    found = rows(
        people,
        "SELECT attribute, value, records, record_names, agencies FROM published.identity_value WHERE identity_id = $id ORDER BY attribute",
        id=single,
    )
    assert {row[:2] for row in found} >= {("name", "Glen Wetherby Sr"), ("address", "12 Juniper Ct")}
    assert {tuple(map(str, rest)) for _, _, *rest in found} == {("1", "['alpha/g1#subject']", "['alpha']")}


def test_identities_tell_size_sources_dates_and_weakest_link(people):
    """An identity counts its records, datasets and agencies, its dates, and how sure its loosest record is."""
    columns = "records, datasets, agencies, first_seen, last_seen, confidence"
    day = dt.date
    query = f"SELECT {columns}, weakest_link FROM published.identity WHERE identity_id = $id"
    *told, weakest = rows(people, query, id=identity(people, "a1"))[0]
    assert told == [5, 2, ["alpha", "zulu"], day(2020, 1, 1), day(2023, 1, 1), "high"]
    pairs = rows(
        people,
        "SELECT key_a, key_b, weight FROM published.link_evidence WHERE identity_id = $id",
        id=identity(people, "a1"),
    )
    assert len(pairs) == 10
    means = [sum(weight for *ends, weight in pairs if key in ends) / 4 for key in ("a1", "a2", "a3", "z1", "z2")]
    assert weakest == pytest.approx(min(means))
    assert rows(people, query, id=identity(people, "g1"))[0][5:] == ("certain", None)
    *_, confidence, weakest = rows(people, query, id=identity(people, "h1"))[0]
    assert confidence == "medium"
    assert weakest < 10


def test_evidence_tells_the_level_of_each_comparison(people):
    """A pair inside an identity has its weight and levels in words; comparisons that tell nothing are left out."""
    query = "SELECT levels, weight FROM published.link_evidence WHERE key_a = $a AND key_b = $b"
    levels, weight = rows(people, query, a="a1", b="a2")[0]
    assert levels == "given_name=exact;surname=near;birth_date=exact;ssn=exact;phone=shared;occupation=different"
    assert weight > rows(people, query, a="a1", b="a3")[0][1]
    ordered = "SELECT count(*) FROM published.link_evidence WHERE row(dataset_a, key_a, role_a) >= row(dataset_b, key_b, role_b)"
    assert rows(people, ordered) == [(0,)]


def test_doubtful_pairs_tell_their_reason(people):
    """Pairs kept apart say why: a hard conflict above the threshold is apart, a record that fits two identities is ambiguous."""
    found = rows(
        people, "SELECT key_a, key_b, reason, weight FROM published.possible_match WHERE key_a LIKE 'g%' ORDER BY ALL"
    )
    assert [row[:3] for row in found] == [("g1", "g2", "apart"), ("g1", "g3", "ambiguous"), ("g2", "g3", "ambiguous")]
    assert len({identity(people, key) for key in ("g1", "g2", "g3")}) == 3
    assert rows(people, "SELECT key FROM published.identity_record WHERE ambiguous") == [("g3",)]


def test_the_review_band_lies_below_the_match_threshold(demo):
    """Pairs of different identities in the review band weigh less than the match threshold, and at least the review threshold."""
    thresholds = demo.project.loaded.entities["person"].thresholds
    with demo.project.release() as release:
        low, high, pairs = release.rows(
            "SELECT min(weight), max(weight), count(*) FROM published.possible_match WHERE reason = 'review band' AND entity_type = 'person'"
        )[0]
        apart = release.value(
            "SELECT min(weight) FROM published.possible_match WHERE reason = 'apart' AND entity_type = 'person'"
        )
    assert pairs > 0
    assert thresholds.review <= low <= high < thresholds.match <= apart


def test_rejected_rows_go_to_the_centre_and_their_submitter(people):
    """The centre gets every rejected row, an agency its own only, with line, reason and raw text."""
    query = "SELECT dataset, agency, delivery, file, line, reason, raw FROM published.rejected_record ORDER BY ALL"
    own = ("alpha", "alpha", 1, "alpha.csv", len(ALPHA) + 2, "too few columns", "broken")
    other = ("zulu", "zulu", 1, "zulu.csv", len(ZULU) + 2, "too few columns", "broken")
    assert rows(people, query) == [own, other]
    assert rows(people, query, "dea") == [own]


def test_release_info_tells_what_the_release_is(people):
    """A release says for whom and which it is, the contract's version, and the models and counts of each type."""
    told = dict(rows(people, "FROM published.release_info", "dea"))
    assert (told["audience"], told["sequence"], told["contract_version"]) == ("dea", "1", str(CONTRACT_VERSION))
    assert int(told["person.records"]) == len(ALPHA)
    workspace = Workspace(people.loaded.workspace)
    assert (workspace.models / "person" / told["person.model"] / "model.json").is_file()
    assert "nverified" in told["note"]


@pytest.fixture(scope="module")
def judged(people, copy_and_run):
    """The project after a second run under judgements, some made in the centre's view, some in the agency's."""

    def judge(folder):
        with Ledger(folder / "work" / "ledger.sqlite") as ledger:
            for a, b, verdict, sight in (
                ("b1", "b2", "non-match", "centre"),
                ("c1", "c2", "non-match", "dea"),
                ("g1", "g3", "match", "centre"),
                ("e1", "f1", "match", "dea"),
                ("d1", "z3", "unsure", "centre"),
                ("b1", "gone", "match", "centre"),
            ):
                records = [("zulu" if key.startswith("z") else "alpha", key, "subject") for key in (a, b)]
                ledger.judge(Judgement("person", *records, verdict, "steward", "seen the files", sight), "2026-01-01")

    return copy_and_run(people.loaded.folder, "judged", judge).project


def test_a_non_match_splits_a_pair(people, judged):
    """Records judged to be two persons are in two identities from the next run on, and the split is told."""
    assert identity(people, "b1") == identity(people, "b2")
    assert identity(judged, "b1") != identity(judged, "b2")
    assert {identity(judged, "b1"), identity(judged, "b2")} >= {identity(people, "b1")}
    events = rows(
        judged,
        "SELECT event FROM published.identity_event WHERE identity_id = $b1 OR identity_id = $b2 ORDER BY ALL",
        b1=identity(judged, "b1"),
        b2=identity(judged, "b2"),
    )
    assert events == [("shrank",), ("split",)]


def test_a_match_joins_a_pair(people, judged):
    """Records judged to be one person are in one identity, though clustering alone left them apart or never compared them."""
    assert identity(people, "g1") != identity(people, "g3")
    assert identity(judged, "g1") == identity(judged, "g3") != identity(judged, "g2")
    assert identity(people, "e1") != identity(people, "f1")
    assert identity(judged, "e1") == identity(judged, "f1")


def test_an_agency_applies_only_judgements_of_its_own_view(judged):
    """The centre applies all judgements; an agency those made in its view, since others may rest on what it must not see."""
    assert identity(judged, "b1", "dea") == identity(judged, "b2", "dea")
    assert identity(judged, "g1", "dea") != identity(judged, "g3", "dea")
    for audience in ("centre", "dea"):
        assert identity(judged, "c1", audience) != identity(judged, "c2", audience)
        assert identity(judged, "e1", audience) == identity(judged, "f1", audience)


def test_unsure_and_waiting_judgements_change_nothing(people, judged):
    """A judgement that is unsure, or names a record that is not there, leaves identities as they are."""
    assert identity(judged, "d1") == identity(judged, "z3") == identity(people, "d1")
    assert rows(judged, "SELECT count(*) FROM published.identity_record") == rows(
        people, "SELECT count(*) FROM published.identity_record"
    )


def test_a_broken_release_is_refused_by_the_audit(make_project, accounts, monkeypatch):
    """A release whose crosswalk lost a record is refused by name, and nothing is published."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="c")})
    honest = publishing.write

    def losing(run, audience, name, query, *values, **named):
        lost = f"SELECT * FROM ({query}) WHERE key <> 'a'" if name == "stored_record" else query
        honest(run, audience, name, lost, *values, **named)

    monkeypatch.setattr(publishing, "write", losing)
    with pytest.raises(AuditError, match="records are missing from the crosswalk"):
        project.run()
    assert not (project.loaded.workspace / "releases").exists() or not list(
        (project.loaded.workspace / "releases").rglob("*.duckdb")
    )
