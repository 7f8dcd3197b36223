"""The ledger's file: SQLite, of this version or brought to it; read and written in whole transactions."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Self

from linkage.errors import WorkspaceError
from linkage.store.migrations import MIGRATIONS, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class LedgerFile:
    """A connection to the file: opens it, checks its version, copies it."""

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

    def shrink(self) -> None:
        """Write the file whole again: what was deleted leaves no bytes in it nor in its log."""
        try:
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            message = f"{self.path}: the ledger cannot be written whole again ({error}); check the disk, then finish the purge"
            raise WorkspaceError(message) from error
