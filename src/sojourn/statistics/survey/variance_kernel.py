"""Variances of linear combinations of cell totals, compiled.

A figure is a list of components: a cell, a variable of the cell and a coefficient. What a unit adds to the
figure is the sum, over the components, of the coefficient times the variable's total in the unit's rows of
the cell. The variance is the spread of that among the units of each stratum; units of which no row is in a
component add zero, and count.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled

__all__ = ["add_by_cell", "combination_variances"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def combination_variances(
    first_row: Integers,
    values: npt.NDArray[np.float64],
    first_component: Integers,
    cells: Integers,
    variables: Integers,
    coefficients: Floats,
    unit_of_row: Integers,
    stratum_of_unit: Integers,
    drawn: Integers,
    factor: Floats,
    is_single: npt.NDArray[np.bool_],
    unit_of_cube_row: Integers,
    group: Integers,
    weight: Floats,
    fitted: Floats,
    variance: Floats,
    fourths: Floats,
    units: Integers,
    strata: Integers,
    most: Integers,
) -> None:
    """Add to `variance` what one stage holds of each figure, and say how many units and strata had rows.

    To `fourths` are added the squares of what each unit holds of it; `most` are the units drawn in strata
    with rows, less these strata. What a unit adds is nothing where it is but the rounding of its terms.

    Rows of cell c are those from `first_row[c]`, components of figure f those from `first_component[f]`. A
    single unit's contribution is not centred. Where weights were calibrated, what is `fitted` (groups ×
    figures) is taken off every row of the cube; `group` is empty where they were not.
    """
    # Units with something to add are put into places one after the other; `place` of a unit may be stale.
    place = np.zeros(len(stratum_of_unit), np.int64)
    unit_at = np.empty(len(stratum_of_unit), np.int64)
    amount, terms = np.empty(len(stratum_of_unit)), np.empty(len(stratum_of_unit))
    stratum_at = np.empty(len(stratum_of_unit), np.int64)
    sums = np.zeros((3, len(drawn)))
    present = np.zeros(len(drawn), np.int64)
    seen = np.empty(len(drawn), np.int64)
    # A regression is solved to fewer digits than sums are.
    rounding = 1e-10 if len(group) else 1e-13
    for figure in range(len(first_component) - 1):
        begin, end = first_component[figure], first_component[figure + 1]
        own = _added_up(
            begin, end, first_row, values, cells, variables, coefficients, unit_of_row, place, unit_at,
            amount, terms,
        )  # fmt: skip
        explained = weight * fitted[group, figure]
        count = _taken_off(own, unit_of_cube_row, explained, place, unit_at, amount, terms)
        for at in range(count):
            stratum_at[at] = stratum_of_unit[unit_at[at]]
            if abs(amount[at]) <= rounding * terms[at]:
                amount[at] = 0.0
        strata[figure], most[figure], found, fourth = _apart(
            own, amount[:count], stratum_at, drawn, factor, is_single, sums, present, seen
        )
        units[figure] = own
        variance[figure] += found
        fourths[figure] += fourth


@compiled
def _added_up(
    component: int,
    end: int,
    first_row: Integers,
    values: Floats,
    cells: Integers,
    variables: Integers,
    coefficients: Floats,
    unit_of_row: Integers,
    place: Integers,
    unit_at: Integers,
    amount: Floats,
    terms: Floats,
) -> int:
    """Add up what each unit adds to a figure; how many units do."""
    count = 0
    while component < end:
        cell, last = cells[component], component + 1
        while last < end and cells[last] == cell:  # components of one cell are read in one pass
            last += 1
        for row in range(first_row[cell], first_row[cell + 1]):
            unit = unit_of_row[row]
            at = place[unit]
            if at >= count or unit_at[at] != unit:
                at = count
                place[unit], unit_at[at], amount[at], terms[at] = at, unit, 0.0, 0.0
                count += 1
            for each in range(component, last):
                term = coefficients[each] * values[variables[each], row]
                amount[at] += term
                terms[at] += abs(term)
        component = last
    return count


@compiled
def _taken_off(
    count: int,
    unit_of_cube_row: Integers,
    amounts: Floats,
    place: Integers,
    unit_at: Integers,
    amount: Floats,
    terms: Floats,
) -> int:
    """Take an amount of every row of the cube off its unit's; how many units then have something."""
    for row in range(len(amounts)):
        unit = unit_of_cube_row[row]
        at = place[unit]
        if at >= count or unit_at[at] != unit:
            at = count
            place[unit], unit_at[at], amount[at], terms[at] = at, unit, 0.0, 0.0
            count += 1
        amount[at] -= amounts[row]
        terms[at] += abs(amounts[row])
    return count


@compiled
def _apart(
    own: int,
    amount: Floats,
    stratum_at: Integers,
    drawn: Integers,
    factor: Floats,
    is_single: npt.NDArray[np.bool_],
    sums: Floats,
    present: Integers,
    seen: Integers,
) -> tuple[int, int, float, float]:
    """How far the units of each stratum are apart: squares, and squares of these, added up.

    Before them, how many strata the first `own` units are in, and how many units were drawn there, less the
    strata. The room that is given, `sums`, `present` and `seen`, is left empty.
    """
    met, strata, most = 0, 0, 0
    for at in range(len(amount)):
        stratum = stratum_at[at]
        if present[stratum] == 0:
            seen[met] = stratum
            met += 1
            if at < own:
                strata += 1
                most += drawn[stratum] - 1
        present[stratum] += 1
        sums[0, stratum] += amount[at]
    for at in range(len(amount)):
        stratum = stratum_at[at]
        mean = 0.0 if is_single[stratum] else sums[0, stratum] / drawn[stratum]
        square = (amount[at] - mean) ** 2
        sums[1, stratum] += square
        sums[2, stratum] += square * square
    squares, fourths = 0.0, 0.0
    for stratum in seen[:met]:
        mean = 0.0 if is_single[stratum] else sums[0, stratum] / drawn[stratum]
        square, absent = mean * mean, drawn[stratum] - present[stratum]
        squares += factor[stratum] * (sums[1, stratum] + absent * square)
        fourths += factor[stratum] ** 2 * (sums[2, stratum] + absent * square * square)
        sums[:, stratum], present[stratum] = 0.0, 0
    return strata, most, squares, fourths


@compiled
def add_by_cell(cell: Integers, row: Integers, values: Floats, sums: Floats) -> None:
    """Add the values of each row, one column a replicate, to those of its cell."""
    for place in range(len(row)):
        into, of = cell[place], row[place]
        for column in range(values.shape[1]):
            sums[into, column] += values[of, column]
