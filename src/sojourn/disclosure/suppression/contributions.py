"""Contributions: who is behind each cell, and with how much; the largest of them in one pass.

A contributor is a holding: all records of one owner are one contributor in each cell. What the primary rules
ask of a cell is its total, the number of its contributors and its largest contributions, and the same of
several cells together. A contributor who is in one inner cell only can be among the largest of a total only
if it is among the largest of that cell: so only those are carried up, and all of the few who are in several.

A record with a weight stands for as many units of its size. A holding's size is the sum of its records'
sizes, and its weight keeps their weighted sum. A weight below one makes the record smaller: it counts as one
unit of its weighted size. Sizes are absolute: a loss of ten tells as much as a gain of ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.disclosure.suppression.cells import (
    Cells,
    Codes,
    Flags,
    Integers,
    Numbers,
    dense,
    found_in,
    lifted,
    numbered,
    rolled_up,
)
from sojourn.errors import DisclosureRisk, ProjectError

__all__ = ["Contributions", "Records", "contributions"]

DEPTH = 3
_Rows = tuple[Integers, Numbers, Numbers, Flags]
_Largest = tuple[Integers, Integers, Numbers, Numbers, Flags]


@dataclass(frozen=True)
class Records:
    """A table of records with the names of its columns: who, how much, for how many, and whether waived.

    Without `holding` each record is a contributor of its own; without `value` each counts one; without
    `weight` each stands for itself; without `waiver` nobody has agreed to be seen. `dimensions` are the
    table's columns of codes, which are lowest codes.
    """

    table: pa.Table
    dimensions: tuple[str, ...]
    value: str | None = None
    holding: str | None = None
    weight: str | None = None
    waiver: str | None = None


@dataclass(frozen=True)
class Contributions:
    """For each cell its totals, and its largest contributions one below the other.

    `total` is the sum of absolute weighted sizes, `contributors` how many there are, `weighted` whom they
    stand for, `waived` how many of them have agreed to be seen. The rows `cell`, `holder`, `size`, `weight`,
    `is_waived` hold the largest `depth` of a cell by size, waived and other ones each, and all who
    are in several inner cells, in order of cell and falling size.
    """

    total: Numbers
    contributors: Integers
    weighted: Numbers
    waived: Integers
    depth: int
    cell: Integers
    holder: Integers
    size: Numbers
    weight: Numbers
    is_waived: Flags

    @property
    def alone(self) -> Integers:
        """For each cell with one contributor its number, -1 for others."""
        found = np.full(len(self.total), -1, np.int64)
        only = self.contributors[self.cell] == 1
        found[self.cell[only]] = self.holder[only]
        return found

    @property
    def largest(self) -> Integers:
        """For each cell its largest contributor, -1 where there is none."""
        found = np.full(len(self.total), -1, np.int64)
        found[self.cell[::-1]] = self.holder[::-1]  # the last one written is the first, the largest
        return found

    def together(self, groups: Sequence[Integers]) -> Contributions:
        """The contributions to each group of cells that have no record in common."""
        lengths = np.array([len(group) for group in groups], np.int64)
        members = np.concatenate([np.zeros(0, np.int64), *groups])
        group = np.repeat(np.arange(len(groups)), lengths)
        start = np.searchsorted(self.cell, members)
        many = np.searchsorted(self.cell, members, side="right") - start
        rows = np.repeat(start, many) + np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        owner = np.repeat(group, many)
        merged = _merged(owner, self.holder[rows], self.size[rows], self.weight[rows], self.is_waived[rows])
        count = len(groups)
        spread = np.bincount(owner, minlength=count) - np.bincount(merged[0], minlength=count)
        return Contributions(
            np.bincount(group, self.total[members], count).astype(np.float64),
            np.bincount(group, self.contributors[members], count).astype(np.int64) - spread,
            np.bincount(group, self.weighted[members], count).astype(np.float64),
            np.bincount(group, self.waived[members], count).astype(np.int64),
            self.depth,
            *merged,
        )


def contributions(cells: Cells, tables: Sequence[Records], *, depth: int = DEPTH) -> Contributions:
    """Who is behind each cell, from the records that the tables were made of.

    Each table of `cells` is made of one table of records; a cell of several tables is told by the first that
    has it. `depth` is how many largest contributions a rule looks at.

    Raises: DisclosureRisk if a record has no cell, or a weight is not above zero.
    """
    book, count = cells.book, cells.size
    found: list[_Largest] = []
    sums = np.zeros((4, count))
    is_told = np.zeros(count, bool)
    holders = _holders(tables)
    for each, holder in zip(tables, holders, strict=True):
        inner, rows = _inner(each, holder, book)
        columns = [book.dimensions.index(name) for name in each.dimensions]
        place, added, largest = _up(cells, inner, rows, columns, depth)
        new = np.zeros(count, bool)
        new[place] = ~is_told[place]
        sums[:, new] = added[:, new]
        kept = new[largest[0]]
        found.append(cast("_Largest", tuple(column[kept] for column in largest)))
        is_told |= new
    cell, who, size, weight, waived = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.lexsort((who, -size, cell))
    contributors, waivers = sums[1].astype(np.int64), sums[3].astype(np.int64)
    return Contributions(
        sums[0], contributors, sums[2], waivers, depth,
        cell[order], who[order], size[order], weight[order], waived[order],
    )  # fmt: skip


def _holders(tables: Sequence[Records]) -> list[Integers]:
    """The number of each record's contributor: the same holding is the same in all tables."""
    first = tables[0].table
    if all(each.holding is None and each.table is first for each in tables):
        return [np.arange(first.num_rows)] * len(tables)
    if any(each.holding is None for each in tables):
        raise ProjectError(
            "Records of several tables do not say which contributor is which.",
            "Name the column of the holding, or make all tables of one table of records.",
        )
    named = [each.table.column(each.holding).combine_chunks() for each in tables]
    lost = sum(column.null_count for column in named)
    if lost:
        raise DisclosureRisk(f"{lost} records name no contributor.", "Give each record its holding.")
    known = pa.chunked_array(named).unique()
    return [pc.index_in(column, known).to_numpy(zero_copy_only=False).astype(np.int64) for column in named]


