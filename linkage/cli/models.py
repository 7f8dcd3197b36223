"""The commands that make, list, compare, approve and amend models, and what people see of them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # read at run time
from typing import Annotated, Any

import typer

from linkage.cli.heard import Commands
from linkage.cli.options import JsonOption, ProjectArgument, PurposeOption, answer

SHOWN = 10
"""Weights that `train` and `models diff` show; --json has all."""

TypeArgument = Annotated[str, typer.Argument(metavar="TYPE", help="person, business or account.", show_default=False)]
HashArgument = Annotated[
    str, typer.Argument(metavar="HASH", help="A model of linkage models list.", show_default=False)
]

models_app = Commands(help="The models of a project.", no_args_is_help=True, rich_markup_mode=None)


def add(app: typer.Typer) -> None:
    """Add the commands to the command line, with a group `models`."""
    app.command("train")(train)
    app.command("approve")(approve)
    models_app.command("list")(list_)
    models_app.command("diff")(diff)
    models_app.command("amend")(amend)
    app.add_typer(models_app, name="models")


def train(
    project: ProjectArgument,
    entity_type: TypeArgument,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with pictures to this file.", show_default=False)
    ] = None,
    no_preview: Annotated[
        bool,
        typer.Option("--no-preview", help="Do not resolve all records under it to tell what would merge or split."),
    ] = False,
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a candidate model on the records of the last run; no run uses it before it is approved."""
    import linkage
    from linkage.cli import render
    from linkage.pages.files import check_target, write_page
    from linkage.pages.trained import trained, trained_page
    from linkage.registry.candidate import train_candidate

    if html is not None:
        check_target(html, "model")
    opened = linkage.open(project)
    with render.working(quiet=as_json) as progress:
        found = train_candidate(opened.loaded, entity_type, preview=not no_preview, purpose=purpose, progress=progress)
    if html is not None:
        write_page(html, "model", trained_page(trained(found, purpose=opened.purpose(purpose))))
        if not as_json:
            render.say(f"{html}: model page written, readable by you alone")
    answer(found, _trained, as_json=as_json)


def approve(
    project: ProjectArgument,
    entity_type: TypeArgument,
    model: HashArgument,
    why: Annotated[str, typer.Option("--why", help="The reason; kept with the approval.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Approve a listed model: the next run uses it. An older one may be approved again."""
    import linkage
    from linkage.registry.approve import approve_model

    answer(approve_model(linkage.open(project).loaded, entity_type, model, why), _approved, as_json=as_json)


def list_(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """List all models: when they were made, who approved them and why, and which one runs use."""
    import linkage
    from linkage.registry.approve import list_models

    answer(list_models(linkage.open(project).loaded), _listed, as_json=as_json)


def diff(
    project: ProjectArgument,
    entity_type: TypeArgument,
    first: Annotated[str, typer.Argument(metavar="A", help="A listed model.", show_default=False)],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Tell what differs between two models of a type, the weights that moved most first."""
    import linkage
    from linkage.registry.compare import diff_models

    answer(diff_models(linkage.open(project).loaded, entity_type, first, second), _differences, as_json=as_json)


def amend(project: ProjectArgument, entity_type: TypeArgument, as_json: JsonOption = False) -> None:
    """Make a model that sets aside the blocking keys a run was refused for, without retraining."""
    import linkage
    from linkage.registry.amend import amend_model

    answer(amend_model(linkage.open(project).loaded, entity_type), _amended, as_json=as_json)


def _trained(found: dict[str, Any]) -> None:
    from linkage.cli.previews import previewed
    from linkage.cli.render import say

    kind, model = found["entity_type"], found["model"]
    say(f"Candidate {kind}={model}, of {found['records']:,} records as of run {found['run']}")
    say(f"Match rate {found['match_rate']:.3g}, candidate pairs {found['candidate_pairs']:,}")
    say(f"Comparisons set back to their priors: {', '.join(found['set_back_to_priors']) or 'none'}")
    labels = found["labels"]
    say(
        "Labels: none"
        if labels is None
        else f"Labels: {labels['matches']:,} matches, {labels['non_matches']:,} non-matches"
    )
    if found["approved"] is None:
        say("No model of this type is approved.")
    elif found["approved"] == model:
        say("It is the approved model: nothing moved.")
    else:
        _differences(found["against_approved"])
    previewed(found)
    if found["approved"] == model:
        return
    say(f"No run uses it yet: linkage approve PROJECT {kind} {model} --why TEXT")


def _differences(found: dict[str, Any]) -> None:
    from linkage.cli.render import print_table, say

    moved = [row for row in found["weights"] if row["moved"] != 0]
    columns = ("comparison", "level", "then", "now", "moved")
    rows = [tuple(row[column] for column in columns) for row in moved[:SHOWN]]
    say(f"From {found['then']} to {found['now']}")
    print_table("Weights in bits", *columns, rows=rows)
    if len(moved) > SHOWN:
        say(f"{len(moved) - SHOWN:,} more weights moved less (--json has all)")
    if not moved:
        say("No weight moved.")
    changed = [(f"threshold {name}", one["then"], one["now"]) for name, one in found["thresholds"].items()]
    changed.append(("match rate", found["match_rate"]["then"], found["match_rate"]["now"]))
    for name, then, now in changed:
        if then != now:
            say(f"{name[0].upper()}{name[1:]}: {then:g} before, {now:g} now")
    for name in ("rules", "stop_keys", "generic_values"):
        one = found[name]
        if one["added"] or one["removed"]:
            words = name.replace("_", " ")
            say(
                f"{words[0].upper()}{words[1:]}: {one['added']:,} added, {one['removed']:,} removed, {one['now']:,} now"
            )


def _approved(found: dict[str, Any]) -> None:
    from linkage.cli.render import say

    before = f" (before: {found['before']})" if found["before"] else ""
    say(f"{found['entity_type']}={found['model']} is approved by {found['approved_by']}{before}; the next run uses it.")


def _listed(found: dict[str, Any]) -> None:
    from linkage.cli.render import print_table, say

    if not found["models"]:
        say("There is no model yet; the first run makes one of each type.")
        return
    rows = [
        (one["entity_type"], one["model"], one["state"], _minute(one["created_at"]), one["run"])
        for one in found["models"]
    ]
    print_table("Models", "type", "hash", "state", "made at (UTC)", "run", rows=rows)
    for one in found["models"]:
        if one["approved_at"]:
            name = f"{one['entity_type']}={one['model']}"
            say(f"{name} approved {_minute(one['approved_at'])} by {one['approved_by']}: {one['why']}")


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _amended(found: dict[str, Any]) -> None:
    from linkage.cli.render import print_table, say

    rows = [(one["rule"], one["records"], one["example"]) for one in found["added"]]
    print_table("Keys set aside", "rule", "records", "one of them", rows=rows)
    kind, model = found["entity_type"], found["model"]
    say(f"Candidate {kind}={model}: {found['approved']} with these keys set aside, else the same")
    say(f"No run uses it yet: linkage approve PROJECT {kind} {model} --why TEXT, then run again")
