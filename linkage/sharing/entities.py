"""Identities in the forms of others, as JSON lines: FollowTheMoney entities and records in Senzing's form.

Fixed SQL in `linkage/sql/export/` makes every line; no row passes through Python.
"""

from __future__ import annotations

from linkage.engine.duckdb import fixed_sql
from linkage.errors import RequestError

FORMS = ("ftm", "senzing")
_TYPES = ("person", "business", "account")
_TABLES = ("identity", *_TYPES)
# A record of Senzing's form holds its relations; FollowTheMoney has entities of their own for them.
_APART = {"ftm": ("relation",), "senzing": ()}
_ORDER = {"ftm": "id", "senzing": '"RECORD_ID"'}


def entities_sql(form: str, table: str) -> str:
    """Return the query of identities in a form: of one type, or of all types with their relations for `identity`."""
    if table not in _TABLES:
        message = f"--format {form} is for identities; the table must be one of: {', '.join(_TABLES)}"
        raise RequestError(message)
    parts = (*_TYPES, *_APART[form]) if table == "identity" else (table,)
    together = " UNION ALL BY NAME ".join(f"({fixed_sql('export', f'{form}_{part}')}\n)" for part in parts)
    return f"SELECT * FROM ({together}) ORDER BY {_ORDER[form]}"
