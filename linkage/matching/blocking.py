"""Blocking: the table of keys that a model's rules make, and its self-join, the distinct candidate pairs.

A key is the hash of a rule's name and its values. The key table `blocking.key_<type>` serves array-valued columns,
increments and lookups, and counts a rule before it runs; the keys of an increment's fresh records stand in
`blocking.fresh_<type>` first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from linkage.config.entity import parse_part
from linkage.engine.sql import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linkage.config.entity import Blocking, BlockingPart, BlockingRule
    from linkage.config.source import EntityType
    from linkage.engine.duckdb import Engine


MOST_STOP_KEYS = 100_000
# From so many rows on, what deleting them leaves in memory until the file is written through may be more than 16 MB.
_MANY_DELETED = 1_000
# What a key of a block, or a pair that a rule finds, is given of the memory limit while distinct pairs are made: measured with 0.8
# million persons, 12 bytes were too few (200 MB), and 30 were enough.
_PAIR_BYTES = 20


@dataclass(frozen=True)
class Block:
    """A blocking key that many records share: its rule, hash, number of records, and one of the records by name."""

    rule: str
    key: int
    records: int
    example: str


def make_keys(engine: Engine, entity_type: EntityType, rules: Sequence[BlockingRule], table: str = "key") -> None:
    """Write `blocking.<table>_<type>` (rule, key, record) from the model's feature view; a record has a key once."""
    selects = []
    names = {}
    for number, rule in enumerate(rules):
        names[f"rule_{number}"] = rule.name
        selects.append(_rule_sql(entity_type, number, rule))
    engine.create_as("blocking", f"{table}_{entity_type}", " UNION ALL ".join(selects), names)


def keep_rules(
    engine: Engine, entity_type: EntityType, rules: Sequence[BlockingRule], kept: Sequence[BlockingRule]
) -> None:
    """Leave in the tables of keys and of blocks, made under `rules`, what they hold under `kept`, some of them in their order."""
    old = {rule.name: number for number, rule in enumerate(rules)}
    places = " ".join(f"WHEN {old[rule.name]} THEN {number}" for number, rule in enumerate(kept))
    for table in (f"key_{entity_type}", f"size_{entity_type}"):
        engine.create_as(
            "blocking",
            table,
            f"SELECT * REPLACE (CAST(CASE rule {places} END AS UTINYINT) AS rule) FROM blocking.{table} "
            "WHERE list_contains($kept, rule)",
            {"kept": [old[rule.name] for rule in kept]},
        )


def _rule_sql(entity_type: EntityType, number: int, rule: BlockingRule) -> str:
    lists = []
    values = []
    for part in map(parse_part, rule.on):
        column = quote(part.column)
        if part.take == "each":
            lists.append(column)
        values.append(_value_sql(part, column))
    columns = sorted({quote(parse_part(part).column) for part in rule.on})
    source = f"SELECT {', '.join(['record', *columns])} FROM feature.{quote(entity_type)}"
    for column in lists:
        # One after the other: side by side, the first values of two lists would go together, the second, and so on.
        source = f"SELECT * REPLACE (unnest({column}) AS {column}) FROM ({source})"
    present = " AND ".join(f"{value} IS NOT NULL" for value in values)
    distinct = "DISTINCT " if lists else ""
    return (
        f"SELECT {distinct}CAST({number} AS UTINYINT) AS rule, hash($rule_{number}, {', '.join(values)}) AS key, record "
        f"FROM ({source}) WHERE {present}"
    )


def _value_sql(part: BlockingPart, column: str) -> str:
    """Return what a part of a rule takes of a column's value, or of one value of its list; NULL gives no key."""
    if part.take == "each":
        # right() of a shorter value is the value.
        return f"nullif({f'right({column}, {part.length})' if part.length else column}, '')"
    if part.take in {"year", "month"}:
        return f"{part.take}({column})"
    if part.take in {"first", "last"}:
        cut = f"left({column}, {part.length})" if part.take == "first" else f"right({column}, {part.length})"
        return f"CASE WHEN length({column}) >= {part.length} THEN {cut} END"
    return column


def row_keys(rules: Sequence[BlockingRule]) -> tuple[str, dict[str, str]]:
    """Return the expression of the list of all keys of one row of features, and its parameters.

    The keys are those of `make_keys`; a key may stand twice, and what is no key is NULL.
    """
    lists = [_row_rule_sql(number, rule) for number, rule in enumerate(rules)]
    return f"flatten([{', '.join(lists)}])", {f"rule_{number}": rule.name for number, rule in enumerate(rules)}


