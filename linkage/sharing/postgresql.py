"""Published tables into PostgreSQL: whole, in one transaction, the same rows however often it is done.

The rows of the target are deleted and written anew inside the transaction, so a reader sees the old rows or the new
ones, is never held up, and keeps its views and rights. A copy that is broken off leaves the old rows.
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
        execute(connection, f"DELETE FROM {qualified(self.schema, table.name)}")
        query = f"SELECT {_texts(table)} FROM {qualified('published', table.name)} ORDER BY {comma(table.key)}"
        written = 0
        with connection.cursor() as cursor:
            for batch in engine.batches(query, _BATCH_ROWS):
                cursor.adbc_ingest(table.name, batch, mode="append", db_schema_name=self.schema)
                written += batch.num_rows
                progress(written)
        connection.commit()
        return written

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
        firm = [name for name in table.key if name not in _LOOSE]
        key = f", PRIMARY KEY ({comma(firm)})" if len(firm) == len(table.key) else ""
        execute(self.connection, f"CREATE TABLE {target} ({columns}{key})")
        if not key:
            execute(self.connection, f"CREATE INDEX ON {target} ({comma(firm)})")


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
