"""The cheapest allocation in fractions of units, with the proof how near the optimum it is.

Written in x = 1/n the goals are linear and the cost, the sum of c/x, is convex: an interior-point method
finds the optimum in some twenty steps, each as dear as one product of the goals with themselves. Its prices
of the goals give a cost below which no allocation meets them: n is then sqrt(sum of l·a / c) within the
limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.sources.sampling.allocation import Goals, Strata

__all__ = ["Continuous", "best_for_budget", "cheapest"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
STEPS, HALVINGS = 100, 60
ENOUGH = 1e-12
# Goals this near to what the greatest sizes reach leave no choice to the strata that they depend on.
NO_ROOM = 1e-9


@dataclass(frozen=True)
class Continuous:
    """Sizes in fractions of units that meet the goals, their cost, and the bound and prices of the dual.

    `prices` are by how much the cost falls for each part of a goal's sum of a/n more that is allowed, times
    the whole: a hundredth of a price is what a per cent more of that sum saves.
    """

    sizes: Floats
    cost: float
    bound: float
    prices: Floats


def cheapest(strata: Strata, goals: Goals) -> Continuous:
    """The cheapest allocation in fractions of units; goals must be reachable.

    Raises: nothing; how near the optimum the result is, is seen from `bound`.
    """
    allowed = goals.most + goals.finite
    least, most = strata.least.astype(np.float64), strata.most.astype(np.float64)
    spread = goals.spread / np.where(allowed > 0, allowed, 1.0)[:, None]
    spread[allowed <= 0] = 0.0
    decides = 1.0 - spread @ (1.0 / most) <= NO_ROOM
    is_forced = np.any(spread[decides] > 0, axis=0)
    is_free = ~is_forced & (least < most) & np.any(spread > 0, axis=0)
    counts = ~decides & np.any(spread[:, is_free] > 0, axis=1)
    sizes = np.where(is_forced, most, least)
    prices = np.zeros(len(goals))
    if counts.any():
        left = 1.0 - spread[np.ix_(counts, ~is_free)] @ (1.0 / sizes[~is_free])
        part = spread[np.ix_(counts, is_free)] / left[:, None]
        inverse, found = _interior(part, strata.cost[is_free], 1.0 / most[is_free], 1.0 / least[is_free])
        sizes[is_free] = np.clip(1.0 / inverse, least[is_free], most[is_free])
        prices[counts] = found / left
    sizes = _feasible(spread, sizes, most)
    bound = _bound(strata, spread, prices, np.where(is_forced, most, least), most)
    return Continuous(sizes, float(strata.cost @ sizes), bound, prices)


def _bound(strata: Strata, spread: Floats, prices: Floats, least: Floats, most: Floats) -> float:
    """The value of the dual: no sizes within the limits that meet the goals cost less."""
    weights = prices @ spread
    sizes = np.clip(np.sqrt(weights / strata.cost), least, most)
    return float(strata.cost @ sizes + weights @ (1.0 / sizes) - prices.sum())


def _feasible(spread: Floats, sizes: Floats, most: Floats) -> Floats:
    """Sizes raised by as little as makes every goal met."""
    for _ in range(HALVINGS):
        short = float(np.max(spread @ (1.0 / sizes), initial=0.0)) - 1.0
        if short <= 0:
            return sizes
        sizes = np.minimum(sizes * (1.0 + short * (1 + 1e-9)), most)
    return sizes


@dataclass
class _Point:
    """Where the search is: x, how far it is from its limits, the slack of the goals, and all multipliers."""

    x: Floats
    from_low: Floats
    from_high: Floats
    slack: Floats
    price: Floats
    below: Floats
    above: Floats

    @property
    def gap(self) -> float:
        """The sum of the products that are zero at the optimum."""
        return float(self.price @ self.slack + self.below @ self.from_low + self.above @ self.from_high)


def _interior(spread: Floats, cost: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The x within the limits with spread @ x at most one that make sum(cost / x) least, and the prices."""
    unit = float(np.mean(cost / low))
    weight = cost / unit
    # Inside of the limits and of the goals: near enough to `low`, where every goal is met.
    half = (high - low) / 2
    room = (1.0 - spread @ low) / np.maximum(spread @ half, 1e-300)
    away = half * min(1.0, 0.5 * float(room.min()))
    slack = 1.0 - spread @ (low + away)
    here = _Point(low + away, away, 2 * half - away, slack, 1 / slack, 1 / away, 1 / (2 * half - away))
    for _ in range(STEPS):
        terms = len(slack) + 2 * len(cost)
        off = -weight / here.x**2 + spread.T @ here.price - here.below + here.above
        is_balanced = float(np.max(np.abs(off) * here.x**2 / weight)) < 1e-9
        if here.gap < ENOUGH * float(np.sum(weight / here.x)) and is_balanced:
            break
        there = _stepped(spread, weight, here, 0.1 * here.gap / terms)
        if not np.isfinite(there.gap):
            break
        here = there
    return here.x, here.price * unit


