"""A copy of the demo to look up in, and what a run made of its records."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

import linkage
from linkage.engine.duckdb import Engine
from linkage.lookup import Session
from linkage.lookup.asked import attributes
from linkage.stages.mapping import mapped_sql
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def project(demo, tmp_path_factory):
    """The demo after its run, in a folder of its own."""
    folder = tmp_path_factory.mktemp("lookup") / "demo"
    shutil.copytree(demo.folder, folder)
    return linkage.open(folder)


@pytest.fixture(scope="session")
def sessions(project) -> Iterator[Callable[..., Session]]:
    """Sessions by type and audience, each opened once."""
    opened: dict[tuple[str, str], Session] = {}

    def session(kind: str, audience: str = "centre") -> Session:
        if (kind, audience) not in opened:
            opened[kind, audience] = Session(project.loaded, kind, audience=audience)
        return opened[kind, audience]

    yield session
    for one in opened.values():
        one.close()


def delivered(project, number: int, kind: str, where: str = "TRUE") -> dict[str, dict[str, Any]]:
    """Record name → what its source mapped, of the records of a type in a base, as a lookup takes it."""
    known, found = attributes(kind), {}
    with Engine(Workspace(project.loaded.workspace).base(number), read_only=True) as base:
        for dataset, source in sorted(project.loaded.settings.sources.items()):
            for role in sorted(source.roles):
                if source.roles[role].entity == kind:
                    query, values = mapped_sql(dataset, source, role)
                    for row in base.arrow(f"SELECT * FROM ({query}) WHERE {where} ORDER BY key", values).to_pylist():
                        name = f"{row['dataset']}/{row['key']}#{row['role']}"
                        found[name] = {k: v for k, v in row.items() if k in known and v is not None}
    return {name: record for name, record in found.items() if set(record) - {"date_order", "country_default"}}


def edges(project, number: int, kind: str) -> dict[tuple[str, str], tuple[int, int]]:
    """(record, record) → weight and pattern that a run stored, both ways round."""
    names = f"(SELECT record, dataset || '/' || key || '#' || role AS name FROM canonical.{kind})"
    with Engine(Workspace(project.loaded.workspace).base(number), read_only=True) as base:
        rows = base.rows(
            f"SELECT one.name, two.name, weight, pattern FROM scoring.edge_{kind} "
            f"JOIN {names} AS one ON one.record = a JOIN {names} AS two ON two.record = b"
        )
    return {pair: (weight, pattern) for a, b, weight, pattern in rows for pair in ((a, b), (b, a))}


def told(session: Session, records: dict[str, dict[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
    """(record asked, candidate) → weight and pattern, of candidates that a run would store."""
    names = list(records)
    least = session.model.units(min(session.model.thresholds.review, session.model.thresholds.floor))
    return {
        (names[place], candidate): (weight, pattern)
        for place, candidate, weight, pattern in session.weights(list(records.values()))
        if weight >= least and candidate != names[place]
    }
