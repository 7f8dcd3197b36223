"""Shared helpers: a shared data folder where it exists, and small projects made of literal rows."""

from __future__ import annotations

import copy
import fcntl
import hashlib
import importlib.util
import json
import os
import random
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import linkage
from linkage import queries
from linkage.demo import generate
from linkage.engine.duckdb import Engine
from linkage.stages.context import Run
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.tables import PUBLISHED, STORED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from linkage.project import Project

NOW = datetime(2026, 1, 31, 6, 0, tzinfo=UTC)
REPOSITORY = Path(__file__).resolve().parent.parent

PEOPLE = """
[sources.{name}]
agency = "{name}"
files = "{name}.csv"
delivery = "snapshot"
key = "id"
[sources.{name}.roles.subject]
entity = "person"
[sources.{name}.roles.subject.fields]
given_name = "first"
surname = "last"
birth_date = {{ column = "born", order = "ymd" }}
phone = "phone"
"""

ACCOUNTS = """
[sources.{name}]
agency = "{name}"
files = "{name}.csv"
delivery = "snapshot"
key = "id"
[sources.{name}.roles.account]
entity = "account"
[sources.{name}.roles.account.fields]
number = "number"
institution = "bank"
holder = ["holder"]
"""


FIRST = (
    "benchmarks/test_scale.py",
    "standardise/test_properties.py",
    "test_ten_days.py",
    "properties/test_fusion.py",
    "test_crash.py",
    "sharing/test_agreements.py",
    "test_faults.py",
    "test_purging.py",
    "test_lasting.py",
    "stages/test_audit.py",
    "test_purging_cases.py",
    "fusion/test_casework.py",
    "lookup/test_session.py",
    "stages/test_standardiser.py",
    "test_restored.py",
    "stages/test_drift.py",
    "properties/test_non_interference.py",
    "properties/test_increments.py",
    "test_rollback.py",
    "standardise/test_reference_dates.py",
    "registry/test_preview.py",
)
"""Files that take long, the longest first, so that no worker is alone with one of them at the end (`make test`).

The first compiles the clustering in a process of its own, the second needs neither that nor the demo: two workers begin with
one each, and find compiled code when they need it.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of `FIRST`, in their order."""
    places = {REPOSITORY / "tests" / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(FIRST)))


class Accounts:
    """Small account projects: the cheapest there are to run."""

    def source(self, name: str) -> str:
        """A source section; its file is NAME.csv."""
        return ACCOUNTS.format(name=name)

    def csv(self, **groups: str) -> str:
        """A file where each letter of a group is the key of a record, and each group is one account."""
        lines = [
            f"{key},{10**9 + 7919 * sum(map(ord, group))},021000021,{group} Holder"
            for group, keys in groups.items()
            for key in keys
        ]
        return "\n".join(["id,number,bank,holder", *lines, ""])


@pytest.fixture(scope="session")
def accounts() -> Accounts:
    """Sections and files of small account projects."""
    return Accounts()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public sets beside the repository; tests that need it skip where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent: the public sets are not on this machine")
    return folder


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Project]:
    """Write a project file with the given sections and files beside it, and open it."""

    def make(sections: str, files: dict[str, str | bytes], *, head: str = "") -> Project:
        for name, content in files.items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                target.write_text(content, encoding="utf-8")
        text = f'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n{head}\n{sections}'
        (tmp_path / "project.toml").write_text(text, encoding="utf-8")
        return linkage.open(tmp_path / "project.toml")

    return make


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Make a project's first run, or give it what the same files got before; return the run's report.

    The run is made once for the same content of the project's folder. A test that changes what a first run does, or
    looks at how it is done, runs its project itself.
    """
    known: dict[str, tuple[Path, dict[str, Any]]] = {}

    def run(project: Project, **given: Any) -> dict[str, Any]:
        folder = project.loaded.folder
        assert not any((project.loaded.workspace).glob("base/*")), "the project has run before"
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        contents = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in files]
        key = hashlib.sha256(repr((contents, sorted(given.items()))).encode()).hexdigest()
        if key in known:
            shutil.copytree(known[key][0], folder, dirs_exist_ok=True)
        else:
            report = project.run(**given)
            kept = tmp_path_factory.mktemp("first_run") / "folder"
            shutil.copytree(folder, kept)
            known[key] = kept, report
        return copy.deepcopy(known[key][1])

    return run


@pytest.fixture
def start_run(tmp_path: Path) -> Callable[[Project], Run]:
    """Start a run whose base is in memory, to try single stages."""

    def start(project: Project) -> Run:
        staging = tmp_path / "staging"
        staging.mkdir(exist_ok=True)
        return Run(
            1, NOW, project.loaded, Workspace(project.loaded.workspace), Ledger(Path(":memory:")), Engine(), staging
        )

    return start


@dataclass(frozen=True)
class Ran:
    """A project folder that has been run, its project, and the report of its last run."""

    folder: Path
    project: Project
    report: dict[str, Any]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """Make a project folder and run it once for all workers of a test run (`given` to the run); each worker gets a copy of its own."""
    room = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        room = room.parent  # the folders of all workers are in it

    def ran(name: str, make: Callable[[Path], object], **given: Any) -> Ran:
        first, told = room / "once" / name, room / "once" / f"{name}.json"
        first.parent.mkdir(exist_ok=True)
        with (room / "once" / f"{name}.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not told.exists():
                shutil.rmtree(first, ignore_errors=True)
                make(first)
                told.write_text(json.dumps(linkage.open(first).run(now=NOW, **given)), encoding="utf-8")
        folder = tmp_path_factory.mktemp(name) / name
        shutil.copytree(first, folder)
        return Ran(folder, linkage.open(folder), json.loads(told.read_text(encoding="utf-8")))

    return ran


@pytest.fixture(scope="session")
def demo(once: Callable[..., Ran]) -> Ran:
    """About 3,000 demo records of all types after their first run; for reading only."""

    def make(folder: Path) -> None:
        with Engine() as engine:
            generate(folder, engine=engine, records=3000, seed=7, with_ceiling=False)

    return once("demo", make)


@pytest.fixture(scope="session")
def demo_again(demo: Ran, once: Callable[..., Ran]) -> Ran:
    """A copy of the demo after a second run on unchanged data; for reading only."""
    return once("again", lambda folder: shutil.copytree(demo.folder, folder))


@pytest.fixture(scope="session")
def demo_shuffled(demo: Ran, once: Callable[..., Ran]) -> Ran:
    """The demo's first run again in a fresh workspace with the same secret, the rows of every file in another order."""

    def make(folder: Path) -> None:
        shutil.copytree(demo.folder, folder, ignore=shutil.ignore_patterns("work"))
        for file in sorted((folder / "data").glob("*.csv")):
            header, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
            random.Random(file.name).shuffle(rows)  # no secret hangs on it
            file.write_text(header + "".join(rows), encoding="utf-8")
        (folder / "work").mkdir()
        shutil.copyfile(demo.folder / "work" / "secret.key", folder / "work" / "secret.key")

    return once("shuffled", make)


