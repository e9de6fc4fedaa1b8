"""Composite estimates of small groups: part unbiased and unsteady, part synthetic and steady.

The unbiased part is the direct estimate, or the model-assisted one. Its weight is declared, follows from how
well the sample happens to represent the group, or is the one with the least estimated mean squared error. The
bias of synthetic estimates cannot be told group by group: its square is estimated per head of population,
over all groups together, those that tell little of it counting little.

A weight that minimises an estimated error is itself uncertain, since that squared bias is, and the error at
the least of an uncertain curve looks smaller than it is. Both are of the same size, and are added.

Source: J. N. K. Rao, Small Area Estimation, 2003, sections 4.2.3, 4.3.1 and 4.3.2; R. Fay and R. Herriot,
Journal of the American Statistical Association 74 (1979), for the squared bias; G. Datta, J. Rao and D.
Smith, Biometrika 92 (2005), for the error of an estimated weight; J. Drew, M. Singh and G. Choudhry, Survey
Methodology 8 (1982), for weights by sample size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.optimize import brentq

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.weighting.auxiliaries import numbers_of, require_columns

__all__ = ["CompositeRule", "composite_estimates"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_COLUMNS = ("group", "respondents", "population", "synthetic", "synthetic_variance")
_UNBIASED = {
    "direct": ("direct", "direct_variance", "covariance"),
    "model-assisted": ("estimate", "variance", "estimate_covariance"),
}


@dataclass(frozen=True)
class CompositeRule:
    """How much of an estimate is unbiased, and by which estimate: `direct` or `model-assisted`.

    `minimum_mse`: what the estimated mean squared error is least with. `sample_size`: all of it where the
    sample represents at least `delta` times the group's population, else the part of that which it
    represents. `declared`: the number `weight`, or one for each group.

    `variances` of unbiased estimates are taken as `given`, or `pooled`: the variance of one respondent's
    value is averaged over the groups, since those of groups of a few respondents are themselves hardly known.
    A direct estimate is a group's population times a mean, and its variance is pooled per head of that; what
    a model-assisted one adds is a weighted sum over respondents, pooled per head of those they represent.
    """

    by: Literal["minimum_mse", "sample_size", "declared"] = "minimum_mse"
    unbiased: Literal["direct", "model-assisted"] = "direct"
    weight: float | Mapping[str, float] | None = None
    delta: float = 1.0
    variances: Literal["pooled", "given"] = "pooled"

    def __post_init__(self) -> None:
        if self.by not in ("minimum_mse", "sample_size", "declared"):
            raise ProjectError(
                f"Unbiased estimates cannot have a weight by {self.by!r}.",
                "Declare `minimum_mse`, `sample_size` or `declared`.",
            )
        if self.unbiased not in _UNBIASED:
            raise ProjectError(
                f"There is no unbiased estimate {self.unbiased!r}.", "Declare `direct` or `model-assisted`."
            )
        if (self.by == "declared") != (self.weight is not None):
            raise ProjectError(
                "A declared `weight` goes with `by: declared`, and only with it.", "Give both or neither."
            )
        given = self.weight.values() if isinstance(self.weight, Mapping) else [self.weight or 0.0]
        if any(not 0 <= each <= 1 for each in given):
            raise ProjectError("The weight of unbiased estimates lies between 0 and 1.", "Correct it.")
        if not self.delta > 0:
            raise ProjectError(f"`delta` is {self.delta}, not above zero.", "Declare for instance 1.")
        if self.variances not in ("pooled", "given"):
            raise ProjectError(f"Variances cannot be {self.variances!r}.", "Declare `pooled` or `given`.")


def composite_estimates(
    estimates: pa.Table, rule: CompositeRule, *, represented: str = "represented"
) -> pa.Table:
    """Composite totals of groups, with their weights and estimated mean squared errors.

    `estimates` has the columns that `model_assisted` gives: group, respondents, population, synthetic,
    synthetic_variance, and those of the unbiased estimate; for `sample_size`, and for pooled variances of
    model-assisted estimates, also `represented`, the sum of the weights of the group's respondents. A group
    without an unbiased estimate, or without its variance, is synthetic. Columns: group, weight (of the
    unbiased estimate), estimate, mse, weight_mse (the part of mse for a weight that is estimated),
    unbiased_mse, synthetic_mse, bias_squared.

    With the weights of `minimum_mse` mse is that of Datta, Rao and Smith for gaps between the two estimates
    that are normal, without what they subtract, and never above the variance of the unbiased estimate. It is
    right on average over groups and samples if there are some ten groups and a bias; where there is hardly
    any bias it is above the truth. In a sample whose estimated bias happens to be small it is below.

    Raises: ProjectError for columns and groups; DataRefused where fewer than two groups have unbiased
    estimates with variances, so that nothing tells the bias.
    """
    parts = _parts(estimates, rule, represented)
    known, variance, shared = parts.is_known, parts.variance, parts.shared
    of_synthetic = parts.steady + parts.bias
    weight = np.where(known, _weights(estimates, rule, parts, represented), 0.0)
    error = weight**2 * variance + (1 - weight) ** 2 * of_synthetic + 2 * weight * (1 - weight) * shared
    error, of_weight = np.maximum(error, 0.0), np.zeros(len(error))
    if rule.by == "minimum_mse":
        of_weight = np.where(known, np.minimum(_error_of_weight(parts), np.maximum(variance - error, 0)), 0.0)
    return pa.table(
        {
            "group": estimates["group"],
            "weight": weight,
            "estimate": weight * parts.unbiased + (1 - weight) * parts.synthetic,
            "mse": error + of_weight,
            "weight_mse": of_weight,
            "unbiased_mse": pa.array(variance, mask=~known),
            "synthetic_mse": of_synthetic,
            "bias_squared": parts.bias,
        }
    )


@dataclass(frozen=True)
class _Parts:
    """Both estimates of each group, their variances and covariance, the squared bias of the synthetic one.

    Where there is no unbiased estimate with a variance (`is_known` tells), its numbers are zero.
    """

    people: Floats
    unbiased: Floats
    variance: Floats
    shared: Floats
    synthetic: Floats
    steady: Floats
    bias: Floats
    is_known: Flags

    @property
    def of_gap(self) -> Floats:
        """The expected square of the difference between the two estimates."""
        found: Floats = self.variance + self.steady + self.bias - 2 * self.shared
        return found


def _parts(estimates: pa.Table, rule: CompositeRule, represented: str) -> _Parts:
    chosen = _UNBIASED[rule.unbiased]
    require_columns(estimates, [*_COLUMNS, *chosen])
    unbiased, variance, shared = (_with_gaps(estimates, name) for name in chosen)
    synthetic, steady = (_with_gaps(estimates, name) for name in _COLUMNS[3:])
    people = numbers_of(estimates, "population")
    known = np.isfinite(unbiased) & np.isfinite(variance)
    _require_enough(people, known)
    unbiased, variance, shared = (np.where(known, each, 0.0) for each in (unbiased, variance, shared))
    if rule.variances == "pooled":
        by = "population" if rule.unbiased == "direct" else represented
        variance = _pooled(estimates, variance, by, known)
    gap, without_bias = (synthetic - unbiased) / people, (variance + steady - 2 * shared) / people**2
    # A gap that is no more than rounding is none, also where nothing varies.
    gap = np.where(np.abs(gap) > 1e-12 * np.abs(synthetic / people), gap, 0.0)
    bias = _squared_bias(gap[known] ** 2, without_bias[known]) * people**2
    return _Parts(people, unbiased, variance, shared, synthetic, steady, bias, known)


def _squared_bias(gaps: Floats, without_bias: Floats) -> float:
    """The squared bias with which squared gaps over what is expected of them are one in the mean.

    It is zero where they are less than one without any.
    """
    most = float(gaps.mean())
    expected = np.maximum(without_bias, 0.0)
    certain = gaps[(expected == 0) & (gaps > 0)]

    def excess(bias: float) -> float:
        whole = expected + bias
        return float(np.mean(gaps / np.where(whole > 0, whole, 1.0))) - 1

    # One gap that is certain to be bias tells that there is this much of it, and keeps from dividing by zero.
    least = float(certain.max()) / len(gaps) if len(certain) else 0.0
    if most == 0 or excess(least) <= 0:
        return least
    return float(brentq(excess, least, most, xtol=1e-14 * most))


def _error_of_weight(parts: _Parts) -> Floats:
    """What the mean squared error lacks if it takes the estimated squared bias for the true one.

    Half of it is the error that a weight off the best one makes; half is how much the least error is
    underestimated on average, being a concave function of the squared bias.
    """
    whole, known = parts.of_gap, parts.is_known
    # A squared gap, if normal, varies by twice the square of what is expected of it.
    of_gaps = (whole / parts.people**2)[known]
    told = float((1 / of_gaps[of_gaps > 0]).sum())
    of_bias = 2 * int(known.sum()) / told**2 if told else 0.0
    moves = np.maximum(parts.variance - parts.shared, 0.0) ** 2 / np.where(whole > 0, whole, 1.0) ** 3
    found: Floats = np.where(whole > 0, 2 * of_bias * parts.people**4 * moves, 0.0)
    return found


def _require_enough(people: Floats, is_known: Flags) -> None:
    if np.any(people <= 0):
        raise DataRefused("A group has no population.", "Leave out groups without people.")
    if is_known.sum() < 2:
        raise DataRefused(
            "Fewer than two groups have unbiased estimates with variances.",
            "Nothing then tells the bias of synthetic estimates: use more groups, or model-assisted ones.",
        )


def _with_gaps(table: pa.Table, name: str) -> Floats:
    """A column of numbers in which what is missing is not a number."""
    found: Floats = table[name].cast(pa.float64()).fill_null(np.nan).to_numpy().copy()
    return found


def _pooled(estimates: pa.Table, given: Floats, by: str, is_known: Flags) -> Floats:
    """Variances by the number of respondents, from the variance of one respondent's value in all groups."""
    require_columns(estimates, [by])
    heads = np.where(is_known, numbers_of(estimates, by), 0.0)
    respondents = np.where(is_known, numbers_of(estimates, "respondents"), 0.0)
    of_one = given / np.where(heads > 0, heads, 1.0) ** 2 * respondents
    pooled = float((of_one * respondents).sum() / respondents.sum())
    found: Floats = np.where(is_known, heads**2 * pooled / np.maximum(respondents, 1.0), 0.0)
    return found


def _weights(estimates: pa.Table, rule: CompositeRule, parts: _Parts, represented: str) -> Floats:
    if rule.by == "sample_size":
        require_columns(estimates, [represented])
        found: Floats = np.minimum(1.0, numbers_of(estimates, represented) / (rule.delta * parts.people))
        return found
    if rule.by == "declared":
        return _declared(estimates, rule.weight if rule.weight is not None else 0.0)
    whole = parts.of_gap
    best = (parts.steady + parts.bias - parts.shared) / np.where(whole > 0, whole, 1.0)
    # Where both estimates are the same and certain, either will do.
    least: Floats = np.where(whole > 0, np.clip(best, 0.0, 1.0), 1.0)
    return least


def _declared(estimates: pa.Table, weight: float | Mapping[str, float]) -> Floats:
    groups = estimates["group"].to_pylist()
    if not isinstance(weight, Mapping):
        return np.full(len(groups), weight)
    absent = [group for group in groups if group not in weight]
    if absent:
        raise ProjectError(
            f"No weight is declared for the group {shown(str(absent[0]))}.", "Give every group one."
        )
    return np.array([weight[group] for group in groups], np.float64)
