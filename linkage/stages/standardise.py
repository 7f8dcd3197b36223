"""Standardise: `source.<dataset>` → `canonical.<type>`, one row an entity record; then what the rows disclose beside them.

In an increment only the rows of `change.key` are read; a record that comes out as it was is left alone. A role's mapping becomes one SELECT (`mapping`); the fixed statement of its type does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from linkage.engine.sql import qualified, quote
from linkage.stages import changes
from linkage.stages.conditions import condition_sql
from linkage.stages.disclose import disclose
from linkage.stages.ingest import DELIVERY, KEY, dataset_table
from linkage.stages.mapping import mapped_sql
from linkage.stages.mark import mark, put_marks, standard_sql
from linkage.stages.reread import may_need_library, reread, suspect_table
from linkage.standardise import CANONICAL, install, install_letters
from linkage.standardise.letters import OTHER_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.config.source import EntityType, Role, Source
    from linkage.stages.context import Run

READS = ("source.delivery", "change.key")
WRITES = (
    "change.gone",
    "change.fresh",
    "canonical.person",
    "canonical.business",
    "canonical.account",
)

# What a row that is standardised may take of the memory limit while it is held, read and numbered; so many rows are in any piece.
_ROW_BYTES = 4_000
_LEAST_ROWS = 100_000
# Below so many rows statements are planned without the optimizer, which takes a third of their time (measured with 1,000).
_FEW_ROWS = 20_000
_NAMES = {"name", "given_name", "middle_name", "surname", "other_name", "holder", "employer", "institution"}


@dataclass(frozen=True)
class Rows:
    """What to standardise: from which rows of each dataset, into which table (schema and name)."""

    schema: str
    changed: bool

    def source(self, dataset: str) -> str:
        """Return the quoted name of the table with the rows of a dataset."""
        return qualified("change", f"row_{dataset}") if self.changed else dataset_table(dataset)

    def target(self, entity_type: EntityType) -> str:
        """Return the quoted name of the table that the records go to."""
        return qualified(self.schema, entity_type)


_ALL = Rows("canonical", changed=False)
_CHANGED = Rows("change", changed=True)


def standardise(run: Run) -> None:
    """Bring the canonical tables up to date with the source records."""
    engine = run.engine
    engine.make_schema("canonical")
    if not run.anew:
        changes.mark_remapped(run)
        _take_changed(run)
    if _has_work(run):
        install(engine.run, run.standardiser.reference, run.project.placeholders, run.standardiser.files)
        install_letters(engine.run, _letters(run))
    rows = _ALL if run.anew else _CHANGED
    mark(run, [(dataset, source, rows.source(dataset)) for dataset, source in changes.to_do(run)])
    is_whole = {kind: bool(run.anew) or not engine.has_table("canonical", kind) for kind in run.types}
    parts = {kind: _counted(run, kind, _ALL if whole else _CHANGED) for kind, whole in is_whole.items()}
    done, in_all = 0, sum(part.number for kind in run.types for part in parts[kind])
    for entity_type in run.types:
        run.progress(f"standardise {entity_type}")
        rows = _ALL if is_whole[entity_type] else _CHANGED
        _create(run, entity_type, rows)
        with engine.planned_plainly(when=_are_few(run, rows)):
            for number in _fill(run, entity_type, rows, parts[entity_type]):
                run.within((done + number) / max(in_all, 1))
            _reread(run, entity_type, rows)
        put_marks(run, rows.target(entity_type))
        number = engine.value(f"SELECT count(*) FROM {rows.target(entity_type)}")
        done += sum(part.number for part in parts[entity_type])
        if rows.changed:
            _replace_changed(run, entity_type)
            run.amended_types.add(entity_type)
        run.count(f"types.{entity_type}.standardised", number)
        run.count(f"types.{entity_type}.records", engine.value(f"SELECT count(*) FROM canonical.{entity_type}"))
        run.count(
            f"types.{entity_type}.bad_values",
            int(engine.value(f"SELECT coalesce(sum(bad_values), 0) FROM canonical.{entity_type}")),
        )
    disclose(run)
    _count_no_entity(run)


def _has_work(run: Run) -> bool:
    """Whether any row is to be standardised: the standardisers take a third of a run's time in which nothing came."""
    return bool(changes.to_do(run)) or not all(run.engine.has_table("canonical", kind) for kind in run.types)


def _take_changed(run: Run) -> None:
    """Write `change.row_<dataset>`: the changed source rows, which every role reads."""
    for dataset, _ in changes.to_do(run):
        run.engine.create_as(
            "change",
            f"row_{dataset}",
            f"FROM {dataset_table(dataset)} WHERE {quote(KEY)} IN (SELECT key FROM change.key WHERE dataset = $dataset)",
            {"dataset": dataset},
        )


