"""JSON lines: one object a line, nested objects and lists included, flattened in SQL to columns of text.

A column is named by its path without list positions (`address.city`). Values that a list holds stand in one text,
separated by `SLOT`, at the position of their list entry, so that parts of one entry stay together across columns.
The entries of a list `FEATURES` are the record's own attributes, as in Senzing's entity specification: their names
have no prefix, and an entry with a usage type (`NAME_TYPE: "AKA"`) also fills `AKA_NAME_FULL` where that is mapped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import quote
from linkage.errors import DataError
from linkage.sources.incoming import FILE, check_header, no_glob, store

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.source import Source
    from linkage.engine.duckdb import Engine

SLOT = "\x1f"
"""Separates the values of a list in one text; it cannot stand unescaped in JSON."""

MAX_COLUMNS = 1000
_MAX_LINE = 16_000_000
_DELIMITER = "\x1c\x1d\x1e\x1f"


def read_jsonl(engine: Engine, source: Source, path: Path, number: int) -> None:
    """Add the objects of a file to `incoming.row`, other lines to `incoming.reject`.

    The text of every row is kept in `incoming.raw` for rejects. Blank lines are skipped.
    """
    compression = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix.lower(), "none")
    # A delimiter that no JSON holds, and no quotes: every line is one value.
    engine.create_as(
        "incoming",
        "line",
        "SELECT line, row_number() OVER () AS place FROM (SELECT line FROM read_csv($path, auto_detect = false, header = false, "
        "columns = {'line': 'VARCHAR'}, delim = $delimiter, quote = '', escape = '', compression = $compression, "
        f"null_padding = true, strict_mode = false, ignore_errors = false, max_line_size = {_MAX_LINE})) WHERE trim(line) <> ''",
        {"path": no_glob(path), "compression": compression, "delimiter": _DELIMITER},
    )
    engine.create_as("incoming", "judged", _JUDGED)
    engine.run(
        "INSERT INTO incoming.reject SELECT (SELECT name FROM incoming.file WHERE file = $number), place, reason, line "
        "FROM incoming.judged WHERE reason IS NOT NULL ORDER BY place",
        {"number": number},
    )
    before = int(engine.value("SELECT count(*) FROM incoming.row")) if engine.has_table("incoming", "row") else 0
    if not engine.has_table("incoming", "raw"):
        engine.run("CREATE TABLE incoming.raw (row BIGINT, raw VARCHAR)")
    engine.create_as("incoming", "object", _OBJECT, {"before": before})
    engine.run("INSERT INTO incoming.raw SELECT row, line FROM incoming.object")
    engine.create_as("incoming", "leaf", _LEAF)
    engine.create_as("incoming", "cell", _CELL, {"mapped": sorted(source.columns_used()), "slot": SLOT})
    found = [row[0] for row in engine.rows('SELECT DISTINCT "column" FROM incoming.cell ORDER BY ALL')]
    if len(found) > MAX_COLUMNS:
        message = f"{path}: its objects have {len(found):,} different keys, more than {MAX_COLUMNS:,}; move what varies from keys to values"
        raise DataError(message)
    # What a file's records happen not to hold is missing; but a delivery needs its keys.
    needed = {*source.key, *([source.version] if source.version else [])}
    header = sorted({*found, *(source.columns_used() - needed)})
    check_header(path, header, source)
    values = {f"column_{place}": column for place, column in enumerate(header)}
    cells = ", ".join(
        f'max(text) FILTER (WHERE "column" = $column_{place}) AS {quote(column)}' for place, column in enumerate(header)
    )
    store(
        engine,
        f"SELECT * EXCLUDE (row) FROM (SELECT row, CAST({number} AS INTEGER) AS {quote(FILE)}, {cells} FROM incoming.object "
        "LEFT JOIN incoming.cell USING (row) GROUP BY row) ORDER BY row",
        header,
        values,
    )
    for table in ("line", "judged", "object", "leaf", "cell"):
        engine.run(f"DROP TABLE incoming.{table}")


_JUDGED = """
SELECT place, line, CASE
    WHEN NOT json_valid(line) THEN 'not valid JSON'
    WHEN json_type(line) <> 'OBJECT' THEN 'not a JSON object'
    WHEN len(json_keys(line)) <> len(list_distinct(json_keys(line))) THEN 'a key stands twice in the object'
END AS reason
FROM incoming.line
"""

_OBJECT = """
SELECT CAST($before + row_number() OVER (ORDER BY place) - 1 AS BIGINT) AS row, line
FROM incoming.judged WHERE reason IS NULL
"""

# One row a scalar: its path without positions, the position of the first list it is in, and the text.
_LEAF = r"""
SELECT row, node.id, node.key, node.fullkey,
       replace(regexp_replace(regexp_replace(node.fullkey, '\[[0-9]+\]', '', 'g'), '^\$\.', ''), '"', '') AS path,
       coalesce(TRY_CAST(regexp_extract(node.fullkey, '\[([0-9]+)\]', 1) AS INTEGER), 0) AS place,
       starts_with(node.fullkey, '$.FEATURES[') AND NOT regexp_matches(node.key, '^[0-9]+$') AS feature,
       node.atom ->> '$' AS value
FROM incoming.object, json_tree(line) AS node WHERE node.atom IS NOT NULL
"""

# One row a column of a row: the values of its slots in one text.
_CELL = r"""
WITH plain AS (
    SELECT row, id, path AS "column", place AS slot, value FROM incoming.leaf WHERE NOT feature
), feature AS (
    SELECT row, id, key, place, value, split_part(key, '_', 1) AS family FROM incoming.leaf WHERE feature
), usage AS (
    SELECT row, place, family, upper(regexp_replace(trim(value), '[^A-Za-z0-9]+', '_', 'g')) AS usage
    FROM feature WHERE key = family || '_TYPE'
), entry AS (
    -- An entry of the primary use comes first, then those without a use, then the order of the list.
    SELECT row, family, place, usage,
           dense_rank() OVER (PARTITION BY row, family ORDER BY coalesce(usage <> 'PRIMARY', FALSE), place) - 1 AS slot,
           dense_rank() OVER (PARTITION BY row, family, usage ORDER BY place) - 1 AS use_slot
    FROM (SELECT DISTINCT row, family, place FROM feature) LEFT JOIN usage USING (row, family, place)
), spread AS (
    FROM plain
    UNION ALL
    SELECT row, id, key, slot, value FROM feature JOIN entry USING (row, family, place)
    UNION ALL
    SELECT row, id, usage || '_' || key, use_slot, value FROM feature JOIN entry USING (row, family, place)
    WHERE list_contains($mapped, usage || '_' || key)
), merged AS (
    SELECT row, "column", slot, string_agg(replace(value, $slot, ' '), ' ' ORDER BY id) AS value FROM spread GROUP BY ALL
)
SELECT row, "column", array_to_string(
    list_transform(range(max(slot) + 1), lambda i: coalesce(element_at(map_from_entries(list((slot, value))), i)[1], '')), $slot
) AS text
FROM merged GROUP BY row, "column"
"""
