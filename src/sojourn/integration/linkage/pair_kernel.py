"""Pairs of records compared and scored, compiled.

A pair's pattern is the level of each field, four bits each. Its score is the sum of the fields' weights: for
each field, level and relation of the two origins (unknown, others, the same) a weight, and where the level
says that a value agrees, how rare that value is. Fields are looked at from the cheapest to the dearest; a
pair that can no longer reach the least score is left.

The likeness of two names is kept where it was found before, because names repeat.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.comparison_kernel import (
    CLOSE,
    EXACT,
    FIRST,
    PART,
    SKELETON,
    SOUND,
    SWAPPED,
    WORD,
    WORDS,
    WORDS_END,
    Filters,
    Likeness,
    Texts,
    date_level,
    encoded_level,
    name_level,
    number_level,
)
from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled_lean

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
PAIRS_AT_ONCE = 1 << 20
_NAME, _DATE, _CODE, _NUMBER, _ENCODED = 0, 1, 2, 3, 4
Patterns = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.int32]]
Table = np.ndarray[tuple[int, int, int], np.dtype[np.float32]]


class Compared(NamedTuple):
    """What the kernels read of the records: arrays of `Encoded` and of its `Words`.

    Records that share a number of `apart` are no pair, unless within one source too is asked for.
    `order` lists the fields from the cheapest to the dearest; `swaps` the field that each is swapped with,
    or -1; `origin` is the field of codes inside which names are rare or common, or -1.
    """

    codes: Matrix
    bits: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    bits_within: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    apart: Spans
    kinds: npt.NDArray[np.int8]
    order: npt.NDArray[np.int64]
    swaps: npt.NDArray[np.int64]
    origin: int
    texts: Texts
    words: Spans
    word_at: Matrix
    word_bits: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    plain: Bytes
    sound: Bytes
    likeness: Likeness
    filters: Filters


class Weights(NamedTuple):
    """`weight[field, level, origins]`, and with `rare` how much of a value's bits is added to it.

    `most[place]` is the most that the fields from a place of the order on can add.
    """

    weight: Table
    rare: Table
    most: Scores


@compiled_lean
def _level(records: Compared, field: int, other_field: int, one: int, other: int) -> int:
    """The level of a field of one record and a field of the other, both of one kind."""
    value, value2 = records.codes[one, field], records.codes[other, other_field]
    if value < 0 or value2 < 0:
        return 0
    kind = records.kinds[field]
    if kind == _CODE:
        return 2 if value == value2 else 1
    if kind == _DATE:
        return date_level(value, value2)
    if kind == _ENCODED:
        return encoded_level(value, value2, records.filters)
    if kind == _NUMBER:
        return number_level(value, value2, records.texts, records.plain)
    return name_level(value, value2, records.texts, records.words, records.sound, records.likeness)


@compiled_lean
def _swap(
    records: Compared,
    field: int,
    with_field: int,
    one: int,
    other: int,
    levels: npt.NDArray[np.int64],
) -> None:
    """Where two names agree only crosswise, the first is `SWAPPED` and the second as it agrees crosswise."""
    if levels[field] > FIRST or levels[with_field] > FIRST:
        return
    here = _level(records, field, with_field, one, other)
    there = _level(records, with_field, field, one, other)
    if min(here, there) >= CLOSE and max(here, there) >= PART:
        levels[field] = SWAPPED
        levels[with_field] = min(here, there)


@compiled_lean
def _origins(records: Compared, one: int, other: int) -> int:
    """Whether two records are of the same origin (2), of others (1), or one is unknown (0)."""
    if records.origin < 0:
        return 0
    value, value2 = records.codes[one, records.origin], records.codes[other, records.origin]
    if value < 0 or value2 < 0:
        return 0
    return 2 if value == value2 else 1


@compiled_lean
def _shared_bits(records: Compared, field: int, one: int, other: int, origins: int) -> float:
    """How rare the rarest word is that two names share, among records of their origin where it is one."""
    most = np.float32(0.0)
    texts = records.texts
    within = 1 if origins == 2 else 0
    text, text2 = records.codes[one, field], records.codes[other, field]
    first, first2 = records.word_at[one, field], records.word_at[other, field]
    start, start2 = texts[text, WORDS], texts[text2, WORDS]
    for at in range(texts[text, WORDS_END] - start):
        for there in range(texts[text2, WORDS_END] - start2):
            if records.words[start + at] == records.words[start2 + there]:
                bits = min(records.word_bits[first + at, within], records.word_bits[first2 + there, within])
                most = max(most, bits)
                break
    return float(most)


@compiled_lean
def rarity_of(records: Compared, field: int, level: int, one: int, other: int, origins: int) -> float:
    """How many bits tell that two records agree on this value and not on another."""
    kind = records.kinds[field]
    if kind == _NAME:
        if level in (WORD, FIRST, PART):
            return _shared_bits(records, field, one, other, origins)
        if level not in (SKELETON, SOUND, EXACT):
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


@compiled_lean
def levels_of(
    records: Compared,
    one: int,
    other: int,
    levels: npt.NDArray[np.int64],
) -> int:
    """Fill in the level of every field of a pair; the relation of their origins is returned."""
    for field in range(len(levels)):
        levels[field] = _level(records, field, field, one, other)
    for field in range(len(levels)):
        if records.swaps[field] >= 0:
            _swap(records, field, records.swaps[field], one, other, levels)
    return _origins(records, one, other)


@compiled_lean
def _packed(levels: npt.NDArray[np.int64], origins: int) -> int:
    found = origins
    for field in range(len(levels)):
        found |= levels[field] << (4 * field + 2)
    return found


def listed_patterns(
    records: Compared, ones: Integers, others: Integers
) -> tuple[Patterns, np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    """The pattern of each listed pair, its lowest two bits the relation of origins, and each field's bits."""
    found = np.empty(len(ones), dtype=np.int64)
    bits = np.zeros((len(ones), len(records.kinds)), dtype=np.float32)
    _listed_patterns(records, ones, others, np.zeros(len(records.kinds), dtype=np.int64), found, bits)
    return found, bits


