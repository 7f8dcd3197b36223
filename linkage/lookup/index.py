"""The lookup index of a release: of one type, only the records that the audience sees in full (rule R7).

A pure function of the base, the release and the model; it is made on demand and can be removed at any time. Point reads
of a table in columns cost a tenth of a second; so each record is one line that is read where an array of offsets says:

    keys.bin, places.bin          blocking key → place of a record, sorted by key
    records.bin, records.at       JSON array a place: the features compared, the rarity of their values, name, identity
    identities.bin, identities.at JSON object an identity: id, counts, golden values
    rarity.bin, holders.bin       hash of (column, value) → holders counted in the model, sorted by hash
    plan.json                     the model, the statement that weighs pairs, the columns

Places follow identity and record name, so that what is read together lies together.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.engine.duckdb import Engine, engine_version
from linkage.engine.sql import comma, quote
from linkage.errors import RequestError, WorkspaceError
from linkage.matching import model as models
from linkage.matching.features import compared_columns, make_features, make_frequencies, rarity_columns
from linkage.matching.pairwise import pair_statement, with_rarities
from linkage.matching.prediction import KEPT
from linkage.sharing.audit import refused
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace, sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from linkage.config.project import LoadedProject
    from linkage.config.source import EntityType
    from linkage.matching.model import Model

FORMAT = 1
_ROWS = 50_000
_HAS_STATEMENTS = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'base' AND schema_name = 'kept' AND table_name = 'statement'"


@dataclass(frozen=True)
class Place:
    """Which index: audience, release, run and base, type and model; and the folder that holds it."""

    audience: str
    release: int
    base: int
    entity_type: EntityType
    model: str
    folder: Path


class Index:
    """An index on disk, read where a lookup asks."""

    def __init__(self, folder: Path) -> None:
        try:
            self.plan: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
            self.model = models.from_content(self.plan["model"], generic=self.plan["generic"])
            self._keys = _mapped(folder / "keys.bin", np.uint64)
            self._places = _mapped(folder / "places.bin", np.uint32)
            self._rarity = _mapped(folder / "rarity.bin", np.uint64)
            self._holders = _mapped(folder / "holders.bin", np.int64)
            self._records = _Lines(folder, "records")
            self._identities = _Lines(folder, "identities")
        except (OSError, ValueError, KeyError) as error:
            message = f"{folder}: the lookup index cannot be read ({type(error).__name__}); remove the folder, it is made again"
            raise WorkspaceError(message) from error

    def candidates(self, keys: NDArray[np.uint64], owners: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the distinct pairs (owner, place) of which the record at the place has one of the owner's keys, in order."""
        first = np.searchsorted(self._keys, keys, side="left")
        counts = np.searchsorted(self._keys, keys, side="right") - first
        ends = np.cumsum(counts)
        steps = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
        places = self._places[np.repeat(first, counts) + steps].astype(np.int64)
        found = np.unique(np.stack([np.repeat(owners, counts), places]), axis=1)
        return found[0], found[1]

    def holders(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return for the hash of each (column, value) how many holders the model counted; 0 where it knows none."""
        if not len(self._rarity):
            return np.zeros(len(hashes), np.int64)
        at = np.minimum(np.searchsorted(self._rarity, hashes), len(self._rarity) - 1)
        return np.where(self._rarity[at] == hashes, self._holders[at], 0)

    def records(self, places: NDArray[np.int64]) -> list[list[Any]]:
        """Return what is stored of the records at these places."""
        return self._records.read(places)

    def identities(self, numbers: NDArray[np.int64]) -> list[dict[str, Any]]:
        """Return what is stored of identities."""
        return self._identities.read(numbers)


class _Lines:
    """JSON values one behind the other, and an array of where each begins."""

    def __init__(self, folder: Path, name: str) -> None:
        self._text = _mapped(folder / f"{name}.bin", np.uint8)
        self._at = _mapped(folder / f"{name}.at", np.int64)

    def read(self, numbers: NDArray[np.int64]) -> list[Any]:
        starts, ends = self._at[numbers], self._at[numbers + 1]
        parts = [self._text[start:end].tobytes() for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        found: list[Any] = json.loads(b"[" + b",".join(parts) + b"]")
        return found


def _mapped(path: Path, kind: Any) -> NDArray[Any]:
    # A map of an empty file is refused.
    return np.memmap(path, kind, "r") if path.stat().st_size else np.zeros(0, kind)


def find(project: LoadedProject, audience: str, entity_type: EntityType) -> Place:
    """Return which index the current release of an audience needs. Raises RequestError where there is none to answer from."""
    if audience not in project.settings.audiences:
        message = f"there is no audience {audience!r}; the project has: {', '.join(project.settings.audiences)}"
        raise refused(project, RequestError(message), "lookup")
    if entity_type not in project.entity_types():
        message = f"no source of {project.path} tells of a {entity_type}; the project has: {', '.join(project.entity_types())}"
        raise RequestError(message)
    workspace = Workspace(project.workspace)
    last, sequence = None, 0
    if workspace.ledger.is_file():
        with Ledger(workspace.ledger) as ledger:
            last, sequence = ledger.last_run(), ledger.last_sequence(audience)
    if last is None or not sequence:
        message = f"audience {audience!r} has no release yet; run: linkage run {project.path}"
        raise RequestError(message)
    if not any((entry.audience, entry.sequence) == (audience, sequence) for entry in last.releases):
        message = (
            f"the last run held the release of audience {audience!r} back, and the records have moved on since release {sequence}; "
            f"look at what held it, then run: linkage run {project.path}"
        )
        raise RequestError(message)
    model = last.report["types"][entity_type]["model"]
    name = f"{sequence}-{entity_type}-{model}-{FORMAT}"
    return Place(audience, sequence, last.base, entity_type, model, workspace.lookup(audience) / name)


def prepare(project: LoadedProject, place: Place, progress: Callable[[str], None]) -> bool:
    """Make the index where it is not there, or was made by another version of the engine; say whether it had to be made."""
    if _made_by(place.folder / "plan.json") == engine_version():
        return False
    progress(f"index {place.entity_type} of release {place.release} of {place.audience}")
    workspace = Workspace(project.workspace)
    room = place.folder.parent
    try:
        room.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=room))
    except OSError as error:
        message = f"{room}: the lookup index cannot be written ({error.strerror}); make the workspace writable"
        raise WorkspaceError(message) from error
    try:
        _write(project, workspace, place, draft)
        for path in (*sorted(draft.iterdir()), draft):
            sync(path)
        for old in room.iterdir():
            # Indexes of earlier releases hold what may be gone by now; so may drafts of those who died.
            if old != draft and (old == place.folder or not old.name.startswith((f"{place.release}-", ".draft-"))):
                shutil.rmtree(old, ignore_errors=True)
        draft.chmod(0o700)
        # Another process may have made it meanwhile: the same bytes.
        if not place.folder.exists():
            draft.rename(place.folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _made_by(plan: Path) -> str | None:
    """Return which engine made an index; None where there is none, or none that can be read."""
    try:
        made: dict[str, Any] = json.loads(plan.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return made.get("engine")


def _write(project: LoadedProject, workspace: Workspace, place: Place, draft: Path) -> None:
    kind = place.entity_type
    model = models.load(workspace.models, kind, place.model)
    scratch = draft / "scratch.duckdb"
    release = workspace.release(place.audience, place.release)
    with (
        Engine(scratch, **project.limits(temp_directory=draft / "spill")) as engine,
        engine.attached(workspace.base(place.base), "base"),
        engine.attached(release, "release"),
    ):
        _number(engine, kind)
        if engine.value(_HAS_STATEMENTS):
            engine.create_as(*KEPT, "FROM base.kept.statement")
        make_features(engine, model)
        make_frequencies(engine, model)
        statement = pair_statement(engine, model)
        columns = compared_columns(model)
        types = engine.columns("feature", kind)
        _write_lines(engine, draft, "records", _records_sql(model, columns))
        _write_lines(engine, draft, "identities", _identities_sql(kind))
        keys = f"SELECT keyed.key, CAST(place.place AS UINTEGER) AS place FROM base.blocking.{quote(f'key_{kind}')} AS keyed JOIN lookup.place USING (record) ORDER BY ALL"
        _write_arrays(engine, keys, draft / "keys.bin", draft / "places.bin")
        with engine.registered("model_frequency", model.frequencies):
            rarity = 'SELECT hash("column", value) AS hash, records FROM model_frequency ORDER BY ALL'
            _write_arrays(engine, rarity, draft / "rarity.bin", draft / "holders.bin")
    scratch.unlink(missing_ok=True)
    shutil.rmtree(draft / "spill", ignore_errors=True)
    plan = {
        "engine": engine_version(),
        "audience": place.audience,
        "release": place.release,
        "model_hash": model.hash,
        # The index has no key that is a stop key, and there can be many.
        "model": {**model.content(), "stop_keys": []},
        "generic": model.generic.to_pydict(),
        "statement": statement.sql,
        "pair_columns": statement.columns,
        "columns": columns,
        "types": types,
        "rarity_columns": rarity_columns(model),
    }
    (draft / "plan.json").write_text(json.dumps(plan), encoding="utf-8")


def _number(engine: Engine, kind: EntityType) -> None:
    """Write `lookup.place` (record, place, name, nth identity) and the view `canonical.<type>` of the audience's own records."""
    engine.create_as(
        "lookup",
        "identity",
        "SELECT identity_id, row_number() OVER (ORDER BY identity_id) - 1 AS nth FROM release.published.identity WHERE entity_type = $kind",
        {"kind": kind},
    )
    engine.create_as(
        "lookup",
        "place",
        f"""
        SELECT own.record, row_number() OVER (ORDER BY nth, own.dataset, own.key, own.role) - 1 AS place, nth,
               own.dataset || '/' || own.key || '#' || own.role AS name
        FROM base.canonical.{quote(kind)} AS own
        JOIN release.published.identity_record AS held USING (dataset, key, role)
        JOIN lookup.identity USING (identity_id)
        WHERE held.entity_type = $kind
        """,
        {"kind": kind},
    )
    engine.run("CREATE SCHEMA canonical")
    engine.run(
        f"CREATE VIEW canonical.{quote(kind)} AS SELECT own.* REPLACE (place.place AS record) "
        f"FROM base.canonical.{quote(kind)} AS own JOIN lookup.place ON place.record = own.record"
    )


def _records_sql(model: Model, columns: list[str]) -> str:
    stored = [*columns, *(f"tf_{column}" for column in rarity_columns(model))]
    return (
        f"SELECT CAST(json_array({comma(stored, 'own.')}, place.name, place.nth) AS VARCHAR) AS told "
        f"FROM ({with_rarities(model, ['record', *columns])}) AS own JOIN lookup.place ON place.place = own.record ORDER BY place.place"
    )


def _identities_sql(kind: EntityType) -> str:
    return (
        "SELECT CAST(json_object('identity_id', head.identity_id, 'records', head.records, 'datasets', head.datasets, "
        "'agencies', head.agencies, 'confidence', head.confidence, 'golden', to_json(golden)) AS VARCHAR) AS told "
        f"FROM lookup.identity JOIN release.published.identity AS head USING (identity_id) "
        f"LEFT JOIN (SELECT * FROM release.published.{quote(kind)}) AS golden ON golden.identity_id = head.identity_id ORDER BY nth"
    )


def _write_lines(engine: Engine, folder: Path, name: str, query: str) -> None:
    engine.run("SET preserve_insertion_order = true")
    ends = [np.zeros(1, np.int64)]
    with (folder / f"{name}.bin").open("wb") as text:
        for batch in engine.batches(query, _ROWS):
            lines = [line.encode() for line in batch.column(0).to_pylist()]
            text.writelines(lines)
            ends.append(np.cumsum([len(line) for line in lines], dtype=np.int64) + ends[-1][-1])
    np.concatenate(ends).tofile(folder / f"{name}.at")


def _write_arrays(engine: Engine, query: str, *paths: Path) -> None:
    engine.run("SET preserve_insertion_order = true")
    files = [path.open("wb") for path in paths]
    try:
        for batch in engine.batches(query, _ROWS):
            for file, column in zip(files, batch.columns, strict=True):
                column.to_numpy(zero_copy_only=False).tofile(file)
    finally:
        for file in files:
            file.close()
