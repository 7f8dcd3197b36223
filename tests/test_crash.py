"""Killed at any stage, the last release stands and the next run is clean."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

import linkage
from linkage.errors import RequestError
from linkage.store.ledger import Ledger

NOW = datetime(2026, 1, 31, 6, tzinfo=UTC)
DRIVER = '''
"""Run the command line once for each [stop, folder, options]: a child process kills itself at the stop. Prints what each died of."""
import json, os, signal, sys
from linkage import ahead, pipeline
from linkage.cli.main import main
from linkage.stages import publish as publishing, rest
from linkage.store.ledger import Ledger
from linkage.clustering import ClusterSettings, Edges, Judgements, cluster
import linkage.matching.train, pandas, rich.progress, splink

# What children need is loaded here once: libraries, and the compiled loops, which load at their first call.
triangle = Edges([0, 0, 1], [1, 2, 2], [9, 9, -9], [False, False, True])
cluster(3, triangle, Judgements.none(), ClusterSettings(stop=0, floor=0, ambiguity=0))


RESTING = "resting"


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def then_die(function):
    def wrapped(*arguments, **named):
        function(*arguments, **named)
        die()
    return wrapped


def arm(stop):
    if stop in [name for name, _ in pipeline.STAGES]:
        pipeline.STAGES = tuple((name, then_die(stage) if name == stop else stage) for name, stage in pipeline.STAGES)
    elif stop in pipeline.AUDIENCE_STAGES:
        name = "cluster_audience" if stop == "cluster" else stop
        for module in (pipeline, ahead):  # in an increment it is the second that clusters
            if hasattr(module, name):
                setattr(module, name, then_die(getattr(module, name)))
    elif stop == "half a release":
        publishing.audit = die
    elif stop == "one file moved":
        pipeline.move_into_place = then_die(pipeline.move_into_place)
    elif stop == "files moved":
        Ledger.add_run = die
    elif stop == "ledger row":
        Ledger.add_run = then_die(Ledger.add_run)
    else:
        raise SystemExit(f"no stop {stop}")


found = []
for stop, folder, *more in json.loads(sys.argv[1]):
    child = os.fork()
    if child == 0:
        if RESTING in more:
            more.remove(RESTING)
            rest.EVERY = 0.0
        arm(stop)
        sys.argv = ["linkage", "run", folder, "--now", "2026-01-31T06:00:00+00:00", "--json", *more]
        main()
        os._exit(99)
    _, status = os.waitpid(child, 0)
    found.append(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -1)
print(json.dumps(found))
'''
STAGES = ("ingest", "standardise", "train", "block", "score", "drift", "cluster", "identify", "survive", "publish")
BEFORE_MOVING = (*STAGES, "half a release")
RESTING = "resting"
AUDIENCES = """
[audiences.centre]
[audiences.dea]
hidden = ["zulu"]
"""


def kill(driver, *stops):
    """Run the command line once for each (stop, folder, options), and kill it at the stop."""
    driver.write_text(DRIVER, encoding="utf-8")
    wanted = json.dumps([(stop, str(folder), *options) for stop, folder, *options in stops])
    done = subprocess.run([sys.executable, driver, wanted], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [int(signal.SIGKILL)] * len(stops), done.stdout + done.stderr


@pytest.fixture(scope="module")
def crashes(tmp_path_factory, accounts, copy_and_run):
    """Folders with one project: after its first run, after an undisturbed second run with a new delivery, and killed ones."""
    root = tmp_path_factory.mktemp("crash")
    new = root / "new"
    (new / "work").mkdir(parents=True)
    (new / "work" / "secret.key").write_text("ab" * 32, encoding="ascii")
    (new / "alpha.csv").write_text(accounts.csv(one="abcd", two="e", three="fg"), encoding="utf-8")
    (new / "zulu.csv").write_text(accounts.csv(one="AB", four="CD", five="E"), encoding="utf-8")
    text = 'version = 1\nname = "crash"\nworkspace = "work"\ndefault_purpose = "test"\n'
    text += AUDIENCES + accounts.source("alpha") + accounts.source("zulu")
    (new / "project.toml").write_text(text, encoding="utf-8")
    copy_and_run(new, "first")
    copy_and_run(root / "first", "second", lambda folder: deliver(folder, accounts))
    stops = [("stages", stop) for stop in BEFORE_MOVING]
    stops += [(stop, stop) for stop in ("one file moved", "files moved", "ledger row")]
    stops += [("retrained", "files moved", "--retrain")]
    for name in dict.fromkeys(name for name, *_ in stops):
        shutil.copytree(root / "first", root / name)
        deliver(root / name, accounts)
    shutil.copytree(new, root / "newborn")
    stops += [("newborn", "train"), ("newborn", "files moved")]
    shutil.copytree(new, root / "rested")
    stops += [("rested", stop, RESTING) for stop in ("train", "score", "cluster", "publish")]
    kill(root / "driver.py", *((stop, root / name, *options) for name, stop, *options in stops))
    return root


def deliver(folder, accounts):
    """Put a second delivery where the first one was."""
    (folder / "alpha.csv").write_text(accounts.csv(six="ab", one="cde", three="f", four="h"), encoding="utf-8")


def written(folder):
    """All files that a run leaves in the rooms of a workspace, by name."""
    work = folder / "work"
    rooms = [work / room for room in ("base", "releases", "staging", "models")]
    return sorted(str(path.relative_to(work)) for room in rooms for path in room.rglob("*") if path.is_file())


def runs(folder):
    with Ledger(folder / "work" / "ledger.sqlite") as ledger:
        return [run.run for run in ledger.runs()]


def partition(folder, audience):
    with linkage.open(folder).release(audience) as engine:
        rows = engine.rows(
            "SELECT list(dataset || '/' || key ORDER BY ALL) FROM published.identity_record GROUP BY identity_id ORDER BY 1"
        )
    return [tuple(row[0]) for row in rows]


def check_recovery(folder, crashes, exports):
    """The next run gives, byte for byte, what an undisturbed second run gave, and no file is left over."""
    report = linkage.open(folder).run(now=NOW)
    assert report["run"] == 2
    for audience in ("centre", "dea"):
        assert exports(linkage.open(folder), audience) == exports(linkage.open(crashes / "second"), audience)
    assert written(folder) == written(crashes / "second")


def check_last_release_stands(folder, crashes):
    """The first run is still the last one, and its releases and base are readable and unchanged."""
    assert runs(folder) == [1]
    for audience in ("centre", "dea"):
        assert partition(folder, audience) == partition(crashes / "first", audience)
    for name in ("base/1.duckdb", "releases/centre/1.duckdb", "releases/dea/1.duckdb"):
        assert (folder / "work" / name).read_bytes() == (crashes / "first" / "work" / name).read_bytes()


def test_killed_at_one_stage_after_another(crashes, exports):
    """Runs killed at each stage in turn, each starting on what the one before left, change nothing; the next is clean."""
    folder = crashes / "stages"
    check_last_release_stands(folder, crashes)
    assert [path.name for path in (folder / "work" / "staging").iterdir()] == ["run-2"]
    check_recovery(folder, crashes, exports)


@pytest.mark.slow
@pytest.mark.parametrize("stop", BEFORE_MOVING)
def test_killed_at_a_stage(crashes, accounts, exports, stop):
    """Killed at a stage, the last release stands and the next run is clean."""
    folder = crashes / f"only {stop}"
    shutil.copytree(crashes / "first", folder)
    deliver(folder, accounts)
    kill(crashes / "driver.py", (stop, folder))
    check_last_release_stands(folder, crashes)
    check_recovery(folder, crashes, exports)


@pytest.mark.parametrize("stop", ["one file moved", "files moved"])
def test_killed_before_the_ledger_row(crashes, exports, stop):
    """Killed when files are in place but the ledger does not name them, the last release stands and the next run is clean."""
    folder = crashes / stop
    assert (folder / "work" / "releases" / "centre" / "2.duckdb").is_file()
    check_last_release_stands(folder, crashes)
    check_recovery(folder, crashes, exports)


def test_killed_after_the_ledger_row(crashes):
    """Killed after the ledger row, the new release is the current one; the next run clears the old base away."""
    folder = crashes / "ledger row"
    assert runs(folder) == [1, 2]
    assert (folder / "work" / "base" / "1.duckdb").is_file()
    for audience in ("centre", "dea"):
        assert partition(folder, audience) == partition(crashes / "second", audience)
    assert linkage.open(folder).run(now=NOW)["run"] == 3
    for audience in ("centre", "dea"):
        assert partition(folder, audience) == partition(crashes / "second", audience)
    expected = {*written(crashes / "second"), "base/3.duckdb", "releases/centre/3.duckdb", "releases/dea/3.duckdb"}
    assert set(written(folder)) == expected - {"base/2.duckdb"}


def test_killed_while_retraining(crashes, exports):
    """A run that retrains and dies before its ledger row approves nothing: the next run uses the old model."""
    folder = crashes / "retrained"
    hashes = [path.name for path in (folder / "work" / "models" / "account").iterdir()]
    assert len(hashes) == 2
    assert models(folder) == models(crashes / "first")
    assert linkage.open(folder).run(now=NOW)["types"]["account"]["model"] == models(crashes / "first")[1]
    assert exports(linkage.open(folder), "centre") == exports(linkage.open(crashes / "second"), "centre")


def test_killed_runs_go_on_where_they_rested(crashes, exports):
    """First runs killed at one stage after another leave what is done to the next, which does it no more and publishes what an undisturbed run does."""
    folder = crashes / "rested"
    assert [path.name for path in (folder / "work" / "staging").iterdir()] == ["run-1"]
    report = linkage.open(folder).run(now=NOW)
    assert report["went_on_after"] == ["ingest", "standardise", "train", "block", "score account", "score", "drift"]
    for audience in ("centre", "dea"):
        assert exports(linkage.open(folder), audience) == exports(linkage.open(crashes / "first"), audience)
    assert written(folder) == written(crashes / "first")
    assert models(folder) == models(crashes / "first")


def models(folder):
    """The listed models and the approved one."""
    with Ledger(folder / "work" / "ledger.sqlite") as ledger:
        return ledger.models(), ledger.approved_model("account")


def test_killed_in_the_first_run(crashes, exports):
    """First runs that die publish and approve nothing; the next gives the same model and the same release."""
    folder = crashes / "newborn"
    assert models(folder) == ([], None)
    with pytest.raises(RequestError, match="no release yet"):
        linkage.open(folder).release_path()
    assert linkage.open(folder).run(now=NOW)["run"] == 1
    for audience in ("centre", "dea"):
        assert exports(linkage.open(folder), audience) == exports(linkage.open(crashes / "first"), audience)
    assert written(folder) == written(crashes / "first")
    assert models(folder) == models(crashes / "first")
