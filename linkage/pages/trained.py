"""The page of a candidate model: its weights, what moved, and what would change on today's data if it were approved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from linkage.pages import charts
from linkage.pages.contracts import LevelWeight, Trained
from linkage.pages.markup import Html, tag
from linkage.pages.preview import (
    blocking,
    commons,
    examples,
    identities,
    judged,
    judged_pairs,
    rarity,
    resolved,
    rules,
)
from linkage.pages.render import _NOTICE, _facts, _Figure, _page, _table

if TYPE_CHECKING:
    from collections.abc import Sequence

_STILL = 0.005
"""Bits that two decimals do not show."""


def trained(found: dict[str, Any], *, purpose: str = "") -> Trained:
    """Return the page of what `registry.candidate.train_candidate` returned."""
    against = found["against_approved"]
    moved = {(row["comparison"], row["level"]): row["moved"] for row in against["weights"]} if against else {}
    labels = found["labels"]
    return Trained(
        entity_type=found["entity_type"],
        model=found["model"],
        approved=found["approved"],
        run=found["run"],
        records=found["records"],
        pairs=found["candidate_pairs"],
        match_rate=found["match_rate"],
        labels="none" if labels is None else f"{labels['matches']:,} matches, {labels['non_matches']:,} non-matches",
        set_back=tuple(found["set_back_to_priors"]),
        levels=tuple(
            LevelWeight(**row, moved=moved.get((row["comparison"], row["level"]))) for row in found["weights"]
        ),
        changes=_changes(against) if against else (),
        judged=judged_pairs(found["judged_pairs"]),
        resolved=resolved(found["identities"]),
        examples=examples(found["identities"]),
        not_resolved=found["not_resolved"] or "",
        rarity=commons(found["rarity"]),
        rules=rules(found["blocking"]),
        purpose=purpose,
    )


def kept(page: Trained) -> Trained:
    """Return the page as it is kept beside the model: without examples, since it outlives the records that they name."""
    # What follows the colon may name a record too.
    why = page.not_resolved.partition(":")[0]
    return replace(page, examples=(), has_examples=False, not_resolved=why, purpose="")


def _changes(against: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    figures = [(f"threshold {name}", one["then"], one["now"]) for name, one in against["thresholds"].items()]
    figures.append(("match rate", against["match_rate"]["then"], against["match_rate"]["now"]))
    told = [(name, f"{then:g}", f"{now:g}") for name, then, now in figures]
    for name in ("rules", "stop_keys", "generic_values"):
        one = against[name]
        now = f"{one['now']:,} ({one['added']:,} added, {one['removed']:,} removed)"
        told.append((name.replace("_", " "), f"{one['then']:,}", now))
    return tuple(told)


def trained_page(page: Trained) -> str:
    """Show a candidate model: what would change first, then judged pairs, weights, rarity and blocking."""
    return _page(
        "model",
        f"Candidate model of type {page.entity_type}",
        _NOTICE,
        tag("p", "No run uses this model before it is approved: linkage approve."),
        _facts(
            ("Model", page.model),
            ("Approved model", page.approved or "none"),
            ("Trained on", f"{page.records:,} records as of run {page.run}, {page.pairs:,} candidate pairs"),
            ("Match rate", f"{page.match_rate:.3g}"),
            ("Labels", page.labels),
            ("Set back to priors", ", ".join(page.set_back) or "none"),
            *([("Purpose", page.purpose)] if page.purpose else ()),
        ),
        identities(page),
        judged(page.judged),
        _weights(page.levels),
        _moved(page),
        rarity(page.rarity),
        blocking(page.rules),
    )


def _name(level: LevelWeight) -> str:
    return f"{level.comparison}: {level.level}".replace("_", " ")


def _weights(levels: Sequence[LevelWeight]) -> Html:
    rows = [
        (_name(one), one.words, _Figure(f"{one.m:.3g}"), _Figure(f"{one.u:.3g}"), _Figure(f"{one.bits:+.2f}"))
        for one in levels
    ]
    return tag(
        "section",
        tag("h2", "Weights"),
        tag(
            "p",
            "m: how often records of one entity agree so. u: how often records of two do. Weight: log2(m/u), before the frequency of values.",
        ),
        charts.signed("weights", "Weight of each level", [(_name(one), one.bits) for one in levels], unit="bits"),
        _table("Levels", ("level", "what it means", "m", "u", "bits"), rows),
    )


def _moved(page: Trained) -> Html:
    if page.approved is None or page.approved == page.model:
        return tag("section", tag("h2", "Against the approved model"), tag("p", "There is nothing to compare it with."))
    new = [one for one in page.levels if one.moved is None]
    moved = sorted(
        ((_name(one), one.moved, one.bits) for one in page.levels if one.moved and abs(one.moved) >= _STILL),
        key=lambda row: -abs(row[1]),
    )
    rows = [
        (name, _Figure(f"{now - by:+.2f}"), _Figure(f"{now:+.2f}"), _Figure(f"{by:+.2f}")) for name, by, now in moved
    ]
    drawn = (
        charts.signed("moved", "How far each weight moved", [(name, by) for name, by, _ in moved], unit="bits moved"),
        _table("Weights that moved", ("level", "then", "now", "moved"), rows),
    )
    return tag(
        "section",
        tag("h2", "Against the approved model"),
        *(drawn if moved else (tag("p", "No weight moved by a hundredth of a bit."),)),
        tag("p", f"Levels that the approved model does not have: {', '.join(map(_name, new)) or 'none'}."),
        _table("What else differs", ("what", "then", "now"), page.changes),
    )
