"""The commands about who sees what and who has looked: agreements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkage.cli.options import JsonOption, NowOption, ProjectArgument, answer, moment
from linkage.cli.render import _table, say

if TYPE_CHECKING:
    from collections.abc import Sequence


def add(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("agreements")(agreements)


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
    _table(
        f"Agreements on {found['day']}",
        "agreement", "parties", "datasets", "from", "until", "in force",
        rows=[
            (one["agreement"], _listed(one["parties"]), _listed(one["datasets"]), one["from"], one["until"], "yes" if one["in_force"] else "no")
            for one in found["agreements"]
        ],
    )  # fmt: skip
    _table(
        "Purposes",
        "audience",
        "may be looked at for",
        rows=[(one["audience"], _listed(one["purposes"]) or "any") for one in found["audiences"]],
    )
    _table(
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
