"""What columns mean: keys, dates, countries, codes. Every guess carries its reason, and whether it is doubtful."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from linkage.errors import DataError
from linkage.profiling.names import Named, is_key_name, is_type_name, owner_kinds, read_name, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linkage.profiling.values import ColumnProfile, FileProfile

NEAR_KEY = 0.98
OVERLAP = 1.15
_MAX_NAME = 255
# Meaning → what its values look like, the share from which it is sure, and the least with which it is mapped.
_LOOKS = {
    "birth_date": ("date", 0.8, 0.3),
    "opened_on": ("date", 0.8, 0.3),
    "seen": ("date", 0.8, 0.3),
    "version": ("date", 0.8, 0.3),
    "email": ("email", 0.8, 0.3),
    "phone": ("phone", 0.7, 0.3),
    "ssn": ("ssn", 0.7, 0.3),
    "tax_id": ("nine digits", 0.7, 0.3),
    "tin": ("nine digits", 0.7, 0.3),
    "postcode": ("postcode", 0.6, 0.1),
    "iban": ("iban", 0.6, 0.2),
    "routing_number": ("nine digits", 0.6, 0.3),
    "bic": ("bic", 0.6, 0.3),
    "sex": ("sex", 0.8, 0.3),
    "website": ("url", 0.6, 0.2),
    "currency": ("three letters", 0.7, 0.3),
    "house_number": ("digits", 0.7, 0.2),
    "account_number": ("digits", 0.7, 0.4),
    "given_name": ("words", 0.7, 0.3),
    "surname": ("words", 0.7, 0.3),
    "middle_name": ("words", 0.7, 0.3),
    "name": ("words", 0.6, 0.3),
    "holder": ("words", 0.6, 0.3),
    "city": ("words", 0.7, 0.2),
    "birth_place": ("words", 0.7, 0.3),
    "occupation": ("words", 0.7, 0.3),
    "employer": ("words", 0.6, 0.3),
}
_INSTEAD = {"ssn": "national_id", "tax_id": "identifier", "tin": "identifier"}
_BY_VALUES = (("email", "email", 0.8), ("written ssn", "ssn", 0.8), ("iban", "iban", 0.9))
_DATED = {"seen", "version"}
ROW_MEANINGS = {"seen", "version", "case_number", "case_status", "case_contact", "handling"}


@dataclass(frozen=True)
class Reason:
    """Why something was guessed; doubtful guesses are for a steward to look at."""

    text: str
    doubtful: bool = False


@dataclass(frozen=True)
class Reading:
    """What a column means and whose it is."""

    column: ColumnProfile
    meaning: str
    owner: str
    reason: Reason


@dataclass(frozen=True)
class FieldGuess:
    """The columns that fill an attribute."""

    columns: tuple[str, ...]
    reason: Reason
    order: str | None = None
    issuer: str | None = None
    split: str | None = None
    join: str | None = None


@dataclass(frozen=True)
class ConditionGuess:
    """When a row holds the role: the column's value is one of `codes`, or any where there are none."""

    column: str
    codes: tuple[str, ...]
    reason: Reason


@dataclass(frozen=True)
class RoleGuess:
    """One entity record of a row."""

    name: str
    entity: str
    country: str
    fields: dict[str, FieldGuess]
    reason: Reason
    when: ConditionGuess | None = None


@dataclass(frozen=True)
class SourceGuess:
    """One dataset."""

    dataset: str
    agency: str
    profile: FileProfile
    key: tuple[tuple[str, ...], Reason]
    roles: tuple[RoleGuess, ...]
    row: dict[str, FieldGuess]
    relations: tuple[tuple[str, str, str], ...] = ()
    unmapped: tuple[str, ...] = field(default=())


def guess_key(profile: FileProfile) -> tuple[tuple[str, ...], Reason]:
    """Return the column, or two, that name each row; raise DataError where none do."""
    columns = [column for column in profile.columns if column.filled >= NEAR_KEY and len(column.name) <= _MAX_NAME]
    unique = [column for column in columns if column.filled == 1 and column.distinct == 1]
    for candidates in ([c for c in unique if _may_be_key(c)], [c for c in columns if _may_be_key(c)]):
        if not candidates:
            continue
        best = candidates[0]
        others = f"; {len(candidates) - 1} other columns could be" if len(candidates) > 1 else ""
        if best.distinct == 1 == best.filled:
            return (best.name,), Reason(f"named like a key, filled and different in every row{others}")
        if best.distinct >= NEAR_KEY:
            share = 1 - best.distinct
            text = f"named like a key, but {_percent(share)} of the rows share or lack it: such rows are rejected unless 'version' orders them"
            return (best.name,), Reason(text, doubtful=True)
    if unique:
        return (unique[0].name,), Reason(
            "filled and different in every row, though not named like a key", doubtful=True
        )
    for pair in profile.pair_keys:
        if max(map(len, pair)) <= _MAX_NAME:
            return pair, Reason("no column names each row; these two together do", doubtful=True)
    message = (
        f"{profile.path}: no column, and no two columns, are filled and different in every row; "
        "add a column that numbers the rows the same in every delivery, or remove rows that are there twice"
    )
    raise DataError(message)


