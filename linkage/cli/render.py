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

_NOTICE = "Unverified: a match is a lead; confirm with the record's owner."
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


def _table(title: str, *columns: str, rows: list[tuple[Any, ...]]) -> None:
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
        _table(
            f"{kind}: share of records with a value ({found['records']:,} records, {found['bad_values']:,} unusable values)",
            "dataset",
            "field",
            "share",
            rows=rows,
        )
        _table(
            f"{kind}: candidate pairs by blocking rule", "rule", "pairs", rows=list(found["candidate_pairs"].items())
        )
        shown = [
            (dataset, role, name, sample["original"], sample["standardised"])
            for dataset, roles in found["samples"].items()
            for role, fields in roles.items()
            for name, samples in fields.items()
            for sample in samples
        ]
        _table(f"{kind}: samples", "dataset", "role", "field", "original", "standardised", rows=shown)
        blocks = [(block["rule"], block["records"], block["example"]) for block in found["largest_blocks"]]
        _table(f"{kind}: largest blocks (limit {found['max_block']:,})", "rule", "records", "one of them", rows=blocks)
    thought = report["estimate"]
    say(
        f"A run that makes everything anew is thought to take {in_words(thought['seconds'])} and "
        f"{(thought['disk_bytes'] + thought['spill_bytes']) / 1e9:.1f} GB of disk (from {thought['source']})."
    )
    say("The project is valid. Next: linkage run PROJECT")


