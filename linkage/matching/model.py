"""A model: one immutable, content-addressed artefact (rule R1). The score of a pair is a function of the pair and this.

On disk `models/<type>/<hash>/` holds `model.json` (everything that decides a score), `frequencies.parquet` (how common
values are), `generic.parquet` (values that say nothing), and what decides nothing: `card.json` (how it was trained, and what
the data looked like) and `common.parquet` (values that many records held then). Counted values stand as keyed hashes
(`linkage.matching.keyed`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from linkage.config.entity import BITS, BlockingRule, Comparison, Entity, Evidence, Thresholds
from linkage.errors import ModelError
from linkage.matching.comparisons import own_columns
from linkage.store.workspace import Workspace, sync

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.source import EntityType

FORMAT = 1
_MARK = b"\0mark of the key"
DIGITS = 9
PIECE = 10_000
FREQUENCY_SCHEMA = pa.schema([("column", pa.string()), ("value", pa.string()), ("records", pa.int64())])
COMMON_SCHEMA = FREQUENCY_SCHEMA
GENERIC_SCHEMA = pa.schema([("column", pa.string()), ("value", pa.string())])


def rounded(value: float) -> float:
    """Round to nine significant digits: parallel float sums are not reproducible beyond (rule R1)."""
    return float(f"{value:.{DIGITS - 1}e}")


@dataclass(frozen=True)
class Chances:
    """m and u of one level."""

    m: float
    u: float


@dataclass(frozen=True)
class Model:
    """Everything that decides a score. `chances` is comparison → level → m and u; `totals` is rarity column → records."""

    entity_type: EntityType
    standardiser: str
    comparisons: tuple[Comparison, ...]
    conflicts: tuple[tuple[str, str], ...]
    rules: tuple[BlockingRule, ...]
    max_block: int
    generic_columns: tuple[str, ...]
    match_rate: float
    chances: dict[str, dict[str, Chances]]
    totals: dict[str, int]
    stop_keys: tuple[int, ...]
    thresholds: Thresholds
    frequencies: pa.Table = field(compare=False, repr=False)
    generic: pa.Table = field(compare=False, repr=False)
    evidence: tuple[Evidence, ...] = ()
    second_look: bool = True
    card: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    common: pa.Table | None = field(default=None, compare=False, repr=False)
    trained_now: bool = field(default=False, compare=False)
    approved_as: str = field(default="", compare=False)
    key: bytes | None = field(default=None, compare=False, repr=False)
    """Key of the hashes that stand in `frequencies` and `common` for values; None where values stand as they are."""

    def content(self) -> dict[str, Any]:
        """Return what is hashed, as plain JSON values."""
        return {
            "format": FORMAT,
            "entity_type": self.entity_type,
            "standardiser": self.standardiser,
            "comparisons": [comparison.model_dump(mode="json") for comparison in self.comparisons],
            "conflicts": [list(conflict) for conflict in self.conflicts],
            "rules": [rule.model_dump(mode="json") for rule in self.rules],
            "max_block": self.max_block,
            "generic_columns": list(self.generic_columns),
            "match_rate": self.match_rate,
            "chances": {
                name: {level: [chances.m, chances.u] for level, chances in levels.items()}
                for name, levels in self.chances.items()
            },
            "totals": self.totals,
            "stop_keys": [str(key) for key in self.stop_keys],
            "thresholds": self.thresholds.model_dump(mode="json"),
            "evidence": [evidence.model_dump(mode="json") for evidence in self.evidence],
            "second_look": self.second_look,
            "frequencies": _digest(self.frequencies),
            "generic": _digest(self.generic),
            # Which key it is, without telling it.
            **({} if self.key is None else {"keyed": _mark(self.key)}),
        }

    @cached_property
    def hash(self) -> str:
        """The model's name: SHA-256 of its content, 24 hexadecimal digits."""
        return self.approved_as or content_hash(self.content())

    def units(self, bits: float) -> int:
        """Return bits of weight as an integer in 1/1024 bit."""
        return round(bits * BITS)


def _mark(key: bytes) -> str:
    return hmac.new(key, _MARK, hashlib.sha256).hexdigest()[:24]


