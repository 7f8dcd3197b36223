"""What a name looks like: the script it is written in, and where its surname is guessed to come from.

Only for measuring whether a release errs more on some people's names; nothing else reads it, and nobody is to be judged
by it. The guess is a few rules over a short list of our own making (`configs/reference/name_origins.csv`): a surname
that is listed, whole or by its last or first word; else a particle in front ("von", "bin", "de la"); else a beginning
("mc"); else the longest listed ending that leaves two letters before it. Limits: it speaks of the name and not of the
person (marriage, migration, slavery and adoption move names); the list knows a few hundred surnames, so many are
"unknown", rare ones and non-Latin spellings most; names that are common in several places ("lee", "khan", "martin") are
left out on purpose; the origins are broad and uneven. Read differences between slices, never the origin of a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.sql import quote
from linkage.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from linkage.engine.duckdb import Engine

ORIGINS = "name_origins.csv"

# Fields that tell something by themselves; what is derived from them is no further field.
FIELDS = {
    "person": (
        "given_name",
        "middle_name",
        "surname",
        "suffix",
        "other_names",
        "birth_year",
        "sex",
        "ssn_last4",
        "identifiers",
        "phones",
        "emails",
        "address",
        "city",
        "postcode",
        "birth_place",
        "occupation",
        "employer",
    ),
    "business": (
        "name_core",
        "other_names",
        "tax_id",
        "identifiers",
        "phones",
        "emails",
        "domain",
        "address",
        "city",
        "postcode",
    ),
    "account": ("institution", "number_tail", "iban", "account_type", "currency", "holders", "opened_on"),
}
_WRITTEN = {"person": "name", "business": "name", "account": "holder"}

# The first script that a name holds a letter of.
_SCRIPTS = (
    ("arabic", r"\p{Arabic}"),
    ("hebrew", r"\p{Hebrew}"),
    ("cyrillic", r"\p{Cyrillic}"),
    ("greek", r"\p{Greek}"),
    ("korean", r"\p{Hangul}"),
    ("japanese", r"[\p{Hiragana}\p{Katakana}]"),
    ("chinese or japanese", r"\p{Han}"),
    ("latin with marks", r"[\x{C0}-\x{24F}\x{1E00}-\x{1EFF}\x{300}-\x{36F}]"),
    ("other", r"[^\x00-\x{24F}\x{1E00}-\x{1EFF}\x{2000}-\x{206F}]"),
)


def describe(engine: Engine, kind: str, crosswalk: str, reference: Path) -> pa.Table:
    """Return the rows of one type of a crosswalk (a view's name), with filled, script and origin beside each record.

    `filled` counts the fields with a value; script and origin are NULL without a name, and origin is told of persons
    only. `engine` is the base, read only. Raises ConfigError where the list of origins in `reference` is missing.
    """
    types = engine.columns("canonical", kind)
    filled = " + ".join(
        f"CAST(coalesce(len({quote(name)}), 0) > 0 AS INTEGER)"
        if types[name].endswith("[]")
        else f"CAST({quote(name)} IS NOT NULL AS INTEGER)"
        for name in FIELDS[kind]
    )
    scripts = " ".join(f"WHEN regexp_matches(written, '{pattern}') THEN '{name}'" for name, pattern in _SCRIPTS)
    surname = "surname" if kind == "person" else "NULL::VARCHAR"
    values = {"kind": kind}
    guess = "SELECT NULL::VARCHAR AS surname, NULL::VARCHAR AS origin WHERE FALSE"
    if kind == "person":
        path = reference / ORIGINS
        if not path.is_file():
            message = f"{path}: the list of name origins is missing; put it back or copy the default one"
            raise ConfigError(message)
        values["path"], guess = str(path), _GUESS
    return engine.arrow(
        f"""
        WITH own AS (
            SELECT dataset, key, role, {surname} AS surname, {quote(_WRITTEN[kind])} AS written, CAST({filled} AS BIGINT) AS filled
            FROM canonical.{quote(kind)}
        ), guessed AS ({guess})
        SELECT known.*, own.filled, CASE WHEN written IS NULL THEN NULL {scripts} ELSE 'latin' END AS script,
               CASE WHEN own.surname IS NOT NULL THEN coalesce(guessed.origin, 'unknown') END AS origin
        FROM (FROM {quote(crosswalk)} WHERE entity_type = $kind) AS known
        JOIN own USING (dataset, key, role) LEFT JOIN guessed ON guessed.surname = own.surname ORDER BY ALL
        """,
        values,
    )


# One row a distinct surname that a rule knows; ranks 1 to 4 are the rules in their order, longer endings first.
_GUESS = """
    SELECT surname, arg_min(listed.origin, (rank, -length(listed.written), listed.written)) AS origin
    FROM (
        SELECT surname, unnest([
            {'rank': 1, 'kind': 'surname', 'written': surname},
            {'rank': 2, 'kind': 'surname', 'written': string_split(surname, ' ')[-1]},
            {'rank': 3, 'kind': 'surname', 'written': string_split(surname, ' ')[1]}
        ], recursive := true) FROM (SELECT DISTINCT surname FROM own WHERE surname IS NOT NULL)
        UNION ALL
        SELECT surname, 4, 'particle', string_split(surname, ' ')[1]
        FROM (SELECT DISTINCT surname FROM own WHERE contains(surname, ' '))
        UNION ALL
        SELECT surname, 5, 'beginning', left(surname, CAST(letters AS INTEGER))
        FROM (SELECT DISTINCT surname FROM own WHERE surname IS NOT NULL), range(2, 4) AS cut(letters) WHERE length(surname) > letters + 2
        UNION ALL
        SELECT surname, 6, 'ending', right(surname, CAST(letters AS INTEGER))
        FROM (SELECT DISTINCT surname FROM own WHERE surname IS NOT NULL), range(2, 9) AS cut(letters) WHERE length(surname) > letters + 1
    ) AS tried
    JOIN read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
                  columns = {'kind': 'VARCHAR', 'written': 'VARCHAR', 'origin': 'VARCHAR'}) AS listed USING (kind, written)
    GROUP BY surname
"""
