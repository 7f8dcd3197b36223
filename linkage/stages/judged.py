"""Judgements as clustering takes them: between places of records, and kept with what became of them (rule R3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linkage.clustering import Judgements
from linkage.stages.mark import BARRED, bound_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.config.source import EntityType
    from linkage.stages.context import Run


def placed_judgements(run: Run, kind: EntityType, judged: pa.Table) -> tuple[Judgements, list[int], list[int]]:
    """Return the judgements between records that are clustered now, their numbers, and those that join what may not link."""
    if not len(judged):
        return Judgements.none(), [], []
    bound = bound_sql(run, kind) or "SELECT CAST(NULL AS BIGINT) AS record, '' AS compartment WHERE FALSE"
    with run.engine.registered("judged", judged):
        rows = run.engine.rows(
            "SELECT judged.judgement, one.place, two.place, verdict = 'match', "
            f"verdict = 'match' AND {BARRED.replace('one.', 'bound_one.').replace('two.', 'bound_two.')} FROM judged "
            "LEFT JOIN making.place AS one ON one.dataset = dataset_a AND one.key = key_a AND one.role = role_a "
            "LEFT JOIN making.place AS two ON two.dataset = dataset_b AND two.key = key_b AND two.role = role_b "
            f"LEFT JOIN ({bound}) AS bound_one ON bound_one.record = one.record LEFT JOIN ({bound}) AS bound_two ON bound_two.record = two.record "
            "ORDER BY judged.judgement"
        )
    # A judgement on a record that is withdrawn at present waits until the record returns.
    held = [row for row in rows if row[1] is not None and row[2] is not None]
    # What the owner of a record allows outranks a steward.
    standing = [row for row in held if not row[4]]
    columns = np.array([[row[1], row[2]] for row in standing], dtype=np.int64).reshape(-1, 2)
    placed = Judgements(columns[:, 0], columns[:, 1], np.array([row[3] for row in standing], dtype=np.bool_))
    return placed, [row[0] for row in standing], [row[0] for row in held if row[4]]


def keep_judgements(
    run: Run, audience: str, entity_type: EntityType, judged: pa.Table, standing: list[int], lost: list[int]
) -> list[int]:
    """Keep which judgements this clustering was made under, and which of them lost; return those.

    One that concerned no record that was clustered now has lost if it had lost before.
    """
    engine = run.engine
    whose = "audience = $audience AND entity_type = $type"
    values = {"audience": audience, "type": entity_type, "standing": standing, "lost": lost}
    before = [row[0] for row in engine.rows(f"SELECT judgement FROM kept.judgement WHERE {whose} AND lost", values)]
    values["lost"] = [*lost, *(set(before) - set(standing) if audience in run.amended_audiences else ())]
    engine.run(f"DELETE FROM kept.judgement WHERE {whose}", values)
    with engine.registered("judged", judged):
        engine.run(
            "INSERT INTO kept.judgement SELECT $audience, $type, *, list_contains($lost, judgement) FROM judged", values
        )
    return [
        row[0] for row in engine.rows(f"SELECT judgement FROM kept.judgement WHERE {whose} AND lost ORDER BY 1", values)
    ]
