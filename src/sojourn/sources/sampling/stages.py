"""Two stages: places are drawn first, then households in each. How many in each, and what a place adds.

The more households are visited in a place, the cheaper each is and the less it says. What one place adds to
the variance of a figure is known from a frame; then the places are allocated as units are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import binom

from sojourn.errors import ProjectError

__all__ = ["FirstStage", "PlaceVariance", "best_take", "place_variance", "two_stage_size"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
FirstStage = Literal["equal", "size"]


def best_take(cost_of_place: float, cost_of_unit: float, correlation: float) -> float:
    """The best number of units to take from a place: sqrt(C1/C2 · (1 - rho)/rho).

    Infinite without any likeness within places, or below it: then one place is as good as many.

    Raises: ProjectError for costs that are not above 0, or a correlation above 1.
    Source: M. Hansen, W. Hurwitz and W. Madow, Sample Survey Methods and Theory (1953), chapter 6.
    """
    if not cost_of_place > 0 or not cost_of_unit > 0 or correlation > 1:
        raise ProjectError("Costs are above 0, a correlation is at most 1.", "Look at the three numbers.")
    if correlation <= 0:
        return math.inf
    return math.sqrt(cost_of_place / cost_of_unit * (1 - correlation) / correlation)


def two_stage_size(
    relative_variance: float,
    take: float,
    correlation: float,
    *,
    cv: float | None = None,
    budget: float | None = None,
    costs: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """How many places, and the CV they give: for a CV, or for a budget with the costs of a place and a unit.

    `relative_variance` is that of one unit: its variance over the square of the mean.

    Raises: ProjectError when not exactly one of CV and budget is given, or a budget without costs.
    Source: as `best_take`.
    """
    each = relative_variance * (1 + correlation * (take - 1)) / take
    if cv is not None and budget is None:
        return each / cv**2, cv
    if budget is None or cv is not None or costs is None:
        raise ProjectError("Give a CV, or a budget with the costs of a place and of a unit.")
    places = budget / (costs[0] + costs[1] * take)
    return places, math.sqrt(each / places)


@dataclass(frozen=True)
class PlaceVariance:
    """What one place adds to the variance of each figure, by stratum: `spread`/m - `finite` for m places.

    Both have a row for each figure and a column for each stratum.
    """

    spread: Floats
    finite: Floats


def place_variance(
    totals: Floats,
    within: Floats,
    units: Integers,
    stratum: Integers,
    *,
    strata: int,
    take: int,
    first_stage: FirstStage,
    response: float = 1.0,
    sizes: Floats | None = None,
) -> PlaceVariance:
    """What one place adds to the variance of figures, from a frame.

    For every place its stratum and number of `units`; for every figure and place the sum of the figure's
    linearised values (`totals`, one row a figure) and their variance between units (`within`). Of each place
    `take` units are visited, or all where there are fewer, and each answers with chance `response`. Places
    are drawn with equal chances, or by size (the number of units, unless `sizes` say otherwise),
    systematically from a random order; the variance between places is then Hartley and Rao's.

    Source: W. Cochran, Sampling Techniques (1977), sections 11.7 to 11.9; H. Hartley and J. Rao, Sampling
    with unequal probabilities and without replacement, Annals of Mathematical Statistics 33 (1962).
    """
    inside = units**2 * (_one_over_answers(take, response)[np.minimum(units, take)] - 1.0 / units) * within
    measure = units.astype(np.float64) if sizes is None else sizes
    counts = np.bincount(stratum, minlength=strata).astype(np.float64)
    if first_stage == "equal":
        mean = _sums(totals, stratum, strata) / counts
        between = _sums((totals - mean[:, stratum]) ** 2, stratum, strata)
        square = np.where(counts > 1, between / np.maximum(counts - 1, 1), 0.0)
        return PlaceVariance(counts**2 * square + counts * _sums(inside, stratum, strata), counts * square)
    chance = measure / np.bincount(stratum, weights=measure, minlength=strata)[stratum]
    if np.any(chance <= 0):
        raise ProjectError(
            "A place has no size, so that it would never be drawn.", "Leave it out, or give it a size."
        )
    whole = _sums(totals, stratum, strata)[:, stratum]
    off = (totals / chance - whole) ** 2
    replaced, shared = _sums(chance * off, stratum, strata), _sums(chance**2 * off, stratum, strata)
    return PlaceVariance(replaced + shared + _sums(inside / chance, stratum, strata), shared)


def _one_over_answers(take: int, response: float) -> Floats:
    """The mean of one over the number of answers from 0, 1, … visits, of those that give any.

    With few visits it is more than one over the mean number: some places give very few answers.
    """
    found = np.zeros(take + 1)
    for visits in range(1, take + 1):
        answers = np.arange(1, visits + 1)
        share = binom(visits, answers) * response**answers * (1 - response) ** (visits - answers)
        found[visits] = float(np.sum(share / answers) / np.sum(share))
    return found


def _sums(values: Floats, stratum: Integers, strata: int) -> Floats:
    """The sums of each row by stratum."""
    return np.array([np.bincount(stratum, weights=row, minlength=strata) for row in values])
