"""What has been found out so far: which cells are withheld, and what other tables prove of them.

A proof is a line of other tables: the true one changed along one direction, as far each way as every cell
has room. Along it each cell that changes reaches from some value to another, so that one line can prove many
cells. A reader who is the only contributor of a withheld cell knows that cell; a line that changes it proves
nothing to that reader. Of each cell therefore the readers are kept who still doubt.

The need of a cell keeps its largest contributor from being found out, which that contributor need not be kept
from: against them the cell needs only what keeps the next largest safe.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from sojourn.disclosure.suppression.cells import Cells, Flags, Integers, Numbers
from sojourn.disclosure.suppression.program import Room
from sojourn.disclosure.suppression.rules import Needs

__all__ = ["Ask", "Pattern", "Readers"]

SHARE = 1e-6


class Ask(IntEnum):
    """What must be proved of a cell: that it may be higher, lower, or lie in a wide enough range."""

    UPPER = 0
    LOWER = 1
    SLIDING = 2


@dataclass(frozen=True)
class Readers:
    """Readers who know cells: for each cell its only contributor, its largest one, and what holds for that.

    `alone` and `largest` are numbers of contributors, -1 where there is none; `against_largest` is how far
    above and below its value the cell must stay possible for its largest contributor. With `is_for_outsiders`
    a cell's need is against readers who are in none of the cells: an insider knows too much.
    """

    alone: Integers
    largest: Integers
    against_largest: Numbers
    is_for_outsiders: Flags

    @classmethod
    def of(cls, size: int, alone: Integers | None = None, *, outsiders: bool = False) -> Readers:
        """Readers of whom at most is known in which cells they are alone."""
        nobody = np.full(size, -1, np.int64)
        return cls(nobody if alone is None else alone, nobody, np.zeros(size), np.full(size, outsiders))

    def and_more(self, other: Readers) -> Readers:
        """The readers of these cells and of further ones behind them."""
        return Readers(
            np.concatenate([self.alone, other.alone]),
            np.concatenate([self.largest, other.largest]),
            np.concatenate([self.against_largest, other.against_largest]),
            np.concatenate([self.is_for_outsiders, other.is_for_outsiders]),
        )


@dataclass
class Pattern:
    """The cells that are withheld, and how far they are proved.

    `amounts[ask]` is what must be proved of each cell. `doubts[ask]` has for each cell that something is
    asked of the readers to whom no line has proved it yet; a cell that is not in it has not been proved to
    anybody. `unproved` are asks for which no line exists. `highest` and `lowest` are how far lines have shown
    each cell to reach.
    """

    cells: Cells
    room: Room
    amounts: tuple[Numbers, Numbers, Numbers]
    readers: Readers
    is_withheld: Flags
    doubts: tuple[dict[int, frozenset[int]], ...] = field(default_factory=lambda: ({}, {}, {}))
    unproved: set[tuple[int, int]] = field(default_factory=set)
    lines: int = 0
    highest: Numbers = field(init=False)
    lowest: Numbers = field(init=False)

    def __post_init__(self) -> None:
        self.highest, self.lowest = self.cells.values.copy(), self.cells.values.copy()

    @classmethod
    def of(cls, cells: Cells, needs: Needs, room: Room, readers: Readers, is_withheld: Flags) -> Pattern:
        """The pattern before anything is proved: nothing is asked that a reader knows to be impossible."""
        upper, lower = np.minimum(needs.upper, room.up), np.minimum(needs.lower, room.down)
        width = np.minimum(needs.sliding, room.up + room.down)
        return cls(cells, room, (upper, lower, width), readers, is_withheld)

    @property
    def is_free(self) -> Flags:
        """Cells that no reader sees."""
        return self.is_withheld | self.cells.is_hidden

    def is_open(self, cell: int, ask: Ask) -> bool:
        """Whether something that is asked of a cell is still unproved to some reader."""
        return self.amounts[ask][cell] > 0 and self.doubts[ask].get(cell) != frozenset()

    @property
    def is_proved(self) -> Flags:
        """Cells of which all that is asked has been proved to every reader; those without need among them."""
        proved = np.ones(self.cells.size, bool)
        for ask in Ask:
            for cell in np.nonzero(self.amounts[ask] > 0)[0]:
                proved[cell] &= self.doubts[ask].get(int(cell)) == frozenset()
        return proved

    def extended(self, cells: Cells, needs: Needs, room: Room, readers: Readers) -> Pattern:
        """The same pattern for the same cells and further ones, which are withheld; what is proved stays."""
        more = cells.size - self.cells.size
        is_withheld = np.concatenate([self.is_withheld, np.ones(more, bool)])
        found = Pattern.of(cells, needs, room, readers, is_withheld)
        found.doubts, found.unproved, found.lines = self.doubts, self.unproved, self.lines
        found.highest[: -more or None] = self.highest
        found.lowest[: -more or None] = self.lowest
        return found

    def take(self, cells: Integers, change: Numbers) -> Integers:
        """Withhold what a change touches and keep what its line proves; returns what is newly withheld."""
        size = np.abs(change)
        touched = size > SHARE * float(size.max(initial=0.0))
        at, moves = cells[touched], change[touched]
        new = at[~self.is_free[at]]
        self.is_withheld[new] = True
        self.lines += 1
        self._prove(at, moves)
        return new

    def knowing(self, readers: frozenset[int]) -> Integers:
        """The withheld cells that some readers know, being alone in them."""
        if not readers:
            return np.zeros(0, np.int64)
        known: Integers = np.nonzero(np.isin(self.readers.alone, np.fromiter(readers, np.int64)))[0]
        return known

    def _prove(self, at: Integers, moves: Numbers) -> None:
        forth, back = self._steps(at, moves)
        readers = frozenset(int(one) for one in self.readers.alone[at] if one >= 0)
        with np.errstate(invalid="ignore"):
            ahead, behind = np.abs(moves) * forth, np.abs(moves) * back
        up, down = np.where(moves > 0, ahead, behind), np.where(moves > 0, behind, ahead)
        self.highest[at] = np.maximum(self.highest[at], self.cells.values[at] + up)
        self.lowest[at] = np.minimum(self.lowest[at], self.cells.values[at] - down)
        largest, against = self.readers.largest[at], self.readers.against_largest[at]
        insiders_know = self.readers.is_for_outsiders[at]
        for ask, reached in zip(Ask, (up, down, up + down), strict=True):
            wanted, doubts = self.amounts[ask][at], self.doubts[ask]
            for place in np.nonzero((wanted > 0) & (reached >= wanted * (1 - SHARE)))[0]:
                cell = int(at[place])
                before = doubts.get(cell)
                left = readers if before is None else before & readers
                doubts[cell] = frozenset() if insiders_know[place] else left - self.spared(cell)
            # Less is enough for a reader who is the cell's largest contributor.
            enough = (wanted > 0) & (largest >= 0) & (reached >= np.minimum(against, wanted) * (1 - SHARE))
            for place in np.nonzero(enough)[0]:
                cell, reader = int(at[place]), int(largest[place])
                if reader not in readers and cell in doubts:
                    doubts[cell] -= {reader}

    def spared(self, cell: int) -> frozenset[int]:
        """The readers to whom nothing need be proved of a cell."""
        found = {int(self.readers.alone[cell])}
        if self.readers.against_largest[cell] <= 0:
            found.add(int(self.readers.largest[cell]))
        return frozenset(found - {-1})

    def wanted(self, cell: int, ask: Ask, reader: int) -> float:
        """What must be proved of a cell to one reader, who is perhaps one of its contributors.

        To its largest contributor it is what keeps the next one safe. Nobody believes in less than what they
        are themselves known to have contributed.
        """
        amount = float(self.amounts[ask][cell])
        if reader == self.readers.largest[cell]:
            amount = min(amount, float(self.readers.against_largest[cell]))
        if ask is Ask.LOWER and self.cells.codes[cell, 0] >= 0:
            own = np.nonzero(self.readers.alone == reader)[0]
            inside = own[self.cells.is_within(own, cell)]
            known = float(np.max(np.abs(self.cells.values[inside]), initial=0.0))
            amount = min(amount, float(self.room.down[cell]), float(np.abs(self.cells.values[cell])) - known)
        return amount

    def _steps(self, at: Integers, moves: Numbers) -> tuple[float, float]:
        """How many times a change can be made, forth and back, until some cell has no room left."""
        up, down, size = self.room.up[at], self.room.down[at], np.abs(moves)
        rises = moves > 0
        return (
            float(np.min(np.where(rises, up, down) / size, initial=np.inf)),
            float(np.min(np.where(rises, down, up) / size, initial=np.inf)),
        )
