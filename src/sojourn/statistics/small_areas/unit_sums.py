"""Units of a sample as sums by area: all that the unit-level model looks at.

Squares are taken around the means of areas, so that no digits are lost where means are large; a million
units become as many rows as there are areas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.errors import DataRefused, shown

__all__ = ["UnitSums", "WeightedSums", "unit_sums"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WeightedSums:
    """Sums with survey weights, by area: of weights, of their squares, weighted means, and the latter's.

    `covariates` and `outcome` are means weighted by w; `squared` those weighted by w². The squares around
    the weighted means of areas are added over all areas: w·x·x', w·x·y, and w²·x·x' (all around the means
    weighted by w).
    """

    total: Floats
    squares: Floats
    outcome: Floats
    covariates: Floats
    squared_covariates: Floats
    within_covariates: Floats
    within_products: Floats
    within_squared: Floats


@dataclass(frozen=True)
class UnitSums:
    """Sums of a sample of units by area; areas without units have size 0 and means that are not looked at.

    `outcome` and `covariates` are means of areas; `within_…` are sums, over all units, of squares and
    products around the means of their areas.
    """

    size: Floats
    outcome: Floats
    covariates: Floats
    within_covariates: Floats
    within_products: Floats
    within_outcome: float
    weighted: WeightedSums | None = None

    @property
    def has_sample(self) -> npt.NDArray[np.bool_]:
        """Whether the area has units."""
        found: npt.NDArray[np.bool_] = self.size > 0
        return found


def unit_sums(
    place: Numbers,
    areas: int,
    outcome: Floats,
    covariates: Floats,
    names: tuple[str, ...],
    weights: Floats | None = None,
) -> UnitSums:
    """The sums of units whose areas are the numbers `place`, from 0 to `areas` - 1.

    Raises: DataRefused when an outcome, a covariate or a weight is missing, or a weight is not above zero.
    """
    _require_numbers(outcome, covariates, names, weights)
    size: Floats = np.bincount(place, minlength=areas).astype(float)
    mean = _means(place, areas, outcome, size)
    means = _column_means(place, areas, covariates, None, size)
    around, off = covariates - means[place], outcome - mean[place]
    return UnitSums(
        size=size,
        outcome=mean,
        covariates=means,
        within_covariates=around.T @ around,
        within_products=around.T @ off,
        within_outcome=float(off @ off),
        weighted=None if weights is None else _weighted(place, areas, outcome, covariates, weights),
    )


def _weighted(
    place: Numbers, areas: int, outcome: Floats, covariates: Floats, weights: Floats
) -> WeightedSums:
    total: Floats = np.bincount(place, weights, minlength=areas).astype(float)
    squares: Floats = np.bincount(place, weights**2, minlength=areas).astype(float)
    mean = _means(place, areas, weights * outcome, total)
    means = _column_means(place, areas, covariates, weights, total)
    around, off = covariates - means[place], outcome - mean[place]
    heavy = around * weights[:, None]
    return WeightedSums(
        total=total,
        squares=squares,
        outcome=mean,
        covariates=means,
        squared_covariates=_column_means(place, areas, covariates, weights**2, squares),
        within_covariates=heavy.T @ around,
        within_products=heavy.T @ off,
        within_squared=heavy.T @ heavy,
    )


def _means(place: Numbers, areas: int, values: Floats, size: Floats) -> Floats:
    sums = np.bincount(place, values, minlength=areas)
    found: Floats = np.divide(sums, size, out=np.zeros(areas), where=size > 0)
    return found


def _column_means(
    place: Numbers, areas: int, columns: Floats, weights: Floats | None, size: Floats
) -> Floats:
    by_column = [
        _means(place, areas, column if weights is None else weights * column, size) for column in columns.T
    ]
    return np.column_stack(by_column) if by_column else np.zeros((areas, 0))


def _require_numbers(
    outcome: Floats, covariates: Floats, names: tuple[str, ...], weights: Floats | None
) -> None:
    columns = {"the outcome": outcome}
    columns |= {
        f"the covariate {shown(name)}": column for name, column in zip(names, covariates.T, strict=True)
    }
    if weights is not None:
        columns["the weight"] = weights
    for name, column in columns.items():
        missing = int(np.count_nonzero(~np.isfinite(column)))
        if missing:
            raise DataRefused(
                f"{missing} units have no number for {name}.",
                "Leave such units out and say so, or fill them in: nothing is imputed here.",
            )
    if weights is not None and np.any(weights <= 0):
        raise DataRefused(
            f"{int(np.count_nonzero(weights <= 0))} units have a weight that is not above zero.",
            "A unit that stands for nobody is not part of the sample: leave it out.",
        )
