"""How rare values and words are: counted over entities, nearly, at training; frozen in the model, weighed in features.

A value's records are not its entities: one firm with many records does not make its name common, and a phone at many
houses is a switchboard. So a value is counted by what tells its holders apart (`training.counted_by`).

The words of a name are weighed twice, in 1/16 bit. `own` is how rare the word is in itself: what it costs when the other
name lacks it. `adds` is what it adds to the words before it (the chain rule of information): all names of a club's
branches start alike, so after its first word the others of the club add nothing, and what two branches share is worth
what telling the club is worth. A word never adds more than it is rare.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.engine.sql import comma, literal, quote
from linkage.matching.comparisons import rarity_levels, words_column
from linkage.matching.keyed import keyed_parameters, keyed_sql
from linkage.matching.levels import TELLING, UNITS
from linkage.matching.model import FREQUENCY_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linkage.config.entity import Training
    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

LEAST_NAMES = 1000
"""Fewer names than this cannot tell how common a word is: it is taken to be as rare as among so many."""
_STARTS = 6
_NUMBER = "[0-9]+[a-z]?|i{1,3}|iv|vi{0,3}|ix|x"
_CUT = "[a-z][b-df-hj-np-tv-z]{2,}"
PLACES = ("street", "city")
"""Columns whose words say nothing more in a name: where the address agrees, they agree too."""


def word_columns(model: Model) -> list[str]:
    """Return the sorted canonical columns whose words the model's comparisons weigh."""
    found = {words_column(comparison) for comparison in model.comparisons}
    return sorted(column for column in found if column is not None)


def word_features(model: Model) -> list[str]:
    """Return the features that weighing words makes: the weighed words and the name without spaces."""
    return [f"{column}{end}" for column in word_columns(model) for end in ("_joined", "_words")]


def count_values(engine: Engine, model: Model, training: Training) -> dict[str, Any]:
    """Count anew the values and words that `counted_by` names, in `feature.<type>`; the model's other counts stay.

    Returns the fields `frequencies` and `totals` of the model.
    """
    known = engine.columns("feature", model.entity_type)
    selects: list[str] = []
    totals = dict(model.totals)
    source = f"feature.{quote(model.entity_type)}"
    recounted: list[str] = []
    weighed = {column for comparison in model.comparisons for column in rarity_levels(comparison)}
    words = word_columns(model)
    for column in sorted(weighed | set(words)):
        views = [key for key in training.counted_by.get(column, ()) if set(key) <= set(known)]
        if column in weighed and views:
            selects.append(_counted(column, f"(SELECT *, {quote(column)} AS value FROM {source})", views))
            recounted.append(column)
        if column in words:
            selects.append(_counted(f"{column}_word", _words(source, column), views))
            selects.append(_counted(f"{column}_start", _starts(source, column), views))
            selects.append(_counted(f"{column}_words", f"(SELECT *, {quote(column)} AS value FROM {source})", views))
    if not selects:
        return {}
    engine.create_as("training", "counted", " UNION ALL ".join(selects))
    for name, total in engine.rows('SELECT "column", CAST(sum(records) AS BIGINT) FROM training.counted GROUP BY ALL'):
        totals[name] = int(total)
    kept = engine.arrow(
        "SELECT * FROM training.counted WHERE records > 1 AND NOT ends_with(\"column\", '_words') ORDER BY ALL"
    ).cast(FREQUENCY_SCHEMA)
    engine.run("DROP TABLE training.counted")
    others = model.frequencies.filter(
        pa.compute.invert(pa.compute.is_in(model.frequencies["column"], pa.array(recounted, pa.string())))
    )
    table = pa.concat_tables([others, kept]).sort_by([("column", "ascending"), ("value", "ascending")])
    return {"frequencies": table.combine_chunks(), "totals": dict(sorted(totals.items()))}


def _counted(name: str, source: str, views: Sequence[Sequence[str]]) -> str:
    """The entities that hold each value, nearly: how many ways of a view there are, were all as common as each other.

    That is the square of the records over the sum of squares (Simpson), so that a way of writing that occurs once
    among many is not taken for another holder. Of several views the one that tells most apart counts. Where none tells of
    two records, the holders may be one or as many as the records: their root.
    """
    head = f'SELECT {literal(name)} AS "column", value, CAST(greatest(1, round({{number}})) AS BIGINT) AS records'
    if not views:
        return f"{head.format(number='sqrt(count(*))')} FROM {source} WHERE value IS NOT NULL GROUP BY value"
    keys = [
        f"SELECT value, {place} AS place, CASE WHEN {' AND '.join(f'{quote(c)} IS NOT NULL' for c in view)} THEN hash({comma(view)}) END AS key FROM {source}"
        for place, view in enumerate(views)
    ]
    ways = f"SELECT value, place, key, count(*) AS ways FROM ({' UNION ALL '.join(keys)}) WHERE value IS NOT NULL GROUP BY ALL"
    told = "FILTER (key IS NOT NULL)"
    seen = (
        f"SELECT value, CAST(sum(ways) AS BIGINT) AS every, CASE WHEN sum(ways) {told} > 1 "
        f"THEN pow(sum(ways) {told}, 2) / sum(ways * ways) {told} END AS apart FROM ({ways}) GROUP BY value, place"
    )
    return f"{head.format(number='coalesce(max(apart), sqrt(max(every)))')} FROM ({seen}) GROUP BY value"


