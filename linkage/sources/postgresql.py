"""Reading a table of a PostgreSQL database, as text, in one snapshot of it.

The address comes from an environment variable and the table is named, never a query: nothing of the project file is run.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from linkage.engine.postgresql import connected, execute, refusals, rows, shown
from linkage.engine.sql import qualified, quote
from linkage.errors import ConfigError, DataError, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from linkage.config.source import PostgresqlReading, Source

# So that the same value always has the same text, whatever the server's settings.
_SETTINGS = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_encoding": "UTF8",
}
_NESTED = ("A", "C")
"""Categories of types that hold several values: arrays and composites."""


class TableSnapshot:
    """A table as one transaction sees it: its columns, a fingerprint of its content, and its rows."""

    def __init__(self, url: str, connection: Any, table: str) -> None:
        self.url = url
        self.connection = connection
        self.table = table
        schema, name = table.split(".")
        self._from = qualified(schema, name)
        self._types = {
            column: (kind, category)
            for column, kind, category in rows(
                connection,
                "SELECT CAST(attname AS text), format_type(atttypid, atttypmod), CAST(typcategory AS text) FROM pg_attribute "
                "JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace "
                "JOIN pg_type ON pg_type.oid = atttypid "
                "WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                (schema, name),
            )
        }
        if not self._types:
            message = f"{shown(url)}: there is no table {table!r}; mend 'table', written schema.table"
            raise DataError(message)
        self.header = list(self._types)
        self.fingerprint = self._fingerprint()

    def _fingerprint(self) -> str:
        """Return a hash of columns and rows that their order does not change; the server computes it."""
        text = "CAST(ROW(content.*) AS text)"
        sums = ", ".join(
            f"CAST(coalesce(sum(CAST(hashtextextended({text}, {seed}) AS numeric)), 0) AS text)" for seed in (0, 1)
        )
        counted = rows(self.connection, f"SELECT CAST(count(*) AS text), {sums} FROM {self._from} AS content")
        told = (self.table, sorted(self._types.items()), counted[0])
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @contextmanager
    def read(self, source: Source) -> Iterator[pa.RecordBatchReader]:
        """Stream all columns as text, ordered by the source's key. Raises DataError for a nested column that is mapped."""
        used = source.columns_used()
        nested = sorted(name for name, (_, category) in self._types.items() if category in _NESTED and name in used)
        if nested:
            message = f"{self.table}: column {nested[0]!r} is nested; map a plain column"
            raise DataError(message)
        texts = ", ".join(f"CAST({quote(name)} AS text) AS {quote(name)}" for name in self.header)
        order = ", ".join(f'CAST({quote(name)} AS text) COLLATE "C"' for name in source.key)
        query = f"SELECT {texts} FROM {self._from} AS content ORDER BY {order}, hashtextextended(CAST(ROW(content.*) AS text), 0)"
        with refusals(self.url), self.connection.cursor() as cursor:
            cursor.execute(query)
            yield cursor.fetch_record_batch()


def read_postgresql(dataset: str, reading: PostgresqlReading) -> Iterator[TableSnapshot]:
    """Yield the table of a source, open for as long as the caller holds it; the connection closes after that.

    Raises ConfigError where the environment holds no address, DataError for what the server refuses.
    """
    url = os.environ.get(reading.url_env, "")
    if not url:
        message = f"source {dataset!r}: the environment variable {reading.url_env} is not set; set it to postgresql://USER@HOST/DATABASE"
        raise ConfigError(message)
    try:
        shown(url)
    except RequestError as error:
        message = f"source {dataset!r}: {reading.url_env}: {error}"
        raise ConfigError(message) from None
    with connected(url) as connection:
        execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name, value in _SETTINGS.items():
            rows(connection, "SELECT set_config($1, $2, TRUE)", (name, value))
        yield TableSnapshot(url, connection, reading.table)
