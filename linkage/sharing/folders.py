"""`publish_to`: an audience's last release in a folder outside the workspace, for readers that never touch the workspace.

The folder holds `<sequence>.duckdb` files and `current.json`, which names the one to read with its SHA-256. Both are
replaced atomically, the release first. What the folder should hold follows from the ledger alone, so a run that died
before it wrote there is mended by the next run or by `linkage publish`.
"""

from __future__ import annotations

import grp
import hashlib
import hmac
import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.errors import ConfigError, WorkspaceError
from linkage.sharing.audit import user
from linkage.store.entries import Look
from linkage.store.prune import KEEP
from linkage.store.workspace import sync
from linkage.tables import CONTRACT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.config.project import LoadedProject
    from linkage.store.ledger import Ledger
    from linkage.store.workspace import Workspace

CURRENT = "current.json"
PUBLISH = "publish"
"""What a look is called that hands a release out."""
OWNER = ".linkage"
_PIECE = 1 << 20
_NUMBER = re.compile(r"[1-9][0-9]{0,8}(?=[.-])")


@dataclass(frozen=True)
class Folder:
    """A folder that releases are handed to, the mode of its files, and their group, where one is named."""

    path: Path
    mode: int
    group: int | None

    @property
    def own_mode(self) -> int:
        """The mode of the folder itself: who reads its files may enter it."""
        return self.mode | (self.mode & 0o444) >> 2 | 0o300


def folders(project: LoadedProject) -> dict[str, Folder]:
    """Return the folder of every audience that has one. Raises ConfigError for a group that this machine lacks."""
    found = {}
    for audience, path in sorted(project.publish_folders().items()):
        settings = project.settings.audiences[audience].publish_to
        assert settings is not None  # noqa: S101  # publish_folders names only these
        found[audience] = Folder(path, int(settings.mode, 8), _group(project, audience, settings.group))
    return found


def _group(project: LoadedProject, audience: str, name: str | None) -> int | None:
    if name is None:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        message = f"{project.path}: audiences.{audience}.publish_to.group: there is no group {name!r} on this machine; name an existing one"
        raise ConfigError(message) from error


def prepare_folders(project: LoadedProject, workspace: Workspace) -> None:
    """Make the folders that are absent and refuse what cannot be used, before a run spends hours.

    Raises WorkspaceError for a folder that cannot be written, that holds other things, or that another workspace or
    audience hands its releases to.
    """
    for audience, folder in folders(project).items():
        with _told(folder):
            _claim(folder, audience, workspace)
        if not os.access(folder.path, os.W_OK | os.X_OK):
            message = (
                f"{folder.path}: this user cannot write there; make the folder of publish_to writable or name another"
            )
            raise WorkspaceError(message)


def _claim(folder: Folder, audience: str, workspace: Workspace) -> None:
    """Make the folder where it is absent, and mark whose it is: old releases in it are removed, so it must be ours."""
    if not folder.path.is_dir():
        folder.path.mkdir(parents=True)
        if folder.group is not None:
            os.chown(folder.path, -1, folder.group)
        folder.path.chmod(folder.own_mode)
    # Stays the same over backup and restore, and tells nothing of the secret.
    mark = hmac.new(workspace.audience_key(audience), b"publish_to", hashlib.sha256).hexdigest()[:16]
    owner = folder.path / OWNER
    if owner.is_file():
        if owner.read_text(encoding="ascii").split() != [audience, mark]:
            message = f"{folder.path}: another audience or workspace hands its releases out there; name a folder of its own in publish_to"
            raise WorkspaceError(message)
        return
    if any(path.name != f".{OWNER}.part" for path in folder.path.iterdir()):
        message = f"{folder.path}: is not empty and not a folder of publish_to; name a new or empty folder"
        raise WorkspaceError(message)
    _replace(folder, OWNER, f"{audience} {mark}\n".encode())


@dataclass(frozen=True)
class Handed:
    """What readers have: the highest number of a release that a folder shows, and the release file that `current.json` names."""

    sequence: int = 0
    file: Path | None = None
    sha256: str = ""

    def checked(self) -> Path | None:
        """Return the release file, None where none is named. Raises WorkspaceError where it is gone or altered."""
        if self.file is None or (self.file.is_file() and _sha256(self.file) == self.sha256):
            return self.file
        message = (
            f"{self.file}: readers have this release, which is newer than the workspace, and the file is gone or altered; "
            f"remove {self.file.with_name(CURRENT)} to go on without it"
        )
        raise WorkspaceError(message)


