"""The ledger: one SQLite file with runs, releases, models, approvals, judgements, agreements and the audit.

Rows are added, never rewritten; undoing a judgement fills the columns that close it, once. A ledger of an older version
is brought to this one by `MIGRATIONS` when it is opened; the old file is kept beside it.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Self

from linkage.errors import WorkspaceError
from linkage.store.chain import CHANGE, LOOK, SELECT_ROWS, Entry, Row, append, to_row
from linkage.store.entries import (
    Agreed,
    Approval,
    Approved,
    Drawn,
    Followed,
    Judged,
    Judgement,
    Listed,
    Look,
    Notice,
    Pruned,
    Release,
    RunRow,
)
from linkage.store.migrations import MIGRATIONS, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_MARK_BYTES = 16


class Ledger:
    """Access to the ledger file; opens it, checks its version, and reads and adds rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            message = f"{path}: the ledger cannot be used ({error}); check the disk, or restore it from a backup (linkage restore)"
            raise WorkspaceError(message) from error

    def _prepare(self) -> None:
        # Read before anything is written: a ledger that is refused stays as it is.
        version = self._version()
        if version > VERSION:
            message = f"{self.path}: the ledger has version {version}, this program writes {VERSION}; use the program that wrote it"
            raise WorkspaceError(message)
        if version == 0:
            self._refuse_loss()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = ON")
        if version < VERSION:
            self._migrate()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _refuse_loss(self) -> None:
        """Refuse to start a ledger anew beside releases: a run would take them for leftovers and remove them."""
        held = sorted(self.path.parent.glob("releases/*/*.duckdb"))
        if held:
            message = f"{self.path}: the ledger is gone or empty but {held[0]} is there; restore the workspace from a backup (linkage restore)"
            raise WorkspaceError(message)

    def _migrate(self) -> None:
        """Bring the file to this version, in one transaction; keep a copy of what it was."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done it while this one waited.
            version = self._version()
            if 0 < version < VERSION:
                self.copy_to(self.path.with_name(f"{self.path.name}.version-{version}"))
            for script in MIGRATIONS[version:]:
                if not isinstance(script, str):
                    script(self._connection)
                    continue
                for statement in script.split(";"):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def copy_to(self, path: Path) -> None:
        """Write the ledger as it stands to another file, whole and readable by its owner alone; others may go on writing."""
        draft = path.with_name(f"{path.name}.part")
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            # Connections of their own: a backup waits for a transaction of its own source.
            with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(draft)) as target:
                source.backup(target)
                # One file, without a log beside it.
                target.execute("PRAGMA journal_mode = DELETE")
                found = target.execute("PRAGMA quick_check").fetchone()[0]
            if found != "ok":
                message = f"{self.path}: the ledger is damaged ({str(found).splitlines()[0]}); restore it from a backup (linkage restore)"
                raise WorkspaceError(message)
            draft.replace(path)
        except sqlite3.Error as error:
            message = f"{self.path}: the ledger cannot be copied ({error}); check the disk, or restore it from a backup (linkage restore)"
            raise WorkspaceError(message) from error
        finally:
            draft.unlink(missing_ok=True)

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
            message = f"{self.path}: the ledger cannot be read ({error}); check the disk, or restore it from a backup (linkage restore)"
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

    def last_sequence(self, audience: str) -> int:
        """Return the number of an audience's last release, 0 where it has none yet; a run may hold one back."""
        # Sequences only grow, so the last run that has one tells it; the reports are not read.
        for (releases,) in self._rows("SELECT releases FROM run ORDER BY run DESC"):
            for entry in json.loads(releases):
                if entry["audience"] == audience:
                    return int(entry["sequence"])
        return 0

    def add_restored(self, restored_at: str, saved_at: str) -> None:
        """Write that this ledger was restored, with a mark of its own for the ids that are made from now on."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO restored (restored_at, saved_at, mark) VALUES (?, ?, ?)",
                (restored_at, saved_at, secrets.token_hex(_MARK_BYTES)),
            )

    def mark(self) -> str:
        """Return what ids made now are marked with beside their release: the last restore's mark, empty without one.

        A restored workspace does not know which releases followed its backup, so it may give their numbers again; with the
        mark no id that it makes can be one of theirs.
        """
        rows = self._rows("SELECT mark FROM restored ORDER BY restored DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def pruned(self) -> dict[Release, Pruned]:
        """Return the releases whose files were removed."""
        rows = self._rows(
            "SELECT audience, sequence, pruned_at, pruned_by, bytes FROM pruned ORDER BY audience, sequence"
        )
        return {
            Release(audience, sequence): Pruned(Release(audience, sequence), at, by, size)
            for audience, sequence, at, by, size in rows
        }

    def kept_releases(self) -> list[Release]:
        """Return the releases that should be on disk, by audience and sequence."""
        pruned = self.pruned()
        releases = {release for row in self.runs() for release in row.releases if release not in pruned}
        return sorted(releases, key=lambda release: (release.audience, release.sequence))

    def prune(self, entries: Sequence[Pruned]) -> None:
        """Write that releases are pruned, all at once; their files may go then."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO pruned VALUES (?, ?, ?, ?, ?)",
                [
                    (entry.release.audience, entry.release.sequence, entry.pruned_at, entry.pruned_by, entry.bytes)
                    for entry in entries
                ],
            )
            if entries:
                told = tuple(f"{entry.release.audience}/{entry.release.sequence}" for entry in entries)
                append(connection, Entry(entries[0].pruned_at, CHANGE, "prune", entries[0].pruned_by, objects=told))

    def agreements(self) -> list[Agreed]:
        """Return all versions of what is agreed, oldest first."""
        rows = self._rows("SELECT version, run, recorded_at, recorded_by, content FROM agreement ORDER BY version")
        return [Agreed(*row) for row in rows]

    def add_run(self, row: RunRow, approvals: Sequence[Approval] = (), agreed: tuple[str, str] | None = None) -> None:
        """Publish: the base and the releases of this row become the current ones, and its models approved, all at once.

        `agreed` is by whom and what: a new version of what is agreed, where it is another than the last.
        """
        releases = json.dumps([asdict(release) for release in row.releases])
        with self._transaction() as connection:
            for entry in approvals:
                model = (entry.entity_type, entry.model_hash)
                connection.execute("INSERT OR IGNORE INTO model VALUES (?, ?, ?, ?)", (*model, row.started_at, row.run))
                connection.execute(
                    "INSERT INTO approval (entity_type, hash, approved_at, approved_by, why) VALUES (?, ?, ?, ?, ?)",
                    (*model, row.started_at, entry.approved_by, entry.why),
                )
                told = ("/".join(model),)
                append(connection, Entry(row.started_at, CHANGE, "approve", entry.approved_by, objects=told))
            if agreed is not None:
                last = connection.execute("SELECT content FROM agreement ORDER BY version DESC LIMIT 1").fetchone()
                if last is None or last[0] != agreed[1]:
                    connection.execute(
                        "INSERT INTO agreement (run, recorded_at, recorded_by, content) VALUES (?, ?, ?, ?)",
                        (row.run, row.finished_at, *agreed),
                    )
            connection.execute(
                "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?)",
                (row.run, row.started_at, row.finished_at, row.base, releases, json.dumps(row.report, sort_keys=True)),
            )
            objects = (f"run {row.run}", *(f"{release.audience}/{release.sequence}" for release in row.releases))
            append(connection, Entry(row.finished_at, CHANGE, "release", agreed[0] if agreed else "", objects=objects))

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
            told = (f"{entity_type}/{model_hash}",)
            append(connection, Entry(approved_at, CHANGE, "approve", approved_by, objects=told))

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

    def listed(self) -> list[Listed]:
        """Return every listed model, by type, then the oldest first."""
        rows = self._rows("SELECT entity_type, hash, created_at, run FROM model ORDER BY entity_type, created_at, hash")
        return [Listed(*row) for row in rows]

    def approvals(self) -> list[Approved]:
        """Return all approvals, oldest first."""
        rows = self._rows("SELECT entity_type, hash, approved_at, approved_by, why FROM approval ORDER BY approval")
        return [Approved(*row) for row in rows]

    def look(self, look: Look, *, asked: str | None = None, asked_hash: str | None = None) -> None:
        """Add one look to the audit; what was asked for stands beside it, its keyed hash in it."""
        entry = Entry(
            look.looked_at,
            LOOK,
            look.action,
            look.looked_by,
            look.agency,
            look.audience,
            look.release,
            look.purpose,
            look.objects,
            asked=asked_hash,
        )
        with self._transaction() as connection:
            append(connection, entry, asked)

    def looks(self) -> list[Look]:
        """Return all looks, oldest first."""
        return [
            Look(one.at, one.by, one.audience, one.purpose, one.action, one.objects, one.agency, one.release)
            for one in (row.entry for row in self.audit())
            if one.kind == LOOK
        ]

    def record(self, entry: Entry) -> None:
        """Add a row to the audit."""
        with self._transaction() as connection:
            append(connection, entry)

    def record_asked(self, entry: Entry, asked: str, asked_hash: str) -> None:
        """Add a row to the audit, with what was asked for beside it."""
        with self._transaction() as connection:
            append(connection, replace(entry, asked=asked_hash), asked)

    def audit(self) -> list[Row]:
        """Return the whole audit, oldest first, as it stands: `linkage.sharing.audit` verifies it."""
        return [to_row(row) for row in self._rows(SELECT_ROWS)]

    def asked(self) -> dict[int, str]:
        """Return what was asked for, by the number of the audit's row, as far as it was not purged."""
        return dict(self._rows("SELECT number, content FROM asked ORDER BY number"))

    def open_purges(self) -> list[tuple[int, int]]:
        """Return (purge, the run that makes it) of the purges that were begun and not finished."""
        return [(int(a), int(b)) for a, b in self._rows("SELECT purge, run FROM purge WHERE finished_at IS NULL")]

    def begin_purge(self, started_at: str, by: str, why: str, scope: str, run: int) -> int:
        """Write that a purge begins; return its number. `scope` names datasets and keyed hashes, no key."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO purge (started_at, started_by, why, scope, run) VALUES (?, ?, ?, ?, ?)",
                (started_at, by, why, scope, run),
            )
            number = int(cursor.lastrowid or 0)
            append(connection, Entry(started_at, CHANGE, "purge", by, objects=(f"purge {number}",), outcome="begun"))
        return number

    def end_purge(self, number: int, ended_at: str, by: str, outcome: str) -> None:
        """Write how a purge ended: done, or refused (nothing went)."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE purge SET finished_at = ?, outcome = ? WHERE purge = ? AND finished_at IS NULL",
                (ended_at, outcome, number),
            )
            append(connection, Entry(ended_at, CHANGE, "purge", by, objects=(f"purge {number}",), outcome=outcome))

    def bury_judgement(self, number: int, a: Sequence[str], b: Sequence[str]) -> None:
        """Put keyed hashes in the place of the records of a judgement, and drop its reasons; it applies to nothing any more."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE judgement SET dataset_a = ?, key_a = ?, role_a = ?, dataset_b = ?, key_b = ?, role_b = ?, why = 'purged', "
                "closed_at = coalesce(closed_at, judged_at), closed_by = coalesce(closed_by, 'purge'), closed_why = 'purged' WHERE judgement = ?",
                (*a, *b, number),
            )

    def forget_words(self, entries: Sequence[int]) -> None:
        """Drop why, and for whom, overlaps and leads were followed in these entries; what became of them stays."""
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE followed SET why = 'purged', assignee = CASE WHEN assignee IS NOT NULL THEN 'purged' END WHERE entry = ?",
                [(entry,) for entry in entries],
            )

    def forget_asked(self, numbers: Sequence[int]) -> None:
        """Delete what was asked for in rows of the audit; their keyed hashes stay in the chain."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM asked WHERE number = ?", [(number,) for number in numbers])

    def shrink(self) -> None:
        """Write the file whole again: what was deleted leaves no bytes in it nor in its log."""
        try:
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            message = f"{self.path}: the ledger cannot be written whole again ({error}); check the disk, then finish the purge"
            raise WorkspaceError(message) from error

    def revalidate(self, records: Sequence[tuple[str, str | None]], at: str, by: str, why: str) -> None:
        """Write that records (dataset and key; None: the whole dataset) were looked at again and may stay."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO revalidation (dataset, key, validated_at, validated_by, why) VALUES (?, ?, ?, ?, ?)",
                [(dataset, key, at, by, why) for dataset, key in records],
            )
            told = tuple(sorted({dataset for dataset, _ in records}))
            append(connection, Entry(at, CHANGE, "revalidate", by, objects=(*told, f"{len(records)} entries")))

    def validated(self) -> list[tuple[str, str | None, str]]:
        """Return dataset, key (None: the whole dataset) and the day of the last time it was validated."""
        rows = self._rows(
            "SELECT dataset, key, max(validated_at) FROM revalidation GROUP BY dataset, key ORDER BY 1, 2"
        )
        return [(dataset, key, at[:10]) for dataset, key, at in rows]

    def forget_validated(self, records: Sequence[tuple[str, str]]) -> None:
        """Delete the re-validations of single records that are purged."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM revalidation WHERE dataset = ? AND key = ?", list(records))

    def follow(self, entries: Sequence[Followed], notices: Sequence[Notice] = ()) -> None:
        """Add what became of overlaps and leads, and the notices that were given, all or none."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO followed (audience, id, status, assignee, agencies, followed_at, followed_by, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.audience,
                        one.id,
                        one.status,
                        one.assignee,
                        json.dumps(one.agencies),
                        one.followed_at,
                        one.followed_by,
                        one.why,
                    )
                    for one in entries
                ],
            )
            connection.executemany(
                "INSERT INTO notice (audience, id, agency, noticed_at, noticed_by) VALUES (?, ?, ?, ?, ?)",
                [(one.audience, one.id, one.agency, one.noticed_at, one.noticed_by) for one in notices],
            )

    def followed(self, audience: str) -> list[Followed]:
        """Return what became of the overlaps and leads of an audience, oldest first."""
        rows = self._rows(
            "SELECT audience, id, status, agencies, followed_at, followed_by, why, assignee, entry FROM followed WHERE audience = ? ORDER BY entry",
            (audience,),
        )
        return [Followed(a, i, s, tuple(json.loads(agencies)), *rest) for a, i, s, agencies, *rest in rows]

    def notices(self, audience: str) -> list[Notice]:
        """Return the notices of an audience's overlaps, oldest first."""
        rows = self._rows(
            "SELECT audience, id, agency, noticed_at, noticed_by FROM notice WHERE audience = ? ORDER BY notice",
            (audience,),
        )
        return [Notice(*row) for row in rows]

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
                told = (f"judgement {number}",)
                append(connection, Entry(judged_at, CHANGE, "judge", one.judged_by, audience=one.sight, objects=told))
        return numbers

    def undo(self, number: int, closed_at: str, closed_by: str, why: str) -> bool:
        """Close an open judgement; return False where no judgement of that number is open."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "UPDATE judgement SET closed_at = ?, closed_by = ?, closed_why = ? WHERE judgement = ? AND closed_at IS NULL",
                (closed_at, closed_by, why, number),
            )
            if cursor.rowcount == 1:
                told = (f"judgement {number}",)
                append(connection, Entry(closed_at, CHANGE, "undo", closed_by, objects=told))
            return cursor.rowcount == 1

    def undo_all(self, numbers: Sequence[int], closed_at: str, closed_by: str, why: str) -> list[int]:
        """Close those of several judgements that are open, all at once; return their numbers."""
        closed = []
        with self._transaction() as connection:
            for number in numbers:
                cursor = connection.execute(
                    "UPDATE judgement SET closed_at = ?, closed_by = ?, closed_why = ? WHERE judgement = ? AND closed_at IS NULL",
                    (closed_at, closed_by, why, number),
                )
                closed += [number] * cursor.rowcount
            if closed:
                told = tuple(f"judgement {number}" for number in closed)
                append(connection, Entry(closed_at, CHANGE, "undo", closed_by, objects=told))
        return closed

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
