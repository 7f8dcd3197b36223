"""What owners release of their records into a model's counts: of some no value that few hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linkage.engine.sql import literal, quote
from linkage.matching.model import FREQUENCY_SCHEMA
from linkage.matching.rarity import counted_rows

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

LEAST_HOLDERS = 10
"""Records that hold a value of which an owner releases aggregates alone."""


def released(engine: Engine, model: Model, aggregates: str) -> Model:
    """Return the model without the frequencies of values that only records of `aggregates` hold, and fewer than `LEAST_HOLDERS` of them.

    `aggregates` is the SQL test of those records in `canonical.<type>`. What is left out is as rare as a value that nobody was counted
    with. The features of the type must be there.
    """
    told = " UNION ALL ".join(
        f'SELECT {literal(name)} AS "column", CAST(value AS VARCHAR) AS value, record FROM {source}'
        for name, source in counted_rows(model, model.frequencies["column"].unique().to_pylist()).items()
    )
    if not told:
        return model
    with engine.registered("counted_value", model.frequencies):
        kept = engine.arrow(
            f"""
            SELECT counted.* FROM counted_value AS counted SEMI JOIN (
                SELECT "column", value FROM ({told})
                JOIN (SELECT record, {aggregates} AS is_aggregate FROM canonical.{quote(model.entity_type)}) USING (record)
                GROUP BY ALL HAVING NOT bool_and(is_aggregate) OR count(DISTINCT record) >= {LEAST_HOLDERS}
            ) AS held USING ("column", value) ORDER BY "column", value
            """
        )
    return replace(model, frequencies=kept.cast(FREQUENCY_SCHEMA))
