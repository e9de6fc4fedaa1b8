"""How much each agreement and disagreement tells, learned from the records themselves, without labels.

The model is that of Fellegi and Sunter: of pairs that are one person, `m` is the share with each level of a
field, of other pairs `u`; a level weighs log2(m / u). `u` comes from pairs drawn at random, for pairs of one
origin, of two, and of unknown ones apart: names of one origin agree more by chance. `m` comes from pairs that
share a rule's keys: what share of them is one person is found together with `m` by expectation and
maximisation, every rule with its own share, all rules with one `m`; a field that a rule asks to agree says
nothing under that rule.

Source: Fellegi and Sunter (1969); Winkler (1988) for the estimation; the rare-value weights follow from
counting values among the records, as in Winkler (1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.blocking import Blocks
from sojourn.integration.linkage.comparison_kernel import Texts, letter_sets, remembered
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.pair_kernel import (
    Compared,
    Weights,
    blocked_patterns,
    listed_patterns,
)
from sojourn.integration.linkage.specification import Kind
from sojourn.integration.linkage.words import Words, mixed

__all__ = ["LEVELS", "Model", "compared", "trained", "weights_of"]

LEVELS = {Kind.NAME: 8, Kind.DATE: 9, Kind.CODE: 3, Kind.NUMBER: 4, Kind.ENCODED: 6}
MOST_LEVELS = 9
RANDOM_PAIRS = 300_000
TRAINING_PAIRS = 300_000
ROUNDS = 60
FLOOR = 1e-6
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """What was learned.

    `m[field, level]`, `u[field, level, origins]`: shares that add up to one over the levels but that of a
    missing value. `class_share[field, level, origins]` is the share of a level among the chance agreements
    on one value, `word_bits[field, level, origins]` how rare the words that others share are on average.
    `shares` is, of each rule's pairs, the part that is one person.
    """

    m: Shares
    u: Shares
    class_share: Shares
    word_bits: Shares
    shares: Shares


def compared(records: Encoded) -> Compared:
    """The records as the kernels read them."""
    fields = records.fields
    places = {field.name: place for place, field in enumerate(fields)}
    swaps = np.full(len(fields), -1, dtype=np.int64)
    for place, field in enumerate(fields):
        if field.swaps_with in places:
            swaps[place] = places[field.swaps_with]
    within = [places[field.within] for field in fields if field.within in places]
    cost = {Kind.CODE: 0, Kind.DATE: 1, Kind.ENCODED: 2, Kind.NUMBER: 3, Kind.NAME: 4}
    own = [place for place in range(len(fields)) if place not in set(swaps.tolist())]
    order = np.array(sorted(own, key=lambda place: cost[fields[place].kind]), dtype=np.int64)
    words = records.words
    return Compared(
        records.codes, records.bits, records.bits_within, records.source,
        np.array([field.kind for field in fields], dtype=np.int8), order, swaps,
        within[0] if within else -1, _texts(words), words.words, _word_bits(records),
        words.plain, words.sound, remembered(), records.filters,
    )  # fmt: skip


def _texts(words: Words) -> Texts:
    """All that is compared of a text side by side, so that it comes from memory at once."""
    starts, heard = words.word_starts, words.sound_starts
    columns: list[npt.NDArray[Any]] = [
        starts[:-1], starts[1:], heard[:-1], heard[1:], words.bag.view(np.int64),
        words.joined.view(np.int64), words.letters.view(np.int64),
        letter_sets(words.plain_starts, words.plain).view(np.int64), words.plain_starts[:-1],
    ]  # fmt: skip
    found = np.zeros((len(words) + 1, len(columns)), dtype=np.int64)
    for place, column in enumerate(columns):
        found[:-1, place] = column
    found[-1, -1] = words.plain_starts[-1]
    return found


def _word_bits(records: Encoded) -> npt.NDArray[np.float32]:
    """How rare each word is among all texts of names."""
    words = records.words
    counts = np.zeros(int(words.words.max(initial=0)) + 1)
    owner = np.repeat(np.arange(len(words)), np.diff(words.word_starts))
    names = [place for place, field in enumerate(records.fields) if field.kind is Kind.NAME]
    for place in names:
        value = records.codes[:, place]
        uses = np.bincount(value[value >= 0], minlength=len(words))
        counts += np.bincount(words.words, weights=uses[owner], minlength=len(counts))
    total = max(int(np.count_nonzero(records.codes[:, names] >= 0)), 1)
    bits: npt.NDArray[np.float32] = -np.log2(np.maximum(counts, 1.0) / total).astype(np.float32)
    return bits


def trained(records: Encoded, blocks: Sequence[Blocks], *, dedupe: bool, seed: int) -> Model:
    """The model of these records; the same seed gives the same model."""
    if not blocks:
        return _untaught(records)
    table = compared(records)
    rng = np.random.default_rng(seed)
    raw, word_bits = _by_chance(records, table, dedupe, rng)
    samples = [_sample(table, part, dedupe) for part in blocks]
    free = np.array(
        [
            [field.name not in {key.field for key in part.rule.keys} for field in records.fields]
            for part in blocks
        ]
    ).reshape(len(blocks), len(records.fields))
    first = _first_guess(records)
    m, shares = _maximised(records, samples, free, raw, first)
    u = _without_matches(records, blocks, dedupe, raw, m, shares)
    return Model(m, u, _class_shares(records, u), word_bits, shares)


def _untaught(records: Encoded) -> Model:
    """The first guess, where no two records share anything from which more could be learned."""
    shape = (len(records.fields), MOST_LEVELS, 3)
    u = np.zeros(shape)
    for field, described in enumerate(records.fields):
        u[field, 1 : LEVELS[described.kind]] = 1.0 / (LEVELS[described.kind] - 1)
    return Model(_first_guess(records), u, _class_shares(records, u), np.zeros(shape), np.zeros(0))


def _digits(patterns: npt.NDArray[np.int64], field: int) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = patterns >> (4 * field + 2) & 15
    return found


def _random_pairs(
    records: Encoded, dedupe: bool, rng: np.random.Generator, within: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
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
    kept = (one != other) & (dedupe | (records.source[one] != records.source[other]))
    return np.minimum(one, other)[kept], np.maximum(one, other)[kept]


def _by_chance(
    records: Encoded, table: Compared, dedupe: bool, rng: np.random.Generator
) -> tuple[Shares, Shares]:
    """The share of each level among random pairs, and how rare the words are that they share."""
    many = len(records.fields)
    counts, bits = np.zeros((many, MOST_LEVELS, 3)), np.zeros((many, MOST_LEVELS, 3))
    drawn = [_random_pairs(records, dedupe, rng, -1)]
    if table.origin >= 0:
        drawn.append(_random_pairs(records, dedupe, rng, table.origin))
    patterns, rare = (
        np.concatenate(part) for part in zip(*(listed_patterns(table, *pair) for pair in drawn), strict=True)
    )
    origins = patterns & 3
    for field in range(many):
        cell = _digits(patterns, field) * 3 + origins
        counts[field] = np.bincount(cell, minlength=3 * MOST_LEVELS).reshape(MOST_LEVELS, 3)
        total = np.bincount(cell, weights=rare[:, field], minlength=3 * MOST_LEVELS).reshape(MOST_LEVELS, 3)
        bits[field] = total / np.maximum(counts[field], 1)
    if table.origin >= 0:
        only_random = _digits(patterns[: len(drawn[0][0])], table.origin)
        counts[table.origin] = np.bincount(only_random, minlength=MOST_LEVELS)[:, None]
    pooled = counts.sum(axis=2, keepdims=True)
    for field, described in enumerate(records.fields):
        levels = LEVELS[described.kind]
        enough = counts[field, 1:levels].sum(axis=0) > 1_000
        counts[field, :, ~enough] = pooled[field, :, 0]
        counts[field, 1:levels] += 0.5 / levels
    counts[:, 0] = 0.0
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), FLOOR), bits


def _sample(
    table: Compared, part: Blocks, dedupe: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The patterns of some of a rule's blocks, taken in a fixed order, and how often each occurs."""
    order = np.argsort(mixed(part.records[part.starts[:-1]]), kind="stable")
    reached = np.cumsum(part.pairs[order])
    chosen = np.sort(order[: int(np.searchsorted(reached, TRAINING_PAIRS)) + 1])
    sizes = np.diff(part.starts)
    mask = np.zeros(len(sizes), dtype=bool)
    mask[chosen] = True
    starts = np.concatenate(([0], np.cumsum(sizes[mask]))).astype(np.int64)
    members = part.records[np.repeat(mask, sizes)]
    patterns, counts = np.unique(
        blocked_patterns(table, members, starts, dedupe, 2 * TRAINING_PAIRS), return_counts=True
    )
    return patterns, counts


