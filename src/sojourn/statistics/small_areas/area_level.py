"""The area-level model of Fay and Herriot: direct estimates drawn towards what is known of the areas.

A direct estimate is the area's true value and a sampling error of known variance; true values are a
regression on what is known of areas, and an effect of the area. The estimate keeps of the direct one as
much as it is worth: much where the sample is large, nothing where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.small_areas.area_errors import (
    ErrorParts,
    VarianceMoments,
    error_parts,
    variance_moments,
)
from sojourn.statistics.small_areas.area_variance import (
    METHODS,
    Method,
    area_variance_of,
    log_likelihoods,
)
from sojourn.statistics.small_areas.estimates import (
    AreaEstimates,
    ErrorStructure,
    ModelFit,
    half_widths,
    standardised,
)
from sojourn.statistics.small_areas.regression import Basis, Regression, Weighted, basis_of
from sojourn.statistics.small_areas.transformations import (
    TRANSFORMATIONS,
    Transformation,
    back,
    back_with_error,
    forward,
    slope,
)

__all__ = ["AreaData", "AreaModel", "Bootstrap", "fay_herriot"]

Floats = npt.NDArray[np.float64]
# Beyond that the sums over areas lose the digits of the areas that are known worst.
WIDEST = 1e12
ZERO = (
    "The estimated variance between areas is zero: the data show no more spread around the regression than"
    " sampling alone makes, and every estimate is synthetic. With the method adjusted_reml it is positive."
)


@dataclass(frozen=True)
class AreaData:
    """Direct estimates with their variances, and covariates of all areas.

    Areas without a sample have no number as direct estimate and variance. `design` is areas × covariates,
    with a column of ones where an intercept is wanted, and complete.
    """

    areas: tuple[str, ...]
    direct: Floats
    variance: Floats
    design: Floats
    names: tuple[str, ...]
    effective_size: Floats | None = None

    def __post_init__(self) -> None:
        sizes = {len(self.areas), len(self.direct), len(self.variance), len(self.design)}
        if len(sizes) > 1 or self.design.shape[1] != len(self.names):
            raise ValueError("Areas, direct estimates, variances and covariates must have the same size.")
        if len(set(self.areas)) < len(self.areas):
            raise DataRefused("An area occurs twice.", "Keep one row for each area.")
        if not np.isfinite(self.design).all():
            area, name = (int(each[0]) for each in np.nonzero(~np.isfinite(self.design)))
            raise DataRefused(
                f"The area {shown(self.areas[area])} has no number for the covariate"
                f" {shown(self.names[name])}.",
                "Fill it in, or leave the area or the covariate out: nothing is imputed.",
            )


@dataclass(frozen=True)
class Bootstrap:
    """A parametric bootstrap of the mean-squared errors: how many times, and from which seed."""

    replicates: int = 500
    seed: int = 1

    def __post_init__(self) -> None:
        if self.replicates < 2:
            raise ProjectError("A bootstrap takes at least 2 replicates.", "Some hundreds are usual.")


@dataclass(frozen=True)
class AreaModel:
    """The estimates of areas, and the model that made them."""

    estimates: AreaEstimates
    fit: ModelFit


@dataclass(frozen=True)
class _Scaled:
    """The data on the scale of the model: the areas with a sample, and rows of all areas in the basis."""

    regression: Regression
    basis: Basis
    rows: Floats
    direct: Floats
    variance: Floats
    has_sample: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Predicted:
    """Predictions on the scale of the model."""

    area_variance: float
    fit: Weighted
    moments: VarianceMoments
    values: Floats
    kept: Floats
    parts: ErrorParts


def fay_herriot(
    data: AreaData,
    *,
    method: Method = "reml",
    transformation: Transformation = "none",
    area_variance: float | None = None,
    bootstrap: Bootstrap | None = None,
) -> AreaModel:
    """Empirical best linear unbiased predictors of areas, with mean-squared errors and intervals.

    The direct estimate y with variance D becomes gamma·y + (1 - gamma)·x'b, gamma = A / (A + D), where b are
    the coefficients by generalised least squares and A is the variance of area effects, estimated by
    `method` unless `area_variance` gives it. Areas without a sample have gamma 0 and the error A + what
    estimating b adds. Intervals of 95 per cent are those of normal errors on the scale of the model.

    An estimate of zero for A is a result: all gammas are 0, and `fit.notes` says so. With `bootstrap` the
    errors are those of samples drawn from the estimated model, else of the analytic approximation.

    Raises: DataRefused for variances that are not above zero, dependent covariates, or too few areas.
    Source: J. Rao and I. Molina, Small Area Estimation (2015), chapter 6.
    """
    if method not in METHODS or transformation not in TRANSFORMATIONS:
        raise ProjectError(
            "There is no such method or transformation.",
            f"Methods: {', '.join(METHODS)}; transformations: {', '.join(TRANSFORMATIONS)}.",
        )
    scaled = _scaled(data, transformation)
    found = area_variance_of(scaled.regression, method) if area_variance is None else area_variance
    predicted = _predicted(scaled, found, method)
    drawn = None if bootstrap is None else _drawn_errors(scaled, predicted, method, transformation, bootstrap)
    return AreaModel(
        _estimates(data, scaled, predicted, transformation, drawn),
        _fit(data, scaled, predicted, method, transformation),
    )


def _scaled(data: AreaData, transformation: Transformation) -> _Scaled:
    has_sample = np.isfinite(data.direct)
    direct, variance = forward(transformation, data.areas, data.direct, data.variance, data.effective_size)
    wrong = np.flatnonzero(has_sample & ~(np.isfinite(variance) & (variance > 0)))
    if len(wrong):
        raise DataRefused(
            f"The area {shown(data.areas[int(wrong[0])])} has a direct estimate whose variance is not above"
            f" zero{f' ({len(wrong)} areas)' if len(wrong) > 1 else ''}.",
            "Smooth the variances, or leave the direct estimate empty: the area is then synthetic.",
        )
    _require_range(data.areas, np.where(has_sample, variance, np.nan))
    basis = basis_of(data.design[has_sample], data.names)
    return _Scaled(
        Regression(direct[has_sample], variance[has_sample], basis.columns),
        basis,
        basis.rows(data.design),
        direct,
        np.where(has_sample, variance, np.inf),
        has_sample,
    )


def _require_range(areas: tuple[str, ...], variance: Floats) -> None:
    """Refuse variances so far apart, or of such a size, that no digits are left of the small ones."""
    if not np.isfinite(variance).any():
        return
    smallest, largest = int(np.nanargmin(variance)), float(np.nanmax(variance))
    if variance[smallest] < largest / WIDEST or largest > 1e100 or variance[smallest] < 1e-100:
        raise DataRefused(
            f"The direct variance of the area {shown(areas[smallest])} is {variance[smallest]:.2g}, the"
            f" largest is {largest:.2g}: numbers do not hold both.",
            "A variance that small is no estimate: smooth the variances, or take another unit.",
        )


def _predicted(scaled: _Scaled, area_variance: float, method: Method) -> _Predicted:
    fit = scaled.regression.at(area_variance)
    moments = variance_moments(scaled.regression, fit, area_variance, method)
    parts = error_parts(scaled.rows, scaled.variance, fit, area_variance, moments)
    synthetic = scaled.rows @ fit.coefficients
    kept = np.zeros(len(synthetic))
    kept[scaled.has_sample] = area_variance * fit.precision
    values = synthetic.copy()
    values[scaled.has_sample] += kept[scaled.has_sample] * fit.residuals
    return _Predicted(area_variance, fit, moments, values, kept, parts)


def _drawn_errors(
    scaled: _Scaled,
    predicted: _Predicted,
    method: Method,
    transformation: Transformation,
    bootstrap: Bootstrap,
) -> Floats:
    """Mean squares of what estimates differ by from truths that are drawn from the estimated model.

    Source: W. González-Manteiga et al., Bootstrap mean squared error of a small-area EBLUP, Journal of
    Statistical Computation and Simulation 78 (2008).
    """
    draw = np.random.default_rng(bootstrap.seed)
    mean = scaled.rows @ predicted.fit.coefficients
    spread = np.sqrt(predicted.area_variance)
    sampled = scaled.has_sample
    sampling = np.sqrt(scaled.regression.variance)
    squares = np.zeros(len(mean))
    for _ in range(bootstrap.replicates):
        truth = mean + spread * draw.standard_normal(len(mean))
        direct = truth[sampled] + sampling * draw.standard_normal(len(sampling))
        again = _Scaled(
            Regression(direct, scaled.regression.variance, scaled.regression.basis),
            scaled.basis, scaled.rows, scaled.direct, scaled.variance, sampled,
        )  # fmt: skip
        found = _predicted(again, area_variance_of(again.regression, method), method)
        estimate, _ = back_with_error(transformation, found.values, found.parts.known, found.parts.known)
        squares += (estimate - back(transformation, truth)) ** 2
    found_errors: Floats = squares / bootstrap.replicates
    return found_errors


def _estimates(
    data: AreaData,
    scaled: _Scaled,
    predicted: _Predicted,
    transformation: Transformation,
    drawn: Floats | None,
) -> AreaEstimates:
    parts, sampled = predicted.parts, scaled.has_sample
    errors = parts.total if drawn is None or transformation != "none" else drawn
    estimate, mse = back_with_error(transformation, predicted.values, parts.known, errors)
    half = half_widths(errors, (1 - predicted.kept) ** 4 * predicted.moments.variance)
    steep = slope(transformation, predicted.values)
    mse = mse if drawn is None else drawn
    loading = parts.loading * steep[:, None]
    together = np.einsum("ij,jk,ik->i", loading, parts.core, loading)
    gap = np.full(len(estimate), np.nan)
    given_up = 1 - predicted.kept[sampled]
    gap[sampled] = steep[sampled] ** 2 * given_up**2 / predicted.fit.precision
    residuals = np.full(len(estimate), np.nan)
    leverage = np.einsum(
        "ij,jk,ik->i", scaled.regression.basis, predicted.fit.covariance, scaled.regression.basis
    )
    residuals[sampled] = standardised(predicted.fit.residuals, 1 / predicted.fit.precision, leverage)
    return AreaEstimates(
        areas=data.areas,
        direct=data.direct,
        direct_variance=data.variance,
        estimate=estimate,
        mse=mse,
        lower=back(transformation, predicted.values - half),
        upper=back(transformation, predicted.values + half),
        kept=predicted.kept,
        residuals=residuals,
        errors=ErrorStructure(np.maximum(mse - together, 0.0), loading, parts.core, gap),
        kind="area",
    )


def _fit(
    data: AreaData,
    scaled: _Scaled,
    predicted: _Predicted,
    method: Method,
    transformation: Transformation,
) -> ModelFit:
    ordinary, restricted = log_likelihoods(scaled.regression, predicted.area_variance)
    return ModelFit(
        model="fay_herriot",
        method=method,
        transformation=transformation,
        names=data.names,
        coefficients=scaled.basis.coefficients(predicted.fit.coefficients),
        covariance=scaled.basis.covariance(predicted.fit.covariance),
        area_variance=predicted.area_variance,
        area_variance_error=float(np.sqrt(predicted.moments.variance)),
        unit_variance=None,
        observations=len(scaled.regression.direct),
        areas_with_sample=len(scaled.regression.direct),
        log_likelihood=ordinary,
        restricted_log_likelihood=restricted,
        notes=(ZERO,) if predicted.area_variance == 0 else (),
    )
