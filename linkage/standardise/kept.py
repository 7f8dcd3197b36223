"""Kept standardisers: what a model's data were standardised with, so that it can go on after the program has another.

`standardisers/<version>/` of a workspace holds the SQL files (`sql/`), the reference lists (`reference/`), the modules that
call libraries (`code/`, to be compared, never run), and `manifest.json`: the releases of the libraries, the columns of the
tables, and a SHA-256 of every file. The version is recomputed from what is there before any of it is used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.config.project import default_configs
from linkage.errors import ModelError, RequestError
from linkage.standardise.contracts import CANONICAL, MAPPED
from linkage.standardise.install import REFERENCE_FILES, read_reference, sql_files
from linkage.standardise.version import library_releases, modules, standardiser_version, version_of
from linkage.store.workspace import sync

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "manifest.json"
_TABLES = "standardise/reference/"
_MODE = 0o600


@dataclass(frozen=True)
class Standardiser:
    """The standardisers of one version: SQL text by its path below `linkage/sql`, and the folder of the reference lists."""

    version: str
    files: Mapping[str, str]
    reference: Path

    def canonical_sql(self, entity_type: str) -> str:
        """Return the SELECT of a type (see `install.canonical_sql`). Raises RequestError for a type that does not exist."""
        name = f"canonical/{entity_type}.sql"
        if name not in self.files:
            message = f"there is no entity type {entity_type!r}; the types are: {', '.join(sorted(CANONICAL))}"
            raise RequestError(message)
        return self.files[name]

    def reading_sql(self, name: str) -> str:
        """Return the SELECT `reading/<name>.sql`, of what SQL cannot read."""
        return self.files[f"reading/{name}.sql"].rstrip().rstrip(";")


def shipped() -> Standardiser:
    """Return the standardisers of this program."""
    return Standardiser(standardiser_version(), sql_files(), default_configs() / "reference")


def keep(folder: Path, standardiser: Standardiser) -> Path:
    """Write this program's standardisers to `folder`/<version>, whole or not at all, where they are not there whole; return it."""
    target = folder / standardiser.version
    try:
        _read(target)
    except ModelError:
        _write(target, standardiser)
    return target


def _write(target: Path, standardiser: Standardiser) -> None:
    contents = {f"sql/{name}": text.encode() for name, text in standardiser.files.items()}
    contents |= {
        f"reference/{name}": read_reference(standardiser.reference, name) for name in sorted(REFERENCE_FILES.values())
    }
    contents |= {f"code/{name}": content for name, content in modules().items()}
    manifest = {
        "version": standardiser.version,
        "libraries": library_releases(),
        "columns": _columns(),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())},
    }
    contents[MANIFEST] = json.dumps(manifest, indent=1).encode()
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    for name, content in contents.items():
        path = draft / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=_MODE)
        # Not flushed one by one: what a power cut takes is found by its hash, and written again by the next run.
        path.write_bytes(content)
    # What is damaged goes only now that its replacement is whole.
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    sync(target.parent)


def load_kept(folder: Path, version: str) -> Standardiser:
    """Return a kept version that this program can use.

    Raises ModelError where it is not there, a file of it is missing or altered, or its code was another than this
    program's (a library's release, what calls it, the columns that it makes): code is not kept.
    """
    path = folder / version
    manifest, contents = _read(path)
    other = _other_code(manifest, contents)
    if other:
        message = f"{path}: the standardiser {version} cannot be used by this program: {other}, or run with --retrain"
        raise ModelError(message)
    texts = {name.removeprefix("sql/"): content for name, content in contents.items() if name.startswith("sql/")}
    return Standardiser(version, {name: content.decode() for name, content in texts.items()}, path / "reference")


def prune_kept(folder: Path, needed: set[str]) -> list[str]:
    """Remove the kept versions that are not `needed`, and what was left unfinished; return the versions that went."""
    if not folder.is_dir():
        return []
    gone = sorted(path.name for path in folder.iterdir() if path.name not in needed)
    for name in gone:
        shutil.rmtree(folder / name)
    return [name for name in gone if not name.startswith(".")]


def _read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest and the contents of a kept version, once all of it is what its name says."""
    mend = "restore it (linkage restore), or run with --retrain"
    if not path.is_dir():
        message = f"{path}: the standardiser {path.name} is not kept: it was pruned, or its model was trained before versions were; {mend}"
        raise ModelError(message)
    place = path / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        contents = {}
        for name, digest in sorted(manifest["files"].items()):
            place = path / name
            contents[name] = _checked(path, name, digest)
        place = path / MANIFEST
        is_whole = _version(path.name, manifest, contents) == path.name
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{place}: a file of the kept standardiser {path.name} is missing or damaged ({type(error).__name__}); {mend}"
        raise ModelError(message) from error
    if not is_whole:
        message = f"{path / MANIFEST}: what is kept is not the standardiser {path.name}; {mend}"
        raise ModelError(message)
    return manifest, contents


def _checked(path: Path, name: str, digest: str) -> bytes:
    parts = name.split("/")
    if parts[0] not in {"sql", "reference", "code"} or {"", ".", ".."} & set(parts):
        message = f"{name} is no file of a standardiser"
        raise ValueError(message)
    content = (path / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        message = f"{name} was altered"
        raise ValueError(message)
    return content


def _version(name: str, manifest: Mapping[str, Any], contents: Mapping[str, bytes]) -> str:
    rooms: dict[str, dict[str, bytes]] = {"sql": {}, "reference": {}, "code": {}}
    for path, content in contents.items():
        room, _, rest = path.partition("/")
        rooms[room][rest] = content
    number = name.partition("-")[0]
    return version_of(number, rooms["sql"], manifest["libraries"], rooms["code"], rooms["reference"])


def _other_code(manifest: Mapping[str, Any], contents: Mapping[str, bytes]) -> str:
    """Say which code a kept version was made with that this program does not have, and the mend; empty where there is none."""
    here = library_releases()
    for library, release in sorted(manifest["libraries"].items()):
        if here.get(library) != release:
            return f"it needs {library} {release}, {here.get(library, 'none')} is installed; install that release"
    if set(here) != set(manifest["libraries"]):
        return "it was made without a library that this program calls; use the program that trained the model"
    for name, content in sorted(modules().items()):
        if contents.get(f"code/{name}") != content:
            return f"what calls the libraries ({name}) is another; use the program that trained the model"
    if manifest.get("columns") != _columns():
        return "the columns that it makes are others; use the program that trained the model"
    tables = {name.removeprefix(f"sql/{_TABLES}") for name in contents if name.startswith(f"sql/{_TABLES}")}
    unknown = sorted(table for table in tables if table.removesuffix(".sql") not in REFERENCE_FILES)
    if unknown:
        return (
            f"it fills a table that this program does not know ({unknown[0]}); use the program that trained the model"
        )
    return ""


def _columns() -> dict[str, list[list[str]]]:
    """Return what the SQL is given and makes, by table: column and type."""
    tables = {**{f"mapped {kind}": columns for kind, columns in MAPPED.items()}, **CANONICAL}
    return {kind: [[column.name, column.type] for column in columns] for kind, columns in sorted(tables.items())}
