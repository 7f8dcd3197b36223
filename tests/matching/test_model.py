"""A model is one immutable artefact whose name is the hash of all that decides a score (rule R1)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.errors import ModelError
from linkage.matching import model as model_module
from linkage.matching.model import FREQUENCY_SCHEMA, GENERIC_SCHEMA, Chances, from_entity, load, rounded, save


@pytest.fixture
def model(entities):
    """A person model with something in every part."""
    made = from_entity(entities["person"], "test-1", frozenset({"given_name", "surname", "ssn", "suffix", "phones"}))
    names = sorted({"surname", "given_name"})
    return replace(
        made,
        match_rate=0.0123,
        totals=dict.fromkeys(names, 100),
        stop_keys=(3, 2**64 - 1),
        frequencies=pa.Table.from_pydict(
            {"column": ["surname", "surname"], "value": ["li", 'o"neil\x1f'], "records": [4, 2]},
            schema=FREQUENCY_SCHEMA,
        ),
        generic=pa.Table.from_pydict(
            {"column": ["phones", "ssn"], "value": ["5551234", "078051120"]}, schema=GENERIC_SCHEMA
        ),
        card={"records": 9},
    )


def test_a_model_survives_saving(model, tmp_path):
    """What is loaded has the same hash, content, tables and card as what was saved."""
    folder = save(model, tmp_path)
    assert folder == tmp_path / "person" / model.hash
    loaded = load(tmp_path, "person", model.hash)
    assert loaded.hash == model.hash
    assert loaded.content() == model.content()
    assert loaded.frequencies.equals(model.frequencies)
    assert loaded.generic.equals(model.generic)
    assert (loaded.stop_keys, loaded.chances, loaded.thresholds, loaded.card) == (
        model.stop_keys,
        model.chances,
        model.thresholds,
        model.card,
    )
    assert not loaded.trained_now


def test_a_model_without_frequencies_survives_saving(entities, tmp_path):
    """Empty tables have one hash, however a file holds them."""
    bare = from_entity(entities["account"], "test-1", frozenset({"number"}))
    save(bare, tmp_path)
    assert load(tmp_path, "account", bare.hash).content() == bare.content()


def test_saving_again_changes_nothing(model, tmp_path):
    """A model that is there already is not written again, and no draft is left."""
    folder = save(model, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert save(model, tmp_path) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == [model.hash]


def test_a_half_written_model_is_no_obstacle(model, tmp_path):
    """A draft that a killed run left is overwritten by the next save."""
    draft = tmp_path / "person" / f".{model.hash}.draft"
    draft.mkdir(parents=True)
    (draft / "model.json").write_text("{")
    save(model, tmp_path)
    assert load(tmp_path, "person", model.hash).hash == model.hash


def altered(model, **changes):
    return replace(model, **changes).hash


def test_the_hash_changes_with_everything_that_decides(model):
    """Each part of the content has its say in the hash: two different models never have one name."""
    comparison = model.comparisons[0]
    table = model.frequencies.to_pydict()
    others = {
        altered(model, entity_type="business"),
        altered(model, standardiser="test-2"),
        altered(model, comparisons=model.comparisons[:-1]),
        altered(
            model, comparisons=(comparison.model_copy(update={"rarity": not comparison.rarity}), *model.comparisons[1:])
        ),
        altered(model, comparisons=(model.comparisons[1], model.comparisons[0], *model.comparisons[2:])),
        altered(model, conflicts=()),
        altered(model, rules=model.rules[1:]),
        altered(model, max_block=model.max_block + 1),
        altered(model, generic_columns=()),
        altered(model, match_rate=rounded(model.match_rate * (1 + 1e-8))),
        altered(
            model, chances={**model.chances, "surname": {**model.chances["surname"], "exact": Chances(0.5, 0.001)}}
        ),
        altered(model, totals={**model.totals, "surname": 101}),
        altered(model, stop_keys=model.stop_keys[:1]),
        altered(model, thresholds=model.thresholds.model_copy(update={"match": model.thresholds.match + 1 / 1024})),
        altered(model, frequencies=pa.Table.from_pydict({**table, "records": [4, 3]}, schema=FREQUENCY_SCHEMA)),
        altered(model, frequencies=pa.Table.from_pydict({**table, "value": ["li", 'o"neil']}, schema=FREQUENCY_SCHEMA)),
        altered(model, frequencies=model.frequencies.slice(0, 1)),
        altered(model, generic=model.generic.slice(1)),
    }
    assert len(others) == 18
    assert model.hash not in others


def test_the_hash_does_not_change_with_what_decides_nothing(model):
    """The card, and how tables are packed in memory, leave the name alone."""
    pieces = pa.concat_tables(
        [model.frequencies.slice(0, 1), model.frequencies.slice(0, 0), model.frequencies.slice(1)]
    )
    assert altered(model, frequencies=pieces, card={}, trained_now=True) == model.hash


def test_separators_inside_values_make_no_two_tables_alike(model):
    """One value with a separator in it is not the same content as two values."""
    one = pa.Table.from_pydict({"column": ["a", "a"], "value": ["x\ny", "z"]}, schema=GENERIC_SCHEMA)
    two = pa.Table.from_pydict({"column": ["a", "a"], "value": ["x", "y\nz"]}, schema=GENERIC_SCHEMA)
    assert altered(model, generic=one) != altered(model, generic=two)


@pytest.mark.parametrize("part", ["match_rate", "threshold", "frequencies", "generic", "stop_keys"])
def test_an_altered_model_is_refused(model, tmp_path, part):
    """A file that was changed after approval is refused, saying so and what to do."""
    folder = save(model, tmp_path)
    if part in {"frequencies", "generic"}:
        path = folder / f"{part}.parquet"
        pq.write_table(pq.read_table(path).slice(1), path)
    else:
        path = folder / "model.json"
        content = json.loads(path.read_text())
        if part == "threshold":
            content["thresholds"]["match"] += 1
        elif part == "stop_keys":
            content["stop_keys"] = []
        else:
            content["match_rate"] *= 2
        path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="altered after approval"):
        load(tmp_path, "person", model.hash)


@pytest.mark.parametrize(
    "damage", ["gone", "no model.json", "no frequencies", "not JSON", "not Parquet", "a key is missing", "nonsense"]
)
def test_a_damaged_model_is_refused(model, tmp_path, damage):
    """A model that is absent or cannot be read is one clear refusal."""
    folder = save(model, tmp_path)
    if damage == "gone":
        folder.rename(tmp_path / "elsewhere")
    elif damage == "no model.json":
        (folder / "model.json").unlink()
    elif damage == "no frequencies":
        (folder / "frequencies.parquet").unlink()
    elif damage == "not JSON":
        (folder / "model.json").write_text("{")
    elif damage == "not Parquet":
        (folder / "generic.parquet").write_bytes(b"PAR1 no")
    else:
        content = json.loads((folder / "model.json").read_text())
        if damage == "nonsense":
            content["comparisons"] = [3]
        else:
            del content["chances"]
        (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="restore it"):
        load(tmp_path, "person", model.hash)


def test_rounding_keeps_nine_digits():
    """Numbers are rounded to nine significant digits, so that the last bits of parallel sums never reach a hash."""
    assert rounded(0.123456789012) == rounded(0.123456789499) == 0.123456789
    assert rounded(1.23456789e-20) != rounded(1.23456788e-20)
    assert rounded(0.0) == 0.0


def test_a_digest_is_of_the_values_however_they_are_read(monkeypatch):
    """The digest of a table is that of its columns as JSON lists, read in one piece or in many."""
    values = [f'na"me {place}é' for place in range(7)]
    table = pa.table({"value": values, "records": list(range(7))})
    whole = hashlib.sha256((json.dumps(values) + json.dumps(list(range(7)))).encode()).hexdigest()
    assert model_module._digest(table) == whole
    monkeypatch.setattr(model_module, "PIECE", 3)
    assert model_module._digest(table) == whole
    empty = table.slice(0, 0)
    assert model_module._digest(empty) == hashlib.sha256(b"[][]").hexdigest()
