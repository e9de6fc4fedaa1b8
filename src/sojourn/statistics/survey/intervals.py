"""Confidence intervals: from an estimate, its variance and degrees of freedom to two ends.

| interval | for | is |
|---|---|---|
| `t` | anything | the estimate, plus and minus Student's t times the standard error |
| `log` | what cannot be negative | Student's t on the logarithm |
| `logit` | shares | Student's t on the logit; none where the share is 0 or 1 |
| `wilson` | shares | Wilson's score interval with the effective sample size |
| `korn_graubard` | shares | the exact interval of a binomial with the effective sample size |

Source: Korn and Graubard, Survey Methodology 24(2), 1998; Wilson, JASA 22, 1927; R `survey`, `svyciprop`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["INTERVALS", "Interval", "ends"]

Interval = Literal["t", "log", "logit", "wilson", "korn_graubard"]
INTERVALS: tuple[Interval, ...] = ("t", "log", "logit", "wilson", "korn_graubard")
Floats = npt.NDArray[np.float64]


def ends(
    kind: Interval, value: Floats, variance: Floats, freedom: Floats, size: Floats, level: float = 0.95
) -> tuple[Floats, Floats]:
    """The lower and upper end of each interval; NaN where it cannot be formed.

    `freedom` of infinity takes the normal distribution; without any freedom there is no interval. `size` is
    the number of records behind each figure, which `korn_graubard` needs, also where nobody or everybody is
    in the group and the variance says nothing.
    """
    from scipy.special import expit, stdtrit  # here, as most commands know of intervals and make none

    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(freedom >= 1, stdtrit(np.minimum(freedom, 1e12), (1 + level) / 2), np.nan)
        error = np.sqrt(variance)
        if kind == "t":
            return value - factor * error, value + factor * error
        if kind == "log":
            width = np.exp(factor * error / value)
            return _if(value > 0, value / width), _if(value > 0, value * width)
        if kind == "logit":
            width = factor * error / (value * (1 - value))
            middle = np.log(value / (1 - value))
            inside = (value > 0) & (value < 1)
            return _if(inside, expit(middle - width)), _if(inside, expit(middle + width))
        certain = (value <= 0) | (value >= 1)
        effective = np.where(certain, size, value * (1 - value) / variance)
        if kind == "wilson":
            return _wilson(value, effective, factor)
        unadjusted = stdtrit(np.maximum(size - 1, 1), (1 + level) / 2)
        effective = np.where(certain, size, effective * (unadjusted / factor) ** 2)
        return _beta(value, effective, (1 - level) / 2, freedom >= 1)


def _if(condition: npt.NDArray[np.bool_], values: Floats) -> Floats:
    found: Floats = np.where(condition, values, np.nan)
    return found


def _wilson(share: Floats, effective: Floats, factor: Floats) -> tuple[Floats, Floats]:
    square = factor**2 / effective
    middle = (share + square / 2) / (1 + square)
    width = np.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return middle - width, middle + width


def _beta(
    share: Floats, effective: Floats, tail: float, is_formed: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv

    hits, misses = effective * share, effective * (1 - share)
    lower = np.where(share <= 0, 0.0, betaincinv(np.maximum(hits, 1e-300), misses + 1, tail))
    upper = np.where(share >= 1, 1.0, betaincinv(hits + 1, np.maximum(misses, 1e-300), 1 - tail))
    return _if(is_formed, lower), _if(is_formed, upper)
