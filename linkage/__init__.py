"""Entity resolution for law enforcement: agencies' records in, lasting identities of persons, businesses and accounts out.

`linkage.init(files, folder)`, `project = linkage.open("project.toml")`, `project.run()`, `project.identities("person")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linkage.profiling.project import init_project as init
    from linkage.project import Project
    from linkage.project import open_project as open  # noqa: A004  # the word that users know from files

__version__ = "0.1.0"
__all__ = ["Project", "__version__", "init", "open"]


def __getattr__(name: str) -> Any:
    # The heavy imports wait until somebody opens a project, so that `linkage --help` answers at once.
    if name in {"open", "Project"}:
        from linkage import project

        return project.open_project if name == "open" else project.Project
    if name == "init":
        from linkage.profiling.project import init_project

        return init_project
    message = f"module 'linkage' has no attribute {name!r}"
    raise AttributeError(message)
