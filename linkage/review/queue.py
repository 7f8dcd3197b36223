"""The review queue: what a steward should look at in a release, the most valuable first.

The value of a question is the probability that the present answer is wrong, times the records that would move:

- Two identities that may be one: P = 1 / (1 + 2^-w), where w is the mean weight in bits over all pairs of their records,
  at most the match threshold where clustering was free to join them; what would move are the records of the smaller.
  Where a conflict rule of the model keeps them apart, P is at most `DOUBT`: only a wrong value could make them one.
- One identity that may be two: P = 1 / (1 + 2^w); what would move are the records of the smaller side. For a bridge, w is
  the weight of that link. For conflicting values, w is the mean weight over the compared pairs between the holders of the
  two values, at least the match threshold, since clustering joined them. For growth, w is the identity's weakest link,
  and what would move are the records that it gained over the last `GROWTH_RELEASES` releases, by the audience's feed.
- Conflicting values and sudden growth are reasons to doubt the weight itself: P is never below `DOUBT`.

Pairs that were not compared weigh what clustering takes for them (`missing`). Nothing but the audience's release, its feed and
the open judgements that it may know decides; a question that a judgement answers is no longer asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from linkage.config.project import CENTRE
from linkage.engine.duckdb import Engine, fixed_sql
from linkage.engine.sql import literal, quote
from linkage.errors import RequestError
from linkage.evaluation.release import base_path
from linkage.evaluation.sample import ANSWERS, TEXTS, free_file, names_sql, texts_sql, write_file
from linkage.matching import model as models
from linkage.matching.comparisons import levels_of
from linkage.review.bridges import find_bridges
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.project import Project

REASONS = {
    "review band": "they weigh almost as much as a match",
    "kept apart": "a pair weighs as much as a match, yet clustering kept the identities apart",
    "kept apart by rule": "they weigh as much as a match, but differ where the model says that one entity cannot",
    "ambiguous": "a record fits several identities that cannot be one",
    "strict dataset": 'two records of a dataset that says unique = "strict" weigh as much as a match',
    "conflicting values": "one identity holds two values of what a person or firm has one of",
    "weak bridge": "one low-weight link holds the identity together",
    "sudden growth": "the identity has at least doubled over the last releases",
}
DOUBT = 0.05
"""How likely an identity with conflicting values or sudden growth is wrong, at least, whatever its links weigh; and how
likely a conflict rule is misled by a wrong value, at most."""
GROWTH_RELEASES = 7
"""Releases over which growth is looked at, the last one with them: a week of nightly runs."""
WEAK = 10.0
"""Bits below which a link that alone holds an identity together is weak: what `confidence` calls medium."""
_TOGETHER = ("conflict", "bridge", "growth")
_DOUBTED = ("conflict", "growth")
_SIDES = ("dataset", "key", "role")


@dataclass(frozen=True, slots=True)
class Queue:
    """The first questions of a release, and how many there are of each type and reason."""

    audience: str
    release: int
    counts: tuple[dict[str, Any], ...]
    items: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values under `schema_version` 1."""
        return {
            "schema_version": 1,
            "audience": self.audience,
            "release": self.release,
            "counts": list(self.counts),
            "items": list(self.items),
        }


def review_queue(
    project: Project,
    entity_type: str | None = None,
    *,
    limit: int = 20,
    file: Path | None = None,
    audience: str = CENTRE,
    purpose: str | None = None,
) -> Queue:
    """Return the `limit` most valuable questions of an audience's last release, of one type or of all.

    With `file`, they are written there too, in the columns of a review sample. Raises RequestError for a type the project
    lacks, a limit below one, a file that exists, or a file without a type.
    """
    kinds = _kinds(project, entity_type, limit, file)
    with project.release(audience) as engine:
        used = {kind: _model(engine, project, kind) for kind in kinds}
        for kind in kinds:
            _find(engine, project, used[kind], audience)
        counts, found = _chosen(engine, kinds, limit)
        release = int(engine.value("SELECT value FROM published.release_info WHERE name = 'sequence'"))
    ids = sorted({identity for row in found for identity in (row["identity_a"], row["identity_b"]) if identity})
    named = [file.name] if file else []
    project.look("review queue", [*kinds, *named, *ids], audience=audience, purpose=purpose)
    items = [_item(row, used[row["entity_type"]]) for row in found]
    with Engine(base_path(project), read_only=True, **project.loaded.limits()) as base:
        for kind in kinds:
            _add_values(base, kind, [item for item in items if item["entity_type"] == kind])
        if file is not None:
            _write(base, kinds[0], file, items, {"audience": audience, "release": str(release)})
    return Queue(audience, release, tuple(counts), tuple(items))


