"""Judged pairs as labels: which of them train a model, what each is worth, and what they change.

*Apart.* A hash of the two records' names puts a pair into one half for good: the one trains, the other measures
(`trains`). It does not matter when, by whom or how often the pair was judged.

*Weights.* A review sample draws doubtful pairs more often than plain ones. A pair drawn from a stratum of N pairs, n of
which are judged match or non-match in the half that trains, weighs N / n (Horvitz and Thompson, JASA 47, 1952), so that
the labels stand for all pairs that could be drawn. A pair that somebody chose to judge stands for itself and weighs 1.

*m.* With w the weights of the judged matches that a comparison can tell, their voices are (sum w)^2 / sum w^2 (Kish,
"Survey Sampling", 1965). They are added to `HELD` voices of what training without labels has learned:
m = (HELD * m_learned + voices * share among the judged matches) / (HELD + voices).

*The stop.* See `shift`.

u is not learned from labels: judged non-matches are candidates that look alike, u is of pairs at random.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from linkage.engine.sql import quote
from linkage.matching.patterns import PATTERN_BITS, pattern_sql
from linkage.matching.prediction import predicted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

Name = tuple[str, str, str]

SEED = "labels 1"
"""Part of the hash that halves the judged pairs; another seed would let pairs that trained a model measure it."""

LABELS = "training.label"
"""Where `make_labels` writes them."""

HELD = 100.0
"""Pairs that m learned without labels counts as, against the voices of judged matches."""

NEAR = 8.0
"""Bits on either side of the stop within which judged pairs tell where it should be: what is plain tells nothing of it."""

LEAST_NEAR = 20
LEAST_OF_EACH = 5
"""Labels near the stop, and of them matches and non-matches, below which the stop stays where it is."""

SPREAD = 1.0
"""Standard deviation, in bits, of where the stop may lie, around where it was."""

FURTHEST = 2.0
_STEP = 0.25
_LN2 = math.log(2)


@dataclass(frozen=True)
class JudgedPair:
    """Two records and the verdict on them; `stratum` (sample, stratum, its pairs) where a sample drew the pair."""

    a: Name
    b: Name
    match: bool
    stratum: tuple[str, int, int] | None = None


@dataclass(frozen=True)
class Labelled:
    """Labels as the model sees them, in an order that only values decide.

    levels[i, c]: the code of comparison c for label i; match: the verdicts; weight: what each stands for; bits: the
    model's match weight.
    """

    levels: NDArray[np.int64]
    match: NDArray[np.bool_]
    weight: NDArray[np.float64]
    bits: NDArray[np.float64]

    def voices(self, place: int, levels: int) -> NDArray[np.float64]:
        """Return the effective number of judged matches at each level of a comparison, codes 1 to `levels`."""
        known = self.match & (self.levels[:, place] > 0)
        weight = self.weight[known]
        if not weight.size:
            return np.zeros(levels)
        counts = np.bincount(self.levels[known, place], weights=weight, minlength=levels + 1)[1:]
        return np.asarray(counts * weight.sum() / (weight**2).sum(), dtype=np.float64)


def trains(a: Name, b: Name) -> bool:
    """Tell whether a pair is of the half that trains; the order of the two does not matter."""
    text = "\x1e".join([SEED, *("\x1f".join(name) for name in sorted((a, b)))])
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0


Label = tuple[Name, Name, bool, float]
"""Two records, whether they match, and how many pairs they stand for."""


def weigh(pairs: Sequence[JudgedPair]) -> list[Label]:
    """Return (a, b, match, weight) of the pairs that train, one row a pair, sorted.

    A pair that was judged both ways is left out: it is for people to settle first.
    """
    return [label for label, _ in _half(pairs, training=True)]


def weigh_measuring(pairs: Sequence[JudgedPair]) -> tuple[list[Label], list[Label]]:
    """Return the pairs that measure, as `weigh` those that train: first those that samples drew, then those people chose."""
    half = _half(pairs, training=False)
    return [label for label, drawn in half if drawn], [label for label, drawn in half if not drawn]


def _half(pairs: Sequence[JudgedPair], *, training: bool) -> list[tuple[Label, bool]]:
    """Return one half of the pairs, sorted, and whether a sample drew each."""
    found: dict[tuple[Name, Name], JudgedPair] = {}
    torn = set()
    for pair in pairs:
        a, b = sorted((pair.a, pair.b))
        before = found.get((a, b))
        if before is not None and before.match != pair.match:
            torn.add((a, b))
        if before is None or before.stratum is None:
            found[a, b] = pair
    own = {names: pair for names, pair in found.items() if names not in torn and trains(*names) == training}
    judged = Counter(pair.stratum for pair in own.values())
    return [
        ((*names, pair.match, pair.stratum[2] / judged[pair.stratum] if pair.stratum else 1.0), bool(pair.stratum))
        for names, pair in sorted(own.items())
    ]


def make_labels(engine: Engine, entity_type: str, labels: Sequence[Label], table: str = "label") -> int:
    """Write `training.<table>` (a, b, match, weight), a < b, of the labels whose records are there; return how many."""
    ends = {"a": [row[0] for row in labels], "b": [row[1] for row in labels]}
    columns: dict[str, Any] = {
        f"{part}_{side}": pa.array([name[place] for name in ends[side]], pa.string())
        for side in ends
        for place, part in enumerate(("dataset", "key", "role"))
    }
    columns["match"] = pa.array([row[2] for row in labels], pa.bool_())
    columns["weight"] = pa.array([row[3] for row in labels], pa.float64())
    named = f"canonical.{quote(entity_type)}"
    with engine.registered("judged_pair", pa.table(columns)):
        engine.create_as(
            "training",
            table,
            f"""
            SELECT least(one.record, two.record) AS a, greatest(one.record, two.record) AS b, match, weight
            FROM judged_pair
            JOIN {named} AS one ON one.dataset = dataset_a AND one.key = key_a AND one.role = role_a
            JOIN {named} AS two ON two.dataset = dataset_b AND two.key = key_b AND two.role = role_b
            """,
        )
    return int(engine.value(f"SELECT count(*) FROM training.{quote(table)}"))


def read_labels(engine: Engine, model: Model, table: str) -> Labelled:
    """Return the labels of a table (quoted name; columns a < b, match, weight) as the model's comparisons see them."""
    with predicted(
        engine, model, f"SELECT 'label' AS match_key, a AS join_key_l, b AS join_key_r FROM {table}", {}, None
    ) as found:
        rows = engine.rows(
            f"""
            SELECT label.match, {pattern_sql(model)} AS pattern, CAST(round(match_weight * 1024) AS BIGINT) AS units, label.weight
            FROM {found} JOIN {table} AS label
            ON label.a = least(unique_id_l, unique_id_r) AND label.b = greatest(unique_id_l, unique_id_r) ORDER BY ALL
            """
        )
    patterns = np.array([row[1] for row in rows], dtype=np.int64)
    levels = [(patterns >> (PATTERN_BITS * place)) & 15 for place in range(len(model.comparisons))]
    return Labelled(
        np.stack(levels, axis=1),
        np.array([row[0] for row in rows], dtype=np.bool_),
        np.array([row[3] for row in rows], dtype=np.float64),
        np.array([row[2] for row in rows], dtype=np.float64) / 1024,
    )


