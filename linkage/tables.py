"""The tables everybody speaks of: names, columns, types, key, and a sentence each. The published ones are the contract."""

from __future__ import annotations

from dataclasses import dataclass

CONTRACT_VERSION = 1


@dataclass(frozen=True)
class Column:
    """A column: its name, SQL type and meaning."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A table: schema, name, columns, key, and what one row is."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sentence: str


def _columns(text: str) -> tuple[Column, ...]:
    rows = [line.strip().split(" ", 2) for line in text.strip().splitlines()]
    return tuple(Column(name, kind, meaning) for name, kind, meaning in rows)


_PLACE = """
address VARCHAR Address in one line, as written
city VARCHAR City, folded to lower-case ASCII
region VARCHAR State or region, folded
postcode VARCHAR Postcode
country VARCHAR Country, folded
"""
_LISTS = """
phones VARCHAR[] All phones, sorted
emails VARCHAR[] All e-mails, sorted
identifiers VARCHAR[] All identifiers, KIND:ISSUER:VALUE, sorted
other_names VARCHAR[] Other names, folded, sorted
""".strip()
_COUNTS = """
records BIGINT Number of entity records in the identity
datasets BIGINT Number of datasets they come from
agencies VARCHAR[] Agencies that submitted them, sorted
first_seen DATE Earliest date on which a record was made by its agency
last_seen DATE Latest such date
"""
_RECORD = """
dataset VARCHAR Dataset of the record
key VARCHAR Key of the record within its dataset
role VARCHAR Role of the entity within the row
"""

PUBLISHED: tuple[Table, ...] = (
    Table(
        "published",
        "identity",
        _columns(
            "identity_id VARCHAR Lasting id, opaque\nentity_type VARCHAR person, business or account\n"
            "since BIGINT Release in which the id was first given\n"
            + _COUNTS.strip()
            + "\nweakest_link DOUBLE Mean weight in bits between the loosest record and the others of the identity; NULL for one record"
            + "\nconfidence VARCHAR certain (one record), high, medium: how sure the weakest link is; a match is a lead, unverified"
        ),
        ("identity_id",),
        "One row an identity: one real person, business or account.",
    ),
    Table(
        "published",
        "person",
        _columns(
            "identity_id VARCHAR Lasting id\nname VARCHAR Name as written\ngiven_name VARCHAR Given name, folded\n"
            "middle_name VARCHAR Middle names or initials, folded\nsurname VARCHAR Surname, folded\nsuffix VARCHAR jr, sr, ii ...\n"
            "birth_date DATE Date of birth\nsex VARCHAR f or m, as recorded\nssn VARCHAR Social Security number, nine digits\n"
            "phone VARCHAR Phone\nemail VARCHAR E-mail"
            + _PLACE.rstrip()
            + "\nbirth_place VARCHAR Place of birth, folded\n"
            "occupation VARCHAR Occupation, folded\nemployer VARCHAR Employer, folded\n" + _LISTS
        ),
        ("identity_id",),
        "Golden values of persons, one row an identity.",
    ),
    Table(
        "published",
        "business",
        _columns(
            "identity_id VARCHAR Lasting id\nname VARCHAR Name as written\nname_core VARCHAR Name without its legal form, folded\n"
            "legal_form VARCHAR Legal form\ntax_id VARCHAR Tax number, nine digits\nphone VARCHAR Phone\nemail VARCHAR E-mail\n"
            "domain VARCHAR Website domain" + _PLACE + _LISTS
        ),
        ("identity_id",),
        "Golden values of businesses, one row an identity.",
    ),
    Table(
        "published",
        "account",
        _columns(
            "identity_id VARCHAR Lasting id\ninstitution VARCHAR Routing number, BIC or bank name\nnumber VARCHAR Account number, without separators\n"
            "number_tail VARCHAR Last four characters of the number\niban VARCHAR IBAN\naccount_type VARCHAR checking, savings, loan, card or brokerage\n"
            "currency VARCHAR Currency\nholder VARCHAR Holder as written\nopened_on DATE Date on which it was opened"
        ),
        ("identity_id",),
        "Golden values of accounts, one row an identity.",
    ),
    Table(
        "published",
        "identity_record",
        _columns(
            "entity_type VARCHAR person, business or account\n"
            + _RECORD.strip()
            + "\nagency VARCHAR Submitting agency\nidentity_id VARCHAR Identity that holds the record\nambiguous BOOLEAN Whether the record would fit two identities that cannot be one"
        ),
        ("entity_type", "dataset", "key", "role"),
        "The crosswalk: each entity record and its identity.",
    ),
    Table(
        "published",
        "identity_value",
        _columns(
            "identity_id VARCHAR Identity\nattribute VARCHAR What the value is, a column of person, business or account\nvalue VARCHAR The value\n"
            "records BIGINT Number of records that hold it\nrecord_names VARCHAR[] Their names, DATASET/KEY#ROLE, sorted\nagencies VARCHAR[] Agencies that submitted them, sorted\n"
            "first_seen DATE Earliest date of these records\nlast_seen DATE Latest date of these records"
        ),
        ("identity_id", "attribute", "value"),
        "Every value of every identity, with the records and agencies it comes from.",
    ),
    Table(
        "published",
        "identity_relation",
        _columns(
            "kind VARCHAR Kind of relation, as its source names it; shared_account, shared_phone, shared_address or shared_device where derived\n"
            "from_identity VARCHAR Identity that the relation starts from; the smaller id where derived\nto_identity VARCHAR Identity that it leads to\n"
            "records BIGINT Number of source rows that disclose it; of entity records that hold the value where derived\nagencies VARCHAR[] Agencies that disclosed it\nfirst_seen DATE Earliest date\nlast_seen DATE Latest date\n"
            "basis VARCHAR disclosed (a source row says so) or derived (both hold one value)\nvalue VARCHAR The value that both hold, for an account its identity; NULL where disclosed"
        ),
        ("kind", "from_identity", "to_identity", "value"),
        "Relations between identities: those that source rows disclose, and those that shared values tell.",
    ),
    Table(
        "published",
        "identity_case",
        _columns(
            "identity_id VARCHAR Identity with a record in the case\nentity_type VARCHAR Its type\nagency VARCHAR Agency whose case it is\ncase_number VARCHAR Number of the case\n"
            "status VARCHAR Status of the case as its latest row tells it\nis_open BOOLEAN Whether that status is one of an open case\ncontacts VARCHAR[] Contacts that its rows about the identity name, sorted\n"
            "records BIGINT Number of entity records of the identity in the case\nfirst_seen DATE Earliest date of these records\nlast_seen DATE Latest date of these records"
        ),
        ("identity_id", "agency", "case_number"),
        "Subjects of cases: each identity with the cases that its records belong to.",
    ),
    Table(
        "published",
        "deconfliction_overlap",
        _columns(
            "overlap_id VARCHAR Lasting id of the overlap, opaque\nkind VARCHAR target or investigative data\nsubject VARCHAR person, business, account, phone or address\n"
            "identities VARCHAR[] The identity; both where it rests on a possible match; those that hold the phone or address, sorted\nvalue VARCHAR The phone or address; NULL for an identity\n"
            "agencies VARCHAR[] Agencies with an open case, sorted\ncases VARCHAR[] Their open cases, AGENCY NUMBER, sorted\ncontacts VARCHAR[] Whom to call, AGENCY: CONTACT, sorted\n"
            "strength VARCHAR certain, or possible: it rests on a possible match\nweight DOUBLE Weight in bits of that possible match; NULL where certain\nconfidence VARCHAR Lowest confidence of the identities; a match is a lead, unverified\n"
            "first_seen DATE Date from which a second agency had a record\nlast_seen DATE Latest date of these records\nstatus VARCHAR new, notified, acknowledged or closed, when the release was made"
        ),
        ("overlap_id",),
        "Overlaps: a subject in open cases of two or more agencies.",
    ),
    Table(
        "published",
        "lead",
        _columns(
            "lead_id VARCHAR Lasting id of the lead, opaque\nrule VARCHAR Rule that found it\nscore BIGINT 0 to 100, by the rule's table\nsentence VARCHAR What was found, in words\n"
            "identities VARCHAR[] Identities that it is about, sorted\ntargets VARCHAR[] Subjects of open cases that it is tied to beside, sorted\nagencies VARCHAR[] Agencies with an open case on any of these, sorted\ncases VARCHAR[] These cases, AGENCY NUMBER, sorted\n"
            "shared VARCHAR[] What ties them, KIND VALUE, sorted\nfirst_seen DATE Earliest date of what ties them\nlast_seen DATE Latest such date\n"
            "status VARCHAR new, assigned or closed, when the release was made\nassignee VARCHAR Who looks at it\nnotice VARCHAR unverified: confirm with the record's owner"
        ),
        ("lead_id",),
        "Leads: unverified connections worth an investigator's look, each with its rule.",
    ),
    Table(
        "published",
        "link_evidence",
        _columns(
            "entity_type VARCHAR person, business or account\ndataset_a VARCHAR First record\nkey_a VARCHAR Its key\nrole_a VARCHAR Its role\n"
            "dataset_b VARCHAR Second record\nkey_b VARCHAR Its key\nrole_b VARCHAR Its role\nidentity_id VARCHAR Identity that holds both\n"
            "weight DOUBLE Match weight in bits\nlevels VARCHAR Level of each comparison and evidence, name=level, separated by semicolons"
        ),
        ("entity_type", "dataset_a", "key_a", "role_a", "dataset_b", "key_b", "role_b"),
        "The compared pairs inside identities, with what speaks for them.",
    ),
    Table(
        "published",
        "possible_match",
        _columns(
            "entity_type VARCHAR person, business or account\ndataset_a VARCHAR First record\nkey_a VARCHAR Its key\nrole_a VARCHAR Its role\n"
            "dataset_b VARCHAR Second record\nkey_b VARCHAR Its key\nrole_b VARCHAR Its role\nidentity_a VARCHAR Identity of the first record\n"
            "identity_b VARCHAR Identity of the second record\nweight DOUBLE Match weight in bits\nlevels VARCHAR Level of each comparison\n"
            "reason VARCHAR review band, apart (above the match threshold, yet clustering kept them apart) or ambiguous"
        ),
        ("entity_type", "dataset_a", "key_a", "role_a", "dataset_b", "key_b", "role_b"),
        "Pairs in different identities that a steward should look at.",
    ),
    Table(
        "published",
        "identity_event",
        _columns(
            "identity_id VARCHAR Identity\nentity_type VARCHAR Its type\nevent VARCHAR created, grew, shrank, changed, merged, split, withdrawn, purged (told to the centre alone; elsewhere withdrawn), retired (the audience no longer sees any dataset that held it) or reinstated (an id that had ended is used again for its records)\n"
            "other_id VARCHAR Identity it merged into, was split from, or its records came from\nrecords_before BIGINT Records in the last release\nrecords_after BIGINT Records in this release\n"
            "release BIGINT Release in which it happened\ncause VARCHAR delivery, judgement, model, settings or purge (told to the centre alone): what was new in that release for these records"
        ),
        ("identity_id", "event", "other_id"),
        "What became of identities since the last release.",
    ),
    Table(
        "published",
        "identity_redirect",
        _columns(
            "old_id VARCHAR Id that is no longer used\nnew_id VARCHAR Identity that holds records it last held\nrecords BIGINT How many of them\ndivided BOOLEAN Whether its records are in several identities now"
        ),
        ("old_id", "new_id"),
        "Where the records of ended ids are now.",
    ),
    Table(
        "published",
        "identity_pointer",
        _columns(
            "identity_id VARCHAR Identity of the audience's own view\nagency VARCHAR Agency that holds a record which matches it\n"
            "contact VARCHAR Whom to call there"
        ),
        ("identity_id", "agency"),
        "Agencies to call: a record that the audience may only be pointed to matches a record of the identity.",
    ),
    Table(
        "published",
        "rejected_record",
        _columns(
            "dataset VARCHAR Dataset\nagency VARCHAR Submitting agency\ndelivery BIGINT Number of the delivery\nfile VARCHAR File name\n"
            "line BIGINT Record number in the file, the header being 1; a quoted line break starts no new record\nreason VARCHAR Why the row was refused\nraw VARCHAR The row as received\nfirst_delivery BIGINT Delivery in which the same text was first refused\nheader VARCHAR[] Columns of the file in their order; none where its form has no header"
        ),
        ("dataset", "delivery", "file", "line", "reason"),
        "Rows that were refused.",
    ),
    Table(
        "published",
        "release_info",
        _columns("name VARCHAR What is told\nvalue VARCHAR Its value"),
        ("name",),
        "About this release: audience, sequence, contract version, models, counts.",
    ),
)

STORED: tuple[Table, ...] = (
    Table(
        "published",
        "stored_record",
        _columns(
            "number INTEGER Number of the record in this release\nentity_type VARCHAR person, business or account\n"
            + _RECORD.strip()
            + "\nagency VARCHAR Submitting agency\nidentity_id VARCHAR Identity that holds the record\nambiguous BOOLEAN As in identity_record"
        ),
        ("entity_type", "dataset", "key", "role"),
        "What the view `identity_record` shows, numbered.",
    ),
    Table(
        "published",
        "stored_link",
        _columns(
            "a INTEGER Number of the first record\nb INTEGER Number of the second\nweight INTEGER Match weight in 1/1024 bit\nlevels VARCHAR As in link_evidence"
        ),
        ("a", "b"),
        "What the view `link_evidence` shows, by numbers of records.",
    ),
)
"""Tables behind views of the contract: no part of it, they may change."""


def published(name: str) -> Table | None:
    """Return the contract of a published table, if there is one of that name."""
    return next((table for table in PUBLISHED if table.name == name), None)
