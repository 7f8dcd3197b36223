"""The commands that mend: go back to an older release."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from linkage.cli.options import JsonOption, NowOption, ProjectArgument, accepted, answer, moment


def add(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("rollback")(rollback)


def rollback(
    project: ProjectArgument,
    release: Annotated[
        int,
        typer.Argument(metavar="N", help="A release of the centre, as linkage releases lists it.", show_default=False),
    ],
    why: Annotated[str | None, typer.Option("--why", help="The reason; kept with the approvals.")] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help="Publish though this limit is exceeded: largest_identity, churn or growth."),
    ] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new release with the models and settings of an older one, of today's records under today's judgements."""
    import linkage
    from linkage.cli import render

    opened = linkage.open(project)
    limits = accepted(accept, why) if accept else {}
    with render.working(quiet=as_json) as progress:
        report = opened.rollback(release, why=why or "", now=moment(now), accept=limits, progress=progress)
    answer(report, _rolled_back, as_json=as_json)


def _rolled_back(report: dict[str, Any]) -> None:
    from linkage.cli import render

    render.run(report)
    told = report["rolled_back_to"]
    models = ", ".join(f"{kind} {name}" for kind, name in told["models"].items())
    render.say(
        f"Rolled back to release {told['release']} of centre, made by run {told['run']}; approved again: {models}."
    )
    if told["settings"] is None:
        render.say("That run kept no settings: those of the project files were used.")
    elif told["other_settings"]:
        render.say(
            f"Settings of the project files are others: {', '.join(told['other_settings'])}; the next run goes by the files."
        )
