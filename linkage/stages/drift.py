"""Drift: how the data of a type look today, beside what its model was trained on.

The figures are a pure function of `canonical.<type>`, `scoring.edge_<type>` and the model. What they were is kept in the
model's card; where a model has none, in the report of the first run that used it. Nothing that is decided depends on them.

An increment adds its batch to the counts of the last report and takes off what is gone, so its work follows the batch.
Values cannot be kept so: they are counted anew once a hundredth of the records has come in since they last were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import qualified
from linkage.matching.keyed import keyed_parameters, keyed_sql
from linkage.matching.model import GENERIC_SCHEMA, read_common
from linkage.matching.shape import (
    DIGITS,
    FLOOR,
    GENERIC,
    TIMES,
    added,
    common_values,
    count_edges,
    count_records,
    counted_values,
    figures,
    shape,
    share,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.context import Run

READS = (
    "canonical.person",
    "canonical.business",
    "canonical.account",
    "scoring.edge",
    "scoring.fresh",
    "change.gone",
    "change.fresh",
    "change.edge",
)
WRITES = ()

# From here a change is told: a share by ten points of a hundred, edges a record by half, records to double or half.
SHARE_MOVED = 0.10
EDGES_TIMES = 1.5
RECORDS_TIMES = 2.0
# Shares of fewer edges than this move by chance alone.
LEAST_EDGES = 100
# Values are counted again when this share of the records has come in since.
VALUES_SHARE = 0.01
TRAINED, FIRST_USED = "trained", "first used"


def drift(run: Run) -> None:
    """Count how each type looks (`types.<type>.shape`), and tell what has moved since its model was trained (`drift`)."""
    for entity_type in run.types:
        last = _last_shape(run, entity_type)
        counts = _counts(run, entity_type, last)
        values = _values(run, entity_type, last)
        now = {**shape(counts), "counts": counts, "values": values}
        run.count(f"types.{entity_type}.shape", now)
        then, since = run.models[entity_type].card.get("shape"), TRAINED
        if then is None:
            then, since = _first_shape(run, entity_type), FIRST_USED
        found = moved(entity_type, then, now, since) if then else []
        run.count(f"drift.{entity_type}", found + _told_values(run, entity_type, values["found"]))


def _last_shape(run: Run, entity_type: EntityType) -> dict[str, Any] | None:
    """Return the figures of the run that made the base, where this run goes on with them."""
    last = run.ledger.last_run()
    if last is None or entity_type not in run.amended_types:
        return None
    told = last.report.get("types", {}).get(entity_type, {})
    # A run of before counts were kept has only shares.
    kept: dict[str, Any] = told.get("shape", {})
    return kept if told.get("model") == run.models[entity_type].hash and "counts" in kept else None


def _counts(run: Run, entity_type: EntityType, last: dict[str, Any] | None) -> dict[str, Any]:
    """Count records and edges: all of them, or what the batch adds to the last figures and takes off."""
    engine, model = run.engine, run.models[entity_type]
    if last is None:
        records, edges = qualified("canonical", entity_type), qualified("scoring", f"edge_{entity_type}")
        return count_records(engine, model, records) | count_edges(engine, model, edges)
    fresh, gone = (qualified("change", f"{what}_{entity_type}") for what in ("fresh", "gone"))
    made, lost = qualified("scoring", f"fresh_{entity_type}"), qualified("change", f"edge_{entity_type}")
    more = count_records(engine, model, fresh) | count_edges(engine, model, made)
    less = count_records(engine, model, gone) | count_edges(engine, model, lost)
    if figures(more) != figures(last["counts"]):
        # Another program counted them: it compares other columns, or knows other levels.
        return _counts(run, entity_type, None)
    return added(added(more, last["counts"]), less, -1)


def _values(run: Run, entity_type: EntityType, last: dict[str, Any] | None) -> dict[str, Any]:
    """Return `fresh` (records that came in since values were counted) and `found` (column → newly generic values).

    Of these are told how many `values` there are, and of the most common one how many records hold it `now` and held it `then`
    (null: fewer than are kept), never the value.
    """
    engine, model = run.engine, run.models[entity_type]
    if model.trained_now and model.card.get("records") == run.counts["types"][entity_type]["records"]:
        # Of the very records that it was trained on.
        return {"fresh": 0, "found": {}}
    if last is not None and "values" in last:
        fresh = last["values"]["fresh"] + engine.value(
            f"SELECT count(*) FROM {qualified('change', f'fresh_{entity_type}')}"
        )
        total = last["counts"]["records"]
        if fresh < VALUES_SHARE * total:
            return {"fresh": fresh, "found": last["values"]["found"]}
    common = read_common(run.workspace.models, model)
    if common is None:
        return {"fresh": 0, "found": {}}
    return {"fresh": 0, "found": _new_generic(run, model, common)}


def _new_generic(run: Run, model: Model, common: pa.Table) -> dict[str, Any]:
    """Return column → what is told of the values that say far less now than when the model was trained."""
    engine = run.engine
    records = engine.value(f"SELECT count(*) FROM {qualified('canonical', model.entity_type)}")
    # Ten times the share, not the number: where all grows, what was common is as common as it was.
    grown = max(1.0, records / max(model.card.get("records", records), 1))
    with (
        engine.registered("values_now", common_values(engine, model, GENERIC)),
        engine.registered("values_then", common),
        engine.registered("set_aside", model.generic.cast(GENERIC_SCHEMA)),
    ):
        rows = engine.rows(
            f"""
            WITH risen AS (
                SELECT now."column", now.records AS held, was.records AS held_then,
                       row_number() OVER (PARTITION BY now."column" ORDER BY now.records DESC, now.value) AS place
                FROM values_now AS now LEFT JOIN values_then AS was ON was."column" = now."column" AND was.value = {keyed_sql(model.key, "now.value")}
                ANTI JOIN set_aside AS known ON known."column" = now."column" AND known.value = now.value
                WHERE now.records >= $times * $grown * coalesce(was.records, $floor - 1)
            )
            SELECT "column", count(*), max(held) FILTER (WHERE place = 1), max(held_then) FILTER (WHERE place = 1)
            FROM risen GROUP BY "column" ORDER BY "column"
            """,
            {"times": TIMES, "grown": grown, "floor": FLOOR, **keyed_parameters(model.key)},
        )
    return {column: {"values": values, "now": now, "then": then} for column, values, now, then in rows}


def _told_values(run: Run, entity_type: EntityType, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the findings on values: `what`, `then`, `now` (records that hold the most common), `told`, and `look`, a query.

    A log or report holds no value; the query shows them to who may read the base.
    """
    queries = counted_values(run.engine, run.models[entity_type])
    findings = []
    for column, one in sorted(found.items()):
        look = (
            f"SELECT value, count(*) AS records FROM ({queries[column]}) WHERE value IS NOT NULL GROUP BY value "
            f"HAVING records >= {GENERIC} ORDER BY records DESC, value LIMIT 20"
        )
        then = f"{one['then']:,}" if one["then"] is not None else f"fewer than {FLOOR}"
        told = (
            f"{entity_type}: {one['values']:,} values of {column} are held by far more records than when the model was trained (the most "
            f"common by {one['now']:,}, then by {then}); look at them in {run.workspace.base(run.number)} (look of the report is the query), "
            "add what says nothing to the placeholders, or train a new model (linkage train)"
        )
        findings.append(
            {"what": f"values {column}", "then": one["then"], "now": one["now"], "told": told, "look": look}
        )
    return findings


