"""The best allocation in whole units, by cutting planes: a solver proposes, exact sums decide.

1/n is convex, and between two whole numbers the chord through them lies on or above it but below it nowhere
else at whole numbers; enough chords make a linear programme in whole numbers (HiGHS) whose solution is the
optimum. Chords are added where the last solution lay until its own variances, computed from 1/n, hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError
from sojourn.sources.sampling.allocation import (
    TOLERANCE,
    Allocation,
    Goals,
    Strata,
    require_reachable,
)
from sojourn.sources.sampling.continuous import Continuous, best_for_budget, cheapest
from sojourn.sources.sampling.rounding import fitted, rounded_up

__all__ = ["allocate", "allocate_budget"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ROUNDS, NODES = 60, 100_000


def allocate(strata: Strata, goals: Goals, *, nodes: int | None = None) -> Allocation:
    """The cheapest plan in whole units that meets every goal.

    Where the solver stops before the proof (after so many `nodes` of its search, fewer where there are many
    strata), the plan still meets every goal, `bound` says how much cheaper another could be at most, and
    `is_proven` is false. The same input gives the same plan.

    Raises: ProjectError with a problem for each goal that cannot be met, saying how far it stays off.
    """
    require_reachable(strata, goals)
    relaxed = cheapest(strata, goals)
    known = rounded_up(strata, goals, relaxed.sizes)
    master = _Master(strata, goals, relaxed.sizes, is_budget=False)
    sizes, bound, is_proven = _searched(master, known, relaxed.bound, nodes)
    return Allocation(strata, goals, sizes, relaxed.sizes, bound, is_proven, _prices(goals, relaxed))


def allocate_budget(strata: Strata, goals: Goals, budget: float, *, nodes: int | None = None) -> Allocation:
    """The plan in whole units, at a cost of no more than the budget, whose worst goal is best.

    The worst goal is the one whose variance is the greatest multiple of its target. Targets that are each
    figure's own square make that the least of the greatest CV.

    Raises: ProjectError when the budget does not pay for the least that must be drawn.
    """
    needed = float(strata.cost @ strata.least)
    if needed > budget * (1 + TOLERANCE):
        raise ProjectError(
            f"A budget of {budget:,.6g} does not pay for the minimum of all strata: it costs {needed:,.6g}.",
            "Raise the budget, or lower the minimum.",
        )
    ratio, relaxed = best_for_budget(strata, goals, budget)
    known = fitted(strata, goals, relaxed.sizes, budget)
    if ratio <= 0 or not len(goals):
        return Allocation(strata, goals, known, relaxed.sizes, ratio, True, np.zeros(len(goals)))
    scaled = goals.scaled(ratio)
    master = _Master(strata, scaled, relaxed.sizes, is_budget=True, budget=budget)
    sizes, bound, is_proven = _searched(master, known, 1.0, nodes)
    return Allocation(strata, goals, sizes, relaxed.sizes, bound * ratio, is_proven, _prices(scaled, relaxed))


def _prices(goals: Goals, relaxed: Continuous) -> Floats:
    """The price of a per cent of each goal's standard error; what rounding leaves of none is none."""
    allowed = goals.most + goals.finite
    # A per cent of the error is two of the variance, of which the finite part stays as it is.
    prices = relaxed.prices * 0.02 * goals.most / np.where(allowed > 0, allowed, 1.0)
    return np.where(prices > 1e-9 * relaxed.cost, prices, 0.0)


@dataclass(frozen=True)
class _Solved:
    """A solution of the programme, a bound for every other, and whether it is the best there is."""

    sizes: Integers | None
    bound: float
    is_best: bool


