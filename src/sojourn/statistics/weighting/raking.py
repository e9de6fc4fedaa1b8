"""Raking: iterative proportional fitting of weights to the margins of persons, one after another.

Each round multiplies the weights of every category of every margin so that its total holds, and by that
disturbs the others a little less each time. Where it settles, the weights are those of calibration with the
distance `raking`; calibration gets there in fewer steps and takes measures, households and bounds as well.

Source: W. E. Deming and F. F. Stephan, Annals of Mathematical Statistics 11 (1940).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import ProjectError
from sojourn.statistics.weighting.auxiliaries import Auxiliaries, auxiliaries
from sojourn.statistics.weighting.calibration import (
    TOLERANCE,
    Calibration,
    outcome,
    require_weights,
)
from sojourn.statistics.weighting.distances import Distance
from sojourn.statistics.weighting.margins import Margin
from sojourn.statistics.weighting.newton import independent_totals, relative
from sojourn.statistics.weighting.possible import require_possible, require_same, unreached

__all__ = ["fitted_factors", "raked"]

Floats = npt.NDArray[np.float64]
MOST_ROUNDS = 2_000


def raked(
    records: pa.Table,
    margins: Sequence[Margin],
    *,
    weight: str,
    tolerance: float = TOLERANCE,
    most_iterations: int = MOST_ROUNDS,
) -> Calibration:
    """Weights with which all margins hold, by fitting one margin after another until all do.

    `tolerance` is the largest relative deviation of a total. Records of weight zero keep it.

    Raises: ProjectError for margins of measures, and for unknown codes that are to be spread; DataRefused as
    `calibrated`.
    """
    for margin in margins:
        if margin.of is not None or margin.unknown == "spread":
            raise ProjectError(
                f"The margin {margin.id} is of a measure, or spreads unknown codes: raking cannot fit it.",
                "Calibrate with the distance raking instead.",
            )
    weights = require_weights(records, weight)
    given = auxiliaries(records, margins)
    sums = given.summed(weights)
    require_possible(given, sums, tolerance=tolerance)
    independent, combined = independent_totals(given.matrix, sums > 0)
    require_same(given, independent, combined, tolerance=tolerance)
    factors, rounds, misfit = fitted_factors(
        given, sums, tolerance=tolerance, most_iterations=most_iterations
    )
    if np.max(np.abs(misfit)) > tolerance:
        raise unreached(
            given, np.arange(len(misfit)), sums, misfit, distance=Distance("raking"), iterations=rounds
        )
    return outcome(
        given, weights, factors, method="iterative proportional fitting", iterations=rounds,
        coefficients=np.zeros(len(given.totals)), distance=None,
    )  # fmt: skip


def fitted_factors(
    given: Auxiliaries, sums: Floats, *, tolerance: float, most_iterations: int
) -> tuple[Floats, int, Floats]:
    """The factors of groups whose weights are `sums`, rounds, and what totals then lack, relatively."""
    blocks = [_Block(given, at) for at in range(len(given.margins))]
    factors = np.ones(len(sums))
    misfit = np.full(len(given.totals), np.inf)
    for rounds in range(1, most_iterations + 1):
        for block in blocks:
            factors = block.fitted(factors, sums)
        reached = given.matrix.T @ (sums * factors)
        lacking = relative(reached - given.totals, given.totals, reached)
        # Rounds go on past the tolerance while they still make it better: they cost little.
        if np.max(np.abs(lacking)) >= np.max(np.abs(misfit)) and np.max(np.abs(misfit)) <= tolerance:
            return factors, rounds, lacking if np.max(np.abs(lacking)) <= tolerance else misfit
        misfit = lacking
        if len(blocks) == 1:
            break
    return factors, rounds, misfit


class _Block:
    """One margin: which category each group is of."""

    def __init__(self, given: Auxiliaries, at: int) -> None:
        part = given.of_margin(at)
        columns: Any = given.matrix[:, part].tocsc()
        self.totals = given.totals[part]
        self.category = np.empty(given.matrix.shape[0], np.int64)
        self.category[columns.indices] = np.repeat(np.arange(len(self.totals)), np.diff(columns.indptr))

    def fitted(self, factors: Floats, sums: Floats) -> Floats:
        reached = np.bincount(self.category, sums * factors, len(self.totals))
        ratio = self.totals / np.where(reached > 0, reached, 1.0)
        found: Floats = factors * ratio[self.category]
        return found