def _may_be_key(column: ColumnProfile) -> bool:
    named = read_name(column.name)
    personal = {
        "account_number",
        "phone",
        "house_number",
        "tax_id",
        "ssn",
        "tin",
        "passport",
        "iban",
        "case_number",
        "unit",
        "postcode",
    }
    return is_key_name(column.name) and not (named and named.meaning in personal | {"driver_licence", "national_id"})


def read_column(column: ColumnProfile, key: tuple[str, ...]) -> Reading | None:
    """Return what a column means by its name and values, or None where nothing is known of it."""
    if column.filled == 0 or len(column.name) > _MAX_NAME or column.name in key:
        return None
    named = read_name(column.name)
    if named is None:
        return _by_values(column)
    named = _open_words(column, named)
    # A name of something that is neither a person nor a firm, such as a programme, is no name of theirs.
    parts = {"first", "last", "and", "middle", "surname", "forename"}
    if set(named.strange) - parts and named.meaning in {"name", "holder", "account_number", "employer", "version"}:
        return None
    meaning, look = named.meaning, _LOOKS.get(named.meaning)
    reason = Reason(f"name has {named.phrase!r}", doubtful=bool(named.strange))
    if look:
        test, sure, least = look
        share = column.shares[test]
        told = f"{reason.text}; {_percent(share)} of values look like {test}"
        if share < least:
            if meaning not in _INSTEAD:
                return None
            meaning, told = _INSTEAD[meaning], f"{told}, so another number"
        reason = Reason(told, doubtful=reason.doubtful or share < sure)
    return Reading(column, meaning, named.owner, reason)


def _open_words(column: ColumnProfile, named: Named) -> Named:
    """Settle by the values what the name leaves open: "st" is a state or a street."""
    if named.phrase == "st" and column.shares["two letters"] < 0.5:  # noqa: PLR2004
        return replace(named, meaning="street")
    return named


def _by_values(column: ColumnProfile) -> Reading | None:
    for test, meaning, least in _BY_VALUES:
        if column.shares[test] >= least:
            text = f"the name says nothing known; {_percent(column.shares[test])} of values look like {test}"
            return Reading(column, meaning, "", Reason(text, doubtful=True))
    return None


def row_fields(readings: Iterable[Reading]) -> dict[str, FieldGuess]:
    """Return what is told of the row itself: seen, version, case and handling; one column each, the fullest."""
    found: dict[str, FieldGuess] = {}
    fill: dict[str, float] = {}
    for reading in readings:
        if reading.meaning in ROW_MEANINGS and reading.column.filled > fill.get(reading.meaning, 0):
            order, doubtful = date_order(reading.column) if reading.meaning in _DATED else (None, False)
            if reading.meaning == "version" and order != "ymd":
                continue  # versions are ordered as texts, which only dates with the year first are
            reason = Reason(reading.reason.text, doubtful=reading.reason.doubtful or doubtful)
            found[reading.meaning] = FieldGuess((reading.column.name,), reason, order)
            fill[reading.meaning] = reading.column.filled
    return found


def date_order(column: ColumnProfile) -> tuple[str, bool]:
    """Return the order of day, month and year that the values show, and whether that is doubtful."""
    shares = {
        "ymd": column.shares["year first"],
        "mdy": column.shares["month first"],
        "dmy": column.shares["day first"],
    }
    order = max(shares, key=lambda name: shares[name])
    rest = sum(shares.values()) - shares[order]
    if shares[order] == 0:
        return "auto", True
    return order, rest > shares[order] / 4


def country_of(columns: Iterable[ColumnProfile]) -> tuple[str, str]:
    """Return the country whose habits the addresses show, and why."""
    for column in columns:
        for land in vocabulary()["regions"]:
            if column.shares[f"{land} region"] > 0.4:  # noqa: PLR2004
                return land, "by the codes of its states"
        if column.shares["uk postcode"] > 0.5:  # noqa: PLR2004
            return "gb", "by its postcodes"
    return "us", "nothing tells another"


def kind_of(owner: str) -> str:
    """Return person, party, business or account for an owner word, or the empty text."""
    return owner_kinds().get(owner, "")


def discriminator(profile: FileProfile) -> tuple[ColumnProfile, tuple[str, ...], tuple[str, ...]] | None:
    """Return the column whose codes tell persons from firms, with the codes of either."""
    codes = vocabulary()["codes"]
    for column in profile.columns:
        if not column.codes or len(column.name) > _MAX_NAME or not is_type_name(column.name):
            continue
        person = tuple(code for code in column.codes if code.lower() in codes["person"])
        business = tuple(code for code in column.codes if code.lower() in codes["business"])
        if person and (business or min(map(len, person)) > 1):
            return column, person, business
    return None


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %" if share > 0.01 or share == 0 else f"{share * 100:.1g} %"  # noqa: PLR2004
