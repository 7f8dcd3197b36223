"""Telephone numbers: the SQL held against the library that knows the numbering plans of the world."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import phonenumbers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine

E164 = phonenumbers.PhoneNumberFormat.E164
INTERNATIONAL = phonenumbers.PhoneNumberFormat.INTERNATIONAL
NATIONAL = phonenumbers.PhoneNumberFormat.NATIONAL
RFC3966 = phonenumbers.PhoneNumberFormat.RFC3966
TEN = 10
DIFFERENT_SHARE = 0.005
FILLER = re.compile("5555555$|0000000$|9999999$|123456789$|1234567890$")
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
COUNTRIES = (
    "US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "ES", "PT", "IT", "NL", "BE", "DK", "SE", "NO", "FI", "PL", "GR", "TR", "AU", "NZ",
    "IN", "PK", "CN", "HK", "SG", "JP", "KR", "PH", "VN", "MX", "BR", "CO", "AR", "CL", "PE", "ZA", "NG", "EG", "MA", "IL", "AE", "SA",
    "RU", "UA", "HU", "LT",
)  # fmt: skip


# Where the two differ, and why that stands.
DIFFERENCES = {
    (
        "AR",
        "at home",
    ): "in Argentina 15 stands before a mobile number at home, behind an area code of two to four digits",
}
READ = """
SELECT number, std_phone(step, country) FROM (
    SELECT number, country, std_phone_national(step, country) AS step FROM (
        SELECT number, country, std_phone_digits(std_phone_text(told)) AS step
        FROM (SELECT unnest($told) AS told, unnest($country) AS country, unnest(range(len($told))) AS number)
    )
) ORDER BY number
"""


def _read(engine: Engine, told: list[str], countries: list[str]) -> list[str | None]:
    """What the SQL reads, with the country code of North America put before its ten digits."""
    rows = engine.rows(READ, {"told": told, "country": [country.lower() for country in countries]})
    return [f"+1{read}" if read and len(read) == TEN and read[0] != "+" else read for _, read in rows]


def _as_abroad(number: Any) -> list[str]:
    """The ways in which a number is written for a reader in any country."""
    told = phonenumbers.format_number(number, INTERNATIONAL)
    return [
        phonenumbers.format_number(number, E164),
        told,
        phonenumbers.format_number(number, RFC3966),
        told.replace("+", "00", 1),
        told.replace("+", "011 ", 1),
        re.sub(r"[ -]", ".", told),
        re.sub(r"^([+][0-9]+) ([0-9]+)", r"\1 (\2)", told),
        re.sub(r"^([+](?!1 |39 )[0-9]+) ", r"\1 (0)", told),
        f"Tel. {told} ext. 123",
    ]


def _as_at_home(number: Any) -> list[str]:
    """The ways in which a number is written for a reader in its own country."""
    told = phonenumbers.format_number(number, NATIONAL)
    return [told, re.sub("[^0-9]", "", told), re.sub("[ ()-]+", ".", told).strip("."), f"{told} x45"]


def _number(country: str, kind: int, tail: int) -> Any:
    """A valid number of the country: an example of its plan with other last digits, or as it is where those have no number."""
    example = phonenumbers.example_number_for_type(country, kind)
    number = phonenumbers.PhoneNumber()
    number.merge_from(example)
    number.national_number = example.national_number // 10_000 * 10_000 + tail
    return number if phonenumbers.is_valid_number(number) else example


def test_every_calling_code_is_the_plan_s(engine: Engine) -> None:
    """The list of calling codes holds each country of the library, those that share the code 1 aside, with the same code."""
    ours = dict(engine.rows("SELECT country, code FROM reference.calling_code"))
    theirs = {country: str(phonenumbers.country_code_for_region(country)) for country in phonenumbers.SUPPORTED_REGIONS}
    shared = {country.lower(): code for country, code in theirs.items() if code != "1"}
    assert {country: ours.get(country) for country in shared} == shared
    assert {country for country, code in ours.items() if code == "1"} >= {"us", "ca"}


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tails=st.lists(st.integers(1000, 9998), min_size=len(COUNTRIES), max_size=len(COUNTRIES)))
def test_numbers_are_read_as_their_plan_says(engine: Engine, tails: list[int]) -> None:
    """Valid numbers of many countries, written in many ways, are read as the library reads them; the differences are named."""
    told, homes, wanted, ways = [], [], [], []
    for country, tail in zip(COUNTRIES, tails, strict=True):
        for kind in KINDS:
            number = _number(country, kind, tail)
            abroad = [(text, home) for text in _as_abroad(number) for home in {country, "US", "GB"}]
            at_home = [(text, country) for text in _as_at_home(number)]
            for way, texts in (("abroad", abroad), ("at home", at_home)):
                told += [text for text, _ in texts]
                homes += [home for _, home in texts]
                wanted += [phonenumbers.format_number(number, E164)] * len(texts)
                ways += [(country, way)] * len(texts)
    found = zip(told, wanted, _read(engine, told, homes), ways, strict=True)
    # A filler such as 012 3456789 is a number of the plan; that it is no number is what the list of placeholders says.
    wrong = [(way, text, want, read) for text, want, read, way in found if read != want and not FILLER.search(want)]
    assert [row for row in wrong if row[0] not in DIFFERENCES] == []
    assert len(wrong) <= DIFFERENT_SHARE * len(told)


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(digits=st.lists(st.from_regex("[2-9][0-9]{9}", fullmatch=True), min_size=40, max_size=40, unique=True))
def test_any_ten_digits_are_ten_digits(engine: Engine, digits: list[str]) -> None:
    """In the United States ten digits are kept as they are, however they are parted, unless they are a filler."""
    forms = ("{}-{}-{}", "({}) {}-{}", "{}.{}.{}", "1 {} {} {}", "+1{}{}{}", "1-{}-{}-{} ext 7")
    told = [form.format(d[:3], d[3:6], d[6:]) for d in digits for form in forms]
    wanted = [f"+1{d}" for d in digits for _ in forms]
    pairs = zip(_read(engine, told, ["us"] * len(told)), wanted, strict=True)
    assert [(read, want) for read, want in pairs if read != want and not FILLER.search(want)] == []
