"""What a candidate model would do on today's data, beside the approved one; on a copy of the base that is thrown away.

Every type is resolved for the centre twice, with the stages of a run and under today's judgements, but without a delivery
and without publishing: under the approved models, then with the candidate in the place of its type's. The two partitions
are compared as `linkage diff` compares releases. Types that are resolved after the candidate's may change with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.engine.sql import literal, qualified, quote
from linkage.errors import RequestError
from linkage.evaluation.sample import TEXTS
from linkage.matching import model as models
from linkage.review.changes import compare
from linkage.stages.block import block
from linkage.stages.cluster import cluster_audience
from linkage.stages.identify import identify, settle
from linkage.stages.score import score
from linkage.stages.train import use

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.context import Run

EXAMPLES = 5
"""Identities shown of each kind of change, the largest first."""
CHANGES = ("merged", "split")
"""The kinds of change that examples are given of: where no record comes or goes, all others are parts of these."""
NAMES_SHOWN = 3
"""Records of each part of an example that are shown with values."""
VALUES_SHOWN = 4
"""Values shown of a record: the first of those that people compare."""
NEW = "new-"
"""Before an identity id that no release holds: the next run would give another."""


def approved_models(run: Run) -> dict[EntityType, Model]:
    """Return the approved model of every type of the project. Raises RequestError for a type that no run has resolved yet."""
    found: dict[EntityType, Model] = {}
    for kind in run.types:
        name = run.ledger.approved_model(kind)
        if name is None or not run.engine.has_table("canonical", kind):
            message = f"no run has resolved type {kind} yet; run first"
            raise RequestError(message)
        found[kind] = models.load(run.workspace.models, kind, name)
    return found


def resolve_approved(run: Run, approved: Mapping[EntityType, Model]) -> None:
    """Resolve all types under the approved models: `preview.before` holds each record of the centre and its identity."""
    sequence = run.ledger.last_sequence(CENTRE)
    _resolve(run, approved, sequence + 1)
    settle(run, CENTRE)
    # What follows starts from here.
    run.signatures |= {f"model:{kind}": model.hash for kind, model in approved.items()}
    _keep(run, "before", qualified("resolution", f"assignment_{CENTRE}"), sequence)


def resolve_candidate(run: Run, approved: Mapping[EntityType, Model], candidate: Model) -> dict[str, Any]:
    """Resolve all types with the candidate in place of its type's model, after `resolve_approved`; return what changed.

    The candidate is trained now: its features, keys and pairs are there. Returns `types` and `examples` as `linkage diff`
    does (examples of `CHANGES` only), and `records`: type, then name of a record of the examples, then its first values.
    """
    sequence = run.ledger.last_sequence(CENTRE)
    _resolve(run, {**approved, candidate.entity_type: candidate}, sequence + 2)
    _keep(run, "after", qualified("resolution", "now"), sequence)
    types, examples = compare(run.engine, "preview.before", "preview.after", EXAMPLES)
    shown = {change: list(examples[change]) for change in CHANGES}
    return {"types": types, "examples": shown, "records": _values(run, shown)}


def _resolve(run: Run, used: Mapping[EntityType, Model], sequence: int) -> None:
    """Run the stages from blocking to identities for the centre, as if nothing had come in since the last run."""
    engine = run.engine
    engine.make_schema("feature")
    for kind in run.types:
        nothing = f"FROM canonical.{quote(kind)} LIMIT 0"
        engine.create_as("change", f"fresh_{kind}", nothing)
        engine.create_as("change", f"gone_{kind}", f"SELECT record, dataset, key, role {nothing}")
    run.amended_types = set(run.types)
    run.amended_audiences = set()
    run.remodelled = set()
    for kind in run.types:
        use(run, used[kind])
    block(run)
    score(run)
    cluster_audience(run, CENTRE)
    identify(run, CENTRE, sequence)


def _keep(run: Run, name: str, partition: str, sequence: int) -> None:
    """Write `preview.<name>`: each record and its identity, marked where the id was given after release `sequence`."""
    run.engine.create_as(
        "preview",
        name,
        f"SELECT entity_type, dataset, key, role, CASE WHEN since > $last THEN {literal(NEW)} ELSE '' END || identity_id AS identity_id "
        f"FROM {partition}",
        {"last": sequence},
    )


def _values(run: Run, examples: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, dict[str, str]]]:
    """Return the first values of the records that examples show, by type and name."""
    names: dict[EntityType, set[str]] = {}
    for found in examples.values():
        for example in found:
            own = names.setdefault(example["entity_type"], set())
            own.update(name for part in example["parts"] for name in part["names"][:NAMES_SHOWN])
    return {kind: _told(run, kind, sorted(own)) for kind, own in sorted(names.items())}


def _told(run: Run, kind: EntityType, names: list[str]) -> dict[str, dict[str, str]]:
    types = run.engine.columns("canonical", kind)
    texts = [
        f"array_to_string({quote(name)}, '; ') AS {quote(name)}"
        if types[name].endswith("[]")
        else f"CAST({quote(name)} AS VARCHAR) AS {quote(name)}"
        for name in TEXTS[kind]
    ]
    rows = run.engine.arrow(
        f"SELECT dataset || '/' || key || '#' || role AS record_name, {', '.join(texts)} FROM canonical.{quote(kind)} "
        "WHERE list_contains($names, dataset || '/' || key || '#' || role) ORDER BY record_name",
        {"names": names},
    ).to_pylist()
    return {row.pop("record_name"): _first_values(row) for row in rows}


def _first_values(row: Mapping[str, str | None]) -> dict[str, str]:
    """Return the first values of a record that say something new: not the year of a birth date that is there."""
    found: dict[str, str] = {}
    for name, value in row.items():
        if value and len(found) < VALUES_SHOWN and not any(value in before for before in found.values()):
            found[name] = value
    return found
