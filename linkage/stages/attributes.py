"""The attributes whose values survive, the canonical columns they come from, and the views that put values together on read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.engine.sql import quote
from linkage.tables import published

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run
    from linkage.tables import Column


@dataclass(frozen=True)
class Attribute:
    """An attribute of golden values: its name, the canonical column it comes from, and whether that is a list."""

    name: str
    column: str
    is_list: bool = False


def _plain(*names: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, name) for name in names)


_CONTACTS = (
    Attribute("phone", "phones", is_list=True),
    Attribute("email", "emails", is_list=True),
    Attribute("identifier", "identifiers", is_list=True),
    Attribute("other_name", "other_names", is_list=True),
)
LISTS = {"phones": "phone", "emails": "email", "identifiers": "identifier", "other_names": "other_name"}
ATTRIBUTES: dict[EntityType, tuple[Attribute, ...]] = {
    "person": (
        *_plain("name", "birth_date", "sex", "ssn", "address", "birth_place", "occupation", "employer"),
        *_CONTACTS,
    ),
    "business": (*_plain("name", "tax_id", "domain", "address"), *_CONTACTS),
    "account": _plain(
        "institution", "number", "number_tail", "iban", "account_type", "currency", "holder", "opened_on"
    ),
}
_PLACE = ("city", "region", "postcode", "country")
# The parts of a name or an address come from the records that hold the chosen whole, so that none is made up of two.
PARTS: dict[EntityType, dict[str, tuple[str, ...]]] = {
    "person": {"name": ("given_name", "middle_name", "surname", "suffix"), "address": _PLACE},
    "business": {"name": ("name_core", "legal_form"), "address": _PLACE},
    "account": {},
}


def stored(entity_type: EntityType) -> str:
    """Return the name of the published table that holds what records of identities of two and more tell."""
    return f"stored_{entity_type}"


def golden_columns(entity_type: EntityType) -> list[Column]:
    """Return the columns of the published table of golden values."""
    table = published(entity_type)
    return list(table.columns) if table else []


def make_value_views(run: Run) -> None:
    """Make the views of values: `stored_value` of identities of two records and more, `identity_value` of all."""
    many, single = [], []
    for kind in run.types:
        listed = {LISTS[column.name]: column.name for column in golden_columns(kind) if column.name in LISTS}
        for attribute in ATTRIBUTES[kind]:
            column = quote(attribute.column)
            value = f"unnest({column})" if attribute.is_list else f"CAST({column} AS VARCHAR)"
            many.append(
                f"SELECT identity_id, '{attribute.name}' AS attribute, value, count(*) AS records, list_sort(list(record_name)) AS record_names, "
                "list_sort(list_distinct(list(agency))) AS agencies, min(seen_on) AS first_seen, max(seen_on) AS last_seen FROM ("
                f"SELECT identity_id, {value} AS value, dataset || '/' || key || '#' || role AS record_name, agency, seen_on "
                f"FROM published.{quote(stored(kind))} WHERE {column} IS NOT NULL) GROUP BY identity_id, value"
            )
            name = listed.get(attribute.name)
            value = f"unnest({quote(name)})" if name else f"CAST({quote(attribute.name)} AS VARCHAR)"
            single.append(
                f"SELECT identity_id, '{attribute.name}' AS attribute, {value} AS value FROM published.{quote(kind)}"
            )
    run.engine.run(f"CREATE VIEW release.published.stored_value AS {' UNION ALL '.join(many)}")
    run.engine.run(
        "CREATE VIEW release.published.identity_value AS SELECT * FROM published.stored_value UNION ALL "
        "SELECT identity_id, attribute, value, CAST(1 AS BIGINT) AS records, [dataset || '/' || key || '#' || role] AS record_names, "
        f"identity.agencies, first_seen, last_seen FROM ({' UNION ALL '.join(single)}) "
        "JOIN published.identity USING (identity_id) JOIN published.identity_record USING (identity_id) "
        "WHERE identity.records = 1 AND value IS NOT NULL"
    )
