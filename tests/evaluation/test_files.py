"""Tests of grouping files: what is read, what is refused and where, and comparing two of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkage.errors import DataError
from linkage.evaluation.files import compare, read_grouping

TRUTHSET = Path(__file__).parents[3] / "shared" / "data" / "truthset"


def write(path: Path, text: str) -> Path:
    """Write a file as it is and return its path."""
    path.write_bytes(text.encode())
    return path


def test_reads_any_case_order_and_further_columns(tmp_path: Path) -> None:
    """Header case, column order, a byte order mark, CRLF, blank lines and other columns do not matter."""
    file = write(tmp_path / "g.csv", "\ufeffENTITY,note,Key,Role,DataSet\r\n7,x,k1,,a\r\n\r\n8,,k 1,holder,a\r\n\r\n")
    assert read_grouping(file).to_pylist() == [
        {"dataset": "a", "key": "k1", "role": "", "entity": "7"},
        {"dataset": "a", "key": "k 1", "role": "holder", "entity": "8"},
    ]


def test_values_stay_as_written(tmp_path: Path) -> None:
    """Leading zeros, NULL-like words and quotes in keys are text, not numbers or missing values."""
    file = write(tmp_path / "g.csv", 'dataset,key,entity\na,007,NA\na,"x""; DROP",1e3\n')
    table = read_grouping(file)
    assert table["key"].to_pylist() == ["007", 'x"; DROP']
    assert table["entity"].to_pylist() == ["NA", "1e3"]
    assert table["role"].to_pylist() == ["", ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", r"g\.csv, line 1: there is no header"),
        ("dataset,key,entity\n", "holds no record"),
        ("dataset,key,entity\n\n\n", "holds no record"),
        ("dataset,entity\na,1\n", "line 1: column 'key' is missing"),
        ("dataset,key,KEY,entity\na,1,1,1\n", "line 1: column 'key' stands there twice"),
        ("dataset,key,entity\na,1,x\na,2\n", "line 3: 2 columns where the header has 3"),
        ("dataset,key,entity\na,1,x\n\na,2,y,z\n", "line 4: 4 columns"),
        ('dataset,key,entity\na,"1\n1",x\na,,y\n', "line 4: key is empty"),
        ("dataset,key,entity\na,1,x\na,2,\n", "line 3: entity is empty"),
        ("dataset,key,entity\na,1,x\na,2,y\n\na,1,y\n", "line 5: record a/1 stands on line 2 already"),
        (
            "dataset,key,role,entity\na,1,r,x\na,1,s,x\na,1,r,x\n",
            "line 4: record a/1#r stands on line 2 already",
        ),
    ],
)
def test_bad_files_are_refused_with_the_line(tmp_path: Path, text: str, expected: str) -> None:
    """A bad file gives one sentence that names the file, the line and what is wrong."""
    file = write(tmp_path / "g.csv", text)
    with pytest.raises(DataError, match=expected) as refusal:
        read_grouping(file)
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_bytes_that_are_not_utf8_are_refused_with_the_line(tmp_path: Path) -> None:
    """Another encoding is refused, below the header with its line."""
    file = tmp_path / "g.csv"
    file.write_bytes(b"dataset,key,entity\na,1,x\na,M\xfcller,y\n")
    with pytest.raises(DataError, match="line 3: bytes that are not UTF-8"):
        read_grouping(file)
    file.write_bytes(b"dataset,k\xe9y,key,entity\na,1,2,x\n")
    with pytest.raises(DataError, match="line 1: bytes that are not UTF-8"):
        read_grouping(file)


def test_absent_file_and_folder_are_refused(tmp_path: Path) -> None:
    """A path that is no file is refused by name."""
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(DataError, match=r"cannot be read as a UTF-8 CSV file"):
            read_grouping(path)


def test_compare_counts_records_of_one_file_only(tmp_path: Path) -> None:
    """Records in one file only are counted and the rest is measured, with the errors by example."""
    reference = write(tmp_path / "r.csv", "dataset,key,entity\na,1,x\na,2,x\na,3,y\na,4,y\na,9,z\n")
    other = write(tmp_path / "o.csv", "dataset,key,entity\na,4,q\na,3,p\na,2,p\na,1,p\nb,1,p\nb,2,p\n")
    got = compare(reference, other)
    assert (got.only_in_reference, got.only_in_other, got.ambiguous) == (1, 2, 0)
    assert (got.metrics.counts.common_pairs, got.metrics.counts.predicted_pairs) == (1, 3)
    merge, split = got.over_merges[0], got.over_splits[0]
    assert (merge.group, merge.pairs) == ("p", 2)
    assert [(part.group, part.records) for part in merge.parts] == [("x", ("a/1", "a/2")), ("y", ("a/3",))]
    assert (split.group, split.pairs) == ("y", 1)
    assert [part.group for part in split.parts] == ["p", "q"]
    report = got.to_json()
    assert report["schema_version"] == 1
    assert report["records"] == {"evaluated": 4, "only_in_reference": 1, "only_in_other": 2, "ambiguous": 0}


def test_no_role_joins_a_single_role_and_guesses_at_none(tmp_path: Path) -> None:
    """Without a role column a key joins its one record opposite; with two it is left out and counted."""
    reference = write(tmp_path / "r.csv", "dataset,key,entity\na,1,x\na,2,x\n")
    other = write(tmp_path / "o.csv", "dataset,key,role,entity\na,1,holder,p\na,2,holder,p\na,2,account,q\n")
    got = compare(reference, other)
    assert got.metrics.counts.records == 1
    assert (got.only_in_reference, got.only_in_other, got.ambiguous) == (1, 2, 1)


def test_different_roles_never_join(tmp_path: Path) -> None:
    """Two files that both tell roles have no record in common where the roles differ."""
    reference = write(tmp_path / "r.csv", "dataset,key,role,entity\na,1,holder,x\n")
    other = write(tmp_path / "o.csv", "dataset,key,role,entity\na,1,account,x\n")
    with pytest.raises(DataError, match="no record in common"):
        compare(reference, other)


@pytest.mark.skipif(not TRUTHSET.exists(), reason="the shared truth set is not on this machine")
def test_truth_set_figures() -> None:
    """The alternate grouping as reference gives the truth the published figures."""
    got = compare(TRUTHSET / "alternate.csv", TRUTHSET / "truth.csv")
    figures = (got.metrics.pairwise.precision, got.metrics.pairwise.recall, got.metrics.pairwise.f1)
    assert tuple(round(figure, 5) for figure in figures) == (0.98148, 0.96364, 0.97248)
    counts = got.metrics.counts
    assert (counts.reference_pairs, counts.predicted_pairs, counts.common_pairs) == (110, 108, 106)
    assert (counts.records, got.only_in_reference, got.only_in_other) == (159, 0, 0)
