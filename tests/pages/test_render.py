"""Pages: nothing is loaded, nothing runs, every value is text, and every drawing has its table."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from linkage.pages.markup import VALUE_MAX, shown
from linkage.pages.render import check_page, explain_page, report_page
from linkage.pages.style import STYLE

VOID = {"meta"}


class Reader(HTMLParser):
    """Reads a page as a browser does: which elements, which attributes, which text."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note an element and its attributes."""
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Elements end in order."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Note a text."""
        self.texts.append(data)


@pytest.fixture
def pages(waterfall, check, report):
    """The three pages with a text in every place where a value stands."""

    def make(text):
        return explain_page(waterfall(text)), check_page(check(text)), report_page(report(text))

    return make


def test_a_page_loads_and_runs_nothing(pages):
    """The policy forbids all but the style sheet, and there is no script, link, picture, font or address in a page."""
    for page in pages("plain"):
        assert 'content="default-src &#x27;none&#x27;; style-src &#x27;unsafe-inline&#x27;' in page
        assert not re.search(
            r"<(script|link|img|iframe|object|form|a|use|foreignObject)\b|\bon\w+=|https?:|@import|url\(", page
        )
    assert "<" not in STYLE


def test_hostile_values_stay_text(pages, hostile):
    """Whatever the values hold, a page has the elements and attributes it has with plain words, and shows the value."""
    for plain, page in zip(pages("plain"), pages(hostile), strict=True):
        found, expected = Reader(page), Reader(plain)
        # Names of datasets that do not fit stand in two rows with a thin line each: the only difference there may be.
        assert [name for name in found.elements if name != "line"] == [n for n in expected.elements if n != "line"]
        assert {name for name, _ in found.attributes} == {name for name, _ in expected.attributes}
        assert found.open == []
        assert shown(hostile) in found.texts
        assert page.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


def test_very_long_values_keep_a_page_small(pages):
    """A value of a million characters is cut wherever it stands."""
    for page in pages("x" * 1_000_000):
        assert "more characters)" in page
        assert len(page) < 100 * VALUE_MAX


def test_every_drawing_has_a_table(pages):
    """In each section that holds drawings, a table follows them."""
    for page in pages("plain"):
        sections = re.findall(r"<section>.*?</section>", page, re.DOTALL)
        drawn = [section for section in sections if "<svg" in section]
        assert drawn
        for section in drawn:
            assert section.rindex("<svg") < section.rindex("<table")
        names = re.findall(r' id="([^"]*)"', page)
        assert len(names) == len(set(names))


def test_an_explain_page_tells_its_frame(waterfall):
    """The page says where the weight stands against the thresholds, who saw it, why, and that it is a lead."""
    page = explain_page(waterfall("word", match=20.0, review=1.0))
    for words in (
        "+12.25 bits, between the review and the match threshold",
        "Purpose",
        "word, run 1",
        "Unverified: a match is a lead",
    ):
        assert words in page
    assert "at or above the match threshold" in explain_page(waterfall(match=12.25))
    assert "below the review threshold" in explain_page(waterfall(match=40.0, review=13.0))


def test_sums_that_do_not_add_up_are_said(check):
    """Rows that are counted nowhere show as such."""
    page = check()
    assert "NO" not in Reader(check_page(page)).texts
    lost = replace(page, delivered=(replace(page.delivered[0], rows_read=11),))
    assert "NO" in Reader(check_page(lost)).texts


def test_a_report_page_tells_what_a_run_began_with(report):
    """An increment, why everything was made anew, and what a run that was broken off had done are told."""
    anew = report_page(report("the settings are others"))
    assert "everything made anew: the settings are others" in anew
    assert "done by a run that was broken off" in anew
    amended = report_page(replace(report(), work="increment", went_on_after=()))
    assert "an increment" in amended
    assert "Went on after" not in amended


def test_pages_without_anything_are_pages(check, report):
    """No dataset, no reject, no block, no identity: still a whole page."""
    page = check(datasets=1)
    bare = replace(
        page, delivered=(), rejects=(), types=(replace(page.types[0], pairs=(), blocks=(), columns=(), shares=()),)
    )
    assert Reader(check_page(bare)).open == []
    empty = replace(report(), stages=(), delivered=(), rejects=(), scored=(), counts=(), largest=())
    assert "No row was rejected." in report_page(empty)