def _row_rule_sql(number: int, rule: BlockingRule) -> str:
    lists, values = [], []
    for place, part in enumerate(map(parse_part, rule.on)):
        column = quote(part.column)
        if part.take == "each":
            lists.append((f"each_{place}", column))
            column = f"each_{place}"
        values.append(_value_sql(part, column))
    present = " AND ".join(f"{value} IS NOT NULL" for value in values)
    found = f"[CASE WHEN {present} THEN hash($rule_{number}, {', '.join(values)}) END]"
    for name, column in reversed(lists):
        found = f"flatten(list_transform(coalesce({column}, []), lambda {name}: {found}))"
    return found


def count_blocks(engine: Engine, entity_type: EntityType, *, fresh: bool = False) -> None:
    """Write `blocking.size_<type>` (rule, key, records, record): the blocks of two records and more, with one of the records.

    With `fresh` only blocks that fresh records are in, whose keys `blocking.met_<type>` holds then for `make_fresh_pairs`.
    """
    keys = f"blocking.key_{entity_type}"
    if fresh:
        # Of all tables that of the keys is the longest: it is read once.
        fresh_keys = f"SELECT key FROM blocking.fresh_{entity_type}"
        engine.create_as("blocking", f"met_{entity_type}", f"FROM {keys} WHERE key IN ({fresh_keys})")
        keys = f"blocking.met_{entity_type}"
    engine.create_as(
        "blocking",
        f"size_{entity_type}",
        f"SELECT rule, key, count(*) AS records, min(record) AS record FROM {keys} GROUP BY rule, key HAVING count(*) > 1",
    )


def large_blocks(engine: Engine, entity_type: EntityType, rules: Sequence[BlockingRule], limit: int) -> list[Block]:
    """Return the keys that more than `limit` records hold, of the blocks that `count_blocks` has counted, the largest first."""
    rows = engine.rows(
        f"""
        SELECT large.rule, large.key, large.records, entity.dataset, entity.key, entity.role
        FROM blocking.size_{entity_type} AS large JOIN canonical.{entity_type} AS entity ON entity.record = large.record
        WHERE large.records > $limit ORDER BY large.records DESC, large.rule, large.key
        """,
        {"limit": limit},
    )
    return [
        Block(rules[rule].name, key, records, record_name(dataset, name, role))
        for rule, key, records, dataset, name, role in rows
    ]


def count_pairs(
    engine: Engine, entity_type: EntityType, rules: Sequence[BlockingRule], *, fresh: bool = False
) -> dict[str, int]:
    """Return rule → pairs that it finds, exactly, before any is made; with `fresh` only pairs with a fresh record.

    Reads the blocks that `count_blocks` has counted. A pair that several rules find is counted by each.
    """
    size = f"blocking.size_{entity_type}"
    counted = f"SELECT rule, records * (records - 1) // 2 AS pairs FROM {size}"
    if fresh:
        counted = (
            f"SELECT rule, fresh * (records - fresh) + fresh * (fresh - 1) // 2 AS pairs FROM {size} JOIN "
            f"(SELECT rule, key, count(*) AS fresh FROM blocking.fresh_{entity_type} GROUP BY rule, key) USING (rule, key)"
        )
    found = dict(engine.rows(f"SELECT rule, CAST(sum(pairs) AS BIGINT) FROM ({counted}) GROUP BY rule"))
    return {rule.name: found.get(number, 0) for number, rule in enumerate(rules)}


def fit_stop_keys(
    engine: Engine, entity_type: EntityType, rules: Sequence[BlockingRule], blocking: Blocking, records: int
) -> dict[str, list[int]]:
    """Return for each rule the keys whose blocks are too large for `max_block` or for the budget of pairs.

    A rule that has to set more than `MOST_STOP_KEYS` aside finds nothing that is worth its keys, and is left out.

    A rule that needs no more than an equal share of the budget, and of what such rules leave of theirs, keeps all its
    blocks, since few pairs meet in it by chance: who has many records is in large blocks under narrow rules too. Of
    the other rules together the largest blocks go first: what many records share says least about who they are. What goes
    is frozen into the model as stop keys, so that which pairs are candidates never depends on later counts.
    Reads the blocks that `count_blocks` has counted.
    """
    size = f"blocking.size_{entity_type}"
    needs = dict(
        engine.rows(
            f"SELECT rule, CAST(sum(records * (records - 1) // 2) AS BIGINT) FROM {size} WHERE records <= $most GROUP BY rule ORDER BY rule",
            {"most": blocking.max_block},
        )
    )
    total = max(blocking.least_pairs, round(blocking.pairs_per_record * records))
    whole, left = kept_whole(needs, total)
    engine.create_as(
        "blocking",
        "stop",
        f"""
        WITH grown AS (
            SELECT records, sum(sum(records * (records - 1) // 2)) OVER (ORDER BY records) AS pairs
            FROM {size} WHERE NOT list_contains($whole, rule) GROUP BY records
        ), kept AS (
            SELECT coalesce(max(records), 1) AS largest FROM grown WHERE pairs <= $left AND records <= $most
        )
        SELECT rule, key FROM {size}, kept
        WHERE records > CASE WHEN list_contains($whole, rule) THEN $most ELSE largest END
        """,
        {"whole": whole, "left": left, "most": blocking.max_block},
    )
    # Counted before they are read: there may be as many as records.
    counts = dict(engine.rows("SELECT rule, count(*) FROM blocking.stop GROUP BY rule"))
    found: dict[str, list[int]] = {
        rule.name: [] for number, rule in enumerate(rules) if counts.get(number, 0) <= MOST_STOP_KEYS
    }
    kept = [number for number, rule in enumerate(rules) if rule.name in found]
    for number, key in engine.rows(
        "SELECT rule, key FROM blocking.stop WHERE list_contains($kept, rule) ORDER BY rule, key", {"kept": kept}
    ):
        found[rules[number].name].append(key)
    engine.run("DROP TABLE blocking.stop")
    return found


