"""The audit chain: rows that are only ever added, each with the SHA-256 of its content and of the row before.

Who edits, cuts out or reorders rows breaks the chain; who makes it anew from there on, or cuts its end, is found by the
anchors, which keep its head outside the workspace.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

FIRST = "0" * 64
"""What the first row follows."""

LOOK, CHANGE, REFUSAL = "look", "change", "refusal"
"""Kinds of rows: somebody looked, something was decided or done, something was refused."""

TABLES = (
    """
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, action TEXT NOT NULL, by TEXT NOT NULL, agency TEXT NOT NULL,
        audience TEXT NOT NULL, release INTEGER, purpose TEXT NOT NULL, objects TEXT NOT NULL, outcome TEXT NOT NULL,
        asked TEXT, previous TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT
    """,
    "CREATE TABLE asked (number INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT",
    "CREATE TRIGGER audit_kept BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END",
    "CREATE TRIGGER audit_whole BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END",
)


@dataclass(frozen=True)
class Entry:
    """What one row tells: when, what kind, which action, by whom, for which agency and audience (and its release), why, on which objects.

    Objects are ids, never values. `asked` is the keyed hash of what was asked for, which stands in a table of its own.
    """

    at: str
    kind: str
    action: str
    by: str
    agency: str = ""
    audience: str = ""
    release: int | None = None
    purpose: str = ""
    objects: tuple[str, ...] = ()
    outcome: str = "done"
    asked: str | None = None


@dataclass(frozen=True)
class Row:
    """A row of the chain: its number, what it tells, the hash of the row before and its own."""

    number: int
    entry: Entry
    previous: str
    hash: str

    @property
    def is_intact(self) -> bool:
        """Whether the row has the hash of what it tells."""
        return row_hash(self.number, self.entry, self.previous) == self.hash


COLUMNS = tuple(field.name for field in fields(Entry))


def row_hash(number: int, entry: Entry, previous: str) -> str:
    """Return the hash of a row that follows the row with the hash `previous`."""
    told = [previous, number, *(getattr(entry, name) for name in COLUMNS)]
    return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()


def append(connection: sqlite3.Connection, entry: Entry, asked: str | None = None) -> int:
    """Add a row inside the caller's transaction, with what was asked for beside it; return its number."""
    last = connection.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    number, previous = (int(last[0]) + 1, last[1]) if last else (1, FIRST)
    values = [json.dumps(entry.objects) if name == "objects" else getattr(entry, name) for name in COLUMNS]
    marks = ", ".join("?" * (len(COLUMNS) + 3))
    connection.execute(
        f"INSERT INTO audit (number, {', '.join(COLUMNS)}, previous, hash) VALUES ({marks})",
        (number, *values, previous, row_hash(number, entry, previous)),
    )
    if asked is not None:
        connection.execute("INSERT INTO asked VALUES (?, ?)", (number, asked))
    return number


def to_row(found: tuple[Any, ...]) -> Row:
    """Return a row as `SELECT_ROWS` gives it."""
    number, *told, previous, own = found
    values = dict(zip(COLUMNS, told, strict=True))
    values["objects"] = tuple(json.loads(values["objects"]))
    return Row(int(number), Entry(**values), previous, own)


SELECT_ROWS = f"SELECT number, {', '.join(COLUMNS)}, previous, hash FROM audit ORDER BY number"


def take_over_looks(connection: sqlite3.Connection) -> None:
    """Make the audit of a ledger whose looks stand in a table of their own, and put these in it."""
    for statement in TABLES:
        connection.execute(statement)
    rows = connection.execute(
        "SELECT looked_at, looked_by, audience, purpose, action, objects FROM look ORDER BY look"
    ).fetchall()
    for at, by, audience, purpose, action, objects in rows:
        told = tuple(json.loads(objects))
        append(connection, Entry(at, LOOK, action, by, audience=audience, purpose=purpose, objects=told))
    connection.execute("DROP TABLE look")
