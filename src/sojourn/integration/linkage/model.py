"""How much each agreement and disagreement tells, learned from the records themselves, without labels.

The model is that of Fellegi and Sunter: of pairs that are one person, `m` is the share with each level of a
field, of other pairs `u`; a level weighs log2(m / u). `u` comes from pairs drawn at random, for pairs of one
origin, of two, and of unknown ones apart: names of one origin agree more by chance. `m` comes from pairs that
share a rule's keys: what share of them is one person is found together with `m` by expectation and
maximisation, every rule with its own share and its own chance agreements, all rules with one `m`; a field
that a rule asks to agree says nothing under that rule.

Source: Fellegi and Sunter (1969); Winkler (1988) for the estimation; the rare-value weights follow from
counting values among the records, as in Winkler (1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.blocking import Blocks, by_keys
from sojourn.integration.linkage.chance import (
    LEVELS,
    MOST_LEVELS,
    ORIGINS,
    Of,
    Sample,
    Shares,
    by_chance,
    origins_given_keys,
    sample_of,
    samples_of_one_source,
)
from sojourn.integration.linkage.comparison_kernel import (
    EXACT,
    FIRST,
    PART,
    SKELETON,
    WORD,
    Texts,
    letter_sets,
    remembered,
)
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.estimation import FLOOR, Chance, maximised
from sojourn.integration.linkage.pair_kernel import Compared, Weights
from sojourn.integration.linkage.specification import Kind, fields_of
from sojourn.integration.linkage.words import Words

__all__ = ["LEVELS", "Model", "compared", "trained", "weights_of"]


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
        records.codes, records.bits, records.bits_within, records.apart,
        np.array([field.kind for field in fields], dtype=np.int8), order, swaps,
        within[0] if within else -1, _texts(words), words.words, records.word_at,
        records.word_bits,
        words.plain, words.sound, remembered(), records.filters,
    )  # fmt: skip


def _texts(words: Words) -> Texts:
    """All that is compared of a text side by side, so that it comes from memory at once."""
    starts, heard = words.word_starts, words.sound_starts
    columns: list[npt.NDArray[Any]] = [
        starts[:-1], starts[1:], heard[:-1], heard[1:], words.bag.view(np.int64),
        words.joined.view(np.int64), words.letters.view(np.int64), words.spoken.view(np.int64),
        words.spoken_joined.view(np.int64),
        letter_sets(words.plain_starts, words.plain).view(np.int64), words.plain_starts[:-1],
    ]  # fmt: skip
    found = np.zeros((len(words) + 1, len(columns)), dtype=np.int64)
    for place, column in enumerate(columns):
        found[:-1, place] = column
    found[-1, -1] = words.plain_starts[-1]
    return found


def trained(records: Encoded, blocks: Sequence[Blocks], *, dedupe: bool, seed: int) -> Model:
    """The model of these records; the same seed gives the same model.

    Blocks of one rule that were narrowed by more keys are learned from apart: their records agree on more
    by choice, and more of them are others, since what they share is common.
    """
    if not blocks:
        return _untaught(records)
    table = compared(records)
    rng = np.random.default_rng(seed)
    raw, word_bits = by_chance(records, table, Of.ANY if dedupe else Of.TWO, rng)
    parts = [by_keys(rule) for rule in blocks]
    apart = [part for of_rule in parts for part in of_rule]
    samples = [sample_of(table, part, is_within=records.looks_within(dedupe)) for part in apart]
    if dedupe:
        within, inside = raw, [Sample(*np.zeros((2, 0), dtype=np.int64))] * len(apart)
    else:
        within, _ = by_chance(records, table, Of.ONE, rng)
        inside = [samples_of_one_source(records, table, part) for part in apart]
    asked = [fields_of(part.rule, records.fields) for part in apart]
    free = np.array([[field.name not in names for field in records.fields] for names in asked])
    origins = None
    if dedupe and table.origin >= 0:
        origins = np.array([origins_given_keys(records, part.rule, raw, table.origin) for part in apart])
    chance = Chance(raw, within, table.origin, origins)
    m, shares = maximised(samples, inside, free, chance, _first_guess(records))
    u = _without_matches(records, apart, dedupe, raw, m, shares)
    return Model(m, u, _class_shares(records, u), word_bits, _of_rules(parts, shares))


def _of_rules(parts: Sequence[Sequence[Blocks]], shares: Shares) -> Shares:
    """Of each rule's pairs the share that is one person, from the shares of its parts in their order."""
    pairs = np.array([float(part.pairs.sum()) for of_rule in parts for part in of_rule])
    rule = np.repeat(np.arange(len(parts)), [len(of_rule) for of_rule in parts])
    found: Shares = np.bincount(rule, weights=pairs * shares) / np.bincount(rule, weights=pairs)
    return found


def _untaught(records: Encoded) -> Model:
    """The first guess, where no two records share anything from which more could be learned."""
    shape = (len(records.fields), MOST_LEVELS, ORIGINS)
    u = np.zeros(shape)
    for field, described in enumerate(records.fields):
        u[field, 1 : LEVELS[described.kind]] = 1.0 / (LEVELS[described.kind] - 1)
    return Model(_first_guess(records), u, _class_shares(records, u), np.zeros(shape), np.zeros(0))


def _first_guess(records: Encoded) -> Shares:
    """Shares of levels among pairs of one person before anything is learned: agreement is likely."""
    guess = {
        Kind.NAME: (0, 0.04, 0.02, 0.01, 0.01, 0.07, 0.1, 0.05, 0.1, 0.58, 0.02),
        Kind.DATE: (0, 0.03, 0.01, 0.02, 0.05, 0.06, 0.05, 0.08, 0.7),
        Kind.CODE: (0, 0.1, 0.9),
        Kind.NUMBER: (0, 0.3, 0.05, 0.65),
        Kind.ENCODED: (0, 0.1, 0.04, 0.06, 0.1, 0.7),
    }
    found = np.zeros((len(records.fields), MOST_LEVELS))
    for field, described in enumerate(records.fields):
        found[field, : LEVELS[described.kind]] = guess[described.kind]
    return found


def _without_matches(
    records: Encoded, blocks: Sequence[Blocks], dedupe: bool, raw: Shares, m: Shares, shares: Shares
) -> Shares:
    """`u` without the few pairs of one person that are among random ones too."""
    size = float(len(records))
    everyone = size * (size - 1) / 2
    if not dedupe:
        own = np.bincount(records.source)[records.once].astype(np.float64)
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
            one_name = u[field, SKELETON : EXACT + 1]
            found[field, SKELETON : EXACT + 1] = one_name / np.maximum(one_name.sum(axis=0), FLOOR)
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
    weight = np.zeros((many, MOST_LEVELS, ORIGINS), dtype=np.float32)
    rare = np.zeros((many, MOST_LEVELS, ORIGINS), dtype=np.float32)
    for field, described in enumerate(records.fields):
        for level in range(1, LEVELS[described.kind]):
            m = np.log2(np.maximum(model.m[field, level], FLOOR))
            of_class = model.class_share[field, level]
            by_value = of_class > 0
            plain = m - np.log2(np.maximum(model.u[field, level], FLOOR))
            valued = m - np.log2(np.maximum(of_class, FLOOR))
            weight[field, level] = np.where(by_value, valued, plain)
            rare[field, level] = by_value
            if described.kind is Kind.NAME and level in (WORD, FIRST, PART):
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
