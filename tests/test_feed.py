"""The feed: who has one crosswalk and the moves since has the last crosswalk, by the recipe of the README."""

from __future__ import annotations

import re
import shutil

import pytest

import linkage
from linkage import queries
from linkage.config.project import default_configs
from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal
from linkage.store.workspace import Workspace
from linkage.upkeep import prune_project
from tests.conftest import NOW, REPOSITORY

DAYS = (
    {"one": "ABC", "two": "DE", "three": "FG", "four": "HIJK"},
    {"one": "ABC", "two": "DE", "three": "FG", "four": "HIJK"},
    {"one": "ABCDE", "three": "FG", "four": "HI", "seven": "JK", "eight": "UV"},
    {"one": "ABC", "two": "DE", "four": "HI", "seven": "JK", "eight": "UVW"},
    {"one": "ABC", "two": "DE", "three": "FGX", "four": "HI", "seven": "K"},
)


def recipe():
    """The statements of the README's recipe."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```sql\n(DELETE FROM crosswalk.*?)```", text, re.DOTALL)
    return [statement for statement in block[1].split(";") if statement.strip()]


def rows(engine, table):
    """A crosswalk in the order of its key."""
    return engine.rows(f"SELECT * FROM {table} ORDER BY entity_type, dataset, key, role")


@pytest.fixture(scope="module")
def released(tmp_path_factory, accounts):
    """A project after a release for each of `DAYS` of which the last is kept, and the crosswalk of each; the fourth day is a full run."""
    folder = tmp_path_factory.mktemp("fed")
    head = 'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n'
    (folder / "project.toml").write_text(head + accounts.source("bank"), encoding="utf-8")
    project = linkage.open(folder)
    walks = []
    for day, groups in enumerate(DAYS):
        (folder / "bank.csv").write_text(accounts.csv(**groups), encoding="utf-8")
        project.run(now=NOW, full=day == 3)
        with project.release() as release:
            walks.append(release.arrow("FROM published.identity_record"))
    prune_project(project.loaded, 1)
    return project, walks


@pytest.mark.parametrize("start", [1, 2, 4])
def test_a_consumer_ends_with_the_last_crosswalk(released, start):
    """One release's crosswalk and the moves of all later releases make the last crosswalk, cell by cell, though releases are pruned."""
    project, walks = released
    files = Workspace(project.loaded.workspace).feed_files("centre", "record_move")
    assert len(files) == len(DAYS)
    with Engine() as engine, engine.registered("first", walks[start - 1]):
        engine.run("CREATE TABLE crosswalk AS FROM first")
        for file in files[start:]:
            engine.run(f"CREATE OR REPLACE TEMP VIEW moves AS FROM read_parquet({literal(str(file))})")
            for statement in recipe():
                engine.run(statement)
        with project.release() as release:
            assert rows(engine, "crosswalk") == rows(release, "published.identity_record")


def test_nothing_new_moves_nothing(released):
    """A release without any change has empty feed files: readers see that it is there."""
    project, _ = released
    with Engine() as engine:
        for kind in ("record_move", "identity_event", "pointer_move"):
            file = Workspace(project.loaded.workspace).feed("centre", 2, kind)
            assert engine.value(f"SELECT count(*) FROM read_parquet({literal(str(file))})") == 0


@pytest.fixture(scope="module")
def gone_back(tmp_path_factory, accounts):
    """A project with a release, one of a model that merges nothing, the first rolled back to, and one more after all others are pruned.

    Returns the project and for each release its crosswalk and the bytes of its export.
    """
    folder = tmp_path_factory.mktemp("back")
    head = 'version = 1\nname = "test"\nworkspace = "work"\nentities = "own"\ndefault_purpose = "test"\n'
    (folder / "project.toml").write_text(head + accounts.source("bank"), encoding="utf-8")
    (folder / "bank.csv").write_text(accounts.csv(**DAYS[0]), encoding="utf-8")
    shutil.copytree(default_configs() / "entities", folder / "own")
    settings = folder / "own" / "account.toml"
    released = []

    def keep():
        project = linkage.open(folder)
        queries.export(project, "identity_record", folder / "out.csv")
        with project.release() as release:
            released.append((release.arrow("FROM published.identity_record"), (folder / "out.csv").read_bytes()))

    linkage.open(folder).run(now=NOW)
    keep()
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("match = 3.0", "match = 90.0"), encoding="utf-8")
    linkage.open(folder).run(now=NOW, retrain=True)
    keep()
    linkage.open(folder).rollback(1, why="too strict", now=NOW)
    keep()
    prune_project(linkage.open(folder).loaded, 1)
    (folder / "bank.csv").write_text(accounts.csv(**DAYS[2]), encoding="utf-8")
    linkage.open(folder).run(now=NOW)
    keep()
    return linkage.open(folder), released


@pytest.mark.parametrize(("start", "end"), [(1, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 4)])
def test_a_consumer_is_byte_equal_after_rollback_and_prune(gone_back, tmp_path, start, end):
    """One release and the moves up to a later one give the bytes of its export, over a rollback, and after releases are pruned."""
    project, released = gone_back
    assert len({bytes_ for _, bytes_ in released}) > 2
    files = Workspace(project.loaded.workspace).feed_files("centre", "record_move")
    with Engine() as engine, engine.registered("first", released[start - 1][0]):
        engine.run("CREATE TABLE crosswalk AS FROM first")
        for file in files[start:end]:
            engine.run(f"CREATE OR REPLACE TEMP VIEW moves AS FROM read_parquet({literal(str(file))})")
            for statement in recipe():
                engine.run(statement)
        query = "FROM crosswalk ORDER BY entity_type, dataset, key, role"
        engine.copy_to(query, tmp_path / "crosswalk.csv", "(FORMAT csv, HEADER true)")
    assert (tmp_path / "crosswalk.csv").read_bytes() == released[end - 1][1]
