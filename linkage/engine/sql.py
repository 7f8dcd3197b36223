"""Parts of statements: quoting for SQL that is built from configuration, and what several statements say alike. Fixed SQL lives in `linkage/sql/`; values are parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_IDENTIFIER = 255
_HMAC_BLOCK = 64


def quote(name: str) -> str:
    """Return `name` as a quoted SQL identifier; refuse what cannot be one (empty, NUL, too long)."""
    if not name or "\x00" in name or len(name) > MAX_IDENTIFIER:
        message = f"{name[:40]!r} cannot be a column or table name: use 1 to {MAX_IDENTIFIER} characters without NUL"
        raise ConfigError(message)
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, table: str) -> str:
    """Return `schema.table`, both quoted."""
    return f"{quote(schema)}.{quote(table)}"


def comma(names: Iterable[str], prefix: str = "") -> str:
    """Return the quoted names, each behind `prefix`, separated by commas."""
    return ", ".join(prefix + quote(name) for name in names)


def literal(value: str) -> str:
    """Return `value` as an SQL string literal, for the few places that take no parameter (views, COPY targets)."""
    return "'" + value.replace("\x00", "").replace("'", "''") + "'"


def meeting(pairs: str, records: str, columns: str = "*") -> str:
    """Return the query of the pairs (columns a, b) in the table `pairs` of which at least one is in the query `records`."""
    # One end after the other: where either will do the engine looks both up for every pair, after all joins.
    return (
        f"SELECT {columns} FROM {pairs} WHERE a IN ({records}) "
        f"UNION ALL SELECT {columns} FROM {pairs} WHERE b IN ({records}) AND a NOT IN ({records})"
    )


def pads(key: bytes) -> tuple[bytes, bytes]:
    """Return the inner and outer pad of a key of up to 64 bytes: HMAC-SHA256 of a text is sha256(outer || sha256(inner || text)) (RFC 2104)."""
    key = key.ljust(_HMAC_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)
