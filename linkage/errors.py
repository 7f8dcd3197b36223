"""The errors that users see: one base class, one sentence each, exit code as class data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class LinkageError(Exception):
    """Base of every refusal. The message is one sentence that names the place and the mend.

    `exit_code` is what the command line returns: 1 refused or failed audit, 2 wrong usage.
    """

    exit_code = 1
    workspace: Path | None = None
    """Whose audit is to hear of the refusal, where that is known; `linkage.sharing.audit` writes it."""
    recorded = False
    """Whether the audit has heard of it: once is enough."""


class ConfigError(LinkageError):
    """A configuration file is missing, unreadable or says something that cannot be."""


class SharingError(ConfigError):
    """An agreement, audience or purpose is refused; the refusal is written to the audit."""


class DataError(LinkageError):
    """Delivered data cannot be read or would break a rule; rows that are merely bad are rejected instead."""


class ModelError(LinkageError):
    """A model is missing, damaged, not approved, or does not fit the data."""


class WorkspaceError(LinkageError):
    """The workspace cannot be used: absent, locked, unwritable or damaged."""


class AuditError(LinkageError):
    """A release failed an audit; nothing was published for that audience."""


class RequestError(LinkageError):
    """A question cannot be answered as asked (unknown record, identity, table or column)."""

    exit_code = 1


class UsageError(LinkageError):
    """The command was called in a way it does not understand."""

    exit_code = 2
