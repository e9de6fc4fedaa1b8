"""Cells of a set of linked tables, and every sum that ties them together.

Tables of the same records are one set of cells: a cell is named by a code for each dimension of any table,
`_T` where its table does not have the dimension. So a margin that two tables show is one cell, and what one
table tells of it holds in the other. A reader knows every sum of every hierarchy, whether or not all of its
cells are shown: cells that no table shows are here too, as hidden ones.

A combination without a row is empty and everybody knows that it is; an empty cell that has a row is an
observed zero, which may be withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from sojourn.disclosure.suppression.hierarchies import TOTAL, Hierarchy, flat
from sojourn.errors import DisclosureRisk, ProjectError, shown

__all__ = [
    "Cells",
    "Codes",
    "Flags",
    "Integers",
    "Numbers",
    "codes_of",
    "dense",
    "found_in",
    "lifted",
    "linked_cells",
    "numbered",
    "rolled_up",
]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
RELATIVE_ERROR = 1e-9


@dataclass(frozen=True)
class Codes:
    """The codes of all dimensions as numbers, 0 for the total, with what adds up to what.

    `above[d][c]` are the codes above code c of dimension d; `sums[d]` are its sums, as numbers.
    """

    dimensions: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    above: tuple[tuple[Integers, ...], ...]
    sums: tuple[tuple[tuple[int, Integers], ...], ...]


@dataclass(frozen=True)
class Cells:
    """Cells with their values and the equations between them.

    `codes` has a row for each cell and a column for each dimension. `equations` has a row for each sum: 1
    for its parts and -1 for its total, so that it times the values is zero. `rows[t]` has for each row of
    table t the number of its cell. `is_hidden` marks cells that no table shows.
    """

    book: Codes
    codes: Integers
    values: Numbers
    is_hidden: Flags
    equations: sparse.csr_array
    rows: tuple[Integers, ...]

    @property
    def size(self) -> int:
        """How many cells there are."""
        return len(self.values)

    def names(self, cells: Integers) -> list[tuple[str, ...]]:
        """The codes of some cells, in words."""
        return [
            tuple(self.book.names[place][code] for place, code in enumerate(self.codes[cell]))
            for cell in cells
        ]

    def is_within(self, some: Integers, cell: int) -> Flags:
        """Which of some cells are parts of a cell, or the cell itself."""
        found: Flags = self.codes[some, 0] >= 0
        for place, above in enumerate(self.book.above):
            code = self.codes[cell, place]
            below = [each for each, higher in enumerate(above) if each == code or code in higher]
            found &= np.isin(self.codes[some, place], below)
        return found

    def members(self, union: int) -> Integers:
        """The cells of which a union is the sum."""
        row = self.equations.shape[0] - (self.size - union)
        span = slice(self.equations.indptr[row], self.equations.indptr[row + 1])
        cells: Integers = self.equations.indices[span].astype(np.int64)
        found: Integers = cells[cells != union]
        return found

    def with_unions(self, unions: Sequence[Integers]) -> Cells:
        """The same cells and, for each union, one more that is the sum of its cells and hidden."""
        if not unions:
            return self
        count, more = self.size, len(unions)
        width = count + more
        heights = [sparse.csr_array((self.equations.shape[0], more))] if more else []
        old = sparse.hstack([self.equations, *heights], format="csr")
        lengths = np.array([len(union) for union in unions])
        cells = np.concatenate([*unions, count + np.arange(more)])
        rows = np.concatenate([np.repeat(np.arange(more), lengths), np.arange(more)])
        signs = np.concatenate([np.ones(int(lengths.sum())), -np.ones(more)])
        new = sparse.csr_array((signs, (rows, cells)), shape=(more, width))
        sums = np.array([float(np.sum(self.values[union])) for union in unions])
        nowhere = np.full((more, self.codes.shape[1]), -1, np.int64)
        return replace(
            self,
            codes=np.concatenate([self.codes, nowhere]),
            values=np.concatenate([self.values, sums]),
            is_hidden=np.concatenate([self.is_hidden, np.ones(more, bool)]),
            equations=sparse.csr_array(sparse.vstack([old, new], format="csr")),
        )


def linked_cells(
    tables: Sequence[pa.Table],
    dimensions: Sequence[Sequence[str]],
    hierarchies: Sequence[Hierarchy] = (),
    *,
    value: str = "value",
) -> Cells:
    """The cells of tables whose rows name their codes in `dimensions` and have a `value`, all of one kind.

    A dimension without a hierarchy is flat. What a table shows above its lowest codes must be their sum.

    Raises: DisclosureRisk if a cell occurs twice in a table, a total is not the sum of its parts, or two
    tables have different values of one cell; ProjectError if a code is in no hierarchy.
    """
    book = codes_of(tables, dimensions, hierarchies)
    stacked, amounts, owners, shown_codes = [], [], [], []
    for place, (table, names) in enumerate(zip(tables, dimensions, strict=True)):
        codes, values = numbered(table, names, book), _values(table, value)
        if len(np.unique(dense(codes))) < len(codes):
            raise DisclosureRisk("A cell of a table occurs twice.", "Give each cell one row.")
        whole, summed = _whole_table(codes, values, names, book)
        stacked.append(whole)
        amounts.append(summed)
        owners.append(np.full(len(summed), place))
        shown_codes.append((codes, values))
    every = np.concatenate(stacked)
    keys, first, number = np.unique(dense(every), return_index=True, return_inverse=True)
    codes, values = every[first], np.concatenate(amounts)[first]
    if np.any(_differ(np.concatenate(amounts), values[number])):
        raise DisclosureRisk(
            "Two tables have different values of a cell that they share.",
            "Make all tables that are protected together from the same records.",
        )
    rows = _rows(codes, shown_codes)
    is_hidden = np.ones(len(keys), bool)
    for places in rows:
        is_hidden[places] = False
    parts = np.split(number, np.cumsum([len(one) for one in stacked])[:-1])
    equations = _equations(codes, parts, dimensions, book)
    return Cells(book, codes, values, is_hidden, equations, rows)


def codes_of(
    tables: Sequence[pa.Table], dimensions: Sequence[Sequence[str]], hierarchies: Sequence[Hierarchy] = ()
) -> Codes:
    """The codes of tables and their hierarchies as numbers.

    Raises: ProjectError if a table has a code that its dimension's hierarchy lacks.
    """
    given = {each.dimension: each for each in hierarchies}
    names = tuple(sorted({name for each in dimensions for name in each}))
    found = []
    for name in names:
        columns = [t.column(name) for t, each in zip(tables, dimensions, strict=True) if name in each]
        used = {code for column in columns for code in pc.unique(column).to_pylist()}
        if None in used:
            raise ProjectError(f"{name}: a cell has no code.", "Unknown is the code _U, a total is _T.")
        hierarchy = given.get(name) or flat(name, sorted(used - {TOTAL}))
        lost = sorted(used - set(hierarchy.codes))
        if lost:
            raise ProjectError(
                f"{name}: {len(lost)} codes are in no sum of the hierarchy, as {shown(lost[0])}.",
                "Give each code of the tables its place in the hierarchy.",
            )
        found.append(hierarchy)
    above, sums = [], []
    for each in found:
        place = {code: number for number, code in enumerate(each.codes)}
        above.append(tuple(np.array([place[a] for a in each.above[c]], np.int64) for c in each.codes))
        sums.append(
            tuple((place[s.total], np.array(sorted(place[p] for p in s.parts), np.int64)) for s in each.sums)
        )
    return Codes(names, tuple(each.codes for each in found), tuple(above), tuple(sums))


def rolled_up(
    codes: Integers, amounts: Sequence[Numbers], columns: Sequence[int], book: Codes
) -> tuple[Integers, list[Numbers]]:
    """Every sum over the rows' codes in some columns, the rows themselves included."""
    for column in columns:
        grown, origin = lifted(codes, column, book)
        keys, first, number = np.unique(dense(grown), return_index=True, return_inverse=True)
        codes = grown[first]
        amounts = [
            np.bincount(number, weights=each[origin], minlength=len(keys)).astype(np.float64)
            for each in amounts
        ]
    return codes, list(amounts)


