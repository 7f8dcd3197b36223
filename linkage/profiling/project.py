"""Write a first project for files: profile, guess, write, and read it back as a run would."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.config.project import load_project
from linkage.engine.duckdb import DatabaseError, Engine
from linkage.errors import DataError, UsageError
from linkage.profiling.guess import guess
from linkage.profiling.values import profile_file
from linkage.profiling.write import project_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linkage.profiling.values import FileProfile


MEMORY = "1GB"
"""What the engine may hold of a file; the rest stays on disk, in the folder for temporary files."""


def init_project(
    files: Sequence[Path], into: Path, *, progress: Callable[[str], None] = lambda _message: None
) -> dict[str, Any]:
    """Write `into/project.toml` for files of any form that is read, and return what was guessed, in counts.

    Raises UsageError where a project file stands there already, DataError for a file that cannot be used. Nothing is
    left behind where it raises. No value of the data is in the file, but for the codes that tell persons from firms.
    """
    target = into / "project.toml"
    if target.exists():
        message = f"{target}: there is a project already; name another folder with --into, or move it away"
        raise UsageError(message)
    if not files:
        message = "name at least one file"
        raise UsageError(message)
    twice = sorted(str(path) for path in files if [other.resolve() for other in files].count(path.resolve()) > 1)
    if twice:
        message = f"{twice[0]}: is named twice; name each file once"
        raise UsageError(message)
    with tempfile.TemporaryDirectory(prefix="linkage-init-") as folder:
        scratch = Path(folder)
        sources = guess([_profile(path, scratch, progress) for path in files])
        content = project_toml(sources, into, into.resolve().name)
        # Read back as a run would before anything stands in the steward's folder.
        trial = scratch / "project.toml"
        trial.write_text(content, encoding="utf-8")
        load_project(trial)
    try:
        into.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        message = f"{target}: cannot be written ({error.strerror}); name another folder with --into"
        raise UsageError(message) from error
    return {
        "schema_version": 1,
        "project": str(target),
        "doubtful": content.count("DOUBTFUL") - 1,
        "datasets": {
            source.dataset: {
                "rows": source.profile.rows,
                "sampled": source.profile.sampled,
                "key": list(source.key[0]),
                "roles": {role.name: {"entity": role.entity, "fields": sorted(role.fields)} for role in source.roles},
                "unmapped": list(source.unmapped),
            }
            for source in sources
        },
    }


def _profile(path: Path, scratch: Path, progress: Callable[[str], None]) -> FileProfile:
    progress(f"look at {path.name}")
    database = scratch / "look.duckdb"
    try:
        with Engine(database, memory_limit=MEMORY, temp_directory=scratch) as engine:
            return profile_file(engine, path, scratch)
    except DatabaseError as error:
        message = f"{path}: cannot be looked at ({str(error).splitlines()[0]}); check that it is CSV, Parquet, JSON lines, Excel or SQLite"
        raise DataError(message) from error
    finally:
        database.unlink(missing_ok=True)
