"""Standardise: what agencies wrote → typed, folded, comparable columns, in SQL.

`install` gives a connection the macros and reference tables; `canonical_sql` is the one statement of an entity type;
`library` rewrites the few distinct values that SQL cannot read into forms that it can. The result is a pure function of the
mapped row, the SQL files, the reference lists and the releases of the libraries, which `STANDARDISER_VERSION` names.
"""

from __future__ import annotations

from linkage.standardise.contracts import CANONICAL, MAPPED
from linkage.standardise.install import canonical_sql, install
from linkage.standardise.kept import Standardiser, keep, load_kept, prune_kept, shipped
from linkage.standardise.letters import install_letters
from linkage.standardise.version import STANDARDISER_NUMBER, standardiser_version

__all__ = [
    "CANONICAL",
    "MAPPED",
    "STANDARDISER_NUMBER",
    "STANDARDISER_VERSION",
    "Standardiser",
    "canonical_sql",
    "install",
    "install_letters",
    "keep",
    "load_kept",
    "prune_kept",
    "shipped",
    "standardiser_version",
]

STANDARDISER_VERSION: str


def __getattr__(name: str) -> str:
    # The version is read from files, and nothing is read at import.
    if name == "STANDARDISER_VERSION":
        return standardiser_version()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
