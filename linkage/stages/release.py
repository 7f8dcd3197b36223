"""The release file of an audience while it is made: opened in staging, attached as `release`, its tables written by contract.

In an increment the file is a copy of the last release, in which the rows of the touched identities are put anew.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from linkage.engine.sql import quote
from linkage.store.workspace import copy_file
from linkage.tables import PUBLISHED, STORED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from linkage.stages.context import Run

READS = ("making.old",)
WRITES = ("making.stale",)

STALE = "identity_id IN (SELECT identity_id FROM making.stale)"
"""The SQL test of a row of the last release that this one puts anew."""


def begin_release(run: Run, audience: str, path: Path, last: Path | None) -> None:
    """Make the file of an audience's next release: in an increment a copy of the last one, which may be under way already."""
    copied = run.copies.pop(audience, None)
    if copied is not None:
        copied.result()
    if audience in run.amended_audiences and last is not None:
        if copied is None:
            copy_file(last, path)
    else:
        path.unlink(missing_ok=True)
    run.engine.create_as("making", "stale", "SELECT DISTINCT identity_id FROM making.old")


@contextmanager
def opened_release(run: Run, path: Path) -> Iterator[None]:
    """Attach the file as `release` for the time of the block."""
    with run.engine.attached(path, "release", read_only=False):
        run.engine.run("CREATE SCHEMA IF NOT EXISTS release.published")
        yield
    run.engine.run("DROP TABLE making.stale")


def write(
    run: Run,
    audience: str,
    name: str,
    query: str,
    values: dict[str, Any] | None = None,
    *,
    order: str = "",
    stale: str = "TRUE",
) -> None:
    """Write one published table: contract columns, contract types, in the order of its key.

    `order` may name a column that orders the rows as the key does, at less cost. In an increment the query gives the rows
    that take the place of those of the last release which meet the test `stale`.
    """
    table = next(table for table in (*PUBLISHED, *STORED) if table.name == name)
    columns = ", ".join(
        f"CAST({quote(column.name)} AS {column.type}) AS {quote(column.name)}" for column in table.columns
    )
    order = order or ", ".join(quote(column) for column in table.key)
    rows = f"SELECT {columns} FROM ({query}) ORDER BY {order}"
    if audience in run.amended_audiences:
        run.engine.run(f"DELETE FROM release.published.{quote(name)} WHERE {stale}")
        run.engine.run(f"INSERT INTO release.published.{quote(name)} {rows}", values)
    else:
        run.engine.run(f"CREATE TABLE release.published.{quote(name)} AS {rows}", values)


def make_views(run: Run) -> None:
    """Make the views of the contract that show stored tables: the crosswalk and the evidence of links."""
    run.engine.run(
        "CREATE VIEW release.published.identity_record AS "
        "SELECT entity_type, dataset, key, role, agency, identity_id, ambiguous FROM published.stored_record"
    )
    ends = ", ".join(
        f"{end}.{name} AS {name}_{mark}"
        for end, mark in (("one", "a"), ("two", "b"))
        for name in ("dataset", "key", "role")
    )
    run.engine.run(
        f"CREATE VIEW release.published.link_evidence AS SELECT one.entity_type, {ends}, one.identity_id, weight / 1024.0 AS weight, levels "
        "FROM published.stored_link JOIN published.stored_record AS one ON one.number = a JOIN published.stored_record AS two ON two.number = b"
    )
