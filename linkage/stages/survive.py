"""Survive: records of an identity → its golden values, by rule; every other value is kept with its record.

What the records of identities of two and more tell is stored in the release, one row a record in the order of identities; the
view `identity_value` puts the values together where it is read. Identities of one record take no part: their golden values are
the record's own. In an increment all this concerns the touched identities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.engine.sql import comma, literal, qualified, quote
from linkage.stages.attributes import ATTRIBUTES, LISTS, PARTS, golden_columns, stored
from linkage.stages.release import STALE, write
from linkage.stages.touch import held_records
from linkage.survivorship import days, distinct_values, fullest, survivors, taken, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("resolution.identified", "canonical.person", "canonical.business", "canonical.account")
WRITES = ("published.stored", "published.person", "published.business", "published.account", "published.identity_value")


_BATCH = 200_000
"""Records whose values are in arrays at once: about 500 bytes each."""
DEFAULT_RULE = "most_agreed"
_TOLD = "making.telling"


def survive(run: Run, audience: str) -> None:
    """Write what records tell, and the golden values, of every type for one audience; its release is attached as `release`."""
    for entity_type in ATTRIBUTES:
        if entity_type not in run.types:
            write(run, audience, entity_type, f"SELECT {_nothing(entity_type)} WHERE FALSE")
            continue
        run.progress(f"survive {entity_type} for {audience}")
        _split(run, entity_type)
        source = _tell(run, audience, entity_type)
        _golden(run, audience, entity_type, source)
        if source == _TOLD:
            name = f"release.{qualified('published', stored(entity_type))}"
            run.engine.run(f"DELETE FROM {name} WHERE {STALE}")
            run.engine.run(f"INSERT INTO {name} FROM {_TOLD}")
            run.engine.run(f"DROP TABLE {_TOLD}")
        run.engine.run("DROP TABLE making.many")


def _nothing(entity_type: EntityType) -> str:
    return ", ".join(f"NULL AS {quote(column.name)}" for column in golden_columns(entity_type))


def _split(run: Run, entity_type: EntityType) -> None:
    """Write `making.many`: the records of identities of two and more."""
    run.engine.create_as(
        "making",
        "many",
        """
        SELECT record, number, identity, identity_id FROM resolution.identified SEMI JOIN (
            SELECT identity FROM resolution.identified WHERE entity_type = $type GROUP BY identity HAVING count(*) > 1
        ) USING (identity)
        """,
        {"type": entity_type},
    )


def _tell(run: Run, audience: str, entity_type: EntityType) -> str:
    """Write what the records of `making.many` tell, in the order of identities and records; return the table."""
    columns = [attribute.column for attribute in ATTRIBUTES[entity_type]]
    columns += [part for parts in PARTS[entity_type].values() for part in parts]
    amends = audience in run.amended_audiences
    # In a release that is made whole, numbers follow names.
    order = "entity.dataset, entity.key, entity.role" if amends else "many.number"
    query = (
        f"SELECT identity_id, entity.dataset, entity.key, entity.role, entity.agency, entity.seen_on, {comma(columns, 'entity.')} "
        f"FROM making.many AS many JOIN {held_records(run, audience, entity_type)} AS entity USING (record) ORDER BY identity, {order}"
    )
    table = _TOLD if amends else f"release.{qualified('published', stored(entity_type))}"
    run.engine.run(f"CREATE OR REPLACE TABLE {table} AS {query}")
    return table


def _golden(run: Run, audience: str, entity_type: EntityType, source: str) -> None:
    """Write the golden values: those of the identities in `source`, and of single records."""
    engine = run.engine
    rules = run.entity(entity_type).survivorship
    columns = ", ".join(f"{quote(column.name)} {_text(column.type)}" for column in golden_columns(entity_type))
    engine.run(f"CREATE OR REPLACE TABLE making.golden ({columns})")
    texts = [attribute.column for attribute in ATTRIBUTES[entity_type] if not attribute.is_list]
    replaced = ", ".join(f"CAST({quote(text)} AS VARCHAR) AS {quote(text)}" for text in texts)
    for batch in _identities(engine.in_order(f"SELECT * REPLACE ({replaced}) FROM {source}", _BATCH)):
        with engine.registered("survived", best(entity_type, batch, rules)):
            engine.run("INSERT INTO making.golden FROM survived")
    write(
        run,
        audience,
        entity_type,
        f"FROM making.golden UNION ALL BY NAME SELECT identity_id, {single_values(entity_type)} "
        f"FROM (SELECT record, identity_id FROM resolution.identified WHERE entity_type = {literal(entity_type)}) "
        f"ANTI JOIN making.many USING (record) JOIN {held_records(run, audience, entity_type)} USING (record)",
        stale=STALE,
    )
    engine.run("DROP TABLE making.golden")


def _text(sql_type: str) -> str:
    return sql_type if sql_type.endswith("[]") else "VARCHAR"


def _identities(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Cut a stream that is ordered by identity_id so that each piece holds whole identities."""
    rest: pa.Table | None = None
    for batch in batches:
        piece = pa.Table.from_batches([batch])
        piece = pa.concat_tables([rest, piece]) if rest is not None else piece
        ids = piece["identity_id"].combine_chunks()
        # The last identity may go on in the next batch.
        end = len(ids) - int(np.argmax(_begins(ids)[::-1])) - 1
        if end:
            yield piece.slice(0, end).combine_chunks()
        rest = piece.slice(end)
    if rest is not None and len(rest):
        yield rest.combine_chunks()


