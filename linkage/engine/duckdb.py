"""One connection to the SQL engine, with memory, threads and spill set by configuration."""

from __future__ import annotations

import re
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import duckdb

from linkage.engine.sql import literal, qualified, quote
from linkage.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

Value = Any
Parameters = Mapping[str, Value]
_OWN = "(table_catalog = current_database() AND table_schema = $schema OR table_catalog = $schema AND table_schema = 'main')"
_BYTES = {unit: 1024**place for place, unit in enumerate(("bytes", "KiB", "MiB", "GiB", "TiB"))}
_SHARED_ROWS = 16_384
"""Rows a row group of what is kept apart: of few rows too all threads get a share (the engine's own groups hold 122,880)."""
_USED = re.compile(r"\$([a-z_][a-z0-9_]*)")


class Engine:
    """A connection whose verbs are the ones the stages need.

    Statements are run one at a time; values travel as `$name` parameters. `memory_limit` is DuckDB's (for example
    `4GB`); work beyond it spills to `temp_directory`. A `staged` file is whole only once it is closed: whatever stops the
    program before that, nobody reads it.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        memory_limit: str = "4GB",
        threads: int = 2,
        temp_directory: Path | None = None,
        read_only: bool = False,
        staged: bool = False,
    ) -> None:
        self.path = path
        self.apart: frozenset[str] = frozenset()
        self._made: Path | None = None
        self._main: str | None = None
        target = ":memory:" if path is None or staged else str(path)
        try:
            self.connection = duckdb.connect(target, read_only=read_only)
        except duckdb.Error as error:
            message = f"{target}: cannot be opened as a database ({_first_line(error)}); restore the workspace from a backup (linkage restore)"
            raise WorkspaceError(message) from error
        _OPEN.add(self)
        if path is not None and staged:
            self.attach(path, path.stem, read_only=False)
            self._main = path.stem
            self.run(f"USE {quote(path.stem)}")
            self.run("SET max_vacuum_tasks = 0")
        self.run("SET memory_limit = $value", {"value": memory_limit})
        self.run("SET threads = $value", {"value": threads})
        self.run("SET preserve_insertion_order = false")
        self.run("SET enable_progress_bar = false")
        # Stages make and drop large tables; the file is written through once, when a run ends.
        self.run("SET checkpoint_threshold = '1GB'")
        self.run("SET autoinstall_known_extensions = false")
        self.run("SET autoload_known_extensions = false")
        if temp_directory is not None:
            self._made = _private_folder(temp_directory)
            self.run("SET temp_directory = $value", {"value": str(temp_directory)})

    def run(self, sql: str, parameters: Parameters | None = None) -> None:
        """Run one statement and drop its result. Only the parameters that the statement names are passed."""
        used = only_used(sql, parameters)
        # A SELECT would leave a stream open; statements that return nothing do not.
        self.connection.execute(sql, used).fetchall()

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """Run one query and return all its rows."""
        return self.connection.execute(sql, only_used(sql, parameters)).fetchall()

    def value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """Run one query and return the first column of its first row, or None where it has no row."""
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    def arrow(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """Run one query and return its result as an Arrow table."""
        return self.connection.sql(sql, params=only_used(sql, parameters) or None).to_arrow_table()

    def batches(self, sql: str, size: int) -> pa.RecordBatchReader:
        """Run one query and return its result piece by piece, `size` rows each; nothing else may run meanwhile."""
        return self.connection.sql(sql).to_arrow_reader(size)

    @contextmanager
    def beside(self) -> Iterator[Engine]:
        """Give a second connection to the same databases, for another thread; temporary tables and macros are each one's own."""
        other = copy(self)
        other.connection = self.connection.cursor()
        other._made = None  # noqa: SLF001  # the folder of what spills stays until the first connection is closed
        _OPEN.add(other)
        if self._main is not None:
            other.run(f"USE {quote(self._main)}")
        with other:
            yield other

    def in_order(self, sql: str, size: int) -> Iterator[pa.RecordBatch]:
        """Run one query on a table and yield its rows in the order of the table, `size` at a time; others may run meanwhile."""
        self.run("SET preserve_insertion_order = true")
        try:
            with self.beside() as other:
                yield from other.connection.sql(sql).to_arrow_reader(size)
        finally:
            self.run("SET preserve_insertion_order = false")

    def arrays(self, sql: str, parameters: Parameters | None = None) -> dict[str, Any]:
        """Run one query and return its columns as NumPy arrays (columns must hold no NULL)."""
        return {
            name: column.to_numpy(zero_copy_only=False)
            for name, column in zip(*_columns(self.arrow(sql, parameters)), strict=True)
        }

    @contextmanager
    def filling_up(self, *, when: bool = True) -> Iterator[None]:
        """Let checkpoints in the block put rows together that deletions have thinned out; in a staged engine others leave that be."""
        if when:
            self.run("RESET max_vacuum_tasks")
        try:
            yield
        finally:
            if when:
                self.run("SET max_vacuum_tasks = 0")

    @contextmanager
    def planned_plainly(self, *, when: bool = True) -> Iterator[None]:
        """Plan the statements of the block as they are written, without the optimizer: for long ones over few rows."""
        if when:
            self.run("PRAGMA disable_optimizer")
        try:
            yield
        finally:
            if when:
                self.run("PRAGMA enable_optimizer")

    @contextmanager
    def registered(self, name: str, table: pa.Table | pa.RecordBatchReader) -> Iterator[None]:
        """Make an Arrow table, or a stream that is read once, readable as view `name` for the time of the block."""
        self.connection.register(name, table)
        try:
            yield
        finally:
            self.connection.unregister(name)

    def create(self, schema: str, table: str, parameters: Parameters | None = None) -> None:
        """(Re)create `schema.table` from the fixed SQL file of that name."""
        self.create_as(schema, table, fixed_sql(schema, table), parameters)

    def make_schema(self, schema: str) -> None:
        """Make sure that `schema` exists, in the database or apart from it (`put_apart`)."""
        if schema not in self.apart:
            self.run(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}")

    def put_apart(self, schemas: Sequence[str], folder: Path, *, passing: Sequence[str] = ()) -> None:
        """Keep the tables of `schemas` in files of their own in `folder`: what goes at the end leaves no holes in the database.

        Those of `passing`, which are read once and dropped, are kept in memory and spill as all work does: nothing is
        compressed for them. A database that is attached under the name of a schema answers to `schema.table` as that
        schema would. Raises WorkspaceError where a file cannot be made.
        """
        for schema in (*schemas, *passing):
            self.run(f"DROP SCHEMA IF EXISTS {quote(schema)} CASCADE")
        for schema in schemas:
            self.attach(folder / f"{schema}.duckdb", schema, read_only=False, row_group=_SHARED_ROWS)
        for schema in passing:
            self.run(f"ATTACH ':memory:' AS {quote(schema)} (ROW_GROUP_SIZE {_SHARED_ROWS})")
        self.apart = frozenset((*schemas, *passing))

    def clear(self, schema: str) -> None:
        """Drop all tables of `schema`, in the database or apart from it."""
        if schema not in self.apart:
            self.run(f"DROP SCHEMA IF EXISTS {quote(schema)} CASCADE")
            return
        for (table,) in self.rows(
            f"SELECT table_name FROM information_schema.tables WHERE {_OWN} ORDER BY 1", {"schema": schema}
        ):
            self.run(f"DROP TABLE {qualified(schema, table)}")

    def create_as(self, schema: str, table: str, query: str, parameters: Parameters | None = None) -> None:
        """(Re)create `schema.table` as the result of `query`."""
        self.make_schema(schema)
        self.run(f"CREATE OR REPLACE TABLE {quote(schema)}.{quote(table)} AS {query}", parameters)

    def copy_to(self, query: str, path: Path, options: str, *, target: Path | None = None) -> int:
        """Write a query's result to a file in its order, whole or not at all; return the number of rows.

        `target` is what an error names where `path` is only a draft of it.
        """
        self.run("SET preserve_insertion_order = true")
        try:
            return int(self.value(f"COPY ({query}) TO {literal(str(path))} {options}"))
        except BaseException as error:
            path.unlink(missing_ok=True)
            if not isinstance(error, duckdb.IOException) or str(path) not in str(error):
                # What is read cannot be read, or it was stopped; what is written is not to blame.
                raise
            message = f"{target or path}: cannot be written ({_first_line(error)}); check the disk or name another file"
            raise WorkspaceError(message) from error
        finally:
            self.run("SET preserve_insertion_order = false")

    @property
    def memory_bytes(self) -> int:
        """The memory limit in bytes, as the engine has it."""
        number, unit = str(self.value("SELECT current_setting('memory_limit')")).split(" ")
        return int(float(number) * _BYTES[unit])

    def has_table(self, schema: str, table: str) -> bool:
        """Whether the table or view exists in the main database, or apart from it."""
        return bool(self.columns(schema, table))

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Return column name → SQL type of a table or view, in order; nothing where there is none."""
        # The information schema would put together the columns of all tables, ten times as slow.
        try:
            rows = self.rows(f"DESCRIBE {qualified(schema, table)}")
        except duckdb.CatalogException:
            return {}
        return {row[0]: row[1] for row in rows}

    @contextmanager
    def attached(self, path: Path, alias: str, *, read_only: bool = True) -> Iterator[None]:
        """Attach another database file as `alias` for the time of the block."""
        self.attach(path, alias, read_only=read_only)
        try:
            yield
        finally:
            self.run(f"DETACH {quote(alias)}")

    def attach(self, path: Path, alias: str, *, read_only: bool = True, row_group: int | None = None) -> None:
        """Attach another database file as `alias`; what is written to it is safe once it is detached, or checkpointed.

        `row_group` are the rows of a new file's tables that are read by one thread at a time, a multiple of 2,048; the
        engine's own choice where it is not given. Raises WorkspaceError where the file cannot be opened.
        """
        # Only staging is written to: a log to recover it from would be forced to the disk with every statement.
        mode = "READ_ONLY" if read_only else "RECOVERY_MODE no_wal_writes"
        if row_group is not None:
            mode += f", ROW_GROUP_SIZE {row_group}"
        try:
            self.run(f"ATTACH {literal(str(path))} AS {quote(alias)} ({mode})")
        except duckdb.Error as error:
            message = f"{path}: cannot be opened as a database ({_first_line(error)}); restore the workspace from a backup (linkage restore)"
            raise WorkspaceError(message) from error

    def compact(self, target: Path, *, always: bool = False) -> bool:
        """Write the database to the new file `target` where most of its own file is free (or `always`), and say whether it has.

        A file never shrinks: what stages made and dropped leaves holes that every later run would copy.
        """
        used, free = self.rows(
            "SELECT used_blocks, free_blocks FROM pragma_database_size() WHERE database_name = current_database()"
        )[0]
        if free <= 2 * used and not always:
            return False
        with self.attached(target, "compact", read_only=False):
            self.run(f"COPY FROM DATABASE {quote(self.value('SELECT current_database()'))} TO compact")
            self.run("CHECKPOINT compact")
        return True

    def close(self) -> None:
        """Write everything to the file and close it."""
        self.connection.close()
        if self._made is not None:
            # It stays where another connection spills there.
            with suppress(OSError):
                self._made.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self._main is not None:
            # What is half done stays as it was at its last checkpoint, as if the program had been killed.
            with suppress(duckdb.Error):
                self.run("PRAGMA disable_checkpoint_on_shutdown")
        self.close()


@cache
def fixed_sql(schema: str, table: str) -> str:
    """Return the text of `linkage/sql/<schema>/<table>.sql`."""
    return (
        resources.files("linkage")
        .joinpath("sql", schema, f"{table}.sql")
        .read_text(encoding="utf-8")
        .rstrip()
        .rstrip(";")
    )


def fixed_tables(schema: str) -> Sequence[str]:
    """Return the sorted names of the fixed SQL files of a schema."""
    folder = resources.files("linkage").joinpath("sql", schema)
    return sorted(entry.name.removesuffix(".sql") for entry in folder.iterdir() if entry.name.endswith(".sql"))


def _private_folder(folder: Path) -> Path | None:
    """Make a folder that its owner alone can read, where it is absent; return it if it was made."""
    if folder.is_dir():
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"engine.temp_directory: {folder} cannot be made ({error.strerror}); name a writable folder in the project file"
        raise WorkspaceError(message) from error
    return folder


def only_used(sql: str, parameters: Parameters | None) -> dict[str, Value]:
    """Return those of the parameters that the statement names."""
    # DuckDB refuses a parameter that the statement does not name; stages pass one mapping to several statements.
    if not parameters:
        return {}
    named = set(_USED.findall(sql))
    return {name: value for name, value in parameters.items() if name in named}


def _columns(table: pa.Table) -> tuple[list[str], list[Any]]:
    return table.column_names, [column.combine_chunks() for column in table.columns]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def engine_version() -> str:
    """Return the engine's version: hashes that a base keeps are of this version."""
    return f"duckdb {duckdb.__version__}"


