"""Entering judgements from a file: a judged review sample as it is, or any CSV file with the same names of columns.

All or nothing: where any line is bad, every bad line is named and nothing is entered. A line without a verdict is left
out, and so is one whose pair has an open judgement of the same verdict in the same view: a file may be handed in twice.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linkage.config.project import CENTRE
from linkage.errors import DataError
from linkage.evaluation.judgements import VERDICTS, read_rows, unguarded
from linkage.evaluation.sample import NAMES
from linkage.judging.conflicts import conflicts, shown_conflict
from linkage.sharing.audit import user
from linkage.store.entries import Drawn, Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linkage.project import Project

MOST_TOLD = 50
_DRAWN = ("release", "stratum", "stratum_pairs")
Crosswalk = dict[tuple[str, str], list[tuple[str, str]]]


def judge_file(
    project: Project, path: Path, *, why: str | None = None, by: str | None = None, audience: str = CENTRE
) -> dict[str, Any]:
    """Enter the verdicts of a CSV file; return how many were entered, how many stood there already, and contradictions.

    Needed columns: verdict, dataset_a, key_a, role_a, dataset_b, key_b, role_b (a role may be blank where a key has one
    record). `note` is the reason, else `why`, else the file's name. `audience` is the column of that name where the file
    has it. The columns that a sample has on its strata are kept, so that training can weigh the pair. Raises DataError
    that names each bad line, its column and the mend.
    """
    fields, lines = read_rows(path)
    missing = [name for name in ("verdict", *NAMES) if name not in fields]
    if missing:
        message = (
            f"{path}, line 1: there is no column {', '.join(missing)}; write the columns verdict, {', '.join(NAMES)}"
        )
        raise DataError(message)
    told = [(line, row) for line, row in lines if not _ragged(row) and row["verdict"].strip()]
    problems = [
        (line, "it has more or fewer columns than the header; mend or quote the row")
        for line, row in lines
        if _ragged(row)
    ]
    known = {view: _crosswalk(project, view, told) for view in sorted({_view(row, audience) for _, row in told})}
    entries: dict[Any, tuple[int, Judgement]] = {}
    for line, row in told:
        entry, wrong = _entry(row, known, _view(row, audience), (why or f"judged in {path.name}", by or user()))
        problems += [(line, text) for text in wrong]
        if entry is not None:
            first, _ = entries.setdefault(_key(entry), (line, entry))
            if first != line:
                problems.append((line, f"the pair stands on line {first} already; keep one of them"))
    if problems:
        raise DataError(_refusal(path, sorted(problems)))
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        before = {(_key(one.judgement), one.judgement.verdict) for one in ledger.judgements() if one.closed_at is None}
        fresh = [entry for _, entry in entries.values() if (_key(entry), entry.verdict) not in before]
        numbers = ledger.judge_all(fresh, datetime.now(UTC).isoformat())
        found = conflicts(ledger.judgements(), set(numbers))
    return {
        "schema_version": 1,
        "file": str(path),
        "entered": len(fresh),
        "verdicts": {verdict: sum(one.verdict == verdict for one in fresh) for verdict in VERDICTS},
        "already_there": len(entries) - len(fresh),
        "blank": len(lines) - len(told),
        "judgements": numbers,
        "conflicts": [shown_conflict(one) for one in found if one.numbers & set(numbers)],
    }


def _ragged(row: Mapping[Any, Any]) -> bool:
    return None in row or None in row.values()


def _view(row: Mapping[str, str], audience: str) -> str:
    return row.get("audience", "").strip() or audience


def _key(entry: Judgement) -> tuple[Any, ...]:
    return (entry.entity_type, *sorted((entry.a, entry.b)), entry.sight)


def _crosswalk(project: Project, audience: str, told: Sequence[tuple[int, Mapping[str, str]]]) -> Crosswalk:
    """Return (dataset, key) → sorted (role, type) of the records of an audience's release that a file names."""
    named = sorted({(row[f"dataset_{side}"], unguarded(row[f"key_{side}"])) for _, row in told for side in "ab"})
    table = pa.table(
        {name: pa.array([row[i] for row in named], pa.string()) for i, name in enumerate(("dataset", "key"))}
    )
    found: Crosswalk = {}
    with project.release(audience) as release, release.registered("named", table):
        for dataset, key, role, kind in release.rows(
            "SELECT dataset, key, role, entity_type FROM published.identity_record SEMI JOIN named USING (dataset, key) ORDER BY ALL"
        ):
            found.setdefault((dataset, key), []).append((role, kind))
    return found


def _entry(
    row: Mapping[str, str], known: Mapping[str, Crosswalk], view: str, defaults: tuple[str, str]
) -> tuple[Judgement | None, list[str]]:
    """Return the judgement of a row, or what is wrong with it."""
    wrong = []
    verdict = row["verdict"].strip().lower()
    if verdict not in VERDICTS:
        wrong.append(f"column verdict: {verdict[:20]!r} is none of {', '.join(VERDICTS)}, or blank")
    ends = []
    for side in "ab":
        found, problem = _record(row, side, known[view])
        ends += found
        wrong += problem
    drawn = None
    if all(row.get(name, "").strip() for name in _DRAWN):
        numbers = [row[name].strip() for name in _DRAWN]
        odd = [
            name for name, number in zip(_DRAWN, numbers, strict=True) if not (number.isascii() and number.isdigit())
        ]
        wrong += [f"column {name}: it must be a whole number, as it was written" for name in odd]
        # A pair of the review queue was chosen, not drawn: its stratum holds no pairs.
        if not odd and int(numbers[2]):
            drawn = Drawn(f"{view}/{int(numbers[0])}", int(numbers[1]), int(numbers[2]))
    if not wrong and ends[0][1] != ends[1][1]:
        wrong.append(f"the records are of two types, {ends[0][1]} and {ends[1][1]}; judge records of one type")
    elif not wrong and ends[0] == ends[1]:
        wrong.append("both names are of one record; name two")
    if wrong:
        return None, wrong
    why = row.get("note", "").strip() or defaults[0]
    return Judgement(ends[0][1], ends[0][0], ends[1][0], verdict, defaults[1], why, view, drawn), []


def _record(
    row: Mapping[str, str], side: str, known: Crosswalk
) -> tuple[list[tuple[tuple[str, str, str], str]], list[str]]:
    """Return the name and type of a row's record, or what is wrong."""
    dataset, key, role = (unguarded(row[f"{part}_{side}"]) for part in ("dataset", "key", "role"))
    found = known.get((dataset, key), [])
    fitting = [(one, kind) for one, kind in found if role in {"", one}]
    if len(fitting) == 1:
        return [((dataset, key, fitting[0][0]), fitting[0][1])], []
    if found and not fitting:
        return [], [
            f"column role_{side}: the record has no role {role!r}; its roles are: {', '.join(r for r, _ in found)}"
        ]
    if fitting:
        return [], [f"column role_{side}: the key has several records; write one of {', '.join(r for r, _ in found)}"]
    return [], [
        f"columns dataset_{side}, key_{side}: no such record in the last release; write them as the release does"
    ]


def _refusal(path: Path, problems: Sequence[tuple[int, str]]) -> str:
    told = [f"line {line}: {text}" for line, text in problems[:MOST_TOLD]]
    more = [f"and {len(problems) - MOST_TOLD:,} more"] if len(problems) > MOST_TOLD else []
    return f"{path}: nothing was entered; {'; '.join([*told, *more])}"
