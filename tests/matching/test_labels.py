"""Labels: halves that never mix, weights by stratum, and how far they move m and the stop."""

from __future__ import annotations

import random

import numpy as np
import pytest

from linkage.matching.labels import (
    LABELS,
    LEAST_NEAR,
    JudgedPair,
    Labelled,
    make_labels,
    read_labels,
    shift,
    trains,
    weigh,
    weigh_measuring,
)
from linkage.matching.train import train


def name(number):
    return ("d", f"k{number}", "r")


def halves(count):
    """The pairs (0, 1), (2, 3) ... that train, and those that measure."""
    pairs = [(name(2 * i), name(2 * i + 1)) for i in range(count)]
    return [pair for pair in pairs if trains(*pair)], [pair for pair in pairs if not trains(*pair)]


def labelled(bits, match, weight=None):
    """Labels of a model without comparisons."""
    count = len(bits)
    return Labelled(
        np.zeros((count, 0), np.int64),
        np.array(match, np.bool_),
        np.ones(count) if weight is None else np.array(weight, np.float64),
        np.array(bits, np.float64),
    )


def test_a_pair_is_of_one_half_whichever_record_is_named_first():
    """The half follows from the two names alone; about half of all pairs train."""
    train_half, other = halves(1000)
    assert all(trains(b, a) for a, b in train_half)
    assert not any(trains(b, a) for a, b in other)
    assert 420 < len(train_half) < 580
    # Pinned: another hash would let pairs that trained a model measure it.
    assert [trains(name(i), name(i + 1)) for i in range(8)] == [False, True, True, True, True, True, False, True]


def test_the_measuring_half_is_what_never_trains():
    """Drawn and chosen pairs that measure come apart, weighed by those of their own half, and share no pair with what trains."""
    train_half, other = halves(40)
    drawn = [JudgedPair(a, b, match=True, stratum=("centre/1", 1, 900)) for a, b in train_half[:3] + other[:5]]
    chosen = [JudgedPair(b, a, match=False) for a, b in train_half[4:6] + other[6:9]]
    torn = [JudgedPair(*other[9], match=True), JudgedPair(*other[9], match=False)]
    measuring = weigh_measuring([*drawn, *chosen, *torn])
    assert measuring[0] == [(*pair, True, 180.0) for pair in sorted(other[:5])]
    assert measuring[1] == [(*pair, False, 1.0) for pair in sorted(other[6:9])]
    assert len(weigh([*drawn, *chosen, *torn])) == 5


def test_weights_stand_for_the_pairs_of_the_stratum():
    """A drawn pair weighs its stratum's pairs over those of them judged and training; a chosen one weighs 1."""
    train_half, other = halves(40)
    drawn = [JudgedPair(a, b, match=True, stratum=("centre/1", 1, 900)) for a, b in train_half[:3] + other[:5]]
    more = [
        JudgedPair(*train_half[3], match=False, stratum=("centre/1", 2, 50)),
        JudgedPair(*train_half[4], match=False),
    ]
    weights = {(a, b): weight for a, b, _, weight in weigh(drawn + more)}
    assert weights == dict(zip(train_half[:5], (300, 300, 300, 50, 1), strict=True))


def test_a_pair_judged_both_ways_trains_nothing_and_twice_alike_counts_once():
    """Contradicting verdicts on a pair are left out; a repeated verdict is one label, weighed as drawn where it was drawn."""
    (a, b), (c, d), *_ = halves(40)[0]
    pairs = [JudgedPair(a, b, match=True), JudgedPair(b, a, match=False)]
    pairs += [JudgedPair(c, d, match=True), JudgedPair(d, c, match=True, stratum=("s", 1, 7))]
    assert weigh(pairs) == [(*sorted((c, d)), True, 7.0)]


def test_the_stop_stays_where_labels_near_it_are_few_or_of_one_kind():
    """Too few labels near the stop, or too few of one verdict, move nothing; far ones do not count."""
    few = LEAST_NEAR - 1
    assert shift(labelled([1.0] * few, [i % 2 == 0 for i in range(few)]), 0.0).bits == 0
    assert shift(labelled([-1.0] * 40, [True] * 36 + [False] * 4), 0.0).bits == 0
    assert shift(labelled([40.0] * 100, [False] * 50 + [True] * 50), 0.0).bits == 0


