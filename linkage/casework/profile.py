"""Target profiles: what an agency may see about one identity of its own release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.casework.deconflict import audience_of
from linkage.casework.following import NOTICE, current
from linkage.fusion.pointers import touching
from linkage.fusion.profile import profile_of
from linkage.queries import find_records

if TYPE_CHECKING:
    from linkage.project import Project


def profile(project: Project, name: str, *, agency: str, purpose: str | None = None) -> dict[str, Any]:
    """Return the profile of an identity, or of a record's, for an agency or an audience by its name; a look with its purpose.

    Raises RequestError for an unknown agency or id, and for a look without a purpose.
    """
    audience = agency if agency in project.loaded.settings.audiences else audience_of(project, agency, "profile")
    with project.release(audience) as engine:
        identity = find_records(engine, name)[0]["identity_id"] if "/" in name else name
        found = profile_of(engine, identity)
        pointers = touching(engine, [identity])
        release = int(engine.value("SELECT value FROM published.release_info WHERE name = 'sequence'"))
    project.look("profile", [identity], audience=audience, purpose=purpose)
    return {
        **found,
        "overlaps": current(project, audience, found["overlaps"], "overlap_id"),
        "leads": current(project, audience, found["leads"], "lead_id"),
        "for": agency,
        "audience": audience,
        "release": release,
        "purpose": project.purpose(purpose),
        "pointers": pointers,
        "notice": NOTICE,
    }
