"""Tests of measuring a crosswalk by entity type."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from linkage.errors import DataError
from linkage.evaluation.evaluate import evaluate
from linkage.evaluation.examples import RECORDS_SHOWN

ROWS = [
    # entity type, dataset, key, role, identity, true entity (None: the truth does not name the record)
    ("person", "a", "1", "subject", "P1", "ann"),
    ("person", "a", "2", "subject", "P1", "ann"),
    ("person", "b", "1", "holder", "P1", "bob"),
    ("person", "b", "2", "holder", "P2", "bob"),
    ("person", "b", "3", "holder", "P3", None),
    ("account", "b", "1", "account", "X1", "acc"),
    ("account", "b", "2", "account", "X1", "acc"),
    ("business", "c", "1", "", "X1", "shop"),
]


def tables(rows: list[tuple[str, str, str, str, str, str | None]] = ROWS) -> tuple[pa.Table, pa.Table]:
    """Return truth and crosswalk of the rows; the crosswalk stands in reverse order."""
    names = ("entity_type", "dataset", "key", "role", "identity_id")
    crosswalk = pa.table({n: [row[i] for row in reversed(rows)] for i, n in enumerate(names)})
    known = [row for row in rows if row[5]]
    truth = {n: [row[i] for row in known] for i, n in ((1, "dataset"), (2, "key"), (3, "role"), (5, "entity"))}
    return pa.table(truth), crosswalk


def test_each_type_by_itself_and_all_together() -> None:
    """Types are measured on their own records; the same id in two types is not one identity."""
    got = evaluate(*tables())
    assert list(got.types) == ["account", "business", "person"]
    person = got.types["person"].metrics.counts
    assert (person.records, person.reference_pairs, person.predicted_pairs, person.common_pairs) == (
        4,
        2,
        3,
        1,
    )
    assert got.types["account"].metrics.pairwise.f1 == 1.0
    assert (got.overall.counts.predicted_pairs, got.overall.counts.records) == (4, 7)
    assert (got.types["person"].unjudged, got.types["account"].unjudged) == (1, 0)
    assert (got.only_in_truth, got.only_in_crosswalk, got.ambiguous) == (0, 1, 0)


def test_a_pair_split_over_types_counts_as_missed() -> None:
    """One true entity published as a person and as a business lowers the recall of all, not of a type."""
    rows = [("person", "a", "1", "", "P1", "x"), ("business", "a", "2", "", "B1", "x")]
    got = evaluate(*tables(rows))
    assert got.overall.pairwise.recall == 0.0
    assert got.types["person"].metrics.pairwise.recall == 1.0


def test_errors_by_example() -> None:
    """The merged identity and the split entity are shown with the records inside, by name."""
    got = evaluate(*tables()).types["person"]
    (merge,), (split,) = got.over_merges, got.over_splits
    assert (merge.group, merge.pairs, merge.part_count) == ("P1", 2, 2)
    assert [(p.group, p.records) for p in merge.parts] == [
        ("ann", ("a/1#subject", "a/2#subject")),
        ("bob", ("b/1#holder",)),
    ]
    assert (split.group, split.pairs) == ("bob", 1)
    assert [(p.group, p.records) for p in split.parts] == [("P1", ("b/1#holder",)), ("P2", ("b/2#holder",))]


def test_examples_are_the_worst_and_bounded() -> None:
    """The error with most wrong pairs comes first, ties go by name, and long lists are cut and counted."""
    rows = [("person", "a", f"{i:02}", "", "BIG", f"e{i % 2}") for i in range(30)]
    rows += [("person", "s", f"{i}", "", f"S{i // 2}", f"t{i}") for i in range(8)]
    truth, crosswalk = tables(rows)
    got = evaluate(truth, crosswalk, examples=3).types["person"].over_merges
    assert [(one.group, one.pairs) for one in got] == [("BIG", 225), ("S0", 1), ("S1", 1)]
    assert (got[0].parts[0].record_count, len(got[0].parts[0].records)) == (15, RECORDS_SHOWN)
    assert evaluate(truth, crosswalk, examples=0).types["person"].over_merges == ()


def test_blocking_recall_is_the_share_of_true_pairs_found() -> None:
    """The callable sees each type's labelled records and its count is divided by the true pairs."""
    seen: dict[str, list[dict[str, object]]] = {}

    def found(name: str, labelled: pa.Table) -> int:
        seen[name] = labelled.to_pylist()
        return 1 if name == "person" else 0

    truth, crosswalk = tables()
    numbered = crosswalk.append_column("record", pa.array(range(crosswalk.num_rows), pa.int64()))
    got = evaluate(truth, numbered, true_candidates=found)
    assert {name: one.blocking_recall for name, one in got.types.items()} == {
        "account": 0.0,
        "business": 1.0,
        "person": 0.5,
    }
    assert [row["record"] for row in seen["account"]] == [1, 2] or [row["record"] for row in seen["account"]] == [2, 1]
    assert len({row["entity"] for row in seen["person"]}) == 2
    assert evaluate(truth, crosswalk).types["person"].blocking_recall is None


def test_impossible_candidate_counts_are_refused() -> None:
    """More true candidate pairs than true pairs means that pairs were counted twice: refused."""
    with pytest.raises(DataError, match="person: 9 true candidate pairs of 2"):
        evaluate(*tables(), true_candidates=lambda name, _: 9 if name == "person" else 0)


def test_truth_without_roles_joins_single_records() -> None:
    """Without roles a key that holds an account and its holder is ambiguous; one type's crosswalk is not."""
    truth, crosswalk = tables()
    bare = truth.filter(pa.compute.not_equal(truth["entity"], "acc")).drop_columns(["role"])
    got = evaluate(bare, crosswalk)
    assert (got.overall.counts.records, got.only_in_truth, got.ambiguous) == (3, 2, 2)
    persons = crosswalk.filter(pa.compute.equal(crosswalk["entity_type"], "person"))
    assert evaluate(bare, persons).types["person"].metrics.counts.records == 4


def test_truth_of_other_records_and_missing_columns_are_refused() -> None:
    """A truth that names nothing of the crosswalk, or tables of another shape, are refused with the mend."""
    truth, crosswalk = tables()
    stranger = truth.set_column(0, "dataset", pa.array(["zzz"] * truth.num_rows))
    with pytest.raises(DataError, match="names no record of the crosswalk"):
        evaluate(stranger, crosswalk)
    with pytest.raises(DataError, match="truth table lacks entity"):
        evaluate(truth.drop_columns(["entity"]), crosswalk)
    with pytest.raises(DataError, match="crosswalk table lacks entity_type, identity_id"):
        evaluate(truth, truth)


def test_json_is_the_contract() -> None:
    """The JSON form has schema_version 1, per type the three measures and blocking recall, and serialises."""
    report = json.loads(json.dumps(evaluate(*tables(), true_candidates=lambda *_: 0).to_json()))
    assert report["schema_version"] == 1
    for one in report["types"].values():
        for measure in ("pairwise", "b_cubed", "cluster"):
            assert set(one[measure]) == {"precision", "recall", "f1"}
        assert isinstance(one["blocking_recall"], float)
    assert report["types"]["person"]["over_merges"][0]["identity_id"] == "P1"
    assert report["types"]["person"]["over_splits"][0]["entity"] == "bob"
    assert report["all"]["counts"]["records"] == report["records"]["evaluated"] == 7
