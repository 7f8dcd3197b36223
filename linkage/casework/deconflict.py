"""Check before you act: one subject, answered from the view of the agency that asks and from nothing else.

What the agency may not see is not read, so an answer is the same, byte for byte, whether or not a hidden record would have hit.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from linkage.casework.following import NOTICE
from linkage.casework.holders import VALUES, holders
from linkage.errors import RequestError
from linkage.fusion.pointers import touching
from linkage.lookup.session import Session
from linkage.sharing.audit import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linkage.config.source import EntityType
    from linkage.project import Project

SUBJECTS = ("person", "business", "account", *VALUES)


def audience_of(project: Project, agency: str, action: str) -> str:
    """Return the audience that is an agency. Raises RequestError for an unknown agency and for one that is no audience; the audit hears of it."""
    settings = project.loaded.settings
    found = sorted(name for name, audience in settings.audiences.items() if audience.agency == agency)
    if found:
        return found[0]
    known = sorted({source.agency for source in settings.sources.values()})
    if agency not in known:
        message = f"there is no agency {agency!r}; the project has: {', '.join(known)}"
    else:
        message = f"agency {agency!r} is no audience of this project; add [audiences.NAME] with agency = {agency!r}"
    raise refused(project.loaded, RequestError(message), action)


def deconflict(
    project: Project, subject: str, asked: Mapping[str, Any], *, agency: str, purpose: str | None = None
) -> dict[str, Any]:
    """Return who else has an open case on a subject, in the view of the agency that asks.

    `subject` is person, business or account, and `asked` the attributes of a lookup; or phone or address, and `asked` {"phone": number}
    or {"address": line}.
    Raises RequestError for an agency without an audience, a look without a purpose, and a subject that cannot be read.
    """
    audience = audience_of(project, agency, "deconflict")
    project.release_path(audience)
    if subject in VALUES:
        release, ids = holders(project, audience, subject, asked)
        found: dict[str, dict[str, Any]] = {one: {"strength": "certain", "probability": None} for one in ids}
    else:
        release, found = _identities(project, audience, subject, asked)  # type: ignore[arg-type]  # a type that there is not is refused there
    hits = _interests(project, audience, agency, found)
    with project.release(audience) as engine:
        pointers = touching(engine, found)
    told = [subject, *sorted(hit["identity_id"] for hit in hits)]
    # What was asked stands apart, where it can be purged; the chain holds its keyed hash.
    question = json.dumps(dict(asked), default=str, sort_keys=True)
    project.look("deconflict", told, audience=audience, purpose=purpose, asked=question)
    return {
        "subject": subject,
        "agency": agency,
        "audience": audience,
        "release": release,
        "hits": hits,
        "pointers": pointers,
        "notice": NOTICE,
    }


def _identities(
    project: Project, audience: str, kind: EntityType, asked: Mapping[str, Any]
) -> tuple[int, dict[str, dict[str, Any]]]:
    with Session(project.loaded, kind, audience=audience) as session:
        answer = session.answer([asked])
    found = {
        one["identity_id"]: {
            "strength": "certain" if one["above_match"] else "possible",
            "probability": one["probability"],
        }
        for one in answer["results"][0]["identities"]
    }
    return answer["release"], found


def _interests(
    project: Project, audience: str, agency: str, found: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the identities with an open case: which agencies, whom to call; case numbers are those of the agency that asks."""
    if not found:
        return []
    with project.release(audience) as release:
        rows = release.arrow(
            """
            SELECT identity_id, entity_type, confidence, agency, list_sort(list(case_number)) AS cases,
                   list_sort(list_distinct(flatten(list(contacts)))) AS contacts
            FROM published.identity_case JOIN published.identity USING (identity_id, entity_type)
            WHERE is_open AND list_contains($ids, identity_id) GROUP BY identity_id, entity_type, confidence, agency ORDER BY identity_id, agency
            """,
            {"ids": sorted(found)},
        ).to_pylist()
    hits: dict[str, dict[str, Any]] = {}
    for row in rows:
        identity = row["identity_id"]
        hit = hits.setdefault(
            identity,
            {
                "identity_id": identity,
                "entity_type": row["entity_type"],
                "confidence": row["confidence"],
                **found[identity],
                "others": [],
                "own_cases": [],
            },
        )
        if row["agency"] == agency:
            hit["own_cases"] = row["cases"]
        else:
            hit["others"].append({"agency": row["agency"], "call": row["contacts"]})
    return sorted(hits.values(), key=lambda hit: (hit["strength"], -(hit["probability"] or 0), hit["identity_id"]))
