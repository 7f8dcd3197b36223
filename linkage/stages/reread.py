"""Give the distinct dates and telephone numbers that SQL could not read to a library, and standardise their records again.

Only records with an unusable value, or with none at all, are looked at: where SQL reads everything, no library is loaded.
The bounds of what is tried count each dataset by itself, so that no dataset changes how another is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import comma, qualified, quote
from linkage.stages.ingest import KEY
from linkage.stages.mark import standard_sql
from linkage.standardise import CANONICAL, MAPPED, Standardiser
from linkage.standardise.library import LONGEST_VALUE, MOST_VALUES, read_dates, read_phones

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linkage.config.source import EntityType, Source
    from linkage.engine.duckdb import Engine
    from linkage.stages.context import Run

# The dates of a mapped row, and the column with the order in which each is written.
DATES = {"birth_date": "date_order", "opened_on": "date_order", "seen_on": "seen_order"}
PHONE = "phone"


def may_need_library(source: Source, role_name: str) -> bool:
    """Whether a role maps a date or a telephone number."""
    return source.seen is not None or bool({*DATES, PHONE} & set(source.roles[role_name].fields))


def suspect_table(rows: str, records: str, prefix: str) -> str:
    """Return those of the rows (a table of a dataset) whose record of a role has an unusable value, or that have no such record.

    `records` is the table of the type's records. The parameters with the names of dataset and role start with `prefix`.
    """
    return (
        f"(FROM {rows} WHERE {quote(KEY)} NOT IN (SELECT key FROM {records} "
        f"WHERE dataset = ${prefix}_dataset AND role = ${prefix}_role AND bad_values = 0)) AS suspect"
    )


def reread(
    run: Run, entity_type: EntityType, suspects: str, values: dict[str, Any], *, schema: str = "canonical"
) -> None:
    """Read again what `suspects` (a SELECT of mapped rows) hold, and put the rows that gain by it into the type's table of a schema.

    Counts for each kind the distinct values that SQL could not read and a library might know, those of them that are
    beyond the bounds, and those that the library read.
    """
    engine = run.engine
    engine.create_as("reading", "suspect", suspects, values)
    if engine.value("SELECT count(*) FROM reading.suspect"):
        found = read_again(engine, run.standardiser, entity_type)
        if engine.value("SELECT count(*) FROM reading.mapped"):
            _replace(run, entity_type, schema)
    else:
        # A small delivery mostly has none, and planning the statements takes longer than it.
        found = {kind: dict.fromkeys(("unread", "beyond_bounds", "read"), 0) for kind in _kinds(entity_type)}
    for name, counts in found.items():
        run.count(f"types.{entity_type}.library.{name}", counts)
    engine.run("DROP SCHEMA reading CASCADE")


def _kinds(entity_type: EntityType) -> tuple[str, ...]:
    """Return the kinds of values of a type that a library may read."""
    return ("dates", "phones") if PHONE in {column.name for column in MAPPED[entity_type]} else ("dates",)


def read_again(engine: Engine, standardiser: Standardiser, entity_type: EntityType) -> dict[str, dict[str, int]]:
    """Write `reading.mapped`: the rows of `reading.suspect` in which a library reads a date or telephone number, with what it read.

    The macros of the standardisers are installed. Returns for `dates` and `phones` the counts of values.
    """
    mapped = {column.name for column in MAPPED[entity_type]}
    dates = [name for name in DATES if name in mapped]
    counts = {"dates": _read(engine, standardiser, "date", ("written",), _written_dates(dates), read_dates)}
    if PHONE in mapped:
        counts["phones"] = _read(engine, standardiser, "phone", ("written", "country"), _WRITTEN_PHONES, read_phones)
    engine.create_as("reading", "mapped", _mapped_again(dates, has_phones=PHONE in mapped))
    return counts


_WRITTEN_PHONES = (
    "SELECT dataset, unnest(phone) AS written, coalesce(lower(country_default), 'us') AS country FROM reading.suspect"
)


def _written_dates(names: Sequence[str]) -> str:
    return " UNION ALL ".join(
        f"SELECT dataset, {quote(name)} AS written, {quote(DATES[name])} AS told_order, country_default AS country "
        f"FROM reading.suspect"
        for name in names
    )


def _read(
    engine: Engine, standardiser: Standardiser, kind: str, keys: Sequence[str], written: str, reader: Callable[..., Any]
) -> dict[str, int]:
    """Write `reading.<kind>`: dataset, written value (and country), and what the library reads in it."""
    unread = f"{kind}_unread"
    engine.create_as("reading", "written", written)
    limits = {"most": MOST_VALUES, "longest": LONGEST_VALUE}
    engine.create_as("reading", unread, standardiser.reading_sql(unread), limits)
    tried = engine.arrow(f"SELECT DISTINCT {comma(keys)} FROM reading.{unread} WHERE is_tried ORDER BY ALL")
    with engine.registered("library_read", reader(*(tried.column(name).to_pylist() for name in keys))):
        query = (
            f"SELECT * EXCLUDE (is_tried) FROM reading.{unread} JOIN library_read USING ({comma(keys)}) WHERE is_tried"
        )
        engine.create_as("reading", kind, query)
    total, beyond = engine.rows(f"SELECT count(*), count(*) FILTER (NOT is_tried) FROM reading.{unread}")[0]
    return {"unread": total, "beyond_bounds": beyond, "read": engine.value(f"SELECT count(*) FROM reading.{kind}")}


def _mapped_again(dates: Sequence[str], *, has_phones: bool) -> str:
    """Return the SELECT of the suspects that hold a value which the library read, with what it read in its place."""
    replaced = [f"coalesce(read_{name}.read, {quote(name)}) AS {quote(name)}" for name in dates]
    tests = [f"read_{name}.read IS NOT NULL" for name in dates]
    joins = [
        f"LEFT JOIN reading.date AS read_{name} ON read_{name}.dataset = told.dataset AND read_{name}.written = told.{quote(name)}"
        for name in dates
    ]
    if has_phones:
        replaced.append("coalesce(read_phone.phone, told.phone) AS phone")
        tests.append("read_phone.phone IS NOT NULL")
        joins.append(
            """LEFT JOIN (
            SELECT dataset, key, role, flatten(list(coalesce(known.read, [written]) ORDER BY place)) AS phone
            FROM (
                SELECT dataset, key, role, unnest(phone) AS written, generate_subscripts(phone, 1) AS place,
                       coalesce(lower(country_default), 'us') AS country
                FROM reading.suspect
            ) AS one LEFT JOIN reading.phone AS known USING (dataset, written, country)
            GROUP BY ALL HAVING bool_or(known.read IS NOT NULL)
            ) AS read_phone ON read_phone.dataset = told.dataset AND read_phone.key = told.key AND read_phone.role = told.role"""
        )
    return f"SELECT told.* REPLACE ({', '.join(replaced)}) FROM reading.suspect AS told {' '.join(joins)} WHERE {' OR '.join(tests)}"


def _replace(run: Run, entity_type: EntityType, schema: str) -> None:
    """Standardise `reading.mapped` and put its rows in the place of those that the table of the type holds."""
    engine, table = run.engine, qualified(schema, entity_type)
    columns = ", ".join(quote(column.name) for column in CANONICAL[entity_type])
    engine.create_as(
        "reading",
        "canonical",
        f'SELECT {columns}, bad_values, {standard_sql(run)} AS marking FROM (WITH mapped AS (FROM reading.mapped) {run.standardiser.canonical_sql(entity_type)}) WHERE NOT "empty"',
    )
    engine.create_as(
        "reading",
        "replaced",
        f"SELECT held.record, found.* FROM reading.canonical AS found LEFT JOIN {table} AS held USING (dataset, key, role)",
    )
    engine.run(f"DELETE FROM {table} WHERE record IN (SELECT record FROM reading.replaced)")
    engine.run(f"INSERT INTO {table} FROM reading.replaced")
    if engine.value("SELECT count(*) FROM reading.replaced WHERE record IS NULL"):
        # A record of which nothing was known before stands between the others: all are counted anew, in place, since copying
        # whole records in the order of their names would take more memory than there may be.
        numbers = f"SELECT rowid AS place, row_number() OVER (ORDER BY dataset, key, role) - 1 AS record FROM {table}"
        engine.run(
            f"UPDATE {table} AS held SET record = numbered.record FROM ({numbers}) AS numbered WHERE held.rowid = numbered.place"
        )
