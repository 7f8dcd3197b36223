"""Kill a run (SIGKILL) at seeded points over all its stages, run again, and compare with a run that nobody disturbed.

    python benchmarks/crash.py [--points 50] [--records 500] [--seed 1] [--rests] --json

Two scenes on a made demo: a first run, which trains the models, and a second one with another delivery (new, changed
and withdrawn rows). The undisturbed runs are counted: every statement to the engine, every file made durable or moved.
A point is one such step, drawn by the seed, evenly from the stages, and a moment of up to 20 ms after it begins. There
the process that runs the job is killed. Then the last release must be as it was; the job is run again with the same
`--now`, secret and deliveries; and the exports of all published tables of every audience (sorted by key) must be equal,
byte for byte, to the undisturbed ones, as must be what `publish_to` handed out to the workspace's release. Where the
kill came after the run's row in the ledger, its releases are compared as they are. Exit code 1 where one differs.

Every run is a process of its own, forked from this one, which has loaded the libraries and holds the statements that a
first run had Splink write; it works on one thread. So a point costs about a run and a half, a dozen processor seconds.
Ctrl-C ends it with the points that are done. With `--rests` a run that makes everything anew writes down each step that is done,
as a long one does once a minute, and the next one goes on there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

# What children need is loaded here once: they are forked, and this process never opens a database.
import pandas as pd  # noqa: F401
import rich.progress  # noqa: F401
import splink  # noqa: F401

import linkage
import linkage.matching.train
import linkage.project
from linkage import queries
from linkage.clustering import ClusterSettings, Edges, Judgements, cluster
from linkage.demo import generate
from linkage.engine.duckdb import Engine
from linkage.matching import prediction
from linkage.stages import rest
from linkage.store.ledger import Ledger
from linkage.tables import PUBLISHED
from linkage.upkeep import publish_project

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 1, 31, 6, tzinfo=UTC)
LONGEST = 0.02
PURPOSE = "crash benchmark"
THREADS = "threads = 2\n"
PUBLISH_TO = '\n[audiences.centre.publish_to]\nfolder = "out"\n'
Point = tuple[int, str, float]


class Steps:
    """Counts the steps of a run and tells the stage of each; at a given one it kills the process, a moment later."""

    def __init__(self, point: Point | None = None) -> None:
        self.point = point
        self.stages: list[str] = []

    def install(self) -> None:
        """Count from now on, in this process."""
        for place, name in (
            *((Engine, name) for name in ("run", "rows", "arrow")),
            *((os, name) for name in ("fsync", "replace", "rename")),
            (shutil, "copyfile"),
            (Ledger, "_transaction"),
        ):
            setattr(place, name, self._counted(getattr(place, name)))

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            if self.point is not None and len(self.stages) == self.point[0]:
                threading.Timer(self.point[2], os.kill, (os.getpid(), signal.SIGKILL)).start()
            self.stages.append(_stage())
            return function(*arguments, **named)

        return counted


def _stage() -> str:
    """The innermost stage that is at work, by its module; else the part of the job that is."""
    frame = sys._getframe(2)  # noqa: SLF001  # there is no other way to ask without changing the stages
    found = "start and commit"
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("linkage.stages."):
            return module.rsplit(".", 1)[1]
        if module == "linkage.sharing.folders":
            found = "publish_to"
        frame = frame.f_back  # type: ignore[assignment]
    return found


def in_child(function: Callable[..., Any], *arguments: Any) -> tuple[int, Any]:
    """Run a function in a process of its own; return the signal that it died of (0: none) and what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            result = json.dumps(function(*arguments)).encode()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(result)
            code = 0
        except BaseException:  # noqa: BLE001  # told by the exit code
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status), None
    if os.WEXITSTATUS(status):
        message = f"{function.__name__} failed"
        raise SystemExit(message)
    return 0, json.loads(content)


