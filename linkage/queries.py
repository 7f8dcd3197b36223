"""Questions to a release: what is this identity or record, and why do two records match."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.engine.duckdb import Engine
from linkage.engine.postgresql import is_address, shown
from linkage.engine.sql import comma, quote
from linkage.errors import DataError, RequestError, WorkspaceError
from linkage.matching import model as models
from linkage.matching.evidence import gathered
from linkage.sharing import postgresql
from linkage.sharing.audit import numbered
from linkage.sharing.entities import FORMS, entities_sql
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.tables import PUBLISHED, published

if TYPE_CHECKING:
    from linkage.config.project import LoadedProject
    from linkage.matching.explain import Explanation
    from linkage.matching.model import Model
    from linkage.project import Project
    from linkage.store.entries import Release
    from linkage.tables import Table

RecordName = tuple[str, str, str | None]
_NAME = re.compile(r"^([a-z][a-z0-9_]*)/(.+?)(?:#([a-z][a-z0-9_]*))?$", re.DOTALL)
_LARGEST = 5


def find_records(engine: Engine, name: str) -> list[dict[str, Any]]:
    """Return the crosswalk rows that `DATASET/KEY[#ROLE]` names; refuse a name that fits none."""
    parts = _NAME.match(name)
    if parts is None:
        message = f"{name!r} is no record name; write DATASET/KEY or DATASET/KEY#ROLE"
        raise RequestError(message)
    dataset, key, role = parts.groups()
    found: list[dict[str, Any]] = engine.arrow(
        "SELECT * FROM published.identity_record WHERE dataset = $dataset AND ((key = $key AND ($role IS NULL OR role = $role)) OR key = $whole) "
        "ORDER BY entity_type, key, role",
        {"dataset": dataset, "key": key, "role": role, "whole": name.split("/", 1)[1]},
    ).to_pylist()
    if not found:
        message = f"no record {name!r} in this release; names are DATASET/KEY#ROLE, as in published.identity_record"
        raise RequestError(message)
    return found


def show(
    project: Project,
    name: str,
    *,
    audience: str = CENTRE,
    purpose: str | None = None,
    release: int | None = None,
) -> list[dict[str, Any]]:
    """Return all that a release (the last, or by number) holds of an identity id, or of the identities of a record."""
    with project.release(audience, release) as engine:
        ids = sorted({row["identity_id"] for row in find_records(engine, name)}) if "/" in name else [name]
        named = [] if release is None else [f"release {release}"]
        project.look("show", [name, *ids, *named], audience=audience, purpose=purpose)
        return [_identity(engine, identity) for identity in ids]


def _identity(engine: Engine, identity: str) -> dict[str, Any]:
    values = {"id": identity}
    head = engine.arrow("SELECT * FROM published.identity WHERE identity_id = $id", values).to_pylist()
    if not head:
        moved = engine.rows("SELECT new_id FROM published.identity_redirect WHERE old_id = $id ORDER BY new_id", values)
        hint = (
            f"; its records are now in {', '.join(row[0] for row in moved)}"
            if moved
            else "; ids are listed in published.identity"
        )
        message = f"no identity {identity!r} in this release{hint}"
        raise RequestError(message)
    kind = head[0]["entity_type"]
    return {
        **head[0],
        "golden": engine.arrow(
            f"SELECT * EXCLUDE (identity_id) FROM published.{quote(kind)} WHERE identity_id = $id", values
        ).to_pylist()[0],
        "record_names": engine.arrow(
            "SELECT dataset || '/' || key || '#' || role AS record, agency, ambiguous FROM published.identity_record WHERE identity_id = $id ORDER BY ALL",
            values,
        ).to_pylist(),
        "values": engine.arrow(
            "SELECT attribute, value, records, agencies, first_seen, last_seen FROM published.identity_value WHERE identity_id = $id ORDER BY attribute, records DESC, value",
            values,
        ).to_pylist(),
        "relations": engine.arrow(
            "SELECT kind, from_identity, to_identity, records, agencies FROM published.identity_relation WHERE from_identity = $id OR to_identity = $id ORDER BY ALL",
            values,
        ).to_pylist(),
        "pointers": engine.arrow(
            "SELECT agency, contact FROM published.identity_pointer WHERE identity_id = $id ORDER BY agency", values
        ).to_pylist()
        # A release of before there were pointers has none.
        if engine.has_table("published", "identity_pointer")
        else [],
        "possible_matches": engine.arrow(
            "SELECT DISTINCT CASE WHEN identity_a = $id THEN identity_b ELSE identity_a END AS identity_id, weight, reason FROM published.possible_match "
            "WHERE identity_a = $id OR identity_b = $id ORDER BY weight DESC, identity_id",
            values,
        ).to_pylist(),
        "notice": "Unverified: a match is a lead; confirm with the record's owner.",
    }


def explain(
    project: Project, a: str, b: str, *, audience: str = CENTRE, purpose: str | None = None
) -> tuple[dict[str, Any], Explanation]:
    """Return the two crosswalk rows and what each comparison says of the pair, whether or not blocking found it."""
    from linkage.matching.explain import explain_pair

    with project.release(audience) as engine:
        left, right = find_records(engine, a), find_records(engine, b)
    pairs = [(x, y) for x in left for y in right if x["entity_type"] == y["entity_type"] and x != y]
    if len(pairs) != 1:
        names = ", ".join(
            f"{row['dataset']}/{row['key']}#{row['role']} ({row['entity_type']})" for row in (*left, *right)
        )
        message = f"{a!r} and {b!r} do not name one pair of one type; name records with their role: {names}"
        raise RequestError(message)
    project.look("explain", [a, b], audience=audience, purpose=purpose)
    one, two = pairs[0]
    loaded = project.loaded
    workspace = Workspace(loaded.workspace)
    with Ledger(workspace.ledger) as ledger:
        last = ledger.last_run()
        approved = ledger.approved_model(one["entity_type"])
    if last is None or approved is None:
        message = f"{loaded.workspace}: there is no finished run; run: linkage run {loaded.path}"
        raise RequestError(message)
    model = models.load(workspace.models, one["entity_type"], last.report["types"][one["entity_type"]]["model"])
    with Engine(**loaded.limits()) as engine, engine.attached(workspace.base(last.base), "base"):
        engine.run("CREATE SCHEMA canonical")
        engine.run("CREATE SCHEMA feature")
        kind = quote(model.entity_type)
        engine.create_as(
            "canonical",
            model.entity_type,
            f"SELECT CAST(0 AS BIGINT) AS record, * EXCLUDE (record) FROM base.canonical.{kind} WHERE dataset = $d0 AND key = $k0 AND role = $r0 "
            f"UNION ALL SELECT CAST(1 AS BIGINT) AS record, * EXCLUDE (record) FROM base.canonical.{kind} WHERE dataset = $d1 AND key = $k1 AND role = $r1",
            {
                "d0": one["dataset"],
                "k0": one["key"],
                "r0": one["role"],
                "d1": two["dataset"],
                "k1": two["key"],
                "r1": two["role"],
            },
        )
        pair = {
            "a": one,
            "b": two,
            "same_identity": one["identity_id"] == two["identity_id"],
            "thresholds": {"match": model.thresholds.match, "review": model.thresholds.review},
            "run": last.run,
            "model": model.hash,
        }
        return pair, explain_pair(engine, model, _shared(engine, audience, model, one, two))


def _shared(engine: Engine, audience: str, model: Model, one: dict[str, Any], two: dict[str, Any]) -> set[str]:
    """Return the names of the evidence that two records share in an audience's resolution, told by the last run."""
    name = gathered(audience, model.entity_type)
    tables = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'base' AND schema_name = 'resolution' AND table_name = $name"
    if not engine.value(tables, {"name": name}):
        return set()
    canonical = f"base.canonical.{quote(model.entity_type)}"
    rows = engine.rows(
        f"SELECT told FROM base.resolution.{quote(name)} JOIN {canonical} AS one ON one.record = a JOIN {canonical} AS two ON two.record = b "
        "WHERE [one.dataset, one.key, one.role, two.dataset, two.key, two.role] IN ($there, $back)",
        {
            "there": [entry[column] for entry in (one, two) for column in ("dataset", "key", "role")],
            "back": [entry[column] for entry in (two, one) for column in ("dataset", "key", "role")],
        },
    )
    return {part.split("=")[0] for (told,) in rows for part in told.split(";")}


