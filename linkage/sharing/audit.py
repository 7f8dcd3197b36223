"""The audit: who, when, for whom, why, and at which objects; ids only, never values (rule R11).

Rows stand in the ledger, chained by hashes (`linkage.store.chain`). At each release the head of the chain is written to the
file `audit_anchor`, outside the workspace: what was edited, cut or reordered before the last anchor is found.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import json
import os
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linkage.config.markings import purposes
from linkage.errors import DataError, LinkageError, RequestError, SharingError, WorkspaceError
from linkage.store.chain import FIRST, REFUSAL, Entry, Row
from linkage.store.entries import Look
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.project import LoadedProject

_acting: ContextVar[str | None] = ContextVar("acting", default=None)


BEGINS = "run"
"""The command that makes a workspace where there is none."""


def act_as(name: str | None) -> None:
    """State the name that rows of the audit give beside the operating system's user, from now on (`--as`)."""
    _acting.set(name.strip() if name and name.strip() else None)


def user() -> str:
    """Return who works here: the operating system's user, behind the name stated with `--as`."""
    try:
        found = getpass.getuser()
    except (KeyError, OSError):
        found = "unknown"
    stated = _acting.get()
    return f"{stated} ({found})" if stated else found


def record_look(
    project: LoadedProject,
    action: str,
    objects: list[str],
    audience: str,
    purpose: str | None,
    *,
    asked: str | None = None,
) -> None:
    """Write one look to the ledger; `asked` is what was asked for, which is kept apart and can be purged.

    Raises RequestError where neither the call nor the project states a purpose, SharingError where it is not allowed.
    """
    stated = stated_purpose(project, purpose, audience, action)
    workspace = Workspace(project.workspace)
    settings = project.settings.audiences.get(audience)
    agency = (settings.agency or settings.group or "") if settings else ""
    with Ledger(workspace.ledger) as ledger:
        release = ledger.last_sequence(audience) or None
        kept = tuple(objects) if action == "rejects" else tuple(object_of(project, workspace, name) for name in objects)
        if asked is None and kept != tuple(objects):
            # A key may be personal: the chain, from which nothing can be taken, has its keyed hash.
            asked = json.dumps(objects)
        look = Look(_now(), user(), audience, stated, action, kept, agency, release)
        ledger.look(look, asked=asked, asked_hash=keyed_hash(workspace, asked) if asked is not None else None)


def object_of(project: LoadedProject, workspace: Workspace, name: str) -> str:
    """Return how the audit names an object: a record by its keyed hash, without its role; anything else as it is."""
    dataset, _, key = name.partition("/")
    if dataset not in project.settings.sources or not key:
        return name
    head, _, role = key.rpartition("#")
    whole = head if head and role in project.settings.sources[dataset].roles else key
    return f"record:{keyed_hash(workspace, f'{dataset}/{whole}')[:24]}"


def keyed_hash(workspace: Workspace, text: str) -> str:
    """Return the hash that stands for a text that may have to go: it cannot be guessed without the workspace's secret."""
    return hmac.new(workspace.audit_key(), text.encode(), hashlib.sha256).hexdigest()


def stated_purpose(project: LoadedProject, purpose: str | None, audience: str, action: str = "look") -> str:
    """Return the purpose of a look.

    Raises RequestError where neither the call nor the project states one, SharingError where the audience's agreements do
    not allow it; both are in the audit then. A purpose that is allowed may go on behind a colon: `DRUG: case 12`.
    """
    stated = purpose or project.settings.default_purpose
    if not stated:
        message = f'a look needs a purpose: add --purpose "...", or set default_purpose in {project.path}'
        raise refused(project, RequestError(message), action, audience)
    try:
        allowed = (
            purposes(project, audience, datetime.now(UTC).date()) if audience in project.settings.audiences else ()
        )
    except SharingError as error:
        raise refused(project, error, action, audience) from None
    if allowed and stated.partition(":")[0].strip().casefold() not in {one.casefold() for one in allowed}:
        message = f"audience {audience!r}: its agreements do not allow the purpose {stated!r}; they allow: {', '.join(allowed)}"
        raise refused(project, SharingError(message), action, audience)
    return stated


def refused(project: LoadedProject, error: LinkageError, action: str, audience: str = "") -> LinkageError:
    """Write a refusal to the project's audit, and return it to be raised."""
    error.workspace = project.workspace
    record_refusal(error, action=action, audience=audience)
    return error


def record_refusal(
    error: LinkageError, *, action: str = "", audience: str = "", agency: str = "", purpose: str = ""
) -> None:
    """Write a refusal to the audit of the workspace that the error knows, once; nothing where there is no ledger.

    A run that is refused begins the ledger where there is no workspace at all, as it would have done. A question does not:
    the workspace that it left would stand in the way of a restore. The row tells which kind of error it was; what was
    asked for stands apart.
    """
    workspace = Workspace(error.workspace) if error.workspace else None
    if error.recorded or workspace is None:
        return
    if action == BEGINS and not workspace.path.exists():
        workspace.prepare()
    elif not workspace.ledger.is_file():
        return
    told = str(error)
    entry = Entry(
        _now(), REFUSAL, action or "refused", user(),
        agency=agency, audience=audience, purpose=purpose, outcome=type(error).__name__,
    )  # fmt: skip
    with Ledger(workspace.ledger) as ledger:
        ledger.record_asked(entry, told, keyed_hash(workspace, told))
    error.recorded = True


