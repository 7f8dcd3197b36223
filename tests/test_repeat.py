"""The same input gives the same output, byte for byte."""

from __future__ import annotations

import shutil

import pytest

import linkage
from linkage.cli import main
from linkage.tables import PUBLISHED
from tests.conftest import NOW, same_models


def test_a_run_repeated_in_a_fresh_workspace_exports_the_same_bytes(demo, exports, tmp_path, monkeypatch):
    """Under one secret, the same models and the same moment, every exported table is the same file, by the command too."""
    folder = tmp_path / "again"
    shutil.copytree(demo.folder, folder, ignore=shutil.ignore_patterns("work"))
    again = linkage.open(folder)
    again.loaded.workspace.mkdir()
    shutil.copy(demo.project.loaded.workspace / "secret.key", again.loaded.workspace / "secret.key")
    same_models(demo.project, again)
    again.run(now=NOW, full=True)
    for audience in ("centre", "dea"):
        first, second = exports(demo.project, audience), exports(again, audience)
        for table in PUBLISHED:
            assert first[table.name] == second[table.name], (audience, table.name)
        for name in ("identity", "link_evidence", "lead"):
            file = tmp_path / f"{audience}-{name}.csv"
            arguments = ["linkage", "export", str(folder), name, str(file), "--audience", audience]
            monkeypatch.setattr("sys.argv", arguments)
            with pytest.raises(SystemExit) as stop:
                main.main()
            assert not stop.value.code
            assert file.read_bytes() == first[name], (audience, name)
