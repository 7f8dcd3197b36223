"""Rest: what a run that makes everything anew has done by now, so that it can go on there if it is broken off.

A step that is done is written into the staged base, which is checkpointed then: of a killed run the file is as it was at its
last checkpoint. The next run goes on after the last such step if it is the same run: the same program, settings, options,
day, models and judgements, and no delivery that is new. Increments do not rest; they take a minute.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import linkage
from linkage.engine.duckdb import DatabaseError, Engine, engine_version
from linkage.errors import LinkageError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType
    from linkage.stages.context import Run, RunOptions
    from linkage.store.ledger import Ledger

READS = ("kept.rest",)
WRITES = ("kept.rest",)

EVERY = 60.0
"""Seconds of work that may be lost: a step that ends sooner after the last rest is written with the next one."""
_LASTING = ("source", "canonical", "sharing", "blocking", "resolution")
"""Schemas whose tables must be as they were left; scores are told by the pairs they are of."""


class Rests:
    """The steps of a run that are done; with a `mark` (see `same_run`) they are written once in a while.

    `told` is what a run that was broken off has written (see `left`): this one goes on after it. `stages` is what the stages
    took by now.
    """

    def __init__(
        self,
        mark: Callable[[], str] | None = None,
        told: Mapping[str, Any] | None = None,
        stages: Mapping[str, Any] | None = None,
    ) -> None:
        self.told = told or {}
        self.done: list[str] = list(self.told.get("done", ()))
        self._scored: dict[str, int] = dict(self.told.get("scored", {}))
        self._mark = mark
        self._stages = stages
        self._written = False
        self._since = time.monotonic()

    def forget(self) -> None:
        """Do everything after reading anew: a delivery has come that the run which was broken off had not read."""
        self.told = {}
        self.done = []
        self._scored = {}

    def scored(self, entity_type: EntityType) -> int:
        """Return how many candidate pairs of a type are scored by now."""
        return self._scored.get(entity_type, 0)

    def after(self, run: Run, step: str) -> None:
        """Note that a step is done."""
        if step not in self.done:
            self.done.append(step)
        self._rest(run)

    def within(self, run: Run, entity_type: EntityType, pairs: int) -> None:
        """Note how many candidate pairs of a type are scored."""
        self._scored[entity_type] = pairs
        self._rest(run)

    def end(self, run: Run) -> None:
        """Rest for the last time: what follows is begun again from here, and changes tables that a rest must find as they were."""
        self._rest(run)
        if self._written or self.told:
            # A checkpoint that nobody asked for would keep half of what follows.
            run.engine.run("SET checkpoint_threshold = '1TB'")

    def is_left(self, error: BaseException | None) -> bool:
        """Whether a run that ends by `error` leaves its staging for the next to go on with.

        Not where it is refused, for that is mended in what decides it; nor where it has failed before its first rest, for it would fail there again.
        """
        if error is None or (isinstance(error, LinkageError) and not isinstance(error, WorkspaceError)):
            return False
        return self._written or (bool(self.told) and not isinstance(error, Exception))

    def _rest(self, run: Run) -> None:
        if self._mark is not None and time.monotonic() - self._since >= EVERY:
            self._write(run, self._mark())
            self._written = True
            self._since = time.monotonic()

    def _write(self, run: Run, mark: str) -> None:
        told = {
            "mark": mark,
            "done": self.done,
            "scored": self._scored,
            "counts": run.counts,
            "delivered": sorted(run.delivered),
            "remodelled": sorted(run.remodelled),
            "models": {kind: model.hash for kind, model in run.models.items()},
            "trained": sorted(kind for kind, model in run.models.items() if model.trained_now),
            "stages": self._stages,
            "tables": _tables(run.engine),
        }
        run.engine.run("CREATE OR REPLACE TABLE kept.rest AS SELECT $told AS told", {"told": json.dumps(told)})
        run.engine.run("CHECKPOINT")


def left(base: Path, mark: Callable[[], str], limits: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a run that was broken off has written into its base, where the run of this mark can go on with it."""
    if not base.is_file():
        return None
    try:
        with Engine(base, read_only=True, **limits) as engine:
            if not engine.has_table("kept", "rest"):
                return None
            told: dict[str, Any] = json.loads(engine.value("SELECT told FROM kept.rest"))
            return told if told["tables"] == _tables(engine) and told["mark"] == mark() else None
    except (DatabaseError, WorkspaceError):
        # Damaged as it may be, nothing else is made of it.
        return None


def may_rest(options: RunOptions) -> bool:
    """Whether a run of these options may rest, and go on: those that take out or bring back begin anew."""
    return options.purge is None and options.restored is None and not options.judgements_only


def same_run(project: LoadedProject, ledger: Ledger, options: RunOptions, moment: datetime, number: int) -> str:
    """Return the mark by which a run is known again: all that decides its result beside deliveries."""
    told = {
        "program": _program(),
        "engine": engine_version(),
        "run": number,
        "day": moment.date().isoformat(),
        "options": [options.now.isoformat() if options.now else "", options.retrain, options.learn, options.full],
        "settings": project.settings.model_dump(mode="json", exclude={"engine"}),
        "entities": {kind: entity.model_dump(mode="json") for kind, entity in project.entities.items()},
        "agreements": repr(project.agreements),
        "placeholders": project.placeholders.read_bytes().hex() if project.placeholders else "",
        "models": {kind: ledger.approved_model(kind) for kind in project.entity_types()},
        "judgements": [asdict(judged) for judged in ledger.judgements()],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _program() -> str:
    """Return a hash of the program's own text: another version may do a step that is done in another way."""
    package = Path(linkage.__file__).parent
    found = hashlib.sha256()
    for file in sorted(file for file in package.rglob("*") if file.suffix in {".py", ".sql"}):
        found.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def _tables(engine: Engine) -> list[list[Any]]:
    """Return schema, name and rows of every table that must be as it was left."""
    found = engine.rows(
        "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE database_name = current_database() "
        "AND list_contains($schemas, schema_name) ORDER BY ALL",
        {"schemas": list(_LASTING)},
    )
    return [list(row) for row in found]
