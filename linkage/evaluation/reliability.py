"""What the model says of pairs against what is true of them: a stated probability should mean what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.config.entity import BITS
from linkage.engine.sql import qualified, quote

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from linkage.engine.duckdb import Engine

BANDS = (-2, 0, 2, 4, 7, 10)
"""Bits of match weight at which bands part: chances of .2, .5, .8, .94, .992, .999."""


@dataclass(frozen=True, slots=True)
class Band:
    """Stored pairs of one band of match weight, `low` to below `high` bits (None: open).

    `stated` is the mean probability that the model gives them, `found` the share that is one entity by the truth.
    """

    low: int | None
    high: int | None
    pairs: int
    stated: float
    found: float

    def to_json(self) -> dict[str, float | int | None]:
        """Return everything as plain values."""
        return {"low": self.low, "high": self.high, "pairs": self.pairs, "stated": self.stated, "found": self.found}


def reliability(base: Engine, kind: str, labelled: pa.Table) -> tuple[Band, ...]:
    """Return the bands that hold pairs, the lowest first.

    labelled: dataset, key, role and entity (BIGINT) of records whose entity is known. Pairs are those that blocking found and
    scoring kept (from the review weight or the floor up); pairs of one entity are not independent, so a band of few
    entities tells little.
    """
    band = " + ".join(f"CAST(weight >= {bits * BITS} AS INTEGER)" for bits in BANDS)
    with base.registered("labelled", labelled):
        rows = base.rows(
            f"""
            WITH own AS (
                SELECT entity.record, labelled.entity FROM labelled
                JOIN canonical.{quote(kind)} AS entity USING (dataset, key, role)
            )
            SELECT {band} AS band, count(*), round(avg(1 / (1 + pow(2, -weight / {BITS}.0))), 6), avg(CAST(one.entity = two.entity AS INTEGER))
            FROM {qualified("scoring", f"edge_{kind}")} AS edge
            JOIN own AS one ON one.record = edge.a JOIN own AS two ON two.record = edge.b
            GROUP BY band ORDER BY band
            """
        )
    limits = (None, *BANDS, None)
    return tuple(
        Band(limits[place], limits[place + 1], int(pairs), float(stated), float(found))
        for place, pairs, stated, found in rows
    )


def pair_bands(
    bits: npt.NDArray[np.float64], match: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64]
) -> tuple[Band, ...]:
    """Return the bands that hold judged pairs, the lowest first; shares are of the pairs that these stand for.

    bits: the model's match weight; match: the verdict; weight: how many pairs each stands for. One entry a judged pair.
    """
    limits = (None, *BANDS, None)
    place = np.searchsorted(np.array(BANDS), bits, side="right")
    stated = 1 / (1 + np.exp2(-bits))
    return tuple(
        Band(
            limits[band],
            limits[band + 1],
            int(own.sum()),
            round(float(np.average(stated[own], weights=weight[own])), 6),
            round(float(np.average(match[own], weights=weight[own])), 6),
        )
        for band in range(len(BANDS) + 1)
        if (own := place == band).any()
    )
