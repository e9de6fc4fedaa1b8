"""What a small-area model says of each area, in the same form for every model, and of the model itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

__all__ = ["NORMAL_95", "AreaEstimates", "ErrorStructure", "ModelFit", "half_widths", "standardised"]

Floats = npt.NDArray[np.float64]
NORMAL_95 = 1.959963984540054
FEWEST_DEGREES = 4.0


def half_widths(mse: Floats, variance: Floats) -> Floats:
    """Half the lengths of intervals of 95 per cent, when the mean-squared errors have this variance.

    Errors that are themselves estimated from few areas make longer intervals: Student's, with the degrees of
    freedom 2·mse² / variance (Satterthwaite), at least 4.
    """
    safe = np.where(variance > 0, variance, 1.0)
    degrees = np.where(variance > 0, np.maximum(2 * mse**2 / safe, FEWEST_DEGREES), np.inf)
    quantiles = np.where(np.isfinite(degrees), stdtrit(np.minimum(degrees, 1e12), 0.975), NORMAL_95)
    found: Floats = quantiles * np.sqrt(mse)
    return found


def standardised(residuals: Floats, variance: Floats, leverage: Floats) -> Floats:
    """Residuals by their standard deviations; zero where the regression passes through the area."""
    left = variance - leverage
    is_free = left > 1e-9 * variance
    return np.where(is_free, residuals / np.sqrt(np.where(is_free, left, 1.0)), 0.0)


@dataclass(frozen=True)
class ErrorStructure:
    """How errors of areas hang together, as sums over areas can use it.

    The covariance of the errors (estimate less truth) is diag(own) + loading · core · loading'. That of
    the distance of direct estimates from estimates is diag(gap) - loading · core · loading'; `gap` is not a
    number for an area without a direct estimate, or where the model is not of direct estimates.
    """

    own: Floats
    loading: Floats
    core: Floats
    gap: Floats


@dataclass(frozen=True)
class AreaEstimates:
    """The estimates of areas. Numbers that there are none of are not a number: of areas without a sample.

    `kept` is the weight of the direct estimate (gamma): 0 where the estimate is synthetic. `residuals` are
    the distances of direct estimates from the regression, divided by their standard deviations.
    """

    areas: tuple[str, ...]
    direct: Floats
    direct_variance: Floats
    estimate: Floats
    mse: Floats
    lower: Floats
    upper: Floats
    kept: Floats
    residuals: Floats
    errors: ErrorStructure
    kind: str


@dataclass(frozen=True)
class ModelFit:
    """The model: coefficients with their covariance, variances, likelihoods, and what is to be said.

    `log_likelihood` is the ordinary one at the estimates, whatever the method, so that models with other
    covariates may be compared by `aic` and `bic`; `restricted_log_likelihood` is that of the contrasts.
    """

    model: str
    method: str
    transformation: str
    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    area_variance: float
    area_variance_error: float
    unit_variance: float | None
    observations: int
    areas_with_sample: int
    log_likelihood: float
    restricted_log_likelihood: float
    notes: tuple[str, ...]

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.log_likelihood + 2 * self._parameters

    @property
    def bic(self) -> float:
        """The Bayesian criterion."""
        return -2 * self.log_likelihood + float(np.log(self.observations)) * self._parameters

    @property
    def _parameters(self) -> int:
        return len(self.names) + (1 if self.unit_variance is None else 2)
