"""Give a connection the standardisers: reference tables, then variables made of them, then macros that use both."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from linkage.errors import ConfigError, RequestError
from linkage.standardise.contracts import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

# Reference table → the list that fills it.
REFERENCE_FILES = {
    "account_type": "account_types.csv",
    "bound": "limits.csv",
    "calling_code": "calling_codes.csv",
    "country": "countries.csv",
    "iban_length": "iban_lengths.csv",
    "legal_form": "legal_forms.csv",
    "native_name": "native_names.csv",
    "nickname": "nicknames.csv",
    "organisation_word": "organisation_words.csv",
    "particle": "particles.csv",
    "placeholder": "placeholders.csv",
    "region": "regions.csv",
    "street_word": "street_words.csv",
    "suffix": "suffixes.csv",
    "title": "titles.csv",
}
_COLUMNS = re.compile(r"columns = \{([^}]*)\}")
_NAMES = re.compile(r"'([a-z_]+)': '")
_MACRO = re.compile(r"\bstd_[a-z0-9_]+(?=\()")


class Run(Protocol):
    """Run one statement with `$named` parameters and drop its result."""

    def __call__(self, sql: str, parameters: dict[str, Any] | None = None, /) -> None:
        """Run `sql`."""


def install(
    run: Run, reference_dir: Path, placeholders: Path | None = None, files: Mapping[str, str] | None = None
) -> None:
    """Create the reference tables (schema `reference`), the variables and the macros on a connection.

    `placeholders` is a project's own list, added to the shipped one; `files` are the SQL files of a kept version, with the
    lists of `reference_dir`. Macros and variables live as long as the
    connection; call this again on another one. Raises ConfigError where a list is missing, has other columns than it
    should, or names an attribute that has no placeholders.
    """
    files = sql_files() if files is None else files
    run("CREATE SCHEMA IF NOT EXISTS reference")
    for table, name in sorted(REFERENCE_FILES.items()):
        statement = files.get(f"standardise/reference/{table}.sql")
        if statement is None:
            # A list that a kept version did not have yet.
            continue
        _check_header(reference_dir / name, read_reference(reference_dir, name), statement)
        run(statement, {"path": str(reference_dir / name)})
    if placeholders is not None:
        _add_placeholders(run, placeholders, reference_dir, files)
    for name in sorted(files):
        if name.startswith("standardise/variables/"):
            run(files[name])
    for name in _macros_in_order(files):
        run(files[f"standardise/{name}.sql"])


def _add_placeholders(run: Run, path: Path, reference_dir: Path, files: Mapping[str, str]) -> None:
    content = read_reference(path.parent, path.name)
    statement = files["standardise/reference/placeholder.sql"]
    _check_header(path, content, statement)
    known = {row["attribute"] for row in _lines(read_reference(reference_dir, REFERENCE_FILES["placeholder"]))}
    for number, row in enumerate(_lines(content), start=2):
        if row["attribute"].strip().lower() not in known:
            message = f"{path}: line {number} names the attribute {row['attribute'][:40]!r}; use one of: {', '.join(sorted(known))}"
            raise ConfigError(message)
    run("ALTER TABLE reference.placeholder RENAME TO shipped_placeholder")
    run(statement, {"path": str(path)})
    run(
        'INSERT INTO reference.placeholder FROM reference.shipped_placeholder ANTI JOIN reference.placeholder USING (attribute, "value")'
    )
    run("DROP TABLE reference.shipped_placeholder")


def _lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@cache
def canonical_sql(entity_type: str) -> str:
    """Return the SELECT that turns relation `mapped` into the canonical columns, `empty` and `bad_values`.

    It is one statement without parameters that reads nothing but `mapped` and schema `reference`. Raises
    RequestError for a type that does not exist.
    """
    if entity_type not in CANONICAL:
        message = f"there is no entity type {entity_type!r}; the types are: {', '.join(sorted(CANONICAL))}"
        raise RequestError(message)
    return sql_files()[f"canonical/{entity_type}.sql"]


@cache
def sql_files() -> dict[str, str]:
    """Return every SQL file of the standardisers by its path below `linkage/sql`."""
    root = resources.files("linkage").joinpath("sql")
    found = {
        f"canonical/{name}.sql": root.joinpath("canonical", f"{name}.sql").read_text("utf-8") for name in CANONICAL
    }
    for folder in ("reading", "standardise"):
        found |= _read(root.joinpath(folder), folder)
    return found


def read_reference(folder: Path, name: str) -> bytes:
    """Return the content of a reference list; raise ConfigError where it is missing or unreadable."""
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        message = f"{folder / name}: the reference list cannot be read ({error.strerror}); put it back or copy the default one"
        raise ConfigError(message) from error


def _read(folder: Traversable, path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _read(entry, f"{path}/{entry.name}")
        elif entry.name.endswith(".sql"):
            found[f"{path}/{entry.name}"] = entry.read_text("utf-8")
    return found


def _check_header(path: Path, content: bytes, statement: str) -> None:
    declared = _COLUMNS.search(statement)
    columns = _NAMES.findall(declared.group(1)) if declared else []
    try:
        first = next(csv.reader(io.StringIO(content.decode("utf-8-sig"))), [])
    except UnicodeDecodeError as error:
        message = f"{path}: the reference list is not UTF-8 text; save it as UTF-8"
        raise ConfigError(message) from error
    if first != columns:
        message = f"{path}: the first line is {','.join(first)!r}; it must be {','.join(columns)!r}"
        raise ConfigError(message)


def _macros_in_order(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return the macro names so that each comes behind those it calls, since a macro is checked when it is made."""
    bodies = {
        name.removeprefix("standardise/").removesuffix(".sql"): text
        for name, text in files.items()
        if name.startswith("standardise/std_")
    }
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        for called in sorted(set(_MACRO.findall(bodies[name])) - {name}):
            if called in bodies:
                visit(called)
        order.append(name)

    for name in sorted(bodies):
        visit(name)
    return tuple(order)
