"""Bare Splink 5 on our canonical columns: what a careful notebook reaches, to hold our own figures against.

One recipe an entity type: comparisons of Splink's own library, equality blocking rules, and the usual
training (prior by deterministic rules, u by random sampling, m by EM on a few rules). A comparison or rule
whose columns the data lack, or hold one value only, drops out by itself; so does a rule that would make more
than `PAIRS_PER_RECORD` pairs a record. Nothing of our own models, constraints or clustering is in here.

Splink works in a database of its own in memory, filled through Arrow, so that nothing of it is left behind in
the caller's database and nothing it caches can be shared by accident.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.exceptions import SplinkException

from linkage.engine.sql import literal, qualified, quote
from linkage.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from splink.internals.blocking_rule_creator import BlockingRuleCreator
    from splink.internals.comparison_creator import ComparisonCreator

LOWEST_WEIGHT = -10.0
PAIRS_PER_RECORD = 100
PAIRS_ALWAYS_ALLOWED = 2_000_000
RECALL_OF_DETERMINISTIC_RULES = 0.7
BOTH_NAMES = 0.9

Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How bare Splink is set up for a type: columns as SQL on the canonical table, and rules as column lists.

    `comparisons` gives for each needed set of columns the comparison that is made when all of them say
    something.
    """

    columns: Mapping[str, str]
    comparisons: tuple[tuple[Columns, Callable[[], ComparisonCreator]], ...]
    blocking: tuple[Columns, ...]
    certain: tuple[Columns, ...]
    training: tuple[Columns, ...]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many random pairs u is estimated on (Splink's default; half takes half as long), and the seed."""

    u_pairs: int = 1_000_000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class BareSplink:
    """The scored pairs and how they came about.

    `pairs` has record_l < record_r (BIGINT, the table's own record numbers) and match_weight (DOUBLE, bits),
    ordered by record; `comparisons` and `rules` are what was used, `untrained` the EM rules that failed.
    """

    pairs: pa.Table
    comparisons: tuple[str, ...]
    rules: tuple[Columns, ...]
    untrained: tuple[Columns, ...]
    seconds: float


_PLACE = {
    "phones": "phones",
    "phone": "phones[1]",
    "email": "emails[1]",
    "house_number": "house_number",
    "street": "street",
    "address": "nullif(concat_ws(' ', house_number, street), '')",
    "address_start": "nullif(substr(concat_ws(' ', house_number, street), 1, 10), '')",
    "city": "city",
    "postcode": "postcode",
}

_PLACE_COMPARISONS: tuple[tuple[Columns, Callable[[], ComparisonCreator]], ...] = (
    (("phones",), lambda: cl.ArrayIntersectAtSizes("phones", [1])),
    (("email",), lambda: cl.EmailComparison("email")),
    (("postcode",), lambda: cl.LevenshteinAtThresholds("postcode", [1, 2])),
    (("city",), lambda: cl.JaroWinklerAtThresholds("city", [0.9])),
)

PERSON = Recipe(
    columns={
        **_PLACE,
        "given_name": "given_name",
        "surname": "surname",
        "full_name": "given_name || ' ' || surname",
        "middle_initial": "substr(middle_name, 1, 1)",
        "birth_date": "birth_date",
        "birth_year": "birth_year",
        "ssn": "ssn",
        "sex": "sex",
        "birth_place": "birth_place",
        "occupation": "occupation",
    },
    comparisons=(
        (
            ("given_name", "surname", "full_name"),
            lambda: cl.ForenameSurnameComparison("given_name", "surname", forename_surname_concat_col_name="full_name"),
        ),
        (("birth_date",), lambda: cl.DateOfBirthComparison("birth_date", input_is_string=False)),
        (("ssn",), lambda: cl.DamerauLevenshteinAtThresholds("ssn", [1, 2])),
        (("middle_initial",), lambda: cl.ExactMatch("middle_initial")),
        (("sex",), lambda: cl.ExactMatch("sex")),
        (("address",), lambda: cl.JaroWinklerAtThresholds("address", [0.95, 0.88])),
        *_PLACE_COMPARISONS,
        (
            ("birth_place",),
            lambda: cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
        ),
        (
            ("occupation",),
            lambda: cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ),
    ),
    blocking=(
        ("ssn",),
        ("given_name", "surname"),
        ("surname", "birth_date"),
        ("given_name", "birth_date"),
        ("email",),
        ("phone",),
        ("postcode", "surname"),
        ("postcode", "given_name"),
        ("address", "surname"),
        ("address", "given_name"),
        ("birth_date", "postcode"),
        ("birth_date", "address"),
        ("birth_date", "birth_place"),
        ("birth_year", "postcode"),
        ("surname", "birth_place"),
    ),
    certain=(("ssn",), ("given_name", "surname", "birth_date"), ("email", "surname")),
    training=(("given_name", "surname"), ("birth_date",), ("ssn",)),
)

BUSINESS = Recipe(
    columns={
        **_PLACE,
        "name_core": "name_core",
        "name_start": "substr(name_core, 1, 5)",
        "tax_id": "tax_id",
        "domain": "domain",
    },
    comparisons=(
        (("name_core",), lambda: cl.NameComparison("name_core")),
        (("tax_id",), lambda: cl.DamerauLevenshteinAtThresholds("tax_id", [1])),
        (("domain",), lambda: cl.ExactMatch("domain")),
        (("house_number",), lambda: cl.LevenshteinAtThresholds("house_number", [1])),
        (("street",), lambda: cl.JaroWinklerAtThresholds("street", [0.95, 0.88])),
        *_PLACE_COMPARISONS,
    ),
    blocking=(
        ("tax_id",),
        ("name_core",),
        ("domain",),
        ("phone",),
        ("postcode", "name_start"),
        ("address_start",),
        ("city", "name_start"),
        ("house_number", "name_start"),
    ),
    certain=(("tax_id",), ("name_core", "address"), ("name_core", "phone")),
    training=(("name_core",), ("address",), ("phone",)),
)

ACCOUNT = Recipe(
    columns={
        "number": "number",
        "number_tail": "number_tail",
        "iban": "iban",
        "institution": "institution",
        "account_type": "account_type",
        "holder": "holders[1]",
    },
    comparisons=(
        (("number",), lambda: cl.LevenshteinAtThresholds("number", [1, 2])),
        (("number_tail",), lambda: cl.ExactMatch("number_tail")),
        (("iban",), lambda: cl.LevenshteinAtThresholds("iban", [1, 2])),
        (
            ("institution",),
            lambda: cl.ExactMatch("institution").configure(term_frequency_adjustments=True),
        ),
        (("account_type",), lambda: cl.ExactMatch("account_type")),
        (("holder",), lambda: cl.JaroWinklerAtThresholds("holder", [0.92, 0.8])),
    ),
    blocking=(
        ("number",),
        ("iban",),
        ("institution", "number_tail"),
        ("holder", "number_tail"),
        ("holder", "institution"),
    ),
    certain=(("number", "institution"), ("iban",), ("number", "holder")),
    training=(("number",), ("holder",), ("institution", "number_tail")),
)

RECIPES: Mapping[str, Recipe] = {"person": PERSON, "business": BUSINESS, "account": ACCOUNT}


def bare_splink(
    connection: duckdb.DuckDBPyConnection, table: str, entity_type: str, *, sampling: Sampling | None = None
) -> BareSplink:
    """Train Splink on a canonical table without labels and score its candidate pairs.

    `table` is `name` or `schema.name` and holds the canonical columns of its type and `record BIGINT`,
    unique. Reads it and changes nothing. Pairs under -10 bits are left out. Raises DataError for an unknown
    type or when a needed column is missing.
    """
    started = time.perf_counter()
    if entity_type not in RECIPES:
        message = f"no baseline for entity type {entity_type!r}: use one of {', '.join(RECIPES)}"
        raise DataError(message)
    recipe, sampling = RECIPES[entity_type], sampling or Sampling()
    with _quiet(), duckdb.connect(":memory:") as own:
        _fill(own, connection, table, recipe)
        records = _records(own)
        telling = _telling_columns(own, recipe)
        rules = _usable(own, recipe.blocking, telling, records)
        comparisons = _comparisons(own, recipe, telling)
        if not rules or not comparisons:
            return BareSplink(_no_pairs(), (), (), (), time.perf_counter() - started)
        linker = _linker(own, comparisons, rules)
        untrained = _train(own, linker, recipe, telling, sampling)
        found = linker.inference.predict(threshold_match_weight=LOWEST_WEIGHT, warning_mode="never")
        pairs = _pairs(own, found.physical_name)
    names = tuple(comparison.create_output_column_name() or "" for comparison in comparisons)
    return BareSplink(pairs, names, tuple(rules), untrained, time.perf_counter() - started)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Splink's progress and advice off the screen; its own logger only, put back afterwards."""
    logger = logging.getLogger("splink")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _fill(own: duckdb.DuckDBPyConnection, source: duckdb.DuckDBPyConnection, table: str, recipe: Recipe) -> None:
    """Copy the recipe's columns into table `records` of Splink's own database, under the caller's limits."""
    schema, _, name = table.rpartition(".")
    relation = qualified(schema, name) if schema else quote(name)
    columns = ", ".join(f"{sql} AS {quote(column)}" for column, sql in recipe.columns.items())
    try:
        found = source.sql(f"SELECT record AS unique_id, {columns} FROM {relation} ORDER BY record")
        arrow = found.to_arrow_table()
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        message = f"{table} cannot be read as a canonical table with record numbers: {error}"
        raise DataError(message) from error
    settings = "SELECT current_setting('threads'), current_setting('memory_limit'), current_setting('temp_directory')"
    threads, memory, spill = source.sql(settings).fetchall()[0]
    own.sql(f"SET threads = {int(threads)}")
    own.sql(f"SET memory_limit = {literal(memory)}")
    if spill:
        own.sql(f"SET temp_directory = {literal(spill)}")
    own.register("incoming", arrow)
    own.sql("CREATE TABLE records AS SELECT * FROM incoming ORDER BY unique_id")
    own.unregister("incoming")


def _records(own: duckdb.DuckDBPyConnection) -> int:
    total, distinct = own.sql("SELECT count(*), count(DISTINCT unique_id) FROM records").fetchall()[0]
    if total != distinct:
        message = f"record numbers are not unique or missing: {distinct} different ones on {total} records"
        raise DataError(message)
    return int(total)


def _telling_columns(own: duckdb.DuckDBPyConnection, recipe: Recipe) -> frozenset[str]:
    """Return the columns that hold at least two different values."""
    counts = ", ".join(f"count(DISTINCT {quote(column)})" for column in recipe.columns)
    row = own.sql(f"SELECT {counts} FROM records").fetchall()[0]
    return frozenset(column for column, count in zip(recipe.columns, row, strict=True) if count > 1)


def _usable(
    own: duckdb.DuckDBPyConnection, rules: Sequence[Columns], telling: frozenset[str], records: int
) -> list[Columns]:
    """Return the rules whose columns say something and that make some pairs, but not far too many."""
    limit = max(PAIRS_ALWAYS_ALLOWED, PAIRS_PER_RECORD * records)
    return [rule for rule in rules if telling.issuperset(rule) and 0 < _pairs_of(own, rule) <= limit]


def _pairs_of(own: duckdb.DuckDBPyConnection, rule: Columns) -> int:
    """Return the number of pairs that agree on all columns of the rule, exact, without making them."""
    present = " AND ".join(f"{quote(column)} IS NOT NULL" for column in rule)
    keys = ", ".join(quote(column) for column in rule)
    blocks = f"SELECT count(*) AS size FROM records WHERE {present} GROUP BY {keys}"
    sql = f"SELECT coalesce(sum(size * (size - 1) // 2), 0)::BIGINT FROM ({blocks})"
    return int(own.sql(sql).fetchall()[0][0])


def _comparisons(own: duckdb.DuckDBPyConnection, recipe: Recipe, telling: frozenset[str]) -> list[ComparisonCreator]:
    """Return the comparisons whose columns say something.

    Splink's joint name comparison counts a missing given name as disagreement, so where one of the two is
    often missing each name is compared by itself.
    """
    made: list[ComparisonCreator] = []
    for columns, make in recipe.comparisons:
        joint = "full_name" in columns
        if telling.issuperset(columns) and (not joint or _share_of_both_names(own) >= BOTH_NAMES):
            made.append(make())
        elif joint:
            made.extend(cl.NameComparison(name) for name in columns[:2] if name in telling)
    return made


def _share_of_both_names(own: duckdb.DuckDBPyConnection) -> float:
    sql = "SELECT count(full_name), count(coalesce(given_name, surname)) FROM records"
    both, either = own.sql(sql).fetchall()[0]
    return float(both / either) if either else 0.0


def _linker(own: duckdb.DuckDBPyConnection, comparisons: list[ComparisonCreator], rules: list[Columns]) -> Linker:
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=list(comparisons),
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    return Linker(DuckDBAPI(own).register("records"), settings, log_level=None)


def _train(
    own: duckdb.DuckDBPyConnection,
    linker: Linker,
    recipe: Recipe,
    telling: frozenset[str],
    sampling: Sampling,
) -> tuple[Columns, ...]:
    """Train without labels; return the EM rules that had nothing to learn from: defaults stay there."""
    records = _records(own)
    certain: list[str | BlockingRuleCreator] = [
        block_on(*rule) for rule in _usable(own, recipe.certain, telling, records)
    ]
    training = linker.training
    if certain:
        try:
            training.estimate_probability_two_random_records_match(certain, RECALL_OF_DETERMINISTIC_RULES)
        except ValueError:
            logging.getLogger(__name__).info("bare Splink keeps its default prior: rules agree too often")
    training.estimate_u_using_random_sampling(
        max_pairs=sampling.u_pairs, seed=sampling.seed, min_count_per_level=None, num_chunks=1
    )
    failed: list[Columns] = []
    for rule in _usable(own, recipe.training, telling, records):
        try:
            training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
        except (SplinkException, ValueError, ZeroDivisionError):
            failed.append(rule)
    return tuple(failed)


def _pairs(own: duckdb.DuckDBPyConnection, predictions: str) -> pa.Table:
    columns = """
        least(unique_id_l, unique_id_r)::BIGINT AS record_l,
        greatest(unique_id_l, unique_id_r)::BIGINT AS record_r,
        match_weight::DOUBLE AS match_weight
    """
    return own.table(predictions).select(columns).order("record_l, record_r").to_arrow_table()


def _no_pairs() -> pa.Table:
    types = {"record_l": pa.int64(), "record_r": pa.int64(), "match_weight": pa.float64()}
    return pa.table({name: pa.array([], kind) for name, kind in types.items()})
