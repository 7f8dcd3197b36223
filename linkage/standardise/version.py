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
    from pathlib import Path

STANDARDISER_NUMBER = 3


@cache
def standardiser_version(reference_dir: Path | None = None) -> str:
    """Return "NUMBER-HASH", the hash over all SQL files, what calls a library, its release, and the lists in `reference_dir`.

    Without a folder it is that of the default configuration. Raises ConfigError where a list is missing.
    """
    folder = default_configs() / "reference" if reference_dir is None else reference_dir
    digest = hashlib.sha256()
    for name, text in sorted(sql_files().items()):
        _add(digest, name, text.encode())
    for library in LIBRARIES:
        _add(digest, library, metadata.version(library).encode())
    for module in ("letters.py", "library.py"):
        _add(digest, module, resources.files("linkage.standardise").joinpath(module).read_bytes())
    for name in sorted(REFERENCE_FILES.values()):
        _add(digest, name, read_reference(folder, name))
    return f"{STANDARDISER_NUMBER}-{digest.hexdigest()[:12]}"


def _add(digest: hashlib._Hash, name: str, content: bytes) -> None:
    # Lengths are hashed too, so that no text can move from one file to the next unnoticed.
    digest.update(f"{name}\x00{len(content)}\x00".encode())
    digest.update(content)
