"""The whole of a linkage: records in, pairs with probabilities and persons out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.assignment import (
    distinct_pairs,
    exclusive_probabilities,
    matched,
    prior_bits,
    probabilities,
    supported,
)
from sojourn.integration.linkage.blocking import Blocks, blocks_of
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.households import second_look
from sojourn.integration.linkage.model import Model, compared, trained, weights_of
from sojourn.integration.linkage.persons import Facts, grouped
from sojourn.integration.linkage.scoring import Scoring, Work, scored_here
from sojourn.integration.linkage.specification import Specification
from sojourn.sources.reader.compiled import Spans

__all__ = ["Known", "Linked", "Plan", "linked", "planned", "prior_of"]

# Pairs less likely to be one person than about once in five hundred are not kept.
KEPT_BITS = -6.0
# The score of a pair that is known to be one person.
SURE_BITS = 90.0
# What one pair takes, measured on two million records: a third of the pairs is kept.
BYTES_OF_PAIR, SECONDS_OF_PAIR, FIXED_SECONDS = 24, 2e-6, 3.0


@dataclass(frozen=True)
class Plan:
    """The work before it is done: the blocks of each rule that gives pairs, and how many they are in all.

    `memory` is about how many bytes it will take, beside the records; `seconds` how long on one processor.
    """

    blocks: tuple[Blocks, ...]
    pairs: int
    memory: int
    seconds: float


@dataclass(frozen=True)
class Known:
    """Pairs of record numbers, the lower first, of which it is known whether they are one person."""

    ones: Spans
    others: Spans
    same: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Linked:
    """Pairs of record numbers with their score in bits and probability, which of them are links, and persons.

    A pair that is known and was not looked at has no score. Links do not join what is impossible.
    `person` numbers each record's person by the first of its records; `priors` are the odds, in bits, that
    any two records of two sources are one person.
    """

    model: Model
    ones: Spans
    others: Spans
    scores: npt.NDArray[np.float32]
    probability: npt.NDArray[np.float64]
    is_link: npt.NDArray[np.bool_]
    person: Spans
    priors: npt.NDArray[np.float64]


def possible_pairs(records: Encoded, dedupe: bool) -> float:
    """How many pairs of records there are in all."""
    own = np.bincount(records.source).astype(np.float64)
    size, apart = float(own.sum()), own[records.once]
    return size * (size - 1) / 2 - (0.0 if dedupe else float((apart * (apart - 1) / 2).sum()))


def planned(records: Encoded, specification: Specification, *, dedupe: bool = False) -> Plan:
    """The blocks of every rule, before any pair is looked at."""
    room = max(int(specification.pairs_per_record * len(records)), specification.pairs_anyway)
    found = [blocks_of(records, rule, dedupe=dedupe, pairs_at_most=room) for rule in specification.rules]
    blocks = tuple(part for part in found if len(part.pairs))
    pairs = sum(int(part.pairs.sum()) for part in blocks)
    memory = sum(part.records.nbytes + part.starts.nbytes + part.pairs.nbytes for part in blocks)
    return Plan(blocks, pairs, memory + pairs * BYTES_OF_PAIR, pairs * SECONDS_OF_PAIR + FIXED_SECONDS)


def linked(
    records: Encoded,
    specification: Specification,
    plan: Plan,
    *,
    dedupe: bool = False,
    known: Known | None = None,
    facts: Facts | None = None,
    scoring: Scoring = scored_here,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Linked:
    """Find the records of one person by a plan; within one source too with `dedupe`.

    What is `known` of pairs stands, whatever their score. By `facts` nobody is put together who cannot be.
    `scoring` has the pairs scored, here or on other machines; the result is the same.
    """
    on_progress(0, 100)
    model = trained(records, plan.blocks, dedupe=dedupe, seed=specification.seed)
    on_progress(30, 100)
    pairs = possible_pairs(records, dedupe)
    ones, others, scores = distinct_pairs(
        *scoring(
            _work(records, model, plan, dedupe, pairs),
            lambda done, of: on_progress(30 + 65 * done // max(of, 1), 100),
        )
    )
    ones, others, scores, told = _with_known(ones, others, scores, known)
    certain = np.where(told == 0, scores, np.where(told > 0, SURE_BITS, -SURE_BITS)).astype(np.float32)
    exclusive = specification.one_to_one and not dedupe
    if exclusive:
        chance, priors = _looked_at_twice(records, model, ones, others, certain, told)
    else:
        prior = prior_bits(certain, pairs)
        chance, priors = probabilities(certain, prior), np.full((1, 1), prior)
    link = chance >= specification.threshold
    if exclusive:
        link[link] = matched(ones[link], others[link], chance[link], records.source, records.once)
    if dedupe or records.repeated:
        link[link] = supported(ones[link], others[link], len(records)) | (told[link] > 0)
    once = records.once if exclusive else None
    apart = (ones[told < 0], others[told < 0])
    person, joins = grouped(
        ones[link], others[link], chance[link], records.source,
        once=once, facts=facts, apart=apart, decided=told[link] > 0, listing=records.listing,
    )  # fmt: skip
    link[link] = joins
    return Linked(model, ones, others, scores, chance, link, person, priors)


def _with_known(
    ones: Spans, others: Spans, scores: npt.NDArray[np.float32], known: Known | None
) -> tuple[Spans, Spans, npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """All pairs, those that are known too, and of each whether it is one person (1), is not (-1), or open."""
    if known is None:
        return ones, others, scores, np.zeros(len(ones), dtype=np.int8)
    ones, others = np.concatenate((ones, known.ones)), np.concatenate((others, known.others))
    scores = np.concatenate((scores, np.full(len(known.ones), np.nan, dtype=np.float32)))
    key = ones.astype(np.uint64) << np.uint64(32) | others.astype(np.uint64)
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.concatenate(([True] * bool(len(key)), key[order][1:] != key[order][:-1])))
    said = np.zeros(len(key), dtype=np.int8)
    said[len(key) - len(known.ones) :] = np.where(known.same, 1, -1)
    told = np.maximum.reduceat(said[order], starts) + np.minimum.reduceat(said[order], starts)
    first = order[starts]
    return ones[first], others[first], scores[first], told.astype(np.int8)


def _looked_at_twice(
    records: Encoded,
    model: Model,
    ones: Spans,
    others: Spans,
    scores: npt.NDArray[np.float32],
    told: npt.NDArray[np.int8],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Probabilities and priors, once more where households say something; what is `told` stands."""
    chance, priors = exclusive_probabilities(ones, others, scores, records.source, records.once)
    again = second_look(records, model, ones, others, scores, chance, priors)
    if again is scores:
        return chance, priors
    scores = np.where(told == 0, again, scores)
    return exclusive_probabilities(ones, others, scores, records.source, records.once)


def _work(records: Encoded, model: Model, plan: Plan, dedupe: bool, pairs: float) -> Work:
    """What is to be scored, and which scores are worth keeping."""
    likely = sum(int(part.pairs.sum()) * share for part, share in zip(plan.blocks, model.shares, strict=True))
    least = float(np.log2(max(pairs, 2.0)) - np.log2(max(likely, 1.0))) + KEPT_BITS
    within = records.looks_within(dedupe)
    return Work(compared(records), weights_of(records, model), plan.blocks, within, least)


def prior_of(found: Linked, source: int, other: int) -> float:
    """The odds, in bits, that any two records of two sources are one person."""
    table = found.priors
    return float(table[source, other] if len(table) > 1 else table[0, 0])
