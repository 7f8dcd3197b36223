"""The commands that keep a workspace: its releases, where they are handed out, what is pruned, backups."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # read at run time
from typing import Annotated, Any

import typer

from linkage.cli.options import JsonOption, ProjectArgument, answer


def add(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("releases")(releases)
    app.command("publish")(publish)
    app.command("prune")(prune)
    app.command("backup")(backup)
    app.command("restore")(restore)


def releases(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """List the published releases of every audience."""
    import linkage
    from linkage.cli import render
    from linkage.store.workspace import Workspace

    opened = linkage.open(project)
    workspace = Workspace(opened.loaded.workspace)
    rows: list[dict[str, Any]] = []
    if workspace.ledger.is_file():
        from linkage.store.ledger import Ledger

        with Ledger(workspace.ledger) as ledger:
            pruned = ledger.pruned()
            rows = [
                {
                    "audience": release.audience,
                    "sequence": release.sequence,
                    "run": row.run,
                    "published_at": row.finished_at,
                    "pruned_at": pruned[release].pruned_at if release in pruned else None,
                }
                for row in ledger.runs()
                for release in row.releases
            ]
    answer(rows, render.releases, as_json=as_json)


def publish(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """Bring the folders of publish_to to the last releases, where a run could not."""
    import linkage
    from linkage.cli import render
    from linkage.upkeep import publish_project

    answer(publish_project(linkage.open(project).loaded), render.published, as_json=as_json)


def prune(
    project: ProjectArgument,
    keep: Annotated[int, typer.Option("--keep", min=1, help="Releases of each audience that stay.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Remove old releases to save room; the last of each audience, the ledger and the feed stay."""
    import linkage
    from linkage.cli import render
    from linkage.upkeep import prune_project

    answer(prune_project(linkage.open(project).loaded, keep), render.pruned, as_json=as_json)


def backup(
    project: ProjectArgument,
    file: Annotated[Path, typer.Argument(help="The archive to write; it must not exist.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Write all that the workspace needs to go on, and its releases, to one archive."""
    import linkage
    from linkage.cli import render
    from linkage.store.backup import backup as write_backup
    from linkage.store.workspace import Workspace

    workspace = Workspace(linkage.open(project).loaded.workspace)
    answer(write_backup(workspace, file, program=linkage.__version__), render.backup, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="An archive of linkage backup.", show_default=False)],
    into: Annotated[Path, typer.Option("--into", help="The workspace folder to make.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Make a workspace of an archive; the next run goes on from there with the same ids."""
    from linkage.cli import render
    from linkage.sharing.folders import ahead
    from linkage.store.backup import restore as read_backup
    from linkage.store.ledger import Ledger
    from linkage.store.workspace import Workspace

    told = read_backup(file, into)
    with Ledger(Workspace(into).ledger) as ledger:
        answer({**told, "readers_ahead": ahead(ledger)}, render.restore, as_json=as_json)
