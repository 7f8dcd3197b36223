"""A session: what lookups of one type share, held open; and the answer to each record that is asked.

A record is standardised, keyed and weighed by the statements of a run (rule R1), over one row instead of all; candidates
come from the index of the audience's release alone (rule R7).
"""

from __future__ import annotations

import json
import math
import re
import threading
import weakref
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from linkage.config.entity import BITS
from linkage.config.project import CENTRE
from linkage.engine.duckdb import Engine
from linkage.engine.sql import quote
from linkage.engine.standing import MOST_ROWS, Standing
from linkage.lookup.asked import mapped_rows, mapped_schema
from linkage.lookup.index import Index, find, prepare
from linkage.matching.blocking import row_keys
from linkage.matching.comparisons import levels_of, rarity_levels
from linkage.matching.features import LEAST_FREQUENCY, feature_columns, feature_parts, rarity_values
from linkage.matching.keyed import keyed_parameters, keyed_sql, keyed_value
from linkage.matching.pairwise import RELATION
from linkage.matching.patterns import PATTERN_BITS
from linkage.matching.rarity import PLACES, name_features, parts_of, word_columns
from linkage.sharing.audit import record_look, stated_purpose
from linkage.stages.reread import read_again
from linkage.stages.standardiser import usable
from linkage.standardise import CANONICAL, install, install_letters
from linkage.standardise.letters import OTHER_SCRIPT, latin_letters
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType

NOTICE = "Unverified: a match is a lead; confirm with the record's owner."
BATCH = 200
_ASKED = 1000
"""How many of the records that were asked for are kept beside the audit's row."""
_OTHER_SCRIPT = re.compile(re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda found: f"\\u{found[1]:0>4}", OTHER_SCRIPT))
_OTHER = "".join(chr(sign) for sign in (*range(0x370, 0x530), *range(0x3040, 0x3100)))
"""Greek, Cyrillic and kana: letters known from the start. Others are learnt when a record first holds them."""


