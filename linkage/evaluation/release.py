"""Measuring an audience's last release against a truth file, blocking included."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from linkage.config.project import CENTRE
from linkage.engine.duckdb import Engine
from linkage.engine.sql import quote
from linkage.errors import RequestError
from linkage.evaluation.evaluate import Evaluation, evaluate
from linkage.evaluation.files import read_grouping
from linkage.evaluation.origins import describe
from linkage.evaluation.reliability import reliability
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.project import Project


def base_path(project: Project) -> Path:
    """Return the current base of a project; refuse one that has not run."""
    workspace = Workspace(project.loaded.workspace)
    if workspace.ledger.is_file():
        with Ledger(workspace.ledger) as ledger:
            last = ledger.last_run()
        if last is not None:
            return workspace.base(last.base)
    message = f"{project.loaded.workspace}: there is no finished run; run: linkage run {project.loaded.path}"
    raise RequestError(message)


def evaluate_release(
    project: Project, truth: Path, *, audience: str = CENTRE, examples: int = 5, purpose: str | None = None
) -> Evaluation:
    """Measure the crosswalk of an audience's last release against `truth` (dataset, key[, role], entity).

    Blocking recall counts a true pair as found where the two records share a blocking key that is no stop key.
    """
    grouping = read_grouping(truth)
    project.release_path(audience)
    # Its examples name records, so it is a look (rule R11).
    project.look("evaluate", [truth.name], audience=audience, purpose=purpose)
    with project.release(audience) as release:
        crosswalk = release.arrow(
            "SELECT entity_type, dataset, key, role, identity_id FROM published.identity_record ORDER BY ALL"
        )
    with Engine(base_path(project), read_only=True, **project.loaded.limits()) as base:

        def true_candidates(kind: str, labelled: pa.Table) -> int:
            with base.registered("labelled", labelled):
                return int(
                    base.value(
                        f"""
                        WITH own AS (
                            SELECT entity.record, labelled.entity FROM labelled
                            JOIN canonical.{quote(kind)} AS entity USING (dataset, key, role)
                        ), keyed AS (
                            SELECT DISTINCT known.key, own.record, own.entity
                            FROM blocking.{quote(f"key_{kind}")} AS known JOIN own USING (record)
                        )
                        SELECT count(*) FROM (
                            SELECT DISTINCT one.record, two.record AS other FROM keyed AS one
                            JOIN keyed AS two ON one.key = two.key AND one.entity = two.entity AND one.record < two.record
                        )
                        """
                    )
                )

        described = _described(base, project, crosswalk)
        known: dict[str, pa.Table] = {}

        def candidates(kind: str, labelled: pa.Table) -> int:
            known[kind] = labelled
            return true_candidates(kind, labelled)

        found = evaluate(grouping, described, true_candidates=candidates, examples=examples)
        types = {
            kind: replace(one, reliability=reliability(base, kind, known[kind])) for kind, one in found.types.items()
        }
        return replace(found, types=types)


def _described(base: Engine, project: Project, crosswalk: pa.Table) -> pa.Table:
    """Return the crosswalk with what slices are made of beside each record."""
    with base.registered("crosswalk", crosswalk):
        return pa.concat_tables(
            [describe(base, kind, "crosswalk", project.loaded.reference) for kind in project.loaded.entity_types()]
        )


def baseline_release(project: Project, truth: Path) -> dict[str, dict[str, float]]:
    """Measure bare Splink with components at its best threshold on the same canonical records, per type."""
    from linkage.evaluation.align import align, grouping
    from linkage.evaluation.components import best_components
    from linkage.matching.baseline import bare_splink

    table = read_grouping(truth)
    found: dict[str, dict[str, float]] = {}
    with Engine(base_path(project), read_only=True, **project.loaded.limits()) as base:
        for kind in project.loaded.entity_types():
            names = base.arrow(f"SELECT record, dataset, key, role FROM canonical.{quote(kind)} ORDER BY record")
            joined = align(table, names)
            if not joined.left.size:
                continue
            labels = np.full(names.num_rows, -1, dtype=np.int64)
            labels[joined.right] = grouping(table["entity"].take(joined.left)).labels
            scored = bare_splink(base.connection, f"canonical.{kind}", kind)
            left, right = (scored.pairs[name].to_numpy() for name in ("record_l", "record_r"))
            result = best_components(names.num_rows, left, right, scored.pairs["match_weight"].to_numpy(), labels)
            scores = result.pairwise
            found[kind] = {
                "precision": scores.precision,
                "recall": scores.recall,
                "f1": scores.f1,
                "b3_f1": result.b_cubed.f1,
                "seconds": scored.seconds + result.seconds,
            }
    return found
