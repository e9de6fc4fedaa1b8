"""Clerical review: which pairs to look at, and what the decisions say of all pairs.

Pairs are sampled by strata: on each side of the decision (taken to be one person or not) by bands of
probability. Links that are right are counted on the one side, those that were missed on the other. Precision
is the share of the links that are right; recall the share of the true pairs that were linked, among the pairs
that were compared: a pair that was never compared is in no stratum, and this recall does not know of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["Accuracy", "Interval", "ReviewDesign", "accuracy", "drawn_pairs", "sampling_plan"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_Z = 1.959963984540054

PLAN = pa.schema(
    [
        pa.field("stratum", pa.int64(), nullable=False),
        pa.field("is_link", pa.bool_(), nullable=False),
        pa.field("above", pa.float64(), nullable=False),
        pa.field("up_to", pa.float64(), nullable=False),
        pa.field("pairs", pa.int64(), nullable=False),
        pa.field("expected_same", pa.float64(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("inclusion_probability", pa.float64(), nullable=False),
    ]
)
DRAWN = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("stratum", pa.int64(), nullable=False),
        pa.field("inclusion_probability", pa.float64(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class ReviewDesign:
    """How many pairs are looked at, how few in a stratum, and where the bands of probability end.

    `least_spread` is the least standard deviation that a stratum is taken to have. A model that is too sure
    of itself would otherwise keep its own mistakes from being looked at, and large strata in which hardly any
    pair is expected to be otherwise would get so few looks that their intervals outweigh all others.
    """

    size: int = 200
    minimum: int = 8
    bands: tuple[float, ...] = (0.01, 0.1, 0.5, 0.9, 0.99)
    least_spread: float = 0.15

    def __post_init__(self) -> None:
        if self.minimum < 2 or self.size < self.minimum:
            raise ValueError("A sample needs at least two pairs of each stratum, and no fewer in all.")
        inside = all(0 < band < 1 for band in self.bands)
        if not inside or list(self.bands) != sorted(set(self.bands)):
            raise ValueError("Bands end at probabilities between 0 and 1, in order.")
        if not 0 < self.least_spread <= 0.5:
            raise ValueError("The least spread lies above 0 and is at most 0.5.")


def sampling_plan(pairs: pa.Table, *, design: ReviewDesign) -> pa.Table:
    """The strata of pairs with their numbers and the sizes of their samples.

    `pairs` has `probability` and `is_link`. One row for each stratum that has pairs: `stratum` counted from
    0, those of no links first, each side by probability; the band `above` < probability <= `up_to` (the
    lowest has 0 as well); `pairs`; `expected_same`, the sum of probabilities; `size`, and size over pairs.

    Sizes go by the pairs times the standard deviation of whether a pair is one person, guessed from the mean
    of p(1 - p) over the stratum, which makes the variance of a total least for so many looks. No stratum gets
    fewer than the minimum, or fewer than it has pairs; all of them together can be more than asked for.

    Source: J. Neyman, On the two different aspects of the representative method, Journal of the Royal
    Statistical Society 97 (1934); W. Cochran, Sampling Techniques (1977), section 5.5.
    """
    numbers = _strata(pairs, design)
    probability = pairs["probability"].to_numpy()
    cells = 2 * (len(design.bands) + 1)
    count = np.bincount(numbers, minlength=cells)
    same = np.bincount(numbers, weights=probability, minlength=cells)
    variance = np.bincount(numbers, weights=probability * (1 - probability), minlength=cells)
    kept = np.flatnonzero(count)
    spread = np.maximum(np.sqrt(variance[kept] / count[kept]), design.least_spread)
    size = _allocation(count[kept], spread, design)
    edges = np.array([0.0, *design.bands, 1.0])
    band = kept % (len(design.bands) + 1)
    columns = [
        np.arange(len(kept)),
        kept > len(design.bands),
        edges[band],
        edges[band + 1],
        count[kept],
        same[kept],
        size,
        size / count[kept],
    ]
    return pa.table([pa.array(column) for column in columns], schema=PLAN)


def _strata(pairs: pa.Table, design: ReviewDesign) -> Integers:
    """The cell of each pair: its band, and as many more as there are bands if it is a link."""
    band = np.searchsorted(np.array(design.bands), pairs["probability"].to_numpy(), side="left")
    found: Integers = band + pairs["is_link"].to_numpy().astype(np.int64) * (len(design.bands) + 1)
    return found


def _allocation(pairs: Integers, spread: Floats, design: ReviewDesign) -> Integers:
    """Whole numbers between the minimum and the pairs, by pairs times spread in between."""
    least = np.minimum(pairs, design.minimum).astype(np.float64)
    wanted = min(max(float(design.size), float(least.sum())), float(pairs.sum()))
    weight = pairs * spread
    low, high = 0.0, float(pairs.max(initial=0) / weight.min(initial=1.0)) + 1.0
    # The sum of the sizes grows with the scale: halving finds the scale that gives the wanted sum.
    for _ in range(200):
        scale = (low + high) / 2
        if np.clip(scale * weight, least, pairs).sum() < wanted:
            low = scale
        else:
            high = scale
    exact = np.clip(high * weight, least, pairs)
    size = np.floor(exact + 1e-9).astype(np.int64)
    missing = round(wanted) - int(size.sum())
    rest = np.where(size < pairs, exact - size, -1.0)
    size[np.argsort(-rest, kind="stable")[: max(missing, 0)]] += 1
    return size


def drawn_pairs(pairs: pa.Table, plan: pa.Table, *, design: ReviewDesign, seed: int) -> pa.Table:
    """The pairs of the sample: simple random ones of each stratum, in the order in which to look at them.

    `pairs` has `pair_id`, `probability` and `is_link`; the same rows in the same order give the same sample.
    Every stratum comes as far as the others at any place of the order, and each has one pair near the front,
    so that whoever stops early has looked at a smaller sample of the same kind.
    """
    drawing = np.random.default_rng(seed)
    numbers = _strata(pairs, design)
    taken: list[Integers] = []
    for cell, size in zip(np.unique(numbers), plan["size"].to_pylist(), strict=True):
        taken.append(drawing.permutation(np.flatnonzero(numbers == cell))[:size])
    rows = np.concatenate(taken) if taken else np.zeros(0, np.int64)
    stratum = np.repeat(np.arange(len(taken)), [len(one) for one in taken])
    share = np.concatenate([np.arange(len(one)) / len(one) for one in taken]) if taken else np.zeros(0)
    # Each turn takes the strata in an order of its own, or a place would tell what the linkage decided.
    chance = drawing.random(len(rows))
    order = np.lexsort((chance, np.floor(share * max(map(len, taken), default=1))))
    found = pa.table(
        {
            "pair_id": pairs["pair_id"].take(pa.array(rows[order])),
            "stratum": stratum[order],
            "inclusion_probability": plan["inclusion_probability"].take(pa.array(stratum[order])),
            "position": np.arange(1, len(rows) + 1),
        }
    )
    return found.cast(DRAWN)


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval of 95 per cent; all are shares between 0 and 1."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Accuracy:
    """Precision, and recall among the pairs that were compared; none where the decisions do not tell.

    Nothing is told before each stratum that it is about has a decision that is sure.
    """

    precision: Interval | None
    recall: Interval | None


@dataclass(frozen=True)
class _Total:
    """Pairs that are one person on one side of the decision, with the ends of its interval."""

    value: float
    lower: float
    upper: float


def accuracy(strata: pa.Table) -> Accuracy:
    """Precision and recall of links from decisions on a stratified sample, with intervals of 95 per cent.

    `strata` has a row for each: `is_link`, `pairs`, and how many of the sampled ones were found to be `same`,
    `different` or `unsure`.

    Each stratum's share of same pairs gets Wilson's interval, whose ends stay between 0 and 1 and have a
    width also where all or none are the same; looks are counted as n(N - 1)/(N - n), so that a stratum
    looked at whole is known. The ends for a side come from those of its strata by the squares of their
    distances from the estimate (recovered variances, MOVER), those of the ratio of both sides by the same
    recovery (Newcombe): all is closed, with neither a normal approximation near 0 and 1 nor draws.
    Estimates weigh each stratum by its pairs and leave the unsure out. The interval does not: its lower end
    takes them as if every one spoke against the linkage, its upper end as if every one spoke for it.

    Source: E. Wilson, Probable inference, Journal of the American Statistical Association 22 (1927); G. Zou
    and A. Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27 (2008);
    R. Newcombe, MOVER-R confidence intervals for ratios and products of two independently estimated
    quantities, Statistical Methods in Medical Research 25 (2016).
    """
    is_link = strata["is_link"].to_numpy()
    pairs, same, different, unsure = (
        strata[name].to_numpy().astype(np.float64) for name in ("pairs", "same", "different", "unsure")
    )
    if np.any(same + different + unsure > pairs):
        raise ValueError("There cannot be more decisions than a stratum has pairs.")
    decided = _accuracy(pairs, is_link, same, different)
    against = _accuracy(pairs, is_link, same + unsure * ~is_link, different + unsure * is_link)
    in_favour = _accuracy(pairs, is_link, same + unsure * is_link, different + unsure * ~is_link)
    has_all = same + different > 0
    return Accuracy(
        _wider(decided.precision, against.precision, in_favour.precision) if has_all[is_link].all() else None,
        _wider(decided.recall, against.recall, in_favour.recall) if has_all.all() else None,
    )


def _wider(decided: Interval | None, *others: Interval | None) -> Interval | None:
    """The estimate of what was decided, with the outermost ends."""
    if decided is None:
        return None
    told = [decided, *(other for other in others if other is not None)]
    return Interval(decided.estimate, min(one.lower for one in told), max(one.upper for one in told))


def _accuracy(pairs: Floats, is_link: npt.NDArray[np.bool_], same: Floats, different: Floats) -> Accuracy:
    """Both measures where every decision is sure."""
    links = _total(pairs[is_link], same[is_link], different[is_link])
    others = _total(pairs[~is_link], same[~is_link], different[~is_link])
    linked = float(pairs[is_link].sum())
    precision = Interval(links.value / linked, links.lower / linked, links.upper / linked) if linked else None
    return Accuracy(precision, _recall(links, others))


def _total(pairs: Floats, same: Floats, different: Floats) -> _Total:
    """The same pairs of several strata, from those that were found in their samples."""
    looked_at = same + different
    share, lower, upper = _wilson(pairs, same, looked_at)
    value = float(pairs @ share)
    below = float(np.sqrt(np.sum((pairs * (share - lower)) ** 2)))
    above = float(np.sqrt(np.sum((pairs * (upper - share)) ** 2)))
    # What was seen is certain: so many are the same at least, and so many are not.
    least, most = float(same.sum()), float(np.sum(pairs - different))
    return _Total(value, max(value - below, least), min(value + above, most))


def _wilson(pairs: Floats, same: Floats, looked_at: Floats) -> tuple[Floats, Floats, Floats]:
    """The share of same pairs in each stratum with Wilson's interval; without a look nothing is known."""
    seen = np.maximum(looked_at, 1.0)
    share = np.where(looked_at > 0, same / seen, 0.5)
    unseen = pairs - looked_at
    # A stratum of one pair that nobody looked at would count as no look at all.
    looks = np.maximum(seen * (pairs - 1) / np.where(unseen > 0, unseen, 1.0), 1e-9)
    scale = 1 + _Z**2 / looks
    centre = (share + _Z**2 / (2 * looks)) / scale
    half = _Z * np.sqrt(share * (1 - share) / looks + (_Z / (2 * looks)) ** 2) / scale
    lower, upper = centre - half, centre + half
    is_whole, is_unknown = unseen <= 0, looked_at <= 0
    lower = np.where(is_whole, share, np.where(is_unknown, 0.0, np.clip(lower, 0.0, share)))
    upper = np.where(is_whole, share, np.where(is_unknown, 1.0, np.clip(upper, share, 1.0)))
    return share, lower, upper


