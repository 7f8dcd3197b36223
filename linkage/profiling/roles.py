"""Which entities a row holds, and which of its columns describe each: columns are grouped by whose they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linkage.profiling.columns import (
    OVERLAP,
    ROW_MEANINGS,
    ConditionGuess,
    FieldGuess,
    Reading,
    Reason,
    RoleGuess,
    country_of,
    date_order,
    discriminator,
    kind_of,
)
from linkage.standardise import MAPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.profiling.values import ColumnProfile, FileProfile

_NAMES = {"given_name", "surname", "name"}
_PERSON = {
    "given_name",
    "surname",
    "middle_name",
    "birth_date",
    "sex",
    "ssn",
    "passport",
    "driver_licence",
    "birth_place",
}
_BUSINESS = {"tax_id", "website", "registration", "lei"}
_ACCOUNT = {
    "account_number",
    "iban",
    "institution",
    "bic",
    "routing_number",
    "account_type",
    "currency",
    "holder",
    "opened_on",
}
_SHARED = {"phone", "email", "address", "address_line", "address_line_2", "house_number", "street", "unit", "po_box", "city", "region",
    "postcode", "country", "registration", "identifier", "national_id", "national_id_issuer", "tax_id", "tax_id_issuer", "website", "lei", "tin"}  # fmt: skip
_PARTS = ("address_line", "address_line_2", "city", "region", "postcode", "country")
# Meaning → field, where they are called differently.
_FIELDS = {
    "person": {"tin": "ssn"},
    "business": {"tin": "tax_id", "national_id": "registration"},
    "account": {"account_number": "number"},
}
_ISSUED = {
    "passport": "passport_issuer",
    "driver_licence": "driver_licence_issuer",
    "national_id": "national_id_issuer",
    "identifier": "tax_id_issuer",
    "registration": "national_id_issuer",
}
_ORGANISATIONS = 0.25
_MOSTLY = 0.9

Group = list[Reading]


def guess_roles(profile: FileProfile, readings: Sequence[Reading]) -> tuple[RoleGuess, ...]:
    """Return the roles of a file's rows: accounts, then persons, then businesses, each in column order."""
    told = [reading for reading in readings if reading.meaning not in ROW_MEANINGS]
    account = _account(told)
    held = {id(reading) for reading in account}
    parties = _parties([reading for reading in told if id(reading) not in held and reading.meaning not in _ACCOUNT])
    persons, businesses = _sorted(parties, mixed=discriminator(profile) is not None)
    roles = [_role("account", "account", account)] if account else []
    roles += _told_apart(profile, persons, businesses)
    for owner, group in [*persons.items(), *businesses.items()]:
        entity = "person" if owner in persons else "business"
        name = owner or ("person" if entity == "person" else "organisation")
        roles.append(_role(name, entity, group))
    roles = [role for role in roles if role.fields]
    if len(roles) == 1 and roles[0].when and not roles[0].when.codes:
        # Every row is about the one entity, whatever it lacks.
        roles = [replace(roles[0], when=None)]
    return tuple(_named_apart(roles))


def _named_apart(roles: Sequence[RoleGuess]) -> list[RoleGuess]:
    """Number the roles that would have one name."""
    seen: dict[str, int] = {}
    found = []
    for role in roles:
        seen[role.name] = seen.get(role.name, 0) + 1
        found.append(replace(role, name=f"{role.name}_{seen[role.name]}") if seen[role.name] > 1 else role)
    return found


def _account(told: Sequence[Reading]) -> Group:
    """Return the columns of the account, where a number or IBAN shows that there is one."""
    if not any(reading.meaning in {"account_number", "iban"} for reading in told):
        return []
    return [reading for reading in told if reading.meaning in _ACCOUNT]


def _parties(told: Sequence[Reading]) -> dict[str, Group]:
    """Group columns by the word that says whose they are; words without a name belong to the main party."""
    groups: dict[str, Group] = {}
    for reading in told:
        owner = reading.owner if kind_of(reading.owner) != "account" else ""
        groups.setdefault(owner, []).append(reading)
    named = {owner for owner, group in groups.items() if owner and _NAMES & _meanings(group)}
    main = groups.pop("", [])
    for owner in [owner for owner in groups if owner not in named]:
        main += groups.pop(owner)
    people = [owner for owner in groups if kind_of(owner) in {"person", "party"}]
    firms = [owner for owner in groups if kind_of(owner) == "business"]
    if _NAMES & _meanings(main) or not (people or firms):
        return {"": main, **groups}
    # FIRST_NAME and LAST_NAME are missing: bare columns are about the one party that has a name.
    target = (people or firms)[0]
    return {owner: group + main if owner == target else group for owner, group in groups.items()}


