"""Letters of other scripts in Latin letters: the letters that the data hold, each transliterated once.

A letter always becomes the same Latin letters, so the result for a record stays a pure function of the record. Scripts
that leave vowels out or are not spoken as written (Arabic, Hebrew, Khmer, Thai ...) are read by the list of native names
or stay as they are: "mhmd" would count against "Mohammed", where an unread name says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from anyascii import anyascii

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linkage.standardise.install import Run

# What no Latin name holds: a letter behind the blocks of Latin letters and marks.
OTHER_SCRIPT = "[\\x{370}-\\x{1DFF}\\x{1F00}-\\x{1FFF}\\x{2C00}-\\x{2C5F}\\x{2D00}-\\x{D7FF}\\x{F900}-\\x{FAFF}]"
_UNLIKE_THEIR_SOUND = ("ARABIC", "HEBREW", "SYRIAC", "THAANA", "KHMER", "THAI", "LAO", "MYANMAR", "TIBETAN")
# Small kana change the one before them ("*"), one of them doubles the consonant behind it ("+"): `std_kana` joins them.
_KANA = (
    dict.fromkeys("ャゃ", "*ya")
    | dict.fromkeys("ュゅ", "*yu")
    | dict.fromkeys("ョょ", "*yo")
    | dict.fromkeys("ッっ", "+")
)
_KANA |= {
    small: "*" + latin for smalls in ("ァィゥェォ", "ぁぃぅぇぉ") for small, latin in zip(smalls, "aiueo", strict=True)
}
_KANA |= {"ー": ""}
_NOT_A_WORD = re.compile(r"[^a-z0-9 ]+")


def latin_letters(letters: Iterable[str]) -> dict[str, str]:
    """Return the Latin letters of each letter of another script that can be read without knowing the word."""
    found = {}
    for letter in sorted(set(letters)):
        if letter in _KANA:
            found[letter] = _KANA[letter]
            continue
        name = unicodedata.name(letter, "")
        if len(letter) == 1 and not letter.isascii() and not name.startswith(_UNLIKE_THEIR_SOUND):
            latin = _NOT_A_WORD.sub("", anyascii(letter).lower())
            if latin or unicodedata.category(letter)[0] == "M" or "SIGN" in name:
                found[letter] = latin
    return found


def install_letters(run: Run, letters: Iterable[str]) -> None:
    """Tell the standardisers of a connection how these letters are written in Latin letters."""
    pairs = latin_letters(letters)
    run(
        "SET VARIABLE std_letters = (SELECT map_from_entries(list((letter, latin) ORDER BY letter)) "
        "FROM (SELECT unnest($letters) AS letter, unnest($latin) AS latin))"
        if pairs
        else "SET VARIABLE std_letters = MAP {}::MAP(VARCHAR, VARCHAR)",
        {"letters": list(pairs), "latin": list(pairs.values())} if pairs else None,
    )
