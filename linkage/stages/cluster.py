"""Cluster: edges → `resolution.cluster_<audience>_<type>`, for one audience over the records that it may see in full.

Components come from the audience's own candidate edges and the pairs that share a resolved entity of an earlier type in
the audience's own resolution (evidence); pairs that are missing inside them are scored and join the clustering, never the
components (rules R2 and R7). Records without an edge are clusters of their own and have no row. In an increment only the
touched records are clustered again; the others' rows stay.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from linkage.clustering import (
    ClusterSettings,
    Edges,
    Judgements,
    Meetings,
    cluster,
    count_missing_pairs,
    find_components,
    memory_bytes,
    missing_pairs,
    second_look,
    second_look_bytes,
)
from linkage.engine.sql import qualified, quote
from linkage.errors import DataError
from linkage.matching.evidence import gather, gathered, with_evidence
from linkage.matching.meetings import told_between
from linkage.matching.score import score as score_pairs
from linkage.stages.changes import judged_table
from linkage.stages.claims import BESIDE, CLAIMED, claims, conflict_sql, count_contradictions
from linkage.stages.judged import keep_judgements, placed_judgements
from linkage.stages.mark import keep_linkable
from linkage.stages.touch import among, begin_audience, held_records, touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linkage.clustering import Clustering
    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.stages.context import Run

READS = ("scoring.edge", "scoring.inside", "canonical.relation")
WRITES = ("resolution.cluster", "resolution.evidence")


def cluster_audience(run: Run, audience: str) -> None:
    """Cluster every type for one audience."""
    run.engine.make_schema("resolution")
    begin_audience(run, audience)
    for entity_type in run.types:
        run.progress(f"cluster {entity_type} for {audience}")
        gather(run.engine, run.models[entity_type], audience, run.sees(audience, "relation.marking"), run.types)
        keep_linkable(run, entity_type, "resolution.evidence")
        touch(run, audience, entity_type)
        _cluster(run, audience, entity_type)


def cluster_settings(model: Model) -> ClusterSettings:
    """Return a model's thresholds as integers."""
    thresholds = model.thresholds
    return ClusterSettings(
        stop=model.units(thresholds.match),
        floor=model.units(thresholds.floor),
        ambiguity=model.units(thresholds.ambiguity),
        component_max=thresholds.component_max,
        missing=model.units(thresholds.missing),
    )


def _cluster(run: Run, audience: str, entity_type: EntityType) -> None:
    engine, model = run.engine, run.models[entity_type]
    _score_shared(run, audience, model)
    judged = judged_table(run.judgements(audience, entity_type))
    _number_records(run, audience, entity_type, judged)
    n = int(engine.value("SELECT count(*) FROM making.place"))
    edges = _edges(run, model)
    judgements, standing, barred = placed_judgements(run, entity_type, judged)
    settings = cluster_settings(model)
    found = find_components(n, edges, settings, judgements)
    missing = count_missing_pairs(found.label, edges)
    _check_memory(run, n, len(edges) + missing, found.largest)
    whole = _with_missing(run, model, edges, found.label, missing)
    result = cluster(n, whole, judgements, settings, component=found.label)
    label = _look_again(run, model, result, whole, judgements)
    count_contradictions(run, audience, model)
    _write(run, audience, entity_type, result, label, found.uncut)
    lost = keep_judgements(
        run, audience, entity_type, judged, standing, barred + [standing[row] for row in result.lost]
    )
    told = {
        "clustered": n,
        "largest_component": max(_largest(run, audience, entity_type), 1),
        "missing_pairs": missing,
        "evidence_pairs": int(
            engine.value(f"SELECT count(*) FROM {qualified('resolution', gathered(audience, entity_type))}")
        ),
        "lost_judgements": lost,
    }
    for name, value in told.items():
        run.count(f"audiences.{audience}.{entity_type}.{name}", value)


def _number_records(run: Run, audience: str, entity_type: EntityType, judged: pa.Table) -> None:
    """Write `making.place` (record, place): places follow the order of names, so ties never depend on row order."""
    engine = run.engine
    # Where all records were numbered in this run, their numbers do too.
    order = "record" if run.anew else "dataset, key, role"
    with engine.registered("judged", judged):
        engine.create_as(
            "making",
            "place",
            f"""
            WITH touched AS (
                SELECT a AS record FROM {qualified("scoring", f"edge_{entity_type}")}
                UNION SELECT b FROM {qualified("scoring", f"edge_{entity_type}")}
                UNION SELECT a FROM resolution.evidence UNION SELECT b FROM resolution.evidence
                UNION SELECT entity.record FROM canonical.{quote(entity_type)} AS entity JOIN (
                    SELECT dataset_a AS dataset, key_a AS key, role_a AS role FROM judged UNION SELECT dataset_b, key_b, role_b FROM judged
                ) AS one USING (dataset, key, role)
            )
            SELECT record, dataset, key, role, row_number() OVER (ORDER BY {order}) - 1 AS place
            FROM {held_records(run, audience, entity_type)} SEMI JOIN touched USING (record) WHERE {run.sees(audience)}
            """,
        )


