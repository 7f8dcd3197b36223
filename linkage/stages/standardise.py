"""Standardise: `source.<dataset>` → `canonical.<type>`, one row an entity record; relations and cases beside them.

A role's mapping becomes one SELECT (the only SQL built from source settings); the fixed statement of its type does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import quote
from linkage.sources.jsonl import SLOT
from linkage.stages.conditions import condition_sql
from linkage.stages.ingest import DELIVERY, KEY, dataset_table
from linkage.stages.reread import may_need_library, reread, suspect_table
from linkage.standardise import CANONICAL, MAPPED, canonical_sql, install, install_letters
from linkage.standardise.letters import OTHER_SCRIPT

if TYPE_CHECKING:
    from linkage.config.source import EntityType, FieldMapping, Source
    from linkage.stages.context import Run

READS = ("source.delivery",)
WRITES = ("canonical.person", "canonical.business", "canonical.account", "canonical.relation", "canonical.case")

SLOTTED = ("jsonl",)
_DATES = {"birth_date", "opened_on"}
_NAMES = {"name", "given_name", "middle_name", "surname", "other_name", "holder", "employer", "institution"}


def standardise(run: Run) -> None:
    """Rebuild the canonical tables from the source records."""
    engine = run.engine
    engine.run("CREATE SCHEMA IF NOT EXISTS canonical")
    install(engine.run, run.project.reference, run.project.placeholders)
    install_letters(engine.run, _letters(run))
    for entity_type in run.types:
        run.progress(f"standardise {entity_type}")
        _create(run, entity_type)
        _fill(run, entity_type)
        _reread(run, entity_type)
        run.count(f"types.{entity_type}.records", engine.value(f"SELECT count(*) FROM canonical.{entity_type}"))
        run.count(
            f"types.{entity_type}.bad_values",
            int(engine.value(f"SELECT coalesce(sum(bad_values), 0) FROM canonical.{entity_type}")),
        )
    _relations(run)
    _cases(run)
    _count_no_entity(run)


def _letters(run: Run) -> list[str]:
    """Return the letters of other scripts in the names of persons, holders and organisations, from the distinct values that hold any."""
    found: set[str] = set()
    for dataset, source in sorted(run.project.settings.sources.items()):
        columns = sorted(
            {
                column
                for role in source.roles.values()
                for name, mapping in role.fields.items()
                if name in _NAMES
                for column in mapping.columns
            }
        )
        for column in columns:
            # Bytes and letters are as many in nearly all names: the pattern is tried on the rest only.
            told = (
                f"SELECT DISTINCT lower({quote(column)}) AS told FROM {dataset_table(dataset)} "
                f"WHERE strlen({quote(column)}) > length({quote(column)}) AND regexp_matches({quote(column)}, $other)"
            )
            split = "SELECT DISTINCT unnest(string_split(told || strip_accents(told), '')) AS letter"
            rows = run.engine.rows(f"{split} FROM ({told})", {"other": OTHER_SCRIPT})
            found |= {str(row[0]) for row in rows}
    return sorted(found)


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


def _roles(run: Run, entity_type: EntityType) -> list[tuple[str, Source, str]]:
    sources = run.project.settings.sources
    return [
        (dataset, sources[dataset], role)
        for dataset in sorted(sources)
        for role in sorted(sources[dataset].roles)
        if sources[dataset].roles[role].entity == entity_type
    ]


def _create(run: Run, entity_type: EntityType) -> None:
    columns = ", ".join(f"{quote(column.name)} {column.type}" for column in CANONICAL[entity_type])
    run.engine.run(
        f"CREATE OR REPLACE TABLE canonical.{quote(entity_type)} (record BIGINT, {columns}, bad_values SMALLINT)"
    )


def _fill(run: Run, entity_type: EntityType) -> None:
    """Standardise all roles of a type in one statement: planning it costs more than a small dataset's rows do."""
    selects: list[str] = []
    values: dict[str, Any] = {}
    for place, (dataset, source, role) in enumerate(_roles(run, entity_type)):
        mapped, more = mapped_sql(dataset, source, role, f"map_{place}")
        selects.append(mapped)
        values |= more
    columns = ", ".join(quote(column.name) for column in CANONICAL[entity_type])
    run.engine.run(
        f"INSERT INTO canonical.{quote(entity_type)} WITH mapped AS ({' UNION ALL '.join(selects)}) "
        f"SELECT row_number() OVER (ORDER BY dataset, key, role) - 1, {columns}, bad_values "
        f'FROM (\n{canonical_sql(entity_type)}\n) WHERE NOT "empty"',
        values,
    )


