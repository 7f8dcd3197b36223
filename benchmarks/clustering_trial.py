"""Trial of `linkage.clustering`: what floor and stop do on real pairs, and what planted hubs do.

    python benchmarks/clustering_trial.py --data ../shared/data [--json] [--only historical|hubs]

`historical`: the pairs and weights of a quick Splink model of historical_50k, made here and no part of the
project; floor and stop are swept, pairs inside components that blocking missed are scored by the same model.
`hubs`: a seeded set of 200,000 records in true clusters of 1 to 6, and 20 hub records, each tied by a
moderate weight to thousands. Both stand beside connected components at their best threshold,
picked with the truth.
Seconds exclude compilation.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from linkage.clustering import (
    BIT,
    ClusterSettings,
    Edges,
    Judgements,
    cluster,
    count_missing_pairs,
    find_components,
    missing_pairs,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Score = Callable[[Integers, Integers], Integers]

NONE = Judgements.none()
FLOORS = (-6, -2, 0, 2)
STOPS = (-6, -4, -2, 0, 2, 4)
THRESHOLDS = range(-2, 17)
AMBIGUITY = BIT // 2
MOST_GAPS = 12_000_000
SEED = 20_240_501
HUB_RECORDS, HUBS, HUB_TIES = 200_000, 20, 4_000
BLOCKED = 0.9  # the share of true pairs that blocking finds, in the planted set


@dataclass(frozen=True)
class Case:
    """Blocked pairs with weights (int, 1/1024 bit), the truth of each record, and how to score more pairs."""

    truth: Integers
    edges: Edges
    score: Score
    note: dict[str, Any]


# ── measures ────────────────────────────────────────────────────────────────────────────────────────────────


def measures(label: Integers, truth: Integers) -> dict[str, float]:
    """Return pairwise precision, recall and F1, and B-cubed F1, of a partition against the truth."""
    both, together = np.unique(label * (int(truth.max()) + 1) + truth, return_counts=True)
    in_label, in_truth = np.bincount(label), np.bincount(truth)
    label_size = in_label[both // (int(truth.max()) + 1)]
    truth_size = in_truth[both % (int(truth.max()) + 1)]
    hit = int((together * (together - 1)).sum())
    precision = hit / max(int((in_label * (in_label - 1)).sum()), 1)
    recall = hit / max(int((in_truth * (in_truth - 1)).sum()), 1)
    b_precision = float((together**2 / label_size).sum() / len(label))
    b_recall = float((together**2 / truth_size).sum() / len(label))
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(_f1(precision, recall), 4),
        "b3_f1": round(_f1(b_precision, b_recall), 4),
    }


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / max(precision + recall, 1e-12)


def best_components(case: Case) -> dict[str, Any]:
    """Return connected components at the threshold of the best pairwise F1, which the truth picks."""
    rows = []
    for bits in THRESHOLDS:
        settings = ClusterSettings(
            stop=0, floor=bits * BIT, ambiguity=-1, component_max=65_536
        )  # cutting starts past any component of these sets
        start = time.perf_counter()
        found = find_components(len(case.truth), case.edges, settings, NONE)
        seconds = time.perf_counter() - start
        rows.append(
            {
                "threshold": bits,
                "largest": found.largest_uncut,
                **measures(found.label, case.truth),
                "seconds": round(seconds, 2),
            }
        )
    return max(rows, key=lambda row: row["f1"])


def sweep(case: Case, floors: tuple[int, ...], stops: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return one row for each floor and stop, in bits."""
    rows = []
    n = len(case.truth)
    cluster(2, Edges([0], [1], [1], [True]), Judgements([0], [1], [True]), _settings(0, 0))  # compile
    for floor in floors:
        start = time.perf_counter()
        found = find_components(n, case.edges, _settings(floor, 0), NONE)
        components_seconds = time.perf_counter() - start
        gaps = count_missing_pairs(found.label, case.edges)
        start = time.perf_counter()
        edges = _fill(case, found.label) if gaps <= MOST_GAPS else case.edges
        scoring_seconds = time.perf_counter() - start
        for stop in stops:
            start = time.perf_counter()
            result = cluster(n, edges, NONE, _settings(floor, stop), component=found.label)
            seconds = time.perf_counter() - start
            rows.append(
                {
                    "floor": floor,
                    "stop": stop,
                    "largest_uncut": found.largest_uncut,
                    "largest_component": found.largest,
                    "pieces": found.cut,
                    "missing_pairs": gaps,
                    "scored": gaps <= MOST_GAPS,
                    **measures(result.label, case.truth),
                    "largest_cluster": result.stats.largest_cluster,
                    "seconds_components": round(components_seconds, 2),
                    "seconds_scoring": round(scoring_seconds, 2),
                    "seconds_cluster": round(seconds, 2),
                }
            )
    return rows


def _settings(floor: int, stop: int) -> ClusterSettings:
    return ClusterSettings(stop=stop * BIT, floor=floor * BIT, ambiguity=AMBIGUITY)


