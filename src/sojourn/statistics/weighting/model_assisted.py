"""A survey beside a register or census that knows everybody's auxiliaries: model-assisted estimates.

A model is fitted to the survey and tells the measure of everybody in the register. Their sum is the synthetic
estimate of a group; it has little variance, and whatever bias the model has there. The model-assisted (GREG)
estimate adds the weighted residuals of the group's respondents: it is nearly unbiased whatever the model is,
and has the variance of the residuals. The direct estimate uses the group's respondents and its size alone.

Source: C.-E. Särndal, B. Swensson and J. Wretman, Model Assisted Survey Sampling, 1992; R. Lehtonen and A.
Veijanen, Survey Methodology 24 (1998), for logistic models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import linalg

from sojourn.concepts import UNKNOWN
from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.integration.generalised_linear import logistic
from sojourn.statistics.weighting.auxiliaries import numbers_of, require_columns
from sojourn.statistics.weighting.calibration import require_weights
from sojourn.statistics.weighting.clusters import SamplingUnits, sampling_units

__all__ = ["WorkingModel", "model_assisted"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_GROUPS_AT_ONCE = 32


@dataclass(frozen=True)
class WorkingModel:
    """What the measure is taken to depend on: columns of codes, and of numbers, that both files have.

    `linear`, or `logistic` for a measure between 0 and 1. It is fitted with the survey's weights.
    """

    codes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    kind: Literal["linear", "logistic"] = "linear"

    def __post_init__(self) -> None:
        if self.kind not in ("linear", "logistic"):
            raise ProjectError(f"There is no model {self.kind!r}.", "Declare `linear` or `logistic`.")


def model_assisted(
    survey: pa.Table,
    register: pa.Table,
    model: WorkingModel,
    *,
    measure: str,
    weight: str,
    by: str | None = None,
    count: str | None = None,
    stratum: str | None = None,
    unit: str | None = None,
) -> pa.Table:
    """Totals of a measure in each group `by`, in three ways, with variances from the survey's design.

    `register` has a row for each person, or for each kind of persons with their number in `count`. Columns:
    group, respondents, population, represented (the sum of weights); direct, synthetic and estimate (model-
    assisted); direct_variance, synthetic_variance and variance, and the covariances of direct (covariance)
    and model-assisted figures (estimate_covariance) with synthetic ones. They are variances under the design,
    which knows nothing of a synthetic figure's bias. Direct figures are empty where nobody answered,
    variances where fewer than two did.

    Raises: ProjectError for columns; DataRefused for groups and codes of the survey that the register does
    not have, measures that are missing, and models that cannot be fitted.
    """
    weights = require_weights(survey, weight)
    columns = [*model.codes, *model.numbers, *filter(None, [by])]
    require_columns(survey, [measure, *columns])
    require_columns(register, [*columns, *filter(None, [count])])
    values, people = numbers_of(survey, measure), _people(register, count)
    groups = _groups(survey, register, by)
    here, there = _designs(survey, register, model)
    fitted = _fitted(here, values, weights, model)
    residuals = weights * (values - _means(here, fitted.coefficients, model)[0])
    synthetic, gradient = _synthetic(there, people, fitted, groups, model)
    solved = linalg.solve(fitted.information, gradient.T, assume_a="pos")
    size = groups.sums(people, of_survey=False)
    direct, of_direct = _direct(values, weights, size, groups)
    units = sampling_units(survey, stratum=stratum, unit=unit)
    variances = _variances(units, groups, of_direct, residuals, here, solved)
    return _table(groups, weights, size, (direct, synthetic, synthetic + groups.sums(residuals)), variances)


@dataclass(frozen=True)
class _Groups:
    """The group of each row of the survey and of the register, and their names."""

    of_survey: Integers
    of_register: Integers
    names: list[str]

    def members(self, some: range) -> npt.NDArray[np.bool_]:
        """Whether each row of the survey is of each of some groups."""
        found: npt.NDArray[np.bool_] = self.of_survey[:, None] == np.arange(some.start, some.stop)
        return found

    def sums(self, numbers: Floats, *, of_survey: bool = True) -> Floats:
        """Sums by group of numbers of each row."""
        group = self.of_survey if of_survey else self.of_register
        found: Floats = np.bincount(group, numbers, len(self.names)).astype(np.float64)
        return found


def _people(register: pa.Table, count: str | None) -> Floats:
    people = numbers_of(register, count) if count else np.ones(len(register))
    if np.any(people < 0):
        raise DataRefused("The register counts fewer than no persons.", "Correct its numbers.")
    return people


def _synthetic(
    there: Floats, people: Floats, fitted: _Fitted, groups: _Groups, model: WorkingModel
) -> tuple[Floats, Floats]:
    """What the model expects of each group in all, and how that changes with its coefficients."""
    means, slope = _means(there, fitted.coefficients, model)
    gradient = [groups.sums(people * slope * column, of_survey=False) for column in there.T]
    return groups.sums(people * means, of_survey=False), np.column_stack(gradient)


def _direct(values: Floats, weights: Floats, size: Floats, groups: _Groups) -> tuple[Floats, Floats]:
    """The size of each group times its respondents' mean, and what each record contributes to its group's."""
    represented = groups.sums(weights)
    safe = np.where(represented > 0, represented, 1.0)
    mean = groups.sums(weights * values) / safe
    of_record = weights * (values - mean[groups.of_survey]) * (size / safe)[groups.of_survey]
    return mean * size, of_record


def _variances(
    units: SamplingUnits, groups: _Groups, of_direct: Floats, residuals: Floats, here: Floats, solved: Floats
) -> Floats:
    """Groups × 5: variances of direct, synthetic and residual sums; covariances with the synthetic ones."""
    found = np.empty((len(groups.names), 5))
    # All groups at once would take memory of records times groups.
    for first in range(0, len(found), _GROUPS_AT_ONCE):
        some = range(first, min(first + _GROUPS_AT_ONCE, len(found)))
        member = groups.members(some)
        of_synthetic = residuals[:, None] * (here @ solved[:, some.start : some.stop])
        parts = np.hstack([member * of_direct[:, None], of_synthetic, member * residuals[:, None]])
        covariances = units.covariances(parts)
        direct, synthetic, residual = np.arange(3 * len(some)).reshape(3, -1)
        pairs = [(direct, direct), (synthetic, synthetic), (residual, residual)]
        pairs += [(direct, synthetic), (residual, synthetic)]
        found[some.start : some.stop] = np.column_stack([covariances[pair] for pair in pairs])
    return found


@dataclass(frozen=True)
class _Fitted:
    coefficients: Floats
    information: Floats


def _fitted(design: Floats, values: Floats, weights: Floats, model: WorkingModel) -> _Fitted:
    used = weights > 0
    rows, answers, size = design[used], values[used], weights[used]
    if np.linalg.matrix_rank(rows) < design.shape[1]:
        raise DataRefused(
            "The columns of the working model follow from one another among the respondents.",
            "Leave one out, or merge codes that no respondent has.",
        )
    if model.kind == "linear":
        information = rows.T @ (rows * size[:, None])
        return _Fitted(linalg.solve(information, rows.T @ (size * answers), assume_a="pos"), information)
    if np.any((answers < 0) | (answers > 1)):
        raise DataRefused("A logistic model needs a measure between 0 and 1.", "Use a linear one.")
    try:
        found = logistic(rows, answers, size / size.mean())
    except ArithmeticError as error:
        raise DataRefused(
            "The logistic model has no estimates: a column tells the measure without error.",
            "Merge codes, or use a linear model.",
        ) from error
    spread = size * found.means * (1 - found.means)
    return _Fitted(found.coefficients, rows.T @ (rows * spread[:, None]))


def _means(design: Floats, coefficients: Floats, model: WorkingModel) -> tuple[Floats, Floats]:
    """What the model expects of each row, and how that changes with its linear predictor."""
    linear = design @ coefficients
    if model.kind == "linear":
        return linear, np.ones(len(linear))
    means = 1 / (1 + np.exp(-linear))
    return means, means * (1 - means)


def _designs(survey: pa.Table, register: pa.Table, model: WorkingModel) -> tuple[Floats, Floats]:
    """The rows of both files in the columns of the model: ones, codes but the first, numbers."""
    here, there = [np.ones(len(survey))], [np.ones(len(register))]
    for name in model.codes:
        both = [_texts(table, name) for table in (survey, register)]
        codes = sorted(pc.unique(pa.concat_arrays(both)).to_pylist())
        missing = sorted(set(codes) - set(pc.unique(both[0]).to_pylist()))
        if missing:
            raise DataRefused(
                f"No respondent has the code {shown(missing[0])} of {shown(name)}, which the register has.",
                "Merge it with another code in both files: the model knows nothing of it.",
            )
        for code in codes[1:]:
            here.append(pc.equal(both[0], code).to_numpy(zero_copy_only=False).astype(np.float64))
            there.append(pc.equal(both[1], code).to_numpy(zero_copy_only=False).astype(np.float64))
    for name in model.numbers:
        here.append(numbers_of(survey, name))
        there.append(numbers_of(register, name))
    return np.column_stack(here), np.column_stack(there)


def _texts(table: pa.Table, name: str) -> pa.Array:
    return pc.fill_null(table[name].cast(pa.string()), UNKNOWN).combine_chunks()


def _groups(survey: pa.Table, register: pa.Table, by: str | None) -> _Groups:
    """The group of each row of both files; groups are those of the register."""
    if by is None:
        return _Groups(np.zeros(len(survey), np.int64), np.zeros(len(register), np.int64), ["_T"])
    here, there = _texts(survey, by), _texts(register, by)
    names = sorted(pc.unique(there).to_pylist())
    listed = pa.array(names, pa.string())
    places = pc.index_in(here, listed)
    if places.null_count:
        raise DataRefused(
            f"{places.null_count:,} records of the survey are of groups of {shown(by)} that the register"
            " does not have.",
            "Bring both to the same codes.",
        )
    of_register = pc.index_in(there, listed).to_numpy().astype(np.int64)
    return _Groups(places.to_numpy().astype(np.int64), of_register, names)


def _table(
    given: _Groups,
    weights: Floats,
    size: Floats,
    totals: tuple[Floats, Floats, Floats],
    variances: Floats,
) -> pa.Table:
    direct, synthetic, estimate = totals
    respondents = np.bincount(given.of_survey[weights > 0], minlength=len(given.names))
    none, few = respondents == 0, respondents < 2
    return pa.table(
        {
            "group": pa.array(given.names, pa.string()),
            "respondents": pa.array(respondents, pa.int64()),
            "population": size,
            "represented": given.sums(weights),
            "direct": pa.array(direct, mask=none),
            "direct_variance": pa.array(variances[:, 0], mask=few),
            "synthetic": synthetic,
            "synthetic_variance": variances[:, 1],
            "covariance": pa.array(variances[:, 3], mask=few),
            "estimate": estimate,
            "variance": pa.array(variances[:, 2], mask=few),
            "estimate_covariance": pa.array(variances[:, 4], mask=few),
        }
    )
