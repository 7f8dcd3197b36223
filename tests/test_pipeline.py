"""The main job end to end: what a run reports, keeps, changes, and gives again."""

from __future__ import annotations

import pytest

from linkage.config.project import CENTRE
from linkage.errors import AuditError
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.tables import PUBLISHED

COUNTS = ("rows_read", "accepted", "rejected", "superseded", "withdrawn", "purged", "no_entity")
TYPES = ("account", "business", "person")
STAGES = (
    "ingest",
    "standardise",
    "train",
    "block",
    "score",
    "drift",
    "cluster",
    "identify",
    "survive",
    "publish",
    "keep",
)
AUDIENCE_STAGES = STAGES[STAGES.index("cluster") : -1]
LASTING = ("records", "bad_values", "model", "edges")
DATASETS = ("atf_traces", "cbp_declarants", "dea_roi", "fbi_intercepts", "fincen_reports", "ice_financial")


def partition(project, audience=CENTRE):
    """The crosswalk as a set of sets of record names."""
    with project.release(audience) as engine:
        rows = engine.rows(
            "SELECT list(entity_type || ' ' || dataset || '/' || key || '#' || role) FROM published.identity_record GROUP BY identity_id"
        )
    return {frozenset(row[0]) for row in rows}


def crosswalk(project, audience=CENTRE):
    """Record key → identity id."""
    with project.release(audience) as engine:
        return {
            row[:-1]: row[-1]
            for row in engine.rows("SELECT entity_type, dataset, key, role, identity_id FROM published.identity_record")
        }


def test_the_report_has_its_documented_keys(demo):
    """The run report names schema version, releases, stages with seconds and memory, datasets, types and audiences."""
    report = demo.report
    assert report["schema_version"] == 1
    assert report["run"] == 1
    assert report["started_at"] == "2026-01-31T06:00:00+00:00"
    assert tuple(report["stages"]) == STAGES
    for name, stage in report["stages"].items():
        assert set(stage) == {"seconds", "peak_memory_bytes"} | ({"audiences"} if name in AUDIENCE_STAGES else set())
        assert sum(stage.get("audiences", {"all": stage["seconds"]}).values()) == pytest.approx(stage["seconds"])
        assert stage["seconds"] >= 0
        assert stage["peak_memory_bytes"] > 1e6
    assert report["seconds"] == pytest.approx(sum(stage["seconds"] for stage in report["stages"].values()))
    assert {name: release["sequence"] for name, release in report["releases"].items()} == {"centre": 1, "dea": 1}
    assert report["releases"]["dea"]["path"].endswith("releases/dea/1.duckdb")
    assert tuple(report["types"]) == TYPES
    for kind in report["types"].values():
        assert set(kind) >= {"records", "bad_values", "model", "pairs", "edges"}
        assert 0 < kind["edges"] <= kind["pairs"]
    for audience in ("centre", "dea"):
        assert tuple(report["audiences"][audience]) == TYPES
        for kind in report["audiences"][audience].values():
            assert set(kind) >= {
                "identities",
                "records",
                "largest_identity",
                "largest_component",
                "missing_pairs",
                "lost_judgements",
            }


def test_the_sums_of_every_dataset_add_up(demo):
    """Every row of every delivered file is counted in exactly one of the outcomes of rule R6."""
    assert tuple(demo.report["datasets"]) == DATASETS
    for dataset, counts in demo.report["datasets"].items():
        lines = (demo.folder / "data" / f"{dataset}.csv").read_text(encoding="utf-8").count("\n") - 1
        assert counts["rows_read"] == lines == sum(counts[name] for name in COUNTS[1:]), dataset