DatabaseError = duckdb.Error
_INTERRUPTED = "Query interrupted"
_OPEN: WeakSet[Engine] = WeakSet()


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C stop queries too, for the time of the block.

    Python acts on a signal when its main thread goes on, and the engine looks for one between some of its steps only:
    many queries would run to their end first. A second thread hears of the signal at once and interrupts them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hearing, told = socket.socketpair()
    told.settimeout(0)

    def listen() -> None:
        while number := hearing.recv(1):
            if number[0] == signal.SIGINT:
                for engine in list(_OPEN):
                    # One may be closed meanwhile: there is nothing left to stop in it.
                    with suppress(duckdb.Error):
                        engine.connection.interrupt()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        told.close()
        listener.join()
        hearing.close()


_DAMAGE = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)


def is_interruption(error: BaseException | None) -> bool:
    """Whether an error says that the user stopped the program (Ctrl-C): the engine tells it in its own way."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt | duckdb.InterruptException):
            return True
        if type(error) is RuntimeError and str(error) == _INTERRUPTED:
            return True
        # Splink tells an error of the engine by one of its own.
        error = error.__cause__ or error.__context__
    return False


def is_damage(error: Exception) -> bool:
    """Whether an error of the engine says that the bytes of a file are not as it wrote them, or cannot be read."""
    # A block whose checksum is wrong is told by the bare base class.
    return isinstance(error, _DAMAGE) or type(error) is duckdb.Error
