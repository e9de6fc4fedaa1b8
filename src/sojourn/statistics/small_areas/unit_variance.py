"""The nested error regression on sums of areas: coefficients, and the variances of areas and units.

With lambda the variance of area effects divided by that of units, everything is a sum over areas of means
with the weight n / (1 + n·lambda), and the sums around the means of areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import qr
from scipy.optimize import brentq

from sojourn.errors import DataRefused, shown
from sojourn.statistics.small_areas.unit_sums import UnitSums

__all__ = [
    "UNIT_METHODS", "Nested", "UnitFit", "UnitMethod", "Variances", "nested_of", "unit_moments",
    "unit_variances",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
UnitMethod = Literal["reml", "ml", "fitting_of_constants"]
UNIT_METHODS: tuple[UnitMethod, ...] = ("reml", "ml", "fitting_of_constants")
_GRID = np.append(0.0, np.logspace(-10, 8, 73))
_DEPENDENT = 1e-12


@dataclass(frozen=True)
class Variances:
    """The variance of area effects, and that of units within areas."""

    area: float
    unit: float


@dataclass(frozen=True)
class UnitFit:
    """Generalised least squares at one lambda; `inverse` is that of X'V⁻¹X times the variance of units."""

    weight: Floats
    inverse: Floats
    coefficients: Floats
    residuals: Floats
    squares: float

    @property
    def log_determinant(self) -> float:
        """Logarithm of the information's determinant."""
        return -float(np.linalg.slogdet(self.inverse)[1])


@dataclass(frozen=True)
class Nested:
    """Sums of areas that have a sample, with covariates divided by `scale`."""

    size: Floats
    outcome: Floats
    covariates: Floats
    within_covariates: Floats
    within_products: Floats
    within_outcome: float
    within_rank: int
    scale: Floats

    @property
    def units(self) -> int:
        """How many units there are."""
        return int(self.size.sum())

    @property
    def free_within(self) -> int:
        """Degrees of freedom of units within areas."""
        return self.units - len(self.size) - self.within_rank

    @property
    def within_coefficients(self) -> Floats:
        """The regression of units around the means of their areas; zero for what does not vary there."""
        found = np.linalg.lstsq(self.within_covariates, self.within_products, rcond=_DEPENDENT)[0]
        return found.astype(np.float64)

    def at(self, ratio: float) -> UnitFit:
        """The regression when the variance of areas is `ratio` times that of units."""
        weight = self.size / (1 + self.size * ratio)
        heavy = self.covariates * weight[:, None]
        information = self.within_covariates + heavy.T @ self.covariates
        inverse: Floats = np.linalg.inv(information).astype(np.float64)
        beta = inverse @ (self.within_products + heavy.T @ self.outcome)
        residuals = self.outcome - self.covariates @ beta
        squares = self.within_squares(beta) + float(np.sum(weight * residuals**2))
        return UnitFit(weight, inverse, beta, residuals, squares)

    def along(self, ratios: Floats) -> tuple[Floats, Floats, Floats]:
        """At many ratios at once: squares, log determinants, and sums of logarithms of 1 + n·ratio."""
        areas, size = self.covariates.shape
        spread = 1 + ratios[:, None] * self.size
        weight = self.size / spread
        pairs = (self.covariates[:, :, None] * self.covariates[:, None, :]).reshape(areas, size * size)
        information = self.within_covariates + (weight @ pairs).reshape(-1, size, size)
        # What plain least squares leaves has the same likelihood, and no large mean that would cost digits.
        plain = self.at(0.0)
        products = self.within_products - self.within_covariates @ plain.coefficients
        sides = products + weight @ (self.covariates * plain.residuals[:, None])
        explained = np.einsum("ij,ij->i", sides, np.linalg.solve(information, sides[:, :, None])[:, :, 0])
        squares = self.within_squares(plain.coefficients) + weight @ plain.residuals**2 - explained
        return squares, np.linalg.slogdet(information)[1], np.log(spread).sum(axis=1)

    def within_squares(self, beta: Floats) -> float:
        """Squared residuals of units around the means of areas."""
        explained = 2 * beta @ self.within_products - beta @ self.within_covariates @ beta
        return max(float(self.within_outcome - explained), 0.0)