def _inner(each: Records, holder: Integers, book: Codes) -> tuple[Integers, _Rows]:
    """Each contributor in each inner cell once: its codes; holder, size, weight, waiver."""
    table = each.table
    codes = numbered(table, each.dimensions, book)
    ones = np.ones(table.num_rows)
    size = np.abs(_column(table, each.value)) if each.value else ones
    weight = _column(table, each.weight) if each.weight else ones
    if not np.all(np.isfinite(size)) or not np.all(weight > 0):
        raise DisclosureRisk(
            "A record has no value, or no weight above zero.", "Leave out records that do not count."
        )
    waived = _column(table, each.waiver) > 0 if each.waiver else np.zeros(table.num_rows, bool)
    small = weight < 1
    size, weight = np.where(small, size * weight, size), np.where(small, 1.0, weight)
    key = dense(codes)
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    cell, who, size, weight, waived = _merged(number.astype(np.int64), holder, size, weight, waived)
    return codes[first][cell], (who, size, weight, waived)


def _column(table: pa.Table, name: str) -> Numbers:
    found: Numbers = table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _merged(cell: Integers, holder: Integers, size: Numbers, weight: Numbers, waived: Flags) -> _Largest:
    """The same rows with one for each contributor of a cell, in order of cell and falling size.

    A merged size is the sum of sizes, its weight keeps the weighted sum; all records must be waived.
    """
    pair = np.column_stack([cell, holder])
    _, first, number = np.unique(dense(pair), return_index=True, return_inverse=True)
    sizes: Numbers = np.bincount(number, size, len(first)).astype(np.float64)
    weighted: Numbers = np.bincount(number, size * weight, len(first)).astype(np.float64)
    largest = np.ones(len(first))
    np.maximum.at(largest, number, weight)
    weights = np.where(sizes > 0, weighted / np.where(sizes > 0, sizes, 1.0), largest)
    open_ = np.bincount(number, ~waived, len(first))
    cell, holder = cell[first], holder[first]
    order = np.lexsort((holder, -sizes, cell))
    return cell[order], holder[order], sizes[order], weights[order], (open_ == 0)[order]


