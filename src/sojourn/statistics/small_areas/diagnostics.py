"""Whether a small-area model can be believed: its coefficients, its residuals, and direct intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import ndtr
from scipy.stats import kurtosis, shapiro, skew

from sojourn.statistics.small_areas.estimates import NORMAL_95, AreaEstimates, ModelFit

__all__ = ["Diagnostics", "coefficient_table", "diagnostics"]

Floats = npt.NDArray[np.float64]
# The test of Shapiro and Wilk is known for so many values.
FEWEST, MOST = 3, 5000


@dataclass(frozen=True)
class Diagnostics:
    """What speaks for and against a model. None stands where there are too few or too many areas to say.

    `normality` is the probability of residuals at least as far from normal ones if they are normal (Shapiro
    and Wilk). `within_direct` is the share of areas whose direct interval of 95 per cent holds the model
    estimate. `intercept` and `slope` are those of direct estimates regressed on model estimates, near 0
    and 1 without bias. `cv_median` and `cv_median_direct` are medians of coefficients of variation.
    """

    areas: int
    areas_with_sample: int
    residual_mean: float | None
    residual_deviation: float | None
    skewness: float | None
    kurtosis: float | None
    normality: float | None
    largest_residual: float | None
    largest_residual_area: str | None
    within_direct: float | None
    intercept: float | None
    slope: float | None
    cv_median_direct: float | None
    cv_median: float | None


def coefficient_table(fit: ModelFit) -> pa.Table:
    """One row for each coefficient: estimate, standard error, z and its two-sided probability."""
    errors = np.sqrt(np.diag(fit.covariance))
    z = fit.coefficients / errors
    return pa.table(
        {
            "coefficient": list(fit.names),
            "estimate": fit.coefficients,
            "standard_error": errors,
            "z": z,
            "p": 2 * ndtr(-np.abs(z)),
        }
    )


def diagnostics(found: AreaEstimates) -> Diagnostics:
    """What the estimates say of their model.

    Source: G. Brown et al., Evaluation of small area estimation methods: an application to unemployment
    estimates from the UK LFS, Proceedings of Statistics Canada Symposium (2001).
    """
    residuals = found.residuals[np.isfinite(found.residuals)]
    compared = np.isfinite(found.direct) & (found.direct_variance > 0)
    direct, estimate = found.direct[compared], found.estimate[compared]
    half = NORMAL_95 * np.sqrt(found.direct_variance[compared])
    intercept, steep = _line(estimate, direct)
    is_spread = len(residuals) >= FEWEST and float(np.ptp(residuals)) > 0
    largest = int(np.argmax(np.abs(np.nan_to_num(found.residuals)))) if len(residuals) else None
    return Diagnostics(
        areas=len(found.areas),
        areas_with_sample=len(residuals),
        residual_mean=float(residuals.mean()) if len(residuals) else None,
        residual_deviation=float(residuals.std(ddof=1)) if len(residuals) > 1 else None,
        skewness=float(skew(residuals)) if is_spread else None,
        kurtosis=float(kurtosis(residuals)) if is_spread else None,
        normality=float(shapiro(residuals).pvalue) if is_spread and len(residuals) <= MOST else None,
        largest_residual=None if largest is None else float(found.residuals[largest]),
        largest_residual_area=None if largest is None else found.areas[largest],
        within_direct=float(np.mean(np.abs(direct - estimate) <= half)) if len(direct) else None,
        intercept=intercept,
        slope=steep,
        cv_median_direct=_median_cv(direct, found.direct_variance[compared]),
        cv_median=_median_cv(found.estimate, found.mse),
    )


def _line(across: Floats, up: Floats) -> tuple[float | None, float | None]:
    """Intercept and slope of least squares; none where the values across are all the same."""
    if len(across) < FEWEST or float(np.ptp(across)) <= 1e-12 * float(np.max(np.abs(across))):
        return None, None
    centred = across - across.mean()
    steep = float(centred @ (up - up.mean()) / (centred @ centred))
    return float(up.mean() - steep * across.mean()), steep


def _median_cv(values: Floats, squares: Floats) -> float | None:
    some = (values != 0) & np.isfinite(values) & np.isfinite(squares)
    return float(np.median(np.sqrt(squares[some]) / np.abs(values[some]))) if some.any() else None
