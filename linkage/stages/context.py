"""What every stage is handed: the staged base, the settings, and where to report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linkage.config.markings import datasets_seen, seen_by
from linkage.config.project import CENTRE
from linkage.stages.rest import Rests
from linkage.standardise import Standardiser, shipped

if TYPE_CHECKING:
    from concurrent.futures import Future
    from datetime import date, datetime
    from pathlib import Path

    from linkage.config.entity import Entity
    from linkage.config.markings import Marking, Seen
    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType
    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model
    from linkage.sharing.purge import Scope
    from linkage.stages.audit import Finding
    from linkage.store.ledger import Ledger
    from linkage.store.workspace import Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """The older release that a run brings back: its models (type → hash), the hash of its settings, those that today differ."""

    release: int
    run: int
    why: str
    models: Mapping[str, str]
    other_settings: tuple[str, ...] = ()
    settings: str | None = None

    @property
    def reason(self) -> str:
        """Why the models are approved again."""
        return f"rolled back to release {self.release}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True)
class RunOptions:
    """What is asked of a run.

    `now` is taken as the time. `retrain` trains new models; without `learn` a model that is trained keeps m and u at the
    shipped priors (to measure what training adds). `full` makes everything anew from the source records, with the same
    result. With `judgements_only` no delivery is read. `accept` names limits (audit → why) that this run may exceed.
    `restored` is the older release whose models this run uses and approves again (`linkage/rollback.py`). `purge` is what
    this run takes out (`linkage/purging.py`).
    """

    now: datetime | None = None
    retrain: bool = False
    learn: bool = True
    full: bool = False
    judgements_only: bool = False
    accept: Mapping[str, str] = field(default_factory=dict)
    restored: Restored | None = None
    purge: Scope | None = None


@dataclass
class Run:
    """One run in progress: everything is written to `staging` until the ledger row makes it current."""

    number: int
    now: datetime
    project: LoadedProject
    workspace: Workspace
    ledger: Ledger
    engine: Engine
    staging: Path
    options: RunOptions = field(default_factory=RunOptions)
    models: dict[EntityType, Model] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    # Why everything is made anew; empty in an increment, whose work follows what has changed.
    anew: str = "there is no base to go on with"
    # Types of which only what has changed is standardised, keyed and scored; the same of audiences and their identities.
    amended_types: set[EntityType] = field(default_factory=set)
    amended_audiences: set[str] = field(default_factory=set)
    # Approved models that are being read: hash → when it is done.
    loaded: dict[str, Future[Model]] = field(default_factory=dict)
    # Copies of the last releases that are being made in staging, to be amended there: audience → when it is done.
    copies: dict[str, Future[None]] = field(default_factory=dict)
    # Audiences whose release was audited in whole, not only where it changed.
    audited: set[str] = field(default_factory=set)
    # Audiences whose release an audit held back, and why.
    held: dict[str, list[Finding]] = field(default_factory=dict)
    # Types that are resolved under another model than in the last run.
    remodelled: set[EntityType] = field(default_factory=set)
    # Datasets of which this run has read a delivery.
    delivered: set[str] = field(default_factory=set)
    # Models that a purge has made again without values that nobody holds any more: old hash → new.
    replaced: dict[str, str] = field(default_factory=dict)
    # On a copy that is thrown away: nothing of the workspace may change.
    trial: bool = False
    # What the base was made under, by name (`stages/changes.py`).
    signatures: dict[str, str] = field(default_factory=dict)
    # Number → marking of records (`stages/mark.py`); what an audience sees is decided for these.
    markings: dict[int, Marking] = field(default_factory=dict)
    # What records are standardised with: this program's, or the kept version that the approved models need.
    standardiser: Standardiser = field(default_factory=shipped)
    # The steps that are done, by an earlier run too that was broken off.
    rests: Rests = field(default_factory=Rests)
    progress: Progress = lambda _message: None
    # Called with the share of a long stage that is done.
    within: Callable[[float], None] = lambda _share: None
    # Called when all pairs are counted and none is made, to refuse what cannot fit.
    before_pairs: Callable[[Run], None] = lambda _run: None

    def entity(self, entity_type: EntityType) -> Entity:
        """Return the settings of an entity type."""
        return self.project.entities[entity_type]

    @property
    def types(self) -> tuple[EntityType, ...]:
        """The entity types of this project, in the order in which they are resolved."""
        return self.project.entity_types()

    def approved_model(self, entity_type: EntityType) -> str | None:
        """Return the hash of the model that this run uses: the approved one, or that of the release it brings back."""
        restored = self.options.restored.models.get(entity_type) if self.options.restored else None
        found = restored or self.ledger.approved_model(entity_type)
        return self.replaced.get(found, found) if found else None

    def judgements(self, audience: str, entity_type: EntityType) -> list[tuple[Any, ...]]:
        """Return the open judgements that an audience's release applies.

        They are between records that it sees in full, and made in its own view; the centre applies all.
        """
        rows = self.ledger.open_judgements(entity_type, None if audience == CENTRE else [audience])
        datasets = set(datasets_seen(self.project, audience, self.day))
        return [row for row in rows if row[1] in datasets and row[4] in datasets]

    @property
    def day(self) -> date:
        """The day whose agreements this run follows."""
        return self.now.date()

    def seen(self, audience: str) -> dict[int, Seen]:
        """Return number of a marking → how an audience sees such records."""
        return {number: seen_by(self.project, audience, marking, self.day) for number, marking in self.markings.items()}

    def sees(self, audience: str, column: str = "marking", *, level: str = "full") -> str:
        """Return the SQL test of a record's marking for records that an audience sees at a level; the centre sees all in full."""
        if audience == CENTRE:
            return "TRUE" if level == "full" else "FALSE"
        numbers = sorted(number for number, seen in self.seen(audience).items() if seen.level == level)
        return f"{column} IN ({', '.join(map(str, numbers))})" if numbers else "FALSE"

    def count(self, path: str, value: Any) -> None:
        """Record a figure of the run report under a dotted path."""
        *parents, last = path.split(".")
        place = self.counts
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