def _are_few(run: Run, rows: Rows) -> bool:
    """Whether there are so few rows that planning their statements costs more than running them."""
    counts = [run.engine.value(f"SELECT count(*) FROM {rows.source(name)}") for name, _ in changes.to_do(run)]
    return sum(map(int, counts)) < _FEW_ROWS


def _replace_changed(run: Run, entity_type: EntityType) -> None:
    """Put `change.<type>` in the place of the records of the changed rows; write which are gone and which are fresh.

    A record that stands as it was is neither. Fresh records get numbers above all others: only places, which are made for
    each clustering, follow the order of names.
    """
    engine, held = run.engine, f"canonical.{quote(entity_type)}"
    columns = [column for column in engine.columns("change", entity_type) if column != "record"]
    same = " AND ".join(f"held.{quote(column)} IS NOT DISTINCT FROM made.{quote(column)}" for column in columns)
    engine.create_as(
        "change",
        "same",
        f"SELECT held.record AS held, made.record AS made FROM {held} AS held JOIN change.{quote(entity_type)} AS made "
        f"ON held.dataset = made.dataset AND held.key = made.key AND held.role = made.role AND {same}",
    )
    engine.create_as(
        "change",
        f"gone_{entity_type}",
        f"FROM {held} SEMI JOIN change.key USING (dataset, key) WHERE record NOT IN (SELECT held FROM change.same)",
    )
    highest = engine.value(f"SELECT coalesce(max(record), -1) FROM {held}")
    engine.create_as(
        "change",
        f"fresh_{entity_type}",
        f"SELECT * REPLACE ($highest + row_number() OVER (ORDER BY dataset, key, role) AS record) FROM change.{quote(entity_type)} "
        "WHERE record NOT IN (SELECT made FROM change.same)",
        {"highest": highest},
    )
    engine.run(f"DELETE FROM {held} WHERE record IN (SELECT record FROM change.{quote(f'gone_{entity_type}')})")
    engine.run(f"INSERT INTO {held} BY NAME FROM change.{quote(f'fresh_{entity_type}')}")


def _letters(run: Run) -> list[str]:
    """Return the letters of other scripts in the names of persons, holders and organisations, from the distinct values that hold any."""
    found: set[str] = set()
    rows = _ALL if run.anew else _CHANGED
    for dataset, source in changes.to_do(run):
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
                f"SELECT DISTINCT lower({quote(column)}) AS told FROM {rows.source(dataset)} "
                f"WHERE strlen({quote(column)}) > length({quote(column)}) AND regexp_matches({quote(column)}, $other)"
            )
            split = "SELECT DISTINCT unnest(string_split(told || strip_accents(told), '')) AS letter"
            letters = run.engine.rows(f"{split} FROM ({told})", {"other": OTHER_SCRIPT})
            found |= {str(row[0]) for row in letters}
    return sorted(found)


def _roles(run: Run, entity_type: EntityType, rows: Rows) -> list[tuple[str, Source, str]]:
    """Return dataset, settings and role of a type's roles that have rows to standardise: planning each takes its time."""
    sources = changes.to_do(run) if rows.changed else sorted(run.project.settings.sources.items())
    return [
        (dataset, source, role)
        for dataset, source in sources
        for role in sorted(source.roles)
        if source.roles[role].entity == entity_type
    ]


def _create(run: Run, entity_type: EntityType, rows: Rows) -> None:
    columns = ", ".join(f"{quote(column.name)} {column.type}" for column in CANONICAL[entity_type])
    run.engine.run(
        f"CREATE OR REPLACE TABLE {rows.target(entity_type)} (record BIGINT, {columns}, bad_values SMALLINT, marking INTEGER)"
    )


def _fill(run: Run, entity_type: EntityType, rows: Rows, parts: list[_Part]) -> Iterator[int]:
    """Standardise all roles of a type, in one statement where its rows are few: planning one costs more than a small dataset's rows do.

    Gives how many records there are after each statement.
    """
    columns = ", ".join(quote(column.name) for column in CANONICAL[entity_type])
    target = rows.target(entity_type)
    before = 0
    for piece in _pieces(run, rows, parts):
        selects: list[str] = []
        values: dict[str, Any] = {"before": before}
        for place, part in enumerate(piece):
            prefix = f"map_{place}"
            mapped, more = mapped_sql(part.dataset, part.source, part.role, prefix, table=part.table(rows, prefix))
            selects.append(mapped)
            values |= more | part.values(prefix)
        # Through a union every role would start all the standardisers for itself, and a role that takes few rows of its
        # dataset would hand on small pieces: what is mapped is held first.
        run.engine.run(
            f"INSERT INTO {target} WITH mapped AS MATERIALIZED ({' UNION ALL '.join(selects)}) "
            f"SELECT $before + row_number() OVER (ORDER BY dataset, key, role) - 1, {columns}, bad_values, {standard_sql(run)} "
            f'FROM (\n{run.standardiser.canonical_sql(entity_type)}\n) WHERE NOT "empty"',
            values,
        )
        before = int(run.engine.value(f"SELECT count(*) FROM {target}"))
        yield before


