"""How many of the values that agencies write SQL alone cannot read, and how many a library cannot either, on the demo's data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linkage.engine.duckdb import Engine
from linkage.stages import standardise
from linkage.stages.context import Run
from linkage.stages.ingest import ingest
from linkage.stages.mapping import mapped_sql
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from typing import Any

TARGET = 0.02
LEAST_VALUES = 500
_LINE = "coalesce(m.address, concat_ws(', ', m.house_number, m.street, m.po_box, m.city, m.postcode))"
_NO_PLACE = "c.street IS NULL AND c.city IS NULL AND c.postcode IS NULL"
# What is written, and whether nothing came of it (both over the mapped row `m` and the canonical row `c`).
READINGS = {
    "person": {
        "names": (
            "coalesce(m.name[1], concat_ws(' ', m.given_name, m.middle_name, m.surname))",
            "c.given_name IS NULL AND c.surname IS NULL AND c.other_names IS NULL",
        ),
        "dates of birth": ("m.birth_date", "c.birth_year IS NULL"),
        "dates of records": ("m.seen_on", "c.seen_on IS NULL"),
        "phones": ("array_to_string(m.phone, '|')", "c.phones IS NULL"),
        "emails": ("array_to_string(m.email, '|')", "c.emails IS NULL"),
        "addresses": (_LINE, _NO_PLACE),
        "social security numbers": (
            "m.ssn",
            "c.ssn_last4 IS NULL AND NOT list_contains(list_transform(c.identifiers, lambda i: i[:4]), 'itin')",
        ),
        "other identifiers": (
            "concat_ws('|', m.passport, m.driver_licence, m.national_id, array_to_string(m.identifier, '|'))",
            "c.identifiers IS NULL",
        ),
    },
    "business": {
        "names": ("m.name[1]", "c.name_core IS NULL"),
        "dates of records": ("m.seen_on", "c.seen_on IS NULL"),
        "phones": ("array_to_string(m.phone, '|')", "c.phones IS NULL"),
        "addresses": (_LINE, _NO_PLACE),
        "tax numbers": ("m.tax_id", "c.tax_id IS NULL"),
        "web addresses": ("m.website", "c.domain IS NULL"),
    },
    "account": {
        "holders": ("array_to_string(m.holder, '|')", "c.holders IS NULL"),
        "dates of opening": ("m.opened_on", "c.opened_on IS NULL"),
        "dates of records": ("m.seen_on", "c.seen_on IS NULL"),
        "numbers": ("m.number", "c.number_tail IS NULL OR (c.number IS NULL AND NOT c.masked)"),
        "IBANs": ("m.iban", "c.iban IS NULL"),
        "banks": ("coalesce(m.institution, m.bic, m.routing_number)", "c.institution IS NULL"),
        "types": ("m.account_type", "c.account_type IS NULL"),
        "currencies": ("m.currency", "c.currency IS NULL"),
    },
}
# Placeholders are no values: they stay missing, whoever reads them.
FILLERS = {
    "phones": "(?:5555555|0000000|9999999|1234567890)$",
    "social security numbers": "0000$|^123456789$|^(?:0{9}|1{9}|9{9})$",
}
NOTHING = "a^"
_SHARES = """
SELECT count(*), count(*) FILTER (NOT is_read)
FROM (
    SELECT told, bool_or(is_read) AS is_read
    FROM (SELECT {written} AS told, NOT ({lost}) AS is_read FROM mapped AS m JOIN canonical.{kind} AS c USING (dataset, key, role))
    WHERE std_is_written(told) AND NOT regexp_matches(std_digits(told), $filler) GROUP BY told
)
"""


@pytest.fixture(scope="module")
def shares(demo: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """For each type and family: how many distinct values there are, how many are unread; by SQL, and with the library."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    loaded = demo.project.loaded
    reread = standardise._reread
    with Engine(memory_limit="1GB", threads=2) as engine:
        now, folder = datetime(2026, 1, 31, tzinfo=UTC), tmp_path_factory.mktemp("share")
        run = Run(1, now, loaded, Workspace(loaded.workspace), Ledger(Path(":memory:")), engine, folder)
        ingest(run)
        for with_library in (False, True):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(standardise, "_reread", reread if with_library else lambda *_: None)
                standardise.standardise(run)
            for kind, families in READINGS.items():
                _map(engine, run, kind)
                for family, (written, lost) in families.items():
                    row = engine.rows(
                        _SHARES.format(written=written, lost=lost, kind=kind), {"filler": FILLERS.get(family, NOTHING)}
                    )[0]
                    found.setdefault((kind, family), []).append((row[0], row[1]))
    return found


@pytest.mark.parametrize("kind", sorted(READINGS))
def test_nearly_all_values_are_read(shares: dict[Any, Any], record_property: Any, kind: str) -> None:
    """Under 2 % of the distinct values of a type are read by nobody: of each family, by SQL alone, and with the library."""
    families = {family: counts for (held, family), counts in shares.items() if held == kind}
    for family, ((total, by_sql), (_, with_library)) in families.items():
        record_property(f"unread_{kind}_{family}", f"{by_sql} of {total} by SQL, {with_library} with the library")
        assert total > 0, family
        assert with_library <= by_sql <= TARGET * total, (family, by_sql, with_library, total)
    assert sum(counts[0][0] for counts in families.values()) >= LEAST_VALUES


def _map(engine: Engine, run: Run, kind: Any) -> None:
    queries, values = [], {}
    for place, (dataset, source, role) in enumerate(standardise._roles(run, kind, standardise._ALL)):
        query, more = mapped_sql(dataset, source, role, f"map_{place}")
        queries.append(query)
        values |= more
    engine.create_as("main", "mapped", " UNION ALL ".join(queries), values)
