"""How a sample is shared out over strata so that several figures are precise enough at the least cost.

The variance of a figure, for sample sizes n of the strata, has one form whatever is estimated: the sum over
strata of a/n, less a part b that is known because the population is finite. Goals state the most that the
variance may be. A plan is the cheapest one that meets every goal, or the most precise one for a budget:
then the worst goal is as good as it can be. The optimum in fractions of units is found first and bounds the
cost from below; then the optimum in whole units is found by a solver.

Source: J. Bethel, Sample allocation in multivariate surveys, Survey Methodology 15 (1989); J. Chromy, Design
optimization with multiple objectives, Proceedings of the Section on Survey Research Methods (1987); A. Kokan
and S. Khan, Optimum allocation in multivariate surveys, Journal of the Royal Statistical Society B 29 (1967).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sojourn.errors import Problem, ProjectError

__all__ = ["TOLERANCE", "Allocation", "Goals", "Strata", "neyman", "require_reachable"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# A goal is met when the sum of a/n exceeds what it may be by no more than this part of it.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Strata:
    """Strata: how many units each has, what one costs, and how few and how many may be drawn.

    Without limits at least two units are drawn, or as many as there are, and at most all.
    """

    names: tuple[str, ...]
    units: Integers
    cost: Floats
    least: Integers
    most: Integers

    @staticmethod
    def of(
        names: tuple[str, ...],
        units: npt.ArrayLike,
        cost: npt.ArrayLike = 1.0,
        least: npt.ArrayLike = 2,
        most: npt.ArrayLike | None = None,
    ) -> Strata:
        """Strata from lists; limits beyond the number of units are brought back to it.

        Raises: ProjectError when a stratum has no unit, a cost that is not above zero, or limits that
        contradict each other.
        """
        number = len(names)
        count = np.array(np.broadcast_to(np.asarray(units, np.int64), number))
        price = np.array(np.broadcast_to(np.asarray(cost, np.float64), number))
        high = count if most is None else np.minimum(np.asarray(most, np.int64), count)
        low = np.minimum(np.broadcast_to(np.asarray(least, np.int64), number), count)
        problems = [
            *_problems(names, count < 1, "has no unit", "Leave it out."),
            *_problems(names, ~(np.isfinite(price) & (price > 0)), "has no cost above 0", "Declare it."),
            *_problems(names, low < 1, "may be left without a unit", "Let the minimum be at least 1."),
            *_problems(names, high < low, "has a maximum below its minimum", "Look at both."),
        ]
        if problems or not number:
            raise ProjectError(problems or [Problem("", None, "There is no stratum.", "Look at the frame.")])
        return Strata(tuple(names), count, price, np.array(low), np.array(np.broadcast_to(high, number)))

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Goals:
    """Figures and how precise they must be: the variance is `spread` @ (1/n) - `finite`, at most `most`.

    `spread` has a row for each goal and a column for each stratum; `estimates` are what the figures are
    guessed to be, for messages and CVs.
    """

    names: tuple[str, ...]
    spread: Floats
    finite: Floats
    most: Floats
    estimates: Floats

    @staticmethod
    def of(
        names: tuple[str, ...],
        spread: npt.ArrayLike,
        most: npt.ArrayLike,
        *,
        units: npt.ArrayLike | None = None,
        finite: npt.ArrayLike | None = None,
        estimates: npt.ArrayLike | None = None,
    ) -> Goals:
        """Goals from lists; with `units` the finite part is that of simple random samples, sum(a/N).

        Raises: ProjectError when a number is missing, a spread negative, or a target not above zero.
        """
        number = len(names)
        matrix = np.array(spread, np.float64).reshape(number, -1)
        known = np.zeros(number) if finite is None else np.array(finite, np.float64)
        if units is not None:
            known = known + (matrix / np.asarray(units, np.float64)).sum(axis=1)
        target = np.array(np.broadcast_to(np.asarray(most, np.float64), number))
        guessed = np.full(number, np.nan) if estimates is None else np.array(estimates, np.float64)
        if not (np.all(np.isfinite(matrix)) and np.all(matrix >= 0) and np.all(np.isfinite(known))):
            raise ProjectError("The variance of a goal is missing or negative.", "Look at the frame.")
        if not np.all(target > 0):
            names_of = ", ".join(name for name, each in zip(names, target, strict=True) if not each > 0)
            raise ProjectError(f"{names_of}: the target is not above 0.", "Ask for an error that can be.")
        return Goals(tuple(names), matrix, known, target, guessed)

    def __len__(self) -> int:
        return len(self.names)

    def variances(self, sizes: npt.ArrayLike) -> Floats:
        """The variance of each figure for the sample sizes of the strata."""
        known = self.spread @ (1.0 / np.asarray(sizes, np.float64))
        # A whole stratum tells all: what rounding leaves below zero, or a hair above, is nothing.
        return np.where(known - self.finite < 1e-13 * known, 0.0, known - self.finite)

    def are_met(self, sizes: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether each goal is met by the sample sizes of the strata."""
        known = self.spread @ (1.0 / np.asarray(sizes, np.float64))
        met: npt.NDArray[np.bool_] = known <= (self.most + self.finite) * (1 + TOLERANCE)
        return met

    def scaled(self, factor: float) -> Goals:
        """The goals with every target of the variance multiplied."""
        return replace(self, most=self.most * factor)


