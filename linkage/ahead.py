"""What can be done while the first stages of a run wait for the SQL engine: later ones need libraries, compiled loops and copies."""

from __future__ import annotations

import importlib
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from linkage.clustering import ClusterSettings, Edges, Judgements, Meetings, cluster, missing_pairs, second_look
from linkage.engine.sql import quote
from linkage.matching.model import load
from linkage.stages.cluster import cluster_audience
from linkage.store.ledger import Ledger
from linkage.store.workspace import copy_file, read_ahead, sync
from linkage.survivorship import RULES, days, fullest, survivors, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from linkage.stages.context import Run

_TURN = 0.0002
"""Seconds after which a thread of Python leaves its turn to another while both have work."""
_FEW_RECORDS = 100_000
"""Records standardised in an increment up to which one audience is clustered while another is written."""
_BYTES = 2_000
"""Bytes of memory a record that clustering an audience may take: as whole releases are made, half of the limit must hold them."""


@contextmanager
def loading(run: Run) -> Iterator[None]:
    """Read the approved models (`run.loaded`), libraries and compiled loops in a second thread, which has ended when the block does.

    Only one thread of Python works at a time: begin where the next statements take the engine long.
    """
    # Between two statements the main thread must not wait for its turn: it has many short ones.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        with _thread("linkage-load") as thread:
            for kind in run.types:
                name = run.approved_model(kind)
                if name is not None:
                    run.loaded[name] = thread.submit(load, run.workspace.models, kind, name)
            # What cannot be loaded is told by the stage that needs it.
            thread.submit(use)
            yield
    finally:
        sys.setswitchinterval(interval)


@contextmanager
def copying(run: Run, base: Path) -> Iterator[None]:
    """In an increment, copy the last releases into staging (`run.copies`) and bring the copies to the disk, that of the base too.

    The engine flushes what it changes; it would have to wait for all that was copied. And it reads most of the base piece by
    piece, slower than the disk can: where the memory holds it beside the engine's own, it is read whole meanwhile.
    """
    with _thread("linkage-copy") as thread:
        if not run.anew and run.options.purge is None:
            # First: the keys are read in the first seconds, the releases are needed last.
            if base.stat().st_size <= _memory() - run.project.settings.engine.memory_bytes:
                thread.submit(read_ahead, base)
            thread.submit(sync, base)
            for audience in sorted(run.project.settings.audiences):
                last = run.workspace.release(audience, run.ledger.last_sequence(audience))
                if last.is_file():
                    run.copies[audience] = thread.submit(_copy, last, run.staging / f"{audience}.duckdb")
        yield


class Clusterings:
    """Clusters the audiences of a run in a second thread (`clustering`): the next one while one is written.

    No table that the one writes is read or written by the other, but for the pairs that are scored when they lie inside a
    component; those inside components of an audience that is published have all been scored before.
    """

    def __init__(self, run: Run, thread: ThreadPoolExecutor) -> None:
        self._run = run
        self._thread = thread
        self._begun: dict[str, Future[None]] = {}

    def begin(self, audience: str) -> None:
        """Begin to cluster an audience."""
        self._begun[audience] = self._thread.submit(self._cluster, audience)

    def finish(self, audience: str) -> None:
        """Return when the audience is clustered; begin now if need be."""
        if audience not in self._begun:
            self.begin(audience)
        self._begun.pop(audience).result()

    def _cluster(self, audience: str) -> None:
        # A ledger is its thread's own.
        with Ledger(self._run.ledger.path) as ledger:
            cluster_audience(replace(self._run, ledger=ledger), audience)


@contextmanager
def clustering(run: Run) -> Iterator[Clusterings | None]:
    """Give the clusterings of a run; None where they need the memory and the processors for themselves."""
    if run.options.purge is not None or not _has_room(run):
        yield None
        return
    with run.engine.beside() as engine, _thread("linkage-cluster") as thread:
        yield Clusterings(replace(run, engine=engine), thread)


def _has_room(run: Run) -> bool:
    """Whether one audience may be clustered while another is written."""
    if not run.anew and run.amended_types == set(run.types):
        return sum(int(run.counts["types"][kind]["standardised"]) for kind in run.types) <= _FEW_RECORDS
    records = sum(int(run.engine.value(f"SELECT count(*) FROM canonical.{quote(kind)}")) for kind in run.types)
    return records * _BYTES <= run.project.settings.engine.memory_bytes / 2


@contextmanager
def _thread(name: str) -> Iterator[ThreadPoolExecutor]:
    """Give a thread that does one thing after another; what it has not begun when the block ends is left undone."""
    with ThreadPoolExecutor(1, name) as thread:
        try:
            yield thread
        finally:
            thread.shutdown(cancel_futures=True)


def _memory() -> int:
    """Return the bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _copy(last: Path, path: Path) -> None:
    copy_file(last, path)
    sync(path)


def use() -> None:
    """Use every library and compiled loop of clustering and surviving once, on a handful of records."""
    # pyarrow looks for it when it is first given a list.
    importlib.import_module("pandas")
    # A path of three records whose last pair is doubtful: components, their missing pair, and the loop that agglomerates.
    a, b = np.array([0, 1], np.int64), np.array([1, 2], np.int64)
    edges = Edges(a, b, np.array([9, 1], np.int32), np.zeros(2, np.bool_))
    apart = Judgements(a[:1], b[1:], np.zeros(1, np.bool_))
    settings = ClusterSettings(stop=2, floor=0, ambiguity=1, component_max=10, missing=-9)
    found = cluster(3, edges, apart, settings)
    missing_pairs(found.component, edges)
    ones = np.ones((2, 1), np.int64)
    second_look(
        Meetings(np.zeros(2, np.int64), ones, a[:1], b[:1], ones[:1], ones[:1], np.zeros(1, np.bool_)), prior=0, stop=9
    )
    texts, start = pa.array(["a", "b"]), np.array([0, 2], np.int64)
    values, seen = told(texts), days(pa.array([None, None], pa.date32()))
    chosen, _, _ = survivors(start, values, seen, next(iter(RULES)))
    fullest(start, values, chosen, [texts], seen)
