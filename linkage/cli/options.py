"""What the commands have in common: arguments, options, and how an answer is printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkage.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

ProjectArgument = Annotated[
    Path, typer.Argument(help="Project file, or the folder that holds project.toml.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the documented JSON instead of tables.")]
AudienceOption = Annotated[str, typer.Option("--audience", help="Whose release to read.")]
PurposeOption = Annotated[str | None, typer.Option("--purpose", help="Why you look; written to the audit.")]

NowOption = Annotated[
    str | None, typer.Option("--now", help="Take this ISO time as now, for runs that must be repeated exactly.")
]


def answer(result: Any, render: Callable[[Any], None], *, as_json: bool) -> None:
    """Print a result as JSON, or as `render` does."""
    if as_json:
        print(json.dumps(result, indent=1, default=str))  # noqa: T201
    else:
        render(result)


def accepted(audits: list[str], why: str | None) -> dict[str, str]:
    """Return the limits that may be exceeded with the reason; refuse other names, and either without the other."""
    from linkage.stages.audit import LIMITS

    for name in audits:
        if name not in LIMITS:
            message = f"--accept {name!r}: only limits can be accepted: {', '.join(LIMITS)}"
            raise UsageError(message)
    if bool(audits) != bool(why and why.strip()):
        message = "--accept AUDIT and --why TEXT go together"
        raise UsageError(message)
    return dict.fromkeys(audits, (why or "").strip())


def moment(text: str | None) -> datetime | None:
    """Return the time that --now states."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"--now {text!r} is no ISO time; write for example 2026-01-31T06:00:00+00:00"
        raise UsageError(message) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
