"""Precision and recall from a stratified sample of judged pairs; pure functions of counts.

Pairs are cut into strata, and each stratum is sampled without replacement. With N pairs in a stratum, n of them judged
and k judged a match, each judged pair stands for N / n pairs, and N k / n estimates its true pairs (Horvitz and Thompson,
"A Generalization of Sampling Without Replacement from a Finite Universe", JASA 47, 1952). Precision is the true pairs of
the strata whose pairs share an identity over all pairs of these strata, a known number; recall is the same true pairs
over those of all strata.

The normal interval of such a sum fails where nearly all pairs of a stratum are judged alike, which is the rule here.
Instead each stratum's share of matches has its two one-sided confidence distributions, Beta(k, n - k + 1) downwards and
Beta(k + 1, n - k) upwards, whose tails are the bounds of Clopper and Pearson (Biometrika 26, 1934; Schweder and Hjort,
"Confidence and Likelihood", Scandinavian Journal of Statistics 29, 2002). The matches among the N - n pairs that nobody
judged are drawn from them, for every stratum by itself. The lower end of an interval is the 2.5th percentile of the
figure with strata of one identity drawn downwards and the others upwards, the upper end the 97.5th the other way round:
rather too long than too short. A stratum that is judged whole adds no doubt. Pairs without a verdict are taken for a
random part of their stratum.

How many pairs each stratum gets follows Neyman ("On the Two Different Aspects of the Representative Method", JRSS 97,
1934): in proportion to its pairs times the spread of their verdicts, as far as the model's own weights foretell it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.errors import DataError
from linkage.evaluation.intervals import LEVEL, SEED, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAWS = 20_000
LEAST_OF_STRATUM = 5
# The model's certainty is what is on trial: no stratum is planned as if it were surer than this.
_SUREST = 0.95


@dataclass(frozen=True, slots=True)
class Stratum:
    """A stratum: its name, whether its pairs share an identity, its pairs, those judged, and the matches among them."""

    name: str
    together: bool
    pairs: int
    judged: int
    matches: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated figure and its interval."""

    value: float
    interval: Interval

    def to_json(self) -> dict[str, object]:
        """Return both as plain values."""
        return {"estimate": self.value, "interval": list(self.interval)}


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimated pairwise precision, recall and F1."""

    precision: Estimate
    recall: Estimate
    f1: Estimate

    def to_json(self) -> dict[str, object]:
        """Return the three by name."""
        return {name: getattr(self, name).to_json() for name in ("precision", "recall", "f1")}


def estimate(strata: Sequence[Stratum], *, seed: int = SEED) -> Estimates:
    """Estimate precision, recall and F1. Raises DataError for a stratum of which no pair is judged, or for none at all."""
    for one in strata:
        if not 0 <= one.matches <= one.judged <= one.pairs:
            message = f"stratum {one.name}: {one.matches} matches, {one.judged} judged, {one.pairs} pairs do not fit"
            raise DataError(message)
        if one.pairs and not one.judged:
            message = f"stratum {one.name}: none of its pairs has a verdict of match or non-match; judge at least one, better five"
            raise DataError(message)
    known = [one for one in strata if one.pairs]
    if not known:
        message = "the sample has no pairs: there is nothing to estimate"
        raise DataError(message)
    pairs, judged, matches = (
        np.array([getattr(one, name) for one in known], dtype=np.int64) for name in ("pairs", "judged", "matches")
    )
    together = np.array([one.together for one in known])
    whole = int(pairs[together].sum())
    told = _ratios((pairs * matches / judged)[np.newaxis, :], together, whole)
    random = np.random.default_rng(seed)
    left = pairs - judged
    low, high = (
        _ratios(matches + random.binomial(left, _shares(random, matches, judged, up)), together, whole)
        for up in (~together, together)
    )
    tail = (1 - LEVEL) / 2
    figures = [
        Estimate(float(value[0]), (float(np.quantile(least, tail)), float(np.quantile(most, 1 - tail))))
        for value, least, most in zip(told, low, high, strict=True)
    ]
    return Estimates(*figures)


def _shares(random: np.random.Generator, matches: np.ndarray, judged: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Draw the share of matches of each stratum, from above where `up`, else from below."""
    first, second = matches + up, judged - matches + ~up
    # A beta distribution without weight on one side is a point: all pairs are judged alike.
    drawn = random.beta(np.maximum(first, 1), np.maximum(second, 1), size=(DRAWS, matches.size))
    return np.where(first == 0, 0.0, np.where(second == 0, 1.0, drawn))


def _ratios(true: np.ndarray, together: np.ndarray, whole: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return precision, recall and F1 of rows of true pairs by stratum."""
    common, every = true[:, together].sum(axis=1), true.sum(axis=1)
    precision = common / whole if whole else np.ones_like(common)
    recall = np.where(every > 0, common / np.where(every > 0, every, 1), 1.0)
    total = whole + every
    f1 = np.where(total > 0, 2 * common / np.where(total > 0, total, 1), 1.0)
    return precision, recall, f1


def allocate(pairs: Sequence[int], chances: Sequence[float], size: int) -> list[int]:
    """Return how many pairs of each stratum to sample: `size` in all, or every pair where there are not so many.

    `chances` is the mean probability of a match that the model gives a stratum's pairs. Every stratum gets
    `LEAST_OF_STRATUM` pairs where it has them and the size allows, the rest goes by Neyman's rule.
    """
    count = np.asarray(pairs, dtype=np.int64)
    if count.sum() <= size:
        return [int(one) for one in count]
    least = min(LEAST_OF_STRATUM, size // max(int(np.count_nonzero(count)), 1))
    given = np.minimum(count, least)
    chance = np.clip(np.asarray(chances, dtype=np.float64), 1 - _SUREST, _SUREST)
    want = count * np.sqrt(chance * (1 - chance))
    while (left := size - int(given.sum())) > 0:
        room = count - given
        share = np.where(room > 0, want, 0.0)
        more = np.minimum(np.floor(left * share / share.sum()).astype(np.int64), room)
        if not more.any():
            # Less than one each is left: one by one to those that are owed most.
            order = np.argsort(-share, kind="stable")[: min(left, int(np.count_nonzero(room)))]
            more[order] = 1
        given += more
    return [int(one) for one in given]
