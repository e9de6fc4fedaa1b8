"""From scores to persons: probabilities, one-to-one links, and groups of records that are one person."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import Spans, compiled

__all__ = ["distinct_pairs", "grouped", "matched", "prior_bits", "probabilities", "supported"]

Scores = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def distinct_pairs(ones: Spans, others: Spans, scores: Scores) -> tuple[Spans, Spans, Scores]:
    """Each pair once, in the order of its records."""
    key = ones.astype(np.uint64) << np.uint64(32) | others.astype(np.uint64)
    order = np.argsort(key)
    key = key[order]
    first = order[np.concatenate((np.ones(min(len(key), 1), dtype=bool), key[1:] != key[:-1]))]
    return ones[first], others[first], scores[first]


def prior_bits(scores: Scores, pairs: float) -> float:
    """The binary logarithm of the odds that any two records are one person.

    Found as the number of pairs that are one person which, taken as prior, gives itself as the sum of
    probabilities over the scored pairs. `pairs` is how many pairs there are in all.
    """
    highs, counts = np.unique(np.round(scores * 8).astype(np.int64), return_counts=True)
    weight = highs / 8.0
    found = max(float((scores > 20).sum()), 1.0)
    for _ in range(200):
        odds = found / max(pairs - found, 1.0)
        sure = 1.0 / (1.0 + np.exp2(-np.clip(weight + np.log2(odds), -1000, 1000)))
        after = max(float((counts * sure).sum()), 0.5)
        if abs(after - found) < 1e-6 * found:
            break
        found = after
    return float(np.log2(found / max(pairs - found, 1.0)))


def probabilities(
    ones: Spans, others: Spans, scores: Scores, prior: float, source: Spans, exclusive: bool
) -> Shares:
    """The probability of each pair; with `exclusive` a record fits one record at most of another source.

    Then the odds of a pair stand against those of all others that would take one of its records.
    """
    odds = np.exp2(np.clip(scores.astype(np.float64) + prior, -200, 200))
    if not exclusive or not len(odds):
        single: Shares = odds / (1.0 + odds)
        return single
    many = int(source.max(initial=0)) + 1
    size = (int(max(ones.max(), others.max())) + 1) * many
    of_one = np.bincount(ones.astype(np.int64) * many + source[others], weights=odds, minlength=size)
    of_other = np.bincount(others.astype(np.int64) * many + source[ones], weights=odds, minlength=size)
    rivals = (
        of_one[ones.astype(np.int64) * many + source[others]]
        + of_other[others.astype(np.int64) * many + source[ones]]
    )
    against = np.maximum(rivals - 2 * odds, 0.0)
    found: Shares = odds / (1.0 + odds + against)
    return found


def matched(ones: Spans, others: Spans, scores: Scores, source: Spans) -> Flags:
    """One-to-one links between each two sources: the best pair first, then the best of what is left.

    Pairs of one score go by their records' order, so that the result depends on nothing else.
    """
    order = np.lexsort((others, ones, -scores))
    many = int(source.max(initial=0)) + 1
    return _matched(ones[order], others[order], source, many, len(source), order)


@compiled
def _matched(
    ones: Spans, others: Spans, source: Spans, many: int, size: int, order: npt.NDArray[np.int64]
) -> Flags:
    taken = np.zeros(size * many, dtype=np.bool_)
    found = np.zeros(len(ones), dtype=np.bool_)
    for at in range(len(ones)):
        one, other = ones[at], others[at]
        here, there = one * many + source[other], other * many + source[one]
        if not taken[here] and not taken[there]:
            taken[here], taken[there] = True, True
            found[order[at]] = True
    return found


def grouped(ones: Spans, others: Spans, scores: Scores, size: int, source: Spans, exclusive: bool) -> Spans:
    """The group of each record, named by its first record; the best pairs join first.

    With `exclusive` a group holds one record at most of each source, of up to 64.
    """
    order = np.lexsort((others, ones, -scores))
    return _grouped(ones[order], others[order], size, source, exclusive)


@compiled
def _root(parent: Spans, record: int) -> int:
    while parent[record] != record:
        parent[record] = parent[parent[record]]
        record = parent[record]
    return record


@compiled
def _grouped(ones: Spans, others: Spans, size: int, source: Spans, exclusive: bool) -> Spans:
    parent = np.arange(size).astype(np.int32)
    held = np.uint64(1) << source.astype(np.uint64)
    for at in range(len(ones)):
        one, other = _root(parent, ones[at]), _root(parent, others[at])
        if one == other or (exclusive and held[one] & held[other]):
            continue
        low, high = min(one, other), max(one, other)
        parent[high] = low
        held[low] |= held[high]
    for record in range(size):
        parent[record] = _root(parent, record)
    return parent


def supported(ones: Spans, others: Spans, size: int) -> Flags:
    """Which links are borne out by others: their two records share most of the records they are linked to.

    Of the records to which the one with fewer links is linked besides, at least half must be linked to the
    other too; links that are not are taken out until all are. A false link between two persons of many
    records each has nobody to bear it out.
    """
    kept = np.ones(len(ones), dtype=bool)
    while True:
        here, there = ones[kept], others[kept]
        starts, neighbours = _neighbours(np.concatenate((here, there)), np.concatenate((there, here)), size)
        good = _supported(here, there, starts, neighbours)
        if good.all():
            return kept
        kept[kept] = good


def _neighbours(ones: Spans, others: Spans, size: int) -> tuple[npt.NDArray[np.int64], Spans]:
    order = np.lexsort((others, ones))
    starts = np.concatenate(([0], np.cumsum(np.bincount(ones, minlength=size)))).astype(np.int64)
    return starts, others[order]


@compiled
def _supported(ones: Spans, others: Spans, starts: npt.NDArray[np.int64], neighbours: Spans) -> Flags:
    found = np.zeros(len(ones), dtype=np.bool_)
    for pair in range(len(ones)):
        at, end = starts[ones[pair]], starts[ones[pair] + 1]
        there, end2 = starts[others[pair]], starts[others[pair] + 1]
        fewer = min(end - at, end2 - there) - 1
        common = 0
        while at < end and there < end2:
            if neighbours[at] == neighbours[there]:
                common += 1
                at += 1
                there += 1
            elif neighbours[at] < neighbours[there]:
                at += 1
            else:
                there += 1
        found[pair] = 2 * common >= fewer
    return found
