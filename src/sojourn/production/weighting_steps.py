"""The steps of a declared weighting, one after another, on records in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import ProjectError, shown
from sojourn.project.weighting_declarations import (
    BoundDeclaration,
    CalibrationDeclaration,
    MarginDeclaration,
    NonresponseDeclaration,
    TrimmingDeclaration,
    WeightingDeclaration,
)
from sojourn.sources.mapping import expanded
from sojourn.statistics.weighting import (
    Calibration,
    CollapseStep,
    Distance,
    Household,
    Limit,
    Margin,
    Outcomes,
    Propensity,
    TrimmingRule,
    WeightingClasses,
    adjusted_by_propensity,
    adjusted_for_nonresponse,
    adjusted_replicates,
    calibrated,
    calibrated_replicates,
    margin_of_table,
    post_stratified,
    propensity_replicates,
    raked,
    scaled_to,
    trimmed,
)
from sojourn.statistics.weighting.calibration import MOST_ITERATIONS
from sojourn.statistics.weighting.outcomes import RESPONDENT
from sojourn.statistics.weighting.raking import MOST_ROUNDS

__all__ = ["Weighting", "margins_of", "new_names", "weighted_records"]

Floats = npt.NDArray[np.float64]


@dataclass
class Weighting:
    """Records with their weights as they are by now, and what each step did."""

    records: pa.Table
    weight: str
    replicates: tuple[str, ...]
    steps: dict[str, Any] = field(default_factory=dict)
    totals: pa.Table | None = None

    def set_weights(self, weights: pa.ChunkedArray, replicates: Mapping[str, Any]) -> None:
        """Put weights in the place of those before."""
        for name, values in {self.weight: weights, **replicates}.items():
            place = self.records.column_names.index(name)
            self.records = self.records.set_column(place, name, values)


def new_names(declared: WeightingDeclaration) -> dict[str, str]:
    """The columns that the result adds, by those from which they are made."""
    replicates = expanded(declared.replicates)
    numbered = {name: f"{declared.new_weight}_{number}" for number, name in enumerate(replicates, 1)}
    return {declared.weight: declared.new_weight, **numbered}


def weighted_records(
    records: pa.Table, declared: WeightingDeclaration, files: Mapping[str, pa.Table]
) -> Weighting:
    """Records with the declared weight, and the replicate weights, as the steps leave them.

    `files` are tables of totals by the name of their margin. With non-response only respondents are left.

    Raises: as the steps; ProjectError for margins without totals and totals without a margin.
    """
    names = new_names(declared)
    for old, new in names.items():
        if old in records.column_names:
            records = records.append_column(new, records[old].cast(pa.float64()))
    done = Weighting(records, declared.new_weight, tuple(names.values())[1:])
    margins = margins_of(declared.calibration, files)
    if declared.nonresponse is not None:
        _for_nonresponse(done, declared.nonresponse)
    if declared.calibration is not None:
        _calibrate(done, declared.calibration, margins, "calibration")
    if declared.trimming is not None:
        bounds = _trim(done, declared.trimming)
        if declared.trimming.calibrate_again and declared.calibration is not None:
            _calibrate(done, declared.calibration, margins, "calibration_again")
            beyond = _beyond(done.records[done.weight].to_numpy(), bounds)
            done.steps["calibration_again"]["beyond_bounds"] = beyond
    return done


def margins_of(declared: CalibrationDeclaration | None, files: Mapping[str, pa.Table]) -> tuple[Margin, ...]:
    """The declared margins with their totals, from the declaration or a file, scaled if so declared.

    Raises: ProjectError for margins without totals, or with two, and for files of no margin.
    """
    margins = () if declared is None else declared.margins
    strange = sorted(set(files) - {margin.id for margin in margins})
    if strange:
        raise ProjectError(
            f"There are totals for {shown(strange[0])}, which is no declared margin.",
            "Declare it under `calibration: margins`, or leave out the file.",
        )
    found = tuple(_margin(margin, files.get(margin.id)) for margin in margins)
    if declared is not None and declared.scale_to is not None:
        return scaled_to(found, declared.scale_to)
    return found


def _margin(declared: MarginDeclaration, file: pa.Table | None) -> Margin:
    if declared.is_in_a_file != (file is not None):
        where = "both in the declaration and" if file is not None else "neither in the declaration nor"
        raise ProjectError(
            f"The margin {declared.id} has totals {where} in a file.",
            f"Give them once, for instance with --margins {declared.id}=totals.csv.",
        )
    if file is not None:
        return margin_of_table(
            file, declared.id, declared.by, of=declared.of, unknown=declared.unknown,
            adds_up=declared.adds_up,
        )  # fmt: skip
    totals: dict[tuple[str, ...], float] = {(code,): total for code, total in declared.totals.items()}
    if declared.total is not None:
        totals[()] = declared.total
    return Margin(declared.id, declared.by, totals, declared.of, declared.unknown)


def _for_nonresponse(done: Weighting, declared: NonresponseDeclaration) -> None:
    outcomes = Outcomes(**dict(declared.outcomes))
    if declared.classes is not None:
        steps = tuple(CollapseStep(step.column, step.codes) for step in declared.classes.collapse)
        classes = WeightingClasses(
            declared.classes.by, steps, declared.classes.minimum_respondents, declared.classes.maximum_factor
        )
        found = adjusted_for_nonresponse(done.records, outcomes, classes, weight=done.weight)
        replicates = adjusted_replicates(done.records, found, done.replicates)
    else:
        propensity = Propensity(**dict(declared.propensity or ()))
        found = adjusted_by_propensity(done.records, outcomes, propensity, weight=done.weight)
        replicates = propensity_replicates(done.records, found, propensity, done.replicates)
    factors = found.weights["factor"].to_numpy()[found.kind == RESPONDENT]
    done.set_weights(found.weights["weight"], _by_name(replicates))
    done.records = done.records.filter(pa.array(found.kind == RESPONDENT))
    least, greatest = (float(factors.min()), float(factors.max())) if len(factors) else (None, None)
    done.steps["nonresponse"] = found.to_json() | {"least_factor": least, "greatest_factor": greatest}


def _calibrate(
    done: Weighting, declared: CalibrationDeclaration, margins: Sequence[Margin], name: str
) -> None:
    found = _calibration(done, declared, margins)
    replicates = calibrated_replicates(
        done.records, found, done.replicates, tolerance=declared.tolerance,
        most_iterations=declared.most_iterations or MOST_ITERATIONS,
    )  # fmt: skip
    done.set_weights(found.weights["weight"], _by_name(replicates))
    done.steps[name] = found.record.to_json()
    done.totals = found.totals


def _calibration(done: Weighting, declared: CalibrationDeclaration, margins: Sequence[Margin]) -> Calibration:
    if declared.method == "post-stratification":
        return post_stratified(done.records, margins[0], weight=done.weight)
    if declared.method == "proportional-fitting":
        return raked(
            done.records, margins, weight=done.weight, tolerance=declared.tolerance,
            most_iterations=declared.most_iterations or MOST_ROUNDS,
        )  # fmt: skip
    household = declared.household
    return calibrated(
        done.records, margins, weight=done.weight,
        distance=Distance(declared.method, declared.bounds.lower, declared.bounds.upper),
        household=None if household is None else Household(**dict(household)),
        variance=declared.variance, tolerance=declared.tolerance,
        most_iterations=declared.most_iterations or MOST_ITERATIONS,
    )  # fmt: skip


def _trim(done: Weighting, declared: TrimmingDeclaration) -> pa.Table:
    """Trim, and return the bounds of each record."""
    rule = TrimmingRule(
        _limit(declared.lower), _limit(declared.upper), declared.within, declared.spread, declared.strict
    )
    found, record = trimmed(done.records, rule, weight=done.weight)
    # A replicate's weight is trimmed by the factor of the main weight: bounds are not those of replicates.
    replicates = {name: pc.multiply(done.records[name], found["factor"]) for name in done.replicates}
    done.set_weights(found["weight"], replicates)
    done.steps["trimming"] = record.to_json()
    return found


def _limit(declared: BoundDeclaration | None) -> Limit | None:
    if declared is None:
        return None
    if declared.median is not None:
        return Limit("median", declared.median)
    if declared.quantile is not None:
        return Limit("quantile", declared.quantile)
    return Limit("value", declared.value or 0.0)


def _beyond(weights: Floats, trimming: pa.Table) -> int:
    """How many weights lie beyond the bounds of a trimming after they were calibrated again."""
    lower = trimming["lower"].fill_null(-np.inf).to_numpy()
    upper = trimming["upper"].fill_null(np.inf).to_numpy()
    slack = 1e-12 * np.abs(weights)
    return int(((weights < lower - slack) | (weights > upper + slack)).sum())


def _by_name(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: table[name] for name in table.column_names}
