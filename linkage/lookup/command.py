"""Questions of the command line and of `project.lookup`: one record or many, from text or from a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence


def records_of(text: str, where: str) -> list[Any]:
    """Return the records of a JSON text: one object, a list of them, or one object a line. Raises RequestError where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        found = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    found.append(json.loads(line))
                except ValueError as error:
                    message = (
                        f"{where}: line {number} is no JSON; write one object, a list of objects, or one object a line"
                    )
                    raise RequestError(message) from error
    records = found if isinstance(found, list) else [found]
    if not records:
        message = f"{where} holds no record; write one object, a list of objects, or one object a line"
        raise RequestError(message)
    return records


def read_records(file: str) -> list[Any]:
    """Return the records of a JSON file, or of standard input where the file is `-`."""
    if file == "-":
        return records_of(sys.stdin.read(), "standard input")
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file}: cannot be read ({type(error).__name__}); name a JSON file, or - for standard input"
        raise RequestError(message) from error
    return records_of(text, file)


def record_of(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the record that `--attribute VALUE` tells; what is told twice is a list. Raises RequestError for other words."""
    record: dict[str, list[str]] = {}
    rest = list(words)
    while rest:
        option = rest.pop(0)
        if not option.startswith("--") or option == "--":
            message = f"{option[:40]!r} stands behind no attribute; write --given-name VALUE"
            raise RequestError(message)
        name, told, value = option.removeprefix("--").partition("=")
        if not told:
            if not rest:
                message = f"--{name[:40]} has no value; write --{name[:40]} VALUE"
                raise RequestError(message)
            value = rest.pop(0)
        record.setdefault(name.replace("-", "_"), []).append(value)
    return record
