"""The workspace folder: its paths, its secret, its lock, and moving finished files into place."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import socket
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linkage.engine.blocks import differing, is_open
from linkage.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

ROOMS = ("base", "releases", "models", "staging", "feed", "held")
_SECRET_BYTES = 32
_DAY = 86400
_CANNOT_COPY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}
"""What a file system answers that leaves a copy to the caller."""
_PIECE = 1 << 20
"""Bytes that are copied at once where the kernel leaves it to us."""


class Workspace:
    """Paths of one workspace. Nothing is created before `prepare`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = path / "ledger.sqlite"
        self.models = path / "models"
        self.standardisers = path / "standardisers"
        self.staging = path / "staging"
        self.spare = path / "spare.duckdb"
        self.secret_file = path / "secret.key"

    def prepare(self) -> None:
        """Create the folder (mode 0700), its rooms and its secret where they are absent."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            for room in ROOMS:
                (self.path / room).mkdir(exist_ok=True)
            self._refuse_loss()
            if not self.secret_file.exists():
                self._write_secret()
        except OSError as error:
            message = f"{self.path}: the workspace cannot be written ({error.strerror}); name a writable folder in the project file"
            raise WorkspaceError(message) from error
        # Refused now, not after hours of work when the first id is made.
        self.check_secret()

    def _refuse_loss(self) -> None:
        """Refuse to begin anew beside a base: a run would take what is there for leftovers and remove it."""
        held = sorted((self.path / "base").glob("*.duckdb"))
        if held and not self.ledger.exists():
            message = f"{self.ledger}: the ledger is gone but {held[0]} is there; restore the workspace from a backup (linkage restore)"
            raise WorkspaceError(message)

    def _write_secret(self) -> None:
        if self.ledger.exists():
            message = f"{self.secret_file}: the secret is gone but the ledger is not; restore it, since ids cannot be continued without it"
            raise WorkspaceError(message)
        fresh = self.secret_file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self.secret_file)

    def check_secret(self) -> None:
        """Refuse a secret that is unreadable or damaged."""
        self._secret()

    def audience_key(self, audience: str) -> bytes:
        """Return the 32-byte key from which an audience's identity ids are made."""
        return hmac.new(self._secret(), b"audience:" + audience.encode(), hashlib.sha256).digest()

    def audit_key(self) -> bytes:
        """Return the 32-byte key of the hashes that stand for what was asked for, and for what was purged."""
        return hmac.new(self._secret(), b"audit", hashlib.sha256).digest()

    def values_key(self) -> bytes:
        """Return the 32-byte key of the hashes that stand in models for the values that they counted."""
        return hmac.new(self._secret(), b"values", hashlib.sha256).digest()

    def _secret(self) -> bytes:
        try:
            secret = bytes.fromhex(self.secret_file.read_text(encoding="ascii").strip())
        except OSError as error:
            message = f"{self.secret_file}: the secret cannot be read ({error.strerror}); make it readable or restore the file"
            raise WorkspaceError(message) from error
        except ValueError as error:
            message = f"{self.secret_file}: the secret cannot be read (not hexadecimal digits); restore the file"
            raise WorkspaceError(message) from error
        # A shorter one would be taken in silence, and every new id would be made with another key.
        if len(secret) != _SECRET_BYTES:
            message = f"{self.secret_file}: the secret cannot be read ({len(secret)} bytes, not {_SECRET_BYTES}); restore the file"
            raise WorkspaceError(message)
        return secret

    def base(self, number: int) -> Path:
        """Return the path of base number `number`."""
        return self.path / "base" / f"{number}.duckdb"

    def release(self, audience: str, sequence: int) -> Path:
        """Return the path of a release."""
        return self.path / "releases" / audience / f"{sequence}.duckdb"

    def feed(self, audience: str, sequence: int, kind: str) -> Path:
        """Return the path of a feed file of a release."""
        return self.path / "feed" / audience / f"{sequence}-{kind}.parquet"

    def feed_files(self, audience: str, kind: str = "*") -> list[Path]:
        """Return an audience's feed files of a kind, in the order of their releases."""
        found = (self.path / "feed" / audience).glob(f"*-{kind}.parquet")
        return sorted(found, key=lambda file: (int(file.name.partition("-")[0]), file.name))

    def held(self, audience: str) -> Path:
        """Return the path of an audience's last release that an audit held back."""
        return self.path / "held" / f"{audience}.duckdb"

    def lookup(self, audience: str) -> Path:
        """Return the folder of the lookup indexes of an audience; they are made on demand and can be removed."""
        return self.path / "lookup" / audience

    def take_spare(self, target: Path) -> None:
        """Move the spare to `target`; where somebody still reads it, it is left to them and goes with them."""
        if not self.spare.is_file():
            return
        if is_open(self.spare):
            self.spare.unlink()
        else:
            self.spare.replace(target)

    def proposed(self, entity_type: str) -> Path:
        """Return the path of the keys that a refused run proposes to set aside (`linkage models amend`)."""
        return self.path / "proposed" / f"{entity_type}.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace for one run; refuse where another process holds it, saying which and since when."""
        lock = self.path / "lock"
        try:
            file = lock.open("a+", encoding="utf-8")
        except OSError as error:
            message = f"{lock}: the workspace cannot be locked ({error.strerror}); make it writable for this user"
            raise WorkspaceError(message) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                holder = file.read().strip() or "another process"
                message = f"{self.path}: the workspace is in use by {holder}; wait until it is done"
                raise WorkspaceError(message) from error
            try:
                file.truncate(0)
                since = datetime.now(UTC).isoformat(timespec="seconds")
                file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}")
                file.flush()
            except OSError as error:
                message = f"{lock}: the workspace cannot be locked ({error.strerror}); check the disk"
                raise WorkspaceError(message) from error
            try:
                yield
            finally:
                file.truncate(0)

    def clear_staging(self, *, keep: Path | None = None) -> int:
        """Remove what an unfinished run left, but for the file `keep` in its folder; return the number of entries removed."""
        with self._told():
            entries = list(self.staging.iterdir()) if self.staging.is_dir() else []
            if keep is not None:
                entries = [entry for entry in entries if entry != keep.parent]
                entries += [entry for entry in keep.parent.iterdir() if entry != keep]
            for entry in entries:
                _remove(entry)
        return len(entries)

    def clear_orphans(
        self, bases: set[int], releases: set[tuple[str, int]], published: set[tuple[str, int]] | None = None
    ) -> int:
        """Remove bases and releases that no ledger row names (a run died between moving and committing).

        `releases` are those that are kept, `published` also those that were pruned, whose feed stays.
        """
        removed = 0
        published = releases if published is None else published
        with self._told():
            for file in (self.path / "base").glob("*"):
                if not (file.suffix == ".duckdb" and file.stem.isdigit() and int(file.stem) in bases):
                    _remove(file)
                    removed += 1
            for file in (self.path / "releases").glob("*/*"):
                known = (
                    file.suffix == ".duckdb" and file.stem.isdigit() and (file.parent.name, int(file.stem)) in releases
                )
                if not known:
                    _remove(file)
                    removed += 1
            for file in (self.path / "feed").glob("*/*"):
                # The feed outlives the releases that it tells of: what was pruned was published all the same.
                number = file.name.partition("-")[0]
                if not (number.isdigit() and (file.parent.name, int(number)) in published):
                    _remove(file)
                    removed += 1
        return removed

    def clear_lookups(self, releases: set[tuple[str, int]]) -> int:
        """Remove lookup indexes of releases that are not kept: they hold the same values. Return the number removed."""
        removed = 0
        with self._told():
            for folder in (self.path / "lookup").glob("*/*"):
                number = folder.name.partition("-")[0]
                # A draft may be in the making; one of a day ago was left by a process that died.
                left = folder.name.startswith(".draft-") and folder.stat().st_mtime < time.time() - _DAY
                if left or (number.isdigit() and (folder.parent.name, int(number)) not in releases):
                    _remove(folder)
                    removed += 1
        return removed

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            place = error.filename or self.path
            message = (
                f"{place}: what an unfinished run left cannot be removed ({error.strerror}); remove it, then run again"
            )
            raise WorkspaceError(message) from error


