"""What the commands have in common: arguments, options, and how an answer is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

ProjectArgument = Annotated[
    Path, typer.Argument(help="Project file, or the folder that holds project.toml.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the documented JSON instead of tables.")]
AudienceOption = Annotated[str, typer.Option("--audience", help="Whose release to read.")]
PurposeOption = Annotated[str | None, typer.Option("--purpose", help="Why you look; written to the audit.")]


def answer(result: Any, render: Callable[[Any], None], *, as_json: bool) -> None:
    """Print a result as JSON, or as `render` does."""
    if as_json:
        print(json.dumps(result, indent=1, default=str))  # noqa: T201
    else:
        render(result)
