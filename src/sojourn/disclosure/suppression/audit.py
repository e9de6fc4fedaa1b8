"""Audit: what can a reader work out of everything that is published in a set of tables?

For each unsafe cell the smallest and the largest value are found that it can have, given every published
figure of all tables, every sum, and what readers know before: two linear programmes a cell, over the withheld
and hidden cells only, since the others are known. Cells that no sum ties together are programmes of their
own.

A reader who is the only contributor of a withheld cell knows that cell. Against each such reader it is
proved, not measured, that the cell stays as uncertain as it must. Where a programme would be too large, cells
are proved in neighbourhoods: what is told then are ends that a reader cannot exclude, not the last ones.

The audit knows nothing of how the pattern was found: it can be given any pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from sojourn.disclosure.suppression.cells import Cells, Flags, Integers, Numbers
from sojourn.disclosure.suppression.pattern import Pattern, Readers
from sojourn.disclosure.suppression.program import FreeProgramme, Room
from sojourn.disclosure.suppression.rules import Needs
from sojourn.disclosure.suppression.secondary import Search, proved

__all__ = ["Audit", "audit"]

EXACT_UP_TO = 6_000
SHARE = 1e-6


@dataclass(frozen=True)
class Audit:
    """For each cell that was audited, `cell`, how low and how high it can be for a reader.

    With `is_exact` the ends are the last that are possible, else a reader cannot exclude what lies between
    them. `is_met` says whether the cell's needs are met; `against_alone` whether also for readers who are
    alone in some other cell.
    """

    cell: Integers
    lowest: Numbers
    highest: Numbers
    is_exact: Flags
    is_met: Flags
    against_alone: Flags

    @property
    def passed(self) -> bool:
        """Whether every need is met, for every reader."""
        return bool(np.all(self.is_met & self.against_alone))

    @property
    def disclosed(self) -> Integers:
        """The cells whose value a reader knows."""
        ends = np.isfinite(self.highest) & np.isfinite(self.lowest)
        width = np.where(ends, self.highest - self.lowest, np.inf)
        largest = np.where(ends, np.abs(self.highest), 1.0)
        return self.cell[self.is_exact & (width <= SHARE * np.maximum(1.0, largest))]


def audit(
    cells: Cells,
    is_withheld: Flags,
    needs: Needs,
    room: Room,
    *,
    readers: Readers | None = None,
    search: Search | None = None,
    exact_up_to: int = EXACT_UP_TO,
) -> Audit:
    """What a reader of all tables can find out of each cell with a need.

    Programmes of up to `exact_up_to` withheld cells are solved to the end.
    """
    free = is_withheld | cells.is_hidden
    pattern = Pattern.of(cells, needs, room, readers or Readers.of(cells.size), free)
    proved(pattern, np.ones(cells.size), free, search or Search())
    cell = np.nonzero(needs.is_primary)[0]
    lowest, highest = pattern.lowest.copy(), pattern.highest.copy()
    is_exact = np.zeros(cells.size, bool)
    for members in _components(cells, free):
        wanted = members[needs.is_primary[members]]
        if len(wanted) and len(members) <= exact_up_to:
            _measure(cells, members, wanted, room, lowest, highest)
            is_exact[wanted] = True
    seen = ~free & needs.is_primary
    lowest[seen] = highest[seen] = cells.values[seen]
    is_exact |= seen
    met = _is_met(cells, pattern, lowest, highest)
    return Audit(cell, lowest[cell], highest[cell], is_exact[cell], met[cell], pattern.is_proved[cell])


def _is_met(cells: Cells, pattern: Pattern, lowest: Numbers, highest: Numbers) -> Flags:
    up, down = highest - cells.values, cells.values - lowest
    met = np.ones(cells.size, bool)
    for reached, wanted in zip((up, down, up + down), pattern.amounts, strict=True):
        met &= reached >= wanted * (1 - SHARE) - SHARE
    return met


def _components(cells: Cells, free: Flags) -> list[Integers]:
    """The cells that are not published, in groups that sums tie together."""
    members = np.nonzero(free)[0]
    part = cells.equations.tocsc()[:, members]
    height = part.shape[0]
    links = sparse.coo_array(part)
    size = height + len(members)
    graph = sparse.coo_array((np.ones(links.nnz), (links.row, height + links.col)), shape=(size, size))
    label = csgraph.connected_components(graph, directed=False)[1][height:]
    order = np.argsort(label, kind="stable")
    cuts = np.nonzero(np.diff(label[order]))[0] + 1
    return np.split(members[order], cuts) if len(members) else []


def _measure(
    cells: Cells, members: Integers, wanted: Integers, room: Room, lowest: Numbers, highest: Numbers
) -> None:
    """Write the ends of what is possible for each wanted cell into `lowest` and `highest`."""
    members = np.sort(members)
    part = cells.equations.tocsc()[:, members]
    rows, place = np.unique(part.indices, return_inverse=True)
    part = sparse.csc_array((part.data, place, part.indptr), shape=(len(rows), len(members)))
    unit = max(float(np.median(np.abs(cells.values[members]))), 1e-6)
    programme = FreeProgramme(part, Room(room.down[members], room.up[members]), unit)
    for cell in wanted:
        column = int(np.searchsorted(members, cell))
        lowest[cell] = cells.values[cell] + programme.furthest(column, -1.0)
        highest[cell] = cells.values[cell] + programme.furthest(column, 1.0)
