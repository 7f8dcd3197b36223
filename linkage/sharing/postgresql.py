"""Published tables into PostgreSQL: whole, in one transaction, the same rows however often it is done.

The rows are copied beside the target, and only the differences are written to it, inside the transaction: a reader
sees the old rows or the new ones, is never held up, and keeps its views and rights; rows that stay leave no dead copies.
A copy that is broken off leaves the old rows.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from linkage.engine.postgresql import MAX_NAME, connected, execute, rows, shown
from linkage.engine.sql import comma, qualified, quote
from linkage.errors import DataError, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linkage.engine.duckdb import Engine
    from linkage.tables import Table

SCHEMA = "linkage"
_TYPES = {
    "VARCHAR": "text",
    "VARCHAR[]": "text[]",
    "BIGINT": "bigint",
    "DOUBLE": "double precision",
    "DATE": "date",
    "BOOLEAN": "boolean",
}
# A primary key takes no NULL (`other_id`) and no long text (`value`): these tables get an index on the rest of the key.
_LOOSE = {"other_id", "value"}
_BATCH_ROWS = 20_000
_STAGED = "linkage_staged"
_DIFFERENT = "linkage_different"
_STAGED_SQL = f"pg_temp.{_STAGED}"


class Target:
    """A connection in which a transaction is open, to one schema of a database."""

    def __init__(self, connection: Any, name: str, schema: str) -> None:
        self.connection = connection
        self.name = name
        self.schema = schema

    def replace(self, engine: Engine, table: Table, progress: Callable[[int], None] = lambda _rows: None) -> int:
        """Replace the rows of the target by those of the release's table; return their number. Commits."""
        connection = self.connection
        self._prepare(table)
        target = qualified(self.schema, table.name)
        if not rows(connection, f"SELECT 1 FROM {target} LIMIT 1"):
            written = self._copy(engine, table, table.name, progress)
        else:
            kinds = ", ".join(f"{quote(column.name)} {_TYPES[column.type]}" for column in table.columns)
            execute(connection, f"CREATE TEMPORARY TABLE {_STAGED} ({kinds}) ON COMMIT DROP")
            written = self._copy(engine, table, None, progress)
            self._write_differences(table, written)
        connection.commit()
        return written

    def _copy(self, engine: Engine, table: Table, into: str | None, progress: Callable[[int], None]) -> int:
        """Copy the release's rows into a table of the schema, or into the staged one."""
        query = f"SELECT {_texts(table)} FROM {qualified('published', table.name)} ORDER BY {comma(table.key)}"
        place: dict[str, Any] = {"db_schema_name": self.schema} if into else {"temporary": True}
        written = 0
        with self.connection.cursor() as cursor:
            for batch in engine.batches(query, _BATCH_ROWS):
                cursor.adbc_ingest(into or _STAGED, batch, mode="append", **place)
                written += batch.num_rows
                progress(written)
        return written

    def _write_differences(self, table: Table, written: int) -> None:
        """Delete what the staged rows lack or hold otherwise, and insert what the target then lacks."""
        connection, target = self.connection, qualified(self.schema, table.name)
        names = [column.name for column in table.columns]
        listed = comma(names)
        # Joined by what of the key is never NULL, so that the join can be hashed, and compared whole.
        joined = " AND ".join(f"held.{quote(name)} = staged.{quote(name)}" for name in _firm(table))
        same = f"ROW({comma(names, 'held.')}) IS NOT DISTINCT FROM ROW({comma(names, 'staged.')})"
        paired = joined if _firm(table) == list(table.key) else f"{joined} AND {same}"
        execute(connection, f"ANALYZE {_STAGED_SQL}")
        execute(
            connection,
            f"CREATE TEMPORARY TABLE {_DIFFERENT} ON COMMIT DROP AS SELECT held.ctid AS held, staged.ctid AS staged "
            f"FROM {target} AS held FULL JOIN {_STAGED_SQL} AS staged ON {paired} WHERE held.ctid IS NULL OR staged.ctid IS NULL OR NOT ({same})",
        )
        different = f"pg_temp.{_DIFFERENT}"
        execute(
            connection, f"DELETE FROM {target} AS old USING {different} AS different WHERE old.ctid = different.held"
        )
        missing = f"SELECT {comma(names, 'new.')} FROM {_STAGED_SQL} AS new JOIN {different} AS different ON new.ctid = different.staged"
        execute(connection, f"INSERT INTO {target} ({listed}) {missing}")
        # A row that somebody wrote twice into a table without a primary key would stay twice.
        if int(rows(connection, f"SELECT count(*) FROM {target}")[0][0]) != written:
            execute(connection, f"DELETE FROM {target}")
            execute(connection, f"INSERT INTO {target} ({listed}) SELECT {listed} FROM {_STAGED_SQL}")

    def _prepare(self, table: Table) -> None:
        """Make schema and table where they are absent; refuse a table that is not the contract's."""
        connection = self.connection
        # Two exports into one schema wait for each other; readers do not.
        rows(connection, "SELECT CAST(pg_advisory_xact_lock(hashtext($1)) AS text)", (f"linkage {self.schema}",))
        if not rows(connection, "SELECT 1 FROM pg_namespace WHERE nspname = $1", (self.schema,)):
            execute(connection, f"CREATE SCHEMA {quote(self.schema)}")
        found = dict(
            rows(
                connection,
                "SELECT CAST(attname AS text), format_type(atttypid, NULL) FROM pg_attribute "
                "JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace "
                "WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                (self.schema, table.name),
            )
        )
        wanted = {column.name: _TYPES[column.type] for column in table.columns}
        if not found:
            self._create(table, wanted)
            return
        strange = sorted(name for name, kind in found.items() if wanted.get(name) != kind)
        if strange:
            message = (
                f"{self.name}: table {self.schema}.{table.name} is not one that linkage wrote (column {strange[0]!r}); "
                "name another schema with --schema, or drop the table"
            )
            raise DataError(message)
        for name, kind in wanted.items():
            if name not in found:
                execute(connection, f"ALTER TABLE {qualified(self.schema, table.name)} ADD COLUMN {quote(name)} {kind}")

    def _create(self, table: Table, wanted: dict[str, str]) -> None:
        target = qualified(self.schema, table.name)
        columns = ", ".join(f"{quote(name)} {kind}" for name, kind in wanted.items())
        firm = _firm(table)
        key = f", PRIMARY KEY ({comma(firm)})" if len(firm) == len(table.key) else ""
        execute(self.connection, f"CREATE TABLE {target} ({columns}{key})")
        if not key:
            execute(self.connection, f"CREATE INDEX ON {target} ({comma(firm)})")


def _firm(table: Table) -> list[str]:
    return [name for name in table.key if name not in _LOOSE]


@contextmanager
def opened(url: str, schema: str) -> Iterator[Target]:
    """Open a target for the time of the block. Raises DataError or RequestError, neither with the password."""
    if not schema or len(schema.encode()) > MAX_NAME or schema.startswith("pg_"):
        message = (
            f"{schema[:MAX_NAME]!r} cannot be a schema of PostgreSQL: use 1 to {MAX_NAME} bytes, not beginning with pg_"
        )
        raise RequestError(message)
    with connected(url) as connection:
        yield Target(connection, shown(url), schema)


def _texts(table: Table) -> str:
    """Return the columns as PostgreSQL takes them: it holds no NUL signs, which become the replacement sign."""
    changed = {
        "VARCHAR": "replace({0}, chr(0), chr(65533))",
        "VARCHAR[]": "list_transform({0}, lambda entry: replace(entry, chr(0), chr(65533)))",
    }
    return ", ".join(
        f"{changed.get(column.type, '{0}').format(quote(column.name))} AS {quote(column.name)}"
        for column in table.columns
    )
