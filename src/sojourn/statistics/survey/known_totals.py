"""Weights that were calibrated: what of a figure the known totals explain does not vary.

The variance of a figure under calibrated weights is that of the residuals of its scores from a regression on
the calibration's auxiliaries, weighted by the weights before calibration. Rows of a cube with the same
auxiliaries have one factor between the two weights, so that their sums are enough.

Source: Deville and Särndal, JASA 87, 1992; R `survey`, `calibrate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.sources.reader.compiled import compiled
from sojourn.statistics.survey.positions import numbered, sortable
from sojourn.statistics.survey.taylor_design import CalibratedTo

__all__ = ["KnownTotals", "known_totals"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class KnownTotals:
    """The auxiliaries of each group of rows, and by row the group, the weight and its factor.

    `auxiliaries` is groups × totals; `projection` turns sums over groups into regression coefficients.
    """

    group: Integers
    weight: Floats
    factor: Floats
    auxiliaries: Floats
    projection: Floats

    def fitted(
        self,
        first_row: Integers,
        rows: Integers,
        values: Floats,
        cells: Integers,
        variables: Integers,
        coefficients: Floats,
    ) -> Floats:
        """Groups × figures: what the known totals explain of each figure's scores.

        `cells`, `variables` and `coefficients` are figures × components.
        """
        sums = np.zeros((len(self.auxiliaries), len(cells)))
        _sums_by_group(first_row, rows, values, self.group, self.factor, cells, variables, coefficients, sums)
        found: Floats = self.auxiliaries @ (self.projection @ sums)
        return found


def known_totals(
    columns: Mapping[str, pa.ChunkedArray], weight: Floats, base: Floats, calibrated: CalibratedTo
) -> KnownTotals:
    """The groups of rows with the same auxiliaries, and the regression on them."""
    group = np.zeros(len(weight), np.int64)
    codes = {name: sortable(column)[0] for name, column in columns.items()}
    for each in codes.values():
        group = numbered(group * (int(each.max(initial=0)) + 1) + each)[0]
    first = numbered(group)[1]
    parts = [np.asarray(columns[name], np.float64)[first][:, None] for name in calibrated.numbers]
    for margin in calibrated.margins:
        cell = np.zeros(len(first), np.int64)
        for name in margin:
            cell = numbered(cell * (int(codes[name].max(initial=0)) + 1) + codes[name][first])[0]
        parts.append((cell[:, None] == np.arange(int(cell.max(initial=0)) + 1)[None, :]).astype(np.float64))
    auxiliaries = np.hstack(parts)
    sums = np.bincount(group, weights=base, minlength=len(first))
    # Margins that add up to the same total are no new knowledge: the pseudoinverse leaves them out.
    projection = np.linalg.pinv(auxiliaries.T @ (auxiliaries * sums[:, None]), hermitian=True) @ auxiliaries.T
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(weight != 0, base / weight, 1.0)
    return KnownTotals(group, weight, factor, auxiliaries, projection)


@compiled
def _sums_by_group(
    first_row: Integers,
    rows: Integers,
    values: Floats,
    group: Integers,
    factor: Floats,
    cells: Integers,
    variables: Integers,
    coefficients: Floats,
    sums: Floats,
) -> None:
    """Add what each entry brings to a figure, under the weights before calibration, to its row's group."""
    for figure in range(cells.shape[0]):
        for component in range(cells.shape[1]):
            cell, variable = cells[figure, component], variables[figure, component]
            for entry in range(first_row[cell], first_row[cell + 1]):
                row = rows[entry]
                amount = coefficients[figure, component] * values[variable, entry]
                sums[group[row], figure] += amount * factor[row]