def lifted(codes: Integers, column: int, book: Codes) -> tuple[Integers, Integers]:
    """The rows, once for their own code in a column and once for each above it, and where each comes from."""
    above = book.above[column]
    counts = np.array([1 + len(each) for each in above])
    starts = np.cumsum(counts) - counts
    reached = np.concatenate([np.append(np.int64(code), each) for code, each in enumerate(above)])
    copies = counts[codes[:, column]]
    origin = np.repeat(np.arange(len(codes)), copies)
    step = np.arange(len(origin)) - np.repeat(np.cumsum(copies) - copies, copies)
    grown = codes[origin]
    grown[:, column] = reached[starts[codes[origin, column]] + step]
    return grown, origin


def dense(codes: Integers) -> Integers:
    """A number for each row, the same for the same codes, in the order of the codes; never too large."""
    found = np.zeros(len(codes), np.int64)
    for column in codes.T:
        low = int(column.min(initial=0))
        width = int(column.max(initial=0)) - low + 1
        if int(found.max(initial=0)) + 1 > 2**62 // width:
            found = np.unique(found, return_inverse=True)[1].astype(np.int64)
        found = found * width + (column - low)
    return found


def numbered(table: pa.Table, names: Sequence[str], book: Codes) -> Integers:
    """The codes of a table's rows as numbers.

    Raises: ProjectError if a row has a code that is in no sum.
    """
    codes = np.zeros((table.num_rows, len(book.dimensions)), np.int64)
    for name in names:
        place = book.dimensions.index(name)
        known = pa.array(book.names[place], pa.string())
        found = pc.index_in(table.column(name).combine_chunks(), known)
        if found.null_count:
            raise ProjectError(
                f"{name}: {found.null_count} rows have a code that is in no sum of the hierarchy.",
                "Give each code its place in the hierarchy.",
            )
        codes[:, place] = found.to_numpy(zero_copy_only=False)
    return codes