def _reread(run: Run, entity_type: EntityType) -> None:
    """Let a library read what SQL could not, in the rows of roles that map dates or telephone numbers."""
    selects: list[str] = []
    values: dict[str, Any] = {}
    for place, (dataset, source, role) in enumerate(_roles(run, entity_type)):
        if may_need_library(source, role):
            prefix = f"map_{place}"
            table = suspect_table(dataset, entity_type, prefix)
            mapped, more = mapped_sql(dataset, source, role, prefix, table=table)
            selects.append(mapped)
            values |= more
    if selects:
        reread(run, entity_type, " UNION ALL ".join(selects), values)


def _relations(run: Run) -> None:
    engine = run.engine
    engine.create("canonical", "relation")
    for dataset, source in sorted(run.project.settings.sources.items()):
        for relation in source.relations:
            start, end = source.roles[relation.from_], source.roles[relation.to]
            engine.run(
                f"""
                INSERT INTO canonical.relation
                SELECT DISTINCT $kind, $dataset, a.key, a.agency, a.seen_on, $from_type, $from_role, $to_type, $to_role
                FROM canonical.{quote(start.entity)} AS a JOIN canonical.{quote(end.entity)} AS b USING (dataset, key)
                WHERE a.dataset = $dataset AND a.role = $from_role AND b.role = $to_role
                """,
                {
                    "kind": relation.kind,
                    "dataset": dataset,
                    "from_type": start.entity,
                    "from_role": relation.from_,
                    "to_type": end.entity,
                    "to_role": relation.to,
                },
            )


def _cases(run: Run) -> None:
    engine = run.engine
    engine.create("canonical", "case")
    for dataset, source in sorted(run.project.settings.sources.items()):
        if source.case is None:
            continue
        number, status, contact = (
            f"nullif(trim({quote(column)}), '')" if column else "NULL"
            for column in (source.case.number, source.case.status, source.case.contact)
        )
        engine.run(
            f'INSERT INTO canonical."case" SELECT $dataset, {quote(KEY)}, $agency, {number}, {status}, {contact} '
            f"FROM {dataset_table(dataset)} WHERE {number} IS NOT NULL",
            {"dataset": dataset, "agency": source.agency},
        )


def _count_no_entity(run: Run) -> None:
    """Move rows that hold no entity at all from accepted to no_entity, per delivery (rule R6)."""
    engine = run.engine
    for dataset in sorted(run.project.settings.sources):
        held = " UNION ALL ".join(
            f"SELECT key FROM canonical.{quote(kind)} WHERE dataset = $dataset" for kind in run.types
        )
        engine.run(
            f"""
            UPDATE source.delivery SET accepted = accepted + no_entity - coalesce(found.rows, 0), no_entity = coalesce(found.rows, 0)
            FROM (
                SELECT delivery.delivery AS number, counted.rows FROM source.delivery LEFT JOIN (
                    SELECT {quote(DELIVERY)} AS number, count(*) AS rows FROM {dataset_table(dataset)}
                    WHERE {quote(KEY)} NOT IN ({held}) GROUP BY ALL
                ) AS counted ON counted.number = delivery.delivery WHERE delivery.dataset = $dataset
            ) AS found
            WHERE delivery.dataset = $dataset AND delivery.delivery = found.number
            """,
            {"dataset": dataset},
        )
