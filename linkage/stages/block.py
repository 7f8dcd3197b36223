"""Block: `feature.<type>` → `blocking.key_<type>` → `blocking.pair_<type>`, under the approved model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.errors import DataError
from linkage.matching.blocking import drop_stop_keys, large_blocks, make_keys, make_pairs

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("canonical.person", "canonical.business", "canonical.account")
WRITES = ("blocking.key", "blocking.pair")


def block(run: Run) -> None:
    """Make keys and candidate pairs of every type; refuse a block over `max_block` before pairs are made (rule R9)."""
    for entity_type in run.types:
        run.progress(f"block {entity_type}")
        model = run.models[entity_type]
        if not model.trained_now:
            make_keys(run.engine, entity_type, model.rules)
            drop_stop_keys(run.engine, entity_type, model.stop_keys)
            _refuse_large(run, entity_type)
            make_pairs(run.engine, entity_type)
        run.count(f"types.{entity_type}.pairs", run.engine.value(f"SELECT count(*) FROM blocking.pair_{entity_type}"))


def _refuse_large(run: Run, entity_type: EntityType) -> None:
    model = run.models[entity_type]
    found = large_blocks(run.engine, entity_type, model.rules, model.max_block)
    if found:
        worst = found[0]
        message = (
            f"{entity_type}: {len(found)} blocking keys are held by more than max_block = {model.max_block} records; the largest, of rule "
            f"{worst.rule!r}, by {worst.records:,} (one is {worst.example}); look at these values, then run with --retrain "
            "to make a model that sets them aside"
        )
        raise DataError(message)