@dataclass(frozen=True)
class Allocation:
    """A plan: units to draw in each stratum, its cost, and the variance of each figure.

    `bound` is a cost below which no plan meets the goals (or, for a budget, the ratio of variance to target
    below which the worst goal cannot come); `is_proven` says that no plan in whole units is better. `price`
    is what the last per cent of a goal's standard error costs: how much cheaper the plan would be, in
    fractions of units, if that error might be a per cent greater; zero for goals that are met by the way.
    """

    strata: Strata
    goals: Goals
    sizes: Integers
    fractions: Floats
    bound: float
    is_proven: bool
    price: Floats

    @cached_property
    def cost(self) -> float:
        """What the units of the plan cost."""
        return float(self.strata.cost @ self.sizes)

    @cached_property
    def variances(self) -> Floats:
        """The variance of each figure."""
        return self.goals.variances(self.sizes)

    @cached_property
    def worst(self) -> float:
        """The greatest ratio of a variance to its target."""
        return float(np.max(self.variances / self.goals.most, initial=0.0))

    @property
    def weight_effect(self) -> float:
        """Kish's design effect of the strata's unequal rates, for a figure of all units."""
        part = self.strata.units / self.strata.units.sum()
        rate = self.sizes / self.strata.units
        return float(np.sum(part / rate) * np.sum(part * rate))


def neyman(
    strata: Strata, spread: npt.ArrayLike, *, size: float | None = None, cost: float | None = None
) -> Floats:
    """The optimum for one figure, in fractions of units: n proportional to sqrt(a/c) within the limits.

    `spread` is a of each stratum, (N·S)² for a total from simple random samples; either the total size or
    the cost of all units is given. With equal costs and without limits this is Neyman's allocation.

    Raises: ProjectError when the limits leave no such allocation.
    Source: J. Neyman, On the two different aspects of the representative method, Journal of the Royal
    Statistical Society 97 (1934); W. Cochran, Sampling Techniques (1977), section 5.5.
    """
    if (size is None) == (cost is None):
        raise ProjectError("Give the size of the sample or its cost.", "One of them decides the other.")
    price = np.ones(len(strata)) if cost is None else strata.cost
    wanted = float(size if cost is None else cost)  # type: ignore[arg-type]  # one of them is given
    wish = np.sqrt(np.asarray(spread, np.float64) / price)
    least, most = strata.least.astype(np.float64), strata.most.astype(np.float64)
    if not price @ least <= wanted * (1 + 1e-12) or not wanted <= price @ most * (1 + 1e-12):
        raise ProjectError(
            f"{wanted:,.6g} cannot be shared out: the limits of the strata allow {price @ least:,.6g} to"
            f" {price @ most:,.6g}.",
            "Ask for another size or cost, or look at the limits.",
        )
    return _between(wish, price, least, most, wanted)


def _between(wish: Floats, price: Floats, least: Floats, most: Floats, wanted: float) -> Floats:
    """The scale of the wishes whose sizes, brought within the limits, cost exactly what is wanted."""
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = np.concatenate([least / wish, most / wish])
    turns = np.unique(turns[np.isfinite(turns)])
    costs = np.array([price @ np.clip(turn * wish, least, most) for turn in turns])
    place = int(np.searchsorted(costs, wanted))
    if place == len(turns):
        found: Floats = np.clip(turns[-1] * wish, least, most) if len(turns) else least.copy()
        # Strata without any spread take what is left, in proportion to the room that they have.
        room = most - found
        left = wanted - price @ found
        return found if left <= 0 else found + room * left / (price @ room)
    low = turns[place - 1] if place else 0.0
    inside = np.clip((low + turns[place]) / 2 * wish, least, most)
    is_free = (inside > least) & (inside < most)
    fixed = price[~is_free] @ inside[~is_free]
    free = price[is_free] @ wish[is_free]
    scale = (wanted - fixed) / free if free > 0 else turns[place]
    shared: Floats = np.clip(scale * wish, least, most)
    return shared


def require_reachable(strata: Strata, goals: Goals) -> None:
    """Refuse goals that even the greatest sizes do not meet, and say how near they come.

    More units never make a figure worse, so that goals which can each be met can be met together.

    Raises: ProjectError with a problem for each such goal.
    """
    best, is_met = goals.variances(strata.most), goals.are_met(strata.most)
    problems = [
        Problem(
            "",
            None,
            f"{name}: the standard error is to be {np.sqrt(asked):.6g}, and is {np.sqrt(reached):.6g}"
            f" ({np.sqrt(reached / asked):.3g} times as much) when as many units are drawn as can be.",
            "Ask for less, or allow more units.",
        )
        for name, asked, reached, met in zip(goals.names, goals.most, best, is_met, strict=True)
        if not met
    ]
    if problems:
        raise ProjectError(problems)


def _problems(names: tuple[str, ...], wrong: npt.NDArray[np.bool_], what: str, remedy: str) -> list[Problem]:
    return [
        Problem("", None, f"The stratum {names[place]} {what}.", remedy) for place in np.flatnonzero(wrong)
    ]
