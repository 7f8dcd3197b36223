"""What stands in the ledger, a row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Release:
    """One published release of an audience."""

    audience: str
    sequence: int


@dataclass(frozen=True)
class Pruned:
    """A release whose file was removed to save room."""

    release: Release
    pruned_at: str
    pruned_by: str
    bytes: int


@dataclass(frozen=True)
class RunRow:
    """The one row that makes a run's base and releases the current ones."""

    run: int
    started_at: str
    finished_at: str
    base: int
    releases: tuple[Release, ...]
    report: dict[str, Any]


@dataclass(frozen=True)
class Approval:
    """A model that becomes the approved one of its type together with a run."""

    entity_type: str
    model_hash: str
    approved_by: str
    why: str


@dataclass(frozen=True)
class Listed:
    """A model as the ledger lists it: when it was made, and the run that trained it or whose records it was trained on."""

    entity_type: str
    model_hash: str
    created_at: str
    run: int


@dataclass(frozen=True)
class Approved:
    """An approval as the ledger holds it; the last one of a type names the model that runs use."""

    entity_type: str
    model_hash: str
    approved_at: str
    approved_by: str
    why: str


@dataclass(frozen=True)
class Look:
    """One look: when, who, in whose view, why, by which command, at which ids; for which agency, and the audience's release then."""

    looked_at: str
    looked_by: str
    audience: str
    purpose: str
    action: str
    objects: tuple[str, ...]
    agency: str = ""
    release: int | None = None


@dataclass(frozen=True)
class Drawn:
    """How a review sample came to hold a pair: the sample, the stratum, and the pairs of the stratum."""

    sample: str
    stratum: int
    stratum_pairs: int


@dataclass(frozen=True)
class Judgement:
    """A steward's decision on two entity records of one type."""

    entity_type: str
    a: tuple[str, str, str]
    b: tuple[str, str, str]
    verdict: str
    judged_by: str
    why: str
    sight: str = "centre"
    drawn: Drawn | None = None


@dataclass(frozen=True)
class Judged:
    """A judgement as the ledger holds it: its number, when it was made, and what undid it, if anything did."""

    number: int
    judgement: Judgement
    judged_at: str
    closed_at: str | None = None
    closed_by: str | None = None
    closed_why: str | None = None


@dataclass(frozen=True)
class Agreed:
    """A version of what is agreed: the run whose releases were the first under it, when, by whom, and its content as JSON."""

    version: int
    run: int
    recorded_at: str
    recorded_by: str
    content: str


@dataclass(frozen=True)
class Followed:
    """What somebody did with an overlap or a lead of an audience: its status from then on, who looks at it, the agencies it had."""

    audience: str
    id: str
    status: str
    agencies: tuple[str, ...]
    followed_at: str
    followed_by: str
    why: str
    assignee: str | None = None
    number: int = 0


@dataclass(frozen=True)
class Notice:
    """A notice of an overlap, in the view of an audience, to one of the agencies that it concerns."""

    audience: str
    id: str
    agency: str
    noticed_at: str
    noticed_by: str
