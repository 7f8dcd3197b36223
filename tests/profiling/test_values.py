"""What files and values look like."""

from __future__ import annotations

import pytest

from linkage.engine.duckdb import Engine
from linkage.errors import DataError
from linkage.profiling.values import SAMPLE, guess_csv, profile_file


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"id,name\n1,Ann\n", (",", '"', "utf-8")),
        (b"id;name\n1;Ann, B\n", (";", '"', "utf-8")),
        (b"id\tname\n1\t'Ann'\n", ("\t", "'", "utf-8")),
        (b'id|name\n1|"A|B"\n', ("|", '"', "utf-8")),
        (b"id,name\n1,Jos\xe9\n", (",", '"', "cp1252")),
        ("id,name\n1,José\n".encode("utf-16"), (",", '"', "utf-16")),
        (b"\xef\xbb\xbfid,name\n1,Ann\n", (",", '"', "utf-8")),
    ],
)
def test_how_a_csv_file_is_read(tmp_path, content, told):
    """Delimiter, quote and encoding are found from the bytes."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    reading, header = guess_csv(path)
    assert (reading.delimiter, reading.quote, reading.encoding) == told
    assert header == ["id", "name"]


def test_the_profile_does_not_depend_on_the_order_of_rows(profiled):
    """The same rows in another order have the same profile."""
    rows = [f"{number},n{number}@x.example,{number % 7}" for number in range(6_000)]
    one = profiled("\n".join(["id,email,x", *rows]) + "\n")
    two = profiled("\n".join(["id,email,x", *rows[::-1]]) + "\n")
    assert one == two
    assert one.columns[1].shares["email"] == 1


def test_a_profile_holds_no_value(profiled):
    """No text of the data is in a profile, but for codes that tell persons from firms."""
    found = profiled("id,kind,name\n1,P,Annabel\n2,B,Acme\n")
    assert "Annabel" not in repr(found)
    assert found.columns[1].codes == ("B", "P")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"id,name\n"])
def test_a_file_without_rows_is_refused(profiled, content):
    """An empty file and one with nothing but a header are refused."""
    with pytest.raises(DataError, match=r"file\.csv"):
        profiled(content)


def test_a_file_that_is_no_parquet_is_refused(profiled):
    """A file that only calls itself Parquet is refused in one sentence."""
    with pytest.raises(DataError, match="not a Parquet file"):
        profiled(b"id,name\n1,Ann\n", "file.parquet")


def test_a_key_is_told_by_the_whole_column(profiled):
    """One number that stands twice, outside the rows that are looked at, keeps its column from being different in every row."""
    rows = [f"{number},n{number}" for number in range(SAMPLE + 3_000)]
    assert profiled("\n".join(["id,name", *rows]) + "\n").columns[0].distinct == 1
    for place in range(5):
        twice = [*rows, f"{place * 700},other{place}"]
        found = profiled("\n".join(["id,name", *twice]) + "\n")
        assert (found.rows, found.sampled) == (len(twice), SAMPLE)
        assert found.columns[0].distinct == 1 - 1 / len(twice)


def test_pairs_name_the_rows_of_the_whole_file(profiled):
    """Two columns that name each looked-at row together, but not each row of the file, are no key; those that do are one."""
    rows = [f"{number // 90},{number % 90},{number % 80}" for number in range(SAMPLE + 4_000)]
    assert profiled("\n".join(["a,b,c", *rows]) + "\n").pair_keys == (("a", "b"),)
    assert profiled("\n".join(["a,b,c", *rows, "3,4,79"]) + "\n").pair_keys == ()


@pytest.mark.parametrize("threads", [1, 4])
def test_the_profile_does_not_depend_on_threads(tmp_path, profiled, threads):
    """The same file has the same profile on one thread and on several."""
    content = "\n".join(["id,kind,phone", *(f"{n},{'PB'[n % 2]},202-555-{n % 9000:04}" for n in range(9_000))]) + "\n"
    expected = profiled(content)
    with Engine(threads=threads) as engine:
        assert profile_file(engine, tmp_path / "file.csv", tmp_path) == expected
