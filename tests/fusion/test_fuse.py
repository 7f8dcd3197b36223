"""What a release tells of relations, cases, overlaps and leads: literal rows of a small town."""

from __future__ import annotations


def test_disclosed_relations(town):
    """Each relation that a row discloses is told with its kind, agency and date."""
    rows = town.rows("identity_relation", "kind, from_identity, to_identity, records, agencies, basis, value")
    assert [row for row in rows if row[5] == "disclosed"] == [
        ("holder", "gus", "gus#account", 1, ["DEA"], "disclosed", None),
        ("holder", "helena", "gus#account", 1, ["ICE"], "disclosed", None),
        ("officer", "ann", "ann#firm", 1, ["ICE"], "disclosed", None),
    ]


def test_derived_relations(town):
    """Two who hold one phone, address or account are related by it, with both agencies; a phone of five ties nobody."""
    rows = town.rows(
        "identity_relation", "kind, value, [from_identity, to_identity], records, agencies, last_seen::VARCHAR"
    )
    derived = [row for row in rows if row[0].startswith("shared_")]
    assert [row[2] for row in derived if row[0] == "shared_account"] == [["gus", "helena"]]
    assert [row for row in derived if row[0] == "shared_phone" and row[1] == "2175551200"] == [
        ("shared_phone", "2175551200", ["carla", "dmitri"], 2, ["DEA", "FBI"], "2024-03-03")
    ]
    addresses = [row[2] for row in derived if row[0] == "shared_address" and "main" in row[1]]
    assert sorted(addresses) == [["carla", "edith"], ["carla", "fiona"], ["edith", "fiona"]]
    assert not [row for row in derived if row[1] == "2175551400"]


def test_cases(town):
    """A case is open without a status or with an unknown one, and closed by the usual words; each has its contact."""
    rows = town.rows("identity_case", "identity_id, agency, case_number, status, is_open, contacts, records")
    told = {(row[0], row[1]): row[2:] for row in rows}
    assert told["ann", "DEA"] == ("D-1", "OPEN", True, ["SA Dale"], 1)
    assert told["carla", "DEA"] == ("D-3", None, True, ["SA Dale"], 1)
    assert told["helena", "ICE"] == ("I-5", "A", True, ["SA Ives"], 1)
    assert told["bob", "FBI"] == ("F-2", "Closed", False, ["SA Frost"], 1)
    assert told["ann", "ICE"] == ("I-1", "C", False, ["SA Ives"], 1)
    assert ("edith", "DEA") not in told


def test_overlaps(town):
    """Overlaps are told of a person, an account and a phone; one that rests on a possible match says so; generic and closed ones are none."""
    rows = town.rows(
        "deconfliction_overlap",
        "subject, identities, kind, value, agencies, cases, strength, first_seen::VARCHAR, status",
    )
    assert rows == [
        ("account", ["gus#account"], "investigative data", None, ["DEA", "ICE"], ["DEA D-5", "ICE I-5"], "certain", "2024-05-05", "new"),
        ("address", ["carla", "fiona"], "investigative data", "12 main st 62701", ["DEA", "FBI"], ["DEA D-3", "FBI F-4"], "certain", "2024-03-04", "new"),
        ("person", ["ann"], "target", None, ["DEA", "FBI"], ["DEA D-1", "FBI F-1"], "certain", "2024-03-01", "new"),
        ("person", ["mona", "mona"], "target", None, ["DEA", "FBI"], ["DEA D-6", "FBI F-6"], "possible", "2024-03-06", "new"),
        ("phone", ["carla", "dmitri"], "investigative data", "2175551200", ["DEA", "FBI"], ["DEA D-3", "FBI F-3"], "certain", "2024-03-03", "new"),
        ("phone", ["mona", "mona"], "investigative data", "2175551301", ["DEA", "FBI"], ["DEA D-6", "FBI F-6"], "certain", "2024-03-06", "new"),
    ]  # fmt: skip
    contacts = town.rows("deconfliction_overlap", "identities, contacts, weight > 0, confidence")
    assert (["ann"], ["DEA: SA Dale", "FBI: SA Frost"], None, "high") in contacts
    assert (["mona", "mona"], ["DEA: SA Dunn", "FBI: SA Frost"], True, "certain") in contacts


def test_an_audience_has_its_own_overlaps(town):
    """Where ICE is hidden there is neither the overlap on the account nor anything else of it; Mona, whom the centre's steward parted, is one."""
    subjects = [row[0] for row in town.rows("deconfliction_overlap", "subject", "fbi")]
    assert subjects == ["address", "person", "person", "phone"]
    assert [
        row for row in town.rows("identity_relation", "kind", "fbi") if row[0] in ("officer", "shared_account")
    ] == []


def test_leads(town):
    """Each rule finds what was put there for it, with its score; people who may be one score less."""
    rows = town.rows("lead", "rule, identities, targets, score, shared, agencies")
    assert rows == [
        ("new_at_shell", ["new#firm"], ["old1#firm"], 50, ["shared address 9 shell rd 89501"], ["DEA"]),
        ("one_ssn", ["mona", "mona"], [], 35, ["ssn 214567891"], ["DEA", "FBI"]),
        ("one_ssn", ["owen", "pavel"], [], 55, ["ssn 215678912"], []),
        ("several_ssns", ["lena1"], [], 35, ["ssn 216789123", "ssn 297651234"], []),
        ("several_ssns", ["vera", "vera"], [], 25, ["ssn 217891234", "ssn 298763451"], []),
        ("targets_share", ["carla", "dmitri"], [], 45, ["shared phone 2175551200"], ["DEA", "FBI"]),
        ("targets_share", ["carla", "fiona"], [], 40, ["shared address 12 main st 62701"], ["DEA", "FBI"]),
        ("targets_share", ["gus", "helena"], [], 55, [f"shared account {account(town)}"], ["DEA", "ICE"]),
        ("targets_share", ["mona", "mona"], [], 15, ["shared phone 2175551301"], ["DEA", "FBI"]),
        ("ties_targets", ["edith"], ["carla", "fiona"], 50, ["shared address 12 main st 62701"], ["DEA", "FBI"]),
    ]  # fmt: skip


def account(town):
    """The id of the one account."""
    with town.project.release() as release:
        return release.value("SELECT identity_id FROM published.account")


def test_leads_are_told_in_words(town):
    """A lead has a sentence with the names and says that it is unverified."""
    with town.project.release() as release:
        told = dict(
            release.rows(
                "SELECT score || rule, sentence FROM published.lead WHERE rule IN ('ties_targets', 'targets_share', 'several_ssns')"
            )
        )
        notices = release.rows("SELECT DISTINCT notice, status, assignee FROM published.lead")
    assert told["50ties_targets"] == "Edith Polielridge is in no case and tied to 2 subjects of open cases."
    assert told["45targets_share"].endswith("are subjects of open cases of different agencies and share a phone.")
    assert {"Carla Cruzado", "Dmitri Dolgorukov"} == set(told["45targets_share"].split(" are ")[0].split(" and "))
    assert told["25several_ssns"].startswith("Vera Valtonen and Vera Valtonen have one name and birth date and share a")
    assert notices == [("unverified: confirm with the record's owner", "new", None)]
