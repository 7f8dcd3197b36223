"""Comparisons of organisations: names by the rarity of their words, premises by house, street and place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.matching.levels import TELLING, UNITS, UNKNOWN, Level, Once, one_off, pair, phone_levels, same_phone

if TYPE_CHECKING:
    from linkage.matching.levels import Columns


def _slip(one: str, two: str) -> str:
    """One word for another: cut short, written without its vowels, or misspelt in up to a third of its letters.

    Words that neither begin nor end alike are spared the count of their letters.
    """
    word, other = f"{one}.word", f"{two}.word"
    least = f"least(length({word}), length({other}))"
    # (Within a lambda only CASE spares what need not be computed.)
    misspelt = (
        f"CASE WHEN {least} > 3 AND abs(length({word}) - length({other})) <= {least} // 3 "
        f"THEN damerau_levenshtein({word}, {other}) <= {least} // 3 ELSE FALSE END"
    )
    return (
        f"CASE WHEN left({word}, 1) = left({other}, 1) THEN CASE WHEN {least} < 3 THEN FALSE "
        f"WHEN starts_with({word}, {other}) OR starts_with({other}, {word}) THEN TRUE "
        f"WHEN {other} LIKE {one}.cut OR {word} LIKE {two}.cut THEN TRUE ELSE {misspelt} END "
        f"WHEN right({word}, 3) = right({other}, 3) THEN {misspelt} ELSE FALSE END"
    )


def _left_over(words: str, other: str, other_tokens: str, other_joined: str) -> str:
    """The words of a name that the other has neither as a word nor, but for its start, within one or across two."""
    within = f"length(x.word) > 3 AND contains({other_joined}, x.word) AND NOT contains(' ' || {other}, ' ' || x.word)"
    return f"list_filter({words}, lambda x: NOT (list_contains({other_tokens}, x.word) OR ({within})))"


def _loose(left: str, other_left: str) -> str:
    """Of the words left over, those that are no slip of a word left over on the other side; common ones are not tried."""
    return (
        f"list_filter({left}, lambda x: CASE WHEN x.own < {TELLING} OR len({other_left}) = 0 THEN TRUE "
        f"ELSE len(list_filter({other_left}, lambda y: {_slip('x', 'y')})) = 0 END)"
    )


def _missed(loose: str) -> str:
    return f"coalesce(list_max(list_transform({loose}, lambda x: x.own)), 0)"


def _adds(words: str) -> str:
    return f"coalesce(list_sum(list_transform({words}, lambda x: x.adds)), 0)"


def _rarest(words: str, loose: str) -> str:
    """The rarest of the words that are not loose."""
    return (
        f"coalesce(list_max(list_transform({words}, lambda x: "
        f"CASE WHEN list_contains(list_transform({loose}, lambda y: y.word), x.word) THEN 0 ELSE x.alone END)), 0)"
    )


def _left_overs(c: Columns) -> str:
    """What is left over of the words of either name, as a list of one: it stands for a variable, found once."""
    (l, r), (tokens_l, tokens_r) = pair(c["name"]), pair(c["tokens"])
    (words_l, words_r), (joined_l, joined_r) = pair(f"{c['name']}_words"), pair(f"{c['name']}_joined")
    left_l, left_r = _left_over(words_l, r, tokens_r, joined_r), _left_over(words_r, l, tokens_l, joined_l)
    return f"[{{'l': {left_l}, 'r': {left_r}}}]"


def _shared(c: Columns, loose: str) -> str:
    """What two names share is worth what its words add in either name, and no less than the rarest of them alone."""
    words_l, words_r = pair(f"{c['name']}_words")
    return (
        f"greatest(least({_adds(words_l)} - {_adds(f'{loose}.l')}, {_adds(words_r)} - {_adds(f'{loose}.r')}), "
        f"least({_rarest(words_l, f'{loose}.l')}, {_rarest(words_r, f'{loose}.r')}))"
    )


def _contained(c: Columns) -> str:
    """2 where both names have all telling words of the other, perhaps misspelt; 1 where one has; else 0."""
    # A slip begins or ends like its word: where no word left over does, none is tried.
    ends = " OR ".join(
        f"list_has_any(list_transform(t.l, lambda x: {end}(x.word, {n})), list_transform(t.r, lambda x: {end}(x.word, {n})))"
        for end, n in (("left", 1), ("right", 3))
    )
    loose = (
        f"CASE WHEN len(t.l) > 0 AND len(t.r) > 0 AND ({ends}) "
        f"THEN {{'l': {_loose('t.l', 't.r')}, 'r': {_loose('t.r', 't.l')}}} ELSE t END"
    )
    missed_l, missed_r, shared = _missed("u.l"), _missed("u.r"), _shared(c, "u")
    contained = (
        f"CASE WHEN least({missed_l}, {missed_r}) >= {TELLING} THEN 0 "
        f"WHEN greatest({missed_l}, {missed_r}) < least({shared}, {TELLING}) THEN 2 "
        f"WHEN {shared} >= {4 * UNITS} THEN 1 ELSE 0 END"
    )
    return f"list_transform(list_transform({_left_overs(c)}, lambda t: {loose}), lambda u: {contained})[1]"


def _worth(c: Columns) -> str:
    """What two names share, slips left out."""
    return f"list_transform({_left_overs(c)}, lambda t: {_shared(c, 't')})[1]"


def _alike(c: Columns) -> str:
    """Most pairs share no word and are nothing alike: they are spared the words."""
    (l, r), (tokens_l, tokens_r) = pair(c["name"]), pair(c["tokens"])
    return f"(list_has_any({tokens_l}, {tokens_r}) OR jaro_winkler_similarity({l}, {r}) >= 0.8)"


def organisation_parts(c: Columns) -> tuple[Once, ...]:
    """Return the costly parts of the levels of an organisation's name."""
    alike, contained = _alike(c), _contained(c)
    return (
        Once(alike),
        Once(_left_overs(c), alike),
        Once(contained, alike),
        Once(_worth(c), f"{alike} AND ({contained} = 0) IS NOT FALSE"),
    )