def _sorted(groups: dict[str, Group], *, mixed: bool) -> tuple[dict[str, Group], dict[str, Group]]:
    """Tell groups of persons from those of businesses; drop what has nothing to be known by.

    Where rows are `mixed`, a group that is not a firm's by its name is of both.
    """
    persons: dict[str, Group] = {}
    businesses: dict[str, Group] = {}
    for owner, group in groups.items():
        if not (
            _NAMES | {"ssn", "passport", "driver_licence", "national_id", "tax_id", "lei", "email", "phone"}
        ) & _meanings(group):
            continue
        kind = kind_of(owner)
        if kind == "business" or (kind != "person" and not mixed and _is_firm(group)):
            businesses[owner] = group
        else:
            persons[owner] = group
    for owner in [owner for owner, group in businesses.items() if owner == "employer" and len(group) == 1 and persons]:
        # A bare name of an employer describes the person.
        one = businesses.pop(owner)[0]
        next(iter(persons.values())).append(Reading(one.column, "employer", "", one.reason))
    for owner, group in businesses.items():
        if owner == "employer" and persons:
            name = next(reading for reading in group if reading.meaning == "name")
            next(iter(persons.values())).append(Reading(name.column, "employer", "", name.reason))
    return persons, businesses


def _is_firm(group: Group) -> bool:
    meanings = _meanings(group)
    if _PERSON & meanings:
        return False
    organisations = [r.column.shares["organisation"] for r in group if r.meaning == "name"]
    return bool(_BUSINESS & meanings) or any(share >= _ORGANISATIONS for share in organisations)


def _told_apart(profile: FileProfile, persons: dict[str, Group], businesses: dict[str, Group]) -> list[RoleGuess]:
    """Return the two roles of a row whose type column says which it is, taking their groups out of the others."""
    found = discriminator(profile)
    if found is None or not persons:
        return []
    column, person_codes, business_codes = found
    owner = next(iter(persons))
    group = persons.pop(owner)
    reason = Reason("its codes tell persons from firms")
    roles = [_role(owner or "person", "person", group, ConditionGuess(column.name, person_codes, reason))]
    firm_owner = next((name for name in businesses if name != "employer"), None)
    own = businesses.pop(firm_owner) if firm_owner is not None else [r for r in group if r.meaning == "name"]
    if business_codes and own:
        shared = [r for r in group if r.meaning in _SHARED and r.meaning not in _meanings(own)]
        when = ConditionGuess(column.name, business_codes, reason)
        name = firm_owner if firm_owner and firm_owner != owner else "organisation"
        roles.append(_role(name, "business", own + shared, when))
    return roles


def _role(name: str, entity: str, group: Group, when: ConditionGuess | None = None) -> RoleGuess:
    country, why = country_of(r.column for r in group if r.meaning in {"region", "postcode"})
    fields = _fields(entity, group)
    if when is None:
        when = _present(entity, group, fields)
    doubt = entity != "account" and not name
    return RoleGuess(
        name, entity, country, fields, Reason(f"{len(group)} columns are about it; country: {why}", doubt), when
    )


def _present(entity: str, group: Group, fields: dict[str, FieldGuess]) -> ConditionGuess | None:
    """Return the condition that the fullest telling column has a value, where it has not always."""
    telling = _ACCOUNT if entity == "account" else _NAMES
    columns = [r.column for r in group if r.meaning in telling]
    used = {column for guess in fields.values() for column in guess.columns}
    columns = [column for column in columns if column.name in used]
    if not columns:
        return None
    fullest = max(columns, key=lambda column: column.filled)
    apart = len({r.meaning for r in group} & {"given_name", "surname"}) and any(r.meaning == "name" for r in group)
    # A few rows without a name still tell of somebody.
    if apart or fullest.filled >= _MOSTLY:
        return None
    return ConditionGuess(fullest.name, (), Reason("rows without it tell of no such entity"))


def _meanings(group: Group) -> set[str]:
    return {reading.meaning for reading in group}


