"""Comparisons of persons: names, birth dates and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.matching.levels import UNKNOWN, Level, at_home, one_off, pair

if TYPE_CHECKING:
    from linkage.matching.levels import Columns


def _two_off(l: str, r: str) -> str:
    """At most two such slips in a name of six letters and more: a shared beginning alone (anna, annabelle) is no slip."""
    return (
        f"(greatest(length({l}), length({r})) >= 6 AND abs(length({l}) - length({r})) <= 2 "
        f"AND damerau_levenshtein({l}, {r}) <= 2)"
    )


def _whole(given: str, middle: str, surname: str) -> str:
    return f"string_split(concat_ws(' ', {given}, {middle}, {surname}), ' ')"


def _contained(c: Columns) -> str:
    """All words of one whole name are words of the other, whichever of them is called the surname; two at least."""
    (given_l, given_r), (middle_l, middle_r) = pair(c["given"]), pair(c["middle"])
    surname_l, surname_r = pair(c["surname"])
    # Names of two words each are compared by the other levels; splitting all of them would cost too much.
    longer = " OR ".join(
        (
            f"{middle_l} IS NOT NULL",
            f"{middle_r} IS NOT NULL",
            f"contains({surname_l}, ' ')",
            f"contains({surname_r}, ' ')",
        )
    )
    two = f"{given_l} IS NOT NULL AND {given_r} IS NOT NULL AND {surname_l} IS NOT NULL AND {surname_r} IS NOT NULL"
    left, right = (given_l, middle_l, surname_l), (given_r, middle_r, surname_r)
    return f"{two} AND ({longer}) AND ({_has_all(left, right)} OR {_has_all(right, left)})"


def _has_all(whole: tuple[str, str, str], part: tuple[str, str, str]) -> str:
    """The words of one whole name (given, middle, surname) are among the other's.

    A name that is one word is looked for first: most pairs lack one, and are spared the splitting.
    """
    text = f"concat_ws(' ', {', '.join(whole)})"
    given, _, surname = part
    found = " AND ".join(f"(contains({text}, {name}) OR contains({name}, ' '))" for name in (given, surname))
    return f"({found} AND list_has_all({_whole(*whole)}, {_whole(*part)}))"


def given_name(c: Columns) -> tuple[Level, ...]:
    """Given names: the same, a short form, a slip, an initial, another name of the person."""
    (l, r), (root_l, root_r), (other_l, other_r) = pair(c["given"]), pair(c["root"]), pair(c["surname"])
    middle_l, middle_r = pair(c["middle"])
    return (
        # Names told in the other order are counted once, by the surname.
        Level(
            UNKNOWN,
            "a given name is missing, or the surname tells that the two are exchanged",
            f"{l} IS NULL OR {r} IS NULL OR coalesce({l} <> {r} AND {l} = {other_r} AND {r} = {other_l}, FALSE)",
        ),
        at_home(c, "same given name in one house", f"{l} = {r}"),
        Level("exact", "same given name", f"{l} = {r}", rarity=1.0),
        Level("nickname", "one is a short form of the other", f"{root_l} = {root_r}", rarity=0.5, rare="root"),
        Level(
            "near",
            "one letter differs",
            f"length({l}) > 3 AND length({r}) > 3 AND {one_off(l, r)}",
            rarity=0.5,
        ),
        Level(
            "initial",
            "an initial that fits",
            f"((length({l}) = 1 OR length({r}) = 1) AND left({l}, 1) = left({r}, 1)) "
            f"OR {l} = left({r}, 1) || left({middle_r}, 1) OR {r} = left({l}, 1) || left({middle_l}, 1)",
        ),
        Level(
            "swapped",
            "the given name of one is the surname of the other",
            f"{l} = {other_r} OR {r} = {other_l}",
            rarity=0.5,
            rare="surname",
        ),
        Level(
            "middle",
            "the given name of one is the middle name of the other",
            f"length({l}) > 1 AND length({r}) > 1 AND ({l} = {middle_r} OR {r} = {middle_l})",
        ),
        Level(
            "contained",
            "the whole name of one is part of the other's, or written as one word",
            f"({_contained(c)}) OR {l} || {middle_l} = {r} OR {r} || {middle_r} = {l}",
        ),
        Level("similar", "two letters differ", _two_off(l, r)),
        Level("different", "different given names", "ELSE"),
    )


def surname(c: Columns) -> tuple[Level, ...]:
    """Surnames: the same, a slip, a part, a former one, or told as the given name."""
    (l, r), (given_l, given_r) = pair(c["surname"]), pair(c["given"])
    (middle_l, middle_r), (code_l, code_r) = pair(c["middle"]), pair(c["code"])
    return (
        Level(UNKNOWN, "a surname is missing", f"{l} IS NULL OR {r} IS NULL"),
        at_home(
            c,
            "same surname in one house, or with a slip where the given names are others",
            f"({l} = {r} OR ({given_l} <> {given_r} AND length({l}) > 3 AND length({r}) > 3 AND {one_off(l, r)}))",
        ),
        Level("exact", "same surname", f"{l} = {r}", rarity=1.0),
        Level(
            "near",
            "one letter differs",
            f"length({l}) > 3 AND length({r}) > 3 AND {one_off(l, r)}",
            rarity=0.5,
        ),
        Level(
            "part",
            "one surname is part of the other",
            f"contains(' ' || {l} || ' ', ' ' || {r} || ' ') OR contains(' ' || {r} || ' ', ' ' || {l} || ' ')",
        ),
        Level("exchanged", "given name and surname are exchanged", f"{l} = {given_r} AND {r} = {given_l}"),
        Level("swapped", "the surname of one is the given name of the other", f"{l} = {given_r} OR {r} = {given_l}"),
        Level(
            "former",
            "the surname of one is the middle name of the other, as after a marriage",
            f"length({l}) > 1 AND length({r}) > 1 AND ({l} = {middle_r} OR {r} = {middle_l})",
        ),
        Level("contained", "the whole name of one is part of the other's", _contained(c)),
        Level(
            "joined",
            "given name and surname of one are the other's, written as one word",
            f"(({given_l} IS NULL AND {one_off(l, f'{given_r} || {r}')}) OR ({given_r} IS NULL AND {one_off(r, f'{given_l} || {l}')}))",
        ),
        Level("similar", "two letters differ, or it sounds the same", f"{code_l} = {code_r} OR {_two_off(l, r)}"),
        Level("different", "different surnames", "ELSE"),
    )


def middle_name(c: Columns) -> tuple[Level, ...]:
    """Middle names and initials."""
    l, r = pair(c["middle"])
    return (
        Level(UNKNOWN, "a middle name is missing", f"{l} IS NULL OR {r} IS NULL"),
        Level("exact", "same middle name", f"{l} = {r} AND length({l}) > 1"),
        Level(
            "near",
            "one or two letters differ",
            f"length({l}) > 3 AND length({r}) > 3 AND ({one_off(l, r)} OR {_two_off(l, r)})",
        ),
        Level(
            "initial",
            "an initial that fits",
            f"(length({l}) = 1 OR length({r}) = 1) AND left({l}, 1) = left({r}, 1)",
        ),
        Level(
            "part",
            "all middle names of one are among the other's",
            f"(contains({l}, ' ') OR contains({r}, ' ')) AND (list_has_all(string_split({l}, ' '), string_split({r}, ' ')) "
            f"OR list_has_all(string_split({r}, ' '), string_split({l}, ' ')))",
        ),
        Level("different", "different middle names", "ELSE"),
    )


def generation(c: Columns) -> tuple[Level, ...]:
    """Suffixes that count generations; an I behind a given name may be the first of them as well as an initial."""
    (l, r), (middle_l, middle_r) = pair(c["value"]), pair(c["middle"])

    def first(suffix: str, middle: str, other_suffix: str, other_middle: str) -> str:
        return f"({suffix} IS NULL AND {middle} = 'i' AND {other_middle} IS NULL AND {other_suffix} IN ('ii', 'iii', 'iv', 'v'))"

    first_of_more = f"coalesce({first(l, middle_l, r, middle_r)} OR {first(r, middle_r, l, middle_l)}, FALSE)"
    return (
        Level(UNKNOWN, "a side does not say", f"({l} IS NULL OR {r} IS NULL) AND NOT {first_of_more}"),
        Level("exact", "the same", f"{l} = {r}"),
        Level("different", "different, or an I on its own against a II or a later one", "ELSE"),
    )


def sex(c: Columns) -> tuple[Level, ...]:
    """Sex as recorded; where the given names agree it is the same for namesakes too, so it tells nothing more."""
    (l, r), (root_l, root_r) = pair(c["value"]), pair(c["root"])
    return (
        Level(
            UNKNOWN,
            "a side does not say, or the given names agree already",
            f"{l} IS NULL OR {r} IS NULL OR coalesce({root_l} = {root_r}, FALSE)",
        ),
        Level("exact", "the same", f"{l} = {r}"),
        Level("different", "different", "ELSE"),
    )


def birth_date(c: Columns) -> tuple[Level, ...]:
    """Birth dates: by their parts, their digits, and how far apart."""
    (l, r), (alt_l, alt_r), (year_l, year_r) = pair(c["date"]), pair(c["alternative"]), pair(c["year"])
    text_l, text_r = f"strftime({l}, '%Y%m%d')", f"strftime({r}, '%Y%m%d')"
    two_parts = (
        f"(CAST(year({l}) = year({r}) AS INTEGER) + CAST(month({l}) = month({r}) AS INTEGER) "
        f"+ CAST(day({l}) = day({r}) AS INTEGER)) >= 2"
    )
    # Where only the year is known, people write the first of January: day and month then say nothing.
    first_l, first_r = (f"(month({side}) = 1 AND day({side}) = 1)" for side in (l, r))
    by_year = f"({first_l} AND {first_r})"
    return (
        Level(
            UNKNOWN,
            "a birth date is missing",
            f"({l} IS NULL OR {r} IS NULL) AND ({year_l} IS NULL OR {year_r} IS NULL)",
        ),
        at_home(c, "same birth date in one house, as of twins", f"{l} = {r}"),
        Level("exact", "same birth date", f"{l} = {r}", rarity=1.0),
        Level(
            "swapped",
            "day and month are swapped or can be read either way",
            f"{alt_l} = {r} OR {l} = {alt_r} OR "
            f"(year({l}) = year({r}) AND month({l}) = day({r}) AND day({l}) = month({r}))",
        ),
        # One digit lies in one part: comparing the parts first spares most pairs the text.
        Level(
            "near",
            "one digit differs, or two neighbours are swapped",
            f"NOT {by_year} AND {two_parts} AND damerau_levenshtein({text_l}, {text_r}) <= 1",
        ),
        Level("partial", "two of day, month and year are the same", f"NOT {by_year} AND {two_parts}"),
        Level("year", "same birth year", f"{year_l} = {year_r}"),
        Level(
            "digit",
            "both on 1 January, the years differ in one digit",
            f"{by_year} AND damerau_levenshtein({text_l}, {text_r}) <= 1",
        ),
        Level("generation", "born fifteen years apart or more", f"abs({year_l} - {year_r}) >= 15"),
        Level("different", "different birth dates", "ELSE"),
    )


def other_names(c: Columns) -> tuple[Level, ...]:
    """Other names: a name of one record that is another name of the other."""
    (given_l, given_r), (sur_l, sur_r) = pair(c["given"]), pair(c["surname"])
    (other_l, other_r) = pair(c["others"])
    full_l, full_r = f"(coalesce({given_l} || ' ', '') || {sur_l})", f"(coalesce({given_r} || ' ', '') || {sur_r})"
    shared = (
        f"(coalesce(list_contains({other_l}, {full_r}), FALSE) OR coalesce(list_contains({other_r}, {full_l}), FALSE) "
        f"OR coalesce(list_has_any({other_l}, {other_r}), FALSE))"
    )
    return (
        # Where the names agree, a full name told a second time tells nothing new; nor does an alias that nobody answers.
        Level(
            UNKNOWN,
            "the other names of one side at most are told, or the names agree already",
            # (That neither tells any comes first, being cheap and the most common.)
            f"({other_l} IS NULL AND {other_r} IS NULL) OR ({given_l} = {given_r} AND {sur_l} = {sur_r}) "
            f"OR (({other_l} IS NULL OR {other_r} IS NULL) AND NOT {shared})",
        ),
        Level("shared", "a name of one is another name of the other", shared),
        Level(
            "near",
            "names in another script of similar spelling",
            f"len(list_filter({other_l}, lambda x: len(list_filter({other_r}, lambda y: "
            "length(x) > 3 AND NOT regexp_matches(x, '[a-z]') AND jaro_winkler_similarity(x, y) >= 0.93)) > 0)) > 0",
        ),
        Level("different", "no other name in common", "ELSE"),
    )
