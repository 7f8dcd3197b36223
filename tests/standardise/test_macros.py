"""Facts of the macros: known values, codes of surnames, holders and letters of other scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.standardise import install_letters
from linkage.standardise.install import sql_files
from linkage.standardise.letters import latin_letters

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine

MACROS = {name: text for name, text in sql_files().items() if name.startswith("standardise/std_")}
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=80)
JOINT = st.from_regex(
    r"[A-Za-z]{1,8}( [A-Z]{1,9})?( (and|AND|OR|&|/|;) [A-Za-z]{1,8}( [A-Z]{1,9})?){0,3}( JT TEN)?", fullmatch=True
)
LETTERS = st.text("aeioubcdfgjklmnpqrstvxz '-.,&#0123456789ÉüßŁж王", max_size=40)
FACTS = (
    ("std_iban('gb29nwbk60161331926819')", "gb29nwbk60161331926819"),
    ("std_iban('gb29nwbk60161331926818')", None),
    ("std_mod97('3214282912345698765432161182')", 1),
    ("std_lei('5493001kjtiigc8y1r12')", "5493001kjtiigc8y1r12"),
    ("std_routing('021000021')", "021000021"),
    ("std_routing('021000022')", None),
    ("std_bic('DEUTDEFF500')", "deutdeff"),
    ("std_bic('DEUTZZFF500')", None),
    ("std_ssn('900123456')", None),
    ("std_itin('900123456')", "900123456"),
    ("std_year_text('26')", "2026"),
    ("std_year_text('27')", "1927"),
    ("std_year_text('0999')", None),
    ("std_fold('O''Brien-Łódź  Straße')", "obrien lodz strasse"),
    ("std_fold('王杰')", "王杰"),
    ("std_fold('Ёлка, Ivan')", "елка ivan"),
    ("std_street('north main street')", "n main st"),
    ("std_number_tail('XXXXXX1234', true)", "1234"),
    ("std_sound_spelling('knight')", "night"),
)


def test_a_file_is_a_macro() -> None:
    """Each macro file starts with a sentence and creates the macro of its name, and nothing else."""
    for name, text in MACROS.items():
        macro = name.removeprefix("standardise/").removesuffix(".sql")
        assert text.startswith("-- "), name
        assert re.findall(r"CREATE OR REPLACE TEMP MACRO (\w+)\(", text) == [macro]


@pytest.mark.parametrize(("expression", "value"), FACTS)
def test_facts(engine: Engine, expression: str, value: object) -> None:
    """Known values, check digits among them, come out as they should."""
    assert engine.value(f"SELECT {expression}") == value


def test_surname_codes_bring_spellings_together(engine: Engine) -> None:
    """Spellings of one surname share a code, other surnames have another, and no code is longer than eight signs."""
    code = "std_surname_code(std_sound_spelling(x), std_sound_classes(std_sound_spelling(x)))"
    pairs = [
        ("smith", "smyth"),
        ("garski", "garsky"),
        ("macdonald", "mcdonald"),
        ("philips", "filips"),
        ("catz", "katz"),
        ("knight", "night"),
    ]
    for left, right in pairs:
        assert len(engine.rows(f"SELECT DISTINCT {code} FROM (SELECT unnest($x) AS x)", {"x": [left, right]})) == 1
    assert (
        len(engine.rows(f"SELECT DISTINCT {code} FROM (SELECT unnest($x) AS x)", {"x": ["smith", "jones", "garcia"]}))
        == 3
    )
    assert engine.value(f"SELECT max(length({code})) FROM (SELECT 'wolfeschlegelsteinhausenbergerdorff' AS x)") == 8
    assert engine.value(f"SELECT {code} FROM (SELECT '王' AS x)") is None


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.one_of(TEXT, LETTERS, JOINT), min_size=1, max_size=30))
def test_any_text_gives_holders(engine: Engine, texts: list[str]) -> None:
    """Any text gives holders, at least one, and never more than was written."""
    once = "SELECT written, std_holders([written]) AS holders FROM (SELECT unnest($texts) AS written)"
    for written, holders in engine.rows(once, {"texts": texts}):
        assert len(holders) >= 1
        assert sum(map(len, holders)) <= 20 + 5 * len(written)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(names=st.lists(st.text("аеиоуйкнрсВПγεώρος王杰小김철수 अमित", min_size=1, max_size=12), min_size=1, max_size=20))
def test_letters_of_other_scripts_become_latin(engine: Engine, names: list[str]) -> None:
    """A name in other scripts becomes Latin letters and spaces, the same whatever other letters are told, and not long."""
    read = "SELECT std_transliterated(std_fold(told)) FROM (SELECT unnest($names) AS told)"
    install_letters(engine.run, "".join(names).lower())
    found = [row[0] for row in engine.rows(read, {"names": names})]
    install_letters(engine.run, "".join(names).lower() + "жшщαβ李")
    assert found == [row[0] for row in engine.rows(read, {"names": names})]
    assert all(latin is None or re.fullmatch("[a-z ]+", latin) for latin in found)
    assert all(latin is None or len(latin) <= 10 * len(name) for name, latin in zip(names, found, strict=True))


def test_letters_that_do_not_tell_the_sound_stay() -> None:
    """Scripts without vowels are left as they are; letters are read one by one, in one way."""
    assert latin_letters("Иц王عليא") == {"И": "i", "ц": "ts", "王": "wang"}


def test_native_names_are_read_as_listed(engine: Engine) -> None:
    """Every name of the list is read as its usual spelling, behind the Arabic article too, and there are hundreds of each script."""
    script = "unicode(regexp_extract(written, '[\\p{Arabic}\\p{Hebrew}\\p{Thai}]')) // 256"
    counts = engine.rows(f"SELECT {script} AS script FROM reference.native_name GROUP BY ALL HAVING count(*) > 100")
    assert {row[0] for row in counts} >= {0x05, 0x06, 0x0E}
    wrong = "SELECT written FROM reference.native_name WHERE std_transliterated(written) IS DISTINCT FROM latin"
    assert engine.rows(f"{wrong} OR NOT regexp_matches(latin, '^[a-z]+$')") == []
    behind_article = """
        SELECT "name".written
        FROM reference.native_name AS "name" ANTI JOIN reference.native_name AS whole ON whole.written = 'ال' || "name".written
        WHERE regexp_matches("name".written, '^\\p{Arabic}{2,}$')
            AND std_transliterated('ال' || "name".written) IS DISTINCT FROM 'al ' || "name".latin
    """
    assert engine.rows(behind_article) == []


def test_kana_are_spelt_as_in_passports(engine: Engine) -> None:
    """Small kana, doubled consonants and long vowels become the letters of a passport."""
    words = {
        "しょうた": "shota",
        "はっとり": "hattori",
        "いのうえ": "inoue",
        "ファミリー": "famiri",
    }
    install_letters(engine.run, "".join(words))
    read = "SELECT std_transliterated(unnest($words))"
    assert [row[0] for row in engine.rows(read, {"words": list(words)})] == list(words.values())
