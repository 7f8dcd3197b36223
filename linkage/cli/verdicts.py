"""What people see of measures and judgements."""

from __future__ import annotations

from typing import Any

from linkage.cli.render import print_table, say

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
    print_table("Other against reference", *_MEASURES, rows=_measures("all", result))


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
    print_table(f"{kind}: pairs by slice", *columns, rows=rows)


def _reliability(kind: str, bands: list[dict[str, Any]]) -> None:
    rows = []
    for band in bands:
        low = "" if band["low"] is None else f"from {band['low']}"
        high = "" if band["high"] is None else f"below {band['high']}"
        rows.append((f"{low} {high}".strip(), band["pairs"], round(band["stated"], 4), round(band["found"], 4)))
    print_table(f"{kind}: what scores say and what is true", "bits", "pairs", "stated", "found", rows=rows)


def evaluation(result: dict[str, Any]) -> None:
    """Print how good a release is, with its worst errors."""
    rows = [row for kind, metrics in result["types"].items() for row in _measures(kind, metrics)]
    rows += _measures("all", result["all"])
    print_table("Against the truth", *_MEASURES, rows=rows)
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
            print_table(f"{kind}: {what}, the worst", "id", "parts", rows=shown)


def sample(found: dict[str, Any], file: str) -> None:
    """Print what a sample for review holds, and what to do with it."""
    rows = [(one["stratum"], one["pairs"], one["sampled"]) for one in found["strata"]]
    print_table(
        f"{found['entity_type']}: pairs of release {found['release']}", "stratum", "pairs", "sampled", rows=rows
    )
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
    print_table(title, "measure", "estimate", "95 %", rows=rows)
    strata = [
        (
            one["stratum"],
            "one identity" if one["together"] else "different",
            *(one[n] for n in ("pairs", "judged", "matches")),
        )
        for one in result["strata"]
    ]
    print_table("What they rest on", "stratum", "pairs are in", "pairs", "judged", "matches", rows=strata)
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
