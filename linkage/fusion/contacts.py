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
CONTACTS = ("record", "phones", "identifiers", "house_number", "street", "unit", "postcode", "city")
"""Columns of a record that its contacts are told by."""
_NONE = "SELECT '' AS kind, '' AS entity_type, CAST(0 AS BIGINT) AS record, '' AS value WHERE FALSE"
_ADDRESS = "concat_ws(' ', house_number, street, '#' || unit, coalesce(postcode, city))"


def parties(run: Run) -> list[EntityType]:
    """Return the entity types of the project that have contacts."""
    return [kind for kind in PARTIES if kind in run.types]


def all_contacts_sql(run: Run, *, amended: bool) -> str:
    """Return the contacts of all records of the project that are looked at again."""
    selects = [contacts_sql(kind, f"canonical.{quote(kind)}", amended=amended) for kind in parties(run)]
    return " UNION ALL ".join(selects) or _NONE


def contacts_sql(entity_type: EntityType, table: str, *, amended: bool = False) -> str:
    """Return the phones, addresses and devices that the records of a table hold: kind, entity_type, value, record.

    In an increment (`amended`) only values that are looked at again are returned.
    """
    devices = ", ".join(f"'{name}'" for name in DEVICES)
    found = {
        "shared_phone": f"SELECT unnest(phones) AS value, record FROM {table} WHERE len(phones) > 0",
        "shared_address": f"SELECT {_ADDRESS} AS value, record FROM {table} WHERE house_number IS NOT NULL AND street IS NOT NULL AND coalesce(postcode, city) IS NOT NULL",
        "shared_device": f"SELECT unnest(identifiers) AS value, record FROM {table} WHERE len(identifiers) > 0",
    }
    # Asked of one kind at a time: pairs of kind and value would be put together for every record.
    again = "value IN (SELECT value FROM fusion.value_again WHERE kind = '{kind}')" if amended else "TRUE"
    tests = {kind: again.format(kind=kind) for kind in found}
    tests["shared_device"] += f" AND split_part(value, ':', 2) IN ({devices})"
    return " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, '{entity_type}' AS entity_type, value, record FROM ({rows}) WHERE {tests[kind]}"
        for kind, rows in found.items()
    )
