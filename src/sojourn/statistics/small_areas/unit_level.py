"""The unit-level model of Battese, Harter and Fuller: units within areas, and what is known of each unit.

A unit's value is a regression on what is known of it, an effect of its area and an error of its own. The
mean of an area follows from the population means of the covariates, which must be known, and the effect of
the area, of which as much is kept as its sample is worth. With survey weights the estimate follows the
design as the sample grows, and adds up to the survey's own regression estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.small_areas.area_level import AreaModel, Bootstrap
from sojourn.statistics.small_areas.estimates import AreaEstimates, ErrorStructure, ModelFit, half_widths
from sojourn.statistics.small_areas.unit_errors import (
    AreaMeans,
    UnitErrors,
    area_means,
    drawn_errors,
    unit_errors,
)
from sojourn.statistics.small_areas.unit_sums import UnitSums
from sojourn.statistics.small_areas.unit_variance import (
    UNIT_METHODS,
    Nested,
    UnitMethod,
    Variances,
    nested_of,
    unit_moments,
    unit_variances,
)

__all__ = ["Population", "nested_error"]

Floats = npt.NDArray[np.float64]
ZERO = (
    "The estimated variance between areas is zero: units of one area are no more alike than any, and every"
    " estimate is synthetic."
)


@dataclass(frozen=True)
class Population:
    """What is known of every area: population means of the covariates, and direct estimates beside.

    `means` is areas × covariates, with ones where the covariates have an intercept. `size` is the number of
    units in the population; without it samples are taken to be small parts of their areas. Direct estimates
    are not used by the model: they are shown, and compared with it.
    """

    areas: tuple[str, ...]
    means: Floats
    size: Floats | None = None
    direct: Floats | None = None
    direct_variance: Floats | None = None


def nested_error(
    sums: UnitSums,
    population: Population,
    names: tuple[str, ...],
    *,
    method: UnitMethod = "reml",
    bootstrap: Bootstrap | None = None,
) -> AreaModel:
    """Empirical best linear unbiased predictors of area means from units, with mean-squared errors.

    The estimate is X'b + gamma·(y - x'b): X population means, y and x means of the area's sample, gamma =
    A / (A + U/n), with the variances A of areas and U of units. Where population sizes are given, the
    sampled units stand for themselves and only the others are predicted. Sums with survey weights make the
    pseudo-estimate: weighted means, gamma with the sum of squared relative weights for 1/n, and weighted
    coefficients; variances are estimated without weights. Areas without units are synthetic.

    Raises: DataRefused when means or sizes are missing or do not fit, or the sums do not bear the model;
    ProjectError for settings that contradict one another.
    Source: G. Battese, R. Harter and W. Fuller, JASA 83 (1988); Y. You and J. Rao, A pseudo-empirical best
    linear unbiased prediction approach to small area estimation using survey weights, Canadian Journal of
    Statistics 30 (2002); J. Rao and I. Molina, Small Area Estimation (2015), chapter 7.
    """
    _require_settings(sums, population, method, bootstrap)
    _require_population(sums, population, names)
    data = nested_of(sums, names)
    found = unit_variances(data, method)
    means = area_means(sums, population.means / data.scale, population.size, data.scale)
    errors = unit_errors(data, means, sums.weighted, found, method)
    mse = errors.total if bootstrap is None else drawn_errors(data, means, found, method, bootstrap)
    return AreaModel(
        _estimates(population, means, errors, found, mse),
        _fit(data, names, found, method, errors, sums),
    )


def _require_settings(
    sums: UnitSums, population: Population, method: UnitMethod, bootstrap: Bootstrap | None
) -> None:
    if method not in UNIT_METHODS:
        raise ProjectError(f"There is no method {method}.", f"There are: {', '.join(UNIT_METHODS)}.")
    if sums.weighted is not None and bootstrap is not None:
        raise ProjectError(
            "Errors of the estimate with survey weights are not found by a bootstrap.",
            "Leave out the bootstrap, or the weights.",
        )
    if sums.weighted is not None and population.size is not None:
        raise ProjectError(
            "With survey weights the sampled units do not stand for themselves alone.",
            "Leave out the population sizes, or the weights.",
        )


def _require_population(sums: UnitSums, population: Population, names: tuple[str, ...]) -> None:
    areas = population.areas
    if population.means.shape != (len(areas), len(names)) or len(sums.size) != len(areas):
        raise ValueError("Areas, population means and sums must have the same size.")
    if len(set(areas)) < len(areas):
        raise DataRefused("An area occurs twice.", "Keep one row for each area.")
    if not np.isfinite(population.means).all():
        area, name = (int(each[0]) for each in np.nonzero(~np.isfinite(population.means)))
        raise DataRefused(
            f"The population mean of {shown(names[name])} in the area {shown(areas[area])} is not known.",
            "Fill it in, or leave the area or the covariate out: nothing is imputed.",
        )
    if population.size is None:
        return
    small = np.flatnonzero(~(population.size >= np.maximum(sums.size, 1)))
    if len(small):
        raise DataRefused(
            f"The area {shown(areas[int(small[0])])} has fewer units in the population than in the sample.",
            "Look at the population sizes; they count the same units as the sample does.",
        )


def _estimates(
    population: Population, means: AreaMeans, errors: UnitErrors, found: Variances, mse: Floats
) -> AreaEstimates:
    nothing = np.full(len(population.areas), np.nan)
    together = np.einsum("ij,jk,ik->i", errors.loading, errors.core, errors.loading)
    half = half_widths(mse, errors.spread)
    return AreaEstimates(
        areas=population.areas,
        direct=nothing if population.direct is None else population.direct,
        direct_variance=nothing if population.direct_variance is None else population.direct_variance,
        estimate=errors.estimate,
        mse=mse,
        lower=errors.estimate - half,
        upper=errors.estimate + half,
        kept=errors.kept,
        residuals=errors.residuals,
        errors=ErrorStructure(np.maximum(mse - together, 0.0), errors.loading, errors.core, nothing),
        kind="unit" if not errors.is_weighted else "pseudo",
    )


def _fit(
    data: Nested,
    names: tuple[str, ...],
    found: Variances,
    method: UnitMethod,
    errors: UnitErrors,
    sums: UnitSums,
) -> ModelFit:
    fit = data.at(found.area / found.unit)
    units, size = data.units, len(names)
    shape = float(np.sum(np.log1p(data.size * found.area / found.unit)))
    squares = fit.squares / found.unit
    ordinary = -0.5 * (units * np.log(2 * np.pi * found.unit) + shape + squares)
    plain = data.at(0.0).log_determinant
    restricted = -0.5 * (
        (units - size) * np.log(2 * np.pi * found.unit) + shape + fit.log_determinant - plain + squares
    )
    covariance, _ = unit_moments(data, found, method)
    return ModelFit(
        model="nested_error" if sums.weighted is None else "nested_error_weighted",
        method=method,
        transformation="none",
        names=names,
        coefficients=errors.coefficients / data.scale,
        covariance=errors.core / np.outer(data.scale, data.scale),
        area_variance=found.area,
        area_variance_error=float(np.sqrt(covariance[0, 0])),
        unit_variance=found.unit,
        observations=units,
        areas_with_sample=len(data.size),
        log_likelihood=float(ordinary),
        restricted_log_likelihood=float(restricted),
        notes=(ZERO,) if found.area == 0 else (),
    )