def _recall(links: _Total, others: _Total) -> Interval | None:
    """Same pairs that are links, over all same pairs; none where there is no same pair.

    The ends are those odds of being linked at which the end of a difference, links less odds times others,
    is zero: the roots of a quadratic.
    """
    if links.value + others.value <= 0:
        return None
    product = links.value * others.value
    lower_odds = _root(product, _edge(links.lower, links.value), _edge(others.upper, others.value))
    # From the other side: the odds of not being linked, whose lower end is the upper end of recall.
    upper_odds = _root(product, _edge(others.lower, others.value), _edge(links.upper, links.value))
    estimate = links.value / (links.value + others.value)
    lower = lower_odds / (1 + lower_odds) if np.isfinite(lower_odds) else 1.0
    return Interval(estimate, min(lower, estimate), max(1 / (1 + upper_odds), estimate))


def _edge(end: float, value: float) -> float:
    """The square of a value less that of its distance to an end."""
    return end * (2 * value - end)


def _root(product: float, lower_edge: float, upper_edge: float) -> float:
    """The smaller root of upper_edge x² - 2 product x + lower_edge, where x begins to be possible."""
    below = product + float(np.sqrt(max(product**2 - upper_edge * lower_edge, 0.0)))
    if below > 0:
        return max(lower_edge, 0.0) / below
    return 0.0 if lower_edge <= 0 else float("inf")
