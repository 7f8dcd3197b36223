"""The README's guide, step by step: its shell blocks are executed command by command, as a new operator would."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest

from linkage.cli.main import app
from tests.conftest import REPOSITORY

STARTER = """#!/bin/sh
PYTHONPATH={path} exec {python} -c "from linkage.cli.main import main; main()" "$@"
"""


def commands():
    """The guide's lines with the exit code that each must have."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = re.search(r"### The guide, step by step\n(.*?)\n### ", text, re.DOTALL)[1]
    lines = [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]
    return [
        (line.partition("  # exit code ")[0], int(line.partition("  # exit code ")[2] or 0)) for line in lines if line
    ]


def test_the_guide_names_commands_that_are_there():
    """Each `linkage` line of the guide calls a command of the command line, and the guide has all steps of an operator's life."""
    groups = {group.name for group in app.registered_groups}
    known = {command.name or command.callback.__name__ for command in app.registered_commands} | groups
    called = [shlex.split(line)[1] for line, _ in commands() if line.startswith("linkage ")]
    assert set(called) <= known
    assert {
        "demo",
        "run",
        "judge",
        "train",
        "models",
        "approve",
        "rollback",
        "publish",
        "prune",
        "backup",
        "restore",
    } <= set(called)


@pytest.mark.slow
def test_the_guide_can_be_followed_from_top_to_bottom(tmp_path):
    """Every command of the guide, executed in turn in an empty folder, ends with the exit code that is told and no traceback."""
    starter = tmp_path / "bin" / "linkage"
    starter.parent.mkdir()
    starter.write_text(
        STARTER.format(path=shlex.quote(str(REPOSITORY)), python=shlex.quote(sys.executable)), encoding="utf-8"
    )
    starter.chmod(0o700)
    folder = tmp_path / "empty"
    folder.mkdir()
    surroundings = {**os.environ, "PATH": f"{starter.parent}{os.pathsep}{os.environ['PATH']}"}
    for line, code in commands():
        done = subprocess.run(
            ["sh", "-c", line], cwd=folder, env=surroundings, capture_output=True, text=True, check=False
        )
        assert (line, done.returncode) == (line, code), done.stderr
        assert "Traceback" not in done.stdout + done.stderr, line
        if code and line.startswith("linkage "):
            assert len(done.stderr.strip().splitlines()) == 1, f"{line}: a refusal is one line"
