"""Who was given a record: the looks of the audit that showed it, by the identities that held it in the releases looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal
from linkage.errors import RequestError
from linkage.sharing.audit import object_of, record_look
from linkage.store.chain import LOOK
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject
    from linkage.store.chain import Row

WHOLE = ("publish", "export", "table")
"""Actions that hand out all that a release or a table of it holds."""
EXAMPLES = ("diff", "review sample", "evaluate judgements", "judgements", "report", "train")
"""Actions that show examples, of which the audit keeps no list."""

Held = dict[str, list[tuple[int, str, str]]]
"""Audience → release, record name and identity that held it from that release on (empty: none), by release."""


def given(project: LoadedProject, record: str, *, purpose: str | None = None) -> list[dict[str, Any]]:
    """Return who was given the record `DATASET/KEY[#ROLE]`: number, at, by, agency, audience, release, purpose, action and how.

    `how`: `whole` (a release or table that holds it was handed out), `named` (it or the identity that held it was shown), or
    `perhaps` (examples were shown of a release that holds it). Raises RequestError for what is no record name.
    """
    dataset, _, rest = record.partition("/")
    key, _, role = rest.partition("#")
    if not dataset or not key:
        message = f"{record!r} is no record name; write DATASET/KEY or DATASET/KEY#ROLE"
        raise RequestError(message)
    workspace = Workspace(project.workspace)
    if not workspace.ledger.is_file():
        message = f"{project.workspace}: there is no audit yet; run: linkage run {project.path}"
        raise RequestError(message)
    record_look(project, "audit", [record], "centre", purpose)
    names = {record, f"{dataset}/{key}", object_of(project, workspace, record)}
    with Ledger(workspace.ledger) as ledger:
        rows = [row for row in ledger.audit() if row.entry.kind == LOOK and row.entry.action != "audit"]
    audiences = sorted({row.entry.audience for row in rows})
    held = {audience: _held(project, workspace, audience, (dataset, key, role)) for audience in audiences}
    found = []
    for row in rows:
        how = _how(row, held[row.entry.audience], names)
        if how:
            told = ("at", "by", "agency", "audience", "release", "purpose", "action")
            found.append({"number": row.number, **{name: getattr(row.entry, name) for name in told}, "how": how})
    return found


def _held(
    project: LoadedProject, workspace: Workspace, audience: str, record: tuple[str, str, str]
) -> list[tuple[int, str, str]]:
    files = workspace.feed_files(audience, "record_move")
    if not files:
        return []
    dataset, key, role = record
    listed = ", ".join(literal(str(file)) for file in files)
    with Engine(**project.limits()) as engine:
        return engine.rows(
            f"SELECT release, dataset || '/' || key || '#' || role, coalesce(to_identity, '') FROM read_parquet([{listed}]) "
            "WHERE dataset = $dataset AND key = $key AND ($role = '' OR role = $role) ORDER BY ALL",
            {"dataset": dataset, "key": key, "role": role},
        )


def _how(row: Row, held: list[tuple[int, str, str]], names: set[str]) -> str | None:
    """How a look showed the record, if it did."""
    entry = row.entry
    stated = next((part.removeprefix("release ") for part in entry.objects if part.startswith("release ")), "")
    release = int(stated) if stated.isdigit() else entry.release
    # A look of before releases were kept with looks may have been at any of them.
    at_the_time = {name: identity for since, name, identity in held if release is None or since <= release}
    there = {name: identity for name, identity in at_the_time.items() if identity}
    if not there:
        return None
    if entry.action in WHOLE:
        return "whole"
    if set(entry.objects) & (names | set(there) | set(there.values())):
        return "named"
    return "perhaps" if entry.action in EXAMPLES else None
