"""What each part of ours adds on a set: priors, training, clustering, second look, evidence; for `quality.py --ablation`.

Each step is the one before it and one thing more. The first two join records by connected components over the pairs
at the model's own match threshold; nothing is picked with the truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.config.project import LoadedProject
from linkage.engine.duckdb import Engine
from linkage.engine.sql import qualified, quote
from linkage.evaluation.align import align
from linkage.evaluation.components import components
from linkage.evaluation.files import read_grouping
from linkage.evaluation.metrics import measure
from linkage.evaluation.release import base_path, evaluate_release
from linkage.matching import model as models
from linkage.project import Project
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = ("priors", "training", "clustering", "second_look", "evidence")


def without(project: Project, **settings: Any) -> Project:
    """Return the project with these entity settings in every type, such as `second_look=False` or `evidence=()`."""
    loaded = project.loaded
    entities = {kind: entity.model_copy(update=settings) for kind, entity in loaded.entities.items()}
    return Project(LoadedProject(loaded.path, loaded.settings, entities))


def ablation(fresh: Callable[[], Project], truth: Path) -> dict[str, dict[str, float]]:
    """Return step → pairwise precision, recall, F1 and B-cubed F1; `fresh` opens the set in a workspace of its own."""
    found: dict[str, dict[str, float]] = {}
    project = fresh()
    found["priors"] = _components(project, project.run(learn=False), truth)
    project = without(fresh(), second_look=False, evidence=())
    report = project.run()
    found["training"] = _components(project, report, truth)
    found["clustering"] = _released(project, truth)
    project = without(fresh(), evidence=())
    project.run()
    found["second_look"] = _released(project, truth)
    project = fresh()
    project.run()
    found["evidence"] = _released(project, truth)
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
