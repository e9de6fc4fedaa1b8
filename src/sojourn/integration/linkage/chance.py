"""How much two records agree that are not one person: among pairs drawn at random, and among blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.blocking import Blocks
from sojourn.integration.linkage.comparison_kernel import LIKE, SAME_YEAR, SKELETON, WORD
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.pair_kernel import Compared, blocked_patterns, listed_patterns
from sojourn.integration.linkage.specification import BlockRule, Kind, Part, names_of
from sojourn.integration.linkage.words import mixed

__all__ = [
    "LEVELS",
    "MOST_LEVELS",
    "ORIGINS",
    "Of",
    "Sample",
    "by_chance",
    "levels_of_field",
    "origins_given_keys",
    "sample_of",
    "samples_of_one_source",
]

LEVELS = {Kind.NAME: 11, Kind.DATE: 9, Kind.CODE: 3, Kind.NUMBER: 4, Kind.ENCODED: 6}
MOST_LEVELS = 11
# Two origins are unknown, others, or the same.
ORIGINS = 3
RANDOM_PAIRS = 300_000
TRAINING_PAIRS = 100_000
_FLOOR = 1e-6
Shares = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


class Of(Enum):
    """Of which sources the records of a pair may be."""

    ANY = "any"
    TWO = "two"
    ONE = "one"


@dataclass(frozen=True)
class Sample:
    """Patterns of pairs that share a rule's keys, and how often each occurs."""

    patterns: Numbers
    counts: Numbers


def levels_of_field(patterns: Numbers, field: int) -> Numbers:
    """The level of a field in each pattern."""
    found: Numbers = patterns >> (4 * field + 2) & 15
    return found


def _random_pairs(records: Encoded, of: Of, rng: np.random.Generator, within: int) -> tuple[Numbers, Numbers]:
    """Pairs of two records drawn at random; of one origin where `within` is a field."""
    drawn = min(RANDOM_PAIRS, 10 * len(records) ** 2)
    one = rng.integers(0, len(records), drawn)
    if within < 0:
        other = rng.integers(0, len(records), drawn)
    else:
        origin = records.codes[:, within]
        one = one[origin[one] >= 0]
        order = np.argsort(origin, kind="stable")
        firsts = np.searchsorted(origin[order], origin[one], side="left")
        lasts = np.searchsorted(origin[order], origin[one], side="right")
        other = order[firsts + (rng.random(len(one)) * (lasts - firsts)).astype(np.int64)]
    same = records.source[one] == records.source[other]
    kept = (one != other) & ((of is Of.ANY) | (same == (of is Of.ONE)))
    return np.minimum(one, other)[kept], np.maximum(one, other)[kept]


def by_chance(records: Encoded, table: Compared, of: Of, rng: np.random.Generator) -> tuple[Shares, Shares]:
    """The share of each level among random pairs, and how rare the words are that they share.

    Both are `[field, level, origins]`; shares add up to one over the levels but that of a missing value. The
    bits of words are the logarithm of the mean of their powers of two, so that what rarity adds is, among
    pairs that agree by chance, one on average. A field that goes with another is counted among the pairs that
    do not differ on that other.
    """
    many = len(records.fields)
    counts, bits = np.zeros((many, MOST_LEVELS, ORIGINS)), np.zeros((many, MOST_LEVELS, ORIGINS))
    drawn = [_random_pairs(records, of, rng, -1)]
    if table.origin >= 0:
        drawn.append(_random_pairs(records, of, rng, table.origin))
    patterns, rare = (
        np.concatenate(part) for part in zip(*(listed_patterns(table, *pair) for pair in drawn), strict=True)
    )
    for field in range(many):
        kept = _goes_along(records, patterns, field)
        levels = levels_of_field(patterns[kept], field)
        origins, powers = patterns[kept] & 3, np.exp2(rare[kept, field].astype(np.float64))
        np.add.at(counts[field], (levels, origins), 1.0)
        np.add.at(bits[field], (levels, origins), powers)
        bits[field] = np.log2(np.maximum(bits[field] / np.maximum(counts[field], 1), 1.0))
    if table.origin >= 0:
        only_random = levels_of_field(patterns[: len(drawn[0][0])], table.origin)
        counts[table.origin] = np.bincount(only_random, minlength=MOST_LEVELS)[:, None]
    return _shares(records, counts), bits


