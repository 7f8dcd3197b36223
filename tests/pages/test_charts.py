"""Drawings: well-formed, named, inside their frame, and true to their numbers."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.pages import charts

NUMBER = ("x", "y", "x1", "x2", "y1", "y2")


def drawing(markup):
    """The one drawing that a piece of markup holds, parsed."""
    return ET.fromstring(markup).find("svg")  # noqa: S314  # our own markup


def inside(svg):
    """Assert that everything drawn begins inside the frame."""
    _, _, width, height = map(float, svg.get("viewBox").split())
    for element in svg.iter():
        for name in NUMBER:
            value = float(element.get(name, 0))
            assert 0 <= value <= (width if name.startswith("x") else height) + 0.1, ET.tostring(element)
        assert float(element.get("x", 0)) + float(element.get("width", 0)) <= width + 0.1


@given(st.text(max_size=200), st.floats(0, 400))
def test_a_fitted_text_is_the_beginning_of_the_text(text, width):
    """A text that is cut ends with an ellipsis and begins as the whole does; one that fits is whole."""
    found = charts.fit(text, width)
    whole = charts.shown(text)
    assert found == whole or (found.endswith("…") and whole.startswith(found[:-1]))


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "0%"),
        (0.0001, "<1%"),
        (0.005, "<1%"),
        (0.006, "1%"),
        (0.5, "50%"),
        (0.994, "99%"),
        (0.9999, ">99%"),
        (1.0, "100%"),
    ],
)
def test_a_share_never_says_all_or_nothing_where_it_is_not(share, words):
    """100% is every record and 0% none."""
    assert charts.percent(share) == words


@pytest.mark.parametrize(
    ("probability", "words"), [(1.0, "more than 0.999999"), (0.25, "0.250000"), (0.0, "less than 0.000001")]
)
def test_a_probability_is_never_certain(probability, words):
    """What is rounded away is said."""
    assert charts.chance(probability) == words


@given(st.floats(-1e6, 1e6), st.floats(0.001, 1e6))
def test_ticks_are_few_and_inside(low, span):
    """An axis has at most nine ticks, all between its ends."""
    found = charts.ticks(low, low + span)
    assert len(found) <= 9
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in found)


@given(
    st.lists(st.floats(-60, 60).map(lambda bits: round(bits, 3)), min_size=1, max_size=12),
    st.floats(-30, 40),
    st.floats(0, 30),
)
def test_a_waterfall_stays_inside_its_frame(bits, review, more):
    """Whatever the weights and thresholds, nothing is drawn outside, and each bar is as wide as its bits."""
    from linkage.pages.contracts import Step, Waterfall

    steps = tuple(Step("n", "w", bit) for bit in bits)
    page = Waterfall(
        "a",
        "b",
        "person",
        steps,
        (),
        sum(bits),
        0.5,
        review + more,
        review,
        same_identity=True,
        audience="c",
        purpose="p",
        run=1,
        model="m",
    )
    svg = drawing(charts.waterfall(page))
    inside(svg)
    widths = [float(rect.get("width")) for rect in svg.iter("rect")]
    ends = [0.0]
    for bit in bits:
        ends.append(ends[-1] + bit)
    marks = (*ends, sum(bits), review, review + more)
    scale = (charts.WIDTH - 12 - 372 - 116) / max(max(marks) - min(marks), 1e-9)
    assert widths == pytest.approx([max(abs(bit) * scale, 1.5) for bit in (*bits, sum(bits))], abs=0.06)


def test_a_waterfall_tells_bits_values_and_thresholds(waterfall):
    """Bits stand with their sign, both values are named, and the thresholds are lines with names."""
    svg = drawing(charts.waterfall(waterfall("word")))
    texts = [text.text for text in svg.iter("text")]
    assert {"-10.00", "+9.50", "-1.25", "+14.00", "+12.25", "match at +5", "review at +1", "A:", "B:"} <= set(texts)
    assert [line.get("class") for line in svg.iter("line") if "threshold" in line.get("class")] == [
        "threshold match",
        "threshold review",
    ]


def test_every_drawing_is_named(waterfall):
    """A drawing is an image with a title and a description of its own."""
    drawn = [
        charts.waterfall(waterfall()),
        charts.bars("b", "Bars", [("one", 1.0, "1")], unit="pairs"),
        charts.stacks("s", "Stacks", ("accepted",), [("one", (1,))], unit="rows"),
        charts.heat_map("h", "Heat", ("field",), ("data",), ((0.5,),)),
    ]
    for markup in drawn:
        svg = drawing(markup)
        assert svg.get("role") == "img"
        names = svg.get("aria-labelledby").split()
        assert [svg.find("title").get("id"), svg.find("desc").get("id")] == names
        assert svg.find("title").text
        assert svg.find("desc").text


@pytest.mark.parametrize("datasets", [1, 2, 6, 7, 13])
def test_a_heat_map_holds_every_cell(datasets):
    """Each field and dataset has a cell with its percent; many datasets go into several drawings."""
    shares = [[(place + number) / 20 for number in range(datasets)] for place in range(3)]
    names = [f"a_rather_long_dataset_name_{number}" for number in range(datasets)]
    markup = f"<div>{charts.heat_map('h', 'Heat', ('a', 'b', 'c'), names, shares)}</div>"
    drawn = ET.fromstring(markup).findall("div/svg")  # noqa: S314  # our own markup
    assert len(drawn) == -(-datasets // charts.DATASETS_ABREAST)
    for svg in drawn:
        inside(svg)
    cells = [text.text for svg in drawn for text in svg.iter("text") if "heat-text" in (text.get("class") or "")]
    assert sorted(cells) == sorted(charts.percent(share) for line in shares for share in line)


@given(st.lists(st.integers(0, 10**12), max_size=12), st.none() | st.integers(1, 10**6))
def test_bars_stay_inside_their_frame(values, limit):
    """Bars of any size, none at all, and a limit near or far keep inside."""
    items = [("label", float(value), f"{value:,} of many records") for value in values]
    inside(drawing(charts.bars("b", "Bars", items, unit="pairs", limit=limit)))


@given(st.lists(st.lists(st.integers(0, 10**9), min_size=6, max_size=6), max_size=8))
def test_stacks_stay_inside_their_frame(rows):
    """Bars made of parts keep inside, however small some parts are."""
    items = [("label", counts) for counts in rows]
    inside(drawing(charts.stacks("s", "Stacks", [f"part_{n}" for n in range(6)], items, unit="rows")))


def test_a_limit_far_away_is_not_drawn():
    """A line that would press the bars flat is left to the words."""
    near = charts.bars("b", "Bars", [("one", 10.0, "10")], unit="records", limit=12)
    far = charts.bars("b", "Bars", [("one", 10.0, "10")], unit="records", limit=1000)
    assert "limit 12" in near
    assert "limit" not in far


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(1, 9)), max_size=7))
def test_points_of_a_calibration_stand_where_stated_and_found_meet(points):
    """Every point lies inside the frame, above the diagonal where more is found than stated, and below where less is."""
    svg = drawing(charts.calibration("x", "X", [("one", points), ("two", points)]))
    inside(svg)
    drawn = [rect for rect in svg.iter("rect") if float(rect.get("x")) < 380]
    assert len(drawn) == 2 * len(points)
    for (stated, found, _), rect in zip(points, drawn, strict=False):
        x, y = (float(rect.get(side)) + float(rect.get("width")) / 2 for side in "xy")
        assert x - 60 == pytest.approx(300 * stated, abs=0.1)
        assert 334 - y == pytest.approx(300 * found, abs=0.1)
