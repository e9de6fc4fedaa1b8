"""Confidence intervals: from an estimate, its variance and degrees of freedom to two ends.

| interval | for | is |
|---|---|---|
| `t` | anything | the estimate, plus and minus Student's t times the standard error |
| `log` | what cannot be negative | Student's t on the logarithm |
| `logit` | shares | Student's t on the logit; none where the share is 0 or 1 |
| `wilson` | shares | Wilson's score interval with the effective sample size |
| `korn_graubard` | shares | the exact interval of a binomial with the effective sample size |
| `moderated` | shares | Wilson's, with a variance that few records alone do not decide |

Few persons on one side of a share (among those who are, or among those who are not) tell little of its
variance, and where they happen to have small weights both the share and its variance come out small. The
moderated interval takes what the weights alone make of a sample of independent persons, share (1 - share)
over Kish's effective size, as five degrees of freedom of prior knowledge, where it is the larger of the two;
persons on the smaller side count as two each. It is given also where nobody or everybody is in the group.

The interval of a difference is recovered from those of its two sides: each end is as far from the
difference as the two nearest ends are from their figures, put together as standard errors are.

Sources: Korn and Graubard, Survey Methodology 24(2), 1998; Wilson, JASA 22, 1927; R `survey`, `svyciprop`;
Smyth, Statistical Applications in Genetics and Molecular Biology 3(1), 2004, for moderated variances;
Newcombe, Statistics in Medicine 17, 1998, and Zou and Donner, Statistics in Medicine 27, 2008, for
differences.
How often the intervals hold the truth: `docs/explanation/survey-intervals.md`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["INTERVALS", "Interval", "ends", "recovered"]

Interval = Literal["t", "log", "logit", "wilson", "korn_graubard", "moderated"]
INTERVALS: tuple[Interval, ...] = ("t", "log", "logit", "wilson", "korn_graubard", "moderated")
_PRIOR_FREEDOM = 5.0
Floats = npt.NDArray[np.float64]


def ends(
    kind: Interval,
    value: Floats,
    variance: Floats,
    freedom: Floats,
    size: Floats,
    level: float = 0.95,
    *,
    effective_size: Floats | None = None,
    fewer: Floats | None = None,
) -> tuple[Floats, Floats]:
    """The lower and upper end of each interval; NaN where it cannot be formed.

    `freedom` of infinity takes the normal distribution; without any freedom there is no interval. `size` is
    the number of records behind each figure, which `korn_graubard` and `moderated` need, also where nobody or
    everybody is in the group and the variance says nothing. `moderated` also needs Kish's `effective_size`
    and how many records are on the side of the share that has `fewer`.
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
        if kind == "moderated":
            variance = _moderated(value, variance, effective_size, fewer)
        effective = np.where(certain, size, value * (1 - value) / variance)
        if kind in ("wilson", "moderated"):
            return _wilson(value, effective, factor)
        unadjusted = stdtrit(np.maximum(size - 1, 1), (1 + level) / 2)
        effective = np.where(certain, size, effective * (unadjusted / factor) ** 2)
        return _beta(value, effective, (1 - level) / 2, freedom >= 1)


def recovered(
    values: tuple[Floats, Floats],
    intervals: tuple[tuple[Floats, Floats], tuple[Floats, Floats]],
    variances: tuple[Floats, Floats],
    of_difference: Floats,
) -> tuple[Floats, Floats]:
    """The ends of the interval of the first value less the second, from those of each and the variances.

    What the two sides share is told by the variance `of_difference`.
    """
    (first, second), ((low, high), (other_low, other_high)) = values, intervals
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = (variances[0] + variances[1] - of_difference) / (2 * np.sqrt(variances[0] * variances[1]))
        shared = np.clip(np.nan_to_num(shared, posinf=0.0, neginf=0.0), -1.0, 1.0)
        down, up = first - low, high - first
        other_down, other_up = second - other_low, other_high - second
        below = np.sqrt(np.maximum(down**2 + other_up**2 - 2 * shared * down * other_up, 0.0))
        above = np.sqrt(np.maximum(up**2 + other_down**2 - 2 * shared * up * other_down, 0.0))
    return first - second - below, first - second + above


def _moderated(
    value: Floats, variance: Floats, effective_size: Floats | None, fewer: Floats | None
) -> Floats:
    if effective_size is None or fewer is None:
        raise ValueError("A moderated interval needs effective sizes, and the records on the smaller side.")
    of_weights = value * (1 - value) / effective_size
    share = _PRIOR_FREEDOM / (_PRIOR_FREEDOM + 2 * fewer)
    moderated: Floats = variance + share * np.maximum(of_weights - variance, 0.0)
    return moderated


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