def report(project: Project, *, purpose: str | None = None) -> dict[str, Any]:
    """Return the report of the last finished run, with the largest identities of each release: ids and counts, no values."""
    loaded = project.loaded
    workspace = Workspace(loaded.workspace)
    last = None
    if workspace.ledger.is_file():
        with Ledger(workspace.ledger) as ledger:
            last = ledger.last_run()
    if last is None:
        message = f"{loaded.workspace}: there is no finished run; run: linkage run {loaded.path}"
        raise RequestError(message)
    largest = [entry for release in last.releases for entry in _largest(loaded, release)]
    # The page is the operator's, of all audiences: what it shows is the centre's view.
    project.look("report", [f"run {last.run}", *(entry["identity"] for entry in largest)], purpose=purpose)
    return {**last.report, "project": loaded.settings.name, "finished_at": last.finished_at, "largest": largest}


def _largest(loaded: LoadedProject, release: Release) -> list[dict[str, Any]]:
    path = Workspace(loaded.workspace).release(release.audience, release.sequence)
    if not path.is_file():
        message = f"{path}: the last release is gone; restore the workspace from a backup"
        raise WorkspaceError(message)
    with Engine(path, read_only=True, **loaded.limits()) as engine:
        found: list[dict[str, Any]] = engine.arrow(
            "SELECT $audience AS audience, entity_type, identity_id AS identity, records, datasets, len(agencies) AS agencies "
            "FROM published.identity WHERE records > 1 QUALIFY row_number() OVER (PARTITION BY entity_type ORDER BY records DESC, identity_id) <= $most "
            "ORDER BY entity_type, records DESC, identity_id",
            {"audience": release.audience, "most": _LARGEST},
        ).to_pylist()
    return found