def _searched(
    master: _Master, known: Integers, bound: float, nodes: int | None
) -> tuple[Integers, float, bool]:
    """The best plan, the bound, and whether the two meet."""
    best, lowest = known, max(bound, master.bounded_by_fractions())
    limit = max(NODES // len(known), 50) if nodes is None else nodes
    for _ in range(ROUNDS):
        if master.worth(best) <= lowest * (1 + TOLERANCE):
            return best, master.worth(best), True
        solved = master.solved(best, limit)
        lowest = max(lowest, solved.bound)
        if solved.sizes is None:
            break
        is_allowed = master.is_allowed(solved.sizes)
        if is_allowed and master.worth(solved.sizes) < master.worth(best):
            best = solved.sizes
        is_new = master.add_chords(solved.sizes)
        if solved.is_best and is_allowed and not is_new:
            return best, master.worth(best), True
        if not (solved.is_best and is_new):
            break
    lowest = min(lowest, master.worth(best))
    return best, lowest, master.worth(best) <= lowest * (1 + TOLERANCE)


class _Master:
    """The linear programme: whole sizes n, and y above s/n with s near the optimum, so that y is near one.

    With a budget the worst ratio t is a column too, and is what is minimised.
    """

    def __init__(
        self, strata: Strata, goals: Goals, near: Floats, *, is_budget: bool, budget: float = np.inf
    ) -> None:
        self.strata, self.goals, self.is_budget, self.budget = strata, goals, is_budget, budget
        self.near = np.rint(np.clip(near, strata.least, strata.most))
        self._chords = [set[int]() for _ in range(len(strata))]
        self._solver = _SilentSolver()  # type: ignore[no-untyped-call,unused-ignore]  # untyped in HiGHS
        for option, value in {
            "threads": 1, "random_seed": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 1e-10,
            "mip_feasibility_tolerance": 2e-10, "primal_feasibility_tolerance": 2e-10,
        }.items():  # fmt: skip
            self._solver.setOptionValue(option, value)
        self._solver.passModel(self._program())
        for place in (self.near, self.near - 1, self.near + 1, strata.least, strata.most - 1):
            self.add_chords(np.asarray(place, np.int64))

    def worth(self, sizes: Integers) -> float:
        """What is minimised: the cost, or the worst ratio."""
        if self.is_budget:
            return float(np.max(self.goals.variances(sizes) / self.goals.most))
        return float(self.strata.cost @ sizes)

    def is_allowed(self, sizes: Integers) -> bool:
        """Whether a plan keeps the budget or meets the goals, by its own variances."""
        if self.is_budget:
            return bool(self.strata.cost @ sizes <= self.budget * (1 + TOLERANCE))
        return bool(np.all(self.goals.are_met(sizes)))

    def add_chords(self, sizes: Integers, sides: tuple[int, ...] = (-1, 0)) -> bool:
        """Add the chords below and above each size that are not there yet; say whether there were any."""
        number = len(self.strata)
        starts, columns, values, bounds = [0], [], [], []
        for stratum in range(number):
            for first in (int(sizes[stratum]) + side for side in sides):
                low, high = int(self.strata.least[stratum]), int(self.strata.most[stratum])
                if not low <= first < max(high, low + 1) or first in self._chords[stratum]:
                    continue
                self._chords[stratum].add(first)
                # The chord from k to k + 1, as a bound of y/s from below by n.
                scale = self.near[stratum]
                slope = scale / (first * (first + 1.0))
                columns += [stratum, number + stratum]
                values += [slope, 1.0]
                bounds.append(slope * (2.0 * first + 1.0))
                starts.append(len(columns))
        if not bounds:
            return False
        self._solver.addRows(
            len(bounds), np.array(bounds), np.full(len(bounds), highspy.kHighsInf), len(columns),
            np.array(starts[:-1], np.int32), np.array(columns, np.int32), np.array(values),
        )  # fmt: skip
        return True

    def bounded_by_fractions(self) -> float:
        """Add chords until the programme in fractions is as narrow as they make it, and return its bound."""
        number = len(self.strata)
        self._solver.setOptionValue("solve_relaxation", True)
        bound = -np.inf
        for _ in range(ROUNDS):
            self._solver.run()
            if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                break
            bound = float(self._solver.getInfo().objective_function_value)
            values = np.asarray(self._solver.getSolution().col_value)[:number]
            if not self.add_chords(np.floor(values + 1e-7).astype(np.int64), sides=(0,)):
                break
        self._solver.setOptionValue("solve_relaxation", False)
        return bound

    def solved(self, known: Integers, nodes: int) -> _Solved:
        """The solution of the programme as it is now, starting from a known plan."""
        self._solver.setOptionValue("mip_max_nodes", nodes)
        start = highspy.HighsSolution()
        worst = [self.worth(known)] if self.is_budget else []
        start.col_value = [*known.astype(float).tolist(), *(self.near / known).tolist(), *worst]
        self._solver.setSolution(start)
        self._solver.run()
        status = self._solver.getModelStatus()
        found = self._solver.getInfo()
        bound = float(found.mip_dual_bound)
        if found.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return _Solved(None, bound if np.isfinite(bound) else -np.inf, False)
        values = np.asarray(self._solver.getSolution().col_value)[: len(self.strata)]
        is_whole = status == highspy.HighsModelStatus.kOptimal
        return _Solved(np.rint(values).astype(np.int64), bound, is_whole)

    def _program(self) -> highspy.HighsLp:
        """Columns n, y and with a budget t; a row for each goal, and one for the budget."""
        number, goals = len(self.strata), len(self.goals)
        allowed = self.goals.most if self.is_budget else self.goals.most + self.goals.finite
        rows = self.goals.spread / self.near / allowed[:, None]
        extra = 1 if self.is_budget else 0
        matrix = np.zeros((goals + extra, 2 * number + extra))
        matrix[:goals, number : 2 * number] = rows
        upper = np.ones(goals + extra)
        if self.is_budget:
            matrix[:goals, -1] = -1.0
            upper[:goals] = self.goals.finite / allowed
            matrix[goals, :number], upper[goals] = self.strata.cost / self.budget, 1.0
        return _program_of(self.strata, self.near, matrix, upper, is_budget=self.is_budget)


def _program_of(
    strata: Strata, near: Floats, matrix: Floats, upper: Floats, *, is_budget: bool
) -> highspy.HighsLp:
    number, extra = len(strata), int(is_budget)
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = matrix.shape[1], len(upper)
    none, infinite = np.zeros(extra), np.full(extra, highspy.kHighsInf)
    cost = np.zeros(number) if is_budget else strata.cost
    program.col_cost_ = np.concatenate([cost, np.zeros(number), np.ones(extra)])
    program.col_lower_ = np.concatenate([strata.least.astype(np.float64), near / strata.most, none])
    program.col_upper_ = np.concatenate([strata.most.astype(np.float64), near / strata.least, infinite])
    program.row_lower_ = np.full(len(upper), -highspy.kHighsInf)
    program.row_upper_ = upper
    kinds = highspy.HighsVarType
    program.integrality_ = [kinds.kInteger] * number + [kinds.kContinuous] * (number + extra)
    rows, columns = np.nonzero(matrix)
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.concatenate([[0], np.bincount(rows, minlength=len(upper)).cumsum()]).astype(
        np.int32
    )
    program.a_matrix_.index_ = columns.astype(np.int32)
    program.a_matrix_.value_ = matrix[rows, columns]
    return program


class _SilentSolver(highspy.Highs):  # type: ignore[misc,unused-ignore]  # its base is untyped in some builds
    """HiGHS without its banner, which would stand in the middle of a command's output."""

    def enableCallbacks(self) -> None:  # noqa: N802  the name that HiGHS calls
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call,unused-ignore]  # untyped in HiGHS
