"""Stated probabilities against the truth."""

from __future__ import annotations

import pyarrow as pa
import pytest

from linkage.engine.duckdb import Engine
from linkage.evaluation.reliability import reliability


@pytest.fixture
def base():
    """Five records and five scored pairs."""
    with Engine() as engine:
        engine.create_as(
            "canonical",
            "person",
            "SELECT i AS record, 'd' AS dataset, 'k' || i AS key, '' AS role FROM range(6) AS t(i)",
        )
        engine.create_as(
            "scoring",
            "edge_person",
            "SELECT * FROM (VALUES (0, 1, 1024, 0), (0, 2, 1536, 0), (3, 4, 20480, 0), (1, 2, -3072, 0), (0, 5, 2000, 0)) AS t(a, b, weight, pattern)",
        )
        yield engine


def test_pairs_are_banded_by_weight_and_compared_with_the_truth(base):
    """Each band tells its pairs, the mean stated probability and the share that is true; pairs of unknown records are left out."""
    labelled = pa.table(
        {"dataset": ["d"] * 5, "key": [f"k{i}" for i in range(5)], "role": [""] * 5, "entity": [0, 0, 1, 2, 2]}
    )
    low, middle, high = reliability(base, "person", labelled)
    assert (low.low, low.high, low.pairs, low.found) == (None, -2, 1, 0.0)
    assert (middle.low, middle.high, middle.pairs, middle.found) == (0, 2, 2, 0.5)
    assert middle.stated == pytest.approx((2 / 3 + 0.738796) / 2, abs=1e-5)
    assert (high.low, high.high, high.pairs, high.found) == (10, None, 1, 1.0)
    assert high.to_json()["stated"] == pytest.approx(1, abs=1e-5)
