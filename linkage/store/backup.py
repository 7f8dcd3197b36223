"""Backup and restore: one archive file with all that a workspace needs to go on, and a manifest that proves it whole.

The archive is a plain tar: first the files, last `manifest.json` (format, version of the ledger, when it was made, and
the size and SHA-256 of every file), so that an archive that was cut has none. Restoring trusts nothing in it: only
regular files with the names that a workspace has are written, and nothing is there before everything is checked.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from linkage.engine.duckdb import Engine
from linkage.errors import RequestError, WorkspaceError
from linkage.store.ledger import Ledger
from linkage.store.migrations import VERSION
from linkage.store.workspace import ROOMS, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from linkage.store.workspace import Workspace

FORMAT = 1
MANIFEST = "manifest.json"
_MANIFEST_BYTES = 1 << 26
_PIECE = 1 << 20
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.=-]*"
_NAMES = re.compile(
    rf"ledger\.sqlite|secret\.key|base/[0-9]+\.duckdb|releases/[a-z][a-z0-9_]*/[0-9]+\.duckdb|proposed/[a-z]+\.json|(?:models|standardisers|feed)(?:/{_PART})+"
)


@dataclass(frozen=True)
class Entry:
    """One file of an archive: its name in the workspace, its size and the SHA-256 of its bytes."""

    name: str
    bytes: int
    sha256: str


def backup(workspace: Workspace, target: Path, *, program: str) -> dict[str, Any]:
    """Write the workspace to the archive `target`, whole or not at all, mode 0600; return what is in it.

    Raises RequestError where the target exists or lies in the workspace, WorkspaceError where there is nothing to save,
    a run holds the workspace, something that the ledger names is gone or damaged, or the archive cannot be written.
    """
    _check_target(workspace, target)
    if not workspace.ledger.is_file():
        message = f"{workspace.path}: there is nothing to back up; run the project first"
        raise WorkspaceError(message)
    draft = target.with_name(f".{target.name}.part")
    with workspace.locked(), _told(target, "the backup cannot be written", "check the disk or name another file"):
        workspace.clear_staging()
        copy = workspace.staging / "ledger.sqlite"
        try:
            with Ledger(workspace.ledger) as ledger:
                ledger.copy_to(copy)
            with Ledger(copy) as ledger:
                files = {"ledger.sqlite": copy, **_files(workspace, ledger)}
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                manifest = _write(file, files, program)
            sync(draft)
            draft.replace(target)
            sync(target.parent)
        finally:
            draft.unlink(missing_ok=True)
            workspace.clear_staging()
    return {"file": str(target), **manifest, "bytes": sum(entry["bytes"] for entry in manifest["files"])}


def _check_target(workspace: Workspace, target: Path) -> None:
    if target.resolve().is_relative_to(workspace.path.resolve()):
        message = f"{target}: lies in the workspace that it would save; name a file elsewhere"
        raise RequestError(message)
    if os.path.lexists(target):
        message = f"{target}: exists already; a backup is never overwritten, name another file"
        raise RequestError(message)
    if not target.parent.is_dir():
        message = f"{target}: there is no folder {target.parent}; make it first"
        raise RequestError(message)


def _files(workspace: Workspace, ledger: Ledger) -> dict[str, Path]:
    """Return the files that the workspace needs to go on, by their names in it; refuse where one is gone or no database."""
    # A secret that cannot be used is told as such, not as a file that cannot be copied.
    workspace.check_secret()
    files = {"secret.key": workspace.secret_file}
    last = ledger.last_run()
    databases = [workspace.base(last.base)] if last else []
    databases += [workspace.release(release.audience, release.sequence) for release in ledger.kept_releases()]
    for path in databases:
        if not path.is_file():
            message = f"{path}: is gone though the ledger names it; restore it from an older backup, or for an old release: linkage prune"
            raise WorkspaceError(message)
        # What cannot even be opened would be found too late, when the backup is needed.
        Engine(path, read_only=True).close()
    rooms = [
        path
        for room in (
            workspace.models,
            workspace.standardisers,
            *(workspace.path / name for name in ("feed", "proposed")),
        )
        for path in room.rglob("*")
    ]
    kept = [path for path in rooms if path.is_file() and not path.is_symlink()]
    for path in (*databases, *kept):
        name = path.relative_to(workspace.path).as_posix()
        # Drafts begin with a point; anything else that a workspace does not have is not ours to save.
        if _NAMES.fullmatch(name):
            files[name] = path
    return dict(sorted(files.items()))


def _write(file: IO[bytes], files: dict[str, Path], program: str) -> dict[str, Any]:
    entries = []
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in files.items():
            with path.open("rb") as content:
                info = _info(name, os.fstat(content.fileno()).st_size)
                reader = _Hashed(content)
                archive.addfile(info, reader)
            entries.append(Entry(name, info.size, reader.digest.hexdigest()))
        manifest = {
            "format": FORMAT,
            "program": program,
            "ledger_version": VERSION,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": [asdict(entry) for entry in entries],
        }
        text = json.dumps(manifest, indent=1).encode()
        archive.addfile(_info(MANIFEST, len(text)), io.BytesIO(text))
    file.flush()
    return manifest


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o600
    return info


class _Hashed(io.RawIOBase):
    """A file that is read once and hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(size)
        self.digest.update(piece)
        return piece


