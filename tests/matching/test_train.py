"""Training without labels: the same data make the same model, priors hold where the data are silent."""

from __future__ import annotations

import math
import random

import pytest

from linkage.errors import ModelError
from linkage.matching.comparisons import weighed_levels
from linkage.matching.train import train

GIVEN = ("ann", "bob", "cleo", "dan", "eve", "finn", "gail", "hank", "iris", "jack")
SURNAMES = (
    "archer",
    "brandt",
    "coleman",
    "dorset",
    "ellis",
    "fisher",
    "grant",
    "hunt",
    "irving",
    "joyce",
    "keller",
    "lowe",
)


def people(seed=1, persons=150, slips=0.1):
    """Two records or three a person; names and dates with slips, phones shared by some."""
    rng = random.Random(seed)
    records = []
    for person in range(persons):
        given, surname = rng.choice(GIVEN), rng.choice(SURNAMES) + rng.choice(("", "s", "son", "ton"))
        year, month, day = rng.randrange(1950, 2000), rng.randrange(1, 13), rng.randrange(1, 28)
        ssn = f"{100_000_000 + person * 3_700_123:09d}"
        for _ in range(rng.choice((1, 2, 3))):
            told = surname[:-1] + "x" if rng.random() < slips else surname
            born = f"{year}-{month:02d}-{rng.randrange(1, 28) if rng.random() < slips else day:02d}"
            records.append(
                {
                    "given_name": given,
                    "given_root": given,
                    "surname": told,
                    "surname_code": told[:3],
                    "birth_date": born,
                    "birth_year": year,
                    "sex": rng.choice("fm") if rng.random() < slips else "fm"[GIVEN.index(given) % 2],
                    "ssn": ssn if rng.random() < 0.7 else None,
                    "ssn_last4": ssn[-4:],
                    "phones": [f"212555{rng.randrange(90):04d}"],
                }
            )
    return records


def log_odds(model, comparison, level):
    chances = model.chances[comparison][level]
    return math.log2(chances.m / chances.u)


def test_the_same_data_make_the_same_model(canonical, entities):
    """Training again, on one thread or four, gives the same content and hash."""
    first = train(canonical("person", people()), entities["person"], "test")
    for threads in (1, 4):
        again = train(canonical("person", people(), threads=threads), entities["person"], "test")
        assert again.content() == first.content()
        assert again.hash == first.hash
    assert first.trained_now
    assert train(canonical("person", people(seed=2)), entities["person"], "test").hash != first.hash


def test_priors_hold_where_the_data_are_silent(canonical, entities):
    """A level that no pair shows keeps nearly its prior weight, and the card names it."""
    entity = entities["person"]
    model = train(canonical("person", people(persons=30)), entity, "test")
    silent = {name for name in model.card["levels_at_their_prior"] if not name.endswith((".different", ".exact"))}
    assert "surname.swapped" in silent
    for name in silent:
        comparison, level = name.split(".")
        prior = next(entry for entry in entity.comparisons if entry.name == comparison).priors[level]
        assert log_odds(model, comparison, level) == pytest.approx(math.log2(prior.m / prior.u), abs=0.5), name


def test_chances_are_chances(canonical, entities):
    """The m, and the u, of each comparison add up to one, conditional levels left out; none is nought."""
    model = train(canonical("person", people()), entities["person"], "test")
    for name, levels in model.chances.items():
        comparison = next(entry for entry in model.comparisons if entry.name == name)
        shares = [levels[level.name] for level in weighed_levels(comparison) if not level.given]
        for which in ("m", "u"):
            assert sum(getattr(chances, which) for chances in shares) == pytest.approx(1, abs=1e-6)
            assert all(0 < getattr(chances, which) < 1 for chances in levels.values())
    assert 0 < model.match_rate < 0.5


def test_training_learns_from_the_data(canonical, entities):
    """Data with many slips in surnames and birth dates make agreement on them less sure than clean data do."""
    # A prior that weighs little, so that a few hundred records can be heard.
    training = entities["person"].training.model_copy(update={"prior_pairs": 20.0})
    entity = entities["person"].model_copy(update={"training": training})
    clean = train(canonical("person", people(slips=0.0)), entity, "test")
    rough = train(canonical("person", people(slips=0.5)), entity, "test")
    assert rough.chances["surname"]["exact"].m < clean.chances["surname"]["exact"].m - 0.1
    assert rough.chances["birth_date"]["exact"].m < clean.chances["birth_date"]["exact"].m - 0.1


def test_without_learning_chances_stay_at_their_priors(canonical, entities):
    """With `learn` off m and u are the shipped priors, while rarity is counted all the same."""
    entity = entities["person"]
    model = train(canonical("person", people(persons=40)), entity, "test", learn=False)
    for comparison in model.comparisons:
        for level, prior in comparison.priors.items():
            assert model.chances[comparison.name][level].m == pytest.approx(prior.m, rel=1e-8)
            assert model.chances[comparison.name][level].u == pytest.approx(prior.u, rel=1e-8)
    assert model.totals["surname"] > 0
    assert model.frequencies.num_rows > 0


