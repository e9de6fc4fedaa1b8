"""Which pairs are looked at: records that share a rule's keys, counted before any pair is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.specification import BlockKey, BlockRule, Kind, Part, names_of
from sojourn.integration.linkage.words import Keys, mixed
from sojourn.sources.reader.compiled import Integers, Spans

__all__ = ["Blocks", "blocks_of", "by_keys"]

Flags = npt.NDArray[np.bool_]
# Of how many words, in the order of their numbers, each two are keys.
MOST_WORDS = 6


@dataclass(frozen=True)
class Blocks:
    """The blocks of one rule: which records stand in each, those of one source together.

    Block `b` is `records[starts[b]:starts[b + 1]]`; `pairs[b]` how many pairs it gives. `left_out` counts
    the records whose block was too large and that lack what would have narrowed it; `worst` is a record of
    the largest block before it was narrowed and `worst_pairs` its pairs. `narrowed[b]` is how many keys of
    `rule.narrow` the block's records share besides.
    """

    rule: BlockRule
    records: Spans
    starts: Integers
    pairs: Integers
    left_out: int
    worst: int
    worst_pairs: int
    narrowed: Integers


def by_keys(blocks: Blocks) -> list[Blocks]:
    """The blocks of a rule apart by what they share: those of its keys alone, and those narrowed by more."""
    sizes = np.diff(blocks.starts)
    found = []
    for many in np.unique(blocks.narrowed).tolist():
        own = blocks.narrowed == many
        rule = BlockRule((*blocks.rule.keys, *blocks.rule.narrow[:many]), blocks.rule.narrow[many:])
        starts = np.concatenate(([0], np.cumsum(sizes[own]))).astype(np.int64)
        found.append(
            replace(
                blocks, rule=rule, records=blocks.records[np.repeat(own, sizes)], starts=starts,
                pairs=blocks.pairs[own], narrowed=blocks.narrowed[own],
            )
        )  # fmt: skip
    return found


def blocks_of(records: Encoded, rule: BlockRule, *, dedupe: bool, pairs_at_most: int) -> Blocks:
    """Every block of a rule that gives a pair; where they give too many, the largest are narrowed.

    The keys of `rule.narrow` are added to the largest blocks one by one until all give at most
    `pairs_at_most` pairs; blocks that are still too large are left out.
    """
    owner, key = _keys(records, rule.keys)
    large = _grouped(records, owner, key, dedupe)
    worst = int(np.argmax(large.pairs)) if len(large.pairs) else -1
    worst_record = int(large.records[large.starts[worst]]) if worst >= 0 else -1
    worst_pairs = int(large.pairs[worst]) if worst >= 0 else 0
    small, left_out, room = [], 0, pairs_at_most
    for narrower in (*rule.narrow, None):
        fits = large.pairs <= _largest_that_fits(large.pairs, room, last=narrower is None)
        small.append(_chosen(large, fits))
        room -= int(small[-1].pairs.sum())
        large = _chosen(large, ~fits)
        if narrower is None or not len(large.pairs):
            break
        sizes = np.diff(large.starts)
        of_block = np.repeat(np.arange(len(sizes)), sizes)
        own = _part(records, narrower)[large.records]
        stated = own != 0
        left_out += int(np.count_nonzero(~stated))
        # Set apart from the values, or block 1 with value 2 would be block 2 with value 1.
        key = mixed(of_block[stated] + (1 << 40)) ^ own[stated]
        large = _grouped(records, large.records[stated], key, dedupe)
    left_out += len(large.records)
    starts = np.concatenate([[0], np.cumsum(np.concatenate([np.diff(part.starts) for part in small]))])
    return Blocks(
        rule, np.concatenate([part.records for part in small]), starts.astype(np.int64),
        np.concatenate([part.pairs for part in small]), left_out, worst_record, worst_pairs,
        np.repeat(np.arange(len(small)), [len(part.pairs) for part in small]),
    )  # fmt: skip


def _largest_that_fits(pairs: Integers, room: int, *, last: bool) -> int:
    """The size up to which blocks are kept: all where they fit, else those that fill half of the room."""
    total = int(pairs.sum())
    if total <= room:
        return total
    sizes, counts = np.unique(pairs, return_counts=True)
    reached = np.cumsum(sizes * counts)
    fitting = int(np.searchsorted(reached, room if last else room // 2, side="right"))
    return int(sizes[fitting - 1]) if fitting else 0


@dataclass(frozen=True)
class _Grouped:
    records: Spans
    starts: Integers
    pairs: Integers


def _grouped(records: Encoded, owner: Spans, key: Keys, dedupe: bool) -> _Grouped:
    """Records with one key side by side, sorted by source and number; groups without a pair left out."""
    # One number for key and record sorts much faster than two; the few keys that meet give needless pairs.
    bits = np.uint64(max(len(records) - 1, 1).bit_length())
    packed = np.sort((key >> bits) << bits | owner.astype(np.uint64))
    key, owner = packed >> bits, (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int32)
    starts = (
        np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
    )
    bounds = np.append(starts, len(key)).astype(np.int64)
    sizes = np.diff(bounds)
    pairs = sizes * (sizes - 1) // 2
    if not dedupe and len(key):
        for source in np.flatnonzero(records.once):
            own = np.add.reduceat((records.source[owner] == source).astype(np.int64), starts)
            pairs = pairs - own * (own - 1) // 2
    found = _Grouped(owner.astype(np.int32), bounds, pairs)
    return _chosen(found, pairs > 0)


def _chosen(blocks: _Grouped, chosen: Flags) -> _Grouped:
    sizes = np.diff(blocks.starts)
    kept = np.repeat(chosen, sizes)
    starts = np.concatenate(([0], np.cumsum(sizes[chosen]))).astype(np.int64)
    return _Grouped(blocks.records[kept], starts, blocks.pairs[chosen])


def _keys(records: Encoded, parts: Sequence[BlockKey]) -> tuple[Spans, Keys]:
    """Which record has which keys: none where a part is missing, several where a part has several words."""
    owner = np.arange(len(records), dtype=np.int32)
    key = np.zeros(len(records), dtype=np.uint64)
    for number, part in enumerate(parts):
        turned = np.uint64(2 * number + 1)
        if part.part in (Part.WORD, Part.EITHER, Part.TWO_WORDS):
            at, own = _words(records, part, owner)
            owner, key = owner[at], key[at] * np.uint64(31) + own * turned
            continue
        own = _part(records, part)[owner]
        stated = own != 0
        owner = owner[stated]
        key = key[stated] * np.uint64(31) + own[stated] * turned
    return owner, mixed(key)


def _words(records: Encoded, part: BlockKey, owner: Spans) -> tuple[Integers, Keys]:
    """Each place of `owner` once for each different word of the field, or each two of them, and the words."""
    names = names_of(part, records.fields)
    packed = np.concatenate([_words_of_field(records, records.place(name), owner) for name in names])
    packed.sort()
    packed = packed[np.concatenate((np.ones(min(len(packed), 1), dtype=bool), packed[1:] != packed[:-1]))]
    at, own = (packed >> np.uint64(32)).astype(np.int64), mixed(packed & np.uint64(0xFFFFFFFF))
    return _every_two(at, own) if part.part is Part.TWO_WORDS else (at, own)


def _words_of_field(records: Encoded, place: int, owner: Spans) -> Keys:
    """Each place of `owner` with the number of each word of a field: the place in the upper half."""
    words = records.words
    value = records.codes[owner, place]
    known = np.flatnonzero(value >= 0)
    starts, ends = words.word_starts[value[known]], words.word_starts[value[known] + 1]
    many = (ends - starts).astype(np.int64)
    at = np.repeat(known, many)
    within = np.arange(len(at)) - np.repeat(np.cumsum(many) - many, many)
    number = words.words[np.repeat(starts, many) + within].astype(np.uint64)
    found: Keys = at.astype(np.uint64) << np.uint64(32) | number
    return found


def _every_two(at: Integers, own: Keys) -> tuple[Integers, Keys]:
    """Each two words of one place, in the order of their numbers, as one; none of a place with one word."""
    places, pairs = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.uint64)]
    for apart in range(1, MOST_WORDS):
        both = np.flatnonzero(at[apart:] == at[:-apart])
        places.append(at[both])
        pairs.append(mixed(own[both]) ^ own[both + apart])
    return np.concatenate(places), np.concatenate(pairs)


def _part(records: Encoded, part: BlockKey) -> Keys:
    """Each record's number for a part of a field, 0 where it lacks it."""
    place = records.place(part.field)
    value = records.codes[:, place].astype(np.int64)
    found = np.zeros(len(value), dtype=np.uint64)
    known = value >= 0
    if records.fields[place].kind is Kind.DATE:
        year, day = value // 10000, value % 10000
        vague = (day == 101) | (day % 100 == 0) | (day < 100)
        if part.part is Part.DAY:
            known &= ~vague
        elif part.part is Part.YEAR:
            value = year
        elif part.part is Part.DAY_OF_YEAR:
            known &= ~vague
            value = day
        found[known] = mixed(value[known])
        return found
    number = value[known]
    words = records.words
    if part.part is Part.SOUNDS:
        found[known] = words.bag[number]
    elif part.part is Part.JOINED:
        found[known] = words.joined[number]
    elif part.part is Part.FIRST:
        found[known] = mixed(words.first[number])
    elif part.part is Part.START:
        found[known] = words.start[number]
    else:
        found[known] = mixed(number)
    return found
