"""Tests of what is told of records for slices: fields, script, guessed origin of the surname."""

from __future__ import annotations

import csv

import pytest

from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.errors import ConfigError
from linkage.evaluation.origins import FIELDS, ORIGINS, describe
from linkage.standardise import CANONICAL

REFERENCE = default_configs() / "reference"
ROWS = [
    # name as written, surname as standardised, script, origin
    ("Ann Smith", "smith", "latin", "anglo"),
    ("Ana García", "garcia", "latin with marks", "hispanic"),
    ("Ana Ruiz de la Torre Lopez", "de la torre lopez", "latin", "hispanic"),
    ("Иван Петров", "petrov", "cyrillic", "slavic"),
    ("Oleh Hryhorenko", "hryhorenko", "latin", "slavic"),
    ("علي", None, "arabic", None),
    ("김민준", "gimminjun", "korean", "unknown"),
    ("王 Wang", "wang", "chinese or japanese", "chinese"),
    ("Γιώργος Αβραμόπουλος", "avramopoulos", "greek", "greek"),
    ("Karl von Xyz", "von xyz", "latin", "german"),
    ("Jim McXyzab", "mcxyzab", "latin", "gaelic"),
    ("Kim Lee", "lee", "latin", "unknown"),
    ("Bo Ov", "ov", "latin", "unknown"),
    (None, None, None, None),
]


def engine_with(rows) -> Engine:
    """Return an engine with a table of persons and their crosswalk."""
    engine = Engine()
    columns = ", ".join(f'"{column.name}" {column.type}' for column in CANONICAL["person"])
    engine.run("CREATE SCHEMA canonical")
    engine.run(f"CREATE TABLE canonical.person ({columns})")
    for number, (name, surname, _script, _origin) in enumerate(rows):
        engine.run(
            "INSERT INTO canonical.person (dataset, key, role, name, surname, phones) VALUES ('d', $key, 'p', $name, $surname, [])",
            {"key": f"{number:02}", "name": name, "surname": surname},
        )
    engine.run(
        "CREATE VIEW crosswalk AS SELECT 'person' AS entity_type, dataset, key, role, 'x' AS identity_id FROM canonical.person"
    )
    return engine


def test_script_and_origin_of_names():
    """The script is that of the name as written; the surname's origin comes from list, particle, beginning or ending, else it is unknown."""
    with engine_with(ROWS) as engine:
        got = describe(engine, "person", "crosswalk", REFERENCE).sort_by("key").to_pylist()
    assert [(row["script"], row["origin"]) for row in got] == [row[2:] for row in ROWS]
    assert [row["filled"] for row in got] == [1 if row[1] else 0 for row in ROWS]


def test_the_list_is_whole():
    """Each line of the list has a known kind, ASCII letters as surnames are folded to, one origin, and stands there once."""
    with (REFERENCE / ORIGINS).open(encoding="utf-8", newline="") as file:
        rows = [(row["kind"], row["written"], row["origin"]) for row in csv.DictReader(file)]
    assert rows == sorted(rows)
    assert {kind for kind, _, _ in rows} == {"surname", "particle", "beginning", "ending"}
    assert len({(kind, written) for kind, written, _ in rows}) == len(rows)
    assert all(written.isascii() and written.islower() and origin for _, written, origin in rows)


def test_a_missing_list_is_refused(tmp_path):
    """Without its list the guess is refused in one sentence that names the file."""
    with engine_with(ROWS[:1]) as engine, pytest.raises(ConfigError, match=r"name_origins\.csv"):
        describe(engine, "person", "crosswalk", tmp_path)


def test_fields_are_columns():
    """Every field that is counted is a column of its type."""
    for kind, names in FIELDS.items():
        assert set(names) <= {column.name for column in CANONICAL[kind]}
