"""A target profile: everything that a release tells about one identity, each value with its records, agencies and dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import quote
from linkage.errors import RequestError

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine

NEAR, FAR = 24, 48
"""Identities that a profile tells of one and of two steps away; more are counted. So wide a net says little of one person."""

_NAMED = """
    SELECT identity_id, coalesce(name, identity_id) AS name FROM published.person
    UNION ALL SELECT identity_id, coalesce(name, identity_id) FROM published.business
    UNION ALL SELECT identity_id, concat_ws(' ', 'account', coalesce(number, '...' || number_tail, iban, 'without a number')) FROM published.account
"""
_EDGES = """
    SELECT kind, basis, value, records, agencies, first_seen, last_seen, from_identity AS one, to_identity AS two
    FROM published.identity_relation WHERE list_contains($ids, from_identity) AND from_identity <> to_identity
    UNION ALL
    SELECT kind, basis, value, records, agencies, first_seen, last_seen, to_identity, from_identity
    FROM published.identity_relation WHERE list_contains($ids, to_identity) AND from_identity <> to_identity
"""


def profile_of(engine: Engine, identity: str) -> dict[str, Any]:
    """Return what a release holds of an identity: values, records, cases, ties two steps wide, overlaps, leads, timeline.

    Raises RequestError for an id that the release does not hold.
    """
    values = {"id": identity}
    head = engine.arrow("FROM published.identity WHERE identity_id = $id", values).to_pylist()
    if not head:
        message = (
            f"no identity {identity!r} in this release; linkage resolve-id tells where the records of an ended id are"
        )
        raise RequestError(message)
    kind = head[0]["entity_type"]
    golden = engine.arrow(
        f"SELECT * EXCLUDE (identity_id) FROM published.{quote(kind)} WHERE identity_id = $id", values
    )
    found = {
        **head[0],
        "golden": {name: value for name, value in golden.to_pylist()[0].items() if value not in (None, [])},
        "values": _listed(engine, _VALUES, values),
        "record_names": _listed(engine, _RECORDS, values),
        "cases": _listed(engine, _CASES, values),
        "overlaps": _listed(engine, _OVERLAPS, values),
        "leads": _listed(engine, _LEADS, values),
        "possible_matches": _listed(engine, _POSSIBLE, values),
        **_network(engine, identity),
    }
    found["name"] = found["golden"].get("name") or next(
        (one["name"] for one in found["nodes"] if one["step"] == 0), identity
    )
    return {**found, "timeline": _timeline(engine, found)}


_VALUES = """
    SELECT attribute, value, records, record_names, agencies, first_seen, last_seen FROM published.identity_value
    WHERE identity_id = $id ORDER BY attribute, records DESC, value
"""
_RECORDS = """
    SELECT dataset || '/' || key || '#' || role AS record, agency, ambiguous FROM published.identity_record
    WHERE identity_id = $id ORDER BY ALL
"""
_CASES = """
    SELECT agency, case_number, status, is_open, contacts, records, first_seen, last_seen FROM published.identity_case
    WHERE identity_id = $id ORDER BY is_open DESC, last_seen DESC, agency, case_number
"""
_OVERLAPS = (
    "FROM published.deconfliction_overlap WHERE list_contains(identities, $id) ORDER BY strength, kind DESC, overlap_id"
)
_LEADS = "FROM published.lead WHERE list_contains(identities, $id) OR list_contains(targets, $id) ORDER BY score DESC, lead_id"
_POSSIBLE = """
    SELECT CASE WHEN identity_a = $id THEN identity_b ELSE identity_a END AS identity_id, max(weight) AS weight, min(reason) AS reason
    FROM published.possible_match WHERE identity_a = $id OR identity_b = $id GROUP BY 1 ORDER BY weight DESC, 1