def test_comparisons_and_rules_without_columns_drop_out(canonical, entities):
    """What the data do not fill is neither compared nor blocked on."""
    records = [
        {key: value for key, value in record.items() if key in {"given_name", "given_root", "surname"}}
        for record in people(persons=20)
    ]
    model = train(canonical("person", records), entities["person"], "test")
    names = {comparison.name for comparison in model.comparisons}
    assert {"given_name", "surname"} <= names
    assert not {"birth_date", "ssn", "phone", "address", "sex"} & names
    assert "name" in {rule.name for rule in model.rules}
    assert "ssn" not in {rule.name for rule in model.rules}


def test_data_that_say_nothing_are_refused(canonical, entities):
    """Records without any column that is compared cannot train a model; the refusal says what to map."""
    with pytest.raises(ModelError, match="map more fields"):
        train(canonical("person", [{"name": "?"}] * 3), entities["person"], "test")


def test_one_record_is_enough(canonical, entities):
    """A dataset of one record trains a model of the priors, without an error."""
    model = train(canonical("person", people(persons=1)[:1]), entities["person"], "test")
    assert model.card["candidate_pairs"] == 0
    assert 0 < model.match_rate <= 0.5


def test_values_of_too_many_records_become_generic(canonical, entities):
    """A phone that more records than `generic_max` share is frozen into the model as saying nothing."""
    most = entities["person"].blocking.generic_max
    records = people(persons=60)
    for place, record in enumerate(records):
        record["phones"] = (
            ["5550000000"] if place <= most else ["5551111111"] if place <= 2 * most else record["phones"]
        )
    model = train(canonical("person", records), entities["person"], "test")
    assert {"column": "phones", "value": "5550000000"} in model.generic.to_pylist()
    assert all(entry["value"] != "5551111111" for entry in model.generic.to_pylist())


def test_keys_of_too_many_records_become_stop_keys(canonical, entities):
    """A block over `max_block` at training is frozen into the model as a stop key and makes no pairs."""
    blocking = entities["person"].blocking.model_copy(update={"max_block": 10})
    entity = entities["person"].model_copy(update={"blocking": blocking})
    records = [
        {**record, "surname": "smith", "given_name": "ann", "given_root": "ann"} for record in people(persons=20)
    ]
    engine = canonical("person", records)
    model = train(engine, entity, "test")
    assert model.max_block == 10
    assert model.stop_keys == tuple(sorted(model.stop_keys))
    assert len(model.stop_keys) > 0
    assert (
        engine.value("SELECT max(records) FROM (SELECT count(*) AS records FROM blocking.key_person GROUP BY key)")
        <= 10
    )
    assert model.card["stop_keys"] == len(model.stop_keys)


def test_the_order_of_records_changes_nothing(canonical, entities):
    """Records that come in another order into the same numbers train the same model."""
    engine = canonical("person", people())
    first = train(engine, entities["person"], "test")
    other = canonical("person", people())
    other.run("CREATE OR REPLACE TABLE canonical.person AS FROM canonical.person ORDER BY hash(record)")
    assert train(other, entities["person"], "test").hash == first.hash


def at_home(families, relatives):
    """Two records a person; in `families` of the houses live `relatives` persons of one surname, else one alone."""
    rng = random.Random(5)
    records = []
    for house in range(150):
        surname = rng.choice(SURNAMES) + rng.choice(("", "s", "son", "ton", "er", "field", "well"))
        for place in range(relatives if house < families else 1):
            given = GIVEN[(house + place) % len(GIVEN)]
            born = f"{1950 + rng.randrange(45)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}"
            person = {"given_name": given, "given_root": given, "surname": surname, "surname_code": surname[:3]}
            home = {"house_number": str(house), "street": f"{surname[:2]} street", "birth_date": born}
            records += [{**person, **home, "birth_year": int(born[:4])} for _ in range(2)]
    return records


def test_a_surname_tells_little_where_families_live_together(canonical, entities):
    """Where houses hold families, a surname shared in one house hardly counts; where nobody shares a house it does."""
    families = train(canonical("person", at_home(150, 3)), entities["person"], "test")
    alone = train(canonical("person", at_home(0, 1)), entities["person"], "test")
    assert log_odds(families, "surname", "household") < 0.5
    assert log_odds(families, "surname", "exact") > 4
    # Alone, the house itself tells who it is.
    assert log_odds(alone, "address", "exact") > log_odds(families, "address", "exact") + 1


def test_a_comparison_that_learns_nonsense_keeps_its_priors_and_is_named(canonical, entities):
    """Where records of one person always differ in occupation, agreement would weigh less than difference: the priors stay."""
    records = people(persons=300, slips=0.0)
    for place, record in enumerate(records):
        record["occupation"] = ("clerk", "baker")[place % 2]
    training = entities["person"].training.model_copy(update={"prior_pairs": 1.0})
    model = train(canonical("person", records), entities["person"].model_copy(update={"training": training}), "test")
    assert "occupation" in model.card["set_back_to_priors"]
    assert log_odds(model, "occupation", "exact") == pytest.approx(math.log2(0.55 / 0.05), abs=0.01)
    sound = train(canonical("person", people(persons=300)), entities["person"], "test")
    assert "surname" not in sound.card["set_back_to_priors"]