def kept_whole(needs: Mapping[int, int], total: int) -> tuple[list[int], int]:
    """Return the rules that need no more than an equal share of `total` pairs, and what they leave of it to the others.

    What a rule leaves of its share goes to the others, until no further one needs no more than an equal share of what is left.
    """
    whole: list[int] = []
    others = dict(needs)
    while found := [rule for rule, need in others.items() if need * len(others) <= total]:
        total -= sum(others.pop(rule) for rule in found)
        whole += found
    return sorted(whole), total


def record_name(dataset: str, key: str, role: str) -> str:
    """Return how people write a record: `DATASET/KEY#ROLE`."""
    return f"{dataset}/{key}#{role}"


def drop_stop_keys(engine: Engine, entity_type: EntityType, stop_keys: Sequence[int], table: str = "key") -> None:
    """Remove the model's stop keys from a table of keys.

    The engine remembers of each row near a deleted one who deleted it, in memory that it can neither spill nor free: at
    half a gigabyte and a million records the pairs, which are made next, had no room left beside it.
    """
    if not stop_keys:
        return
    with engine.registered("stop_key", pa.table({"key": pa.array(stop_keys, pa.uint64())})):
        deleted = engine.value(f"DELETE FROM blocking.{table}_{entity_type} WHERE key IN (SELECT key FROM stop_key)")
    if deleted > _MANY_DELETED:
        engine.run("CHECKPOINT")


def make_pairs(engine: Engine, entity_type: EntityType) -> int:
    """Write `blocking.pair_<type>` (a, b with a < b, distinct) and return how many there are.

    Reads the blocks that `count_blocks` has counted: of the keys, most are held by one record. Where keys and pairs are many
    for the memory limit they are made piece by piece, each with the pairs of some of the records.
    """
    table, one = f"pair_{entity_type}", "shared"
    shared = f"SELECT key, record FROM blocking.key_{entity_type} SEMI JOIN blocking.size_{entity_type} USING (key)"
    joined = f"""
        WITH shared AS ({shared})
        SELECT DISTINCT one.record AS a, two.record AS b
        FROM {{one}} AS one JOIN shared AS two ON one.key = two.key AND one.record < two.record
        """
    pieces = _pieces(engine, entity_type)
    for piece in range(pieces):
        if pieces > 1:
            one = f"(FROM shared WHERE record % {pieces} = {piece})"
        if piece == 0:
            engine.create_as("blocking", table, joined.format(one=one))
        else:
            engine.run(f"INSERT INTO blocking.{table} {joined.format(one=one)}")
    return int(engine.value(f"SELECT count(*) FROM blocking.{table}"))


def _pieces(engine: Engine, entity_type: EntityType) -> int:
    """Return in how many pieces the pairs are made."""
    held = engine.value(
        f"SELECT coalesce(CAST(sum(records + records * (records - 1) // 2) AS BIGINT), 0) FROM blocking.size_{entity_type}"
    )
    return 1 + _PAIR_BYTES * int(held) // engine.memory_bytes


def make_fresh_pairs(engine: Engine, entity_type: EntityType) -> int:
    """Write `blocking.pair_<type>`: the candidate pairs of `blocking.fresh_<type>`; reads `blocking.met_<type>` and drops it."""
    engine.create_as(
        "blocking",
        f"pair_{entity_type}",
        f"""
        SELECT DISTINCT least(one.record, two.record) AS a, greatest(one.record, two.record) AS b
        FROM blocking.fresh_{entity_type} AS one JOIN blocking.met_{entity_type} AS two
        ON one.key = two.key AND one.record <> two.record
        """,
    )
    engine.run(f"DROP TABLE blocking.met_{entity_type}")
    return int(engine.value(f"SELECT count(*) FROM blocking.pair_{entity_type}"))
