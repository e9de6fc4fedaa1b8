"""Replicate weights calibrated as the main weight was: the spread of the results then shows what it gains.

Each replicate is calibrated to the same totals with the same distance and bounds. The groups of equal records
and the independent totals are those of the main weight, and each replicate starts where that ended, so that a
replicate costs as much as a few sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused, shown
from sojourn.statistics.weighting.auxiliaries import numbers_of, require_columns
from sojourn.statistics.weighting.calibration import MOST_ITERATIONS, TOLERANCE, Calibration
from sojourn.statistics.weighting.newton import independent_totals, solved
from sojourn.statistics.weighting.possible import require_possible, unreached
from sojourn.statistics.weighting.raking import MOST_ROUNDS, fitted_factors

__all__ = ["calibrated_replicates"]

Floats = npt.NDArray[np.float64]
# So many replicates of a million records are 160 MB.
_AT_ONCE = 20


def calibrated_replicates(
    records: pa.Table,
    calibration: Calibration,
    replicates: Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    most_iterations: int = MOST_ITERATIONS,
) -> pa.Table:
    """Each replicate weight of the records, calibrated as the main weight was by `calibration`.

    Replicate weights are those before calibration, and include the main weight. Weights of zero stay zero.
    Negative ones, as some surveys have, can be calibrated by the linear distance without bounds only.

    Raises: DataRefused naming the replicate: for weights that are missing, negative where they may not be,
    a category all of whose respondents it leaves out, and totals that it does not reach.
    """
    require_columns(records, replicates)
    given = calibration.auxiliaries
    columns: dict[str, Floats] = {}
    for first in range(0, len(replicates), _AT_ONCE):
        names = list(replicates[first : first + _AT_ONCE])
        weights = np.column_stack([_weights(records, name, calibration) for name in names])
        sums = given.summed(weights)
        for place, name in enumerate(names):
            factors = _factors(calibration, sums[:, place], name, tolerance, most_iterations)
            columns[name] = weights[:, place] * given.of_records(factors)
    return pa.table(columns)


def _weights(records: pa.Table, name: str, calibration: Calibration) -> Floats:
    weights = numbers_of(records, name)
    distance = calibration.distance
    is_linear = distance is not None and distance.kind == "linear" and not distance.is_bounded
    if not is_linear and (weights < 0).any():
        raise DataRefused(
            f"The replicate weight {shown(name)} is negative in {int((weights < 0).sum()):,} records.",
            "Calibrate with the distance linear without bounds: the others need weights above zero.",
        )
    try:
        return calibration.auxiliaries.evened(weights)
    except DataRefused as error:
        raise DataRefused(
            f"The replicate weight {shown(name)} differs within households.",
            "Members of a household are in a replicate together: give them one weight.",
        ) from error


def _factors(
    calibration: Calibration, sums: Floats, name: str, tolerance: float, most_iterations: int
) -> Floats:
    given, who = calibration.auxiliaries, f" in the replicate {shown(name)}"
    require_possible(given, sums, tolerance=tolerance, who=who)
    distance = calibration.distance
    if distance is None:
        factors, rounds, misfit = fitted_factors(
            given, sums, tolerance=tolerance, most_iterations=max(most_iterations, MOST_ROUNDS)
        )
        if np.max(np.abs(misfit)) > tolerance:
            worst = given.names[int(np.argmax(np.abs(misfit)))]
            raise DataRefused(
                f"Raking did not settle{who} after {rounds} rounds; furthest off is {worst}.",
                "Merge small categories, or calibrate with the distance raking.",
            )
        return factors
    independent, _ = independent_totals(given.matrix, sums != 0)
    found = solved(
        given.matrix[:, independent], sums, given.spread, given.totals[independent],
        distance=distance, tolerance=tolerance, most_iterations=most_iterations,
        start=calibration.coefficients[independent],
    )  # fmt: skip
    if not found.is_reached:
        raise unreached(
            given, independent, sums, found.misfit,
            distance=distance, iterations=found.iterations, who=who,
        )  # fmt: skip
    return found.factors
