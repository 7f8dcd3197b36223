"""Overlaps, deconfliction, leads and profiles as an agency asks for them, and what becomes of them."""

from __future__ import annotations

import json
import shutil

import pytest

import linkage
from linkage.casework.deconflict import deconflict
from linkage.casework.leads import leads
from linkage.casework.leads import move as move_lead
from linkage.casework.overlaps import move, notify, overlaps
from linkage.casework.profile import profile
from linkage.errors import RequestError
from linkage.pages.profile import profile_page
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import NOW


@pytest.fixture
def copied(town, tmp_path):
    """The town as a project of its own, whose ledger a test may write."""
    folder = tmp_path / "town"
    shutil.copytree(town.folder, folder)
    return linkage.open(folder)


def of(found, subject, strength="certain"):
    """The overlap of a subject; of persons Ann's."""
    return next(
        row
        for row in found["overlaps"]
        if (row["subject"], row["strength"]) == (subject, strength)
        and (subject != "person" or "DEA D-1" in row["cases"])
    )


def test_overlaps_keep_their_status(copied, tmp_path):
    """A notice, an acknowledgement and a closing are told at once and by the next release, and a further agency makes an overlap new."""
    first = overlaps(copied, audience="dea")
    person, account = of(first, "person"), of(first, "account")
    told = notify(copied, tmp_path / "notices.jsonl", audience="dea")
    assert told["notices"] == 5
    lines = [json.loads(line) for line in (tmp_path / "notices.jsonl").read_text().splitlines()]
    notice = next(line for line in lines if line["overlap_id"] == person["overlap_id"])
    assert (notice["for"], notice["your_cases"], notice["call"]) == (["SA Dale"], ["D-1"], ["FBI: SA Frost"])
    assert "F-1" not in json.dumps(lines)
    assert move(copied, [account["overlap_id"]], "closed", why="one team now", audience="dea") == [
        account["overlap_id"]
    ]
    now = overlaps(copied, audience="dea")
    assert now["counts"] == {"new": 0, "notified": 4, "acknowledged": 0, "closed": 1}
    assert of(now, "person")["last_change"]["why"] == "notice to DEA"
    assert overlaps(copied, audience="centre")["counts"]["new"] == 6
    ice = copied.loaded.folder / "ice.csv"
    ice.write_text(ice.read_text().replace("I-1,C,", "I-1,A,"), encoding="utf-8")
    copied.run(now=NOW)
    again = overlaps(copied, audience="dea")
    assert of(again, "person")["status"] == "new"
    assert of(again, "person")["agencies"] == ["DEA", "FBI", "ICE"]
    with copied.release("dea") as release:
        told = release.rows(
            "SELECT subject, status FROM published.deconfliction_overlap WHERE strength = 'certain' ORDER BY ALL"
        )
    assert told == [
        ("account", "closed"),
        ("address", "notified"),
        ("person", "new"),
        ("person", "notified"),
        ("phone", "notified"),
    ]


def test_changes_are_refused_without_reason_or_overlap(copied, tmp_path):
    """A change needs a reason and an id of the audience's own; notices are for agencies, into a new file."""
    found = of(overlaps(copied, audience="dea"), "person")["overlap_id"]
    with pytest.raises(RequestError, match="--why"):
        move(copied, [found], "closed", why=" ", audience="dea")
    with pytest.raises(RequestError, match="no overlap"):
        move(copied, [found], "closed", why="tried", audience="centre")
    with pytest.raises(RequestError, match="no agency"):
        notify(copied, tmp_path / "n.jsonl", audience="centre")
    with pytest.raises(RequestError, match="no status"):
        overlaps(copied, status="gone")


