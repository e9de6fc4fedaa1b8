"""Calibration: weights that are as near as can be to those of the design and reproduce known totals.

`calibrated` takes any margins and distances; `post_stratified` is the case of one margin, whose answer needs
no iteration. Iterative proportional fitting, which for margins of persons leads to the same weights as the
distance `raking`, is in `raking`.

Source: J.-C. Deville and C.-E. Särndal, Calibration estimators in survey sampling, JASA 87 (1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.weighting.auxiliaries import (
    Auxiliaries,
    Household,
    auxiliaries,
    numbers_of,
    require_columns,
)
from sojourn.statistics.weighting.distances import Distance
from sojourn.statistics.weighting.margins import Margin
from sojourn.statistics.weighting.newton import independent_totals, relative, solved
from sojourn.statistics.weighting.possible import require_possible, require_same, unreached

__all__ = ["Calibration", "Record", "calibrated", "outcome", "post_stratified", "require_weights"]

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-10
MOST_ITERATIONS = 100


@dataclass(frozen=True)
class Record:
    """What a calibration did: how it went, how far weights moved, and how well totals hold.

    Factors are those of records with a weight. Deviations are relative to the total.
    """

    method: str
    iterations: int
    least_factor: float
    greatest_factor: float
    largest_deviation: float
    worst_total: str
    groups: int
    negative_weights: int

    def to_json(self) -> dict[str, Any]:
        """The record as plain values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Calibration:
    """Calibrated weights in the order of the records, each total before and after, and the record.

    `weights` has the columns weight and factor (the weight over the one before); `totals` margin, category,
    respondents, total, before, after, deviation. `auxiliaries` serve variances and replicates.
    """

    weights: pa.Table
    totals: pa.Table
    record: Record
    auxiliaries: Auxiliaries
    coefficients: Floats
    distance: Distance | None


def calibrated(
    records: pa.Table,
    margins: Sequence[Margin],
    *,
    weight: str,
    distance: Distance | None = None,
    household: Household | None = None,
    variance: str | None = None,
    tolerance: float = TOLERANCE,
    most_iterations: int = MOST_ITERATIONS,
) -> Calibration:
    """Weights nearest to those in the column `weight` with which the margins' totals hold.

    The distance is linear where none is given. Records of weight zero keep it and are nobody's respondents.
    With `household` all members get one weight. `variance` names a column by which the distance of a record
    is divided. The order of the records changes nothing, to the last bit.

    Raises: ProjectError for columns and settings; DataRefused for weights that are missing, negative or not
    finite, margins that cannot be reached, with their names, and calibrations that do not settle.
    """
    chosen = distance or Distance()
    weights = require_weights(records, weight)
    given = auxiliaries(records, margins, household=household, variance=variance)
    weights = given.evened(weights)
    sums = given.summed(weights)
    require_possible(given, sums, tolerance=tolerance)
    independent, combined = independent_totals(given.matrix, sums > 0)
    require_same(given, independent, combined, tolerance=tolerance)
    found = solved(
        given.matrix[:, independent], sums, given.spread, given.totals[independent],
        distance=chosen, tolerance=tolerance, most_iterations=most_iterations,
    )  # fmt: skip
    if not found.is_reached:
        raise unreached(given, independent, sums, found.misfit, distance=chosen, iterations=found.iterations)
    coefficients = np.zeros(len(given.totals))
    coefficients[independent] = found.coefficients
    return outcome(
        given, weights, found.factors, method=chosen.kind, iterations=found.iterations,
        coefficients=coefficients, distance=chosen,
    )  # fmt: skip


def post_stratified(records: pa.Table, margin: Margin, *, weight: str) -> Calibration:
    """Weights with which the totals of one margin hold: each category's weights times one factor.

    Where unknown records are spread over categories, it is the linear calibration to the margin.

    Raises: as `calibrated`; ProjectError for a margin of a measure.
    """
    if margin.of is not None:
        raise ProjectError(
            f"The margin {margin.id} is of a measure: categories are post-stratified by persons.",
            "Use `calibrated`.",
        )
    weights = require_weights(records, weight)
    given = auxiliaries(records, [margin])
    sums = given.summed(weights)
    require_possible(given, sums, tolerance=TOLERANCE)
    if margin.unknown == "spread" and given.matrix.nnz > given.matrix.shape[0]:
        return calibrated(records, [margin], weight=weight)
    before = given.matrix.T @ sums
    factors = given.matrix @ (given.totals / np.where(before > 0, before, 1.0))
    coefficients = np.zeros(len(given.totals))
    return outcome(
        given, weights, factors, method="post-stratification", iterations=1, coefficients=coefficients,
        distance=None,
    )  # fmt: skip


def require_weights(records: pa.Table, name: str) -> Floats:
    """The weights of records: finite, none missing, none negative, not all zero.

    Raises: ProjectError for a column that is not there; DataRefused.
    """
    require_columns(records, [name])
    if not len(records):
        raise DataRefused("There are no records to weight.", "Look for a filter that lets nobody through.")
    weights = numbers_of(records, name)
    negative = int((weights < 0).sum())
    if negative:
        raise DataRefused(
            f"The weight {shown(name)} is negative in {negative:,} records.",
            "Weights of a design are above zero: look at where they come from.",
        )
    if not weights.any():
        raise DataRefused(f"All weights {shown(name)} are zero.", "Name the column of the design's weights.")
    return weights


def outcome(
    given: Auxiliaries,
    weights: Floats,
    factors: Floats,
    *,
    method: str,
    iterations: int,
    coefficients: Floats,
    distance: Distance | None,
) -> Calibration:
    """The result of a calibration whose factors are known by group."""
    of_records = given.of_records(factors)
    after = weights * of_records
    sums = given.summed(weights)
    before, reached = given.matrix.T @ sums, given.matrix.T @ (sums * factors)
    size = abs(given.matrix).T @ sums
    deviation = relative(reached - given.totals, given.totals, size)
    worst = int(np.argmax(np.abs(deviation)))
    used = factors[sums > 0]
    record = Record(
        method, iterations, float(used.min()), float(used.max()), float(np.abs(deviation[worst])),
        given.names[worst], len(factors), int((after < 0).sum()),
    )  # fmt: skip
    table = pa.table({"weight": after, "factor": of_records})
    return Calibration(
        table, _totals(given, weights, before, reached, deviation), record, given, coefficients, distance
    )


def _totals(
    given: Auxiliaries, weights: Floats, before: Floats, after: Floats, deviation: Floats
) -> pa.Table:
    """One row for each total: what it is of, who carries it, and what it was, is and should be."""
    people = np.bincount(given.group[given.unit], weights != 0, len(given.spread))
    respondents = (given.matrix.T != 0).astype(float) @ people
    return pa.table(
        {
            "margin": pa.array([given.margins[at].id for at, _ in given.cells], pa.string()),
            "category": pa.array([given.category(place) for place in range(len(given.cells))], pa.string()),
            "respondents": pa.array(np.rint(respondents).astype(np.int64)),
            "total": given.totals,
            "before": before,
            "after": after,
            "deviation": deviation,
        }
    )
