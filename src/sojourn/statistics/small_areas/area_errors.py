"""Mean-squared errors of area-level estimates, to the second order.

Three parts: what remains when all is known, what estimating the coefficients adds, and what estimating the
variance of area effects adds, which counts twice because the first part is itself estimated from it. Where
the estimator of that variance is biased, the bias is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.statistics.small_areas.area_variance import Method
from sojourn.statistics.small_areas.regression import Regression, Weighted

__all__ = ["ErrorParts", "VarianceMoments", "error_parts", "variance_moments"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VarianceMoments:
    """The asymptotic variance of the estimated variance of area effects, and its bias."""

    variance: float
    bias: float


@dataclass(frozen=True)
class ErrorParts:
    """Parts of the mean-squared errors of areas.

    `known`: all known; `coefficients`: these estimated; `area_variance`: this estimated, counted once;
    `correction`: what the bias of its estimator asks for. `loading` and `core` make the second part:
    loading · core · loading'.
    """

    known: Floats
    coefficients: Floats
    area_variance: Floats
    correction: Floats
    loading: Floats
    core: Floats

    @property
    def total(self) -> Floats:
        """The estimated mean-squared errors; the first-order ones where corrections leave nothing."""
        first = self.known + self.coefficients
        second: Floats = first + 2 * self.area_variance + self.correction
        return np.where(second > 0, second, first)


def variance_moments(
    data: Regression, fit: Weighted, area_variance: float, method: Method
) -> VarianceMoments:
    """What is known of the estimator itself.

    Source: G. Datta and P. Lahiri, Statistica Sinica 10 (2000), for likelihoods; G. Datta, J. Rao and
    D. Smith, Biometrika 92 (2005), for Fay and Herriot's moments; N. Prasad and J. Rao, JASA 85 (1990).
    """
    areas = len(data.direct)
    first, second = float(np.sum(fit.precision)), float(np.sum(fit.precision**2))
    if method == "fay_herriot":
        bias = 2 * (areas * second - first**2) / first**3
        return VarianceMoments(2 * areas / first**2, bias)
    if method == "prasad_rao":
        return VarianceMoments(2 * float(np.sum((area_variance + data.variance) ** 2)) / areas**2, 0.0)
    bias = -data.spread_of_information(fit) / second if method == "ml" else 0.0
    return VarianceMoments(2 / second, bias)


def error_parts(
    rows: Floats, variance: Floats, fit: Weighted, area_variance: float, moments: VarianceMoments
) -> ErrorParts:
    """The parts for areas with these covariates (in the basis) and direct variances.

    An area without a sample has an infinite direct variance: nothing of it is kept.
    """
    has_sample = np.isfinite(variance)
    own = np.where(has_sample, variance, 0.0)
    precision = np.where(has_sample, 1.0 / (area_variance + np.where(has_sample, variance, 1.0)), 0.0)
    given_up = np.where(has_sample, own * precision, 1.0)
    loading = rows * given_up[:, None]
    return ErrorParts(
        known=area_variance * given_up,
        coefficients=np.einsum("ij,jk,ik->i", loading, fit.covariance, loading),
        area_variance=given_up**2 * precision * moments.variance,
        correction=-moments.bias * given_up**2,
        loading=loading,
        core=fit.covariance,
    )