def make(folder: Path, records: int, seed: int) -> None:
    """Write the demo, with a known secret and a folder of `publish_to`; the first delivery lacks some rows."""
    with Engine() as engine:
        generate(folder, engine=engine, records=records, seed=seed, with_ceiling=False)
    shutil.copytree(folder / "data", folder / "all")
    deliver(folder, 7)
    (folder / "work").mkdir()
    (folder / "work" / "secret.key").write_text("ab" * 32, encoding="ascii")
    project = folder / "project.toml"
    text = project.read_text(encoding="utf-8")
    if text.count(THREADS) != 1:
        message = f"the demo's project file no longer says {THREADS.strip()!r}"
        raise SystemExit(message)
    project.write_text(text.replace(THREADS, "threads = 1\n") + PUBLISH_TO, encoding="utf-8")


def deliver(folder: Path, step: int) -> None:
    """Deliver all rows but every `step`-th."""
    for file in sorted((folder / "all").glob("*.csv")):
        header, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [row for number, row in enumerate(rows) if number % step]
        (folder / "data" / file.name).write_text(header + "".join(kept), encoding="utf-8")


def run(folder: Path, point: Point | None = None, *, counted: bool = False) -> list[str]:
    """Run the job; return the stage of each step."""
    steps = Steps(point)
    project = linkage.open(folder)
    if counted or point is not None:
        steps.install()
    project.run(now=NOW)
    if point is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return steps.stages


def written(folder: Path) -> dict[str, Any]:
    """Run the job; return the statements that Splink wrote."""
    linkage.open(folder).run(now=NOW)
    return dict(prediction._STATEMENTS)  # noqa: SLF001


def state(folder: Path) -> dict[str, Any]:
    """Return the number of finished runs, and the SHA-256 of every table's export and of what was handed out."""
    project = linkage.open(folder)
    found = {}
    with Ledger(project.loaded.workspace / "ledger.sqlite") as ledger:
        runs = [row.run for row in ledger.runs()]
    if not runs:
        return {"runs": 0, "exports": found}
    target = folder / "export.csv"
    for audience in sorted(project.loaded.settings.audiences):
        for table in PUBLISHED:
            queries.export(project, table.name, target, audience=audience, purpose=PURPOSE)
            found[f"{audience}.{table.name}"] = hashlib.sha256(target.read_bytes()).hexdigest()
    return {"runs": len(runs), "exports": found}


