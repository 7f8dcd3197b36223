"""The demo data generator: seeded, in SQL, the same files for the same settings.

Entities are numbers; what is true of them is a function of the number and the seed (`macros.py`). `demo.data_row`
spreads appearances of entities over datasets, `demo.*_record` hold what each record shows, one SQL file a dataset
writes it in that agency's way.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Literal

from linkage.config.project import default_configs
from linkage.demo.ceiling import ceiling
from linkage.demo.macros import Population, macro_statements
from linkage.demo.rates import DemoRates
from linkage.engine.duckdb import fixed_sql
from linkage.engine.sql import literal
from linkage.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linkage.engine.duckdb import Engine

FileFormat = Literal["csv", "parquet"]

DATASETS = {
    "dea_roi": "DEA",
    "fbi_intercepts": "FBI",
    "ice_financial": "ICE",
    "atf_traces": "ATF",
    "cbp_declarants": "CBP",
    "fincen_reports": "FinCEN",
}
"""Dataset name → agency."""

REFERENCE_TABLES = ("surname", "given_name", "city", "street", "bank", "business_word", "habit")
SHARES = {"person": 0.80, "business": 0.08, "account": 0.12}
"""Share of each type among the entity records."""

# Cumulative shares of entities with at most 1, 2, 3 ... records of their own (an account's holder comes on top).
REPEATS = {
    "person": [0.40, 0.64, 0.78, 0.87, 0.93, 0.97, 0.99],
    "business": [0.38, 0.64, 0.80, 0.90, 0.96],
    "account": [0.35, 0.63, 0.82, 0.93, 0.98],
}
MINIMUM_RECORDS = 200


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was written. Counts are rows (`datasets`), entity records, entities and true pairs (by type)."""

    directory: Path
    seed: int
    datasets: dict[str, int]
    records: dict[str, int]
    entities: dict[str, int]
    pairs: dict[str, int]
    ceiling: dict[str, dict[str, float]] = field(default_factory=dict)


def generate(  # noqa: PLR0913 - every one is a setting that a user may name
    directory: Path,
    *,
    engine: Engine,
    records: int = 20_000,
    seed: int = 1,
    rates: DemoRates | None = None,
    file_format: FileFormat = "csv",
    with_ceiling: bool = True,
    progress: Callable[[str], None] = lambda _message: None,
) -> DemoSummary:
    """Write demo data of `records` entity records into `directory` and return what was written.

    Written are `data/<dataset>.csv` (or `.parquet`), `truth.csv` (dataset, key, role, entity), `planted.csv`
    (phenomenon, entity, other), `overlaps.csv` (subject, which, agencies, entities), `leads.csv` (rule, entities, tied, planted), `ceiling.json` and `project.toml`. The same arguments give the same bytes. `engine`
    is used for intermediate tables in schema `demo`, which is dropped at the end: give it a file of its own for many
    millions of records. Without `with_ceiling` the ceiling is left out (it takes about as long as the rest). `progress`
    is told each step. Raises `RequestError` for arguments that make no sense.
    """
    if records < MINIMUM_RECORDS:
        message = f"demo records = {records} must be at least {MINIMUM_RECORDS}"
        raise RequestError(message)
    if file_format not in ("csv", "parquet"):
        message = f"demo file format {file_format!r} must be csv or parquet"
        raise RequestError(message)
    chosen = rates or DemoRates()
    data = directory / "data"
    data.mkdir(parents=True, exist_ok=True)
    engine.run("CREATE SCHEMA IF NOT EXISTS demo")
    progress("demo: population")
    _populate(engine, records, seed, chosen)
    for table in ("business_name", "account_title", "person_record", "business_record", "account_record"):
        progress(f"demo: {table}")
        engine.create("demo", table)
    for dataset in DATASETS:
        progress(f"demo: {dataset}")
        _write(engine, dataset, data / f"{dataset}.{file_format}", file_format)
    progress("demo: truth")
    _write(engine, "truth", directory / "truth.csv", "csv")
    _write(engine, "planted", directory / "planted.csv", "csv")
    progress("demo: overlaps and leads")
    for table in ("interest", "shown", "tied"):
        engine.create("demo", table)
    _write(engine, "overlaps", directory / "overlaps.csv", "csv")
    _write(engine, "leads", directory / "leads.csv", "csv")
    progress("demo: ceiling")
    summary = _summarise(engine, directory, seed, with_ceiling=with_ceiling)
    _write_ceiling(summary)
    _write_project(directory, file_format)
    engine.run("DROP SCHEMA demo CASCADE")
    return summary


