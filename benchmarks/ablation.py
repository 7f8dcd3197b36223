"""What each part of ours adds on a set: priors alone, training, clustering, second look; for `quality.py --ablation`.

Each step is the one before it and one thing more. The first two join records by connected components over the pairs
at the model's own match threshold; nothing is picked with the truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from linkage.engine.duckdb import Engine
from linkage.engine.sql import qualified, quote
from linkage.evaluation.align import align
from linkage.evaluation.components import components
from linkage.evaluation.files import read_grouping
from linkage.evaluation.metrics import measure
from linkage.evaluation.release import base_path, evaluate_release
from linkage.matching import model as models
from linkage.stages import cluster as cluster_stage
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linkage.project import Project

STEPS = ("priors", "training", "clustering", "second_look")


def ablation(fresh: Callable[[], Project], truth: Path) -> dict[str, dict[str, float]]:
    """Return step → pairwise precision, recall, F1 and B-cubed F1; `fresh` opens the set in a workspace of its own."""
    found: dict[str, dict[str, float]] = {}
    project = fresh()
    found["priors"] = _components(project, project.run(learn=False), truth)
    project = fresh()
    # The one switch that the product does not have: clusters are left as they are.
    with patch.object(cluster_stage, "_look_again", lambda _run, _model, result, *_: result.label):
        report = project.run()
    found["training"] = _components(project, report, truth)
    found["clustering"] = _released(project, truth)
    project = fresh()
    project.run()
    found["second_look"] = _released(project, truth)
    return found


def _released(project: Project, truth: Path) -> dict[str, float]:
    metrics = evaluate_release(project, truth).overall
    return {**metrics.pairwise.to_json(), "b3_f1": metrics.b_cubed.f1}


def _components(project: Project, report: dict[str, Any], truth: Path) -> dict[str, float]:
    """Measure connected components over the pairs of all types that weigh the match threshold or more."""
    table = read_grouping(truth)
    labels, entities = [], []
    first = 0
    with Engine(base_path(project), read_only=True) as base:
        for kind in project.loaded.entity_types():
            names = base.arrow(f"SELECT dataset, key, role FROM canonical.{quote(kind)} ORDER BY record")
            joined = align(table, names)
            folder = Workspace(project.loaded.workspace).models
            model = models.load(folder, kind, report["types"][kind]["model"])
            pairs = base.arrays(
                f"SELECT a, b FROM {qualified('scoring', f'edge_{kind}')} WHERE weight >= $least",
                {"least": model.units(model.thresholds.match)},
            )
            own = components(names.num_rows, pairs["a"].astype(np.int64), pairs["b"].astype(np.int64))
            labels.append(first + own[joined.right])
            first += names.num_rows
            entities += table["entity"].take(joined.left).to_pylist()
    known = {name: place for place, name in enumerate(dict.fromkeys(entities))}
    metrics = measure(np.array([known[name] for name in entities]), np.concatenate(labels))
    return {**metrics.pairwise.to_json(), "b3_f1": metrics.b_cubed.f1}
