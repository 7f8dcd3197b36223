"""The commands that measure and judge: evaluate, a sample of pairs to judge, judgements."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # read at run time
from typing import Annotated

import typer

from linkage.cli.options import AudienceOption, JsonOption, ProjectArgument, PurposeOption, answer
from linkage.errors import UsageError


def add(app: typer.Typer, review_app: typer.Typer) -> None:
    """Add the commands to the command line, the sample to the group `review`."""
    app.command("evaluate")(evaluate)
    review_app.command("sample")(review_sample)
    app.command("judge")(judge)
    app.command("judgements")(judgements)


def evaluate(
    project: Annotated[Path | None, typer.Argument(help="Project file or folder.", show_default=False)] = None,
    truth: Annotated[Path | None, typer.Option("--truth", help="CSV with columns dataset,key[,role],entity.")] = None,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option("--compare", help="Measure OTHER against REFERENCE: two such CSV files.")
    ] = None,
    judgements: Annotated[
        Path | None,
        typer.Option(
            "--judgements", help="Estimate from a judged file of linkage review sample (of the audience in it)."
        ),
    ] = None,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a release against a truth file or by a judged sample, or one grouping of records against another."""
    from linkage.cli import verdicts

    if compare is not None:
        if project is not None or truth is not None or judgements is not None:
            message = "--compare takes two files and no project or truth"
            raise UsageError(message)
        from linkage.evaluation.files import compare as compare_files

        answer(compare_files(*compare).to_json(), verdicts.comparison, as_json=as_json)
        return
    import linkage

    if project is not None and judgements is not None and truth is None:
        from linkage.evaluation.judgements import evaluate_judgements

        judged = evaluate_judgements(linkage.open(project), judgements, purpose=purpose)
        answer(judged.to_json(), verdicts.judged, as_json=as_json)
        return
    if project is None or truth is None or judgements is not None:
        message = "name a project and --truth FILE or --judgements FILE, or --compare REFERENCE OTHER"
        raise UsageError(message)
    from linkage.evaluation.release import evaluate_release

    found = evaluate_release(linkage.open(project), truth, audience=audience, purpose=purpose)
    answer(found.to_json(), verdicts.evaluation, as_json=as_json)


def review_sample(  # noqa: PLR0913  # the options of a command
    project: ProjectArgument,
    entity_type: Annotated[
        str, typer.Argument(metavar="TYPE", help="person, business or account.", show_default=False)
    ],
    file: Annotated[Path, typer.Argument(help="Where to write the pairs, as CSV.", show_default=False)],
    size: Annotated[int, typer.Option("--size", min=1, help="How many pairs to judge.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other pairs.")] = 1,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a stratified sample of pairs with both records' values, for stewards to fill in verdicts."""
    import linkage
    from linkage.cli import verdicts
    from linkage.evaluation.sample import write_sample

    sample = write_sample(
        linkage.open(project), entity_type, file, size=size, seed=seed, audience=audience, purpose=purpose
    )
    answer(sample.to_json(), lambda told: verdicts.sample(told, str(file)), as_json=as_json)


def judge(  # noqa: PLR0913  # the options of a command
    project: ProjectArgument,
    a: Annotated[str | None, typer.Argument(help="A record, DATASET/KEY[#ROLE].", show_default=False)] = None,
    b: Annotated[str | None, typer.Argument(help="Another record of the same type.", show_default=False)] = None,
    verdict: Annotated[str | None, typer.Argument(help="match, non-match or unsure.", show_default=False)] = None,
    why: Annotated[str | None, typer.Option("--why", help="The reason; kept with the judgement.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who judged; else the user of this machine.")] = None,
    file: Annotated[
        Path | None, typer.Option("--from", help="Enter the verdicts of a CSV file such as a judged review sample.")
    ] = None,
    undo: Annotated[int | None, typer.Option("--undo", help="Close the judgement of this number.")] = None,
    undo_bulk: Annotated[
        int | None, typer.Option("--undo-bulk", help="Close it and all that were entered together with it.")
    ] = None,
    audience: AudienceOption = "centre",
    as_json: JsonOption = False,
) -> None:
    """Judge two records, enter the verdicts of a file, or undo a judgement; the next run applies it."""
    import linkage
    from linkage.cli import verdicts

    pair = [one for one in (a, b, verdict) if one is not None]
    ways = [len(pair) == 3, file is not None, undo is not None, undo_bulk is not None]  # noqa: PLR2004
    if sum(ways) != 1 or len(pair) not in {0, 3}:
        message = "name two records and a verdict, or --from FILE, --undo NUMBER or --undo-bulk NUMBER"
        raise UsageError(message)
    opened = linkage.open(project)
    if file is not None:
        from linkage.judging.bulk import judge_file

        answer(judge_file(opened, file, why=why, by=by, audience=audience), verdicts.entered, as_json=as_json)
        return
    from linkage.judging import record

    if undo_bulk is not None:
        from linkage.judging.identities import undo_together

        answer(undo_together(opened, undo_bulk, why or "", by=by), verdicts.undone_together, as_json=as_json)
        return
    if undo is not None:
        answer(record.undo(opened, undo, why or "", by=by), verdicts.undone, as_json=as_json)
        return
    told = record.judge(opened, (pair[0], pair[1]), pair[2], why or "", by=by, audience=audience)
    answer(told, verdicts.entered, as_json=as_json)


def judgements(
    project: ProjectArgument,
    file: Annotated[
        Path | None, typer.Option("--csv", help="Write them to this file instead.", show_default=False)
    ] = None,
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List all judgements: open, closed, overruled by the last run, and those that contradict each other."""
    import linkage
    from linkage.cli import verdicts
    from linkage.cli.render import say
    from linkage.judging import listing

    found = listing.judgements(linkage.open(project), purpose=purpose)
    if file is not None:
        rows = listing.write_judgements(found, file)
        if not as_json:
            say(f"{file}: {rows:,} judgements, readable by you alone")
            return
    answer(found, verdicts.judgements, as_json=as_json)
