"""Parts of statements: keyed hashes in SQL are those of the library."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.engine.duckdb import Engine
from linkage.engine.sql import meeting, pads


@pytest.fixture(scope="module")
def engine():
    """One engine for all examples."""
    with Engine() as engine:
        yield engine


@settings(deadline=None, max_examples=50)
@given(key=st.binary(max_size=64), told=st.text())
def test_a_keyed_hash_in_sql_is_that_of_the_library(engine, key, told):
    """What a statement makes of the pads of a key is HMAC-SHA256."""
    inner, outer = pads(key)
    found = engine.value(
        "SELECT sha256($outer::BLOB || unhex(sha256($inner::BLOB || $told::BLOB)))",
        {"inner": inner, "outer": outer, "told": told.encode()},
    )
    assert found == hmac.new(key, told.encode(), hashlib.sha256).hexdigest()


@settings(deadline=None, max_examples=50)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20),
    records=st.sets(st.integers(0, 9), max_size=5),
)
def test_pairs_that_meet_records_are_found_once(engine, pairs, records):
    """Each pair with at least one of its ends among the records comes once, also where both are."""
    engine.run("CREATE OR REPLACE TABLE pair (a BIGINT, b BIGINT)")
    for a, b in pairs:
        engine.run("INSERT INTO pair VALUES ($a, $b)", {"a": a, "b": b})
    chosen = f"SELECT unnest({sorted(records)}::BIGINT[])"
    found = engine.rows(f"{meeting('pair', chosen)} ORDER BY ALL")
    assert found == sorted(pair for pair in pairs if set(pair) & records)
