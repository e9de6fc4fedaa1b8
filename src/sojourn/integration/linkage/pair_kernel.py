"""Pairs of records compared and scored, compiled.

A pair's pattern is the level of each field, four bits each. Its score is the sum of the fields' weights: for
each field, level and relation of the two origins (unknown, others, the same) a weight, and where the level
says that a value agrees, how rare that value is. Fields are looked at from the cheapest to the dearest; a
pair that can no longer reach the least score is left.

The levels of two texts are kept in a table by the texts' numbers, because names repeat.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.comparison_kernel import (
    WORDS,
    WORDS_END,
    Filters,
    Texts,
    date_level,
    encoded_level,
    name_level,
    number_level,
)
from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled, compiled_into_callers

__all__ = [
    "ORIGINS",
    "Compared",
    "Weights",
    "blocked_patterns",
    "levels_of",
    "listed_patterns",
    "parts_of_score",
    "scored",
]

ORIGINS = ("unknown", "others", "same")
REMEMBERED = 1 << 20
_NAME, _DATE, _CODE, _NUMBER, _ENCODED = 0, 1, 2, 3, 4
Patterns = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.int32]]
Table = np.ndarray[tuple[int, int, int], np.dtype[np.float32]]


class Compared(NamedTuple):
    """What the kernels read of the records: arrays of `Encoded` and of its `Words`.

    `order` lists the fields from the cheapest to the dearest; `swaps` the field that each is swapped with,
    or -1; `origin` is the field of codes inside which names are rare or common, or -1.
    """

    codes: Matrix
    bits: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    bits_within: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    source: Spans
    kinds: npt.NDArray[np.int8]
    order: npt.NDArray[np.int64]
    swaps: npt.NDArray[np.int64]
    origin: int
    texts: Texts
    words: Spans
    word_bits: Scores
    plain: Bytes
    sound: Bytes
    filters: Filters


class Weights(NamedTuple):
    """`weight[field, level, origins]`, and with `rare` how much of a value's bits is added to it.

    `most[place]` is the most that the fields from a place of the order on can add.
    """

    weight: Table
    rare: Table
    most: Scores


@compiled_into_callers
def _text_level(
    records: Compared,
    kind: int,
    one: int,
    other: int,
    known: npt.NDArray[np.uint64],
    level: npt.NDArray[np.int8],
) -> int:
    """The level of two texts, looked up where it was found before."""
    low, high = min(one, other), max(one, other)
    key = (np.uint64(low) << np.uint64(32) | np.uint64(high)) * np.uint64(2) + np.uint64(kind == _NUMBER)
    slot = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(44)
    if known[slot] == key:
        return int(level[slot])
    if kind == _NUMBER:
        found = number_level(low, high, records.texts, records.plain)
    else:
        found = name_level(low, high, records.texts, records.words, records.sound)
    known[slot] = key
    level[slot] = found
    return found


@compiled_into_callers
def _level(
    records: Compared,
    field: int,
    one: int,
    other: int,
    known: npt.NDArray[np.uint64],
    level: npt.NDArray[np.int8],
) -> int:
    """The level of one field of two records, without a look at other fields."""
    value, value2 = records.codes[one, field], records.codes[other, field]
    if value < 0 or value2 < 0:
        return 0
    kind = records.kinds[field]
    if kind == _CODE:
        return 2 if value == value2 else 1
    if kind == _DATE:
        return date_level(value, value2)
    if kind == _ENCODED:
        return encoded_level(value, value2, records.filters)
    return _text_level(records, kind, value, value2, known, level)


@compiled_into_callers
def _crossed(
    records: Compared,
    field: int,
    other_field: int,
    one: int,
    other: int,
    known: npt.NDArray[np.uint64],
    level: npt.NDArray[np.int8],
) -> int:
    """The level of a record's field against another field of the other record."""
    value, value2 = records.codes[one, field], records.codes[other, other_field]
    if value < 0 or value2 < 0:
        return 0
    return _text_level(records, _NAME, value, value2, known, level)


