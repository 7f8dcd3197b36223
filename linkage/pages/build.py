"""From what commands return to what pages hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.matching.levels import UNKNOWN
from linkage.pages.contracts import (
    Block,
    Check,
    Counts,
    Delivered,
    Large,
    Reject,
    Report,
    Scored,
    Stage,
    Step,
    TypeCheck,
    Waterfall,
)
from linkage.standardise import CANONICAL

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.matching.explain import Evidence, Explanation

PARTS = ("accepted", "rejected", "superseded", "withdrawn", "purged", "no_entity")
STAGES = (
    "ingest",
    "standardise",
    "train",
    "block",
    "score",
    "drift",
    "cluster",
    "identify",
    "survive",
    "publish",
    "keep",
)
_SHOWN_BITS = 0.005


def waterfall(pair: dict[str, Any], explanation: Explanation, *, audience: str, purpose: str) -> Waterfall:
    """Return the page of what `queries.explain` found."""
    steps = [Step("two random records", "how often any two records are one", explanation.prior)]
    for part in explanation.evidence:
        if part.level != UNKNOWN:
            steps += _steps(part)
    names = [f"{side['dataset']}/{side['key']}#{side['role']}" for side in (pair["a"], pair["b"])]
    return Waterfall(
        a=names[0],
        b=names[1],
        entity_type=pair["a"]["entity_type"],
        steps=tuple(steps),
        not_compared=tuple((part.comparison, part.words) for part in explanation.evidence if part.level == UNKNOWN),
        total=explanation.weight,
        probability=explanation.probability,
        match=pair["thresholds"]["match"],
        review=pair["thresholds"]["review"],
        same_identity=pair["same_identity"],
        audience=audience,
        purpose=purpose,
        run=pair["run"],
        model=pair["model"],
    )


def _steps(part: Evidence) -> list[Step]:
    """Return the step of a comparison and, where the value's frequency changes the weight, one for that."""
    values = (_principal(part.comparison, part.values_a), _principal(part.comparison, part.values_b))
    every = (_every(part.values_a), _every(part.values_b))
    steps = [Step(part.comparison, part.words, part.weight - part.rarity, *values, *every)]
    if abs(part.rarity) >= _SHOWN_BITS:
        how = "rarer than the average value" if part.rarity > 0 else "more common than the average value"
        steps.append(Step(f"{part.comparison}: frequency", how, part.rarity, *values, *every))
    return steps


def _words(value: Any) -> str:
    return ", ".join(str(entry) for entry in value) if isinstance(value, list | tuple) else str(value)


def _principal(comparison: str, values: dict[str, Any]) -> str:
    """Return the value of the column that has the comparison's name; where there is none, all values."""
    if comparison in values:
        return _words(values[comparison])
    return ", ".join(dict.fromkeys(_words(value) for value in values.values()))


def _every(values: dict[str, Any]) -> str:
    return "; ".join(f"{column}: {_words(value)}" for column, value in values.items())


def check(report: dict[str, Any]) -> Check:
    """Return the page of what `checking.check_project` found."""
    return Check(
        project=report["project"],
        delivered=_delivered(report["datasets"]),
        rejects=_rejects(report["datasets"]),
        types=tuple(_type(kind, found) for kind, found in sorted(report["types"].items())),
    )


def _type(kind: EntityType, found: dict[str, Any]) -> TypeCheck:
    shares = found["completeness"]
    told = {column for dataset in shares.values() for column in dataset}
    columns = tuple(column.name for column in CANONICAL[kind] if column.name in told)
    return TypeCheck(
        name=kind,
        records=found["records"],
        bad_values=found["bad_values"],
        datasets=tuple(shares),
        columns=columns,
        shares=tuple(tuple(shares[dataset].get(column, 0.0) for dataset in shares) for column in columns),
        pairs=tuple(found["candidate_pairs"].items()),
        max_block=found["max_block"],
        blocks=tuple(Block(block["rule"], block["records"], block["example"]) for block in found["largest_blocks"]),
    )


def _delivered(datasets: dict[str, Any]) -> tuple[Delivered, ...]:
    return tuple(
        Delivered(dataset, entry["rows_read"], tuple((part, entry[part]) for part in PARTS if part in entry))
        for dataset, entry in sorted(datasets.items())
    )


def _rejects(datasets: dict[str, Any]) -> tuple[Reject, ...]:
    return tuple(
        Reject(dataset, reason, rows)
        for dataset, entry in sorted(datasets.items())
        for reason, rows in sorted(entry.get("reject_reasons", {}).items(), key=lambda pair: (-pair[1], pair[0]))
    )


def report(found: dict[str, Any], *, purpose: str) -> Report:
    """Return the page of what `queries.report` found."""
    known = {name: place for place, name in enumerate(STAGES)}
    # A run of an older version has none.
    thought: dict[str, Any] = found.get("estimate") or {"stages": {}}
    stages = sorted(found["stages"].items(), key=lambda entry: (known.get(entry[0], len(known)), entry[0]))
    return Report(
        project=found["project"],
        run=found["run"],
        started=found["started_at"],
        finished=found["finished_at"],
        seconds=found["seconds"],
        work=found.get("work", ""),
        went_on_after=tuple(found.get("went_on_after", ())),
        releases=tuple((name, release["sequence"]) for name, release in sorted(found["releases"].items())),
        stages=tuple(
            Stage(name, entry["seconds"], entry["peak_memory_bytes"], thought["stages"].get(name))
            for name, entry in stages
        ),
        estimate=(thought["seconds"], thought["disk_bytes"], found["disk_bytes"], thought["source"])
        if thought["stages"]
        else None,
        delivered=_delivered(found["datasets"]),
        rejects=_rejects(found["datasets"]),
        scored=tuple(
            Scored(kind, entry["records"], entry["bad_values"], entry["pairs"], entry["edges"], entry["model"])
            for kind, entry in sorted(found["types"].items())
        ),
        counts=tuple(
            _counts(audience, kind, entry)
            for audience, kinds in sorted(found["audiences"].items())
            for kind, entry in sorted(kinds.items())
        ),
        largest=tuple(Large(**entry) for entry in found["largest"]),
        purpose=purpose,
    )


def _counts(audience: str, kind: str, entry: dict[str, Any]) -> Counts:
    return Counts(
        audience,
        kind,
        records=entry["records"],
        identities=entry["identities"],
        largest_identity=entry["largest_identity"],
        largest_component=entry["largest_component"],
        missing_pairs=entry["missing_pairs"],
        lost_judgements=len(entry["lost_judgements"]),
    )
