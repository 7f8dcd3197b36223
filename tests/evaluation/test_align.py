"""Tests of joining two groupings on dataset, key and role."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.errors import DataError
from linkage.evaluation.align import align, grouping, record_name

Record = tuple[str, str, str]
records = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2", "11"]), st.sampled_from(["", "r", "s"])),
    unique=True,
)


def table(rows: list[Record]) -> pa.Table:
    """Return records as a table of strings."""
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {n: pa.array(list(c), pa.string()) for n, c in zip(("dataset", "key", "role"), columns, strict=True)}
    )


def expected_pairs(left: list[Record], right: list[Record]) -> set[tuple[Record, Record]]:
    """Join as the rule says it, one record at a time."""
    found = {(row, row) for row in left if row in right}
    for mine in left:
        for theirs in right:
            alone = sum(r[:2] == mine[:2] for r in left) == 1 and sum(r[:2] == mine[:2] for r in right) == 1
            if mine[:2] == theirs[:2] and alone and "" in (mine[2], theirs[2]):
                found.add((mine, theirs))
    return found


@given(records, records)
@settings(deadline=None)
def test_joins_as_the_rule_says(left: list[Record], right: list[Record]) -> None:
    """The vectorised join equals the rule applied one by one, and every row is accounted for once."""
    got = align(table(left), table(right))
    pairs = {(left[i], right[j]) for i, j in zip(got.left.tolist(), got.right.tolist(), strict=True)}
    assert pairs == expected_pairs(left, right)
    assert sorted([*got.left.tolist(), *got.left_only.tolist()]) == list(range(len(left)))
    assert sorted([*got.right.tolist(), *got.right_only.tolist()]) == list(range(len(right)))
    assert np.all(np.diff(got.left) > 0)


def test_columns_are_not_run_together() -> None:
    """Dataset 'a', key '11' is not dataset 'a1', key '1'."""
    got = align(table([("a", "11", "")]), table([("a1", "1", "")]))
    assert got.left.size == 0


def test_ambiguous_counts_records_without_a_role_only() -> None:
    """A key with two roles leaves the bare record unjoined and counted once; another key is merely absent."""
    got = align(table([("a", "1", ""), ("a", "2", "")]), table([("a", "1", "r"), ("a", "1", "s")]))
    assert (got.ambiguous, got.left_only.tolist(), got.right_only.tolist()) == (1, [0, 1], [0, 1])


def test_null_role_and_chunks_are_read() -> None:
    """A NULL role is '', and tables in several chunks or with wide strings join alike."""
    left = pa.concat_tables([table([("a", "1", "")]), table([("a", "2", "")])])
    right = pa.table({"dataset": pa.array(["a", "a"], pa.large_string()), "key": ["2", "1"], "role": [None, "x"]})
    got = align(left, right.set_column(2, "role", right["role"].cast(pa.string())))
    assert got.right.tolist() == [1, 0]


def test_bad_tables_are_refused() -> None:
    """A missing column, a NULL key and a record that stands twice are refused by name."""
    good = table([("a", "1", "r")])
    with pytest.raises(DataError, match="column 'key' is missing"):
        align(good.drop_columns(["key"]), good)
    with pytest.raises(DataError, match="'key' is NULL in 1 rows"):
        align(good, pa.table({"dataset": ["a"], "key": pa.array([None], pa.string())}))
    with pytest.raises(DataError, match=r"second table: record a/1#r stands there more than once"):
        align(good, pa.concat_tables([good, good]))


def test_grouping_refuses_a_record_without_group() -> None:
    """A NULL group is refused: every record is in exactly one."""
    with pytest.raises(DataError, match="1 records have no group"):
        grouping(pa.chunked_array([pa.array(["x", None])]))
    assert grouping(pa.chunked_array([["x", "y"], ["x"]])).labels.tolist() == [0, 1, 0]


def test_record_name_shows_a_role_only_where_there_is_one() -> None:
    """A record is written DATASET/KEY or DATASET/KEY#ROLE."""
    assert record_name("a", "1", "") == "a/1"
    assert record_name("a", "1", "holder") == "a/1#holder"
