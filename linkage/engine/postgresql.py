"""Connections to PostgreSQL through ADBC. No message tells a password."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from linkage.errors import DataError, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMES = ("postgresql://", "postgres://")
MAX_NAME = 63
"""Bytes of a name that PostgreSQL keeps."""
_TIMEOUT = "connect_timeout=10"
_UNREADABLE = (
    "the address of the database cannot be read; write postgresql://USER@HOST:PORT/DATABASE "
    "(a password is better in PGPASSWORD; percent-encode its signs in an address)"
)


def is_address(target: str) -> bool:
    """Whether a target of an export is a database rather than a file."""
    return target.startswith(SCHEMES)


def shown(url: str) -> str:
    """Return an address as it may be told: user, host, port and database; refuse one that cannot be taken apart.

    Raises RequestError, which does not repeat the address: what cannot be read may hide a password anywhere.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RequestError(_UNREADABLE) from None
    rest = parts.path + parts.query
    if parts.scheme + "://" not in SCHEMES or parts.fragment or "@" in rest or parts.netloc.count("@") > 1:
        raise RequestError(_UNREADABLE)
    user = f"{parts.username}@" if parts.username else ""
    return f"postgresql://{user}{parts.hostname or ''}{f':{port}' if port else ''}{parts.path}"


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Open a connection for the time of the block; what is not committed in it is rolled back.

    Raises DataError, in one sentence and without the password, for what the server or the network refuses.
    """
    from adbc_driver_postgresql import dbapi

    with refusals(url):
        limited = url if "connect_timeout=" in url else f"{url}{'&' if urlsplit(url).query else '?'}{_TIMEOUT}"
        with dbapi.connect(limited) as connection:
            yield connection


@contextmanager
def refusals(url: str) -> Iterator[None]:
    """Turn what the server or the network refuses into a DataError, for the time of the block."""
    from adbc_driver_manager import Error

    name = shown(url)
    try:
        yield
    except Error as error:
        message = f"{name}: {_reason(error, url)}; check address, password and rights"
        raise DataError(message) from None


def _reason(error: Exception, url: str) -> str:
    """Return the first line of what the server said. Its further lines may quote data."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = re.sub(r"^[A-Z_]+: \[libpq\] ", "", lines[0])
    password = urlsplit(url).password
    for secret in {password, unquote(password)} if password else ():
        text = text.replace(secret, "***")
    return text.strip().rstrip(":").rstrip(".")


def execute(connection: Any, sql: str) -> None:
    """Run one statement that returns nothing."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def rows(connection: Any, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run one query, its values as `$1`, `$2` ..., and return all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())
