"""GoldenMatch beside us: the same records and mapped columns, no configuration; for `quality.py --peers`."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from linkage.engine.duckdb import Engine
from linkage.engine.sql import comma, literal, quote
from linkage.evaluation.align import align, grouping
from linkage.evaluation.files import read_grouping
from linkage.evaluation.metrics import measure
from linkage.evaluation.release import base_path
from linkage.stages.ingest import KEY, META, dataset_table
from linkage.stages.mapping import mapped_sql
from linkage.standardise import MAPPED

if TYPE_CHECKING:
    from linkage.project import Project

WORKER = Path(__file__).with_name("goldenmatch_worker.py")
SECONDS = 600
BYTES = 16 * 10**9
EXIT_ABSENT = 3
# What names the record or tells how to read it, and is no value that two records could share.
NOT_VALUES = {"dataset", "key", "role", "agency", "seen_on", "seen_order", "date_order", "country_default"}


def goldenmatch(project: Project, truth: Path, python: str) -> dict[str, Any]:
    """Measure GoldenMatch on a project that has run: on mapped columns, and on the files as they are.

    `mapped`: for each type the columns that the project maps, as they were written, under our names; a list gives its
    first value; `all` is all types together. `files`: every column of the sources but their keys, all sources in one
    table, columns of one name as one, types not told apart. `python` is an interpreter that has goldenmatch. A run
    is stopped after ten minutes or at 16 GB.
    """
    table = read_grouping(truth)
    with Engine(base_path(project), read_only=True) as base:
        kinds = project.loaded.entity_types()
        mapped: dict[str, Any] = {}
        labels: list[np.ndarray] = []
        entities: list[pa.ChunkedArray] = []
        for kind in kinds:
            records = _records(base, project, kind)
            result, own, true = _measured(*records, table, python)
            mapped[kind] = result
            if result["ran"]:
                labels.append(own + sum(int(one.max()) + 1 for one in labels))
                entities.append(true)
        if labels and all(entry["ran"] for entry in mapped.values()):
            true = pa.chunked_array([chunk for one in entities for chunk in one.chunks])
            mapped["all"] = _scores(grouping(true).labels, np.concatenate(labels))
        return {"mapped": mapped, "files": _measured(*_rows(base, project), table, python)[0]}


def _measured(
    names: pa.Table, values: pa.Table, truth: pa.Table, python: str
) -> tuple[dict[str, Any], np.ndarray, pa.ChunkedArray | None]:
    """Return what a run gave, and found and true groups of the records that the truth names."""
    result = _run(values, python)
    clusters = result.pop("clusters")
    if not result["ran"]:
        return result, np.empty(0, dtype=np.int64), None
    joined = align(truth, names)
    own = _labels(names.num_rows, clusters)[joined.right]
    true = truth["entity"].take(pa.array(joined.left))
    return result | _scores(grouping(true).labels, own), own, true


def _rows(base: Engine, project: Project) -> tuple[pa.Table, pa.Table]:
    """Return the names of all rows of all sources, and the columns of their files but the keys."""
    selects = []
    for dataset, source in sorted(project.loaded.settings.sources.items()):
        left_out = comma(sorted({*META, *source.key}))
        selects.append(
            f'SELECT {literal(dataset)} AS "linkage:dataset", CAST({quote(KEY)} AS VARCHAR) AS "linkage:name", '
            f"* EXCLUDE ({left_out}) FROM {dataset_table(dataset)}"
        )
    table = base.arrow(
        f'SELECT * FROM ({" UNION ALL BY NAME ".join(selects)}) ORDER BY "linkage:dataset", "linkage:name"'
    )
    names = pa.table({"dataset": table["linkage:dataset"], "key": table["linkage:name"]})
    return names, _filled(table.drop_columns(["linkage:dataset", "linkage:name"]))


def _filled(table: pa.Table) -> pa.Table:
    return table.select([name for name in table.column_names if table[name].null_count < table.num_rows])


def _scores(truth: np.ndarray, own: np.ndarray) -> dict[str, float]:
    metrics = measure(truth, own)
    return {**metrics.pairwise.to_json(), "b3_f1": metrics.b_cubed.f1}


def _records(base: Engine, project: Project, kind: str) -> tuple[pa.Table, pa.Table]:
    """Return the names and mapped values of the records that we compare ourselves."""
    selects, values = [], {}
    for dataset, source in sorted(project.loaded.settings.sources.items()):
        for role in sorted(source.roles):
            if source.roles[role].entity == kind:
                mapped, more = mapped_sql(dataset, source, role, f"map_{len(selects)}")
                selects.append(mapped)
                values |= more
    columns = [
        f"{quote(column.name)}[1] AS {quote(column.name)}" if column.type.endswith("[]") else quote(column.name)
        for column in MAPPED[kind]
        if column.name not in NOT_VALUES
    ]
    table = base.arrow(
        f"SELECT dataset, key, role, {', '.join(columns)} FROM ({' UNION ALL '.join(selects)}) "
        f"SEMI JOIN canonical.{quote(kind)} USING (dataset, key, role) ORDER BY dataset, key, role",
        values,
    )
    names = ["dataset", "key", "role"]
    return table.select(names), _filled(table.drop_columns(names))


def _run(values: pa.Table, python: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="linkage-peer-") as folder:
        source, target = Path(folder) / "records.parquet", Path(folder) / "clusters.json"
        pq.write_table(values, source)
        try:
            done = subprocess.run(
                [python, str(WORKER), str(source), str(target)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": "", "HOME": folder},
                timeout=SECONDS,
                preexec_fn=_limited,  # no threads are running here
                capture_output=True,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"ran": False, "clusters": [], "error": f"stopped after {SECONDS} seconds"}
        if done.returncode == EXIT_ABSENT:
            message = (
                f"{python} has no goldenmatch ({done.stderr.strip().splitlines()[-1]}); install the extra: pip install '.[peers]', "
                "or give it a place of its own: python3 -m venv PEERS && PEERS/bin/python -m pip install goldenmatch, then --peers PEERS/bin/python"
            )
            raise SystemExit(message)
        if not target.is_file():
            reason = done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else f"exit {done.returncode}"
            return {"ran": False, "clusters": [], "error": reason}
        result: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        return result


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


def _labels(count: int, clusters: list[list[int]]) -> np.ndarray:
    """Return the cluster of each row; rows in no cluster are clusters of their own."""
    labels = np.arange(count, dtype=np.int64)
    for members in clusters:
        labels[members] = members[0]
    return labels
