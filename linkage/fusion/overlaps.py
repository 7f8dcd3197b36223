"""Overlaps → `published.identity_case` and `published.deconfliction_overlap`: where the investigations of an audience's view meet.

The latest row of a case tells the status of all its subjects, so a row may change the cases of identities that it does
not touch (`linkage.fusion.again`). The status of an overlap is what the audience's own entries in the ledger say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.duckdb import fixed_sql
from linkage.fusion.again import add_doubtful
from linkage.stages.release import write

if TYPE_CHECKING:
    from linkage.stages.context import Run

READS = (
    "resolution.now",
    "canonical.case",
    "fusion.member",
    "fusion.telling",
    "published.possible_match",
    "fusion.followed",
)
WRITES = ("published.identity_case", "published.deconfliction_overlap", "fusion.target", "fusion.doubtful")

_STALE = (
    "CASE WHEN value IS NULL THEN fusion_again(identities[1]) OR fusion_again(identities[2]) "
    "ELSE fusion_value_again('shared_' || subject, value) END"
)


def write_cases(run: Run, audience: str) -> None:
    """Write the cases of identities."""
    stale = "fusion_known(identity_id) OR fusion_case_again(agency, case_number)"
    write(run, audience, "identity_case", fixed_sql("fusion", "identity_case"), stale=stale)


def write_overlaps(run: Run, audience: str) -> None:
    """Write the overlaps; leave `fusion.target` and `fusion.doubtful` for the leads."""
    engine = run.engine
    engine.create("fusion", "doubtful")
    add_doubtful(run, audience)
    for table in ("interest", "target", "possible", "datum", "overlap"):
        engine.create("fusion", table)
    write(run, audience, "deconfliction_overlap", fixed_sql("fusion", "followed_overlap"), stale=_STALE)
    for table in ("member", "telling", "interest", "possible", "datum", "overlap"):
        engine.run(f"DROP TABLE fusion.{table}")
