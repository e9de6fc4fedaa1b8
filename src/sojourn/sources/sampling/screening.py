"""Two phases: many households are asked a cheap question, some of them visited for the interview.

The first phase sorts households into classes (migrants seem to live here, or not); the second draws from each
class at a rate of its own. The variance is that of the classes' means over the first phase, and of the units
within classes over the second. A plan says how many are asked, and the rate of each class, for the least
variance that the money buys.

Source: W. Cochran, Sampling Techniques (1977), sections 12.2 to 12.5; J. Neyman, Contribution to the theory
of sampling human populations, Journal of the American Statistical Association 33 (1938).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError

__all__ = ["ScreeningPlan", "screening_classes", "screening_plan"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScreeningPlan:
    """How many are asked first, the rates and sizes of the second phase by class, cost and variance.

    `single_phase` is the variance of the mean if all the money went into interviews of a simple random sample
    without a first phase.
    """

    first: float
    rates: Floats
    second: Floats
    cost: float
    variance: float
    single_phase: float


def screening_classes(
    prevalence: float, sensitivity: float, specificity: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Classes of a cheap question: the share screened in and out, and the share of the domain within each.

    Raises: ProjectError for shares outside 0 to 1, or a question that puts everybody into one class.
    """
    if not all(0 <= each <= 1 for each in (prevalence, sensitivity, specificity)):
        raise ProjectError("Prevalence, sensitivity and specificity lie between 0 and 1.", "90 % is 0.9.")
    positive = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
    if not 0 < positive < 1:
        raise ProjectError("The question puts everybody into one class.", "Then there is no first phase.")
    inside = prevalence * sensitivity / positive
    outside = prevalence * (1 - sensitivity) / (1 - positive)
    return (positive, 1 - positive), (inside, outside)


def screening_plan(
    shares: npt.ArrayLike,
    means: npt.ArrayLike,
    deviations: npt.ArrayLike,
    *,
    screening: float,
    interview: npt.ArrayLike,
    budget: float | None = None,
    variance: float | None = None,
) -> ScreeningPlan:
    """The plan for a mean, for a budget or for a variance of the mean.

    `shares` of the classes add up to one; `means` and `deviations` of the variable are per class. For the
    number of people of a domain the variable is 1 for them and 0 for others; for a mean among them it is
    what they are off that mean, and 0 for others. An `interview` may cost something else in each class. The
    rate of a class is S·sqrt(c1 / (c2·B)), with B the variance between classes, where that is below 1. A
    class for which it is not is visited whole, the one that gains most first; its cost and variance then
    count with those of the first phase.

    Raises: ProjectError when no class has any spread, or when not exactly one of budget and variance is
    given.
    """
    share, mean, deviation = (np.asarray(each, np.float64) for each in (shares, means, deviations))
    price = np.array(np.broadcast_to(np.asarray(interview, np.float64), share.shape))
    if not np.all(share > 0) or abs(share.sum() - 1) > 1e-9 or not np.all(deviation >= 0):
        raise ProjectError("Shares of classes are above 0 and add up to 1.", "Look at the classes.")
    if (budget is None) == (variance is None):
        raise ProjectError("Give the budget or the variance.", "One of them decides the other.")
    if not screening > 0 or not np.all(price > 0):
        raise ProjectError("A first question and an interview cost something.", "Give both above 0.")
    if not np.any(deviation > 0):
        raise ProjectError("All are alike within classes: nobody need be interviewed.", "Look at them.")
    between = float(share @ (mean - share @ mean) ** 2)
    rates = _rates(share, deviation, price, between, screening)
    return _plan(share, deviation, price, rates, (between, screening), budget, variance)


def _plan(
    share: Floats, deviation: Floats, price: Floats, rates: Floats, first_phase: tuple[float, float],
    budget: float | None, variance: float | None,
) -> ScreeningPlan:  # fmt: skip
    between, screening = first_phase
    # Both are per unit of the first phase: its cost, and its variance.
    each = screening + float(share @ (rates * price))
    is_visited = deviation > 0
    within = deviation[is_visited] ** 2 / rates[is_visited]
    unit = between + float(share[is_visited] @ within)
    first = budget / each if budget is not None else unit / float(variance or np.nan)
    whole = between + float(share @ deviation**2)
    single = whole * float(share @ price) / (first * each)
    return ScreeningPlan(first, rates, first * share * rates, first * each, unit / first, single)


def _rates(share: Floats, deviation: Floats, price: Floats, between: float, screening: float) -> Floats:
    """Rates of the classes, at most one; a class without any spread is not visited: its mean is known."""
    first, variance = screening, between
    rates = np.zeros(len(share))
    for place in np.argsort(-(deviation**2) / price, kind="stable"):
        if deviation[place] ** 2 * first <= price[place] * variance:
            break
        rates[place] = 1.0
        first += share[place] * price[place]
        variance += share[place] * deviation[place] ** 2
    is_open = rates < 1.0
    rates[is_open] = deviation[is_open] * np.sqrt(first / (price[is_open] * variance))
    return rates
