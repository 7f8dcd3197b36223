"""Golden values by compiled loops, against the rules written out in Python."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.survivorship import RULES, days, distinct_values, fullest, survivors, taken, told

TEXTS = st.sampled_from(["", "a", "ab", "b", "é", "z", "zz", "Z", "ÿ", "\U0001f600", "a b"])
DAYS = st.sampled_from([None, dt.date(2020, 1, 1), dt.date(2021, 5, 5)])
LONG_AGO = dt.date(1, 1, 1)


@st.composite
def identities(draw, value):
    """Identities of one record and more: each a list of records (value, day)."""
    return draw(st.lists(st.lists(st.tuples(value, DAYS), min_size=1, max_size=5), min_size=1, max_size=5))


def arrays(groups, kind):
    """Turn identities into what the functions take."""
    rows = [row for group in groups for row in group]
    start = np.cumsum([0, *map(len, groups)]).astype(np.int64)
    return start, told(pa.array([row[0] for row in rows], kind)), days(pa.array([row[1] for row in rows], pa.date32()))


def expected(group, rule):
    """The surviving value of an identity, by the words of the rule."""
    count: Counter[str] = Counter()
    last: dict[str, dt.date] = {}
    for values, day in group:
        for value in values:
            count[value] += 1
            last[value] = max(last.get(value, LONG_AGO), day or LONG_AGO)
    keys = {
        "most_agreed": lambda v: (count[v], last[v], len(v), v.encode()),
        "most_recent": lambda v: (last[v], count[v], len(v), v.encode()),
        "most_complete": lambda v: (len(v), count[v], last[v], v.encode()),
    }
    return max(count, key=keys[rule], default=None)


@pytest.mark.parametrize("rule", sorted(RULES))
@settings(max_examples=60, deadline=None)
@given(groups=identities(st.none() | TEXTS))
def test_the_surviving_value_is_the_one_of_the_rule(groups, rule):
    """Records that tell it, last day, letters and the value itself decide, in the order of the rule."""
    start, values, seen = arrays(groups, pa.string())
    best, _, _ = survivors(start, values, seen, rule)
    lists = [[([] if value is None else [value], day) for value, day in group] for group in groups]
    assert taken(values.texts, best).to_pylist() == [expected(group, rule) for group in lists]


@settings(max_examples=60, deadline=None)
@given(groups=identities(st.none() | st.lists(TEXTS, max_size=3, unique=True)))
def test_lists_give_their_distinct_values_in_order(groups):
    """All values of an identity's lists, each once, in the order of their bytes; NULL where it has none."""
    start, values, seen = arrays(groups, pa.list_(pa.string()))
    best, kept, ends = survivors(start, values, seen, "most_agreed")
    every = [{value for listed, _ in group for value in listed or []} for group in groups]
    assert distinct_values(values, kept, ends).to_pylist() == [sorted(one, key=str.encode) or None for one in every]
    lists = [[(listed or [], day) for listed, day in group] for group in groups]
    assert taken(values.texts, best).to_pylist() == [expected(group, "most_agreed") for group in lists]


@settings(max_examples=60, deadline=None)
@given(groups=identities(st.tuples(st.none() | TEXTS, st.none() | TEXTS, st.none() | TEXTS)))
def test_parts_come_from_the_fullest_record_with_the_chosen_whole(groups):
    """Of the records that hold the whole, the one with most parts, seen last, with the greatest texts; of all where no whole is."""
    start, values, seen = arrays([[(row[0], day) for row, day in group] for group in groups], pa.string())
    best, _, _ = survivors(start, values, seen, "most_agreed")
    rows = [(row, day) for group in groups for row, day in group]
    parts = [pa.array([row[place] for row, _ in rows], pa.string()) for place in (1, 2)]
    found = fullest(start, values, best, parts, seen)
    whole = taken(values.texts, best).to_pylist()
    for group, chosen, place in zip(groups, whole, found, strict=True):
        fit = [
            (
                sum(part is not None for part in row[1:]),
                day or LONG_AGO,
                tuple((part or "").encode() for part in row[1:]),
            )
            for row, day in group
            if chosen is None or row[0] == chosen
        ]
        row, day = rows[place]
        assert chosen is None or row[0] == chosen
        assert (
            sum(part is not None for part in row[1:]),
            day or LONG_AGO,
            tuple((part or "").encode() for part in row[1:]),
        ) == max(fit)


def test_values_of_a_slice_are_those_of_its_rows():
    """A column that is part of a longer one is read from where it begins."""
    column = pa.array(["x", "a", None, "b", "y"]).slice(1, 3)
    values = told(column)
    best, _, _ = survivors(np.array([0, 3]), values, days(pa.array([None] * 3, pa.date32())), "most_agreed")
    assert taken(values.texts, best).to_pylist() == ["b"]
