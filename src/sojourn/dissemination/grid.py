"""A selection laid out as readers see it: rows, columns, and at each crossing one cell or none.

Time runs across when there is more than one period; else the last dimension with a few chosen codes does.
Dimensions with one chosen code head the table instead of filling a column with the same word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.dissemination.selection import TIME, Cells, Selection, choices

__all__ = ["Grid", "grid"]

COLUMNS_ACROSS = 8


@dataclass(frozen=True, eq=False)
class Grid:
    """Where each chosen cell stands.

    `rows` holds one line of codes, by `row_dimensions`, for every row that has a cell; `at[r, c]` is the
    place of a cell in `cells`, or -1 where the table has none.
    """

    row_dimensions: tuple[str, ...]
    column_dimension: str
    fixed: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...]
    at: npt.NDArray[np.int64]
    cells: pa.Table

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """A numeric column of the cells laid out as the grid, NaN where there is none."""
        values = self.cells[column].to_numpy().astype(np.float64)
        return np.where(self.at >= 0, np.append(values, np.nan)[self.at], np.nan)

    def texts(self, column: str) -> npt.NDArray[np.object_]:
        """A text column of the cells laid out as the grid, empty where there is none."""
        values = np.append(self.cells[column].to_numpy(zero_copy_only=False), "").astype(object)
        return np.where(self.at >= 0, values[self.at], "")


def grid(cells: Cells, selection: Selection) -> Grid:
    """Lay out a selection."""
    chosen, places = cells.chosen(selection)
    lists = choices(cells.description)
    several = [name for name, codes in selection.codes.items() if len(codes) > 1]
    column_dimension = _across(selection, several)
    row_dimensions = tuple(name for name in several if name != column_dimension) or (
        next((name for name in lists if name != column_dimension), TIME),
    )
    row_number = np.zeros(chosen.num_rows, dtype=np.int64)
    for name in row_dimensions:
        row_number = row_number * len(lists[name]) + places[name]
    found, row = np.unique(row_number, return_inverse=True)
    columns = selection.codes[column_dimension]
    order = np.full(len(lists[column_dimension]), -1, dtype=np.int64)
    order[[lists[column_dimension].index(code) for code in columns]] = np.arange(len(columns))
    at = np.full((len(found), len(columns)), -1, dtype=np.int64)
    at[row, order[places[column_dimension]]] = np.arange(chosen.num_rows)
    heads = {*row_dimensions, column_dimension}
    return Grid(
        row_dimensions=row_dimensions,
        column_dimension=column_dimension,
        fixed=tuple((name, codes[0]) for name, codes in selection.codes.items() if name not in heads),
        rows=_row_codes(found, row_dimensions, lists),
        columns=columns,
        at=at,
        cells=chosen,
    )


def _across(selection: Selection, several: list[str]) -> str:
    if TIME in several or len(several) < 2:
        return TIME
    narrow = [name for name in several[1:] if len(selection.codes[name]) <= COLUMNS_ACROSS]
    return narrow[-1] if narrow else TIME


def _row_codes(
    numbers: npt.NDArray[np.int64], names: tuple[str, ...], lists: dict[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    columns = []
    for name in reversed(names):
        numbers, place = np.divmod(numbers, len(lists[name]))
        columns.append(np.array(lists[name], dtype=object)[place])
    return tuple(zip(*reversed(columns), strict=True)) if columns else ()
