"""Secondary suppression: which further cells must be withheld so that margins give no cell away?

The standard. Take a reader who knows every published cell as if it were not rounded, every sum, that
empty cells are empty and that each withheld cell has at least one person. For each cell that is withheld
for its own sake there must be another possible table, in whole persons, in which it has at least
`minimum` persons more: what the reader can find out is never narrower than the minimum. One who is the
only person of a withheld cell knows that cell too; the other table must then keep it as it is.

The proof is the other table itself. Cells are withheld by looking for the cheapest such table, and every
one found has been checked in whole numbers; a cell for which none is found ends in `DisclosureRisk`.
What holds for persons holds for weighted figures: along the same change each figure moves by at least the
smallest mean weight of the cells involved, times the persons moved.

Cells of a small table are treated one by one, which withholds least. Where more than `ONE_BY_ONE` cells
must be withheld for their own sake, one change raises them all, again and again with other persons kept in
place: coarser, but finished in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sojourn.disclosure.lattice import Flags, Integers, Lattice, Numbers
from sojourn.disclosure.solver import Change, cheapest_change
from sojourn.errors import DisclosureRisk

__all__ = ["Pattern", "pattern"]

ONE_BY_ONE = 4_000
NEIGHBOURHOOD = 600
WHOLE_TABLE = 1_200
WITHHELD_COST = 0.05


@dataclass
class Pattern:
    """Which cells are withheld, and how far that has been proved.

    `is_proved` says of each primary cell that other tables with more persons there have been found against
    every reader; `tables` counts those other tables.
    """

    lattice: Lattice
    minimum: int
    is_primary: Flags
    is_hidden: Flags
    is_withheld: Flags
    may_grow: bool
    is_proved: Flags = field(init=False)
    tables: int = 0

    def __post_init__(self) -> None:
        self.is_proved = ~self.is_primary

    @property
    def is_alone(self) -> Flags:
        """Cells of one person."""
        return self.lattice.person >= 0


def pattern(
    lattice: Lattice, *, minimum: int, is_primary: Flags, is_hidden: Flags, may_grow: bool = True
) -> Pattern:
    """The cells that must be withheld so that the standard holds for every primary cell.

    `is_hidden` marks margins that the table does not show. Without `may_grow` no further cell is withheld:
    the primary cells alone must meet the standard.

    Raises: DisclosureRisk if no such pattern is found.
    """
    found = Pattern(lattice, minimum, is_primary, is_hidden, is_primary & ~is_hidden, may_grow)
    if int(np.sum(is_primary)) > ONE_BY_ONE:
        _prove_together(found)
    margins = np.sum(lattice.codes == 0, axis=1)
    cells = np.nonzero(is_primary)[0]
    # Totals first: what protects them often protects what is below them.
    for cell in cells[np.lexsort((cells, lattice.mass[cells], -margins[cells]))]:
        if not found.is_proved[cell]:
            _prove(found, int(cell))
    return found


def _prove(found: Pattern, cell: int) -> None:
    """Find other tables with more persons in a cell: one for all readers who are alone, or several."""
    person = found.lattice.person
    others = found.is_alone & (person != person[cell])
    if _accepted(found, cell, others):
        found.is_proved[cell] = True
        return
    moved = _accepted_persons(found, cell, np.zeros_like(others), others)
    if moved is None:
        _refuse(found)
    elif not _accepted(found, cell, others & np.isin(person, moved)):
        for one in moved:
            if not _accepted(found, cell, person == one):
                _refuse(found)
    found.is_proved[cell] = True


def _refuse(found: Pattern) -> None:
    count = int(np.sum(~found.is_proved))
    raise DisclosureRisk(
        f"{count} cells with few persons cannot be kept from being worked out from the totals.",
        "Drop totals, use fewer or coarser dimensions, or switch secondary protection on.",
    )


def _accepted(found: Pattern, cell: int, stays: Flags) -> bool:
    return _accepted_persons(found, cell, stays, stays) is not None


def _accepted_persons(found: Pattern, cell: int, stays: Flags, others: Flags) -> Integers | None:
    """Find another table in which a cell has more persons, and withhold what differs in it.

    Returns the sole persons of `others` whose cells differ in it, or None when there is no such table.
    """
    change = None
    for cells in (_neighbourhood(found, cell), np.arange(found.lattice.size)):
        allowed = cells if found.may_grow else cells[(found.is_withheld | found.is_hidden)[cells]]
        change = cheapest_change(
            found.lattice,
            Change(allowed, np.array([cell]), stays, _capacity(found), _cost(found, others), found.minimum),
        )
        if change is not None:
            break
        if len(cells) == found.lattice.size:
            break
    if change is None and found.may_grow:
        change = _climb(found, cell, stays)
    if change is None:
        return None
    _withhold(found, change)
    person = found.lattice.person
    if person[cell] < 0 and np.array_equal(stays, found.is_alone):
        found.is_proved |= (change >= found.minimum) & (person < 0)
    return np.unique(person[others & (change != 0)])


def _climb(found: Pattern, cell: int, stays: Flags) -> Integers | None:
    """More persons in one inner cell and in every total above it: costly, but no solver is needed for it."""
    lattice = found.lattice
    margin = lattice.codes[cell] == 0
    is_below = np.all((lattice.codes == lattice.codes[cell]) | margin, axis=1)
    below = np.nonzero(is_below & np.all(lattice.codes > 0, axis=1) & ~stays)[0]
    if not len(below):
        return None
    lowest = lattice.codes[below[np.argmax(lattice.mass[below])]]
    above = np.all((lattice.codes == lowest) | (lattice.codes == 0), axis=1)
    change = np.where(above, found.minimum, 0)
    return None if np.any(above & stays) else change


def _withhold(found: Pattern, change: Integers) -> None:
    found.is_withheld |= (change != 0) & ~found.is_hidden
    found.tables += 1


def _capacity(found: Pattern) -> Integers:
    """How many persons each cell can lose while it stays possible for a reader."""
    return found.lattice.mass - np.where(found.is_hidden, 0, 1)


def _cost(found: Pattern, others: Flags) -> Numbers:
    """What it costs to change a cell by one person: nothing where it is withheld, most for high totals."""
    margins = np.sum(found.lattice.codes == 0, axis=1)
    cost: Numbers = np.log1p(found.lattice.mass) * (1.0 + 10.0 * margins)
    cost[found.is_withheld | found.is_hidden] = WITHHELD_COST
    cost[others] += 1.0
    return cost


def _neighbourhood(found: Pattern, cell: int) -> Integers:
    """The cells among which another table is sought first: all codes in reach of the cell's own lines."""
    lattice = found.lattice
    everything = np.arange(lattice.size)
    if lattice.size <= WHOLE_TABLE:
        return everything
    ranked = [_ranked_codes(found, cell, dimension) for dimension in range(lattice.dimensions)]
    counts = [min(1, len(codes)) for codes in ranked]
    while True:
        room = [place for place, codes in enumerate(ranked) if counts[place] < len(codes)]
        if not room:
            break
        place = min(room, key=lambda each: counts[each])
        counts[place] += 1
        if np.prod([count + 2 for count in counts]) > NEIGHBOURHOOD:
            break
    is_near = np.ones(lattice.size, bool)
    for dimension, (codes, count) in enumerate(zip(ranked, counts, strict=True)):
        chosen = np.concatenate([codes[:count], [0, lattice.codes[cell, dimension]]])
        is_near &= np.isin(lattice.codes[:, dimension], chosen)
    return everything[is_near]


