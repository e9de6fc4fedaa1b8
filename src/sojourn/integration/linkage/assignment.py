"""From scores to persons: probabilities, one-to-one links, and groups of records that are one person."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import Spans, compiled

__all__ = [
    "distinct_pairs",
    "exclusive_probabilities",
    "matched",
    "prior_bits",
    "probabilities",
    "supported",
]

Scores = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
TURNS = 60


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


def probabilities(scores: Scores, prior: float) -> Shares:
    """The probability of each pair where a record can be that of any number of others."""
    odds = np.exp2(np.clip(scores.astype(np.float64) + prior, -200, 200))
    found: Shares = odds / (1.0 + odds)
    return found


def exclusive_probabilities(
    ones: Spans, others: Spans, scores: Scores, source: Spans, once: Flags | None = None
) -> tuple[Shares, Shares]:
    """The probability of each pair where a person stands in a source once at most, and the priors in bits.

    With `free(a)` the probability that record a has no partner in the other source, the probability of a pair
    is prior odds x likelihood ratio x free(a) x free(b), and each record's probabilities and `free` add up to
    one. Of n and m records with k pairs expected the prior odds are k / ((n - k)(m - k)): how many of the
    matchings with a pair more there are for each with one less. All three are found by turns. One prior for
    each two sources, `priors[source of one, source of other]`; 0 where no pair is. Records stand in the order
    of their sources, and of each pair the first in `ones`.

    Where a person may stand in a source more than once, by `once`, a record can have any number of partners
    there: it has no `free` for that source, and all of its records count in the prior.
    """
    once = _once(source) if once is None else once
    many = len(once)
    sizes = np.bincount(source, minlength=many).astype(np.float64)
    chance = np.zeros(len(ones), dtype=np.float64)
    priors = np.zeros((many, many), dtype=np.float64)
    if len(ones):
        likelihood = np.exp2(np.clip(scores.astype(np.float64), -100, 100))
        _exclusive(ones, others, likelihood, source, sizes, once, np.ones(len(source) * many), chance, priors)
    bits = np.log2(priors, out=np.zeros_like(priors), where=priors > 0)
    return _at_most_one(ones, others, source, once, chance), bits


def _once(source: Spans) -> Flags:
    """Of each source that a person stands in it once."""
    return np.ones(int(source.max(initial=0)) + 1, dtype=np.bool_)


def _at_most_one(ones: Spans, others: Spans, source: Spans, once: Flags, chance: Shares) -> Shares:
    """Probabilities of which those of one record with another source add up to one at most."""
    many = len(once)
    here = ones.astype(np.int64) * many + source[others]
    there = others.astype(np.int64) * many + source[ones]
    size = len(source) * many
    sums = np.bincount(here, chance, size) + np.bincount(there, chance, size)
    here_once, there_once = once[source[others]], once[source[ones]]
    most = np.maximum(np.where(here_once, sums[here], 0.0), np.where(there_once, sums[there], 0.0))
    found: Shares = chance / np.maximum(most, 1.0)
    return found


@compiled
def _exclusive(
    ones: Spans,
    others: Spans,
    likelihood: Shares,
    source: Spans,
    sizes: Shares,
    once: Flags,
    free: Shares,
    chance: Shares,
    priors: npt.NDArray[np.float64],
) -> None:
    """Fill in the probabilities of pairs and the prior odds."""
    many = len(sizes)
    expected = np.zeros((many, many), dtype=np.float64)
    for pair in range(len(ones)):
        here, there = source[ones[pair]], source[others[pair]]
        expected[here, there] = min(sizes[here], sizes[there]) / 2
    for _ in range(TURNS):
        _prior_odds(expected, sizes, once, priors)
        taken = np.zeros(len(free), dtype=np.float64)
        for pair in range(len(ones)):
            one, other = ones[pair], others[pair]
            odds = priors[source[one], source[other]] * likelihood[pair]
            here, there = one * many + source[other], other * many + source[one]
            taken[here] += odds * free[there]
            taken[there] += odds * free[here]
        for slot in range(len(free)):
            if not once[slot % many]:
                continue
            if once[source[slot // many]]:
                # The mean, by logarithms, of what was and what follows: two records that have only each other
                # would else take each other's place for a thousand turns.
                free[slot] = np.sqrt(free[slot] / (1.0 + taken[slot]))
            else:
                free[slot] = 1.0 / (1.0 + taken[slot])
        expected, before = np.zeros((many, many), dtype=np.float64), expected
        for pair in range(len(ones)):
            one, other = ones[pair], others[pair]
            odds = priors[source[one], source[other]] * likelihood[pair]
            if once[source[one]] or once[source[other]]:
                chance[pair] = odds * free[one * many + source[other]] * free[other * many + source[one]]
            else:
                chance[pair] = odds / (1.0 + odds)
            expected[source[one], source[other]] += chance[pair]
        if np.abs(expected - before).max() < 1e-5 * expected.max():
            break


@compiled
def _prior_odds(
    expected: npt.NDArray[np.float64], sizes: Shares, once: Flags, priors: npt.NDArray[np.float64]
) -> None:
    """Fill in the odds that two records of two sources are one person before they are compared."""
    for here in range(len(sizes)):
        for there in range(len(sizes)):
            found = expected[here, there]
            # At least a hundredth of a source is taken to have no partner, or nothing could be false.
            alone = max(sizes[here] - (found if once[there] else 0.0), 0.01 * sizes[here])
            others_alone = max(sizes[there] - (found if once[here] else 0.0), 0.01 * sizes[there])
            if found <= 0:
                priors[here, there] = 0.0
            elif here == there:
                priors[here, there] = found / max(sizes[here] * (sizes[here] - 1) / 2 - found, 1.0)
            else:
                priors[here, there] = found / (alone * others_alone)


def matched(
    ones: Spans, others: Spans, scores: Scores | Shares, source: Spans, once: Flags | None = None
) -> Flags:
    """One-to-one links between each two sources: the best pair first, then the best of what is left.

    Pairs of one score go by their records' order, so that the result depends on nothing else. A source in
    which a person may stand more than once, by `once`, takes any number.
    """
    order = np.lexsort((others, ones, -scores))
    once = _once(source) if once is None else once
    return _matched(ones[order], others[order], source, once, len(source), order)


@compiled
def _matched(
    ones: Spans, others: Spans, source: Spans, once: Flags, size: int, order: npt.NDArray[np.int64]
) -> Flags:
    many = len(once)
    taken = np.zeros(size * many, dtype=np.bool_)
    found = np.zeros(len(ones), dtype=np.bool_)
    for at in range(len(ones)):
        one, other = ones[at], others[at]
        here, there = one * many + source[other], other * many + source[one]
        if not taken[here] and not taken[there]:
            taken[here], taken[there] = once[source[other]], once[source[one]]
            found[order[at]] = True
    return found


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
