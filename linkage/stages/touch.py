"""Touch: what has changed → `change.touched_<audience>`, the records whose identity an increment may change.

Seeds are fresh records, what their new edges lead to, the components of records that are gone, pairs whose evidence from
types resolved before is new or gone, and records of judgements that are new, undone, or on such records. With a record goes its whole old component: no edge of weight leads out of
the touched records, so clustering them alone gives what clustering everything would (rule R2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import meeting, qualified, quote
from linkage.matching.evidence import gathered
from linkage.matching.features import make_features, make_frequencies
from linkage.stages import changes

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("change.gone", "change.fresh", "scoring.fresh", "resolution.cluster", "resolution.evidence", "kept.judgement")
WRITES = ("change.touched", "change.judged")


def begin_audience(run: Run, audience: str) -> None:
    """Find whether the audience's identities are amended, and start its table of touched records."""
    for table in (_judged_name(audience), touched(audience)):
        run.engine.run(f"DROP TABLE IF EXISTS {table}")
    if _can_amend(run, audience):
        run.amended_audiences.add(audience)
        run.engine.run(f"CREATE TABLE {touched(audience)} (entity_type VARCHAR, record BIGINT)")


def touch(run: Run, audience: str, entity_type: EntityType) -> None:
    """Find the touched records of a type, and make the features that clustering them needs.

    Types are touched in the order in which they are resolved: what touches one may touch the next.
    """
    _judged(run, audience, entity_type)
    if audience in run.amended_audiences:
        _touch(run, audience, entity_type)
    if entity_type in run.amended_types:
        _make_features(run, audience, entity_type)


def touched(audience: str) -> str:
    """Return the quoted name of the table with an audience's touched records."""
    return qualified("change", f"touched_{audience}")


def among(run: Run, audience: str, entity_type: EntityType, record: str) -> str:
    """Return the SQL test that column `record` is one that the audience's clustering, ids and values are made of."""
    if audience not in run.amended_audiences:
        return "TRUE"
    return f"{record} IN ({_touched_records(audience, entity_type)})"


def held_records(run: Run, audience: str, entity_type: EntityType) -> str:
    """Return the table of these records as they are in the canonical one, which may hold others too that the audience does not see.

    Of a whole base few records are read once and kept apart: each time they would have to be looked for in all its columns.
    """
    if audience not in run.amended_audiences:
        return qualified("canonical", entity_type)
    return qualified("change", _held(audience, entity_type))


def _held(audience: str, entity_type: EntityType) -> str:
    return f"held_{audience}_{entity_type}"


def pairs_among(run: Run, audience: str, entity_type: EntityType, pairs: str) -> str:
    """Return the query of the pairs (columns a, b) in the table `pairs` of which one is such a record."""
    if audience not in run.amended_audiences:
        return f"FROM {pairs}"
    return meeting(pairs, _touched_records(audience, entity_type))


def _touched_records(audience: str, entity_type: EntityType) -> str:
    return f"SELECT record FROM {touched(audience)} WHERE entity_type = '{entity_type}'"


def _can_amend(run: Run, audience: str) -> bool:
    """Whether the audience's last identities were made under the models and settings of today."""
    same = run.signatures.get(f"audience:{audience}") == changes.audience_signature(run, audience)
    # A purge leaves no row of before in a file: the release is written whole.
    same = same and run.options.purge is None
    return same and changes.same_sight(run, audience) and not run.anew and run.amended_types == set(run.types)


