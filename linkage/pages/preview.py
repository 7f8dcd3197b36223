"""The parts of a candidate's page that tell what it would do on today's data: identities, judged pairs, rarity, blocking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.pages import charts
from linkage.pages.contracts import Common, Example, JudgedPairs, Measured, Placed, Reliable, Resolved, Rule
from linkage.pages.markup import Html, tag
from linkage.pages.render import _Figure, _table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.pages.contracts import Trained

SHOWN = 3
"""Records of each part of an example that are shown, those whose values are told."""
_WORDS = {
    "merged": "Merged: records of several identities would be in one",
    "split": "Split: the records of one identity would be in several",
}
_COUNTS = ("keys", "pairs", "largest_block")


def resolved(found: dict[str, Any] | None) -> tuple[Resolved, ...]:
    """Return the counts of what `registry.preview.resolve_candidate` found, by type."""
    names = ("identities_before", "identities_after", "merged", "split", "records_moved")
    types = found["types"] if found else {}
    return tuple(Resolved(kind, *(counts[name] for name in names)) for kind, counts in sorted(types.items()))


def examples(found: dict[str, Any] | None) -> tuple[Example, ...]:
    """Return its examples, each with the first records of each part."""
    if not found:
        return ()
    return tuple(
        _example(change, one, found["records"].get(one["entity_type"], {}))
        for change, told in found["examples"].items()
        for one in told
    )


def _example(change: str, one: dict[str, Any], records: dict[str, dict[str, str]]) -> Example:
    placed = tuple(
        Placed(name, part["before"], part["after"], "; ".join(records.get(name, {}).values()))
        for part in one["parts"]
        for name in part["names"][:SHOWN]
    )
    every = sum(part["records"] for part in one["parts"])
    return Example(change, one["entity_type"], one["identity_id"], every, placed, every - len(placed))


def judged_pairs(found: dict[str, Any]) -> JudgedPairs:
    """Return what judged pairs tell of both models."""
    return JudgedPairs(
        drawn=found["drawn"],
        chosen=found["chosen"],
        training=found["training_half"],
        absent=found["absent"],
        approved=_measured(found["approved"]),
        candidate=_measured(found["candidate"]),
    )


def _measured(found: dict[str, Any] | None) -> Measured | None:
    if found is None:
        return None
    told = found["estimates"] or {}
    return Measured(
        stop=found["stop"],
        matches_told=found["matches_told"],
        matches_missed=found["matches_missed"],
        non_matches_told=found["non_matches_told"],
        non_matches_refused=found["non_matches_refused"],
        estimates=tuple((name, one["estimate"], *one["interval"]) for name, one in told.items()),
        bands=tuple(Reliable(**band) for band in found["reliability"]),
    )


def commons(found: Sequence[dict[str, Any]]) -> tuple[Common, ...]:
    """Return how common values are, a row a column."""
    return tuple(
        Common(
            one["column"],
            one["holders"],
            one["values_of_several"],
            tuple((value["value"], value["holders"], value["share"]) for value in one["most_common"]),
        )
        for one in found
    )


def rules(found: dict[str, Any]) -> tuple[Rule, ...]:
    """Return the rules of the candidate in their order, then those that only the approved model has."""
    told = {
        side: {one["rule"]: tuple(one[name] for name in _COUNTS) for one in found[side] or ()}
        for side in ("approved", "candidate")
    }
    names = dict.fromkeys((*told["candidate"], *told["approved"]))
    return tuple(Rule(name, told["approved"].get(name), told["candidate"].get(name)) for name in names)


def identities(page: Trained) -> Html:
    """Show how many identities would merge and split, and examples."""
    title = tag("h2", "What would merge and split")
    if page.not_resolved:
        return tag("section", title, tag("p", f"Identities were not compared: {page.not_resolved}."))
    rows = [(one.entity_type, one.before, one.after, one.merged, one.split, one.moved) for one in page.resolved]
    told = (
        "Both models on the records of the last run, for the centre, under today's judgements; nothing was published. "
        "Types that are resolved later may change with this one."
    )
    columns = ("type", "identities, approved model", "identities, candidate", "merged", "split", "records moved")
    return tag(
        "section",
        title,
        tag("p", told),
        _table("Identities", columns, rows),
        *_examples(page),
    )


def _examples(page: Trained) -> list[Html]:
    if not page.has_examples:
        return [tag("p", "Examples are not kept here; linkage train --html writes them.")]
    if not page.examples:
        return [tag("p", "No identity would merge or split.")]
    parts = [
        tag(
            "p",
            "The largest first. Ids that start with new- are of this comparison only; the next run gives another.",
        )
    ]
    change = ""
    for one in page.examples:
        if one.change != change:
            change = one.change
            parts.append(tag("h3", _WORDS[change]))
        more = f"; {one.more:,} more not shown" if one.more else ""
        rows = [(row.name, *(_of(one, at) for at in (row.before, row.after)), row.values) for row in one.placed]
        parts.append(
            _table(
                f"{one.entity_type} {one.identity}: {one.records:,} records{more}",
                ("record", "is in", "would be in", "values"),
                rows,
            )
        )
    return parts


def _of(example: Example, identity: str) -> str:
    return "this identity" if identity == example.identity else identity


def judged(page: JudgedPairs) -> Html:
    """Show both models against the judged pairs that measure."""
    title = tag("h2", "Against judgements")
    if page.candidate is None:
        aside = f" {page.training:,} are of the half that trains and measure nothing." if page.training else ""
        told = f"No judged pair can measure a model of this type.{aside} Judge pairs: linkage review sample, linkage judge."
        return tag("section", title, tag("p", told))
    told = (
        f"{page.drawn + page.chosen:,} judged pairs that never train: {page.drawn:,} drawn by samples, {page.chosen:,} chosen by people. "
        f"{page.training:,} are of the half that trains, {page.absent:,} have lost a record; these are not counted. "
        "A model tells a match where the weight of the pair reaches its match threshold; clustering plays no part."
    )
    sides = [("candidate", page.candidate), *([("approved model", page.approved)] if page.approved else [])]
    columns = (
        "model",
        "threshold, bits",
        "matches told",
        "matches missed",
        "non-matches told as matches",
        "non-matches told",
    )
    rows = [
        (
            name,
            _Figure(f"{one.stop:g}"),
            one.matches_told,
            one.matches_missed,
            one.non_matches_told,
            one.non_matches_refused,
        )
        for name, one in sides
    ]
    basis = (
        "pairs drawn by samples, each for those it stands for"
        if page.drawn
        else "pairs chosen by people: of others they tell nothing"
    )
    return tag(
        "section",
        title,
        tag("p", told),
        _table("Judged pairs", columns, rows),
        _estimates(sides),
        tag("h3", "Calibration"),
        tag("p", f"A stated probability should be the share that is a match. Of {basis}."),
        charts.calibration(
            "calibration",
            "Stated probability and share judged a match",
            [(name, [(band.stated, band.found, band.pairs) for band in one.bands]) for name, one in sides],
        ),
        *(_bands(name, one) for name, one in sides),
    )


def _estimates(sides: Sequence[tuple[str, Measured]]) -> Html:
    rows = [
        (name, what, _Figure(f"{value:.4f}"), _Figure(f"{low:.4f}"), _Figure(f"{high:.4f}"))
        for name, one in sides
        for what, value, low, high in one.estimates
    ]
    if not rows:
        return tag("p", "No pair was drawn by a sample, so precision and recall cannot be estimated.")
    return _table("Estimated from drawn pairs, with 95% intervals", ("model", "figure", "estimate", "from", "to"), rows)


def _bands(name: str, one: Measured) -> Html:
    rows = [
        (_band(band), band.pairs, _Figure(f"{band.stated:.4f}"), _Figure(f"{band.found:.4f}")) for band in one.bands
    ]
    return _table(f"Reliability, {name}", ("weight, bits", "pairs", "stated", "found"), rows)


def _band(band: Reliable) -> str:
    if band.low is None:
        return f"below {band.high}"
    return f"{band.low} and more" if band.high is None else f"{band.low} to below {band.high}"


def rarity(columns: Sequence[Common]) -> Html:
    """Show how many values are common, and the most common ones."""
    rows = [(one.column.replace("_", " "), one.holders, one.values) for one in columns]
    most = [
        (one.column.replace("_", " "), value, holders, _Figure(f"{share:.3%}"))
        for one in columns
        for value, holders, share in one.most
    ]
    title = tag("h2", "Rarity")
    if not rows:
        return tag(
            "section", title, tag("p", "No value is held by more than one entity, or rarity counts in no comparison.")
        )
    return tag(
        "section",
        title,
        tag(
            "p",
            "How many entities, nearly, hold a value. Common values weigh less. A value that fewer than ten hold is not shown.",
        ),
        _table("Columns", ("column", "holders of any value", "values that several hold"), rows),
        _table("Most common values", ("column", "value", "holders", "share"), most)
        if most
        else tag("p", "No value is held by ten."),
    )


def blocking(found: Sequence[Rule]) -> Html:
    """Show the pairs, keys and largest block of each rule under both models."""
    pairs = [(one.name, float(one.candidate[1]), f"{one.candidate[1]:,}") for one in found if one.candidate]
    rows = [(one.name, *_counts(one.candidate), *_counts(one.approved)) for one in found]
    columns = ("rule", "keys", "pairs", "largest block", "approved: keys", "approved: pairs", "approved: largest block")
    return tag(
        "section",
        tag("h2", "Blocking"),
        tag("p", "A pair that several rules find is counted in each; keys that are set aside are not counted."),
        charts.bars("blocking", "Candidate pairs by blocking rule", pairs, unit="pairs"),
        _table("Rules", columns, rows),
    )


def _counts(counts: tuple[int, int, int] | None) -> tuple[_Figure, ...]:
    return tuple(_Figure("" if counts is None else f"{counts[place]:,}") for place in range(len(_COUNTS)))
