"""Precision and recall of a release from a sample that stewards have judged (`sample`, `estimate`).

Verdicts are read from the sample's own file; a pair left blank there takes the verdict that the ledger holds for its two
records. What lies outside the sample is not looked at: pairs that people chose to judge tell nothing of the others.

A release whose model was trained with labels is measured by the half of the pairs that never trains (`labels.trains`). A stratum
that has verdicts, but none in that half, is taken together with the next one whose pairs are alike in sharing an identity or
not (collapsed strata; Cochran, "Sampling Techniques", 1977).
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.errors import DataError, RequestError
from linkage.evaluation.estimate import Estimates, Stratum, estimate
from linkage.evaluation.sample import DESIGN, NAMES
from linkage.matching import model as models
from linkage.matching.labels import Name, trains
from linkage.store.entries import Release
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linkage.config.source import EntityType
    from linkage.project import Project

VERDICTS = ("match", "non-match", "unsure")
_RECALL_OF = (
    "true pairs inside identities and among pairs that blocking found and that weigh enough to be kept; "
    "what blocking never compared is not counted"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """The estimates of a judged sample, of which release, and what the sample held.

    `current` tells whether that release is still the audience's last one. `set_aside` verdicts are of the half that trains
    and were not counted, None where the release's model knows no labels.
    """

    entity_type: str
    audience: str
    release: int
    current: bool
    estimates: Estimates
    strata: tuple[Stratum, ...]
    sampled: int
    unsure: int
    unanswered: int
    from_ledger: int
    set_aside: int | None = None

    def to_json(self) -> dict[str, object]:
        """Return everything as plain values under `schema_version` 1."""
        return {
            "schema_version": 1,
            "entity_type": self.entity_type,
            "audience": self.audience,
            "release": self.release,
            "current": self.current,
            **self.estimates.to_json(),
            "recall_of": _RECALL_OF,
            "sample": {
                "pairs": self.sampled,
                "judged": sum(one.judged for one in self.strata),
                "unsure": self.unsure,
                "unanswered": self.unanswered,
                "from_ledger": self.from_ledger,
                "set_aside": self.set_aside,
            },
            "strata": [
                {
                    "stratum": one.name,
                    "together": one.together,
                    "pairs": one.pairs,
                    "judged": one.judged,
                    "matches": one.matches,
                }
                for one in self.strata
            ],
        }


def evaluate_judgements(project: Project, path: Path, *, purpose: str | None = None) -> Judged:
    """Estimate the figures of the release that the sample in `path` was drawn from.

    Raises DataError naming line, column and mend: no sample file, a word that is no verdict, rows that are missing or
    doubled, a stratum without any verdict. RequestError where the audience has no release.
    """
    rows = read_sample(path)
    audience, release = rows[0]["audience"], int(rows[0]["release"])
    last = int(project.release_path(audience).stem)
    kind = next((one for one in project.loaded.entity_types() if one == rows[0]["entity_type"]), None)
    if kind is None:
        message = f"{path}: it samples {rows[0]['entity_type']!r}, which the project {project.loaded.path} does not have; name its own project"
        raise RequestError(message)
    project.look("evaluate judgements", [kind, path.name], audience=audience, purpose=purpose)
    known = _from_ledger(project, kind, audience)
    taken = 0
    for row in rows:
        if not row["verdict"] and (verdict := known.get(_pair(row))):
            row["verdict"] = verdict
            taken += 1
    strata, set_aside = _strata(rows), None
    if _knows_labels(project, kind, audience, release):
        kept = [row if not trains(*_pair(row)) else {**row, "verdict": ""} for row in rows]
        set_aside = sum(one.judged for one in strata) - sum(one.judged for one in _strata(kept))
        strata = _collapsed(_strata(kept), strata)
        if set_aside and not any(one.judged for one in strata):
            message = f"{path}: all its verdicts are of the half that trains models; draw a larger sample and judge it"
            raise DataError(message)
    return Judged(
        entity_type=kind,
        audience=audience,
        release=release,
        current=release == last,
        estimates=estimate(strata),
        strata=strata,
        sampled=len(rows),
        unsure=sum(row["verdict"] == "unsure" for row in rows),
        unanswered=sum(not row["verdict"] for row in rows),
        from_ledger=taken,
        set_aside=set_aside,
    )


def _knows_labels(project: Project, kind: EntityType, audience: str, release: int) -> bool:
    """Tell whether the model that made a release was trained with labels."""
    workspace = Workspace(project.loaded.workspace)
    with Ledger(workspace.ledger) as ledger:
        made = [row.report for row in ledger.runs() if Release(audience, release) in row.releases]
    if not made:
        return False
    return "labels" in models.load(workspace.models, kind, made[-1]["types"][kind]["model"]).card


def _collapsed(strata: tuple[Stratum, ...], whole: tuple[Stratum, ...]) -> tuple[Stratum, ...]:
    """Join each stratum that lost all its verdicts with the next of its kind that has some, or the last before it."""
    found: list[Stratum] = []
    lost = {one.name for one, before in zip(strata, whole, strict=True) if before.judged and not one.judged}
    for together in (False, True):
        alike = [one for one in strata if one.together == together]
        waiting: Stratum | None = None
        own: list[Stratum] = []
        for one in alike:
            joined = one if waiting is None else _join(waiting, one)
            waiting = joined if one.name in lost else None
            if waiting is None:
                own.append(joined)
        if waiting is not None:
            own[-1:] = [_join(own[-1], waiting)] if own else [waiting]
        found += own
    return tuple(found)


def _join(one: Stratum, two: Stratum) -> Stratum:
    return Stratum(
        name=f"{one.name} + {two.name}",
        together=one.together,
        pairs=one.pairs + two.pairs,
        judged=one.judged + two.judged,
        matches=one.matches + two.matches,
    )


def read_sample(path: Path) -> list[dict[str, Any]]:
    """Read a sample's file: names and design of each pair and its verdict, '' where there is none.

    Commas or semicolons may divide the columns, which may stand in any order; the values compared are not read.
    """
    fields, lines = read_rows(path)
    missing = [name for name in ("verdict", *NAMES, *DESIGN) if name not in fields]
    if missing:
        message = f"{path}, line 1: column {missing[0]!r} is missing; hand in the file that `linkage review sample` wrote, whole"
        raise DataError(message)
    rows = [_row(path, line, row) for line, row in lines]
    _refuse_other_rows(path, rows)
    return rows


def read_rows(path: Path) -> tuple[Sequence[str], list[tuple[int, dict[str, Any]]]]:
    """Return the columns of a CSV file and its rows with their line numbers; commas or semicolons may divide them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=";" if header.count(";") > header.count(",") else ",", strict=True)
            fields = reader.fieldnames or ()
            lines = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        message = f"{path} cannot be read as a UTF-8 CSV file: {reason}; hand in a file such as `linkage review sample` writes"
        raise DataError(message) from error
    return fields, lines