def test_the_stop_follows_the_labels_but_is_held():
    """Matches below the stop lower it, non-matches above raise it, even ones leave it; the more labels, the further, in bounds."""
    even = labelled([-2.0] * 20 + [2.0] * 20, [i < 4 for i in range(20)] + [i >= 4 for i in range(20)])
    assert shift(even, 0.0).bits == 0
    moved = []
    for count in (10, 40, 4000):
        low = labelled([-1.25] * 2 * count, [True] * count + [False] * count)
        high = labelled([1.25] * 2 * count, [True] * count + [False] * count)
        assert shift(low, 0.0).bits == -shift(high, 0.0).bits
        moved.append(shift(low, 0.0).bits)
    assert 0 > moved[0] > moved[1] >= moved[2] == -1.25
    assert shift(labelled([-7.0] * 2000, [True] * 1990 + [False] * 10), 0.0).bits == -2.0


def test_doubtful_pairs_do_not_bias_m(canonical, entities):
    """Judged matches drawn nine times as often where the surname differs leave its m as it is when they are weighed."""
    rng = random.Random(3)
    records = []
    for person in range(200):
        born = f"{1950 + rng.randrange(45)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}"
        names = (f"name{person}", f"name{person}" if person < 180 else f"other{person}")
        records += [{"given_name": "ann", "given_root": "ann", "surname": told, "birth_date": born} for told in names]
    engine = canonical("person", records)
    model = train(engine, entities["person"], "test")
    judged = [
        JudgedPair(
            name(2 * person),
            name(2 * person + 1),
            match=True,
            stratum=("s", person >= 180, 180 if person < 180 else 20),
        )
        for person in (*range(20), *range(180, 200))
    ]
    assert make_labels(engine, "person", weigh(judged)) == len(weigh(judged)) > 10
    found = read_labels(engine, model, LABELS)
    place = next(i for i, comparison in enumerate(model.comparisons) if comparison.name == "surname")
    voices = found.voices(place, len(model.chances["surname"]))
    assert voices.sum() == pytest.approx(found.weight.sum() ** 2 / (found.weight**2).sum())
    assert voices.sum() < len(found.match)
    assert voices.max() / voices.sum() == pytest.approx(0.9, abs=1e-9)


def test_training_with_labels_moves_m_and_says_so(canonical, entities):
    """The m of a level follows judged matches, the card tells how many there were, and the same labels make the same model."""
    records = [
        {
            "given_name": given,
            "given_root": given,
            "surname": f"name{i}",
            "birth_date": born,
        }
        for i in range(120)
        for given, born in (
            ("ann", f"{1950 + i % 50}-05-02"),
            ("ann", f"{1950 + i % 50}-05-02" if i % 3 else "1931-11-27"),
        )
    ]
    pairs = [JudgedPair(name(2 * i), name(2 * i + 1), match=True) for i in range(120)]
    pairs += [JudgedPair(name(2 * i), name(2 * i + 2), match=False) for i in range(100)]
    entity = entities["person"]
    plain = train(canonical("person", records), entity, "test")
    assert "labels" not in plain.card
    made = []
    for order in (pairs, pairs[::-1]):
        engine = canonical("person", records)
        count = make_labels(engine, "person", weigh(order))
        made.append(train(engine, entity, "test", labels=LABELS))
        assert made[-1].card["labels"]["matches"] + made[-1].card["labels"]["non_matches"] == count
    assert made[0].content() == made[1].content() != plain.content()
    assert made[0].chances["birth_date"]["different"].m > plain.chances["birth_date"]["different"].m
    moved = made[0].thresholds.match - plain.thresholds.match
    assert made[0].card["labels"]["stop_moved_by_bits"] == moved
    assert made[0].thresholds.review <= made[0].thresholds.match
