"""The commands about who sees what and who has looked: agreements, audit."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # read at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkage.cli.heard import Commands
from linkage.cli.options import JsonOption, NowOption, ProjectArgument, PurposeOption, answer, moment
from linkage.cli.render import print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence


RecordsOption = Annotated[
    list[str] | None, typer.Option("--record", help="DATASET/KEY; may be given again.", show_default=False)
]
DatasetsOption = Annotated[
    list[str] | None, typer.Option("--dataset", help="A whole dataset; may be given again.", show_default=False)
]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; kept in the ledger.", show_default=False)]
audit_app = Commands(
    help="Who has looked at what, and whether that was altered.", no_args_is_help=True, rich_markup_mode=None
)


def add(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("agreements")(agreements)
    app.command("purge")(purge)
    app.command("revalidate")(revalidate)
    app.add_typer(audit_app, name="audit")


def purge(  # noqa: PLR0913  # the options of one command
    project: ProjectArgument,
    record: RecordsOption = None,
    dataset: DatasetsOption = None,
    agency: Annotated[
        list[str] | None, typer.Option("--agency", help="All datasets of an agency.", show_default=False)
    ] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="What is older than retention_years and was not validated again.")
    ] = False,
    why: WhyOption = "",
    finish: Annotated[bool, typer.Option("--finish", help="Only finish a purge that was broken off.")] = False,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take records and all that was derived from them out of the workspace; older releases go."""
    import linkage
    from linkage import purging
    from linkage.cli import render

    loaded = linkage.open(project).loaded
    if finish:
        answer(
            {"finished": purging.finish(loaded)},
            lambda told: say(f"Finished: {told['finished'] or 'nothing was broken off'}"),
            as_json=as_json,
        )
        return
    at = moment(now)
    scope = purging.choose(
        loaded,
        records=record or [],
        datasets=dataset or [],
        agencies=agency or [],
        expired=expired,
        day=at.date() if at else None,
    )
    with render.working(quiet=as_json) as progress:
        found = purging.purge(loaded, scope, why=why, now=at, progress=progress)
    answer(found, _purged, as_json=as_json)


def _purged(found: dict[str, Any]) -> None:
    rows = sorted(found["datasets"].items())
    print_table(f"Purge {found['purge']}, made by run {found['run']}", "dataset", "source rows", rows=rows)
    if found["models"]:
        say(f"Models made again without values that nobody holds any more: {_listed([*found['models'].values()])}")
    say("Older releases are gone. Delivered files, backups and what was handed out stay as they are:")
    columns = ("at", "by", "audience", "action")
    print_table(
        "Handed out before",
        *columns,
        "what",
        rows=[(*(one[name] for name in columns), _listed(one["objects"])) for one in found["handed_out"]],
    )


def revalidate(
    project: ProjectArgument,
    record: RecordsOption = None,
    dataset: DatasetsOption = None,
    why: WhyOption = "",
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """State that records were looked at again and may stay: their retention begins anew."""
    import linkage
    from linkage import purging

    found = purging.revalidate(
        linkage.open(project).loaded, records=record or [], datasets=dataset or [], why=why, now=moment(now)
    )
    answer(
        found,
        lambda told: say(
            f"{told['records']:,} records and {len(told['datasets']):,} datasets validated again at {told['validated_at']}"
        ),
        as_json=as_json,
    )


@audit_app.command("verify")
def verify(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """Check that no row of the audit was edited, cut or reordered, and that the anchors outside the workspace fit."""
    import linkage
    from linkage.errors import AuditError
    from linkage.sharing.audit import verify as check

    found = check(linkage.open(project).loaded)
    answer(found, _verified, as_json=as_json)
    if found["broken"]:
        raise AuditError(found["broken"][0])


def _verified(found: dict[str, Any]) -> None:
    say(f"{found['rows']:,} rows; the head is {found['head']}")
    if found["anchored"] is None:
        say("No anchor outside the workspace: who can write the ledger could have made the chain anew (audit_anchor).")
    else:
        say(
            f"{found['anchors']:,} anchors; the last holds row {found['anchored']:,}: rows behind it could be cut off unseen."
        )
    if found["asked_gone"]:
        say(f"What was asked for is gone in {found['asked_gone']:,} rows: it was purged.")
    for fault in found["broken"]:
        say(fault)
    if not found["broken"]:
        say("Nothing was altered.")


@audit_app.command("show")
def show(
    project: ProjectArgument,
    record: Annotated[
        str | None, typer.Option("--record", help="Who was given this record, DATASET/KEY[#ROLE].", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of the last rows.")] = 20,
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the last rows of the audit, or who was given a record, when and why."""
    import linkage
    from linkage.sharing.audit import rows
    from linkage.sharing.given import given

    loaded = linkage.open(project).loaded
    if record is not None:
        answer(given(loaded, record, purpose=purpose), lambda found: _given(record, found), as_json=as_json)
        return
    answer(rows(loaded, purpose=purpose)[-limit:], _rows, as_json=as_json)


def _given(record: str, found: list[dict[str, Any]]) -> None:
    columns = ("number", "at", "by", "agency", "audience", "release", "purpose", "action", "how")
    print_table(f"Who was given {record}", *columns, rows=[tuple(one[name] for name in columns) for one in found])


def _rows(found: list[dict[str, Any]]) -> None:
    columns = ("number", "at", "kind", "action", "by", "agency", "audience", "release", "purpose", "outcome")
    shown = [(*(one[name] for name in columns), _listed(one["objects"][:4])) for one in found]
    print_table("Audit", *columns, "objects", rows=shown)


@audit_app.command("export")
def export(
    project: ProjectArgument,
    file: Annotated[Path, typer.Argument(help="JSON lines file to write, readable by you alone.", show_default=False)],
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole audit to a file, one row a line, with the hashes that prove it."""
    import linkage
    from linkage.sharing.audit import export as write

    answer(
        write(linkage.open(project).loaded, file, purpose=purpose),
        lambda told: say(f"{file}: {told['rows']:,} rows"),
        as_json=as_json,
    )


def agreements(
    project: ProjectArgument,
    diff: Annotated[
        bool, typer.Option("--diff", help="Only what the next release changes against the last one.")
    ] = False,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell who sees which records at which level and by which agreement, and what the next release would change."""
    import linkage
    from linkage.sharing.agreements import who_sees

    at = moment(now)
    found = who_sees(linkage.open(project).loaded, at.date() if at else None, changes_only=diff)
    answer(found, _agreements, as_json=as_json)


def _agreements(found: dict[str, Any]) -> None:
    version = found["version"]
    if version is None:
        say("No release yet: this is what the first one would follow.")
    else:
        say(
            f"The last release followed version {version}; the files say {'something else' if found['changed'] else 'the same'}."
        )
    print_table(
        f"Agreements on {found['day']}",
        "agreement", "parties", "datasets", "from", "until", "in force",
        rows=[
            (one["agreement"], _listed(one["parties"]), _listed(one["datasets"]), one["from"], one["until"], "yes" if one["in_force"] else "no")
            for one in found["agreements"]
        ],
    )  # fmt: skip
    print_table(
        "Purposes",
        "audience",
        "may be looked at for",
        rows=[(one["audience"], _listed(one["purposes"]) or "any") for one in found["audiences"]],
    )
    print_table(
        "Who sees what",
        "audience", "dataset", "handling", "marked", "records", "level", "by", "before", "by",
        rows=[
            (
                one["audience"], one["dataset"], _listed(one["handling"]), one["share"], one["records"],
                one["level"], one["agreement"], one["level_before"], one["agreement_before"],
            )
            for one in found["sight"]
        ],
    )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
