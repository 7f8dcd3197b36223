"""The commands that mend: split and merge identities, go back to an older release."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from linkage.cli.options import AudienceOption, JsonOption, NowOption, ProjectArgument, accepted, answer, moment

WhyOption = Annotated[str, typer.Option("--why", help="The reason; kept with every judgement.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who judged; else the user of this machine.")]


def add(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("split")(split)
    app.command("merge")(merge)
    app.command("rollback")(rollback)


def split(
    project: ProjectArgument,
    identity: Annotated[str, typer.Argument(metavar="ID", help="An identity id.", show_default=False)],
    records: Annotated[
        list[str],
        typer.Option("--records", help="A record DATASET/KEY[#ROLE], or a file with one a line; may be repeated."),
    ],
    why: WhyOption = "",
    by: ByOption = None,
    audience: AudienceOption = "centre",
    as_json: JsonOption = False,
) -> None:
    """Part the named records from the rest of an identity, by judgements that the next run applies."""
    import linkage
    from linkage.judging.identities import split as enter

    told = enter(linkage.open(project), identity, records, why, by=by, audience=audience)
    answer(told, _entered, as_json=as_json)


def merge(
    project: ProjectArgument,
    identities: Annotated[
        list[str], typer.Argument(metavar="ID ...", help="Two identity ids or more.", show_default=False)
    ],
    why: WhyOption = "",
    by: ByOption = None,
    audience: AudienceOption = "centre",
    as_json: JsonOption = False,
) -> None:
    """Make one identity of several, by judgements that the next run applies."""
    import linkage
    from linkage.judging.identities import merge as enter

    told = enter(linkage.open(project), identities, why, by=by, audience=audience)
    answer(told, _entered, as_json=as_json)


def _entered(told: dict[str, Any]) -> None:
    from linkage.cli import render

    parts = " and ".join(f"{records:,} records" for records in told["parts"])
    what = "Apart from now on" if len(told["parts"]) > 1 else "Together from now on"
    render.say(f"{what}: {parts} of {told['entity_type']} {', '.join(told['identities'])}.")
    if not told["judgements"]:
        render.say("Judgements that stand say so already; nothing was entered.")
        return
    counts = ", ".join(f"{number:,} {verdict}" for verdict, number in told["verdicts"].items() if number)
    first = told["judgements"][0]
    render.say(f"{told['entered']:,} judgements entered ({counts}). The next run applies them.")
    render.say(f"All of them are undone by: linkage judge PROJECT --undo-bulk {first} --why TEXT")


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
