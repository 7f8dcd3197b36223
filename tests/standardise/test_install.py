"""Installing: reference lists a steward may change, the version they make, and refusals."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from linkage import standardise
from linkage.engine.duckdb import Engine
from linkage.errors import ConfigError
from linkage.standardise import STANDARDISER_NUMBER, install, standardiser_version
from linkage.standardise.install import REFERENCE_FILES

if TYPE_CHECKING:
    from pathlib import Path

LEAST_NICKNAMES = 400


@pytest.fixture
def lists(tmp_path: Path, reference: Path) -> Path:
    """Give a copy of the reference lists that a test may change."""
    return shutil.copytree(reference, tmp_path / "reference lists' copy")


def test_every_list_is_loaded(engine: Engine) -> None:
    """Every reference list becomes a table of schema `reference` with rows, and there are 400 nicknames or more."""
    assert all(engine.value(f"SELECT count(*) FROM reference.{table}") > 0 for table in REFERENCE_FILES)
    assert engine.value("SELECT count(*) FROM reference.nickname WHERE name <> root") >= LEAST_NICKNAMES


def test_reference_keys_are_unique_and_roots_are_roots(engine: Engine) -> None:
    """No nickname has two roots, and no root is itself the nickname of another."""
    assert engine.value("SELECT count(*) - count(DISTINCT name) FROM reference.nickname") == 0
    assert (
        engine.rows(
            "SELECT a.name FROM reference.nickname AS a JOIN reference.nickname AS b ON a.root = b.name WHERE b.root <> b.name"
        )
        == []
    )


def test_installing_twice_changes_nothing(reference: Path) -> None:
    """A second installation on the same connection works and gives the same answers."""
    with Engine(memory_limit="1GB") as engine:
        install(engine.run, reference)
        install(engine.run, reference)
        assert engine.value("SELECT std_fold('Été')") == "ete"


def test_a_steward_extends_a_list(lists: Path) -> None:
    """A line added to a list holds at once, wherever the folder lies."""
    with (lists / "placeholders.csv").open("a", encoding="utf-8") as file:
        file.write("name,inconnu (?),French\n")
    with Engine(memory_limit="1GB") as engine:
        install(engine.run, lists)
        assert engine.value("SELECT std_known('name', std_fold('Inconnu'))") is None
        assert engine.value("SELECT std_known('name', std_fold('Incon'))") == "incon"


def test_version_follows_content(lists: Path) -> None:
    """The version is the number and a hash that changes with any byte of a list and with nothing else."""
    before = standardiser_version(lists)
    assert before == standardise.STANDARDISER_VERSION
    assert before.startswith(f"{STANDARDISER_NUMBER}-")
    standardiser_version.cache_clear()
    assert standardiser_version(lists) == before
    with (lists / "titles.csv").open("a", encoding="utf-8") as file:
        file.write("squire\n")
    standardiser_version.cache_clear()
    assert standardiser_version(lists) != before


def test_a_missing_list_is_refused(lists: Path) -> None:
    """A list that is not there is named, with the mend."""
    (lists / "titles.csv").unlink()
    with (
        Engine(memory_limit="1GB") as engine,
        pytest.raises(ConfigError, match=r"titles\.csv: the reference list cannot be read"),
    ):
        install(engine.run, lists)


def test_a_list_with_other_columns_is_refused(lists: Path) -> None:
    """A list whose first line is not the expected one is named, with what it must be."""
    (lists / "nicknames.csv").write_text("nick,full\nbob,robert\n", encoding="utf-8")
    with Engine(memory_limit="1GB") as engine, pytest.raises(ConfigError, match="it must be 'name,root'"):
        install(engine.run, lists)


def test_a_list_in_another_encoding_is_refused(lists: Path) -> None:
    """A list that is not UTF-8 is refused with the mend."""
    (lists / "titles.csv").write_bytes(b"written\nse\xf1or\n")
    with Engine(memory_limit="1GB") as engine, pytest.raises(ConfigError, match="save it as UTF-8"):
        install(engine.run, lists)


def test_a_project_adds_placeholders(lists: Path, tmp_path: Path) -> None:
    """A project's own list counts beside the shipped one, which stays whole."""
    own = tmp_path / "own.csv"
    own.write_text("attribute,value,why\nname,Refused To Say,asked at the desk\nany,zz-none,system\n", encoding="utf-8")
    with Engine(memory_limit="1GB") as engine:
        install(engine.run, lists, own)
        known = "SELECT std_known('name', std_fold($text))"
        texts = ("Refused to say", "ZZ NONE", "unknown", "Robert")
        assert [engine.value(known, {"text": text}) for text in texts] == [None, None, None, "robert"]


def test_a_bad_list_of_placeholders_is_refused(lists: Path, tmp_path: Path) -> None:
    """A list that is missing, has other columns or names no known attribute is refused with the mend."""
    own = tmp_path / "own.csv"
    with Engine(memory_limit="1GB") as engine:
        with pytest.raises(ConfigError, match=r"own\.csv: the reference list cannot be read"):
            install(engine.run, lists, own)
        own.write_text("value\nx\n", encoding="utf-8")
        with pytest.raises(ConfigError, match="it must be 'attribute,value,why'"):
            install(engine.run, lists, own)
        own.write_text("attribute,value,why\nsurnames,x,y\n", encoding="utf-8")
        with pytest.raises(
            ConfigError, match="line 2 names the attribute 'surnames'; use one of: account, address, any"
        ):
            install(engine.run, lists, own)
