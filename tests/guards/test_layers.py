"""The house: a file imports only lower levels, engines are named in two rooms, and nothing private leaks in."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "linkage"
REPOSITORY = PACKAGE.parent

LEVELS = {
    "errors": 0,
    "log": 0,
    "compiled": 0,
    "tables": 0,
    "config": 1,
    "engine": 2,
    "store": 2,
    "sources": 3,
    "standardise": 3,
    "matching": 3,
    "clustering": 3,
    "survivorship": 3,
    "stages": 4,
    "profiling": 4,
    "sharing": 4,
    "fusion": 4,
    "ahead": 5,
    "forecast": 5,
    "pipeline": 5,
    "report": 5,
    "staging": 5,
    "timer": 5,
    "upkeep": 5,
    "casework": 5,
    "checking": 5,
    "evaluation": 5,
    "judging": 5,
    "lookup": 5,
    "queries": 5,
    "registry": 5,
    "rejects": 5,
    "rollback": 5,
    "purging": 5,
    "review": 5,
    "pages": 5,
    "demo": 5,
    "project": 5,
    "cli": 6,
    "web": 6,
}
# Settings are checked against the words of two higher rooms; both are pure data.
ALLOWED = {
    ("config/source.py", "standardise"),
    ("config/entity.py", "matching"),
    ("engine/sql.py", "errors"),
}


def _files():
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "linkage":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("linkage.")}
    return found


def _room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def test_every_room_has_a_level():
    """Each folder and file of the package stands in the list of levels, so that a new one is placed on purpose."""
    assert {_room(path) for path in _files()} - {"__init__"} <= set(LEVELS)


def test_imports_point_downwards():
    """No file imports from a higher level, and stages do not import each other's work upwards."""
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in _files()
        if _room(path) != "__init__"
        for name in _imports(path)
        if LEVELS.get(name, 0) > LEVELS[_room(path)] and (str(path.relative_to(PACKAGE)), name) not in ALLOWED
    ]
    assert wrong == []


def test_engines_are_named_in_two_rooms_only():
    """DuckDB and Splink are imported in `engine` and `matching` alone, types aside."""
    wrong = []
    for path in _files():
        if _room(path) in {"engine", "matching"}:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typed = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if id(node) not in typed and any(name.split(".")[0] in {"duckdb", "splink"} for name in names):
                wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert wrong == []


def test_nothing_prints_outside_the_command_line():
    """Only `cli` prints or exits."""
    wrong = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in _files()
        if _room(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.exit", "exit"}
    ]
    assert wrong == []


def test_nothing_is_evaluated():
    """No text from data or configuration can become code: eval, exec, pickle and shells are not used."""
    pattern = re.compile(r"\b(eval|exec|compile)\(|\bpickle\b|subprocess|os\.system")
    wrong = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in _files()
        for line in path.read_text(encoding="utf-8").splitlines()
        if pattern.search(line) and not re.search(r"re\.compile\(", line)
    ]
    assert wrong == []


def test_no_machine_path_in_the_project():
    """No file of the project names a path of the machine it was written on."""
    pattern = re.compile(r"(?<![\w.])/(work|root|home|tmp)/")
    suffixes = {".py", ".toml", ".sql", ".md", ".csv", ".json", ".yml"}
    files = [
        path
        for path in REPOSITORY.rglob("*")
        if path.suffix in suffixes
        and not {".venv", ".git", "linkage-demo"} & set(path.relative_to(REPOSITORY).parts)
        and path != Path(__file__)
    ]
    wrong = [
        str(path.relative_to(REPOSITORY))
        for path in files
        if pattern.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert wrong == []


def test_every_test_says_what_it_holds():
    """Each test has a docstring of its own."""
    wrong = [
        f"{path.name}:{node.lineno} {node.name}"
        for path in sorted((REPOSITORY / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert wrong == []
