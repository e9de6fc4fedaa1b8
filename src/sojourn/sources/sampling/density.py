"""Sampling more where migrants live: the best rates by density, and what unequal weights cost.

Whoever is visited costs a screening, whoever is found costs an interview as well. The best rate is
proportional to sqrt(P / (P(c - 1) + 1)), where P is the share of the stratum's people who are of the domain
and c what an interview with screening costs over a screening alone. It is close to sqrt(P) while interviews
are cheap, and to equal rates when they are dear: finding people is then no longer what costs.

Source: G. Kalton, Methods for oversampling rare subpopulations in social surveys, Survey Methodology 35
(2009), section 3; G. Kalton and D. Anderson, Sampling rare populations, Journal of the Royal Statistical
Society A 149 (1986).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError
from sojourn.sources.sampling.design_effects import kish_effect_of_rates

__all__ = ["DensityPlan", "density_plan", "density_rates"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DensityPlan:
    """Rates by stratum, units to screen, people of the domain found, and what it comes to.

    `effective` is the number found over `weight_effect`, Kish's loss by unequal weights: so many people of a
    sample with equal rates say as much. `proportional_effective` is how many equal rates would find for the
    same money, and `variance_ratio` what the variance is over theirs.
    """

    rates: Floats
    screened: Floats
    found: Floats
    cost: float
    weight_effect: float
    effective: float
    proportional_effective: float

    @property
    def variance_ratio(self) -> float:
        """The variance over that of equal rates for the same money."""
        return self.proportional_effective / self.effective


def density_rates(prevalence: npt.ArrayLike, cost_ratio: float) -> Floats:
    """The best rates of strata, up to a factor; none is sampled where nobody of the domain lives.

    Raises: ProjectError for shares outside 0 to 1, or an interview that costs less than a screening.
    """
    share = np.asarray(prevalence, np.float64)
    if not np.all((share >= 0) & (share <= 1)) or not np.any(share > 0):
        raise ProjectError("The shares of the domain lie between 0 and 1, one above 0.", "12 % is 0.12.")
    if not cost_ratio >= 1:
        raise ProjectError(
            f"An interview with its screening costs {cost_ratio:g} times the screening.",
            "It is at least once that; leave the screening in both.",
        )
    return np.sqrt(share / (share * (cost_ratio - 1) + 1))


def density_plan(
    units: npt.ArrayLike,
    prevalence: npt.ArrayLike,
    *,
    screening: float,
    interview: float,
    budget: float | None = None,
    effective: float | None = None,
) -> DensityPlan:
    """A sample by density for a budget, or so that as much is known as from `effective` people drawn alike.

    `units` are persons (or households with one person of the domain at most); `interview` is what it costs
    beside the screening. Rates do not exceed 1: where they would, all are screened and the rest is shared out
    by the rule again. The variable varies as much in every stratum, and its mean may differ.

    Raises: ProjectError when not exactly one of budget and effective size is given, or there are not enough
    people.
    """
    if (budget is None) == (effective is None):
        raise ProjectError("Give the budget or the effective size.", "One of them decides the other.")
    count, share = np.asarray(units, np.float64), np.asarray(prevalence, np.float64)
    if count.shape != share.shape or not np.all(count >= 0) or not screening > 0 or not interview >= 0:
        raise ProjectError("Each stratum has units and a share; a screening costs something.", "Look again.")
    wish = density_rates(share, (screening + interview) / screening)
    price = screening + share * interview

    def reached(rates: Floats) -> float:
        if effective is None:
            return float(rates @ (count * price))
        return float((rates * count) @ share) / kish_effect_of_rates(count * share, np.maximum(rates, 1e-300))

    rates = _least_rates(wish, reached, float(budget if effective is None else effective))  # type: ignore[arg-type]  # one is given
    return _plan(rates, count, share, screening, interview)


def _least_rates(wish: Floats, reached: Callable[[Floats], float], asked: float) -> Floats:
    """The least rates of this shape, at most one, that reach what is asked for."""
    low, high = 0.0, 1.0 / float(wish[wish > 0].min())
    most = reached(np.minimum(high * wish, 1.0))
    if most < asked * (1 - 1e-12):
        raise ProjectError(
            f"Even everyone is not enough: {most:,.6g} instead of {asked:,.6g}.",
            "Ask for less, or spend less.",
        )
    for _ in range(200):
        middle = (low + high) / 2
        is_enough = reached(np.minimum(middle * wish, 1.0)) >= asked
        low, high = (low, middle) if is_enough else (middle, high)
    found: Floats = np.minimum(high * wish, 1.0)
    return found


def _plan(rates: Floats, count: Floats, share: Floats, screening: float, interview: float) -> DensityPlan:
    screened, found = rates * count, rates * count * share
    cost = float(screened.sum() * screening + found.sum() * interview)
    effect = kish_effect_of_rates(count * share, np.where(share > 0, rates, 1.0))
    everywhere = cost / float(count.sum() * screening + (count @ share) * interview)
    return DensityPlan(
        rates, screened, found, cost, effect, float(found.sum()) / effect, everywhere * float(count @ share)
    )
