"""Drift: how the data of a type look today, beside the first run that used its model.

The figures are a pure function of `canonical.<type>`, `scoring.edge_<type>` and the model; those of then are kept in the run
reports of the ledger. Nothing that is decided depends on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import qualified, quote
from linkage.matching.comparisons import base_columns, own_columns

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("canonical.person", "canonical.business", "canonical.account", "scoring.edge")
WRITES = ()

# From here a change is told: a share by ten points of a hundred, edges a record by half, records to double or half.
SHARE_MOVED = 0.10
EDGES_TIMES = 1.5
RECORDS_TIMES = 2.0
# Shares of fewer edges than this move by chance alone.
LEAST_EDGES = 100
DIGITS = 6


def drift(run: Run) -> None:
    """Count how each type looks (`types.<type>.shape`), and tell what has moved since its model was first used (`drift`)."""
    for entity_type in run.types:
        now = shape(run, entity_type)
        run.count(f"types.{entity_type}.shape", now)
        then = _first_shape(run, entity_type)
        run.count(f"drift.{entity_type}", moved(entity_type, then, now) if then else [])


def shape(run: Run, entity_type: EntityType) -> dict[str, Any]:
    """Return `records`, `filled` (column → share of records with a value), `edges`, and their shares `match` and `review`.

    The columns are those that the model compares. An edge is a pair that weighs at least the review threshold.
    """
    engine, model = run.engine, run.models[entity_type]
    types = engine.columns("canonical", entity_type)
    compared = base_columns(set().union(*(own_columns(comparison) for comparison in model.comparisons)))
    columns = sorted(compared & set(types))
    filled = [
        f"count(*) FILTER (WHERE {f'len({quote(name)}) > 0' if types[name].endswith('[]') else f'{quote(name)} IS NOT NULL'})"
        for name in columns
    ]
    records, *counts = engine.rows(
        f"SELECT {', '.join(['count(*)', *filled])} FROM {qualified('canonical', entity_type)}"
    )[0]
    edges, matches = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE weight >= $match) FROM {qualified('scoring', f'edge_{entity_type}')} WHERE weight >= $review",
        {"match": model.units(model.thresholds.match), "review": model.units(model.thresholds.review)},
    )[0]
    return {
        "records": records,
        "filled": {name: _share(count, records) for name, count in zip(columns, counts, strict=True)},
        "edges": edges,
        "match": _share(matches, edges),
        "review": _share(edges - matches, edges),
    }


def moved(entity_type: str, then: dict[str, Any], now: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what has moved beyond its threshold: `what`, `then`, `now`, and `told`, a sentence that names the mend."""
    found: list[tuple[str, float, float]] = []
    if _times(then["records"], now["records"]) >= RECORDS_TIMES:
        found.append(("records", then["records"], now["records"]))
    for name in sorted(then["filled"].keys() & now["filled"].keys()):
        before, after = then["filled"][name], now["filled"][name]
        if _apart(before, after) >= SHARE_MOVED:
            found.append((f"filled {name}", before, after))
    edges_then, edges_now = (_share(one["edges"], one["records"]) for one in (then, now))
    if max(then["edges"], now["edges"]) >= LEAST_EDGES and _times(edges_then, edges_now) >= EDGES_TIMES:
        found.append(("edges a record", edges_then, edges_now))
    if min(then["edges"], now["edges"]) >= LEAST_EDGES and _apart(then["match"], now["match"]) >= SHARE_MOVED:
        found.append(("match", then["match"], now["match"]))
    return [
        {"what": what, "then": before, "now": after, "told": _told(entity_type, what, before, after)}
        for what, before, after in found
    ]


def _first_shape(run: Run, entity_type: EntityType) -> dict[str, Any] | None:
    """Return the figures of the first run that used this model, of those that kept any."""
    for row in run.ledger.runs():
        told = row.report.get("types", {}).get(entity_type, {})
        if told.get("model") == run.models[entity_type].hash and "shape" in told:
            shape_then: dict[str, Any] = told["shape"]
            return shape_then
    return None


def _told(entity_type: str, what: str, then: float, now: float) -> str:
    return f"{entity_type}: {what} was {then:g} when the model was first used, now {now:g}: train a new one (linkage train), and compare before you approve it"


def _share(part: int, whole: int) -> float:
    return round(part / whole, DIGITS) if whole else 0.0


def _apart(then: float, now: float) -> float:
    # Rounded, so that a step of exactly the threshold is told whatever binary fractions make of it.
    return round(abs(now - then), DIGITS)


def _times(then: float, now: float) -> float:
    """Return how many times the smaller one the larger is."""
    least, most = sorted((then, now))
    if not most:
        return 1.0
    return round(most / least, DIGITS) if least else float("inf")
