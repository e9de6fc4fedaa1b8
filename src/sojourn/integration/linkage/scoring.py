"""Pairs scored: every rule's blocks in turn on this machine, or wherever else somebody has them scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.blocking import Blocks
from sojourn.integration.linkage.comparison_kernel import remembered
from sojourn.integration.linkage.pair_kernel import Compared, Weights, scored
from sojourn.sources.reader.compiled import Spans

__all__ = ["Pairs", "Scoring", "Work", "as_one", "scored_here"]

# Kernels let go of the interpreter, so that rules are worked on side by side.
THREADS = 2
Pairs: TypeAlias = tuple[Spans, Spans, npt.NDArray[np.float32]]
Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True)
class Work:
    """What is scored: records as the kernels read them, weights, and the blocks of each rule.

    Pairs that score less than `least` bits are left out; `dedupe` takes pairs of one source too.
    """

    records: Compared
    weights: Weights
    blocks: Sequence[Blocks]
    dedupe: bool
    least: float


Scoring: TypeAlias = Callable[[Work, Progress], Pairs]


def as_one(parts: Sequence[Pairs]) -> Pairs:
    """The pairs of several parts in one list, in their order."""
    none: Pairs = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
    ones, others, scores = (np.concatenate(column) for column in zip(none, *parts, strict=True))
    return ones, others, scores


def scored_here(work: Work, on_progress: Progress) -> Pairs:
    """Every pair of every rule that scores enough; a pair of two rules is there twice.

    `on_progress(done, rules)` is told after each rule.
    """

    def of_rule(part: Blocks) -> Pairs:
        own = work.records._replace(likeness=remembered())
        return scored(own, work.weights, part.records, part.starts, work.dedupe, work.least)

    found = []
    with ThreadPoolExecutor(THREADS) as pool:
        for done, part in enumerate(pool.map(of_rule, work.blocks), start=1):
            found.append(part)
            on_progress(done, len(work.blocks))
    return as_one(found)
