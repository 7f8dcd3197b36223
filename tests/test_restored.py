"""After a restore: no id that was handed out since the backup gets another meaning, and readers never see a number go back."""

from __future__ import annotations

import json
import re
import shutil

import pytest

import linkage
from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal
from linkage.errors import WorkspaceError
from linkage.store.backup import backup, restore
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import NOW, REPOSITORY

HANDED = '[audiences.centre.publish_to]\nfolder = "out"\n'


class Operator:
    """A small account project: deliver and run, save, lose everything, restore."""

    def __init__(self, project, accounts, first_run):
        self.project, self.accounts, self.first_run = project, accounts, first_run
        self.folder = project.loaded.folder
        self.workspace = Workspace(project.loaded.workspace)

    def run(self, **groups):
        """Deliver these groups, run, and return what the release holds: key → id."""
        (self.folder / "bank.csv").write_text(self.accounts.csv(**groups), encoding="utf-8")
        self.project = linkage.open(self.folder)
        if self.workspace.path.exists():
            self.project.run(now=NOW)
        else:
            self.first_run(self.project, now=NOW)
        with self.project.release() as release:
            return dict(release.rows("SELECT key, identity_id FROM published.identity_record ORDER BY ALL"))

    def save(self):
        """Back the workspace up."""
        backup(self.workspace, self.folder / "saved.tar", program="0")

    def restore(self):
        """Lose the workspace and restore it."""
        shutil.rmtree(self.workspace.path)
        return restore(self.folder / "saved.tar", self.workspace.path)

    def rows(self, sql):
        """Rows of the last release."""
        with self.project.release() as release:
            return release.rows(sql)


@pytest.fixture
def operator(make_project, accounts, first_run):
    """An operator whose release goes to no folder."""
    return Operator(make_project(accounts.source("bank"), {}), accounts, first_run)


@pytest.fixture
def handing(make_project, accounts, first_run):
    """An operator whose release of the centre goes to a folder."""
    return Operator(make_project(HANDED + accounts.source("bank"), {}), accounts, first_run)


def test_no_id_is_given_to_others(operator):
    """Ids made after a restore are none of those that the lost releases of the same number gave to the same records."""
    first = operator.run(one="ab")
    operator.save()
    lost = operator.run(one="ab", two="cd", three="ef")
    assert operator.restore()["releases"] == {"centre": 1}
    # d alone has the smallest record that cd would not have; c and e begin identities that lost ones began too.
    found = operator.run(one="ab", two="c", three="ef", four="d")
    assert operator.project.release_path().name == "2.duckdb"
    assert {key: found[key] for key in "ab"} == first
    assert not {found[key] for key in "cdef"} & set(lost.values())


def test_every_restore_has_a_mark_of_its_own(operator):
    """Two restores of one backup make other ids of the same delivery; a workspace that was never restored has no mark."""
    operator.run(one="ab")
    operator.save()
    with Ledger(operator.workspace.ledger) as ledger:
        assert ledger.mark() == ""
    seen = []
    for _ in range(2):
        operator.restore()
        seen.append(operator.run(one="ab", two="cd")["c"])
    assert len(set(seen)) == 2


def test_readers_see_numbers_grow(handing):
    """The next release is numbered above the one that readers have, and `current.json` goes on with it."""
    for groups in ({"one": "ab"}, {"one": "abc"}):
        handing.run(**groups)
    handing.save()
    for groups in ({"one": "abc", "two": "de"}, {"one": "abc", "two": "def"}):
        handing.run(**groups)
    handing.restore()
    handing.run(one="abc", two="deg")
    current = json.loads((handing.folder / "out" / "current.json").read_text(encoding="utf-8"))
    assert (current["sequence"], current["file"]) == (5, "5.duckdb")
    handing.run(one="abc", two="deg")
    assert handing.project.release_path().name == "6.duckdb"


def test_ids_that_readers_have_come_back(handing):
    """An id of a lost release is reinstated for the records it held, and leads to where they are when others hold them."""
    handing.run(one="ab")
    handing.save()
    lost = handing.run(one="ab", two="cd", three="ef", four="g")
    handing.restore()
    found = handing.run(one="abe", two="cd", five="f", four="g")
    assert {key: found[key] for key in "abcdg"} == {key: lost[key] for key in "abcdg"}
    assert found["e"] == lost["a"]
    assert found["f"] not in lost.values()
    told = set(handing.rows("SELECT old_id, new_id FROM published.identity_redirect"))
    assert told == {(lost["e"], found["e"]), (lost["e"], found["f"])}
    events = handing.rows("SELECT identity_id FROM published.identity_event WHERE event = 'reinstated' ORDER BY ALL")
    assert events == sorted({(lost["c"],), (lost["g"],)})


def test_the_feed_goes_on_for_every_reader(handing):
    """Who has a release of before or after the backup and applies the handed feed ends with the last crosswalk."""
    walks = []
    for day, groups in enumerate(
        ({"one": "abc"}, {"one": "ab", "two": "cd"}, {"one": "a", "two": "cd", "three": "be"})
    ):
        handing.run(**groups)
        if day == 0:
            handing.save()
        with handing.project.release() as release:
            walks.append(release.arrow("FROM published.identity_record"))
    handing.restore()
    handing.run(one="ab", two="d", four="cf")
    handing.run(one="ab", two="d", four="cfg")
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    recipe = re.search(r"```sql\n(DELETE FROM crosswalk.*?)```", text, re.DOTALL)[1]
    feed = handing.folder / "out" / "feed"
    assert sorted(path.name for path in feed.glob("*-record_move.parquet")) == [
        f"{number}-record_move.parquet" for number in range(1, 6)
    ]
    last = handing.rows("FROM published.identity_record ORDER BY ALL")
    for start, walk in enumerate(walks, 1):
        with Engine() as engine, engine.registered("first", walk):
            engine.run("CREATE TABLE crosswalk AS FROM first")
            for number in range(start + 1, 6):
                file = feed / f"{number}-record_move.parquet"
                engine.run(f"CREATE OR REPLACE TEMP VIEW moves AS FROM read_parquet({literal(str(file))})")
                for statement in recipe.split(";"):
                    if statement.strip():
                        engine.run(statement)
            assert engine.rows("FROM crosswalk ORDER BY ALL") == last, start


def test_a_damaged_release_of_the_readers_is_told(handing):
    """Where the newer release that readers have is gone or altered, the run is refused with the mend; after it the number still grows."""
    handing.run(one="ab")
    handing.save()
    lost = handing.run(one="ab", two="cd")
    handing.restore()
    file = handing.folder / "out" / "2.duckdb"
    whole = file.read_bytes()
    for damage in ("gone", "altered"):
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes(whole + b"x")
        with pytest.raises(
            WorkspaceError, match=r"2\.duckdb: readers have this release, .* remove .*current\.json"
        ) as found:
            handing.run(one="ab", two="cd")
        assert "\n" not in str(found.value), damage
    (handing.folder / "out" / "current.json").unlink()
    assert handing.run(one="ab", two="cd")["c"] != lost["c"]
    assert handing.project.release_path().name == "3.duckdb"