def _row(path: Path, line: int, row: dict[str, Any]) -> dict[str, Any]:
    if None in row or None in row.values():
        message = f"{path}, line {line}: it has more or fewer columns than the header; mend or quote the row"
        raise DataError(message)
    verdict = row["verdict"].strip().lower()
    if verdict and verdict not in VERDICTS:
        message = f"{path}, line {line}: the verdict {verdict[:20]!r} is none of {', '.join(VERDICTS)}, or blank"
        raise DataError(message)
    found: dict[str, Any] = {name: row[name] for name in DESIGN} | {name: unguarded(row[name]) for name in NAMES}
    for name in ("release", "stratum", "stratum_pairs", "stratum_sampled"):
        if not row[name].isascii() or not row[name].isdigit():
            message = f"{path}, line {line}: {name} must be a whole number, as it was written"
            raise DataError(message)
        found[name] = int(row[name])
    if row["together"] not in {"yes", "no"}:
        message = f"{path}, line {line}: together must be yes or no, as it was written"
        raise DataError(message)
    return {**found, "together": row["together"] == "yes", "verdict": verdict, "line": line}


def unguarded(text: str) -> str:
    """Return a text without the quote that keeps spreadsheets from taking it for a formula."""
    return text.removeprefix("'")


def _refuse_other_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Refuse rows of two samples, doubled pairs, and strata whose rows are not all there."""
    if not rows:
        message = f"{path}: there is no pair below the header; hand in the file that `linkage review sample` wrote"
        raise DataError(message)
    alike = ("entity_type", "audience", "release")
    for row in rows:
        if any(row[name] != rows[0][name] for name in alike):
            message = f"{path}, line {row['line']}: it is of another sample than line {rows[0]['line']}; evaluate one sample at a time"
            raise DataError(message)
    seen: dict[Any, int] = {}
    for row in rows:
        if (first := seen.setdefault(_pair(row), row["line"])) != row["line"]:
            message = f"{path}, line {row['line']}: the pair stands on line {first} already; keep one"
            raise DataError(message)
    counts = Counter(row["stratum"] for row in rows)
    designs: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        if not row["stratum_sampled"]:
            message = (
                f"{path}, line {row['line']}: the pair is of a review queue; chosen pairs tell nothing of the others, "
                "draw them with `linkage review sample`"
            )
            raise DataError(message)
        design = (row["together"], row["stratum_pairs"], row["stratum_sampled"])
        if designs.setdefault(row["stratum"], design) != design or row["stratum_sampled"] > row["stratum_pairs"]:
            message = (
                f"{path}, line {row['line']}: the columns on the sample were changed; keep them as they were written"
            )
            raise DataError(message)
        if counts[row["stratum"]] != row["stratum_sampled"]:
            message = (
                f"{path}: {counts[row['stratum']]} of {row['stratum_sampled']} pairs of stratum {row['stratum']} are there; hand in all, "
                "with a blank verdict where there is none, or the estimate would be of chosen pairs"
            )
            raise DataError(message)


def _pair(row: dict[str, Any]) -> tuple[Name, Name]:
    one, two = ((row[f"dataset_{side}"], row[f"key_{side}"], row[f"role_{side}"]) for side in "ab")
    return min(one, two), max(one, two)


def _from_ledger(project: Project, kind: str, audience: str) -> dict[Any, str]:
    """Return the last verdict on each pair that an audience may know of."""
    sights = None if audience == CENTRE else (audience,)
    with Ledger(Workspace(project.loaded.workspace).ledger) as ledger:
        found = ledger.open_judgements(kind, sights)
    return {tuple(sorted((tuple(row[1:4]), tuple(row[4:7])))): row[7] for row in found}


def _strata(rows: list[dict[str, Any]]) -> tuple[Stratum, ...]:
    designs = {row["stratum"]: row for row in rows}
    verdicts = Counter((row["stratum"], row["verdict"]) for row in rows)
    return tuple(
        Stratum(
            name=str(stratum),
            together=design["together"],
            pairs=design["stratum_pairs"],
            judged=verdicts[stratum, "match"] + verdicts[stratum, "non-match"],
            matches=verdicts[stratum, "match"],
        )
        for stratum, design in sorted(designs.items())
    )
