"""Judgements that contradict each other; a pure function of the ledger's rows.

A non-match holds across a whole identity, so it contradicts not only a match on its own pair but every chain of matches
between its two records: A = B, B = C, A ≠ C. Told are the shortest chain (ties: by the records' names), then the shortest of those that
share no match with one told before, and so on: at least one match of each is wrong, or the non-match is.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from linkage.store.entries import Judged

Name = tuple[str, str, str]
Links = dict[Name, dict[Name, "Judged"]]


@dataclass(frozen=True)
class Conflict:
    """A non-match, and the matches that lead from one of its records to the other."""

    apart: Judged
    path: tuple[Judged, ...]

    @property
    def numbers(self) -> frozenset[int]:
        """The judgements that contradict each other."""
        return frozenset({self.apart.number, *(one.number for one in self.path)})


def conflicts(held: Sequence[Judged], entered: Collection[int] = ()) -> list[Conflict]:
    """Return the contradictions among the open judgements, in the order of the non-matches; those of one, the shortest first.

    Where several matches say the same of a pair, a path goes by one of `entered`, else by the first.
    """
    links: dict[str, Links] = defaultdict(lambda: defaultdict(dict))
    standing = [one for one in held if one.closed_at is None]
    for one in standing:
        entry = one.judgement
        if entry.verdict == "match":
            for here, there in ((entry.a, entry.b), (entry.b, entry.a)):
                known = links[entry.entity_type][here]
                if there not in known or one.number in entered:
                    known[there] = one
    found = []
    for one in standing:
        if one.judgement.verdict == "non-match":
            told: set[int] = set()
            while path := _path(links[one.judgement.entity_type], one.judgement.a, one.judgement.b, told):
                found.append(Conflict(one, path))
                told |= {match.number for match in path}
    return found


def _path(
    links: Mapping[Name, Mapping[Name, Judged]], first: Name, last: Name, told: Collection[int]
) -> tuple[Judged, ...]:
    """Return the matches of the shortest way between two records that takes none of those told, () where there is none."""
    came: dict[Name, tuple[Name, Judged] | None] = {first: None}
    waiting = deque([first])
    while waiting and last not in came:
        here = waiting.popleft()
        for there, one in sorted(links.get(here, {}).items(), key=lambda link: link[0]):
            if there not in came and one.number not in told:
                came[there] = (here, one)
                waiting.append(there)
    steps = []
    step = came.get(last)
    while step is not None:
        steps.append(step[1])
        step = came[step[0]]
    return tuple(reversed(steps))


def shown_conflict(conflict: Conflict) -> dict[str, Any]:
    """Return a conflict as plain values."""
    return {
        "entity_type": conflict.apart.judgement.entity_type,
        "non_match": _plain(conflict.apart),
        "path": [_plain(one) for one in conflict.path],
    }


def _plain(one: Judged) -> dict[str, Any]:
    a, b = ("{}/{}#{}".format(*name) for name in (one.judgement.a, one.judgement.b))
    return {"judgement": one.number, "a": a, "b": b}
