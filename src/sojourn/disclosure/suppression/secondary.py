"""Secondary suppression of linked and hierarchical tables: what else must be withheld.

For each cell with a need, largest need first, the cheapest other set of tables is sought in which the cell is
as much higher or lower as it must be able to be; what differs there is withheld, and costs nothing from then
on. The cost of a cell is its size, so that much is published. Costs, bounds and the sums of all tables are
one linear programme, which HiGHS solves again from where it stood.

Beyond `whole_up_to` cells each question is asked of a neighbourhood first, which grows until it has an
answer. What a neighbourhood answers is a proof for all tables together, since nothing outside it changes.

Source: methods reference, section 4.4; Cox, Linear sensitivity measures in statistical disclosure control
(1981), for the programme; Fischetti and Salazar, Solving the cell suppression problem (2001), for the
standard of protection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sojourn.disclosure.suppression.cells import Flags, Integers, Numbers
from sojourn.disclosure.suppression.neighbourhoods import Neighbourhoods
from sojourn.disclosure.suppression.pattern import Ask, Pattern
from sojourn.disclosure.suppression.program import FreeProgramme, Programme, Room, restricted
from sojourn.errors import ProjectError

__all__ = ["Search", "proved"]

GROWTH = 4


@dataclass(frozen=True)
class Search:
    """How other tables are sought.

    Up to `whole_up_to` cells, every question is asked of all cells at once; beyond, of about
    `neighbourhood` cells first. Larger neighbourhoods withhold less and take longer.
    """

    whole_up_to: int = 20_000
    neighbourhood: int = 1_500

    def __post_init__(self) -> None:
        if self.whole_up_to < 0 or self.neighbourhood < 8:
            raise ProjectError(
                "A search needs neighbourhoods of 8 cells or more.", "The usual size is 1,500 cells."
            )


def proved(pattern: Pattern, cost: Numbers, may_change: Flags, search: Search) -> Pattern:
    """Prove what is asked of each cell, withholding cells that `may_change`; the pattern itself is changed.

    `cost` is what it costs to withhold each cell, by unit of change. What cannot be proved is listed in
    `pattern.unproved`.
    """
    prover = _Prover(pattern, cost, may_change, search)
    wanted = np.maximum.reduce(pattern.amounts)
    for cell in np.lexsort((np.arange(len(wanted)), -wanted))[: int(np.sum(wanted > 0))]:
        for ask in Ask:
            if pattern.is_open(int(cell), ask):
                prover.prove(int(cell), ask)
    return pattern


class _Prover:
    """Asks for one change after another, and remembers the programme of all cells where there is one."""

    def __init__(self, pattern: Pattern, cost: Numbers, may_change: Flags, search: Search) -> None:
        self.pattern = pattern
        self.search = search
        self.may_change = may_change
        self.cost = np.where(pattern.is_free, 0.0, cost)
        self.equations = pattern.cells.equations.tocsc()
        self.near = Neighbourhoods(pattern.cells)
        self.reach = np.minimum(pattern.room.down, pattern.room.up)
        self.is_frozen = not np.any(may_change & ~pattern.is_free)
        # What cannot change is no column; a cell that is asked about is one, perhaps without room.
        self.active = np.nonzero(may_change | (np.maximum.reduce(pattern.amounts) > 0))[0]
        is_small = len(self.active) <= search.whole_up_to
        self.whole = self._programme(self.active, self._unit) if is_small else None

    @property
    def _unit(self) -> float:
        wanted = np.maximum.reduce(self.pattern.amounts)
        return float(np.median(wanted[wanted > 0])) if np.any(wanted > 0) else 1.0

    def prove(self, cell: int, ask: Ask) -> None:
        """Prove an ask to everybody: by lines that leave the cells of those who doubted the last ones."""
        wanted = float(self.pattern.amounts[ask][cell])
        stays: frozenset[int] = frozenset()
        while self._prove_against(cell, ask, wanted, stays):
            doubts = self.pattern.doubts[ask].get(cell)
            if not doubts or doubts <= stays:
                break
            stays = doubts
        else:
            self._prove_to_each(cell, ask, stays)
        if self.pattern.is_open(cell, ask):
            self.pattern.unproved.add((cell, int(ask)))

    def _prove_to_each(self, cell: int, ask: Ask, readers: frozenset[int]) -> None:
        """No line leaves the cells of all readers: one line for each of them, as far as that one needs it."""
        doubts = self.pattern.doubts[ask]
        for reader in sorted(readers):
            if reader in doubts.get(cell, frozenset()):
                wanted = self.pattern.wanted(cell, ask, reader)
                if wanted <= 0 or self._prove_against(cell, ask, wanted, frozenset({reader})):
                    doubts[cell] -= {reader}

    def _prove_against(self, cell: int, ask: Ask, wanted: float, readers: frozenset[int]) -> bool:
        """Whether a change was found that leaves what some readers know."""
        return any(self._changed(cell, amount, readers) for amount in self._amounts(cell, ask, wanted))

    def _amounts(self, cell: int, ask: Ask, wanted: float) -> Iterator[float]:
        """The changes of the cell that would prove what is wanted, the best one first."""
        up, down = float(self.pattern.room.up[cell]), float(self.pattern.room.down[cell])
        if ask is Ask.UPPER:
            yield wanted
        elif ask is Ask.LOWER:
            yield -wanted
        else:
            if wanted <= up:
                yield wanted
            if wanted <= down:
                yield -wanted
            # Part of the width above and the rest below: found along one line or not at all.
            yield min(up, wanted / 2)
            yield -min(down, wanted / 2)

    def _changed(self, cell: int, amount: float, readers: frozenset[int]) -> bool:
        stays = self.pattern.knowing(readers - self.pattern.spared(cell))
        if self.whole is not None:
            cells, change = self.active, self._asked(self.whole, self.active, cell, amount, stays)
        else:
            cells, change = self._changed_nearby(cell, amount, stays)
        if change is None:
            return False
        new = self.pattern.take(cells, change)
        self.cost[new] = 0.0
        if isinstance(self.whole, Programme):
            self.whole.make_free(np.searchsorted(self.active, new))
        return True

    def _asked(
        self, programme: Programme | FreeProgramme, cells: Integers, cell: int, amount: float, stays: Integers
    ) -> Numbers | None:
        """The cheapest change among some cells, in order of number, that a programme is of."""
        kept = np.searchsorted(cells, stays[np.isin(stays, cells)])
        return programme.change(int(np.searchsorted(cells, cell)), amount, kept)

    def _changed_nearby(self, cell: int, amount: float, stays: Integers) -> tuple[Integers, Numbers | None]:
        size = self.search.neighbourhood
        while True:
            cells = self._neighbourhood(cell, abs(amount), size)
            programme = self._programme(cells, abs(amount))
            change = self._asked(programme, cells, cell, amount, stays)
            if change is not None or len(cells) == len(self.active):
                return cells, change
            size *= GROWTH

    def _neighbourhood(self, cell: int, amount: float, size: int) -> Integers:
        pattern, centre = self.pattern, cell
        if size >= pattern.cells.size:
            return self.active
        if pattern.cells.codes[cell, 0] < 0:
            members = pattern.cells.members(cell)
            centre = int(members[np.argmax(self.reach[members])])
        found = self.near.of(centre, pattern.is_free, self.reach, amount, size)
        return np.intersect1d(np.append(found, cell), self.active)

    def _programme(self, cells: Integers, unit: float) -> Programme | FreeProgramme:
        room: Room = self.pattern.room
        part, own, cost = restricted(self.equations, cells, room, self.cost, self.may_change)
        return FreeProgramme(part, own, unit) if self.is_frozen else Programme(part, own, cost, unit)
