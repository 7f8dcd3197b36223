"""Block: `feature.<type>` → `blocking.key_<type>` → `blocking.pair_<type>`, under the approved model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import qualified
from linkage.errors import DataError
from linkage.matching.blocking import drop_stop_keys, large_blocks, make_fresh_pairs, make_keys, make_pairs
from linkage.store.proposals import write_proposal

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.context import Run

READS = ("canonical.person", "canonical.business", "canonical.account", "change.gone", "change.fresh")
WRITES = ("blocking.key", "blocking.pair")


def block(run: Run) -> None:
    """Make keys and candidate pairs of every type; refuse a block over `max_block` before pairs are made (rule R9).

    A refusal leaves the keys in `proposed/` of the workspace, for `linkage models amend`.

    In an increment only fresh records get keys, and only their pairs are made: with all others and among themselves.
    """
    for entity_type in run.types:
        run.progress(f"block {entity_type}")
        model = run.models[entity_type]
        if entity_type in run.amended_types:
            _add_keys(run, entity_type, model)
            make_fresh_pairs(run.engine, entity_type)
        elif not model.trained_now:
            make_keys(run.engine, entity_type, model.rules)
            drop_stop_keys(run.engine, entity_type, model.stop_keys)
            _refuse_large(run, entity_type)
            make_pairs(run.engine, entity_type)
        if not run.trial:
            # What an earlier run was refused for is no longer so.
            run.workspace.proposed(entity_type).unlink(missing_ok=True)
        run.count(f"types.{entity_type}.pairs", run.engine.value(f"SELECT count(*) FROM blocking.pair_{entity_type}"))


def _add_keys(run: Run, entity_type: EntityType, model: Model) -> None:
    """Take the keys of records that are gone out of the key table, and put those of fresh records in."""
    engine, keys = run.engine, qualified("blocking", f"key_{entity_type}")
    make_keys(engine, entity_type, model.rules, "fresh")
    drop_stop_keys(engine, entity_type, model.stop_keys, "fresh")
    fresh, gone = qualified("blocking", f"fresh_{entity_type}"), qualified("change", f"gone_{entity_type}")
    engine.run(f"DELETE FROM {keys} WHERE record IN (SELECT record FROM {gone})")
    engine.run(f"INSERT INTO {keys} FROM {fresh}")
    _refuse_large(run, entity_type, fresh=True)


def _refuse_large(run: Run, entity_type: EntityType, *, fresh: bool = False) -> None:
    model = run.models[entity_type]
    found = large_blocks(run.engine, entity_type, model.rules, model.max_block, fresh=fresh)
    if found:
        worst = found[0]
        proposal = {
            "entity_type": entity_type,
            "model": model.hash,
            "run": run.number,
            "max_block": model.max_block,
            # Keys have 64 bits, more than a number of JSON can be trusted with.
            "keys": [
                {"rule": one.rule, "key": str(one.key), "records": one.records, "example": one.example} for one in found
            ],
        }
        if not run.trial:
            write_proposal(run.workspace.proposed(entity_type), proposal)
        message = (
            f"{entity_type}: {len(found)} blocking keys are held by more than max_block = {model.max_block} records; the largest, of rule "
            f"{worst.rule!r}, by {worst.records:,} (one is {worst.example}); look at these values; to set them aside: "
            f"linkage models amend {run.project.path} {entity_type}, then linkage approve with the model that it makes, then run again"
        )
        raise DataError(message)