def _values(table: pa.Table, value: str) -> Numbers:
    values: Numbers = table.column(value).cast(pa.float64()).to_numpy(zero_copy_only=False)
    if not np.all(np.isfinite(values)):
        raise DisclosureRisk(
            "A cell that is to be protected has no value.", "Leave cells out that could not be made."
        )
    return values


def _whole_table(
    codes: Integers, values: Numbers, names: Sequence[str], book: Codes
) -> tuple[Integers, Numbers]:
    """A table's cells with all sums over them, made of the rows with the table's lowest codes."""
    columns = [book.dimensions.index(name) for name in names]
    is_lowest = np.ones(len(codes), bool)
    for column in columns:
        is_lowest &= np.isin(codes[:, column], _lowest(codes[:, column], column, book))
    whole, (summed,) = rolled_up(codes[is_lowest], [values[is_lowest]], columns, book)
    place = found_in(whole, codes)
    if np.any((place < 0) & (values != 0)):
        raise DisclosureRisk(
            f"{int(np.sum((place < 0) & (values != 0)))} totals of a table have a value in no part of it.",
            "Make the tables with all their inner cells: margins alone cannot be protected.",
        )
    known = place >= 0
    if np.any(_differ(values[known], summed[place[known]])):
        raise DisclosureRisk(
            f"{int(np.sum(_differ(values[known], summed[place[known]])))} totals of a table are not the sum"
            " of their parts.",
            "Make totals and parts from the same records, each in one part only.",
        )
    # Observed zeros above empty parts stay cells of their own.
    more = ~known
    return np.concatenate([whole, codes[more]]), np.concatenate([summed, values[more]])


def _lowest(used: Integers, column: int, book: Codes) -> Integers:
    """The codes of a column that are above none of its codes."""
    present = np.unique(used)
    covered = np.unique(np.concatenate([book.above[column][code] for code in present] or [present]))
    return np.setdiff1d(present, covered)


def _differ(some: Numbers, others: Numbers) -> Flags:
    scale = np.maximum(np.maximum(np.abs(some), np.abs(others)), 1.0)
    differs: Flags = np.abs(some - others) > RELATIVE_ERROR * scale
    return differs


def found_in(among: Integers, sought: Integers) -> Integers:
    """For each sought row its place in `among`, -1 where it is not there."""
    keys = dense(np.concatenate([among, sought]))
    known, wanted = keys[: len(among)], keys[len(among) :]
    order = np.argsort(known)
    place = np.searchsorted(known[order], wanted)
    place[place == len(known)] = 0
    if not len(known):
        return np.full(len(sought), -1)
    return np.where(known[order][place] == wanted, order[place], -1)


def _rows(codes: Integers, tables: Sequence[tuple[Integers, Numbers]]) -> tuple[Integers, ...]:
    return tuple(found_in(codes, shown_codes) for shown_codes, _ in tables)


def _equations(
    codes: Integers, tables: Sequence[Integers], dimensions: Sequence[Sequence[str]], book: Codes
) -> sparse.csr_array:
    """A row for each sum of any table's cells along one dimension; the same sum of two tables once."""
    names, cells, signs = [], [], []
    number = 0
    for place, sums in enumerate(book.sums):
        having = [
            cells_of
            for cells_of, own in zip(tables, dimensions, strict=True)
            if book.dimensions[place] in own
        ]
        for total, parts in sums:
            number += 1
            for own in having:
                column = codes[own, place]
                is_part = np.isin(column, parts)
                if not np.any(is_part):  # the table stops above these codes
                    continue
                chosen = np.concatenate([own[is_part], own[column == total]])
                others = codes[chosen].copy()
                others[:, place] = 0
                names.append(np.column_stack([np.full(len(chosen), number), others]))
                cells.append(chosen)
                signs.append(np.repeat([1.0, -1.0], [int(is_part.sum()), len(chosen) - int(is_part.sum())]))
    if not names:
        return sparse.csr_array((0, len(codes)))
    rows = np.unique(dense(np.concatenate(names)), return_inverse=True)[1]
    entries = np.column_stack([rows, np.concatenate(cells)])
    kept = np.unique(dense(entries), return_index=True)[1]
    shape = (int(rows.max()) + 1, len(codes))
    sign = np.concatenate(signs)[kept]
    return sparse.csr_array((sign, (entries[kept, 0], entries[kept, 1])), shape=shape)