def nested_of(sums: UnitSums, names: tuple[str, ...]) -> Nested:
    """The sums of the areas that have a sample, ready for the regression.

    Raises: DataRefused when variances of areas and units cannot be told apart, or covariates depend.
    """
    some = sums.has_sample
    size, means = sums.size[some], sums.covariates[some]
    total = sums.within_covariates + (means * size[:, None]).T @ means
    diagonal = np.sqrt(np.diag(total))
    scale = np.where(diagonal > 0, diagonal, 1.0)
    _, triangle, order = qr(total / np.outer(scale, scale), pivoting=True)
    weak = np.flatnonzero(np.abs(np.diag(triangle)) <= _DEPENDENT)
    if len(weak):
        raise DataRefused(
            f"The covariate {shown(names[int(order[weak[0]])])} tells nothing that the others do not tell.",
            "Leave it out: it is constant, or a sum of other covariates, among the units.",
        )
    within = sums.within_covariates / np.outer(scale, scale)
    found = Nested(
        size, sums.outcome[some], means / scale, within, sums.within_products / scale,
        sums.within_outcome, int(np.linalg.matrix_rank(within, tol=_DEPENDENT, hermitian=True)), scale,
    )  # fmt: skip
    _require_areas(found)
    return found


def _require_areas(found: Nested) -> None:
    areas, size = found.covariates.shape
    if found.free_within <= 0:
        raise DataRefused(
            f"{found.units} units in {areas} areas leave no degree of freedom within areas.",
            "Areas and units vary, and only areas with several units tell them apart: take the area-level"
            " model, or fewer covariates.",
        )
    if areas + found.within_rank <= size:
        raise DataRefused(
            f"{areas} areas have a sample, too few for {size - found.within_rank} coefficients that vary"
            " between areas only.",
            "Take fewer covariates, or more areas.",
        )
    if (
        found.within_squares(found.within_coefficients) <= 1e-14 * found.within_outcome
        or found.within_outcome == 0
    ):
        raise DataRefused(
            "The covariates tell the outcome of every unit within its area without error.",
            "Look whether the outcome is among the covariates, or is the same for all units of an area.",
        )


def unit_variances(data: Nested, method: UnitMethod) -> Variances:
    """The variances of areas and units; that of areas is zero where the estimator says so.

    `reml` and `ml` maximise the restricted and the ordinary likelihood over lambda; `fitting_of_constants`
    is Henderson's third method, unbiased before it is cut off at zero.

    Source: G. Battese, R. Harter and W. Fuller, JASA 83 (1988); N. Prasad and J. Rao, JASA 85 (1990).
    """
    if method == "fitting_of_constants":
        return _constants(data)
    ratio = _highest(data, method)
    divisor = data.units - (len(data.scale) if method == "reml" else 0)
    unit = data.at(ratio).squares / divisor
    return Variances(ratio * unit, unit)


def _heights(data: Nested, method: UnitMethod) -> Floats:
    """Logarithms of the likelihood, up to a constant, along the grid."""
    squares, determinants, shapes = data.along(_GRID)
    units, size = data.units, len(data.scale)
    logarithms = np.log(np.maximum(squares, np.finfo(float).tiny))
    if method == "reml":
        return -0.5 * ((units - size) * logarithms + shapes + determinants)
    return -0.5 * (units * logarithms + shapes)