def _touch(run: Run, audience: str, entity_type: EntityType) -> None:
    engine, model = run.engine, run.models[entity_type]
    values = {
        "floor": model.units(model.thresholds.floor),
        "type": entity_type,
    }
    fresh, gone = qualified("change", f"fresh_{entity_type}"), qualified("change", f"gone_{entity_type}")
    edges = qualified("scoring", f"fresh_{entity_type}")
    cluster = qualified("resolution", f"cluster_{audience}_{entity_type}")
    known = qualified("resolution", gathered(audience, entity_type))
    # What an audience does not see touches nothing of its own (rule R7).
    visible = f"SELECT record FROM canonical.{quote(entity_type)} WHERE {run.sees(audience)}"
    engine.create_as(
        "change",
        "seed",
        f"""
        SELECT record FROM {fresh}
        UNION SELECT unnest([a, b]) FROM {edges} WHERE weight >= $floor AND a IN ({visible}) AND b IN ({visible})
        UNION SELECT record FROM {gone}
        UNION SELECT unnest([a, b]) FROM ({_moved("resolution.evidence", known)} UNION ALL {_moved(known, "resolution.evidence")})
        UNION SELECT entity.record FROM canonical.{quote(entity_type)} AS entity
        JOIN (FROM {_judged_name(audience)} WHERE entity_type = $type) AS judged USING (dataset, key, role)
        """,
        values,
    )
    engine.create_as(
        "change",
        _held(audience, entity_type),
        f"""
        WITH held AS (SELECT DISTINCT whole FROM {cluster} SEMI JOIN change.seed USING (record)),
             reached AS (SELECT record FROM change.seed UNION SELECT record FROM {cluster} SEMI JOIN held USING (whole))
        FROM canonical.{quote(entity_type)} SEMI JOIN reached USING (record) WHERE {run.sees(audience)}
        """,
    )
    engine.run(
        f"INSERT INTO {touched(audience)} SELECT $type, record FROM {held_records(run, audience, entity_type)}", values
    )


def _moved(one: str, other: str) -> str:
    """Return the evidence of one table that the other lacks, or has with another weight."""
    return f"SELECT a, b FROM {one} ANTI JOIN {other} USING (a, b, bits)"


def _judged_name(audience: str) -> str:
    return qualified("change", f"judged_{audience}")


def _judged(run: Run, audience: str, entity_type: EntityType) -> None:
    """Add to `change.judged_<audience>` the records of judgements that are new or undone, or that stand on a changed record.

    Columns entity_type, dataset, key, role, and is_decision: whether it is a judgement itself that is new or undone.
    """
    engine = run.engine
    now = changes.judged_table(run.judgements(audience, entity_type))
    with engine.registered("judged_now", now):
        engine.create_as(
            "change",
            "judgement",
            "SELECT * EXCLUDE (audience, entity_type, lost) FROM kept.judgement WHERE audience = $audience AND entity_type = $type "
            "UNION ALL FROM judged_now",
            {"audience": audience, "type": entity_type},
        )
    moved = "SELECT NULL AS dataset, NULL AS key, NULL AS role WHERE FALSE"
    if entity_type in run.amended_types:
        moved = " UNION ".join(
            f"SELECT dataset, key, role FROM {qualified('change', f'{what}_{entity_type}')} WHERE {run.sees(audience)}"
            for what in ("gone", "fresh")
        )
    engine.create_as(
        "change",
        "judged",
        f"""
        WITH named AS (
            SELECT judgement, dataset_a AS dataset, key_a AS key, role_a AS role FROM change.judgement
            UNION ALL SELECT judgement, dataset_b, key_b, role_b FROM change.judgement
        ), moved AS ({moved}), concerned AS (
            SELECT judgement, TRUE AS is_decision FROM change.judgement GROUP BY judgement HAVING count(*) = 1
            UNION ALL SELECT DISTINCT judgement, FALSE FROM named SEMI JOIN moved USING (dataset, key, role)
        )
        SELECT $type AS entity_type, dataset, key, role, bool_or(is_decision) AS is_decision
        FROM named JOIN concerned USING (judgement) GROUP BY ALL
        """,
        {"type": entity_type},
    )
    engine.run(f"CREATE TABLE IF NOT EXISTS {_judged_name(audience)} AS FROM change.judged LIMIT 0")
    engine.run(f"INSERT INTO {_judged_name(audience)} FROM change.judged")


def _make_features(run: Run, audience: str, entity_type: EntityType) -> None:
    """Make the features of the records to cluster (scoring has made those of fresh pairs)."""
    source = held_records(run, audience, entity_type)
    if audience in run.amended_audiences and not run.engine.value(f"SELECT count(*) FROM {source}"):
        return
    make_features(run.engine, run.models[entity_type], source=source)
    make_frequencies(run.engine, run.models[entity_type])
