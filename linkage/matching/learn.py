"""Learning m, u and the match rate from counted agreement patterns: what `train` has sampled, in plain arrays.

u comes from random pairs freed of the matches among them; m from EM over the patterns of each blocking rule, where a
comparison that the rule decides stands aside; levels that hold given other agreement, from pairs that have it; both are
shrunk towards the shipped priors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from linkage.matching.comparisons import weighed_levels
from linkage.matching.labels import HELD
from linkage.matching.model import Chances, Model, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from linkage.config.entity import Training
    from linkage.matching.labels import Labelled

RANDOM, UNION = "random", "union"
RULE = "rule:"
"""What the names of samples begin with: random pairs, candidates of all rules, and each rule that trains with its name."""
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


class Learner:
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
            if not name.startswith(RULE) or not sample.trains:
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
