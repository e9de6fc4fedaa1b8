"""Generated sets of linked and hierarchical tables, and an attack that shares nothing with the method.

The attack takes the sums among cells that are not published, removes variables by elimination until each cell
is a combination of free ones, and pushes one cell as far as it goes by a simplex of its own, whose pivots are
chosen by least index: in fractions it is exact.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa

from sojourn.disclosure.suppression import Cells, Hierarchy, hierarchy_of, linked_cells

TOTAL = "_T"


@dataclass(frozen=True)
class Linked:
    """Records of persons or firms, and the tables made of them."""

    records: pa.Table
    tables: tuple[pa.Table, ...]
    dimensions: tuple[tuple[str, ...], ...]
    hierarchies: tuple[Hierarchy, ...]

    @property
    def cells(self) -> Cells:
        return linked_cells(self.tables, self.dimensions, self.hierarchies)


def tree(dimension: str, levels: tuple[int, ...]) -> tuple[Hierarchy, list[str]]:
    """A hierarchy in which each code of a level splits into so many, and its lowest codes."""
    parents: dict[str, str] = {}
    level = [TOTAL]
    for width in levels:
        below = [
            (f"{dimension[0]}{number}" if up == TOTAL else f"{up}{number}", up)
            for up in level
            for number in range(width)
        ]
        parents |= dict(below)
        level = [code for code, _ in below]
    return hierarchy_of(dimension, parents), level


def linked(
    levels: dict[str, tuple[int, ...]],
    linked_by: tuple[tuple[str, ...], ...],
    records: int,
    seed: int,
    *,
    counts: bool = True,
) -> Linked:
    """Records drawn over the lowest codes, few of which hold most, and a table for each set of dimensions."""
    draw = np.random.default_rng(seed)
    hierarchies, columns = [], {}
    for name, widths in levels.items():
        hierarchy, lowest = tree(name, widths)
        hierarchies.append(hierarchy)
        chances = 1.0 / np.arange(1, len(lowest) + 1)
        columns[name] = np.array(lowest)[draw.choice(len(lowest), records, p=chances / chances.sum())]
    size = np.ones(records) if counts else np.ceil(np.exp(draw.normal(3, 1, records)))
    held = pa.table({**columns, "value": size, "who": np.arange(records)})
    tables = tuple(with_totals(held, names, hierarchies) for names in linked_by)
    return Linked(held, tables, linked_by, tuple(hierarchies))


def with_totals(records: pa.Table, dimensions: tuple[str, ...], hierarchies: list[Hierarchy]) -> pa.Table:
    """A table of the records with all totals of all levels, by plain counting."""
    above = {each.dimension: each.above for each in hierarchies}
    found: dict[tuple[str, ...], float] = {}
    columns = [records.column(name).to_pylist() for name in dimensions]
    for *codes, value in zip(*columns, records.column("value").to_pylist(), strict=True):
        ways = [(code, *above[name][code]) for name, code in zip(dimensions, codes, strict=True)]
        for cell in itertools.product(*ways):
            found[cell] = found.get(cell, 0.0) + value
    named = {name: [cell[place] for cell in found] for place, name in enumerate(dimensions)}
    return pa.table({**named, "value": list(found.values())})


class Attack:
    """A reader's question in fractions, or in floating point where there are too many cells for fractions."""

    def __init__(self, cells: Cells, is_withheld: np.ndarray, *, exact: bool) -> None:
        self.zero, self.one = (Fraction(0), Fraction(1)) if exact else (0.0, 1.0)
        free = np.nonzero(is_withheld | cells.is_hidden)[0]
        self.place = {int(cell): place for place, cell in enumerate(free)}
        kind = object if exact else float
        sums = cells.equations.toarray()[:, free].astype(kind)
        if exact:
            sums = np.vectorize(Fraction, otypes=[object])(sums)
        self.values = cells.values[free]
        self.null = self._null_space(sums[np.any(sums != 0, axis=1)])

    def bounds(self, cell: int, least: float = 0.0, most: float | None = None) -> tuple[float, float]:
        """The smallest and the largest value of a cell; each has `least`, and up to its `most` fold."""
        target = self.null[self.place[cell]]
        down = [self.one * value - min(least, value) for value in self.values]
        up = None if most is None else [self.one * value * (most - 1) for value in self.values]
        value = float(self.values[self.place[cell]])
        return (
            value - float(self._furthest([-each for each in target], down, up)),
            value + float(self._furthest(list(target), down, up)),
        )

    def _null_space(self, rows: np.ndarray) -> np.ndarray:
        """Each cell as a combination of free ones: elimination with the first entry that is not zero."""
        rows, pivots, at = rows.copy(), [], 0
        for column in range(rows.shape[1]):
            others = [row for row in range(at, len(rows)) if abs(rows[row, column]) > 1e-9]
            if not others:
                continue
            rows[[at, others[0]]] = rows[[others[0], at]]
            rows[at] = rows[at] / rows[at, column]
            for row in range(len(rows)):
                if row != at and rows[row, column] != 0:
                    rows[row] = rows[row] - rows[at] * rows[row, column]
            pivots.append(column)
            at += 1
        free = [column for column in range(rows.shape[1]) if column not in pivots]
        null = np.full((rows.shape[1], len(free)), self.zero, dtype=rows.dtype)
        for place, column in enumerate(free):
            null[column, place] = self.one
            for row, pivot in enumerate(pivots):
                null[pivot, place] = -rows[row, column]
        return null

    def _furthest(self, goal: list, down: list, up: list | None) -> float:
        """How far `goal` can be pushed: a simplex over the free cells, each as a gain and a loss."""
        sides = [-self.null] if up is None else [-self.null, self.null]
        table = np.concatenate([np.hstack([side, -side]) for side in sides])
        limit = np.array([*down, *(up or [])], dtype=table.dtype)
        worth = np.array([*goal, *(-each for each in goal)], dtype=table.dtype)
        slack = np.arange(table.shape[1], table.shape[1] + len(table))
        names = np.arange(table.shape[1])
        found = self.zero
        while True:
            better = np.nonzero(worth > 1e-9)[0]
            if not len(better):
                return found
            enters = int(better[np.argmin(names[better])])
            column = table[:, enters]
            rows = np.nonzero(column > 1e-9)[0]
            if not len(rows):
                return float("inf")
            ratio = limit[rows] / column[rows]
            ties = rows[ratio == min(ratio)]
            leaves = int(ties[np.argmin(slack[ties])])
            found = found + worth[enters] * limit[leaves] / column[leaves]
            self._pivot(table, limit, worth, leaves, enters)
            slack[leaves], names[enters] = names[enters], slack[leaves]

    def _pivot(self, table: np.ndarray, limit: np.ndarray, worth: np.ndarray, row: int, column: int) -> None:
        pivot = table[row, column]
        other, price = table[:, column].copy(), worth[column]
        table[row] = table[row] / pivot
        table[row, column] = self.one / pivot
        limit[row] = limit[row] / pivot
        for each in np.nonzero(other)[0]:
            if each != row:
                table[each] = table[each] - table[row] * other[each]
                table[each, column] = -other[each] / pivot
                limit[each] = limit[each] - limit[row] * other[each]
        worth[:] = worth - table[row] * price
        worth[column] = -price / pivot
