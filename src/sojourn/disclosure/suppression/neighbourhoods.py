"""Neighbourhoods: a few codes of each dimension among which a change of a cell is sought.

Any change that leaves all cells outside as they are holds for the whole set of tables. So a neighbourhood
never proves too much; it may only miss a cheaper change. It is made of lowest codes of each dimension, near
the cell and best first, with every code above them: any change of its inner cells can add up in it. Unions,
which are sums beside the tables, are in every neighbourhood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sojourn.disclosure.suppression.cells import Cells, Flags, Integers, Numbers, dense

__all__ = ["Neighbourhoods"]


@dataclass(frozen=True)
class Neighbourhoods:
    """The neighbourhoods of the cells of a set of tables."""

    cells: Cells

    @cached_property
    def _reach(self) -> tuple[Flags, ...]:
        """For each dimension, which codes (columns) are each code (row) itself or above it."""
        found = []
        for above in self.cells.book.above:
            reach = np.eye(len(above), dtype=bool)
            for code, each in enumerate(above):
                reach[code, each] = True
            found.append(reach)
        return tuple(found)

    @cached_property
    def _nearness(self) -> tuple[Integers, ...]:
        """For each dimension, how many codes each two codes have above both."""
        return tuple(reach.astype(np.int64) @ reach.T.astype(np.int64) for reach in self._reach)

    @cached_property
    def _lowest(self) -> tuple[Integers, ...]:
        """For each dimension, the codes that are above no code."""
        return tuple(np.nonzero(reach.sum(axis=0) == 1)[0] for reach in self._reach)

    def of(self, cell: int, is_withheld: Flags, room: Numbers, amount: float, size: int) -> Integers:
        """About `size` cells around a cell and itself: with codes near to its own, withheld ones first.

        `room` is how far each cell can move; a code whose cell on the line can move by the amount goes first.
        """
        book, own = self.cells.book, self.cells.codes[cell]
        ranked = [
            self._ranked(cell, place, is_withheld, room, amount) for place in range(len(book.dimensions))
        ]
        counts = [min(2, len(codes)) for codes in ranked]
        chosen = [self._closed(place, ranked[place][: counts[place]], own) for place in range(len(ranked))]
        while self._about(chosen) < size:
            growing = [place for place, codes in enumerate(ranked) if counts[place] < len(codes)]
            if not growing:
                break
            place = min(growing, key=lambda each: counts[each])
            counts[place] += 1
            chosen[place] = self._closed(place, ranked[place][: counts[place]], own)
        is_near = np.ones(self.cells.size, bool)
        for place, codes in enumerate(chosen):
            column = self.cells.codes[:, place]
            is_near &= codes[column] | (column < 0)
        is_near[cell] = True
        found: Integers = np.nonzero(is_near)[0]
        return found

    def _about(self, chosen: Sequence[Flags]) -> float:
        """About how many cells there are with some codes of each dimension, as full as the tables are."""
        counts = [float(each.sum()) for each in chosen]
        return sum(
            fullness * float(np.prod([counts[place] for place in crossed]))
            for crossed, fullness in self._crossings
        )

    @cached_property
    def _crossings(self) -> tuple[tuple[tuple[int, ...], float], ...]:
        """The sets of dimensions that some table crosses, with the share of combinations that are cells."""
        codes = self.cells.codes[self.cells.codes[:, 0] >= 0]
        crossed = [frozenset(np.nonzero(each)[0].tolist()) for each in np.unique(codes > 0, axis=0)]
        found = []
        for each in crossed:
            if any(each < other for other in crossed):
                continue
            outside = [place for place in range(codes.shape[1]) if place not in each]
            cells = int(np.sum(np.all(codes[:, outside] == 0, axis=1)))
            places = tuple(sorted(each))
            widths = [len(self.cells.book.names[place]) for place in places]
            found.append((places, cells / float(np.prod(widths, dtype=np.float64))))
        return tuple(found)

    def _closed(self, place: int, codes: Integers, own: Integers) -> Flags:
        """The codes with all above them, and the cell's own."""
        found: Flags = np.any(self._reach[place][codes], axis=0)
        found[own[place]] = True
        found[0] = True
        return found

    def _ranked(self, cell: int, place: int, is_withheld: Flags, room: Numbers, amount: float) -> Integers:
        """The lowest codes of a dimension, those that are best for a change of the cell first."""
        codes = self._lowest[place]
        on_line = self._on_line[place][self._line_of[place][cell]]
        on_line = on_line[self.cells.codes[on_line, place] >= 0]
        found = np.full(len(self.cells.book.names[place]), -1, np.int64)
        found[self.cells.codes[on_line, place]] = on_line
        line = found[codes]
        has = line >= 0
        near = self._nearness[place][self.cells.codes[cell, place], codes]
        at = np.where(has, line, 0)
        order = np.lexsort(
            (
                np.abs(self.cells.values[at]),
                ~(has & (room[at] >= amount)),
                ~(has & is_withheld[at]),
                -near,
                ~has,
            )
        )
        ranked: Integers = codes[order]
        return ranked

    @cached_property
    def _line_of(self) -> tuple[Integers, ...]:
        """For each dimension the number of each cell's line: the cells that differ from it there only."""
        found = []
        for place in range(len(self.cells.book.dimensions)):
            others = np.delete(self.cells.codes, place, axis=1)
            found.append(np.unique(dense(others), return_inverse=True)[1])
        return tuple(found)

    @cached_property
    def _on_line(self) -> tuple[list[Integers], ...]:
        """For each dimension the cells on each line."""
        found = []
        for lines in self._line_of:
            order = np.argsort(lines, kind="stable")
            found.append(np.split(order, np.cumsum(np.bincount(lines))[:-1]))
        return tuple(found)
