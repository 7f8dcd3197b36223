"""Values of the common forms are read at once: what comes out is what the full steps make of them.

On a second connection the macros that tell a common form give NULL for everything, so that every value goes the long way.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from linkage.engine.duckdb import Engine
from linkage.standardise import MAPPED, install
from tests.standardise.conftest import canonical_rows
from tests.standardise.test_properties import REAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SWITCHES = (
    "std_place_plain(written, is_line, number_known)",
    "std_name_plain(written)",
    "std_holder_plain(written)",
    "std_date_iso(written, reading_order)",
    "std_phone_plain(written, country)",
)
ROWS = 3_000
WORDS = [
    "maria",
    "ann",
    "lee",
    "o",
    "j",
    "smith",
    "garcia",
    "king",
    "st",
    "john",
    "van",
    "der",
    "de",
    "la",
    "mac",
    "ii",
    "iii",
    "jr",
    "sr",
    "md",
    "phd",
    "dr",
    "mr",
    "sir",
    "lady",
    "of",
    "baronet",
    "unknown",
    "none",
    "test",
    "and",
    "or",
    "jt",
    "ten",
    "joint",
    "inc",
    "llc",
    "bank",
    "ali",
    "ben",
    "abu",
    "al",
    "le",
    "duke",
    "earl",
    "lord",
]
ROADS = [
    "main",
    "oak",
    "n",
    "s",
    "west",
    "north",
    "e",
    "st",
    "street",
    "ave",
    "avenue",
    "rd",
    "road",
    "blvd",
    "pl",
    "place",
    "park",
    "ct",
    "court",
    "lota",
    "phs",
    "rma",
    "fl",
    "flat",
    "unit",
    "apt",
    "suite",
    "ste",
    "box",
    "boxwood",
    "drawer",
    "lot",
    "no",
    "virginia",
    "delaware",
    "washington",
    "new",
    "york",
    "mexico",
    "usa",
    "america",
    "georgia",
    "states",
    "high",
    "way",
    "first",
    "saint",
    "fort",
    "martin",
    "king",
]
TOWNS = [
    "reno",
    "las vegas",
    "washington",
    "new york",
    "west new york",
    "fort worth",
    "saint paul",
    "unit",
    "apt park",
    "fl",
    "box elder",
    "w",
    "west",
    "unknown",
    "mexico",
    "lake",
]
CODES = ["nv", "ny", "dc", "va", "fl", "de", "la", "co", "in", "us", "uk", "gb", "zz", "nj", "wv", "me", "pr"]
FLATS = (
    "",
    "",
    "",
    " apt 5",
    " Apt 12B",
    " #4c",
    " # 4c",
    " unit 7",
    " STE 200",
    " suite 3",
    " fl 2",
    " apt 5 fl 2",
    " apt b",
)
BEHIND = (
    "",
    "",
    " 89501",
    " 89501-1234",
    " 00000",
    " 99999",
    " 12345",
    " 123456",
    ", USA",
    " 89501, USA",
    ", us",
    " 89501, united states",
)


@pytest.fixture(scope="module")
def long_way(reference: Path) -> Iterator[Engine]:
    """Give a connection on which no value is of a common form."""
    with Engine(memory_limit="1GB", threads=2) as opened:
        install(opened.run, reference)
        for call in SWITCHES:
            opened.run(f"CREATE OR REPLACE TEMP MACRO {call} AS CAST(NULL AS VARCHAR)")
        yield opened


def _case(chance: random.Random, text: str) -> str:
    return chance.choice((text, text.upper(), text.title()))


def _name(chance: random.Random) -> str:
    words = chance.choices(WORDS, k=chance.randint(1, 4))
    if len(words) > 1 and chance.random() < 0.4:
        words[chance.randrange(len(words) - 1)] += chance.choice((",", ", ", " ,")).strip(" ") or ","
    return _case(chance, chance.choice((" ", " ", " ", "  ")).join(words))


def _street(chance: random.Random) -> str:
    number = chance.choice(("", "12 ", "1450 ", "007 ", "12a ", "12-14 ", "89501 ", "no 5 ", "# 7 "))
    return number + " ".join(chance.choices(ROADS, k=chance.randint(1, 4))) + chance.choice(FLATS)


def _address(chance: random.Random) -> str:
    comma = chance.choice((", ", ", ", ",", " ", ", , "))
    town = f"{chance.choice(TOWNS)}{chance.choice((', ', ' ', ','))}{chance.choice(CODES)}{chance.choice(BEHIND)}"
    return _case(chance, _street(chance) + (comma + town if chance.random() < 0.7 else ""))


def _date(chance: random.Random) -> str:
    year = chance.choice(("1400", "1890", "1900", "1970", "1984", "2000", "2024", "2031", "2099"))
    month, day = f"{chance.randint(0, 13):02}", f"{chance.choice((0, 1, 1, 2, 12, 28, 29, 30, 31, 32)):02}"
    word = _case(chance, chance.choice(("jan", "feb", "mar", "sep", "dec", "xyz")))
    return chance.choice(
        (f"{year}-{month}-{day}", f"{month}/{day}/{year}", f"{day}/{month}/{year}", f"{year}{month}{day}", f"{day}-{word}-{year}", f"{month}{day}{year}")
    )  # fmt: skip


def _phone(chance: random.Random) -> str:
    area = chance.choice(("212", "555", "100", "000", "900", "999", "011"))
    middle, last = (
        chance.choice(("555", "555", "212", "000", "123")),
        chance.choice(("5555", "0000", "9999", "4567", "0100")),
    )
    form = chance.choice(
        ("{}{}{}", "{}-{}-{}", "{}.{}.{}", "{}-{}.{}", "({}) {}-{}", "({}){}-{}", "+1 {} {} {}", "+1-{}-{}-{}", "1{}{}{}", "+44 {} {} {}", "{} {} {}")
    )  # fmt: skip
    return form.format(area, middle, last) + chance.choice(("", "", "", " x12", " "))


def _maybe(chance: random.Random, text: str) -> str | None:
    """Return the text, sometimes another one of any kind, sometimes nothing."""
    return chance.choices((text, None, chance.choice(REAL)), (8, 1, 1))[0]


def _row(chance: random.Random) -> dict[str, Any]:
    in_parts = chance.random() < 0.3
    order = chance.choice(("auto", "ymd", "mdy", "dmy"))
    several = lambda make: [make(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3)))]  # noqa: E731
    return {
        "country_default": chance.choice(("us", "us", "ca", "gb", "de", None)),
        "date_order": order,
        "seen_order": chance.choice(("auto", order)),
        "seen_on": _maybe(chance, _date(chance)),
        "birth_date": _maybe(chance, _date(chance)),
        "opened_on": _maybe(chance, _date(chance)),
        "given_name": _maybe(chance, chance.choice(WORDS)) if in_parts else None,
        "surname": _maybe(chance, chance.choice(WORDS)) if in_parts else None,
        "name": several(_name),
        "other_name": several(_name),
        "holder": several(_name),
        "phone": several(_phone),
        "address": _maybe(chance, _address(chance)) if chance.random() < 0.7 else None,
        "street": _maybe(chance, _case(chance, _street(chance))) if chance.random() < 0.4 else None,
        "house_number": chance.choice((None, None, "12", " ")),
        "ssn": chance.choice((None, "123-45-6789", "XXX-XX-6789", "***-**-0000", "xxxxx6575")),
    }


@pytest.mark.parametrize("entity_type", sorted(MAPPED))
def test_the_short_way_gives_what_the_long_way_gives(engine: Engine, long_way: Engine, entity_type: str) -> None:
    """Names, dates, telephone numbers and addresses of the common forms, and near to them, come out as the full steps make them."""
    chance = random.Random(f"common forms of {entity_type}")
    known = {column.name for column in MAPPED[entity_type]}
    rows = [{name: value for name, value in _row(chance).items() if name in known} for _ in range(ROWS)]
    found, expected = canonical_rows(engine, entity_type, rows), canonical_rows(long_way, entity_type, rows)
    wrong = [(row, short, long) for row, short, long in zip(rows, found, expected, strict=True) if short != long]
    if wrong:
        row, short, long = wrong[0]
        told = {name: (short[name], long[name]) for name in short if short[name] != long[name]}
        pytest.fail(f"{len(wrong)} of {ROWS} rows differ, the first {row}: (short, long) {told}")


@pytest.mark.parametrize(
    ("macro", "text"),
    [
        ("std_place_plain({x}, true, false)", "12 N Main St Apt 5B, Reno, NV 89501, USA"),
        ("std_place_plain({x}, true, false)", "2205 W VALLEY RD #24A, YONKERS NY 10711"),
        ("std_name_plain({x})", "DOWNEY, DAN J"),
        ("std_holder_plain({x})", "Alpha Consulting LLC"),
        ("std_date_iso({x}, 'mdy')", "08/14/1975"),
        ("std_phone_plain({x}, 'us')", "(213) 525-3965"),
    ],
)
def test_common_forms_take_the_short_way(engine: Engine, macro: str, text: str) -> None:
    """The forms that most files hold are told as common: if none were, the other test would prove nothing."""
    assert engine.value(f"SELECT {macro.replace('{x}', '$text')}", {"text": text}) is not None
