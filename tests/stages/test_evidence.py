"""Bank reports that tell little of a person but name the account: evidence joins them, and what people read says so."""

from __future__ import annotations

import pytest

import linkage
from linkage import queries
from linkage.config.project import CENTRE, LoadedProject
from linkage.project import Project

REPORTS = """
[sources.{name}]
agency = "{name}"
files = "{name}.csv"
delivery = "snapshot"
key = "id"
[sources.{name}.roles.account]
entity = "account"
[sources.{name}.roles.account.fields]
number = "number"
institution = "bank"
holder = ["title"]
[sources.{name}.roles.holder]
entity = "person"
[sources.{name}.roles.holder.fields]
given_name = "first"
surname = "last"
[[sources.{name}.relations]]
kind = "holder"
from = "holder"
to = "account"
"""
HEAD = "id,number,bank,title,first,last\n"
NAMES = ("Ann", "Bob", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal")


def others(prefix, numbers):
    """Rows of other accounts and other holders, a Quill among them."""
    return "".join(
        f"{prefix}{n},{10**9 + 7919 * n},026009593,X{n} Holder{n},{NAMES[n % 8]},Marsh{chr(97 + n)}\n" for n in numbers
    )


@pytest.fixture
def reports(make_project):
    """Two datasets of bank reports: a/1 and b/1 tell one account, one surname, and given names that share a letter."""
    account = "4111222233,021000021,A Quillfeather"
    files = {
        "a.csv": HEAD + f"1,{account},A,Quillfeather\n" + others("a", range(10)),
        "b.csv": HEAD + f"1,{account},Annabel,Quilfether\n" + others("b", range(8, 18)),
    }
    return make_project(REPORTS.format(name="a") + REPORTS.format(name="b"), files)


def changed(project, **settings):
    """The project with other settings of every type."""
    loaded = project.loaded
    entities = {kind: entity.model_copy(update=settings) for kind, entity in loaded.entities.items()}
    return Project(LoadedProject(loaded.path, loaded.settings, entities))


def linked(project):
    """Levels and weight of the published pair a/1, b/1, or None where they are no identity."""
    with project.release(CENTRE) as engine:
        rows = engine.rows(
            "SELECT levels, weight FROM published.link_evidence WHERE entity_type = 'person' AND key_a = '1' AND key_b = '1'"
        )
    return rows[0] if rows else None


def test_a_shared_account_joins_and_is_told(reports):
    """Two records that a shared account joins are one identity; the published pair and `explain` name it, with one weight."""
    report = reports.run()
    assert report["audiences"]["centre"]["person"]["evidence_pairs"] >= 1
    levels, weight = linked(reports)
    assert levels.endswith(";account=shared")
    pair, explanation = queries.explain(reports, "b/1#holder", "a/1#holder")
    assert pair["same_identity"]
    told = [part for part in explanation.evidence if part.comparison == "account"]
    assert [(part.level, part.weight > 0) for part in told] == [("shared", True)]
    assert explanation.weight == pytest.approx(weight, abs=0.002)


def test_without_evidence_the_pair_weighs_less(reports):
    """With `evidence` switched off nothing of the account is added, published or explained."""
    project = changed(reports, evidence=())
    report = project.run()
    assert report["audiences"]["centre"]["person"]["evidence_pairs"] == 0
    assert linked(project) is None
    _, explanation = queries.explain(project, "a/1#holder", "b/1#holder")
    assert "account" not in [part.comparison for part in explanation.evidence]


def test_an_increment_gives_the_partition_of_a_full_run(reports, tmp_path):
    """When a new report makes two accounts one, holders whose reports did not change are joined as in a run from nothing."""
    (tmp_path / "b.csv").write_text(HEAD + others("b", range(8, 18)), encoding="utf-8")
    reports.run()
    assert linked(reports) is None
    (tmp_path / "b.csv").write_text(
        HEAD + "1,4111222233,021000021,A Quillfeather,Annabel,Quilfether\n" + others("b", range(8, 18)),
        encoding="utf-8",
    )
    reports.run()
    assert linked(reports) is not None


def test_the_second_look_can_be_switched_off(demo, tmp_path):
    """With `second_look` off the clusters stay as average linkage leaves them: never fewer identities than with it."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "data").symlink_to(demo.folder / "data")
    (folder / "project.toml").write_text((demo.folder / "project.toml").read_text(encoding="utf-8"), encoding="utf-8")
    off = changed(linkage.open(folder), second_look=False).run()
    for kind, entry in demo.report["audiences"]["centre"].items():
        assert off["audiences"]["centre"][kind]["identities"] >= entry["identities"]
    assert off["types"]["person"]["model"] != demo.report["types"]["person"]["model"]
