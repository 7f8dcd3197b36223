"""The mapping of a role: its columns as the input attributes of its type, one SELECT; the only SQL built from source settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import quote
from linkage.sources.jsonl import SLOT
from linkage.stages.conditions import condition_sql
from linkage.stages.ingest import KEY, dataset_table
from linkage.standardise import MAPPED

if TYPE_CHECKING:
    from linkage.config.source import FieldMapping, Source

SLOTTED = ("jsonl",)
_DATES = {"birth_date", "opened_on"}


def mapped_sql(
    dataset: str, source: Source, role_name: str, prefix: str = "map", *, table: str | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the SELECT that maps a role's columns to its type's input attributes, and its parameters.

    `table` is what to read instead of all rows of the dataset.
    """
    role = source.roles[role_name]
    seen = quote(source.seen.column) if source.seen else "NULL"
    values: dict[str, Any] = {
        f"{prefix}_dataset": dataset,
        f"{prefix}_role": role_name,
        f"{prefix}_agency": source.agency,
        f"{prefix}_country": role.country,
        f"{prefix}_seen_order": source.seen.order if source.seen else "auto",
        f"{prefix}_date_order": next((role.fields[name].order for name in role.fields if name in _DATES), "auto"),
    }
    fixed = {
        "dataset": f"${prefix}_dataset",
        "key": quote(KEY),
        "role": f"${prefix}_role",
        "agency": f"${prefix}_agency",
        "seen_on": seen,
        "date_order": f"${prefix}_date_order",
        "seen_order": f"${prefix}_seen_order",
        "country_default": f"${prefix}_country",
    }
    parts = []
    for column in MAPPED[role.entity]:
        if column.name in fixed:
            expression = fixed[column.name]
        elif column.name in role.fields:
            mapping = role.fields[column.name]
            attribute = _slotted if source.format in SLOTTED else _attribute
            expression, more = attribute(f"{prefix}_{column.name}", mapping, is_list=column.type.endswith("[]"))
            values |= more
        else:
            expression = "NULL"
        parts.append(f"CAST({expression} AS {column.type}) AS {quote(column.name)}")
    where = ""
    if role.when is not None:
        test, more = condition_sql(role.when, f"{prefix}_when")
        values |= more
        where = f" WHERE {test}"
    return f"SELECT {', '.join(parts)} FROM {table or dataset_table(dataset)}{where}", values


def _attribute(name: str, mapping: FieldMapping, *, is_list: bool) -> tuple[str, dict[str, Any]]:
    texts = [f"nullif(trim({quote(column)}), '')" for column in mapping.columns]
    values: dict[str, Any] = {}
    if mapping.issuer:
        issuer = f"coalesce(nullif(trim({quote(mapping.issuer)}), '') || ':', '')"
        texts = [f"{issuer} || {text}" for text in texts]
    if mapping.join is not None or (not is_list and len(texts) > 1):
        values[f"{name}_join"] = " " if mapping.join is None else mapping.join
        texts = [f"nullif(concat_ws(${name}_join, {', '.join(texts)}), '')"]
    if not is_list:
        return texts[0], values
    if mapping.split is not None:
        values[f"{name}_split"] = mapping.split
        lists = [f"coalesce(string_split({text}, ${name}_split), [])" for text in texts]
        joined = lists[0] if len(lists) == 1 else f"list_concat({', '.join(lists)})"
        return f"list_filter(list_transform({joined}, lambda x: trim(x)), lambda x: x <> '')", values
    return f"list_filter([{', '.join(texts)}], lambda x: x IS NOT NULL)", values


def _slotted(name: str, mapping: FieldMapping, *, is_list: bool) -> tuple[str, dict[str, Any]]:
    """Map columns that hold one value a list entry: what is joined comes from one entry, a single value from the first."""
    values: dict[str, Any] = {f"{name}_slot": SLOT}
    texts = [f"string_split({quote(column)}, ${name}_slot)" for column in mapping.columns]
    entry = [f"nullif(trim({text}[i]), '')" for text in texts]
    if mapping.issuer:
        issuer = f"string_split({quote(mapping.issuer)}, ${name}_slot)"
        entry = [f"coalesce(nullif(trim({issuer}[i]), '') || ':', '') || {text}" for text in entry]
    if mapping.join is not None or (not is_list and len(texts) > 1):
        values[f"{name}_join"] = " " if mapping.join is None else mapping.join
        entry = [f"concat_ws(${name}_join, {', '.join(entry)})"]
    longest = f"coalesce(greatest({', '.join(f'len({text})' for text in texts)}), 0)"
    lists = [f"list_transform(range(1, {longest} + 1), lambda i: {text})" for text in entry]
    joined = lists[0] if len(lists) == 1 else f"list_concat({', '.join(lists)})"
    if mapping.split is not None:
        values[f"{name}_split"] = mapping.split
        joined = f"flatten(list_transform({joined}, lambda x: string_split(x, ${name}_split)))"
    filled = f"list_filter(list_transform({joined}, lambda x: trim(x)), lambda x: x <> '')"
    return (filled if is_list else f"({filled})[1]"), values
