"""Measuring a release's crosswalk against a truth file, by entity type; a pure function of the two tables.

Each type is measured on its own records that the truth names, and all types together once more as `all`:
there a person and a business that the truth holds to be one count as a missed pair. A type of which the truth
names no record is left out. Truth without roles joins keys that have one record in the crosswalk handed in:
to measure one type of a source whose rows hold several, hand in the crosswalk of that type only, or tell
roles in the truth. Confidence intervals are `intervals`'s, slices of a type `slices`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.errors import DataError
from linkage.evaluation.align import Grouping, align, grouping
from linkage.evaluation.examples import Example, worst
from linkage.evaluation.files import SCHEMA_VERSION
from linkage.evaluation.intervals import Uncertainty, uncertainty
from linkage.evaluation.metrics import Labels, Metrics, measure
from linkage.evaluation.slices import COLUMNS, Slice, slices

if TYPE_CHECKING:
    from linkage.evaluation.reliability import Band

CROSSWALK = ("entity_type", "dataset", "key", "role", "identity_id")
TRUTH = ("dataset", "key", "entity")

TrueCandidates = Callable[[str, pa.Table], int]
"""Counts the true pairs that blocking made.

Called with an entity type and the labelled records of that type, a table of dataset, key, role, record (if
the crosswalk has it) and entity (BIGINT), it returns how many distinct candidate pairs have the same `entity`
on both sides: in SQL, one join of the candidate pairs with the table on either side.
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """The records that truth and crosswalk share, and how either groups them."""

    records: pa.Table
    truth: Grouping
    found: Grouping

    def take(self, rows: Labels) -> Sides:
        """Return the same for some of the records."""
        return Sides(self.records.take(pa.array(rows)), self.truth.take(rows), self.found.take(rows))


