"""Dates: the SQL held against the calendar and against dateutil, and the names of months of many languages."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date, get_month_names
from dateutil import parser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.standardise import library

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine

MONTHS = 12
READ = """
SELECT number, step.day, step.other, step.year FROM (
    SELECT number, std_date(step) AS step FROM (
    SELECT number, std_date_choice(step) AS step FROM (
    SELECT number, std_date_days(step) AS step FROM (
    SELECT number, std_date_texts(step) AS step FROM (
    SELECT number, std_date_fields(step) AS step FROM (
    SELECT number, std_date_shape(std_date_text(told), std_date_order(told_order, 'us')) AS step
    FROM (SELECT unnest($told) AS told, unnest($orders) AS told_order, unnest(range(len($told))) AS number)
    )))))
) ORDER BY number
"""
# Format, order of day and month: `None` where the form itself tells it.
FORMATS = {
    "%Y-%m-%d": None, "%Y/%m/%d": None, "%Y.%m.%d": None, "%Y%m%d": None, "%Y-%m-%dT%H:%M:%S": None, "%Y-%m-%d %H:%M:%S.000": None,
    "%d %b %Y": None, "%d %B %Y": None, "%b %d, %Y": None, "%B %d, %Y": None, "%d-%b-%Y": None, "%d-%b-%y": None, "%A, %d %B %Y": None,
    "%a %d %b %Y": None, "%B %dth %Y": None, "%d of %B %Y": None, "%Y %b %d": None, "%b. %d, %Y": None, "%d%b%Y": None,
    "%m/%d/%Y": "mdy", "%m-%d-%Y": "mdy", "%m.%d.%Y": "mdy", "%m/%d/%y": "mdy", "%m%d%Y": "mdy", "%m/%d/%Y 12:30 PM": "mdy", "%m %d %Y": "mdy",
    "%d/%m/%Y": "dmy", "%d-%m-%Y": "dmy", "%d.%m.%Y": "dmy", "%d/%m/%y": "dmy", "%d%m%Y": "dmy", "%d.%m.%Y 12:30": "dmy",
}  # fmt: skip
DAYS = st.dates(date(1930, 1, 1), date(2020, 12, 31))
# dateutil reads no date without marks between its parts unless the year comes first, and puts '34 into 2034.
NOT_READ_BY_DATEUTIL = {"%m%d%Y", "%d%m%Y"}
CENTURY = 100
LANGUAGES = library._LANGUAGES
# Of dates in the words of all these languages: what SQL alone reads, and what it reads with the library.
SHARE_OF_SQL, SHARE_WITH_LIBRARY = 0.2, 0.85
Reading = tuple["date | None", "date | None", "int | None"]


def _read(engine: Engine, told: list[str], orders: list[str]) -> list[Reading]:
    """The day that SQL reads, its second reading, and the year."""
    return [tuple(row[1:]) for row in engine.rows(READ, {"told": told, "orders": orders})]


def _again(engine: Engine, told: list[str], first: list[Reading]) -> list[Reading]:
    """The same, what SQL could not read rewritten by the library."""
    read = dict(
        library.read_dates(t for t, (day, *_) in zip(told, first, strict=True) if day is None).to_pandas().values
    )
    return _read(engine, [read.get(text, text) for text in told], ["auto"] * len(told))


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(days=st.lists(DAYS, min_size=30, max_size=30))
def test_days_in_many_forms_are_read_as_dateutil_reads_them(engine: Engine, days: list[date]) -> None:
    """A day in any of some thirty forms is read as that day, and as dateutil reads it where it does, the century aside."""
    told = [(day.strftime(form), form, order or "auto", day) for day in days for form, order in FORMATS.items()]
    found = _read(engine, [text for text, *_ in told], [order for _, _, order, _ in told])
    for (text, form, order, day), (read, other, year) in zip(told, found, strict=True):
        assert (read, other, year) == (day, None, day.year), text
        if form not in NOT_READ_BY_DATEUTIL:
            theirs = parser.parse(text, dayfirst=order == "dmy", yearfirst=form.startswith("%Y")).date()
            assert theirs == day or ("%y" in form and theirs.year - day.year == CENTURY), text


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(days=st.lists(DAYS, min_size=60, max_size=60))
def test_an_open_order_keeps_both_readings(engine: Engine, days: list[date]) -> None:
    """Where nobody tells the order, a date of numbers has the readings of both orders that exist, and no other."""
    found = _read(engine, [day.strftime("%m/%d/%Y") for day in days], ["auto"] * len(days))
    for day, (read, other, _) in zip(days, found, strict=True):
        swapped = date(day.year, day.day, day.month) if day.day <= MONTHS else None
        assert read == day
        assert other == (swapped if swapped != day else None)


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(year=st.integers(1930, 2020), months=st.lists(st.integers(1, MONTHS), min_size=20, max_size=20))
def test_impossible_days_stay_impossible(engine: Engine, year: int, months: list[int]) -> None:
    """A day that its month does not have gives no date in any form or language, with or without the library."""
    told = []
    for month in months:
        last = (date(year + month // MONTHS, month % MONTHS + 1, 1) - timedelta(1)).day
        words = [get_month_names("wide", locale=language)[month] for language in LANGUAGES]
        told += [f"{year}-{month:02}-{last + 1}", f"{month}/{last + 1}/{year}", f"{last + 1}.{month}.{year}"]
        told += [f"{last + 1} {word} {year}" for word in words] + [f"{year}年{month}月{last + 1}日"]
    first = _read(engine, told, ["auto"] * len(told))
    assert [text for text, (read, *_) in zip(told, first, strict=True) if read is not None] == []
    again = _again(engine, told, first)
    assert [text for text, (read, *_) in zip(told, again, strict=True) if read is not None] == []


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(day=st.integers(13, 28), year=st.integers(1930, 2020))
def test_months_of_many_languages(engine: Engine, day: int, year: int) -> None:
    """Dates as Unicode's CLDR writes them in 43 languages are read rightly or not at all, most of them with the library."""
    days = [date(year, month, day) for month in range(1, MONTHS + 1)]
    forms = ("medium", "long", "full")
    told = [(format_date(d, form, locale=language), d) for language in LANGUAGES for d in days for form in forms]
    texts = [text for text, _ in told]
    first = _read(engine, texts, ["auto"] * len(texts))
    again = _again(engine, texts, first)
    for found, share in ((first, SHARE_OF_SQL), (again, SHARE_WITH_LIBRARY)):
        pairs = list(zip(told, found, strict=True))
        assert [(text, read) for (text, d), (read, *_) in pairs if read not in (None, d)] == []
        assert sum(read == d for (_, d), (read, *_) in pairs) >= share * len(told)
