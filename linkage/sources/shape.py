"""The usual shape of a file's JSON objects, and the columns of text that objects of that shape have, in SQL.

Objects of the shape are taken apart in one pass. Whether an object has it is not assumed but counted: its braces,
brackets and keys with a value must all be found again in what was read of it. Others are read in the general way.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.engine.sql import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_NAME = re.compile(r'[^"\\.\[\]\x00-\x1f]+')
_TEXT = "VARCHAR"
_FEATURES = "FEATURES"
_MOST = 200
_KEY, _MISSING = '":', '":null'
Node = str | list[Any] | dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A column and its SQL over the object `o`: a text, or a list of texts (missing ones are NULL) by position."""

    column: str
    sql: str
    is_list: bool


@dataclass(frozen=True)
class Shape:
    """What `from_json` reads an object as, its columns, and the condition under which that reading lost nothing.

    The condition is over `o` and `text`, the object as it stands without white space between its signs.
    """

    structure: str
    cells: tuple[Cell, ...]
    whole: str


def usual_shape(structure: str | None, mapped: Collection[str]) -> Shape | None:
    """Return the shape of objects of this (DuckDB's `json_group_structure`), or None where it has no plain column.

    Left out, so that objects with it are read in the general way: lists in lists, names with signs that paths are
    written with, and columns that could be filled from two places.
    """
    tree = json.loads(structure) if structure else None
    if not isinstance(tree, dict):
        return None
    fields = _plain(tree, in_list=False)
    if _has_features(fields):
        fields[_FEATURES] = [{name: node for name, node in fields[_FEATURES][0].items() if node == _TEXT}]
        if not fields[_FEATURES][0]:
            del fields[_FEATURES]
    while fields:
        cells = [*_cells(fields, (), _FEATURES), *_features(fields, mapped)]
        twice = {name for name, times in Counter(cell.column for cell in cells).items() if times > 1}
        if not twice:
            break
        fields = _without(fields, (), twice)
        if _has_features(fields) and twice & {cell.column for cell in _features(fields, mapped)}:
            del fields[_FEATURES]
    if not fields or len(cells) > _MOST:
        return None
    return Shape(json.dumps(fields, ensure_ascii=False), tuple(sorted(cells, key=lambda c: c.column)), _whole(fields))


def text_of_list(name: str, slot: str) -> str:
    """Return SQL that joins a list of texts by `slot`, up to its last text that is not missing."""
    there = f"list_filter(range(1, len({name}) + 1), lambda i: {name}[i] IS NOT NULL)"
    joined = f"array_to_string(list_transform({name}[1:list_max({there})], lambda e: coalesce(e, '')), {slot})"
    return f"CASE WHEN len({name}) <= 1 THEN {name}[1] WHEN len({there}) > 0 THEN {joined} END"


def _plain(node: dict[str, Any], *, in_list: bool) -> dict[str, Any]:
    folded = Counter(name.lower() for name in node)
    found: dict[str, Any] = {}
    for name in sorted(node):
        if not _NAME.fullmatch(name) or folded[name.lower()] > 1:
            continue
        child = _child(node[name], in_list=in_list)
        if child:
            found[name] = child
    return found


def _child(node: Node, *, in_list: bool) -> Node | None:
    if isinstance(node, dict):
        return _plain(node, in_list=in_list)
    if isinstance(node, str):
        return _TEXT
    if in_list or isinstance(node[0], list):
        return None
    inner = _child(node[0], in_list=True)
    return [inner] if inner else None


def _has_features(fields: dict[str, Any]) -> bool:
    node = fields.get(_FEATURES)
    return isinstance(node, list) and isinstance(node[0], dict)


def _column(path: tuple[str, ...]) -> str:
    return ".".join(path[1:] if path[0] == _FEATURES and len(path) > 1 else path)


def _leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, child in node.items():
        if isinstance(child, dict):
            yield from _leaves(child, (*path, name))
        elif child == _TEXT:
            yield (*path, name)


def _at(base: str, path: tuple[str, ...]) -> str:
    return base + "".join(f"[{literal(name)}]" for name in path)


def _text(sql: str) -> str:
    # The sign that separates the values of a list is no part of a value.
    return f"replace({sql}, chr(31), ' ')"


def _cells(node: dict[str, Any], path: tuple[str, ...], apart: str) -> Iterator[Cell]:
    for name, child in node.items():
        here = (*path, name)
        if child == _TEXT:
            yield Cell(_column(here), _text(_at("o", here)), is_list=False)
        elif isinstance(child, dict):
            yield from _cells(child, here, "")
        elif child[0] == _TEXT:
            yield Cell(_column(here), f"list_transform({_at('o', here)}, lambda e: {_text('e')})", is_list=True)
        elif name != apart:
            for leaf in _leaves(child[0]):
                sql = f"list_transform({_at('o', here)}, lambda e: {_text(_at('e', leaf))})"
                yield Cell(_column((*here, *leaf)), sql, is_list=True)