def moved(entity_type: str, then: dict[str, Any], now: dict[str, Any], since: str = TRAINED) -> list[dict[str, Any]]:
    """Return what has moved beyond its threshold: `what`, `then`, `now`, and `told`, a sentence that names the mend.

    `since` says what happened to the model when the figures were those of then.
    """
    found: list[tuple[str, float, float]] = []
    if _times(then["records"], now["records"]) >= RECORDS_TIMES:
        found.append(("records", then["records"], now["records"]))
    for name in sorted(then["filled"].keys() & now["filled"].keys()):
        before, after = then["filled"][name], now["filled"][name]
        if _apart(before, after) >= SHARE_MOVED:
            found.append((f"filled {name}", before, after))
    edges_then, edges_now = (share(one["edges"], one["records"]) for one in (then, now))
    if max(then["edges"], now["edges"]) >= LEAST_EDGES and _times(edges_then, edges_now) >= EDGES_TIMES:
        found.append(("edges a record", edges_then, edges_now))
    if min(then["edges"], now["edges"]) >= LEAST_EDGES:
        shares_then, shares_now = _edge_shares(then), _edge_shares(now)
        found += [
            (name, shares_then[name], shares_now[name])
            for name in shares_now
            if name in shares_then and _apart(shares_then[name], shares_now[name]) >= SHARE_MOVED
        ]
    return [
        {"what": what, "then": before, "now": after, "told": _told(entity_type, what, before, after, since)}
        for what, before, after in found
    ]


def _edge_shares(one: dict[str, Any]) -> dict[str, float]:
    """Return the shares of the edges by what they are told as: those that match, then each level, in order."""
    levels = {
        f"level {comparison}.{level}": number
        for comparison, levels in sorted(one.get("levels", {}).items())
        for level, number in sorted(levels.items())
    }
    return {"match": one["match"], **levels}


def _first_shape(run: Run, entity_type: EntityType) -> dict[str, Any] | None:
    """Return the figures of the first run that used this model, of those that kept any."""
    for row in run.ledger.runs():
        told = row.report.get("types", {}).get(entity_type, {})
        if told.get("model") == run.models[entity_type].hash and "shape" in told:
            shape_then: dict[str, Any] = told["shape"]
            return shape_then
    return None


def _told(entity_type: str, what: str, then: float, now: float, since: str) -> str:
    return f"{entity_type}: {what} was {then:g} when the model was {since}, now {now:g}: train a new one (linkage train), and compare before you approve it"


def _apart(then: float, now: float) -> float:
    # Rounded, so that a step of exactly the threshold is told whatever binary fractions make of it.
    return round(abs(now - then), DIGITS)


def _times(then: float, now: float) -> float:
    """Return how many times the smaller one the larger is."""
    least, most = sorted((then, now))
    if not most:
        return 1.0
    return round(most / least, DIGITS) if least else float("inf")
