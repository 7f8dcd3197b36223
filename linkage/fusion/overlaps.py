"""Overlaps → `published.identity_case` and `published.deconfliction_overlap`: where the investigations of an audience's view meet.

Both are made whole in each run, from the cases of the audience's records and the release's own tables: a row that tells
only another status of its case touches no identity, so nothing else would tell which identities it concerns. The work is that of the
records with a case. The status of an overlap is what the audience's own entries in the ledger say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.duckdb import fixed_sql
from linkage.engine.sql import quote
from linkage.fusion.relations import NO_CONTACT, PARTIES, contacts_sql
from linkage.stages.release import write

if TYPE_CHECKING:
    from linkage.stages.context import Run

READS = (
    "resolution.now",
    "canonical.case",
    "published.identity_relation",
    "published.possible_match",
    "fusion.followed",
)
WRITES = ("published.identity_case", "published.deconfliction_overlap", "fusion.target", "fusion.doubtful")


def write_overlaps(run: Run, audience: str) -> None:
    """Write the cases of identities and the overlaps; leave `fusion.target` and `fusion.doubtful` for the leads."""
    engine = run.engine
    write(run, audience, "identity_case", fixed_sql("fusion", "identity_case"))
    for table in ("interest", "target", "doubtful", "possible"):
        engine.create("fusion", table)
    in_cases = '(FROM canonical.{} SEMI JOIN canonical."case" USING (dataset, key))'
    contacts = [contacts_sql(kind, in_cases.format(quote(kind))) for kind in PARTIES if kind in run.types]
    engine.create_as("fusion", "contact", " UNION ALL ".join(contacts) or NO_CONTACT)
    engine.create("fusion", "datum")
    engine.create("fusion", "overlap")
    write(run, audience, "deconfliction_overlap", fixed_sql("fusion", "followed_overlap"))
    for table in ("contact", "interest", "possible", "datum", "overlap"):
        engine.run(f"DROP TABLE fusion.{table}")