def _begins(ids: pa.Array) -> NDArray[np.bool_]:
    """Return for each row of ordered ids whether an identity begins there."""
    begins = np.ones(len(ids), np.bool_)
    begins[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    return begins


def best(entity_type: EntityType, records: pa.Table, rules: Mapping[str, str]) -> pa.Table:
    """Return the golden values of each identity of `records`, which are in the order of identity_id; texts for every type.

    records: identity_id, seen_on, and the columns of attributes and parts. rules: attribute → rule, `most_agreed` where none is named.
    """
    ids = _column(records, "identity_id")
    begins = np.flatnonzero(_begins(ids))
    start = np.append(begins, len(ids)).astype(np.int64)
    seen = days(_column(records, "seen_on"))
    found: dict[str, pa.Array] = {"identity_id": ids.take(pa.array(begins))}
    for attribute in ATTRIBUTES[entity_type]:
        values = told(_column(records, attribute.column))
        chosen, kept, ends = survivors(start, values, seen, rules.get(attribute.name, DEFAULT_RULE))
        found[attribute.name] = taken(values.texts, chosen)
        if attribute.is_list:
            found[attribute.column] = distinct_values(values, kept, ends)
        parts = PARTS[entity_type].get(attribute.name)
        if parts:
            columns = [_column(records, part) for part in parts]
            rows = pa.array(fullest(start, values, chosen, columns, seen))
            found |= {part: column.take(rows) for part, column in zip(parts, columns, strict=True)}
    names = [column.name for column in golden_columns(entity_type)]
    return pa.table({name: found[name] for name in names})


def _column(records: pa.Table, name: str) -> pa.Array:
    chunks = records[name]
    return chunks.combine_chunks() if chunks.num_chunks != 1 else chunks.chunk(0)


def single_values(entity_type: EntityType) -> str:
    """Return the SQL of the golden values of a single record's identity, from its canonical columns, in the order of the contract."""
    own = {attribute.name: attribute for attribute in ATTRIBUTES[entity_type]}
    values = []
    for column in golden_columns(entity_type)[1:]:
        name = quote(column.name)
        source = own.get(column.name)
        if column.name in LISTS:
            value = f"CASE WHEN len({name}) > 0 THEN list_sort({name}) END"
        elif source is not None and source.is_list:
            value = _longest(quote(source.column))
        else:
            value = name if source is None else quote(source.column)
        values.append(f"{value} AS {name}")
    return ", ".join(values)


def _longest(values: str) -> str:
    """Choose from the list of a single record as the rules do between values that are told equally often and late."""
    return f"list_sort(list_transform({values}, lambda x: row(length(x), x)))[-1][2]"
