"""Block: `feature.<type>` → `blocking.key_<type>` → `blocking.pair_<type>`, under the approved model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import qualified
from linkage.errors import DataError
from linkage.matching.blocking import (
    count_blocks,
    count_pairs,
    drop_stop_keys,
    large_blocks,
    make_fresh_pairs,
    make_keys,
    make_pairs,
)
from linkage.stages.mark import keep_linkable
from linkage.store.proposals import write_proposal

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.matching.blocking import Block
    from linkage.matching.model import Model
    from linkage.stages.context import Run

READS = ("canonical.person", "canonical.business", "canonical.account", "change.gone", "change.fresh")
WRITES = ("blocking.key", "blocking.pair")


def block(run: Run) -> None:
    """Make keys of every type, refuse blocks over `max_block`, and only then make candidate pairs (rule R9).

    A refusal names every type that has such blocks and leaves their keys in `proposed/` of the workspace, for
    `linkage models amend`.

    In an increment only fresh records get keys, and only their pairs are made: with all others and among themselves.
    """
    refused = []
    for entity_type in run.types:
        run.progress(f"block {entity_type}: keys")
        is_fresh = entity_type in run.amended_types
        large = _keys(run, entity_type)
        pairs = count_pairs(run.engine, entity_type, run.models[entity_type].rules, fresh=is_fresh)
        run.count(f"types.{entity_type}.rule_pairs", pairs)
        if large:
            refused.append(_propose(run, entity_type, large))
        elif not run.trial:
            # What an earlier run was refused for is no longer so.
            run.workspace.proposed(entity_type).unlink(missing_ok=True)
    if refused:
        raise DataError(_refusal(run, refused))
    run.before_pairs(run)
    for entity_type in run.types:
        run.progress(f"block {entity_type}: pairs")
        if entity_type in run.amended_types:
            make_fresh_pairs(run.engine, entity_type)
        elif not run.models[entity_type].trained_now:
            make_pairs(run.engine, entity_type)
        keep_linkable(run, entity_type, qualified("blocking", f"pair_{entity_type}"))
        run.engine.run(f"DROP TABLE {qualified('blocking', f'size_{entity_type}')}")
        run.count(f"types.{entity_type}.pairs", run.engine.value(f"SELECT count(*) FROM blocking.pair_{entity_type}"))


def _keys(run: Run, entity_type: EntityType) -> list[Block]:
    """Make the keys of a type, and return the blocks that are too large."""
    engine, model = run.engine, run.models[entity_type]
    is_amended = entity_type in run.amended_types
    if is_amended:
        _add_keys(run, entity_type, model)
    elif not model.trained_now:
        # (Training makes keys, blocks and pairs itself, and sets aside what is too large.)
        make_keys(engine, entity_type, model.rules)
        drop_stop_keys(engine, entity_type, model.stop_keys)
    if not model.trained_now:
        count_blocks(engine, entity_type, fresh=is_amended)
    return large_blocks(engine, entity_type, model.rules, model.max_block)


def _add_keys(run: Run, entity_type: EntityType, model: Model) -> None:
    """Take the keys of records that are gone out of the key table, and put those of fresh records in."""
    engine, keys = run.engine, qualified("blocking", f"key_{entity_type}")
    make_keys(engine, entity_type, model.rules, "fresh")
    drop_stop_keys(engine, entity_type, model.stop_keys, "fresh")
    fresh, gone = qualified("blocking", f"fresh_{entity_type}"), qualified("change", f"gone_{entity_type}")
    engine.run(f"DELETE FROM {keys} WHERE record IN (SELECT record FROM {gone})")
    engine.run(f"INSERT INTO {keys} FROM {fresh}")


def _propose(run: Run, entity_type: EntityType, found: list[Block]) -> str:
    """Write the keys that `linkage models amend` would set aside; return the sentence that tells of them."""
    model, worst = run.models[entity_type], found[0]
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
    return (
        f"{entity_type}: {len(found)} blocking keys are held by more than max_block = {model.max_block} records; the largest, of rule "
        f"{worst.rule!r}, by {worst.records:,} (one is {worst.example})"
    )


def _refusal(run: Run, refused: list[str]) -> str:
    kinds = [sentence.partition(":")[0] for sentence in refused]
    amend = ", ".join(f"linkage models amend {run.project.path} {kind}" for kind in kinds)
    models = "the model that it makes" if len(kinds) == 1 else "each model that they make"
    return (
        f"{'; '.join(refused)}; look at these values; to set them aside: {amend}, then linkage approve with {models}, "
        "then run again"
    )
