"""The command that looks a record up in the current release."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from linkage.cli.options import AudienceOption, JsonOption, ProjectArgument, PurposeOption, answer
from linkage.errors import UsageError

_SHOWN = 5


def add(app: typer.Typer) -> None:
    """Add the command to the command line."""
    # The attributes are those of the type: what is no option of the command names one.
    app.command("lookup", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(lookup)


def lookup(  # noqa: PLR0913  # the options of a command
    context: typer.Context,
    project: ProjectArgument,
    entity_type: Annotated[
        str, typer.Argument(metavar="TYPE", help="person, business or account.", show_default=False)
    ],
    json_record: Annotated[
        str | None,
        typer.Option(
            "--json-record",
            help="Records to look up: a JSON file of one object, a list, or one a line; - is standard input.",
            show_default=False,
        ),
    ] = None,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only make the lookup index of the release.")] = False,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look a record up: --given-name Ann --surname Lee, any attribute that a source can map; one told twice is a list."""
    import linkage
    from linkage.cli import render
    from linkage.lookup.command import read_records, record_of
    from linkage.lookup.session import Session

    opened = linkage.open(project)
    if sum((bool(context.args), json_record is not None, prepare)) != 1:
        message = "name what to look up: attributes as --given-name VALUE, or --json-record FILE, or --prepare; one of the three"
        raise UsageError(message)
    if prepare:
        answer(_prepared(opened, entity_type, audience), _told, as_json=as_json)
        return
    records = [record_of(context.args)] if json_record is None else read_records(json_record)
    with (
        render.working(quiet=as_json) as progress,
        Session(opened.loaded, entity_type, audience=audience, progress=progress) as session,  # type: ignore[arg-type]  # refused there
    ):
        found = session.lookup(records, purpose=purpose)
    answer(found, _found, as_json=as_json)


def _prepared(opened: Any, entity_type: Any, audience: str) -> dict[str, Any]:
    from linkage.cli import render
    from linkage.lookup.index import find, prepare

    place = find(opened.loaded, audience, entity_type)
    start = time.perf_counter()
    with render.working(quiet=True) as progress:
        made = prepare(opened.loaded, place, progress)
    return {
        "entity_type": entity_type,
        "audience": audience,
        "release": place.release,
        "made": made,
        "seconds": round(time.perf_counter() - start, 3),
        "bytes": sum(file.stat().st_size for file in place.folder.iterdir()),
    }


def _told(told: dict[str, Any]) -> None:
    from linkage.cli.render import say

    done = f"made in {told['seconds']:.1f} seconds" if told["made"] else "was there already"
    say(
        f"Lookup index of {told['entity_type']}, release {told['release']} of {told['audience']}: {done}, {told['bytes']:,} bytes."
    )


def _found(found: dict[str, Any]) -> None:
    from linkage.cli.render import print_table, say

    for number, result in enumerate(found["results"], start=1):
        which = f"Record {number}: " if len(found["results"]) > 1 else ""
        if not result["identities"]:
            say(f"{which}no identity in release {found['release']} of {found['audience']} is likely to be it.")
        for identity in result["identities"]:
            weight = f"{identity['weight']:+.2f} bits, probability {identity['probability']:.6f}"
            doubt = "" if identity["above_match"] else ", below the match threshold"
            say(f"{which}{identity['identity_id']}: {weight}{doubt}; {identity['records']:,} records")
            print_table("", "attribute", "value", rows=list(identity["golden"].items()))
            matched = identity["matched"]
            rows = [
                (
                    one["record"] if place == 0 else "",
                    part["comparison"],
                    part["words"],
                    f"{part['weight']:+.2f}",
                )
                for one in matched[:_SHOWN]
                for place, part in enumerate(part for part in one["evidence"] if part["level"] != "unknown")
            ]
            print_table("", "record", "comparison", "what was found", "bits", rows=rows)
            if len(matched) > _SHOWN:
                say(f"and {len(matched) - _SHOWN:,} more of its records; --json tells all")
    say(found["notice"])
