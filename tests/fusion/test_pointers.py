"""Overlaps, deconfliction, leads and profiles in the view of an agency that is pointed to records which it may not see."""

from __future__ import annotations

import json
import shutil

import pytest

import linkage
from linkage.casework.deconflict import deconflict
from linkage.casework.leads import leads
from linkage.casework.overlaps import notify, overlaps
from linkage.casework.profile import profile
from linkage.pages.profile import profile_page
from linkage.store.workspace import Workspace
from tests.conftest import NOW
from tests.fusion.conftest import COLUMNS, HEAD, ROWS, SOURCE

# DEA and FBI see each other in full and are pointed to ICE, whose records train nothing, so that models are the same without them.
AGREED = """
version = 1
[agencies.ICE]
contact = "ICE desk, +1 202 555 0103"
[datasets.ice]
train_use = false
[agreements.pool]
parties = ["DEA", "FBI", "ICE"]
datasets = ["dea", "fbi", "ice"]
from = 2020-01-01
shares = [
    { with = ["DEA", "FBI"], level = "full", datasets = ["dea", "fbi"] },
    { with = ["DEA", "FBI"], level = "pointer", datasets = ["ice"] },
]
"""
CALL = {"agency": "ICE", "call": "ICE desk, +1 202 555 0103"}
ANN = {"given_name": "Ann", "surname": "Archer", "birth_date": "1980-02-03", "ssn": "212345678"}
ACCOUNT = {"number": "1000000001", "institution": "021000021"}
BESIDE = dict.fromkeys(("pointers", "pointed", "pointed_count"))
"""What answers tell of pointers."""
UNTOLD = ("I-1", "I-5", "SA Ives", "Helena", "Hathaway", "Oakridge", "445678912", "ice/")
"""What only ICE's records tell: cases, an agent, names, a number, and the names of the records."""


@pytest.fixture(scope="module")
def towns(tmp_path_factory):
    """The town under agreements, and the same town in which ICE holds nothing; both with one secret."""
    folder = tmp_path_factory.mktemp("pointed") / "with"
    folder.mkdir()
    sections = "".join(SOURCE.format(name=name, agency=name.upper()) for name in ROWS)
    head = HEAD.replace("[fusion]", 'agreements = "agreed.toml"\n[fusion]').replace('hidden = ["ice"]\n', "")
    (folder / "project.toml").write_text(head + sections, encoding="utf-8")
    (folder / "agreed.toml").write_text(AGREED, encoding="utf-8")
    for name, rows in ROWS.items():
        (folder / f"{name}.csv").write_text(f"{COLUMNS}\n{rows.strip()}\n", encoding="utf-8")
    Workspace(linkage.open(folder).loaded.workspace).prepare()
    other = folder.with_name("without")
    shutil.copytree(folder, other)
    (other / "ice.csv").write_text(f"{COLUMNS}\n", encoding="utf-8")
    made = []
    for place in (folder, other):
        project = linkage.open(place)
        project.run(now=NOW, learn=False)
        made.append(project)
    return tuple(made)


@pytest.fixture
def pointed(towns):
    """The town with ICE's records."""
    return towns[0]


def identity(project, name, audience="dea"):
    """The identity of a record in an audience's view."""
    dataset, _, key = name.partition("/")
    with project.release(audience) as release:
        return release.value(
            "SELECT identity_id FROM published.identity_record WHERE dataset = $dataset AND key = $key AND role <> 'firm' ORDER BY role LIMIT 1",
            {"dataset": dataset, "key": key},
        )