def _words(source: str, column: str) -> str:
    return f"(SELECT *, unnest(list_distinct(string_split({quote(column)}, ' '))) AS value FROM {source} WHERE {quote(column)} IS NOT NULL)"


def _starts(source: str, column: str) -> str:
    return f"(SELECT *, unnest({_starts_of(quote(column))}) AS value FROM {source} WHERE {quote(column)} IS NOT NULL)"


def _starts_of(name: str) -> str:
    split = f"string_split({name}, ' ')"
    return f"list_transform(range(1, least(len({split}), {_STARTS}) + 1), lambda n: array_to_string({split}[1:n], ' '))"


def counted_rows(model: Model, names: Sequence[str]) -> dict[str, str]:
    """Return name of a count → the rows that it counts, with `value` and `record`, in `feature.<type>`."""
    source, found = f"feature.{quote(model.entity_type)}", {}
    parts = {
        f"{column}_{end}": (how, column)
        for column in word_columns(model)
        for end, how in (("word", _words), ("start", _starts))
    }
    for name in sorted(names):
        how, column = parts.get(name, (_whole, name))
        found[name] = how(source, column)
    return found


@contextmanager
def counted(engine: Engine, model: Model, names: Sequence[str]) -> Iterator[str]:
    """Give the name of a table (column, value, records) for the block: what the model counted of the values in `feature.<type>`.

    `names` are the counts to look at; where the model's values stand as they are, the table holds all of them.
    """
    with engine.registered("model_frequency", model.frequencies):
        if model.key is None or not names:
            yield "model_frequency"
            return
        told = " UNION ALL ".join(
            f'SELECT DISTINCT {literal(name)} AS "column", CAST(value AS VARCHAR) AS value FROM {source}'
            for name, source in counted_rows(model, names).items()
        )
        table = f"counted_{model.entity_type}"
        engine.create_as(
            "feature",
            table,
            f"""
            SELECT told."column", told.value, known.records
            FROM (SELECT *, {keyed_sql(model.key, "value")} AS hash FROM ({told}) WHERE value IS NOT NULL) AS told
            JOIN model_frequency AS known ON known."column" = told."column" AND known.value = told.hash
            """,
            keyed_parameters(model.key),
        )
    yield f"feature.{quote(table)}"
    engine.run(f"DROP TABLE feature.{quote(table)}")


def _whole(source: str, column: str) -> str:
    return f"(SELECT *, {quote(column)} AS value FROM {source} WHERE {quote(column)} IS NOT NULL)"


def parts_of(column: str, name: str) -> set[tuple[str, str]]:
    """Return the counted parts of one name, (name of the count, value), as `_words` and `_starts` count them."""
    words = name.split(" ")
    starts = {" ".join(words[:end]) for end in range(1, min(len(words), _STARTS) + 1)}
    return {(f"{column}_word", word) for word in words} | {(f"{column}_start", start) for start in starts}


def name_features(
    column: str, name: str, here: Sequence[str | None], counts: Mapping[tuple[str, str], int], total: int
) -> tuple[list[dict[str, Any]], float]:
    """Return the words of one name and its share, as `make_words` makes them of a table (tests hold the two together).

    here: street and city of the record; counts: what the model counted of each of `parts_of`; total: `<column>_words` of
    the model's totals. For a single name planning those statements costs a hundred times what they do.
    """
    of = max(total, LEAST_NAMES)
    names = name.split(" ")
    begun: list[int | None] = [
        _one_bits(counts.get((f"{column}_start", " ".join(names[: place + 1])), 1), of) if place < _STARTS else None
        for place in range(len(names))
    ]
    found: dict[str, dict[str, Any]] = {}
    for place, word in enumerate(names):
        told = _one_bits(counts.get((f"{column}_word", word), 1), of)
        before, so_far = begun[place - 1] if place else 0, begun[place]
        more = so_far - before if so_far is not None and before is not None else 0
        own = max(told, TELLING if re.fullmatch(_NUMBER, word) else 0)
        one = found.setdefault(word, {"word": word, "cut": None, "own": own, "alone": 0, "adds": 0})
        one["own"], one["alone"] = max(one["own"], own), max(one["alone"], told)
        one["adds"] = max(one["adds"], min(told, more))
        if re.fullmatch(_CUT, word):
            one["cut"] = "".join(f"{letter}%" for letter in word)
    share = math.pow(2, -sum(one["adds"] for one in found.values()) / UNITS)
    around = " ".join(["", *(part for part in here if part is not None), ""])
    for one in found.values():
        if f" {one['word']} " in around:
            one["alone"] = one["adds"] = 0
    return list(found.values()), share


