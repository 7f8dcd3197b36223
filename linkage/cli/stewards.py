"""The commands that look at a release as a steward does: the review queue, what changed, what became of an id."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # read at run time
from typing import Annotated

import typer

from linkage.cli.options import AudienceOption, JsonOption, ProjectArgument, PurposeOption, answer

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="An identity id, of today or earlier.", show_default=False)
]


def add(app: typer.Typer, review_app: typer.Typer) -> None:
    """Add the commands to the command line, the queue to the group `review`."""
    review_app.command("queue")(review_queue)
    app.command("diff")(diff)
    app.command("resolve-id")(resolve_id)
    app.command("history")(history)


def review_queue(
    project: ProjectArgument,
    entity_type: Annotated[
        str | None,
        typer.Argument(metavar="[TYPE]", help="person, business or account; all without it.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many questions.")] = 10,
    file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write them to this file too, for verdicts to be filled in.", show_default=False),
    ] = None,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a steward should look at, the most valuable first: why, both records, the evidence, what hangs on it."""
    import linkage
    from linkage.cli import looks
    from linkage.review.queue import review_queue as find

    queue = find(linkage.open(project), entity_type, limit=limit, file=file, audience=audience, purpose=purpose)
    answer(queue.to_json(), lambda told: looks.queue(told, file), as_json=as_json)


def diff(
    project: ProjectArgument,
    first: Annotated[int, typer.Argument(metavar="N", help="A release on disk.", show_default=False)],
    second: Annotated[int, typer.Argument(metavar="M", help="A later one.", show_default=False)],
    examples: Annotated[int, typer.Option("--examples", min=0, help="Examples of each kind of change.")] = 3,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what changed between two releases: identities created, merged, split, grown ..., with examples."""
    import linkage
    from linkage.cli import looks
    from linkage.review.changes import diff as find

    found = find(linkage.open(project), first, second, examples=examples, audience=audience, purpose=purpose)
    answer(found.to_json(), looks.diff, as_json=as_json)


def resolve_id(
    project: ProjectArgument,
    identity: IdArgument,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell where the records of an id are now: one identity, or all of them marked divided."""
    import linkage
    from linkage.cli import looks
    from linkage.review.lineage import resolve_id as find

    found = find(linkage.open(project), identity, audience=audience, purpose=purpose)
    answer(found, looks.resolved, as_json=as_json)


def history(
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(help="An identity id, or a record DATASET/KEY[#ROLE].", show_default=False)],
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what became of an id, or which identities held a record, from release to release, pruned ones too."""
    import linkage
    from linkage.cli import looks
    from linkage.review import lineage

    opened = linkage.open(project)
    if "/" in name:
        moves = lineage.record_history(opened, name, audience=audience, purpose=purpose)
        answer(moves, looks.record_history, as_json=as_json)
    else:
        found = lineage.history(opened, name, audience=audience, purpose=purpose)
        answer(found, looks.history, as_json=as_json)
