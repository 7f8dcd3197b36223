"""The text of a project file. Whatever came from data or file names goes through `text`; comments are escaped too."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from linkage.profiling.columns import ConditionGuess, FieldGuess, Reason, RoleGuess, SourceGuess

_CSV_DEFAULTS = {"delimiter": ",", "quote": '"', "encoding": "utf-8"}
_CASE = {"case_number": "number", "case_status": "status", "case_contact": "contact"}
_BMP = 0xFFFF


def text(value: str) -> str:
    """Return `value` as a TOML string; signs that cannot be seen are written by number."""
    out = []
    for sign in value:
        if sign in '"\\':
            out.append("\\" + sign)
        elif sign.isprintable():
            out.append(sign)
        else:
            out.append(f"\\u{ord(sign):04x}" if ord(sign) <= _BMP else f"\\U{ord(sign):08x}")
    return '"' + "".join(out) + '"'


def project_toml(sources: Sequence[SourceGuess], folder: Path, name: str) -> str:
    """Return the project file for these guesses, to stand in `folder`."""
    doubts = sum(line.count("DOUBTFUL") for source in sources for line in _source(source, folder)) + 1
    lines = [
        "# Written by `linkage init` from the names and values of columns. Each guess has its reason; look at those marked",
        f"# DOUBTFUL first ({doubts}), then see original beside standardised values with: linkage check",
        "version = 1",
        f"name = {text(name[:100] or 'project')}",
        'workspace = "work"  # everything the system keeps',
        'default_purpose = "first look"  # DOUBTFUL: each look at data states a purpose; say yours',
    ]
    for source in sources:
        lines += ["", *_source(source, folder)]
    return "\n".join(lines) + "\n"


def _source(source: SourceGuess, folder: Path) -> Iterable[str]:
    profile, key = source.profile, source.key
    head = f"sources.{source.dataset}"
    path = os.path.relpath(profile.path.resolve(), folder.resolve()).replace(os.sep, "/")
    bad = f"; DOUBTFUL: {profile.rejected} more rows cannot be read, see linkage check" if profile.rejected else ""
    part = f"; values looked at in {profile.sampled} of them, keys in all" if profile.sampled < profile.rows else ""
    yield f"[{head}]  # {profile.rows} rows, {len(profile.columns)} columns{part}{bad}"
    yield f"agency = {text(source.agency)}  # DOUBTFUL: from the file's name; say who submits it"
    yield f"files = {text(path)}"
    yield f'format = "{profile.format}"'
    yield 'delivery = "snapshot"  # say: snapshot or delta (DOUBTFUL)'
    yield f"key = {_strings(key[0])}{_why(key[1])}"
    if "version" in source.row:
        version = source.row["version"]
        yield f"version = {text(version.columns[0])}{_why(version.reason)}"
    if "seen" in source.row:
        seen = source.row["seen"]
        yield f'seen = {{ column = {text(seen.columns[0])}, order = "{seen.order}" }}{_why(seen.reason)}'
    if source.unmapped:
        yield f"# not mapped: {', '.join(text(column) for column in source.unmapped)}"
    told = {name: getattr(profile.csv, name) for name in _CSV_DEFAULTS}
    if profile.format == "csv" and told != _CSV_DEFAULTS:
        yield f"\n[{head}.csv]"
        for name, value in told.items():
            doubt = "  # DOUBTFUL: it is not UTF-8" if name == "encoding" and value != "utf-8" else ""
            yield f"{name} = {text(value)}{doubt}"
    for role in source.roles:
        yield from _role(role, f"{head}.roles.{role.name}")
    for kind, start, end in source.relations:
        yield f'\n[[{head}.relations]]\nkind = "{kind}"\nfrom = "{start}"\nto = "{end}"'
    yield from _row(source, head)


def _role(role: RoleGuess, head: str) -> Iterable[str]:
    yield f"\n[{head}]{_why(role.reason)}"
    yield f'entity = "{role.entity}"'
    if role.when:
        yield f"when = {_condition(role.when)}{_why(role.when.reason)}"
    if role.country != "us":
        yield f'country = "{role.country}"'
    yield f"[{head}.fields]"
    for name, guess in role.fields.items():
        yield f"{name} = {_mapping(guess)}{_why(guess.reason)}"


def _row(source: SourceGuess, head: str) -> Iterable[str]:
    if "case_number" in source.row:
        yield f"\n[{head}.case]"
        for meaning, key in _CASE.items():
            if meaning in source.row:
                yield f"{key} = {text(source.row[meaning].columns[0])}{_why(source.row[meaning].reason)}"
    if "handling" in source.row:
        marking = source.row["handling"]
        yield f"\n[{head}.marking]\nhandling = {text(marking.columns[0])}{_why(marking.reason)}"


def _condition(when: ConditionGuess) -> str:
    if not when.codes:
        return f"{{ column = {text(when.column)}, present = true }}"
    told = f"equals = {text(when.codes[0])}" if len(when.codes) == 1 else f"in = {_strings(when.codes, bare=False)}"
    return f"{{ column = {text(when.column)}, {told} }}"


def _mapping(guess: FieldGuess) -> str:
    more = {"join": guess.join, "split": guess.split, "order": guess.order, "issuer": guess.issuer}
    told = ", ".join(f"{name} = {text(value)}" for name, value in more.items() if value)
    if not told:
        return _strings(guess.columns)
    columns = (
        f"column = {text(guess.columns[0])}" if len(guess.columns) == 1 else f"columns = {_strings(guess.columns)}"
    )
    return f"{{ {columns}, {told} }}"


def _strings(values: Sequence[str], *, bare: bool = True) -> str:
    if bare and len(values) == 1:
        return text(values[0])
    return f"[{', '.join(text(value) for value in values)}]"


def _why(reason: Reason) -> str:
    return f"  # {'DOUBTFUL: ' if reason.doubtful else ''}{reason.text}"