def run_copy(first: Path, name: str, change: Callable[[Path], None] = lambda _folder: None) -> Ran:
    """Copy a project folder with its workspace, change the copy's files, and run it with the approved models."""
    folder = first.with_name(name)
    shutil.copytree(first, folder)
    change(folder)
    project = linkage.open(folder)
    return Ran(folder, project, project.run(now=NOW))


@pytest.fixture(scope="session")
def copy_and_run() -> Callable[..., Ran]:
    """`run_copy`, for test modules."""
    return run_copy


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, bytes]]:
    """Export all published tables of an audience: table → bytes of its CSV, and of its rows as they are stored."""
    known: dict[Path, dict[str, bytes]] = {}

    def export(project: Project, audience: str) -> dict[str, bytes]:
        path = project.release_path(audience)
        if path in known:
            return known[path]
        target = tmp_path_factory.mktemp("export") / "table.csv"
        found = {}
        for table in PUBLISHED:
            queries.export(project, table.name, target, audience=audience)
            found[table.name] = target.read_bytes()
        with project.release(audience) as engine:
            engine.run("SET preserve_insertion_order = true")
            views = ("identity_value", "identity_record", "link_evidence")
            tables = [table.name for table in (*PUBLISHED, *STORED) if table.name not in views]
            for name in (*tables, *(f"stored_{kind}" for kind in project.loaded.entity_types())):
                found[f"{name} as stored"] = repr(engine.rows(f"FROM published.{name}")).encode()
        known[path] = found
        return found

    return export


def published(project: Project, audience: str, sequence: int | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """All published tables of an audience's last release, or of an older one, as sorted rows."""
    with project.release(audience, sequence) as release:
        return {
            table.name: release.rows(
                f"SELECT {', '.join(column.name for column in table.columns)} FROM published.{table.name} ORDER BY ALL"
            )
            for table in PUBLISHED
        }


def same_models(project: Project, fresh: Project) -> None:
    """Give a project that has not run the models that another one has approved, and the secret that their values are hashed with."""
    workspace = Workspace(fresh.loaded.workspace)
    workspace.prepare()
    shutil.copyfile(Workspace(project.loaded.workspace).secret_file, workspace.secret_file)
    shutil.copytree(project.loaded.workspace / "models", workspace.models, dirs_exist_ok=True)
    with Ledger(Workspace(project.loaded.workspace).ledger) as held, Ledger(workspace.ledger) as ledger:
        for kind in fresh.loaded.entity_types():
            approved = held.approved_model(kind)
            assert approved is not None
            ledger.add_model(kind, approved, NOW.isoformat(), 0)
            ledger.approve(kind, approved, NOW.isoformat(), "test", "the same models")


def _postgres() -> ModuleType:
    """`tests/postgres.py`, which no package holds."""
    spec = importlib.util.spec_from_file_location("tests_postgres", Path(__file__).with_name("postgres.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A real PostgreSQL on loopback (`tests/postgres.py`), stopped at the end; skips where none is installed."""
    servers = _postgres()
    folder = servers.binaries()
    if folder is None:
        pytest.skip(servers.SKIPPED)
    with servers.serving(folder) as server:
        yield server
