"""Estimates on another scale: logarithms of amounts, arcsines of the roots of shares, and the way back.

On the way back the mean of what the area may be is taken, not the value at its mean: the exponential of a
mean is too small, and a share would be drawn towards the ends. Errors come back in the same way.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from sojourn.errors import DataRefused, shown

__all__ = ["TRANSFORMATIONS", "Transformation", "back", "back_with_error", "forward", "slope"]

Floats = npt.NDArray[np.float64]
Transformation = Literal["none", "log", "arcsine"]
TRANSFORMATIONS: tuple[Transformation, ...] = ("none", "log", "arcsine")
_QUARTER = np.pi / 2
# Beyond so many standard deviations a normal distribution has less than the last digit of a number.
_FAR = 8.5
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def forward(
    kind: Transformation,
    areas: tuple[str, ...],
    direct: Floats,
    variance: Floats,
    effective_size: Floats | None,
) -> tuple[Floats, Floats]:
    """Direct estimates and their variances on the scale of the model; areas without a sample stay so.

    The variance of a logarithm is that of the estimate divided by its square. That of an arcsine of a root
    is 1 / (4 × effective sample size), or, where sizes are not given, what the direct variance says of it.

    Raises: DataRefused naming an area whose estimate has no place on the scale.
    """
    has_sample = np.isfinite(direct)
    if kind == "none":
        return direct, variance
    if kind == "log":
        _require(areas, has_sample & ~(direct > 0), "is not above zero, and has no logarithm")
        safe = np.where(has_sample, direct, 1.0)
        return np.where(has_sample, np.log(safe), np.nan), variance / safe**2
    _require(areas, has_sample & ~((direct >= 0) & (direct <= 1)), "is no share between 0 and 1")
    root = np.arcsin(np.sqrt(np.where(has_sample, direct, 0.5)))
    scaled = np.where(has_sample, root, np.nan)
    if effective_size is not None:
        _require(areas, has_sample & ~(effective_size > 0), "has no effective sample size above zero")
        return scaled, np.where(has_sample, 1 / (4 * np.where(has_sample, effective_size, 1.0)), np.nan)
    _require(
        areas,
        has_sample & ((direct == 0) | (direct == 1)),
        "is a share of 0 or 1, whose variance says nothing, and there is no effective sample size",
    )
    spread = np.where(has_sample, 4 * direct * (1 - direct), 1.0)
    return scaled, variance / spread


def back(kind: Transformation, values: Floats) -> Floats:
    """Values of the model's scale as they are; shares end at 0 and 1."""
    if kind == "none":
        return values
    if kind == "log":
        return np.exp(values)
    found: Floats = np.sin(np.clip(values, 0.0, _QUARTER)) ** 2
    return found


def slope(kind: Transformation, values: Floats) -> Floats:
    """How much the way back changes by one unit of the model's scale."""
    if kind == "none":
        return np.ones_like(values)
    if kind == "log":
        return np.exp(values)
    return np.where((values > 0) & (values < _QUARTER), np.sin(2 * values), 0.0)


def back_with_error(
    kind: Transformation, values: Floats, known: Floats, errors: Floats
) -> tuple[Floats, Floats]:
    """Estimates and mean-squared errors on the scale of the figures.

    The estimate is the mean of the way back over a normal distribution around the value with the variance
    `known` that remains when coefficients and variances are known; the error is the mean square of what the
    way back differs from it when the distribution has the whole mean-squared error as its variance.

    Source: E. Slud and T. Maiti, Mean-squared error estimation in transformed Fay-Herriot models, JRSS B 68
    (2006), for the estimate of a logarithm; S. Hadam, N. Würz and A.-K. Kreutzmann (2020) for arcsines.
    """
    if kind == "none":
        return values, errors
    if kind == "log":
        estimate = np.exp(values + known / 2)
        middle = np.exp(values)
        off = middle * (np.exp(known / 2) - np.exp(errors / 2))
        return estimate, off**2 + middle**2 * np.exp(errors) * np.expm1(errors)
    estimate = _mean_share(values, known, None)
    return estimate, _mean_share(values, errors, estimate)


def _mean_share(values: Floats, variance: Floats, around: Floats | None) -> Floats:
    """The mean of the share, or of its squared distance from `around`, over normal values."""
    deviation = np.sqrt(variance)
    lower = np.clip(values - _FAR * deviation, 0.0, _QUARTER)
    upper = np.clip(values + _FAR * deviation, 0.0, _QUARTER)
    half = (upper - lower) / 2
    at = lower[:, None] + half[:, None] * (1 + _NODES)
    safe = np.where(deviation > 0, deviation, 1.0)[:, None]
    density = np.exp(-0.5 * ((at - values[:, None]) / safe) ** 2) / (safe * np.sqrt(2 * np.pi))
    share = np.sin(at) ** 2
    goal = share if around is None else (share - around[:, None]) ** 2
    inside = half * np.sum(_WEIGHTS * density * goal, axis=1)
    below, above = ndtr((0 - values) / safe[:, 0]), ndtr((values - _QUARTER) / safe[:, 0])
    ends = (0.0, 1.0) if around is None else (around**2, (1 - around) ** 2)
    spread = inside + below * ends[0] + above * ends[1]
    certain = back("arcsine", values)
    alone = certain if around is None else (certain - around) ** 2
    return np.where(deviation > 0, spread, alone)


def _require(areas: tuple[str, ...], wrong: npt.NDArray[np.bool_], what: str) -> None:
    """Refuse areas whose direct estimate has no place on the scale."""
    found = np.flatnonzero(wrong)
    if len(found):
        more = f" ({len(found)} areas)" if len(found) > 1 else ""
        raise DataRefused(
            f"The direct estimate of the area {shown(areas[int(found[0])])} {what}{more}.",
            "Correct it, or leave it empty so that the area is synthetic, or transform nothing.",
        )
