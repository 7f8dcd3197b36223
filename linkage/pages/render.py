"""The three pages: why a pair matches, what a check found, what a run did. Each is one string of HTML.

Nothing is loaded and nothing runs: a content security policy forbids all but the page's own style sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.pages import charts
from linkage.pages.markup import Html, join, safe, tag
from linkage.pages.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from linkage.pages.contracts import Check, Delivered, PageKind, Reject, Report, TypeCheck, Waterfall

NOTICE = "Unverified: a match is a lead; confirm with the record's owner."
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_GIGABYTE = 1e9
_SHORT = 0.1
_NOTICE = tag("p", NOTICE, class_="notice")


def marker(kind: PageKind) -> Html:
    """Return what the head of a page of this kind holds, by which it is known again."""
    return tag("meta", name="linkage-page", content=kind)


def _page(kind: PageKind, title: str, *body: Html) -> str:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        marker(kind),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        Html(f"<style>{STYLE}</style>"),
    )
    content = tag("body", tag("main", tag("h1", title), *body))
    return f"<!DOCTYPE html>\n{tag('html', head, content, lang='en')}\n"


def _value(value: object) -> Html:
    # Isolated: a value in another script must not reorder what stands beside it.
    return tag("bdi", value)


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """Return a table; numbers stand right, and the first column names the row."""
    rows = list(rows)
    sides = [_side(value) for value in rows[0]] if rows else [None] * len(columns)
    head = tag(
        "tr",
        *(tag("th", _value(name), scope="col", class_=side) for name, side in zip(columns, sides, strict=True)),
    )
    lines = [
        tag(
            "tr",
            *(
                tag(
                    "th" if place == 0 else "td", _cell(value), scope="row" if place == 0 else None, class_=_side(value)
                )
                for place, value in enumerate(row)
            ),
        )
        for row in rows
    ]
    return tag("div", tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *lines)), class_="scroll")


class _Figure(str):
    """A number in words: stands right."""

    __slots__ = ()


def _side(value: object) -> str | None:
    return "number" if isinstance(value, _Figure | int) else None


def _cell(value: object) -> Html:
    if isinstance(value, int):
        return safe(f"{value:,}")
    return safe(value) if isinstance(value, _Figure | Html) else _value(value)


def _facts(*facts: tuple[str, object]) -> Html:
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", _value(value))) for name, value in facts))


def explain_page(page: Waterfall) -> str:
    """Show a waterfall of weights: prior, each comparison, frequency of values, total, thresholds."""
    if page.total >= page.match:
        verdict = "at or above the match threshold"
    elif page.total >= page.review:
        verdict = "between the review and the match threshold: a steward should look"
    else:
        verdict = "below the review threshold"
    same = (
        "The two records are in one identity." if page.same_identity else "The two records are in different identities."
    )
    steps = [
        (step.name.replace("_", " "), step.words, step.all_a, step.all_b, _Figure(f"{step.bits:+.2f}"))
        for step in page.steps
    ]
    total = ("total", f"probability {charts.chance(page.probability)}", "", "", _Figure(f"{page.total:+.2f}"))
    missing = [(name.replace("_", " "), words) for name, words in page.not_compared]
    return _page(
        "explain",
        f"Why two {page.entity_type} records match or not",
        _NOTICE,
        _facts(
            ("A", page.a),
            ("B", page.b),
            ("Weight", f"{page.total:+.2f} bits, {verdict}"),
            ("Identity", same),
            ("Seen by", f"{page.audience}, run {page.run}, model {page.model}"),
            ("Purpose", page.purpose),
        ),
        tag(
            "p",
            "An identity is built from many pairs, judgements and hard conflicts: a pair above the match threshold may be kept "
            "apart, and one below it may be joined by other records.",
        ),
        tag(
            "section",
            tag("h2", "Weights"),
            charts.waterfall(page),
            _table("Every step", ("step", "what was found", "values of A", "values of B", "bits"), [*steps, total]),
        ),
        tag("section", tag("h2", "Not compared"), _table("These say nothing, 0 bits", ("comparison", "why"), missing))
        if missing
        else Html(),
    )


def check_page(page: Check) -> str:
    """Show completeness and blocking of each type, and what was read."""
    return _page(
        "check",
        f"Check of project {page.project}",
        tag("p", "Read and standardised aside; nothing was kept. Shares and counts are exact."),
        _deliveries(page.delivered),
        _rejects(page.rejects),
        *(_type(kind) for kind in page.types),
    )


def _type(kind: TypeCheck) -> Html:
    name, fields = kind.name, [column.replace("_", " ") for column in kind.columns]
    blocks = [(f"{block.rule}: {block.example}", float(block.records), f"{block.records:,}") for block in kind.blocks]
    pairs = [(rule, float(number), f"{number:,}") for rule, number in kind.pairs]
    return join(
        [
            tag("h2", f"{name}: {kind.records:,} records, {kind.bad_values:,} unusable values"),
            tag(
                "section",
                tag("h3", f"{name}: completeness"),
                tag("p", "Share of a dataset's records that have a usable value; 0% is no value at all."),
                charts.heat_map(
                    f"{name}-completeness",
                    f"Completeness of {name} fields by dataset",
                    fields,
                    kind.datasets,
                    kind.shares,
                ),
                *_share_tables(kind, fields),
            ),
            tag(
                "section",
                tag("h3", f"{name}: candidate pairs of each blocking rule"),
                tag("p", "A pair that several rules find is counted in each."),
                charts.bars(
                    f"{name}-pairs", f"Candidate pairs of {name} records by blocking rule", pairs, unit="pairs"
                ),
                _table("Candidate pairs", ("rule", "pairs"), kind.pairs),
            ),
            tag(
                "section",
                tag("h3", f"{name}: largest blocks"),
                tag(
                    "p",
                    f"Records that share one key of a rule. A run is refused above {kind.max_block:,}; one record of each block is named.",
                ),
                charts.bars(
                    f"{name}-blocks",
                    f"Largest blocks of {name} records",
                    blocks,
                    unit="records",
                    limit=float(kind.max_block),
                ),
                _table(
                    "Largest blocks",
                    ("rule", "one of its records", "records"),
                    [(b.rule, b.example, b.records) for b in kind.blocks],
                ),
            )
            if kind.blocks
            else tag("p", "No block holds more than ten records."),
        ]
    )


def _share_tables(kind: TypeCheck, fields: Sequence[str]) -> Iterator[Html]:
    """Return the figures of the heat maps, each drawing's in one table."""
    for start in range(0, len(kind.datasets), charts.DATASETS_ABREAST):
        part = slice(start, start + charts.DATASETS_ABREAST)
        rows = [
            (field, *(_Figure(charts.percent(share)) for share in line[part]))
            for field, line in zip(fields, kind.shares, strict=True)
        ]
        yield _table("Share of records with a value", ("field", *kind.datasets[part]), rows)


