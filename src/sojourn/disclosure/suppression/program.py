"""The linear programme of a set of cells, changed little by little and solved again from where it stood.

Its columns are what each cell gains and what it loses; its rows are the sums, which stay as they are. HiGHS
keeps the basis from one question to the next, so that most questions are answered in a few pivots.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from sojourn.disclosure.solver import SilentSolver
from sojourn.disclosure.suppression.cells import Flags, Integers, Numbers

__all__ = ["FreeProgramme", "Programme", "Room", "restricted", "solver_of"]

ITERATIONS = 10_000_000
TOLERANCE = 1e-6
PRIMAL = 4  # the primal simplex method, as HiGHS numbers it


@dataclass(frozen=True)
class Room:
    """How far each cell can fall and rise while a reader still believes in it; perhaps without end."""

    down: Numbers
    up: Numbers


class Programme:
    """Cheapest changes of some cells under which every sum stays, one question after another.

    `unit` is the size in which the solver counts: a change of one unit is neither large nor small to it.
    """

    def __init__(self, equations: sparse.csc_array, room: Room, cost: Numbers, unit: float) -> None:
        self.size = equations.shape[1]
        self.unit = unit
        self._down, self._up = room.down / unit, room.up / unit
        self._equations = equations
        columns = sparse.hstack([equations, -equations], format="csc")
        bounds = np.concatenate([self._up, self._down])
        self._solver = solver_of(columns, np.zeros(2 * self.size), bounds, np.tile(cost, 2))

    def make_free(self, cells: Integers) -> None:
        """Changes of some cells cost nothing from now on."""
        self.price(cells, np.zeros(len(cells)))

    def price(self, cells: Integers, cost: Numbers) -> None:
        """Changes of some cells cost this from now on."""
        columns = np.concatenate([cells, cells + self.size]).astype(np.int32)
        self._solver.changeColsCost(len(columns), columns, np.tile(cost, 2))

    def change(self, cell: int, amount: float, stays: Integers) -> Numbers | None:
        """The cheapest change by which a cell moves by `amount` while some cells stay, or None.

        What the solver says is checked against every sum and every bound, within its tolerance.
        """
        gain, loss = max(amount, 0.0) / self.unit, max(-amount, 0.0) / self.unit
        fixed = np.setdiff1d(stays, [cell])
        self._bound(fixed, np.zeros(len(fixed)), np.zeros(len(fixed)))
        self._pin(cell, gain, loss)
        self._solver.run()
        found = self._found() if self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal else None
        back = np.append(fixed, cell)
        self._bound(back, self._down[back], self._up[back])
        return found

    def _pin(self, cell: int, gain: float, loss: float) -> None:
        self._solver.changeColBounds(int(cell), gain, gain)
        self._solver.changeColBounds(int(cell) + self.size, loss, loss)

    def _bound(self, cells: Integers, down: Numbers, up: Numbers) -> None:
        if len(cells):
            columns = np.concatenate([cells, cells + self.size]).astype(np.int32)
            self._solver.changeColsBounds(
                len(columns), columns, np.zeros(len(columns)), np.concatenate([up, down])
            )

    def _found(self) -> Numbers | None:
        values = np.asarray(self._solver.getSolution().col_value)
        change = _checked(values[: self.size] - values[self.size :], self._equations, self._down, self._up)
        return None if change is None else change * self.unit


class FreeProgramme:
    """Changes of some cells under which every sum stays, none of which costs anything.

    Its columns are what each cell changes by. A cell is pushed from where the last question left all cells,
    which are always a possible place to begin.
    """

    def __init__(self, equations: sparse.csc_array, room: Room, unit: float) -> None:
        self.size = equations.shape[1]
        self.unit = unit
        self._down, self._up = room.down / unit, room.up / unit
        self._equations = equations
        self._solver = solver_of(
            equations, -self._down, self._up, np.zeros(self.size), simplex_strategy=PRIMAL
        )

    def change(self, cell: int, amount: float, stays: Integers) -> Numbers | None:
        """A change by which a cell moves by `amount` while some cells stay, or None; checked."""
        fixed = np.setdiff1d(stays, [cell])
        self._bound(fixed, np.zeros(len(fixed)), np.zeros(len(fixed)))
        limit = abs(amount) / self.unit
        up, down = float(self._up[cell]), float(self._down[cell])
        if amount > 0:
            self._solver.changeColBounds(cell, -down, min(up, limit))
        else:
            self._solver.changeColBounds(cell, -min(down, limit), up)
        status, values = self._pushed(cell, 1.0 if amount > 0 else -1.0)
        back = np.append(fixed, cell)
        self._bound(back, self._down[back], self._up[back])
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        change = _checked(values, self._equations, self._down, self._up)
        if change is None or abs(change[cell]) < limit * (1 - TOLERANCE):
            return None
        return change * self.unit

    def furthest(self, cell: int, direction: float) -> float:
        """How far a cell can be changed up (1) or down (-1), perhaps without end."""
        status, values = self._pushed(cell, direction)
        if status != highspy.HighsModelStatus.kOptimal:
            # Never infeasible, since to change nothing is possible: so there is no end.
            return direction * np.inf
        return float(values[cell]) * self.unit

    def _pushed(self, cell: int, direction: float) -> tuple[highspy.HighsModelStatus, Numbers]:
        self._solver.changeColCost(cell, -direction)
        self._solver.run()
        status = self._solver.getModelStatus()
        values = np.asarray(self._solver.getSolution().col_value)
        self._solver.changeColCost(cell, 0.0)
        return status, values

    def _bound(self, cells: Integers, down: Numbers, up: Numbers) -> None:
        if len(cells):
            self._solver.changeColsBounds(len(cells), cells.astype(np.int32), -down, up)


def _checked(change: Numbers, equations: sparse.csc_array, down: Numbers, up: Numbers) -> Numbers | None:
    """What a solver says, without its dust, or None where it breaks a sum or a bound."""
    change = np.where(np.abs(change) < TOLERANCE, 0.0, change)
    largest = max(1.0, float(np.max(np.abs(change), initial=0.0)))
    if np.max(np.abs(equations @ change), initial=0.0) > TOLERANCE * largest:
        return None
    if np.any(change > up + TOLERANCE) or np.any(change < -down - TOLERANCE):
        return None
    return change


def solver_of(
    columns: sparse.csc_array,
    lower: Numbers,
    upper: Numbers,
    cost: Numbers,
    sums: Numbers | None = None,
    **options: bool | float | str,
) -> SilentSolver:
    """A solver that holds the programme of columns with bounds and costs; rows are zero without `sums`."""
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = columns.shape[1], columns.shape[0]
    program.col_cost_, program.col_lower_, program.col_upper_ = cost, lower, upper
    program.row_lower_ = program.row_upper_ = np.zeros(columns.shape[0]) if sums is None else sums
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_, matrix.index_ = columns.indptr.astype(np.int32), columns.indices.astype(np.int32)
    matrix.value_ = columns.data
    solver = SilentSolver()  # type: ignore[no-untyped-call,unused-ignore]  # untyped in HiGHS
    # Without presolve the basis of the last question is where the next one begins.
    settled: dict[str, bool | float | str] = {
        "threads": 1,
        "random_seed": 1,
        "presolve": "off",
        "solver": "simplex",
        "simplex_iteration_limit": ITERATIONS,
    }
    for option, value in (settled | options).items():
        solver.setOptionValue(option, value)
    solver.passModel(program)
    return solver


def restricted(
    equations: sparse.csc_array, cells: Integers, room: Room, cost: Numbers, may_change: Flags
) -> tuple[sparse.csc_array, Room, Numbers]:
    """The sums among some cells, with the room and cost of those cells; the others stay as they are."""
    part = equations[:, cells]
    rows, place = np.unique(part.indices, return_inverse=True)
    small = sparse.csc_array((part.data, place, part.indptr), shape=(len(rows), len(cells)))
    open_ = may_change[cells]
    down, up = np.where(open_, room.down[cells], 0.0), np.where(open_, room.up[cells], 0.0)
    return small, Room(down, up), cost[cells]