@dataclass(frozen=True)
class _Part:
    """The rows of a role to standardise: those with keys after `after` and up to `up_to` (None: no bound); `number` of them in all."""

    dataset: str
    source: Source
    role: str
    number: int
    after: str | None = None
    up_to: str | None = None

    def table(self, rows: Rows, prefix: str) -> str:
        """Return the part's rows as a table; parameters start with `prefix`."""
        tests = [
            f"{quote(KEY)} {sign} ${prefix}_{name}"
            for name, sign in (("after", ">"), ("up_to", "<="))
            if getattr(self, name) is not None
        ]
        table = rows.source(self.dataset)
        return f"(FROM {table} WHERE {' AND '.join(tests)}) AS part" if tests else table

    def values(self, prefix: str) -> dict[str, Any]:
        """Return the parameters of `table`."""
        bounds = {"after": self.after, "up_to": self.up_to}
        return {f"{prefix}_{name}": value for name, value in bounds.items() if value is not None}


def _counted(run: Run, entity_type: EntityType, rows: Rows) -> list[_Part]:
    """Return a type's roles, each with all its rows."""
    return [
        _Part(
            dataset,
            source,
            role,
            int(_asked(run, rows, dataset, source.roles[role], "SELECT count(*) FROM {rows}")[0][0]),
        )
        for dataset, source, role in _roles(run, entity_type, rows)
    ]


def _pieces(run: Run, rows: Rows, parts: list[_Part]) -> list[list[_Part]]:
    """Return what to standardise in one statement each, in the order of names: as much as the memory limit allows to be held and numbered."""
    most = max(_LEAST_ROWS, int(run.project.settings.engine.memory_bytes / _ROW_BYTES))
    if sum(part.number for part in parts) <= most:
        return [parts] if parts else []
    pieces = []
    for dataset in sorted({part.dataset for part in parts}):
        here = [part for part in parts if part.dataset == dataset]
        # Keys are cut where the role with the most rows has as many as go to one piece.
        largest = max(here, key=lambda part: part.number)
        each = max(1, most // len(here))
        numbered = f"SELECT {quote(KEY)} AS key, row_number() OVER (ORDER BY {quote(KEY)}) AS number FROM {{rows}}"
        cuts = _asked(
            run,
            rows,
            dataset,
            largest.source.roles[largest.role],
            f"SELECT key FROM ({numbered}) WHERE number % {each} = 0 ORDER BY key",
        )
        bounds = [None, *(row[0] for row in cuts), None]
        pieces += [[replace(part, after=after, up_to=up_to) for part in here] for after, up_to in pairwise(bounds)]
    return pieces


def _asked(run: Run, rows: Rows, dataset: str, role: Role, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the rows of a role."""
    test, values = condition_sql(role.when) if role.when is not None else ("TRUE", {})
    return run.engine.rows(query.format(rows=f"(FROM {rows.source(dataset)} WHERE {test})"), values)


def _reread(run: Run, entity_type: EntityType, rows: Rows) -> None:
    """Let a library read what SQL could not, in the rows of roles that map dates or telephone numbers."""
    selects: list[str] = []
    values: dict[str, Any] = {}
    for place, (dataset, source, role) in enumerate(_roles(run, entity_type, rows)):
        if may_need_library(source, role):
            prefix = f"map_{place}"
            table = suspect_table(rows.source(dataset), rows.target(entity_type), prefix)
            mapped, more = mapped_sql(dataset, source, role, prefix, table=table)
            selects.append(mapped)
            values |= more
    if selects:
        reread(run, entity_type, " UNION ALL ".join(selects), values, schema=rows.schema)


def _count_no_entity(run: Run) -> None:
    """Move rows that hold no entity at all from accepted to no_entity, per delivery (rule R6)."""
    engine = run.engine
    for dataset in sorted(run.delivered | {dataset for dataset, _ in changes.to_do(run)}):
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
