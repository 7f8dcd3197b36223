"""Features: what of the canonical records comparisons, rules and rarity read; made once, for all that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.config.entity import parse_part
from linkage.engine.sql import quote
from linkage.matching.comparisons import KINDS, base_columns, columns_of, rarity_levels
from linkage.matching.rarity import counted, make_words, word_columns, word_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

LEAST_FREQUENCY = 1e-5


def feature_columns(model: Model) -> list[str]:
    """Return the sorted canonical columns that the model's comparisons and rules read."""
    used = {column for comparison in model.comparisons for column in columns_of(comparison).values()}
    used |= {parse_part(part).column for rule in model.rules for part in rule.on}
    return sorted(used)


def make_features(
    engine: Engine, model: Model, also: Sequence[str] = (), *, among: str | None = None, source: str | None = None
) -> None:
    """Write `feature.<type>`: the columns that count (`also` for training), the model's generic values taken out.

    `among` names a table of the records to write (column record); without it all are. A record's features are its own.
    `source` names a table that holds records as the canonical one does, which is read where it is not given.
    """
    entity_type = model.entity_type
    parts, values = feature_parts(model, engine.columns("canonical", entity_type), also)
    chosen = "" if among is None else f" WHERE record IN (SELECT record FROM {among})"
    source = source or f"canonical.{quote(entity_type)}"
    query = f"SELECT record, {', '.join(parts)} FROM {source}{chosen}"
    engine.create_as("feature", entity_type, query, values)


def feature_parts(
    model: Model, types: Mapping[str, str], also: Sequence[str] = ()
) -> tuple[list[str], dict[str, list[str]]]:
    """Return the expressions that make a record's features of its canonical columns (name → SQL type), and their parameters."""
    generic = model.generic.to_pydict()
    values = {
        f"generic_{column}": [v for c, v in zip(generic["column"], generic["value"], strict=True) if c == column]
        for column in model.generic_columns
    }
    parts = []
    for column in sorted({*feature_columns(model), *also}):
        name = quote(column)
        # What is made of a value goes with it: the last digits of a generic number say as little.
        sources = [source for source in sorted({column} | base_columns({column})) if values.get(f"generic_{source}")]
        if not sources:
            parts.append(name)
        elif types[column].endswith("[]"):
            says = " AND ".join(f"NOT list_contains($generic_{source}, x)" for source in sources)
            parts.append(f"list_filter({name}, lambda x: {says}) AS {name}")
        else:
            generic_too = " OR ".join(
                f"coalesce(list_contains($generic_{source}, {quote(source)}), FALSE)" for source in sources
            )
            parts.append(f"CASE WHEN {generic_too} THEN NULL ELSE {name} END AS {name}")
    parts += [f"{value} AS {quote(name)}" for name, value in rarity_values(model).items()]
    return parts, values


def make_frequencies(engine: Engine, model: Model, *, words: bool = True) -> None:
    """Write `feature.frequency_<type>_<column>`: for each value in the data, its share in the model's training data.

    One holder of the value is the pair itself and is taken off the count. A value that nobody else holds is as rare as
    half a record, but not rarer than the average agreement where the data are too few to tell. Shares below
    `LEAST_FREQUENCY` say nothing more about who it is and are held there. A name whose words are weighed is no rarer
    than its words together. Without `words` the features of words (`make_words`) are there already.
    """
    average = {
        column: model.chances[comparison.name][level].u
        for comparison in model.comparisons
        for column, level in rarity_levels(comparison).items()
    }
    if words:
        make_words(engine, model)
    with counted(engine, model, rarity_columns(model)) as known_counts:
        for column in rarity_columns(model):
            shares = "SELECT NULL AS value, NULL AS share"
            if column in word_columns(model):
                shares = f"FROM feature.{quote(f'share_{model.entity_type}_{column}')}"
            engine.create_as(
                "feature",
                f"frequency_{model.entity_type}_{column}",
                f"""
                SELECT seen.value AS {quote(column)},
                       greatest((greatest(coalesce(known.records, 1) - 1, 0) + least(0.5, $average * $total)) / $total, coalesce(share, 0), $least) AS {quote("tf_" + column)}
                FROM (SELECT DISTINCT {quote(column)} AS value FROM feature.{quote(model.entity_type)} WHERE {quote(column)} IS NOT NULL) AS seen
                LEFT JOIN ({shares}) AS words USING (value)
                LEFT JOIN (SELECT value, records FROM {known_counts} WHERE "column" = $column) AS known USING (value)
                """,
                {
                    "total": max(model.totals.get(column, 1), 1),
                    "least": LEAST_FREQUENCY,
                    "column": column,
                    "average": average[column],
                },
            )


def rarity_values(model: Model) -> dict[str, str]:
    """Return name → SQL of the features that exist only so that their rarity counts."""
    kinds = {comparison.kind: KINDS[comparison.kind] for comparison in model.comparisons if comparison.rarity}
    return {
        kind.rarity_column: kind.rarity_value for kind in kinds.values() if kind.rarity_column and kind.rarity_value
    }


def rarity_columns(model: Model) -> list[str]:
    """Return the sorted features whose values' rarity the model weighs."""
    return sorted({column for comparison in model.comparisons for column in rarity_levels(comparison)})


def compared_columns(model: Model) -> list[str]:
    """Return the features that comparing reads, rarity aside, in the order of Splink's input."""
    columns = sorted({column for comparison in model.comparisons for column in columns_of(comparison).values()})
    return [*columns, *rarity_values(model), *word_features(model)]
