"""Splitting and merging identities: judgements in bulk, entered all or none and applied by the next run (rule R3).

The smallest set that clustering must follow is entered. What belongs together is chained: a match from each record to the
next by name, where matches that stand already do not tie the two. Two parts are held apart by one non-match between the
smallest record of each: it holds across all that matches tie to either. So n records take at most n - 1 judgements.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.errors import RequestError
from linkage.evaluation.judgements import VERDICTS
from linkage.judging.conflicts import conflicts
from linkage.judging.record import ledger_to_undo_in, shown, stated
from linkage.sharing.audit import user
from linkage.store.entries import Judged, Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.engine.duckdb import Engine
    from linkage.project import Project

Name = tuple[str, str, str]
MOST_TOLD = 50


def split(
    project: Project,
    identity: str,
    records: Sequence[str],
    why: str,
    *,
    by: str | None = None,
    audience: str = CENTRE,
) -> dict[str, Any]:
    """Part the named records from the rest of an identity; each part stays together. Return what was entered.

    `records` are names DATASET/KEY[#ROLE], or files with one name a line. Raises RequestError for no reason, an identity
    that the audience's last release does not have, a name that is no record of it or fits several, where nothing or
    everything is named, and where a judgement that stands says otherwise; then nothing is entered.
    """
    stated(why)
    names = _named(records)
    with project.release(audience) as release:
        kind, members = _members(release, identity)
    parted = _chosen(identity, members, names)
    rest = [name for name in members if name not in parted]
    if not parted or not rest:
        message = (
            f"identity {identity} has {len(members)} records and {len(parted)} are named; name some of them, not all"
        )
        raise RequestError(message)
    return _enter(project, kind, [identity], [sorted(parted), rest], (by or user(), why.strip(), audience))


def merge(
    project: Project, identities: Sequence[str], why: str, *, by: str | None = None, audience: str = CENTRE
) -> dict[str, Any]:
    """Join all records of several identities of one type into one; return what was entered.

    Raises RequestError for no reason, fewer than two identities, one that the audience's last release does not have,
    identities of two types, and where a judgement that stands says otherwise; then nothing is entered.
    """
    stated(why)
    distinct = sorted(set(identities))
    if len(distinct) < 2:  # noqa: PLR2004
        message = "name two identities or more to merge"
        raise RequestError(message)
    with project.release(audience) as release:
        found = {identity: _members(release, identity) for identity in distinct}
    kinds = {identity: kind for identity, (kind, _) in found.items()}
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{identity} is of type {kind}" for identity, kind in kinds.items())
        message = f"{told}; merge identities of one type"
        raise RequestError(message)
    together = sorted(name for _, members in found.values() for name in members)
    return _enter(project, kinds[distinct[0]], distinct, [together], (by or user(), why.strip(), audience))


def undo_together(project: Project, number: int, why: str, *, by: str | None = None) -> dict[str, Any]:
    """Close a judgement and all that were entered together with it, by one split, merge or file; return their numbers.

    Raises RequestError for a number that is not there, where all are closed already, and without a reason.
    """
    stated(why)
    with Ledger(ledger_to_undo_in(project)) as ledger:
        held = ledger.judgements()
        first = next((one for one in held if one.number == number), None)
        if first is None:
            message = f"there is no judgement {number}; list them: linkage judgements {project.loaded.path}"
            raise RequestError(message)
        # What is entered in one go has one time, to the microsecond, and one author.
        beside = [
            one.number
            for one in held
            if (one.judged_at, one.judgement.judged_by) == (first.judged_at, first.judgement.judged_by)
        ]
        closed = ledger.undo_all(beside, datetime.now(UTC).isoformat(), by or user(), why.strip())
    if not closed:
        message = f"judgement {number} and those entered together with it are closed already"
        raise RequestError(message)
    return {"schema_version": 1, "judgement": number, "closed": closed, "closed_before": len(beside) - len(closed)}


def _members(release: Engine, identity: str) -> tuple[str, list[Name]]:
    """Return the type and the sorted records of an identity."""
    rows = release.rows(
        "SELECT entity_type, dataset, key, role FROM published.identity_record WHERE identity_id = $id ORDER BY ALL",
        {"id": identity},
    )
    if not rows:
        moved = release.rows(
            "SELECT new_id FROM published.identity_redirect WHERE old_id = $id ORDER BY new_id", {"id": identity}
        )
        hint = (
            f"its records are now in {', '.join(row[0] for row in moved)}"
            if moved
            else "ids are listed in published.identity"
        )
        message = f"no identity {identity!r} in the last release; {hint}"
        raise RequestError(message)
    return rows[0][0], [(dataset, key, role) for _, dataset, key, role in rows]


def _named(records: Sequence[str]) -> list[str]:
    """Return the names that are given, those of files line by line."""
    found = []
    for entry in records:
        path = Path(entry)
        if not path.is_file():
            found.append(entry)
            continue
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            message = f"{path}: cannot be read ({type(error).__name__}); write a UTF-8 file with one record name a line"
            raise RequestError(message) from error
        found += [line.strip() for line in lines if line.strip()]
    return found


def _chosen(identity: str, members: Sequence[Name], names: Sequence[str]) -> set[Name]:
    """Return the records of an identity that names fit; refuse all names that fit none or several."""
    known: dict[str, list[Name]] = {}
    for name in members:
        known.setdefault(shown(name), []).append(name)
        known.setdefault(f"{name[0]}/{name[1]}", []).append(name)
    wrong = [f"{name} is no record of it" for name in names if name not in known]
    wrong += [
        f"{name} fits {', '.join(map(shown, known[name]))}: add the role"
        for name in names
        if len(known.get(name, ())) > 1
    ]
    if wrong:
        more = [f"and {len(wrong) - MOST_TOLD:,} more"] if len(wrong) > MOST_TOLD else []
        message = f"identity {identity}: nothing was entered; {'; '.join([*wrong[:MOST_TOLD], *more])}"
        raise RequestError(message)
    return {known[name][0] for name in names}


def _enter(
    project: Project, kind: str, identities: Sequence[str], parts: Sequence[list[Name]], told: tuple[str, str, str]
) -> dict[str, Any]:
    """Enter what holds each part together and the parts from each other, unless it contradicts what stands."""
    by, why, audience = told
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        held = [
            one
            for one in ledger.judgements()
            if one.closed_at is None and one.judgement.entity_type == kind and audience in {CENTRE, one.judgement.sight}
        ]
        pairs = [(*pair, "match") for part in parts for pair in _chain(part, held)]
        pairs += [(*pair, "non-match") for pair in _apart(parts, held)]
        entries = [Judgement(kind, a, b, verdict, by, why, audience) for a, b, verdict in pairs]
        _refuse_contradiction(project, held, entries, parts)
        numbers = ledger.judge_all(entries, datetime.now(UTC).isoformat()) if entries else []
    verdicts = Counter(entry.verdict for entry in entries)
    return {
        "schema_version": 1,
        "audience": audience,
        "entity_type": kind,
        "identities": list(identities),
        "parts": [len(part) for part in parts],
        "entered": len(entries),
        "verdicts": {verdict: verdicts[verdict] for verdict in VERDICTS},
        "judgements": numbers,
    }


def _chain(part: Sequence[Name], held: Sequence[Judged]) -> list[tuple[Name, Name]]:
    """Return the pairs that, with the matches that stand, tie all records of a part together."""
    root = {name: name for name in part}

    def top(name: Name) -> Name:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for one in held:
        a, b = one.judgement.a, one.judgement.b
        if one.judgement.verdict == "match" and a in root and b in root:
            smaller, larger = sorted((top(a), top(b)))
            root[larger] = smaller
    first = sorted({top(name) for name in part})
    return list(pairwise(first))


def _apart(parts: Sequence[Sequence[Name]], held: Sequence[Judged]) -> list[tuple[Name, Name]]:
    """Return the pair that holds two parts apart; none where there is one part, or where a non-match stands between them."""
    if len(parts) == 1:
        return []
    place = {name: number for number, part in enumerate(parts) for name in part}
    for one in held:
        ends = {place.get(one.judgement.a), place.get(one.judgement.b)}
        if one.judgement.verdict == "non-match" and ends == {0, 1}:
            return []
    return [(min(parts[0]), min(parts[1]))]


def _refuse_contradiction(
    project: Project, held: Sequence[Judged], entries: Sequence[Judgement], parts: Sequence[Sequence[Name]]
) -> None:
    """Refuse what would make matches lead from one record of a non-match to the other, naming what to undo first."""
    # Numbers below zero stand for what is not entered yet.
    fresh = [Judged(-1 - place, entry, "") for place, entry in enumerate(entries)]
    place = {name: number for number, part in enumerate(parts) for name in part}
    against = set()
    for found in conflicts([*held, *fresh]):
        ends = {place.get(found.apart.judgement.a), place.get(found.apart.judgement.b)}
        if None in ends and not found.numbers & {one.number for one in fresh}:
            continue
        if ends == {0, 1}:
            # The parts must be apart: what leads from one to the other is in the way.
            against |= {
                step.number
                for step in found.path
                if place.get(step.judgement.a, "a") != place.get(step.judgement.b, "b")
            }
        else:
            against.add(found.apart.number)
    if against:
        numbers = sorted(against)
        told = ", ".join(map(str, numbers[:MOST_TOLD])) + (" ..." if len(numbers) > MOST_TOLD else "")
        what, say, it = ("judgement", "says", "it is") if len(numbers) == 1 else ("judgements", "say", "they are")
        message = (
            f"nothing was entered: {what} {told} of before {say} otherwise; if {it} wrong, undo first: "
            f"linkage judge {project.loaded.path} --undo {numbers[0]} --why TEXT"
        )
        raise RequestError(message)