@dataclass(frozen=True)
class Shift:
    """How labels move the stop: by `bits` (0 where they are too few), told by so many matches and non-matches near it."""

    bits: float
    matches: int
    non_matches: int


def shift(labelled: Labelled, stop: float) -> Shift:
    """Return by how many bits the labels move the stop.

    Near the stop the chance of a match is taken to be 2^(w - d) / (1 + 2^(w - d)) for a pair of w bits: right but for a
    displacement of d bits. d is the most likely one under the labels, each with its weight, scaled to as many voices as
    they have, and under a normal distribution of mean 0 and deviation `SPREAD`, which holds the stop where it was (a maximum a
    posteriori estimate). It is sought in steps of a quarter bit up to `FURTHEST`. Labels of which fewer than `LEAST_NEAR`
    are near the stop, or fewer than `LEAST_OF_EACH` of either verdict, move nothing.
    """
    near = np.abs(labelled.bits - stop) <= NEAR
    match, weight, bits = labelled.match[near], labelled.weight[near], labelled.bits[near]
    matches, others = int(match.sum()), int((~match).sum())
    if matches + others < LEAST_NEAR or min(matches, others) < LEAST_OF_EACH:
        return Shift(0.0, matches, others)
    voices = weight * weight.sum() / (weight**2).sum()
    tried = np.arange(-FURTHEST / _STEP, FURTHEST / _STEP + 1) * _STEP
    odds = (bits[np.newaxis, :] - tried[:, np.newaxis]) * _LN2
    told = -(voices * np.logaddexp(0.0, np.where(match, -odds, odds))).sum(axis=1) - tried**2 / (2 * SPREAD**2)
    return Shift(float(tried[int(np.argmax(np.round(told, 9)))]), matches, others)


def card(labelled: Labelled, moved: Shift, stop: float) -> dict[str, Any]:
    """Return what a model's card tells of the labels that it was trained with."""
    weight = labelled.weight[labelled.match]
    return {
        "half": SEED,
        "matches": int(labelled.match.sum()),
        "non_matches": int((~labelled.match).sum()),
        "voices_of_matches": round(float(weight.sum() ** 2 / (weight**2).sum()), 1) if weight.size else 0.0,
        "held_at": HELD,
        "near_the_stop": {"matches": moved.matches, "non_matches": moved.non_matches},
        "needed_near_the_stop": {"labels": LEAST_NEAR, "of_each_verdict": LEAST_OF_EACH},
        "stop_moved_by_bits": moved.bits,
        "stop": stop,
    }
