"""Tests of bare Splink on small generated tables."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from linkage.errors import DataError
from linkage.evaluation.components import BaselineResult, best_components
from linkage.matching.baseline import BareSplink, Sampling, bare_splink

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = Sampling(u_pairs=60_000)
CONSTANT: dict[str, dict[str, object]] = {"person": {"city": "here"}, "business": {}, "account": {}}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PLACE = "phones VARCHAR[], emails VARCHAR[], house_number VARCHAR, street VARCHAR, city VARCHAR, postcode VARCHAR"
TABLES = {
    "person": "given_name VARCHAR, middle_name VARCHAR, surname VARCHAR, birth_date DATE, "
    f"birth_year SMALLINT, sex VARCHAR, ssn VARCHAR, birth_place VARCHAR, occupation VARCHAR, {PLACE}",
    "business": f"name_core VARCHAR, tax_id VARCHAR, domain VARCHAR, {PLACE}",
    "account": "number VARCHAR, number_tail VARCHAR, iban VARCHAR, institution VARCHAR, "
    "account_type VARCHAR, holders VARCHAR[]",
}


class Maker:
    """Makes values and garbles them, from one seed."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self.random = random.Random(seed)
        self.pools = {size: [self.word(size) for _ in range(120)] for size in (5, 7, 9)}

    def word(self, size: int) -> str:
        """Return a new word."""
        return "".join(self.random.choices(LETTERS, k=size))

    def common(self, size: int) -> str:
        """Return a word that others have too."""
        return self.random.choice(self.pools[size])

    def digits(self, size: int) -> str:
        """Return a number as text."""
        return "".join(self.random.choices("0123456789", k=size))

    def garbled(self, value: str, rate: float = 0.15) -> str | None:
        """Return the value with a letter changed, or missing, at this rate; else as it is."""
        if self.random.random() >= rate:
            return value
        place = self.random.randrange(len(value))
        return None if self.random.random() < 0.3 else value[:place] + "x" + value[place + 1 :]

    def record(self, kind: str, values: dict[str, str]) -> dict[str, object]:
        """Return one record about an entity of this type."""
        row: dict[str, object] = {k: self.garbled(v) for k, v in values.items() if k not in ("birth_date", "phone")}
        if kind == "person":
            row |= {"birth_date": values["birth_date"], "birth_year": int(values["birth_date"][:4])}
        if kind == "account":
            row["holders"] = [row.pop("holder") or "nobody"]
        else:
            row["phones"] = [values["phone"]] if self.random.random() < 0.5 else None
        return row

    def entity(self, kind: str) -> dict[str, str]:
        """Return the true values of one entity."""
        place = {"street": self.common(9) + " st", "house_number": self.digits(3), "phone": self.digits(10)}
        if kind == "person":
            year, month, day = (self.random.randint(*ends) for ends in ((1940, 2000), (1, 12), (1, 28)))
            birth = f"{year}-{month:02}-{day:02}"
            return place | {
                "given_name": self.common(5),
                "surname": self.common(7),
                "birth_date": birth,
                "ssn": self.digits(9),
            }
        if kind == "business":
            name = f"{self.common(7)} {self.common(5)}"
            return place | {"name_core": name, "tax_id": self.digits(9), "postcode": self.digits(5)}
        number = self.digits(10)
        return {
            "number": number,
            "number_tail": number[-4:],
            "institution": self.common(9),
            "holder": f"{self.common(5)} {self.common(7)}",
        }


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return an in-memory database with a schema `canonical`."""
    with duckdb.connect(":memory:") as con:
        con.sql("SET threads = 2")
        con.sql("SET memory_limit = '1GB'")
        con.sql("CREATE SCHEMA canonical")
        yield con


def fill(con: duckdb.DuckDBPyConnection, kind: str, rows: list[dict[str, object]]) -> None:
    """Create the canonical table of a type with these rows, numbered from 0; what is not given is NULL."""
    con.sql(f"CREATE TABLE canonical.{kind} (record BIGINT, {TABLES[kind]})")
    if rows:
        names = sorted({name for row in rows for name in row})
        con.register("incoming", pa.table({n: [row.get(n) for row in rows] for n in names}))
        columns = ", ".join(names)
        con.sql(
            f"INSERT INTO canonical.{kind} (record, {columns}) SELECT row_number() OVER () - 1, {columns} FROM incoming"
        )
        con.unregister("incoming")


def run(con: duckdb.DuckDBPyConnection, kind: str, entities: int) -> tuple[BareSplink, BaselineResult]:
    """Generate two records an entity, score them and find the best components."""
    maker = Maker(seed=entities)
    things = [maker.entity(kind) for _ in range(entities)]
    rows = [maker.record(kind, things[i % entities]) | CONSTANT[kind] for i in range(2 * entities)]
    fill(con, kind, rows)
    bare = bare_splink(con, f"canonical.{kind}", kind, sampling=SMALL)
    left, right = bare.pairs["record_l"].to_numpy(), bare.pairs["record_r"].to_numpy()
    truth = np.arange(len(rows)) % entities
    return bare, best_components(len(rows), left, right, bare.pairs["match_weight"].to_numpy(), truth)


def test_persons_are_found(connection: duckdb.DuckDBPyConnection) -> None:
    """Garbled persons are found at F1 above .95 without the constant city; the database is as it was."""
    bare, best = run(connection, "person", 400)
    assert best.pairwise.f1 > 0.95
    assert best.b_cubed.f1 > 0.95
    assert bare.comparisons == ("given_name_surname", "birth_date", "ssn", "address", "phones")
    assert ("given_name", "surname") in bare.rules
    assert ("postcode", "surname") not in bare.rules
    pairs = bare.pairs.to_pylist()
    assert all(row["record_l"] < row["record_r"] for row in pairs)
    assert pairs == sorted(pairs, key=lambda row: (row["record_l"], row["record_r"]))
    assert connection.sql("SELECT table_name FROM duckdb_tables()").fetchall() == [("person",)]
    assert connection.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall() == []


def test_businesses_are_found(connection: duckdb.DuckDBPyConnection) -> None:
    """Garbled businesses come out at F1 above .95."""
    bare, best = run(connection, "business", 300)
    assert best.pairwise.f1 > 0.95
    assert "tax_id" in bare.comparisons
    assert "city" not in bare.comparisons


def test_accounts_are_found(connection: duckdb.DuckDBPyConnection) -> None:
    """Garbled accounts come out at F1 above .9."""
    bare, best = run(connection, "account", 300)
    assert best.pairwise.f1 > 0.9
    assert "iban" not in bare.comparisons


def test_often_missing_given_names_are_compared_apart(connection: duckdb.DuckDBPyConnection) -> None:
    """Where a third of the given names is missing the two names are compared one by one."""
    maker = Maker(seed=4)
    rows = [maker.record("person", maker.entity("person")) for _ in range(60)]
    for row in rows[::3]:
        row["given_name"] = None
    fill(connection, "person", rows * 2)
    names = bare_splink(connection, "canonical.person", "person", sampling=SMALL).comparisons
    assert names[:2] == ("given_name", "surname")


@pytest.mark.parametrize("copies", [0, 1, 3])
def test_a_handful_of_records_is_no_error(connection: duckdb.DuckDBPyConnection, copies: int) -> None:
    """None, one or a few records are scored or give no pairs; training that fails leaves the defaults."""
    person: dict[str, object] = {
        "given_name": "ann",
        "surname": "bell",
        "birth_date": "1970-01-02",
        "birth_year": 1970,
    }
    other: dict[str, object] = {
        "given_name": "cid",
        "surname": "dorn",
        "birth_date": "1980-03-04",
        "birth_year": 1980,
    }
    fill(connection, "person", [person] * copies + [other] * min(copies, 1))
    bare = bare_splink(connection, "canonical.person", "person", sampling=SMALL)
    assert bare.pairs.num_rows == copies * (copies - 1) // 2
    assert bare.pairs.column_names == ["record_l", "record_r", "match_weight"]


def test_rules_that_make_far_too_many_pairs_drop_out(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One value on most records does not become a blocking rule."""
    monkeypatch.setattr("linkage.matching.baseline.PAIRS_ALWAYS_ALLOWED", 500)
    monkeypatch.setattr("linkage.matching.baseline.PAIRS_PER_RECORD", 5)
    maker = Maker(seed=5)
    rows = [maker.record("account", maker.entity("account")) for _ in range(60)]
    rows = [row | {"iban": "1" if i % 4 else str(i)} for i, row in enumerate(rows)]
    fill(connection, "account", rows * 2)
    bare = bare_splink(connection, "canonical.account", "account", sampling=SMALL)
    assert ("iban",) not in bare.rules
    assert "iban" in bare.comparisons
    assert ("number",) in bare.rules


def test_logging_is_left_as_it_was(
    connection: duckdb.DuckDBPyConnection,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Splink says nothing while it runs, and its logger has the level that it had."""
    logging.getLogger("splink").setLevel(logging.INFO)
    try:
        run(connection, "account", 40)
        assert logging.getLogger("splink").level == logging.INFO
    finally:
        logging.getLogger("splink").setLevel(logging.NOTSET)
    assert [record.name for record in caplog.records if record.name.startswith("splink")] == []
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_scored_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    """Unknown type, absent table, another type's columns, doubled record numbers: refused in words."""
    fill(connection, "account", [{"number": "1"}, {"number": "2"}])
    with pytest.raises(DataError, match="no baseline for entity type 'ship': use one of person, business, account"):
        bare_splink(connection, "canonical.account", "ship")
    with pytest.raises(DataError, match='absent"; DROP TABLE x; --'):
        bare_splink(connection, 'absent"; DROP TABLE x; --', "account")
    with pytest.raises(DataError, match=r"canonical\.account cannot be read"):
        bare_splink(connection, "canonical.account", "person")
    connection.sql("UPDATE canonical.account SET record = 7")
    with pytest.raises(DataError, match="1 different ones on 2 records"):
        bare_splink(connection, "canonical.account", "account")
