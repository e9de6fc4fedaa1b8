"""`m`, and of each rule's pairs the share that is one person: expectation and maximisation without labels.

Pairs that share a rule's keys agree on other things too, though they are not one person: who bears a rare
surname comes from where it is common. Where persons stand in a source once, the pairs of two records of one
source that share the keys show this: hardly one of them is one person. What is found among them is held
against what random pairs of one source agree on, and of two, since two sources write names in two ways; so
each rule gets its own chance agreements, and what is left over is what records of one person agree on.

Source: Fellegi and Sunter (1969); Winkler (1988) for expectation and maximisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.chance import MOST_LEVELS, ORIGINS, Numbers, Sample, Shares, levels_of_field

__all__ = ["FLOOR", "Chance", "maximised"]

FLOOR = 1e-6
ROUNDS = 200
# How many pairs the shares among random pairs count for, beside those of a rule.
RANDOM_WEIGHT = 200.0
# What part of pairs is taken to be one person before anything is learned: of two sources, and of one.
FIRST_SHARE, FIRST_SHARE_WITHIN = 0.1, 0.02
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Chance:
    """Shares of levels among random pairs, `[field, level, origins]`: of those linked, and of one source.

    `origin` is the field whose levels say how origins relate, or -1. `origins[rule, level]`, where it is
    given, are the shares of that field's levels among pairs that agree on a rule's keys by chance.
    """

    linked: Shares
    within: Shares
    origin: int
    origins: Shares | None = None

    def of_rules(self, rules: int) -> Shares:
        """The shares within one source as each rule begins with them, `[rule, field, level, origins]`."""
        found = np.repeat(self.within[None], rules, axis=0)
        if self.origins is not None and self.origin >= 0:
            found[:, self.origin] = self.origins[:, :, None]
        return found


class _Pairs:
    """The samples of all rules in one list, each pattern with its rule, and which fields say something."""

    def __init__(self, samples: Sequence[Sample], free: Flags) -> None:
        self.rules = len(samples)
        patterns = np.concatenate([sample.patterns for sample in samples])
        self.counts = np.concatenate([sample.counts for sample in samples]).astype(np.float64)
        self.rule = np.repeat(np.arange(self.rules), [len(sample.patterns) for sample in samples])
        self.origins = patterns & 3
        self.levels: list[Numbers] = [levels_of_field(patterns, field) for field in range(free.shape[1])]
        self.used = [free[self.rule, field] & (level > 0) for field, level in enumerate(self.levels)]
        self.totals = np.bincount(self.rule, weights=self.counts, minlength=self.rules)

    def one_person(self, m: Shares, chance: Shares, shares: Shares) -> Shares:
        """How many pairs of each pattern are one person, by `chance[rule, field, level, origins]`."""
        odds = np.log(shares / (1.0 - shares))[self.rule]
        for field, level in enumerate(self.levels):
            likely = np.log(np.maximum(m[field], FLOOR))[level]
            by_chance = np.log(np.maximum(chance[self.rule, field, level, self.origins], FLOOR))
            odds += np.where(self.used[field], likely - by_chance, 0.0)
        found: Shares = self.counts / (1.0 + np.exp(-np.clip(odds, -500, 500)))
        return found

    def shares(self, one_person: Shares) -> Shares:
        """Of each rule's pairs the part that is one person."""
        of_rule = np.bincount(self.rule, weights=one_person, minlength=self.rules).astype(np.float64)
        found: Shares = np.clip(of_rule / np.maximum(self.totals, 1), 1e-6, 1 - 1e-6)
        return found

    def levels_of(self, field: int, weights: Shares) -> Shares:
        """The weight of each level of a field; the missing one has none."""
        used = weights * self.used[field]
        found: Shares = np.bincount(self.levels[field], weights=used, minlength=MOST_LEVELS).astype(
            np.float64
        )
        found[0] = 0.0
        return found

    def levels_by_rule(self, field: int, weights: Shares) -> Shares:
        """The weight of each level by rule and relation of origins."""
        cell = (self.rule * MOST_LEVELS + self.levels[field]) * ORIGINS + self.origins
        shape = (self.rules, MOST_LEVELS, ORIGINS)
        counted = np.bincount(cell, weights=weights * self.used[field], minlength=int(np.prod(shape)))
        by_rule: Shares = counted.astype(np.float64).reshape(shape)
        by_rule[:, 0] = 0.0
        return by_rule


def maximised(
    samples: Sequence[Sample], within: Sequence[Sample], free: Flags, chance: Chance, guess: Shares
) -> tuple[Shares, Shares]:
    """`m[field, level]`, and of each rule's pairs the share that is one person.

    `samples` has of each rule pairs that may be linked, `within` pairs of one source, none where records of
    one source are linked too; `free[rule, field]` says where a rule leaves open whether a field agrees.
    `guess` is where `m` begins.
    """
    between, inside = _Pairs(samples, free), _Pairs(within, free)
    lift = np.where(chance.within > 0, chance.linked / np.maximum(chance.within, FLOOR**2), 1.0)
    own = start = chance.of_rules(between.rules)
    shares = np.full(between.rules, FIRST_SHARE)
    shares_within = np.full(between.rules, FIRST_SHARE_WITHIN)
    m = guess
    for _ in range(ROUNDS):
        one_person = between.one_person(m, _sum_to_one(own * lift), shares)
        one_person_within = inside.one_person(m, own, shares_within)
        shares, shares_within = between.shares(one_person), inside.shares(one_person_within)
        # A level that was never seen keeps a little of the first guess.
        before, m = m, np.stack([between.levels_of(f, one_person) + guess[f] for f in range(len(guess))])
        m /= m.sum(axis=1, keepdims=True)
        own = _chance_by_rule(inside, inside.counts - one_person_within, chance.origin, start)
        if np.abs(m - before).max() < 1e-5:
            break
    return m, shares


def _sum_to_one(shares: Shares) -> Shares:
    """Shares of levels, `[rule, field, level, origins]`, that add up to one but for the missing level."""
    found = shares.copy()
    found[:, :, 0] = 0.0
    found /= np.maximum(found.sum(axis=2, keepdims=True), FLOOR**2)
    return found


def _chance_by_rule(inside: _Pairs, others: Shares, origin: int, start: Shares) -> Shares:
    """The shares of levels among each rule's pairs of one source that are not one person."""
    found = []
    for field in range(start.shape[1]):
        counted = inside.levels_by_rule(field, others)
        if field == origin:
            # This field's level is itself the relation of origins.
            counted = np.repeat(counted.sum(axis=2, keepdims=True), ORIGINS, axis=2)
        found.append(counted + RANDOM_WEIGHT * start[:, field])
    return _sum_to_one(np.stack(found, axis=1))
