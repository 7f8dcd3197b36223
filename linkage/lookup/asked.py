"""What is asked: records as plain mappings of the attributes that sources map → rows for the standardisers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.errors import RequestError
from linkage.standardise import MAPPED

if TYPE_CHECKING:
    from linkage.config.source import EntityType

_GIVEN = ("dataset", "key", "role", "agency", "seen_on", "seen_order")
_HOW = ("date_order", "country_default")
_KINDS = {"VARCHAR": pa.string(), "VARCHAR[]": pa.list_(pa.string())}
_DEFAULTS = {"date_order": "auto", "seen_order": "auto", "country_default": "us"}


def attributes(entity_type: EntityType) -> dict[str, bool]:
    """Return the attributes that a lookup takes, and whether each is a list; the last two say how the others are read."""
    columns = {column.name: column.type.endswith("[]") for column in MAPPED[entity_type] if column.name not in _GIVEN}
    return {name: columns[name] for name in (*(name for name in columns if name not in _HOW), *_HOW)}


def mapped_schema(entity_type: EntityType) -> pa.Schema:
    """Return the columns that the standardisers of a type read."""
    return pa.schema([(column.name, _KINDS[column.type]) for column in MAPPED[entity_type]])


def mapped_rows(entity_type: EntityType, records: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the rows that the standardisers read; their key is the place among the records.

    Raises RequestError for a record that is no mapping, names an attribute that there is not, or says nothing.
    """
    known = attributes(entity_type)
    return [_row(entity_type, known, place, record) for place, record in enumerate(records)]


def _row(entity_type: EntityType, known: Mapping[str, bool], place: int, record: Any) -> dict[str, Any]:
    where = f"record {place + 1} of the lookup"
    if not isinstance(record, Mapping):
        message = f'{where} is no object; write attributes and their values, such as {{"{next(iter(known))}": ...}}'
        raise RequestError(message)
    row: dict[str, Any] = {"dataset": "lookup", "key": str(place), "role": entity_type, "agency": "", **_DEFAULTS}
    if "date_order" not in known:
        row.pop("date_order")
    told = False
    for name, value in record.items():
        if name not in known:
            message = f"{where} names {str(name)[:40]!r}, which no {entity_type} has; use: {', '.join(known)}"
            raise RequestError(message)
        found = _values(where, name, value)
        if not found:
            continue
        if not known[name] and len(found) > 1:
            message = f"{where} gives {len(found)} values of {name}, which takes one"
            raise RequestError(message)
        row[name] = found if known[name] else found[0]
        told = told or name not in _HOW
    if not told:
        message = f"{where} says nothing; fill one of: {', '.join(name for name in known if name not in _HOW)}"
        raise RequestError(message)
    return row


def _values(where: str, name: str, value: Any) -> list[str]:
    """Return the texts of a value, trimmed, the empty ones left out, as ingest and mapping do."""
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    found = []
    for one in values:
        if one is None:
            continue
        if isinstance(one, bool) or not isinstance(one, (str, int, float)):
            message = f"{where} gives {name} a value that is no text; write a text, a number or a list of them"
            raise RequestError(message)
        text = str(one).replace("\x00", "").strip()
        if text:
            found.append(text)
    return found