def _stepped(spread: Floats, weight: Floats, here: _Point, aim: float) -> _Point:
    """A step of Newton's method to where the products would all be `aim`, as far as all stay above zero."""
    bend = 2 * weight / here.x**3 + here.below / here.from_low + here.above / here.from_high
    off = -weight / here.x**2 + spread.T @ here.price - aim / here.from_low + aim / here.from_high
    missed = spread @ here.x + here.slack - 1.0
    matrix = (spread / bend) @ spread.T
    matrix[np.diag_indices_from(matrix)] += here.slack / here.price
    dearer = np.linalg.solve(matrix, missed + aim / here.price - here.slack - spread @ (off / bend))
    move = -(off + spread.T @ dearer) / bend
    looser = aim / here.price - here.slack - here.slack / here.price * dearer
    low_more = aim / here.from_low - here.below - here.below / here.from_low * move
    high_more = aim / here.from_high - here.above + here.above / here.from_high * move
    ahead = min(_length(here.slack, looser), _length(here.from_low, move), _length(here.from_high, -move))
    dual = min(_length(here.price, dearer), _length(here.below, low_more), _length(here.above, high_more))
    return _Point(
        here.x + ahead * move,
        here.from_low + ahead * move,
        here.from_high - ahead * move,
        here.slack + ahead * looser,
        here.price + dual * dearer,
        here.below + dual * low_more,
        here.above + dual * high_more,
    )


def _length(value: npt.NDArray[Any], change: npt.NDArray[Any]) -> float:
    """How far values can go in a direction and stay above zero."""
    falls = change < 0
    return min(1.0, 0.99 * float(np.min(-value[falls] / change[falls], initial=np.inf)))


def best_for_budget(strata: Strata, goals: Goals, budget: float) -> tuple[float, Continuous]:
    """The allocation that costs the budget and whose worst ratio of variance to target is least.

    The ratio comes with it. Where the greatest sizes cost no more than the budget, they are the answer.
    """
    most, few = strata.most.astype(np.float64), strata.least.astype(np.float64)
    low = float(np.max(goals.variances(most) / goals.most, initial=0.0))
    high = float(np.max(goals.variances(few) / goals.most, initial=0.0))
    cost, none = float(strata.cost @ most), np.zeros(len(goals))
    if cost <= budget:
        return low, Continuous(most, cost, cost, none)
    found = Continuous(few, float(strata.cost @ few), float(strata.cost @ few), none)
    if high <= low:
        return high, found
    tried_at = max(low * (1 + 1e-6), 1e-3 * high)
    for _ in range(2 * HALVINGS):
        tried = cheapest(strata, goals.scaled(tried_at))
        if tried.cost <= budget * (1 + 1e-12):
            high, found = tried_at, tried
        else:
            low = tried_at
        if high - low <= 1e-12 * high or abs(tried.cost - budget) <= 1e-12 * budget:
            break
        tried_at = _next(goals, tried, tried_at, budget, (low, high))
    return high, found


def _next(
    goals: Goals, tried: Continuous, ratio: float, budget: float, between: tuple[float, float]
) -> float:
    """The ratio at which the cost would be the budget if its logarithm were a line in that of the ratio."""
    low, high = between
    # The cost falls by a goal's price times the part by which what it allows grows.
    parts = ratio * goals.most / np.maximum(ratio * goals.most + goals.finite, 1e-300)
    slope = -float(tried.prices @ parts) / tried.cost
    middle = math.sqrt(low * high) if low > 0 else high / 8
    if slope >= 0:
        return middle
    guess = ratio * math.exp(min(max(math.log(budget / tried.cost) / slope, -30.0), 30.0))
    return guess if low < guess < high else middle
