"""From a database to identities and back into a database."""

from __future__ import annotations

from linkage import queries

BANK = """
[sources.{name}]
agency = "{name}"
format = "postgresql"
delivery = "snapshot"
key = "id"
[sources.{name}.postgresql]
url_env = "BANKS_URL"
table = "banks.{name}"
[sources.{name}.roles.account]
entity = "account"
[sources.{name}.roles.account.fields]
number = "number"
institution = "bank"
holder = ["holder"]
"""


def _load(postgres, accounts, name, **groups):
    rows = [line.split(",") for line in accounts.csv(**groups).splitlines()[1:]]
    values = ", ".join("('" + "', '".join(row) + "')" for row in rows)
    postgres.run(
        f"CREATE SCHEMA IF NOT EXISTS banks; DROP TABLE IF EXISTS banks.{name}; "
        f"CREATE TABLE banks.{name} (id TEXT PRIMARY KEY, number TEXT, bank TEXT, holder TEXT); INSERT INTO banks.{name} VALUES {values}"
    )


def _pairs(postgres):
    """The groups of records that the exported crosswalk puts together."""
    return {
        tuple(row[0])
        for row in postgres.rows(
            "SELECT array_agg(dataset || '/' || key ORDER BY dataset, key) FROM resolved.identity_record GROUP BY identity_id"
        )
    }


def test_database_to_identities_to_database(accounts, make_project, postgres, monkeypatch):
    """Records of two tables come back as identities; unchanged tables change nothing, a changed one only its own record."""
    monkeypatch.setenv("BANKS_URL", postgres.url)
    _load(postgres, accounts, "north", alpha="ab", beta="c", gamma="d")
    _load(postgres, accounts, "south", alpha="x", gamma="y")
    project = make_project(BANK.format(name="north") + BANK.format(name="south"), {})
    project.run()
    for table in ("identity_record", "account", "identity"):
        queries.export(project, table, postgres.url, schema="resolved")
    assert _pairs(postgres) == {("north/a", "north/b", "south/x"), ("north/c",), ("north/d", "south/y")}
    before = postgres.rows("SELECT * FROM resolved.account ORDER BY identity_id")
    assert {row[0] for row in before} == {row[0] for row in postgres.rows("SELECT identity_id FROM resolved.identity")}

    report = project.run()
    assert all(entry["accepted"] == entry["rows_read"] for entry in report["datasets"].values())
    queries.export(project, "account", postgres.url, schema="resolved")
    assert postgres.rows("SELECT * FROM resolved.account ORDER BY identity_id") == before

    _load(postgres, accounts, "south", alpha="x", beta="y")
    project.run()
    queries.export(project, "identity_record", postgres.url, schema="resolved")
    assert _pairs(postgres) == {("north/a", "north/b", "south/x"), ("north/c", "south/y"), ("north/d",)}
