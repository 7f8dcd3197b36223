"""What goes into clustering is checked once, with a message that names the place and the mend."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from linkage.clustering import (
    ClusterSettings,
    Edges,
    Judgements,
    cluster,
    find_components,
    memory_bytes,
)
from linkage.errors import ConfigError, DataError


def test_duplicate_pair_is_refused_in_either_orientation() -> None:
    """A pair given twice, once turned round, is refused by name."""
    with pytest.raises(DataError, match=r"pair \(3, 9\) has more than one edge"):
        Edges([9, 1, 3], [3, 2, 9], [5, 6, 7], [False, False, False])


def test_a_pair_of_one_record_is_refused() -> None:
    """A record paired with itself is refused, in edges and in judgements."""
    with pytest.raises(DataError, match="row 1 of edges pairs record 4 with itself"):
        Edges([1, 4], [2, 4], [5, 6], [False, False])
    with pytest.raises(DataError, match="row 0 of judgements pairs record 7 with itself"):
        Judgements([7], [7], [True])


def test_unequal_lengths_are_refused() -> None:
    """Columns of different lengths are refused with the lengths."""
    with pytest.raises(DataError, match=r"lengths \[2, 2, 1, 2\]"):
        Edges([0, 1], [1, 2], [5], [False, False])


def test_values_that_would_change_are_refused() -> None:
    """Floats, weights past int32 and nested arrays are refused instead of being rounded or cut."""
    with pytest.raises(DataError, match=r"edges\.weight is of type float64"):
        Edges([0], [1], [1.5], [False])
    with pytest.raises(DataError, match="does not fit int32"):
        Edges([0], [1], [2**31], [False])
    with pytest.raises(DataError, match=r"judgements\.match is of type int64"):
        Judgements([0], [1], [1])
    with pytest.raises(DataError, match="2 dimensions"):
        Edges([[0]], [1], [1], [False])


def test_positions_outside_the_records_are_refused() -> None:
    """An edge or judgement that names a record which is not there is refused with the range."""
    settings = ClusterSettings(stop=0, floor=0, ambiguity=0)
    edges = Edges([0], [5], [1], [False])
    with pytest.raises(DataError, match="edges name record 5, but positions run from 0 to 4"):
        cluster(5, edges, Judgements.none(), settings)
    with pytest.raises(DataError, match="judgements name record -1"):
        cluster(5, Edges.none(), Judgements([-1], [2], [True]), settings)
    with pytest.raises(DataError, match="outside the positions"):
        Edges([-1], [2], [1], [False])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"component_max": 1}, "component_max is 1"),
        ({"component_max": 65_537}, "give 2 to 65536"),
        ({"ambiguity": -2}, "ambiguity is -2"),
        ({"stop": 2**31}, "stop is 2147483648"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, int], message: str) -> None:
    """Each setting has a range and says so."""
    with pytest.raises(ConfigError, match=message):
        ClusterSettings(**({"stop": 0, "floor": 0, "ambiguity": 0} | wrong))


def test_given_components_are_checked() -> None:
    """Labels that are no smallest members, or that part a match judgement, are refused."""
    settings = ClusterSettings(stop=0, floor=0, ambiguity=0)
    none = Judgements.none()
    with pytest.raises(DataError, match="not the smallest record"):
        cluster(2, Edges.none(), none, settings, component=np.array([1, 1]))
    with pytest.raises(DataError, match="not the smallest record"):
        cluster(3, Edges.none(), none, settings, component=np.array([0, 0, 1]))
    with pytest.raises(DataError, match="one for each of 3 records"):
        cluster(3, Edges.none(), none, settings, component=np.array([0, 0]))
    with pytest.raises(DataError, match="match judgement 0 joins records 2 and 0 of different components"):
        cluster(3, Edges.none(), Judgements([2], [0], [True]), settings, component=np.arange(3))


def test_import_stays_light() -> None:
    """Importing the package loads neither numba nor scipy."""
    code = "import sys, linkage.clustering; print(sorted({'numba', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_memory_estimate_is_an_upper_bound() -> None:
    """The stated bytes cover what numpy and scipy hold at the peak, in components small, cut and dense."""
    random = np.random.default_rng(0)
    settings = ClusterSettings(stop=0, floor=-(10**6), ambiguity=100)
    first = np.arange(0, 200_000, 2)
    small = Edges(first, first + 1, random.integers(-500, 500, len(first)), np.zeros(len(first), np.bool_))
    chains = Edges(np.arange(199_999), np.arange(1, 200_000), np.full(199_999, 5), np.arange(199_999) % 4 == 3)
    a, b = np.triu_indices(600, 1)
    dense = Edges(a, b, random.integers(-500, 500, len(a)), random.random(len(a)) < 0.01)
    for n, edges in ((200_000, small), (200_000, chains), (600, dense)):
        cluster(n, edges, Judgements.none(), settings)  # compile outside the measurement
        tracemalloc.start()
        copied = Edges(edges.a.copy(), edges.b.copy(), edges.weight.copy(), edges.conflict.copy())
        found = find_components(n, copied, settings, Judgements.none())
        cluster(n, copied, Judgements.none(), settings, component=found.label)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= memory_bytes(n, len(edges), found.largest)
