"""The page of a target profile: one identity as one agency may see it. Self-contained, without scripts, printable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.pages.markup import Html, tag
from linkage.pages.network import network
from linkage.pages.render import _NOTICE, _facts, _Figure, _page, _table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SECTIONS = (
    ("Names and aliases", ("name", "other_name")),
    (
        "Identifiers",
        (
            "ssn",
            "tax_id",
            "identifier",
            "birth_date",
            "sex",
            "birth_place",
            "number",
            "number_tail",
            "iban",
            "institution",
        ),
    ),
    ("Addresses over time", ("address",)),
    ("Phones, e-mails, domains", ("phone", "email", "domain")),
    ("Work and other", ("occupation", "employer", "holder", "account_type", "currency", "opened_on")),
)
_BEST = (
    ("birth_date", "Born"),
    ("ssn", "SSN"),
    ("tax_id", "Tax number"),
    ("iban", "IBAN"),
    ("institution", "Institution"),
    ("holder", "Holder"),
    ("address", "Address"),
    ("phone", "Phone"),
    ("employer", "Employer"),
)
"""Golden values that head the page, and what they are called there."""
_SHOWN_RECORDS = 3


def profile_page(found: dict[str, Any]) -> str:
    """Show what `casework.profile` returned: who, how sure, values with sources, ties, cases, overlaps, leads, timeline."""
    open_cases = sorted({case["agency"] for case in found["cases"] if case["is_open"]})
    return _page(
        "profile",
        f"Target profile: {found['name']}",
        _NOTICE,
        _facts(
            ("Identity", f"{found['identity_id']}, {found['entity_type']}"),
            *((word, found["golden"][name]) for name, word in _BEST if name in found["golden"]),
            ("Confidence", _confidence(found)),
            ("Records", f"{found['records']:,} of {found['datasets']:,} datasets, {', '.join(found['agencies'])}"),
            ("Seen", _span(found)),
            ("Open cases", ", ".join(open_cases) or "none in this view"),
            (
                "Made for",
                f"{found['for']}, release {found['release']} of {found['audience']}; purpose: {found['purpose']}",
            ),
        ),
        *_overlaps(found),
        *_leads(found),
        *_cases(found),
        *(part for title, attributes in _SECTIONS for part in _values(found, title, attributes)),
        *_ties(found),
        *_timeline(found),
        *_doubts(found),
        *_records(found),
    )


def _confidence(found: dict[str, Any]) -> str:
    weakest = found["weakest_link"]
    return str(found["confidence"]) + (
        "" if weakest is None else f"; its loosest record is tied by {weakest:.1f} bits in the mean"
    )


def _span(row: dict[str, Any]) -> str:
    first, last = row["first_seen"], row["last_seen"]
    if first is None:
        return "without a date"
    return f"{first}" if first == last else f"{first} to {last}"


def _section(title: str, table: Html | None, *before: Html) -> tuple[Html, ...]:
    return (tag("h2", title), *before, *(() if table is None else (table,)))


def _values(found: dict[str, Any], title: str, attributes: Sequence[str]) -> tuple[Html, ...]:
    rows = [row for row in found["values"] if row["attribute"] in attributes]
    if not rows:
        return ()
    if attributes == ("address",):
        rows = sorted(rows, key=lambda row: (str(row["first_seen"]), str(row["last_seen"]), row["value"]))
    listed = [
        (
            row["value"],
            row["attribute"].replace("_", " "),
            ", ".join(row["agencies"]),
            _span(row),
            _names(row["record_names"]),
        )
        for row in rows
    ]
    return _section(title, _table("", ("value", "what", "agencies", "seen", "records"), listed))


def _names(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_RECORDS
    return ", ".join(names[:_SHOWN_RECORDS]) + (f" and {more:,} more" if more > 0 else "")


def _cases(found: dict[str, Any]) -> tuple[Html, ...]:
    rows = [
        (
            f"{case['agency']} {case['case_number']}",
            "open" if case["is_open"] else "closed",
            "; ".join(case["contacts"]) or "none told",
            _span(case),
        )
        for case in found["cases"]
    ]
    pointers = [(one["agency"], one["call"]) for one in found["pointers"]]
    others = () if not pointers else (_table("Agencies with an interest", ("agency", "call"), pointers),)
    return (
        _section("Cases and contacts", _table("", ("case", "status", "call", "seen"), rows), *others)
        if rows or others
        else ()
    )


def _overlaps(found: dict[str, Any]) -> tuple[Html, ...]:
    rows = [
        (
            ", ".join(one["agencies"]),
            one["subject"] + (f" {one['value']}" if one["value"] else ""),
            one["strength"]
            if one["weight"] is None
            else f"{one['strength']}: a possible match of {one['weight']:.1f} bits",
            "; ".join(one["contacts"]),
            str(one["first_seen"] or ""),
            one["status"],
        )
        for one in found["overlaps"]
    ]
    table = _table("", ("agencies", "subject", "strength", "call", "since", "status"), rows)
    return _section("Overlaps", table, tag("p", "Talk to each other before either acts.")) if rows else ()


def _leads(found: dict[str, Any]) -> tuple[Html, ...]:
    rows = [
        (
            one["sentence"],
            "; ".join(one["shared"]),
            _Figure(str(one["score"])),
            one["status"] + (f", {one['assignee']}" if one["assignee"] else ""),
        )
        for one in found["leads"]
    ]
    return _section("Leads", _table("", ("lead", "what ties them", "score", "status"), rows)) if rows else ()


def _ties(found: dict[str, Any]) -> tuple[Html, ...]:
    if not found["ties"]:
        return ()
    legend = tag(
        "p",
        "Persons are round, businesses square, accounts stand on a corner; filled ones have an open case in this view. A whole line is "
        "disclosed by a source row, a broken one derived from a value that both hold.",
    )
    parts = [tag("h2", "Associates, accounts, businesses"), legend, network(found)]
    for title, kind in (("Persons", "person"), ("Businesses", "business"), ("Accounts", "account")):
        rows = [
            (
                tie["name"],
                tie["kind"].replace("_", " "),
                "" if tie["kind"] == "shared_account" else tie["value"] or "",
                ", ".join(tie["agencies"]),
                _span(tie),
                tie["identity_id"],
            )
            for tie in found["ties"]
            if tie["entity_type"] == kind
        ]
        if rows:
            parts.append(_table(title, ("name", "tied by", "value", "agencies", "seen", "identity"), rows))
    return tuple(parts)


def _timeline(found: dict[str, Any]) -> tuple[Html, ...]:
    rows = [
        (str(event["date"] or ""), event["what"], event["told"], ", ".join(event["agencies"]))
        for event in found["timeline"]
    ]
    return _section("Timeline", _table("", ("date", "what", "which", "agencies"), rows)) if rows else ()


def _doubts(found: dict[str, Any]) -> tuple[Html, ...]:
    rows: Iterable[tuple[object, ...]] = [
        (one["identity_id"], one["reason"], _Figure(f"{one['weight']:+.2f}")) for one in found["possible_matches"]
    ]
    rows = list(rows)
    return _section("May be the same as", _table("", ("identity", "why it is open", "bits"), rows)) if rows else ()


def _records(found: dict[str, Any]) -> tuple[Html, ...]:
    rows = [
        (one["record"], one["agency"], "fits two identities" if one["ambiguous"] else "")
        for one in found["record_names"]
    ]
    return _section("Records", _table("", ("record", "agency", ""), rows))