@dataclass(frozen=True, slots=True)
class TypeEvaluation:
    """The measures of one entity type.

    `blocking_recall` is the share of true pairs that were candidate pairs (1 if there is no true pair, None
    if not asked for); `unjudged` counts records of this type that the truth does not name. `over_merges` are
    identities that hold several true entities, `over_splits` true entities that lie in several identities,
    those with the most wrong or missing pairs first. `reliability` compares stated probabilities with the truth, where the
    scored pairs are at hand.
    """

    metrics: Metrics
    uncertainty: Uncertainty
    slices: tuple[Slice, ...]
    blocking_recall: float | None
    unjudged: int
    over_merges: tuple[Example, ...]
    over_splits: tuple[Example, ...]
    reliability: tuple[Band, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return everything as plain values."""
        return {
            **self.metrics.to_json(),
            "intervals": self.uncertainty.to_json(),
            "slices": [one.to_json() for one in self.slices],
            "blocking_recall": self.blocking_recall,
            "unjudged": self.unjudged,
            "reliability": [band.to_json() for band in self.reliability],
            "over_merges": [one.to_json("identity_id", "entity") for one in self.over_merges],
            "over_splits": [one.to_json("entity", "identity_id") for one in self.over_splits],
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measures of a crosswalk by type, and of all types together.

    `only_in_truth` counts truth records that are not in the crosswalk (rejected, say, or misspelt),
    `ambiguous` records without a role whose key has several records; neither is measured.
    """

    types: Mapping[str, TypeEvaluation]
    overall: Metrics
    uncertainty: Uncertainty
    only_in_truth: int
    only_in_crosswalk: int
    ambiguous: int

    def to_json(self) -> dict[str, object]:
        """Return everything as plain values under `schema_version` 1: the contract of `evaluate --json`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "records": {
                "evaluated": self.overall.counts.records,
                "only_in_truth": self.only_in_truth,
                "only_in_crosswalk": self.only_in_crosswalk,
                "ambiguous": self.ambiguous,
            },
            "types": {name: one.to_json() for name, one in self.types.items()},
            "all": {**self.overall.to_json(), "intervals": self.uncertainty.to_json()},
        }


def evaluate(
    truth: pa.Table, crosswalk: pa.Table, *, true_candidates: TrueCandidates | None = None, examples: int = 5
) -> Evaluation:
    """Measure a crosswalk against the truth.

    `truth`: dataset, key, role (optional), entity, as `read_grouping` returns it; `crosswalk`: entity_type,
    dataset, key, role, identity_id, further columns allowed, of which `filled`, `script` and `origin` make slices.
    `true_candidates` gives blocking recall, `examples` is how many of the worst errors of each kind are listed. Raises DataError for missing columns,
    a record that stands twice, or a truth that names no record of the crosswalk.
    """
    _refuse_missing(truth, TRUTH, "truth")
    _refuse_missing(crosswalk, CROSSWALK, "crosswalk")
    joined = align(truth, crosswalk)
    if not joined.left.size:
        message = "the truth names no record of the crosswalk: write dataset, key and role as in the project"
        raise DataError(message)
    left_out = crosswalk.take(pa.array(joined.right_only))
    labelled = _labelled(truth, crosswalk, joined.left, joined.right)
    kinds = grouping(labelled["entity_type"])
    sides = Sides(labelled, grouping(labelled["entity"]), grouping(labelled["identity_id"]))
    unjudged = {row["values"]: row["counts"] for row in pc.value_counts(left_out["entity_type"]).to_pylist()}
    types = {
        name: _evaluate_type(
            sides.take(np.flatnonzero(kinds.labels == label)),
            name,
            unjudged.get(name, 0),
            (true_candidates, examples),
        )
        for name, label in sorted((name, label) for label, name in enumerate(kinds.names.to_pylist()))
    }
    # Ids of two types are never the same identity.
    typed = kinds.labels * len(sides.found.names) + sides.found.labels
    return Evaluation(
        types=types,
        overall=measure(sides.truth.labels, typed),
        uncertainty=uncertainty(sides.truth.labels, typed),
        only_in_truth=int(joined.left_only.size),
        only_in_crosswalk=int(joined.right_only.size),
        ambiguous=joined.ambiguous,
    )


def _refuse_missing(table: pa.Table, wanted: tuple[str, ...], which: str) -> None:
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        message = f"the {which} table lacks {', '.join(missing)}: it needs {', '.join(wanted)}"
        raise DataError(message)


def _labelled(
    truth: pa.Table,
    crosswalk: pa.Table,
    rows: Labels,
    others: Labels,
) -> pa.Table:
    """Return the crosswalk's rows that the truth names, with the truth's entity beside them."""
    common = crosswalk.take(pa.array(others))
    if common["role"].null_count:
        role = pc.fill_null(common["role"], "")
        common = common.set_column(common.column_names.index("role"), "role", role)
    entity = truth["entity"].take(pa.array(rows))
    kept = [name for name in (*CROSSWALK, "record", *COLUMNS) if name in common.column_names]
    return common.select(kept).append_column("entity", entity)


def _evaluate_type(sides: Sides, name: str, unjudged: int, wanted: tuple[TrueCandidates | None, int]) -> TypeEvaluation:
    true_candidates, examples = wanted
    metrics = measure(sides.truth.labels, sides.found.labels)
    recall = None
    if true_candidates is not None:
        columns = [c for c in ("dataset", "key", "role", "record") if c in sides.records.column_names]
        candidates = sides.records.select(columns).append_column("entity", pa.array(sides.truth.labels))
        recall = _blocking_recall(true_candidates(name, candidates), metrics.counts.reference_pairs, name)
    return TypeEvaluation(
        metrics=metrics,
        uncertainty=uncertainty(sides.truth.labels, sides.found.labels),
        slices=slices(sides.records, sides.truth.labels, sides.found.labels),
        blocking_recall=recall,
        unjudged=unjudged,
        over_merges=worst(sides.records, sides.found, sides.truth, examples),
        over_splits=worst(sides.records, sides.truth, sides.found, examples),
    )


def _blocking_recall(found: int, true_pairs: int, name: str) -> float:
    if not 0 <= found <= true_pairs:
        message = f"{name}: {found} true candidate pairs of {true_pairs} true pairs; count each pair once"
        raise DataError(message)
    return found / true_pairs if true_pairs else 1.0
