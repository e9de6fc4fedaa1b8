"""Estimates of area means from units, and their mean-squared errors: analytic, or from drawn samples.

As at the area level: what remains when all is known, what estimating coefficients adds, and what estimating
the two variances adds, twice. Drawn samples are drawn as sums of areas, never as units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.statistics.small_areas.area_level import Bootstrap
from sojourn.statistics.small_areas.estimates import standardised
from sojourn.statistics.small_areas.unit_sums import UnitSums, WeightedSums
from sojourn.statistics.small_areas.unit_variance import (
    Nested,
    UnitMethod,
    Variances,
    unit_moments,
    unit_variances,
)

__all__ = ["AreaMeans", "UnitErrors", "area_means", "drawn_errors", "unit_errors"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class AreaMeans:
    """What the estimates of all areas are made of, in the coordinates of the regression.

    `predicted` are means of the covariates over the units that are not sampled, or over all where the
    sample is a small part; `fraction` is the sampled part of the area, `rest` the share of the unit variance
    that the units not sampled keep in the mean of the area. `relative` is 1/n, or with weights the sum of
    squared relative weights; infinite without a sample.
    """

    has_sample: Flags
    relative: Floats
    outcome: Floats
    covariates: Floats
    predicted: Floats
    fraction: Floats
    rest: Floats


@dataclass(frozen=True)
class UnitErrors:
    """Estimates of areas, with the weight of their own sample and the parts of their errors.

    `spread` is the variance of the errors themselves, as the estimated variances make it.
    """

    estimate: Floats
    kept: Floats
    residuals: Floats
    total: Floats
    spread: Floats
    loading: Floats
    core: Floats
    coefficients: Floats
    is_weighted: bool


def area_means(sums: UnitSums, population: Floats, size: Floats | None, scale: Floats) -> AreaMeans:
    """Means of all areas; `population` are population means divided by the scale already."""
    weighted, some = sums.weighted, sums.has_sample
    if weighted is None:
        relative = np.divide(1.0, sums.size, out=np.full(len(some), np.inf), where=some)
        outcome, covariates = sums.outcome, sums.covariates / scale
    else:
        relative = np.divide(weighted.squares, weighted.total**2, out=np.full(len(some), np.inf), where=some)
        outcome, covariates = weighted.outcome, weighted.covariates / scale
    if size is None:
        nothing = np.zeros(len(some))
        return AreaMeans(some, relative, outcome, covariates, population, nothing, nothing)
    left = size - sums.size
    others = size[:, None] * population - sums.size[:, None] * covariates
    predicted = np.where(left[:, None] > 0, others / np.where(left > 0, left, 1.0)[:, None], population)
    return AreaMeans(some, relative, outcome, covariates, predicted, sums.size / size, left / size**2)


def unit_errors(
    data: Nested,
    means: AreaMeans,
    weighted: WeightedSums | None,
    found: Variances,
    method: UnitMethod,
) -> UnitErrors:
    """Estimates and analytic errors.

    Source: as `nested_error`. With survey weights the estimate is not the best linear one, and errors of
    effects and coefficients go together: what they add is kept, as M. Torabi and J. Rao, Canadian Journal of
    Statistics 38 (2010), ask for.
    """
    kept = _kept(means, found)
    if weighted is None:
        fit = data.at(found.area / found.unit)
        beta, core = fit.coefficients, found.unit * fit.inverse
        crossed = None
    else:
        beta, core, crossed = _weighted_coefficients(data, means, weighted, found, kept)
    residual = means.outcome - means.covariates @ beta
    outside = 1 - means.fraction
    loading = outside[:, None] * (means.predicted - kept[:, None] * means.covariates)
    estimate = means.fraction * means.outcome + outside * (
        means.predicted @ beta + np.where(means.has_sample, kept * residual, 0.0)
    )
    spread = found.area + found.unit * np.where(means.has_sample, means.relative, 0.0)
    leverage = np.einsum("ij,jk,ik->i", means.covariates, core, means.covariates)
    apart = standardised(residual, spread, leverage if weighted is None else np.zeros_like(spread))
    together = np.einsum("ij,jk,ik->i", loading, core, loading)
    first = outside**2 * (1 - kept) * found.area + together + found.unit * means.rest
    if crossed is not None:
        first = first + 2 * np.einsum("ij,ij->i", loading, crossed)
    second = first + outside**2 * _second_order(data, means, found, kept, method)
    return UnitErrors(
        estimate=estimate,
        kept=kept,
        residuals=np.where(means.has_sample, apart, np.nan),
        total=np.where(second > 0, second, first),
        spread=outside**4 * _spread(data, means, found, kept, method),
        loading=loading,
        core=core,
        coefficients=beta,
        is_weighted=weighted is not None,
    )


def _kept(means: AreaMeans, found: Variances) -> Floats:
    own = np.where(means.has_sample, means.relative, 1.0)
    return np.where(means.has_sample, found.area / (found.area + found.unit * own), 0.0)


def _second_order(
    data: Nested, means: AreaMeans, found: Variances, kept: Floats, method: UnitMethod
) -> Floats:
    """What estimating the variances adds, twice, less what their bias does to the first part."""
    covariance, bias = unit_moments(data, found, method)
    own = np.where(means.has_sample, means.relative, 0.0)
    together = (
        found.unit**2 * covariance[0, 0]
        + found.area**2 * covariance[1, 1]
        - 2 * found.unit * found.area * covariance[0, 1]
    )
    spread = np.where(means.has_sample, found.area + found.unit * own, 1.0)
    added = own**2 / spread**3 * together
    found_terms: Floats = 2 * added - bias[0] * (1 - kept) ** 2 - bias[1] * kept**2 * own
    return found_terms


def _spread(data: Nested, means: AreaMeans, found: Variances, kept: Floats, method: UnitMethod) -> Floats:
    """The variance that estimated variances give to what remains when all is known."""
    covariance, _ = unit_moments(data, found, method)
    own = np.where(means.has_sample, means.relative, 0.0)
    steep = np.column_stack([(1 - kept) ** 2, kept**2 * own])
    spread: Floats = np.einsum("ij,jk,ik->i", steep, covariance, steep)
    return spread


def _weighted_coefficients(
    data: Nested, means: AreaMeans, weighted: WeightedSums, found: Variances, kept: Floats
) -> tuple[Floats, Floats, Floats]:
    """Coefficients with survey weights, their covariance, and that with each area's own error."""
    some, scale = means.has_sample, data.scale
    mean, total, squares = means.covariates[some], weighted.total[some], weighted.squares[some]
    given_up = 1 - kept[some]
    pulled = mean * given_up[:, None]
    information = weighted.within_covariates / np.outer(scale, scale) + (mean * total[:, None]).T @ pulled
    inverse = np.linalg.inv(information)
    beta = inverse @ (weighted.within_products / scale + (pulled * total[:, None]).T @ means.outcome[some])
    shift = squares[:, None] * (weighted.squared_covariates[some] / scale - mean)
    both = shift.T @ pulled
    of_units = (
        weighted.within_squared / np.outer(scale, scale)
        + both + both.T + (pulled * squares[:, None]).T @ pulled
    )  # fmt: skip
    sums = pulled * total[:, None]
    covariance = inverse @ (found.unit * of_units + found.area * sums.T @ sums) @ inverse.T
    crossed = np.zeros_like(means.covariates)
    effect = -given_up[:, None] * found.area * sums
    error = (kept[some] * found.unit / total)[:, None] * (shift + squares[:, None] * pulled)
    crossed[some] = (effect + error) @ inverse.T
    return beta, covariance, crossed


