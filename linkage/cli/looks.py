"""What stewards see of the review queue, of changes between releases, and of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.cli.render import NOTICE, print_table, say, whole_seconds

if TYPE_CHECKING:
    from pathlib import Path


def queue(found: dict[str, Any], file: Path | None) -> None:
    """Print the first questions of a release, one after the other, then how many there are."""
    for item in found["items"]:
        _question(item)
    counts = [(one["entity_type"], one["reason"], one["questions"]) for one in found["counts"]]
    print_table(
        f"Questions in release {found['release']} of {found['audience']}", "type", "reason", "questions", rows=counts
    )
    if not found["items"]:
        say("There is nothing to look at.")
        return
    if file is not None:
        say(f"{file}: {len(found['items']):,} questions, readable by you alone")
    say("More of one pair: linkage explain PROJECT A B. Of an identity: linkage show PROJECT ID.")
    say(NOTICE)


def _question(item: dict[str, Any]) -> None:
    told = f": {item['told']}" if item["told"] else ""
    say(f"{item['rank']}. {item['entity_type']}, {item['reason']}: {item['why']}{told}")
    answer = "one identity" if len(item["identities"]) == 1 else "different identities"
    records = "1 record" if item["moved"] == 1 else f"{item['moved']:,} records"
    say(
        f"   Now {answer}: {', '.join(item['identities'])} ({item['records']:,} records). "
        f"Wrong with probability {item['chance']:.3f}; then {records} would move: value {item['value']:.3f}."
    )
    names = [f"{item[side]['dataset']}/{item[side]['key']}#{item[side]['role']}" for side in ("a", "b")]
    values = [item[side]["values"] for side in ("a", "b")]
    fields = [*values[0], *(field for field in values[1] if field not in values[0])]
    shown = [(field, *(told.get(field) for told in values)) for field in fields]
    print_table("", "", *names, rows=shown)
    evidence = "; ".join(f"{one['comparison']}: {one['words']}" for one in item["evidence"])
    weight = "The two were not compared" if item["weight"] is None else f"The two weigh {item['weight']:+.2f} bits"
    mean = "" if item["weight"] == item["mean_weight"] else f", the two sides {item['mean_weight']:+.2f} in the mean"
    say(f"   {weight}{mean}. {evidence}")
    say("")


_CHANGES = {
    "created": "Created: no record was in the first release",
    "merged": "Merged: records of several identities are in one",
    "split": "Split: the records of one identity are in several",
    "grew": "Grew",
    "shrank": "Shrank",
    "changed": "Changed: gained and lost records",
    "withdrawn": "Withdrawn: no record is in the second release",
}


def diff(found: dict[str, Any]) -> None:
    """Print the counts of changes and their examples."""
    first, second = found["releases"]
    names = list(next(iter(found["types"].values()), {}))
    rows = [(name.replace("_", " "), *(counts[name] for counts in found["types"].values())) for name in names]
    print_table(f"{found['audience']}: from release {first} to {second}", "", *found["types"], rows=rows)
    changed(found["examples"])


def changed(found: dict[str, Any]) -> None:
    """Print the examples of each kind of change from one partition to another."""
    for change, examples in found.items():
        shown = [
            (
                example["identity_id"] if not place else "",
                example["records_before"] if not place else None,
                example["records_after"] if not place else None,
                part["before"] or "(new)",
                part["after"] or "(gone)",
                part["records"],
                _listed(part),
            )
            for example in examples
            for place, part in enumerate(example["parts"])
        ]
        columns = ("identity", "before", "after", "was in", "is in", "records", "which")
        print_table(_CHANGES[change], *columns, rows=shown)


def _listed(part: dict[str, Any]) -> str:
    more = part["records"] - len(part["names"])
    return ", ".join(part["names"]) + (f" and {more:,} more" if more else "")


def resolved(found: dict[str, Any]) -> None:
    """Print where the records of an id are now."""
    name, release = found["identity_id"], f"release {found['release']} of {found['audience']}"
    if found["state"] == "in use":
        say(f"{name} is in use in {release}, with {found['identities'][0]['records']:,} records.")
    elif found["state"] == "ended":
        say(f"{name} has ended: none of the records it last held is in {release}.")
    elif found["divided"]:
        say(f"{name} is divided: its records are in {len(found['identities']):,} identities of {release}:")
    else:
        say(f"{name} is replaced in {release} by:")
    if found["state"] == "replaced":
        rows = [(one["identity_id"], one["records"]) for one in found["identities"]]
        print_table("", "identity", "of its records", rows=rows)


def history(found: dict[str, Any]) -> None:
    """Print what became of an id."""
    name = found["identity_id"]
    held = [
        (one["release"], whole_seconds(one["published_at"]), one["records"], one["agencies"])
        for one in found["releases"]
    ]
    print_table(f"{name} in the releases on disk", "release", "published at (UTC)", "records", "agencies", rows=held)
    events = [
        (
            one["release"],
            one["identity_id"],
            one["event"],
            one["other_id"],
            one["records_before"],
            one["records_after"],
            one["cause"],
        )
        for one in found["events"]
    ]
    columns = ("release", "identity", "event", "into or from", "records before", "records after", "cause")
    print_table(f"What became of {name}", *columns, rows=events)
    if not events:
        say("No event names it: nothing but its records' values has changed since its first release.")
    resolved(found)


def record_history(found: dict[str, Any]) -> None:
    """Print which identities held a record, and since when."""
    moves = [
        (one["release"], whole_seconds(one["published_at"]), one["role"], one["from_identity"], one["to_identity"])
        for one in found["moves"]
    ]
    print_table(f"Identities of {found['record']}", "release", "published at (UTC)", "role", "from", "to", rows=moves)