def test_check_before_you_act(town):
    """A subject is answered with the agencies that have an open case and whom to call, and the look is written with its purpose."""
    asked = {"given_name": "Ann", "surname": "Archer", "birth_date": "1980-02-03", "ssn": "212345678"}
    found = deconflict(town.project, "person", asked, agency="DEA", purpose="raid")
    hit = found["hits"][0]
    assert (hit["strength"], hit["own_cases"]) == ("certain", ["D-1"])
    assert hit["others"] == [{"agency": "FBI", "call": ["SA Frost"]}]
    phone = deconflict(town.project, "phone", {"phone": "(217) 555-1200"}, agency="DEA")
    assert [(hit["others"], hit["own_cases"]) for hit in phone["hits"] if hit["others"]] == [
        ([{"agency": "FBI", "call": ["SA Frost"]}], [])
    ]
    assert deconflict(town.project, "phone", {"phone": "217 555 1400"}, agency="DEA")["hits"] == []
    with Ledger(Workspace(town.project.loaded.workspace).ledger) as ledger:
        look = next(look for look in ledger.looks() if look.action == "deconflict")
    assert (look.audience, look.purpose, look.objects) == ("dea", "raid", ("person", hit["identity_id"]))


def test_a_hidden_record_answers_nothing(town):
    """Who asks about a subject of a hidden dataset alone gets the answer of one that nobody knows, byte for byte."""
    hidden = {"given_name": "Helena", "surname": "Hathaway", "birth_date": "1977-12-25"}
    unknown = {"given_name": "Wanda", "surname": "Wohlgemuth", "birth_date": "1961-01-02"}
    firm, nobody = (
        {"name": "Oakridge Dental Corp", "tax_id": "445678912"},
        {"name": "Umbra Tiling Corp", "tax_id": "446678913"},
    )
    for subject, asked in (
        ("person", (hidden, unknown)),
        ("business", (firm, nobody)),
        ("address", tuple({"address": f"{number} Dock Rd, Reno, NV 89502"} for number in (77, 78))),
        ("phone", ({"phone": "2175551700"}, {"phone": "2175551701"})),
    ):
        answers = [deconflict(town.project, subject, one, agency="FBI") for one in asked]
        assert json.dumps(answers[0]) == json.dumps(answers[1])
        hits = deconflict(town.project, subject, asked[0], agency="DEA")["hits"]
        assert [other["agency"] for hit in hits for other in hit["others"]] == (
            [] if subject == "business" else ["ICE"]
        )
        assert deconflict(town.project, subject, asked[1], agency="DEA")["hits"] == []


def test_an_address_is_a_subject(town):
    """An address alone is answered with who has an open case on its holders, however it is written; another house, unit or town is not it."""
    for written in ("12 Main St, Springfield, IL 62701", "12 MAIN STREET SPRINGFIELD IL 62701-0042"):
        found = deconflict(town.project, "address", {"address": written}, agency="DEA", purpose="raid")
        hits = sorted((hit["own_cases"], hit["others"], hit["strength"], hit["probability"]) for hit in found["hits"])
        assert hits == [
            ([], [{"agency": "FBI", "call": ["SA Frost"]}], "certain", None),
            (["D-3"], [], "certain", None),
        ]
    for other in (
        "112 Main St, Springfield, IL 62701",
        "12 Main St Apt 4, Springfield, IL 62701",
        "12 Main St, Peoria, IL 61602",
    ):
        assert deconflict(town.project, "address", {"address": other}, agency="DEA")["hits"] == []
    with Ledger(Workspace(town.project.loaded.workspace).ledger) as ledger:
        look = next(look for look in ledger.looks() if (look.purpose, look.objects[0]) == ("raid", "address"))
    assert (look.action, len(look.objects)) == ("deconflict", 3)


def test_an_address_that_many_hold_answers_nothing(town):
    """An address of more identities than fusion.shared_by answers like one that nobody holds: it tells nothing of either."""
    settings = town.project.loaded.settings
    few = settings.model_copy(update={"fusion": settings.fusion.model_copy(update={"shared_by": 2})})
    project = linkage.open(town.folder)
    project.loaded.settings = few
    shell = {"address": "12 Main St, Springfield, IL 62701"}
    assert len(deconflict(town.project, "address", shell, agency="DEA")["hits"]) == 2
    assert deconflict(project, "address", shell, agency="DEA")["hits"] == []