def _first_guess(records: Encoded) -> Shares:
    """Shares of levels among pairs of one person before anything is learned: agreement is likely."""
    guess = {
        Kind.NAME: (0, 0.04, 0.04, 0.07, 0.1, 0.15, 0.58, 0.02),
        Kind.DATE: (0, 0.03, 0.01, 0.02, 0.05, 0.06, 0.05, 0.08, 0.7),
        Kind.CODE: (0, 0.1, 0.9),
        Kind.NUMBER: (0, 0.3, 0.05, 0.65),
        Kind.ENCODED: (0, 0.1, 0.04, 0.06, 0.1, 0.7),
    }
    found = np.zeros((len(records.fields), MOST_LEVELS))
    for field, described in enumerate(records.fields):
        found[field, : LEVELS[described.kind]] = guess[described.kind]
    return found


def _maximised(
    records: Encoded,
    samples: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    free: npt.NDArray[np.bool_],
    u: Shares,
    m: Shares,
) -> tuple[Shares, Shares]:
    """`m`, and of each rule's pairs the share that is one person, by expectation and maximisation."""
    patterns = np.concatenate([pattern for pattern, _ in samples])
    counts = np.concatenate([count for _, count in samples]).astype(np.float64)
    rule = np.repeat(np.arange(len(samples)), [len(pattern) for pattern, _ in samples])
    totals = np.bincount(rule, weights=counts, minlength=len(samples))
    origins = patterns & 3
    fields = range(len(records.fields))
    digits = [_digits(patterns, field) for field in fields]
    used = [free[rule, field] & (digits[field] > 0) for field in fields]
    by_chance = np.zeros(len(patterns))
    for field in fields:
        by_chance += np.where(used[field], np.log(np.maximum(u[field, digits[field], origins], FLOOR)), 0.0)
    shares = np.full(len(samples), 0.1)
    guess = m
    for _ in range(ROUNDS):
        likely = np.zeros(len(patterns))
        for field in fields:
            likely += np.where(used[field], np.log(np.maximum(m[field, digits[field]], FLOOR)), 0.0)
        prior = np.log(shares / (1.0 - shares))[rule]
        one_person = counts / (1.0 + np.exp(np.clip(by_chance - likely - prior, -500, 500)))
        shares = np.clip(
            np.bincount(rule, weights=one_person, minlength=len(samples)) / np.maximum(totals, 1),
            1e-6,
            1 - 1e-6,
        )
        before, m = m, np.zeros_like(m)
        for field in fields:
            found = np.bincount(digits[field], weights=one_person * used[field], minlength=MOST_LEVELS)[
                :MOST_LEVELS
            ]
            # A level that was never seen keeps a little of the first guess.
            found += guess[field]
            found[0] = 0.0
            m[field] = found / found.sum()
        if np.abs(m - before).max() < 1e-5:
            break
    return m, shares


