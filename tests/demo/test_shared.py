"""The demo with agreements: who sees what, and the closing summary of an agency's view."""

from __future__ import annotations

import pytest

import linkage
from linkage.demo.tour import READER, tour
from linkage.sharing.agreements import who_sees

AGENCIES = {"dea": "DEA", "fbi": "FBI", "ice": "ICE", "atf": "ATF", "cbp": "CBP", "fincen": "FinCEN"}
DATASETS = {
    "DEA": "dea_roi", "FBI": "fbi_intercepts", "ICE": "ice_financial",
    "ATF": "atf_traces", "CBP": "cbp_declarants", "FinCEN": "fincen_reports",
}  # fmt: skip
SIGHT = {
    # Audience: how it sees DEA, FBI, ICE, ATF, CBP, FinCEN.
    "dea": "full pointer pointer full full pointer",
    "fbi": "full full full full full pointer",
    "ice": "full full full full full full",
    "atf": "full pointer pointer full hidden pointer",
    "cbp": "pointer pointer pointer hidden full hidden",
    "fincen": "hidden pointer pointer hidden hidden full",
    "fusion_center": "full full full full hidden pointer",
    "ioc2": "pointer pointer pointer hidden full hidden",
}


@pytest.fixture(scope="module")
def toured(tmp_path_factory):
    """The folder and the result of the tour with agreements."""
    folder = tmp_path_factory.mktemp("shared")
    return folder, tour(folder, records=1500, seed=1, baseline=False, agreements=True)


def test_each_agency_and_two_groups_are_audiences(toured):
    """Six agencies and two named groups see each dataset as the pooled and bilateral agreements say; each sees its own in full."""
    project = linkage.open(toured[0])
    assert {name: one.agency for name, one in project.loaded.settings.audiences.items() if one.agency} == AGENCIES
    assert [name for name, one in project.loaded.settings.audiences.items() if one.group] == ["fusion_center", "ioc2"]
    told = {(row["audience"], row["dataset"]): row["level"] for row in who_sees(project.loaded)["sight"]}
    found = {audience: " ".join(told[audience, dataset] for dataset in DATASETS.values()) for audience in SIGHT}
    assert found == SIGHT
    by = {(row["audience"], row["dataset"]): row["agreement"] for row in who_sees(project.loaded)["sight"]}
    assert by["fbi", "ice_financial"] == "fbi_ice"


def test_the_summary_shows_an_agencys_view(toured):
    """An overlap, a lead and a profile to open are told of the centre's view and of an agency's, and what each audience has."""
    folder, result = toured
    for cases, page in ((result["cases"], "profile.html"), (result["shared"], f"profile-{READER}.html")):
        assert len(cases["overlap"]["agencies"]) > 1
        assert cases["lead"]["sentence"]
        assert cases["profile"] == str(folder / page)
        assert "Target profile" in (folder / page).read_text(encoding="utf-8")
    assert AGENCIES[READER] in (folder / f"profile-{READER}.html").read_text(encoding="utf-8")
    counted = {one["audience"]: one for one in result["shared"]["audiences"]}
    assert counted["centre"]["records"] == counted["ice"]["records"] == 1500
    assert counted["centre"]["pointers"] == counted["ice"]["pointers"] == 0
    assert 0 < counted["ioc2"]["records"] < counted["dea"]["records"] < counted["fbi"]["records"] < 1500
    assert all(
        counted[name]["pointers"] > 0 for name in ("dea", "fbi", "atf", "cbp", "fincen", "fusion_center", "ioc2")
    )


def test_an_agency_sees_what_is_agreed(toured):
    """The reader's release holds no record that it is only pointed to, and its overlaps are of agencies that it sees."""
    project = linkage.open(toured[0])
    with project.release(READER) as release:
        datasets = {row[0] for row in release.rows("SELECT DISTINCT dataset FROM published.identity_record")}
        pointed = {row[0] for row in release.rows("SELECT DISTINCT agency FROM published.identity_pointer")}
        agencies = {
            row[0] for row in release.rows("SELECT DISTINCT unnest(agencies) FROM published.deconfliction_overlap")
        }
    assert datasets == {"dea_roi", "atf_traces", "cbp_declarants"}
    assert pointed == {"FBI", "ICE", "FinCEN"}
    assert agencies == {"DEA", "ATF"}
