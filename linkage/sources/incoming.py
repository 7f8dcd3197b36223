"""What every reader leaves behind: `incoming.row`, all columns as text in the order of the file, with `linkage:file`."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Any

from linkage.engine.sql import quote
from linkage.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linkage.config.source import Source
    from linkage.engine.duckdb import Engine

FILE = "linkage:file"
_LONGEST_NAME = 255


def store(engine: Engine, query: str, header: Sequence[str], values: dict[str, Any]) -> None:
    """Add the rows of a query (its columns: `header` and `linkage:file`) to `incoming.row`."""
    if not engine.has_table("incoming", "row"):
        engine.create_as("incoming", "row", query, values)
        return
    known = engine.columns("incoming", "row")
    folded = {column.lower() for column in known}
    for column in header:
        if column.lower() not in folded:
            engine.run(f"ALTER TABLE incoming.row ADD COLUMN {quote(column)} VARCHAR")
    engine.run(f"INSERT INTO incoming.row BY NAME {query}", values)


def keep_header(engine: Engine, number: int, header: Sequence[str]) -> None:
    """Note the columns of a file in their order, so that its rejected rows can be told in its own form."""
    engine.run(
        "UPDATE incoming.file SET header = $header WHERE file = $number", {"header": list(header), "number": number}
    )


def check_header(path: Path, header: Sequence[str], source: Source) -> None:
    """Refuse a header with unusable or equal names, or without a column that the project file maps."""
    folded: set[str] = set()
    for place, column in enumerate(header, start=1):
        if (
            not 0 < len(column.strip()) <= len(column) <= _LONGEST_NAME
            or "\x00" in column
            or column.lower().startswith("linkage:")
        ):
            message = f"{path}: column {place} of the header is named {column[:60]!r}; give it a name of its own, of at most 255 letters"
            raise DataError(message)
        if column.lower() in folded:
            message = (
                f"{path}: two columns are named {column!r}; rename one (upper and lower case do not tell names apart)"
            )
            raise DataError(message)
        folded.add(column.lower())
    missing = sorted(column for column in source.columns_used() if column not in set(header))
    if missing:
        # What stands where a header should be can be anything: line breaks and long texts would hide the message.
        shown = shorten(", ".join(header[:40]), 500, placeholder=" ...")
        message = (
            f"{path}: there is no column {missing[0]!r}, which the project file maps; the file's columns are: {shown}"
        )
        raise DataError(message)


def no_glob(path: Path) -> str:
    """Return the path so that the engine's reader takes it as one name, not as a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
