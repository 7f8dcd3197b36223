"""Train: the first run of a type makes its model and approves it by the project's rule; later runs use the approved one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from linkage.config.markings import is_aggregate, trains
from linkage.engine.sql import qualified, quote
from linkage.errors import ModelError
from linkage.matching import model as models
from linkage.matching.blocking import count_blocks, drop_stop_keys, make_keys, make_pairs
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.keyed import keyed
from linkage.matching.labels import LABELS, JudgedPair, make_labels, weigh
from linkage.matching.released import LEAST_HOLDERS, released
from linkage.matching.score import least_weight
from linkage.matching.shape import FLOOR, common_values, trained_shape
from linkage.matching.train import train as train_model
from linkage.standardise import keep, shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("canonical.person", "canonical.business", "canonical.account")
WRITES = ("feature.person", "feature.business", "feature.account")

AUTOMATIC = "first model of its type, approved by the project's rule"
RETRAINED = "retrained on request, approved by the project's rule"


def train(run: Run) -> None:
    """Give every type that has records a model."""
    run.engine.make_schema("feature")
    for entity_type in run.types:
        approved = run.approved_model(entity_type)
        if approved is not None and not run.options.retrain:
            loaded = run.loaded.get(approved)
            model = loaded.result() if loaded else models.load(run.workspace.models, entity_type, approved)
        else:
            run.progress(f"train {entity_type}")
            model = candidate(run, entity_type)
            if approved is None and run.project.settings.approval.first_model == "manual":
                _wait(run, model)
        use(run, model)


def use(run: Run, model: models.Model) -> None:
    """Resolve the model's type under it in this run: anew where the base was made under another, or it is trained now.

    A model that is trained now has left its features behind. Raises ModelError for values of another standardiser.
    """
    entity_type = model.entity_type
    _check_standardiser(run, model)
    if model.trained_now or run.signatures.get(f"model:{entity_type}") != model.hash:
        run.amended_types.discard(entity_type)
    if not model.trained_now:
        is_amended = entity_type in run.amended_types
        make_features(run.engine, model, among=qualified("change", f"fresh_{entity_type}") if is_amended else None)
        if not is_amended:
            # (Scoring fresh pairs makes those of both their records.)
            make_frequencies(run.engine, model)
    run.models[entity_type] = model
    if run.signatures.get(f"model:{entity_type}", model.hash) != model.hash:
        run.remodelled.add(entity_type)
    run.count(f"types.{entity_type}.model", model.hash)


def bring_back(run: Run) -> None:
    """Resolve under the models of a run that was broken off, as `train` left them there."""
    run.engine.make_schema("feature")
    for entity_type, name in run.rests.told["models"].items():
        model = models.load(run.workspace.models, entity_type, name)
        make_features(run.engine, model)
        make_frequencies(run.engine, model)
        run.models[entity_type] = replace(model, trained_now=entity_type in run.rests.told["trained"])
    run.remodelled |= set(run.rests.told["remodelled"])


def candidate(run: Run, entity_type: EntityType) -> models.Model:
    """Train a model on the records of the run's base, with the judged pairs as labels, and save it; nothing uses it yet.

    Raises ModelError where there is no record of the type.
    """
    if not run.engine.has_table("canonical", entity_type) or not run.engine.value(
        f"SELECT count(*) FROM canonical.{quote(entity_type)}"
    ):
        message = f"{entity_type}: no record of this type was accepted, so no model can be trained; check its roles and 'when'"
        raise ModelError(message)
    with _released(run, entity_type) as whole:
        model = _trained(run, entity_type)
    if not whole:
        # Training leaves the features and pairs of what it saw behind; the run resolves all records.
        make_features(run.engine, model)
        make_frequencies(run.engine, model)
        make_keys(run.engine, entity_type, model.rules)
        drop_stop_keys(run.engine, entity_type, model.stop_keys)
        count_blocks(run.engine, entity_type)
        make_pairs(run.engine, entity_type)
    _keep_standardiser(run)
    models.save(model, run.workspace.models)
    return model


def _trained(run: Run, entity_type: EntityType) -> models.Model:
    labels = make_labels(run.engine, entity_type, weigh(judged_pairs(run, entity_type))) if run.options.learn else 0
    model = train_model(
        run.engine,
        run.entity(entity_type),
        run.standardiser.version,
        learn=run.options.learn,
        labels=LABELS if labels else None,
    )
    if labels:
        run.count(f"types.{entity_type}.labels", labels)
    aggregates = [str(number) for number, one in sorted(run.markings.items()) if is_aggregate(run.project, one)]
    if aggregates:
        model = released(run.engine, model, f"coalesce(marking IN ({', '.join(aggregates)}), FALSE)")
        # This run scores with what the model holds, as every later one does.
        make_frequencies(run.engine, model)
    # The same data that a later run's are compared with (`stages/drift.py`); it decides nothing.
    card = {**model.card, "shape": trained_shape(run.engine, model, least_weight(model))}
    common = common_values(run.engine, model, max(FLOOR, LEAST_HOLDERS) if aggregates else FLOOR)
    return keyed(run.engine, replace(model, card=card, common=common), run.workspace.values_key())


@contextmanager
def _released(run: Run, entity_type: EntityType) -> Iterator[bool]:
    """Show training the records alone whose owners let them train, for the time of the block; say whether these are all.

    What is not shown is in no m and u, no frequency, no generic value and no stop key. Raises ModelError where nothing is left.
    """
    engine = run.engine
    kept = [str(number) for number, marking in sorted(run.markings.items()) if not trains(run.project, marking)]
    table, whole = f"canonical.{quote(entity_type)}", quote(f"whole_{entity_type}")
    test = f"marking IN ({', '.join(kept)})" if kept else "FALSE"
    if not kept or not engine.value(f"SELECT count(*) FROM {table} WHERE {test}"):
        yield True
        return
    if not engine.value(f"SELECT count(*) FROM {table} WHERE NOT {test}"):
        message = f"{entity_type}: no owner lets its records train a model; say train_use = true for a dataset in the agreements, or approve a model of another workspace"
        raise ModelError(message)
    engine.run(f"ALTER TABLE {table} RENAME TO {whole}")
    try:
        engine.run(f"CREATE VIEW {table} AS FROM canonical.{whole} WHERE NOT {test}")
        yield False
    finally:
        engine.run(f"DROP VIEW IF EXISTS {table}")
        engine.run(f"ALTER TABLE canonical.{whole} RENAME TO {quote(entity_type)}")


def _wait(run: Run, model: models.Model) -> None:
    kind = model.entity_type
    run.ledger.add_model(kind, model.hash, run.now.isoformat(), run.number)
    message = (
        f'{kind}: model {model.hash} is trained and waits for approval, since approval.first_model = "manual"; '
        f"look at {run.workspace.models / kind / model.hash / 'card.json'}, then run with --approve {kind}={model.hash}"
    )
    raise ModelError(message)


def judged_pairs(run: Run, entity_type: EntityType) -> list[JudgedPair]:
    """Return the pairs of a type that stewards have judged and nobody has undone, whoever saw them in whose view."""
    return [
        JudgedPair(
            one.judgement.a,
            one.judgement.b,
            one.judgement.verdict == "match",
            (drawn.sample, drawn.stratum, drawn.stratum_pairs) if (drawn := one.judgement.drawn) else None,
        )
        for one in run.ledger.judgements()
        if one.closed_at is None and one.judgement.entity_type == entity_type and one.judgement.verdict != "unsure"
    ]


def _keep_standardiser(run: Run) -> None:
    """Keep what the run standardises with, for the time when the program has another and the model is still approved."""
    if run.standardiser.version == shipped().version:
        keep(run.workspace.standardisers, run.standardiser)


def _check_standardiser(run: Run, model: models.Model) -> None:
    """Refuse a model that was trained on values of another standardiser than the run's, and keep that for the model."""
    if model.standardiser != run.standardiser.version:
        message = (
            f"{model.entity_type}: model {model.hash} was trained on data standardised by version {model.standardiser}, "
            f"this run uses {run.standardiser.version}; run with --retrain"
        )
        raise ModelError(message)
    # Its model may be of before versions were kept.
    _keep_standardiser(run)
