"""How much areas differ beyond what covariates explain: the variance of area effects.

Five estimators. Likelihoods are looked through on a grid from zero to a bound above which they only fall,
so that the highest of several maxima is found, and then solved for a zero slope. An estimate of zero is a
result: the data show no more spread than sampling alone makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from sojourn.statistics.small_areas.regression import Regression, Weighted

__all__ = ["METHODS", "Method", "area_variance_of", "log_likelihoods"]

Floats = npt.NDArray[np.float64]
Method = Literal["reml", "ml", "fay_herriot", "prasad_rao", "adjusted_reml"]
METHODS: tuple[Method, ...] = ("reml", "ml", "fay_herriot", "prasad_rao", "adjusted_reml")
_GRID = np.append(0.0, np.logspace(-8, 0, 33))


def area_variance_of(data: Regression, method: Method) -> float:
    """The estimated variance of area effects; zero where the estimator says so.

    `reml` and `ml` maximise the restricted and the ordinary likelihood of normal effects and errors;
    `fay_herriot` solves Fay and Herriot's moment equation; `prasad_rao` is the moment estimator in closed
    form; `adjusted_reml` multiplies the restricted likelihood by a factor that is zero at zero, so that the
    estimate is positive, with the same second-order mean-squared error.

    Source: R. Fay and R. Herriot, JASA 74 (1979); N. Prasad and J. Rao, JASA 85 (1990); M. Yoshimori and
    P. Lahiri, A new adjusted maximum likelihood method for the Fay-Herriot small area model, Journal of
    Multivariate Analysis 124 (2014).
    """
    if method == "fay_herriot":
        return _moment_equation(data)
    if method == "prasad_rao":
        return _closed_moment(data)
    return _highest(data, method)


def log_likelihoods(data: Regression, area_variance: float) -> tuple[float, float]:
    """The logarithms of the ordinary and the restricted likelihood, all constants included.

    The restricted one is that of contrasts of the direct estimates that are orthonormal.
    """
    fit = data.at(area_variance)
    areas, size = data.basis.shape
    common = float(np.sum(np.log(fit.precision))) - fit.squares
    ordinary = 0.5 * (common - areas * np.log(2 * np.pi))
    restricted = 0.5 * (common - fit.log_determinant - (areas - size) * np.log(2 * np.pi))
    return float(ordinary), float(restricted)


def _reml_slope(data: Regression, fit: Weighted, area_variance: float) -> float:
    trace = float(np.sum(fit.precision)) - data.spread_of_information(fit)
    return 0.5 * (float(np.sum((fit.precision * fit.residuals) ** 2)) - trace)


def _ml_slope(data: Regression, fit: Weighted, area_variance: float) -> float:
    return 0.5 * float(np.sum((fit.precision * fit.residuals) ** 2) - np.sum(fit.precision))


def _adjusted_slope(data: Regression, fit: Weighted, area_variance: float) -> float:
    kept = area_variance * float(np.sum(fit.precision))
    rise = float(np.sum(data.variance * fit.precision**2))
    factor = rise / ((1 + kept**2) * np.arctan(kept)) if kept > 0 else np.inf
    return _reml_slope(data, fit, area_variance) + factor / len(data.direct)


_SLOPES: dict[str, Callable[[Regression, Weighted, float], float]] = {
    "reml": _reml_slope,
    "ml": _ml_slope,
    "adjusted_reml": _adjusted_slope,
}


def _heights(data: Regression, grid: Floats, method: Method) -> Floats:
    """Logarithms of the likelihood, up to a constant, at many variances."""
    squares, determinants, precisions, logarithms = data.along(grid)
    heights = 0.5 * (logarithms - squares)
    if method == "ml":
        return heights
    heights = heights - 0.5 * determinants
    if method == "reml":
        return heights
    kept = grid * precisions
    factor = np.log(np.arctan(kept), out=np.full(len(grid), -np.inf), where=kept > 0)
    return heights + factor / len(data.direct)


def _highest(data: Regression, method: Method) -> float:
    """The variance at which the likelihood is highest."""
    slope = _SLOPES[method]

    def slope_at(value: float) -> float:
        return float(slope(data, data.at(value), value))

    bound = _bound(data)
    while slope_at(bound) > 0:
        bound *= 2
    grid = bound * _GRID
    best = int(np.argmax(_heights(data, grid, method)))
    if best == 0 and slope_at(0.0) <= 0:
        return 0.0
    lower, upper = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    if slope_at(lower) <= 0:
        lower = grid[best]
    if slope_at(upper) >= 0:
        upper = grid[best]
    if lower == upper or slope_at(lower) * slope_at(upper) >= 0:
        return float(grid[best])
    return _root(slope_at, float(lower), float(upper))


def _root(function: Callable[[float], float], lower: float, upper: float) -> float:
    found: float = brentq(function, lower, upper, xtol=1e-300, rtol=4 * np.finfo(float).eps, maxiter=1000)
    return found


def _bound(data: Regression) -> float:
    """A variance above which the likelihood falls.

    Squares weighted by precision are at most the plain ones divided by the variance of area effects, and
    the trace of the projection is at least its degrees of freedom divided by the largest variance.
    """
    areas, size = data.basis.shape
    plain = data.direct - data.basis @ (data.basis.T @ data.direct)
    squares = float(plain @ plain)
    largest = float(data.variance.max())
    free = areas - size
    found = (squares + np.sqrt(squares**2 + 4 * free * squares * largest)) / (2 * free)
    return float(max(found, largest * 1e-6))


def _moment_equation(data: Regression) -> float:
    """Where squared residuals divided by their variances add up to areas less coefficients."""
    free = data.basis.shape[0] - data.basis.shape[1]

    def excess(value: float) -> float:
        return float(data.at(value).squares - free)

    if excess(0.0) <= 0:
        return 0.0
    bound = _bound(data)
    while excess(bound) > 0:
        bound *= 2
    return _root(excess, 0.0, bound)


def _closed_moment(data: Regression) -> float:
    """Plain squared residuals less what sampling alone makes of them, by degree of freedom."""
    free = data.basis.shape[0] - data.basis.shape[1]
    plain = data.direct - data.basis @ (data.basis.T @ data.direct)
    leverage = np.sum(data.basis**2, axis=1)
    sampling = float(np.sum(data.variance * (1 - leverage)))
    return float(max((float(plain @ plain) - sampling) / free, 0.0))
