"""Pointers into an agency's own open cases: another agency holds a record of the subject, and may be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linkage.engine.duckdb import Engine


def pointed(release: Engine, agency: str | None) -> list[dict[str, Any]]:
    """Return the pointers of identities in open cases of an agency (None: of any in view), in order.

    Each has `identity_id`, `entity_type`, `agency` and `call` of the pointer, and `cases` and `contacts` of the agency's own.
    """
    found: list[dict[str, Any]] = release.arrow(
        """
        SELECT pointer.identity_id, told.entity_type, pointer.agency, pointer.contact AS call,
               list_sort(list(DISTINCT told.case_number)) AS cases, list_sort(list_distinct(flatten(list(told.contacts)))) AS contacts
        FROM published.identity_pointer AS pointer
        JOIN (FROM published.identity_case WHERE is_open AND ($agency IS NULL OR agency = $agency)) AS told ON told.identity_id = pointer.identity_id
        GROUP BY ALL ORDER BY pointer.identity_id, pointer.agency
        """,
        {"agency": agency},
    ).to_pylist()
    return found


def with_noticed(rows: Iterable[dict[str, Any]], noticed: set[str]) -> list[dict[str, Any]]:
    """Return pointers with `noticed`: whether a notice of it was given, for which its id is among `noticed`."""
    return [{**row, "noticed": notice_id(row) in noticed} for row in rows]


def notice_id(row: dict[str, Any]) -> str:
    """Return what the ledger keeps of the notice of a pointer: an identity that gets another id is told again."""
    return f"{row['identity_id']}/{row['agency']}"


def notice_of(row: dict[str, Any], words: str) -> dict[str, Any]:
    """Return the notice of a pointer: for whom, of which cases of theirs, on which identity, and whom to call; nothing else (rule R7)."""
    return {
        "pointer": row["identity_id"],
        "for": row["contacts"],
        "your_cases": row["cases"],
        "subject": row["entity_type"],
        "identities": [row["identity_id"]],
        "call": [f"{row['agency']}: {row['call']}"],
        "notice": words,
    }
