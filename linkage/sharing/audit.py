"""The audit of looks: who, when, for whom, why, and at which objects; ids only, never values (rule R11)."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linkage.config.markings import purposes
from linkage.errors import RequestError, SharingError
from linkage.store.ledger import Ledger, Look
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject


def record_look(project: LoadedProject, action: str, objects: list[str], audience: str, purpose: str | None) -> None:
    """Write one look to the ledger. Raises RequestError where neither the call nor the project states a purpose."""
    stated = stated_purpose(project, purpose, audience)
    with Ledger(Workspace(project.workspace).ledger) as ledger:
        ledger.look(Look(datetime.now(UTC).isoformat(), user(), audience, stated, action, tuple(objects)))


def stated_purpose(project: LoadedProject, purpose: str | None, audience: str) -> str:
    """Return the purpose of a look.

    Raises RequestError where neither the call nor the project states one, SharingError where the audience's agreements do
    not allow it. A purpose that is allowed may go on behind a colon: `DRUG: case 12`.
    """
    stated = purpose or project.settings.default_purpose
    if not stated:
        message = f'a look needs a purpose: add --purpose "...", or set default_purpose in {project.path}'
        raise RequestError(message)
    allowed = purposes(project, audience, datetime.now(UTC).date())
    if allowed and stated.partition(":")[0].strip().casefold() not in {one.casefold() for one in allowed}:
        message = f"audience {audience!r}: its agreements do not allow the purpose {stated!r}; they allow: {', '.join(allowed)}"
        refusal = SharingError(message)
        refusal.workspace = project.workspace
        raise refusal
    return stated


def user() -> str:
    """Return the name of the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
