"""Training: shipped priors, then what the data say, weighed by how much they say it; labels where there are any.

Samples of pairs become counted agreement patterns here, and `learn` makes m and u of them. EM runs on integer counts of
patterns in sorted order with one thread, and everything is rounded (rule R1): the same data make the same model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.config.entity import Entity, Training, parse_part
from linkage.engine.sql import comma, literal, quote
from linkage.errors import ModelError
from linkage.matching.blocking import count_blocks, drop_stop_keys, fit_stop_keys, keep_rules, make_keys, make_pairs
from linkage.matching.comparisons import base_columns, decided_by, rarity_levels, weighed_levels
from linkage.matching.features import LEAST_FREQUENCY, make_features, make_frequencies
from linkage.matching.labels import card as label_card
from linkage.matching.labels import read_labels, shift
from linkage.matching.learn import RANDOM, RULE, UNION, Learner, PatternSet
from linkage.matching.model import FREQUENCY_SCHEMA, GENERIC_SCHEMA, Model, from_entity
from linkage.matching.patterns import PATTERN_BITS
from linkage.matching.rarity import count_values, make_words
from linkage.matching.score import count_patterns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from linkage.config.entity import BlockingRule
    from linkage.engine.duckdb import Engine
    from linkage.matching.labels import Labelled

MANY_VALUES = 1_000_000
"""From so many values of a column on, a model keeps only those that are common enough to weigh less: 100,000 at most."""


def train(engine: Engine, entity: Entity, standardiser: str, *, learn: bool = True, labels: str | None = None) -> Model:
    """Make a model for the canonical table of a type; leaves its features, keys, blocks and pairs behind for the run.

    With `learn` false m and u stay at the shipped priors; rarity, generic values, stop keys and the match rate are
    taken from the data all the same. `labels` is the quoted name of a table of judged pairs (a < b: record numbers, match:
    BOOLEAN, weight: DOUBLE), which m and the stop then follow as `labels` of this package tells.
    """
    kind = entity.type
    present = _present(engine, kind)
    model = from_entity(entity, standardiser, present)
    if not model.comparisons:
        message = f"{kind}: the data fill no column that a comparison reads; map more fields in the project file"
        raise ModelError(message)
    rules = tuple(r for r in model.rules if all(parse_part(part).column in present for part in r.on))
    model = replace(model, rules=rules, generic=_generic(engine, entity, present))
    make_features(engine, model, sorted(entity.training.columns_counted() & set(engine.columns("canonical", kind))))
    model = replace(model, **_frequencies(engine, model, entity.training.counted_once))
    model = replace(model, **count_values(engine, model, entity.training))
    make_words(engine, model)
    make_keys(engine, kind, model.rules)
    records = int(engine.value(f"SELECT count(*) FROM canonical.{quote(kind)}"))
    count_blocks(engine, kind)
    stops = fit_stop_keys(engine, kind, model.rules, entity.blocking, records)
    if len(stops) < len(rules):
        rules = tuple(rule for rule in rules if rule.name in stops)
        keep_rules(engine, kind, model.rules, rules)
    model = replace(model, rules=rules, stop_keys=tuple(sorted(key for rule in rules for key in stops[rule.name])))
    for table in ("key", "size"):
        drop_stop_keys(engine, kind, model.stop_keys, table)
    candidates = make_pairs(engine, kind)
    shares = _sample_pairs(engine, model, entity.training, records, candidates)
    sets = _pattern_sets(model, count_patterns(engine, model, "training.pair"), shares)
    engine.run("DROP TABLE training.pair")
    if labels:
        make_frequencies(engine, model, words=False)
    labelled = read_labels(engine, model, labels) if labels else None
    learned = Learner(model, sets, entity.training, records, labelled)
    model = learned.run(learn=learn)
    # Rarity is measured against u, which has just been learned.
    make_frequencies(engine, model, words=False)
    card = {**_card(model, records, candidates, sets), "set_back_to_priors": learned.set_back}
    if labels is not None:
        model, card["labels"] = _moved_stop(model, read_labels(engine, model, labels))
    return replace(model, card=card, trained_now=True)


def _moved_stop(model: Model, labelled: Labelled) -> tuple[Model, dict[str, Any]]:
    """Move the stop by what labels tell under the trained model; return the model and what its card tells of them."""
    before = model.thresholds
    moved = shift(labelled, before.match)
    match = before.match + moved.bits
    thresholds = before.model_copy(update={"match": match, "review": min(before.review, match)})
    return replace(model, thresholds=thresholds), label_card(labelled, moved, match)


def _present(engine: Engine, kind: str) -> frozenset[str]:
    columns = engine.columns("canonical", kind)
    counts = [
        f"count(*) FILTER (len({quote(c)}) > 0) > 0" if t.endswith("[]") else f"count({quote(c)}) > 0"
        for c, t in columns.items()
    ]
    row = engine.rows(f"SELECT {', '.join(counts)} FROM canonical.{quote(kind)}")[0]
    return frozenset(column for column, found in zip(columns, row, strict=True) if found)


def _generic(engine: Engine, entity: Entity, present: frozenset[str]) -> pa.Table:
    """Values of the generic columns that more than `generic_max` records hold: they say nothing about who it is."""
    types = engine.columns("canonical", entity.type)
    selects = [
        f'SELECT {literal(column)} AS "column", value FROM (SELECT {f"unnest({quote(column)})" if types[column].endswith("[]") else quote(column)} '
        f"AS value FROM canonical.{quote(entity.type)}) WHERE value IS NOT NULL GROUP BY value HAVING count(*) > $most"
        for column in entity.blocking.generic
        if column in present
    ]
    if not selects:
        return GENERIC_SCHEMA.empty_table()
    return engine.arrow(f"{' UNION ALL '.join(selects)} ORDER BY ALL", {"most": entity.blocking.generic_max}).cast(
        GENERIC_SCHEMA
    )


def _frequencies(engine: Engine, model: Model, counted_once: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Count how many entities, nearly, hold each value that rarity weighs."""
    columns = sorted({column for comparison in model.comparisons for column in rarity_levels(comparison)})
    if not columns:
        return {}
    known = engine.columns("feature", model.entity_type)
    keys = [
        f"CASE WHEN {' AND '.join(f'{quote(c)} IS NOT NULL' for c in key)} THEN hash({place}, {comma(key)}) END"
        for place, key in enumerate(counted_once)
        if set(key) <= set(known)
    ]
    entity = f"coalesce({', '.join([*keys, 'hash(record)'])})"
    counted = [
        f'SELECT {literal(c)} AS "column", {quote(c)} AS value, count(DISTINCT {entity}) AS records '
        f"FROM feature.{quote(model.entity_type)} WHERE {quote(c)} IS NOT NULL GROUP BY ALL"
        for c in columns
    ]
    engine.create_as("training", "frequency", " UNION ALL ".join(counted))
    totals = engine.rows('SELECT "column", CAST(sum(records) AS BIGINT) FROM training.frequency GROUP BY ALL')
    # Values held once are as good as unseen, and are left out of the artefact; of many records, so are all as rare as rarity goes.
    table = engine.arrow(
        """
        SELECT "column", value, records FROM training.frequency
        JOIN (SELECT "column", CAST(sum(records) AS BIGINT) AS total FROM training.frequency GROUP BY ALL) USING ("column")
        WHERE records > CASE WHEN total > $many THEN CAST(floor($least * total) AS BIGINT) ELSE 1 END ORDER BY "column", value
        """,
        {"many": MANY_VALUES, "least": LEAST_FREQUENCY},
    )
    engine.run("DROP TABLE training.frequency")
    return {"frequencies": table.cast(FREQUENCY_SCHEMA), "totals": {name: int(total) for name, total in sorted(totals)}}


