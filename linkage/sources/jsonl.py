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
    engine.create_as("incoming", "path", _PATH)
    engine.create_as("incoming", "entry", _ENTRY)
    engine.create_as("incoming", "spread", _SPREAD, {"mapped": sorted(source.columns_used())})
    engine.create_as("incoming", "cell", _CELL, {"slot": SLOT})
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
    for table in ("line", "judged", "object", "leaf", "path", "entry", "spread", "cell"):
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

# One row a scalar. There are few different paths: they are read once each, not once a value.
_LEAF = """
SELECT row, node.id, node.fullkey, node.atom ->> '$' AS value
FROM incoming.object, json_tree(line) AS node WHERE node.atom IS NOT NULL
"""

# A path without its positions, the position of the first list it is in, and whether it is an attribute of FEATURES.
_PATH = r"""
SELECT fullkey, place, feature, path, CASE WHEN feature THEN split_part(path, '_', 1) END AS family
FROM (
    SELECT fullkey, coalesce(TRY_CAST(regexp_extract(fullkey, '\[([0-9]+)\]', 1) AS INTEGER), 0) AS place,
           regexp_matches(fullkey, '^\$\.FEATURES\[[0-9]+\]\.') AS feature,
           replace(regexp_replace(regexp_replace(fullkey, '\[[0-9]+\]', '', 'g'), '^\$\.(FEATURES\.)?', ''), '"', '') AS path
    FROM (SELECT DISTINCT fullkey FROM incoming.leaf)
)
"""

# Entries of FEATURES where a record has several of a family, or says what one is used for: the primary use comes
# first, then those without a use, then the order of the list.
_ENTRY = r"""
WITH entry AS (
    SELECT row, family, place, max(CASE WHEN path = family || '_TYPE' THEN upper(regexp_replace(trim(value), '[^A-Za-z0-9]+', '_', 'g')) END) AS usage
    FROM incoming.leaf JOIN incoming.path USING (fullkey) WHERE feature GROUP BY ALL
)
SELECT row, family, place, usage,
       row_number() OVER (PARTITION BY row, family ORDER BY coalesce(usage <> 'PRIMARY', FALSE), place) - 1 AS slot,
       row_number() OVER (PARTITION BY row, family, usage ORDER BY place) - 1 AS use_slot
FROM entry SEMI JOIN (
    SELECT row, family FROM entry GROUP BY ALL HAVING count(*) > 1 OR count(usage) > 0
) AS told ON told.row = entry.row AND told.family = entry.family
"""

_SPREAD = """
SELECT row, id, path AS "column", CASE WHEN feature THEN 0 ELSE place END AS slot, value
FROM incoming.leaf JOIN incoming.path USING (fullkey)
WHERE NOT feature OR (row, family) NOT IN (SELECT (row, family) FROM incoming.entry)
UNION ALL
SELECT leaf.row, id, path, slot, value
FROM incoming.leaf JOIN incoming.path USING (fullkey)
JOIN incoming.entry ON entry.row = leaf.row AND entry.family = path.family AND entry.place = path.place
UNION ALL
SELECT leaf.row, id, usage || '_' || path, use_slot, value
FROM incoming.leaf JOIN incoming.path USING (fullkey)
JOIN incoming.entry ON entry.row = leaf.row AND entry.family = path.family AND entry.place = path.place
WHERE list_contains($mapped, usage || '_' || path)
"""

# One row a column of a row: its value, or the values of its slots in one text.
_CELL = """
WITH several AS (
    SELECT row, "column" FROM incoming.spread GROUP BY ALL HAVING count(*) > 1 OR max(slot) > 0
), merged AS (
    SELECT row, "column", slot, string_agg(replace(value, $slot, ' '), ' ' ORDER BY id) AS value
    FROM incoming.spread SEMI JOIN several USING (row, "column") GROUP BY ALL
)
SELECT row, "column", replace(value, $slot, ' ') AS text FROM incoming.spread ANTI JOIN several USING (row, "column")
UNION ALL
SELECT row, "column", array_to_string(
    list_transform(range(max(slot) + 1), lambda i: coalesce(element_at(map_from_entries(list((slot, value))), i)[1], '')), $slot
) FROM merged GROUP BY row, "column"
"""
