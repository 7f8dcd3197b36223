"""What people see of results: tables and sentences."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from linkage.forecast import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.stages.context import Progress

NOTICE = "Unverified: a match is a lead; confirm with the record's owner."
# Control characters, lone surrogates, and marks that turn the direction of text: values must not command a terminal.
_UNSHOWN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """Return a text as it may be shown on a terminal."""
    return _UNSHOWN.sub("\ufffd", text)


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)


def say(text: str) -> None:
    """Print one plain sentence."""
    _console().print(escape(plain(text)))


@contextmanager
def working(*, quiet: bool) -> Iterator[Progress]:
    """Show what is being done, on standard error, with the time it has taken; say nothing where nobody watches."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _message: None
        return
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("start", total=None)

        def tell(message: str) -> None:
            if message.startswith("estimate:"):
                # It stays on the screen; what goes on below it comes and goes.
                bar.console.print(escape(plain(message)))
            else:
                bar.update(task, description=escape(message))

        yield tell


def print_table(title: str, *columns: str, rows: list[tuple[Any, ...]]) -> None:
    """Print rows under a title; nothing where there are none."""
    if not rows:
        return
    table = Table(title=escape(plain(title)), title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        numeric = all(isinstance(row[place], int | float) or row[place] is None for row in rows)
        table.add_column(escape(plain(column)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row))
    _console().print(table)


def _text(value: Any) -> str:
    return escape(plain(_words(value)))


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1 else f"{value:,.2f}"
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value)
    return str(value)


def check(report: dict[str, Any]) -> None:
    """Print what `linkage check` found."""
    _datasets(report["datasets"])
    for kind, found in report["types"].items():
        rows = [
            (dataset, column, share)
            for dataset, shares in found["completeness"].items()
            for column, share in shares.items()
        ]
        print_table(
            f"{kind}: share of records with a value ({found['records']:,} records, {found['bad_values']:,} unusable values)",
            "dataset",
            "field",
            "share",
            rows=rows,
        )
        print_table(
            f"{kind}: candidate pairs by blocking rule", "rule", "pairs", rows=list(found["candidate_pairs"].items())
        )
        shown = [
            (dataset, role, name, sample["original"], sample["standardised"])
            for dataset, roles in found["samples"].items()
            for role, fields in roles.items()
            for name, samples in fields.items()
            for sample in samples
        ]
        print_table(f"{kind}: samples", "dataset", "role", "field", "original", "standardised", rows=shown)
        blocks = [(block["rule"], block["records"], block["example"]) for block in found["largest_blocks"]]
        print_table(
            f"{kind}: largest blocks (limit {found['max_block']:,})", "rule", "records", "one of them", rows=blocks
        )
    thought = report["estimate"]
    say(
        f"A run that makes everything anew is thought to take {in_words(thought['seconds'])} and "
        f"{(thought['disk_bytes'] + thought['spill_bytes']) / 1e9:.1f} GB of disk (from {thought['source']})."
    )
    say("The project is valid. Next: linkage run PROJECT")


def _datasets(datasets: dict[str, Any]) -> None:
    names = ("rows_read", "accepted", "rejected", "superseded", "withdrawn", "purged", "no_entity")
    shown = [name for name in names if any(entry.get(name) for entry in datasets.values())]
    print_table(
        "Rows",
        "dataset",
        *shown,
        rows=[(dataset, *(entry.get(name, 0) for name in shown)) for dataset, entry in datasets.items()],
    )
    reasons = [
        (dataset, reason, rows)
        for dataset, entry in datasets.items()
        for reason, rows in entry.get("reject_reasons", {}).items()
    ]
    print_table("Rejected rows", "dataset", "reason", "rows", rows=reasons)


