"""Plans of a given shape: rates that are proportional to something, as high as the goals or the budget ask.

They are what a best plan is compared with: equal rates everywhere, or rates by density.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError
from sojourn.sources.sampling.allocation import TOLERANCE, Allocation, Goals, Strata, require_reachable

__all__ = ["allocate_shape", "shape_for_budget", "shape_for_goals"]

Floats = npt.NDArray[np.float64]
HALVINGS = 200


def shape_for_goals(strata: Strata, goals: Goals, rates: Floats) -> Floats:
    """The least sizes in fractions of units, with rates of this shape within the limits, that meet the goals.

    Raises: ProjectError when the goals cannot be met with such rates.
    """
    require_reachable(strata, goals)
    found = _scaled(strata, rates, lambda sizes: bool(np.all(goals.are_met(sizes))))
    if found is None:
        raise ProjectError(
            "The goals cannot be met with rates of this shape: a stratum that they need is not sampled.",
            "Share the sample out by the goals, or give every stratum a rate.",
        )
    return found


def shape_for_budget(strata: Strata, rates: Floats, budget: float) -> Floats:
    """The greatest sizes in fractions of units, with rates of this shape within the limits, for the budget.

    Raises: ProjectError when the budget does not pay for the least that must be drawn.
    """
    if strata.cost @ strata.least > budget * (1 + TOLERANCE):
        raise ProjectError(
            f"A budget of {budget:,.6g} does not pay for the minimum of every stratum.",
            "Raise it, or lower the minimum.",
        )
    found = _scaled(strata, rates, lambda sizes: bool(strata.cost @ sizes >= budget))
    return _sizes(strata, rates, np.inf) if found is None else found


def allocate_shape(
    strata: Strata, goals: Goals, rates: npt.ArrayLike, budget: float | None = None
) -> Allocation:
    """The plan in whole units with rates of a shape: rounded up for goals, down for a budget.

    Raises: as `shape_for_goals` and `shape_for_budget`.
    """
    rate = np.asarray(rates, np.float64)
    if budget is None:
        sizes = shape_for_goals(strata, goals, rate)
        whole = np.ceil(sizes - 1e-9)
    else:
        sizes = shape_for_budget(strata, rate, budget)
        whole = np.floor(sizes + 1e-9)
    drawn = np.clip(whole, strata.least, strata.most).astype(np.int64)
    plan = Allocation(strata, goals, drawn, sizes, np.nan, False, np.zeros(len(goals)))
    return Allocation(
        strata, goals, drawn, sizes, plan.cost if budget is None else plan.worst, False, plan.price
    )


def _sizes(strata: Strata, rates: Floats, scale: float) -> Floats:
    with np.errstate(invalid="ignore"):
        wish = np.where(rates > 0, scale * rates, 0.0) * strata.units
    found: Floats = np.clip(wish, strata.least, strata.most)
    return found


def _scaled(strata: Strata, rates: Floats, is_enough: Callable[[Floats], bool]) -> Floats | None:
    """The sizes at the least scale that is enough, or none."""
    if not np.any(rates > 0) or np.any(rates < 0):
        raise ProjectError("Rates are at least 0, and one of them above.", "Look at the rates.")
    low, high = 0.0, float(np.max(1.0 / rates[rates > 0]))
    if not is_enough(_sizes(strata, rates, high)):
        return None
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(_sizes(strata, rates, middle)) else (middle, high)
    return _sizes(strata, rates, high)