def _kinds(project: Project, entity_type: str | None, limit: int, file: Path | None) -> list[EntityType]:
    """Return the types asked for, or refuse what cannot be done."""
    types = project.loaded.entity_types()
    kinds = [kind for kind in types if entity_type in {None, kind}]
    if not kinds:
        message = f"the project has no type {entity_type!r}; it has: {', '.join(types)}"
        raise RequestError(message)
    if limit < 1:
        message = f"a queue of {limit} questions cannot be shown; give a limit of 1 or more"
        raise RequestError(message)
    if file is not None:
        if len(kinds) > 1:
            message = f"a file holds records of one type; name one of: {', '.join(types)}"
            raise RequestError(message)
        free_file(file)
    return kinds


def _model(engine: Engine, project: Project, kind: EntityType) -> Model:
    """Return the model that made the weights of the release."""
    name = engine.value("SELECT value FROM published.release_info WHERE name = $name", {"name": f"{kind}.model"})
    return models.load(Workspace(project.loaded.workspace).models, kind, name)


def _find(engine: Engine, project: Project, model: Model, audience: str) -> None:
    """Write the temporary table `finding_<type>` with every question of a type."""
    kind = model.entity_type
    values = {
        "kind": kind,
        "match": model.units(model.thresholds.match),
        "missing": model.units(model.thresholds.missing),
        "weak": model.units(WEAK),
        "rules": [f"{name}={level}" for name, level in model.conflicts],
        "strict": [name for name, source in project.loaded.settings.sources.items() if source.unique == "strict"],
    }

    def make(name: str) -> None:
        engine.run(f"CREATE OR REPLACE TEMP TABLE {quote(name)} AS {fixed_sql('review', name)}", values)

    make("member")
    make("link")
    make("near")
    with engine.registered("told", _judgements(project, kind, audience)):
        make("judged")
    _make_history(engine, project, audience)
    with engine.registered("cut", _cuts(engine, model.units(model.thresholds.match))):
        make("bridge")
    for name in ("apart", "conflict", "growth"):
        make(name)
    every = " UNION ALL ".join(f"SELECT *, {_chance(name)} AS chance FROM {name}" for name in ("apart", *_TOGETHER))
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE {quote(f"finding_{kind}")} AS
        SELECT {literal(kind)} AS entity_type, found.* EXCLUDE (a, b), round(chance * moved, 6) AS value,
               {", ".join(f"{side}.{part} AS {part}_{side}" for side in ("one", "two") for part in _SIDES)}
        FROM ({every}) AS found JOIN member AS one ON one.record = found.a JOIN member AS two ON two.record = found.b
        """
    )
    for name in ("bridge", "apart", "conflict", "growth", "history", "judged", "near", "link", "member"):
        engine.run(f"DROP TABLE {quote(name)}")


def _make_history(engine: Engine, project: Project, audience: str) -> None:
    """Write the temporary table `history`: the events of the release and, by the feed, of those before it that growth is looked at over."""
    columns = "identity_id, entity_type, event, records_before, records_after, release"
    last = int(engine.value("SELECT value FROM published.release_info WHERE name = 'sequence'"))
    files = Workspace(project.loaded.workspace).feed_files(audience, "identity_event")
    numbered = [(int(file.name.partition("-")[0]), str(file)) for file in files]
    before = [file for number, file in numbered if last - GROWTH_RELEASES < number < last]
    fed = f"UNION ALL SELECT {columns} FROM read_parquet($files)" if before else ""
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE history AS SELECT {columns} FROM published.identity_event {fed}",
        {"files": before} if before else {},
    )


def _chance(name: str) -> str:
    """Return the SQL of the probability that the present answer is wrong; weights beyond 60 bits say no more."""
    sign = "" if name in _TOGETHER else "-"
    odds = f"1 / (1 + pow(2.0, greatest(least({sign}mean / 1024, 60), -60)))"
    if name in _DOUBTED:
        return f"greatest({odds}, {DOUBT})"
    return f"CASE WHEN reason = 'kept apart by rule' THEN least({odds}, {DOUBT}) ELSE {odds} END"


def _judgements(project: Project, kind: EntityType, audience: str) -> pa.Table:
    """Return the judged pairs of a type that an audience may know of, in both orders."""
    sights = None if audience == CENTRE else (audience,)
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        rows = [row[1:7] for row in ledger.open_judgements(kind, sights)]
    rows += [(*row[3:], *row[:3]) for row in rows]
    names = [f"{part}_{side}" for side in "ab" for part in _SIDES]
    return pa.table({name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(names)})


def _cuts(engine: Engine, match: int) -> pa.Table:
    """Return the bridges of the identities as a table."""
    records = engine.value("SELECT count(*) FROM member")
    pairs = engine.arrays(
        """
        SELECT a, b, CAST(weight >= $match AS BIGINT) AS strong, CAST(0 AS BIGINT) AS judged FROM link
        UNION ALL
        SELECT a, b, CAST(1 AS BIGINT), CAST(1 AS BIGINT) FROM judged WHERE a < b AND identity_a = identity_b
        """,
        {"match": match},
    )
    found = find_bridges(records, *(pairs[name].astype(np.int64) for name in ("a", "b", "strong", "judged")))
    return pa.table({name: getattr(found, name) for name in ("record", "other", "below", "judged")})


def _chosen(engine: Engine, kinds: list[EntityType], limit: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the number of questions of each type and reason, and the most valuable ones."""
    every = " UNION ALL ".join(f"FROM {quote(f'finding_{kind}')}" for kind in kinds)
    counts = engine.arrow(
        f"SELECT entity_type, reason, count(*) AS questions FROM ({every}) GROUP BY ALL ORDER BY ALL"
    ).to_pylist()
    found = engine.arrow(
        f"FROM ({every}) ORDER BY value DESC, moved DESC, entity_type, reason, identity_a, identity_b, told LIMIT $most",
        {"most": limit},
    ).to_pylist()
    return counts, [{"rank": rank, **row} for rank, row in enumerate(found, start=1)]


