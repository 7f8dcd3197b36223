"""The three statements: their contract, what they count, and that no text breaks them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.errors import RequestError
from linkage.standardise import CANONICAL, MAPPED, canonical_sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from linkage.engine.duckdb import Engine

    Standardise = Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]]

TYPES = ("account", "business", "person")
FIXED = {"dataset", "key", "role", "agency"}
SOME_TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)
AWKWARD = st.one_of(
    SOME_TEXT,
    st.sampled_from(
        [
            "'",
            '"',
            "''; DROP TABLE x; --",
            "%s",
            "$1",
            "\\",
            "(",
            "[",
            "*",
            "a" * 5000,
            "9" * 5000,
            ", " * 2000,
            "jr",
            ",",
            "٣",
            "é",
        ]
    ),
    st.from_regex(r"[0-9*x/ .,-]{0,12}", fullmatch=True),
    st.from_regex(r"[0-9]{1,4} [A-Za-z ]{0,20}(?:, [A-Z]{2} [0-9]{5})?", fullmatch=True),
)


@pytest.mark.parametrize("entity_type", TYPES)
def test_contract(engine: Engine, entity_type: str) -> None:
    """A statement gives exactly the columns of its contract in their order, then `empty` and `bad_values`."""
    columns = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in MAPPED[entity_type])
    rows = engine.rows(f"DESCRIBE (WITH mapped AS (SELECT {columns}) {canonical_sql(entity_type)})")
    expected = [(column.name, column.type) for column in CANONICAL[entity_type]]
    assert [(row[0], row[1]) for row in rows] == [*expected, ("empty", "BOOLEAN"), ("bad_values", "SMALLINT")]


def test_every_column_has_a_sentence() -> None:
    """Every column of both contracts says what it holds, and no name comes twice in a type."""
    for contract in (MAPPED, CANONICAL):
        assert tuple(sorted(contract)) == TYPES
        for columns in contract.values():
            assert all(
                column.meaning and column.type in {"VARCHAR", "VARCHAR[]", "DATE", "SMALLINT", "BOOLEAN"}
                for column in columns
            )
            assert len({column.name for column in columns}) == len(columns)


def test_unknown_type_is_refused() -> None:
    """A type that does not exist is refused with those that do."""
    with pytest.raises(RequestError, match="account, business, person"):
        canonical_sql("vehicle")


@pytest.mark.parametrize("entity_type", TYPES)
def test_nothing_written_is_empty(standardise: Standardise, entity_type: str) -> None:
    """A row without any identifying attribute is marked empty and has nothing bad in it."""
    (nulls, blanks, marks) = standardise(entity_type, [{}, _filled(entity_type, "  "), _filled(entity_type, "N/A")])
    assert [(row["empty"], row["bad_values"]) for row in (nulls, blanks, marks)] == [(True, 0)] * 3


def test_impossible_values_are_missing_and_counted(standardise: Standardise) -> None:
    """What was written but cannot be is missing in the result and counted once each."""
    (row,) = standardise(
        "person",
        [
            {
                "surname": "Smith",
                "birth_date": "1999-02-30",
                "seen_on": "2009-13-45",
                "ssn": "000-12-3456",
                "phone": ["123", "702-919-1300", "555-5555"],
                "email": ["nobody", None],
                "postcode": "00000",
                "sex": "7",
            }
        ],
    )
    assert (row["birth_date"], row["seen_on"], row["ssn"], row["postcode"], row["sex"]) == (
        None,
        None,
        None,
        None,
        None,
    )
    assert row["phones"] == ["7029191300"]
    assert row["bad_values"] == 8


def test_order_of_the_source_decides(standardise: Standardise) -> None:
    """The order told for a source decides on an open date; without one both readings are kept."""
    day, other = dt.date(1978, 11, 12), dt.date(1978, 12, 11)
    rows = standardise(
        "person", [{"birth_date": "11/12/1978", "date_order": order} for order in ("mdy", "dmy", "auto", None)]
    )
    assert [(row["birth_date"], row["birth_date_alt"]) for row in rows] == [
        (day, None),
        (other, None),
        (day, other),
        (day, other),
    ]


@pytest.mark.parametrize("entity_type", TYPES)
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_text_is_read(standardise: Standardise, entity_type: str, data: st.DataObject) -> None:
    """No text in any attribute makes a statement fail, and what comes out is never much longer than what went in."""
    row = st.fixed_dictionaries(
        {
            column.name: st.lists(AWKWARD, max_size=3) if column.type.endswith("[]") else AWKWARD
            for column in MAPPED[entity_type]
            if column.name not in FIXED
        }
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=20))
    found = standardise(entity_type, rows)
    assert len(found) == len(rows)
    for given_row, result in zip(rows, found, strict=True):
        longest = 200 + 4 * sum(
            len(text) for value in given_row.values() for text in ([value] if isinstance(value, str) else value)
        )
        assert all(len(text) <= longest for value in result.values() for text in _texts(value))
        assert result["bad_values"] >= 0


def test_metacharacters_do_nothing(engine: Engine, standardise: Standardise) -> None:
    """SQL in a value is a value: no table goes, and the words come out folded."""
    engine.run("CREATE OR REPLACE TABLE main.precious AS SELECT 1 AS one")
    (row,) = standardise("person", [_filled("person", "Smith'); DROP TABLE main.precious; --")])
    assert engine.value("SELECT one FROM main.precious") == 1
    assert row["surname"] == "smith drop table main precious"


def test_result_does_not_depend_on_the_order_of_rows(standardise: Standardise) -> None:
    """A row becomes the same whatever stands beside it."""
    rows = [
        {"name": [f"Robert {n} Smith"], "address": f"{n} Main St, Reno, NV 8950{n % 10}", "phone": [f"702555{n:04d}"]}
        for n in range(1, 60)
    ]
    keys = ("given_name", "middle_name", "surname", "house_number", "street", "city", "postcode", "phones")
    forward = [tuple(map(repr, (row[key] for key in keys))) for row in standardise("person", rows)]
    backward = [tuple(map(repr, (row[key] for key in keys))) for row in standardise("person", rows[::-1])]
    assert forward == backward[::-1]


def _filled(entity_type: str, text: str) -> dict[str, Any]:
    return {
        column.name: [text] if column.type.endswith("[]") else text
        for column in MAPPED[entity_type]
        if column.name not in FIXED
    }


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [text for text in value if text] if isinstance(value, list) else []