def _fill(case: Case, label: Integers) -> Edges:
    """Return the edges with the missing pairs inside components scored."""
    a, b = missing_pairs(label, case.edges)
    if len(a) == 0:
        return case.edges
    weight = case.score(a, b)
    known = case.edges
    return Edges(
        np.concatenate([known.a, a]),
        np.concatenate([known.b, b]),
        np.concatenate([known.weight, weight]),
        np.zeros(len(known) + len(a), np.bool_),
    )


# ── historical_50k ──────────────────────────────────────────────────────────────────────────────────────────

RULES = [
    block_on("postcode"),
    block_on("dob"),
    block_on("first_name", "surname"),
    block_on("surname", "birth_place"),
    block_on("surname", "occupation"),
    block_on("first_name", "birth_place", "occupation"),
    block_on("substr(dob, 1, 4)", "substr(surname, 1, 4)"),
    block_on("substr(dob, 1, 7)", "first_name"),
]


def historical(folder: Path) -> Case:
    """Return the pairs of a quick Splink model of historical_50k: trained without labels, all pairs kept."""
    start = time.perf_counter()
    con = duckdb.connect()
    con.sql("SET threads = 2")
    con.sql("SET memory_limit = '4GB'")
    con.sql(
        """
        CREATE TABLE person AS
        SELECT row_number() OVER (ORDER BY key) - 1 AS unique_id,
               first_name, surname, first_and_surname, dob, birth_place, occupation,
               postcode_fake AS postcode, entity
        FROM read_csv($people, all_varchar = true) AS people
        JOIN read_csv($truth, all_varchar = true) AS truth USING (key)
        """,
        params={"people": str(folder / "historical.csv"), "truth": str(folder / "truth.csv")},
    )
    truth = con.sql("SELECT entity FROM person ORDER BY unique_id").fetchnumpy()["entity"]
    api = DuckDBAPI(con)
    source = api.register(con.sql("SELECT * EXCLUDE (entity) FROM person"), table_name="trial_person")
    linker = _trained(Linker(source, _model(), log_level=None))
    frame = linker.inference.predict()
    a, b, weight = _columns(frame.as_duckdbpyrelation())
    frame.drop_table_from_database_and_remove_from_cache()
    edges = Edges(a, b, weight, np.zeros(len(a), np.bool_))
    _, codes = np.unique(np.asarray(truth, dtype=str), return_inverse=True)
    seconds = round(time.perf_counter() - start, 1)
    note = {"records": len(codes), "blocked_pairs": len(a), "seconds_splink": seconds}
    return Case(codes.astype(np.int64), edges, _scorer(con, linker), note)


def _model() -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="first_and_surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True, datetime_format="%Y-%m-%d"),
            cl.PostcodeComparison("postcode"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=RULES,
        retain_matching_columns=False,
    )


def _trained(linker: Linker) -> Linker:
    train = linker.training
    train.estimate_probability_two_random_records_match(
        [block_on("first_name", "surname", "dob"), block_on("postcode", "dob", "surname")], recall=0.3
    )
    train.estimate_u_using_random_sampling(max_pairs=5e6, min_count_per_level=None)
    for rule in (block_on("first_name", "surname"), block_on("dob"), block_on("postcode", "birth_place")):
        train.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    return linker


def _columns(relation: duckdb.DuckDBPyRelation) -> tuple[Integers, Integers, Integers]:
    columns = relation.project(
        f"unique_id_l::BIGINT AS a, unique_id_r::BIGINT AS b, round(match_weight * {BIT})::INTEGER AS weight"
    ).fetchnumpy()
    return columns["a"], columns["b"], columns["weight"]


def _scorer(con: duckdb.DuckDBPyConnection, linker: Linker) -> Score:
    """Return a function that scores pairs by the trained model through registered blocked pairs."""
    turn = iter(range(1_000))

    def score(a: Integers, b: Integers) -> Integers:
        name = f"trial_gap_{next(turn)}"
        con.register("trial_arrays", {"l": a, "r": b})
        con.sql(f"CREATE TABLE {name} AS SELECT '0' AS match_key, l AS join_key_l, r AS join_key_r FROM trial_arrays")
        con.unregister("trial_arrays")
        pairs = linker.table_management.register_table(name, f"{name}_pairs")
        linker.table_management.register_blocked_pairs_for_predict(pairs)
        frame = linker.inference.predict()
        left, right, weight = _columns(frame.as_duckdbpyrelation())
        frame.drop_table_from_database_and_remove_from_cache()
        order = np.lexsort((right, left))
        asked = np.lexsort((b, a))
        if not (np.array_equal(left[order], a[asked]) and np.array_equal(right[order], b[asked])):
            raise SystemExit("Splink returned other pairs than were registered")
        scored = np.empty(len(a), np.int64)
        scored[asked] = weight[order]
        return scored

    return score