def _deliveries(delivered: Sequence[Delivered]) -> Html:
    parts = [name for name, _ in delivered[0].parts] if delivered else []
    items = [(entry.dataset, [rows for _, rows in entry.parts]) for entry in delivered]
    rows = [
        (entry.dataset, entry.rows_read, *(rows for _, rows in entry.parts), "yes" if entry.adds_up else "NO")
        for entry in delivered
    ]
    return tag(
        "section",
        tag("h2", "Deliveries"),
        tag("p", "Every row read is counted in exactly one part."),
        charts.stacks(
            "deliveries",
            "Rows read by dataset, and what became of them",
            parts,
            items,
            unit="rows, all deliveries together",
        ),
        _table("Rows", ("dataset", "rows read", *(part.replace("_", " ") for part in parts), "adds up"), rows),
    )


def _rejects(rejects: Sequence[Reject]) -> Html:
    if not rejects:
        return tag("section", tag("h2", "Rejects"), tag("p", "No row was rejected."))
    items = [(f"{entry.dataset}: {entry.reason}", float(entry.rows), f"{entry.rows:,}") for entry in rejects]
    return tag(
        "section",
        tag("h2", "Rejects"),
        charts.bars("rejects", "Rejected rows by dataset and reason", items, unit="rows"),
        _table("Rejected rows", ("dataset", "reason", "rows"), [(r.dataset, r.reason, r.rows) for r in rejects]),
    )


