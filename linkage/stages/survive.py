"""Survive: records of an identity → its golden values, by rule; every other value is kept with its records.

Identities of one record take no part in the aggregation: their golden values are the record's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.engine.sql import qualified, quote
from linkage.tables import PUBLISHED

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("resolution.identified", "canonical.person", "canonical.business", "canonical.account")
WRITES = ("resolution.value", "resolution.golden")


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

# What comes first wins; the value itself comes last, so that a tie never depends on the order of rows.
_LONG_AGO = "DATE '0001-01-01'"
_RULES = {
    "most_agreed": f"row(records, coalesce(last_seen, {_LONG_AGO}), length(value), value)",
    "most_recent": f"row(coalesce(last_seen, {_LONG_AGO}), records, length(value), value)",
    "most_complete": f"row(length(value), records, coalesce(last_seen, {_LONG_AGO}), value)",
}


def survive(run: Run, audience: str) -> None:
    """Write values and golden values of every type for one audience."""
    for entity_type in run.types:
        run.progress(f"survive {entity_type} for {audience}")
        _size(run, entity_type)
        _values(run, audience, entity_type)
        _golden(run, audience, entity_type)
        run.engine.run("DROP TABLE resolution.many")
        run.engine.run("DROP TABLE resolution.single")


def _size(run: Run, entity_type: EntityType) -> None:
    """Split the identified records in those of identities of one record and of more."""
    engine = run.engine
    engine.create_as(
        "resolution",
        "sized",
        "SELECT record, identity, count(*) OVER (PARTITION BY identity) > 1 AS many FROM resolution.identified WHERE entity_type = $type",
        {"type": entity_type},
    )
    for table, test in (("many", "many"), ("single", "NOT many")):
        engine.create_as(
            "resolution",
            table,
            f"SELECT sized.identity, dataset || '/' || key || '#' || role AS record_name, entity.* FROM resolution.sized JOIN canonical.{quote(entity_type)} AS entity USING (record) WHERE {test}",
        )
    engine.run("DROP TABLE resolution.sized")


def _values(run: Run, audience: str, entity_type: EntityType) -> None:
    selects = []
    for attribute in ATTRIBUTES[entity_type]:
        column = quote(attribute.column)
        value = f"unnest({column})" if attribute.is_list else f"CAST({column} AS VARCHAR)"
        selects.append(
            f"SELECT identity, '{attribute.name}' AS attribute, {value} AS value, record_name, agency, seen_on "
            f"FROM resolution.many WHERE {column} IS NOT NULL"
        )
    run.engine.create_as(
        "resolution",
        f"value_{audience}_{entity_type}",
        f"""
        SELECT identity, attribute, value, count(*) AS records,
               list_sort(list(record_name)) AS record_names, list_sort(list_distinct(list(agency))) AS agencies, min(seen_on) AS first_seen, max(seen_on) AS last_seen
        FROM ({" UNION ALL ".join(selects)}) GROUP BY identity, attribute, value
        """,
    )


def _golden(run: Run, audience: str, entity_type: EntityType) -> None:
    engine = run.engine
    rules = run.entity(entity_type).survivorship
    table = next(table for table in PUBLISHED if table.name == entity_type)
    columns = [column for column in table.columns if column.name != "identity_id"]
    own = {attribute.name: attribute for attribute in ATTRIBUTES[entity_type]}
    parts = {part: whole for whole, names in PARTS[entity_type].items() for part in names}
    taken = [_parts_sql(whole, names) for whole, names in PARTS[entity_type].items()]
    best, many, single = [], [], []
    for column in columns:
        name = quote(column.name)
        if column.name in parts:
            many.append(f"part.{quote(parts[column.name])}.{name}")
            single.append(name)
        elif column.name in LISTS:
            best.append(f"list(value ORDER BY value) FILTER (WHERE attribute = '{LISTS[column.name]}') AS {name}")
            many.append(f"best.{name}")
            single.append(f"CASE WHEN len({name}) > 0 THEN list_sort({name}) END")
        else:
            rule = _RULES[rules.get(column.name, "most_agreed")]
            best.append(
                f"CAST(arg_max(value, {rule}) FILTER (WHERE attribute = '{column.name}') AS {column.type}) AS {name}"
            )
            many.append(f"best.{name}")
            source = own[column.name]
            single.append(_longest(quote(source.column)) if source.is_list else quote(source.column))
    values = qualified("resolution", f"value_{audience}_{entity_type}")
    # An identity whose records tell nothing still has its row.
    engine.create_as(
        "resolution",
        "best",
        f"SELECT * FROM (SELECT DISTINCT identity FROM resolution.many) LEFT JOIN "
        f"(SELECT identity, {', '.join(best)} FROM {values} GROUP BY identity) USING (identity)",
    )
    engine.create_as(
        "resolution",
        "part",
        f"SELECT {', '.join(['best.identity', *taken])} FROM resolution.many AS many "
        "JOIN resolution.best AS best USING (identity) GROUP BY best.identity",
    )
    names = [quote(column.name) for column in columns]
    engine.create_as(
        "resolution",
        f"golden_{audience}_{entity_type}",
        f"SELECT {', '.join(['best.identity', *many])} FROM resolution.best AS best JOIN resolution.part AS part USING (identity) "
        f"UNION ALL SELECT {', '.join(['identity', *(f'{value} AS {name}' for value, name in zip(single, names, strict=True))])} FROM resolution.single",
    )
    engine.run("DROP TABLE resolution.best")
    engine.run("DROP TABLE resolution.part")


def _longest(values: str) -> str:
    """Choose from the list of a single record as the rules do between values that are told equally often and late."""
    return f"list_sort(list_transform({values}, lambda x: row(length(x), x)))[-1][2]"


def _parts_sql(whole: str, names: tuple[str, ...]) -> str:
    """Take all parts from one record with the chosen whole, the fullest and then the latest: none is made up of two."""
    parts = [f"many.{quote(name)}" for name in names]
    filled = " + ".join(f"CAST({part} IS NOT NULL AS INTEGER)" for part in parts)
    texts = ", ".join(f"coalesce({part}, '')" for part in parts)
    fullest = f"row({filled}, coalesce(many.seen_on, {_LONG_AGO}), {texts})"
    packed = ", ".join(f"{quote(name)} := {part}" for name, part in zip(names, parts, strict=True))
    chosen = f"best.{quote(whole)} IS NULL OR many.{quote(whole)} = best.{quote(whole)}"
    return f"arg_max(struct_pack({packed}), {fullest}) FILTER (WHERE {chosen}) AS {quote(whole)}"
