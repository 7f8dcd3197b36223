"""A statement that stands open: planned once, then fed rows and read row by row for as long as it is wanted.

The engine plans a statement anew each time it is run, prepared or not, once it reads a table; and each run compiles its
patterns anew. For the standardisers of a person that is a second of planning and a fifth of a second of patterns, for one row.
So the statement runs once over a stream that does not end: rows are put in, and what comes out is taken.

The engine hands a row on only when the next one comes, so a row of NULLs follows each batch; what comes of it is dropped.
The statement must give one row for each row, in order: projections, and joins that find at most one partner and carry a
list column through (what a join makes of plain columns alone the engine gathers until it has many rows).
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.engine.duckdb import Engine, only_used
from linkage.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.engine.duckdb import Parameters

MOST_ROWS = 1024
"""Rows of a batch: well below the engine's vector, so that a batch goes through in one piece."""
_PATIENCE = 30.0


class Standing:
    """A statement over the relation `name`, whose rows are put in with `ask`. The engine is this statement's alone."""

    def __init__(
        self, engine: Engine, name: str, schema: pa.Schema, sql: str, parameters: Parameters | None = None
    ) -> None:
        self.schema = schema
        self._engine = engine
        self._given: queue.SimpleQueue[pa.RecordBatch | None] = queue.SimpleQueue()
        self._sizes: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._found: queue.SimpleQueue[list[tuple[Any, ...]] | Exception] = queue.SimpleQueue()
        self._filler = pa.RecordBatch.from_arrays([pa.nulls(1, field.type) for field in schema], schema=schema)
        self._failed: Exception | None = None
        engine.run("SET threads = 1")
        engine.run("SET preserve_insertion_order = true")
        engine.run("SET streaming_buffer_size = '1B'")
        # A join that first gathers the stream, being the smaller side as far as is known, would wait for its end.
        engine.run("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        engine.connection.register(name, pa.RecordBatchReader.from_batches(schema, self._rows_in()))
        self._thread = threading.Thread(target=self._read, args=(sql, only_used(sql, parameters)), daemon=True)
        self._thread.start()

    def ask(self, batch: pa.RecordBatch) -> list[tuple[Any, ...]]:
        """Return what the statement makes of the rows of a batch (`MOST_ROWS` at most), one row each, in their order."""
        if batch.num_rows == 0:
            return []
        if self._failed is not None:
            raise self._failed
        self._given.put(batch)
        self._given.put(self._filler)
        self._sizes.put(batch.num_rows)
        try:
            found = self._found.get(timeout=_PATIENCE)
        except queue.Empty as error:
            message = f"a standing statement gave no answer in {_PATIENCE:.0f} seconds; open the session again"
            self._failed = WorkspaceError(message)
            raise self._failed from error
        if isinstance(found, Exception):
            self._failed = found
            raise found
        return found

    def close(self) -> None:
        """End the statement and close its engine."""
        self._given.put(None)
        self._sizes.put(0)
        self._thread.join(_PATIENCE)
        self._engine.close()

    def _rows_in(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._given.get()) is not None:
            yield batch

    def _read(self, sql: str, parameters: dict[str, Any]) -> None:
        try:
            result = self._engine.connection.execute(sql, parameters)
            filled = 0
            while size := self._sizes.get():
                # The filler's row behind the batch before comes first.
                rows = [row for _ in range(filled + size) for row in result.fetchmany(1)]
                self._found.put(rows[filled:])
                filled = 1
            # The stream has ended by now: what is left is read, so that the connection is free.
            result.fetchall()
        except Exception as error:  # noqa: BLE001  # told to who asks; a thread has nobody else
            self._found.put(error)
