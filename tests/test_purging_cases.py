"""Purge beyond persons: businesses, accounts, cases, contacts, relations and what people wrote about them are found before, and nowhere after."""

from __future__ import annotations

import shutil

import pytest

import linkage
from linkage import purging
from linkage.casework import leads as lead_desk
from linkage.casework import overlaps as overlap_desk
from linkage.casework.deconflict import deconflict
from linkage.errors import LinkageError
from linkage.judging import record as judging
from linkage.sharing.audit import verify
from linkage.store.ledger import Ledger
from tests.conftest import NOW
from tests.fusion.conftest import COLUMNS, HEAD, ROWS, SOURCE
from tests.test_purging import found_in

# What only the planted rows tell. Two agencies hold them, so that there are overlaps, leads and counted values of them.
NAMES = {"dea": "QX77001", "fbi": "QX77002"}
PLANTED = {
    "person": ["Zebulonia", "Quixworth", "213117777", "2175557341", "4711 Quagmire", "quagmire"],
    "business": ["Xylotome", "xylotome", "478912345"],
    "account": ["70070070017"],
    "case": ["CASE-77QX", "BUREAU-88QX"],
    "contact": ["Yggdrasil", "Wolverhampt"],
    "key": list(NAMES.values()),
    "reason": ["told by Quillfeather", "Rumpelmann heard it", "Fitzquibble is on it", "Oompah closed it"],
}
WORDS = [word for words in PLANTED.values() for word in words]
ROW = (
    '{key},Zebulonia,Quixworth,1961-07-19,213117777,2175557341,"4711 Quagmire Ln, Zanesville, OH 43701",Xylotome Vending LLC,478912345,'
    '"4712 Quagmire Ln, Zanesville, OH 43701",70070070017,021000021,checking,{case},open,{contact},2024-06-0{day}'
)
SECOND = "{key}2,Yolandria,Quixworth,1963-05-17,,2175557341,,,,,70070070017,021000021,checking,{case},open,{contact},2024-06-0{day}"
TOLD = {"dea": ("CASE-77QX", "SA Yggdrasil", 1), "fbi": ("BUREAU-88QX", "SA Wolverhampt", 2)}


def written(folder, *, planted=True, more=""):
    """Write the files of three agencies, with the planted rows in two of them."""
    for name, rows in ROWS.items():
        lines = [COLUMNS, rows.strip()]
        if planted and name in TOLD:
            case, contact, day = TOLD[name]
            told = {"key": NAMES[name], "case": case, "contact": contact, "day": day}
            lines += [ROW.format(**told), SECOND.format(**told)]
        # A row with too many fields is rejected, and told with its raw text.
        lines += [f"{more},{NAMES['dea']}"] if more and name == "dea" else []
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The town with planted rows after two runs: judged, followed, assigned, looked up, asked about, refused, and a release held back."""
    folder = tmp_path_factory.mktemp("purge-cases") / "first"
    folder.mkdir()
    head = HEAD.replace("[audiences.centre]\n", '[audiences.centre]\n[audiences.centre.publish_to]\nfolder = "out"\n')
    sections = "".join(SOURCE.format(name=name, agency=name.upper()) for name in ROWS)
    (folder / "project.toml").write_text(head + sections, encoding="utf-8")
    written(folder)
    project = linkage.open(folder)
    project.run(now=NOW)
    people_worked(project)
    written(folder, more=ROW.format(key=NAMES["dea"], case="CASE-77QX", contact="SA Yggdrasil", day=3) + ",too,many")
    project.run(now=NOW)
    shutil.copyfile(project.release_path("dea"), project.loaded.workspace / "held" / "dea.duckdb")
    # Overlaps and leads of the second release, with what became of them, and a lookup index of each type in it.
    for kind, asked in (
        ("person", {"given_name": "Zebulonia", "surname": "Quixworth", "ssn": "213117777"}),
        ("business", {"name": "Xylotome Vending LLC", "tax_id": "478912345"}),
        ("account", {"number": "70070070017", "institution": "021000021"}),
    ):
        assert project.lookup(kind, asked)["results"][0]["identities"]
    return folder


def people_worked(project):
    """What stewards and analysts leave in the ledger about the planted rows."""
    pair = tuple(f"{name}/{key}#firm" for name, key in NAMES.items())
    told = judging.judge(project, pair, "match", "told by Quillfeather")
    judging.undo(project, told["judgement"], "Rumpelmann heard it")
    judging.judge(project, pair, "match", "told by Quillfeather again")
    found = overlap_desk.overlaps(project)["overlaps"]
    mine = [row["overlap_id"] for row in found if "DEA CASE-77QX" in row["cases"]]
    assert mine
    overlap_desk.move(project, mine[:1], "closed", why="Oompah closed it")
    other = next(row["overlap_id"] for row in found if row["cases"] == ["DEA D-1", "FBI F-1"])
    overlap_desk.move(project, [other], "acknowledged", why="Ann is met by both")
    leads = [one["lead_id"] for one in lead_desk.leads(project)["leads"] if "Quixworth" in one["sentence"]]
    assert leads
    lead_desk.move(project, leads[:1], "assigned", why="Fitzquibble is on it", assignee="Rumpelmann heard it")
    for subject, asked in (
        ("address", {"address": "4711 Quagmire Ln, Zanesville, OH 43701"}),
        ("phone", {"phone": "2175557341"}),
        ("account", {"number": "70070070017", "institution": "021000021"}),
    ):
        assert deconflict(project, subject, asked, agency="DEA")["hits"]
    with pytest.raises(LinkageError):
        linkage.queries.show(project, f"dea/{NAMES['dea']}#nobody")


@pytest.fixture
def copy(ran, tmp_path):
    """A copy of the project folder, for one test."""
    target = tmp_path / "copy"
    shutil.copytree(ran, target)
    return linkage.open(target)


def test_every_kind_of_canary_is_found_before(ran):
    """The search sees each planted word, in the base, in releases, and what people wrote in the ledger."""
    found = found_in(ran / "work", WORDS)
    assert {word for words in found.values() for word in words} == set(WORDS)
    tables = {place.split(" ")[-1] for place in found}
    assert tables >= {
        "canonical.business",
        "canonical.account",
        "canonical.case",
        "canonical.relation",
        "published.business",
        "published.account",
        "published.identity_case",
        "published.identity_relation",
        "published.deconfliction_overlap",
        "published.lead",
        "source.reject",
        "judgement",
        "asked",
        "followed",
    }
    assert any(place.startswith("lookup/") for place in found)


def test_nothing_of_any_kind_is_left(copy):
    """After a purge of the planted rows none of the words is in any table, file or log of the workspace, nor in the folder handed out."""
    names = [f"{name}/{key}{more}" for name, key in NAMES.items() for more in ("", "2")]
    purging.purge(copy.loaded, purging.choose(copy.loaded, records=names), why="order 9", now=NOW)
    assert found_in(copy.loaded.workspace, WORDS) == {}
    assert found_in(copy.loaded.folder / "out", WORDS) == {}
    assert verify(copy.loaded)["broken"] == []
    with Ledger(copy.loaded.workspace / "ledger.sqlite") as ledger:
        told = [(entry.status, entry.why) for entry in ledger.followed("centre")]
    assert told == [("closed", "purged"), ("acknowledged", "Ann is met by both"), ("assigned", "purged")]
    with copy.release() as release:
        assert release.value("SELECT count(*) FROM published.rejected_record") == 0
    written(copy.loaded.folder, planted=False)
    copy.run(now=NOW)
    assert found_in(copy.loaded.workspace, WORDS) == {}