def _up(
    cells: Cells, inner: Integers, rows: _Rows, columns: Sequence[int], depth: int
) -> tuple[Integers, Numbers, _Largest]:
    """The cells that the records reach, the four sums of all cells, and their largest contributions."""
    holder, size, weight, waived = rows
    is_spread = np.bincount(holder)[holder] > 1
    settled, spread = np.nonzero(~is_spread)[0], np.nonzero(is_spread)[0]
    best = _settled(cells, inner, rows, settled, (columns, depth))
    few = _everywhere(cells, inner, rows, spread, columns)
    amounts = [size[settled] * weight[settled], np.ones(len(settled)), weight[settled]]
    amounts.append(waived[settled].astype(np.float64))
    reached, sums = rolled_up(inner[settled], amounts, columns, cells.book)
    at = found_in(cells.codes, reached)
    if np.any(at < 0) or np.any(few[0] < 0):
        raise DisclosureRisk(
            "Some records belong to no cell of the tables.", "Make tables and records from the same file."
        )
    added = np.zeros((4, cells.size))
    added[:, at] += np.stack(sums)
    for number, amount in enumerate((few[2] * few[3], None, few[3], few[4].astype(np.float64))):
        added[number] += np.bincount(few[0], amount, cells.size)
    largest = tuple(np.concatenate(pair) for pair in zip(best, few, strict=True))
    return np.unique(np.concatenate([at, few[0]])), added, cast("_Largest", largest)


def _settled(
    cells: Cells, inner: Integers, rows: _Rows, settled: Integers, reach: tuple[Sequence[int], int]
) -> _Largest:
    """The largest contributions of each cell among contributors who are in one inner cell only."""
    holder, size, weight, waived = rows
    columns, depth = reach
    chosen = settled[_largest(dense(inner[settled]), size[settled], waived[settled], depth)]
    codes = inner[chosen]
    for column in columns:
        codes, origin = lifted(codes, column, cells.book)
        chosen = chosen[origin]
        best = _largest(dense(codes), size[chosen], waived[chosen], depth)
        codes, chosen = codes[best], chosen[best]
    place = found_in(cells.codes, codes)
    return place, holder[chosen], size[chosen], weight[chosen], waived[chosen]


def _everywhere(
    cells: Cells, inner: Integers, rows: _Rows, spread: Integers, columns: Sequence[int]
) -> _Largest:
    """All contributions to each cell of contributors who are in several inner cells."""
    holder, size, weight, waived = rows
    codes, chosen = inner[spread], spread
    for column in columns:
        codes, origin = lifted(codes, column, cells.book)
        chosen = chosen[origin]
    place = found_in(cells.codes, codes)
    return _merged(place, holder[chosen], size[chosen], weight[chosen], waived[chosen])


def _largest(cell: Integers, size: Numbers, waived: Flags, depth: int) -> Integers:
    """The rows with the largest sizes of each cell, `depth` of waived and `depth` of other ones."""
    order = np.lexsort((-size, waived, cell))
    ordered, flag = cell[order], waived[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]) | (flag[1:] != flag[:-1])
    starts = np.nonzero(begins)[0]
    rank = np.arange(len(order)) - starts[np.cumsum(begins) - 1] if len(order) else order
    found: Integers = order[rank < depth]
    return found
