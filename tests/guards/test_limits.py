"""Memory, threads and spill folder of the project file reach every connection that works on a project."""

from __future__ import annotations

import ast
from pathlib import Path

import linkage

PACKAGE = Path(linkage.__file__).resolve().parent
# No project is there yet: files are looked at to write one, or made.
WITHOUT_PROJECT = {"profiling/project.py", "demo/tour.py"}


def openings():
    """Every place that opens an Engine: file, line, whether it takes limits, whether it closes at once."""
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        closed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "close"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Engine":
                takes = any(keyword.arg is None and "limits" in ast.unparse(keyword.value) for keyword in node.keywords)
                yield file.relative_to(PACKAGE).as_posix(), node.lineno, takes, id(node) in closed


def test_every_engine_of_a_project_takes_its_limits():
    """An Engine is opened with the project's limits, except to look whether a file opens at all, or where there is no project."""
    found = list(openings())
    assert len(found) > 10
    without = [
        f"{file}:{line}"
        for file, line, takes, closes in found
        if not takes and not closes and file not in WITHOUT_PROJECT
    ]
    assert without == []