def handed_out(folder: Path) -> bool:
    """Whether the folder of `publish_to` has the last release of the centre and says so."""
    publish_project(linkage.open(folder).loaded)
    current = json.loads((folder / "out" / "current.json").read_text(encoding="utf-8"))
    path = linkage.open(folder).release_path()
    digest = hashlib.sha256((folder / "out" / current["file"]).read_bytes()).hexdigest()
    return digest == current["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(folder: Path) -> list[str]:
    """What lies in the workspace though no ledger row names it."""
    with Ledger(folder / "work" / "ledger.sqlite") as ledger:
        last = ledger.runs()[-1]
        named = {f"base/{last.base}.duckdb"}
        named |= {f"releases/{release.audience}/{release.sequence}.duckdb" for release in ledger.kept_releases()}
    rooms = [folder / "work" / room for room in ("base", "releases", "staging")]
    files = {str(path.relative_to(folder / "work")) for room in rooms for path in room.rglob("*") if path.is_file()}
    return sorted(files - named)


def points(stages: list[str], number: int, seed: int) -> list[Point]:
    """Draw the steps at which to kill: one stage after another, a step of it that was not drawn before."""
    draw = random.Random(seed)
    left = {name: [step for step, found in enumerate(stages) if found == name] for name in sorted(set(stages))}
    drawn: list[Point] = []
    while len(drawn) < number and any(left.values()):
        for name, steps in left.items():
            if steps and len(drawn) < number:
                drawn.append((steps.pop(draw.randrange(len(steps))), name, draw.uniform(0, LONGEST)))
    return drawn


def try_point(start: Path, folder: Path, point: Point, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Kill a run of a copy of `start` at a point, run again, and compare."""
    shutil.copytree(start, folder)
    died, _ = in_child(run, folder, point)
    _, found = in_child(state, folder)
    committed = found["runs"] == after["runs"]
    stands = committed or found == before
    if not committed:
        in_child(run, folder)
        _, found = in_child(state, folder)
    _, handed = in_child(handed_out, folder)
    left = [] if committed else in_child(leftovers, folder)[1]
    shutil.rmtree(folder)
    return {
        "step": point[0],
        "stage": point[1],
        "milliseconds": round(point[2] * 1000, 1),
        "killed": died == signal.SIGKILL,
        "committed": committed,
        "last_release_stands": stands,
        "same": found == after,
        "handed_out": handed,
        "leftovers": left,
    }


def scenes(root: Path, records: int, seed: int) -> list[tuple[str, Path, dict[str, Any], dict[str, Any], list[str]]]:
    """Make both scenes: name, folder before, its state, the state after an undisturbed run, the stage of each step."""
    made = root / "first"
    in_child(lambda: make(made, records, seed))
    shutil.copytree(made, root / "warm")
    for key, (tables, statements) in in_child(written, root / "warm")[1].items():
        prediction._remember(key, (tuple(tables), tuple(statements)))  # noqa: SLF001
    found = []
    before: dict[str, Any] = {"runs": 0, "exports": {}}
    for name, following in (("first", "second"), ("second", "third")):
        start, done = root / name, root / following
        shutil.copytree(start, done)
        _, stages = in_child(lambda folder: run(folder, counted=True), done)
        _, after = in_child(state, done)
        found.append((name, start, before, after, stages))
        deliver(done, 10)
        before = after
    return found


def processors() -> float:
    """Processor seconds of this process and its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measure(root: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Kill at all points of both scenes; return what was found."""
    triangle = Edges([0, 0, 1], [1, 2, 2], [9, 9, -9], [False, False, True])
    cluster(3, triangle, Judgements.none(), ClusterSettings(stop=0, floor=0, ambiguity=0))
    begun = time.perf_counter()
    results: list[dict[str, Any]] = []
    made = scenes(root, arguments.records, arguments.seed)
    drawn = []
    for number, (name, start, before, after, stages) in enumerate(made):
        half = arguments.points // 2 + (arguments.points % 2 if number == 0 else 0)
        drawn.append([(name, start, before, after, point) for point in points(stages, half, arguments.seed + number)])
    # In turn, so that a benchmark that is stopped has points of both.
    turns = [entry for pair in zip(*drawn, strict=False) for entry in pair]
    turns += [entry for entries in drawn for entry in entries if entry not in turns]
    with suppress(KeyboardInterrupt):
        for name, start, before, after, point in turns:
            shutil.rmtree(root / "killed", ignore_errors=True)
            result = {"scene": name, **try_point(start, root / "killed", point, before, after)}
            results.append(result)
            print(json.dumps(result), file=sys.stderr, flush=True)
    good = [
        r
        for r in results
        if r["killed"] and r["last_release_stands"] and r["same"] and r["handed_out"] and not r["leftovers"]
    ]
    return {
        "points": len(results),
        "asked_for": len(turns),
        "recovered": len(good),
        "committed_before_the_kill": sum(r["committed"] for r in results),
        "by_stage": dict(sorted(Counter(f"{r['scene']}: {r['stage']}" for r in results).items())),
        "steps": {name: len(stages) for name, _, _, _, stages in made},
        "tables_compared": len(made[0][3]["exports"]),
        "seconds": round(time.perf_counter() - begun),
        "processor_seconds": round(processors()),
        "failed": [r for r in results if r not in good],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rests", action="store_true", help="write down each step, for the next run to go on there")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.rests:
        rest.EVERY = 0.0
    with tempfile.TemporaryDirectory() as place:
        found = measure(Path(place), arguments)
    versions = {"python": platform.python_version(), **{name: version(name) for name in ("duckdb", "splink")}}
    command = f"python benchmarks/crash.py --points {arguments.points} --records {arguments.records} --seed {arguments.seed}{' --rests' if arguments.rests else ''} --json"
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"cores": os.cpu_count()},
        "versions": versions,
        "command": command,
        **found,
    }
    if arguments.json:
        print(json.dumps(result, indent=1))
    else:
        print(f"{found['recovered']} of {found['points']} points recovered, {found['seconds']} s")
    if found["failed"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
