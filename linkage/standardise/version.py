"""The version of the standardisers: a number for people and a hash of what they are made of."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING

from linkage.config.project import default_configs
from linkage.standardise.install import REFERENCE_FILES, read_reference, sql_files
from linkage.standardise.library import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STANDARDISER_NUMBER = 3
MODULES = ("letters.py", "library.py")


@cache
def standardiser_version(reference_dir: Path | None = None) -> str:
    """Return "NUMBER-HASH", the hash over all SQL files, what calls a library, its release, and the lists in `reference_dir`.

    Without a folder it is that of the default configuration. Raises ConfigError where a list is missing.
    """
    folder = default_configs() / "reference" if reference_dir is None else reference_dir
    sql = {name: text.encode() for name, text in sql_files().items()}
    lists = {name: read_reference(folder, name) for name in REFERENCE_FILES.values()}
    return version_of(str(STANDARDISER_NUMBER), sql, library_releases(), modules(), lists)


def library_releases() -> dict[str, str]:
    """Return library → release installed."""
    return {library: metadata.version(library) for library in LIBRARIES}


def modules() -> dict[str, bytes]:
    """Return the modules that call the libraries, by file name."""
    return {name: resources.files("linkage.standardise").joinpath(name).read_bytes() for name in MODULES}


def version_of(
    number: str,
    sql: Mapping[str, bytes],
    libraries: Mapping[str, str],
    code: Mapping[str, bytes],
    lists: Mapping[str, bytes],
) -> str:
    """Return "NUMBER-HASH" of standardisers made of these files (name → content) and libraries (name → release)."""
    digest = hashlib.sha256()
    releases = {library: release.encode() for library, release in libraries.items()}
    for files in (sql, releases, code, lists):
        for name, content in sorted(files.items()):
            _add(digest, name, content)
    return f"{number}-{digest.hexdigest()[:12]}"


def _add(digest: hashlib._Hash, name: str, content: bytes) -> None:
    # Lengths are hashed too, so that no text can move from one file to the next unnoticed.
    digest.update(f"{name}\x00{len(content)}\x00".encode())
    digest.update(content)
