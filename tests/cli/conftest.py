"""The command line in this process."""

from __future__ import annotations

import sys

import pytest

from linkage.cli import main as command


@pytest.fixture
def linkage_(monkeypatch, capsys):
    """Run the command line in this process: (exit code, standard output, standard error)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["linkage", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "400")
        try:
            command.main()
        except SystemExit as stop:
            code = stop.code or 0
        else:
            code = 0
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return code, told.out, told.err

    return run