def init(found: dict[str, Any]) -> None:
    """Print what was guessed for each file."""
    rows = [
        (dataset, entry["rows"], entry["key"], role, told["entity"], told["fields"])
        for dataset, entry in found["datasets"].items()
        for role, told in entry["roles"].items()
    ]
    print_table("Guessed", "dataset", "rows", "key", "role", "type", "fields", rows=rows)
    unmapped = [(dataset, entry["unmapped"]) for dataset, entry in found["datasets"].items() if entry["unmapped"]]
    print_table("Columns that are not mapped", "dataset", "columns", rows=unmapped)
    say(f"{found['project']} is written; {found['doubtful']} guesses are marked DOUBTFUL.")
    say("Look at them, say snapshot or delta for each dataset, then: linkage check " + found["project"])


def run(report: dict[str, Any]) -> None:
    """Print the closing summary of a run."""
    _datasets(report["datasets"])
    rows = [
        (
            audience,
            kind,
            entry["records"],
            entry["identities"],
            entry["largest_identity"],
            entry["largest_component"],
            report["types"][kind]["pairs"],
            report["types"][kind]["edges"],
        )
        for audience, kinds in report["audiences"].items()
        for kind, entry in kinds.items()
    ]
    columns = (
        "audience",
        "type",
        "records",
        "identities",
        "largest identity",
        "largest component",
        "candidate pairs",
        "edges",
    )
    print_table("Identities", *columns, rows=rows)
    # A run of an older version has none.
    thought = report.get("estimate") or {"stages": {}}
    stages = [
        (
            name,
            round(entry["seconds"], 1),
            round(thought["stages"][name], 1) if name in thought["stages"] else None,
            round(entry["peak_memory_bytes"] / 1e9, 2),
        )
        for name, entry in report["stages"].items()
    ]
    print_table("Stages", "stage", "seconds", "estimated", "peak memory, GB", rows=stages)
    if thought["stages"]:
        say(
            f"Estimated before scoring: {thought['seconds']:.1f} s, {thought['disk_bytes'] / 1e9:.2f} GB of disk (from "
            f"{thought['source']}); it took {report['disk_bytes'] / 1e9:.2f} GB."
        )
    for found in report.get("drift", {}).values():
        for one in found:
            say(one["told"])
    say(f"Run {report['run']} took {report['seconds']:.1f} s. Releases:")
    for audience, release in report["releases"].items():
        say(f"  {audience} {release['sequence']}: {release['path']}")
    say(NOTICE)


def show(found: list[dict[str, Any]]) -> None:
    """Print identities."""
    for identity in found:
        head = f"{identity['entity_type']} {identity['identity_id']}"
        say(
            f"{head}: {identity['records']} records of {', '.join(identity['agencies'])}; confidence {identity['confidence']}"
        )
        golden = [(name, value) for name, value in identity["golden"].items() if value not in (None, [])]
        print_table("Golden values", "field", "value", rows=golden)
        values = [(row["attribute"], row["value"], row["records"], row["agencies"]) for row in identity["values"]]
        print_table("All values", "field", "value", "records", "agencies", rows=values)
        print_table(
            "Records", "record", "agency", "ambiguous", rows=[tuple(row.values()) for row in identity["record_names"]]
        )
        print_table(
            "Relations",
            "kind",
            "from",
            "to",
            "records",
            "agencies",
            rows=[tuple(row.values()) for row in identity["relations"]],
        )
        print_table(
            "Possible matches",
            "identity",
            "weight, bits",
            "reason",
            rows=[tuple(row.values()) for row in identity["possible_matches"]],
        )
    say(NOTICE)


def explain(result: dict[str, Any]) -> None:
    """Print why two records match or not."""
    rows: list[tuple[Any, ...]] = [
        ("two random records", "how often any two records are one entity", "", "", f"{result['prior']:+.2f}")
    ]
    for part in result["evidence"]:
        if part["level"] == "unknown":
            continue
        rarity = f" (rarity {part['rarity']:+.2f})" if abs(part["rarity"]) >= 0.005 else ""  # noqa: PLR2004  # half the last digit shown
        values = [", ".join(_words(value) for value in part[side].values()) for side in ("values_a", "values_b")]
        rows.append((part["comparison"], part["words"] + rarity, *values, f"{part['weight']:+.2f}"))
    names = [f"{side['dataset']}/{side['key']}#{side['role']}" for side in (result["a"], result["b"])]
    print_table(f"{names[0]} and {names[1]}", "comparison", "what was found", names[0], names[1], "bits", rows=rows)
    same = "are in one identity" if result["same_identity"] else "are in different identities"
    say(f"Weight {result['weight']:+.2f} bits, probability {result['probability']:.6f}; the two {same}.")
    say(NOTICE)


