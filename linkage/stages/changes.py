"""What has changed since the last run, so that a run's work follows the change (increments).

A base keeps the signatures of what it was made under. Where the standardisers or the engine are others, everything is
made anew; where the mapping of a dataset is another, the rows of that dataset; where a model is another, its type.
`change.key` (dataset, key) holds the source rows to look at again; `change.gone_<type>` the
entity records that are no more, as they were, `change.fresh_<type>` those that are new. A changed record is both.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.config.markings import datasets_seen
from linkage.engine.duckdb import engine_version
from linkage.engine.sql import quote
from linkage.stages.ingest import KEY, dataset_table
from linkage.stages.mark import read_markings
from linkage.standardise import CANONICAL
from linkage.tables import PUBLISHED, STORED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linkage.config.source import Source
    from linkage.stages.context import Run

LAYOUT = "3"
"""Raised whenever a base of before cannot be gone on with; the next run then makes everything anew from the source records."""

_MAPPING = {"agency", "key", "format", "seen", "roles", "relations", "case", "marking"}
JUDGED = ("judgement", "dataset_a", "key_a", "role_a", "dataset_b", "key_b", "role_b", "verdict")


def begin(run: Run) -> None:
    """Read the signatures of the base, and find whether everything is made anew and why."""
    engine = run.engine
    engine.make_schema("kept")
    engine.run("CREATE TABLE IF NOT EXISTS kept.signature (name VARCHAR, value VARCHAR)")
    engine.run(
        "CREATE TABLE IF NOT EXISTS kept.judgement (audience VARCHAR, entity_type VARCHAR, judgement BIGINT, dataset_a VARCHAR, "
        "key_a VARCHAR, role_a VARCHAR, dataset_b VARCHAR, key_b VARCHAR, role_b VARCHAR, verdict VARCHAR, lost BOOLEAN)"
    )
    engine.run(
        "CREATE TABLE IF NOT EXISTS kept.level (audience VARCHAR, marking INTEGER, level VARCHAR, agreement VARCHAR)"
    )
    # What was purged and is kept out, by its keyed hash; without a hash: the whole dataset.
    engine.run("CREATE TABLE IF NOT EXISTS kept.purged (run BIGINT, dataset VARCHAR, hash VARCHAR)")
    # What Splink writes for a model is kept too (`linkage.matching.prediction`).
    engine.run(
        "CREATE TABLE IF NOT EXISTS kept.statement (variant VARCHAR, key VARCHAR, tables VARCHAR[], statements VARCHAR[])"
    )
    engine.make_schema("change")
    engine.run("CREATE OR REPLACE TABLE change.key (dataset VARCHAR, key VARCHAR)")
    run.signatures = dict(engine.rows("FROM kept.signature"))
    run.markings = read_markings(run)
    now = _general(run)
    changed = [name for name, value in now.items() if run.signatures.get(name) != value]
    if not run.signatures:
        run.anew = "there is no base to go on with"
    elif run.options.full:
        run.anew = "asked for"
    else:
        run.anew = f"{changed[0]} is another" if changed else ""
    if run.anew:
        engine.run("DELETE FROM kept.statement")


def finish(run: Run) -> None:
    """Write the signatures and the judgements that this base was made under."""
    engine = run.engine
    now = _general(run)
    now |= {f"mapping:{name}": _mapping(run, name) for name in run.project.settings.sources}
    now |= {f"model:{kind}": model.hash for kind, model in run.models.items()}
    # An audience whose release was held back keeps its last identities, which fit nothing that is new.
    published = set(run.project.settings.audiences) - set(run.held)
    now |= {f"audience:{name}": audience_signature(run, name) for name in published}
    now |= {name: value for name, value in run.signatures.items() if name.startswith("audited:")}
    now |= {f"audited:{name}": run.day.isoformat() for name in published & run.audited}
    _keep_levels(run, published)
    table = pa.table({"name": sorted(now), "value": [now[name] for name in sorted(now)]})
    with engine.registered("signature", table):
        engine.run(
            "CREATE OR REPLACE TABLE kept.signature AS SELECT CAST(name AS VARCHAR) AS name, CAST(value AS VARCHAR) AS value FROM signature"
        )


def mark_remapped(run: Run) -> None:
    """Add to `change.key` every row of the datasets whose mapping is another than it was, or that are gone from the project."""
    engine = run.engine
    sources = run.project.settings.sources
    known = {name.removeprefix("mapping:") for name in run.signatures if name.startswith("mapping:")}
    for dataset in sorted(known | set(sources)):
        now = _mapping(run, dataset) if dataset in sources else None
        if now == run.signatures.get(f"mapping:{dataset}"):
            continue
        if dataset in sources:
            engine.run(
                f"INSERT INTO change.key SELECT $dataset, {quote(KEY)} FROM {dataset_table(dataset)}",
                {"dataset": dataset},
            )
        for kind in run.types:
            if engine.has_table("canonical", kind):
                engine.run(
                    f"INSERT INTO change.key SELECT DISTINCT dataset, key FROM canonical.{quote(kind)} WHERE dataset = $dataset",
                    {"dataset": dataset},
                )
    engine.run("CREATE OR REPLACE TABLE change.key AS SELECT DISTINCT dataset, key FROM change.key")


def to_do(run: Run) -> list[tuple[str, Source]]:
    """Return the datasets with rows to look at, in order."""
    sources = sorted(run.project.settings.sources.items())
    if run.anew:
        return sources
    changed = {row[0] for row in run.engine.rows("SELECT DISTINCT dataset FROM change.key")}
    return [(dataset, source) for dataset, source in sources if dataset in changed]


def audience_signature(run: Run, audience: str) -> str:
    """Return the signature of what decides an audience's release beside records, models and judgements."""
    settings = run.project.settings
    visible = datasets_seen(run.project, audience, run.day)
    told = {
        "types": run.types,
        "visible": visible,
        "agency": settings.audiences[audience].agency,
        "fusion": settings.fusion.model_dump(),
        "unique": [(name, settings.sources[name].unique) for name in visible],
        "survivorship": {kind: sorted(run.entity(kind).survivorship.items()) for kind in run.types},
    }
    return _hash(told)


