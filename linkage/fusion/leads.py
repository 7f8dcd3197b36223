"""Leads → `published.lead`: unverified connections worth an investigator's look, each found by a named rule.

A rule is one SQL file, `linkage/sql/fusion/lead_<rule>.sql`, over the audience's own release: its ties, cases and possible
matches. What many identities hold is generic and ties nobody (`linkage.fusion.relations`). Two identities that may be one
make a weak lead: a match that was missed looks like two people who share everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.engine.duckdb import fixed_sql
from linkage.stages.release import write

if TYPE_CHECKING:
    from linkage.config.source import EntityType
    from linkage.stages.context import Run

READS = ("fusion.target", "fusion.doubtful", "fusion.followed", "canonical.person", "published.identity_relation")
WRITES = ("published.lead",)

_EITHER = frozenset[str](("person", "business"))


@dataclass(frozen=True)
class Rule:
    """A rule: its name, what it finds, and the entity types one of which it needs."""

    name: str
    words: str
    needs: frozenset[str] = _EITHER


RULES = (
    Rule("targets_share", "targets of different agencies share an account, device, phone or address"),
    Rule("ties_targets", "an identity in no case is tied to two targets or more"),
    Rule("one_ssn", "several identities hold one social security number", frozenset({"person"})),
    Rule("several_ssns", "one identity holds several social security numbers", frozenset({"person"})),
    Rule(
        "new_at_shell",
        "a new business at an address of several businesses is tied to a target",
        frozenset({"business"}),
    ),
)


def write_leads(run: Run, audience: str) -> None:
    """Write the leads of an audience; `fusion.target` and `fusion.doubtful` are those of its overlaps."""
    engine, settings = run.engine, run.project.settings.fusion
    values = {"most": settings.shared_by, "shell": settings.shell, "new_days": settings.new_days}
    for table in ("tie", "alike"):
        engine.create("fusion", table)
    types: set[EntityType] = set(run.types)
    rules = [fixed_sql("fusion", f"lead_{rule.name}") for rule in RULES if rule.needs & types]
    none = "SELECT '' AS rule, 0 AS score, [''] AS identities, [''] AS targets, [''] AS about, [''] AS shared, NULL::DATE AS first_seen, NULL::DATE AS last_seen, '' AS words WHERE FALSE"
    engine.create_as("fusion", "lead", " UNION ALL BY NAME ".join([none, *(f"({rule})" for rule in rules)]), values)
    write(run, audience, "lead", fixed_sql("fusion", "followed_lead"))
    for table in ("tie", "alike", "lead"):
        engine.run(f"DROP TABLE fusion.{table}")
