"""Controlled rounding: every figure goes to one of the two multiples around it, and all margins still add up.

For each figure that is no multiple of the base one choice is made, up or down, so that every sum of every
table holds among the rounded figures and the figures together move as little as can be: an integer programme,
solved by HiGHS. With three and more dimensions there need not be such a choice. Then figures that are
multiples may move by one base too, if the caller agrees, and else the tables are said to be infeasible.

The search ends after a number of steps, not of seconds, so that the same tables are rounded alike on every
machine. What is found then is told with its gap: by how much, at most, the figures moved more than needed.

Source: methods reference, section 4.4; Cox and Ernst, Controlled rounding (1982); Salazar, Controlled
rounding and cell perturbation (2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import highspy
import numpy as np
from scipy import sparse

from sojourn.disclosure.rounding.single import LARGEST, Integers, Numbers
from sojourn.disclosure.solver import SilentSolver
from sojourn.disclosure.suppression.cells import Cells
from sojourn.disclosure.suppression.program import solver_of
from sojourn.errors import DisclosureRisk, ProjectError

__all__ = ["Controlled", "Outcome", "RoundingSearch", "controlled"]


class Outcome(StrEnum):
    """How the search ended."""

    OPTIMAL = "optimal"
    NOT_PROVEN = "not proven optimal"
    INFEASIBLE = "infeasible"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class RoundingSearch:
    """How long controlled rounding is sought: branches of the search, and pivots of each linear programme.

    With `may_move_multiples` figures that are multiples of the base may move by one base where no choice
    exists otherwise; zeros never move.
    """

    nodes: int = 200
    stalled_nodes: int = 200
    may_move_multiples: bool = False

    def __post_init__(self) -> None:
        if self.nodes < 1 or self.stalled_nodes < 1:
            raise ProjectError("A search needs at least one branch.", "The usual number is 200.")


@dataclass(frozen=True)
class Controlled:
    """The rounded figures of all cells, hidden ones too, or none; and how that ended.

    `gap` is the share of the distance moved that might have been saved: 0 where that is proved to be nothing,
    and not a number where nothing was found. `moved_multiples` says whether multiples had to move.
    """

    outcome: Outcome
    values: Integers | None
    base: int
    gap: float
    moved_multiples: bool = False

    def __str__(self) -> str:
        if self.outcome is Outcome.NOT_PROVEN:
            return f"{self.outcome}: gap {self.gap:.2%}"
        return str(self.outcome)


def controlled(cells: Cells, base: int, *, search: RoundingSearch | None = None) -> Controlled:
    """The figures of linked and hierarchical tables, rounded so that all sums of them hold.

    The figures are whole numbers. Each is rounded to a multiple of the base that is less than one base away.

    Raises: ProjectError if the base is below 2; DisclosureRisk if figures are not whole or too large.
    """
    if base < 2:
        raise ProjectError(f"Figures cannot be rounded to multiples of {base}.", "Use 2 or more.")
    values = cells.values
    if np.any(values != np.rint(values)) or np.any(np.abs(values) > LARGEST):
        raise DisclosureRisk(
            "Figures that are rounded together must be whole numbers.", "Round counts, not shares or means."
        )
    given = search or RoundingSearch()
    whole = values.astype(np.int64)
    found = _sought(cells, whole, base, given, moves_multiples=False)
    if found.outcome is Outcome.INFEASIBLE and given.may_move_multiples:
        found = _sought(cells, whole, base, given, moves_multiples=True)
    return found


def _sought(
    cells: Cells, values: Integers, base: int, search: RoundingSearch, *, moves_multiples: bool
) -> Controlled:
    """One integer programme: a step of the base for each figure, up from the multiple below it."""
    below, residue = values // base, values % base
    free = (residue == 0) & (values != 0) & moves_multiples
    upper = ((residue > 0) | free).astype(np.float64)
    falling = np.nonzero(free)[0]
    cost = np.where(residue > 0, base - 2.0 * residue, float(base))
    outcome, steps, bound = _solved(cells, below, upper, falling, cost, search)
    if steps is None:
        return Controlled(outcome, None, base, float("nan"), moves_multiples)
    rounded = (below + steps) * base
    _check(cells, values, rounded, base)
    constant = float(np.sum(residue))
    moved, least = float(np.sum(np.abs(rounded - values))), bound + constant
    gap = 0.0 if outcome is Outcome.OPTIMAL else max(0.0, (moved - least) / max(moved, 1.0))
    return Controlled(outcome, rounded, base, gap, moves_multiples)


def _solved(
    cells: Cells, below: Integers, upper: Numbers, falling: Integers, cost: Numbers, search: RoundingSearch
) -> tuple[Outcome, Integers | None, float]:
    """The steps of the base that each figure takes, within its bounds, at least cost."""
    columns = cells.equations.tocsc()
    # A step down is a column of its own, so that each way costs what it moves.
    both = sparse.hstack([columns, -columns[:, falling]], format="csc")
    more = len(falling)
    solver = solver_of(
        both,
        np.zeros(cells.size + more),
        np.concatenate([upper, np.ones(more)]),
        np.concatenate([cost, cost[falling]]),
        -(columns @ below.astype(np.float64)),
        presolve="choose",
        solver="choose",
        mip_max_nodes=search.nodes,
        mip_max_stall_nodes=search.stalled_nodes,
        mip_rel_gap=1e-9,
        mip_abs_gap=0.999,
    )
    size = both.shape[1]
    kinds = np.full(size, highspy.HighsVarType.kInteger)
    solver.changeColsIntegrality(size, np.arange(size, dtype=np.int32), kinds)
    solver.run()
    return _read(solver, cells.size, falling)


def _read(solver: SilentSolver, count: int, falling: Integers) -> tuple[Outcome, Integers | None, float]:
    """How the search ended, the steps of each figure, and the least that any choice can cost."""
    status, told = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Outcome.INFEASIBLE, None, float("nan")
    if told.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Outcome.UNDECIDED, None, float("nan")
    values = np.rint(np.asarray(solver.getSolution().col_value)).astype(np.int64)
    steps = values[:count].copy()
    steps[falling] -= values[count:]
    is_best = status == highspy.HighsModelStatus.kOptimal
    return Outcome.OPTIMAL if is_best else Outcome.NOT_PROVEN, steps, float(told.mip_dual_bound)


def _check(cells: Cells, values: Integers, rounded: Integers, base: int) -> None:
    """Whole-number proof of what was found: sums hold, and nothing moved by more than it may."""
    signs = cells.equations.astype(np.int64)
    if np.any(signs @ rounded != 0) or np.any(np.abs(rounded - values) > base):
        raise DisclosureRisk("Rounded figures do not add up.", "Report this: the solver was wrong.")