@compiled_into_callers
def _swap(
    records: Compared,
    field: int,
    with_field: int,
    one: int,
    other: int,
    levels: npt.NDArray[np.int64],
    known: npt.NDArray[np.uint64],
    level: npt.NDArray[np.int8],
) -> None:
    """Where two names agree only crosswise, the first is `SWAPPED` and the second as it agrees crosswise."""
    if levels[field] > 2 or levels[with_field] > 2:
        return
    here = _crossed(records, field, with_field, one, other, known, level)
    there = _crossed(records, with_field, field, one, other, known, level)
    if min(here, there) >= 3 and max(here, there) >= 4:
        levels[field] = 7
        levels[with_field] = min(here, there)


@compiled_into_callers
def _origins(records: Compared, one: int, other: int) -> int:
    """Whether two records are of the same origin (2), of others (1), or one is unknown (0)."""
    if records.origin < 0:
        return 0
    value, value2 = records.codes[one, records.origin], records.codes[other, records.origin]
    if value < 0 or value2 < 0:
        return 0
    return 2 if value == value2 else 1


@compiled_into_callers
def _shared_bits(records: Compared, one: int, other: int) -> float:
    """How rare the rarest word is that two texts share; 0 where they share none."""
    most = np.float32(0.0)
    texts = records.texts
    for at in range(texts[one, WORDS], texts[one, WORDS_END]):
        for there in range(texts[other, WORDS], texts[other, WORDS_END]):
            if records.words[at] == records.words[there]:
                most = max(most, records.word_bits[records.words[at]])
    return float(most)


@compiled_into_callers
def rarity_of(records: Compared, field: int, level: int, one: int, other: int, origins: int) -> float:
    """How many bits tell that two records agree on this value and not on another."""
    kind = records.kinds[field]
    if kind == _NAME:
        if level in (2, 4):
            return _shared_bits(records, records.codes[one, field], records.codes[other, field])
        if level not in (5, 6):
            return 0.0
    elif (
        (kind == _DATE and level < 7)
        or (kind == _CODE and level < 2)
        or (kind == _NUMBER and level < 3)
        or (kind == _ENCODED and level < 5)
    ):
        return 0.0
    if origins == 2:
        return float(min(records.bits_within[one, field], records.bits_within[other, field]))
    return float(min(records.bits[one, field], records.bits[other, field]))


@compiled_into_callers
def levels_of(
    records: Compared,
    one: int,
    other: int,
    levels: npt.NDArray[np.int64],
    known: npt.NDArray[np.uint64],
    level: npt.NDArray[np.int8],
) -> int:
    """Fill in the level of every field of a pair; the relation of their origins is returned."""
    for field in range(len(levels)):
        levels[field] = _level(records, field, one, other, known, level)
    for field in range(len(levels)):
        if records.swaps[field] >= 0:
            _swap(records, field, records.swaps[field], one, other, levels, known, level)
    return _origins(records, one, other)


@compiled_into_callers
def _packed(levels: npt.NDArray[np.int64], origins: int) -> int:
    found = origins
    for field in range(len(levels)):
        found |= levels[field] << (4 * field + 2)
    return found


