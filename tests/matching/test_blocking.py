"""Blocking: which keys a rule makes, and which pairs the keys make."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.config.entity import Blocking, BlockingRule, parse_part
from linkage.engine.duckdb import Engine
from linkage.errors import DataError
from linkage.matching import blocking as blocking_module
from linkage.matching.blocking import (
    count_blocks,
    drop_stop_keys,
    fit_stop_keys,
    keep_rules,
    kept_whole,
    large_blocks,
    make_keys,
    make_pairs,
    row_keys,
)
from linkage.stages import block as blocking_stage


def rule(*on, name="rule"):
    return BlockingRule(name=name, on=on)


def keyed(canonical, records, *rules):
    """Make keys of the records' canonical columns as they are; returns the engine."""
    engine = canonical("person", records)
    engine.run("CREATE SCHEMA IF NOT EXISTS feature")
    engine.run("CREATE OR REPLACE VIEW feature.person AS FROM canonical.person")
    make_keys(engine, "person", rules)
    count_blocks(engine, "person")
    return engine


def pairs(canonical, records, *rules):
    engine = keyed(canonical, records, *rules)
    assert make_pairs(engine, "person") == len(engine.rows("FROM blocking.pair_person"))
    return sorted(engine.rows("SELECT a, b FROM blocking.pair_person"))


def test_whole_columns_must_all_agree(canonical):
    """Records pair where all parts of a rule are equal; a missing part makes no key."""
    records = [
        {"surname": "li", "given_name": "ann"},
        {"surname": "li", "given_name": "ann"},
        {"surname": "li", "given_name": "bob"},
        {"surname": "li"},
        {"surname": "li"},
    ]
    assert pairs(canonical, records, rule("surname", "given_name")) == [(0, 1)]


def test_each_value_of_a_list_is_a_key(canonical):
    """`.each` pairs records that share any value of a list, once; empty lists and empty values make no key."""
    records = [
        {"phones": ["1", "2"]},
        {"phones": ["2", "1"]},
        {"phones": ["3", "1"]},
        {"phones": []},
        {},
        {"phones": [""]},
        {"phones": [""]},
    ]
    assert pairs(canonical, records, rule("phones.each")) == [(0, 1), (0, 2), (1, 2)]


def test_the_ends_of_the_values_of_a_list_are_keys(canonical):
    """`.each.last(n)` pairs records whose lists share the end of a value; a shorter value is its own end."""
    records = [{"phones": phones} for phones in (["+74812856234"], ["1", "4812856234"], ["1"], ["74812856235"], [""])]
    assert pairs(canonical, records, rule("phones.each.last(9)")) == [(0, 1), (1, 2)]


def test_two_lists_in_one_rule_make_every_combination(canonical):
    """A rule over two lists pairs records that share a value of each, wherever in the lists they stand."""
    records = [
        {"phones": ["1", "2"], "emails": ["a", "b"]},
        {"phones": ["2"], "emails": ["a"]},
        {"phones": ["2"], "emails": ["c"]},
    ]
    assert pairs(canonical, records, rule("phones.each", "emails.each")) == [(0, 1)]


def test_parts_of_dates(canonical):
    """`.year` and `.month` pair records of one year, or month, of a date."""
    records = [{"birth_date": day} for day in ("1970-03-01", "1970-05-01", "1971-03-30", None)]
    assert pairs(canonical, records, rule("birth_date.year")) == [(0, 1)]
    assert pairs(canonical, records, rule("birth_date.month")) == [(0, 2)]
    assert pairs(canonical, records, rule("birth_date.year", "birth_date.month")) == []


def test_parts_of_texts(canonical):
    """`.first(n)` and `.last(n)` pair records by the start or end of a text that has so many letters."""
    records = [{"surname": name} for name in ("smith", "smythe", "goldsmith", "sm", "sm", None)]
    assert pairs(canonical, records, rule("surname.first(2)")) == [(0, 1), (0, 3), (0, 4), (1, 3), (1, 4), (3, 4)]
    assert pairs(canonical, records, rule("surname.first(3)")) == []
    assert pairs(canonical, records, rule("surname.last(5)")) == [(0, 2)]


