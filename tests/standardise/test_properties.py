"""Laws of every standardiser macro: none raises on any text, its result is bounded, and it leaves its own result alone.

`LAWS` names each macro of `linkage/sql/standardise` with its arguments, its bound, and why it is not idempotent where it
is not. The folder is read: a macro without a law fails the first test.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from linkage.standardise import MAPPED, install_letters
from linkage.standardise.install import sql_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from linkage.engine.duckdb import Engine

    Standardise = Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]]

MACROS = {
    name.removeprefix("standardise/").removesuffix(".sql"): text
    for name, text in sql_files().items()
    if name.startswith("standardise/std_")
}
BATCH = 50
STEP = "a step: what it takes is not what it gives"
YES_NO = "tells yes or no"
A_LIST = "text in, a list out"
A_NUMBER = "text in, a number out"


class Law(NamedTuple):
    """A call with its argument `{x}`, the column the argument comes from, the reason where it is not idempotent, the bound.

    A result is no longer than `plus` + `times` the text that was written; of a record or a list, its form as text is
    measured, with the names of its fields.
    """

    call: str
    of: str = "written"
    once: str = ""
    plus: int = 0
    times: int = 1


def _step(call: str, of: str, times: int = 10) -> Law:
    return Law(call, of, STEP, 400, times)


def _yes_no(call: str, of: str = "written") -> Law:
    return Law(call, of, YES_NO, 5, 0)


# "macro" or "macro/variant" → its law. The columns of macros may stand in the calls of those behind them.
LAWS: dict[str, Law] = {
    "std_account_number": Law("std_account_number({x})", "std_alnum", times=3),
    "std_address": Law("std_address({x}, {x}, {x}, {x}, {x}, {x}, {x}, {x}, {x})", plus=30, times=9),
    "std_address/parts": Law(
        "std_address(NULL, {x}, {x}, {x}, {x}, {x}, {x}, {x}, {x})", once="joins the parts of an address", plus=30, times=9
    ),
    "std_address_clean": Law("std_address_clean({x})", times=2),
    "std_alnum": Law("std_alnum({x})", times=3),
    "std_bic": Law("std_bic({x})", plus=8, times=0),
    "std_box": Law("std_box({x})", plus=7, times=3),
    "std_city": Law("std_city({x})", "std_fold", times=3),
    "std_country": Law("std_country({x})", "std_fold", times=3),
    "std_country_of_line": Law(
        "std_country_of_line({x})", "std_fold", "at the end of a line two letters are a state", plus=2, times=0
    ),
    "std_currency": Law("std_currency({x})", plus=3, times=0),
    "std_date": _step("std_date({x})", "std_date_choice", 0),
    "std_date_choice": _step("std_date_choice({x})", "std_date_days", 0),
    "std_date_days": _step("std_date_days({x})", "std_date_texts", 0),
    "std_date_fields": _step("std_date_fields({x})", "std_date_shape"),
    "std_date_iso": Law("std_date_iso({x}, ['auto', 'auto_dmy', 'ymd', 'mdy', 'dmy'][1 + length({x}) % 5])", plus=10, times=0),
    "std_date_order": Law("std_date_order({x}, {x})", plus=8, times=0),
    "std_date_plain": Law("std_date_plain(std_date_iso, {x})", once="two things in, one out", plus=10, times=0),
    "std_date_shape": _step("std_date_shape({x}, ['auto', 'auto_dmy', 'ymd', 'mdy', 'dmy'][1 + length({x}) % 5])", "std_date_text"),
    "std_date_text": Law("std_date_text({x})", times=3),
    "std_date_texts": _step("std_date_texts({x})", "std_date_fields"),
    "std_digits": Law("std_digits({x})"),
    "std_domain": Law("std_domain({x})", times=3),
    "std_email": Law("std_email({x})", plus=254, times=0),
    "std_endings": _step("std_endings({x})", "std_name_text"),
    "std_filled": Law("std_filled({x})"),
    "std_fold": Law("std_fold({x})", times=3),
    "std_generation": Law("std_generation({x})", "std_endings", STEP, 4, 0),
    "std_holder": Law("std_holder({x})", "std_holder_text", "drops the mark of what cannot be read", times=10),
    "std_holder_plain": Law("std_holder_plain({x})"),
    "std_holder_text": Law("std_holder_text({x})", "std_name_text", STEP, 2, 4),
    "std_holders": Law("std_holders([{x}])", once=A_LIST, plus=20, times=6),
    "std_house_number": Law("std_house_number({x})", times=3),
    "std_iban": Law("std_iban({x})", "std_alnum", plus=34, times=0),
    "std_iban_account": Law("std_iban_account({x})", "std_iban", "takes a part of a number", 30, 0),
    "std_identifier": _step("std_identifier('id', {x})", "std_identifier_parts", 3),
    "std_identifier_parts": _step("std_identifier_parts({x})", "written", 6),
    "std_is_bic": _yes_no("std_is_bic({x})"),
    "std_is_joint": _yes_no("std_is_joint({x})"),
    "std_is_latin": _yes_no("std_is_latin({x})"),
    "std_is_no_local": _yes_no("std_is_no_local({x})", "std_phone_national"),
    "std_is_masked": _yes_no("std_is_masked({x})"),
    "std_is_placeholder": _yes_no("std_is_placeholder('name', {x})"),
    "std_is_same_sign": _yes_no("std_is_same_sign({x})"),
    "std_is_street_end": _yes_no("std_is_street_end({x})", "std_fold"),
    "std_is_written": _yes_no("std_is_written({x})"),
    "std_issuer": Law("std_issuer('id', {x})", "std_fold", times=3),
    "std_issuer/licence": Law("std_issuer('driver_licence', {x})", "std_fold", times=3),
    "std_itin": Law("std_itin({x})", "std_digits", plus=9, times=0),
    "std_joined": Law("std_joined({x})", "std_fold", times=3),
    "std_joint_names": Law("std_joint_names(string_split({x}, ' '))", once=A_LIST, plus=20, times=8),
    "std_joint_parts": Law("std_joint_parts({x})", once=A_LIST, plus=20, times=6),
    "std_japanese": Law("std_japanese({x})", "std_fold", plus=1, times=3),
    "std_kana": Law("std_kana(std_fold, {x})", "std_fold", "puts the letters of single kana together", plus=1, times=4),
    "std_known": Law("std_known('name', {x})", "std_fold", times=3),
    "std_latin": Law("std_latin({x})", times=3),
    "std_lei": Law("std_lei({x})", "std_alnum", plus=20, times=0),
    "std_list": Law("std_list({x})", "elements", plus=20, times=2),
    "std_lost": Law("std_lost({x})", "elements", A_NUMBER, 20, 0),
    "std_mod97": Law("std_mod97({x})", "std_alnum", A_NUMBER, 2, 0),
    "std_month_number": Law("std_month_number({x})", once=A_NUMBER, plus=2, times=0),
    "std_name": _step("std_name({x})", "std_name_fields"),
    "std_name_bare": _step("std_name_bare({x})", "std_name_parted"),
    "std_name_fields": _step("std_name_fields({x})", "std_name_bare"),
    "std_name_order": _step("std_name_order({x}.given, {x}.middle, {x}.surname)", "std_name"),
    "std_name_parted": _step("std_name_parted({x})", "std_name_text"),
    "std_name_plain": Law("std_name_plain({x})"),
    "std_name_plain_given": Law("std_name_plain_given({x})", "std_name_plain"),
    "std_name_plain_middle": Law("std_name_plain_middle({x}, std_name_plain_given, std_name_plain_surname)", "std_name_plain", "takes a part of a name"),
    "std_name_plain_surname": Law("std_name_plain_surname({x})", "std_name_plain"),
    "std_name_text": Law("std_name_text({x})", times=3),
    "std_native_key": Law("std_native_key({x})", "std_fold", times=3),
    "std_number_tail": Law("std_number_tail({x}, true)", plus=4, times=0),
    "std_number_tail/whole": Law("std_number_tail({x}, false)", plus=4, times=0),
    "std_org": _step("std_org({x})", "std_org_form", 30),
    "std_org_bare": Law("std_org_bare({x})", "std_org_text", times=5),
    "std_org_form": _step("std_org_form({x})", "std_org_parted"),
    "std_org_latin": Law("std_org_latin({x})", "std_org", STEP, 20, 30),
    "std_org_names": Law("std_org_names({x})", once=A_LIST, plus=20, times=3),
    "std_org_parted": _step("std_org_parted({x})", "std_org_bare", 15),
    "std_org_spaced": Law("std_org_spaced({x})", once="sets spaces, which std_org_text makes one", times=8),
    "std_org_text": Law("std_org_text({x})", times=5),
    "std_pair": Law("std_pair({x}, std_fold)", once=A_LIST, plus=20, times=5),
    "std_other_order": _step("std_other_order({x})", "std_name"),
    "std_other_name": Law("std_other_name({x})", "std_name", STEP, 2, 3),
    "std_phone": Law("std_phone({x}, 'gb')", "std_phone_national", STEP, 20, 0),
    "std_phone_digits": _step("std_phone_digits({x})", "std_phone_text"),
    "std_phone_known": Law("std_phone_known({x})", "std_phone_plain", plus=10, times=0),
    "std_phone_national": _step("std_phone_national({x}, 'gb')", "std_phone_digits"),
    "std_phone_plain": Law("std_phone_plain({x}, 'us')", plus=10, times=0),
    "std_phone_text": Law("std_phone_text({x})", times=3),
    "std_place": _step("std_place({x})", "std_place_fold"),
    "std_place_again": _step("std_place_again({x})", "std_place_code_city"),
    "std_place_city": _step("std_place_city({x})", "std_place_split", 20),
    "std_place_code": _step("std_place_code({x})", "std_place_country"),
    "std_place_code_city": _step("std_place_code_city({x})", "std_place_code"),
    "std_place_country": _step("std_place_country({x})", "std_place_tail"),
    "std_place_flat": Law("std_place_flat({x})", "std_place_plain"),
    "std_place_fold": _step("std_place_fold({x})", "std_place_parts"),
    "std_place_is_plain": _yes_no("std_place_is_plain({x}, {x}, NULL, true)", "std_place_plain"),
    "std_place_is_plain/town": _yes_no("std_place_is_plain(NULL, '', {x}, true)", "std_fold"),
    "std_place_number": _step("std_place_number({x})", "std_place_city"),
    "std_place_parts": _step("std_place_parts({x})", "std_place_number", 20),
    "std_place_plain": Law("std_place_plain({x}, length({x}) % 3 > 0, length({x}) % 2 = 0)", once="what is a number's place depends on its length"),
    "std_place_region": _step("std_place_region({x})", "std_place_again"),
    "std_place_split": _step("std_place_split({x})", "std_place_unit", 20),
    "std_place_state": _step("std_place_state({x})", "std_place_region"),
    "std_place_tail": _step("std_place_tail({x}, length({x}) % 3 > 0, length({x}) % 2 = 0)", "std_place_text"),
    "std_place_text": Law("std_place_text({x})", times=3),
    "std_place_town": Law("std_place_town({x}, regexp_extract({x}, ' ([0-9]{5})(?:, usa)?$', 1))", "std_place_plain", "takes the end of a text"),
    "std_place_unit": _step("std_place_unit({x})", "std_place_state", 20),
    "std_plain_number": Law("std_plain_number({x})"),
    "std_postcode": Law("std_postcode({x})", "std_alnum", plus=12, times=0),
    "std_region": Law("std_region({x})", "std_fold", times=3),
    "std_routing": Law("std_routing({x})", "std_digits", plus=9, times=0),
    "std_sex": Law("std_sex({x})", plus=1, times=0),
    "std_sound_classes": Law("std_sound_classes({x})", "std_sound_spelling", "gives a code", 14, 0),
    "std_sound_spelling": Law("std_sound_spelling({x})", "std_fold", times=3),
    "std_spaced": Law("std_spaced(string_split({x}, ' '))"),
    "std_squeeze": Law("std_squeeze({x})"),
    "std_spoken": Law("std_spoken({x})", "std_fold", plus=20, times=10),
    "std_ssn": Law("std_ssn({x})", "std_digits", plus=9, times=0),
    "std_ssn_last4": Law("std_ssn_last4({x})", plus=4, times=0),
    "std_street": Law("std_street({x})", "std_fold", times=3),
    "std_suffix": Law("std_suffix({x})", plus=4, times=0),
    "std_surname_code": Law("std_surname_code({x}, std_sound_classes)", "std_sound_spelling", "gives a code", 8, 0),
    "std_tax_id": Law("std_tax_id({x})", "std_digits", plus=9, times=0),
    "std_transliterated": Law("std_transliterated({x})", "std_fold", times=10),
    "std_unended": Law("std_unended(std_name_text, {x})", "std_endings", STEP, 0, 3),
    "std_unit": Law("std_unit({x})", "std_fold", times=3),
    "std_untitled": Law("std_untitled({x})", "std_fold", times=3),
    "std_year_text": Law("std_year_text({x})", plus=4, times=0),
}  # fmt: skip

ANY = st.characters(exclude_categories=["Cs"])
HOSTILE_SIGNS = st.one_of(
    ANY,
    st.characters(categories=["Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"]),
    st.characters(categories=["Nd", "Nl", "No"]),
    st.characters(min_codepoint=0x10000),
    st.characters(min_codepoint=0x590, max_codepoint=0x6FF),
    st.characters(min_codepoint=0xC0, max_codepoint=0x24F),
    st.sampled_from("'\"`;:,.\\/|&%$#@!?*+-=_~^()[]{}<> \t\n\r"),
    st.sampled_from("İıſßŁøÆŒÞĸʼ\u0301\u200b\u200f\u202e\u3000\ufeff\ufffd٣１Ⅷ㈱ﬁ"),
)
REAL = (
    "O'Brien-Łódź, Dr. Robert E. JR", "VON TRAPP, Maria (Anna) PhD", "de la Cruz, José 3rd", "Prof. Dr. the Rev. John Smith Sr",
    "Jean-Luc Picard III", "王小明", "Петров Иван Сергеевич", "محمد بن سلمان آل سعود", "משה כהן", "สมชาย ใจดี", "김철수", "山田 さくら",
    "JOHN AND MARY SMITH JT TEN", "Smith & Sons, d/b/a The Shop", "John or Jane Doe", "A/B; C & D", "Smith, John, 3rd Earl of X",
    "The Smith Mfg. Co., Inc.", "L.L.C. Holdings", "ООО «Ромашка»", "Nestlé S.A. de C.V.", "北京华为技术有限公司", "the THE the", "Ltd", "شركة النور ذ.م.م",
    "11/12/1978", "1978-11-12T23:59:59Z", "12 de marzo de 1978", "Sunday, March 12th, 1978", "00/00/1978", "ca. 1950", "0000-00-00",
    "19781112", "31.4.99", "24-may-11 10:11:12 10:11:12", "29 Feb 1900", "may 1980", "99999999",
    "123 N. Main Street Apt #4-B, Las Vegas, NV 89132-1234, USA", "P.O. Box 12, Reno NV", "Flat 2, 14 High St, Leeds, LS1 4AB, UK",
    "1,2,3", "# 5 no 6, 7", "Königstr. 12, 40212 Düsseldorf, Germany", "Suite 900, 1450 N City Rd", "42-15 Bell Blvd 3rd floor",
    "washington, dc", "unit", "apt apt 5th", "Saint Fort Mount St", "united states", "Delaware", "saint", "123 park place blvd",
    "+1 (702) 919-1300 ext. 12 x34", "011 44 20 7946 0958", "0044-20-7946-0958", "555-5555 or 702 919 1300", "1-800-FLOWERS", "+", "00",
    "gb29 nwbk 6016 1331 9268 19", "DE89370400440532013000", "****1234", "XXXXXX1234", "ending in 1234", "000123-456 780", "021000021",
    "DEUTDEFF500", "US$", "5493001KJTIIGC8Y1R12", "xxx-xx-1234", "900-12-3456", "294 66 9999", "CA:D1234567", "passport: us: 1", ":::",
    "Bob <bob.smith+x@mail.example.com>", "a@b@c.d", "https://user@www.www2.example.co.uk:80/p?q#f", "www.www.com",
    "N/A", "unknown", "null", "-", "f", " Male ", "", " ", "\x00", "a\x00b", "'); DROP TABLE x; --", "%s $1 {x} \\", "(" * 60, "[", ",,, ,",
)  # fmt: skip
LONG = st.tuples(st.sampled_from([*REAL, *"a9 ,('\u0301王ع"]), st.integers(20, 300)).map(
    lambda pair: (pair[0] * pair[1])[:4000]
)


@st.composite
def _near(draw: st.DrawFn) -> str:
    """Draw a realistic value with a few signs taken out, put in, told twice or in another case."""
    text = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from("out in twice case join"))
        sign = draw(HOSTILE_SIGNS)
        text = {
            "o": text[:at] + text[at + 1 :],
            "i": text[:at] + sign + text[at:],
            "t": text[:at] + text[max(0, at - 4) : at] + text[at:],
            "c": text[:at].swapcase() + text[at:],
            "j": text[:at] + " " + draw(st.sampled_from(REAL)),
        }.get(kind, sign + text)
    return text


VALUES = st.lists(
    st.one_of(st.text(HOSTILE_SIGNS, max_size=12), _near(), _near(), LONG), min_size=BATCH, max_size=BATCH
)
FEW = settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def test_every_macro_has_a_law() -> None:
    """Each macro file has a law here, and each law a macro: a new macro without one fails."""
    assert {name.split("/")[0] for name in LAWS} == set(MACROS)


def test_every_macro_of_the_statements_is_tried() -> None:
    """Each macro that the statements of the types call is one of those that have a law."""
    statements = [text for name, text in sql_files().items() if name.startswith("canonical/")]
    called = {name for text in statements for name in re.findall(r"\bstd_[a-z0-9_]+(?=\()", text)}
    assert called
    assert called <= {name.split("/")[0] for name in LAWS}


@FEW
@given(texts=VALUES)
@example(texts=list(REAL))
def test_every_law_holds(engine: Engine, texts: list[str]) -> None:
    """No macro raises, whatever the text; no result passes its bound; a macro gives its own result back, but for stated reasons."""
    install_letters(engine.run, "".join(texts).lower())
    engine.run(f"CREATE OR REPLACE TEMP TABLE tried AS {_statement()}", {"texts": texts})
    for name, row in _broken(engine, _too_long):
        pytest.fail(f"{name} gives {row[1]!r} for {row[0]!r}, longer than its bound")
    for name, row in _broken(engine, _changed):
        pytest.fail(f"{name} gives {row[1]!r} for {row[0]!r}, and for that {row[2]!r}")


def _too_long(name: str, law: Law) -> str:
    return f"length(CAST({_column(name)} AS VARCHAR)) > {law.plus} + {law.times} * length(written)"


def _changed(name: str, law: Law) -> str:
    return "false" if law.once else f"{_column(name)} IS DISTINCT FROM {_column(name + '+')}"


def _broken(engine: Engine, law_broken: Any) -> list[tuple[str, tuple[Any, ...]]]:
    """Return each law that a text breaks, with the text, the result and the result of the result."""
    tests = ", ".join(f"count(*) FILTER ({law_broken(name, law)})" for name, law in LAWS.items())
    counts = engine.rows(f"SELECT {tests} FROM tried")[0]
    return [
        (name, engine.rows(f"SELECT written, {_column(name)}, {_column(name if LAWS[name].once else name + '+')} "
                           f"FROM tried WHERE {law_broken(name, LAWS[name])} ORDER BY length(written)")[0])
        for name, count in zip(LAWS, counts, strict=True) if count
    ]  # fmt: skip


@cache
def _statement() -> str:
    """Return a SELECT with a column for each law, each level reading those before it, and a column more for its own result."""
    statement = (
        "SELECT written, [written, written, NULL] AS elements FROM (SELECT unnest($texts::VARCHAR[]) AS written)"
    )
    known, left = {"written", "elements"}, dict(LAWS)
    while left:
        ready = {
            name: law for name, law in left.items() if {law.of, *re.findall(r"\bstd_\w+(?![\w(])", law.call)} <= known
        }
        columns = ", ".join(f"{law.call.replace('{x}', law.of)} AS {_column(name)}" for name, law in ready.items())
        statement = f"SELECT *, {columns} FROM ({statement})"
        known |= set(ready)
        left = {name: law for name, law in left.items() if name not in ready}
    again = [(name, law.call.replace("{x}", _column(name))) for name, law in LAWS.items() if not law.once]
    raw = [
        (name, law.call)
        for name, law in LAWS.items()
        if law.of in {"std_fold", "std_alnum", "std_digits", "std_name_text"}
    ]
    columns = ", ".join(
        [f"{call} AS {_column(name + '+')}" for name, call in again]
        + [f"{call.replace('{x}', 'written')} AS {_column(name + '-')}" for name, call in raw]
    )
    return f"SELECT *, {columns} FROM ({statement})"


def _column(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else f'"{name}"'


# Canonical column → the attribute it may be handed in as; values of these columns are in the form that is read as itself.
LASTING = {
    "person": {
        "birth_date": "birth_date", "city": "city", "emails": "email", "house_number": "house_number", "middle_name": "middle_name",
        "phones": "phone", "postcode": "postcode", "seen_on": "seen_on", "sex": "sex", "ssn": "ssn", "suffix": "suffix", "surname": "surname",
    },
    "business": {"domain": "website", "emails": "email", "name_core": "name", "phones": "phone", "tax_id": "tax_id"},
    "account": {"account_type": "account_type", "currency": "currency", "iban": "iban", "opened_on": "opened_on"},
}  # fmt: skip


@pytest.mark.parametrize("entity_type", sorted(LASTING))
@settings(FEW, max_examples=3)
@given(texts=VALUES)
@example(texts=list(REAL))
def test_a_standardised_row_is_its_own(standardise: Standardise, entity_type: str, texts: list[str]) -> None:
    """A row made of standardised values is standardised to the same values, whatever text they came from."""
    lists = {column.name for column in MAPPED[entity_type] if column.type.endswith("[]")}
    columns = LASTING[entity_type]
    rows = [{name: [text] if name in lists else text for name in columns.values()} for text in texts]
    once = [{column: row[column] for column in columns} for row in standardise(entity_type, rows)]
    again = standardise(
        entity_type,
        [{columns[column]: _written(value, columns[column] in lists) for column, value in row.items()} for row in once],
    )
    for text, row, other in zip(texts, once, again, strict=True):
        assert row == {column: other[column] for column in columns}, text


def _written(value: Any, is_list: bool) -> Any:
    if is_list and isinstance(value, str):
        return [value]
    return value if value is None or isinstance(value, list) else str(value)