def _ranked_codes(found: Pattern, cell: int, dimension: int) -> Integers:
    """The codes on a cell's line, best for a change first: the same person's, strong, withheld ones."""
    lattice = found.lattice
    line = lattice.lines[:, dimension] == lattice.lines[cell, dimension]
    near = np.nonzero(line & (lattice.codes[:, dimension] > 0))[0]
    near = near[near != cell]
    mass, person = lattice.mass[near], lattice.person[near]
    is_strong = mass > found.minimum
    is_own = (person >= 0) & (person == lattice.person[cell])
    order = np.lexsort((mass, ~found.is_withheld[near], ~is_strong, (person >= 0) & ~is_own, ~is_own))
    ranked: Integers = lattice.codes[near[order], dimension]
    return ranked


def _prove_together(found: Pattern) -> None:
    """Raise all primary cells at once, in rounds that each keep half of the sole persons in place.

    A person's number is written in bits, and each round keeps those with one value of one bit: between
    any two persons there is a round that keeps one and not the other.
    """
    alone = found.is_alone
    persons = np.unique(found.lattice.person[alone])
    number = np.searchsorted(persons, found.lattice.person)
    bits = max(1, int(len(persons) - 1).bit_length())
    unseen = np.zeros((found.lattice.size, bits, 2), bool)
    for bit in range(bits):
        for side in (0, 1):
            stays = alone & ((number >> bit & 1) == side)
            raised = np.nonzero(found.is_primary & ~stays)[0]
            everything = np.arange(found.lattice.size)
            cells = everything if found.may_grow else everything[found.is_withheld | found.is_hidden]
            sought = Change(cells, raised, stays, _capacity(found), _cost(found, alone), found.minimum, True)
            change = cheapest_change(found.lattice, sought)
            if change is not None:
                _withhold(found, change)
                unseen[:, bit, side] = change < found.minimum
            else:
                unseen[:, bit, side] = True
    # A reader against whom a cell is unproved would have, in every bit, a value that is still unseen.
    is_covered = np.any(~np.any(unseen, axis=2), axis=1)
    own = np.stack([number >> bit & 1 for bit in range(bits)], axis=1)
    only_own = np.all(~np.take_along_axis(unseen, (1 - own)[:, :, None], axis=2)[:, :, 0], axis=1)
    found.is_proved |= found.is_primary & (is_covered | (alone & only_own))