def test_questions_are_refused_clearly(town):
    """An unknown agency, one without a view of its own, and a number or an address that is none get one sentence each."""
    with pytest.raises(RequestError, match="address cannot be read"):
        deconflict(town.project, "address", {"address": "Springfield"}, agency="DEA")
    for agency, told in (("XYZ", "no agency"), ("ICE", "no audience")):
        with pytest.raises(RequestError, match=told):
            deconflict(town.project, "phone", {"phone": "2175551200"}, agency=agency)
    with pytest.raises(RequestError, match="cannot be read"):
        deconflict(town.project, "phone", {"phone": "12"}, agency="DEA")


def test_leads_are_assigned_and_closed(copied):
    """Who looks at a lead and that it is closed is told at once and by the next release; the list starts with the highest score."""
    found = leads(copied)
    scores = [lead["score"] for lead in found["leads"]]
    assert scores == sorted(scores, reverse=True)
    assert {rule["rule"]: rule["leads"] for rule in found["rules"]}["one_ssn"] == 2
    one, two = (lead["lead_id"] for lead in found["leads"][:2])
    move_lead(copied, [one], "assigned", why="her area", assignee="Lee")
    move_lead(copied, [two], "closed", why="known")
    now = {lead["lead_id"]: lead for lead in leads(copied)["leads"]}
    assert (now[one]["status"], now[one]["assignee"], two in now) == ("assigned", "Lee", False)
    copied.run(now=NOW)
    with copied.release() as release:
        told = release.rows(
            "SELECT status, assignee FROM published.lead WHERE lead_id IN ($a, $b) ORDER BY 1", {"a": one, "b": two}
        )
    assert told == [("assigned", "Lee"), ("closed", None)]
    with pytest.raises(RequestError, match="no rule"):
        leads(copied, rule="hunch")


def test_profile(town):
    """A profile tells values with their sources, cases, ties, overlaps, leads and a timeline of what its reader may see."""
    names = {name: identity for identity, name in town.names("dea").items()}
    found = profile(town.project, names["carla"], agency="DEA", purpose="briefing")
    assert (found["name"], found["for"], found["audience"]) == ("Carla Cruzado", "DEA", "dea")
    phone = next(value for value in found["values"] if value["attribute"] == "phone")
    assert (phone["value"], phone["record_names"], phone["agencies"]) == ("2175551200", ["dea/carla#person"], ["DEA"])
    assert sorted((tie["name"], tie["kind"]) for tie in found["ties"]) == [
        ("Dmitri Dolgorukov", "shared_phone"),
        ("Edith Polielridge", "shared_address"),
        ("Fiona Fitzwilliam", "shared_address"),
    ]
    assert [case["case_number"] for case in found["cases"]] == ["D-3"]
    assert sorted(overlap["subject"] for overlap in found["overlaps"]) == ["address", "phone"]
    assert {lead["rule"] for lead in found["leads"]} == {"targets_share", "ties_targets"}
    assert ("in a case", "D-3 (no status)") in [(event["what"], event["told"]) for event in found["timeline"]]
    page = profile_page(found)
    for text in (
        "Target profile: Carla Cruzado",
        "SA Dale",
        "Unverified",
        "dea/carla#person",
        "Dmitri Dolgorukov",
        "briefing",
    ):
        assert text in page
    assert "<script" not in page


def test_a_profile_is_of_the_readers_view(town):
    """For another agency the same person has another id, and what is hidden from it is not told."""
    record = profile(town.project, "fbi/ann", agency="FBI")
    assert sorted({case["agency"] for case in record["cases"]}) == ["DEA", "FBI"]
    assert record["ties"] == []
    centre = profile(town.project, "fbi/ann", agency="centre")
    assert sorted({case["agency"] for case in centre["cases"]}) == ["DEA", "FBI", "ICE"]
    assert centre["identity_id"] != record["identity_id"]
    with pytest.raises(RequestError, match="no identity"):
        profile(town.project, centre["identity_id"], agency="FBI")
