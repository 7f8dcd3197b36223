"""From profiles to guesses: a pure function of what was counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linkage.errors import DataError
from linkage.profiling.columns import SourceGuess, guess_key, read_column, row_fields
from linkage.profiling.roles import guess_roles, relations_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.profiling.values import FileProfile


def guess(profiles: Sequence[FileProfile]) -> list[SourceGuess]:
    """Return a guess for each file, in order. Raises DataError for a file without a key or without any entity."""
    taken: set[str] = set()
    found = []
    for profile in profiles:
        dataset = _dataset(profile.path.name, taken)
        taken.add(dataset)
        key = guess_key(profile)
        readings = [reading for column in profile.columns if (reading := read_column(column, key[0]))]
        roles = guess_roles(profile, readings)
        if not roles:
            message = (
                f"{profile.path}: no column reads as a name or number of a person, business or account; "
                "name its columns in plain words (for example first_name, last_name, date_of_birth) or write its roles by hand"
            )
            raise DataError(message)
        row = row_fields(readings)
        used = {c for r in roles for f in r.fields.values() for c in (*f.columns, *([f.issuer] if f.issuer else []))}
        used |= {c for f in row.values() for c in f.columns} | set(key[0]) | {r.when.column for r in roles if r.when}
        unmapped = tuple(column.name for column in profile.columns if column.name not in used)
        agency = dataset.replace("_", " ").title()[:60]
        found.append(SourceGuess(dataset, agency, profile, key, roles, row, relations_of(roles), unmapped))
    return found


def _dataset(file: str, taken: set[str]) -> str:
    stem = file.split(".", maxsplit=1)[0] or "data"
    base = re.sub("[^a-z0-9]+", "_", stem.lower()).strip("_")[:50] or "data"
    base = base if base[0].isalpha() else f"d_{base}"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name
