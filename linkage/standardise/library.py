"""Values that SQL cannot read, given to a library: each distinct one once, within bounds, and never a guess.

A library does not have the last word. It rewrites a value into a form that the SQL standardisers read (telephone numbers
in E.164 form; dates whose month is an English word), so that placeholders, fillers, impossible days and the range of years
are judged in one place. What it reads depends on the value alone (and on the country of a telephone number), so a record's
result stays a pure function of the record.

*Telephone numbers* (phonenumbers): valid numbers in a text where SQL found too few or too many digits: letters for digits,
digits of other scripts, several numbers in one text.

*Dates* (Babel, the names of months and days of Unicode's CLDR): a year of four digits, a month by its word in another
language, a day. Nothing is calculated, so 30 February stays what it is, and no century is guessed. A word that is one month
in one language and another in another (Polish and Croatian "listopada") is read only where a day of the week tells which.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import pyarrow as pa
from anyascii import anyascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Their releases are part of the standardiser's version.
LIBRARIES = ("anyascii", "babel", "phonenumberslite")
# Bounds of what is given to them, for each dataset: distinct values of a kind, and characters of a value.
MOST_VALUES = 10_000
LONGEST_VALUE = 80

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LANGUAGES = (
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id", "is", "it",
    "lt", "lv", "mk", "ms", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sr_Latn", "sv", "sw", "th", "tl", "tr",
    "uk", "ur",
)  # fmt: skip
# Words beside the month that tell nothing: articles, and what stands behind the number of a day.
_IDLE = frozenset(("de", "d’", "le", "el", "il", "den", "am", "the", "er", "re", "e", "st", "nd", "rd", "th", "a", "o", "º", "ª", "г", "года", "року"))  # noqa: RUF001  # fmt: skip
_TOKEN = re.compile(r"\d+|[^\W\d_][^\d\s.,،/;:()\[\]\u200e\u200f-]*")
_SIGNS = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]?")
# A word of three letters and more beside a digit is a slip: "2000OGo7" is 2000-06-07, not the seventh of "ogo" (Malay).
_GLUED = re.compile(r"\d[^\W\d_]{3}|[^\W\d_]{3}\d")
_QUOTED = re.compile("'([^']+)'")
_YEAR_DIGITS = 4
_DAY_DIGITS = 2


def read_phones(written: Sequence[str], countries: Sequence[str]) -> pa.Table:
    """Return the columns written, country and read: the valid numbers in each text, in E.164 form.

    `countries` holds for each value the two-letter code of the country whose habits hold. Values without a number are
    left out.
    """
    found = [
        {"written": text, "country": country, "read": numbers}
        for text, country in zip(written, countries, strict=True)
        if (numbers := _numbers(text, country.upper()))
    ]
    fields = [("written", pa.string()), ("country", pa.string()), ("read", pa.list_(pa.string()))]
    return pa.Table.from_pylist(found, pa.schema(fields))


def read_dates(written: Iterable[str]) -> pa.Table:
    """Return the columns written and read: each date with its month as an English word, or in ISO form.

    The day need not exist; SQL says so. Values whose month is not sure are left out.
    """
    found = [{"written": text, "read": read} for text in written if (read := _date(text)) is not None]
    return pa.Table.from_pylist(found, pa.schema([("written", pa.string()), ("read", pa.string())]))


def _numbers(text: str, country: str) -> list[str]:
    """Return the distinct valid numbers of a text: those between other words, else the whole text as one number."""
    import phonenumbers

    found = [match.number for match in phonenumbers.PhoneNumberMatcher(text, country)]
    if not found:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            return []
        found = [number] if phonenumbers.is_valid_number(number) else []
    return sorted({phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) for number in found})


def _date(text: str) -> str | None:
    signs = _SIGNS.fullmatch(text.strip())
    if signs:
        return "-".join((f"{int(signs[1]):04}", f"{int(signs[2]):02}", f"{int(signs[3]):02}"))
    lower = text.lower()
    if _GLUED.search(lower):
        return None
    tokens = _TOKEN.findall(lower)
    # `int` reads the digits of any script.
    years = [int(token) for token in tokens if token.isdecimal() and len(token) == _YEAR_DIGITS]
    days = [int(token) for token in tokens if token.isdecimal() and len(token) <= _DAY_DIGITS]
    words = [token for token in tokens if not token.isdecimal()]
    if len(years) != 1 or len(days) > 1 or len(tokens) != len(years) + len(days) + len(words):
        return None
    month = _month(words)
    if month is None:
        return None
    return " ".join([*map(str, days), _MONTHS[month - 1], f"{years[0]:04}"])


def _month(words: list[str]) -> int | None:
    """Return the month of the words of a date, where all languages that know the words agree on it."""
    months, others = _words()
    found: dict[str, set[int]] | None = None
    languages: set[str] | None = None
    for word in words:
        form = word if word in months or word in others else _plain(word)
        if found is None and form in months:
            found = months[form]
        elif form in others:
            languages = others[form] if languages is None else languages & others[form]
        elif form not in _IDLE:
            return None
    if found is None:
        return None
    readings = {month for known in found if languages is None or known in languages for month in found[known]}
    return readings.pop() if len(readings) == 1 else None


@cache
def _words() -> tuple[dict[str, dict[str, set[int]]], dict[str, set[str]]]:
    """Return word → language → months, and the other words of dates (days of the week, "de") → languages."""
    from babel import Locale

    months: dict[str, dict[str, set[int]]] = {}
    others: dict[str, set[str]] = {}
    for language in _LANGUAGES:
        locale = Locale.parse(language)
        for form, width in product(("format", "stand-alone"), ("wide", "abbreviated")):
            for month, name in locale.months[form][width].items():
                words = _spellings(name) - _IDLE
                # A month of several words is not known by one of them.
                if len({_plain(word) for word in words}) == 1:
                    for word in words:
                        months.setdefault(word, {}).setdefault(language, set()).add(month)
            for name in locale.days[form][width].values():
                _add(others, _spellings(name), language)
        for length in ("long", "full"):
            for name in _QUOTED.findall(locale.date_formats[length].pattern):
                _add(others, _spellings(name), language)
    return months, others


def _add(others: dict[str, set[str]], words: Iterable[str], language: str) -> None:
    for word in words:
        others.setdefault(word, set()).add(language)


def _spellings(name: str) -> set[str]:
    """Return the words of a name, each also without its accents."""
    words = [token for token in _TOKEN.findall(name.lower()) if not token.isdecimal()]
    return {form for word in words for form in (word, _plain(word))}


def _plain(word: str) -> str:
    """Return a word in Latin letters without its accents; words of other scripts as they are."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))
    is_latin = all(unicodedata.name(sign, "").startswith("LATIN") for sign in bare)
    return anyascii(bare).lower() if is_latin else word
