"""What the name of a column says: its meaning and whose it is. The vocabulary is data, `column_words.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from linkage.config.base import read_toml
from linkage.config.project import default_configs

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
MAX_WORDS = 12
_NAME_PARTS = {"given_name", "middle_name", "surname"}


@dataclass(frozen=True)
class Named:
    """A reading of a column's name. `owner` is the word that says whose it is, empty where none does.

    `strange` are words that the vocabulary does not know; they make a reading doubtful.
    """

    meaning: str
    phrase: str
    owner: str
    strange: tuple[str, ...]


@cache
def vocabulary() -> Mapping[str, Any]:
    """Return the words that columns are named by."""
    return read_toml(default_configs() / "reference" / "column_words.toml")


@cache
def owner_kinds() -> dict[str, str]:
    """Return owner word → person, party, business or account."""
    return {word: kind for kind, words in vocabulary()["owners"].items() for word in words}


def words_of(name: str) -> list[str]:
    """Cut a column name into lower-case words, short forms written out."""
    short = vocabulary()["short_forms"]
    words = [word.lower() for word in _WORD.findall(name)]
    return [part for word in words for part in short.get(word, word).split()][:MAX_WORDS]


@cache
def _phrases() -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for meaning, phrases in vocabulary()["meanings"].items():
        for phrase in phrases:
            words = tuple(
                part for word in phrase.split() for part in vocabulary()["short_forms"].get(word, word).split()
            )
            found.setdefault(words, meaning)
            found.setdefault(("".join(phrase.split()),), meaning)
    return found


def read_name(name: str) -> Named | None:
    """Return what a column's name says, or None where the vocabulary does not know it."""
    words = words_of(name)
    spans = [(start, end) for start in range(len(words)) for end in range(start + 1, len(words) + 1)]
    known = [span for span in spans if tuple(words[slice(*span)]) in _phrases()]
    if not known:
        return None
    # What a name is comes last ("mailing address zip" is a zip); of such phrases the longest.
    neutral = set(vocabulary()["neutral"]["words"])
    last = max((place for place, word in enumerate(words) if word not in neutral and not word.isdigit()), default=0)
    start, end = max(known, key=lambda span: (span[1] > last, span[1] - span[0], span[1]))
    left = words[:start] + words[end:]
    if set(left) & set(vocabulary()["about"]["words"]):
        return None
    owners = [word for word in left if word in owner_kinds()]
    strange = tuple(word for word in left if word not in neutral and word not in owner_kinds() and not word.isdigit())
    meaning = _phrases()[tuple(words[start:end])]
    if meaning in _NAME_PARTS and any(_phrases().get((word,)) in _NAME_PARTS for word in strange):
        meaning = "name"  # "first and surname" holds the whole name
    return Named(meaning, " ".join(words[start:end]), _owner(owners), strange)


def _owner(owners: list[str]) -> str:
    # "account holder phone" is the holder's.
    others = [word for word in owners if word != "account"]
    return (others or owners or [""])[0]


def is_key_name(name: str) -> bool:
    """Whether a name reads as that of a key."""
    return bool(set(words_of(name)[-2:]) & set(vocabulary()["key"]["words"]))


def is_type_name(name: str) -> bool:
    """Whether a name reads as that of a column of types."""
    return bool(set(words_of(name)) & set(vocabulary()["codes"]["named"]))