def restore(source: Path, target: Path) -> dict[str, Any]:
    """Make the workspace `target` of an archive, whole or not at all; return what was in it, with audience → last release.

    Raises RequestError where the target holds anything, WorkspaceError where the archive is damaged (naming the file in
    it), was written by a newer version, holds what a workspace does not have, or there is no room.
    """
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        message = f"{target}: is not empty; restore into a new folder, or move this one away first"
        raise RequestError(message)
    draft = target.with_name(f".{target.name}.restoring")
    with _told(target, "the workspace cannot be restored", "check the disk or name another folder"):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        try:
            with _opened(source) as (archive, members):
                manifest = _manifest(source, archive, members)
                entries = _entries(source, manifest, members)
                _check_room(target, entries)
                for room in ROOMS:
                    (draft / room).mkdir(mode=0o700)
                for entry in entries:
                    _extract(source, archive, members[entry.name], entry, draft)
            with Ledger(draft / "ledger.sqlite") as ledger:
                # Ids handed out after the backup are unknown here: none of them may be given to something else (rule R4).
                ledger.add_restored(datetime.now(UTC).isoformat(), str(manifest.get("made_at", "")))
                audiences = sorted({release.audience for row in ledger.runs() for release in row.releases})
                releases = {audience: ledger.last_sequence(audience) for audience in audiences}
            for folder in (*sorted(path for path in draft.rglob("*") if path.is_dir()), draft):
                folder.chmod(0o700)
                sync(folder)
            draft.rename(target)
            sync(target.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return {
        "workspace": str(target),
        **manifest,
        "bytes": sum(entry.bytes for entry in entries),
        "releases": releases,
    }


@contextmanager
def _opened(source: Path) -> Iterator[tuple[tarfile.TarFile, dict[str, tarfile.TarInfo]]]:
    """Open an archive and list what it holds; nothing in it is believed yet."""
    try:
        with tarfile.open(source, mode="r:") as archive:
            members: dict[str, tarfile.TarInfo] = {}
            for member in archive:
                if member.name in members:
                    message = f"{source}: {member.name!r} is in the archive twice; it is not one that linkage wrote"
                    raise WorkspaceError(message)
                if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or not (
                    member.name == MANIFEST or _NAMES.fullmatch(member.name)
                ):
                    message = (
                        f"{source}: {member.name!r} is no file of a workspace; it is not an archive that linkage wrote"
                    )
                    raise WorkspaceError(message)
                members[member.name] = member
            yield archive, members
    except FileNotFoundError as error:
        message = f"{source}: there is no such file; name an archive of linkage backup"
        raise RequestError(message) from error
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        message = f"{source}: is damaged or no archive of linkage backup ({error}); take another backup"
        raise WorkspaceError(message) from error


def _manifest(source: Path, archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> dict[str, Any]:
    member = members.get(MANIFEST)
    if member is None or member.size > _MANIFEST_BYTES:
        message = f"{source}: has no {MANIFEST}: it was cut or is no archive of linkage backup; take another backup"
        raise WorkspaceError(message)
    try:
        content = archive.extractfile(member)
        manifest: dict[str, Any] = json.loads(content.read() if content else b"")
        newer = int(manifest["format"]) > FORMAT or int(manifest["ledger_version"]) > VERSION
        program = str(manifest["program"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"{source}: its {MANIFEST} is damaged ({type(error).__name__}); take another backup"
        raise WorkspaceError(message) from error
    if newer:
        message = f"{source}: was written by linkage {program}, whose workspaces are newer than this program's; install that version"
        raise WorkspaceError(message)
    return manifest


def _entries(source: Path, manifest: dict[str, Any], members: dict[str, tarfile.TarInfo]) -> list[Entry]:
    """Return the files that the manifest lists; refuse where they are not exactly those of the archive."""
    try:
        entries = [Entry(str(e["name"]), int(e["bytes"]), str(e["sha256"])) for e in manifest["files"]]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{source}: its {MANIFEST} is damaged ({type(error).__name__}); take another backup"
        raise WorkspaceError(message) from error
    listed = {entry.name for entry in entries}
    different = sorted(listed ^ (set(members) - {MANIFEST}) | ({"ledger.sqlite", "secret.key"} - listed))
    different += [entry.name for entry in entries if entry.name in members and members[entry.name].size != entry.bytes]
    if different:
        message = f"{source}: is damaged: {different[0]} is not as {MANIFEST} lists it; take another backup"
        raise WorkspaceError(message)
    return entries


def _check_room(target: Path, entries: list[Entry]) -> None:
    needed, free = sum(entry.bytes for entry in entries), shutil.disk_usage(target.parent).free
    if needed > free:
        message = (
            f"{target}: the workspace needs {needed:,} bytes and {free:,} are free; name a folder on a larger disk"
        )
        raise WorkspaceError(message)


def _extract(source: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry, folder: Path) -> None:
    path = folder / entry.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = archive.extractfile(member)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while content and (piece := content.read(_PIECE)):
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != entry.sha256 or path.stat().st_size != entry.bytes:
        message = f"{source}: is damaged: {entry.name} has other bytes than when it was saved; take another backup"
        raise WorkspaceError(message)
    sync(path)


@contextmanager
def _told(place: Path, what: str, mend: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{place}: {what} ({error.strerror or error}); {mend}"
        raise WorkspaceError(message) from error