@compiled
def listed_patterns(
    records: Compared, ones: Integers, others: Integers
) -> tuple[Patterns, np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    """The pattern of each listed pair, its lowest two bits the relation of origins, and each field's bits."""
    many = len(records.kinds)
    known = np.zeros(REMEMBERED, dtype=np.uint64)
    level = np.zeros(REMEMBERED, dtype=np.int8)
    levels = np.zeros(many, dtype=np.int64)
    found = np.empty(len(ones), dtype=np.int64)
    bits = np.zeros((len(ones), many), dtype=np.float32)
    for pair in range(len(ones)):
        one, other = ones[pair], others[pair]
        origins = levels_of(records, one, other, levels, known, level)
        found[pair] = _packed(levels, origins)
        for field in range(many):
            bits[pair, field] = rarity_of(records, field, levels[field], one, other, origins)
    return found, bits


@compiled
def blocked_patterns(
    records: Compared, members: Spans, starts: Integers, dedupe: bool, size: int
) -> Patterns:
    """The pattern of every pair in blocks, at most `size` of them."""
    many = len(records.kinds)
    known = np.zeros(REMEMBERED, dtype=np.uint64)
    level = np.zeros(REMEMBERED, dtype=np.int8)
    levels = np.zeros(many, dtype=np.int64)
    found = np.empty(size, dtype=np.int64)
    made = 0
    for block in range(len(starts) - 1):
        for here in range(starts[block], starts[block + 1]):
            for there in range(here + 1, starts[block + 1]):
                one, other = members[here], members[there]
                if (
                    made == size
                    or one == other
                    or (not dedupe and records.source[one] == records.source[other])
                ):
                    continue
                origins = levels_of(records, one, other, levels, known, level)
                found[made] = _packed(levels, origins)
                made += 1
    return found[:made]


@compiled_into_callers
def _score(
    records: Compared,
    weights: Weights,
    one: int,
    other: int,
    least: float,
    levels: npt.NDArray[np.int64],
    known: npt.NDArray[np.uint64],
    level: npt.NDArray[np.int8],
) -> float:
    """The score of a pair, or less than `least` where it cannot reach that."""
    origins = _origins(records, one, other)
    total = 0.0
    for place in range(len(records.order)):
        if total + weights.most[place] < least:
            return -1e9
        field = records.order[place]
        found = _level(records, field, one, other, known, level)
        levels[field] = found
        if records.swaps[field] >= 0:
            partner = records.swaps[field]
            levels[partner] = _level(records, partner, one, other, known, level)
            _swap(records, field, partner, one, other, levels, known, level)
            total += _weight(records, weights, partner, levels[partner], one, other, origins)
            found = levels[field]
        total += _weight(records, weights, field, found, one, other, origins)
    return total


@compiled_into_callers
def _weight(
    records: Compared, weights: Weights, field: int, level: int, one: int, other: int, origins: int
) -> float:
    found = float(weights.weight[field, level, origins])
    share = weights.rare[field, level, origins]
    if share > 0.0:
        found += share * rarity_of(records, field, level, one, other, origins)
    return found


@compiled
def scored(
    records: Compared, weights: Weights, members: Spans, starts: Integers, dedupe: bool, least: float
) -> tuple[Spans, Spans, Scores]:
    """Every pair in blocks that scores at least `least`: its records, the lower first, and its score."""
    known = np.zeros(REMEMBERED, dtype=np.uint64)
    level = np.zeros(REMEMBERED, dtype=np.int8)
    levels = np.zeros(len(records.kinds), dtype=np.int64)
    room = 1 << 16
    ones, others = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    scores = np.empty(room, dtype=np.float32)
    made = 0
    for block in range(len(starts) - 1):
        for here in range(starts[block], starts[block + 1]):
            for there in range(here + 1, starts[block + 1]):
                one, other = members[here], members[there]
                if one == other or (not dedupe and records.source[one] == records.source[other]):
                    continue
                low, high = min(one, other), max(one, other)
                found = _score(records, weights, low, high, least, levels, known, level)
                if found < least:
                    continue
                if made == room:
                    room *= 2
                    ones, others = _longer_spans(ones), _longer_spans(others)
                    scores = _longer_scores(scores)
                ones[made], others[made], scores[made] = low, high, found
                made += 1
    return ones[:made].copy(), others[:made].copy(), scores[:made].copy()


@compiled
def parts_of_score(
    records: Compared, weights: Weights, one: int, other: int
) -> tuple[Integers, npt.NDArray[np.float64]]:
    """The level of each field of one pair, and what it adds to the score."""
    known = np.zeros(REMEMBERED, dtype=np.uint64)
    level = np.zeros(REMEMBERED, dtype=np.int8)
    levels = np.zeros(len(records.kinds), dtype=np.int64)
    parts = np.zeros(len(levels), dtype=np.float64)
    origins = levels_of(records, one, other, levels, known, level)
    for field in range(len(levels)):
        parts[field] = _weight(records, weights, field, levels[field], one, other, origins)
    return levels, parts


@compiled
def _longer_spans(array: Spans) -> Spans:
    longer = np.empty(2 * len(array), dtype=np.int32)
    longer[: len(array)] = array
    return longer


@compiled
def _longer_scores(array: Scores) -> Scores:
    longer = np.empty(2 * len(array), dtype=np.float32)
    longer[: len(array)] = array
    return longer
