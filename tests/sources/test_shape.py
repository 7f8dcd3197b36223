"""The one-pass reading of JSON objects of the usual shape equals the general one, and never loses a value."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import linkage
from linkage.engine.duckdb import Engine
from linkage.errors import DataError
from linkage.sources import jsonl
from linkage.sources.files import Delivery, read_delivery

PROJECT = """
version = 1
name = "shapes"
workspace = "work"
[sources.people]
agency = "A"
files = "a.jsonl"
format = "jsonl"
delivery = "snapshot"
key = "id"
[sources.people.roles.subject]
entity = "person"
[sources.people.roles.subject.fields]
name = "NAME_FULL"
other_name = ["AKA_NAME_FULL", "OTHER_USE_NAME_LAST"]
"""
TEXTS = st.one_of(
    st.sampled_from(
        ["Ann", "", " ", "a{b", "[x]", '":null', '"":', "AKA", "PRIMARY", "other use", "\x1f", "\x00", "é"]
    ),
    st.text(max_size=5),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
ENTRY_KEYS = ["NAME_TYPE", "NAME_FULL", "NAME_LAST", "PHONE_NUMBER", "ADDR_TYPE", "ADDR_FULL", "DOB"]
FEATURES = st.lists(
    st.one_of(
        st.dictionaries(
            st.sampled_from(ENTRY_KEYS), st.one_of(st.sampled_from(["AKA", "PRIMARY", "x"]), TEXTS), max_size=3
        ),
        st.dictionaries(st.sampled_from(ENTRY_KEYS), SCALARS, max_size=3),
    ),
    max_size=5,
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "A", "x.y", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)
USUAL = st.fixed_dictionaries(
    {"id": st.integers()},
    optional={
        "name": SCALARS,
        "tags": st.lists(SCALARS, max_size=4),
        "who": st.fixed_dictionaries(
            {}, optional={"first": SCALARS, "last": SCALARS, "place": st.fixed_dictionaries({"city": SCALARS})}
        ),
        "homes": st.lists(
            st.fixed_dictionaries({}, optional={"street": SCALARS, "geo": st.fixed_dictionaries({"lat": SCALARS})}),
            max_size=3,
        ),
        "FEATURES": FEATURES,
    },
)
ODD = st.fixed_dictionaries(
    {"id": st.integers()},
    optional=dict.fromkeys(["name", "tags", "who", "homes", "FEATURES", "NAME_FULL", "Name"], ANY),
)


def reading(tmp_path, lines):
    """The columns, rows, rejects and kept texts of a file, or what it is refused for."""
    path = tmp_path / "a.jsonl"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    if not (tmp_path / "project.toml").exists():
        (tmp_path / "project.toml").write_text(PROJECT, encoding="utf-8")
    source = linkage.open(tmp_path).loaded.settings.sources["people"]
    with Engine() as engine:
        try:
            read_delivery(engine, source, Delivery((path,), "x"), tmp_path)
        except DataError as error:
            return str(error)
        columns = sorted(engine.columns("incoming", "row"))
        listed = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
        return (
            columns,
            engine.rows(f"SELECT rowid, {listed} FROM incoming.row ORDER BY rowid"),
            engine.rows("FROM incoming.reject ORDER BY line"),
            engine.rows("FROM incoming.raw ORDER BY row"),
        )


def both(tmp_path, lines):
    """The reading in one pass where it serves, and the general one."""
    usual = reading(tmp_path, lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "usual_shape", lambda *_: None)
        return usual, reading(tmp_path, lines)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(objects=st.lists(USUAL, min_size=1, max_size=6), odd=st.lists(ODD, max_size=2), spaced=st.booleans())
def test_one_pass_equals_the_general_reading(tmp_path, objects, odd, spaced):
    """Whatever stands in objects of the usual shape and between them, both readings give the same rows, or refuse alike."""
    separators = (" , ", " : ") if spaced else (",", ":")
    lines = [json.dumps(entry, separators=separators) for entry in [*objects, *odd]]
    usual, general = both(tmp_path, lines)
    assert usual == general


USUAL_LINES = ['{"id":1,"s":{"x":"a"},"l":[{"x":"b"},{"x":"c"}],"v":["d",null,"e"],"t":"f"}'] * 3


@pytest.mark.parametrize(
    "line",
    [
        '{"id":2,"s":{"x":"a","x":"b"}}',
        '{"id":2,"s":{"x":null,"x":"b"}}',
        '{"id":2,"id":3}',
        '{"id":2,"new":"key"}',
        '{"id":2,"s":5,"v":["x",{}]}',
        '{"id":2,"s":[],"l":5,"v":{"y":1}}',
        '{"id":2,"l":[7,{"x":"c"},{}]}',
        '{"id":2,"v":[[1,2],3]}',
        '{"id":2,"t":{"deep":null}}',
        '{"id":2,"t":[1,2]}',
        '{"id":2,"t":"\\":null","S":{"x":1}}',
        '{"id":2,"T":"other case"}',
        '{"id" : 2, "t" :  null, "s" : {"x" : 1e300}}',
        '{"id":2,"v":[null,"","x",null],"l":[{"x":null}]}',
        '{"id":2,"t":123456789012345678901234567890,"v":[true,1.0,-0]}',
    ],
)
def test_objects_of_another_shape_lose_nothing(tmp_path, line):
    """An object that is not of the shape of the others is read as the general reading reads it, its keys' values all there."""
    usual, general = both(tmp_path, [*USUAL_LINES, line, *USUAL_LINES])
    assert usual == general


def test_usual_objects_are_read_in_one_pass(tmp_path, monkeypatch):
    """Objects of the usual shape, FEATURES with uses included, never go the general way."""
    monkeypatch.setattr(jsonl, "_take_apart", lambda *_: pytest.fail("the general way was taken"))
    names = (
        '{"NAME_TYPE": "AKA", "NAME_FULL": "Bo"}, {"NAME_TYPE": "PRIMARY", "NAME_FULL": "Bob"}, {"NAME_FULL": "Bert"}'
    )
    lines = [*USUAL_LINES, '{"id": 4, "FEATURES": [' + names + "]}", '{"id": 5, "t": null, "v": []}']
    columns, rows, _, _ = reading(tmp_path, lines)
    found = dict(zip(columns, rows[3][1:], strict=True))
    assert found["NAME_FULL"] == "Bob\x1fBert\x1fBo"
    assert found["AKA_NAME_FULL"] == "Bo"
    assert dict(zip(columns, rows[0][1:], strict=True))["v"] == "d\x1f\x1fe"