def _fields(entity: str, group: Group) -> dict[str, FieldGuess]:
    """Return field → columns; where two columns could fill a field that takes one, the fuller does."""
    allowed = {column.name: column.type.endswith("[]") for column in MAPPED[entity]}
    group = _whole_names(_addresses(group, allowed), entity)
    found: dict[str, FieldGuess] = {}
    fill: dict[str, tuple[bool, float]] = {}
    for reading in group:
        attribute = _FIELDS[entity].get(reading.meaning, reading.meaning)
        if attribute not in allowed:
            continue
        new = _field(reading, group)
        old = found.get(attribute)
        if old and allowed[attribute]:
            if old.issuer is None and new.issuer is None:
                doubtful = old.reason.doubtful or reading.reason.doubtful
                found[attribute] = FieldGuess(
                    (*old.columns, *new.columns), Reason(old.reason.text, doubtful), split=old.split
                )
        elif old is None or rank(reading) > fill[attribute]:
            found[attribute] = new
            fill[attribute] = rank(reading)
    joined = _joined(group) if "address" in allowed else None
    if joined:
        parts = {"address", "city", "region", "postcode", "country"}
        found = {name: guess for name, guess in found.items() if name not in parts} | {"address": joined}
    return {name: found[name] for name in allowed if name in found}


def rank(reading: Reading) -> tuple[bool, float]:
    """Return how good a reading is: a sure one first, then a full one."""
    return not reading.reason.doubtful, reading.column.filled


def _field(reading: Reading, group: Group) -> FieldGuess:
    order, doubtful = date_order(reading.column) if reading.meaning in {"birth_date", "opened_on"} else (None, False)
    issuer = next((r.column.name for r in group if r.meaning == _ISSUED.get(reading.meaning)), None)
    lists = reading.meaning in {"other_name", "holder", "phone", "email"} and reading.column.shares["list"] > 0.005  # noqa: PLR2004
    reason = Reason(reading.reason.text, reading.reason.doubtful or doubtful)
    return FieldGuess((reading.column.name,), reason, order, issuer, ";" if lists else None)


def _addresses(group: Group, allowed: dict[str, bool]) -> Group:
    """Call address lines what they are: a street where the house number stands apart, else the address."""
    if "address" not in allowed or _joined(group):
        return group
    parted = "house_number" in _meanings(group)
    whole = "address" in _meanings(group)
    meanings = {"address_line": "street" if parted else "address", "address_line_2": "unit"}
    if parted and whole and "street" not in _meanings(group):
        meanings["address"] = "street"
    if not parted and not whole and "street" in _meanings(group):
        meanings["street"] = (
            "address" if any(_has_number(r.column) for r in group if r.meaning == "street") else "street"
        )
    return [Reading(r.column, meanings.get(r.meaning, r.meaning), r.owner, r.reason) for r in group]


def _has_number(column: ColumnProfile) -> bool:
    return column.shares["digits"] > 0.5  # noqa: PLR2004


def _joined(group: Group) -> FieldGuess | None:
    """Where some rows have the address in one column and others in parts, all are joined."""
    whole = [r for r in group if r.meaning == "address"]
    parts = [r for r in group if r.meaning in _PARTS]
    lines = [r for r in parts if r.meaning in {"address_line", "city"}]
    if not whole or not lines or whole[0].column.filled + lines[0].column.filled >= OVERLAP:
        return None
    if whole[0].column.filled > max(r.column.filled for r in lines) * 3 or "address_line" not in _meanings(parts):
        return None
    columns = tuple(
        dict.fromkeys(r.column.name for r in [whole[0], *sorted(parts, key=lambda r: _PARTS.index(r.meaning))])
    )
    return FieldGuess(columns, Reason("rows have it in one column or in parts: joined", doubtful=True), join=", ")


def _whole_names(group: Group, entity: str) -> Group:
    """A full name beside its parts in the same rows is another name of the person; a doubtful one repeats the parts."""
    parts = [r.column.filled for r in group if r.meaning == "surname"]
    if entity != "person" or not parts:
        return group
    beside = {id(r) for r in group if r.meaning == "name" and r.column.filled + max(parts) >= OVERLAP}
    kept = [r for r in group if id(r) not in beside or not r.reason.doubtful]
    return [Reading(r.column, "other_name", r.owner, r.reason) if id(r) in beside else r for r in kept]


def relations_of(roles: Sequence[RoleGuess]) -> tuple[tuple[str, str, str], ...]:
    """Return (kind, from, to): parties hold the row's account; a person is with the row's firm."""
    account = next((role.name for role in roles if role.entity == "account"), None)
    persons = [role for role in roles if role.entity == "person"]
    firms = [role for role in roles if role.entity == "business"]
    told_apart = {role.when.column for role in persons if role.when and role.when.codes}
    found = []
    if account:
        holders = [role for role in persons if role.name == "holder"] or persons[:1] or firms[:1]
        found += [("holder", role.name, account) for role in holders]
    if persons:
        found += [
            ("associate", persons[0].name, firm.name)
            for firm in firms
            if not firm.when or firm.when.column not in told_apart
        ]
    return tuple(found)
