"""Variance under calibration, by linearisation: the residuals that take the place of the figures' scores.

A calibrated total varies from sample to sample as the total of the residuals of a regression on the
auxiliaries does: what the known totals explain cannot vary. Whoever estimates a variance from scores replaces
each score by its residual, multiplies by the calibrated weight, and goes on as before.

A residual is not zero where the score is: a figure of a domain has residuals in the whole sample.

Source: J.-C. Deville and C.-E. Särndal, JASA 87 (1992), section 3; R's package survey, `svyrecvar`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from sojourn.errors import ProjectError
from sojourn.statistics.weighting.auxiliaries import Auxiliaries, auxiliaries_of_matrix
from sojourn.statistics.weighting.newton import independent_totals

__all__ = ["calibration_residuals"]

Floats = npt.NDArray[np.float64]
# As many as R's package survey makes.
_SWEEPS = 10


def calibration_residuals(
    scores: npt.ArrayLike,
    auxiliaries: Auxiliaries | npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    regression: Literal["weighted", "sweeps"] = "weighted",
) -> Floats:
    """The residuals of scores (records × figures, or one figure) on the auxiliaries of a calibration.

    `auxiliaries` are those of the calibration, or any numbers (records × totals). A score is the linearised
    value of a figure: y for a total of y, (y - mean)/sum of weights for a mean; not
    yet multiplied by a weight. `weights` are those before calibration. Standard errors of the sum of
    calibrated weight times residual equal R's:

    - `weighted` regresses with the weights before calibration, divided by the spread of the distance, as R
      does after `calibrate` and `postStratify`;
    - `sweeps` takes off the plain means by category of one margin after another, ten times over, as R does
      after `rake`. For margins of persons only.

    Raises: ProjectError for scores or weights of another length, or sweeps over measures.
    """
    values = np.asarray(scores, np.float64)
    before = np.asarray(weights, np.float64)
    given = auxiliaries if isinstance(auxiliaries, Auxiliaries) else auxiliaries_of_matrix(auxiliaries)
    records = len(given.unit)
    if len(values) != records or before.shape != (records,):
        raise ProjectError(
            f"There are {records:,} records with auxiliaries, {len(values):,} with scores,"
            f" {len(before):,} with weights.",
            "Give all three for the same records in the same order.",
        )
    if regression not in ("weighted", "sweeps"):
        raise ProjectError(
            f"There is no regression {regression!r}.", "The regressions are `weighted` and `sweeps`."
        )
    table = values if values.ndim == 2 else values[:, None]
    weighted = regression == "weighted"
    left = _of_regression(table, given, given.evened(before)) if weighted else _of_sweeps(table, given)
    return left if values.ndim == 2 else left[:, 0]


def _of_regression(scores: Floats, given: Auxiliaries, weights: Floats) -> Floats:
    """Residuals of a regression weighted by weight over spread; of households where units are households."""
    sums = given.summed(weights)
    independent, _ = independent_totals(given.matrix, sums != 0)
    matrix = given.matrix[:, independent]
    # Of a unit of several records only the sum of the scores counts.
    adds = _adds(given)
    right = matrix.T @ ((adds @ (weights[:, None] * scores)) / given.spread[:, None])
    left = (matrix.T.multiply(sums / given.spread) @ matrix).toarray()
    fitted = matrix @ linalg.solve(left, right, assume_a="sym")
    if given.is_of_records:
        found: Floats = scores - given.of_records(fitted)
        return found
    members = np.bincount(given.unit)
    shared: Floats = scores - given.of_records(fitted) / members[given.unit][:, None]
    return shared


def _of_sweeps(scores: Floats, given: Auxiliaries) -> Floats:
    """What is left when plain means by category are taken off again and again.

    All that is taken off depends on the group alone, so that it is gathered by group.
    """
    if not given.is_of_records or not given.margins or any(each.of is not None for each in given.margins):
        raise ProjectError(
            "Sweeps take off means by category: they know neither measures nor households.",
            "Use the regression `weighted`.",
        )
    people = np.bincount(given.group, minlength=len(given.spread)).astype(np.float64)
    sums = _adds(given) @ scores
    taken = np.zeros_like(sums)
    blocks = [given.matrix[:, given.of_margin(at)] for at in range(len(given.margins))]
    for _ in range(_SWEEPS):
        for block in blocks:
            counts = block.T @ people
            left = block.T @ (sums - people[:, None] * taken)
            taken += block @ (left / np.where(counts > 0, counts, 1.0)[:, None])
    found: Floats = scores - given.of_records(taken)
    return found


def _adds(given: Auxiliaries) -> sparse.csr_array:
    """The matrix that adds records up by group."""
    records = len(given.unit)
    of_records = given.group[given.unit]
    return sparse.csr_array(
        (np.ones(records), (of_records, np.arange(records))), shape=(len(given.spread), records)
    )