def _item(row: dict[str, Any], model: Model) -> dict[str, Any]:
    """Return a question as it is handed out."""
    levels = dict(part.split("=", 1) for part in (row["levels"] or "").split(";") if part)
    words = {
        comparison.name: level.words
        for comparison in model.comparisons
        for level in levels_of(comparison)
        if levels.get(comparison.name) == level.name
    }
    return {
        "rank": row["rank"],
        "entity_type": row["entity_type"],
        "reason": row["reason"],
        "why": REASONS[row["reason"]],
        "told": row["told"],
        "value": row["value"],
        "chance": round(row["chance"], 6),
        "moved": row["moved"],
        "records": row["records"],
        "mean_weight": round(row["mean"] / 1024, 6),
        "weight": None if row["weight"] is None else round(row["weight"] / 1024, 6),
        "evidence": [
            {"comparison": name, "level": level, "words": words.get(name, level)} for name, level in levels.items()
        ],
        "identities": [identity for identity in (row["identity_a"], row["identity_b"]) if identity],
        **{
            side: {part: row[f"{part}_{number}"] for part in _SIDES} | {"values": {}}
            for side, number in (("a", "one"), ("b", "two"))
        },
    }


def _named(items: list[dict[str, Any]]) -> pa.Table:
    """Return rank and the names of both records of the items as a table."""
    table = {"rank": pa.array([item["rank"] for item in items], pa.int64())}
    for side in "ab":
        for part in _SIDES:
            table[f"{part}_{side}"] = pa.array([item[side][part] for item in items], pa.string())
    return pa.table(table)


def _sides_sql(kind: EntityType) -> str:
    joins = [
        f"JOIN canonical.{quote(kind)} AS {side} ON "
        + " AND ".join(f"{side}.{part} = named.{part}_{side}" for part in _SIDES)
        for side in "ab"
    ]
    return f"named {' '.join(joins)}"


def _add_values(base: Engine, kind: EntityType, items: list[dict[str, Any]]) -> None:
    """Fill in what both records of each item tell."""
    by_rank = {item["rank"]: item for item in items}
    columns = [f"{side}.{quote(name)} AS {quote(f'{name}_{side}')}" for name in TEXTS[kind] for side in "ab"]
    with base.registered("named", _named(items)):
        rows = base.arrow(f"SELECT rank, {', '.join(columns)} FROM {_sides_sql(kind)} ORDER BY rank").to_pylist()
    for row in rows:
        for side in "ab":
            values = {name: row[f"{name}_{side}"] for name in TEXTS[kind]}
            by_rank[row["rank"]][side]["values"] = {
                name: value if isinstance(value, list) else str(value) for name, value in values.items() if value
            }


def _write(base: Engine, kind: EntityType, path: Path, items: list[dict[str, Any]], design: dict[str, str]) -> None:
    """Write the items in the columns of a review sample, the most valuable first, with reason and value behind them.

    The stratum is 0 and no pair has a probability of being drawn: chosen pairs tell nothing of the others.
    """
    told = [f"{literal(value)} AS {quote(name)}" for name, value in {"entity_type": kind, **design}.items()]
    extra = pa.table(
        {
            "rank": [item["rank"] for item in items],
            "together": ["yes" if len(item["identities"]) == 1 else "no" for item in items],
            "reason": [item["reason"] for item in items],
            "told": pa.array([item["told"] for item in items], pa.string()),
            "value": [item["value"] for item in items],
        }
    )
    query = f"""
        SELECT {", ".join(f"'' AS {name}" for name in ANSWERS)}, {texts_sql(base, kind)}, {names_sql()}, {", ".join(told)},
               0 AS stratum, together, 0 AS stratum_pairs, 0 AS stratum_sampled, NULL AS inclusion_probability,
               extra.rank, reason, told, value
        FROM {_sides_sql(kind)} JOIN extra ON extra.rank = named.rank ORDER BY extra.rank
    """
    with base.registered("named", _named(items)), base.registered("extra", extra):
        write_file(base, query, path)
