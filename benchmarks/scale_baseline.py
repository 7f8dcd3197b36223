"""The fixed baseline of `scale.py`, a process of its own: bare Splink 5 on a file of standardised persons.

    python benchmarks/scale_baseline.py PERSONS.parquet MEMORY_LIMIT

Eight comparisons, six rules, one training, whatever the data: load, λ, u, three EM runs, predict, components.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 2
MATCH_WEIGHT = 3.0
COLUMNS = {
    "given_name": "given_name",
    "surname": "surname",
    "birth_date": "birth_date",
    "ssn": "ssn",
    "phone": "phones[1]",
    "email": "emails[1]",
    "street": "nullif(concat_ws(' ', house_number, street), '')",
    "postcode": "postcode",
}
RULES = (
    ("ssn",),
    ("phone",),
    ("email",),
    ("surname", "birth_date"),
    ("given_name", "birth_date"),
    ("surname", "street"),
)
# Narrow rules, so that their pairs grow as the records do; between them every comparison is free once.
TRAINING = (("ssn",), ("surname", "birth_date"), ("phone",))


def main() -> None:
    """Run the baseline and print its seconds by stage as JSON."""
    persons, memory = sys.argv[1:]
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="linkage-baseline-", dir=Path(persons).parent) as folder:
        print(json.dumps(baseline(persons, memory, Path(folder))))


def baseline(persons: str, memory: str, folder: Path) -> dict[str, Any]:
    """Return records, pairs, clusters and the seconds of each stage."""
    stages: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        stages[name] = round(stages.get(name, 0.0) + time.perf_counter() - start, 2)

    with duckdb.connect(str(folder / "baseline.duckdb")) as connection:
        connection.execute("SET threads = $threads", {"threads": THREADS})
        connection.execute("SET memory_limit = $memory", {"memory": memory})
        connection.execute("SET temp_directory = $folder", {"folder": str(folder)})
        with stage("load"):
            columns = ", ".join(f"{sql} AS {name}" for name, sql in COLUMNS.items())
            connection.execute(
                f"CREATE TABLE records AS SELECT record AS unique_id, {columns} FROM read_parquet($persons)",
                {"persons": persons},
            )
            linker = Linker(DuckDBAPI(connection).register("records"), _settings(), log_level=None)
        with stage("train"):
            training = linker.training
            training.estimate_probability_two_random_records_match(
                [block_on("ssn"), block_on("given_name", "surname", "birth_date")], recall=0.7
            )
            training.estimate_u_using_random_sampling(
                max_pairs=1_000_000, seed=1, min_count_per_level=None, num_chunks=1
            )
            for rule in TRAINING:
                training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
        with stage("predict"):
            pairs = linker.inference.predict(threshold_match_weight=-10, warning_mode="never")
        with stage("components"):
            clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
                pairs, threshold_match_weight=MATCH_WEIGHT
            )
        count = "SELECT count(*) FROM {}"
        return {
            "records": connection.sql(count.format("records")).fetchall()[0][0],
            "pairs": connection.sql(count.format(pairs.physical_name)).fetchall()[0][0],
            "clusters": connection.sql(f"SELECT count(DISTINCT cluster_id) FROM {clusters.physical_name}").fetchall()[
                0
            ][0],
            "stages": stages,
        }


def _settings() -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("given_name", [0.92, 0.8]),
            cl.JaroWinklerAtThresholds("surname", [0.92, 0.8]),
            cl.DateOfBirthComparison("birth_date", input_is_string=False),
            cl.DamerauLevenshteinAtThresholds("ssn", [1, 2]),
            cl.ExactMatch("phone"),
            cl.ExactMatch("email"),
            cl.JaroWinklerAtThresholds("street", [0.95, 0.88]),
            cl.LevenshteinAtThresholds("postcode", [1]),
        ],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in RULES],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


if __name__ == "__main__":
    main()