def answers(project, folder, audience="dea", agency="DEA"):
    """Every answer of the desk in an agency's view, as JSON by name; the page of a profile among them."""
    person, account = identity(project, "dea/ann", audience), identity(project, "dea/gus", audience)
    told = {
        "overlaps": overlaps(project, audience=audience),
        "leads": leads(project, audience=audience),
        "person": profile(project, person, agency=agency),
        "account": profile(project, account, agency=agency),
        "ask person": deconflict(project, "person", ANN, agency=agency),
        "ask account": deconflict(project, "account", ACCOUNT, agency=agency),
        "ask phone": deconflict(project, "phone", {"phone": "2175551700"}, agency=agency),
        "ask address": deconflict(project, "address", {"address": "77 Dock Rd, Reno, NV 89502"}, agency=agency),
    }
    told["page"] = profile_page(told["person"])
    file = folder / f"{audience}.jsonl"
    notify(project, file, audience=audience)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    told["notices"] = json.dumps([line for line in lines if "pointer" not in line])
    told["pointer notices"] = json.dumps([line for line in lines if "pointer" in line])
    told["again"] = notify(project, file.with_name(f"{audience}-again.jsonl"), audience=audience)["notices"]
    return told


@pytest.fixture(scope="module")
def answered(towns, tmp_path_factory):
    """All answers to DEA, with ICE's records and without."""
    found = []
    for place, project in enumerate(towns):
        folder = tmp_path_factory.mktemp(f"answers{place}")
        found.append(answers(project, folder))
    return found


def test_a_pointer_stands_beside_overlap_profile_and_answer(pointed, answered):
    """The agency learns of each subject that ICE has an interest and whom to call there: of the overlap, the profile and the question alike."""
    told = answered[0]
    ann, gus = identity(pointed, "dea/ann"), identity(pointed, "dea/gus")
    assert {"identity_id": ann, **CALL} in told["overlaps"]["pointers"]
    for name, one in (("person", ann), ("account", gus), ("ask person", ann), ("ask account", gus)):
        assert told[name]["pointers"] == [{"identity_id": one, **CALL}], name
    overlap = next(row for row in told["overlaps"]["overlaps"] if row["identities"] == [ann])
    assert (overlap["agencies"], overlap["cases"]) == (["DEA", "FBI"], ["DEA D-1", "FBI F-1"])
    assert [other["agency"] for other in told["ask person"]["hits"][0]["others"]] == ["FBI"]
    assert (told["ask account"]["hits"][0]["own_cases"], told["ask account"]["hits"][0]["others"]) == (["D-5"], [])
    assert "ICE desk" in told["page"]
    centre = {tuple(row["agencies"]) for row in overlaps(pointed)["overlaps"] if row["subject"] == "account"}
    assert ("DEA", "ICE") in centre


def test_pointers_into_open_cases_are_noticed_once(pointed, answered):
    """An agency gets a notice of each pointer into its open cases: for whom, which of their cases, whom to call; and gets it once."""
    told = answered[0]
    ann, gus = identity(pointed, "dea/ann"), identity(pointed, "dea/gus")
    assert sorted((one["identity_id"], one["cases"], one["noticed"]) for one in told["overlaps"]["pointed"]) == sorted(
        [(ann, ["D-1"], False), (gus, ["D-5"], False)]
    )
    notices = {one["pointer"]: one for one in json.loads(told["pointer notices"])}
    assert notices.keys() == {ann, gus}
    assert (notices[ann]["for"], notices[ann]["your_cases"]) == (["SA Dale"], ["D-1"])
    assert notices[gus]["call"] == ["ICE: ICE desk, +1 202 555 0103"]
    assert told["again"] == 0
    assert all(one["noticed"] for one in overlaps(pointed, audience="dea")["pointed"])
    assert answered[1]["pointer notices"] == "[]"


def test_a_pointer_tells_nothing_else(answered):
    """No case, agent, name, number or record of ICE is in any answer, page or notice."""
    for name, told in answered[0].items():
        text = told if isinstance(told, str) else json.dumps(told, default=str)
        assert [word for word in UNTOLD if word in text] == [], name


def test_without_pointers_the_answers_are_the_same(answered):
    """But for its pointers each answer is the one that the agency would get if ICE held nothing, byte for byte: overlaps, leads, scores, ids, order."""
    with_ice, without = answered
    for name in with_ice:
        if name in {"page", "pointer notices"}:
            continue
        one, two = (
            json.dumps({**told[name], **BESIDE}, default=str) if isinstance(told[name], dict) else told[name]
            for told in (with_ice, without)
        )
        assert one == two, name
    assert without["overlaps"]["pointers"] == without["person"]["pointers"] == []
    assert with_ice["leads"]["leads"]
