"""Composite estimates of small groups: part unbiased and unsteady, part synthetic and steady.

The unbiased part is the direct estimate, or the model-assisted one. Its weight is declared, follows from how
well the sample happens to represent the group, or is the one with the least estimated mean squared error. The
bias of synthetic estimates cannot be told group by group: its square is estimated per head of population,
over all groups together.

Source: J. N. K. Rao, Small Area Estimation, 2003, sections 4.2.3, 4.3.1 and 4.3.2; J. Drew, M. Singh and G.
Choudhry, Survey Methodology 8 (1982), for weights by sample size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
    synthetic_variance, and those of the unbiased estimate; for `sample_size` also `represented`, the sum of
    the weights of the group's respondents. A group without an unbiased estimate, or without its variance, is
    synthetic. Columns: group, weight (of the unbiased estimate), estimate, mse, unbiased_mse, synthetic_mse,
    bias_squared. The mean squared errors take the weights as known.

    Raises: ProjectError for columns and groups; DataRefused where fewer than two groups have unbiased
    estimates with variances, so that nothing tells the bias.
    """
    chosen = _UNBIASED[rule.unbiased]
    require_columns(estimates, [*_COLUMNS, *chosen])
    unbiased, given, shared = (_with_gaps(estimates, name) for name in chosen)
    synthetic, steady = (_with_gaps(estimates, name) for name in _COLUMNS[3:])
    people = numbers_of(estimates, "population")
    is_known = np.isfinite(unbiased) & np.isfinite(given)
    _require_enough(people, is_known)
    unbiased, given, shared = (np.where(is_known, each, 0.0) for each in (unbiased, given, shared))
    variance = given if rule.variances == "given" else _pooled(estimates, given, people, is_known)
    gap = (synthetic - unbiased) ** 2 - variance - steady + 2 * shared
    bias = max(0.0, float(np.mean((gap / people**2)[is_known]))) * people**2
    of_synthetic = steady + bias
    weight = _weights(estimates, rule, variance, of_synthetic, shared, represented)
    weight = np.where(is_known, weight, 0.0)
    error = weight**2 * variance + (1 - weight) ** 2 * of_synthetic + 2 * weight * (1 - weight) * shared
    return pa.table(
        {
            "group": estimates["group"],
            "weight": weight,
            "estimate": weight * unbiased + (1 - weight) * synthetic,
            "mse": np.maximum(error, 0.0),
            "unbiased_mse": pa.array(variance, mask=~is_known),
            "synthetic_mse": of_synthetic,
            "bias_squared": bias,
        }
    )


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


def _pooled(estimates: pa.Table, given: Floats, people: Floats, is_known: Flags) -> Floats:
    """Variances by the number of respondents, from the variance of one respondent's value in all groups."""
    respondents = np.where(is_known, numbers_of(estimates, "respondents"), 0.0)
    of_one = given / people**2 * respondents
    pooled = float((of_one * respondents).sum() / respondents.sum())
    found: Floats = np.where(is_known, people**2 * pooled / np.maximum(respondents, 1.0), 0.0)
    return found


def _weights(
    estimates: pa.Table,
    rule: CompositeRule,
    variance: Floats,
    of_synthetic: Floats,
    shared: Floats,
    represented: str,
) -> Floats:
    if rule.by == "sample_size":
        require_columns(estimates, [represented])
        found: Floats = np.minimum(
            1.0, numbers_of(estimates, represented) / (rule.delta * numbers_of(estimates, "population"))
        )
        return found
    if rule.by == "declared":
        return _declared(estimates, rule.weight if rule.weight is not None else 0.0)
    whole = variance + of_synthetic - 2 * shared
    best = (of_synthetic - shared) / np.where(whole > 0, whole, 1.0)
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
