"""Smoothed variances of direct estimates: a generalised variance function.

A variance estimated from a few units is itself little known, and the area-level model takes it for certain.
The logarithms of variances are regressed on the logarithm of the sample size, and on more if wanted; what
the function says of an area takes the place of its own variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.errors import DataRefused, shown
from sojourn.statistics.small_areas.regression import basis_of

__all__ = ["SmoothedVariances", "smoothed_variances"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SmoothedVariances:
    """Variances to use, which of them are smoothed, and the function that made them.

    `factor` makes the smoothed variances of the areas that were fitted add up to their own.
    """

    variance: Floats
    is_smoothed: Flags
    names: tuple[str, ...]
    coefficients: Floats
    factor: float
    explained: float


def smoothed_variances(
    areas: tuple[str, ...],
    direct: Floats,
    variance: Floats,
    sample_size: Floats,
    *,
    more: dict[str, Floats] | None = None,
    only_unusable: bool = False,
) -> SmoothedVariances:
    """Variances from log(variance) = a + b · log(sample size) + more, for areas with a direct estimate.

    Variances that are not above zero, or not known, are not fitted, and get what the function says. With
    `only_unusable` all others stay as they are. The exponential of a fitted logarithm is too small on
    average; the factor that puts it right is the sum of variances by the sum of exponentials.

    Raises: DataRefused when a sample size is missing, or too few variances can be used.
    Source: M. Hidiroglou, J.-F. Beaumont and W. Yung, Development of a small area estimation system at
    Statistics Canada, Survey Methodology 45 (2019), section 4.
    """
    has_sample = np.isfinite(direct)
    columns = _columns(areas, has_sample, sample_size, more or {})
    names = ("(intercept)", *columns)
    design = np.column_stack([np.ones(len(areas)), *columns.values()])
    usable = has_sample & np.isfinite(variance) & (variance > 0)
    if usable.sum() <= len(names) + 1:
        raise DataRefused(
            f"Only {int(usable.sum())} areas have a variance above zero: too few to smooth by.",
            "Give the variances of more areas, or do not smooth.",
        )
    basis = basis_of(design[usable], names)
    logarithms = np.log(variance[usable])
    turned = basis.columns.T @ logarithms
    fitted = basis.columns @ turned
    coefficients = basis.coefficients(turned)
    factor = float(np.sum(variance[usable]) / np.sum(np.exp(fitted)))
    replaced = has_sample & (~usable if only_unusable else True)
    said = factor * np.exp(design @ coefficients)
    kept = np.where(has_sample, variance, np.nan)
    return SmoothedVariances(
        np.where(replaced, said, kept), replaced, names, coefficients, factor, _explained(logarithms, fitted)
    )


def _columns(
    areas: tuple[str, ...], has_sample: Flags, sample_size: Floats, more: dict[str, Floats]
) -> dict[str, Floats]:
    """What the logarithms of variances depend on, known of every area with a direct estimate."""
    wrong = np.flatnonzero(has_sample & ~(sample_size > 0))
    if len(wrong):
        raise DataRefused(
            f"The area {shown(areas[int(wrong[0])])} has a direct estimate and no sample size.",
            "Give sample_size for every area with a direct estimate: variances are smoothed by it.",
        )
    for name, column in more.items():
        unknown = np.flatnonzero(has_sample & ~np.isfinite(column))
        if len(unknown):
            raise DataRefused(
                f"The area {shown(areas[int(unknown[0])])} has no number for {shown(name)}.",
                "Variances are smoothed by it: fill it in, or smooth by the sample size alone.",
            )
    return {"log(sample size)": np.log(np.where(has_sample, sample_size, 1.0)), **more}


def _explained(logarithms: Floats, fitted: Floats) -> float:
    """The share of the spread of logarithms that the function explains."""
    around, left = logarithms - logarithms.mean(), logarithms - fitted
    spread = float(around @ around)
    return 1 - float(left @ left) / spread if spread > 0 else 0.0