def _one_bits(records: int, total: int) -> int:
    return math.floor(UNITS * math.log2(total / max(records - 1, 0.5)) + 0.5)


def _bits(records: str, total: str) -> str:
    """Rarity in units: one holder is the pair itself and is off the count; what nobody else holds counts half."""
    return f"CAST(round({UNITS} * log2({total} / greatest(coalesce({records}, 1) - 1, 0.5))) AS INTEGER)"


def make_words(engine: Engine, model: Model) -> None:
    """Add to `feature.<type>` for each column whose words count `<column>_words` and `<column>_joined`.

    Words are (word, cut, own, alone, adds), in order; a word that stands twice counts once. `cut` is what a word without vowels
    may stand for, as a pattern: `cntr` for what has these letters in this order. A number
    tells branches apart however common it is: lacking it costs at least as much as lacking a telling word. A word of the
    record's own street or city adds nothing, nor counts alone: where the address agrees it agrees too. `feature.share_<type>_<column>` (value, share) says what share of names hold all words of a name.
    """
    source = f"feature.{quote(model.entity_type)}"
    known = engine.columns("feature", model.entity_type)
    for column in word_columns(model):
        total = max(model.totals.get(f"{column}_words", 0), LEAST_NAMES)
        made = [f"{column}_joined", f"{column}_words"]
        kept = [name for name in known if name not in made]
        here = f"concat_ws(' ', '', {', '.join(quote(place) for place in PLACES if place in known) or 'NULL'}, '')"
        with counted(engine, model, [f"{column}_start", f"{column}_word"]) as known_counts:
            engine.create_as(
                "feature",
                f"words_{model.entity_type}_{column}",
                f"""
                WITH named AS (
                    SELECT DISTINCT {quote(column)} AS name FROM {source} WHERE {quote(column)} IS NOT NULL
                ), word AS (
                    SELECT name, unnest(string_split(name, ' ')) AS word, unnest({_starts_of("name")}) AS start,
                           generate_subscripts(string_split(name, ' '), 1) AS place
                    FROM named
                ), told AS (
                    SELECT name, word, place, {_bits("common.records", "$total")} AS own,
                           CASE WHEN start IS NOT NULL THEN {_bits("begun.records", "$total")} END AS so_far
                    FROM word
                    LEFT JOIN {known_counts} AS common ON common."column" = $word AND common.value = word.word
                    LEFT JOIN {known_counts} AS begun ON begun."column" = $start AND begun.value = word.start
                ), added AS (
                    SELECT name, word, place, greatest(own, 0) AS alone,
                           greatest(own, CASE WHEN regexp_full_match(word, $number) THEN $telling ELSE 0 END) AS own,
                           greatest(least(own, coalesce(so_far - lag(so_far, 1, 0) OVER (PARTITION BY name ORDER BY place), 0)), 0) AS adds
                    FROM told
                ), once AS (
                    SELECT name, word, min(place) AS place, max(own) AS own, max(alone) AS alone, max(adds) AS adds FROM added GROUP BY name, word
                )
                SELECT name, list({{
                    'word': word, 'cut': CASE WHEN regexp_full_match(word, $cut) THEN regexp_replace(word, '(.)', '\\1%', 'g') END,
                    'own': own, 'alone': alone, 'adds': adds
                }} ORDER BY place) AS words FROM once GROUP BY name
                """,
                {
                    "total": float(total),
                    "word": f"{column}_word",
                    "start": f"{column}_start",
                    "number": _NUMBER,
                    "telling": TELLING,
                    "cut": _CUT,
                },
            )
        words = quote(f"words_{model.entity_type}_{column}")
        engine.create_as(
            "feature",
            f"share_{model.entity_type}_{column}",
            f"SELECT name AS value, pow(2, -list_sum(list_transform(words, lambda x: x.adds)) / {UNITS}) AS share FROM feature.{words}",
        )
        there = f"contains({here}, ' ' || x.word || ' ')"
        engine.create_as(
            "feature",
            model.entity_type,
            f"""
            SELECT {comma(kept)}, replace({quote(column)}, ' ', '') AS {quote(made[0])},
                   list_transform(w.words, lambda x: {{
                       'word': x.word, 'cut': x.cut, 'own': x.own,
                       'alone': CASE WHEN {there} THEN 0 ELSE x.alone END, 'adds': CASE WHEN {there} THEN 0 ELSE x.adds END
                   }}) AS {quote(made[1])}
            FROM {source} AS f LEFT JOIN feature.{words} AS w ON w.name = f.{quote(column)} ORDER BY record
            """,
        )
        engine.run(f"DROP TABLE feature.{words}")
