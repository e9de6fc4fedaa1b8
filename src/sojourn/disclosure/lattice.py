"""The lattice of a table: its cells, all margins over them, and the sums that tie them together.

A reader of a table knows that every margin is the sum of the cells it totals. Whatever the table
publishes, that knowledge is complete: so the lattice holds every margin, published or not. A line is one
sum: the cells that differ in one dimension only, and their total. Each cell lies on one line of each
dimension.

What is added up here is mass: the persons counted cell by cell. Where each person is in one cell, mass
is the number of contributors. A cell without mass is empty, and a reader knows that it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DisclosureRisk

__all__ = ["Flags", "Integers", "Lattice", "Numbers", "lattice"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
_TOTAL = "_T"


@dataclass(frozen=True)
class Lattice:
    """The cells with mass and every margin over them, in ascending order of `key`.

    `codes` has a row for each cell and a column for each dimension; 0 is the total. `lines[:, k]` is the
    position of the total of the cell's line in dimension k: its own position where it is that total.
    `row` is the table's row that shows the cell, -1 where the table does not. `person` is, for a cell of
    mass one, the position of the inner cell in which that one person is; -1 for others.
    """

    codes: Integers
    mass: Integers
    lines: Integers
    row: Integers
    person: Integers

    @property
    def size(self) -> int:
        """How many cells and margins there are."""
        return len(self.mass)

    @property
    def dimensions(self) -> int:
        """How many dimensions there are."""
        return int(self.codes.shape[1])

    def sums_hold(self, change: Integers) -> bool:
        """Whether a change of the cells leaves every margin equal to the sum of its cells."""
        changed = np.nonzero(change)[0]
        for dimension in range(self.dimensions):
            total = self.lines[changed, dimension]
            signed = np.where(total == changed, -change[changed], change[changed])
            lines, place = np.unique(total, return_inverse=True)
            balance = np.zeros(len(lines), np.int64)
            np.add.at(balance, place, signed)
            if np.any(balance):
                return False
        return True


def lattice(table: pa.Table, dimensions: Sequence[str], contributors: Integers) -> Lattice:
    """The lattice of a table's rows, of which each names its codes and has contributors.

    Raises: DisclosureRisk if margins contradict the cells, or a margin stands there without its cells.
    """
    codes, widths = _coded(table, dimensions)
    inner = np.all(codes > 0, axis=1) & (contributors > 0)
    factors = _factors(widths)
    shown_keys = codes @ factors
    if len(np.unique(shown_keys)) < len(shown_keys):
        raise DisclosureRisk("A cell of the table occurs twice.", "Give each cell one row.")
    keys, mass = shown_keys[inner], contributors[inner]
    for factor, width in zip(factors, widths, strict=True):
        # Every key with the dimension's digit taken away is the key of the total in that dimension.
        totals = keys - (keys // factor % width) * factor
        keys, mass = _added(np.concatenate([keys, totals]), np.concatenate([mass, mass]))
    positions = np.searchsorted(keys, shown_keys)
    positions[positions == len(keys)] = 0
    is_known = (keys[positions] == shown_keys) if len(keys) else np.zeros(len(shown_keys), bool)
    _refuse_margins_without_cells(contributors, mass, positions, is_known)
    row = np.full(len(keys), -1, np.int64)
    row[positions[is_known]] = np.nonzero(is_known)[0]
    digits = keys[:, None] // factors % widths
    lines = np.searchsorted(keys, keys[:, None] - digits * factors).astype(np.int64)
    return Lattice(digits, mass, lines, row, _persons(mass, lines, digits))


def _coded(table: pa.Table, dimensions: Sequence[str]) -> tuple[Integers, Integers]:
    """The codes of each row as numbers, 0 for the total, and one more than the highest in each dimension."""
    columns, widths = [], []
    for name in dimensions:
        values = table.column(name).combine_chunks()
        known = pa.array(sorted(set(pc.unique(values).to_pylist()) - {_TOTAL}), pa.string())
        places = pc.fill_null(pc.index_in(values, known), -1).to_numpy(zero_copy_only=False)
        columns.append(places.astype(np.int64) + 1)
        widths.append(len(known) + 1)
    if not columns:
        return np.zeros((table.num_rows, 0), np.int64), np.zeros(0, np.int64)
    return np.stack(columns, axis=1), np.array(widths, np.int64)


def _factors(widths: Integers) -> Integers:
    if float(np.prod(widths.astype(np.float64))) > 2.0**62:
        raise DisclosureRisk("The table has too many dimensions and codes to be audited.", "Split the table.")
    return np.concatenate([np.cumprod(widths[::-1])[::-1][1:], np.ones(min(1, len(widths)), np.int64)])


def _added(keys: Integers, mass: Integers) -> tuple[Integers, Integers]:
    unique, place = np.unique(keys, return_inverse=True)
    total = np.zeros(len(unique), np.int64)
    np.add.at(total, place, mass)
    return unique, total


def _persons(mass: Integers, lines: Integers, codes: Integers) -> Integers:
    """For cells of mass one, the inner cell whose one person they hold; the person is the same in all."""
    person = np.full(len(mass), -1, np.int64)
    inner = np.all(codes > 0, axis=1) & (mass == 1)
    person[inner] = np.nonzero(inner)[0]
    for dimension in range(codes.shape[1]):
        parts = np.nonzero((codes[:, dimension] > 0) & (person >= 0))[0]
        totals = lines[parts, dimension]
        alone = mass[totals] == 1
        person[totals[alone]] = person[parts[alone]]
    return person


def _refuse_margins_without_cells(
    contributors: Integers, mass: Integers, positions: Integers, is_known: Flags
) -> None:
    lost = int(np.sum(~is_known & (contributors > 0)))
    if lost:
        raise DisclosureRisk(
            f"{lost} margins of the table have contributors in none of its cells.",
            "Make the table with all its inner cells: margins alone cannot be audited.",
        )
    if np.any(contributors[is_known] > mass[positions[is_known]]):
        raise DisclosureRisk(
            "A margin has more contributors than its cells together.",
            "Make cells and margins from the same records.",
        )
