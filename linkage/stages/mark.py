"""Mark: `source.<dataset>` → `sharing.marking`, the numbered markings, and `change.marked`, the rows that are not marked as most of their dataset.

Records carry the number of their marking. A number never means another marking: where a row, its mapping or the terms of
its dataset mark it otherwise, its records get another number and so count as changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.config.markings import ANY, NEVER, Marking, compartment
from linkage.engine.sql import literal, quote
from linkage.errors import DataError
from linkage.sources.jsonl import SLOT
from linkage.stages.ingest import KEY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linkage.config.source import EntityType, Source
    from linkage.stages.context import Run

READS = ("change.key",)
WRITES = ("sharing.marking", "sharing.standard", "change.marked")

MOST_MARKINGS = 1000
_SHARE = {
    "full": "full",
    "green": "full",
    "pointer": "pointer",
    "yellow": "pointer",
    "hidden": "hidden",
    "red": "hidden",
}
_LINK = ("any", "compartment", "never")
_TRAIN = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}


def mark(run: Run, rows: Iterable[tuple[str, Source, str]]) -> None:
    """Number the markings of the rows to standardise (dataset, its settings, the table with its rows, which may use $dataset)."""
    engine = run.engine
    engine.make_schema("sharing")
    engine.make_schema("change")
    engine.run(
        "CREATE TABLE IF NOT EXISTS sharing.marking (marking INTEGER, dataset VARCHAR, handling VARCHAR[], share VARCHAR, compartment VARCHAR)"
    )
    # Markings of before 2026-11-30 say nothing of training.
    engine.run("ALTER TABLE sharing.marking ADD COLUMN IF NOT EXISTS train BOOLEAN DEFAULT TRUE")
    engine.run("CREATE TABLE IF NOT EXISTS sharing.standard (dataset VARCHAR, marking INTEGER)")
    run.markings = read_markings(run)
    engine.run("CREATE OR REPLACE TABLE change.marked (dataset VARCHAR, key VARCHAR, marking INTEGER)")
    for dataset, source, table in rows:
        _mark(run, dataset, source, table)


def read_markings(run: Run) -> dict[int, Marking]:
    """Return the numbered markings of the base."""
    if not run.engine.has_table("sharing", "marking"):
        return {}
    train = "train" if "train" in run.engine.columns("sharing", "marking") else "TRUE"
    rows = run.engine.rows(
        f"SELECT marking, dataset, handling, share, compartment, {train} FROM sharing.marking ORDER BY marking"
    )
    return {
        number: Marking(dataset, tuple(handling), share, within, train)
        for number, dataset, handling, share, within, train in rows
    }


def standard_sql(run: Run) -> str:
    """Return the SQL that gives the marking of most records of column `dataset`."""
    rows = run.engine.rows("FROM sharing.standard ORDER BY dataset")
    cases = " ".join(f"WHEN {literal(dataset)} THEN {marking}" for dataset, marking in rows)
    return f"CAST(CASE dataset {cases} END AS INTEGER)" if cases else "CAST(NULL AS INTEGER)"


def put_marks(run: Run, table: str) -> None:
    """Give the records of a table whose rows are not marked as most of their dataset the number of their marking."""
    if run.engine.value("SELECT count(*) FROM change.marked"):
        run.engine.run(
            f"UPDATE {table} AS held SET marking = marked.marking FROM change.marked AS marked "
            "WHERE held.dataset = marked.dataset AND held.key = marked.key"
        )


def bound_sql(run: Run, entity_type: EntityType) -> str | None:
    """Return the query of the records of a type that may not link with any (record, compartment); None where there are none."""
    numbers = [str(number) for number, marking in sorted(run.markings.items()) if marking.compartment != ANY]
    if not numbers:
        return None
    return (
        f"SELECT record, compartment FROM canonical.{quote(entity_type)} JOIN sharing.marking USING (marking) "
        f"WHERE marking IN ({', '.join(numbers)})"
    )


def keep_linkable(run: Run, entity_type: EntityType, table: str) -> None:
    """Take out of a table of pairs (a, b) those that the link use of their records forbids, so that nothing rests on them."""
    bound = bound_sql(run, entity_type)
    if bound is not None:
        # Written anew: pairs are scored by their row numbers, and where rows were deleted a checkpoint numbers the others again.
        run.engine.run(
            f"CREATE OR REPLACE TABLE {table} AS SELECT pair.* FROM {table} AS pair LEFT JOIN ({bound}) AS one ON one.record = pair.a "
            f"LEFT JOIN ({bound}) AS two ON two.record = pair.b WHERE {BARRED} IS NOT TRUE"
        )


BARRED = f"(one.compartment IS DISTINCT FROM two.compartment OR one.compartment = '{NEVER}')"
"""The SQL test that two records, joined to those of `bound_sql` as one and two, may not link."""


def _mark(run: Run, dataset: str, source: Source, table: str) -> None:
    engine, values = run.engine, {"dataset": dataset, "slot": SLOT}
    told = _told_sql(source)
    found = engine.rows(
        f"SELECT {told}, count(*) AS rows FROM {table} GROUP BY ALL ORDER BY rows DESC, handling, share, link_use, train_use LIMIT {MOST_MARKINGS + 1}",
        values,
    )
    if len(found) > MOST_MARKINGS:
        message = (
            f"source {dataset!r}: more than {MOST_MARKINGS:,} different markings; sources.{dataset}.marking must name columns of handling "
            "categories, share level, link use and train use, not of free text"
        )
        raise DataError(message)
    _tell_unknown(run, dataset, found)
    numbers = [_number(run, _marking(run, dataset, *entry[:4])) for entry in found] or [
        _number(run, _marking(run, dataset, [], "", "", ""))
    ]
    standard = engine.value("SELECT marking FROM sharing.standard WHERE dataset = $dataset", values)
    if standard is None or run.anew:
        standard = numbers[0]
        engine.run("DELETE FROM sharing.standard WHERE dataset = $dataset", values)
        engine.run("INSERT INTO sharing.standard VALUES ($dataset, $marking)", {**values, "marking": standard})
    others = [(*entry[:4], number) for entry, number in zip(found, numbers, strict=False) if number != standard]
    if others:
        with engine.registered("other_marking", _table(others)):
            engine.run(
                f"INSERT INTO change.marked SELECT $dataset, key, marking FROM (SELECT {quote(KEY)} AS key, {told} FROM {table}) "
                "JOIN other_marking USING (handling, share, link_use, train_use)",
                values,
            )


def _told_sql(source: Source) -> str:
    """Return the columns handling, share, link_use and train_use of a source row, as the row tells them."""
    marking = source.marking
    names = ("handling", "share", "link_use", "train_use")
    handling, *others = (getattr(marking, name) if marking else None for name in names)
    listed = (
        f"list_sort(list_distinct(list_filter(regexp_split_to_array(upper(replace({quote(handling)}, $slot, ' ')), '[;,\\s]+'), lambda x: x <> '')))"
        if handling
        else "NULL"
    )
    texts = [f"CAST({f'lower(trim({quote(column)}))' if column else 'NULL'} AS VARCHAR)" for column in others]
    told = [f"coalesce({text}, '') AS {name}" for text, name in zip(texts, names[1:], strict=True)]
    return ", ".join((f"coalesce({listed}, CAST([] AS VARCHAR[])) AS handling", *told))


def _marking(
    run: Run, dataset: str, handling: list[str], share: str, link: str, train: str
) -> Marking:  # what a row tells
    level: Any = _SHARE.get(share, "hidden") if share else "full"
    stated = (link if link in _LINK else "never") if link else "any"
    trains = _TRAIN.get(train, False) if train else True
    return Marking(dataset, tuple(handling), level, compartment(run.project, dataset, stated), trains)


def _number(run: Run, marking: Marking) -> int:
    """Return the number of a marking; a new one gets the next."""
    for number, known in run.markings.items():
        if known == marking:
            return number
    number = max(run.markings, default=0) + 1
    run.engine.run(
        "INSERT INTO sharing.marking VALUES ($number, $dataset, CAST($handling AS VARCHAR[]), $share, $compartment, $train)",
        {
            "number": number,
            "dataset": marking.dataset,
            "handling": list(marking.handling),
            "share": marking.share,
            "compartment": marking.compartment,
            "train": marking.train,
        },
    )
    run.markings[number] = marking
    return number


def _tell_unknown(run: Run, dataset: str, found: list[tuple[Any, ...]]) -> None:
    """Count and tell the rows whose share level, link use or train use is not known: they are kept back."""
    strictest = {"share": "hidden", "link_use": "never linked", "train_use": "not trained on"}
    for name, place, known in (("share", 1, tuple(_SHARE)), ("link_use", 2, _LINK), ("train_use", 3, tuple(_TRAIN))):
        rows = sum(entry[4] for entry in found if entry[place] and entry[place] not in known)
        if rows:
            run.count(f"unknown_markings.{dataset}.{name}", int(rows))
            run.progress(
                f"{dataset}: {rows:,} rows have a {name} that is none of {', '.join(known)}; they are {strictest[name]}"
            )


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    types = (pa.list_(pa.string()), pa.string(), pa.string(), pa.string(), pa.int32())
    names = ("handling", "share", "link_use", "train_use", "marking")
    return pa.table(
        {
            name: pa.array([row[place] for row in rows], kind)
            for place, (name, kind) in enumerate(zip(names, types, strict=True))
        }
    )
