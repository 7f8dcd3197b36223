"""Files to look at, and what is guessed of them."""

from __future__ import annotations

import tomllib

import pytest

from linkage.engine.duckdb import Engine
from linkage.profiling.project import init_project
from linkage.profiling.values import profile_file


@pytest.fixture
def guessed(tmp_path):
    """Write files (name → text or bytes), make a project of them, and return its settings."""

    def run(**files):
        paths = []
        for name, content in files.items():
            path = tmp_path / f"{name}.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(path)
        init_project(paths, tmp_path / "project")
        return tomllib.loads((tmp_path / "project" / "project.toml").read_text(encoding="utf-8"))

    return run


@pytest.fixture
def profiled(tmp_path):
    """Write one file and return its profile."""

    def run(content, name="file.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with Engine() as engine:
            return profile_file(engine, path, tmp_path)

    return run
