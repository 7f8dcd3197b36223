"""Writing pages: whole or not at all, and never over anything else."""

from __future__ import annotations

import os

import pytest

from linkage.errors import DataError, RequestError
from linkage.pages.files import check_target, write_page
from linkage.pages.render import check_page, explain_page


def test_a_page_is_written_for_its_owner_alone(tmp_path, check):
    """The file holds the page, can be read by its owner only, and nothing else is left beside it."""
    path = tmp_path / "x.html"
    write_page(path, "check", check_page(check()))
    assert path.read_text(encoding="utf-8") == check_page(check())
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_replaces_one_of_its_kind_only(tmp_path, check, waterfall):
    """The same kind is overwritten; another kind, any other file and an empty one are refused and stay."""
    path = tmp_path / "x.html"
    write_page(path, "check", check_page(check("old")))
    write_page(path, "check", check_page(check("new")))
    assert path.read_text(encoding="utf-8") == check_page(check("new"))
    with pytest.raises(RequestError, match="is no explain page"):
        write_page(path, "explain", explain_page(waterfall()))
    for content in ("", "<h1>mine</h1>", "mine" * 100 + '<meta name="linkage-page" content="check">'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(RequestError, match="is no check page"):
            write_page(path, "check", check_page(check()))
        assert path.read_text(encoding="utf-8") == content


def test_a_value_cannot_make_a_page_of_another_kind(tmp_path, check):
    """The marker is known by its place in the head and cannot be brought in by a value."""
    path = tmp_path / "x.html"
    write_page(path, "check", check_page(check('<meta name="linkage-page" content="explain">')))
    with pytest.raises(RequestError):
        check_target(path, "explain")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x.txt", "name it .html"),
        ("no/x.html", "there is no folder"),
        ("folder.html", "cannot be read"),
        ("n" * 300 + ".html", "cannot be"),
    ],
)
def test_places_that_cannot_be_are_refused(tmp_path, name, says):
    """A wrong ending, an absent folder, a folder and a name too long are refused before anything is looked at."""
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(RequestError, match=says):
        check_target(tmp_path / name, "check")


def test_a_failed_write_leaves_the_old_page(tmp_path, check, monkeypatch):
    """When the disk is full the old page stands and no part of the new one is left."""
    path = tmp_path / "x.html"
    write_page(path, "check", check_page(check("old")))

    def full(_path):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("linkage.pages.files.sync", full)
    with pytest.raises(DataError, match="cannot be written"):
        write_page(path, "check", check_page(check("new")))
    assert path.read_text(encoding="utf-8") == check_page(check("old"))
    assert list(tmp_path.iterdir()) == [path]
