"""The cheapest other table: how else could a table look, given what is published of it?

A change of the cells leaves the published ones and every sum as they are. It is found as a flow of
persons between cells at least cost, by linear programming (HiGHS), and is believed only after it has been
rounded to whole persons and checked against every sum in whole numbers: the solver proposes, integer
arithmetic decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from sojourn.disclosure.lattice import Flags, Integers, Lattice, Numbers

__all__ = ["Change", "SilentSolver", "cheapest_change"]

UNBOUNDED = 1e7
ITERATIONS = 5_000_000
ATTEMPTS = 6
NODES = 100


class SilentSolver(highspy.Highs):  # type: ignore[misc,unused-ignore]  # its base is untyped in some builds
    """HiGHS without its banner, which would stand in the middle of a command's output."""

    def enableCallbacks(self) -> None:  # noqa: N802  the name that HiGHS calls
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call,unused-ignore]  # untyped in HiGHS


@dataclass(frozen=True)
class Change:
    """What to look for: cells to raise by `amount`, cells that stay, what each cell can lose and costs.

    With `is_soft` cells are raised as far as they can be, instead of all or none.
    """

    cells: Integers
    raised: Integers
    stays: Flags
    capacity: Integers
    cost: Numbers
    amount: int
    is_soft: bool = False


def cheapest_change(lattice: Lattice, change: Change) -> Integers | None:
    """A change in whole persons for each cell of the lattice, or None when there is none or none was found.

    Only `change.cells` may change. Sums are exact: the answer has been checked.
    """
    for attempt in range(ATTEMPTS):
        is_last = attempt == ATTEMPTS - 1 and not change.is_soft
        found = _solution(lattice, change, attempt, is_whole=is_last)
        if found is None:
            return None
        whole = _checked(lattice, change, found)
        if whole is not None:
            return whole
    return None


def _checked(lattice: Lattice, change: Change, found: Numbers) -> Integers | None:
    whole = np.zeros(lattice.size, np.int64)
    whole[change.cells] = np.rint(found)
    if np.max(np.abs(found - whole[change.cells]), initial=0.0) > 1e-6 or not lattice.sums_hold(whole):
        return None
    if np.any(whole < -change.capacity) or np.any(whole[change.stays] != 0):
        return None
    return whole if change.is_soft or np.all(whole[change.raised] >= change.amount) else None


def _solution(lattice: Lattice, change: Change, attempt: int, *, is_whole: bool) -> Numbers | None:
    program = _program(lattice, change)
    if is_whole:
        program.integrality_ = [highspy.HighsVarType.kInteger] * program.num_col_
    elif attempt:
        # Halves of persons are an accident of equal costs: other costs, another corner.
        jitter = np.random.default_rng(attempt).uniform(0.5, 1.5, program.num_col_)
        program.col_cost_ = np.asarray(program.col_cost_) * jitter
    solver = SilentSolver()  # type: ignore[no-untyped-call,unused-ignore]  # untyped in HiGHS
    for option, value in {
        "threads": 1,
        "random_seed": 1,
        "simplex_iteration_limit": ITERATIONS,
        "mip_max_nodes": NODES,
        "mip_rel_gap": 0.05,
    }.items():
        solver.setOptionValue(option, value)
    solver.passModel(program)
    solver.run()
    solved = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    if is_whole:  # any whole solution will do
        solved = solver.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.asarray(solver.getSolution().col_value)
    if not solved or len(values) != program.num_col_:
        return None
    count = len(change.cells)
    found: Numbers = values[:count] - values[count : 2 * count]
    if change.is_soft:
        found[np.searchsorted(change.cells, change.raised)] += values[2 * count :]
    return found


def _program(lattice: Lattice, change: Change) -> highspy.HighsLp:
    """Columns: what each cell gains, what it loses and, where soft, the gain that is sought."""
    count = len(change.cells)
    rows, signs, sums = _sums(lattice, change.cells)
    targets = np.searchsorted(change.cells, change.raised)
    stays = change.stays[change.cells]
    lower = np.zeros(2 * count)
    gain = np.where(stays, 0.0, UNBOUNDED)
    loss = np.where(stays, 0.0, change.capacity[change.cells])
    loss[targets] = 0.0
    cost = np.tile(change.cost[change.cells], 2)
    columns, weights = [rows, rows], [signs, -signs]
    if change.is_soft:
        # To raise a cell is worth more than all the margins above it can cost.
        worth = 2.0 ** (lattice.dimensions + 1) * (1.0 + float(np.max(cost, initial=0.0)))
        cost = np.concatenate([cost, np.full(len(targets), -worth)])
        lower = np.concatenate([lower, np.zeros(len(targets))])
        columns, weights = [*columns, rows[targets]], [*weights, signs[targets]]
        upper = np.concatenate([gain, loss, np.full(len(targets), float(change.amount))])
    else:
        lower[targets] = change.amount
        upper = np.concatenate([gain, loss])
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(cost), sums
    program.col_cost_, program.col_lower_, program.col_upper_ = cost, lower, upper
    program.row_lower_ = program.row_upper_ = np.zeros(sums)
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_ = (np.arange(len(cost) + 1) * lattice.dimensions).astype(np.int32)
    matrix.index_ = np.concatenate(columns).ravel().astype(np.int32)
    matrix.value_ = np.concatenate(weights).ravel()
    return program


def _sums(lattice: Lattice, cells: Integers) -> tuple[Integers, Numbers, int]:
    """For each cell and dimension the number of its sum and its sign there; and how many sums there are.

    Where the total of a line is not among the cells, the parts among them must balance by themselves.
    """
    rows = np.zeros((len(cells), lattice.dimensions), np.int64)
    sums = 0
    for dimension in range(lattice.dimensions):
        totals, place = np.unique(lattice.lines[cells, dimension], return_inverse=True)
        rows[:, dimension] = place + sums
        sums += len(totals)
    signs = np.where(lattice.lines[cells] == cells[:, None], -1.0, 1.0)
    return rows, signs, sums
