"""The drawn network of a profile: the identity in the middle, those tied to it around, those tied to these further out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from linkage.pages.charts import WIDTH, _line, _svg, _text, fit
from linkage.pages.markup import Html, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

_RINGS = (0.0, 150.0, 275.0)
_SIZES = (11.0, 8.0, 5.5)
_ROOM = (260.0, 190.0, 118.0)
_MARGIN = 40.0
# Circles are wider than high: names stand beside them.
_STRETCH = 1.25


def network(found: dict[str, Any]) -> Html:
    """Draw nodes and edges of `fusion.profile`. Where nobody is tied to the identity there is nothing to draw."""
    nodes: list[dict[str, Any]] = found["nodes"]
    near = sum(node["step"] == 1 for node in nodes)
    far = sum(node["step"] == 2 for node in nodes)  # noqa: PLR2004  # two steps away
    places = _places(nodes, found["edges"])
    radius = max(abs(y) for _, y in places.values()) + _MARGIN
    shift = {one: (x + WIDTH / 2, y + radius) for one, (x, y) in places.items()}
    lines = [_line(*shift[edge["one"]], *shift[edge["two"]], f"tie {edge['basis']}") for edge in found["edges"]]
    dots = [part for node in reversed(nodes) for part in _dot(node, shift)]
    more = f"; {found['not_drawn']} more are not drawn" if found["not_drawn"] else ""
    description = (
        f"{near} identities are tied to it, {far} more to these{more}. The table of ties tells the same of the first."
    )
    return _svg("network", f"Who is tied to {found['name']}", description, 2 * radius, *lines, *dots)


def _places(nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Give each node a place: the first ring in order, each of the second in the sector of one it is tied to."""
    first = [node["identity_id"] for node in nodes if node["step"] == 1]
    second = [node["identity_id"] for node in nodes if node["step"] == 2]  # noqa: PLR2004  # two steps away
    ties: dict[str, set[str]] = {}
    for edge in edges:
        ties.setdefault(edge["one"], set()).add(edge["two"])
        ties.setdefault(edge["two"], set()).add(edge["one"])
    behind: dict[str, list[str]] = {one: [] for one in first}
    for one in second:
        behind[next(near for near in first if near in ties.get(one, set()))].append(one)
    # Who has many behind gets a wider sector.
    weights = [1 + len(behind[one]) for one in first]
    places = {node["identity_id"]: (0.0, 0.0) for node in nodes if node["step"] == 0}
    start = 0.0
    for one, weight in zip(first, weights, strict=True):
        width = weight / sum(weights)
        places[one] = _at(_RINGS[1], start + width / 2)
        for place, other in enumerate(behind[one]):
            reach = _RINGS[2] + (28.0 if place % 2 else 0.0)
            places[other] = _at(reach, start + width * (place + 0.5) / len(behind[one]))
        start += width
    return places


def _at(radius: float, turn: float) -> tuple[float, float]:
    # The first stands on the right: names have most room there.
    angle = 2 * math.pi * turn - math.pi / 8
    return radius * math.cos(angle) * _STRETCH, radius * math.sin(angle)


def _dot(node: dict[str, Any], places: dict[str, tuple[float, float]]) -> tuple[Html, Html]:
    x, y = places[node["identity_id"]]
    size, room = _SIZES[node["step"]], _ROOM[node["step"]]
    kind = f"node {node['entity_type']}{' open' if node['open_cases'] else ''}"
    told = f"{node['name']}: {node['entity_type']}" + (
        f", open cases of {', '.join(node['open_cases'])}" if node["open_cases"] else ""
    )
    shape = _shape(node["entity_type"], x, y, size, kind, told)
    if node["step"] == 0:
        return shape, _text(x, y - size - 6, fit(node["name"], room), "strong halo", "middle")
    right = x >= WIDTH / 2
    # Nothing is cut by the edge of the drawing.
    name = fit(node["name"], min(room, (WIDTH - x if right else x) - size - 8))
    label = _text(x + (size + 4 if right else -size - 4), y + 4, name, "halo", "start" if right else "end")
    return shape, label


def _shape(kind: str, x: float, y: float, size: float, class_: str, told: str) -> Html:
    """Persons are round, businesses square, accounts stand on a corner: no colour is needed to tell them."""
    title = tag("title", told)
    if kind == "person":
        return tag("circle", title, cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{size:g}", class_=class_)
    if kind == "business":
        side = f"{size * 1.8:g}"
        return tag(
            "rect", title, x=f"{x - size * 0.9:.1f}", y=f"{y - size * 0.9:.1f}", width=side, height=side, class_=class_
        )
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in ((0, -size), (size, 0), (0, size), (-size, 0)))
    return tag("polygon", title, points=points, class_=class_)