def handed(folder: Path) -> Handed:
    """Return what readers of a folder of `publish_to` have; nothing where there is no such folder."""
    files = (*folder.glob("*.duckdb"), *folder.glob("feed/*.parquet"))
    numbers = [int(found[0]) for file in files if (found := _NUMBER.match(file.name))]
    try:
        current = json.loads((folder / CURRENT).read_text(encoding="utf-8"))
        found = _NUMBER.match(f"{current['sequence']}.")
        sha256 = str(current["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        found = None
    if found is None:
        return Handed(max(numbers, default=0))
    return Handed(max(int(found[0]), *numbers, 0), folder / f"{found[0]}.duckdb", sha256)


def ahead(ledger: Ledger) -> list[dict[str, Any]]:
    """Return audience, folder, and the release that readers have there, where the ledger does not know that release yet.

    The folders are those that the ledger's looks name: a restored workspace is not asked together with its project.
    """
    known: dict[str, Path] = {}
    for look in ledger.looks():
        if look.action == PUBLISH:
            known[look.audience] = Path(look.objects[-1])
    return [
        {"audience": audience, "folder": str(path), "sequence": sequence}
        for audience, path in sorted(known.items())
        if (sequence := handed(path).sequence) > ledger.last_sequence(audience)
    ]


def hand_out(project: LoadedProject, workspace: Workspace, ledger: Ledger) -> list[dict[str, Any]]:
    """Bring every folder of `publish_to` to the last release of its audience; return what each holds and whether it was written.

    Raises WorkspaceError naming the folder where it cannot be written, or where it holds a newer release than the
    workspace knows. The releases in the workspace stand in any case.
    """
    told = []
    for audience, folder in folders(project).items():
        published = [(row, entry) for row in ledger.runs() for entry in row.releases if entry.audience == audience]
        if not published:
            continue
        row, release = published[-1]
        source = workspace.release(audience, release.sequence)
        if not source.is_file():
            message = f"{source}: the last release is gone; restore the workspace from a backup (linkage restore)"
            raise WorkspaceError(message)
        with _told(folder):
            _claim(folder, audience, workspace)
            right = {
                "audience": audience,
                "sequence": release.sequence,
                "file": source.name,
                "sha256": _sha256(source),
                "published_at": row.finished_at,
                "contract_version": CONTRACT_VERSION,
            }
            written = not _holds(folder, right)
            if written:
                _copy(source, folder, str(right["sha256"]))
                _replace(folder, CURRENT, json.dumps(right, indent=1).encode())
                # Handing over a file is one dissemination of all it holds (rule R11).
                objects = (f"release {release.sequence}", str(folder.path))
                now = datetime.now(UTC).isoformat()
                ledger.look(Look(now, user(), audience, "publish_to in the project file", PUBLISH, objects))
            _copy_feed(workspace, audience, folder)
            _thin_out(folder, audience, ledger)
        told.append({**right, "folder": str(folder.path), "written": written})
    return told


def _holds(folder: Folder, right: dict[str, Any]) -> bool:
    """Whether the folder has this release and says so; refuse to go back to an older one than readers have."""
    try:
        held = json.loads((folder.path / CURRENT).read_text(encoding="utf-8"))
        sequence = int(held["sequence"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False
    if sequence > right["sequence"]:
        message = (
            f"{folder.path / CURRENT}: readers have release {sequence}, the workspace's last is {right['sequence']} (restored from an "
            "older backup?); run the project: its next release goes on above that of the readers"
        )
        raise WorkspaceError(message)
    file = folder.path / right["file"]
    return bool(held == right and file.is_file() and _sha256(file) == right["sha256"])


def _copy(source: Path, folder: Folder, sha256: str) -> None:
    draft, digest = _draft(folder, source.name), hashlib.sha256()
    try:
        with source.open("rb") as content, os.fdopen(_create(draft), "wb") as file:
            while piece := content.read(_PIECE):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != sha256:
            message = f"{source}: changed while it was copied; restore the workspace from a backup (linkage restore)"
            raise WorkspaceError(message)
        _into_place(draft, folder, source.name)
    finally:
        draft.unlink(missing_ok=True)


def _copy_feed(workspace: Workspace, audience: str, folder: Folder) -> None:
    """Copy the feed files that the folder lacks: readers follow ids without the workspace."""
    files = workspace.feed_files(audience)
    if not files:
        return
    inner = Folder(folder.path / "feed", folder.mode, folder.group)
    if not inner.path.is_dir():
        inner.path.mkdir()
        if folder.group is not None:
            os.chown(inner.path, -1, folder.group)
        inner.path.chmod(folder.own_mode)
    for file in files:
        if not (inner.path / file.name).is_file():
            _copy(file, inner, _sha256(file))
    for path in inner.path.glob(".*.part"):
        path.unlink(missing_ok=True)


def _replace(folder: Folder, name: str, content: bytes) -> None:
    draft = _draft(folder, name)
    try:
        with os.fdopen(_create(draft), "wb") as file:
            file.write(content)
        _into_place(draft, folder, name)
    finally:
        draft.unlink(missing_ok=True)


def _draft(folder: Folder, name: str) -> Path:
    return folder.path / f".{name}.part"


def _create(path: Path) -> int:
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _into_place(draft: Path, folder: Folder, name: str) -> None:
    # Group before mode: a file is never readable by a group that is not meant.
    if folder.group is not None:
        os.chown(draft, -1, folder.group)
    draft.chmod(folder.mode)
    sync(draft)
    draft.replace(folder.path / name)
    sync(folder.path)


def _thin_out(folder: Folder, audience: str, ledger: Ledger) -> None:
    """Remove old release files: at most as many stay as `linkage prune` keeps, and none that was pruned."""
    kept = {entry.sequence for entry in ledger.kept_releases() if entry.audience == audience}
    held = sorted((int(path.stem), path) for path in folder.path.glob("*.duckdb") if path.stem.isdigit())
    stay = [path for sequence, path in held if sequence in kept][-KEEP:]
    for _, path in held:
        if path not in stay:
            path.unlink(missing_ok=True)
    # What a process left that died while it copied.
    for path in folder.path.glob(".*.duckdb.part"):
        path.unlink(missing_ok=True)


def thin_out(project: LoadedProject, workspace: Workspace, ledger: Ledger) -> None:
    """Remove from every folder of `publish_to` the releases that were pruned."""
    for audience, folder in folders(project).items():
        if not (folder.path / OWNER).is_file():
            continue
        with _told(folder):
            _claim(folder, audience, workspace)
            _thin_out(folder, audience, ledger)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _told(folder: Folder) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = (
            f"{folder.path}: the release cannot be handed out there ({error.strerror or error}); the workspace has it: "
            "mend the folder or publish_to, then run linkage publish"
        )
        raise WorkspaceError(message) from error