"""


def _listed(engine: Engine, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = engine.arrow(query, values).to_pylist()
    return rows


def _network(engine: Engine, identity: str) -> dict[str, Any]:
    """Return the ties of the identity, and nodes and edges of the drawing: those tied to it, and those tied to these."""
    first = _listed(engine, f"FROM ({_EDGES}) ORDER BY two, kind, value", {"ids": [identity]})
    near = _nearest(engine, first, {identity}, NEAR)
    second = (
        _listed(engine, f"FROM ({_EDGES}) ORDER BY one, two, kind, value", {"ids": near["kept"]})
        if near["kept"]
        else []
    )
    far = _nearest(engine, second, {identity, *near["kept"]}, FAR)
    steps = {identity: 0, **dict.fromkeys(near["kept"], 1), **dict.fromkeys(far["kept"], 2)}
    told = {row["identity_id"]: row for row in _told(engine, list(steps))}
    ties = {(min(row["one"], row["two"]), max(row["one"], row["two"])): row for row in (*second, *first)}
    every = {one["identity_id"]: one for one in _told(engine, sorted({row["two"] for row in first}))}
    return {
        "ties": [
            {
                **{
                    name: row[name]
                    for name in ("kind", "basis", "value", "records", "agencies", "first_seen", "last_seen")
                },
                "identity_id": row["two"],
                "name": every[row["two"]]["name"],
                "entity_type": every[row["two"]]["entity_type"],
            }
            for row in first
        ],
        "nodes": [{**told[one], "step": step} for one, step in steps.items()],
        "edges": [
            {"one": one, "two": two, "kind": row["kind"], "basis": row["basis"]}
            for (one, two), row in sorted(ties.items())
            if one in steps and two in steps
        ],
        "not_drawn": near["more"] + far["more"],
    }


def _nearest(engine: Engine, rows: list[dict[str, Any]], known: set[str], most: int) -> dict[str, Any]:
    """Return up to `most` identities that rows lead to and that are not known: targets first, then by the number of ties."""
    counts: dict[str, int] = {}
    for row in rows:
        if row["two"] not in known:
            counts[row["two"]] = counts.get(row["two"], 0) + 1
    targets = {
        row[0]
        for row in engine.rows(
            "SELECT DISTINCT identity_id FROM published.identity_case WHERE is_open AND list_contains($ids, identity_id)",
            {"ids": sorted(counts)},
        )
    }
    ranked = sorted(counts, key=lambda one: (one not in targets, -counts[one], one))
    return {"kept": ranked[:most], "more": max(0, len(ranked) - most)}


def _told(engine: Engine, ids: list[str]) -> list[dict[str, Any]]:
    """Return of identities their type, name, and the agencies with an open case."""
    return _listed(
        engine,
        f"""
        SELECT identity.identity_id, identity.entity_type, coalesce(any_value(named.name), identity.identity_id) AS name,
               coalesce(list_sort(list(DISTINCT told.agency) FILTER (WHERE told.agency IS NOT NULL)), []) AS open_cases
        FROM (FROM published.identity WHERE list_contains($ids, identity_id)) AS identity
        LEFT JOIN (FROM ({_NAMED}) WHERE list_contains($ids, identity_id)) AS named USING (identity_id)
        LEFT JOIN (FROM published.identity_case WHERE is_open AND list_contains($ids, identity_id)) AS told USING (identity_id)
        GROUP BY identity.identity_id, identity.entity_type ORDER BY identity.identity_id
        """,
        {"ids": ids},
    )


_SEEN = {"address": "address", "phone": "phone", "name": "name", "other_name": "other name", "employer": "employer"}


def _timeline(engine: Engine, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the release tells of this identity by date, oldest first."""
    events = [
        (row["first_seen"], f"{_SEEN[row['attribute']]} first seen", row["value"], row["agencies"])
        for row in found["values"]
        if row["attribute"] in _SEEN
    ]
    events += [
        (row["first_seen"], "in a case", f"{row['case_number']} ({row['status'] or 'no status'})", [row["agency"]])
        for row in found["cases"]
    ]
    events += [
        (row["first_seen"], row["kind"].replace("_", " "), row["name"], row["agencies"]) for row in found["ties"]
    ]
    events += [(row["first_seen"], "overlap", row["subject"], row["agencies"]) for row in found["overlaps"]]
    dated = sorted(
        (event for event in events if event[0] is not None), key=lambda event: (event[0], *map(str, event[1:]))
    )
    changes = engine.rows(
        "SELECT release, event, coalesce(other_id, '') FROM published.identity_event WHERE identity_id = $id ORDER BY ALL",
        {"id": found["identity_id"]},
    )
    return [
        *({"date": date, "what": what, "told": told, "agencies": agencies} for date, what, told, agencies in dated),
        *(
            {"date": None, "what": f"release {number}: {event}", "told": other, "agencies": []}
            for number, event, other in changes
        ),
    ]
