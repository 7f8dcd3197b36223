"""The same input gives the same output, byte for byte."""

from __future__ import annotations

import shutil

import pytest

import linkage
from linkage.cli import main
from linkage.tables import PUBLISHED
from tests.conftest import NOW, same_models


def test_a_run_repeated_in_a_fresh_workspace_exports_the_same_bytes(demo, tmp_path, monkeypatch):
    """Under one secret, the same models and the same moment, every table exported by the command is the same file."""
    folder = tmp_path / "again"
    shutil.copytree(demo.folder, folder, ignore=shutil.ignore_patterns("work"))
    again = linkage.open(folder)
    again.loaded.workspace.mkdir()
    shutil.copy(demo.project.loaded.workspace / "secret.key", again.loaded.workspace / "secret.key")
    same_models(demo.project, again)
    again.run(now=NOW, full=True)
    for audience in ("centre", "dea"):
        for table in PUBLISHED:
            files = [tmp_path / f"{name}-{audience}-{table.name}.csv" for name in ("first", "again")]
            for place, file in zip((demo.folder, folder), files, strict=True):
                arguments = ["linkage", "export", str(place), table.name, str(file), "--audience", audience]
                monkeypatch.setattr("sys.argv", arguments)
                with pytest.raises(SystemExit) as stop:
                    main.main()
                assert not stop.value.code
            first, second = (file.read_bytes() for file in files)
            assert first == second, (audience, table.name)