def organisation(c: Columns) -> tuple[Level, ...]:
    """Names of organisations: what they share is worth its rarity; a rare word that one side lacks is another branch."""
    (l, r), (tokens_l, tokens_r), (other_l, other_r) = pair(c["name"]), pair(c["tokens"]), pair(c["others"])
    joined_l, joined_r = pair(f"{c['name']}_joined")
    alike, contained, worth = _alike(c), _contained(c), _worth(c)
    return (
        Level(UNKNOWN, "a name is missing", f"{l} IS NULL OR {r} IS NULL"),
        Level("exact", "same name", f"{l} = {r}", rarity=1.0),
        Level(
            "order",
            "same words in another order or spacing",
            f"{tokens_l} = {tokens_r} OR {joined_l} = {joined_r}",
            rarity=1.0,
        ),
        Level(
            "alias",
            "a name of one is another name of the other",
            f"coalesce(list_contains({other_l}, {r}), FALSE) OR coalesce(list_contains({other_r}, {l}), FALSE)",
        ),
        Level(
            "near",
            "the same telling words, perhaps misspelt",
            f"{alike} AND {contained} = 2",
            rarity=1.0,
        ),
        Level("part", "all telling words of one are in the other", f"{alike} AND {contained} = 1", rarity=1.0),
        # A parent and its daughters share a house as well as words: one does not vouch for the other.
        Level(
            "affiliate",
            "words in common or similar spelling at one house, each has others too",
            f"{alike} AND {_same_house(c)}",
            given=frozenset({c["house_number"], c["street"]}),
        ),
        Level("rare", "rare words in common, each has others too", f"{alike} AND {worth} >= {9 * UNITS}"),
        Level("some", "words in common", f"{alike} AND {worth} >= {5 * UNITS}"),
        Level("common", "only common words in common, or similar spelling", alike),
        Level("different", "different names", "ELSE"),
    )