def _slope(data: Nested, ratio: float, method: UnitMethod) -> float:
    """The derivative of the height by lambda."""
    fit = data.at(ratio)
    fall = -float(np.sum((fit.weight * fit.residuals) ** 2)) / fit.squares
    shape = float(np.sum(fit.weight))
    if method == "ml":
        return -0.5 * (data.units * fall + shape)
    heavy = data.covariates * fit.weight[:, None]
    trace = float(np.sum(fit.inverse * (heavy.T @ heavy)))
    return -0.5 * ((data.units - len(data.scale)) * fall + shape - trace)


def _highest(data: Nested, method: UnitMethod) -> float:
    best = int(np.argmax(_heights(data, method)))
    if best == 0 and _slope(data, 0.0, method) <= 0:
        return 0.0
    ends = [_GRID[max(best - 1, 0)], _GRID[min(best + 1, len(_GRID) - 1)]]
    slopes = [_slope(data, end, method) for end in ends]
    if slopes[0] <= 0 or slopes[1] >= 0:
        return float(_GRID[best])
    return float(
        brentq(
            lambda ratio: _slope(data, ratio, method),
            *ends,
            xtol=1e-300,
            rtol=4 * np.finfo(float).eps,
            maxiter=1000,
        )
    )


def _constants(data: Nested) -> Variances:
    unit = data.within_squares(data.within_coefficients) / data.free_within
    plain = data.at(0.0)
    corrected, _ = _projected_sizes(data, plain)
    area = (plain.squares - (data.units - len(data.scale)) * unit) / corrected
    return Variances(max(area, 0.0), unit)


def _projected_sizes(data: Nested, plain: UnitFit) -> tuple[float, float]:
    """Traces of Z'MZ and of its square, where M takes ordinary least squares out and Z adds up areas."""
    heavy = data.covariates * data.size[:, None]
    inverse = plain.inverse
    sums = heavy.T @ heavy
    first = float(data.size.sum() - np.sum(inverse * sums))
    cross = float(np.sum(inverse * ((heavy * data.size[:, None]).T @ heavy)))
    product = inverse @ sums
    return first, float(np.sum(data.size**2)) - 2 * cross + float(np.sum(product * product.T))


def unit_moments(data: Nested, found: Variances, method: UnitMethod) -> tuple[Floats, Floats]:
    """The asymptotic covariance of the estimated variances (area, unit), and their bias.

    Source: N. Prasad and J. Rao, JASA 85 (1990), for the fitting of constants; G. Datta and P. Lahiri,
    Statistica Sinica 10 (2000), for likelihoods.
    """
    if method == "fitting_of_constants":
        return _constants_covariance(data, found), np.zeros(2)
    total = found.unit + data.size * found.area
    information = 0.5 * np.array(
        [
            [np.sum((data.size / total) ** 2), np.sum(data.size / total**2)],
            [np.sum(data.size / total**2), np.sum((data.size - 1) / found.unit**2 + 1 / total**2)],
        ]
    )
    covariance: Floats = np.linalg.inv(information).astype(np.float64)
    if method == "reml":
        return covariance, np.zeros(2)
    inverse = found.unit * data.at(found.area / found.unit).inverse
    weighted = data.covariates * (data.size / total)[:, None]
    of_area = float(np.sum(inverse * (weighted.T @ weighted)))
    squares = data.covariates * (np.sqrt(data.size) / total)[:, None]
    of_unit = data.within_covariates / found.unit**2 + squares.T @ squares
    traces = np.array([of_area, float(np.sum(inverse * of_unit))])
    return covariance, -0.5 * covariance @ traces


def _constants_covariance(data: Nested, found: Variances) -> Floats:
    areas, size = data.covariates.shape
    free, constant = data.free_within, size - data.within_rank
    corrected, squared = _projected_sizes(data, data.at(0.0))
    of_unit = 2 * found.unit**2 / free
    of_area = (2 / corrected**2) * (
        (areas - constant) * (data.units - size) * found.unit**2 / free
        + 2 * corrected * found.unit * found.area
        + squared * found.area**2
    )
    together = -(areas - constant) * of_unit / corrected
    return np.array([[of_area, together], [together, of_unit]])
