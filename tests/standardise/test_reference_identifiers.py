"""Check digits: the SQL held against the definitions, written here a second time with whole numbers and no tables."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine

SIGNS = string.digits + string.ascii_lowercase
EACH = {"min_size": 40, "max_size": 40}
# Numbers of public bodies and the examples of the standards themselves.
PUBLISHED = {
    "std_iban": (
        "GB29NWBK60161331926819", "DE89370400440532013000", "FR1420041010050500013M02606", "NO9386011117947", "CH9300762011623852957",
        "NL91ABNA0417164300", "ES9121000418450200051332", "IT60X0542811101000000123456", "PL61109010140000071219812874",
        "BE68539007547034", "SE4550000000058398257466", "MT84MALT011000012345MTLCAST001S", "AE070331234567890123456",
    ),
    "std_lei": ("5493001KJTIIGC8Y1R12", "HWUPKR0MPOU8FGXBT394", "7LTWFZYICNSX8D621K86"),
    "std_routing": ("021000021", "011401533", "091000019", "122105155", "121000248"),
}  # fmt: skip


def _value(text: str) -> int:
    """A text as one whole number, letters being 10 to 35 (ISO 7064)."""
    return int("".join(str(SIGNS.index(sign)) for sign in text))


def _read(engine: Engine, macro: str, texts: list[str]) -> list[Any]:
    query = (
        f"SELECT {macro}(told) FROM (SELECT unnest($texts) AS told, unnest(range(len($texts))) AS place) ORDER BY place"
    )
    return [row[0] for row in engine.rows(query, {"texts": texts})]


def _slips(text: str, place: int, more: int) -> list[str]:
    """The text with one digit changed, and with two neighbours in each other's place."""
    digits = [number for number, sign in enumerate(text) if sign.isdigit()]
    at = digits[place % len(digits)]
    changed = text[:at] + str((int(text[at]) + more) % 10) + text[at + 1 :]
    last = len(text) - 2 - place % 5
    swapped = text[:last] + text[last + 1] + text[last] + text[last + 2 :]
    return [changed] + ([swapped] if swapped != text else [])


def test_published_numbers_are_right(engine: Engine) -> None:
    """Numbers that are known to be right are read, and none of them with a digit more or less."""
    for macro, texts in PUBLISHED.items():
        folded = [text.lower() for text in texts]
        assert _read(engine, macro, folded) == folded
        assert set(_read(engine, macro, [text[:-1] for text in folded] + [f"{text}0" for text in folded])) == {None}


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), place=st.integers(0, 4), more=st.integers(1, 9))
def test_ibans(engine: Engine, seed: int, place: int, more: int) -> None:
    """A number of its country's length with the check digits of ISO 13616 is read; one slip makes it unread."""
    right, chance = [], random.Random(seed)
    for country, length in engine.rows("SELECT country, length FROM reference.iban_length ORDER BY country"):
        rest = "".join(chance.choices(SIGNS, k=int(length) - 4))
        right.append(f"{country}{98 - _value(rest + country + '00') % 97:02}{rest}")
    assert _read(engine, "std_iban", right) == right
    wrong = [slip for text in right for slip in _slips(text, place, more) if _value(slip[4:] + slip[:4]) % 97 != 1]
    assert len(wrong) >= len(right)
    assert set(_read(engine, "std_iban", wrong)) == {None}


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    bodies=st.lists(st.text(SIGNS, min_size=18, max_size=18), **EACH), place=st.integers(0, 4), more=st.integers(1, 9)
)
def test_leis(engine: Engine, bodies: list[str], place: int, more: int) -> None:
    """Twenty signs with the check digits of ISO 17442 are read; a changed check digit is not."""
    right = [f"{body}{98 - _value(body + '00') % 97:02}" for body in bodies]
    assert _read(engine, "std_lei", right) == right
    wrong = [f"{text[:18]}{(int(text[18:]) + 10 * place + more) % 100:02}" for text in right]
    assert set(_read(engine, "std_lei", wrong)) == {None}


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(st.integers(0, 99_999_999), **EACH))
def test_routing_numbers(engine: Engine, numbers: list[int]) -> None:
    """Nine digits are a routing number just where a Federal Reserve prefix and the weights 3, 7, 1 say so."""
    texts = [f"{number:08}{check}" for number in numbers for check in range(10)]
    prefixes = {*range(1, 13), *range(21, 33), *range(61, 73), 80}
    weighed = [sum(int(d) * w for d, w in zip(text, (3, 7, 1) * 3, strict=True)) % 10 == 0 for text in texts]
    wanted = [t if ok and int(t[:2]) in prefixes else None for t, ok in zip(texts, weighed, strict=True)]
    assert _read(engine, "std_routing", texts) == wanted


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(st.integers(0, 999_999_999), **EACH))
def test_social_security_numbers(engine: Engine, numbers: list[int]) -> None:
    """Nine digits are a social security number just where the administration can have given it out."""
    texts = [f"{number:09}" for number in (*numbers, 666_12_3451, 219_00_9998, 219_09_0000, 12_3451)]
    given_out = [t[:3] not in {"000", "666"} and t[0] != "9" and t[3:5] != "00" and t[5:] != "0000" for t in texts]
    placeholders = {
        row[0] for row in engine.rows("SELECT \"value\" FROM reference.placeholder WHERE attribute IN ('ssn', 'any')")
    }
    wanted = [t if ok and t not in placeholders else None for t, ok in zip(texts, given_out, strict=True)]
    assert _read(engine, "std_ssn", texts) == wanted


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_bank_identifier_codes(engine: Engine, seed: int) -> None:
    """Eight or eleven signs with a country in their place are read to the first eight; other lengths and countries are not."""
    countries = [row[0] for row in engine.rows("SELECT DISTINCT code FROM reference.country ORDER BY code")]
    chance = random.Random(seed)
    banks = ["".join(chance.choices(string.ascii_lowercase, k=4)) for _ in countries]
    places = ["".join(chance.choices(SIGNS, k=2)) for _ in countries]
    heads = [bank + country + place for bank, country, place in zip(banks, countries, places, strict=True)]
    assert (
        _read(engine, "std_bic", [f"{head}xxx".upper() for head in heads]) == _read(engine, "std_bic", heads) == heads
    )
    assert set(_read(engine, "std_bic", [head[:-1] for head in heads] + [f"{head}x" for head in heads])) == {None}
    assert set(_read(engine, "std_bic", [f"{head[:4]}xx{head[6:]}" for head in heads])) == {None}
