"""The audit of looks: who, when, for whom, why, and at which objects; ids only, never values (rule R11)."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linkage.errors import RequestError
from linkage.store.ledger import Ledger, Look
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject


def record_look(project: LoadedProject, action: str, objects: list[str], audience: str, purpose: str | None) -> None:
    """Write one look to the ledger. Raises RequestError where neither the call nor the project states a purpose."""
    stated = stated_purpose(project, purpose)
    with Ledger(Workspace(project.workspace).ledger) as ledger:
        ledger.look(Look(datetime.now(UTC).isoformat(), user(), audience, stated, action, tuple(objects)))


def stated_purpose(project: LoadedProject, purpose: str | None) -> str:
    """Return the purpose of a look. Raises RequestError where neither the call nor the project states one."""
    stated = purpose or project.settings.default_purpose
    if not stated:
        message = f'a look needs a purpose: add --purpose "...", or set default_purpose in {project.path}'
        raise RequestError(message)
    return stated


def user() -> str:
    """Return the name of the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def numbered(release: int | None) -> list[str]:
    """Return how the audit names an older release; nothing for the last one."""
    return [] if release is None else [f"release {release}"]
