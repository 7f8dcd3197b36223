"""What people see of overlaps, deconfliction, leads and profiles."""

from __future__ import annotations

from typing import Any

from linkage.cli.render import print_table, say


def overlaps(found: dict[str, Any]) -> None:
    """Print the overlaps of a view, and how many there are of each status."""
    for row in found["overlaps"]:
        which = row["value"] or " or ".join(row["identities"])
        doubt = "" if row["weight"] is None else f", resting on a possible match of {row['weight']:.1f} bits"
        since = f" since {row['first_seen']}" if row["first_seen"] else ""
        say(
            f"{row['overlap_id']}  {row['subject']} {which} ({row['status']}): {', '.join(row['agencies'])}{since}{doubt}"
        )
        say(f"    call {'; '.join(row['contacts']) or 'nobody is named'}")
    say(f"Overlaps in release {found['release']} of {found['audience']}:")
    say(", ".join(f"{number:,} {status}" for status, number in found["counts"].items()))
    _pointers(found)
    shown = found["pointed"]
    rows = [(one["identity_id"], one["agency"], one["call"], one["cases"]) for one in shown]
    print_table("Pointers into open cases", "identity", "agency", "call", "own cases", rows=rows)
    if len(shown) < found["pointed_count"]:
        say(f"and {found['pointed_count'] - len(shown):,} more")
    say(found["notice"])


def deconflicted(found: dict[str, Any]) -> None:
    """Print who else has an open case on the subject."""
    for hit in found["hits"]:
        sure = "" if hit["strength"] == "certain" else f", a possible match (probability {hit['probability']:.3f})"
        say(f"{hit['entity_type']} {hit['identity_id']}, confidence {hit['confidence']}{sure}")
        print_table("", "agency", "call", rows=[(other["agency"], other["call"]) for other in hit["others"]])
        if hit["own_cases"]:
            say(f"Open cases of {found['agency']} itself: {', '.join(hit['own_cases'])}")
    if not found["hits"]:
        say(f"No open case on this subject in release {found['release']} of {found['audience']}.")
    _pointers(found)
    say(found["notice"])


def leads(found: dict[str, Any]) -> None:
    """Print leads with their sentences, and how many each rule finds."""
    for lead in found["leads"]:
        whose = f", {lead['assignee']}" if lead["assignee"] else ""
        say(f"{lead['lead_id']}  {lead['score']:3d}  {lead['rule']} ({lead['status']}{whose}): {lead['sentence']}")
        shared = ", ".join(lead["shared"])
        say(f"    {shared}; agencies {', '.join(lead['agencies']) or 'none'}; {lead['notice']}")
    rows = [(rule["rule"], rule["words"], rule["leads"]) for rule in found["rules"]]
    print_table(
        f"Leads in release {found['release']} of {found['audience']}", "rule", "what it finds", "leads", rows=rows
    )


def profile(found: dict[str, Any]) -> None:
    """Print a profile: values with their sources, cases, who is tied to it, overlaps, leads."""
    say(f"{found['entity_type']} {found['identity_id']}: {found['name']}; confidence {found['confidence']}")
    values = [
        (row["attribute"], row["value"], row["agencies"], row["first_seen"], row["last_seen"])
        for row in found["values"]
    ]
    print_table("Values", "what", "value", "agencies", "first seen", "last seen", rows=values)
    cases = [
        (row["agency"], row["case_number"], row["status"], row["contacts"], row["last_seen"]) for row in found["cases"]
    ]
    print_table("Cases", "agency", "case", "status", "contacts", "last seen", rows=cases)
    ties = [(tie["name"], tie["identity_id"], tie["kind"], tie["value"], tie["agencies"]) for tie in found["ties"]]
    print_table("Tied to", "name", "identity", "by", "value", "agencies", rows=ties)
    for overlap in found["overlaps"]:
        say(
            f"Overlap {overlap['overlap_id']} ({overlap['strength']}, {overlap['status']}): {', '.join(overlap['agencies'])}"
        )
    for lead in found["leads"]:
        say(f"Lead {lead['lead_id']} ({lead['score']}): {lead['sentence']}")
    _pointers(found)
    say(found["notice"])


def _pointers(found: dict[str, Any]) -> None:
    rows = [(one["identity_id"], one["agency"], one["call"]) for one in found["pointers"]]
    print_table("Pointers", "identity", "agency", "call", rows=rows)
