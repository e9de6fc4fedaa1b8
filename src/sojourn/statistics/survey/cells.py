"""The cells of a table: inner cells and totals, and which rows of a cube are in each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import ProjectError
from sojourn.statistics.estimates import Totals
from sojourn.statistics.survey.positions import in_order, numbered
from sojourn.statistics.survey.variance_kernel import add_by_cell

__all__ = ["Cells", "cells_of"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TOTAL = "_T"
_TOTAL_CODE = -1


@dataclass(frozen=True)
class Cells:
    """The cells of a table over some rows.

    `codes` is cells × dimensions: positions in `labels`, -1 for the total. `sets` holds, for each set of
    dimensions that are kept, the cell of every row. Rows are those of `row`, positions in the cube.
    """

    dimensions: tuple[str, ...]
    labels: tuple[list[str], ...]
    codes: Integers
    sets: tuple[Integers, ...]
    row: Integers

    def __len__(self) -> int:
        return len(self.codes)

    def columns(self) -> dict[str, pa.Array]:
        """The cells' codes by dimension, `_T` for totals."""
        found = {}
        for place, (name, labels) in enumerate(zip(self.dimensions, self.labels, strict=True)):
            found[name] = pa.array([*labels, TOTAL]).take(pa.array(self.codes[:, place] % (len(labels) + 1)))
        return found

    def among(self, counted: npt.NDArray[np.bool_]) -> Cells:
        """The same cells over those of their rows that are counted."""
        is_in = counted[self.row]
        if is_in.all():
            return self
        return replace(self, row=self.row[is_in], sets=tuple(cell[is_in] for cell in self.sets))

    def rows_by_cell(self) -> tuple[Integers, Integers]:
        """Where each cell's rows begin, and the rows of all cells: positions in the cube."""
        counts = np.zeros(len(self), np.int64)
        parts = [np.empty(0, np.int64)]
        for cell in self.sets:
            counts += np.bincount(cell, minlength=len(self))
            parts.append(self.row[in_order(cell, len(self))])
        return np.append(0, counts.cumsum()), np.concatenate(parts)

    def added(self, columns: Sequence[Floats]) -> Floats:
        """Cells × columns: the sums over each cell's rows of columns given for all rows of the cube."""
        sums = np.zeros((len(columns), len(self)))
        for total, column in zip(sums, columns, strict=True):
            chosen = column if self._is_whole and len(self.row) == len(column) else column[self.row]
            for cell in self.sets:
                total += np.bincount(cell, chosen, len(self))
        return sums.T

    def added_side_by_side(self, values: Floats) -> Floats:
        """The same of values that are given side by side, rows of the cube × columns."""
        if values.shape[1] == 1:
            return self.added([values[:, 0]])
        sums = np.zeros((len(self), values.shape[1]))
        for cell in self.sets:
            add_by_cell(cell, self.row, values, sums)
        return sums

    @cached_property
    def _is_whole(self) -> bool:
        """Whether the rows are the first ones of the cube in their order, with none left out."""
        return bool((self.row == np.arange(len(self.row))).all())

    def position(self, codes: Integers) -> Integers:
        """The cell that has these codes, for each row of them; -1 where there is none."""
        if not len(self):
            return np.full(len(codes), -1, np.int64)
        own, wanted = self._keys(self.codes), self._keys(codes)
        order = np.argsort(own, kind="stable")
        place = np.minimum(np.searchsorted(own[order], wanted), len(own) - 1)
        found: Integers = np.where(own[order][place] == wanted, order[place], -1)
        return found

    def _keys(self, codes: Integers) -> Integers:
        key = np.zeros(len(codes), np.int64)
        for place, labels in enumerate(self.labels):
            key = key * (len(labels) + 1) + codes[:, place] % (len(labels) + 1)
        return key


def cells_of(
    codes: Sequence[tuple[Integers, list[str]]], dimensions: Sequence[str], row: Integers, totals: Totals
) -> Cells:
    """The cells that occur among the chosen rows, inner cells first, then the totals that are asked for.

    `codes` holds for each dimension every row's position and the labels. The grand total is there even when
    no row is: nobody is a count of zero.
    """
    labels = tuple(each for _, each in codes)
    chosen = [position[row] for position, _ in codes]
    found, sets, start = [], [], 0
    for kept in _kept(tuple(dimensions), totals):
        keys = [chosen[place] for place, name in enumerate(dimensions) if name in kept]
        sizes = [len(labels[place]) for place, name in enumerate(dimensions) if name in kept]
        key = np.zeros(len(row), np.int64)
        for each, size in zip(keys, sizes, strict=True):
            key = key * max(size, 1) + each
        cell, first = numbered(key)
        if not kept and not len(row):
            found.append(np.full((1, len(labels)), _TOTAL_CODE, np.int64))
            start += 1
            continue
        of_cells = np.full((len(first), len(labels)), _TOTAL_CODE, np.int64)
        for place, name in enumerate(dimensions):
            if name in kept:
                of_cells[:, place] = chosen[place][first]
        found.append(of_cells)
        sets.append(cell + start)
        start += len(first)
    every = np.concatenate(found) if found else np.empty((0, len(labels)), np.int64)
    return Cells(tuple(dimensions), labels, every, tuple(sets), row)


def _kept(dimensions: tuple[str, ...], totals: Totals) -> list[frozenset[str]]:
    """The sets of dimensions that are not totalled, the inner cells first."""
    if totals == "all":
        return [
            frozenset(kept)
            for size in range(len(dimensions), -1, -1)
            for kept in itertools.combinations(dimensions, size)
        ]
    if totals == "none":
        return [frozenset(dimensions)]
    if isinstance(totals, str):
        raise ProjectError(f"Totals cannot be {totals!r}.", "They are `all`, `none`, or a list of margins.")
    listed = [frozenset(margin) for margin in totals]
    strange = sorted({name for margin in listed for name in margin if name not in dimensions})
    if strange:
        raise ProjectError(
            f"A margin totals {', '.join(strange)}, which is no dimension of the table.",
            f"The dimensions are {', '.join(dimensions)}.",
        )
    everything = frozenset(dimensions)
    return list(dict.fromkeys([everything, *(everything - margin for margin in listed)]))
