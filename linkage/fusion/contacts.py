"""Contacts: the phones, addresses and devices of records, through which identities share values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import quote

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run

PARTIES: tuple[EntityType, ...] = ("person", "business")
DEVICES = ("imei", "imsi", "meid", "mac", "device", "serial")
"""Issuers of identifiers that name a device (`identifier = { column = "IMEI_NO", issuer = ... }`)."""
_NONE = "SELECT '' AS kind, '' AS entity_type, CAST(0 AS BIGINT) AS record, '' AS value WHERE FALSE"
_ADDRESS = "concat_ws(' ', house_number, street, '#' || unit, coalesce(postcode, city))"


def parties(run: Run) -> list[EntityType]:
    """Return the entity types of the project that have contacts."""
    return [kind for kind in PARTIES if kind in run.types]


def all_contacts_sql(run: Run) -> str:
    """Return the contacts of all records of the project."""
    return " UNION ALL ".join(contacts_sql(kind, f"canonical.{quote(kind)}") for kind in parties(run)) or _NONE


def contacts_sql(entity_type: EntityType, table: str) -> str:
    """Return the phones, addresses and devices that the records of a table hold: kind, value, record."""
    devices = ", ".join(f"'{name}'" for name in DEVICES)
    found = f"""
        SELECT 'shared_phone' AS kind, unnest(phones) AS value, record FROM {table} WHERE len(phones) > 0
        UNION ALL
        SELECT 'shared_address', {_ADDRESS}, record FROM {table}
        WHERE house_number IS NOT NULL AND street IS NOT NULL AND coalesce(postcode, city) IS NOT NULL
        UNION ALL
        SELECT 'shared_device', value, record FROM (SELECT unnest(identifiers) AS value, record FROM {table} WHERE len(identifiers) > 0)
        WHERE split_part(value, ':', 2) IN ({devices})
    """
    return f"SELECT kind, '{entity_type}' AS entity_type, record, value FROM ({found})"