def test_the_same_value_under_two_rules_is_two_keys(canonical):
    """A value pairs records within one rule only, and a pair found by two rules is there once."""
    records = [{"surname": "li", "given_name": "li"}, {"given_name": "li"}, {"surname": "li", "given_name": "li"}]
    assert pairs(canonical, records, rule("surname", name="one"), rule("given_name", name="two")) == [
        (0, 1),
        (0, 2),
        (1, 2),
    ]
    assert (
        pairs(
            canonical,
            [{"surname": "li"}, {"given_name": "li"}],
            rule("surname", name="one"),
            rule("given_name", name="two"),
        )
        == []
    )


def test_stop_keys_make_no_pairs(canonical):
    """A key that the model sets aside pairs nothing; other keys of the rule are as before."""
    engine = keyed(canonical, [{"surname": name} for name in ("li", "li", "wu", "wu")], rule("surname"))
    key = engine.value("SELECT key FROM blocking.key_person WHERE record = 0")
    drop_stop_keys(engine, "person", (key, 2**64 - 1))
    make_pairs(engine, "person")
    assert engine.rows("SELECT a, b FROM blocking.pair_person") == [(2, 3)]


def test_pieces_give_the_pairs_that_one_statement_gives(canonical, monkeypatch):
    """However little memory there is for pairs, they are the same and each is there once."""
    names = ("li", "wu", "xi", "li", "wu", "li", "xi", "xi", "li")
    records = [{"surname": name, "given_name": names[-place]} for place, name in enumerate(names)]
    engine = keyed(canonical, records, rule("surname", name="one"), rule("given_name", name="two"))
    make_pairs(engine, "person")
    whole = engine.rows("SELECT a, b FROM blocking.pair_person ORDER BY ALL")
    monkeypatch.setattr(blocking_module, "_PAIR_BYTES", engine.memory_bytes // 10)
    assert make_pairs(engine, "person") == len(whole) > 9
    assert engine.rows("SELECT a, b FROM blocking.pair_person ORDER BY ALL") == whole


def test_what_is_deleted_holds_no_memory(tmp_path):
    """Stop keys whose records are all over a large table leave no more in the engine's memory than was there before."""
    held = "SELECT CAST(sum(memory_usage_bytes) AS BIGINT) FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"
    with Engine(tmp_path / "base.duckdb") as engine:
        rows = "SELECT CAST(0 AS UTINYINT) AS rule, CAST(range % 100 AS UBIGINT) AS key, range AS record FROM range(500000)"
        engine.create_as("blocking", "key_person", rows)
        before = engine.value(held)
        drop_stop_keys(engine, "person", (7,))
        assert engine.value("SELECT count(*) FROM blocking.key_person") == 495_000
        assert engine.value(held) < before + 1_000_000


def test_large_blocks_are_named_largest_first(canonical):
    """Blocks above a limit are told with rule, size and one of their records by name."""
    records = [{"surname": "li"}] * 4 + [{"surname": "wu"}] * 6 + [{"surname": "xi"}] * 3
    engine = keyed(canonical, records, rule("surname", name="by_surname"))
    found = large_blocks(engine, "person", [rule("surname", name="by_surname")], 3)
    assert [(block.rule, block.records, block.example) for block in found] == [
        ("by_surname", 6, "d/k4#r"),
        ("by_surname", 4, "d/k0#r"),
    ]


def test_training_sets_the_largest_blocks_aside(canonical):
    """Blocks above `max_block`, and the largest ones of a rule that would pass its share of pairs, become stop keys."""
    records = [{"surname": "li"}] * 12 + [{"surname": "wu"}] * 9 + [{"surname": "xi"}] * 4
    engine = keyed(canonical, records, rule("surname"))
    key = dict(
        engine.rows(
            "SELECT surname, any_value(key_person.key) FROM blocking.key_person JOIN canonical.person USING (record) GROUP BY ALL"
        )
    )

    def stops(**settings):
        blocking = Blocking(rules=(rule("surname"),), **settings)
        return set(fit_stop_keys(engine, "person", blocking.rules, blocking, len(records))["rule"])

    assert stops(max_block=12) == set()
    assert stops(max_block=11) == {key["li"]}
    assert stops(max_block=12, least_pairs=0, pairs_per_record=2) == {key["li"]}
    assert stops(max_block=12, least_pairs=0, pairs_per_record=0.3) == {key["li"], key["wu"]}
    assert stops(max_block=12, least_pairs=0, pairs_per_record=0.1) == {key["li"], key["wu"], key["xi"]}
    assert stops(max_block=12, least_pairs=107, pairs_per_record=0.1) == {key["li"]}
    assert stops(max_block=12, least_pairs=108, pairs_per_record=0.1) == set()


def test_keys_of_fewer_rules_are_those_that_these_make(canonical):
    """Leaving rules out of the tables of keys and blocks gives what making them for the others alone gives."""
    records = [{"surname": "li", "city": "a", "ssn": str(place // 2)} for place in range(6)]
    rules = [rule("surname", name="surname"), rule("city", name="city"), rule("ssn", name="ssn")]
    tables = (
        "SELECT rule, key, record FROM blocking.key_person",
        "SELECT rule, key, records FROM blocking.size_person",
    )
    engine = keyed(canonical, records, rules[0], rules[2])
    expected = [sorted(engine.rows(table)) for table in tables]
    engine = keyed(canonical, records, *rules)
    keep_rules(engine, "person", rules, [rules[0], rules[2]])
    assert [sorted(engine.rows(table)) for table in tables] == expected


def test_a_rule_with_too_many_stop_keys_is_left_out(canonical, monkeypatch):
    """A rule whose stop keys are more than a model holds is not among the rules; the others are."""
    monkeypatch.setattr(blocking_module, "MOST_STOP_KEYS", 1)
    records = [{"surname": name, "city": "a"} for name in ("li", "wu") for _ in range(11)]
    rules = [rule("surname", name="surname"), rule("city", name="city")]
    engine = keyed(canonical, records, *rules)
    blocking = Blocking(rules=tuple(rules), max_block=10)
    assert [(name, len(keys)) for name, keys in fit_stop_keys(engine, "person", rules, blocking, 22).items()] == [
        ("city", 1)
    ]


@given(st.dictionaries(st.integers(0, 20), st.integers(0, 1000), max_size=8), st.integers(0, 3000))
def test_rules_kept_whole_keep_to_an_equal_share(needs, total):
    """Rules kept whole need at most an equal share of what is left in the end, all others more, and nothing is spent twice."""
    whole, left = kept_whole(needs, total)
    others = [need for one, need in needs.items() if one not in whole]
    assert all(need * len(others) > left for need in others)
    assert all(needs[one] * len(others) <= left for one in whole)
    assert left == total - sum(needs[one] for one in whole) >= 0


def test_what_a_rule_leaves_of_its_share_goes_to_the_others():
    """A rule that is above an equal share at first is kept whole where the narrow ones leave enough; the widest is not."""
    assert kept_whole({0: 40, 1: 110, 2: 1000}, 300) == ([0, 1], 150)


def test_the_largest_blocks_go_first_whichever_rule_they_are_of(canonical):
    """Beyond the budget a large block of a narrow rule goes before a small one of a wide rule; a rule within its equal share keeps all."""
    records = [{"surname": "li", "city": "a"}] * 6 + [{"surname": "wu", "city": "b"}] * 3 + [{"ssn": "1"}] * 5
    rules = [rule("surname", name="surname"), rule("city", name="city"), rule("ssn", name="ssn")]
    engine = keyed(canonical, records, *rules)
    blocking = Blocking(rules=tuple(rules), max_block=10, least_pairs=0, pairs_per_record=30 / len(records))
    found = fit_stop_keys(engine, "person", blocking.rules, blocking, len(records))
    sizes = {
        name: sorted(
            engine.value("SELECT count(*) FROM blocking.key_person WHERE key = $key", {"key": key}) for key in keys
        )
        for name, keys in found.items()
    }
    assert sizes == {"surname": [6], "city": [6], "ssn": []}


def test_an_approved_model_refuses_a_block_that_grew(canonical, start_run, make_project, accounts):
    """Under an approved model a key over `max_block` stops the run before pairs are made, naming rule, size and a record."""
    run = start_run(make_project(accounts.source("bank"), {}))
    run.engine = canonical("account", [{"number": "1234567"}] * 11 + [{"number": "7654321"}] * 2)
    run.engine.run("CREATE SCHEMA feature")
    run.engine.run("CREATE VIEW feature.account AS FROM canonical.account")
    model = SimpleNamespace(
        trained_now=False, rules=(rule("number", name="by_number"),), stop_keys=(), max_block=10, hash="ab"
    )
    run.models["account"] = model
    with pytest.raises(DataError, match=r"rule 'by_number', by 11 \(one is d/k0#r\)") as caught:
        blocking_stage.block(run)
    assert "max_block = 10" in str(caught.value)
    assert not run.engine.has_table("blocking", "pair_account")
    stop = run.engine.value("SELECT key FROM blocking.key_account WHERE record = 0")
    model.stop_keys = (stop,)
    blocking_stage.block(run)
    assert run.counts["types"]["account"]["pairs"] == 1


@pytest.mark.parametrize(
    "text", ["phones.all", "Surname", "surname.first(0)", "surname.first(100)", "surname; DROP TABLE x", 'a"b', ""]
)
def test_parts_that_cannot_be_read_are_refused(text):
    """A part of a rule is one of the documented forms and nothing else."""
    with pytest.raises(ValueError, match="cannot read"):
        rule(text)


def test_parts_are_parsed():
    """Column, what is taken of it, and how much."""
    parts = [
        parse_part(text)
        for text in (
            "surname",
            "phones.each",
            "phones.each.last(9)",
            "surname.first(3)",
            "number.last(12)",
            "birth_date.year",
        )
    ]
    assert [(part.column, part.take, part.length) for part in parts] == [
        ("surname", "whole", 0),
        ("phones", "each", 0),
        ("phones", "each", 9),
        ("surname", "first", 3),
        ("number", "last", 12),
        ("birth_date", "year", 0),
    ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    records=st.lists(
        st.fixed_dictionaries(
            {
                "surname": st.sampled_from([None, "lee", "smith", "li"]),
                "birth_date": st.sampled_from([None, "1980-03-04", "1981-03-05"]),
                "phones": st.sampled_from([None, [], ["1"], ["1", ""], ["2", "21"]]),
                "emails": st.sampled_from([None, ["a"], ["a", "b"]]),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_row_has_the_keys_that_the_table_has(canonical, records):
    """The keys of a single row are those that `make_keys` writes for the record: of lists, parts, and several lists together."""
    rules = [
        rule("surname", name="whole"),
        rule("surname.first(3)", "birth_date.year", name="parts"),
        rule("surname.last(4)", "birth_date.month", name="more"),
        rule("phones.each", name="each"),
        rule("phones.each.last(1)", "surname", name="ends"),
        rule("phones.each", "emails.each", "surname", name="two"),
    ]
    engine = keyed(canonical, records, *rules)
    expression, names = row_keys(rules)
    stored = engine.rows("SELECT record, list(DISTINCT key ORDER BY key) FROM blocking.key_person GROUP BY ALL")
    told = engine.rows(f"SELECT record, list_sort(list_distinct({expression})) FROM feature.person", names)
    assert sorted(stored) == sorted((record, keys) for record, keys in told if keys)
