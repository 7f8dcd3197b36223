"""Writing a page: whole or not at all, for the owner's eyes, and never over a file that is no page of its kind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from linkage.errors import DataError, RequestError
from linkage.pages.render import marker
from linkage.store.workspace import sync

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.pages.contracts import PageKind

_HEAD = 200
"""Bytes at the start of a page that hold its marker."""


def check_target(path: Path, kind: PageKind) -> None:
    """Refuse a file that a page of this kind may not be written to; asked before anything is looked at."""
    if path.suffix.lower() not in {".html", ".htm"}:
        message = f"{path}: a page is HTML; name it .html"
        raise RequestError(message)
    try:
        if not path.parent.is_dir():
            message = f"{path}: there is no folder {path.parent}; make it first"
            raise RequestError(message)
        with path.open("rb") as file:
            ours = marker(kind).encode() in file.read(_HEAD)
    except FileNotFoundError:
        return
    except OSError as error:
        message = f"{path}: cannot be read to see what would be overwritten ({error.strerror}); name another file"
        raise RequestError(message) from error
    if not ours:
        message = f"{path}: exists and is no {kind} page of linkage; name another file, or remove it first"
        raise RequestError(message)


def write_page(path: Path, kind: PageKind, page: str) -> None:
    """Write a page under a temporary name, mode 0600, then give it its name."""
    check_target(path, kind)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
        sync(draft)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        message = f"{path}: cannot be written ({error.strerror}); name another file"
        raise DataError(message) from error