def _now() -> str:
    return datetime.now(UTC).isoformat()


def write_anchor(project: LoadedProject, ledger: Ledger, run: int) -> None:
    """Add the head of the chain to the project's `audit_anchor`, a file outside the workspace, durably.

    Raises WorkspaceError where it cannot be written; the releases stand.
    """
    path = project.anchor
    rows = ledger.audit()
    if path is None or not rows:
        return
    line = json.dumps({"at": _now(), "run": run, "number": rows[-1].number, "hash": rows[-1].hash})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640), "w", encoding="ascii") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path}: the head of the audit cannot be written ({error.strerror}); the releases stand: make the file of audit_anchor writable, then run again"
        raise WorkspaceError(message) from error


def verify(project: LoadedProject) -> dict[str, Any]:
    """Check the chain, and the anchors where the project has them.

    Returns rows, head, `anchored` (the last row that an anchor holds; None without), `asked_gone` (what was asked for and
    purged, or lost), and `broken`: what is wrong, in words, the first first.
    """
    workspace = Workspace(project.workspace)
    with _ledger(project) as ledger:
        rows, asked = ledger.audit(), ledger.asked()
    broken = [*_chain_faults(rows)]
    hashes = {row.number: row.hash for row in rows}
    anchors = _anchors(project.anchor) if project.anchor else []
    for place, anchor in enumerate(anchors, 1):
        if anchor is None:
            broken.append(f"line {place} of {project.anchor} cannot be read")
        elif hashes.get(anchor[0]) is None:
            broken.append(
                f"row {anchor[0]}, which line {place} of {project.anchor} anchors, is gone: rows were cut off"
            )
        elif hashes[anchor[0]] != anchor[1]:
            broken.append(
                f"row {anchor[0]} is another than line {place} of {project.anchor} anchors: rows were made anew"
            )
    hashed = {row.number: row.entry.asked for row in rows if row.entry.asked}
    for number, content in asked.items():
        if hashed.get(number) != keyed_hash(workspace, content):
            broken.append(f"what was asked for in row {number} was altered")
    return {
        "rows": len(rows),
        "head": rows[-1].hash if rows else None,
        "anchors": len(anchors),
        "anchored": max((anchor[0] for anchor in anchors if anchor), default=None),
        "asked_gone": len(set(hashed) - set(asked)),
        "broken": broken,
    }


def _chain_faults(rows: list[Row]) -> list[str]:
    previous, expected = FIRST, 1
    for row in rows:
        if row.number != expected:
            return [f"row {expected} is missing: rows were cut out or numbered anew"]
        if row.previous != previous:
            return [f"row {row.number} does not follow row {row.number - 1}: rows were edited, cut out or reordered"]
        if not row.is_intact:
            return [f"row {row.number} was edited"]
        previous, expected = row.hash, expected + 1
    return []


def _anchors(path: Path) -> list[tuple[int, str] | None]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeError) as error:
        message = f"{path}: the anchors of the audit cannot be read ({error}); make the file readable or restore it"
        raise WorkspaceError(message) from error
    found: list[tuple[int, str] | None] = []
    for line in lines:
        try:
            told = json.loads(line)
            found.append((int(told["number"]), str(told["hash"])))
        except (ValueError, KeyError, TypeError):
            found.append(None)
    return found


def _ledger(project: LoadedProject) -> Ledger:
    path = Workspace(project.workspace).ledger
    if not path.is_file():
        message = f"{project.workspace}: there is no audit yet; run: linkage run {project.path}"
        raise RequestError(message)
    return Ledger(path)


def rows(project: LoadedProject, *, purpose: str | None = None) -> list[dict[str, Any]]:
    """Return the audit, oldest first, what was asked for in `content`. A look at it is a look, and states a purpose."""
    with _ledger(project) as ledger:
        found, asked = ledger.audit(), ledger.asked()
    record_look(project, "audit", [f"rows to {found[-1].number if found else 0}"], "centre", purpose)
    return [
        {
            "number": row.number,
            **{name: getattr(row.entry, name) for name in ("at", "kind", "action", "by", "agency", "audience", "release", "purpose")},
            "objects": list(row.entry.objects),
            "outcome": row.entry.outcome,
            "content": asked.get(row.number),
            "asked": row.entry.asked,
            "previous": row.previous,
            "hash": row.hash,
        }
        for row in found
    ]  # fmt: skip


def export(project: LoadedProject, path: Path, *, purpose: str | None = None) -> dict[str, Any]:
    """Write the whole audit as JSON lines to a file that its owner alone can read, whole or not at all; return its rows."""
    found = rows(project, purpose=purpose)
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in found)
        draft.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); name a file in a folder that exists"
        raise DataError(message) from error
    finally:
        draft.unlink(missing_ok=True)
    return {"file": str(path), "rows": len(found)}


def numbered(release: int | None) -> list[str]:
    """Return how the audit names an older release; nothing for the last one."""
    return [] if release is None else [f"release {release}"]
