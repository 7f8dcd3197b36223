"""Addresses of the United States in one line: the SQL held against usaddress, a parser that was trained on them."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import usaddress
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import linkage
from linkage.engine.duckdb import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(linkage.__file__).parent / "demo" / "data"
FORMS = (
    "{number} {street}, {city}, {state} {zip}",
    "{number} {street} {unit}, {city}, {state} {zip}",
    "{number} {street}, {unit}, {city}, {state} {zip}-1234",
    "{number} {street}, {city} {state} {zip}",
    "{number} {street} {unit}, {city}, {state}",
    "PO Box {number}, {city}, {state} {zip}",
)
UNITS = ("Apt {}", "Unit {}B", "Ste {}", "#{}", "Suite {}", "Apartment {}C")
WAYS = ("St", "Street", "Ave", "Avenue", "Blvd", "Rd", "Road", "Dr", "Drive", "Ln", "Ct", "Way", "Pl", "Terrace")
SIDES = ("", "", "", "N ", "S ", "East ", "West ", "NW ")
EACH = 200
# Of the parts that both tell in the demo's lines, slips of the pen among them: how many may differ, and where they do.
DIFFERENT = {
    "house_number": 0.005,  # zeros in front are dropped here
    "postcode": 0.0,
    "region": 0.005,
    "city": 0.01,
    "unit": 0.01,  # a street's misspelt word ("B1vd 24A") is part of the flat there
}
LEAST_LINES = 500
THEIRS = {
    "house_number": ("AddressNumber", "USPSBoxID"),
    "postcode": ("ZipCode",),
    "region": ("StateName",),
    "city": ("PlaceName",),
    "unit": ("OccupancyIdentifier",),
}


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _lines(seed: int) -> list[dict[str, str]]:
    """Made addresses: the line and the parts it was made of, folded."""
    chance = random.Random(seed)
    cities, streets, made = _rows("cities.csv"), _rows("streets.csv"), []
    for _ in range(EACH):
        city, form = chance.choice(cities), chance.choice(FORMS)
        unit = chance.choice(UNITS).format(chance.randint(1, 99))
        parts = {
            "number": str(chance.randint(1, 9999)),
            "street": f"{chance.choice(SIDES)}{chance.choice(streets)['street']} {chance.choice(WAYS)}",
            "unit": unit,
            "city": city["city"],
            "state": city["region"],
            "zip": f"{city['zip_prefix']:>03}{chance.randint(1, 99):02}",
        }
        made.append(
            {
                "line": form.format(**parts),
                "house_number": parts["number"],
                "postcode": parts["zip"] if "{zip}" in form else "",
                "region": parts["state"].lower(),
                "city": _city(parts["city"]),
                "unit": unit.split(" ")[-1].lstrip("#").lower() if "{unit}" in form else "",
            }
        )
    return made


def _city(text: str) -> str:
    """A city as the SQL folds it."""
    words = text.lower().replace(".", "").replace("'", "").replace("-", " ").split()
    return " ".join({"fort": "ft", "saint": "st", "mount": "mt"}.get(word, word) for word in words)


def _theirs(line: str) -> dict[str, str] | None:
    try:
        tags, _ = usaddress.tag(line)
    except usaddress.RepeatedLabelError:
        return None
    found = {part: next((tags[tag] for tag in names if tag in tags), "").lower() for part, names in THEIRS.items()}
    found |= {
        "postcode": found["postcode"][:5],
        "city": _city(found["city"]),
        "unit": found["unit"].lstrip("# "),
        "region": found["region"].split(",")[0],
    }
    return found


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_lines_are_parted_as_usaddress_parts_them(standardise: Callable[..., list[dict[str, Any]]], seed: int) -> None:
    """House number, flat, city, state and ZIP code of a line are those it was made of and those that usaddress tells."""
    made = _lines(seed)
    found = standardise("person", [{"address": row["line"]} for row in made])
    for part in DIFFERENT:
        pairs = list(zip(made, found, strict=True))
        assert [(row["line"], read[part]) for row, read in pairs if (read[part] or "") != row[part]] == [], part
        theirs = [(row["line"], told[part], read[part]) for row, read in pairs if (told := _theirs(row["line"]))]
        assert len(theirs) >= EACH * 0.95
        assert [row for row in theirs if row[1] and row[1] != row[2]] == []


def test_lines_of_agencies_are_parted_nearly_alike(demo: Any) -> None:
    """Of the parts that both tell in the one-line addresses of the demo's persons, nearly all are the same."""
    (base,) = sorted((demo.folder / "work" / "base").glob("*.duckdb"))[-1:]
    with Engine(base, read_only=True) as engine:
        rows = engine.rows(
            f"SELECT DISTINCT address, {', '.join(DIFFERENT)} FROM canonical.person "
            "WHERE contains(address, ',') AND coalesce(country, 'us') = 'us' ORDER BY ALL"
        )
    told = [(row, theirs) for row in rows if (theirs := _theirs(row[0]))]
    assert len(told) >= LEAST_LINES
    for place, (part, share) in enumerate(DIFFERENT.items(), start=1):
        both = [(row[0], row[place], theirs[part]) for row, theirs in told if row[place] and theirs[part]]
        differ = [row for row in both if row[1] != row[2]]
        assert len(differ) <= share * len(both), (part, differ)
