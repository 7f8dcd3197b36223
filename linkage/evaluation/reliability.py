"""What the model says of pairs against what is true of them: a stated probability should mean what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.config.entity import BITS
from linkage.engine.sql import qualified, quote

if TYPE_CHECKING:
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
