"""Pieces of SVG as pure functions of numbers and words. Colours are classes; the page's style sheet fills them.

Widths are user units of a drawing 940 wide; text is 13 units, and its width is estimated, since nothing can measure it.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from linkage.pages.markup import Html, join, shown, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.pages.contracts import Step, Waterfall

WIDTH = 940
_TEXT = 13.0
_SHARE_STEPS = (0.0, 0.2, 0.5, 0.8, 0.98)
_WHOLE = 0.995
DATASETS_ABREAST = 6
"""Datasets beside each other in one drawing; more go below."""
_LIMIT_IN_SIGHT = 4
_ROW = 58.0
_LABEL_MAX = 400.0
_UNSURE = 1e-6


def fit(value: object, width: float) -> str:
    """Return a text cut to a width, with an ellipsis where something is missing."""
    text, used = shown(value), 0.0
    for place, letter in enumerate(text):
        used += _letter(letter)
        if used > width:
            keep = place
            while keep and used > width - _letter("…"):
                keep -= 1
                used -= _letter(text[keep])
            return text[:keep].rstrip() + "…"
    return text


def _width(text: str) -> float:
    return sum(_letter(letter) for letter in text)


def _letter(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF" or letter in "mMW@%…\ufffd":
        return _TEXT
    if letter in "iljtfr.,:;'|!()[] ":
        return _TEXT * 0.41
    return _TEXT * (0.76 if letter.isupper() else 0.64)


def percent(share: float) -> str:
    """Return a share in whole percent that never says all or nothing where it is not."""
    if 0 < share < 1 - _WHOLE:
        return "<1%"
    if _WHOLE <= share < 1:
        return ">99%"
    return f"{share:.0%}"


def ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Return round numbers from `low` to `high`, at most about `most`."""
    span = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next((power * factor for factor in (1, 2, 5) if span / (power * factor) <= most), power * 10)
    return [place * step for place in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _svg(name: str, title: str, description: str, height: float, *parts: Html) -> Html:
    """Return a drawing with its title and description, named for readers that do not see it."""
    return tag(
        "div",
        tag(
            "svg",
            tag("title", title, id=f"{name}-title"),
            tag("desc", description, id=f"{name}-desc"),
            *parts,
            viewBox=f"0 0 {WIDTH} {height:g}",
            role="img",
            aria_labelledby=f"{name}-title {name}-desc",
        ),
        class_="chart",
    )


def _text(x: float, y: float, value: object, kind: str | None = None, anchor: str | None = None) -> Html:
    return tag("text", value, x=f"{x:.1f}", y=f"{y:.1f}", class_=kind, text_anchor=anchor)


def _rect(x: float, y: float, width: float, height: float, kind: str) -> Html:
    return tag("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{max(width, 0):.1f}", height=f"{height:g}", class_=kind)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Html:
    return tag("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=kind)


def chance(probability: float) -> str:
    """Return a probability in words that never says certain or impossible."""
    if probability > 1 - _UNSURE:
        return f"more than {1 - _UNSURE:.6f}"
    return f"less than {_UNSURE:.6f}" if probability < _UNSURE else f"{probability:.6f}"


def waterfall(page: Waterfall) -> Html:
    """Draw the steps from the prior to the total as bars that start where the last one ended."""
    left, right, top = 372.0, WIDTH - 12.0, 44.0
    ends, tops = [0.0], [top]
    for step in page.steps:
        ends.append(ends[-1] + step.bits)
        tops.append(tops[-1] + (_ROW if _abreast(step) else _ROW + 16))
    marks = (*ends, page.total, page.review, page.match)
    low, high = min(marks), max(marks)

    def x(bits: float) -> float:
        return left + 58 + (bits - low) / max(high - low, 1e-9) * (right - left - 2 * 58)

    bottom = tops[-1] + _ROW
    parts = [piece for tick in ticks(low, high) for piece in _tick(x(tick), top, bottom, f"{tick:g}")]
    parts.append(_line(x(0), top, x(0), bottom, "zero"))
    # Review lies left of match: their names stand on the outer sides of the lines, so that no line crosses a name.
    turn = "end" if x(page.match) > right - 100 else "start"
    parts += [_line(x(page.match), 4, x(page.match), bottom, "threshold match")]
    parts += [_line(x(page.review), 20, x(page.review), bottom, "threshold review")]
    parts.append(_text(x(page.match) + (5 if turn == "start" else -5), 15, f"match at {page.match:+g}", "strong", turn))
    parts.append(_text(x(page.review) - 5, 31, f"review at {page.review:+g}", "strong", "end"))
    for step, y, start, end, below in zip(page.steps, tops, ends, ends[1:], tops[1:], strict=False):
        parts += _step(step, y)
        parts.append(_line(0, below, right, below, "rule"))
        parts += _bar(x(start), x(end), y + 14, step.bits, "for" if step.bits > 0 else "against")
        parts.append(_line(x(end), y + 44, x(end), below + 14, "link"))
    y = tops[-1]
    parts += [_text(0, y + 26, "total", "strong"), _text(0, y + 43, f"probability {chance(page.probability)}")]
    parts += _bar(x(0), x(page.total), y + 14, page.total, "total")
    parts.append(_text(right, bottom + 38, "bits of weight; each bit doubles the odds", "muted", "end"))
    told = f"The weights of {len(page.steps)} steps add up to {page.total:+.2f} bits; the table below holds every step."
    return _svg("waterfall", f"Waterfall of weights of {page.a} and {page.b}", told, bottom + 48, *parts)


def _abreast(step: Step) -> bool:
    """Whether both values fit beside each other."""
    return all(fit(value, 150) == shown(value) for value in (step.value_a, step.value_b))


def _step(step: Step, y: float) -> list[Html]:
    parts = [_text(0, y + 19, fit(step.name.replace("_", " "), 355), "strong"), _text(0, y + 35, fit(step.words, 355))]
    if step.value_a or step.value_b:
        abreast = _abreast(step)
        b = (182.0, y + 51) if abreast else (0.0, y + 67)
        for words, value, place in (("A", step.value_a, (0.0, y + 51)), ("B", step.value_b, b)):
            parts.append(_text(*place, f"{words}:", "muted"))
            # A text of its own, so that a value in another script is turned for itself.
            parts.append(_text(place[0] + 18, place[1], fit(value or "(none)", 150 if abreast else 335), "muted"))
    return parts


def _tick(x: float, top: float, bottom: float, words: str) -> tuple[Html, Html]:
    return _line(x, top, x, bottom, "grid"), _text(x, bottom + 18, words, "muted", "middle")


def _bar(start: float, end: float, y: float, bits: float, kind: str) -> list[Html]:
    # The figure stands where the bar points to, so that direction is told by more than colour.
    anchor, gap = ("start", 5) if bits > 0 else ("end", -5)
    return [
        _rect(min(start, end), y, max(abs(end - start), 1.5), 30, kind),
        _text(end + gap, y + 20, f"{bits:+.2f}", "strong halo", anchor),
    ]


def heat_map(
    name: str, title: str, rows: Sequence[str], columns: Sequence[str], shares: Sequence[Sequence[float]]
) -> Html:
    """Draw shares as a field of cells, percent in each; many columns go into several drawings below each other."""
    maps = []
    for start in range(0, max(len(columns), 1), DATASETS_ABREAST):
        part = columns[start : start + DATASETS_ABREAST]
        cells = [line[start : start + DATASETS_ABREAST] for line in shares]
        maps.append(_heat_map(f"{name}-{start}", title, rows, part, cells))
    return join(maps)


def _heat_map(
    name: str, title: str, rows: Sequence[str], columns: Sequence[str], shares: Sequence[Sequence[float]]
) -> Html:
    left, row = 170.0, 24.0
    width = min((WIDTH - left) / max(len(columns), 1), 150.0)
    # Long names of datasets stand in two rows, every other one higher, so that each has the room of two cells.
    high = any(fit(column, width - 8) != shown(column) for column in columns) and len(columns) > 1
    top = 46.0 if high else 26.0
    parts = []
    for place, column in enumerate(columns):
        middle = left + width * (place + 0.5)
        raised = high and place % 2 == 0
        last = high and place == len(columns) - 1
        where = (left + width * len(columns), "end") if last else (middle, "middle")
        room = 1.5 * width if last else 2 * width - 12 if high else width - 8
        parts.append(_text(where[0], 14 if raised else top - 9, fit(column, room), "strong", where[1]))
        if raised:
            parts.append(_line(middle, 20, middle, top - 3, "grid"))
    for number, (label, line) in enumerate(zip(rows, shares, strict=True)):
        y = top + row * number
        parts.append(_text(left - 8, y + 16.5, fit(label.replace("_", " "), left - 12), None, "end"))
        for place, share in enumerate(line):
            shade = sum(share > step for step in _SHARE_STEPS)
            parts.append(_rect(left + width * place + 1, y + 1, width - 2, row - 2, f"heat heat{shade}"))
            parts.append(_text(left + width * (place + 0.5), y + 16.5, percent(share), f"heat-text{shade}", "middle"))
    told = f"{len(rows)} fields by {len(columns)} datasets, the share of records with a value; the table below holds the figures."
    return _svg(name, title, told, top + row * len(rows) + 4, *parts)


def _label_room(labels: Sequence[str]) -> float:
    """Return where bars begin: as far right as the longest label needs, within bounds."""
    return min(max((_width(shown(label)) for label in labels), default=0.0) + 14, _LABEL_MAX)


def bars(
    name: str, title: str, items: Sequence[tuple[str, float, str]], *, unit: str, limit: float | None = None
) -> Html:
    """Draw (label, value, value in words) as bars from zero; `limit` is a line where it is in sight."""
    left, row, top = _label_room([item[0] for item in items]), 26.0, 22.0
    most = max((value for _, value, _ in items), default=0) or 1
    drawn = limit is not None and limit <= _LIMIT_IN_SIGHT * most
    room = WIDTH - left - 16 - max((_width(words) for _, _, words in items), default=0)
    scale = room / max(most, limit if drawn and limit is not None else 0)
    bottom = top + row * len(items)
    parts = [_text(left, 12, unit, "muted")]
    for number, (label, value, words) in enumerate(items):
        y = top + row * number
        parts += [
            _text(left - 8, y + 17, fit(label, left - 12), None, "end"),
            _rect(left, y + 3, max(value * scale, 1.0 if value else 0.0), row - 6, "for"),
            _text(left + value * scale + 6, y + 17, words, "halo"),
        ]
    parts.append(_line(left, top, left, bottom, "zero"))
    if drawn and limit is not None:
        parts.append(_line(left + limit * scale, top - 4, left + limit * scale, bottom, "threshold match"))
        parts.append(_text(left + limit * scale, 12, f"limit {limit:,.0f}", "strong", "middle"))
    told = f"{len(items)} bars, {unit}; the table below holds the figures."
    return _svg(name, title, told, bottom + 8, *parts)


def stacks(
    name: str, title: str, parts: Sequence[str], items: Sequence[tuple[str, Sequence[int]]], *, unit: str
) -> Html:
    """Draw (label, a count for each part) as bars of coloured pieces, with a legend."""
    left, row, top = _label_room([item[0] for item in items]), 26.0, 46.0
    most = max((sum(counts) for _, counts in items), default=0) or 1
    scale = (WIDTH - left - 110) / most
    drawn, x = [_text(left, 38, unit, "muted")], min(left, 300.0)
    for part in parts:
        words = part.replace("_", " ")
        drawn += [_rect(x, 4, 12, 12, f"part-{part}"), _text(x + 17, 15, words)]
        x += 34 + _width(words)
    for number, (label, counts) in enumerate(items):
        y, x = top + row * number, left
        drawn.append(_text(left - 8, y + 17, fit(label, left - 12), None, "end"))
        for part, count in zip(parts, counts, strict=True):
            if count:
                drawn.append(_rect(x, y + 3, max(count * scale, 1.0), row - 6, f"part-{part}"))
                x += max(count * scale, 1.0)
        drawn.append(_text(x + 6, y + 17, f"{sum(counts):,}"))
    bottom = top + row * len(items)
    drawn.append(_line(left, top, left, bottom, "zero"))
    told = f"{len(items)} bars of {len(parts)} parts, {unit}; the table below holds the figures."
    return _svg(name, title, told, bottom + 8, *drawn)


def signed(name: str, title: str, items: Sequence[tuple[str, float]], *, unit: str) -> Html:
    """Draw (label, bits) as bars to the right of zero for what speaks for a match, to the left for what speaks against it."""
    left, row, top, room = _label_room([label for label, _ in items]), 26.0, 22.0, 58.0
    low, high = min((bits for _, bits in items), default=0.0), max((bits for _, bits in items), default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (WIDTH - left - 2 * room) / max(high - low, 1e-9)
    zero, bottom = left + room - low * scale, top + row * len(items)
    parts = [_text(left, 12, unit, "muted"), _line(zero, top, zero, bottom, "zero")]
    for number, (label, bits) in enumerate(items):
        y, end = top + row * number, zero + bits * scale
        anchor, gap = ("start", 5) if bits >= 0 else ("end", -5)
        parts += [
            _text(left - 8, y + 17, fit(label, left - 12), None, "end"),
            _rect(min(zero, end), y + 3, abs(end - zero), row - 6, "for" if bits >= 0 else "against"),
            _text(end + gap, y + 17, f"{bits:+.2f}", "halo", anchor),
        ]
    told = f"{len(items)} bars, {unit}; the table below holds the figures."
    return _svg(name, title, told, bottom + 8, *parts)


def calibration(name: str, title: str, series: Sequence[tuple[str, Sequence[tuple[float, float, int]]]]) -> Html:
    """Draw (stated, found, pairs) of each of at most two series as dots in a square: on the diagonal, what is stated is found."""
    left, top, side = 60.0, 34.0, 300.0
    bottom = top + side
    parts = [_text(left, 14, "share judged a match, by stated probability", "muted")]
    for tenth in range(0, 11, 2):
        x, y = left + side * tenth / 10, bottom - side * tenth / 10
        parts += [
            _line(x, top, x, bottom, "grid"),
            _line(left, y, left + side, y, "grid"),
            _text(x, bottom + 18, f"{tenth / 10:.1f}", "muted", "middle"),
            _text(left - 8, y + 5, f"{tenth / 10:.1f}", "muted", "end"),
        ]
    parts.append(_line(left, bottom, left + side, top, "threshold"))
    for place, (label, points) in enumerate(series):
        kind, half = ("for", 6.0) if place == 0 else ("against", 4.0)
        y = top + 20 + 24 * place
        parts += [_rect(left + side + 40, y - half, 2 * half, 2 * half, kind), _text(left + side + 60, y + 5, label)]
        for stated, found, _ in points:
            x, height = left + side * stated, bottom - side * found
            parts.append(_rect(x - half, height - half, 2 * half, 2 * half, kind))
    dots = sum(len(points) for _, points in series)
    told = f"{dots} points of {len(series)} models against a diagonal; the tables below hold the figures."
    return _svg(name, title, told, bottom + 28, *parts)
