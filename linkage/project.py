"""The Python door: open a project, run it, read its identities."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from linkage.config.project import CENTRE, LoadedProject, load_project
from linkage.engine.sql import quote
from linkage.errors import ConfigError, RequestError, SharingError, WorkspaceError
from linkage.store.entries import Release
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from linkage.tables import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    import pandas as pd
    import pyarrow as pa

    from linkage.config.source import EntityType
    from linkage.engine.duckdb import Engine
    from linkage.lookup.session import Session
    from linkage.stages.context import Progress

Format = Literal["pandas", "arrow", "duckdb"]
_TYPES = ("person", "business", "account")


class Project:
    """A project and its workspace. Reading never changes anything but the audit of looks."""

    def __init__(self, loaded: LoadedProject) -> None:
        self.loaded = loaded
        self._sessions: dict[tuple[str, str], Session] = {}

    def run(self, *, progress: Progress = lambda _message: None, **options: Any) -> dict[str, Any]:
        """Run the main job and return its report; see `linkage.pipeline.run_project`.

        Options are those of `linkage.stages.context.RunOptions`: now, retrain, learn, full, judgements_only, accept.
        """
        from linkage.pipeline import run_project
        from linkage.stages.context import RunOptions

        return run_project(self.loaded, RunOptions(**options), progress=progress)

    def rollback(
        self, release: int, *, why: str = "", progress: Progress = lambda _message: None, **options: Any
    ) -> dict[str, Any]:
        """Make an older release of the centre again as a new one, and return the run's report; see `linkage.rollback`.

        Options: now, accept.
        """
        from linkage.rollback import rollback

        return rollback(self.loaded, release, why=why, progress=progress, **options)

    def release_path(self, audience: str = CENTRE, sequence: int | None = None) -> Path:
        """Return the path of an audience's last release, or of an older one by its number.

        Raises RequestError for an unknown audience, one without a release, and a release that is unknown or pruned.
        """
        audiences = self.loaded.settings.audiences
        if audience not in audiences:
            message = f"there is no audience {audience!r}; the project has: {', '.join(audiences)}"
            from linkage.sharing.audit import refused

            raise refused(self.loaded, RequestError(message), "release")
        workspace = Workspace(self.loaded.workspace)
        if workspace.ledger.is_file():
            with Ledger(workspace.ledger) as ledger:
                if sequence is not None:
                    return _older(workspace, ledger, Release(audience, sequence))
                last = ledger.last_sequence(audience)
            if last:
                return workspace.release(audience, last)
        message = f"audience {audience!r} has no release yet; run: linkage run {self.loaded.path}"
        raise RequestError(message)

    @contextmanager
    def release(self, audience: str = CENTRE, sequence: int | None = None) -> Iterator[Engine]:
        """Open an audience's last release, or an older one, for reading; later runs do not disturb it."""
        from linkage.engine.duckdb import DatabaseError, Engine, is_damage

        path = self.release_path(audience, sequence)
        try:
            with Engine(path, read_only=True, **self.loaded.limits()) as engine:
                yield engine
        except DatabaseError as error:
            if not is_damage(error):
                raise
            message = f"{path}: the release is damaged ({str(error).splitlines()[0]}); restore the workspace from a backup (linkage restore)"
            raise WorkspaceError(message) from error

    def identities(
        self,
        entity_type: str,
        *,
        audience: str = CENTRE,
        output: Format = "pandas",
        purpose: str | None = None,
        release: int | None = None,
    ) -> pd.DataFrame | pa.Table | duckdb.DuckDBPyRelation:
        """Return the golden values of all identities of a type, joined to what is known of the identity itself.

        `output` chooses a pandas frame, an Arrow table, or a DuckDB relation over the release file; `release` the number
        of an older release. Handing over the table is one dissemination; it is written to the audit with its purpose.
        """
        if entity_type not in _TYPES:
            message = f"there is no entity type {entity_type!r}; the types are: {', '.join(_TYPES)}"
            raise RequestError(message)
        return self.table(entity_type, audience=audience, output=output, purpose=purpose, release=release)

    def table(
        self,
        name: str,
        *,
        audience: str = CENTRE,
        output: Format = "pandas",
        purpose: str | None = None,
        release: int | None = None,
    ) -> pd.DataFrame | pa.Table | duckdb.DuckDBPyRelation:
        """Return a published table of an audience's last release, or of an older one by its number, ordered by its key."""
        table = next((table for table in PUBLISHED if table.name == name), None)
        if table is None:
            message = (
                f"there is no table {name!r}; the published tables are: {', '.join(table.name for table in PUBLISHED)}"
            )
            raise RequestError(message)
        from linkage.engine.duckdb import Engine
        from linkage.sharing.audit import numbered

        query = f"FROM published.{quote(name)} ORDER BY {', '.join(quote(column) for column in table.key)}"
        if name in _TYPES:
            query = f"SELECT * FROM published.{quote(name)} JOIN (SELECT * EXCLUDE (entity_type) FROM published.identity) USING (identity_id) ORDER BY identity_id"
        path = self.release_path(audience, release)
        self.look("table", [name, *numbered(release)], audience=audience, purpose=purpose)
        if output == "duckdb":
            # The relation keeps its connection; the caller closes it by dropping the relation.
            return Engine(path, read_only=True, **self.loaded.limits()).connection.sql(query)
        with self.release(audience, release) as engine:
            found = engine.arrow(query)
        return found if output == "arrow" else found.to_pandas()

    def lookup(
        self,
        entity_type: EntityType,
        records: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        audience: str = CENTRE,
        purpose: str | None = None,
    ) -> dict[str, Any]:
        """Return for each record which identities of the audience's last release may be it, the likeliest first.

        A record has any of the attributes that sources map. The first lookup of a type makes the release's lookup index
        where it is not there, and plans the statements; later ones find both, until there is another release. It changes
        nothing but the audit of looks. See `linkage.lookup.session.Session` for the answer.
        """
        from linkage.lookup.session import Session

        session = self._sessions.get((audience, entity_type))
        if session is None or not session.current:
            if session is not None:
                session.close()
            session = self._sessions[audience, entity_type] = Session(self.loaded, entity_type, audience=audience)
        asked = [records] if isinstance(records, Mapping) else records
        return session.lookup(asked, purpose=purpose)

    def purpose(self, stated: str | None) -> str:
        """Return the purpose that a look is written with: the stated one, or the project's own."""
        return stated or self.loaded.settings.default_purpose or ""

    def look(
        self,
        action: str,
        objects: list[str],
        *,
        audience: str = CENTRE,
        purpose: str | None = None,
        asked: str | None = None,
    ) -> None:
        """Write that somebody looked, at what and why; refuse a look without a purpose (rule R11).

        `asked` is what was asked for where that holds values: it is kept apart from the audit and can be purged.
        """
        from linkage.sharing.audit import record_look

        record_look(self.loaded, action, objects, audience, purpose, asked=asked)


def _older(workspace: Workspace, ledger: Ledger, release: Release) -> Path:
    pruned = ledger.pruned().get(release)
    if pruned is not None:
        message = (
            f"release {release.sequence} of {release.audience} was pruned at {pruned.pruned_at} by {pruned.pruned_by}; "
            "it is in backups made before, if there are any"
        )
        raise RequestError(message)
    kept = [entry.sequence for entry in ledger.kept_releases() if entry.audience == release.audience]
    if release.sequence not in kept:
        message = f"audience {release.audience!r} has no release {release.sequence}; it has: {', '.join(map(str, kept)) or 'none'}"
        raise RequestError(message)
    return workspace.release(release.audience, release.sequence)


def open_project(path: str | Path) -> Project:
    """Open a project file (or the folder that holds `project.toml`). A refusal of what it or its agreements say is written to the audit."""
    try:
        return Project(load_project(Path(path)))
    except ConfigError as error:
        from linkage.sharing.audit import record_refusal

        record_refusal(error, action="agreements" if isinstance(error, SharingError) else "project")
        raise
