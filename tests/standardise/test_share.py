"""How many of the values that agencies write SQL alone cannot read, on the demo's data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from linkage.engine.duckdb import Engine
from linkage.stages.context import Run
from linkage.stages.ingest import ingest
from linkage.stages.standardise import mapped_sql, standardise
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from typing import Any

TARGET = 0.02
LEAST_VALUES = 300
# What is written, and whether nothing came of it (both over the mapped row `m` and the canonical row `c`).
READINGS = {
    "dates": ("m.birth_date", "c.birth_year IS NULL"),
    "phones": ("array_to_string(m.phone, '|')", "c.phones IS NULL"),
    "addresses": (
        "coalesce(m.address, concat_ws(', ', m.house_number, m.street, m.po_box, m.city, m.postcode))",
        "c.street IS NULL AND c.city IS NULL AND c.postcode IS NULL",
    ),
    "names": (
        "coalesce(m.name[1], concat_ws(' ', m.given_name, m.middle_name, m.surname))",
        "c.given_name IS NULL AND c.surname IS NULL AND c.other_names IS NULL",
    ),
}


def test_sql_reads_nearly_all_values(demo: Any, tmp_path: Path, record_property: Any) -> None:
    """Under 2 % of the distinct dates, phones, addresses and names of the demo's persons cannot be read by SQL."""
    loaded = demo.project.loaded
    with Engine(memory_limit="1GB", threads=2) as engine:
        now = datetime(2026, 1, 31, tzinfo=UTC)
        run = Run(1, now, loaded, Workspace(loaded.workspace), Ledger(Path(":memory:")), engine, tmp_path)
        ingest(run)
        standardise(run)
        _map_persons(engine, loaded.settings.sources)
        for family, (written, lost) in sorted(READINGS.items()):
            total, unread = engine.rows(
                f"SELECT count(DISTINCT told), count(DISTINCT told) FILTER (lost) FROM ("
                f"SELECT {written} AS told, {lost} AS lost FROM main.mapped AS m JOIN canonical.person AS c USING (dataset, key, role)) "
                "WHERE std_is_written(told)"
            )[0]
            record_property(f"unread_{family}", f"{unread} of {total}")
            assert total >= LEAST_VALUES, family
            assert unread <= TARGET * total, (family, unread, total)


def _map_persons(engine: Engine, sources: dict[str, Any]) -> None:
    queries, values = [], {}
    roles = [(d, s, r) for d, s in sorted(sources.items()) for r in sorted(s.roles) if s.roles[r].entity == "person"]
    for place, (dataset, source, role) in enumerate(roles):
        query, more = mapped_sql(dataset, source, role, f"map_{place}")
        queries.append(query)
        values |= more
    engine.create_as("main", "mapped", " UNION ALL ".join(queries), values)
