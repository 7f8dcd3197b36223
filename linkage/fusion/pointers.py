"""Pointers: records that an audience may not see in full but of whose agency it may learn, beside the identities that they touch.

This is the one place where they come in. They are compared with finished identities, never joined to them (rule R7), and
tell an agency and whom to call. No agreement gives any yet, so there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.config.project import LoadedProject


@dataclass(frozen=True)
class Pointer:
    """An agency has an interest in an identity: whom to call, nothing else."""

    identity_id: str
    agency: str
    call: str


def touching(project: LoadedProject, audience: str, identities: Sequence[str]) -> tuple[Pointer, ...]:
    """Return the pointers of an audience that touch some of its identities, in order."""
    del project, audience, identities
    return ()