def report_page(page: Report) -> str:
    """Show a finished run: stages, deliveries, rejects, counts by type and audience, largest identities."""
    return _page(
        "report",
        f"Run {page.run} of project {page.project}",
        _NOTICE,
        _facts(
            ("Started", page.started),
            ("Finished", page.finished),
            ("Stages took", f"{page.seconds:,.1f} s"),
            *_begun(page),
            *_thought(page),
            ("Releases", ", ".join(f"{audience} {sequence}" for audience, sequence in page.releases)),
            ("Purpose", page.purpose),
        ),
        _stages(page),
        _deliveries(page.delivered),
        _rejects(page.rejects),
        _counts(page),
        _largest(page),
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds >= _SHORT else "<0.1 s"


def _begun(page: Report) -> list[tuple[str, str]]:
    work = "an increment" if page.work == "increment" else f"everything made anew: {page.work}"
    found = [("Work", work)] if page.work else []
    if page.went_on_after:
        found.append(("Went on after", f"{', '.join(page.went_on_after)} (done by a run that was broken off)"))
    return found


def _thought(page: Report) -> list[tuple[str, str]]:
    if page.estimate is None:
        return []
    seconds, disk, took, source = page.estimate
    return [
        ("Estimated before scoring", f"{seconds:,.1f} s, {disk / _GIGABYTE:,.2f} GB of disk (from {source})"),
        ("Disk taken", f"{took / _GIGABYTE:,.2f} GB"),
    ]


def _stages(page: Report) -> Html:
    seconds = [(stage.name, stage.seconds, _seconds(stage.seconds)) for stage in page.stages]
    memory = [(stage.name, stage.memory / _GIGABYTE, f"{stage.memory / _GIGABYTE:,.2f} GB") for stage in page.stages]
    thought = ["" if stage.estimate is None else _seconds(stage.estimate) for stage in page.stages]
    rows = [
        (one[0], _Figure(one[2]), _Figure(guess), _Figure(two[2]))
        for one, guess, two in zip(seconds, thought, memory, strict=True)
    ]
    return tag(
        "section",
        tag("h2", "Stages"),
        charts.bars("seconds", "Seconds of each stage", seconds, unit="seconds"),
        charts.bars(
            "memory", "Peak memory up to the end of each stage", memory, unit="peak memory of the process so far, GB"
        ),
        _table("Stages", ("stage", "seconds", "estimated", "peak memory so far"), rows),
    )


def _counts(page: Report) -> Html:
    identities = [
        (f"{c.audience}: {c.entity_type}", float(c.identities), f"{c.identities:,} of {c.records:,} records")
        for c in page.counts
    ]
    columns = (
        "audience",
        "type",
        "records",
        "identities",
        "largest identity",
        "largest component",
        "missing pairs",
        "judgements that lost",
    )
    rows = [
        (
            c.audience,
            c.entity_type,
            c.records,
            c.identities,
            c.largest_identity,
            c.largest_component,
            c.missing_pairs,
            c.lost_judgements,
        )
        for c in page.counts
    ]
    scored = [(s.entity_type, s.records, s.bad_values, s.pairs, s.edges, s.model) for s in page.scored]
    return tag(
        "section",
        tag("h2", "Identities"),
        charts.bars("identities", "Identities by audience and type", identities, unit="identities"),
        _table("Identities by audience and type", columns, rows),
        _table("Pairs by type", ("type", "records", "unusable values", "candidate pairs", "edges", "model"), scored),
    )


def _largest(page: Report) -> Html:
    items = [(f"{one.audience}: {one.identity}", float(one.records), f"{one.records:,}") for one in page.largest]
    rows = [
        (one.audience, one.entity_type, one.identity, one.records, one.datasets, one.agencies) for one in page.largest
    ]
    return tag(
        "section",
        tag("h2", "Largest identities"),
        tag(
            "p",
            "The five of each audience and type with the most records: ids and counts only. See one with linkage show.",
        ),
        charts.bars("largest", "Largest identities by audience and type", items, unit="records"),
        _table("Largest identities", ("audience", "type", "identity", "records", "datasets", "agencies"), rows),
    )