def same_sight(run: Run, audience: str) -> bool:
    """Whether an audience sees in full what it saw in full under its last release: markings that came since do not count."""
    before = dict(
        run.engine.rows(
            "SELECT marking, level = 'full' FROM kept.level WHERE audience = $audience", {"audience": audience}
        )
    )
    now = {number: seen.level == "full" for number, seen in run.seen(audience).items()}
    return all(now.get(number, False) == full for number, full in before.items())


def _keep_levels(run: Run, published: set[str]) -> None:
    """Keep at which level, and by which agreement, each audience sees records of each marking in its release."""
    rows = [
        (audience, number, seen.level, seen.by)
        for audience in sorted(published)
        for number, seen in run.seen(audience).items()
    ]
    names = ("audience", "marking", "level", "agreement")
    types = (pa.string(), pa.int32(), pa.string(), pa.string())
    table = pa.table(
        {
            name: pa.array([row[place] for row in rows], kind)
            for place, (name, kind) in enumerate(zip(names, types, strict=True))
        }
    )
    run.engine.run("DELETE FROM kept.level WHERE list_contains($audiences, audience)", {"audiences": sorted(published)})
    with run.engine.registered("level_now", table):
        run.engine.run("INSERT INTO kept.level FROM level_now")


def _general(run: Run) -> dict[str, str]:
    placeholders = run.project.placeholders
    own = hashlib.sha256(placeholders.read_bytes()).hexdigest() if placeholders else ""
    return {
        "the layout of the base": LAYOUT,
        "the engine": engine_version(),
        # A release is gone on with in an increment, and so are the canonical tables: their columns must be today's.
        "the form of the tables": _hash([[(c.name, c.type) for c in table.columns] for table in (*PUBLISHED, *STORED)])
        + _hash([(kind, c.name, c.type) for kind in sorted(CANONICAL) for c in CANONICAL[kind]]),
        "the standardiser": f"{run.standardiser.version} {own}".strip(),
    }


def _mapping(run: Run, dataset: str) -> str:
    source, agreements = run.project.settings.sources[dataset], run.project.agreements
    told = source.model_dump(mode="json", include=_MAPPING)
    terms = (
        agreements.terms(dataset).model_dump(mode="json", include={"link_use", "compartment"}) if agreements else None
    )
    # Said only where it is more than nothing, so that a project without agreements is as it was.
    return _hash({**told, "terms": terms} if terms and terms["link_use"] != "any" else told)


def _hash(told: Any) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:24]


def judged_table(rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    """Return judgements (as `Run.judgements` gives them) as a table with the columns `JUDGED`."""
    rows = list(rows)
    types = [pa.int64(), *[pa.string()] * (len(JUDGED) - 1)]
    return pa.table({name: pa.array([row[place] for row in rows], types[place]) for place, name in enumerate(JUDGED)})
