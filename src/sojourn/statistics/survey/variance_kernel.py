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
    amount = np.zeros(len(stratum_of_unit))
    terms = np.zeros(len(stratum_of_unit))
    last_figure = np.full(len(stratum_of_unit), -1, np.int64)
    touched = np.empty(len(stratum_of_unit), np.int64)
    total = np.zeros(len(drawn))
    squares = np.zeros(len(drawn))
    fourth = np.zeros(len(drawn))
    present = np.zeros(len(drawn), np.int64)
    seen = np.empty(len(drawn), np.int64)
    for figure in range(len(first_component) - 1):
        count = 0
        component, end = first_component[figure], first_component[figure + 1]
        while component < end:
            cell, last = cells[component], component + 1
            while last < end and cells[last] == cell:  # components of one cell are read in one pass
                last += 1
            for row in range(first_row[cell], first_row[cell + 1]):
                unit = unit_of_row[row]
                if last_figure[unit] != figure:
                    last_figure[unit] = figure
                    amount[unit], terms[unit] = 0.0, 0.0
                    touched[count] = unit
                    count += 1
                for each in range(component, last):
                    term = coefficients[each] * values[variables[each], row]
                    amount[unit] += term
                    terms[unit] += abs(term)
            component = last
        units[figure] = count
        for row in range(len(group)):
            unit = unit_of_cube_row[row]
            if last_figure[unit] != figure:
                last_figure[unit] = figure
                amount[unit], terms[unit] = 0.0, 0.0
                touched[count] = unit
                count += 1
            term = weight[row] * fitted[group[row], figure]
            amount[unit] -= term
            terms[unit] += abs(term)
        # A regression is solved to fewer digits than sums are.
        rounding = 1e-10 if len(group) else 1e-13
        for place in range(count):
            if abs(amount[touched[place]]) <= rounding * terms[touched[place]]:
                amount[touched[place]] = 0.0
        met = 0
        for place in range(count):
            stratum = stratum_of_unit[touched[place]]
            if present[stratum] == 0:
                seen[met] = stratum
                met += 1
            present[stratum] += 1
            total[stratum] += amount[touched[place]]
            if place == units[figure] - 1:
                strata[figure] = met
                for each in range(met):
                    most[figure] += drawn[seen[each]] - 1
        for place in range(count):
            stratum = stratum_of_unit[touched[place]]
            mean = 0.0 if is_single[stratum] else total[stratum] / drawn[stratum]
            square = (amount[touched[place]] - mean) ** 2
            squares[stratum] += square
            fourth[stratum] += square * square
        found, found_fourth = 0.0, 0.0
        for place in range(met):
            stratum = seen[place]
            mean = 0.0 if is_single[stratum] else total[stratum] / drawn[stratum]
            square, absent = mean * mean, drawn[stratum] - present[stratum]
            found += factor[stratum] * (squares[stratum] + absent * square)
            found_fourth += factor[stratum] ** 2 * (fourth[stratum] + absent * square * square)
            total[stratum], squares[stratum], fourth[stratum], present[stratum] = 0.0, 0.0, 0.0, 0
        variance[figure] += found
        fourths[figure] += found_fourth


@compiled
def add_by_cell(cell: Integers, row: Integers, values: Floats, sums: Floats) -> None:
    """Add the values of each row, one column a replicate, to those of its cell."""
    for place in range(len(row)):
        into, of = cell[place], row[place]
        for column in range(values.shape[1]):
            sums[into, column] += values[of, column]