def _sample_pairs(engine: Engine, model: Model, training: Training, records: int, candidates: int) -> dict[str, float]:
    """Write `training.pair` (match_key, a, b): random pairs, each rule's pairs, all candidates; by hash of names.

    Returns the share of its population that each sample is.
    """
    kind = model.entity_type
    engine.create_as(
        "training",
        "pair",
        "SELECT CAST(NULL AS VARCHAR) AS match_key, CAST(NULL AS BIGINT) AS a, CAST(NULL AS BIGINT) AS b WHERE FALSE",
    )
    _sample_random(engine, model, training, records)
    engine.run(
        f"INSERT INTO training.pair SELECT '{UNION}', a, b FROM blocking.pair_{kind} WHERE hash(a, b) % 1000000 < $share",
        {"share": _share(training.rule_pairs, candidates)},
    )
    shares = {UNION: _share(training.rule_pairs, candidates) / 1e6}
    sizes = dict(engine.rows(f"SELECT rule, sum(records * (records - 1) // 2) FROM blocking.size_{kind} GROUP BY rule"))
    given = {
        columns
        for comparison in model.comparisons
        for level in weighed_levels(comparison)
        for columns in (level.given, level.same)
        if columns
    }
    for number, rule in enumerate(model.rules):
        if not (rule.train or frozenset(rule.on) in given) or not sizes.get(number):
            continue
        name, share = _name(rule), _share(training.rule_pairs, int(sizes[number]))
        shares[name] = share / 1e6
        engine.run(
            f"""
            INSERT INTO training.pair
            SELECT $name, one.record, two.record FROM blocking.key_{kind} AS one JOIN blocking.key_{kind} AS two
            ON one.key = two.key AND one.record < two.record
            WHERE one.rule = $rule AND two.rule = $rule AND one.key % 1000000 < $share
            """,
            {"name": name, "rule": number, "share": share},
        )
    return shares