def _goes_along(records: Encoded, patterns: Numbers, field: int) -> npt.NDArray[np.bool_]:
    """Which pairs do not differ on the field that a field goes with."""
    names = [described.name for described in records.fields]
    beside = records.fields[field].goes_with
    if beside not in names:
        return np.ones(len(patterns), dtype=bool)
    agrees: npt.NDArray[np.bool_] = levels_of_field(patterns, names.index(beside)) != 1
    return agrees


def _shares(records: Encoded, counts: Shares) -> Shares:
    """Counts of levels as shares; where few pairs of some origins were seen, those of all origins."""
    pooled = counts.sum(axis=2, keepdims=True)
    for field, described in enumerate(records.fields):
        levels = LEVELS[described.kind]
        enough = counts[field, 1:levels].sum(axis=0) > 1_000
        counts[field, :, ~enough] = pooled[field, :, 0]
        counts[field, 1:levels] += 0.5 / levels
    counts[:, 0] = 0.0
    found: Shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), _FLOOR)
    return found


def origins_given_keys(records: Encoded, rule: BlockRule, chance: Shares, origin: int) -> Shares:
    """The shares of the levels of the origin among pairs that agree on a rule's keys by chance.

    By Bayes from `chance[field, level, origins]`: two who share a rare name are mostly of one origin, though
    they are two. The keys are taken as independent given the origins.
    """
    found = chance[origin, :, 0].copy()
    for key in rule.keys:
        for name in names_of(key, records.fields) if key.part is Part.TWO_WORDS else (key.field,):
            field = records.place(name)
            if field == origin:
                found[1] = 0.0
            else:
                lowest = _least_level(records.fields[field].kind, key.part)
                found[1:ORIGINS] *= chance[field, lowest:, 1:].sum(axis=0)
    total = float(found.sum())
    return found / total if total > 0 else chance[origin, :, 0]


def _least_level(kind: Kind, part: Part) -> int:
    """The lowest level at which two values can share a part."""
    if kind is Kind.NAME:
        whole = part in (Part.SOUNDS, Part.JOINED, Part.VALUE)
        return SKELETON if whole else LIKE if part is Part.START else WORD
    if kind is Kind.DATE and part is Part.YEAR:
        return SAME_YEAR
    return LEVELS[kind] - 1


def sample_of(table: Compared, part: Blocks, *, is_within: bool) -> Sample:
    """Some of a rule's blocks, taken in a fixed order; pairs of one source too with `is_within`."""
    order = np.argsort(mixed(part.records[part.starts[:-1]]), kind="stable")
    reached = np.cumsum(part.pairs[order])
    chosen = np.sort(order[: int(np.searchsorted(reached, TRAINING_PAIRS)) + 1])
    sizes = np.diff(part.starts)
    mask = np.zeros(len(sizes), dtype=bool)
    mask[chosen] = True
    starts = np.concatenate(([0], np.cumsum(sizes[mask]))).astype(np.int64)
    members = part.records[np.repeat(mask, sizes)]
    found = blocked_patterns(table, members, starts, is_within, 2 * TRAINING_PAIRS)
    return Sample(*np.unique(found, return_counts=True))


def samples_of_one_source(records: Encoded, table: Compared, part: Blocks) -> Sample:
    """Pairs of a rule's blocks whose two records are of one source, of each source alike."""
    found = [
        sample_of(table, own, is_within=True)
        for source in range(int(records.source.max(initial=-1)) + 1)
        if len((own := _of_source(records, part, source)).pairs)
    ]
    none = np.zeros(0, dtype=np.int64)
    return Sample(
        np.concatenate([none, *(sample.patterns for sample in found)]),
        np.concatenate([none, *(sample.counts for sample in found)]),
    )


def _of_source(records: Encoded, part: Blocks, source: int) -> Blocks:
    """The records of one source in a rule's blocks, where they give a pair."""
    sizes = np.diff(part.starts)
    own = records.source[part.records] == source
    of_block = np.repeat(np.arange(len(sizes)), sizes)[own]
    own_sizes = np.bincount(of_block, minlength=len(sizes))
    pairs = own_sizes * (own_sizes - 1) // 2
    kept = pairs > 0
    starts = np.concatenate(([0], np.cumsum(own_sizes[kept]))).astype(np.int64)
    return replace(
        part, records=part.records[own][kept[of_block]], starts=starts, pairs=pairs[kept],
        narrowed=part.narrowed[kept],
    )  # fmt: skip
