"""How well a model tells judged pairs apart, by its weight alone: pure functions of weights and verdicts.

A pair counts as told a match where it weighs at least the match threshold; clustering, evidence from other types and
judgements themselves play no part, so pairs whose verdicts every run follows can still measure. Only pairs that never
train are to be handed in (`linkage.matching.labels.weigh_measuring`).

Precision and recall are estimated from pairs that samples drew, each standing for the pairs of its stratum (Horvitz and
Thompson, JASA 47, 1952), with the intervals of `ratio_intervals`, pairs being the units. Recall is of the pairs that could be
drawn: those blocking found and scoring kept at that time. Pairs that people chose to judge tell nothing of the others and are only counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.config.entity import BITS
from linkage.evaluation.estimate import Estimate, Estimates
from linkage.evaluation.intervals import ratio_intervals
from linkage.evaluation.reliability import Band, pair_bands

if TYPE_CHECKING:
    from linkage.matching.labels import Labelled


@dataclass(frozen=True, slots=True)
class PairMeasures:
    """Judged pairs by verdict and by what the model tells, estimates from drawn pairs (None without any), and reliability."""

    stop: float
    matches_told: int
    matches_missed: int
    non_matches_told: int
    non_matches_refused: int
    estimates: Estimates | None
    reliability: tuple[Band, ...]

    def to_json(self) -> dict[str, object]:
        """Return everything as plain values."""
        return {
            "stop": self.stop,
            "matches_told": self.matches_told,
            "matches_missed": self.matches_missed,
            "non_matches_told": self.non_matches_told,
            "non_matches_refused": self.non_matches_refused,
            "estimates": self.estimates.to_json() if self.estimates else None,
            "reliability": [band.to_json() for band in self.reliability],
        }


def measure_pairs(drawn: Labelled | None, chosen: Labelled | None, stop: float) -> PairMeasures | None:
    """Measure a model whose match threshold is `stop` bits on judged pairs; None where there are none.

    The reliability table is of drawn pairs where there are any, else of those that people chose.
    """
    there = [one for one in (drawn, chosen) if one is not None and one.match.size]
    if not there:
        return None
    match = np.concatenate([one.match for one in there])
    told = np.concatenate([_told(one, stop) for one in there])
    first = there[0]
    return PairMeasures(
        stop=stop,
        matches_told=int((match & told).sum()),
        matches_missed=int((match & ~told).sum()),
        non_matches_told=int((~match & told).sum()),
        non_matches_refused=int((~match & ~told).sum()),
        estimates=_estimates(drawn, stop) if drawn is not None and drawn.match.size else None,
        reliability=pair_bands(first.bits, first.match, first.weight),
    )


def _told(labelled: Labelled, stop: float) -> np.ndarray:
    # Whole units, as in a run: a weight of exactly the threshold is a match.
    return np.asarray(np.round(labelled.bits * BITS) >= round(stop * BITS))


def _estimates(drawn: Labelled, stop: float) -> Estimates:
    told, weight = _told(drawn, stop), drawn.weight
    common, found, true = (np.where(one, weight, 0.0) for one in (told & drawn.match, told, drawn.match))
    intervals = ratio_intervals(np.column_stack((common, common)), np.column_stack((found, true)))
    values = [_ratio(common.sum(), whole) for whole in (found.sum(), true.sum(), (found.sum() + true.sum()) / 2)]
    return Estimates(
        *(
            Estimate(value, interval)
            for value, interval in zip(values, (intervals.precision, intervals.recall, intervals.f1), strict=True)
        )
    )


def _ratio(part: float, whole: float) -> float:
    """Return a share; one of nothing is 1, as everywhere in this package."""
    return float(part / whole) if whole else 1.0