def demo(result: dict[str, Any]) -> None:
    """Print the tour of the demo."""
    run(result["run"])
    rows = []
    for kind, metrics in result["evaluation"]["types"].items():
        bare = result["baseline"].get(kind)
        scores = metrics["pairwise"]
        rows.append(
            (
                kind,
                scores["precision"],
                scores["recall"],
                scores["f1"],
                bare and bare["f1"],
                result["ceiling"][kind]["f1"],
            )
        )
    print_table(
        "Pairwise, against the demo's truth",
        "type",
        "precision",
        "recall",
        "F1",
        "bare Splink's F1",
        "highest possible F1",
        rows=rows,
    )
    _met(result["cases"])
    shared = result["shared"]
    if shared is not None:
        columns = ("audience", "identities", "records", "overlaps", "leads", "pointers")
        rows = [tuple(one[column] for column in columns) for one in shared["audiences"]]
        print_table("What each audience has", *columns, rows=rows)
        say(f"As {shared['reader']} sees it:")
        _met(shared)
    say("What to try next:")
    for line in result["next"]:
        say(f"  {line}")


def _met(cases: dict[str, Any]) -> None:
    """Print an overlap, a lead and where a profile is, where a view has them."""
    overlap, lead = cases["overlap"], cases["lead"]
    if overlap is None:
        return
    say(
        f"An overlap: {overlap['subject']} {overlap['identities'][0]} is in open cases of {', '.join(overlap['agencies'])}."
    )
    say(f"A lead ({lead['score']}): {lead['sentence']} {lead['notice'].capitalize()}.")
    say(f"A target profile to open: {cases['profile']}")


def whole_seconds(moment: str | None) -> str | None:
    """Return an ISO moment as people read it, in UTC without parts of a second."""
    return moment and f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def releases(rows: list[dict[str, Any]]) -> None:
    """Print the list of releases."""
    headers = ("audience", "sequence", "run", "published at (UTC)", "pruned at (UTC)")
    shown = [(*list(row.values())[:3], *map(whole_seconds, (row["published_at"], row["pruned_at"]))) for row in rows]
    print_table("Releases", *headers, rows=shown)
    if not rows:
        say("No release yet.")


def published(rows: list[dict[str, Any]]) -> None:
    """Print what each folder of publish_to holds."""
    for row in rows:
        done = "written" if row["written"] else "was there already"
        say(f"{row['folder']}: release {row['sequence']} of {row['audience']} {done}")
    if not rows:
        say("No audience with publish_to has a release.")


def pruned(rows: list[dict[str, Any]]) -> None:
    """Print which releases went."""
    print_table("Pruned", "audience", "sequence", "bytes", rows=[tuple(row.values()) for row in rows])
    say(f"{len(rows):,} releases pruned, {sum(row['bytes'] for row in rows):,} bytes freed")


def backup(told: dict[str, Any]) -> None:
    """Print what was saved."""
    say(f"{told['file']}: {len(told['files']):,} files, {told['bytes']:,} bytes, readable by you alone")
    say(
        "It holds the secret and all releases: keep it as safe as the workspace. Project file and deliveries are not in it."
    )


def restore(told: dict[str, Any]) -> None:
    """Print what was restored."""
    say(f"{told['workspace']}: {len(told['files']):,} files, {told['bytes']:,} bytes, as of {told['made_at']}")
    last = ", ".join(f"{audience} {sequence}" for audience, sequence in told["releases"].items())
    say(
        f"Last releases in it: {last or 'none'}. Releases after them are not known to it; ids of theirs are never given to others."
    )
    for one in told["readers_ahead"]:
        say(
            f"Readers of {one['audience']} have release {one['sequence']} in {one['folder']}: the next run goes on above it."
        )
