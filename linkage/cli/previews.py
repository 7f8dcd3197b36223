"""What people see of a candidate model beside its weights: what would merge and split, judged pairs, blocking."""

from __future__ import annotations

from typing import Any

from linkage.cli.looks import changed
from linkage.cli.render import NOTICE, print_table, say

_COUNTS = ("identities_before", "identities_after", "merged", "split", "records_moved")


def previewed(found: dict[str, Any]) -> None:
    """Print the parts of what training found that the page shows too; rarity is left to the page."""
    _judged(found["judged_pairs"])
    sides = {side: {one["rule"]: one for one in rules or ()} for side, rules in found["blocking"].items()}
    counts = ("keys", "pairs", "largest_block")
    rows = [
        (
            rule,
            *(
                sides[side][rule][name] if rule in sides[side] else None
                for side in ("candidate", "approved")
                for name in counts
            ),
        )
        for rule in dict.fromkeys((*sides["candidate"], *sides["approved"]))
    ]
    columns = ("rule", "keys", "pairs", "largest", "approved: keys", "pairs", "largest")
    print_table("Blocking", *columns, rows=rows)
    _identities(found)


def _identities(found: dict[str, Any]) -> None:
    told = found["identities"]
    if told is None:
        say(f"Identities were not compared: {found['not_resolved']}.")
        return
    rows = [(kind, *(counts[name] for name in _COUNTS)) for kind, counts in told["types"].items()]
    columns = ("type", "identities, approved model", "candidate", "merged", "split", "records moved")
    print_table("On the records of the last run, for the centre", *columns, rows=rows)
    changed(told["examples"])
    if any(told["examples"].values()):
        say("Ids that start with new- are of this comparison only.")
        say(NOTICE)


def _judged(found: dict[str, Any]) -> None:
    if found["candidate"] is None:
        say("No judged pair can measure a model: those of the half that trains do not count.")
        return
    say(
        f"Judged pairs that never train: {found['drawn']:,} drawn by samples, {found['chosen']:,} chosen by people "
        f"({found['training_half']:,} train, {found['absent']:,} have lost a record)"
    )
    sides = [(side, found[side]) for side in ("candidate", "approved") if found[side]]
    counts = ("matches_told", "matches_missed", "non_matches_told", "non_matches_refused")
    columns = ("model", "threshold", "matches told", "missed", "non-matches told as matches", "told apart")
    rows = [(side, f"{one['stop']:g}", *(one[name] for name in counts)) for side, one in sides]
    print_table("By the weight of the pair alone", *columns, rows=rows)
    estimates = [
        (side, name, f"{figure['estimate']:.4f}", "{:.4f} to {:.4f}".format(*figure["interval"]))
        for side, one in sides
        for name, figure in (one["estimates"] or {}).items()
    ]
    if estimates:
        print_table("Estimated from drawn pairs", "model", "figure", "estimate", "95% interval", rows=estimates)
