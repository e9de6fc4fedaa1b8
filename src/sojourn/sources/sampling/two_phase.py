"""Two-phase samples: a first sample is screened, and some of it, as its answers suggest, is asked in full.

A short question put to many finds the few of a rare group; the second phase takes nearly all of these and
some of the others. The first phase may be drawn in any stages, the second is simple random sampling, of rows
or of clusters, within strata made of what the first phase told. Weights are the product of both phases'
weights (double expansion). What is known of everyone in the first phase can sharpen them, by regression or
post-stratification.

Source: C. Särndal, B. Swensson and J. Wretman, Model Assisted Survey Sampling (1992), sections 9.3 to 9.7;
G. Kalton, Methods for oversampling rare subpopulations in social surveys, Survey Methodology 35 (2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.sample_columns import (
    Claims,
    Codes,
    Floats,
    claims,
    known_codes,
    known_numbers,
    places_of,
    require_columns,
)
from sojourn.sources.sampling.staged_designs import (
    Draw,
    Level,
    SingleUnits,
    StagedDesign,
    grouped_sums,
    stage_of,
    staged_draw,
    units_of,
)
from sojourn.sources.sampling.targets import (
    Spread,
    Target,
    estimate_table,
    linear_answers,
    questions,
)

__all__ = ["TwoPhaseDesign", "two_phase_estimates", "two_phase_weights"]


@dataclass(frozen=True)
class TwoPhaseDesign:
    """How both phases were drawn, and what the first one helps with.

    `first` is the design of the first phase's rows. `second` is the column that is true for rows that were
    drawn again, within `strata`, as clusters of `units` where that is given (none: row by row).

    `regress_on` are columns known for all rows of the first phase: numbers, or texts as categories; together
    with a constant they make the regression estimator. `post_stratify_by` are columns whose crossed
    categories get the sums that the first phase gives them.

    The variance is `unbiased`, for which pairs of rows must be drawn in the second phase with known
    probabilities, or `simple`: never negative, a little biased where strata of the second phase are small,
    and for a first phase of one stage only.
    """

    first: StagedDesign
    second: str
    strata: tuple[str, ...] = ()
    units: str | None = None
    regress_on: tuple[str, ...] = ()
    post_stratify_by: tuple[str, ...] = ()
    variance: Literal["unbiased", "simple"] = "unbiased"

    def __post_init__(self) -> None:
        if self.regress_on and self.post_stratify_by:
            raise ProjectError(
                "Weights cannot be both regressed and post-stratified.",
                "Put the columns of the post-strata among those to regress on.",
            )
        if self.variance == "simple" and len(self.first.stages) > 1:
            raise ProjectError(
                "The simple variance is for a first phase of one stage.",
                "Write `variance: unbiased`, or declare the first stage only.",
            )


@dataclass(frozen=True)
class _Phases:
    """Both draws: the first by row of the table, the second by row that was drawn again (`places`).

    `adjusted` is what regression makes of the weights, `auxiliaries` the columns that it uses.
    """

    first: Draw
    second: Draw
    places: Codes
    adjusted: Floats
    auxiliaries: Floats | None

    @property
    def weights(self) -> Floats:
        """Final weights of the rows that were drawn again."""
        found: Floats = self.first.weights[self.places] * self.second.weights * self.adjusted
        return found


def two_phase_estimates(
    table: pa.Table, design: TwoPhaseDesign, targets: Sequence[Target], *, confidence: float = 0.95
) -> pa.Table:
    """Estimates (`SampledEstimate`) from a table of all rows of the first phase.

    What is asked is known for rows of the second phase; it may be empty for others. The variance is the sum
    of the two phases' (both are given): of what the second phase leaves open, and of the first. With
    regression the second is that of the residuals. Degrees of freedom are the lesser of the two phases'.

    Raises: DataRefused, ProjectError for a table or a design that allows no estimate.
    """
    phases = _phases(table, design)
    spread = _simple_spread if design.variance == "simple" else _unbiased_spread
    method = "two-phase"
    if phases.auxiliaries is not None:
        method += ", regression" if design.regress_on else ", post-stratified"
    return estimate_table(
        linear_answers(
            questions(table.take(pa.array(phases.places)), targets),
            phases.weights,
            lambda values: spread(phases, values),
            method=f"{method}; variance of both phases, {design.variance}",
            freedom=min(phases.first.degrees_of_freedom, phases.second.degrees_of_freedom),
            confidence=confidence,
        )
    )


def two_phase_weights(table: pa.Table, design: TwoPhaseDesign, *, unit: str) -> pa.Table:
    """The weights of the second phase's rows, and what they are made of.

    Columns: `unit`, `first_weight`, `second_weight`, `adjustment`, `weight`.

    Raises: as `two_phase_estimates`.
    """
    require_columns(table, [unit])
    phases = _phases(table, design)
    return pa.table(
        {
            "unit": table[unit].take(pa.array(phases.places)),
            "first_weight": phases.first.weights[phases.places],
            "second_weight": phases.second.weights,
            "adjustment": phases.adjusted,
            "weight": phases.weights,
        }
    )


def _phases(table: pa.Table, design: TwoPhaseDesign) -> _Phases:
    first = staged_draw(table, design.first)
    again = claims(table, design.second)
    if not again.any():
        raise DataRefused(
            f"No row of the first phase was drawn again ({design.second}).",
            "Mark the rows of the second phase.",
        )
    strata = known_codes(table, design.strata)
    second = _second_draw(strata, units_of(table, design.units, strata), again, design.first.single_units)
    places = np.flatnonzero(again)
    auxiliaries = _auxiliaries(table, design, again)
    adjusted = np.ones(len(places))
    if auxiliaries is not None:
        totals = first.weights @ auxiliaries
        adjusted = _adjustment(first.weights[places] * second.weights, auxiliaries[places], totals)
        auxiliaries = auxiliaries[places]
    return _Phases(first, second, places, adjusted, auxiliaries)


def _second_draw(strata: Codes, units: Codes, again: Claims, single_units: SingleUnits) -> Draw:
    """The second phase as a draw from the rows of the first."""
    first_rows = np.unique(units, return_index=True)[1]
    in_phase = np.bincount(units, again) > 0
    if not np.array_equal(in_phase[units], again):
        raise DataRefused(
            "Of a cluster of the second phase only some rows were drawn again.",
            "Clusters are asked whole: mark all of their rows, or sample rows without clusters.",
        )
    population = np.bincount(strata[first_rows])[strata].astype(float)
    sampled = np.bincount(strata[first_rows], in_phase[units[first_rows]].astype(float))[strata]
    if np.any(sampled == 0):
        empty = len(np.unique(strata[sampled == 0]))
        raise DataRefused(
            f"{empty} strata of the second phase have rows, and none that was drawn again.",
            "Merge them with strata that were sampled.",
        )
    kept = np.flatnonzero(again)
    # Numbers without gaps, as sums over groups need them.
    own = [np.unique(each[kept], return_inverse=True)[1].astype(np.int64) for each in (units, strata)]
    stage = stage_of(own[0], own[1], sampled[kept].astype(float), population[kept], single_units)
    freedom = len(np.unique(own[0])) - len(np.unique(own[1]))
    return Draw.of_stages((stage,), 1 / stage.fraction, freedom)


def _auxiliaries(table: pa.Table, design: TwoPhaseDesign, again: Claims) -> Floats | None:
    """The columns of the regression for all rows of the first phase; none without one."""
    if design.post_stratify_by:
        return _categories(known_codes(table, design.post_stratify_by), again, design.post_stratify_by)
    if not design.regress_on:
        return None
    require_columns(table, design.regress_on)
    columns = [np.ones((len(table), 1))]
    for name in design.regress_on:
        kind = table[name].type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            columns.append(known_numbers(table, name)[:, None])
        else:
            # One category less: the constant stands for it.
            columns.append(_categories(known_codes(table, (name,)), again, (name,))[:, 1:])
    return np.hstack(columns)


def _categories(codes: Codes, again: Claims, names: Sequence[str]) -> Floats:
    """A column of 1 and 0 for each category.

    Raises: DataRefused when the second phase has nobody of one.
    """
    size = int(codes.max()) + 1
    empty = int((np.bincount(codes, again, size) == 0).sum())
    if empty:
        raise DataRefused(
            f"{empty} categories of {', '.join(names)} have nobody in the second phase.",
            "Merge them with others.",
        )
    found: Floats = np.eye(size)[codes]
    return found


def _adjustment(weights: Floats, auxiliaries: Floats, totals: Floats) -> Floats:
    """What weights are multiplied by so that the auxiliaries' sums become the totals (linear calibration).

    Raises: DataRefused when the auxiliaries are not independent in the second phase.
    """
    weighted = auxiliaries * weights[:, None]
    matrix = auxiliaries.T @ weighted
    if np.linalg.matrix_rank(matrix, hermitian=True) < len(matrix):
        raise DataRefused(
            "Columns to regress on say the same twice among the rows of the second phase.",
            "Leave one of them out.",
        )
    found: Floats = 1 + auxiliaries @ np.linalg.solve(matrix, totals - weights @ auxiliaries)
    return found


def _residuals(phases: _Phases, values: Floats) -> Floats:
    """What the auxiliaries leave of the values, by regression with the weights before adjustment."""
    if phases.auxiliaries is None:
        return values
    weights = phases.first.weights[phases.places] * phases.second.weights
    weighted = phases.auxiliaries * weights[:, None]
    slopes = np.linalg.solve(phases.auxiliaries.T @ weighted, weighted.T @ values)
    found: Floats = values - phases.auxiliaries @ slopes
    return found


def _unbiased_spread(phases: _Phases, values: Floats) -> Spread:
    """Variances of both phases, each unbiased; their sum is that of the sum of weighted values.

    The first phase's is a sum over pairs of what was drawn in both phases, divided by the probability that
    the second draws the pair. In small samples it can be negative.
    """
    weights = phases.weights[:, None]
    second = phases.second.covariance(weights * _residuals(phases, values))
    weighted = weights * values
    first = np.zeros_like(second)
    # All rows together are the widest group that two rows of the second phase share.
    together = Level(np.zeros(len(weighted), np.int64), np.ones(len(weighted)))
    for outer in phases.first.levels:
        groups, added = outer.groups[phases.places], outer.increment[phases.places]
        for inner in (together, *phases.second.levels):
            joint = places_of(groups, inner.groups)
            sums = grouped_sums(joint, weighted)
            one = np.unique(joint, return_index=True)[1]
            first -= (sums * (added * inner.increment)[one][:, None]).T @ sums
    return _both(first, second)


def _simple_spread(phases: _Phases, values: Floats) -> Spread:
    """Variances of both phases, the first as a weighted spread of the units that were drawn again.

    A unit stands for as many of its stratum as its probability of being drawn again says.
    """
    weights = phases.weights[:, None]
    second = phases.second.covariance(weights * _residuals(phases, values))
    stage = phases.first.stages[0]
    units, strata = (
        np.unique(each[phases.places], return_inverse=True)[1] for each in (stage.units, stage.strata)
    )
    again = phases.second.stages[0].units
    rows = np.bincount(stage.units)
    kept = np.bincount(stage.units[phases.places], minlength=len(rows))
    pairs = np.unique(places_of(units, again))
    if np.any(kept[kept > 0] != rows[kept > 0]) or not len(pairs) == units.max() + 1 == again.max() + 1:
        raise ProjectError(
            "The simple variance is for a second phase that draws the units of the first.",
            "Write `variance: unbiased`, or give both phases the same `units`.",
        )
    one = np.unique(units, return_index=True)[1]
    sums = grouped_sums(units, weights * values)
    strata, drawn = strata[one], stage.sampled[phases.places][one][:, None]
    chance = (1 / (phases.second.weights * phases.adjusted))[one][:, None]
    centre = grouped_sums(strata, sums)[strata] / drawn
    apart = sums * chance - centre
    factor = (1 - stage.fraction[phases.places][one][:, None]) * drawn / np.maximum(drawn - 1, 1) / chance
    return _both(apart.T @ (apart * factor), second)


def _both(first: Floats, second: Floats) -> Spread:
    parts = {"first_phase_variance": float(first[0, 0]), "second_phase_variance": float(second[0, 0])}
    return Spread(sum(parts.values()), None, parts)