def _without_matches(
    records: Encoded, blocks: Sequence[Blocks], dedupe: bool, raw: Shares, m: Shares, shares: Shares
) -> Shares:
    """`u` without the few pairs of one person that are among random ones too."""
    size = float(len(records))
    everyone = size * (size - 1) / 2
    if not dedupe:
        own = np.bincount(records.source).astype(np.float64)
        everyone -= float((own * (own - 1) / 2).sum())
    most = max(
        (float(part.pairs.sum() * share) for part, share in zip(blocks, shares, strict=True)), default=0.0
    )
    share = min(most / max(everyone, 1.0), 0.1)
    cleaned = np.maximum(raw - share * m[:, :, None], raw * 0.02)
    cleaned[:, 0] = 0.0
    found: Shares = cleaned / np.maximum(cleaned.sum(axis=1, keepdims=True), FLOOR)
    return found


def _class_shares(records: Encoded, u: Shares) -> Shares:
    """Of chance agreements on one value, the share of each level: of names, same letters or same sound."""
    found = np.zeros_like(u)
    for field, described in enumerate(records.fields):
        if described.kind is Kind.NAME:
            found[field, 5:7] = u[field, 5:7] / np.maximum(u[field, 5:7].sum(axis=0), FLOOR)
        elif described.kind is Kind.DATE:
            found[field, 7:9] = 1.0
        else:
            found[field, LEVELS[described.kind] - 1] = 1.0
    return found


def weights_of(records: Encoded, model: Model) -> Weights:
    """The weight of each field, level and relation of origins, in bits.

    Where a whole value agrees, its weight is that of the level and the value's own rarity; where only words
    agree, the rarity counts against what such words have on average.
    """
    many = len(records.fields)
    weight = np.zeros((many, MOST_LEVELS, 3), dtype=np.float32)
    rare = np.zeros((many, MOST_LEVELS, 3), dtype=np.float32)
    for field, described in enumerate(records.fields):
        for level in range(1, LEVELS[described.kind]):
            m = np.log2(np.maximum(model.m[field, level], FLOOR))
            of_class = model.class_share[field, level]
            by_value = of_class > 0
            plain = m - np.log2(np.maximum(model.u[field, level], FLOOR))
            valued = m - np.log2(np.maximum(of_class, FLOOR))
            weight[field, level] = np.where(by_value, valued, plain)
            rare[field, level] = by_value
            if described.kind is Kind.NAME and level in (2, 4):
                rare[field, level] = model.word_bits[field, level] > 0
                weight[field, level] -= model.word_bits[field, level]
    return Weights(weight, rare, _most(records, weight, rare))


def _most(
    records: Encoded, weight: npt.NDArray[np.float32], rare: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The most that the fields from each place of the order on can add."""
    table = compared(records)
    bits = np.maximum(records.bits.max(axis=0, initial=0.0), records.bits_within.max(axis=0, initial=0.0))
    bits = np.maximum(bits, np.where(table.kinds == Kind.NAME, table.word_bits.max(initial=0.0), 0.0))
    best = (weight + rare * bits[:, None, None]).max(axis=(1, 2))
    most = np.zeros(len(table.order) + 1, dtype=np.float32)
    for place in range(len(table.order) - 1, -1, -1):
        field = int(table.order[place])
        partner = int(table.swaps[field])
        most[place] = most[place + 1] + max(best[field], 0) + (max(best[partner], 0) if partner >= 0 else 0)
    return most
