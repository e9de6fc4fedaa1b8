"""Every estimate of a group in a row of its own, with its error and what it rests on.

A direct or model-assisted figure has an error of sampling. A synthetic or composite one also has a bias, of
which no design knows: its error contains the bias that groups have on average, or says that it does not.

Source: J. N. K. Rao, Small Area Estimation, 2003, sections 1.4 and 4.2, for the kinds of estimates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.statistics.weighting.composite import CompositeRule, composite_estimates

__all__ = ["BASES", "SAMPLING", "SAMPLING_AND_BIAS", "estimates_by_kind"]

Floats = npt.NDArray[np.float64]
BASES = {
    "direct": "design-based",
    "model-assisted": "model-assisted",
    "synthetic": "model-based",
    "composite": "model-based",
}
SAMPLING, SAMPLING_AND_BIAS = "sampling", "sampling and mean bias"
_UNBIASED = {"direct": ("direct", "direct_variance"), "model-assisted": ("estimate", "variance")}


def estimates_by_kind(estimates: pa.Table, rule: CompositeRule) -> pa.Table:
    """What `model_assisted` gives as a row for each group and kind of estimate, and composites beside it.

    Errors of model-based figures are of sampling alone where the groups show no bias beyond chance, which
    does not say that there is none.

    Columns: group, estimator (direct, model-assisted, synthetic, composite), basis (design-based, model-
    assisted, model-based), is_model_based, respondents, population, total, total_error, mean (per head of
    population), mean_error, cv (error by absolute value), error_of (sampling; sampling and mean bias) and
    weight (of the unbiased estimate in a composite). What is not known is null: a direct or model-assisted
    figure of a group where nobody answered, its error where fewer than two did, a cv of zero. Where fewer
    than two groups have an unbiased estimate with a variance nothing tells a bias: there are no composites,
    and the errors of synthetic figures are of sampling alone.

    Raises: as `composite_estimates`.
    """
    silent = estimates["respondents"].to_numpy() == 0
    figures = {name: _numbers(estimates, columns[0]) for name, columns in _UNBIASED.items()}
    errors = {name: _numbers(estimates, columns[1]) for name, columns in _UNBIASED.items()}
    # Without respondents the model-assisted figure is the synthetic one.
    figures["model-assisted"] = np.where(silent, np.nan, figures["model-assisted"])
    figures["synthetic"] = _numbers(estimates, "synthetic")
    errors["synthetic"] = _numbers(estimates, "synthetic_variance")
    weights, bias = np.full(len(silent), np.nan), np.zeros(len(silent))
    known = np.isfinite(_numbers(estimates, _UNBIASED[rule.unbiased][1]))
    if known.sum() > 1:
        mixed = composite_estimates(estimates, rule)
        figures["composite"], errors["composite"] = _numbers(mixed, "estimate"), _numbers(mixed, "mse")
        errors["synthetic"] = _numbers(mixed, "synthetic_mse")
        weights, bias = _numbers(mixed, "weight"), _numbers(mixed, "bias_squared")
    kinds = [name for name in BASES if name in figures]
    return pa.concat_tables(
        [_rows(estimates, name, figures[name], errors[name], bias > 0, weights) for name in kinds]
    ).take(pa.array(np.arange(len(kinds) * len(silent)).reshape(len(kinds), -1).T.ravel()))


def _rows(
    estimates: pa.Table,
    name: str,
    total: Floats,
    variance: Floats,
    shows_bias: npt.NDArray[np.bool_],
    weights: Floats,
) -> pa.Table:
    people, groups = _numbers(estimates, "population"), len(estimates)
    error = np.sqrt(np.where(np.isfinite(total), np.maximum(variance, 0.0), np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, mean_error = total / people, error / people
        cv = np.where(total != 0, error / np.abs(total), np.nan)
    is_model_based = BASES[name] == "model-based"
    error_of = np.where(shows_bias & is_model_based, SAMPLING_AND_BIAS, SAMPLING)
    return pa.table(
        {
            "group": estimates["group"],
            "estimator": pa.array([name] * groups, pa.string()),
            "basis": pa.array([BASES[name]] * groups, pa.string()),
            "is_model_based": pa.array([is_model_based] * groups, pa.bool_()),
            "respondents": estimates["respondents"],
            "population": people,
            "total": _nullable(total),
            "total_error": _nullable(error),
            "mean": _nullable(mean),
            "mean_error": _nullable(mean_error),
            "cv": _nullable(cv),
            "error_of": pa.array(error_of.tolist(), pa.string()),
            "weight": _nullable(weights if name == "composite" else np.full(groups, np.nan)),
        }
    )


def _numbers(table: pa.Table, name: str) -> Floats:
    found: Floats = table[name].cast(pa.float64()).fill_null(np.nan).to_numpy().copy()
    return found


def _nullable(numbers: Floats) -> pa.Array:
    return pa.array(numbers, mask=~np.isfinite(numbers))
