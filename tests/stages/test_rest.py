"""A long run that is broken off is gone on with: nothing is done twice, and the result is that of a run that nobody disturbed."""

from __future__ import annotations

import shutil
from contextlib import suppress

import duckdb
import pytest

import linkage
from linkage import pipeline, purging
from linkage.errors import DataError, WorkspaceError
from linkage.matching import score
from linkage.stages import rest
from linkage.stages.context import RunOptions
from linkage.stages.rest import Rests
from linkage.store.ledger import Ledger
from tests.conftest import NOW, published


@pytest.fixture(autouse=True)
def _always(monkeypatch):
    """Rest after each step, however short."""
    monkeypatch.setattr(rest, "EVERY", 0.0)


@pytest.fixture
def bank(make_project, accounts):
    """A small account project, not yet run."""
    return make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="abcd", two="ef", three="g")})


def broken_off(project, stage, error=KeyboardInterrupt, **given):
    """Run a project that ends by an error at the end of a stage, before it has rested there."""

    def end(name, function):
        def ended(run):
            function(run)
            if name == stage:
                raise error("stopped")

        return ended

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pipeline, "STAGES", tuple((name, end(name, function)) for name, function in pipeline.STAGES))
        with suppress(error, WorkspaceError):
            project.run(**given)


def partition(project):
    """The identities of the centre, as sets of keys."""
    with project.release() as release:
        rows = release.rows("SELECT list(key) FROM published.identity_record GROUP BY identity_id")
    return {frozenset(keys) for (keys,) in rows}


def staged(project):
    """What lies in the staging of a project."""
    return sorted(path.name for path in (project.loaded.workspace / "staging").iterdir())


def test_a_run_goes_on_within_the_pairs_of_a_type(demo, tmp_path, monkeypatch):
    """Broken off while it scores the pairs of persons piece by piece, a run scores the rest of them only, and all tables are as without that."""
    monkeypatch.setattr(score, "CHUNK", 1000)
    folder = tmp_path / "demo"
    shutil.copytree(demo.folder, folder, ignore=shutil.ignore_patterns("work"))
    (folder / "work").mkdir()
    shutil.copyfile(demo.folder / "work" / "secret.key", folder / "work" / "secret.key")
    project, within = linkage.open(folder), Rests.within
    scored = []

    def counting(self, run, kind, pairs):
        within(self, run, kind, pairs)
        scored.append((kind, pairs))
        if scored[-1] == ("person", 2000):
            raise KeyboardInterrupt

    monkeypatch.setattr(Rests, "within", counting)
    with suppress(KeyboardInterrupt):
        project.run(now=NOW)
    before, told = len(scored), []
    report = project.run(now=NOW, progress=told.append)
    assert report["went_on_after"] == ["ingest", "standardise", "train", "block", "score account", "score business"]
    assert scored[before] == ("person", 3000)
    assert {kind for kind, _ in scored[before:]} == {"person"}
    assert not [message for message in told if message.startswith(("standardise", "train", "block"))]
    assert report["types"] == demo.report["types"]
    for audience in project.loaded.settings.audiences:
        assert published(project, audience) == published(demo.project, audience)
    assert staged(project) == []


def test_a_delivery_that_came_since_is_taken(bank, accounts):
    """What was delivered after a run was broken off is read, and everything is made of it anew."""
    broken_off(bank, "block")
    assert staged(bank) == ["run-1"]
    (bank.loaded.folder / "bank.csv").write_text(accounts.csv(one="ab", two="efcd", four="h"), encoding="utf-8")
    report = bank.run()
    assert report["went_on_after"] == []
    assert report["types"]["account"]["records"] == 7
    assert partition(bank) == {frozenset("ab"), frozenset("cdef"), frozenset("h")}


def test_only_the_same_run_is_known_again(bank, tmp_path):
    """Another number, day, option, setting, cut-off or approved model makes another mark; what the engine may use does not."""
    other = tmp_path / "other.toml"

    def mark(ledger, more="", options=None, moment=NOW, number=1):
        other.write_text(bank.loaded.path.read_text("utf-8") + more, "utf-8")
        return rest.same_run(linkage.open(other).loaded, ledger, options or RunOptions(), moment, number)

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        marks = [
            mark(ledger),
            mark(ledger, number=2),
            mark(ledger, moment=NOW.replace(day=30)),
            mark(ledger, options=RunOptions(retrain=True)),
            mark(ledger, "[fusion]\nshell = 5\n"),
            mark(ledger, "[thresholds.account]\nmatch = 5\n"),
        ]
        assert mark(ledger, '[engine]\nmemory_limit = "1GB"\n') == marks[0]
        ledger.add_model("account", "a" * 24, NOW.isoformat(), 1)
        ledger.approve("account", "a" * 24, NOW.isoformat(), "somebody", "why")
        assert len({*marks, mark(ledger)}) == len(marks) + 1


@pytest.mark.parametrize("changed", ["base", "nothing"])
def test_only_what_was_left_as_it_was_is_gone_on_with(bank, changed):
    """The next run goes on after the last step that was written down, but not with a base whose tables are not as they were then."""
    broken_off(bank, "block", now=NOW)
    if changed == "base":
        with duckdb.connect(str(bank.loaded.workspace / "staging" / "run-1" / "base.duckdb")) as base:
            base.execute("DELETE FROM source.delivery")
            base.execute("CHECKPOINT")
    report = bank.run(now=NOW)
    assert report["went_on_after"] == (["ingest", "standardise", "train"] if changed == "nothing" else [])
    assert len(partition(bank)) == 3


def test_a_run_that_fails_where_it_failed_begins_anew(bank):
    """A run that goes on and fails in the engine before it has done a further step leaves nothing: the next one begins anew."""
    broken_off(bank, "block")
    broken_off(bank, "ingest", duckdb.IOException)
    assert staged(bank) == []
    assert bank.run()["went_on_after"] == []


def test_what_is_refused_leaves_nothing():
    """A refusal clears what the run has made, an error of disk or memory or a stop leaves it, and a run that ends well has nothing to leave."""
    rests = Rests()
    assert not rests.is_left(KeyboardInterrupt())
    rests._written = True
    assert rests.is_left(KeyboardInterrupt())
    assert rests.is_left(duckdb.OutOfMemoryException())
    assert rests.is_left(WorkspaceError("the disk is full"))
    assert not rests.is_left(DataError("a block is too large"))
    assert not rests.is_left(None)


def test_a_purge_takes_what_was_left_with_it(bank):
    """What a run that was broken off has left in staging holds records too: a purge clears it, whatever it is of."""
    bank.run(now=NOW)
    broken_off(bank, "block", now=NOW, full=True)
    assert staged(bank) == ["run-2"]
    purging.purge(bank.loaded, purging.choose(bank.loaded, records=["bank/a"]), why="order 7", now=NOW)
    assert staged(bank) == []
    assert bank.run(now=NOW, full=True)["went_on_after"] == []


def test_increments_do_not_rest(bank, accounts):
    """Only what makes everything anew rests: an increment that is broken off leaves nothing."""
    bank.run()
    (bank.loaded.folder / "bank.csv").write_text(accounts.csv(one="ab", two="efcd"), encoding="utf-8")
    broken_off(bank, "block")
    assert staged(bank) == []
    assert bank.run()["work"] == "increment"
