"""Which initial samples would have led to the same units: what an adaptive sample says beyond its first draw.

Given the units that were looked at, every initial sample that leads to them is equally likely. Units outside
all networks' neighbourhoods must have been drawn; of each network at least one was; edge units may or may
not. So the numbers drawn from networks and edge are binomial coefficients' shares of the draws that are left,
and their means and covariances are those of a product of polynomials.

Source: S. Thompson (1990), section 4; M. Salehi, Rao-Blackwell versions of the Horvitz-Thompson and
Hansen-Hurwitz in adaptive cluster sampling, Environmental and Ecological Statistics 6 (1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.special import gammaln

from sojourn.sources.sampling.sample_columns import Claims, Codes, Floats

__all__ = ["Improvement", "draws_given_units", "improvement"]


@dataclass(frozen=True)
class Improvement:
    """Weights of the mean over all initial samples that lead to the same units.

    `slopes` and `covariances` tell how the estimator differs between these samples: the first, networks ×
    rows, make of values what each draw from a network adds; the last network is the edge, whose units are in
    `edge`.
    """

    weights: Floats
    slopes: Floats
    covariances: Floats
    edge: Claims
    each: float
    left: float

    def gain(self, values: Floats) -> float:
        """How much the variance of the sum of weighted values is less than without the improvement."""
        added = self.slopes @ values
        found = added @ self.covariances @ added
        if self.edge.sum() > 1:
            found += self.each**2 * self.left * values[self.edge].var(ddof=1)
        return float(found)


def improvement(
    of: Codes,
    is_edge: Claims,
    drawn: Floats,
    *,
    everyone: float,
    once_for_each_draw: bool,
    weights: Floats,
) -> Improvement:
    """The improvement of an estimator for a simple random initial sample of `everyone`.

    `of` is the network of each unit that meets the condition, else -1. With `once_for_each_draw` a network
    counts as often as it was drawn, else by its probability; `weights` are those without improvement.
    """
    meets = of >= 0
    _, numbers = np.unique(of[meets], return_inverse=True)
    sizes = np.bincount(numbers) if meets.any() else np.zeros(0, np.int64)
    draws = int(drawn[meets | is_edge].sum())
    edge = int(is_edge.sum())
    means, covariances = draws_given_units(sizes, edge, draws)
    each = everyone / drawn.sum()
    slopes = np.zeros((len(sizes) + 1, len(of)))
    slopes[-1, is_edge] = each / max(edge, 1)
    better = np.where(is_edge, each * means[-1] / max(edge, 1), weights)
    if once_for_each_draw:
        slopes[numbers, np.flatnonzero(meets)] = each / sizes[numbers]
        better[meets] = (each * means[:-1] / sizes)[numbers]
    # Which of the edge units were drawn, when it is known how many.
    left = means[-1] - (covariances[-1, -1] + means[-1] ** 2) / max(edge, 1)
    return Improvement(better, slopes, covariances, is_edge, each, left)


def draws_given_units(sizes: Codes, edge: int, draws: int) -> tuple[Floats, Floats]:
    """Means and covariances of the numbers of initial draws in each network, and last in the edge.

    `sizes` are the units of the networks, of each of which at least one was drawn, `edge` the number of edge
    units, and `draws` how many initial draws fell into these together.
    """
    kinds, kind, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    # With draws as from binomial distributions of this chance no coefficient becomes too large.
    chance = min(max(draws / max(int(sizes.sum()) + edge, 1), 1e-9), 0.5)
    numbers = np.arange(draws + 1)
    factors = [np.where(numbers > 0, _binomial(numbers, size, chance), 0.0) for size in kinds]
    factors.append(_binomial(numbers, edge, chance))
    times = [*counts.tolist(), 1]

    def moment(*chosen: tuple[int, int]) -> float:
        """The mean of a product of powers of draws, each in another factor of its kind."""
        left = list(times)
        product = np.eye(1, draws + 1)[0]
        for place, power in chosen:
            left[place] -= 1
            product = _times(product, factors[place] * numbers.astype(float) ** power)
        for place, count in enumerate(left):
            product = _times(product, _power(factors[place], count))
        return float(product[draws])

    everything = moment()
    size = len(factors)
    means = np.array([moment((place, 1)) for place in range(size)]) / everything
    squares = np.array([moment((place, 2)) for place in range(size)]) / everything
    products = np.zeros((size, size))
    for one in range(size):
        for other in range(one, size):
            if one != other or times[one] > 1:
                products[one, other] = products[other, one] = moment((one, 1), (other, 1)) / everything
    of = np.append(kind, size - 1)
    covariances = products[np.ix_(of, of)] - np.outer(means[of], means[of])
    np.fill_diagonal(covariances, squares[of] - means[of] ** 2)
    return means[of], covariances


def _binomial(numbers: Codes, size: int, chance: float) -> Floats:
    """The probability of each number of successes in so many trials; 0 for more than these."""
    left = np.maximum(size - numbers, 0)
    ways = gammaln(size + 1) - gammaln(numbers + 1) - gammaln(left + 1)
    found = np.exp(ways + numbers * np.log(chance) + left * np.log1p(-chance))
    return np.where(numbers <= size, found, 0.0)


def _times(one: Floats, other: Floats) -> Floats:
    """The product of two polynomials, without the powers that cannot matter."""
    found: Floats = np.convolve(one, other)[: len(one)]
    return found


def _power(factor: Floats, count: int) -> Floats:
    """A polynomial multiplied by itself, by squares."""
    one = np.eye(1, len(factor))[0]
    bits = [bool(count >> place & 1) for place in range(count.bit_length())]
    squares = [factor]
    for _ in bits[1:]:
        squares.append(_times(squares[-1], squares[-1]))
    return reduce(_times, (square for square, is_set in zip(squares, bits, strict=False) if is_set), one)
