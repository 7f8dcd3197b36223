"""Where training, blocking and scoring spend their time: every statement timed, on the standardised records of a base.

    python benchmarks/matching_profile.py BASE.duckdb [--memory 4GB] [--statements 12] --json

The base is one that `linkage run` made (`work/base/<n>.duckdb`), of the default settings; a copy is worked on. Seconds are those of the processors
(all threads), which other work on the machine hardly moves. Digests of pairs and edges tell whether two versions of the program give the same.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.config.entity import RESOLVED, load_entities
from linkage.engine.duckdb import Engine
from linkage.matching.blocking import count_blocks, count_pairs, drop_stop_keys, large_blocks, make_keys, make_pairs
from linkage.matching.features import make_features, make_frequencies
from linkage.matching.score import least_weight, score
from linkage.matching.shape import FLOOR, GENERIC, common_values, count_edges, count_records, trained_shape
from linkage.matching.train import train
from linkage.standardise import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.config.entity import Entity
    from linkage.matching.model import Model

ENTITIES = Path(__file__).parents[1] / "configs" / "entities"
APART = ("feature", "training")
VERBS = ("run", "rows", "value", "arrow")
TOLD = 160


@dataclass
class Profile:
    """Processor and clock seconds by part, and by statement within it."""

    parts: dict[str, list[float]] = field(default_factory=dict)
    statements: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    part: str = ""

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part; statements meanwhile are told under it."""
        self.part = part
        before = _now()
        yield
        _add(self.parts, part, before)

    def told(self, most: int) -> dict[str, Any]:
        """Return the figures: part → seconds, and the `most` statements that took longest."""
        longest = sorted(self.statements.items(), key=lambda entry: -entry[1][0])[:most]
        return {
            "parts": {name: _told(times) for name, times in self.parts.items()},
            "statements": [{"part": part, **_told(times), "sql": sql} for (part, sql), times in longest],
        }


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path)
    parser.add_argument("--memory", default="4GB", help="memory_limit of the engine")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--types", default=",".join(RESOLVED), help="comma-separated entity types")
    parser.add_argument("--statements", type=int, default=0, help="tell so many of the longest statements")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="linkage-profile-", dir=options.base.parent) as folder:
        copy = Path(folder) / "base.duckdb"
        shutil.copyfile(options.base, copy)
        with Engine(
            copy, memory_limit=options.memory, threads=options.threads, temp_directory=Path(folder) / "spill"
        ) as engine:
            engine.put_apart(APART, Path(folder))
            found = measure(engine, options.types.split(","), options.statements)
    found["peak_memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2)
    print(json.dumps(found, indent=1) if options.json else _lines(found))


def measure(engine: Engine, types: list[str], statements: int) -> dict[str, Any]:
    """Return parts, statements, and what came of them by type."""
    profile = Profile()
    _watch(engine, profile)
    entities = load_entities(ENTITIES)
    for schema in ("feature", "training", "blocking", "scoring"):
        engine.make_schema(schema)
    results = {kind: _one(engine, entities[kind], profile) for kind in types if engine.has_table("canonical", kind)}
    return {**profile.told(statements), "types": results}


def _one(engine: Engine, entity: Entity, profile: Profile) -> dict[str, Any]:
    kind = entity.type
    pairs, edges = f"blocking.pair_{kind}", f"scoring.edge_{kind}"
    with profile.timing("train"):
        model = train(engine, entity, shipped().version)
        shape = trained_shape(engine, model, least_weight(model))
        model = replace(model, common=common_values(engine, model, FLOOR), trained_now=True)
        _ = model.hash
    with profile.timing("block"):
        _block(engine, model)
    with profile.timing("score"):
        score(engine, model, pairs, edges, least_weight(model))
    with profile.timing("drift"):
        count_records(engine, model, f"canonical.{kind}")
        count_edges(engine, model, edges)
        common_values(engine, model, GENERIC)
    found = {
        "model": model.hash,
        "records": model.card["records"],
        "pairs": _digest(engine, pairs),
        "edges": _digest(engine, edges),
        "shape": json.dumps(shape, sort_keys=True),
    }
    # As in a run with an approved model: nothing is left of a training.
    approved = replace(model, trained_now=False)
    with profile.timing("approved: features"):
        make_features(engine, approved)
        make_frequencies(engine, approved)
    with profile.timing("approved: block"):
        _block(engine, approved)
    with profile.timing("approved: score"):
        score(engine, approved, pairs, edges, least_weight(approved))
    found["approved_same"] = (_digest(engine, pairs), _digest(engine, edges)) == (found["pairs"], found["edges"])
    return found


def _block(engine: Engine, model: Model) -> None:
    kind = model.entity_type
    if not model.trained_now:
        make_keys(engine, kind, model.rules)
        drop_stop_keys(engine, kind, model.stop_keys)
        count_blocks(engine, kind)
    large_blocks(engine, kind, model.rules, model.max_block)
    count_pairs(engine, kind, model.rules)
    if not model.trained_now:
        make_pairs(engine, kind)


def _digest(engine: Engine, table: str) -> list[str]:
    """Return the number of rows of a table, and a sum of what they hold that no order changes."""
    rows, told = engine.rows(f"SELECT count(*), sum(CAST(hash(told) AS HUGEINT)) FROM {table} AS told")[0]
    return [str(rows), str(told)]


def _watch(engine: Engine, profile: Profile) -> None:
    """Time every statement of the engine, under the part that goes on."""
    for verb in VERBS:
        own = getattr(engine, verb)

        def timed(sql: str, parameters: Any = None, own: Any = own) -> Any:
            before = _now()
            found = own(sql, parameters)
            short = re.sub(r"\s+", " ", sql).strip()
            # `value` runs `rows`: the inner one tells of both.
            if own.__name__ != "value":
                _add(profile.statements, (profile.part, short[:TOLD]), before)
            return found

        setattr(engine, verb, timed)


def _now() -> tuple[float, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, time.perf_counter()


def _add(sums: dict[Any, list[float]], name: Any, before: tuple[float, float]) -> None:
    entry = sums.setdefault(name, [0.0, 0.0])
    for place, (then, now) in enumerate(zip(before, _now(), strict=True)):
        entry[place] += now - then


def _told(times: list[float]) -> dict[str, float]:
    return {"processor_seconds": round(times[0], 2), "seconds": round(times[1], 2)}


def _lines(found: dict[str, Any]) -> str:
    lines = [
        f"{name}: {one['processor_seconds']} processor s, {one['seconds']} s" for name, one in found["parts"].items()
    ]
    lines += [
        f"{one['processor_seconds']:7.2f} {one['seconds']:7.2f} {one['part']}: {one['sql']}"
        for one in found["statements"]
    ]
    return "\n".join([*lines, json.dumps(found["types"], indent=1), f"{found['peak_memory_gb']} GB"])


if __name__ == "__main__":
    main()