class Session:
    """Lookups of one entity type in the current release of one audience. Close it, or use it as a context."""

    def __init__(
        self,
        project: LoadedProject,
        entity_type: EntityType,
        *,
        audience: str = CENTRE,
        progress: Callable[[str], None] = lambda _message: None,
    ) -> None:
        self.project = project
        self.place = find(project, audience, entity_type)
        self.made = prepare(project, self.place, progress)
        self.index = Index(self.place.folder)
        self.model = self.index.model
        workspace = Workspace(project.workspace)
        self._standardiser = usable(workspace, self.model)
        self._key = workspace.values_key() if "keyed" in self.index.plan["model"] else None
        self._lock = threading.Lock()
        self._letters = set(_OTHER)
        self._names = [*feature_columns(self.model), *rarity_values(self.model)]
        self._rare: list[str] = self.index.plan["rarity_columns"]
        self._average = {
            column: self.model.chances[comparison.name][level].u
            for comparison in self.model.comparisons
            for column, level in rarity_levels(comparison).items()
        }
        self._pairs: list[str] = self.index.plan["pair_columns"]
        self._words = self._engine()
        self._types = _arrow_types(self._words, self.index.plan["types"])
        self._library: Engine | None = None
        self._open: dict[str, Standing] = {}
        self._end = weakref.finalize(self, _close, self._open, self._words)
        self._open["read"] = self._reading()
        self._open["weigh"] = Standing(self._engine(), RELATION, self._pair_schema(), self.index.plan["statement"])

    def _engine(self) -> Engine:
        # Statements over single rows gain nothing from a second thread.
        return Engine(**self.project.limits(threads=1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the statements that stand open."""
        self._end()

    @property
    def current(self) -> bool:
        """Whether the audience still has the release that this session answers from."""
        return find(self.project, self.place.audience, self.place.entity_type) == self.place

    def lookup(self, records: Sequence[Mapping[str, Any]], *, purpose: str | None = None) -> dict[str, Any]:
        """Return for each record the identities of the release that may be it, the likeliest first.

        Raises RequestError for a look without a purpose and for a record that cannot be read.
        """
        stated_purpose(self.project, purpose, self.place.audience, "lookup")
        found = self.answer(records)
        ids = sorted({identity["identity_id"] for result in found["results"] for identity in result["identities"]})
        asked = json.dumps([dict(record) for record in records[:_ASKED]], default=str, sort_keys=True)
        record_look(self.project, "lookup", [self.place.entity_type, *ids], self.place.audience, purpose, asked=asked)
        return found

    def answer(self, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what `lookup` does without writing that somebody looked: for commands whose look says more."""
        rows = mapped_rows(self.place.entity_type, records)
        results: list[dict[str, Any]] = []
        with self._lock:
            for first in range(0, len(rows), BATCH):
                results += self._answers(rows[first : first + BATCH])
        thresholds = self.model.thresholds
        return {
            "entity_type": self.place.entity_type,
            "audience": self.place.audience,
            "release": self.place.release,
            "model": self.place.model,
            "thresholds": {"match": thresholds.match, "review": thresholds.review},
            "results": results,
            "notice": NOTICE,
        }

    def weights(self, records: Sequence[Mapping[str, Any]]) -> list[tuple[int, str, int, int]]:
        """Return (place of the record asked, name of a candidate, weight in 1/1024 bit, pattern) of all candidates, sorted."""
        found: list[tuple[int, str, int, int]] = []
        rows = mapped_rows(self.place.entity_type, records)
        with self._lock:
            for first in range(0, len(rows), BATCH):
                weighed, stored = self._weighed(rows[first : first + BATCH])
                found += [(first + row[1], stored[row[0]][-2], row[2], row[3]) for row in weighed]
        return sorted(found)

    def _answers(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        weighed, stored = self._weighed(rows)
        review = self.model.units(self.model.thresholds.review)
        compared = np.bincount([row[1] for row in weighed], minlength=len(rows)).tolist()
        found: list[dict[int, list[Any]]] = [{} for _ in rows]
        for row in weighed:
            if row[2] >= review:
                record = stored[row[0]]
                found[row[1]].setdefault(record[-1], []).append((-row[2], record[-2], row))
        numbers = sorted({number for one in found for number in one})
        told = dict(zip(numbers, self.index.identities(np.array(numbers, np.int64)), strict=True))
        return [
            {
                "compared": compared[place],
                "identities": sorted(
                    (self._identity(told[number], sorted(matched)) for number, matched in one.items()),
                    key=lambda identity: (-identity["weight"], identity["identity_id"]),
                ),
            }
            for place, one in enumerate(found)
        ]

    def _identity(self, told: dict[str, Any], matched: list[Any]) -> dict[str, Any]:
        best = -matched[0][0]
        golden = {
            name: value
            for name, value in told["golden"].items()
            if name != "identity_id" and value is not None and value != []
        }
        return {
            "identity_id": told["identity_id"],
            "weight": best / BITS,
            "probability": _probability(best),
            "above_match": best >= self.model.units(self.model.thresholds.match),
            "records": told["records"],
            "datasets": told["datasets"],
            "agencies": told["agencies"],
            "confidence": told["confidence"],
            "golden": golden,
            "matched": [
                {
                    "record": name,
                    "weight": -weight / BITS,
                    "probability": _probability(-weight),
                    "evidence": self._evidence(row),
                }
                for weight, name, row in matched
            ],
        }

    def _evidence(self, row: tuple[Any, ...]) -> list[dict[str, Any]]:
        told = []
        for place, comparison in enumerate(self.model.comparisons):
            levels = levels_of(comparison)
            code = (row[3] >> (PATTERN_BITS * place)) & 15
            level = levels[0] if code == 0 else levels[len(levels) - code]
            weight, rarity = (float(value or 0.0) if code else 0.0 for value in row[4 + 2 * place : 6 + 2 * place])
            told.append(
                {
                    "comparison": comparison.name,
                    "level": level.name,
                    "words": level.words,
                    "weight": weight + rarity,
                    "rarity": rarity,
                }
            )
        return told

    def _weighed(self, rows: list[dict[str, Any]]) -> tuple[list[tuple[Any, ...]], dict[int, list[Any]]]:
        """Return what the pair statement says of all candidate pairs (place of the candidate, of the row asked, weight ...), and the candidates."""
        read = self._read(rows)
        keys = [np.array([key for key in one[-4] if key is not None], np.uint64) for one in read]
        owners = np.repeat(np.arange(len(rows)), [len(one) for one in keys])
        asked, places = self.index.candidates(np.concatenate(keys), owners)
        if not len(asked):
            return [], {}
        distinct, where = np.unique(places, return_inverse=True)
        stored = self.index.records(distinct)
        features, rarities = self._own(read)
        left, right = list(zip(*stored, strict=True)), {**features, **{f"tf_{c}": v for c, v in rarities.items()}}
        columns = self.index.plan["columns"]
        mine = {name: left[place] for place, name in enumerate([*columns, *(f"tf_{column}" for column in self._rare)])}
        mine["unique_id"], right["unique_id"] = distinct.tolist(), list(range(len(rows)))
        schema = self._open["weigh"].schema
        arrays = []
        for field in schema:
            name, side = field.name[:-2], field.name[-2:]
            if field.name == "match_key":
                arrays.append(pa.array(["lookup"] * len(asked)))
            elif side == "_l":
                arrays.append(_array(mine[name], field.type).take(pa.array(where)))
            else:
                arrays.append(_array(right[name], field.type).take(pa.array(asked)))
        batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
        weighed: list[tuple[Any, ...]] = []
        for first in range(0, batch.num_rows, MOST_ROWS):
            weighed += self._open["weigh"].ask(batch.slice(first, MOST_ROWS))
        return weighed, dict(zip(distinct.tolist(), stored, strict=True))

    def _read(self, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        """Return features, keys, hashes of what is rare, whether the row says nothing, and how many values cannot be used."""
        self._learn_letters(rows)
        read = self._standardised(rows)
        # As in a run, a library is asked where SQL could not use a value, or found none.
        suspects = [place for place, row in enumerate(read) if row[-2] or row[-1]]
        if suspects:
            again = self._read_by_library([rows[place] for place in suspects])
            by_key = {row["key"]: place for place, row in enumerate(rows)}
            for row, found in zip(again, self._standardised(again), strict=True):
                if not found[-2]:
                    read[by_key[row["key"]]] = found
        return read

    def _standardised(self, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        standing = self._open["read"]
        return standing.ask(pa.RecordBatch.from_pylist(rows, schema=standing.schema)) if rows else []

    def _read_by_library(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return those of the rows in which a library reads a date or a telephone number, with what it read."""
        if self._library is None:
            self._library = self._engine()
            self._install(self._library)
        engine = self._library
        with engine.registered("lookup_rows", pa.Table.from_pylist(rows, mapped_schema(self.place.entity_type))):
            engine.create_as("reading", "suspect", "FROM lookup_rows")
        read_again(engine, self._standardiser, self.place.entity_type)
        found: list[dict[str, Any]] = engine.arrow("FROM reading.mapped ORDER BY key").to_pylist()
        engine.run("DROP SCHEMA reading CASCADE")
        return found

    def _own(self, read: list[tuple[Any, ...]]) -> tuple[dict[str, list[Any]], dict[str, list[float | None]]]:
        """Return the compared features of the rows asked and the rarity of their values, as a run makes them."""
        features = {name: [row[place] for row in read] for place, name in enumerate(self._names)}
        hashes = [value for row in read for value in row[-3]]
        known = np.array([0 if value is None else value for value in hashes], np.uint64)
        holders = self.index.holders(known).tolist()
        shares = self._own_words(features)
        rarities: dict[str, list[float | None]] = {}
        for place, column in enumerate(self._rare):
            every = slice(place, None, len(self._rare))
            least = shares.get(column, [0.0] * len(read))
            rarities[column] = [
                None if value is None else self._share(column, count, words)
                for value, count, words in zip(hashes[every], holders[every], least, strict=True)
            ]
        return features, rarities

    def _share(self, column: str, holders: int, words: float) -> float:
        """The share of a value as `linkage.matching.score.make_frequencies` makes it; `words` is that of its words."""
        total = max(self.model.totals.get(column, 1), 1)
        counted = (max(holders - 1, 0) + min(0.5, self._average[column] * total)) / total
        return max(counted, words, LEAST_FREQUENCY)

    def _own_words(self, features: dict[str, list[Any]]) -> dict[str, list[float]]:
        """Add the weighed words of names to the features, where the model weighs any; return column → share of each name."""
        shares = {}
        for column in word_columns(self.model):
            names = features[column]
            counts = self._counted(sorted({part for name in names if name for part in parts_of(column, name)}))
            total = self.model.totals.get(f"{column}_words", 0)
            here = zip(*(features.get(place, [None] * len(names)) for place in PLACES), strict=True)
            found = [
                (None, 0.0) if name is None else name_features(column, name, where, counts, total)
                for name, where in zip(names, here, strict=True)
            ]
            features[f"{column}_joined"] = [name and name.replace(" ", "") for name in names]
            features[f"{column}_words"] = [words for words, _ in found]
            shares[column] = [share for _, share in found]
        return shares

    def _counted(self, parts: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Return what the model counted of these values of columns; those that it does not know are left out."""
        told = {
            "columns": [column for column, _ in parts],
            "values": [keyed_value(self._key, value) for _, value in parts],
        }
        hashed = (
            self._words.rows(
                "SELECT hash(told.c, told.v) FROM (SELECT unnest($columns) AS c, unnest($values) AS v) AS told", told
            )
            if parts
            else []
        )
        counts = self.index.holders(np.array([row[0] for row in hashed], np.uint64)).tolist()
        return {part: count for part, count in zip(parts, counts, strict=True) if count}

    def _reading(self) -> Standing:
        """Return the statement that standardises a row and makes its features and keys."""
        engine, kind = self._engine(), self.place.entity_type
        self._install(engine)
        install_letters(engine.run, sorted(self._letters))
        parts, values = feature_parts(self.model, {column.name: column.type for column in CANONICAL[kind]})
        keys, names = row_keys(self.model.rules)
        hashed = ", ".join(
            f"CASE WHEN {quote(column)} IS NOT NULL THEN hash($rare_{place}, {keyed_sql(self._key, f'CAST({quote(column)} AS VARCHAR)')}) END"
            for place, column in enumerate(self._rare)
        )
        sql = (
            f'SELECT {", ".join(map(quote, self._names))}, {keys}, [{hashed}], "empty", bad_values '
            f'FROM (SELECT {", ".join(parts)}, "empty", bad_values FROM (\n{self._standardiser.canonical_sql(kind)}\n))'
        )
        rare = {f"rare_{place}": column for place, column in enumerate(self._rare)}
        return Standing(
            engine, "mapped", mapped_schema(kind), sql, {**values, **names, **rare, **keyed_parameters(self._key)}
        )

    def _install(self, engine: Engine) -> None:
        told = self._standardiser
        install(engine.run, told.reference, self.project.placeholders, told.files)

    def _learn_letters(self, rows: list[dict[str, Any]]) -> None:
        """Open the reading anew where a row holds a letter of another script that it does not know yet."""
        told = {
            text
            for row in rows
            for value in row.values()
            for text in (value if isinstance(value, list) else [value])
            if isinstance(text, str) and _OTHER_SCRIPT.search(text)
        }
        if not told:
            return
        split = "SELECT DISTINCT unnest(string_split(told || strip_accents(told), '')) FROM (SELECT lower(unnest($told)) AS told)"
        letters = {str(letter) for (letter,) in self._words.rows(split, {"told": sorted(told)})}
        if set(latin_letters(letters)) <= self._letters:
            return
        self._letters |= letters
        self._open.pop("read").close()
        self._open["read"] = self._reading()

    def _pair_schema(self) -> pa.Schema:
        fields = []
        for name in (*self._pairs, "match_key"):
            base = name[:-2]
            if name == "match_key":
                kind = pa.string()
            elif base == "unique_id":
                kind = pa.int64()
            elif base.startswith("tf_") and base not in self._types:
                kind = pa.float64()
            else:
                kind = self._types[base]
            fields.append((name, kind))
        return pa.schema(fields)


def _close(opened: dict[str, Standing], words: Engine) -> None:
    while opened:
        opened.popitem()[1].close()
    words.close()


def _arrow_types(engine: Engine, columns: Mapping[str, str]) -> dict[str, pa.DataType]:
    told = ", ".join(f"CAST(NULL AS {kind}) AS {quote(name)}" for name, kind in columns.items())
    return {field.name: field.type for field in engine.arrow(f"SELECT {told}").schema}


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    # JSON has no dates.
    if pa.types.is_date(kind) and any(isinstance(value, str) for value in values):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


def _probability(weight: int) -> float:
    return 1 / (1 + math.pow(2, -weight / BITS))
