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
from sojourn.integration.linkage.blocking import blocks_of
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.model import Model, compared, trained, weights_of
from sojourn.integration.linkage.pair_kernel import scored
from sojourn.integration.linkage.specification import Specification
from sojourn.sources.reader.compiled import Spans

__all__ = ["Linked", "linked"]

# Pairs whose score says that they are one person once in a million are not kept.
KEPT_BITS = -20.0


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
    pairs_compared: int


def possible_pairs(records: Encoded, dedupe: bool) -> float:
    """How many pairs of records there are in all."""
    own = np.bincount(records.source).astype(np.float64)
    size = float(own.sum())
    return size * (size - 1) / 2 - (0.0 if dedupe else float((own * (own - 1) / 2).sum()))


def linked(
    records: Encoded,
    specification: Specification,
    *,
    dedupe: bool = False,
    on_progress: Callable[[float, str], None] = lambda done, what: None,
) -> Linked:
    """Find the records of one person; within one source too with `dedupe`."""
    on_progress(0.0, "blocks")
    room = max(int(specification.pairs_per_record * len(records)), specification.pairs_anyway)
    blocks = [blocks_of(records, rule, dedupe=dedupe, pairs_at_most=room) for rule in specification.rules]
    blocks = [part for part in blocks if len(part.pairs)]
    on_progress(0.1, "learning")
    model = trained(records, blocks, dedupe=dedupe, seed=specification.seed)
    on_progress(0.4, "pairs")
    weights, table = weights_of(records, model), compared(records)
    pairs = possible_pairs(records, dedupe)
    least = max(KEPT_BITS + np.log2(max(pairs, 2.0)) - np.log2(len(records)), -5.0)
    found = []
    for done, part in enumerate(blocks):
        found.append(scored(table, weights, part.records, part.starts, dedupe, least))
        on_progress(0.4 + 0.5 * (done + 1) / len(blocks), "pairs")
    ones, others, scores = distinct_pairs(*(np.concatenate(column) for column in zip(*found, strict=True)))
    prior = prior_bits(scores, pairs)
    exclusive = specification.one_to_one and not dedupe
    chance = probabilities(ones, others, scores, prior, records.source, exclusive)
    link = chance >= specification.threshold
    if exclusive:
        best = np.zeros(len(link), dtype=bool)
        best[link] = matched(ones[link], others[link], scores[link], records.source)
        link = best
    if dedupe:
        link[link] = supported(ones[link], others[link], len(records))
    person = grouped(ones[link], others[link], scores[link], len(records), records.source, exclusive)
    return Linked(
        model,
        ones,
        others,
        scores,
        chance,
        link,
        person,
        prior,
        sum(int(part.pairs.sum()) for part in blocks),
    )
