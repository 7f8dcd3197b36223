"""Shared helpers: a shared data folder where it exists, and small projects made of literal rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import linkage
from linkage.engine.duckdb import Engine
from linkage.project import Project
from linkage.stages.context import Run
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

NOW = datetime(2026, 1, 31, 6, 0, tzinfo=UTC)
REPOSITORY = Path(__file__).resolve().parent.parent

PEOPLE = """
[sources.{name}]
agency = "{name}"
files = "{name}.csv"
delivery = "snapshot"
key = "id"
[sources.{name}.roles.subject]
entity = "person"
[sources.{name}.roles.subject.fields]
given_name = "first"
surname = "last"
birth_date = {{ column = "born", order = "ymd" }}
phone = "phone"
"""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public sets beside the repository; tests that need it skip where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent: the public sets are not on this machine")
    return folder


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Project]:
    """Write a project file with the given sections and files beside it, and open it."""

    def make(sections: str, files: dict[str, str | bytes], *, head: str = "") -> Project:
        for name, content in files.items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                target.write_text(content, encoding="utf-8")
        text = f'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n{head}\n{sections}'
        (tmp_path / "project.toml").write_text(text, encoding="utf-8")
        return linkage.open(tmp_path / "project.toml")

    return make


@pytest.fixture
def start_run(tmp_path: Path) -> Callable[[Project], Run]:
    """Start a run whose base is in memory, to try single stages."""

    def start(project: Project) -> Run:
        staging = tmp_path / "staging"
        staging.mkdir(exist_ok=True)
        return Run(1, NOW, project.loaded, Workspace(project.loaded.workspace), Ledger(Path(":memory:")), Engine(), staging)

    return start