def _datasets(datasets: dict[str, Any]) -> None:
    names = ("rows_read", "accepted", "rejected", "superseded", "withdrawn", "purged", "no_entity")
    shown = [name for name in names if any(entry.get(name) for entry in datasets.values())]
    _table(
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
    _table("Rejected rows", "dataset", "reason", "rows", rows=reasons)


def init(found: dict[str, Any]) -> None:
    """Print what was guessed for each file."""
    rows = [
        (dataset, entry["rows"], entry["key"], role, told["entity"], told["fields"])
        for dataset, entry in found["datasets"].items()
        for role, told in entry["roles"].items()
    ]
    _table("Guessed", "dataset", "rows", "key", "role", "type", "fields", rows=rows)
    unmapped = [(dataset, entry["unmapped"]) for dataset, entry in found["datasets"].items() if entry["unmapped"]]
    _table("Columns that are not mapped", "dataset", "columns", rows=unmapped)
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
    _table("Identities", *columns, rows=rows)
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
    _table("Stages", "stage", "seconds", "estimated", "peak memory, GB", rows=stages)
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
    say(_NOTICE)


def show(found: list[dict[str, Any]]) -> None:
    """Print identities."""
    for identity in found:
        head = f"{identity['entity_type']} {identity['identity_id']}"
        say(
            f"{head}: {identity['records']} records of {', '.join(identity['agencies'])}; confidence {identity['confidence']}"
        )
        golden = [(name, value) for name, value in identity["golden"].items() if value not in (None, [])]
        _table("Golden values", "field", "value", rows=golden)
        values = [(row["attribute"], row["value"], row["records"], row["agencies"]) for row in identity["values"]]
        _table("All values", "field", "value", "records", "agencies", rows=values)
        _table(
            "Records", "record", "agency", "ambiguous", rows=[tuple(row.values()) for row in identity["record_names"]]
        )
        _table(
            "Relations",
            "kind",
            "from",
            "to",
            "records",
            "agencies",
            rows=[tuple(row.values()) for row in identity["relations"]],
        )
        _table(
            "Possible matches",
            "identity",
            "weight, bits",
            "reason",
            rows=[tuple(row.values()) for row in identity["possible_matches"]],
        )
    say(_NOTICE)


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
    _table(f"{names[0]} and {names[1]}", "comparison", "what was found", names[0], names[1], "bits", rows=rows)
    same = "are in one identity" if result["same_identity"] else "are in different identities"
    say(f"Weight {result['weight']:+.2f} bits, probability {result['probability']:.6f}; the two {same}.")
    say(_NOTICE)


_MEASURES = ("", "measure", "precision", "95 %", "recall", "95 %", "F1", "95 %")


def _measures(title: str, metrics: dict[str, Any]) -> list[tuple[Any, ...]]:
    rows = []
    for name in ("pairwise", "b_cubed", "cluster"):
        row: list[Any] = [title, name.replace("_", "-")]
        intervals = metrics["intervals"].get(name)
        for part in ("precision", "recall", "f1"):
            row += [round(metrics[name][part], 5), _between(intervals and intervals[part])]
        rows.append(tuple(row))
    return rows


def _between(interval: Any) -> str:
    return f"{interval[0]:.4f} - {interval[1]:.4f}" if interval else ""


def comparison(result: dict[str, Any]) -> None:
    """Print how one grouping of records compares with another."""
    _table("Other against reference", *_MEASURES, rows=_measures("all", result))


def _slices(kind: str, found: list[dict[str, Any]]) -> None:
    rows = []
    for one in found:
        head = (one["by"], one["name"], one["true_pairs"], one["found_pairs"])
        if one["too_few"]:
            rows.append((*head, None, None, None, "", "too few pairs"))
            continue
        scores, intervals = one["scores"], one["intervals"]
        figures = [round(scores[part], 5) for part in ("precision", "recall", "f1")]
        rows.append((*head, *figures, _between(intervals["f1"]), "worse than the rest" if one["worse"] else ""))
    columns = ("by", "slice", "true pairs", "found pairs", "precision", "recall", "F1", "95 %", "")
    _table(f"{kind}: pairs by slice", *columns, rows=rows)


def _reliability(kind: str, bands: list[dict[str, Any]]) -> None:
    rows = []
    for band in bands:
        low = "" if band["low"] is None else f"from {band['low']}"
        high = "" if band["high"] is None else f"below {band['high']}"
        rows.append((f"{low} {high}".strip(), band["pairs"], round(band["stated"], 4), round(band["found"], 4)))
    _table(f"{kind}: what scores say and what is true", "bits", "pairs", "stated", "found", rows=rows)


def evaluation(result: dict[str, Any]) -> None:
    """Print how good a release is, with its worst errors."""
    rows = [row for kind, metrics in result["types"].items() for row in _measures(kind, metrics)]
    rows += _measures("all", result["all"])
    _table("Against the truth", *_MEASURES, rows=rows)
    for kind, metrics in result["types"].items():
        _slices(kind, metrics["slices"])
        _reliability(kind, metrics["reliability"])
        if metrics["blocking_recall"] is not None:
            say(f"{kind}: blocking found {metrics['blocking_recall']:.5f} of the true pairs")
        for name, what in (
            ("over_merges", "identities that hold several entities"),
            ("over_splits", "entities in several identities"),
        ):
            shown = [
                (example.get("identity_id") or example.get("entity"), str(example)) for example in metrics[name][:3]
            ]
            _table(f"{kind}: {what}, the worst", "id", "parts", rows=shown)


def sample(found: dict[str, Any], file: str) -> None:
    """Print what a sample for review holds, and what to do with it."""
    rows = [(one["stratum"], one["pairs"], one["sampled"]) for one in found["strata"]]
    _table(f"{found['entity_type']}: pairs of release {found['release']}", "stratum", "pairs", "sampled", rows=rows)
    say(f"{file}: {found['sampled']:,} of {found['pairs']:,} pairs, readable by you alone")
    say("Write match, non-match or unsure into the column verdict, then: linkage evaluate PROJECT --judgements FILE")
    say("To have them hold and train: linkage judge PROJECT --from FILE, then linkage run PROJECT --retrain")


def judged(result: dict[str, Any]) -> None:
    """Print what a judged sample tells of a release."""
    rows = [
        (name.replace("f1", "F1"), round(result[name]["estimate"], 5), _between(result[name]["interval"]))
        for name in ("precision", "recall", "f1")
    ]
    title = f"{result['entity_type']}, release {result['release']} of {result['audience']}: estimated from verdicts, pairwise"
    _table(title, "measure", "estimate", "95 %", rows=rows)
    strata = [
        (
            one["stratum"],
            "one identity" if one["together"] else "different",
            *(one[n] for n in ("pairs", "judged", "matches")),
        )
        for one in result["strata"]
    ]
    _table("What they rest on", "stratum", "pairs are in", "pairs", "judged", "matches", rows=strata)
    held = result["sample"]
    say(
        f"{held['judged']:,} of {held['pairs']:,} pairs judged; {held['unsure']:,} unsure, {held['unanswered']:,} blank, "
        f"{held['from_ledger']:,} taken from the ledger."
    )
    if held["set_aside"] is not None:
        say(
            f"The model was trained with judged pairs: {held['set_aside']:,} verdicts of the half that trains are set aside."
        )
    say(f"Recall is of {result['recall_of']}.")
    if not result["current"]:
        say("The sample is of an earlier release; the figures are that one's.")


def entered(told: dict[str, Any]) -> None:
    """Print what was entered, and what contradicts it."""
    if "file" in told:
        counts = ", ".join(f"{number:,} {verdict}" for verdict, number in told["verdicts"].items())
        say(f"{told['file']}: {told['entered']:,} judgements entered ({counts})")
        say(f"{told['already_there']:,} stood in the ledger already, {told['blank']:,} lines have no verdict.")
    else:
        say(f"Judgement {told['judgement']}: {told['a']} and {told['b']} ({told['entity_type']}): {told['verdict']}")
    _conflicts(told["conflicts"])
    say("The next run applies it.")


def undone(told: dict[str, Any]) -> None:
    """Print which judgement was closed."""
    say(
        f"Judgement {told['judgement']} is closed: {told['a']} and {told['b']} ({told['entity_type']}), {told['verdict']}"
    )
    say("The next run no longer applies it; the ledger keeps it.")


def undone_together(told: dict[str, Any]) -> None:
    """Print how many judgements were closed together."""
    before = f"; {told['closed_before']:,} were closed before" if told["closed_before"] else ""
    say(f"{len(told['closed']):,} judgements are closed: {', '.join(map(str, told['closed']))}{before}")
    say("The next run no longer applies them; the ledger keeps them.")


def judgements(found: dict[str, Any]) -> None:
    """Print the list of judgements and the contradictions among them."""
    for one in found["judgements"]:
        state = one["state"] + (f" in {', '.join(one['losing_in'])}" if one["state"] == "losing" else "")
        waits = ", waits for a run" if one["waits"] else ""
        say(f"{one['judgement']}. {one['verdict']} ({one['entity_type']}), {state}{waits}: {one['a']} and {one['b']}")
        say(f"   {one['judged_at'][:10]} by {one['judged_by']}: {one['why']}")
    if not found["judgements"]:
        say("No judgement yet.")
    _conflicts(found["conflicts"])


def _conflicts(found: list[dict[str, Any]]) -> None:
    for one in found:
        chain = ", ".join(f"{step['a']} = {step['b']} (no. {step['judgement']})" for step in one["path"])
        apart = one["non_match"]
        say(
            f"Contradiction ({one['entity_type']}): {chain}, but {apart['a']} ≠ {apart['b']} (no. {apart['judgement']}). "
            "The non-match holds; undo what is wrong: linkage judge PROJECT --undo NUMBER --why TEXT"
        )


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
    _table(
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
        _table("What each audience has", *columns, rows=rows)
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
    _table("Releases", *headers, rows=shown)
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
    _table("Pruned", "audience", "sequence", "bytes", rows=[tuple(row.values()) for row in rows])
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