def _same_house(c: Columns) -> str:
    (house_l, house_r), (street_l, street_r) = pair(c["house_number"]), pair(c["street"])
    return f"({house_l} = {house_r} AND {_near_street(street_l, street_r)})"


def _near_street(l: str, r: str) -> str:
    """Streets spelt alike, or one without its kind or quarter."""
    return (
        f"(jaro_winkler_similarity({l}, {r}) >= 0.9 OR contains(' ' || {l} || ' ', ' ' || {r} || ' ') "
        f"OR contains(' ' || {r} || ' ', ' ' || {l} || ' '))"
    )


def premises(c: Columns) -> tuple[Level, ...]:
    """Addresses of places of business; what one side does not tell counts neither for nor against."""
    (house_l, house_r), (street_l, street_r) = pair(c["house_number"]), pair(c["street"])
    (code_l, code_r), (city_l, city_r) = pair(c["postcode"]), pair(c["city"])
    near = _near_street(street_l, street_r)
    unhoused = f"({house_l} IS NULL OR {house_r} IS NULL)"
    unplaced = f"({street_l} IS NULL OR {street_r} IS NULL)"
    return (
        Level(
            UNKNOWN,
            "an address is missing",
            f"{unplaced} AND ({unhoused} OR {house_l} <> {house_r}) AND ({code_l} IS NULL OR {code_r} IS NULL) "
            f"AND ({city_l} IS NULL OR {city_r} IS NULL)",
        ),
        Level(
            "exact",
            "same house and street",
            f"{house_l} = {house_r} AND {street_l} = {street_r}",
            rarity=0.5,
            same=frozenset({c["house_number"], c["street"]}),
        ),
        Level("near", "same house, similar street", f"{house_l} = {house_r} AND {near}", rarity=0.5),
        Level(
            "house",
            "similar street, one digit of the house number differs, or two are swapped",
            f"{near} AND {one_off(house_l, house_r)}",
        ),
        Level("open", "same or similar street, a house number is missing", f"{unhoused} AND {near}"),
        Level(
            "number",
            "same house number, the street is missing or hardly to be read",
            f"{house_l} = {house_r} AND ({unplaced} OR jaro_winkler_similarity({street_l}, {street_r}) >= 0.7)",
        ),
        Level("street", "same street, another house", f"{street_l} = {street_r}"),
        Level("postcode", "same postcode", f"{code_l} = {code_r}"),
        Level("place", "same city, a street is missing", f"{unplaced} AND {city_l} = {city_r}"),
        Level("city", "same city, another street", f"{city_l} = {city_r}"),
        Level("different", "different addresses", "ELSE"),
    )


def office_phones(c: Columns) -> tuple[Level, ...]:
    """Phones of places of business: one that many of them share is a switchboard's and tells little."""
    l, r = pair(c["list"])
    office = Level(
        "office",
        "a phone in common at one house, as the firms of one office have it",
        f"{_same_house(c)} AND {same_phone(l, r)}",
        given=frozenset({c["house_number"], c["street"]}),
    )
    return phone_levels(c, office, rarity=1.0)


def tax_number(c: Columns) -> tuple[Level, ...]:
    """Tax numbers: two records of one firm with a slip each differ in two digits, which random numbers hardly ever do."""
    l, r = pair(c["number"])
    return (
        Level(UNKNOWN, "a number is missing", f"{l} IS NULL OR {r} IS NULL"),
        Level("exact", "same number", f"{l} = {r}"),
        Level("near", "one digit differs, or two neighbours are swapped", one_off(l, r)),
        Level(
            "slips",
            "two digits differ, as when both were written with a slip",
            f"abs(length({l}) - length({r})) <= 1 AND damerau_levenshtein({l}, {r}) <= 2",
        ),
        Level("different", "different numbers", "ELSE"),
    )
