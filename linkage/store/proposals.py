"""What a refused run proposes: blocking keys to set aside, kept in `proposed/` until a run of that type goes through."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from linkage.errors import WorkspaceError
from linkage.store.workspace import sync

if TYPE_CHECKING:
    from pathlib import Path


def write_proposal(path: Path, told: dict[str, Any]) -> None:
    """Write a proposal, whole or not at all, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(told, file, indent=1, sort_keys=True)
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def read_proposal(path: Path) -> dict[str, Any] | None:
    """Return a proposal, or None where there is none. Raises WorkspaceError for one that cannot be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told["keys"] = [{**entry, "key": int(entry["key"])} for entry in told["keys"]]
        return {name: told[name] for name in ("entity_type", "model", "run", "max_block", "keys")}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path}: the proposal cannot be read ({type(error).__name__}); remove it, then run again"
        raise WorkspaceError(message) from error
