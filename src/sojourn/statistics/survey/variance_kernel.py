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
    amount, terms = np.zeros(len(stratum_of_unit)), np.zeros(len(stratum_of_unit))
    last_figure = np.full(len(stratum_of_unit), -1, np.int64)
    touched = np.empty(len(stratum_of_unit), np.int64)
    sums = np.zeros((3, len(drawn)))
    present = np.zeros(len(drawn), np.int64)
    seen = np.empty(len(drawn), np.int64)
    for figure in range(len(first_component) - 1):
        begin, end = first_component[figure], first_component[figure + 1]
        count = _added_up(
            figure, begin, end, first_row, values, cells, variables, coefficients, unit_of_row, amount,
            terms, last_figure, touched,
        )  # fmt: skip
        units[figure] = count
        strata[figure], most[figure] = _strata_of(touched[:count], stratum_of_unit, drawn, present)
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
        for unit in touched[:count]:
            if abs(amount[unit]) <= rounding * terms[unit]:
                amount[unit] = 0.0
        found, fourth = _apart(
            touched[:count], amount, stratum_of_unit, drawn, factor, is_single, sums, present, seen
        )
        variance[figure] += found
        fourths[figure] += fourth


@compiled
def _added_up(
    figure: int,
    component: int,
    end: int,
    first_row: Integers,
    values: Floats,
    cells: Integers,
    variables: Integers,
    coefficients: Floats,
    unit_of_row: Integers,
    amount: Floats,
    terms: Floats,
    last_figure: Integers,
    touched: Integers,
) -> int:
    """Add up what each unit adds to a figure; how many units are `touched`, in the order they are met."""
    count = 0
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
    return count


@compiled
def _apart(
    touched: Integers,
    amount: Floats,
    stratum_of_unit: Integers,
    drawn: Integers,
    factor: Floats,
    is_single: npt.NDArray[np.bool_],
    sums: Floats,
    present: Integers,
    seen: Integers,
) -> tuple[float, float]:
    """How far the units of each stratum are apart: squares, and squares of these, added up.

    The room that is given, `sums`, `present` and `seen`, is left empty.
    """
    met = 0
    for unit in touched:
        stratum = stratum_of_unit[unit]
        if present[stratum] == 0:
            seen[met] = stratum
            met += 1
        present[stratum] += 1
        sums[0, stratum] += amount[unit]
    for unit in touched:
        stratum = stratum_of_unit[unit]
        mean = 0.0 if is_single[stratum] else sums[0, stratum] / drawn[stratum]
        square = (amount[unit] - mean) ** 2
        sums[1, stratum] += square
        sums[2, stratum] += square * square
    squares, fourths = 0.0, 0.0
    for stratum in seen[:met]:
        mean = 0.0 if is_single[stratum] else sums[0, stratum] / drawn[stratum]
        square, absent = mean * mean, drawn[stratum] - present[stratum]
        squares += factor[stratum] * (sums[1, stratum] + absent * square)
        fourths += factor[stratum] ** 2 * (sums[2, stratum] + absent * square * square)
        sums[:, stratum], present[stratum] = 0.0, 0
    return squares, fourths


@compiled
def _strata_of(
    touched: Integers, stratum_of_unit: Integers, drawn: Integers, present: Integers
) -> tuple[int, int]:
    """How many strata the units are in, and how many units were drawn in these, less the strata."""
    met, most = 0, 0
    for unit in touched:
        stratum = stratum_of_unit[unit]
        if present[stratum] == 0:
            met += 1
            most += drawn[stratum] - 1
        present[stratum] = 1
    for unit in touched:
        present[stratum_of_unit[unit]] = 0
    return met, most


@compiled
def add_by_cell(cell: Integers, row: Integers, values: Floats, sums: Floats) -> None:
    """Add the values of each row, one column a replicate, to those of its cell."""
    for place in range(len(row)):
        into, of = cell[place], row[place]
        for column in range(values.shape[1]):
            sums[into, column] += values[of, column]