def _remove(entry: Path) -> None:
    # A link goes, never what it leads to.
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()


def copy_file(source: Path, target: Path) -> None:
    """Write a copy of a file: within the kernel, where the file system can without moving a byte, else as any copy is made."""
    with source.open("rb") as read, target.open("wb") as written:
        _copy(read, written, 0, os.fstat(read.fileno()).st_size)


def bring_up(source: Path, target: Path) -> int:
    """Make `target`, which may be an older copy of the closed database `source`, a copy of what it is now; return the bytes copied."""
    pieces = differing(source, target)
    if pieces is None:
        copy_file(source, target)
        return source.stat().st_size
    with source.open("rb") as read, target.open("r+b") as written:
        written.truncate(os.fstat(read.fileno()).st_size)
        for start, end in pieces:
            _copy(read, written, start, end)
    return sum(end - start for start, end in pieces)


def _copy(read: BinaryIO, written: BinaryIO, start: int, end: int) -> None:
    """Copy the bytes from `start` to before `end` to the same place."""
    # Through a pipe it takes twice the time for a base of half a gigabyte.
    copy = getattr(os, "copy_file_range", None)
    while start < end and copy is not None:
        try:
            done = copy(read.fileno(), written.fileno(), end - start, start, start)
        except OSError as error:
            if error.errno not in _CANNOT_COPY:
                raise
            break
        if done == 0:
            break
        start += done
    read.seek(start)
    written.seek(start)
    while start < end and (piece := read.read(min(end - start, _PIECE))):
        start += written.write(piece)


def read_ahead(path: Path) -> None:
    """Have the system read a file into its cache, as fast as the disk gives it and as far as there is room."""
    advise = getattr(os, "posix_fadvise", None)
    if advise is not None:
        with path.open("rb") as file:
            advise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def move_into_place(source: Path, target: Path) -> None:
    """Move a finished file within one file system, durably: its bytes first, then its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sync(source)
    source.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Flush a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
