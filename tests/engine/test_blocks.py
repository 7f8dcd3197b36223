"""Copies of a database file are told apart by the checksums of their blocks, and a database that is read is known to be open."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from linkage.engine.blocks import differing, is_open
from linkage.engine.duckdb import Engine

BLOCK = 262_144


@pytest.fixture
def pair(tmp_path):
    """A database of forty blocks, and a copy of it."""
    one, two = tmp_path / "one.duckdb", tmp_path / "two.duckdb"
    with Engine(one) as engine:
        engine.run("CREATE TABLE held AS SELECT range AS n, hash(range) AS told FROM range(1_000_000)")
    shutil.copy(one, two)
    return one, two


def test_only_the_blocks_of_a_change_differ(pair):
    """After one row has changed, the headers and a few blocks of the file differ, and with them the copy is the file."""
    one, two = pair
    with Engine(one) as engine:
        engine.run("UPDATE held SET told = 1 WHERE n = 500_000")
    pieces = differing(one, two)
    assert pieces[0] == (0, 12_288)
    assert sum(end - start for start, end in pieces) < one.stat().st_size / 4
    changed, copied = one.read_bytes(), bytearray(two.read_bytes().ljust(one.stat().st_size, b"\0"))
    for start, end in pieces:
        copied[start:end] = changed[start:end]
    with Engine(two) as engine:
        assert engine.value("SELECT count(*) FROM held WHERE told = 1") == 0
    two.write_bytes(copied)
    with Engine(two) as engine:
        assert engine.rows("SELECT n FROM held WHERE told = 1") == [(500_000,)]


def test_a_longer_and_a_shorter_copy(pair):
    """What the copy has beyond the file is no piece; what it lacks is, to the last byte."""
    one, two = pair
    size = one.stat().st_size
    with two.open("ab") as file:
        file.write(b"\1" * BLOCK)
    assert differing(one, two) == [(0, 12_288)]
    with two.open("ab") as file:
        file.truncate(size - 2 * BLOCK)
    assert differing(one, two) == [(0, 12_288), (size - 2 * BLOCK, size)]


@pytest.mark.parametrize("content", [None, b"", b"no database " * 2000])
def test_what_is_no_copy(pair, content):
    """A file that is absent, empty or no database cannot be compared, on either side."""
    one, two = pair
    two.unlink()
    if content is not None:
        two.write_bytes(content)
    assert differing(one, two) is None
    if content is not None:
        assert differing(two, one) is None


def test_a_database_that_is_read_is_open(pair):
    """A database is open while this process or another one reads it, and no longer."""
    one, _ = pair
    assert not is_open(one)
    with Engine() as engine, engine.attached(one, "read"):
        assert is_open(one)
    reading = "import duckdb, sys; held = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", reading, str(one)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        assert is_open(one)
    assert not is_open(one)