@compiled_lean
def _listed_patterns(
    records: Compared,
    ones: Integers,
    others: Integers,
    levels: npt.NDArray[np.int64],
    found: Patterns,
    bits: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> None:
    """Fill in patterns and bits."""
    for pair in range(len(ones)):
        one, other = ones[pair], others[pair]
        origins = levels_of(records, one, other, levels)
        found[pair] = _packed(levels, origins)
        for field in range(len(levels)):
            bits[pair, field] = rarity_of(records, field, levels[field], one, other, origins)


def blocked_patterns(
    records: Compared, members: Spans, starts: Integers, dedupe: bool, size: int
) -> Patterns:
    """The pattern of every pair in blocks, at most `size` of them."""
    found = np.empty(size, dtype=np.int64)
    levels = np.zeros(len(records.kinds), dtype=np.int64)
    return found[: _blocked_patterns(records, members, starts, dedupe, levels, found)]


@compiled_lean
def _blocked_patterns(
    records: Compared,
    members: Spans,
    starts: Integers,
    dedupe: bool,
    levels: npt.NDArray[np.int64],
    found: Patterns,
) -> int:
    """Fill in the patterns; how many they are is returned."""
    made = 0
    for block in range(len(starts) - 1):
        for here in range(starts[block], starts[block + 1]):
            for there in range(here + 1, starts[block + 1]):
                one, other = members[here], members[there]
                is_apart = records.apart[one] == records.apart[other]
                if made == len(found) or one == other or (not dedupe and is_apart):
                    continue
                origins = levels_of(records, one, other, levels)
                found[made] = _packed(levels, origins)
                made += 1
    return made


@compiled_lean
def _score(
    records: Compared,
    weights: Weights,
    one: int,
    other: int,
    least: float,
    levels: npt.NDArray[np.int64],
) -> float:
    """The score of a pair, or less than `least` where it cannot reach that."""
    origins = _origins(records, one, other)
    total = 0.0
    for place in range(len(records.order)):
        if total + weights.most[place] < least:
            return -1e9
        field = records.order[place]
        found = _level(records, field, field, one, other)
        levels[field] = found
        if records.swaps[field] >= 0:
            partner = records.swaps[field]
            levels[partner] = _level(records, partner, partner, one, other)
            _swap(records, field, partner, one, other, levels)
            total += _weight(records, weights, partner, levels[partner], one, other, origins)
            found = levels[field]
        total += _weight(records, weights, field, found, one, other, origins)
    return total


@compiled_lean
def _weight(
    records: Compared, weights: Weights, field: int, level: int, one: int, other: int, origins: int
) -> float:
    found = float(weights.weight[field, level, origins])
    share = weights.rare[field, level, origins]
    if share > 0.0:
        found += share * rarity_of(records, field, level, one, other, origins)
    return found


def scored(
    records: Compared, weights: Weights, members: Spans, starts: Integers, dedupe: bool, least: float
) -> tuple[Spans, Spans, Scores]:
    """Every pair in blocks that scores at least `least`: its records, the lower first, and its score."""
    sizes = np.diff(starts)
    ends = np.cumsum(sizes * (sizes - 1) // 2)
    found = [(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))]
    levels = np.zeros(len(records.kinds), dtype=np.int64)
    block = 0
    while block < len(sizes):
        before = int(ends[block - 1]) if block else 0
        until = max(int(np.searchsorted(ends, before + PAIRS_AT_ONCE, side="right")), block + 1)
        room = int(ends[until - 1]) - before
        ones, others = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        scores = np.empty(room, dtype=np.float32)
        made = _scored(
            records, weights, members, starts[block : until + 1], dedupe, least, levels, ones, others, scores
        )
        found.append((ones[:made].copy(), others[:made].copy(), scores[:made].copy()))
        block = until
    ones, others, scores = (np.concatenate(column) for column in zip(*found, strict=True))
    return ones, others, scores


@compiled_lean
def _scored(
    records: Compared,
    weights: Weights,
    members: Spans,
    starts: Integers,
    dedupe: bool,
    least: float,
    levels: npt.NDArray[np.int64],
    ones: Spans,
    others: Spans,
    scores: Scores,
) -> int:
    """Fill in the pairs that score at least `least`; how many they are is returned."""
    made = 0
    for block in range(len(starts) - 1):
        for here in range(starts[block], starts[block + 1]):
            for there in range(here + 1, starts[block + 1]):
                one, other = members[here], members[there]
                if one == other or (not dedupe and records.apart[one] == records.apart[other]):
                    continue
                low, high = min(one, other), max(one, other)
                found = _score(records, weights, low, high, least, levels)
                if found >= least:
                    ones[made], others[made], scores[made] = low, high, found
                    made += 1
    return made


def parts_of_score(
    records: Compared, weights: Weights, one: int, other: int
) -> tuple[Integers, npt.NDArray[np.float64]]:
    """The level of each field of one pair, and what it adds to the score."""
    levels = np.zeros(len(records.kinds), dtype=np.int64)
    parts = np.zeros(len(levels), dtype=np.float64)
    _parts(records, weights, one, other, levels, parts)
    return levels, parts


@compiled_lean
def _parts(
    records: Compared,
    weights: Weights,
    one: int,
    other: int,
    levels: npt.NDArray[np.int64],
    parts: npt.NDArray[np.float64],
) -> None:
    """Fill in levels and parts."""
    origins = levels_of(records, one, other, levels)
    for field in range(len(levels)):
        parts[field] = _weight(records, weights, field, levels[field], one, other, origins)