def _score_shared(run: Run, audience: str, model: Model) -> None:
    """Score the pairs that share evidence and that no rule found, as those inside components are."""
    engine, kind = run.engine, model.entity_type
    edge, inside = qualified("scoring", f"edge_{kind}"), qualified("scoring", f"inside_{kind}")
    shared = "SELECT a, b FROM resolution.evidence"
    if audience in run.amended_audiences:
        # What shared evidence in the last run was scored then at the latest.
        shared += f" ANTI JOIN {qualified('resolution', gathered(audience, kind))} USING (a, b)"
    engine.create_as(
        "making",
        "unscored",
        f"SELECT a, b FROM ({shared}) ANTI JOIN {edge} USING (a, b) ANTI JOIN {inside} USING (a, b) ORDER BY a, b",
    )
    if engine.value("SELECT count(*) FROM making.unscored"):
        score_pairs(engine, model, "making.unscored", "making.scored", None)
        engine.run(f"INSERT INTO {inside} SELECT * FROM making.scored")
        engine.run("DROP TABLE making.scored")
    engine.run("DROP TABLE making.unscored")


def _edges(run: Run, model: Model) -> Edges:
    kind = model.entity_type
    pairs = (
        f"SELECT a, b, weight, pattern FROM {qualified('scoring', f'edge_{kind}')} "
        f"UNION ALL SELECT a, b, weight, pattern FROM {qualified('scoring', f'inside_{kind}')} SEMI JOIN resolution.evidence USING (a, b)"
    )
    arrays = run.engine.arrays(
        f"""
        SELECT one.place AS a, two.place AS b, {CLAIMED} OR {conflict_sql(model)} AS conflict
        FROM ({with_evidence(pairs, "resolution.evidence")}) AS edge
        JOIN making.place AS one ON one.record = edge.a JOIN making.place AS two ON two.record = edge.b
        ORDER BY least(one.place, two.place), greatest(one.place, two.place)
        """,
        claims(run),
    )
    return Edges(arrays["a"], arrays["b"], arrays["weight"].astype(np.int32), arrays["conflict"].astype(np.bool_))


def _largest(run: Run, audience: str, entity_type: EntityType) -> int:
    """Return how many records the largest component holds, before it is cut."""
    cluster = qualified("resolution", f"cluster_{audience}_{entity_type}")
    # (Named by numbers without gaps to speak of, which are counted in a fifth of the time in an array.)
    whole = run.engine.arrays(f"SELECT whole FROM {cluster}")["whole"]
    return int(np.bincount(whole).max()) if len(whole) else 0


def _with_missing(run: Run, model: Model, edges: Edges, label: NDArray[np.int64], missing: int) -> Edges:
    """Score the pairs inside components that no rule found, and return all edges together."""
    if not missing:
        return edges
    engine, kind = run.engine, model.entity_type
    a, b = missing_pairs(label, edges)
    inside = qualified("scoring", f"inside_{kind}")
    with engine.registered("missing_pair", pa.table({"a": a, "b": b})):
        engine.create_as(
            "making",
            "missing",
            "SELECT least(one.record, two.record) AS a, greatest(one.record, two.record) AS b FROM missing_pair "
            "JOIN making.place AS one ON one.place = missing_pair.a JOIN making.place AS two ON two.place = missing_pair.b",
        )
    engine.create_as("making", "unscored", f"SELECT a, b FROM making.missing ANTI JOIN {inside} USING (a, b)")
    score_pairs(engine, model, "making.unscored", "making.scored", None)
    engine.run(f"INSERT INTO {inside} SELECT * FROM making.scored")
    arrays = engine.arrays(
        f"""
        SELECT one.place AS a, two.place AS b, {CLAIMED} OR {conflict_sql(model)} AS conflict
        FROM {inside} AS edge SEMI JOIN making.missing USING (a, b)
        JOIN making.place AS one ON one.record = edge.a JOIN making.place AS two ON two.record = edge.b
        """,
        claims(run),
    )
    for table in ("missing", "unscored", "scored"):
        engine.run(f"DROP TABLE making.{table}")
    return Edges(
        np.concatenate((edges.a, arrays["a"])),
        np.concatenate((edges.b, arrays["b"])),
        np.concatenate((edges.weight, arrays["weight"].astype(np.int32))),
        np.concatenate((edges.conflict, arrays["conflict"].astype(np.bool_))),
    )


