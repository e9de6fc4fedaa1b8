"""The whole of a linkage: records in, pairs with probabilities and persons out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.assignment import (
    distinct_pairs,
    grouped,
    matched,
    prior_bits,
    probabilities,
    supported,
)
from sojourn.integration.linkage.blocking import Blocks, blocks_of
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.model import Model, compared, trained, weights_of
from sojourn.integration.linkage.pair_kernel import scored
from sojourn.integration.linkage.specification import Specification
from sojourn.sources.reader.compiled import Spans

__all__ = ["Linked", "Plan", "linked", "planned"]

# Pairs whose score says that they are one person once in a thousand are not kept.
KEPT_BITS = -10.0
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
class Linked:
    """Pairs of record numbers with their score in bits and probability, which of them are links, and persons.

    `person` numbers each record's person by the first of its records.
    """

    model: Model
    ones: Spans
    others: Spans
    scores: npt.NDArray[np.float32]
    probability: npt.NDArray[np.float64]
    is_link: npt.NDArray[np.bool_]
    person: Spans
    prior: float


def possible_pairs(records: Encoded, dedupe: bool) -> float:
    """How many pairs of records there are in all."""
    own = np.bincount(records.source).astype(np.float64)
    size = float(own.sum())
    return size * (size - 1) / 2 - (0.0 if dedupe else float((own * (own - 1) / 2).sum()))


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
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Linked:
    """Find the records of one person by a plan; within one source too with `dedupe`."""
    on_progress(0, 100)
    model = trained(records, plan.blocks, dedupe=dedupe, seed=specification.seed)
    on_progress(30, 100)
    pairs = possible_pairs(records, dedupe)
    ones, others, scores = _scored(records, model, plan, dedupe, pairs, on_progress)
    prior = prior_bits(scores, pairs)
    exclusive = specification.one_to_one and not dedupe
    chance = probabilities(ones, others, scores, prior, records.source, exclusive)
    link = chance >= specification.threshold
    if exclusive:
        link[link] = matched(ones[link], others[link], scores[link], records.source)
    elif dedupe:
        link[link] = supported(ones[link], others[link], len(records))
    person = grouped(ones[link], others[link], scores[link], len(records), records.source, exclusive)
    return Linked(model, ones, others, scores, chance, link, person, prior)


def _scored(
    records: Encoded,
    model: Model,
    plan: Plan,
    dedupe: bool,
    pairs: float,
    on_progress: Callable[[int, int], None],
) -> tuple[Spans, Spans, npt.NDArray[np.float32]]:
    """Every pair of the plan once, in the order of its records, where its score is worth keeping."""
    weights, table = weights_of(records, model), compared(records)
    likely = sum(int(part.pairs.sum()) * share for part, share in zip(plan.blocks, model.shares, strict=True))
    least = float(np.log2(max(pairs, 2.0)) - np.log2(max(likely, 1.0))) + KEPT_BITS
    found = [(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))]
    for done, part in enumerate(plan.blocks):
        found.append(scored(table, weights, part.records, part.starts, dedupe, least))
        on_progress(30 + 65 * (done + 1) // len(plan.blocks), 100)
    ones, others, scores = (np.concatenate(column) for column in zip(*found, strict=True))
    return distinct_pairs(ones, others, scores)