def _populate(engine: Engine, records: int, seed: int, rates: DemoRates) -> None:
    """Create the macros, the reference tables and `demo.data_row`."""
    # Whether a row tells of a holder or a firm does not depend on the population, whose size depends on that count.
    for statement in macro_statements(seed, rates, Population(1, 1, 1)):
        engine.run(statement)
    with resources.as_file(resources.files("linkage.demo") / "data") as folder:
        for table in REFERENCE_TABLES:
            engine.create("demo", table, {"folder": str(folder)})
    engine.create("demo", "slot", {f"{kind}_repeats": shares for kind, shares in REPEATS.items()})
    slots = dict(engine.rows("SELECT kind, count(*) FROM demo.slot GROUP BY kind"))
    slot_counts = {f"{kind}_slots": count for kind, count in slots.items()}
    wanted = {kind: round(records * share) for kind, share in SHARES.items()}
    wanted["person"] += records - sum(wanted.values())
    engine.create("demo", "account_row", {"account_rows": wanted["account"], **slot_counts})
    holders, firms = engine.rows(
        "SELECT count(demo.row_holder(row, account)), count(demo.row_firm(row, account)) FROM demo.account_row"
    )[0]
    person_rows = max(0, wanted["person"] - holders)
    business_rows = max(0, wanted["business"] - firms)
    population = Population(
        persons=_entities(engine, "person", person_rows, slots["person"]),
        # More than have rows of their own: most firms are known only as somebody's.
        businesses=_entities(engine, "business", wanted["business"], slots["business"]),
        accounts=_entities(engine, "account", wanted["account"], slots["account"]),
    )
    for statement in macro_statements(seed, rates, population):
        engine.run(statement)
    engine.create("demo", "data_row", {"person_rows": person_rows, "business_rows": business_rows, **slot_counts})


def _entities(engine: Engine, kind: str, appearances: int, slots: int) -> int:
    """Return how many entities of a kind so many appearances make (at least one)."""
    blocks, rest = divmod(appearances, slots)
    begun = engine.rows(
        "SELECT coalesce(max(member) + 1, 0) FROM demo.slot WHERE kind = $kind AND slot < $rest",
        {"kind": kind, "rest": rest},
    )[0][0]
    return max(1, blocks * 1000 + int(begun))


def _write(engine: Engine, query: str, target: Path, file_format: FileFormat) -> None:
    """Write the result of a fixed query to a file, replacing it."""
    options = "FORMAT csv, HEADER true" if file_format == "csv" else "FORMAT parquet, COMPRESSION zstd"
    engine.run(f"COPY ({fixed_sql('demo', query)}) TO {literal(str(target))} ({options})")


def _summarise(engine: Engine, directory: Path, seed: int, *, with_ceiling: bool) -> DemoSummary:
    counts = engine.rows("SELECT dataset, count(*) FROM demo.data_row GROUP BY dataset ORDER BY dataset")
    totals = {}
    for kind in SHARES:
        totals[kind] = engine.rows(
            f"SELECT count(*), coalesce(sum(n), 0)::BIGINT, coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM "
            f"(SELECT count(*) AS n FROM demo.data_row WHERE {kind} IS NOT NULL GROUP BY {kind})"
        )[0]
    return DemoSummary(
        directory=directory,
        seed=seed,
        datasets=dict(counts),
        records={kind: total[1] for kind, total in totals.items()},
        entities={kind: total[0] for kind, total in totals.items()},
        pairs={kind: total[2] for kind, total in totals.items()},
        ceiling=ceiling(engine) if with_ceiling else {},
    )


def _write_ceiling(summary: DemoSummary) -> None:
    content = asdict(summary)
    del content["directory"]
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    (summary.directory / "ceiling.json").write_text(text, encoding="utf-8")


def _write_project(directory: Path, file_format: FileFormat) -> None:
    """Copy the demo's project file, with the ending of the files that were written."""
    text = (default_configs() / "demo" / "project.toml").read_text(encoding="utf-8")
    if file_format == "parquet":
        text = text.replace('format = "csv"', 'format = "parquet"').replace('.csv"', '.parquet"')
    (directory / "project.toml").write_text(text, encoding="utf-8")