def drawn_errors(
    data: Nested, means: AreaMeans, found: Variances, method: UnitMethod, bootstrap: Bootstrap
) -> Floats:
    """Mean squares of what estimates differ by from the true means of drawn populations.

    Means of samples, products within areas and squares within areas are drawn from their own distributions,
    which are those of units drawn one by one.

    Source: W. González-Manteiga et al., Bootstrap mean squared error of a small-area EBLUP, Journal of
    Statistical Computation and Simulation 78 (2008).
    """
    draw = np.random.default_rng(bootstrap.seed)
    beta = data.at(found.area / found.unit).coefficients
    values, vectors = np.linalg.eigh(data.within_covariates)
    is_there = values > values.max(initial=0.0) * 1e-12
    root = vectors[:, is_there] * np.sqrt(values[is_there])
    some, areas = means.has_sample, len(means.outcome)
    outside, squares = 1 - means.fraction, np.zeros(areas)
    for _ in range(bootstrap.replicates):
        effect = np.sqrt(found.area) * draw.standard_normal(areas)
        noise = np.sqrt(found.unit * np.where(some, means.relative, 0.0)) * draw.standard_normal(areas)
        outcome = np.where(some, means.covariates @ beta + effect + noise, 0.0)
        others = outside * (means.predicted @ beta + effect) + np.sqrt(
            found.unit * means.rest
        ) * draw.standard_normal(areas)
        truth = means.fraction * outcome + others
        turned = np.sqrt(found.unit) * draw.standard_normal(root.shape[1])
        left = found.unit * draw.chisquare(data.free_within)
        again = _redrawn(data, outcome[some], beta, root, turned, left)
        squares += (_estimate(again, means, outcome, unit_variances(again, method)) - truth) ** 2
    found_errors: Floats = squares / bootstrap.replicates
    return found_errors


def _redrawn(
    data: Nested, outcome: Floats, beta: Floats, root: Floats, turned: Floats, left: float
) -> Nested:
    """The sums of one drawn sample: products within areas, and squares that they do not explain."""
    at = root.T @ beta + turned
    return Nested(
        data.size, outcome, data.covariates, data.within_covariates, root @ at,
        left + float(at @ at), data.within_rank, data.scale,
    )  # fmt: skip


def _estimate(data: Nested, means: AreaMeans, outcome: Floats, found: Variances) -> Floats:
    kept = _kept(means, found)
    beta = data.at(found.area / found.unit).coefficients
    residual = np.where(means.has_sample, outcome - means.covariates @ beta, 0.0)
    estimate: Floats = means.fraction * outcome + (1 - means.fraction) * (
        means.predicted @ beta + kept * residual
    )
    return estimate