def test_every_record_is_in_exactly_one_identity(demo):
    """The centre's crosswalk holds each entity record of the canonical tables once, and nothing else."""
    workspace = Workspace(demo.project.loaded.workspace)
    from linkage.engine.duckdb import Engine

    with Engine(workspace.base(1), read_only=True) as base:
        records = sorted(
            (kind, *row) for kind in TYPES for row in base.rows(f"SELECT dataset, key, role FROM canonical.{kind}")
        )
    with demo.project.release() as release:
        named = release.rows("SELECT entity_type, dataset, key, role FROM published.identity_record ORDER BY ALL")
        identities = release.rows("SELECT identity_id, entity_type, records FROM published.identity ORDER BY ALL")
        held = release.rows(
            "SELECT identity_id, entity_type, count(*) FROM published.identity_record GROUP BY ALL ORDER BY ALL"
        )
    assert named == records
    assert identities == held
    assert {kind: demo.report["types"][kind]["records"] for kind in TYPES} == {
        kind: sum(1 for record in records if record[0] == kind) for kind in TYPES
    }


def test_records_are_linked_across_agencies(demo):
    """Each type has identities of several agencies: the run does what it is for."""
    with demo.project.release() as release:
        for kind in TYPES:
            shared = "SELECT count(*) FROM published.identity WHERE entity_type = $kind AND len(agencies) > 1"
            assert release.value(shared, {"kind": kind}) > 10, kind


def test_an_agency_sees_only_its_records(demo):
    """Nothing of the hidden dataset is in the agency's release, in any text of any table."""
    with demo.project.release("dea") as release:
        assert release.value("SELECT count(*) FROM published.identity_record WHERE dataset = 'dea_roi'") > 0
        for table in PUBLISHED:
            assert not release.value(
                f"SELECT count(*) FROM published.{table.name} AS t WHERE contains(CAST(t AS VARCHAR), 'fincen')"
            ), table.name
            assert not release.value(
                f"SELECT count(*) FROM published.{table.name} AS t WHERE contains(CAST(t AS VARCHAR), 'FinCEN')"
            ), table.name


def test_an_unchanged_second_run_keeps_everything(demo, demo_again):
    """A second run on unchanged data keeps ids, model and counts, has no events, and is the next release all the same."""
    first, second = demo.report, demo_again.report
    assert second["run"] == 2
    assert {name: release["sequence"] for name, release in second["releases"].items()} == {"centre": 2, "dea": 2}
    assert (first["work"], second["work"]) == ("there is no base to go on with", "increment")
    for kind, told in second["types"].items():
        assert {name: told[name] for name in LASTING} == {name: first["types"][kind][name] for name in LASTING}
        assert told["standardised"] == told["pairs"] == 0
    assert second["datasets"] == first["datasets"]
    work = ("clustered", "missing_pairs")
    for audience, kinds in second["audiences"].items():
        for kind, told in kinds.items():
            before = first["audiences"][audience][kind]
            assert [told[name] for name in work] == [0, 0]
            assert {name: told[name] for name in told if name not in work} == {
                name: before[name] for name in before if name not in work
            }
    for audience in ("centre", "dea"):
        assert crosswalk(demo_again.project, audience) == crosswalk(demo.project, audience)
        with demo_again.project.release(audience) as release:
            assert release.value("SELECT count(*) FROM published.identity_event") == 0
            assert release.value("SELECT count(*) FROM published.identity_redirect") == 0
            assert release.value("SELECT count(*) FROM published.identity WHERE since <> 1") == 0


def test_an_unchanged_second_run_changes_only_what_counts_releases(demo, demo_again, exports):
    """Of all published tables only the events and the release's own number differ from the first release."""
    for audience in ("centre", "dea"):
        before, after = (exports(ran.project, audience) for ran in (demo, demo_again))
        differ = {name.removesuffix(" as stored") for name in before if before[name] != after[name]}
        assert differ == {"identity_event", "release_info"}


def test_models_are_approved_once(demo_again):
    """The first run lists and approves one model a type by the project's rule; the second adds none."""
    with Ledger(Workspace(demo_again.project.loaded.workspace).ledger) as ledger:
        models = ledger.models()
        assert [kind for kind, _, _ in models] == list(TYPES)
        for kind, model_hash, _ in models:
            assert ledger.approved_model(kind) == model_hash == demo_again.report["types"][kind]["model"]
        assert len(ledger.runs()) == 2