def export(  # noqa: PLR0913  # what an export can be told
    project: Project,
    name: str,
    target: str | Path,
    *,
    audience: str = CENTRE,
    purpose: str | None = None,
    schema: str = postgresql.SCHEMA,
    form: str | None = None,
    release: int | None = None,
) -> int:
    """Write a published table of the last release, or of an older one by its number, whole or not at all; return its rows.

    The target is a file, ordered by the table's key, or the address of a PostgreSQL database, where the table's rows in
    `schema` are replaced. `form` is csv, parquet, ftm or senzing; without it the ending of the file tells.
    """
    table = published(name)
    if table is None:
        message = (
            f"there is no table {name!r}; the published tables are: {', '.join(table.name for table in PUBLISHED)}"
        )
        raise RequestError(message)
    if not is_address(str(target)):
        return _into_file(project, table, Path(target), form, (audience, release), purpose)
    if form is not None:
        message = "--format is for files; a database takes a published table as it is"
        raise RequestError(message)
    # Refused here where there is no release: a look that shows nothing is no look.
    project.release_path(audience, release)
    # Looked at only once the database has answered; the address is told without its password.
    with postgresql.opened(str(target), schema) as opened:
        project.look("export", [name, opened.name, *numbered(release)], audience=audience, purpose=purpose)
        with project.release(audience, release) as engine:
            return opened.replace(engine, table)


def told(target: str) -> str:
    """Return a target of an export as it may be shown: an address without its password."""
    return shown(target) if is_address(target) else target


def _into_file(
    project: Project, table: Table, path: Path, form: str | None, of: tuple[str, int | None], purpose: str | None
) -> int:
    """Write a table into a file; `of` is the audience and the number of its release, None for the last."""
    query, options = _written(table, path, form)
    if not path.parent.is_dir():
        message = f"{path}: there is no folder {path.parent}; make it first"
        raise RequestError(message)
    # Refused here where there is no release: a look that shows nothing is no look.
    project.release_path(*of)
    project.look("export", [table.name, *numbered(of[1])], audience=of[0], purpose=purpose)
    draft = path.with_name(f".{path.name}.part")
    try:
        with project.release(*of) as engine:
            rows = engine.copy_to(query, draft, options, target=path)
        draft.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); name another file"
        raise DataError(message) from error
    finally:
        # Whatever stopped it: nothing half-written stays.
        draft.unlink(missing_ok=True)
    return rows


def _written(table: Table, path: Path, form: str | None) -> tuple[str, str]:
    """Return the query and the options of COPY for a table in a form."""
    formats = {"csv": "(FORMAT csv, HEADER true)", "parquet": "(FORMAT parquet, COMPRESSION zstd)"}
    chosen = form or path.suffix.lower().removeprefix(".")
    if chosen in FORMS:
        return entities_sql(chosen, table.name), "(FORMAT json)"
    if chosen not in formats:
        message = (
            f"there is no format {form!r}; --format takes: {', '.join((*formats, *FORMS))}"
            if form
            else f"{path}: the file's ending tells its format; name it .csv or .parquet, or say --format"
        )
        raise RequestError(message)
    return f"FROM published.{quote(table.name)} ORDER BY {comma(table.key)}", formats[chosen]
