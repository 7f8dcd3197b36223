"""Check a project before it runs: everything is read and standardised aside, nothing is kept.

Completeness of each field, candidate pairs of each blocking rule, and the largest blocks are counted exactly.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.engine.duckdb import DatabaseError, Engine
from linkage.engine.sql import quote
from linkage.errors import DataError
from linkage.matching.blocking import large_blocks, make_keys
from linkage.stages.context import Progress, Run
from linkage.stages.ingest import ingest
from linkage.stages.standardise import standardise
from linkage.standardise import CANONICAL
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType

SCHEMA_VERSION = 1
_IDENTITY_COLUMNS = {"dataset", "key", "role", "agency"}


def check_project(project: LoadedProject, *, progress: Progress = lambda _message: None) -> dict[str, Any]:
    """Return what a steward should know before the first run. Raises LinkageError for what would stop it."""
    limits = project.settings.engine
    with tempfile.TemporaryDirectory(prefix="linkage-check-") as folder:
        scratch = Path(folder)
        try:
            with (
                Ledger(Path(":memory:")) as ledger,
                Engine(
                    scratch / "check.duckdb",
                    memory_limit=limits.memory_limit,
                    threads=limits.threads,
                    temp_directory=scratch,
                ) as engine,
            ):
                run = Run(
                    0,
                    datetime.now(UTC),
                    project,
                    Workspace(project.workspace),
                    ledger,
                    engine,
                    scratch,
                    progress=progress,
                )
                ingest(run)
                standardise(run)
                return {
                    "schema_version": SCHEMA_VERSION,
                    "project": project.settings.name,
                    "datasets": _datasets(engine),
                    "types": {kind: _type(run, kind) for kind in run.types},
                }
        except DatabaseError as error:
            message = f"{project.path}: the data could not be checked ({str(error).splitlines()[0]}); look at engine.memory_limit and the disk"
            raise DataError(message) from error


def _datasets(engine: Engine) -> dict[str, Any]:
    found = {
        dataset: {
            "rows_read": read,
            "accepted": accepted,
            "rejected": rejected,
            "superseded": superseded,
            "no_entity": no_entity,
            "reject_reasons": {},
        }
        for dataset, read, accepted, rejected, superseded, no_entity in engine.rows(
            "SELECT dataset, CAST(sum(rows_read) AS BIGINT), CAST(sum(accepted) AS BIGINT), CAST(sum(rejected) AS BIGINT), "
            "CAST(sum(superseded) AS BIGINT), CAST(sum(no_entity) AS BIGINT) FROM source.delivery GROUP BY dataset ORDER BY dataset"
        )
    }
    for dataset, reason, rows in engine.rows(
        "SELECT dataset, reason, count(*) FROM source.reject GROUP BY ALL ORDER BY ALL"
    ):
        found[dataset]["reject_reasons"][reason] = rows
    return found


def _type(run: Run, kind: EntityType) -> dict[str, Any]:
    engine, entity = run.engine, run.entity(kind)
    rules = entity.blocking.rules
    engine.run("CREATE SCHEMA IF NOT EXISTS feature")
    engine.run(f"CREATE OR REPLACE VIEW feature.{quote(kind)} AS FROM canonical.{quote(kind)}")
    make_keys(engine, kind, rules)
    sizes = dict(
        engine.rows(
            f"SELECT rule, CAST(sum(records * (records - 1) // 2) AS BIGINT) FROM (SELECT rule, key, count(*) AS records FROM blocking.key_{kind} GROUP BY ALL) GROUP BY rule"
        )
    )
    largest = large_blocks(engine, kind, rules, min(entity.blocking.max_block, 10))[:10]
    return {
        "records": run.counts["types"][kind]["records"],
        "bad_values": run.counts["types"][kind]["bad_values"],
        "completeness": _completeness(engine, kind),
        "candidate_pairs": {rule.name: sizes.get(number, 0) for number, rule in enumerate(rules)},
        "max_block": entity.blocking.max_block,
        "largest_blocks": [
            {"rule": block.rule, "records": block.records, "example": block.example} for block in largest
        ],
    }


def _completeness(engine: Engine, kind: EntityType) -> dict[str, dict[str, float]]:
    """Share of records with a value, by dataset and column; columns that are empty everywhere are left out."""
    columns = [column for column in CANONICAL[kind] if column.name not in _IDENTITY_COLUMNS]
    shares = ", ".join(
        f"count(*) FILTER ({f'len({quote(c.name)}) > 0' if c.type.endswith('[]') else f'{quote(c.name)} IS NOT NULL'}) / count(*)"
        for c in columns
    )
    rows = engine.rows(f"SELECT dataset, {shares} FROM canonical.{quote(kind)} GROUP BY dataset ORDER BY dataset")
    return {
        row[0]: {column.name: _share(float(share)) for column, share in zip(columns, row[1:], strict=True) if share}
        for row in rows
    }


def _share(share: float) -> float:
    """Round to four digits, but never to none or all where it is neither."""
    return share if share in (0, 1) else min(max(round(share, 4), 0.0001), 0.9999)
