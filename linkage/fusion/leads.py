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

READS = (
    "fusion.target",
    "fusion.doubtful",
    "fusion.fresh",
    "fusion.followed",
    "canonical.person",
    "published.identity_relation",
)
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
    Rule(
        "several_ssns",
        "one identity, or two that may be one, holds several social security numbers",
        frozenset({"person"}),
    ),
    Rule(
        "new_at_shell",
        "a new business at an address of several businesses is tied to a target",
        frozenset({"business"}),
    ),
)


_STALE = (
    "CASE rule WHEN 'new_at_shell' THEN TRUE WHEN 'one_ssn' THEN fusion_ssn_again(split_part(shared[1], ' ', 2)) "
    "ELSE fusion_again(identities[1]) AND (len(identities) = 1 OR fusion_again(identities[2])) END"
)


def find_fresh(run: Run) -> None:
    """Write `fusion.fresh`: the new businesses at addresses of several, in all of the release; today's date decides who is new."""
    settings = run.project.settings.fusion
    run.engine.create("fusion", "fresh", {"shell": settings.shell, "new_days": settings.new_days})


def write_leads(run: Run, audience: str) -> None:
    """Write the leads of an audience; `fusion.target` and `fusion.doubtful` are those of its overlaps."""
    engine, values = run.engine, {"most": run.project.settings.fusion.shared_by}
    for table in ("tie", "alike"):
        engine.create("fusion", table)
    types: set[EntityType] = set(run.types)
    rules = [fixed_sql("fusion", f"lead_{rule.name}") for rule in RULES if rule.needs & types]
    none = "SELECT '' AS rule, 0 AS score, [''] AS identities, [''] AS targets, [''] AS about, [''] AS shared, NULL::DATE AS first_seen, NULL::DATE AS last_seen, '' AS words WHERE FALSE"
    engine.create_as("fusion", "lead", none)
    for rule in rules:
        engine.run(f"INSERT INTO fusion.lead BY NAME {rule}", values)
    write(run, audience, "lead", fixed_sql("fusion", "followed_lead"), stale=_STALE)
    for table in ("tie", "alike", "lead"):
        engine.run(f"DROP TABLE fusion.{table}")
