"""The comparisons a model can be made of: for each kind its levels, in order, with their words and their test.

A level's test is SQL over the canonical columns of a pair (`<column>_l`, `<column>_r`). Edit distances run on
ASCII-folded columns, since the engine counts bytes. The first level whose test holds is the pair's level;
`unknown` (one side tells nothing) comes first and weighs nothing; `different` comes last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.matching.levels import HOUSE, UNKNOWN, Kind, Level, phone_levels
from linkage.matching.levels import at_home as _at_home
from linkage.matching.levels import one_off as _one_off
from linkage.matching.levels import pair as _pair
from linkage.matching.organisations import office_phones, organisation, organisation_parts, premises, tax_number
from linkage.matching.persons import birth_date, given_name, middle_name, other_names, surname

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linkage.config.entity import Comparison
    from linkage.matching.levels import Columns

_MAILBOXES = (
    "info|contact|office|admin|administration|sales|support|service|services|mail|hello|enquiries|inquiries|webmaster|"
    "no-?reply|reception|billing|accounts?|accounting|hr|jobs|help|helpdesk|team|postmaster|marketing|press|legal"
)


def _number(c: Columns) -> tuple[Level, ...]:
    (l, r), (tail_l, tail_r) = _pair(c["number"]), _pair(c["tail"])
    return (
        Level(
            UNKNOWN, "a number is missing", f"({l} IS NULL OR {r} IS NULL) AND ({tail_l} IS NULL OR {tail_r} IS NULL)"
        ),
        Level("exact", "same number", f"{l} = {r}"),
        Level("near", "one digit differs, or two neighbours are swapped", _one_off(l, r)),
        Level(
            "tail",
            "same last digits of a number that one side hides",
            f"({l} IS NULL OR {r} IS NULL) AND {tail_l} = {tail_r}",
        ),
        Level("different", "different numbers", "ELSE"),
    )


def _own_number(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["number"])
    unknown, *others = _number(c)
    return (unknown, _at_home(c, "same number in one house, where it may be lent", f"{l} = {r}"), *others)


def _account_number(c: Columns) -> tuple[Level, ...]:
    (l, r), (tail_l, tail_r), (iban_l, iban_r) = _pair(c["number"]), _pair(c["tail"]), _pair(c["iban"])
    hidden = f"({l} IS NULL OR {r} IS NULL)"
    # Both IBANs have right check digits, so where they differ neither is the other with a slip: another account.
    apart = f"coalesce({iban_l} <> {iban_r}, FALSE)"
    return (
        Level(
            UNKNOWN,
            "a number is missing",
            f"coalesce({l}, {tail_l}, {iban_l}) IS NULL OR coalesce({r}, {tail_r}, {iban_r}) IS NULL",
        ),
        Level(
            "international", "same international number, which names the bank and checks itself", f"{iban_l} = {iban_r}"
        ),
        Level("exact", "same number", f"{l} = {r} AND NOT {apart}"),
        Level(
            "iban",
            "one number is the domestic part of the other's IBAN",
            f"NOT {apart} AND ((length({r}) > 5 AND contains({iban_l}, {r})) OR (length({l}) > 5 AND contains({iban_r}, {l})))",
        ),
        Level(
            "sequence",
            "only the last digit differs, as it does for accounts opened together",
            f"NOT {apart} AND length({l}) = length({r}) AND left({l}, length({l}) - 1) = left({r}, length({r}) - 1)",
        ),
        Level("near", "one digit differs, or two neighbours are swapped", f"NOT {apart} AND {_one_off(l, r)}"),
        Level(
            "tail",
            "same last digits of a number that one side hides",
            f"{hidden} AND NOT {apart} AND {tail_l} = {tail_r}",
        ),
        Level("different", "different numbers", "ELSE"),
    )


def _shared(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["list"])
    return (
        Level(UNKNOWN, "a side has none", f"{l} IS NULL OR {r} IS NULL OR len({l}) = 0 OR len({r}) = 0"),
        Level("shared", "one in common", f"list_has_any({l}, {r})"),
        Level("different", "none in common", "ELSE"),
    )


def _identifiers(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["list"])

    def kinds(side: str) -> str:
        return f"list_transform({side}, lambda x: split_part(x, ':', 1))"

    # Identifiers of different kinds (a passport, a licence) cannot be compared: they tell nothing.
    return (
        Level(
            UNKNOWN,
            "no identifiers of one kind",
            f"{l} IS NULL OR {r} IS NULL OR NOT coalesce(list_has_any({kinds(l)}, {kinds(r)}), FALSE)",
        ),
        Level("shared", "an identifier in common", f"list_has_any({l}, {r})"),
        Level(
            "near",
            "an identifier of one kind differs in one character",
            # Most lists hold one: they are spared the search.
            f"(len({l}) = 1 AND len({r}) = 1 AND {_one_off(f'{l}[1]', f'{r}[1]')}) OR ((len({l}) > 1 OR len({r}) > 1) "
            f"AND len(list_filter({l}, lambda x: len(list_filter({r}, lambda y: {_one_off('x', 'y')})) > 0)) > 0)",
        ),
        Level("different", "different identifiers of one kind", "ELSE"),
    )


def _phones(c: Columns) -> tuple[Level, ...]:
    return phone_levels(c, rarity=0.5)


def _own_phones(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["list"])
    return phone_levels(c, _at_home(c, "a phone in common in one house", f"list_has_any({l}, {r})"), rarity=0.5)


def _emails(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["list"])

    def locals_(side: str) -> str:
        return f"list_transform({side}, lambda x: split_part(x, '@', 1))"

    own = f"list_filter({l}, lambda x: NOT regexp_matches(x, '^({_MAILBOXES})@'))"
    return (
        Level(UNKNOWN, "a side has no e-mail", f"{l} IS NULL OR {r} IS NULL OR len({l}) = 0 OR len({r}) = 0"),
        *([_at_home(c, "an e-mail in common in one house", f"list_has_any({own}, {r})")] if "street" in c else []),
        Level("shared", "an e-mail in common", f"list_has_any({own}, {r})"),
        Level("mailbox", "a mailbox of an office in common, such as info@", f"list_has_any({l}, {r})"),
        Level("local", "the same name before the @", f"list_has_any({locals_(own)}, {locals_(r)})"),
        Level("different", "different e-mails", "ELSE"),
    )


def _address(c: Columns) -> tuple[Level, ...]:
    (house_l, house_r), (street_l, street_r) = _pair(c["house_number"]), _pair(c["street"])
    (code_l, code_r), (city_l, city_r) = _pair(c["postcode"]), _pair(c["city"])
    near = f"(jaro_winkler_similarity({street_l}, {street_r}) >= 0.9)"
    return (
        Level(
            UNKNOWN,
            "an address is missing",
            f"({street_l} IS NULL OR {street_r} IS NULL) AND ({code_l} IS NULL OR {code_r} IS NULL) AND ({city_l} IS NULL OR {city_r} IS NULL)",
        ),
        Level(
            "exact",
            "same house and street",
            f"{house_l} = {house_r} AND {street_l} = {street_r}",
            rarity=0.5,
            same=frozenset({c["house_number"], c["street"]}),
        ),
        Level("near", "same house, similar street", f"{house_l} = {house_r} AND {near}"),
        Level(
            "house", "similar street, house number off by a digit", f"{near} AND levenshtein({house_l}, {house_r}) <= 1"
        ),
        Level("street", "same street, another house", f"{street_l} = {street_r}"),
        Level("number", "same house number, street unlike or missing", f"{house_l} = {house_r}"),
        Level("postcode", "same postcode", f"{code_l} = {code_r}", rarity=1.0, rare="postcode"),
        Level(
            "postcode_near",
            "postcodes one character apart, or of one sector",
            f"{_one_off(code_l, code_r)} OR (length({code_l}) > 4 AND length({code_l}) = length({code_r}) "
            f"AND left({code_l}, length({code_l}) - 2) = left({code_r}, length({code_r}) - 2))",
        ),
        Level(
            "area",
            "postcodes of one area",
            f"length({code_l}) > 4 AND left({code_l}, length({code_l}) - 3) = left({code_r}, length({code_r}) - 3)",
        ),
        Level("city", "same city", f"{city_l} = {city_r}", rarity=1.0, rare="city"),
        Level("different", "different addresses", "ELSE"),
    )


def _category(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["value"])
    return (
        Level(UNKNOWN, "a side does not say", f"{l} IS NULL OR {r} IS NULL"),
        Level("exact", "the same", f"{l} = {r}"),
        Level("different", "different", "ELSE"),
    )


def _text(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["value"])
    return (
        Level(UNKNOWN, "a side does not say", f"{l} IS NULL OR {r} IS NULL"),
        Level("exact", "the same", f"{l} = {r}", rarity=1.0),
        Level("near", "similar spelling", f"jaro_winkler_similarity({l}, {r}) >= 0.9", rarity=0.5),
        Level("different", "different", "ELSE"),
    )


def _institution(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["value"])

    def form(side: str) -> str:
        """Routing number, BIC or name: forms of one institution that cannot be compared with each other."""
        # "citibank" has the shape of a BIC, but no bank has the location "nk".
        return (
            f"CASE WHEN regexp_full_match({side}, '[0-9]+') THEN 'routing' "
            f"WHEN regexp_full_match({side}, '[a-z]{{6}}[a-z0-9]{{2}}') AND NOT ends_with({side}, 'bank') THEN 'bic' ELSE 'name' END"
        )

    return (
        Level(
            UNKNOWN,
            "a side does not say, or says it in another form",
            f"{l} IS NULL OR {r} IS NULL OR {form(l)} <> {form(r)}",
        ),
        Level("exact", "same institution", f"{l} = {r}", rarity=1.0),
        Level(
            "near",
            "similar spelling of the institution",
            f"jaro_winkler_similarity({l}, {r}) >= 0.88 AND {form(l)} = 'name' OR {_one_off(l, r)}",
        ),
        Level("different", "different institutions", "ELSE"),
    )


def _holders(c: Columns) -> tuple[Level, ...]:
    l, r = _pair(c["list"])
    first_l, first_r = f"{l}[1]", f"{r}[1]"
    return (
        Level(UNKNOWN, "a holder is missing", f"{l} IS NULL OR {r} IS NULL OR len({l}) = 0 OR len({r}) = 0"),
        Level("shared", "a holder in common", f"list_has_any({l}, {r})"),
        Level(
            "contained",
            "all names of one holder are names of the other",
            f"len(list_filter({l}, lambda x: len(list_filter({r}, lambda y: list_has_all(string_split(x, ' '), string_split(y, ' ')) "
            f"OR list_has_all(string_split(y, ' '), string_split(x, ' ')))) > 0)) > 0",
        ),
        Level("near", "holders of similar spelling", f"jaro_winkler_similarity({first_l}, {first_r}) >= 0.88"),
        Level(
            "part",
            "holders share a name",
            f"list_has_any(list_filter(string_split(array_to_string({l}, ' '), ' '), lambda x: length(x) > 2), "
            f"string_split(array_to_string({r}, ' '), ' '))",
        ),
        Level("different", "different holders", "ELSE"),
    )


KINDS: Mapping[str, Kind] = {
    "given_name": Kind(
        {"given": "given_name", "root": "given_root", "surname": "surname", "middle": "middle_name", **HOUSE},
        given_name,
        "given",
        more_rarity=("root", "surname"),
        foreign=frozenset({"surname", "middle", *HOUSE}),
    ),
    "surname": Kind(
        {
            "surname": "surname",
            "code": "surname_code",
            "given": "given_name",
            "middle": "middle_name",
            **HOUSE,
        },
        surname,
        "surname",
        foreign=frozenset({"given", "middle", *HOUSE}),
    ),
    "middle_name": Kind({"middle": "middle_name"}, middle_name),
    "birth_date": Kind(
        {"date": "birth_date", "alternative": "birth_date_alt", "year": "birth_year", **HOUSE},
        birth_date,
        "birth_date_key",
        "strftime(birth_date, '%Y%m%d')",
        foreign=frozenset(HOUSE),
    ),
    "number": Kind({"number": "number", "tail": "number_tail"}, _number),
    "own_number": Kind({"number": "ssn", "tail": "ssn_last4", **HOUSE}, _own_number, foreign=frozenset(HOUSE)),
    "account_number": Kind({"number": "number", "tail": "number_tail", "iban": "iban"}, _account_number),
    "tax_number": Kind({"number": "tax_id"}, tax_number),
    "shared": Kind({"list": "identifiers"}, _shared),
    "identifiers": Kind({"list": "identifiers"}, _identifiers),
    "phones": Kind({"list": "phones"}, _phones, "phone_key", "phones[1]"),
    "own_phones": Kind({"list": "phones", **HOUSE}, _own_phones, "phone_key", "phones[1]", foreign=frozenset(HOUSE)),
    "office_phones": Kind(
        {"list": "phones", **HOUSE},
        office_phones,
        "phone_key",
        "phones[1]",
        foreign=frozenset(HOUSE),
    ),
    "emails": Kind({"list": "emails"}, _emails),
    "own_emails": Kind({"list": "emails", **HOUSE}, _emails, foreign=frozenset(HOUSE)),
    "address": Kind(
        {**HOUSE, "postcode": "postcode", "city": "city"},
        _address,
        "address_key",
        "house_number || ' ' || street",
        more_rarity=("postcode", "city"),
    ),
    "category": Kind({"value": "sex"}, _category),
    "text": Kind({"value": "occupation"}, _text, "value"),
    "alias": Kind(
        {"given": "given_name", "surname": "surname", "others": "other_names"},
        other_names,
        foreign=frozenset({"given", "surname"}),
    ),
    "organisation": Kind(
        {"name": "name_core", "tokens": "name_tokens", "others": "other_names", **HOUSE},
        organisation,
        "name",
        words="name",
        foreign=frozenset({"others", *HOUSE}),
        once=organisation_parts,
    ),
    "premises": Kind(
        {**HOUSE, "postcode": "postcode", "city": "city"},
        premises,
        "address_key",
        "house_number || ' ' || street",
    ),
    "institution": Kind({"value": "institution"}, _institution, "value"),
    "holders": Kind({"list": "holders"}, _holders),
}


def columns_of(comparison: Comparison) -> dict[str, str]:
    """Return name in the kind → canonical column, for a comparison."""
    return {**KINDS[comparison.kind].columns, **comparison.columns}


_DERIVED = {
    "surname_code": "surname",
    "given_root": "given_name",
    "ssn_last4": "ssn",
    "number_tail": "number",
    "iban": "number",
    "birth_year": "birth_date",
    "birth_date_alt": "birth_date",
    "name_tokens": "name_core",
}


def own_columns(comparison: Comparison) -> set[str]:
    """Return the canonical columns that a comparison compares; those it only looks at are left out."""
    foreign = KINDS[comparison.kind].foreign
    return {column for name, column in columns_of(comparison).items() if name not in foreign}


def decided_by(comparison: Comparison) -> frozenset[str]:
    """Return the base columns that decide a comparison; a rule that blocks on one of them cannot train it."""
    return base_columns(own_columns(comparison))


def base_columns(columns: set[str]) -> frozenset[str]:
    """Return the columns from which `columns` are made (a phonetic code from its surname)."""
    return frozenset(_DERIVED.get(column, column) for column in columns)


def levels_of(comparison: Comparison) -> tuple[Level, ...]:
    """Return the levels of a comparison, `unknown` first, the most telling next, `different` last."""
    return KINDS[comparison.kind].build(columns_of(comparison))


def weighed_levels(comparison: Comparison) -> tuple[Level, ...]:
    """Return the levels that have m and u: all but `unknown`, the most telling first, `different` last."""
    return tuple(level for level in levels_of(comparison) if level.name != UNKNOWN)


def rarity_column(comparison: Comparison, level: Level) -> str | None:
    """Return the column whose value frequencies the level weighs, if it weighs any."""
    kind = KINDS[comparison.kind]
    name = level.rare or kind.rarity_column
    return columns_of(comparison).get(name, name) if comparison.rarity and level.rarity > 0 and name else None


def rarity_levels(comparison: Comparison) -> dict[str, str]:
    """Return column → level for the value frequencies that the comparison weighs; the first level that weighs one."""
    found: dict[str, str] = {}
    for level in levels_of(comparison):
        column = rarity_column(comparison, level)
        if column is not None:
            found.setdefault(column, level.name)
    return found


def words_column(comparison: Comparison) -> str | None:
    """Return the canonical column whose words the comparison weighs one by one, if it weighs any."""
    name = KINDS[comparison.kind].words
    return columns_of(comparison)[name] if name else None