def _sample_random(engine: Engine, model: Model, training: Training, records: int) -> None:
    """Add random pairs: records in the order of a hash of their names, each with the next few."""
    chosen = min(records, training.random_pairs)
    steps = max(1, min(records - 1, round(training.random_pairs / max(chosen, 1))))
    engine.run(
        f"""
        INSERT INTO training.pair
        WITH shuffled AS (
            SELECT hash(dataset, key, role, 'random pairs') AS shuffle, record
            FROM canonical.{quote(model.entity_type)} ORDER BY shuffle, record LIMIT $chosen
        ), chosen AS (
            SELECT record, row_number() OVER (ORDER BY shuffle, record) AS place FROM shuffled
        ), stepped AS (
            SELECT record, place, unnest(range(1, $steps + 1)) AS step FROM chosen
        )
        SELECT '{RANDOM}', least(one.record, two.record), greatest(one.record, two.record)
        FROM stepped AS one JOIN chosen AS two ON two.place = one.place + one.step
        """,
        {"chosen": chosen, "steps": steps},
    )


def _name(rule: BlockingRule) -> str:
    return f"{RULE if rule.train else 'given:'}{rule.name}"


def _share(wanted: int, available: int) -> int:
    """Millionths of the population to take."""
    return 1_000_000 if available <= wanted else max(1, round(1e6 * wanted / available))


def _pattern_sets(
    model: Model, counted: Sequence[tuple[str, int, int]], shares: Mapping[str, float]
) -> dict[str, PatternSet]:
    rules = {_name(rule): rule for rule in model.rules}
    every = tuple(range(len(model.comparisons)))
    sets = {}
    for name in sorted({entry[0] for entry in counted}):
        rows = [(pattern, pairs) for found, pattern, pairs in counted if found == name]
        patterns = np.array([pattern for pattern, _ in rows], dtype=np.int64)
        levels = np.stack([(patterns >> (PATTERN_BITS * place)) & 15 for place in every], axis=1)
        trains = every
        if name in rules:
            blocked = base_columns({parse_part(part).column for part in rules[name].on})
            trains = tuple(place for place in every if not decided_by(model.comparisons[place]) & blocked)
        on = frozenset(rules[name].on) if name in rules else frozenset()
        sets[name] = PatternSet(
            name, levels, np.array([pairs for _, pairs in rows], dtype=np.float64), trains, on, shares.get(name, 1.0)
        )
    return sets


def _card(model: Model, records: int, candidates: int, sets: dict[str, PatternSet]) -> dict[str, Any]:
    """What a steward should know of the training; it decides nothing."""
    unseen = []
    for place, comparison in enumerate(model.comparisons):
        seen = set()
        for sample in sets.values():
            seen |= set(np.unique(sample.levels[:, place]).tolist())
        names = [level.name for level in reversed(weighed_levels(comparison))]
        unseen += [f"{comparison.name}.{name}" for code, name in enumerate(names, start=1) if code not in seen]
    return {
        "records": records,
        "candidate_pairs": candidates,
        "samples": {name: int(sample.pairs.sum()) for name, sample in sets.items()},
        "levels_at_their_prior": unseen,
        "generic_values": model.generic.num_rows,
        "stop_keys": len(model.stop_keys),
    }