def _look_again(run: Run, model: Model, result: Clustering, edges: Edges, judgements: Judgements) -> NDArray[np.int64]:
    """Compare the clusters of each component as wholes; return int64[n], the labels after that."""
    if not model.second_look:
        return result.label
    settled = result.label[result.component] == result.label
    divided = np.zeros(len(settled), np.bool_)
    divided[result.component[~settled]] = True
    looked = np.flatnonzero(divided[result.component] & ~result.ambiguous)
    if len(looked) == 0:
        return result.label
    clusters = np.unique(result.label[looked])
    _check_bytes(
        run,
        second_look_bytes(int(np.bincount(result.component[clusters]).max()), len(model.comparisons) + len(BESIDE)),
        "comparing clusters again",
    )
    table = pa.table({"place": looked, "label": result.label[looked], "component": result.component[looked]})
    known, pairs = told_between(run.engine, model, table, BESIDE, claims(run))
    return _merged(model, result, known, pairs, _held_pairs(result, edges, judgements))


def _merged(
    model: Model,
    result: Clustering,
    known: dict[str, NDArray[np.int64]],
    pairs: dict[str, NDArray[np.int64]],
    held: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the labels after the second look. held: int64[h], keys of cluster pairs that must stay apart."""
    label, n = known["label"], len(result.label)
    told = range(len(model.comparisons) + len(BESIDE))
    meetings = Meetings(
        component=result.component[label],
        known=np.stack([known[f"k{c}"] for c in told], axis=1),
        a=np.searchsorted(label, pairs["a"]),
        b=np.searchsorted(label, pairs["b"]),
        total=np.stack([pairs[f"t{c}"] for c in told], axis=1),
        count=np.stack([pairs[f"n{c}"] for c in told], axis=1),
        held=np.isin(pairs["a"] * n + pairs["b"], held),
    )
    prior = model.units(math.log2(model.match_rate / (1 - model.match_rate)))
    target = np.arange(n, dtype=np.int64)
    target[label] = label[second_look(meetings, prior, model.units(model.thresholds.match))]
    # A cluster is named by its smallest record, and the second look names by the smallest cluster: the same record.
    return target[result.label]


def _held_pairs(result: Clustering, edges: Edges, judgements: Judgements) -> NDArray[np.int64]:
    """Return sorted keys (smaller label * n + larger) of clusters between which lies a hard conflict or a non-match."""
    a = np.concatenate((edges.a[edges.conflict], judgements.a[~judgements.match]))
    b = np.concatenate((edges.b[edges.conflict], judgements.b[~judgements.match]))
    one, two = result.label[a], result.label[b]
    return np.unique(np.minimum(one, two) * len(result.label) + np.maximum(one, two))


def _write(
    run: Run,
    audience: str,
    entity_type: EntityType,
    result: Clustering,
    label: NDArray[np.int64],
    whole: NDArray[np.int64],
) -> None:
    """Write each clustered record with its cluster, its component, and that before large ones were cut, named by records."""
    engine, name = run.engine, f"cluster_{audience}_{entity_type}"
    record = engine.arrays("SELECT record FROM making.place ORDER BY place")["record"]
    table = pa.table(
        {
            "record": record,
            "cluster": record[label],
            "component": record[result.component],
            "whole": record[whole],
            "ambiguous": result.ambiguous,
        }
    )
    with engine.registered("clustered", table):
        if audience in run.amended_audiences:
            cluster = qualified("resolution", name)
            gone = qualified("change", f"gone_{entity_type}")
            engine.run(
                f"DELETE FROM {cluster} WHERE {among(run, audience, entity_type, 'record')} OR record IN (SELECT record FROM {gone})"
            )
            engine.run(f"INSERT INTO {cluster} FROM clustered")
        else:
            engine.create_as("resolution", name, "FROM clustered")
    engine.run("DROP TABLE making.place")
    kept = quote(gathered(audience, entity_type))
    engine.run(f"DROP TABLE IF EXISTS resolution.{kept}")
    engine.run(f"ALTER TABLE resolution.evidence RENAME TO {kept}")


def _check_memory(run: Run, n: int, edges: int, largest: int) -> None:
    _check_bytes(run, memory_bytes(n, edges, largest), f"clustering {n:,} records with {edges:,} pairs")


def _check_bytes(run: Run, needed: int, work: str) -> None:
    limits = run.project.settings.engine
    if needed > limits.memory_bytes:
        message = (
            f"{work} needs {needed / 1e9:.1f} GB, engine.memory_limit is {limits.memory_limit}; "
            "raise engine.memory_limit, or the model's thresholds.floor"
        )
        raise DataError(message)