def test_shuffled_rows_give_the_same_models_partition_and_bytes(demo, demo_shuffled, exports):
    """The order of rows changes nothing: same model hashes, same partition, and with one secret and one time the same bytes."""
    for kind in TYPES:
        assert demo_shuffled.report["types"][kind]["model"] == demo.report["types"][kind]["model"], kind
    for audience in ("centre", "dea"):
        assert partition(demo_shuffled.project, audience) == partition(demo.project, audience)
        assert exports(demo_shuffled.project, audience) == exports(demo.project, audience)


def test_ids_depend_on_secret_and_audience(demo, make_project, accounts, tmp_path):
    """Two audiences never share an identity id, and another secret gives other ids for the same records."""
    assert not set(crosswalk(demo.project).values()) & set(crosswalk(demo.project, "dea").values())
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(alpha="1")})
    project.run()
    first = crosswalk(project)
    (tmp_path / "work").rename(tmp_path / "old")
    project.run()
    assert set(crosswalk(project)) == set(first)
    assert not set(crosswalk(project).values()) & set(first.values())


def test_a_changed_delivery_keeps_ids_by_shared_records(make_project, accounts, tmp_path):
    """New, changed and withdrawn rows: clusters keep the id of the identity they share most records with (rule R4)."""
    project = make_project(
        accounts.source("bank"),
        {"bank.csv": accounts.csv(alpha="1234", bravo="5", charlie="67", delta="89", echo="x", foxtrot="yz")},
    )
    project.run()
    old = {key[2]: identity for key, identity in crosswalk(project).items()}
    assert len(set(old.values())) == 6
    # DESIGN.md's example: A = {1,2,3,4}, B = {5}; now {1,2}, {3,4,5,6}. And: echo grows, delta withdrawn, foxtrot shrinks.
    changed = accounts.csv(golf="12", alpha="3456", charlie="7", echo="xw", foxtrot="y")
    (tmp_path / "bank.csv").write_text(changed, encoding="utf-8")
    project.run()
    new = {key[2]: identity for key, identity in crosswalk(project).items()}
    assert new["3"] == new["4"] == new["5"] == new["6"] == old["1"]
    assert new["1"] == new["2"]
    assert new["1"] not in old.values()
    assert new["x"] == new["w"] == old["x"]
    assert new["y"] == old["y"]
    assert new["7"] == old["7"]
    with project.release() as release:
        events = set(
            release.rows(
                "SELECT identity_id, event, other_id, records_before, records_after FROM published.identity_event"
            )
        )
        redirects = release.rows("SELECT old_id, new_id, records, divided FROM published.identity_redirect")
    assert events == {
        (old["1"], "changed", None, 4, 4),
        (new["1"], "split", old["1"], 0, 2),
        (old["5"], "merged", old["1"], 1, 0),
        (old["x"], "grew", None, 1, 2),
        (old["y"], "shrank", None, 2, 1),
        (old["7"], "shrank", None, 2, 1),
        (old["8"], "withdrawn", None, 2, 0),
    }
    assert redirects == [(old["5"], old["1"], 1, False)]


def test_a_refused_run_publishes_nothing_and_leaves_nothing(make_project, accounts, tmp_path):
    """A delivery that fails an audit leaves the last release, the base and the workspace's files as they were, but for the spare that it used up."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(alpha="12", bravo="34")})
    project.run()
    work = tmp_path / "work"
    (work / "spare.duckdb").unlink()
    before = {path: path.stat().st_mtime_ns for path in work.rglob("*.duckdb")}
    first = crosswalk(project)
    (tmp_path / "bank.csv").write_text(accounts.csv(alpha="1"), encoding="utf-8")
    with pytest.raises(AuditError, match="max_withdrawn"):
        project.run()
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*.duckdb")} == before
    assert not list((work / "staging").iterdir())
    assert crosswalk(project) == first
    with Ledger(work / "ledger.sqlite") as ledger:
        assert len(ledger.runs()) == 1
