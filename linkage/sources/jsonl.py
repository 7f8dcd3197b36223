"""JSON lines: one object a line, nested objects and lists included, flattened in SQL to columns of text.

A column is named by its path without list positions (`address.city`). Values that a list holds stand in one text,
separated by `SLOT`, at the position of their list entry, so that parts of one entry stay together across columns.
The entries of a list `FEATURES` are the record's own attributes, as in Senzing's entity specification: their names
have no prefix, and an entry with a usage type (`NAME_TYPE: "AKA"`) also fills `AKA_NAME_FULL` where that is mapped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import literal, quote
from linkage.errors import DataError
from linkage.sources.incoming import FILE, check_header, no_glob, store
from linkage.sources.shape import text_of_list, usual_shape

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.source import Source
    from linkage.engine.duckdb import Engine
    from linkage.sources.shape import Shape

SLOT = "\x1f"
"""Separates the values of a list in one text; it cannot stand unescaped in JSON."""

MAX_COLUMNS = 1000
_MAX_LINE = 16_000_000
_SAMPLE = 20_000
_DELIMITER = "\x1c\x1d\x1e\x1f"


def read_jsonl(engine: Engine, source: Source, path: Path, number: int) -> None:
    """Add the objects of a file to `incoming.row`, other lines to `incoming.reject`.

    The text of every row is kept in `incoming.raw` for rejects. Blank lines are skipped. Objects of the file's usual
    shape are taken apart in one pass; for the others every value becomes a row of its own first.
    """
    _read_lines(engine, path)
    shape = usual_shape(engine.value(_STRUCTURE, {"sample": _SAMPLE}), source.columns_used())
    cells = shape.cells if shape else ()
    engine.create_as("incoming", "flat", _flat(shape))
    engine.create_as("incoming", "object", _OBJECT)
    _refuse_and_keep(engine, number)
    odd = int(engine.value("SELECT count(*) FROM incoming.object"))
    if odd:
        _take_apart(engine, source)
    told = ", ".join(["count(*)", *(f"count(c{place})" for place in range(len(cells)))])
    counts = engine.rows(f"SELECT {told} FROM incoming.flat WHERE whole")[0]
    flat = {cell.column: f"c{place}" for place, cell in enumerate(cells) if counts[1 + place]}
    others = {row[0] for row in engine.rows('SELECT DISTINCT "column" FROM incoming.cell')} if odd else set()
    found = {*flat, *others}
    if len(found) > MAX_COLUMNS:
        message = f"{path}: its objects have {len(found):,} different keys, more than {MAX_COLUMNS:,}; move what varies from keys to values"
        raise DataError(message)
    # What a file's records happen not to hold is missing; but a delivery needs its keys.
    needed = {*source.key, *([source.version] if source.version else [])}
    header = sorted({*found, *(source.columns_used() - needed)})
    check_header(path, header, source)
    file = f"CAST({number} AS INTEGER) AS {quote(FILE)}"
    taken = ", ".join(f"{flat.get(column, 'CAST(NULL AS VARCHAR)')} AS {quote(column)}" for column in header)
    query = f"SELECT {file}, {taken} FROM incoming.flat WHERE whole"
    if odd:
        # In the order of the file; where all are of the usual shape they are in it already.
        gathered = ", ".join(
            f'max(text) FILTER (WHERE "column" = $column_{place}) AS {quote(column)}'
            for place, column in enumerate(header)
        )
        query = (
            f"SELECT * EXCLUDE (place) FROM (SELECT place, {file}, {taken} FROM incoming.flat WHERE whole UNION ALL "
            f"SELECT row, {file}, {gathered} FROM incoming.object LEFT JOIN incoming.cell USING (row) GROUP BY row) ORDER BY place"
        )
    store(engine, query, header, {f"column_{place}": column for place, column in enumerate(header)})
    for table in ("line", "flat", "object", "leaf", "path", "entry", "spread", "cell"):
        engine.run(f"DROP TABLE IF EXISTS incoming.{table}")


def _read_lines(engine: Engine, path: Path) -> None:
    compression = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix.lower(), "none")
    # A delimiter that no JSON holds, and no quotes: every line is one value.
    engine.create_as(
        "incoming",
        "line",
        "SELECT place, line, CASE WHEN NOT json_valid(line) THEN 'not valid JSON' WHEN json_type(line) <> 'OBJECT' THEN 'not a JSON object' END AS reason "
        "FROM (SELECT line, row_number() OVER () AS place FROM (SELECT line FROM read_csv($path, auto_detect = false, header = false, "
        "columns = {'line': 'VARCHAR'}, delim = $delimiter, quote = '', escape = '', compression = $compression, "
        f"null_padding = true, strict_mode = false, ignore_errors = false, max_line_size = {_MAX_LINE})) WHERE trim(line) <> '')",
        {"path": no_glob(path), "compression": compression, "delimiter": _DELIMITER},
    )


def _flat(shape: Shape | None) -> str:
    """Return the query for one row an object, in the order of the file: whether it is of the shape, and its cells."""
    if shape is None:
        return "SELECT place, FALSE AS whole FROM incoming.line WHERE reason IS NULL"
    read = ", ".join(f"{cell.sql} AS v{place}" for place, cell in enumerate(shape.cells))
    texts = ", ".join(
        f"{text_of_list(f'v{place}', 'chr(31)') if cell.is_list else f'v{place}'} AS c{place}"
        for place, cell in enumerate(shape.cells)
    )
    parsed = f"SELECT place, json(line) AS text, from_json(line, {literal(shape.structure)}) AS o FROM incoming.line WHERE reason IS NULL"
    return f"SELECT place, whole, {texts} FROM (SELECT place, {shape.whole} AS whole, {read} FROM ({parsed}))"


def _refuse_and_keep(engine: Engine, number: int) -> None:
    """Move what is no object, or has a key twice, to the rejects; number the others' texts as their rows will be."""
    # An object of the usual shape has no key twice: its keys were counted.
    engine.run(
        "UPDATE incoming.line SET reason = 'a key stands twice in the object' WHERE place IN "
        "(SELECT row FROM incoming.object WHERE len(json_keys(line)) <> len(list_distinct(json_keys(line))))"
    )
    engine.run("DELETE FROM incoming.object WHERE row IN (SELECT place FROM incoming.line WHERE reason IS NOT NULL)")
    engine.run(
        "INSERT INTO incoming.reject SELECT (SELECT name FROM incoming.file WHERE file = $number), place, reason, line "
        "FROM incoming.line WHERE reason IS NOT NULL ORDER BY place",
        {"number": number},
    )
    before = int(engine.value("SELECT count(*) FROM incoming.row")) if engine.has_table("incoming", "row") else 0
    if not engine.has_table("incoming", "raw"):
        engine.run("CREATE TABLE incoming.raw (row BIGINT, raw VARCHAR)")
    engine.run(
        "INSERT INTO incoming.raw SELECT CAST($before + row_number() OVER () - 1 AS BIGINT), line FROM incoming.line WHERE reason IS NULL",
        {"before": before},
    )


def _take_apart(engine: Engine, source: Source) -> None:
    """Make `incoming.cell`, one row a column of an object, of `incoming.object`: any shape, a row a value on the way."""
    engine.create_as("incoming", "leaf", _LEAF)
    engine.create_as("incoming", "path", _PATH)
    engine.create_as("incoming", "entry", _ENTRY)
    engine.create_as("incoming", "spread", _SPREAD, {"mapped": sorted(source.columns_used())})
    engine.create_as("incoming", "cell", _CELL, {"slot": SLOT})


# Keys that no sampled object has leave their objects to the general way.
_STRUCTURE = """
SELECT json_group_structure(CAST(line AS JSON)) FROM incoming.line
WHERE reason IS NULL AND hash(place) % (SELECT 1 + count(*) // $sample FROM incoming.line) = 0
"""

_OBJECT = """
SELECT place AS row, line FROM incoming.line SEMI JOIN (SELECT place FROM incoming.flat WHERE NOT whole) AS odd USING (place)
"""

# One row a scalar. There are few different paths: they are read once each, not once a value.
_LEAF = """
SELECT row, node.id, node.fullkey, from_json(node.atom, '"VARCHAR"') AS value
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
