"""Properties of what the libraries are asked: any text is safe, and nothing is read into it that it does not say."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.standardise import library
from linkage.standardise.library import read_dates, read_phones

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WORDS = st.lists(
    st.sampled_from(["mars", "März", "мая", "listopada", "de", "12", "1970", "70", "le", "1er", "jeudi", "年", "5月", "-", "/", ".", "x"]),
    max_size=7,
).map(" ".join)  # fmt: skip
NUMBERS = st.text("0123456789 +()-./x٣７abcHELP,;or", max_size=40)
COUNTRIES = ("us", "gb", "it", "zz", "")


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.one_of(TEXT, WORDS))
def test_a_date_holds_what_is_written(text: str) -> None:
    """Any text is read or left: what is read has the numbers of the text, in its own year, and is never longer than a date."""
    for read in read_dates([text]).column("read").to_pylist():
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        assert sorted(int(number) for number in re.findall(r"\d+", read)) == sorted(numbers)
        assert re.fullmatch(r"(\d{1,2} )?[a-z]{3} \d{4}|\d{4}-\d\d-\d\d", read)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.one_of(TEXT, NUMBERS), country=st.sampled_from(COUNTRIES))
def test_a_phone_is_a_number_of_the_world(text: str, country: str) -> None:
    """Any text is read or left, in any country or none: what is read are numbers in E.164 form, sorted and distinct."""
    for read in read_phones([text], [country]).column("read").to_pylist():
        assert read == sorted(set(read))
        assert all(re.fullmatch(r"\+[1-9]\d{5,14}", number) for number in read)


def test_a_reading_does_not_hang_on_the_others() -> None:
    """A value is read alone as it is among others, in any order; nothing asked gives nothing."""
    dates = ["3. März 1965", "no date", "12 mai 1970"]
    alone = [row for date in dates for row in read_dates([date]).to_pylist()]
    assert read_dates(dates).to_pylist() == alone
    assert read_dates(dates[::-1]).to_pylist() == alone[::-1]
    assert read_dates([]).num_rows == read_phones([], []).num_rows == 0


def test_no_word_of_a_language_is_two_months_in_it() -> None:
    """In no language that is read does a word stand for two months, and Polish and Croatian differ as they are known to."""
    months, _ = library._words()
    assert [word for word, found in months.items() if any(len(told) > 1 for told in found.values())] == []
    open_words = {word for word, found in months.items() if len(set().union(*found.values())) > 1}
    assert open_words >= {"listopada", "listopad"}
    assert len(open_words) <= len(months) / 100
