"""Differencing: what two or more published figures, taken from one another, tell of the few in between.

In one variable and with all else equal, take a figure from one whose set holds its own; take all published
parts of one table from a whole that another table may have published; look up in one table what is withheld
in another. Where what remains lies between one person and the minimum, the tables together tell what none of
them may. Rounded figures are taken with the width of their steps: what remains is then a range, and is found
only where all of the range is too small.

Source: the differencing problem of tables on overlapping classifications, as in Giessing and Hundepool,
Handbook on Statistical Disclosure Control, chapter on tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.disclosure.attacks.public_cells import ALL, PublicCells, PublicTable, cells_side_by_side

__all__ = ["Difference", "differences"]

Numbers = npt.NDArray[np.float64]
Cell = tuple[int, int]
# Pairs of sets and groups of cells are held against one another in pieces of this many figures.
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Difference:
    """What remains of a larger figure when others are taken from it: between `low` and `high` persons.

    `kind` is `difference` (one figure from another), `rest` (all published parts from a whole) or `elsewhere`
    (withheld in one table, published in another). Cells are pairs of the table's number and the row.
    """

    kind: str
    variable: str
    larger: Cell
    smaller: tuple[Cell, ...]
    low: float
    high: float


def differences(tables: Sequence[PublicTable], *, minimum: int) -> list[Difference]:
    """All that differencing finds in tables of one subject.

    That is remainders of at least one person and fewer than `minimum`, and figures that another table shows.
    Figures are counts of persons. The order is that of variables and cells.
    """
    cells = cells_side_by_side(tables)
    found = list(_elsewhere(cells))
    for at in range(len(cells.variables)):
        found += _in_variable(cells, at, minimum)
    return found


def _elsewhere(cells: PublicCells) -> Iterator[Difference]:
    """Figures withheld in one table that another shows: they may be what protects others."""
    _, group = np.unique(np.column_stack([cells.period, cells.place]), axis=0, return_inverse=True)
    group = group.reshape(-1)
    is_hidden = np.isnan(cells.value)
    shown = np.full(int(group.max(initial=-1)) + 1, -1, np.int64)
    shown[group[~is_hidden]] = np.nonzero(~is_hidden)[0]
    for hidden in np.nonzero(is_hidden & (shown[group] >= 0))[0]:
        other = int(shown[group[hidden]])
        value, half = float(cells.value[other]), float(cells.step[other]) / 2
        smaller = (_cell(cells, int(hidden)),)
        yield Difference("elsewhere", "", _cell(cells, other), smaller, max(0.0, value - half), value + half)


def _in_variable(cells: PublicCells, at: int, minimum: int) -> list[Difference]:
    """What is found where all variables but one are equal."""
    others = np.delete(cells.place, at, axis=1)
    _, group = np.unique(np.column_stack([cells.period, others]), axis=0, return_inverse=True)
    side = _Side.of(cells, at, group.reshape(-1))
    return [*side.pairs(minimum), *side.rests(minimum)]


@dataclass(frozen=True)
class _Side:
    """Groups of cells that differ in one variable only: a row for each group, a column for each set."""

    cells: PublicCells
    at: int
    value: Numbers
    half: Numbers
    cell: npt.NDArray[np.int64]

    @classmethod
    def of(cls, cells: PublicCells, at: int, group: npt.NDArray[np.int64]) -> _Side:
        shape = (int(group.max(initial=-1)) + 1, len(cells.sets[at]))
        value, half = np.full(shape, np.nan), np.zeros(shape)
        cell = np.full(shape, -1, np.int64)
        is_shown = ~np.isnan(cells.value)
        # The figure with the finest step is the attacker's.
        order = np.nonzero(is_shown)[0][np.argsort(-cells.step[is_shown], kind="stable")]
        to = (group[order], cells.place[order, at])
        value[to], half[to], cell[to] = cells.value[order], cells.step[order] / 2, order
        return cls(cells, at, value, half, cell)

    def pairs(self, minimum: int) -> Iterator[Difference]:
        """One figure taken from another whose set holds its own."""
        sets = self.cells.sets[self.at]
        inside = [
            (inner, outer)
            for outer, whole in enumerate(sets)
            for inner, part in enumerate(sets)
            if inner != outer and part & whole == part and part != whole
        ]
        size = max(1, _AT_ONCE // max(1, len(self.value)))
        for begin in range(0, len(inside), size):
            some = np.array(inside[begin : begin + size])
            left = self.value[:, some[:, 1]] - self.value[:, some[:, 0]]
            width = self.half[:, some[:, 1]] + self.half[:, some[:, 0]]
            for row, column in zip(*np.nonzero(_is_few(left, width, minimum)), strict=True):
                inner, outer = (int(each) for each in some[column])
                yield self._difference(
                    "difference", int(row), outer, [inner], left[row, column], width[row, column]
                )

    def rests(self, minimum: int) -> Iterator[Difference]:
        """All published parts of one table taken from a whole, where some of its parts are withheld."""
        sets = self.cells.sets[self.at]
        for table in np.unique(self.cells.table):
            used = np.unique(self.cells.place[self.cells.table == table, self.at])
            parts = [int(each) for each in used if each != ALL]
            for outer, whole in enumerate(sets):
                inner = _finest([each for each in parts if sets[each] & whole == sets[each]], sets)
                if len(inner) > 1 and outer not in inner:
                    yield from self._rest(outer, inner, minimum)

    def _rest(self, outer: int, inner: list[int], minimum: int) -> Iterator[Difference]:
        shown = ~np.isnan(self.value[:, inner])
        left = self.value[:, outer] - np.where(shown, self.value[:, inner], 0.0).sum(axis=1)
        width = self.half[:, outer] + np.where(shown, self.half[:, inner], 0.0).sum(axis=1)
        is_found = _is_few(left, width, minimum) & (shown.sum(axis=1) > 1)
        for row in np.nonzero(is_found)[0]:
            taken = [each for each, is_shown in zip(inner, shown[row], strict=True) if is_shown]
            yield self._difference("rest", int(row), outer, taken, left[row], width[row])

    def _difference(
        self, kind: str, row: int, outer: int, inner: Sequence[int], left: float, width: float
    ) -> Difference:
        return Difference(
            kind,
            self.cells.variables[self.at],
            _cell(self.cells, int(self.cell[row, outer])),
            tuple(_cell(self.cells, int(self.cell[row, each])) for each in inner),
            max(0.0, left - width),
            left + width,
        )


def _is_few(left: Numbers, width: Numbers, minimum: int) -> npt.NDArray[np.bool_]:
    """Where something between one person and the minimum remains, whatever the rounding."""
    with np.errstate(invalid="ignore"):
        found: npt.NDArray[np.bool_] = (left + width < minimum) & (left - width > 0)
    return found


def _finest(parts: list[int], sets: Sequence[int]) -> list[int]:
    """Of the sets of one table those that hold no other: the finest level, which has no overlap."""
    return [
        each
        for each in parts
        if not any(other != each and sets[other] & sets[each] == sets[other] for other in parts)
    ]


def _cell(cells: PublicCells, number: int) -> Cell:
    return int(cells.table[number]), int(cells.row[number])
