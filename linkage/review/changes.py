"""What changed between two releases of an audience that are on disk: identities by kind of change, with examples.

merged: an identity of the second release holds records of several identities of the first; split: the records of an
identity of the first are in several of the second; created and withdrawn: no record of the identity is in the other
release; grew, shrank, changed: the id is in both, and gained records, lost some, or did both. An identity may be counted
under two kinds (what merged has often grown). Records moved are those in both releases whose identity id differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.engine.duckdb import fixed_sql
from linkage.errors import RequestError
from linkage.review.releases import kept_release, opened

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine
    from linkage.project import Project

CHANGES = ("created", "merged", "split", "grew", "shrank", "changed", "withdrawn")
RECORDS_SHOWN = 10
"""Names of records that an example lists of each of its parts."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts of each type, and examples of each kind of change, the largest first."""

    audience: str
    releases: tuple[int, int]
    types: dict[str, dict[str, int]]
    examples: dict[str, tuple[dict[str, Any], ...]]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values under `schema_version` 1."""
        return {
            "schema_version": 1,
            "audience": self.audience,
            "releases": list(self.releases),
            "types": self.types,
            "examples": {change: list(examples) for change, examples in self.examples.items()},
        }


def diff(
    project: Project,
    first: int,
    second: int,
    *,
    examples: int = 3,
    audience: str = CENTRE,
    purpose: str | None = None,
) -> Changes:
    """Return what changed from release `first` to release `second`; refuse a release that is not on disk."""
    if first == second:
        message = f"release {first} is one release; name two"
        raise RequestError(message)
    if examples < 0:
        message = f"{examples} examples cannot be shown; give 0 or more"
        raise RequestError(message)
    one, two = (kept_release(project, audience, sequence) for sequence in (first, second))
    project.look("diff", [str(first), str(second)], audience=audience, purpose=purpose)
    with opened(project, two) as engine, engine.attached(one.path, "earlier"):
        tables = ("earlier.published.identity_record", "published.identity_record")
        return Changes(audience, (first, second), *compare(engine, *tables, examples))


def compare(
    engine: Engine, earlier: str, later: str, examples: int
) -> tuple[dict[str, dict[str, int]], dict[str, tuple[dict[str, Any], ...]]]:
    """Return the counts of each type and the examples of each kind of change, from one partition to another.

    Both are quoted names of tables with the columns entity_type, dataset, key, role and identity_id.
    """
    for name, table in (("earlier_record", earlier), ("later_record", later)):
        engine.run(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {table}")
    for name in ("cell", "change"):
        engine.run(f"CREATE OR REPLACE TEMP TABLE {name} AS {fixed_sql('review', name)}")
    return _counts(engine), _examples(engine, examples)


def _counts(engine: Engine) -> dict[str, dict[str, int]]:
    records = engine.rows(
        """
        SELECT entity_type, coalesce(sum(records) FILTER (WHERE before <> after), 0), coalesce(sum(records) FILTER (WHERE before IS NULL), 0),
               coalesce(sum(records) FILTER (WHERE after IS NULL), 0), count(DISTINCT before), count(DISTINCT after)
        FROM cell GROUP BY entity_type ORDER BY entity_type
        """
    )
    names = ("records_moved", "records_new", "records_withdrawn", "identities_before", "identities_after")
    counts = {
        kind: dict.fromkeys(CHANGES, 0) | dict(zip(names, map(int, told), strict=True)) for kind, *told in records
    }
    for kind, change, identities in engine.rows("SELECT entity_type, change, count(*) FROM change GROUP BY ALL"):
        counts[kind][change] = int(identities)
    return counts


def _examples(engine: Engine, most: int) -> dict[str, tuple[dict[str, Any], ...]]:
    """Return the largest identities of each kind of change, with where their records were and are."""
    chosen = engine.arrow(
        "SELECT change, entity_type, identity_id, CAST(records_before AS BIGINT) AS records_before, CAST(records_after AS BIGINT) AS records_after "
        "FROM change QUALIFY row_number() OVER (PARTITION BY change ORDER BY greatest(records_before, records_after) DESC, identity_id) <= $most "
        "ORDER BY greatest(records_before, records_after) DESC, identity_id",
        {"most": most},
    )
    values = {"ids": sorted(set(chosen["identity_id"].to_pylist())), "shown": RECORDS_SHOWN}
    parts: dict[str, list[dict[str, Any]]] = {}
    with engine.registered("chosen", chosen):
        for row in engine.arrow(fixed_sql("review", "example"), values).to_pylist():
            parts.setdefault(row.pop("identity_id"), []).append(row)
    found: dict[str, tuple[dict[str, Any], ...]] = {}
    for change in CHANGES:
        rows = [row for row in chosen.to_pylist() if row["change"] == change]
        found[change] = tuple(
            {**{name: value for name, value in row.items() if name != "change"}, "parts": parts[row["identity_id"]]}
            for row in rows
        )
    return found