# ── planted hubs ────────────────────────────────────────────────────────────────────────────────────────────


def planted_hubs() -> Case:
    """Return 200,000 records with 20 hubs; true pairs weigh about 9 bits, hub ties 4, others -6."""
    random = np.random.default_rng(SEED)
    size = random.choice(np.arange(1, 7), HUB_RECORDS, p=[0.45, 0.25, 0.12, 0.08, 0.06, 0.04])
    truth = np.repeat(np.arange(len(size)), size)[:HUB_RECORDS]
    truth[-HUBS:] = truth.max() + 1 + np.arange(HUBS)
    true_a, true_b = _true_pairs(truth)
    found = random.random(len(true_a)) < BLOCKED
    hub = np.repeat(np.arange(HUB_RECORDS - HUBS, HUB_RECORDS), HUB_TIES)
    spoke = random.integers(0, HUB_RECORDS - HUBS, len(hub))
    noise = random.integers(0, HUB_RECORDS, (2, 3 * HUB_RECORDS))
    low = np.concatenate([true_a[found], spoke, noise.min(axis=0)])
    high = np.concatenate([true_b[found], hub, noise.max(axis=0)])
    key = np.unique(low[low < high] * HUB_RECORDS + high[low < high])
    a, b = key // HUB_RECORDS, key % HUB_RECORDS
    place = random.permutation(HUB_RECORDS)  # so that hubs are not always the largest record
    tied = np.sort(spoke * HUB_RECORDS + hub)

    def weigh(one: Integers, other: Integers) -> Integers:
        """Weigh pairs of the original order by their own hash, so that a pair has one weight whoever asks."""
        noise = _bell(one * HUB_RECORDS + other)
        at = np.minimum(np.searchsorted(tied, one * HUB_RECORDS + other), len(tied) - 1)
        hubby = tied[at] == one * HUB_RECORDS + other
        bits = np.where(hubby, 4 + noise, -6 + 2.5 * noise)
        bits = np.where(truth[one] == truth[other], 9 + 3 * noise, bits)
        return np.rint(bits * BIT).astype(np.int64)

    back = np.argsort(place)

    def score(one: Integers, other: Integers) -> Integers:
        return weigh(np.minimum(back[one], back[other]), np.maximum(back[one], back[other]))

    edges = Edges(place[a], place[b], weigh(a, b), np.zeros(len(a), np.bool_))
    note = {
        "records": HUB_RECORDS,
        "blocked_pairs": len(a),
        "hubs": HUBS,
        "ties_a_hub": HUB_TIES,
        "seed": SEED,
    }
    return Case(truth[back], edges, score, note)


def _true_pairs(truth: Integers) -> tuple[Integers, Integers]:
    """Return the pairs within runs of equal truth, runs being of six records at most."""
    low, high = [], []
    for step in range(1, 6):
        row = np.flatnonzero(truth[step:] == truth[:-step])
        low.append(row)
        high.append(row + step)
    return np.concatenate(low), np.concatenate(high)


def _bell(key: Integers) -> NDArray[np.float64]:
    """Return about normal numbers (mean 0, deviation 1), as a pure function of the key: twelve uniforms."""
    total = np.zeros(len(key))
    state = key.astype(np.uint64)
    for _ in range(12):
        state = state + np.uint64(0x9E3779B97F4A7C15)
        mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        total += (mixed >> np.uint64(11)).astype(np.float64) / 2**53
    return total - 6


# ── command line ────────────────────────────────────────────────────────────────────────────────────────────


def show(name: str, report: dict[str, Any]) -> None:
    """Print one case as a table."""
    print(f"\n{name}: {report['note']}")
    print(f"components at their best threshold: {report['components']}")
    columns = list(report["rows"][0])
    print(" ".join(column.replace("seconds_", "s_")[:11].rjust(11) for column in columns))
    for row in report["rows"]:
        print(" ".join(str(row[column]).rjust(11) for column in columns))


def main() -> int:
    """Run the trial; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets")
    parser.add_argument("--only", choices=["historical", "hubs"], help="run one case")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    chosen = parser.parse_args()
    reports: dict[str, dict[str, Any]] = {}
    if chosen.only != "hubs":
        folder = chosen.data / "historical_50k"
        if not (folder / "historical.csv").is_file():
            print(f"{folder}: historical.csv is not there; say where the sets are with --data", file=sys.stderr)
            return 1
        case = historical(folder)
        rows = sweep(case, FLOORS, STOPS)
        reports["historical_50k"] = {"note": case.note, "components": best_components(case), "rows": rows}
    if chosen.only != "historical":
        case = planted_hubs()
        rows = sweep(case, FLOORS, STOPS)
        reports["planted_hubs"] = {"note": case.note, "components": best_components(case), "rows": rows}
    if chosen.json:
        print(json.dumps(reports, indent=1))
    else:
        for name, report in reports.items():
            show(name, report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
