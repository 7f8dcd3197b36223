"""Training: shipped priors, then what the data say, weighed by how much they say it; labels where there are any.

u comes from random pairs freed of the matches among them; m from EM over counted agreement patterns of each blocking
rule, where a comparison that the rule decides stands aside; levels that hold given other agreement, from pairs that have it; both are shrunk towards the shipped priors. EM runs on
integer counts of patterns in sorted order with one thread, and everything is rounded (rule R1): the same data make the
same model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.config.entity import Entity, Training, parse_part
from linkage.engine.sql import comma, literal, quote
from linkage.errors import ModelError
from linkage.matching.blocking import count_blocks, drop_stop_keys, fit_stop_keys, keep_rules, make_keys, make_pairs
from linkage.matching.comparisons import base_columns, decided_by, rarity_levels, weighed_levels
from linkage.matching.features import LEAST_FREQUENCY, make_features, make_frequencies
from linkage.matching.labels import HELD, read_labels, shift
from linkage.matching.labels import card as label_card
from linkage.matching.model import FREQUENCY_SCHEMA, GENERIC_SCHEMA, Chances, Model, from_entity, rounded
from linkage.matching.patterns import PATTERN_BITS
from linkage.matching.rarity import count_values, make_words
from linkage.matching.score import count_patterns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from linkage.engine.duckdb import Engine
    from linkage.matching.labels import Labelled

MANY_VALUES = 1_000_000
"""From so many values of a column on, a model keeps only those that are common enough to weigh less: 100,000 at most."""
RANDOM, UNION = "random", "union"
ROUNDS = 4
ITERATIONS = 60
TRUSTED = 5.0
TRUSTED_GIVEN = 20.0
LEAST, MOST = 1e-9, 1 - 1e-6
STILL = 1e-6


@dataclass(frozen=True)
class PatternSet:
    """Counted agreement patterns of one sample of pairs: `levels[i, c]` is the code of comparison c in pattern i.

    `trains` are the comparisons that the sample can train; `on` is what its pairs agree on, `share` how much of all such
    pairs it is.
    """

    name: str
    levels: NDArray[np.int64]
    pairs: NDArray[np.float64]
    trains: tuple[int, ...]
    on: frozenset[str]
    share: float


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
    learned = _Learner(model, sets, entity.training, records, labelled)
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
        name, share = (
            f"{'rule' if rule.train else 'given'}:{rule.name}",
            _share(training.rule_pairs, int(sizes[number])),
        )
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


def _share(wanted: int, available: int) -> int:
    """Millionths of the population to take."""
    return 1_000_000 if available <= wanted else max(1, round(1e6 * wanted / available))


def _pattern_sets(
    model: Model, counted: Sequence[tuple[str, int, int]], shares: Mapping[str, float]
) -> dict[str, PatternSet]:
    rules = {f"{'rule' if rule.train else 'given'}:{rule.name}": rule for rule in model.rules}
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


class _Learner:
    """The estimates of one training; `run` returns the model with them put in."""

    def __init__(
        self, model: Model, sets: dict[str, PatternSet], training: Training, records: int, labelled: Labelled | None
    ) -> None:
        self.model = model
        self.labelled = labelled
        self.sets = sets
        self.training = training
        self.records = records
        self.every = records * (records - 1) / 2
        # Arrays indexed by code: 0 unknown, 1 different ... most telling.
        self.names = [[level.name for level in reversed(weighed_levels(c))] for c in model.comparisons]
        self.prior_m = [self._prior(place, "m") for place in range(len(self.names))]
        self.prior_u = [self._prior(place, "u") for place in range(len(self.names))]
        self.fixed = [
            np.array([model.comparisons[place].priors[name].fixed for name in names], dtype=np.bool_)
            for place, names in enumerate(self.names)
        ]
        self.conditional = [
            np.array([bool(level.given) for level in reversed(weighed_levels(c))], dtype=np.bool_)
            for c in model.comparisons
        ]
        self.m = [array.copy() for array in self.prior_m]
        self.u = [array.copy() for array in self.prior_u]
        self.set_back: list[str] = []
        self.rate = min(0.5, training.matches_per_record * 2 / max(records - 1, 1))

    def _prior(self, place: int, which: str) -> NDArray[np.float64]:
        chances = self.model.chances[self.model.comparisons[place].name]
        return np.array([getattr(chances[name], which) for name in self.names[place]])

    def run(self, *, learn: bool) -> Model:
        """Estimate u, m and the match rate in turn until they hold still."""
        if learn:
            for _ in range(ROUNDS):
                self._learn_u()
                self._learn_m()
                self._learn_given()
                self._learn_rate()
            self._set_back_absurd()
        self._learn_rate()
        chances = {
            comparison.name: {
                name: Chances(rounded(float(m)), rounded(float(u)))
                for name, m, u in reversed(list(zip(self.names[place], self.m[place], self.u[place], strict=True)))
            }
            for place, comparison in enumerate(self.model.comparisons)
        }
        return replace(self.model, chances=chances, match_rate=rounded(self.rate))

    def _set_back_absurd(self) -> None:
        """Give a comparison back its priors where full agreement has come to weigh no more than disagreement.

        No data make that true of records of one entity; it happens where the sample holds next to no match.
        """
        for place, comparison in enumerate(self.model.comparisons):
            weight = np.log(self.m[place]) - np.log(self.u[place])
            own = weight[~self.conditional[place]]
            if own[-1] <= own[0]:
                self.m[place], self.u[place] = self.prior_m[place].copy(), self.prior_u[place].copy()
                self.set_back.append(comparison.name)

    def _hold(self, place: int, fresh: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
        """Put the fixed levels back to their priors; the others share what is left.

        Conditional levels are no share of it: theirs are chances among other pairs.
        """
        fixed, conditional = self.fixed[place], self.conditional[place]
        free = ~fixed & ~conditional
        held = prior.copy()
        held[free] = fresh[free] / fresh[free].sum() * (1 - prior[fixed & ~conditional].sum())
        return held

    def _log_odds(self, sample: PatternSet, places: Sequence[int]) -> NDArray[np.float64]:
        odds = np.zeros(len(sample.pairs))
        for place in places:
            weights = np.concatenate(([0.0], np.log(self.m[place]) - np.log(self.u[place])))
            odds += weights[sample.levels[:, place]]
        return odds

    def _counts(self, sample: PatternSet, place: int, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        counts = np.bincount(
            sample.levels[:, place], weights=sample.pairs * shares, minlength=len(self.names[place]) + 1
        )
        return np.asarray(counts[1:], dtype=np.float64)

    def _learn_u(self) -> None:
        """U from random pairs, each weighed by the chance that it is no match."""
        sample = self.sets.get(RANDOM)
        if sample is None:
            return
        odds = self._log_odds(sample, sample.trains) + np.log(self.rate) - np.log1p(-self.rate)
        apart = 1 / (1 + np.exp(np.clip(odds, -500, 500)))
        for place in sample.trains:
            counts = self._counts(sample, place, apart)
            total = counts.sum()
            if total < TRUSTED:
                continue
            seen = np.clip(counts / total, LEAST, MOST)
            # A level seen k times speaks with k voices, its prior with `TRUSTED`, on the scale of bits.
            mixed = np.exp((counts * np.log(seen) + TRUSTED * np.log(self.prior_u[place])) / (counts + TRUSTED))
            self.u[place] = self._hold(place, mixed, self._kept(place, self.prior_u, self.u))

    def _learn_m(self) -> None:
        """M from EM on every rule's patterns, u held; the rules' expected matches are added up, then shrunk."""
        gathered = [np.zeros(len(names)) for names in self.names]
        for name, sample in self.sets.items():
            if not name.startswith("rule:") or not sample.trains:
                continue
            shares = self._expect(sample)
            for place in sample.trains:
                gathered[place] += self._counts(sample, place, shares)
        for place, counts in enumerate(gathered):
            mixed = counts + self.training.prior_pairs * self.prior_m[place]
            self.m[place] = self._hold(place, mixed, self._kept(place, self.prior_m, self.m))
            if self.labelled is not None:
                mixed = HELD * self.m[place] + self.labelled.voices(place, len(self.names[place]))
                self.m[place] = self._hold(place, mixed, self._kept(place, self.prior_m, self.m))

    def _kept(
        self, place: int, prior: list[NDArray[np.float64]], now: list[NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Return the prior of each level, for conditional levels what has been learned of them so far."""
        return np.where(self.conditional[place], now[place], prior[place])

    def _learn_given(self) -> None:
        """Learn the levels that rest on agreement elsewhere, on the pairs of a rule that agree so.

        Which of those pairs match is told by all comparisons that the rule does not decide.
        """
        for place, comparison in enumerate(self.model.comparisons):
            for code, level in enumerate(reversed(weighed_levels(comparison))):
                for sample in self.sets.values():
                    if level.given and sample.on == level.given:
                        self._learn_conditional(place, code, sample)
                    if level.same and sample.on == level.same:
                        self._learn_agreement(place, code, sample)

    def _matching(self, sample: PatternSet) -> NDArray[np.float64]:
        """Return each pattern's chance to be a match by all that the sample can train; the rate is estimated."""
        odds = self._log_odds(sample, sample.trains)
        rate = 0.5
        shares = np.zeros(len(sample.pairs))
        for _ in range(ITERATIONS):
            shares = 1 / (1 + np.exp(np.clip(-(odds + np.log(rate) - np.log1p(-rate)), -500, 500)))
            fresh = float(np.clip((sample.pairs * shares).sum() / sample.pairs.sum(), 1e-6, 1 - 1e-3))
            if abs(fresh - rate) < STILL:
                break
            rate = fresh
        return shares

    def _learn_conditional(self, place: int, code: int, sample: PatternSet) -> None:
        """M and u of a level among pairs that agree on what is given."""
        shares = self._matching(sample)
        for chances, prior, share in ((self.m, self.prior_m, shares), (self.u, self.prior_u, 1 - shares)):
            counts = self._counts(sample, place, share)
            mixed = (counts[code] + TRUSTED_GIVEN * prior[place][code]) / (counts.sum() + TRUSTED_GIVEN)
            chances[place][code] = float(np.clip(mixed, LEAST, MOST))

    def _learn_agreement(self, place: int, code: int, sample: PatternSet) -> None:
        """U of a level that the sample's rule finds whole: its pairs that do not match, of all pairs.

        The prior speaks as `TRUSTED` such pairs would (a gamma prior of a Poisson rate): few are as telling as many.
        """
        apart = float((sample.pairs * (1 - self._matching(sample))).sum()) / sample.share
        fresh = self.u[place].copy()
        fresh[code] = np.clip((apart + TRUSTED) / (self.every + TRUSTED / self.prior_u[place][code]), LEAST, MOST)
        self.u[place] = self._hold(place, fresh, self._kept(place, self.prior_u, self.u))

    def _expect(self, sample: PatternSet) -> NDArray[np.float64]:
        """EM on one sample; returns the chance of each pattern to be a match."""
        own = [array.copy() for array in self.m]
        kept, self.m = self.m, own
        rate = 0.5
        shares = np.zeros(len(sample.pairs))
        for _ in range(ITERATIONS):
            odds = self._log_odds(sample, sample.trains) + np.log(rate) - np.log1p(-rate)
            fresh = 1 / (1 + np.exp(np.clip(-odds, -500, 500)))
            moved = float(np.abs(fresh - shares).max())
            shares = fresh
            rate = float(np.clip((sample.pairs * shares).sum() / sample.pairs.sum(), 1e-6, 1 - 1e-3))
            for place in sample.trains:
                counts = self._counts(sample, place, shares)
                mixed = counts + self.training.prior_pairs * self.prior_m[place]
                own[place] = self._hold(place, mixed, self._kept(place, self.prior_m, self.m))
            if moved < STILL:
                break
        self.m = kept
        return shares

    def _learn_rate(self) -> None:
        """The share of matches among all pairs, from the candidates' chances under the whole model."""
        sample = self.sets.get(UNION)
        every = self.every
        if sample is None or every < 1:
            return
        odds = self._log_odds(sample, sample.trains)
        for _ in range(ITERATIONS):
            chance = 1 / (1 + np.exp(np.clip(-(odds + np.log(self.rate) - np.log1p(-self.rate)), -500, 500)))
            matches = float((sample.pairs * chance).sum()) / sample.share
            rate = float(np.clip(matches / every, 0.001 * self.records / every, min(0.9, 20 * self.records / every)))
            if abs(rate - self.rate) <= 1e-9 * self.rate:
                break
            self.rate = rate


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