def content_hash(content: dict[str, Any]) -> str:
    """Return the name of a model with this content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _digest(table: pa.Table) -> str:
    # The tables are sorted when made; the digest is of their values, not of how Arrow or Parquet packs them. JSON, so
    # that no value can look like two.
    digest = hashlib.sha256()
    for column in table.columns:
        digest.update(b"[")
        for start in range(0, len(column), PIECE):
            # Piece by piece the text of the whole list: values as objects take ten times their bytes.
            text = json.dumps(column.slice(start, PIECE).to_pylist())[1:-1]
            digest.update((", " if start else "").encode() + text.encode())
        digest.update(b"]")
    return digest.hexdigest()


def from_entity(entity: Entity, standardiser: str, present: frozenset[str]) -> Model:
    """Return the model that the shipped priors make, without any training, for data that fill the columns `present`."""
    comparisons = tuple(c for c in entity.comparisons if present & own_columns(c))
    chances = {c.name: {level: Chances(prior.m, prior.u) for level, prior in c.priors.items()} for c in comparisons}
    return Model(
        entity_type=entity.type,
        standardiser=standardiser,
        comparisons=comparisons,
        conflicts=tuple((c.comparison, c.level) for c in entity.conflicts if c.comparison in chances),
        rules=entity.blocking.rules,
        max_block=entity.blocking.max_block,
        generic_columns=entity.blocking.generic,
        match_rate=1e-4,
        chances=chances,
        totals={},
        stop_keys=(),
        thresholds=entity.thresholds,
        frequencies=FREQUENCY_SCHEMA.empty_table(),
        generic=GENERIC_SCHEMA.empty_table(),
        evidence=entity.evidence,
        second_look=entity.second_look,
    )


def save(model: Model, folder: Path) -> Path:
    """Write a model below `folder` (`models/<type>/<hash>`), whole or not at all; return its folder."""
    target = folder / model.entity_type / model.hash
    if target.exists():
        return target
    draft = target.with_name(f".{model.hash}.draft")
    draft.mkdir(parents=True, exist_ok=True)
    (draft / "model.json").write_text(json.dumps(model.content(), indent=1, sort_keys=True), encoding="utf-8")
    (draft / "card.json").write_text(json.dumps(model.card, indent=1, sort_keys=True), encoding="utf-8")
    pq.write_table(model.frequencies, draft / "frequencies.parquet", compression="zstd")
    pq.write_table(model.generic, draft / "generic.parquet", compression="zstd")
    if model.common is not None:
        pq.write_table(model.common, draft / "common.parquet", compression="zstd")
    # On disk before the ledger can name it: an approved model outlives a power cut.
    for path in (*sorted(draft.iterdir()), draft):
        sync(path)
    draft.rename(target)
    sync(target.parent)
    return target


def from_content(content: dict[str, Any], generic: dict[str, list[str]] | None = None) -> Model:
    """Return the model that `Model.content` told, without frequencies and its card; `generic` are its generic values.

    Raises ValueError, KeyError or TypeError where it is no such content.
    """
    return Model(
        entity_type=content["entity_type"],
        standardiser=content["standardiser"],
        comparisons=tuple(Comparison.model_validate(entry) for entry in content["comparisons"]),
        conflicts=tuple((a, b) for a, b in content["conflicts"]),
        rules=tuple(BlockingRule.model_validate(entry) for entry in content["rules"]),
        max_block=content["max_block"],
        generic_columns=tuple(content["generic_columns"]),
        match_rate=content["match_rate"],
        chances={
            name: {level: Chances(m, u) for level, (m, u) in levels.items()}
            for name, levels in content["chances"].items()
        },
        totals=content["totals"],
        stop_keys=tuple(int(key) for key in content["stop_keys"]),
        thresholds=Thresholds.model_validate(content["thresholds"]),
        frequencies=FREQUENCY_SCHEMA.empty_table(),
        generic=pa.table(generic, GENERIC_SCHEMA) if generic else GENERIC_SCHEMA.empty_table(),
        # A model approved before there was evidence goes on without.
        evidence=tuple(Evidence.model_validate(entry) for entry in content.get("evidence", ())),
        second_look=content.get("second_look", True),
    )


def load(folder: Path, entity_type: EntityType, model_hash: str) -> Model:
    """Read an approved model; refuse one that is missing or whose content no longer has its hash."""
    path = folder / entity_type / model_hash
    try:
        content = json.loads((path / "model.json").read_text(encoding="utf-8"))
        model = replace(
            from_content(content),
            frequencies=pq.read_table(path / "frequencies.parquet", schema=FREQUENCY_SCHEMA),
            generic=pq.read_table(path / "generic.parquet", schema=GENERIC_SCHEMA),
            card=json.loads((path / "card.json").read_text(encoding="utf-8")),
            approved_as=model_hash,
        )
        told = {"frequencies": _digest(model.frequencies), "generic": _digest(model.generic)}
        # The stored words are what was approved: a later version may read them with more defaults.
        intact = content_hash({**content, **told}) == model_hash
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        message = f"{path}: the approved {entity_type} model cannot be read ({type(error).__name__}); restore it, or run with --retrain"
        raise ModelError(message) from error
    if not intact:
        message = (
            f"{path}: the approved {entity_type} model was altered after approval; restore it, or run with --retrain"
        )
        raise ModelError(message)
    return replace(model, key=_key(path, content["keyed"], folder)) if "keyed" in content else model


def _key(path: Path, mark: str, folder: Path) -> bytes:
    key = Workspace(folder.parent).values_key()
    if not hmac.compare_digest(_mark(key), mark):
        message = f"{path}: the values of this model were counted under the secret of another workspace, and say nothing under this one's; restore secret.key, or run with --retrain"
        raise ModelError(message)
    return key


def read_common(folder: Path, model: Model) -> pa.Table | None:
    """Return the values that many records held when a model was trained; None for a model of before these were kept."""
    if model.common is not None:
        return model.common
    path = folder / model.entity_type / model.hash / "common.parquet"
    if not path.is_file():
        return None
    try:
        return pq.read_table(path, schema=COMMON_SCHEMA)
    except (OSError, ValueError, pa.ArrowException) as error:
        message = f"{path}: the common values of the {model.entity_type} model cannot be read ({type(error).__name__}); restore the file (linkage restore), or run with --retrain"
        raise ModelError(message) from error
