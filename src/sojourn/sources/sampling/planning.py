"""A plan for a frame: from figures and how precise they must be to units, or places, drawn in each stratum.

The frame is a guess of the population in which the survey will be: a census, a register, or a generated
country. What its figures vary by is taken from it; what one unit or place costs follows from how many people
are interviewed there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError
from sojourn.sources.sampling.allocation import Allocation, Goals, Strata, require_reachable
from sojourn.sources.sampling.by_size import inclusion_probabilities
from sojourn.sources.sampling.continuous import best_for_budget, cheapest
from sojourn.sources.sampling.costs import CostModel
from sojourn.sources.sampling.figures import Figures, variances_within
from sojourn.sources.sampling.shapes import allocate_shape, shape_for_budget, shape_for_goals
from sojourn.sources.sampling.stages import FirstStage, place_variance
from sojourn.sources.sampling.whole_units import allocate, allocate_budget

__all__ = ["PlanSettings", "SamplePlan", "UnitFrame", "chances_of_places", "cost_curve", "plan_sample"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Shape = Literal["best", "proportional", "density"]
TAKES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40)


@dataclass(frozen=True)
class UnitFrame:
    """The units of a frame, stratum by stratum and place by place: where each belongs, and its interviews.

    `stratum` and `place` are numbers from 0 that never fall from one unit to the next; without places units
    are drawn straight from strata. `of_group` says which units have anybody of the group that rates by
    density are to reach; those with any interview where it is not said.
    """

    strata: tuple[str, ...]
    stratum: Integers
    interviews: Floats
    place: Integers | None = None
    of_group: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        for numbers in (self.stratum, *([] if self.place is None else [self.place])):
            if len(numbers) != len(self.interviews) or np.any(np.diff(numbers) < 0):
                raise ProjectError(
                    "The units of a frame are not in order.", "Sort them by stratum and place."
                )

    @cached_property
    def units(self) -> Integers:
        """The number of units in each stratum."""
        return np.bincount(self.stratum, minlength=len(self.strata))

    @cached_property
    def places(self) -> Integers:
        """The number of places in each stratum."""
        return np.bincount(self.stratum_of_place, minlength=len(self.strata))

    @cached_property
    def units_of_place(self) -> Integers:
        """The number of units in each place."""
        return np.bincount(self._place)

    @cached_property
    def stratum_of_place(self) -> Integers:
        """The stratum of each place.

        Raises: ProjectError when a place lies in two strata.
        """
        first = np.searchsorted(self._place, np.arange(self._place[-1] + 1))
        last = np.append(first[1:], len(self._place)) - 1
        if np.any(self.stratum[first] != self.stratum[last]):
            raise ProjectError("A place lies in two strata.", "Let strata be made of whole places.")
        return self.stratum[first]

    @property
    def _place(self) -> Integers:
        if self.place is None or not len(self.place):
            raise ProjectError("The frame names no places.", "Name the column of places, or draw units.")
        return self.place


@dataclass(frozen=True)
class PlanSettings:
    """How units are drawn, answer and cost, and how the sample is shared out.

    `take` units are visited in each place, or as many as make the plan cheapest where it is none. The shape
    `best` meets the goals at least cost, or makes the worst of them best for a budget; `proportional` has
    equal rates; `density` rates proportional to sqrt(P/C), with P the share of units with anybody of the
    group and C what a unit costs: Kalton's, where only people of the group are interviewed.
    """

    costs: CostModel
    kind: Literal["units", "places"] = "units"
    first_stage: FirstStage = "size"
    take: int | None = None
    least: int = 2
    response: float = 1.0
    shape: Shape = "best"
    budget: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.response <= 1:
            raise ProjectError("The rate of response lies above 0 and is at most 1.", "80 % is 0.8.")
        if self.least < 1 or (self.take is not None and self.take < 1):
            raise ProjectError("A stratum gives at least one unit, and so does a place.", "Look at both.")
        if self.budget is not None and not self.budget > self.costs.fixed:
            raise ProjectError("The budget does not pay for the fixed costs.", "Raise it.")


@dataclass(frozen=True)
class SamplePlan:
    """A plan: what is drawn in each stratum, and what is expected of it.

    `visits` and `interviews` are those of one unit (or place) drawn in each stratum, on average.
    """

    settings: PlanSettings
    allocation: Allocation
    visits: Floats
    interviews: Floats

    @property
    def sizes(self) -> Integers:
        """Units, or places, drawn in each stratum."""
        return self.allocation.sizes

    @cached_property
    def cost(self) -> float:
        """The expected cost, fixed costs included."""
        return self.settings.costs.fixed + self.allocation.cost

    @property
    def promised(self) -> Floats:
        """The standard error of each figure."""
        found: Floats = np.sqrt(self.allocation.variances)
        return found


def plan_sample(frame: UnitFrame, figures: Figures, most: Floats, settings: PlanSettings) -> SamplePlan:
    """Plan a sample for figures whose variances may be at most `most`.

    Raises: ProjectError when a goal cannot be met or the budget does not pay for the minimum.
    """
    if settings.kind == "units":
        return _planned(*_of_units(frame, figures, most, settings), settings, frame)
    if settings.take is not None:
        return _planned(*_of_places(frame, figures, most, settings), settings, frame)
    return _with_best_take(frame, figures, most, settings)


def cost_curve(
    frame: UnitFrame, figures: Figures, most: Floats, plan: SamplePlan, multiples: Floats
) -> list[tuple[float, float]]:
    """What it costs, in fractions of units, to have standard errors at most these multiples of their targets.

    Multiples that cannot be reached are left out.
    """
    settings = plan.settings
    problem = _of_units if settings.kind == "units" else _of_places
    strata, goals, visits, _ = problem(frame, figures, most, settings)
    least = float(np.sqrt(np.max(goals.variances(strata.most) / goals.most)))
    found = []
    for multiple in multiples[multiples >= least * (1 + 1e-9)].tolist():
        asked = goals.scaled(multiple**2)
        if settings.shape == "best":
            cost = cheapest(strata, asked).cost
        else:
            cost = float(
                strata.cost @ shape_for_goals(strata, asked, _rates(frame, settings, strata, visits))
            )
        found.append((multiple, settings.costs.fixed + cost))
    return found


Problem = tuple[Strata, Goals, Floats, Floats]


def _of_units(frame: UnitFrame, figures: Figures, most: Floats, settings: PlanSettings) -> Problem:
    """Strata and goals when units are drawn; visits and interviews for each unit."""
    _, variance = variances_within(figures, frame.stratum, len(frame.strata))
    units = frame.units
    spread = units**2 * variance / settings.response
    goals = Goals.of(
        figures.names, spread, most, finite=(units * variance).sum(axis=1), estimates=figures.truth
    )
    persons: Floats = np.bincount(frame.stratum, frame.interviews, len(units)) / units
    interviews, visits = persons * settings.response, np.ones(len(units))
    cost = settings.costs.visit * visits + settings.costs.interview * interviews
    return Strata.of(frame.strata, units, cost, settings.least), goals, visits, interviews


def _of_places(frame: UnitFrame, figures: Figures, most: Floats, settings: PlanSettings) -> Problem:
    """Strata and goals when places are drawn; visits and interviews for each place."""
    if settings.take is None or frame.place is None:
        raise ProjectError("The frame names no places.", "Name the column of places, or draw units.")
    take, number, sizes = settings.take, len(frame.strata), frame.units_of_place
    totals, within = variances_within(figures, frame.place, len(sizes))
    variance = place_variance(
        totals, within, sizes, frame.stratum_of_place, strata=number, take=take,
        first_stage=settings.first_stage, response=settings.response,
    )  # fmt: skip
    goals = Goals.of(
        figures.names, variance.spread, most, finite=variance.finite.sum(axis=1), estimates=figures.truth
    )
    taken = np.minimum(sizes, take)
    weight = sizes if settings.first_stage == "size" else np.ones(len(sizes))
    chance = weight / np.bincount(frame.stratum_of_place, weight, number)[frame.stratum_of_place]
    visits = _summed(frame.stratum_of_place, chance * taken, number)
    each = np.bincount(frame.place, frame.interviews, len(sizes)) / sizes * taken * settings.response
    interviews = _summed(frame.stratum_of_place, chance * each, number)
    costs = replace(settings.costs, fixed=0.0)
    cost = np.array([costs.of(1, *row) for row in zip(visits, interviews, strict=True)])
    return Strata.of(frame.strata, frame.places, cost, settings.least), goals, visits, interviews


def _planned(
    strata: Strata, goals: Goals, visits: Floats, interviews: Floats, settings: PlanSettings, frame: UnitFrame
) -> SamplePlan:
    budget = None if settings.budget is None else settings.budget - settings.costs.fixed
    if settings.shape != "best":
        found = allocate_shape(strata, goals, _rates(frame, settings, strata, visits), budget)
    elif budget is None:
        found = allocate(strata, goals)
    else:
        found = allocate_budget(strata, goals, budget)
    return SamplePlan(settings, found, visits, interviews)


def _with_best_take(frame: UnitFrame, figures: Figures, most: Floats, settings: PlanSettings) -> SamplePlan:
    """The plan with the number of units for each place that is cheapest, or most precise for a budget."""
    best: tuple[float, PlanSettings] | None = None
    refused: ProjectError | None = None
    for take in TAKES:
        tried = replace(settings, take=take)
        try:
            worth = _worth(frame, _of_places(frame, figures, most, tried), tried)
        except ProjectError as error:
            refused = error
            continue
        if best is None or worth < best[0]:
            best = worth, tried
    if best is None:
        raise refused if refused is not None else ProjectError("There is no plan.", "Look at the goals.")
    return plan_sample(frame, figures, most, best[1])


def _worth(frame: UnitFrame, problem: Problem, settings: PlanSettings) -> float:
    """The cost in fractions of units, or with a budget the worst ratio."""
    strata, goals, visits, _ = problem
    if settings.budget is None:
        require_reachable(strata, goals)
        if settings.shape == "best":
            return cheapest(strata, goals).cost
        return float(strata.cost @ shape_for_goals(strata, goals, _rates(frame, settings, strata, visits)))
    budget = settings.budget - settings.costs.fixed
    if settings.shape == "best":
        if strata.cost @ strata.least > budget:
            raise ProjectError("The budget does not pay for the minimum of every stratum.", "Raise it.")
        return best_for_budget(strata, goals, budget)[0]
    sizes = shape_for_budget(strata, _rates(frame, settings, strata, visits), budget)
    return float(np.max(goals.variances(sizes) / goals.most))


def _rates(frame: UnitFrame, settings: PlanSettings, strata: Strata, visits: Floats) -> Floats:
    """Rates of the shape: equal, or by density and cost."""
    number = len(frame.strata)
    if settings.shape == "proportional":
        return np.ones(number)
    has_any = frame.interviews > 0 if frame.of_group is None else frame.of_group
    share = np.bincount(frame.stratum, has_any, number) / frame.units
    if not np.any(share > 0):
        raise ProjectError("Nobody of the group lives in the frame.", "Look at its condition.")
    found: Floats = np.sqrt(share * visits / strata.cost)
    return found


def _summed(group: Integers, values: Floats, groups: int) -> Floats:
    return np.bincount(group, values, groups).astype(np.float64)


def chances_of_places(frame: UnitFrame, sizes: Integers, first_stage: FirstStage) -> Floats:
    """The chance of each place to be drawn, when so many are drawn in each stratum."""
    if first_stage == "equal":
        found: Floats = (sizes / frame.places)[frame.stratum_of_place]
        return found
    begins = np.concatenate([[0], frame.places.cumsum()])
    parts = [
        inclusion_probabilities(frame.units_of_place[begin:end], int(number))
        for begin, end, number in zip(begins[:-1], begins[1:], sizes, strict=True)
    ]
    return np.concatenate(parts)
