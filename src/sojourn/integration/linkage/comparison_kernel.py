"""Two records compared, compiled: how much two names, dates, numbers or codes agree.

Levels are small numbers; 0 says that one side is missing. Names and texts: `EXACT` the same letters,
`SOUND` the same words by sound in any order, or one when joined, `SKELETON` the same but for vowels; `PART`
the words of one are all among those of the other and the first is the same, or one is the other cut short;
`CLOSE` a slip of the finger apart; `FIRST` the first word shared and another not, `WORD` another word shared;
`LIKE` half alike; `OTHER`. A surname that stands among the given names of the other, and the other way
round, is `SWAPPED`. Likeness of letters is that of Jaro and Winkler.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled, compiled_lean

__all__ = [
    "CLOSE", "DATE_LEVELS", "ENCODED_LEVELS", "ENCODED_LIKENESS", "EXACT", "FIRST", "LIKE", "NAME_LEVELS",
    "NUMBER_LEVELS", "OTHER", "PART", "SAME_YEAR", "SKELETON", "SOUND", "SWAPPED", "WORD", "date_level",
    "dice", "encoded_level", "jaro_winkler", "name_level", "number_level", "slips",
]  # fmt: skip

NONE, OTHER, LIKE, WORD, FIRST, CLOSE, PART, SKELETON, SOUND, EXACT, SWAPPED = range(11)
NAME_LEVELS = (
    "missing", "other", "like", "word", "first", "close", "part", "skeleton", "sound", "exact", "swapped",
)  # fmt: skip
DATE_LEVELS = (
    "missing", "other", "year beside", "year", "two parts", "slip", "year and unknown day",
    "both 1 January", "same",
)  # fmt: skip
# The lowest level at which two days are of one year.
SAME_YEAR = 3
NUMBER_LEVELS = ("missing", "other", "slip", "same")
ENCODED_LEVELS = ("missing", "other", "like", "close", "near", "same")
# The least Dice coefficients of like, close and near.
ENCODED_LIKENESS = (0.5, 0.62, 0.74)
_LIKE, _CLOSE, _NEAR = ENCODED_LIKENESS
LONGEST = 60
# The columns of the table of texts.
WORDS, WORDS_END, HEARD, HEARD_END, BAG, JOINED, LETTERS, SPOKEN, SPOKEN_JOINED, SIGNS, PLAIN = range(11)
Texts = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Filters = np.ndarray[tuple[int, int], np.dtype[np.uint64]]
REMEMBERED_BITS = 18
REMEMBERED = np.dtype([("key", np.uint64), ("likeness", np.float64)])
Likeness = np.ndarray[Any, np.dtype[np.void]]


def remembered() -> Likeness:
    """An empty memory of likenesses."""
    return np.zeros(1 << REMEMBERED_BITS, dtype=REMEMBERED)


@compiled_lean
def jaro_winkler(one: Bytes, start: int, end: int, other: Bytes, start2: int, end2: int) -> float:
    """The likeness of two texts between 0 and 1; of longer ones, of the first sixty letters.

    Source: Winkler (1990), with a tenth for each of up to four first letters that agree.
    """
    length, length2 = min(end - start, LONGEST), min(end2 - start2, LONGEST)
    if length == 0 or length2 == 0:
        return 0.0
    reach = max(max(length, length2) // 2 - 1, 0)
    taken, taken2 = np.uint64(0), np.uint64(0)
    matches = 0
    for at in range(length):
        letter = one[start + at]
        for there in range(max(at - reach, 0), min(at + reach + 1, length2)):
            bit = np.uint64(1) << np.uint64(there)
            if not taken2 & bit and other[start2 + there] == letter:
                taken |= np.uint64(1) << np.uint64(at)
                taken2 |= bit
                matches += 1
                break
    if matches == 0:
        return 0.0
    out_of_place, there = 0, 0
    for at in range(length):
        if taken & (np.uint64(1) << np.uint64(at)):
            while not taken2 & (np.uint64(1) << np.uint64(there)):
                there += 1
            out_of_place += one[start + at] != other[start2 + there]
            there += 1
    jaro = (matches / length + matches / length2 + (matches - out_of_place // 2) / matches) / 3.0
    same = 0
    while same < min(4, length, length2) and one[start + same] == other[start2 + same]:
        same += 1
    return jaro + same * 0.1 * (1.0 - jaro)


@compiled
def letter_sets(starts: Integers, data: Bytes) -> np.ndarray:
    """Of each text, which of 32 classes of letters it has once (low bits) and twice (high bits)."""
    found = np.zeros(len(starts) - 1, dtype=np.uint64)
    for text in range(len(found)):
        for at in range(starts[text], min(starts[text + 1], starts[text] + LONGEST)):
            bit = np.uint64(1) << np.uint64(data[at] & 31)
            found[text] |= bit << np.uint64(32) if found[text] & bit else bit
    return found


@compiled_lean
def _many(number: int) -> int:
    """How many bits are set."""
    bits = np.uint64(number)
    bits -= (bits >> np.uint64(1)) & np.uint64(0x5555555555555555)
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((bits * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled_lean
def dice(filters: Filters, one: int, other: int) -> float:
    """The Dice coefficient of two rows of bits: twice the bits of both by the bits of each; 0 without any."""
    common, total = 0, 0
    for word in range(filters.shape[1]):
        common += _many(filters[one, word] & filters[other, word])
        total += _many(filters[one, word]) + _many(filters[other, word])
    return 2.0 * common / total if total else 0.0


@compiled_lean
def encoded_level(one: int, other: int, filters: Filters) -> int:
    """How much two encodings agree: the same, or how alike their bits are."""
    if one == other:
        return 5
    alike = dice(filters, one, other)
    return 1 + (alike >= _LIKE) + (alike >= _CLOSE) + (alike >= _NEAR)


@compiled_lean
def _at_most_alike(length: int, length2: int, letters: int, letters2: int) -> float:
    """More than the likeness of two texts can be, by their letters alone."""
    if min(length, length2) == 0:
        return 0.0
    common = _many(letters & letters2) + min(length - _many(letters), length2 - _many(letters2))
    common = min(common, length, length2)
    jaro = (common / length + common / length2 + 1.0) / 3.0
    return jaro + 0.4 * (1.0 - jaro)


@compiled_lean
def _where(letter: int, data: Bytes, start: int, end: int) -> np.uint64:
    """The places of a text at which a letter stands, one bit each."""
    found = np.uint64(0)
    for at in range(end - start):
        if data[start + at] == letter:
            found |= np.uint64(1) << np.uint64(at)
    return found


@compiled_lean
def slips(one: Bytes, start: int, end: int, other: Bytes, start2: int, end2: int) -> int:
    """The fewest letters put in, left out, taken for another or swapped with the next; 99 for long texts.

    No letter takes part twice. Source: the optimal string alignment distance, by rows of bits (Hyyrö 2003).
    """
    length = end - start
    if length > LONGEST or end2 - start2 > LONGEST:
        return 99
    if length == 0:
        return end2 - start2
    last = np.uint64(1) << np.uint64(length - 1)
    one_bit = np.uint64(1)
    up, down, diagonal, here_before = ~np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    found = length
    for at in range(start2, end2):
        here = _where(other[at], one, start, end)
        swapped = ((~diagonal & here) << one_bit) & here_before
        diagonal = (((here & up) + up) ^ up) | here | down | swapped
        more = down | ~(diagonal | up)
        fewer = diagonal & up
        if more & last:
            found += 1
        if fewer & last:
            found -= 1
        more = (more << one_bit) | one_bit
        fewer = fewer << one_bit
        up = fewer | ~(diagonal | more)
        down = more & diagonal
        here_before = here
    return found


@compiled_lean
def shared_words(words: Spans, start: int, end: int, start2: int, end2: int) -> int:
    """How many of the first thirty words of one text stand among those of the other, each counted once."""
    shared = 0
    taken = 0
    for at in range(start, min(end, start + 30)):
        for there in range(start2, min(end2, start2 + 30)):
            if words[at] == words[there] and not taken >> (there - start2) & 1:
                taken |= 1 << (there - start2)
                shared += 1
                break
    return shared


@compiled_lean
def name_level(one: int, other: int, texts: Texts, words: Spans, sound: Bytes, known: Likeness) -> int:
    """How much two texts of the list agree as names.

    `known` keeps likenesses that were found before, `(key, likeness)` by a hash of the two texts.
    """
    if one == other:
        return EXACT
    if texts[one, BAG] == texts[other, BAG] or texts[one, JOINED] == texts[other, JOINED]:
        spoken = texts[one, SPOKEN] == texts[other, SPOKEN]
        return SOUND if spoken or texts[one, SPOKEN_JOINED] == texts[other, SPOKEN_JOINED] else SKELETON
    start, end = texts[one, WORDS], texts[one, WORDS_END]
    start2, end2 = texts[other, WORDS], texts[other, WORDS_END]
    first, last = texts[one, HEARD], texts[one, HEARD_END]
    first2, last2 = texts[other, HEARD], texts[other, HEARD_END]
    length, length2 = last - first, last2 - first2
    if length == 0 or length2 == 0:
        return OTHER
    shared = shared_words(words, start, end, start2, end2)
    same_first = words[start] == words[start2]
    if shared == min(end - start, end2 - start2) and min(length, length2) > 2:
        return PART if same_first else WORD
    most = _at_most_alike(
        min(length, LONGEST), min(length2, LONGEST), texts[one, LETTERS], texts[other, LETTERS]
    )
    alike = 0.0
    if most >= 0.82:
        if _is_cut(sound, first, first2, min(length, length2)):
            return PART
        alike = _known_likeness(one, other, sound, first, last, first2, last2, known)
    if alike >= 0.92:
        # Two names that share a word are alike by that alone: the rest must be close too.
        apart = slips(sound, first, last, sound, first2, last2) if shared > 0 else 0
        if apart <= 2:
            return CLOSE
    if shared > 0:
        return FIRST if same_first else WORD
    shorter = min(length, length2)
    if alike >= 0.82 or (shorter == 1 and sound[first] == sound[first2]):
        return LIKE
    return OTHER


@compiled_lean
def _is_cut(sound: Bytes, first: int, first2: int, length: int) -> bool:
    """Whether the shorter of two texts, of more than six letters, is how the longer begins."""
    at = 0
    while at < length and sound[first + at] == sound[first2 + at]:
        at += 1
    return at == length and length > 6


@compiled_lean
def _known_likeness(
    one: int, other: int, sound: Bytes, first: int, last: int, first2: int, last2: int, known: Likeness
) -> float:
    """The likeness of two texts, looked up where it was found before."""
    key = np.uint64(min(one, other)) << np.uint64(32) | np.uint64(max(one, other))
    slot = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - REMEMBERED_BITS)
    if known[slot].key == key:
        return float(known[slot].likeness)
    found = jaro_winkler(sound, first, last, sound, first2, last2)
    known[slot].key = key
    known[slot].likeness = found
    return found


@compiled_lean
def number_level(one: int, other: int, texts: Texts, plain: Bytes) -> int:
    """How much two texts of the list agree as numbers: the same, a slip or two apart, or others."""
    if one == other:
        return 3
    start, end = texts[one, PLAIN], texts[one + 1, PLAIN]
    start2, end2 = texts[other, PLAIN], texts[other + 1, PLAIN]
    length = min(end - start, end2 - start2)
    if length < 5 or abs((end - start) - (end2 - start2)) > 2:
        return 1
    allowed = 2 if length > 6 else 1
    common = _many(texts[one, SIGNS] & texts[other, SIGNS])
    if _many(texts[one, SIGNS]) - common > allowed and _many(texts[other, SIGNS]) - common > allowed:
        return 1
    return 2 if slips(plain, start, end, plain, start2, end2) <= allowed else 1


@compiled_lean
def _differing_digits(one: int, other: int) -> int:
    """How many of the eight digits of two days differ."""
    found = 0
    for _ in range(8):
        found += one % 10 != other % 10
        one, other = one // 10, other // 10
    return found


@compiled_lean
def date_level(one: int, other: int) -> int:
    """How much two days agree, each a number of eight digits with 00 for an unknown part."""
    year, year2 = one // 10000, other // 10000
    day, day2 = one % 10000, other % 10000
    habit = day == 101 or day % 100 == 0 or day < 100
    habit2 = day2 == 101 or day2 % 100 == 0 or day2 < 100
    # A month that stands without a day is known, unless it is the January of 1 January.
    months_differ = day > 101 and day2 > 101 and day // 100 != day2 // 100
    if year == year2 and (habit or habit2) and months_differ:
        return 3
    if habit and habit2:
        if year == year2:
            return 7
        return 2 if abs(year - year2) == 1 else 1
    if one == other:
        return 8
    if year == year2:
        if habit or habit2:
            return 6
        if day // 100 == day2 % 100 and day % 100 == day2 // 100:
            return 5
    apart = _differing_digits(one, other)
    if apart == 1 or (apart == 2 and _swapped_digits(one, other)):
        return 5
    agree = (year == year2) + (day // 100 == day2 // 100) + (day % 100 == day2 % 100)
    if agree >= 2:
        return 4
    if year == year2:
        return 3
    return 2 if abs(year - year2) == 1 else 1


@compiled_lean
def _swapped_digits(one: int, other: int) -> bool:
    """Whether two days that differ are one when two neighbouring digits change places."""
    while one % 10 == other % 10:
        one, other = one // 10, other // 10
    swapped = one % 10 == other // 10 % 10 and one // 10 % 10 == other % 10
    return swapped and one // 100 == other // 100
