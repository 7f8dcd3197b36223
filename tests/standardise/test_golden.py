"""Golden tables: each row of `tests/golden/standardise/*.csv` gives inputs and the canonical values they become."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from linkage.standardise import MAPPED

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = sorted((Path(__file__).parent.parent / "golden" / "standardise").glob("*.csv"))
# What should be and is not yet: the name of a file says what goes wrong.
GAPS = sorted((Path(__file__).parent.parent / "golden" / "standardise_gaps").glob("*.csv"))
LEAST_ROWS = 8
LEAST_VALUES = 300
SEPARATOR = " | "


def test_there_are_golden_tables() -> None:
    """The golden tables of every family of values are there, each with some rows, and together with hundreds."""
    expected = {"dates", "phones", "person_names", "addresses", "organisations", "identifiers", "accounts"}
    assert {path.stem for path in GOLDEN} >= expected
    assert all(len(_read(path)) >= LEAST_ROWS for path in GOLDEN)
    assert sum(len(_read(path)) for path in GOLDEN) >= LEAST_VALUES


@pytest.mark.parametrize(
    "path",
    [
        *GOLDEN,
        *(
            pytest.param(path, marks=pytest.mark.xfail(strict=True, reason=path.stem.replace("_", " ")))
            for path in GAPS
        ),
    ],
    ids=lambda path: path.stem,
)
def test_golden(path: Path, standardise: Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Every written value of the table becomes the canonical value beside it."""
    lines = _read(path)
    entity_type = lines[0]["entity"]
    lists = {column.name for column in MAPPED[entity_type] if column.type.endswith("[]")}
    found = standardise(entity_type, [_inputs(line, lists) for line in lines])
    wanted = [{name[4:]: text for name, text in line.items() if name.startswith("out.")} for line in lines]
    shown = [{name: _text(row[name]) for name in want} for row, want in zip(found, wanted, strict=True)]
    wrong = [(line, want, row) for line, want, row in zip(lines, wanted, shown, strict=True) if want != row]
    assert wrong == []


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _inputs(line: dict[str, str], lists: set[str]) -> dict[str, Any]:
    given = {name[3:]: text for name, text in line.items() if name.startswith("in.") and text}
    return {name: text.split(SEPARATOR) if name in lists else text for name, text in given.items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return SEPARATOR.join(value) if isinstance(value, list) else str(value)
