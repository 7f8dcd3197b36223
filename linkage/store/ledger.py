"""The ledger: one SQLite file with runs, releases, models, approvals and judgements.

Rows are added, never rewritten; undoing a judgement fills the columns that close it, once.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from linkage.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VERSION = 1

_SCHEMA = """
CREATE TABLE run (
    run INTEGER PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT NOT NULL, base INTEGER NOT NULL,
    releases TEXT NOT NULL, report TEXT NOT NULL
) STRICT;
CREATE TABLE model (
    entity_type TEXT NOT NULL, hash TEXT NOT NULL, created_at TEXT NOT NULL, run INTEGER NOT NULL,
    PRIMARY KEY (entity_type, hash)
) STRICT;
CREATE TABLE approval (
    approval INTEGER PRIMARY KEY, entity_type TEXT NOT NULL, hash TEXT NOT NULL, approved_at TEXT NOT NULL,
    approved_by TEXT NOT NULL, why TEXT NOT NULL
) STRICT;
CREATE TABLE look (
    look INTEGER PRIMARY KEY, looked_at TEXT NOT NULL, looked_by TEXT NOT NULL, audience TEXT NOT NULL, purpose TEXT NOT NULL,
    action TEXT NOT NULL, objects TEXT NOT NULL
) STRICT;
CREATE TABLE judgement (
    judgement INTEGER PRIMARY KEY, entity_type TEXT NOT NULL,
    dataset_a TEXT NOT NULL, key_a TEXT NOT NULL, role_a TEXT NOT NULL,
    dataset_b TEXT NOT NULL, key_b TEXT NOT NULL, role_b TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('match', 'non-match', 'unsure')),
    judged_at TEXT NOT NULL, judged_by TEXT NOT NULL, why TEXT NOT NULL, sight TEXT NOT NULL,
    closed_at TEXT, closed_by TEXT, closed_why TEXT
) STRICT;
"""

# Made where it is absent, so that a ledger written before judged samples were kept needs no migration.
_ADDED = """
CREATE TABLE IF NOT EXISTS judgement_sample (
    judgement INTEGER PRIMARY KEY, sample TEXT NOT NULL, stratum INTEGER NOT NULL, stratum_pairs INTEGER NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Release:
    """One published release of an audience."""

    audience: str
    sequence: int


@dataclass(frozen=True)
class RunRow:
    """The one row that makes a run's base and releases the current ones."""

    run: int
    started_at: str
    finished_at: str
    base: int
    releases: tuple[Release, ...]
    report: dict[str, Any]


@dataclass(frozen=True)
class Approval:
    """A model that becomes the approved one of its type together with a run."""

    entity_type: str
    model_hash: str
    approved_by: str
    why: str


@dataclass(frozen=True)
class Look:
    """One look: when, who, in whose view, why, by which command, at which ids."""

    looked_at: str
    looked_by: str
    audience: str
    purpose: str
    action: str
    objects: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """How a review sample came to hold a pair: the sample, the stratum, and the pairs of the stratum."""

    sample: str
    stratum: int
    stratum_pairs: int


@dataclass(frozen=True)
class Judgement:
    """A steward's decision on two entity records of one type."""

    entity_type: str
    a: tuple[str, str, str]
    b: tuple[str, str, str]
    verdict: str
    judged_by: str
    why: str
    sight: str = "centre"
    drawn: Drawn | None = None


@dataclass(frozen=True)
class Judged:
    """A judgement as the ledger holds it: its number, when it was made, and what undid it, if anything did."""

    number: int
    judgement: Judgement
    judged_at: str
    closed_at: str | None = None
    closed_by: str | None = None
    closed_why: str | None = None


class Ledger:
    """Access to the ledger file; opens it, checks its version, and reads and adds rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA secure_delete = ON")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            elif version != VERSION:
                message = f"{path}: the ledger has version {version}, this program writes {VERSION}; use the program that wrote it"
                raise WorkspaceError(message)
            self._connection.execute(_ADDED)
        except sqlite3.Error as error:
            message = f"{path}: the ledger cannot be used ({error}); restore it from a backup"
            raise WorkspaceError(message) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            message = f"{self.path}: the ledger cannot be written ({error}); check the disk and run again"
            raise WorkspaceError(message) from error

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            message = f"{self.path}: the ledger cannot be read ({error}); restore it from a backup"
            raise WorkspaceError(message) from error

    def runs(self) -> list[RunRow]:
        """Return all finished runs, oldest first."""
        rows = self._rows("SELECT run, started_at, finished_at, base, releases, report FROM run ORDER BY run")
        return [
            RunRow(
                run,
                started,
                finished,
                base,
                tuple(Release(**entry) for entry in json.loads(releases)),
                json.loads(report),
            )
            for run, started, finished, base, releases, report in rows
        ]

    def last_run(self) -> RunRow | None:
        """Return the last finished run, if there is one."""
        runs = self.runs()
        return runs[-1] if runs else None

    def add_run(self, row: RunRow, approvals: Sequence[Approval] = ()) -> None:
        """Publish: the base and the releases of this row become the current ones, and its models approved, all at once."""
        releases = json.dumps([asdict(release) for release in row.releases])
        with self._transaction() as connection:
            for entry in approvals:
                model = (entry.entity_type, entry.model_hash)
                connection.execute("INSERT OR IGNORE INTO model VALUES (?, ?, ?, ?)", (*model, row.started_at, row.run))
                connection.execute(
                    "INSERT INTO approval (entity_type, hash, approved_at, approved_by, why) VALUES (?, ?, ?, ?, ?)",
                    (*model, row.started_at, entry.approved_by, entry.why),
                )
            connection.execute(
                "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?)",
                (row.run, row.started_at, row.finished_at, row.base, releases, json.dumps(row.report, sort_keys=True)),
            )

    def add_model(self, entity_type: str, model_hash: str, created_at: str, run: int) -> None:
        """List a model that a run has trained; listing it again changes nothing."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO model VALUES (?, ?, ?, ?)", (entity_type, model_hash, created_at, run)
            )

    def approve(self, entity_type: str, model_hash: str, approved_at: str, approved_by: str, why: str) -> None:
        """Make a listed model the one that runs use."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO approval (entity_type, hash, approved_at, approved_by, why) VALUES (?, ?, ?, ?, ?)",
                (entity_type, model_hash, approved_at, approved_by, why),
            )

    def approved_model(self, entity_type: str) -> str | None:
        """Return the hash of the approved model of a type, if there is one."""
        rows = self._rows(
            "SELECT hash FROM approval WHERE entity_type = ? ORDER BY approval DESC LIMIT 1", (entity_type,)
        )
        return rows[0][0] if rows else None

    def models(self) -> list[tuple[str, str, str]]:
        """Return (type, hash, created at) of every listed model, oldest first."""
        return [
            (a, b, c)
            for a, b, c in self._rows(
                "SELECT entity_type, hash, created_at FROM model ORDER BY created_at, entity_type, hash"
            )
        ]

    def look(self, look: Look) -> None:
        """Add one look to the audit."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO look (looked_at, looked_by, audience, purpose, action, objects) VALUES (?, ?, ?, ?, ?, ?)",
                (look.looked_at, look.looked_by, look.audience, look.purpose, look.action, json.dumps(look.objects)),
            )

    def looks(self) -> list[Look]:
        """Return all looks, oldest first."""
        rows = self._rows("SELECT looked_at, looked_by, audience, purpose, action, objects FROM look ORDER BY look")
        return [
            Look(at, by, audience, purpose, action, tuple(json.loads(objects)))
            for at, by, audience, purpose, action, objects in rows
        ]

    def judge(self, judgement: Judgement, judged_at: str) -> int:
        """Add a judgement on two records and return its number; the next run applies it."""
        return self.judge_all([judgement], judged_at)[0]

    def judge_all(self, judgements: Sequence[Judgement], judged_at: str) -> list[int]:
        """Add judgements, all or none, and return their numbers."""
        numbers = []
        with self._transaction() as connection:
            for one in judgements:
                a, b = sorted((one.a, one.b))
                cursor = connection.execute(
                    "INSERT INTO judgement (entity_type, dataset_a, key_a, role_a, dataset_b, key_b, role_b, verdict, "
                    "judged_at, judged_by, why, sight) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (one.entity_type, *a, *b, one.verdict, judged_at, one.judged_by, one.why, one.sight),
                )
                number = int(cursor.lastrowid or 0)
                if one.drawn is not None:
                    connection.execute(
                        "INSERT INTO judgement_sample VALUES (?, ?, ?, ?)",
                        (number, one.drawn.sample, one.drawn.stratum, one.drawn.stratum_pairs),
                    )
                numbers.append(number)
        return numbers

    def undo(self, number: int, closed_at: str, closed_by: str, why: str) -> bool:
        """Close an open judgement; return False where no judgement of that number is open."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "UPDATE judgement SET closed_at = ?, closed_by = ?, closed_why = ? WHERE judgement = ? AND closed_at IS NULL",
                (closed_at, closed_by, why, number),
            )
            return cursor.rowcount == 1

    def judgements(self) -> list[Judged]:
        """Return all judgements ever made, closed ones too, oldest first."""
        rows = self._rows(
            "SELECT judgement.judgement, entity_type, dataset_a, key_a, role_a, dataset_b, key_b, role_b, verdict, judged_by, "
            "why, sight, judged_at, closed_at, closed_by, closed_why, sample, stratum, stratum_pairs FROM judgement "
            "LEFT JOIN judgement_sample ON judgement_sample.judgement = judgement.judgement ORDER BY judgement.judgement"
        )
        found = []
        for number, kind, *rest in rows:
            a, b = tuple(rest[0:3]), tuple(rest[3:6])
            verdict, by, why, sight, judged_at, closed_at, closed_by, closed_why, *drawn = rest[6:]
            sampled = None if drawn[0] is None else Drawn(*drawn)
            entry = Judgement(kind, a, b, verdict, by, why, sight, sampled)
            found.append(Judged(number, entry, judged_at, closed_at, closed_by, closed_why))
        return found

    def open_judgements(self, entity_type: str, sights: Sequence[str] | None) -> list[tuple[Any, ...]]:
        """Return (judgement, dataset_a, key_a, role_a, dataset_b, key_b, role_b, verdict) of what is not undone.

        `sights` are the audiences in whose view a judgement was made: an audience applies those made in its own view
        (others may rest on records that it must not see); None: all, for the centre.
        """
        rows = self._rows(
            "SELECT judgement, dataset_a, key_a, role_a, dataset_b, key_b, role_b, verdict, sight FROM judgement "
            "WHERE entity_type = ? AND closed_at IS NULL AND verdict <> 'unsure' ORDER BY judgement",
            (entity_type,),
        )
        return [row[:-1] for row in rows if sights is None or row[-1] in sights]
