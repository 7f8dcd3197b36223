"""The commands about investigations: overlaps, check before you act, leads, target profiles."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # read at run time
from typing import Annotated, Any

import typer

from linkage.cli.options import AudienceOption, JsonOption, ProjectArgument, PurposeOption, answer
from linkage.errors import UsageError

WhyOption = Annotated[str, typer.Option("--why", help="Why; kept with the change.", show_default=False)]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="How many to show.")]
StatusOption = Annotated[
    str | None, typer.Option("--status", help="Only those with this status; else all but closed ones.")
]
ForOption = Annotated[str, typer.Option("--for", help="The agency that reads it.", show_default=False)]


def add(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("overlaps")(overlaps)
    # The attributes are those of the type: what is no option of the command names one.
    app.command("deconflict", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(deconflict)
    app.command("leads")(leads)
    app.command("profile")(profile)


def _one_change(**changes: Any) -> str | None:
    """Return the name of the change that is asked for; refuse several."""
    asked = [name for name, value in changes.items() if value]
    if len(asked) > 1:
        message = f"one change at a time: {' or '.join(f'--{name}' for name in asked)}"
        raise UsageError(message)
    return asked[0] if asked else None


def overlaps(  # noqa: PLR0913  # the options of a command
    project: ProjectArgument,
    acknowledge: Annotated[
        list[str] | None, typer.Option("--acknowledge", metavar="ID", help="Say that the agencies have been in touch.")
    ] = None,
    close: Annotated[list[str] | None, typer.Option("--close", metavar="ID", help="Close an overlap.")] = None,
    reopen: Annotated[list[str] | None, typer.Option("--reopen", metavar="ID", help="Make it new again.")] = None,
    notify: Annotated[
        Path | None,
        typer.Option(
            "--notify", metavar="FILE", help="Write the notices of new overlaps for the agency of --audience."
        ),
    ] = None,
    why: WhyOption = "",
    status: StatusOption = None,
    limit: LimitOption = 20,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the overlaps of an audience's view: a subject in open cases of two or more agencies; acknowledge or close them."""
    import linkage
    from linkage.casework import overlaps as desk
    from linkage.cli import cases
    from linkage.cli.render import say

    opened = linkage.open(project)
    change = _one_change(acknowledge=acknowledge, close=close, reopen=reopen, notify=notify)
    if notify is not None:
        told = desk.notify(opened, notify, audience=audience, purpose=purpose)
        answer(told, lambda _told: say(f"{notify}: {told['notices']:,} notices for {told['agency']}"), as_json=as_json)
    elif change is not None:
        moved = {"acknowledge": "acknowledged", "close": "closed", "reopen": "new"}[change]
        ids = desk.move(
            opened, acknowledge or close or reopen or [], moved, why=why, audience=audience, purpose=purpose
        )
        done = {"audience": audience, "status": moved, "overlaps": ids}
        answer(done, lambda _done: say(f"{moved}: {', '.join(ids)}; the next release shows it"), as_json=as_json)
    else:
        found = desk.overlaps(opened, audience=audience, purpose=purpose, status=status, limit=limit)
        answer(found, cases.overlaps, as_json=as_json)


def deconflict(  # noqa: PLR0913  # the options of a command
    context: typer.Context,
    project: ProjectArgument,
    agency: Annotated[str, typer.Option("--agency", help="The agency that asks.", show_default=False)],
    person: Annotated[bool, typer.Option("--person", help="The subject is a person: --given-name Ann ...")] = False,
    business: Annotated[bool, typer.Option("--business", help="The subject is a business: --name ...")] = False,
    account: Annotated[bool, typer.Option("--account", help="The subject is an account: --number ...")] = False,
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask before you act who else has an open case on one subject: --person|--business|--account with attributes, or --phone NUMBER or --address LINE."""
    import linkage
    from linkage.casework.deconflict import deconflict as ask
    from linkage.casework.holders import is_value
    from linkage.cli import cases
    from linkage.lookup.command import record_of

    asked: dict[str, Any] = dict(record_of(context.args))
    subjects = [name for name, told in (("person", person), ("business", business), ("account", account)) if told]
    value = is_value(asked)
    if not subjects and value is not None:
        subjects = [value]
    if len(subjects) != 1 or not asked:
        message = "name one subject: --person, --business or --account with attributes as --given-name VALUE, or --phone NUMBER or --address LINE"
        raise UsageError(message)
    found = ask(linkage.open(project), subjects[0], asked, agency=agency, purpose=purpose)
    answer(found, cases.deconflicted, as_json=as_json)


def leads(  # noqa: PLR0913  # the options of a command
    project: ProjectArgument,
    assign: Annotated[list[str] | None, typer.Option("--assign", metavar="ID", help="Give a lead to --to.")] = None,
    close: Annotated[list[str] | None, typer.Option("--close", metavar="ID", help="Close a lead.")] = None,
    reopen: Annotated[list[str] | None, typer.Option("--reopen", metavar="ID", help="Make it new again.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Who looks at it.", show_default=False)] = None,
    why: WhyOption = "",
    rule: Annotated[str | None, typer.Option("--rule", help="Only leads of this rule.")] = None,
    status: StatusOption = None,
    limit: LimitOption = 20,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the leads of an audience's view, the highest score first; assign or close them."""
    import linkage
    from linkage.casework import leads as desk
    from linkage.cli import cases
    from linkage.cli.render import say

    opened = linkage.open(project)
    change = _one_change(assign=assign, close=close, reopen=reopen)
    if (to is not None) != (change == "assign"):
        message = "--assign ID and --to WHO go together"
        raise UsageError(message)
    if change is None:
        found = desk.leads(opened, audience=audience, purpose=purpose, rule=rule, status=status, limit=limit)
        answer(found, cases.leads, as_json=as_json)
        return
    moved = {"assign": "assigned", "close": "closed", "reopen": "new"}[change]
    ids = desk.move(
        opened, assign or close or reopen or [], moved, why=why, assignee=to, audience=audience, purpose=purpose
    )
    done = {"audience": audience, "status": moved, "assignee": to, "leads": ids}
    answer(done, lambda _done: say(f"{moved}: {', '.join(ids)}; the next release shows it"), as_json=as_json)


def profile(
    project: ProjectArgument,
    identity: Annotated[
        str,
        typer.Argument(metavar="IDENTITY", help="An identity id, or a record DATASET/KEY[#ROLE].", show_default=False),
    ],
    agency: ForOption,
    purpose: PurposeOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the profile as a page to this file.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell everything that an agency may see about one identity, with where each value came from."""
    import linkage
    from linkage.casework.profile import profile as find
    from linkage.cli import cases, render
    from linkage.pages.files import check_target, write_page
    from linkage.pages.profile import profile_page

    if html is not None:
        check_target(html, "profile")
    found = find(linkage.open(project), identity, agency=agency, purpose=purpose)
    if html is not None:
        write_page(html, "profile", profile_page(found))
        if not as_json:
            render.say(f"{html}: profile page written, readable by you alone")
    if html is None or as_json:
        answer(found, cases.profile, as_json=as_json)