def _features(fields: dict[str, Any], mapped: Collection[str]) -> Iterator[Cell]:
    """Columns of the entries of FEATURES by family, the primary use first, and those of single uses that are mapped."""
    if not _has_features(fields):
        return
    names = list(fields[_FEATURES][0])
    entries = _at("o", (_FEATURES,))
    for name in names:
        family = name.split("_")[0]
        kin = [other for other in names if other.split("_")[0] == family]
        filled = " OR ".join(f"{_at('e', (other,))} IS NOT NULL" for other in kin)
        value = f"lambda e: {_text(_at('e', (name,)))}"
        usage = f"{family}_TYPE"
        if usage not in kin:
            yield Cell(name, f"list_transform(list_filter({entries}, lambda e: {filled}), {value})", is_list=True)
            continue
        used = f"upper(regexp_replace(trim({_at('e', (usage,))}), '[^A-Za-z0-9]+', '_', 'g'))"
        primary = f"coalesce({used} = 'PRIMARY', TRUE)"
        first = f"list_filter({entries}, lambda e: ({filled}) AND {primary})"
        rest = f"list_filter({entries}, lambda e: ({filled}) AND NOT {primary})"
        yield Cell(name, f"list_transform(list_concat({first}, {rest}), {value})", is_list=True)
        for column in sorted(mapped):
            if column.endswith(f"_{name}"):
                use = column[: -len(name) - 1]
                ours = f"list_filter({entries}, lambda e: {used} = {literal(use)})"
                yield Cell(column, f"list_transform({ours}, {value})", is_list=True)


def _without(node: dict[str, Any], path: tuple[str, ...], columns: set[str]) -> dict[str, Any]:
    """Leave out what fills one of these columns."""
    found: dict[str, Any] = {}
    for name, child in node.items():
        here = (*path, name)
        if isinstance(child, dict):
            left: Any = _without(child, here, columns)
        elif isinstance(child, list) and isinstance(child[0], dict):
            inner = _without(child[0], here, columns)
            left = [inner] if inner else None
        else:
            left = None if _column(here) in columns else child
        if left:
            found[name] = left
    return found


def _whole(fields: dict[str, Any]) -> str:
    """Return the condition under which every value of the text `text` was read into `o`.

    Signs inside strings can only add to what is counted in the text, and what is read is never more than what stands
    there, so equal counts mean that nothing was lost: no key twice, no other shape, no key that the shape lacks.
    """
    keys, braces, brackets, lists = _Sum(), _Sum("1"), _Sum(), list[str]()
    _count(fields, "o", keys, braces, brackets, lists)

    def times(sign: str) -> str:
        return f"(length(text) - length(replace(text, {literal(sign)}, ''))) // {len(sign)}"

    conditions = [
        f"{times('{')} = {braces.sql}",
        f"{times('[')} = {brackets.sql}",
        f"{times(_KEY)} - {times(_MISSING)} = {keys.sql}",
        *lists,
    ]
    return f"coalesce({' AND '.join(f'({condition})' for condition in conditions)}, FALSE)"


class _Sum:
    """SQL terms to be added up."""

    def __init__(self, *terms: str) -> None:
        self.terms = list(terms)

    @property
    def sql(self) -> str:
        return " + ".join(self.terms) or "0"


def _count(node: dict[str, Any], base: str, keys: _Sum, braces: _Sum, brackets: _Sum, lists: list[str]) -> None:
    for name, child in node.items():
        here = _at(base, (name,))
        if child == _TEXT:
            keys.terms.append(_one(f"{here} IS NOT NULL"))
        elif isinstance(child, dict):
            # A value that is no object is read as an object of nothing: that counts as none.
            there = _one(_any(child, here))
            keys.terms.append(there)
            braces.terms.append(there)
            _count(child, here, keys, braces, brackets, lists)
        else:
            there = _one(f"{here} IS NOT NULL")
            keys.terms.append(there)
            brackets.terms.append(there)
            if child[0] != _TEXT:
                inner_keys, inner_braces = _Sum(), _Sum("1")
                _count(child[0], "e", inner_keys, inner_braces, _Sum(), [])
                keys.terms.append(f"coalesce(list_sum(list_transform({here}, lambda e: {inner_keys.sql})), 0)")
                braces.terms.append(f"coalesce(list_sum(list_transform({here}, lambda e: {inner_braces.sql})), 0)")
                lists.append(
                    f"{here} IS NULL OR len(list_filter({here}, lambda e: {_any(child[0], 'e')})) = len({here})"
                )


def _any(node: dict[str, Any], base: str) -> str:
    def there(child: Node, here: str) -> str:
        return _any(child, here) if isinstance(child, dict) else f"{here} IS NOT NULL"

    inner: Callable[[str], str] = lambda name: there(node[name], _at(base, (name,)))  # noqa: E731
    return f"({' OR '.join(map(inner, node))})"


def _one(condition: str) -> str:
    return f"CAST({condition} AS INTEGER)"
