"""`linkage`: what stewards and batch jobs type. Exit codes: 0 done, 1 refused or failed audit, 2 wrong usage, 130 stopped by Ctrl-C."""

from __future__ import annotations

import atexit
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linkage.cli import fusion, judging, keeping, lookup, mending, models, sharing, stewards
from linkage.cli.heard import Commands
from linkage.cli.options import AudienceOption, JsonOption, NowOption, ProjectArgument, PurposeOption
from linkage.cli.options import accepted as _accepted
from linkage.cli.options import answer as _answer
from linkage.cli.options import moment as _moment
from linkage.errors import LinkageError

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


# In the order in which the help tells them, after those above.
judging.add(app, review_app)
stewards.add(app, review_app)
mending.add(app)
models.add(app)
fusion.add(app)
lookup.add(app)
sharing.add(app)
keeping.add(app)

if __name__ == "__main__":
    main()
