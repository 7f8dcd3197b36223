"""Commands whose refusals the audit hears of: every command that works on a project is one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from linkage.errors import LinkageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


class HeardCommand(TyperCommand):
    """A command that writes to the project's audit what it was refused for, and for whom it asked.

    Wrong usage asks for nothing, so the audit does not hear of it.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what is refused is raised on."""
        try:
            return super().invoke(ctx)
        except UsageError:
            raise
        except LinkageError as error:
            _hear(error, ctx)
            raise


class Commands(typer.Typer):
    """A group of commands; each is a `HeardCommand`."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """Add a command as typer does."""
        return super().command(name, **{"cls": HeardCommand, **options})


def _hear(error: LinkageError, context: Any) -> None:
    from linkage.config.project import load_project
    from linkage.engine.duckdb import is_interruption
    from linkage.sharing.audit import record_refusal

    project = context.params.get("project")
    if project is None or is_interruption(error):
        return
    # A ledger that cannot be written is what the command says already, or what its refusal hides: the first word counts.
    with suppress(LinkageError):
        if error.workspace is None:
            error.workspace = load_project(project).workspace
        said = {name: context.params.get(name) for name in ("audience", "agency", "purpose")}
        # `purge --agency` names several, whose records go; none of them asks.
        told = {name: value for name, value in said.items() if isinstance(value, str)}
        # The name of the program is how it was called.
        action = context.command_path.removeprefix(context.find_root().command_path).strip()
        record_refusal(error, action=action, **told)
