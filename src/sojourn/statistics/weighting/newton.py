"""The coefficients of a calibration, by Newton's method on its convex dual.

The dual is the sum of the units' weights times the potential of their distance, less the known totals times
the coefficients. Its slope is what the calibrated totals lack; where that is nothing, the totals hold. Steps
are halved while they do not lead down, so that no start is too far away.

Totals that follow from others (each margin adds up to the same population) are left out of the system and
hold by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from sojourn.statistics.weighting.distances import Distance

__all__ = ["Solution", "independent_totals", "relative", "solved"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# Part of a total's own variation that is left after the totals before it, below which it follows from them.
_DEPENDENT = 1e-9
_MOST_HALVINGS = 60
_ENOUGH_DESCENT = 1e-4
_STANDING_STEPS = 15


@dataclass(frozen=True)
class Solution:
    """Coefficients of the independent totals, the factor of each group, steps, and what each total lacks.

    `misfit` is relative, as `relative` says; `is_reached` whether all of it is below the tolerance.
    """

    coefficients: Floats
    factors: Floats
    iterations: int
    misfit: Floats
    is_reached: bool


def independent_totals(matrix: Any, present: npt.NDArray[np.bool_]) -> tuple[Integers, Floats]:
    """Which totals do not follow from those before them, and how the others do (independent × others).

    `present` are the groups that have weight. A Cholesky factorisation with pivots of the totals' products,
    each scaled to length one, says it.
    """
    rows = matrix[np.flatnonzero(present)]
    products = (rows.T @ rows).toarray()
    length = np.sqrt(np.maximum(np.diag(products), 0.0))
    scale = np.where(length > 0, length, 1.0)
    scaled = products / scale[:, None] / scale
    chosen = _pivots(scaled)
    others = np.setdiff1d(np.arange(len(scaled)), chosen)
    if not len(others) or not len(chosen):
        return chosen, np.zeros((len(chosen), len(others)))
    combined = linalg.solve(scaled[np.ix_(chosen, chosen)], scaled[np.ix_(chosen, others)], assume_a="pos")
    found: Floats = combined * scale[others] / scale[chosen][:, None]
    return chosen, found


def _pivots(products: Floats) -> Integers:
    """Columns, in their order, each of which has something that those before it have not."""
    left = products.copy()
    remaining = np.diag(left).copy()
    chosen: list[int] = []
    while True:
        # Among equals the first; a total that is left out is then one of a later margin.
        best = int(np.argmax(np.where(remaining > remaining.max() * 0.5, 1.0, 0.0)))
        if remaining[best] <= _DEPENDENT:
            return np.sort(np.array(chosen, np.int64))
        chosen.append(best)
        column = left[:, best] / np.sqrt(remaining[best])
        left -= np.outer(column, column)
        remaining = np.diag(left).copy()
        remaining[chosen] = -1.0


def relative(misfit: Floats, totals: Floats, size: Floats) -> Floats:
    """Misfits in terms of their totals; those of totals of zero in terms of `size`."""
    whole = np.abs(totals)
    scale = np.where(whole > 0, whole, np.where(size > 0, size, 1.0))
    found: Floats = misfit / scale
    return found


def solved(
    matrix: Any,
    weights: Floats,
    spread: Floats,
    totals: Floats,
    *,
    distance: Distance,
    tolerance: float,
    most_iterations: int,
    start: Floats | None = None,
) -> Solution:
    """The factors with which weighted sums of the columns of `matrix` are the totals.

    `matrix` is groups × independent totals, `weights` and `spread` are of groups. Iterates until every total
    holds to the relative tolerance, and then on while a step still makes it better. Where that does not
    happen within `most_iterations`, the solution says so.
    """
    dual = _Dual(matrix, weights, spread, totals, distance)
    # Totals that cannot be reached send coefficients to infinity; what is no number any more is not gone to.
    with np.errstate(over="ignore", invalid="ignore"):
        here = dual.at(np.zeros(matrix.shape[1]) if start is None else start)
        if not here.is_finite:
            here = dual.at(np.zeros(matrix.shape[1]))
        iterations, reached = 0, [here.worst]
        while iterations < most_iterations and not _stands_still(reached, tolerance):
            there = dual.lower_than(here)
            if there is None or (here.worst <= tolerance and there.worst >= here.worst):
                break
            here, iterations = there, iterations + 1
            reached.append(here.worst)
    return Solution(here.coefficients, here.factors, iterations, here.misfit, here.worst <= tolerance)


def _stands_still(reached: list[float], tolerance: float) -> bool:
    """Whether so many steps have brought the totals no nearer, as when they cannot be reached."""
    if len(reached) <= _STANDING_STEPS or reached[-1] <= tolerance:
        return False
    return min(reached[-_STANDING_STEPS:]) > 0.9 * min(reached[:-_STANDING_STEPS])


@dataclass(frozen=True)
class _Point:
    """A place on the dual: its value, the slope, and what the totals lack there."""

    coefficients: Floats
    combined: Floats
    factors: Floats
    value: float
    slope: Floats
    misfit: Floats

    @property
    def is_finite(self) -> bool:
        """Whether value and slope are numbers."""
        return bool(np.isfinite(self.value) and np.all(np.isfinite(self.slope)))

    @property
    def worst(self) -> float:
        """The largest relative misfit."""
        return float(np.max(np.abs(self.misfit), initial=0.0))


class _Dual:
    """The dual of a calibration, its slope and its curvature."""

    def __init__(
        self, matrix: Any, weights: Floats, spread: Floats, totals: Floats, distance: Distance
    ) -> None:
        self.matrix, self.weights, self.spread, self.totals = matrix, weights, spread, totals
        self.transposed = sparse.csr_array(matrix.T)
        self.size = abs(self.transposed) @ np.abs(weights)
        self.distance = distance
        self._plain = self._curvature(weights / spread)

    def at(self, coefficients: Floats) -> _Point:
        combined = self.matrix @ coefficients / self.spread
        factors = self.distance.factor(combined)
        slope = self.transposed @ (self.weights * factors) - self.totals
        potentials = self.distance.potential(combined) * self.spread
        value = float(self.weights @ potentials - self.totals @ coefficients)
        return _Point(coefficients, combined, factors, value, slope, relative(slope, self.totals, self.size))

    def lower_than(self, here: _Point) -> _Point | None:
        """The point that a step of Newton leads to; None where no step leads on."""
        step = self._step(here)
        if step is None:
            return None
        descent = float(here.slope @ step)
        # With negative weights the dual need not be convex: the whole step of the linear case is then exact.
        if self.distance.kind == "linear" and not self.distance.is_bounded:
            return self.at(here.coefficients + step)
        slack = 1e-12 * (1 + abs(here.value))
        for halving in range(_MOST_HALVINGS):
            length = 0.5**halving
            there = self.at(here.coefficients + length * step)
            is_lower = there.value <= here.value + _ENOUGH_DESCENT * length * descent + slack
            if there.is_finite and is_lower:
                return there
        return None

    def _step(self, here: _Point) -> Floats | None:
        curvature = self._curvature(self.weights * self.distance.slope(here.combined) / self.spread)
        if self.distance.kind == "linear" and not self.distance.is_bounded:
            try:
                exact: Floats = linalg.solve(curvature, -here.slope, assume_a="sym")
            except linalg.LinAlgError:
                return None
            return exact
        # Where bounds cut off all that could move a total, some of the plain curvature keeps steps finite.
        for ridge in (0.0, 1e-10, 1e-7, 1e-4, 1e-1):
            try:
                factor = linalg.cho_factor(curvature + ridge * self._plain)
            except linalg.LinAlgError:
                continue
            step: Floats = linalg.cho_solve(factor, -here.slope)
            if np.all(np.isfinite(step)) and here.slope @ step < 0:
                return step
        return None

    def _curvature(self, weights: Floats) -> Floats:
        found: Floats = (self.transposed * weights[None, :] @ self.matrix).toarray()
        return found
