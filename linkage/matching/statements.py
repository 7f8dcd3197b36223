"""Splink writes the statements that score pairs under a model.

It takes Splink half a second and more to write them, so `linkage.matching.prediction` keeps them: once a process, and in the base
for the next runs. All names in them are ours or hashes. Import this module inside functions only: loading Splink takes a second.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from splink import DuckDBAPI, Linker, SettingsCreator
from splink.blocking_rule_library import CustomRule
from splink.comparison_level_library import CustomLevel, ElseLevel
from splink.comparison_library import CustomComparison

from linkage.matching.comparisons import KINDS, levels_of, rarity_column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb
    from splink.internals.comparison_level_creator import ComparisonLevelCreator

    from linkage.config.entity import Comparison
    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

_CREATES = re.compile(r"\s*CREATE TABLE (\w+)\s", re.IGNORECASE)


def predict(
    engine: Engine,
    model: Model,
    names: tuple[str, str],
    lookups: Mapping[str, str],
    bits: float | None,
    *,
    intermediate: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Run Splink's predict; return the tables that it made, the result last, and the statements that made them.

    `names` are the views or tables of the records and of the blocked pairs, `lookups` column → that of its frequencies.
    """
    view, blocked = names
    api = _RecordingAPI(engine.connection)
    # What validation finds is only logged, and the levels are our own.
    settings = splink_settings(model, intermediate=intermediate)
    linker = Linker(api.register(view), settings, log_level=None, validate_settings=False)
    _keep_levels(linker)
    for column, lookup in lookups.items():
        linker.table_management.register_term_frequency_lookup(api.register(lookup), column)
    linker.table_management.register_blocked_pairs_for_predict(api.register(blocked))
    result = linker.inference.predict(threshold_match_weight=bits, warning_mode="never")
    tables = (*(name for name in api.made if name != result.physical_name), result.physical_name)
    return tables, tuple(api.statements)


class _RecordingAPI(DuckDBAPI):
    """Splink's connection to the engine, which keeps the statements that make tables.

    `made` are the tables in the order in which they were made, `statements` what makes them.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection)
        self.made: list[str] = []
        self.statements: list[str] = []

    def _execute_sql_against_backend(self, final_sql: str) -> Any:
        found = _CREATES.match(final_sql)
        if found:
            self.made.append(found[1])
            self.statements.append(f"DROP TABLE IF EXISTS {found[1]}")
            self.statements.append(final_sql)
        return super()._execute_sql_against_backend(final_sql)


def splink_settings(model: Model, *, intermediate: bool = False) -> SettingsCreator:
    """Return the model as Splink settings: our levels, with the model's m and u put in."""
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        probability_two_random_records_match=model.match_rate,
        comparisons=[_comparison(model, comparison) for comparison in model.comparisons],
        blocking_rules_to_generate_predictions=[CustomRule("1=1")],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=intermediate,
    )


def _keep_levels(linker: Linker) -> None:
    """Make `predict` return the level numbers without the compared values, as Splink does for its own training.

    Splink 5.0 has no public way to keep levels alone; keeping the values with them makes the result five times as wide.
    """
    for comparison in linker._settings_obj.comparisons:  # noqa: SLF001
        own = comparison._columns_to_select_for_predict  # noqa: SLF001
        setattr(comparison, "_columns_to_select_for_predict", partial(_with_levels, own))  # noqa: B010


def _with_levels(own: Callable[..., list[str]], matching: bool, intermediate: bool, _training: bool) -> list[str]:
    return own(matching, intermediate, training_mode=True)


def _comparison(model: Model, comparison: Comparison) -> CustomComparison:
    creators: list[ComparisonLevelCreator | dict[str, Any]] = []
    for level in levels_of(comparison):
        creator: ComparisonLevelCreator
        creator = ElseLevel() if level.test == "ELSE" else CustomLevel(level.test, label_for_charts=level.name)
        if level.name not in model.chances[comparison.name]:
            creators.append(creator.configure(is_null_level=True))
            continue
        chances = model.chances[comparison.name][level.name]
        creator = creator.configure(m_probability=chances.m, u_probability=chances.u)
        column = rarity_column(comparison, level)
        if column is not None:
            creator = creator.configure(
                tf_adjustment_column=column,
                tf_adjustment_weight=level.rarity,
                # What is no column has no test of equality that Splink could find: the level's own u is the base.
                disable_tf_exact_match_detection=bool(level.rare) or KINDS[comparison.kind].rarity_value is not None,
            )
        creators.append(creator)
    return CustomComparison(creators, output_column_name=comparison.name, comparison_description=comparison.describe)
