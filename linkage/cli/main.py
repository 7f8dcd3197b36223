"""`linkage`: what stewards and batch jobs type. Exit codes: 0 done, 1 refused or failed audit, 2 wrong usage, 130 stopped by Ctrl-C."""

from __future__ import annotations

import atexit
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkage.cli import fusion, lookup, mending, models, sharing, stewards
from linkage.cli.heard import Commands
from linkage.cli.options import AudienceOption, JsonOption, NowOption, ProjectArgument, PurposeOption
from linkage.cli.options import accepted as _accepted
from linkage.cli.options import answer as _answer
from linkage.cli.options import moment as _moment
from linkage.errors import LinkageError, UsageError

if TYPE_CHECKING:
    from linkage.pages.contracts import PageKind

app = Commands(
    name="linkage",
    help="Find which records are the same real person, business or account, and publish lasting identities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

review_app = Commands(help="Pairs for stewards to judge.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(review_app, name="review")
stewards.add(app, review_app)
mending.add(app)
models.add(app)
lookup.add(app)
sharing.add(app)
fusion.add(app)

INTERRUPTED = 130
"""Exit code after Ctrl-C: the convention of shells, 128 and the number of the signal."""
STOPPED = "stopped; nothing half-written is left, a release is published whole or not at all; call the command again"

HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", help="Write a page with pictures to this file instead of tables.", show_default=False),
]


def main() -> None:
    """Run the command line; every refusal is one sentence on standard error."""
    from linkage.engine.duckdb import stoppable

    # All goes at once at the end: to search it for what nobody needs takes a quarter of a second after a run.
    atexit.register(gc.freeze)
    try:
        with stoppable():
            app()
    except SystemExit as ended:
        # How typer tells of Ctrl-C; no command of ours ends with this code.
        if ended.code == INTERRUPTED:
            _fail(STOPPED, INTERRUPTED)
        raise
    except LinkageError as error:
        if _is_interruption(error):
            _fail(STOPPED, INTERRUPTED)
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  # the one place where a defect becomes a sentence
        if _is_interruption(error):
            _fail(STOPPED, INTERRUPTED)
        _fail(f"this should not have happened ({type(error).__name__}: {error}); please report it", 1)


def _is_interruption(error: Exception) -> bool:
    from linkage.engine.duckdb import is_interruption

    return is_interruption(error)


def _fail(message: str, code: int) -> None:
    from linkage.cli.render import plain

    print(f"linkage: {plain(' '.join(message.split()))}", file=sys.stderr)  # noqa: T201
    sys.exit(code)


def _page(file: Path, kind: PageKind, page: str, *, as_json: bool) -> None:
    """Write a page; with --json the answer itself still goes to standard output."""
    from linkage.cli import render
    from linkage.pages.files import write_page

    write_page(file, kind, page)
    if not as_json:
        render.say(f"{file}: {kind} page written, readable by you alone")


@app.callback()
def root(
    acting: Annotated[
        str | None,
        typer.Option("--as", help="Who works here, beside the system's user; for the audit.", show_default=False),
    ] = None,
) -> None:
    """Find which records are the same real person, business or account, and publish lasting identities."""
    if acting is not None:
        from linkage.sharing.audit import act_as

        act_as(acting)


@app.command()
def init(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, Parquet, JSON lines, Excel or SQLite files, one dataset each.", show_default=False),
    ],
    into: Annotated[Path, typer.Option("--into", help="Folder for project.toml; made if absent.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Look at files and write a first project.toml for them: every guess with its reason, doubtful ones marked."""
    from linkage.cli import render
    from linkage.profiling.project import init_project

    with render.working(quiet=as_json) as progress:
        result = init_project(files, into, progress=progress)
    _answer(result, render.init, as_json=as_json)


@app.command()
def check(project: ProjectArgument, html: HtmlOption = None, as_json: JsonOption = False) -> None:
    """Validate a project and its data, profile fields, and count candidate pairs before anything runs."""
    from linkage.checking import check_project
    from linkage.cli import render
    from linkage.config.project import load_project
    from linkage.pages import build
    from linkage.pages.files import check_target
    from linkage.pages.render import check_page

    if html is not None:
        check_target(html, "check")
    with render.working(quiet=as_json) as progress:
        report = check_project(load_project(project), progress=progress)
    if html is not None:
        _page(html, "check", check_page(build.check(report)), as_json=as_json)
    if html is None or as_json:
        _answer(report, render.check, as_json=as_json)


@app.command()
def report(
    project: ProjectArgument, html: HtmlOption = None, purpose: PurposeOption = None, as_json: JsonOption = False
) -> None:
    """Tell of the last finished run again, at any time: stages, deliveries, rejects, counts, largest identities."""
    import linkage
    from linkage import queries
    from linkage.cli import render
    from linkage.pages import build
    from linkage.pages.files import check_target
    from linkage.pages.render import report_page

    if html is not None:
        check_target(html, "report")
    opened = linkage.open(project)
    found = queries.report(opened, purpose=purpose)
    if html is not None:
        page = build.report(found, purpose=opened.purpose(purpose))
        _page(html, "report", report_page(page), as_json=as_json)
    if html is None or as_json:
        _answer(found, render.run, as_json=as_json)


@app.command()
def run(  # noqa: PLR0913  # the options of a command
    project: ProjectArgument,
    as_json: JsonOption = False,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train new models and use them.")] = False,
    approve: Annotated[
        list[str] | None, typer.Option("--approve", help="Approve a waiting model first: TYPE=HASH.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Make everything anew, not only what has changed; the result is the same.")
    ] = False,
    judgements_only: Annotated[
        bool,
        typer.Option("--judgements-only", help="Read no delivery: apply judgements to the records that are there."),
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help="Publish though this limit is exceeded: largest_identity, churn or growth."),
    ] = None,
    why: Annotated[str | None, typer.Option("--why", help="Why it is right; kept with the run.")] = None,
    now: NowOption = None,
) -> None:
    """Read deliveries, resolve identities, and publish a release for every audience."""
    import linkage
    from linkage.cli import render
    from linkage.registry.approve import COMMAND_LINE, approve_model

    opened = linkage.open(project)
    moment = _moment(now)
    for entry in approve or []:
        kind, _, model_hash = entry.partition("=")
        approve_model(opened.loaded, kind, model_hash, COMMAND_LINE)
    with render.working(quiet=as_json) as progress:
        report = opened.run(
            now=moment,
            retrain=retrain,
            full=full,
            judgements_only=judgements_only,
            accept=_accepted(accept or [], why),
            progress=progress,
        )
    _answer(report, render.run, as_json=as_json)


@app.command()
def show(
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(help="An identity id, or a record DATASET/KEY[#ROLE].", show_default=False)],
    audience: AudienceOption = "centre",
    release: Annotated[int | None, typer.Option("--release", help="Number of a release; else the last one.")] = None,
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an identity: golden values, every value with its records, relations, possible matches."""
    import linkage
    from linkage import queries
    from linkage.cli import render

    found = queries.show(linkage.open(project), name, audience=audience, purpose=purpose, release=release)
    _answer(found, render.show, as_json=as_json)


@app.command()
def explain(
    project: ProjectArgument,
    a: Annotated[str, typer.Argument(help="A record, DATASET/KEY[#ROLE].", show_default=False)],
    b: Annotated[str, typer.Argument(help="Another record of the same type.", show_default=False)],
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain what speaks for and against two records being one entity, in words and bits."""
    from dataclasses import asdict

    import linkage
    from linkage import queries
    from linkage.cli import render
    from linkage.pages import build
    from linkage.pages.files import check_target
    from linkage.pages.render import explain_page

    if html is not None:
        check_target(html, "explain")
    opened = linkage.open(project)
    pair, explanation = queries.explain(opened, a, b, audience=audience, purpose=purpose)
    if html is not None:
        page = build.waterfall(pair, explanation, audience=audience, purpose=opened.purpose(purpose))
        _page(html, "explain", explain_page(page), as_json=as_json)
    if html is None or as_json:
        result = {**pair, **asdict(explanation), "probability": explanation.probability}
        _answer(result, render.explain, as_json=as_json)


@app.command()
def export(  # noqa: PLR0913  # the options of a command
    project: ProjectArgument,
    table: Annotated[str, typer.Argument(help="A published table.", show_default=False)],
    target: Annotated[
        str, typer.Argument(help="Where to write it: FILE.csv, FILE.parquet or postgresql://...", show_default=False)
    ],
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    schema: Annotated[str, typer.Option("--schema", help="Schema of the PostgreSQL database.")] = "linkage",
    form: Annotated[
        str | None,
        typer.Option("--format", help="csv, parquet, ftm (FollowTheMoney) or senzing; else the file's ending tells."),
    ] = None,
    release: Annotated[int | None, typer.Option("--release", help="Number of a release; else the last one.")] = None,
) -> None:
    """Write a published table to a file or a PostgreSQL database, or identities in the forms of others."""
    import linkage
    from linkage import queries
    from linkage.cli import render

    opened = linkage.open(project)
    rows = queries.export(
        opened, table, target, audience=audience, purpose=purpose, schema=schema, form=form, release=release
    )
    number = "release" if release is None else f"release {release}"
    render.say(f"{queries.told(target)}: {rows:,} rows of {table}, {number} of {audience}")


@app.command()
def rejects(
    project: ProjectArgument,
    dataset: Annotated[str, typer.Argument(help="The dataset whose rows go back.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="Where to write them; reasons go beside it.", show_default=False)],
    delivery: Annotated[
        int | None, typer.Option("--delivery", help="Number of the delivery; else the last one with rejects.")
    ] = None,
    audience: AudienceOption = "centre",
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a dataset's rejected rows as a file in its own form, to be mended and sent again, with the reasons beside it."""
    import linkage
    from linkage.cli import render
    from linkage.rejects import REASONS, write_rejects

    told = write_rejects(linkage.open(project), dataset, file, delivery=delivery, audience=audience, purpose=purpose)
    again = f"; {told['again']:,} were refused before with the same text" if told["again"] else ""
    _answer(
        told,
        lambda _told: render.say(
            f"{file}: {told['rows']:,} rejected rows of {dataset}, delivery {told['delivery']}; reasons in {file}{REASONS}{again}"
        ),
        as_json=as_json,
    )


@app.command()
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
    from linkage.cli import render

    if compare is not None:
        if project is not None or truth is not None or judgements is not None:
            message = "--compare takes two files and no project or truth"
            raise UsageError(message)
        from linkage.evaluation.files import compare as compare_files

        _answer(compare_files(*compare).to_json(), render.comparison, as_json=as_json)
        return
    import linkage

    if project is not None and judgements is not None and truth is None:
        from linkage.evaluation.judgements import evaluate_judgements

        judged = evaluate_judgements(linkage.open(project), judgements, purpose=purpose)
        _answer(judged.to_json(), render.judged, as_json=as_json)
        return
    if project is None or truth is None or judgements is not None:
        message = "name a project and --truth FILE or --judgements FILE, or --compare REFERENCE OTHER"
        raise UsageError(message)
    from linkage.evaluation.release import evaluate_release

    found = evaluate_release(linkage.open(project), truth, audience=audience, purpose=purpose)
    _answer(found.to_json(), render.evaluation, as_json=as_json)


@review_app.command("sample")
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
    from linkage.cli import render
    from linkage.evaluation.sample import write_sample

    sample = write_sample(
        linkage.open(project), entity_type, file, size=size, seed=seed, audience=audience, purpose=purpose
    )
    _answer(sample.to_json(), lambda told: render.sample(told, str(file)), as_json=as_json)


@app.command()
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
    from linkage.cli import render

    pair = [one for one in (a, b, verdict) if one is not None]
    ways = [len(pair) == 3, file is not None, undo is not None, undo_bulk is not None]  # noqa: PLR2004
    if sum(ways) != 1 or len(pair) not in {0, 3}:
        message = "name two records and a verdict, or --from FILE, --undo NUMBER or --undo-bulk NUMBER"
        raise UsageError(message)
    opened = linkage.open(project)
    if file is not None:
        from linkage.judging.bulk import judge_file

        _answer(judge_file(opened, file, why=why, by=by, audience=audience), render.entered, as_json=as_json)
        return
    from linkage.judging import record

    if undo_bulk is not None:
        from linkage.judging.identities import undo_together

        _answer(undo_together(opened, undo_bulk, why or "", by=by), render.undone_together, as_json=as_json)
        return
    if undo is not None:
        _answer(record.undo(opened, undo, why or "", by=by), render.undone, as_json=as_json)
        return
    told = record.judge(opened, (pair[0], pair[1]), pair[2], why or "", by=by, audience=audience)
    _answer(told, render.entered, as_json=as_json)


@app.command()
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
    from linkage.cli import render
    from linkage.judging import listing

    found = listing.judgements(linkage.open(project), purpose=purpose)
    if file is not None:
        rows = listing.write_judgements(found, file)
        if not as_json:
            render.say(f"{file}: {rows:,} judgements, readable by you alone")
            return
    _answer(found, render.judgements, as_json=as_json)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put the demo project; made if absent.")] = Path(
        "linkage-demo"
    ),
    records: Annotated[int, typer.Option("--records", min=1000, help="Entity records to make, about.")] = 20_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the made data.")] = 1,
    baseline: Annotated[
        bool, typer.Option("--baseline/--no-baseline", help="Measure bare Splink on the same records too.")
    ] = True,
    agreements: Annotated[
        bool, typer.Option("--agreements", help="Make each agency and two groups an audience, by agreements.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make demo data of several agencies, run the main job on it, and measure the result against the truth."""
    from linkage.cli import render
    from linkage.demo.tour import tour

    with render.working(quiet=as_json) as progress:
        result = tour(folder, records=records, seed=seed, baseline=baseline, agreements=agreements, progress=progress)
    _answer(result, render.demo, as_json=as_json)


@app.command()
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
    _answer(rows, render.releases, as_json=as_json)


@app.command()
def publish(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """Bring the folders of publish_to to the last releases, where a run could not."""
    import linkage
    from linkage.cli import render
    from linkage.upkeep import publish_project

    _answer(publish_project(linkage.open(project).loaded), render.published, as_json=as_json)


@app.command()
def prune(
    project: ProjectArgument,
    keep: Annotated[int, typer.Option("--keep", min=1, help="Releases of each audience that stay.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Remove old releases to save room; the last of each audience, the ledger and the feed stay."""
    import linkage
    from linkage.cli import render
    from linkage.upkeep import prune_project

    _answer(prune_project(linkage.open(project).loaded, keep), render.pruned, as_json=as_json)


@app.command()
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
    _answer(write_backup(workspace, file, program=linkage.__version__), render.backup, as_json=as_json)


@app.command()
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
        _answer({**told, "readers_ahead": ahead(ledger)}, render.restore, as_json=as_json)


if __name__ == "__main__":
    main()
