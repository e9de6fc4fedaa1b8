"""The cheapest allocation in fractions of units, by its dual, with the proof how near the optimum it is.

The cost is least where n is sqrt(sum of l·a / c) within the limits, with a price l for each goal. The prices
are those that make the dual greatest: a concave function whose every value is a cost below which no
allocation meets the goals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.sources.sampling.allocation import Goals, Strata

__all__ = ["Continuous", "best_for_budget", "cheapest"]

Floats = npt.NDArray[np.float64]
STEPS, HALVINGS, CHROMY = 200, 60, 30
ENOUGH = 1e-13


@dataclass(frozen=True)
class Continuous:
    """Sizes in fractions of units that meet the goals, their cost, and the bound and prices of the dual.

    `prices` are what the cost falls by for each whole target more, so that a per cent more saves a
    hundredth of it.
    """

    sizes: Floats
    cost: float
    bound: float
    prices: Floats


def cheapest(strata: Strata, goals: Goals, start: Floats | None = None) -> Continuous:
    """The cheapest allocation in fractions of units; goals must be reachable.

    Raises: nothing; how near the optimum the result is, is seen from `bound`.
    """
    allowed = goals.most + goals.finite
    counts = np.flatnonzero(goals.spread.max(axis=1, initial=0.0) > 0)
    problem = _Dual(strata, goals.spread[counts] / allowed[counts, None])
    prices = problem.solved(None if start is None else start[counts])
    sizes = _feasible(problem, problem.sizes(prices))
    every = np.zeros(len(goals))
    every[counts] = prices
    return Continuous(sizes, float(strata.cost @ sizes), problem.value(prices), every)


class _Dual:
    """The dual of the allocation, with goals scaled so that the sum of a/n may be at most one."""

    def __init__(self, strata: Strata, spread: Floats) -> None:
        self.spread = spread
        self.cost = strata.cost
        self.least, self.most = strata.least.astype(np.float64), strata.most.astype(np.float64)

    def sizes(self, prices: Floats) -> Floats:
        found: Floats = np.clip(np.sqrt(prices @ self.spread / self.cost), self.least, self.most)
        return found

    def value(self, prices: Floats) -> float:
        sizes = self.sizes(prices)
        return float(self.cost @ sizes + (prices @ self.spread) @ (1.0 / sizes) - prices.sum())

    def gradient(self, sizes: Floats) -> Floats:
        found: Floats = self.spread @ (1.0 / sizes) - 1.0
        return found

    def solved(self, start: Floats | None) -> Floats:
        """The prices: Chromy's steps to come near, then Newton's on the goals that bind."""
        if not len(self.spread):
            return np.zeros(0)
        if start is None:
            alone = np.sqrt(self.spread * self.cost).sum(axis=1) ** 2
            start = np.where(alone > 0, alone, 1.0) / len(self.spread)
        prices = np.maximum(start, 1e-12 * max(float(start.max()), 1e-300))
        for _ in range(CHROMY):
            prices = prices * np.clip(self.gradient(self.sizes(prices)) + 1.0, 0.1, 10.0) ** 2
        for _ in range(STEPS):
            sizes = self.sizes(prices)
            slope = self.gradient(sizes)
            scale = max(float(prices.sum()), 1e-300)
            binds = (prices > 1e-14 * scale) | (slope > 0)
            missed = np.where(prices > 1e-14 * scale, np.abs(slope), np.maximum(slope, 0.0))
            if float(np.max(missed * np.maximum(prices / scale, slope > 0), initial=0.0)) < ENOUGH:
                break
            better = self._step(prices, sizes, slope, binds, scale)
            if better is None:
                break
            prices = better
        return prices

    def _step(
        self, prices: Floats, sizes: Floats, slope: Floats, binds: npt.NDArray[np.bool_], scale: float
    ) -> Floats | None:
        """A step that raises the dual, or none where none does."""
        is_free = (sizes > self.least) & (sizes < self.most)
        part = self.spread[np.ix_(binds, is_free)]
        # d(1/n)/dl = -a / (2 c n³) where no limit holds n.
        bend = (part / (2.0 * self.cost[is_free] * sizes[is_free] ** 3)) @ part.T
        bend[np.diag_indices_from(bend)] += 1e-12 * max(float(np.trace(bend)), 1e-12 / scale)
        newton = np.zeros_like(prices)
        newton[binds] = np.linalg.solve(bend, slope[binds])
        now = self.value(prices)
        for direction in (newton, np.where(binds, slope, 0.0) * scale):
            length = 1.0
            for _ in range(HALVINGS):
                tried = np.maximum(prices + length * direction, 0.0)
                gain = self.value(tried) - now
                if gain > 1e-4 * float(slope @ (tried - prices)) * (gain > 0) and gain > 0:
                    return tried
                length /= 2
        return None


def _feasible(problem: _Dual, sizes: Floats) -> Floats:
    """Sizes raised by as little as makes every goal met."""
    for _ in range(HALVINGS):
        short = float(np.max(problem.gradient(sizes), initial=0.0))
        if short <= 0:
            return sizes
        sizes = np.minimum(sizes * (1.0 + short * (1 + 1e-9)), problem.most)
    return problem.most.copy()


def best_for_budget(strata: Strata, goals: Goals, budget: float) -> tuple[float, Continuous]:
    """The allocation that costs the budget and whose worst ratio of variance to target is least.

    The ratio comes with it: below it no goal's worst can be for the budget. Where the greatest sizes cost no
    more than the budget, they are the answer.
    """
    most = strata.most.astype(np.float64)
    least_ratio = float(np.max(goals.variances(most) / goals.most, initial=0.0))
    if strata.cost @ most <= budget:
        prices = np.zeros(len(goals))
        return least_ratio, Continuous(most, float(strata.cost @ most), float(strata.cost @ most), prices)
    few = strata.least.astype(np.float64)
    high = float(np.max(goals.variances(few) / goals.most, initial=0.0))
    low, found = least_ratio, cheapest(strata, goals.scaled(max(high, 1e-300)))
    if high <= low:
        return high, found
    for _ in range(2 * HALVINGS):
        middle = np.sqrt(low * high) if low > 0 else high / 4
        tried = cheapest(strata, goals.scaled(float(middle)), found.prices)
        if tried.cost <= budget:
            high, found = float(middle), tried
        else:
            low = float(middle)
        if high - low <= 1e-13 * high:
            break
    return high, found
