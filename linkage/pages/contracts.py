"""What each page holds: frozen data, ready to be drawn. Numbers are counts, shares of one, bits, seconds or bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PageKind = Literal["explain", "check", "report", "model", "profile"]


@dataclass(frozen=True)
class Step:
    """One step of a waterfall: bits that speak for (above 0) or against, what was found, and what was compared.

    `value_a` and `value_b` are the principal values; `all_a` and `all_b` tell every column that was read.
    """

    name: str
    words: str
    bits: float
    value_a: str = ""
    value_b: str = ""
    all_a: str = ""
    all_b: str = ""


@dataclass(frozen=True)
class Waterfall:
    """A pair's weight, step by step from the prior to the total, beside the model's thresholds (all in bits)."""

    a: str
    b: str
    entity_type: str
    steps: tuple[Step, ...]
    not_compared: tuple[tuple[str, str], ...]
    total: float
    probability: float
    match: float
    review: float
    same_identity: bool
    audience: str
    purpose: str
    run: int
    model: str


@dataclass(frozen=True)
class Block:
    """The records that share one key of a blocking rule, and the name of one of them."""

    rule: str
    records: int
    example: str


@dataclass(frozen=True)
class TypeCheck:
    """Completeness (a share for each column, then dataset) and blocking of one entity type."""

    name: str
    records: int
    bad_values: int
    datasets: tuple[str, ...]
    columns: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]
    pairs: tuple[tuple[str, int], ...]
    max_block: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Delivered:
    """The rows of one dataset: how many were read, and in which one place each was counted (rule R6)."""

    dataset: str
    rows_read: int
    parts: tuple[tuple[str, int], ...]

    @property
    def adds_up(self) -> bool:
        """Whether every row read is counted exactly once."""
        return self.rows_read == sum(rows for _, rows in self.parts)


@dataclass(frozen=True)
class Reject:
    """Rows of a dataset that were refused for one reason."""

    dataset: str
    reason: str
    rows: int


@dataclass(frozen=True)
class Check:
    """What `linkage check` found."""

    project: str
    delivered: tuple[Delivered, ...]
    rejects: tuple[Reject, ...]
    types: tuple[TypeCheck, ...]


@dataclass(frozen=True)
class Stage:
    """What a stage took: seconds, the peak memory (bytes) of the process up to its end, and the seconds thought of before."""

    name: str
    seconds: float
    memory: float
    estimate: float | None = None


@dataclass(frozen=True)
class Counts:
    """An audience's identities of one type."""

    audience: str
    entity_type: str
    records: int
    identities: int
    largest_identity: int
    largest_component: int
    missing_pairs: int
    lost_judgements: int


@dataclass(frozen=True)
class Scored:
    """What the stages before the audiences counted for one type."""

    entity_type: str
    records: int
    bad_values: int
    pairs: int
    edges: int
    model: str


@dataclass(frozen=True)
class Large:
    """One of the largest identities of a release: its id and counts, no values."""

    audience: str
    entity_type: str
    identity: str
    records: int
    datasets: int
    agencies: int


@dataclass(frozen=True)
class Report:
    """The report of a finished run."""

    project: str
    run: int
    started: str
    finished: str
    seconds: float
    # An increment, or why everything was made anew; and the steps that a run which was broken off had done before.
    work: str
    went_on_after: tuple[str, ...]
    releases: tuple[tuple[str, int], ...]
    stages: tuple[Stage, ...]
    # Seconds and bytes of disk thought of before scoring, the bytes it took, and what the estimate was made from.
    estimate: tuple[float, int, int, str] | None
    delivered: tuple[Delivered, ...]
    rejects: tuple[Reject, ...]
    scored: tuple[Scored, ...]
    counts: tuple[Counts, ...]
    largest: tuple[Large, ...]
    purpose: str


@dataclass(frozen=True)
class LevelWeight:
    """One level of a comparison in a model: m, u, its weight in bits, and how far that moved (None: new)."""

    comparison: str
    level: str
    words: str
    m: float
    u: float
    bits: float
    moved: float | None


@dataclass(frozen=True)
class Resolved:
    """Identities of one type under the approved models and with the candidate, and how many merged, split or moved."""

    entity_type: str
    before: int
    after: int
    merged: int
    split: int
    moved: int


@dataclass(frozen=True)
class Placed:
    """A record of an example by name, its identity under the approved models and with the candidate, and its first values."""

    name: str
    before: str
    after: str
    values: str


@dataclass(frozen=True)
class Example:
    """One identity that merges (then of the candidate) or splits (then of the approved models); `more` records are not shown."""

    change: str
    entity_type: str
    identity: str
    records: int
    placed: tuple[Placed, ...]
    more: int


@dataclass(frozen=True)
class Reliable:
    """Judged pairs of one band of weight (bits, None: open): what the model states, and the share judged a match."""

    low: int | None
    high: int | None
    pairs: int
    stated: float
    found: float


@dataclass(frozen=True)
class Measured:
    """What judged pairs tell of one model; `estimates` are (name, value, low end, high end), none without drawn pairs."""

    stop: float
    matches_told: int
    matches_missed: int
    non_matches_told: int
    non_matches_refused: int
    estimates: tuple[tuple[str, float, float, float], ...]
    bands: tuple[Reliable, ...]


@dataclass(frozen=True)
class JudgedPairs:
    """The judged pairs that measure (drawn by a sample, chosen by people), those that do not, and what they tell."""

    drawn: int
    chosen: int
    training: int
    absent: int
    approved: Measured | None
    candidate: Measured | None


@dataclass(frozen=True)
class Common:
    """How common the values of a column are; `most` are (value, holders, share), never a value that few hold."""

    column: str
    holders: int
    values: int
    most: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True)
class Rule:
    """A blocking rule: keys, pairs and records of the largest block under each model that has it and was counted."""

    name: str
    approved: tuple[int, int, int] | None
    candidate: tuple[int, int, int] | None


@dataclass(frozen=True)
class Trained:
    """A candidate model, beside the approved one where there is one. `changes` is (what, then, now) in words.

    `not_resolved` says why no identities were compared; it is empty where they were.
    """

    entity_type: str
    model: str
    approved: str | None
    run: int
    records: int
    pairs: int
    match_rate: float
    labels: str
    set_back: tuple[str, ...]
    levels: tuple[LevelWeight, ...]
    changes: tuple[tuple[str, str, str], ...]
    judged: JudgedPairs
    resolved: tuple[Resolved, ...] = ()
    examples: tuple[Example, ...] = ()
    not_resolved: str = ""
    has_examples: bool = True
    rarity: tuple[Common, ...] = ()
    rules: tuple[Rule, ...] = ()
    purpose: str = ""
