"""Check a project before it runs: everything is read and standardised aside, nothing is kept.

Completeness of each field, candidate pairs of each blocking rule, and the largest blocks are counted exactly.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage import forecast
from linkage.engine.duckdb import DatabaseError, Engine
from linkage.engine.sql import quote
from linkage.errors import DataError
from linkage.matching.blocking import count_blocks, count_pairs, large_blocks, make_keys
from linkage.stages.context import Progress, Run
from linkage.stages.ingest import ingest
from linkage.stages.mapping import mapped_sql
from linkage.stages.standardise import standardise
from linkage.standardise import CANONICAL, MAPPED
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType

SCHEMA_VERSION = 1
SAMPLES = 3
# Samples are taken from the first records of a role that hold the field.
_LOOKED_AT = 5_000
_PERSON_NAME = "concat_ws(' ', c.given_name, c.middle_name, c.surname, c.suffix)"
_PLACE = "concat_ws(', ', nullif(concat_ws(' ', c.house_number, c.street), ''), c.unit, c.city, c.region, c.postcode, c.country)"
# What a mapped field became, where its canonical column is not called the same.
_BECAME = {
    ("person", "name"): _PERSON_NAME,
    ("business", "name"): "c.name_core",
    ("account", "number"): "coalesce(c.number, '...' || c.number_tail)",
    ("person", "ssn"): "coalesce(c.ssn, '...' || c.ssn_last4)",
    ("account", "holder"): "c.holders",
    ("account", "bic"): "c.institution",
    ("account", "routing_number"): "c.institution",
}
_BECAME_ANY = {
    "other_name": "c.other_names",
    "phone": "c.phones",
    "email": "c.emails",
    "website": "c.domain",
    "address": _PLACE,
    "po_box": "concat_ws(' ', c.street, c.house_number)",
    **dict.fromkeys(
        ("identifier", "passport", "driver_licence", "national_id", "registration", "lei"), "c.identifiers"
    ),
}
_IDENTITY_COLUMNS = {"dataset", "key", "role", "agency"}


def check_project(project: LoadedProject, *, progress: Progress = lambda _message: None) -> dict[str, Any]:
    """Return what a steward should know before the first run. Raises LinkageError for what would stop it."""
    named = project.settings.engine.temp_directory
    with tempfile.TemporaryDirectory(prefix="linkage-check-") as folder:
        scratch = Path(folder)
        try:
            with (
                Ledger(Path(":memory:")) as ledger,
                Engine(
                    scratch / "check.duckdb",
                    **{**project.limits(), **({} if named else {"temp_directory": scratch / "spill"})},
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
                types = {kind: _type(run, kind) for kind in run.types}
                return {
                    "schema_version": SCHEMA_VERSION,
                    "project": project.settings.name,
                    "datasets": _datasets(engine),
                    "types": types,
                    "estimate": _estimate(project, types),
                }
        except DatabaseError as error:
            message = f"{project.path}: the data could not be checked ({str(error).splitlines()[0]}); look at engine.memory_limit and the disk"
            raise DataError(message) from error


def _estimate(project: LoadedProject, types: dict[EntityType, dict[str, Any]]) -> dict[str, Any]:
    """Return what a run that makes everything anew is thought to take, training included where no model is approved."""
    workspace, last, trained = Workspace(project.workspace), None, set(types)
    if workspace.ledger.is_file():
        with Ledger(workspace.ledger) as ledger:
            last = ledger.last_run()
            trained = {kind for kind in project.entity_types() if ledger.approved_model(kind) is None}
    records = sum(told["records"] for told in types.values())
    counted = sum(sum(told["candidate_pairs"].values()) for told in types.values())
    # Training sets the largest blocks aside until the rules keep to their budget, which is not known of before.
    budget = sum(
        max(
            project.entities[kind].blocking.least_pairs,
            round(project.entities[kind].blocking.pairs_per_record * told["records"]),
        )
        for kind, told in types.items()
    )
    work = forecast.Work(
        records,
        records,
        round(forecast.DISTINCT * min(counted, budget)),
        sum(told["records"] for kind, told in types.items() if kind in trained),
        len(project.settings.audiences),
    )
    memory = project.settings.engine.memory_bytes
    return forecast.estimate(work, last.report if last else None, counted=min(counted, budget), memory=memory).to_json()


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
    engine.make_schema("feature")
    engine.run(f"CREATE OR REPLACE VIEW feature.{quote(kind)} AS FROM canonical.{quote(kind)}")
    make_keys(engine, kind, rules)
    count_blocks(engine, kind)
    largest = large_blocks(engine, kind, rules, min(entity.blocking.max_block, 10))[:10]
    return {
        "records": run.counts["types"][kind]["records"],
        "bad_values": run.counts["types"][kind]["bad_values"],
        "completeness": _completeness(engine, kind),
        "samples": _samples(run, kind),
        "candidate_pairs": count_pairs(engine, kind, rules),
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


def _samples(run: Run, kind: EntityType) -> dict[str, dict[str, dict[str, list[dict[str, str | None]]]]]:
    """Return dataset → role → mapped field → up to three original values, each with what became of it."""
    found: dict[str, dict[str, dict[str, list[dict[str, str | None]]]]] = {}
    for dataset, source in sorted(run.project.settings.sources.items()):
        for name, role in sorted(source.roles.items()):
            if role.entity == kind:
                found.setdefault(dataset, {})[name] = _role_samples(run, kind, dataset, name)
    return found


def _role_samples(run: Run, kind: EntityType, dataset: str, name: str) -> dict[str, list[dict[str, str | None]]]:
    engine, source = run.engine, run.project.settings.sources[dataset]
    mapped, values = mapped_sql(dataset, source, name)
    lists = {column.name: column.type.endswith("[]") for column in MAPPED[kind]}
    fields = sorted(source.roles[name].fields)
    columns = [
        f"{_text('m.' + quote(field), is_list=lists[field])} AS {quote('original ' + field)}, "
        f"{_standardised(kind, field)} AS {quote('standardised ' + field)}"
        for field in fields
    ]
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE sampled AS
        WITH c AS (FROM canonical.{quote(kind)} WHERE dataset = $dataset AND role = $role ORDER BY key LIMIT {_LOOKED_AT}),
             m AS ({mapped})
        SELECT c.key, {", ".join(columns)} FROM c JOIN m ON m.key = c.key
        """,
        {"dataset": dataset, "role": name, **values},
    )
    found = {}
    for field in fields:
        original, became = quote("original " + field), quote("standardised " + field)
        rows = engine.rows(
            f"SELECT {original}, any_value({became} ORDER BY key) FROM sampled WHERE {original} <> '' GROUP BY {original} ORDER BY min(key) LIMIT {SAMPLES}"
        )
        found[field] = [{"original": row[0], "standardised": row[1] or None} for row in rows]
    engine.run("DROP TABLE sampled")
    return found


def _standardised(kind: EntityType, field: str) -> str:
    columns = {column.name: column.type.endswith("[]") for column in CANONICAL[kind]}
    expression = _BECAME.get((kind, field)) or _BECAME_ANY.get(field) or f"c.{quote(field)}"
    plain = expression.removeprefix("c.").strip('"')
    return _text(expression, is_list=columns.get(plain, False))


def _text(expression: str, *, is_list: bool) -> str:
    return f"array_to_string({expression}, '; ')" if is_list else f"CAST({expression} AS VARCHAR)"
