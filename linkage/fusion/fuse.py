"""Fuse: a release with identities → its relations, cases, overlaps and leads, in this order; all of one audience's own view (rule R7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.fusion.again import open_again, widen
from linkage.fusion.following import open_followed
from linkage.fusion.leads import find_fresh, write_leads
from linkage.fusion.overlaps import write_cases, write_overlaps
from linkage.fusion.relations import write_relations

if TYPE_CHECKING:
    from linkage.stages.context import Run


def fuse(run: Run, audience: str) -> None:
    """Write what ties identities to each other and to investigations into the release that is attached as `release`."""
    run.progress(f"relations, overlaps and leads for {audience}")
    with open_followed(run, audience), open_again(run, audience):
        write_cases(run, audience)
        write_relations(run, audience)
        find_fresh(run)
        widen(run, audience)
        write_overlaps(run, audience)
        write_leads(run, audience)
        for table in ("target", "doubtful", "fresh", "ssn_held"):
            run.engine.run(f"DROP TABLE IF EXISTS fusion.{table}")
