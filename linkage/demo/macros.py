"""The functions that the demo's SQL is written in: randomness, entities, errors.

Everything is a function of (seed, entity or record number, purpose); nothing depends on row order or threads.
A population is laid out in blocks of eight persons: a family of four (places 0 to 3: father, mother, two children),
a couple (4, 5) and two who live alone (6, 7). So relatives are found by arithmetic, without a table of persons.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linkage.demo.rates import DemoRates


@dataclass(frozen=True, slots=True)
class Population:
    """How many entities of each type exist."""

    persons: int
    businesses: int
    accounts: int


# SSNs: 898 areas (001-899 without 666) x 99 groups x 9,999 serials; a prime step visits each at most once.
_SSN_SPACE = 898 * 99 * 9999
_SSN_STEP = 433_494_437
_EIN_SPACE = 680_000_000
_EIN_STEP = 433_494_437

_STARTS = (
    "Bar Bel Bor Bran Cal Car Cas Cor Dal Dar Del Dom Dra Fal Far Fen Gal Gar Gri Hal Har Hel Hol Jan Jar Kal "
    "Kar Kel Kol Kra Lam Lar Len Lin Mal Mar Mel Mor Nar Nel Nov Or Pal Par Pet Pol Ral Ram Ros Sal San Sel Sil "
    "Sor Tal Tor Val Var Vil Zam"
)
_MIDDLES = " a e i o an en in er or el al is ov ent und"  # the first one is empty
_ENDS = (
    "berg son ski ez ano elli etti man mann sen stein ton ley ford well wood worth ridge ini ova ev enko ian yan "
    "oglu escu ado ero ando ina ik ak ek uk er ard ault eaux quist dahl"
)


def _words(text: str) -> str:
    return "[" + ", ".join(f"'{word}'" for word in text.split(" ")) + "]"


def _count(text: str) -> int:
    return len(text.split(" "))


def macro_statements(seed: int, rates: DemoRates, population: Population) -> list[str]:
    """Return the statements that create the macros of schema `demo`, in order of use."""
    numbers = asdict(population) | {f"rate_{name}": float(value) for name, value in asdict(rates).items()}
    bodies = [(f"{name}()", repr(value)) for name, value in numbers.items()]
    bodies += (
        _randomness(int(seed)) + _ERRORS + _PERSONS + _HOMES + _BUSINESSES + _ACCOUNTS + _CASES + _FORMATS + _AGREEMENT
    )
    return [f"CREATE OR REPLACE MACRO demo.{head} AS {body}" for head, body in bodies]


def _randomness(seed: int) -> list[tuple[str, str]]:
    # The purpose is hashed apart and mixed in before a second round: one round alone would make the draws for two
    # purposes differ by a constant only.
    return [
        ("draw(id, purpose)", f"hash(xor(hash(id::BIGINT), hash(purpose || '~{seed}')))"),
        ("u(id, purpose)", "(demo.draw(id, purpose) >> 11)::DOUBLE / 9007199254740992.0"),
        ("pick(id, purpose, bound)", "(demo.draw(id, purpose) % bound::UBIGINT)::BIGINT"),
        ("chance(id, purpose, share)", "demo.u(id, purpose) < share"),
        ("gone(id, purpose, share)", "share >= 1 OR demo.u(id, purpose) < share * demo.rate_missing()"),
        ("fails(id, purpose, share, habit)", "demo.u(id, purpose) < share * habit * demo.rate_typing()"),
    ]


_KEYBOARD = "translate(substr(s, pos, 1), 'abcdefghijklmnopqrstuvwxyz', 'svxfrdghukjkjbopwtsrycebtx')"
_ERRORS = [
    (
        "typo_at(s, h, pos)",
        f"""CASE (h % 5)::INTEGER
            WHEN 0 THEN left(s, pos - 1) || {_KEYBOARD} || substr(s, pos + 1)
            WHEN 1 THEN left(s, pos - 1) || substr(s, pos + 1)
            WHEN 2 THEN left(s, pos - 1) || substr(s, pos + 1, 1) || substr(s, pos, 1) || substr(s, pos + 2)
            WHEN 3 THEN left(s, pos) || substr(s, pos)
            ELSE CASE WHEN contains(s, 'ph') THEN replace(s, 'ph', 'f') WHEN contains(s, 'ck') THEN replace(s, 'ck', 'k')
                      WHEN contains(s, 'ie') THEN replace(s, 'ie', 'ei') WHEN contains(s, 'll') THEN replace(s, 'll', 'l')
                      WHEN contains(s, 'y') THEN replace(s, 'y', 'ie') WHEN contains(s, 'z') THEN replace(s, 'z', 's')
                      WHEN contains(s, 'l') THEN replace(s, 'l', '1') WHEN contains(s, 'o') THEN replace(s, 'o', '0')
                      ELSE s || right(s, 1) END
        END""",
    ),
    (
        "typo(s, h)",
        "CASE WHEN length(s) < 3 THEN s ELSE demo.typo_at(s, h, 2 + ((h >> 8) % (length(s) - 1)::UBIGINT)::INTEGER) END",
    ),
    (
        "wrong_digit_at(s, h, pos)",
        """CASE WHEN h % 4 = 0 THEN left(s, pos - 1) || substr(s, pos + 1, 1) || substr(s, pos, 1) || substr(s, pos + 2)
            ELSE left(s, pos - 1) || translate(substr(s, pos, 1), '0123456789', '8739615204') || substr(s, pos + 1) END""",
    ),
    ("wrong_digit(s, h)", "demo.wrong_digit_at(s, h, 1 + ((h >> 8) % length(s)::UBIGINT)::INTEGER)"),
    (
        "wrong_date(d, h)",
        """CASE WHEN h % 5 < 2 AND day(d) <= 12 THEN make_date(year(d), day(d), month(d))
            WHEN h % 5 < 3 THEN make_date(year(d) + [-1, 1, -10, 10, 9][1 + ((h >> 8) % 5)::INTEGER], month(d), least(day(d), 28))
            WHEN h % 5 = 3 THEN d + CASE WHEN (h >> 8) % 3 = 0 THEN 1 WHEN (h >> 8) % 3 = 1 THEN 10 ELSE -1 END
            ELSE make_date(year(d), 1, 1) END""",
    ),
]

_PERSONS = [
    (
        "rare_surname(h)",
        f"""{_words(_STARTS)}[1 + (h % {_count(_STARTS)})::INTEGER] || {_words(_MIDDLES)}[1 + ((h >> 8) % {_count(_MIDDLES)})::INTEGER]
            || CASE WHEN (h >> 16) % 2 = 0 THEN '' ELSE {_words(_MIDDLES)}[1 + ((h >> 20) % {_count(_MIDDLES)})::INTEGER] END
            || {_words(_ENDS)}[1 + ((h >> 28) % {_count(_ENDS)})::INTEGER]""",
    ),
    ("block(p)", "(p // 8)"),
    ("place(p)", "CASE WHEN demo.chance(p // 8, 'f.family', demo.rate_family()) THEN p % 8 ELSE 7 END"),
    (
        "household(p)",
        "p - CASE demo.place(p) WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 WHEN 5 THEN 1 ELSE 0 END",
    ),
    ("has_junior(block)", "demo.chance(block, 'f.junior', demo.rate_junior())"),
    ("has_twins(block)", "demo.chance(block, 'f.twins', demo.rate_twins())"),
    ("is_junior(p)", "(demo.place(p) = 2 AND demo.has_junior(p // 8))"),
    (
        "sex(p)",
        """CASE WHEN demo.place(p) IN (0, 4) OR demo.is_junior(p) THEN 'M' WHEN demo.place(p) IN (1, 5) THEN 'F'
            WHEN demo.place(p) = 3 AND demo.has_twins(p // 8) AND demo.has_junior(p // 8) THEN 'M'
            WHEN demo.place(p) = 3 AND demo.has_twins(p // 8) THEN CASE WHEN demo.chance(p - 1, 'p.sex', 0.65) THEN 'M' ELSE 'F' END
            WHEN demo.chance(p, 'p.sex', 0.65) THEN 'M' ELSE 'F' END""",
    ),
    ("name_key(p)", "CASE WHEN demo.is_junior(p) THEN p - 2 ELSE p END"),
    ("birth_surname_key(p)", "CASE WHEN demo.place(p) IN (1, 5) THEN -p - 1 ELSE demo.household(p) END"),
    ("other_surname_key(p)", "CASE WHEN demo.place(p) IN (1, 5) THEN demo.household(p) ELSE -p - 1 END"),
    ("changes_surname(p)", "(demo.sex(p) = 'F' AND demo.chance(p, 'p.weds', demo.rate_changed_surname()))"),
    (
        "surname_key(p, t)",
        """CASE WHEN demo.changes_surname(p)
            THEN CASE WHEN t > demo.u(p, 'p.wedding') THEN demo.other_surname_key(p) ELSE demo.birth_surname_key(p) END
            ELSE demo.household(p) END""",
    ),
    (
        "birth_year(p)",
        """CASE WHEN demo.place(p) IN (0, 4) THEN 1942 + demo.pick(p, 'p.year', 40)
            WHEN demo.place(p) IN (1, 5) THEN 1942 + demo.pick(p - 1, 'p.year', 40) + demo.pick(p, 'p.year', 9) - 4
            WHEN demo.place(p) IN (2, 3) THEN 1942 + demo.pick(p - p % 8, 'p.year', 40) + 18 + demo.pick(p, 'p.year', 14)
            ELSE 1945 + demo.pick(p, 'p.year', 58) END""",
    ),
    ("birth_date_of(p)", "make_date(demo.birth_year(p), 1, 1) + demo.pick(p, 'p.day', 365)::INTEGER"),
    (
        "birth_date(p)",
        "demo.birth_date_of(CASE WHEN demo.place(p) = 3 AND demo.has_twins(p // 8) THEN p - 1 ELSE p END)",
    ),
    ("relative(p)", "p + [1, -1, -2, -2, 1, -1, 0, 0][1 + demo.place(p)]"),
    ("ssn_index(p)", f"((p * {_SSN_STEP} + demo.pick(0, 'p.ssn', {_SSN_SPACE})) % {_SSN_SPACE})"),
    ("ssn_area(i)", "lpad((1 + i // 989901 + CASE WHEN i // 989901 >= 665 THEN 1 ELSE 0 END)::VARCHAR, 3, '0')"),
    (
        "ssn_of(i)",
        "demo.ssn_area(i) || lpad((1 + (i // 9999) % 99)::VARCHAR, 2, '0') || lpad((1 + i % 9999)::VARCHAR, 4, '0')",
    ),
    ("steals_ssn(p)", "demo.chance(p, 'p.thief', demo.rate_stolen_ssn())"),
    ("ssn_owner(p)", "CASE WHEN demo.steals_ssn(p) THEN demo.pick(p, 'p.victim', demo.persons()) ELSE p END"),
    ("placeholder_ssn(h)", "['000000000', '123456789', '999999999', '111111111'][1 + (h % 4)::INTEGER]"),
    ("placeholder_phone(h)", "['0000000000', '9999999999', '5555555555', '1234567890'][1 + (h % 4)::INTEGER]"),
    ("ssn(p)", "demo.ssn_of(demo.ssn_index(p))"),
    ("employer(p)", "demo.pick(p, 'p.employer', demo.businesses())"),
    ("phone(area, h)", "area || (200 + h % 800)::VARCHAR || lpad(((h >> 20) % 10000)::VARCHAR, 4, '0')"),
]

_HOMES = [
    # A home belongs to a household or, once children have left, to a person; a move gives the unit its next version.
    (
        "home_unit(p, t)",
        "CASE WHEN demo.place(p) IN (2, 3) AND t > demo.u(p, 'p.leaves') THEN p * 2 + 1 ELSE demo.household(p) * 2 END",
    ),
    (
        "moves(unit, t)",
        """(demo.chance(unit, 'h.move', demo.rate_moved()) AND t > demo.u(unit, 'h.moved'))::INTEGER
            + (demo.chance(unit, 'h.again', demo.rate_moved() / 2) AND t > demo.u(unit, 'h.moved again'))::INTEGER""",
    ),
    ("home(p, t)", "demo.home_unit(p, t) * 4 + demo.moves(demo.home_unit(p, t), t)"),
    ("in_tower(home)", "demo.chance(home, 'h.tower', demo.rate_tower())"),
    ("building(p, home)", "CASE WHEN demo.in_tower(home) THEN -(p // 80) - 1 ELSE home END"),
    ("first_city(p)", "demo.pick(p // 80, 'h.city', 4096)"),
    (
        "city(p, home)",
        (
            "CASE WHEN home % 4 = 0 OR demo.in_tower(home) OR demo.u(home, 'h.far') > 0.3 THEN demo.first_city(p) "
            "ELSE demo.pick(home, 'h.new city', 4096) END"
        ),
    ),
    ("house_number(place)", "(1 + floor(pow(demo.u(place, 'h.number'), 2) * 9800))::INTEGER::VARCHAR"),
    (
        "street_kind(place)",
        "['St', 'St', 'St', 'Ave', 'Ave', 'Rd', 'Rd', 'Dr', 'Dr', 'Ln', 'Ct', 'Blvd', 'Way', 'Pl'][1 + demo.pick(place, 'h.kind', 14)]",
    ),
    ("side(place)", "['', '', '', '', 'N ', 'S ', 'E ', 'W '][1 + demo.pick(place, 'h.side', 8)]"),
    ("postcode(prefix, place)", "prefix || lpad((1 + demo.pick(place, 'h.zip', 40))::VARCHAR, 2, '0')"),
]

_BUSINESSES = [
    ("is_shell(b)", "demo.chance(b // 4, 'b.shell', demo.rate_shell())"),
    ("is_chain(b)", "(NOT demo.is_shell(b) AND demo.chance(b, 'b.chain', demo.rate_chain()))"),
    ("seat_key(b)", "CASE WHEN demo.is_shell(b) THEN -(b // 4) - 1 ELSE b END"),
    (
        "seat(b, t)",
        (
            "demo.seat_key(b) * 2 + CASE WHEN NOT demo.is_shell(b) AND demo.chance(b, 'b.move', demo.rate_business_moved()) "
            "AND t > demo.u(b, 'b.moved') THEN 1 ELSE 0 END"
        ),
    ),
    ("seat_city(b)", "demo.pick(demo.seat_key(b), 'b.city', 4096)"),
    ("ein(b)", f"(200000000 + (b * {_EIN_STEP} + demo.pick(0, 'b.ein', {_EIN_SPACE})) % {_EIN_SPACE})::VARCHAR"),
    ("owner_of_business(b)", "demo.pick(b, 'b.owner', demo.persons())"),
    (
        "legal_form(b)",
        (
            "CASE WHEN demo.is_shell(b) THEN 'LLC' WHEN demo.u(b, 'b.form') < 0.42 THEN 'LLC' WHEN demo.u(b, 'b.form') < 0.72 THEN 'Inc' "
            "WHEN demo.u(b, 'b.form') < 0.82 THEN 'Corp' WHEN demo.u(b, 'b.form') < 0.87 THEN 'Ltd' WHEN demo.u(b, 'b.form') < 0.92 THEN 'Co' ELSE '' END"
        ),
    ),
]

_ACCOUNTS = [
    # Every other account may be kin to the one before it: the hard negatives of this type.
    (
        "kin(a)",
        """CASE WHEN a % 2 = 0 THEN 'none'
            WHEN demo.u(a, 'a.kin') < demo.rate_same_number_other_bank() THEN 'bank'
            WHEN demo.u(a, 'a.kin') < demo.rate_same_number_other_bank() + demo.rate_same_number_other_type() THEN 'type'
            WHEN demo.u(a, 'a.kin') < demo.rate_same_number_other_bank() + demo.rate_same_number_other_type()
                 + demo.rate_neighbour_number() THEN 'neighbour'
            WHEN demo.u(a, 'a.kin') < demo.rate_same_number_other_bank() + demo.rate_same_number_other_type()
                 + demo.rate_neighbour_number() + demo.rate_reused_number() THEN 'reused'
            ELSE 'none' END""",
    ),
    ("number_key(a)", "CASE WHEN demo.kin(a) = 'none' THEN a ELSE a - 1 END"),
    ("bank_key(a)", "CASE WHEN demo.kin(a) IN ('type', 'neighbour', 'reused') THEN a - 1 ELSE a END"),
    ("owner_key(a)", "CASE WHEN demo.kin(a) IN ('type', 'neighbour') THEN a - 1 ELSE a END"),
    ("bank_bucket(a)", "demo.pick(demo.bank_key(a), 'a.bank', 4096)"),
    ("owner(a)", "demo.pick(demo.owner_key(a), 'a.owner', demo.persons())"),
    ("of_business(a)", "demo.chance(demo.owner_key(a), 'a.business', demo.rate_business_account())"),
    ("business_owner(a)", "demo.pick(demo.owner_key(a), 'a.firm', demo.businesses())"),
    (
        "is_joint(a)",
        "(NOT demo.of_business(a) AND demo.place(demo.owner(a)) < 6 AND demo.chance(demo.owner_key(a), 'a.joint', demo.rate_joint()))",
    ),
    ("number_base(a)", "pow(10, 7 + demo.pick(demo.number_key(a), 'a.length', 4))::BIGINT"),
    (
        "number(a)",
        (
            "(demo.number_base(a) + demo.pick(demo.number_key(a), 'a.number', 9 * demo.number_base(a)) "
            "+ CASE WHEN demo.kin(a) = 'neighbour' THEN 1 ELSE 0 END)::VARCHAR"
        ),
    ),
    (
        "row_holder(row, a)",
        """CASE WHEN demo.chance(row, 'r.holder', 0.88)
            THEN CASE WHEN demo.is_joint(a) AND demo.chance(row, 'r.second holder', 0.4)
                 THEN demo.relative(demo.owner(a)) ELSE demo.owner(a) END END""",
    ),
    (
        "row_firm(row, a)",
        """CASE WHEN demo.of_business(a) THEN CASE WHEN demo.chance(row, 'r.firm', 0.85) THEN demo.business_owner(a) END
            WHEN demo.chance(row, 'r.firm', 0.25) THEN demo.employer(demo.owner(a)) END""",
    ),
    (
        "type_of(u)",
        "CASE WHEN u < 0.5 THEN 1 WHEN u < 0.75 THEN 2 WHEN u < 0.85 THEN 3 WHEN u < 0.93 THEN 4 ELSE 5 END",
    ),
    (
        "account_type(a)",
        """CASE WHEN demo.kin(a) IN ('type', 'neighbour')
                 THEN 1 + (demo.type_of(demo.u(a - 1, 'a.type')) + demo.pick(a, 'a.other type', 4)) % 5
            WHEN demo.kin(a) = 'reused' THEN demo.type_of(demo.u(a - 1, 'a.type'))
            ELSE demo.type_of(demo.u(a, 'a.type')) END""",
    ),
    (
        "opened_on(a)",
        (
            "DATE '2004-01-01' + CASE WHEN demo.kin(a) IN ('type', 'neighbour') THEN demo.pick(a - 1, 'a.opened', 4000)"
            " WHEN demo.kin(a) = 'reused' THEN 4000 + demo.pick(a, 'a.opened', 2000) ELSE demo.pick(a, 'a.opened', 4000) END::INTEGER"
        ),
    ),
]

_CASES = [
    # People of one neighbourhood of blocks meet in an agency's cases; the number tells nothing.
    ("case_id(agency, p, row)", "(p // 32) * 16 + agency * 3 + demo.pick(row, 'c.case', 3)"),
    (
        "row_case(agency, row, person, business, account)",
        """demo.case_id(agency, coalesce(person, CASE WHEN account IS NOT NULL THEN demo.owner(account)
            ELSE demo.owner_of_business(business) END), row)""",
    ),
    ("case_number(id)", "lpad((demo.draw(id, 'c.number') % 10000000000)::VARCHAR, 10, '0')"),
    ("case_is_open(id)", "demo.chance(id, 'c.open', 0.6)"),
    (
        "case_contact(id)",
        "'SA ' || demo.rare_surname(demo.draw(demo.pick(id, 'c.agent', 400), 'c.name')) || ', ext. ' || (2000 + demo.pick(id, 'c.agent', 400))::VARCHAR",
    ),
    ("seen_on(t)", "(DATE '2019-01-01' + (t * 2500)::INTEGER)"),
]

_FORMATS = [
    ("dashed(phone)", "left(phone, 3) || '-' || substr(phone, 4, 3) || '-' || right(phone, 4)"),
    ("bracketed(phone)", "'(' || left(phone, 3) || ') ' || substr(phone, 4, 3) || '-' || right(phone, 4)"),
    ("dotted(phone)", "left(phone, 3) || '.' || substr(phone, 4, 3) || '.' || right(phone, 4)"),
    (
        "nation(p)",
        "['USA', 'USA', 'USA', 'USA', 'USA', 'USA', 'USA', 'MEX', 'CAN', 'COL', 'GBR', 'DOM'][1 + demo.pick(p, 'p.nation', 12)]",
    ),
    (
        "account_as_ice(number, masked, row)",
        """CASE WHEN masked THEN 'XXXXXX' || right(number, 4)
            WHEN demo.chance(row, 'k.dashes', 0.4) THEN left(number, 4) || '-' || substr(number, 5, 3) || '-' || substr(number, 8)
            ELSE number END""",
    ),
    (
        "account_as_fincen(number, masked, row)",
        """CASE WHEN masked THEN '****' || right(number, 4)
            WHEN demo.chance(row, 'k.zeros', 0.4) THEN lpad(number, 14, '0')
            WHEN demo.chance(row, 'k.blanks', 0.2) THEN left(number, 4) || ' ' || substr(number, 5)
            ELSE number END""",
    ),
    (
        "iban(country, bban)",
        """country || lpad((98 - (bban || CASE country WHEN 'DE' THEN '1314' WHEN 'CH' THEN '1217' WHEN 'AE' THEN '1014'
            WHEN 'CY' THEN '1234' ELSE '2521' END || '00')::HUGEINT % 97)::VARCHAR, 2, '0') || bban""",
    ),
]

# What the ceiling calls agreement: generous on purpose, so that it stays an upper bound.
_AGREEMENT = [
    ("sampled(entity, modulus)", "demo.draw(entity, 'ceiling') % modulus::UBIGINT = 0"),
    ("points(agrees, worth)", "CASE WHEN agrees THEN worth ELSE 0 END"),
    ("alike(a, b)", "length(a) > 1 AND length(b) > 1 AND jaro_winkler_similarity(lower(a), lower(b)) >= 0.85"),
    ("alike_number(a, b)", "a = b OR (length(a) > 3 AND damerau_levenshtein(a, b) <= 1)"),
    (
        "alike_date(a, b)",
        (
            "a = b OR (month(a) = month(b) AND day(a) = day(b)) OR (year(a) = year(b) AND (month(a) = day(b) "
            "OR greatest(month(a), day(a)) = 1 OR greatest(month(b), day(b)) = 1)) OR abs(date_diff('day', a, b)) <= 10"
        ),
    ),
]
