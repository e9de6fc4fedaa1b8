"""Perturbation tables: which change a cell's count and key give, in whole numbers.

A row is a count; its changes lie side by side in intervals of the cell key, from 0 to the number of different
keys. The intervals of a row add up to that number exactly. Larger counts than there are rows take one of the
last rows in turn: the last one in tables made here, one of the last 250 in those of the Office for National
Statistics.

Source: methods reference, section 4.1; R `ptable` 1.0.0; ONS `cell-key-perturbation` 3.1.0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.disclosure.cell_keys.entropy import most_random
from sojourn.disclosure.cell_keys.noise import NoiseSettings
from sojourn.disclosure.cell_keys.secrets import Hidden
from sojourn.errors import DataRefused

__all__ = ["KEYS", "PerturbationTable", "perturbation_table", "table_of_columns"]

KEYS = 2**32
_ONS_ROWS = 250
Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False, eq=False)
class PerturbationTable(Hidden):
    """Secret: intervals of the cell key, in the order of counts and keys.

    `count` says whose interval it is, `upper` where it ends (exclusive; it begins where the one before ends),
    `change` by how much the count is changed. `keys` is how many keys there are: a larger one is taken by its
    remainder. Counts beyond the rows take one of the last `repeated` rows. A count without rows stays.

    Raises: DataRefused where intervals leave a gap, or a count would become negative.
    """

    count: Integers
    upper: Integers
    change: Integers
    keys: int = KEYS
    repeated: int = 1

    def __post_init__(self) -> None:
        for problem, remedy in self._problems():
            raise DataRefused(problem, remedy)

    @property
    def rows(self) -> int:
        """The largest count that has a row of its own."""
        return int(self.count[-1])

    def row_of(self, counts: Integers) -> Integers:
        """The row that each count takes; zero has none."""
        turn = self.rows - self.repeated + 1 + (counts - 1) % self.repeated
        return np.where(counts > self.rows, turn, counts)

    def changes(self, counts: Integers, keys: Integers) -> Integers:
        """By how much each count is changed; zero never is."""
        edges = self.count * self.keys + self.upper
        sought = self.row_of(counts) * self.keys + keys % self.keys
        found = self.change[np.minimum(np.searchsorted(edges, sought, side="right"), len(edges) - 1)]
        return np.where(counts > 0, found, 0)

    def largest_variance(self) -> float:
        """The largest variance of the change of a count; part of what is secret."""
        return max(
            sum(chance * change**2 for change, chance in row.items())
            - sum(chance * change for change, chance in row.items()) ** 2
            for row in self.probabilities().values()
        )

    def probabilities(self) -> dict[int, dict[int, float]]:
        """By count, how likely each change is; part of what is secret."""
        lower = np.where(np.diff(self.count, prepend=0) != 0, 0, np.roll(self.upper, 1))
        found: dict[int, dict[int, float]] = {}
        for count, size, change in zip(self.count, self.upper - lower, self.change, strict=True):
            row = found.setdefault(int(count), {})
            row[int(change)] = row.get(int(change), 0.0) + int(size) / self.keys
        return found

    def to_arrow(self) -> pa.Table:
        """One row for each interval: `row`, `lower`, `upper` and `change`; part of what is secret."""
        lower = np.where(np.diff(self.count, prepend=0) != 0, 0, np.roll(self.upper, 1))
        return pa.table({"row": self.count, "lower": lower, "upper": self.upper, "change": self.change})

    def _problems(self) -> list[tuple[str, str]]:
        if not len(self.count):
            return [("The perturbation table has no row.", "Give at least the row of count 1.")]
        starts = np.nonzero(np.diff(self.count, prepend=0))[0]
        ends = np.append(starts[1:], len(self.count)) - 1
        found = []
        if not np.array_equal(self.count[starts], np.arange(1, self.rows + 1)):
            found.append(
                ("The perturbation table lacks the row of a count.", "Counts run from 1 without a gap.")
            )
        rises = np.diff(self.upper, prepend=0) > 0
        rises[starts] = self.upper[starts] > 0
        if not rises.all() or not (self.upper[ends] == self.keys).all():
            found.append(
                (
                    "Intervals of the perturbation table do not cover every key exactly once.",
                    "Cumulated probabilities of a count must rise and end at one.",
                )
            )
        if (self.count + self.change < 0).any():
            found.append(
                ("The perturbation table makes a count negative.", "No count may lose more than it has.")
            )
        return found


def perturbation_table(settings: NoiseSettings) -> PerturbationTable:
    """The table of the most random noise with these settings, its probabilities scaled to whole numbers.

    The largest remainders are rounded up, so that the numbers of keys of a row add up to all of them.
    """
    counts, uppers, changes = [], [], []
    for count in range(1, settings.rows + 1):
        values = settings.noise(count).values
        sizes = _whole(most_random(settings.noise(count), settings.variance))
        is_used = sizes > 0
        counts.append(np.full(int(is_used.sum()), count))
        uppers.append(np.cumsum(sizes[is_used]))
        changes.append(values[is_used])
    return PerturbationTable(np.concatenate(counts), np.concatenate(uppers), np.concatenate(changes))


def _whole(probabilities: Numbers) -> Integers:
    exact = probabilities * KEYS
    found = np.floor(exact).astype(np.int64)
    left = KEYS - int(found.sum())
    order = np.argsort(-(exact - found), kind="stable")
    found[order[:left]] += 1
    return found


def table_of_columns(table: pa.Table) -> PerturbationTable:
    """A perturbation table in the columns of R `ptable` or of the Office for National Statistics.

    `ptable` exports `i`, `v` and `p_int_ub` (cumulated probability); ONS gives `pcv`, `ckey` and `pvalue`,
    one row for each count and key. Row zero of `ptable` is left out: zero stays zero.

    Raises: DataRefused for other columns, and for tables that `PerturbationTable` refuses.
    """
    if {"pcv", "ckey", "pvalue"} <= set(table.column_names):
        return _of_ons(*(_whole_column(table, name) for name in ("pcv", "ckey", "pvalue")))
    if {"i", "v", "p_int_ub"} <= set(table.column_names):
        return _of_ptable(table)
    raise DataRefused(
        "The file is no perturbation table.",
        "Give the columns i, v and p_int_ub of R ptable, or pcv, ckey and pvalue of ONS.",
    )


def _of_ptable(table: pa.Table) -> PerturbationTable:
    count, change = _whole_column(table, "i"), _whole_column(table, "v")
    if (change[count == 0] != 0).any():
        raise DataRefused("The perturbation table changes zeros.", "Zeros stay zero: give row 0 as it is.")
    share = table["p_int_ub"].to_numpy().astype(np.float64)
    upper = np.rint(share * KEYS).astype(np.int64)
    kept = count > 0
    order = np.lexsort((upper, count))
    order = order[kept[order]]
    lower = np.where(np.diff(count[order], prepend=0) != 0, 0, np.roll(upper[order], 1))
    order = order[upper[order] > lower]  # digits of a file may leave an interval without a key
    return PerturbationTable(count[order], upper[order], change[order])


def _of_ons(count: Integers, key: Integers, change: Integers) -> PerturbationTable:
    keys, rows = int(key.max()) + 1, int(count.max())
    grid = np.zeros((rows, keys), np.int64)  # what is not listed stays
    is_row = count > 0
    grid[count[is_row] - 1, key[is_row]] = change[is_row]
    ends = np.ones((rows, keys), bool)
    ends[:, :-1] = grid[:, 1:] != grid[:, :-1]
    row, place = np.nonzero(ends)
    repeated = _ONS_ROWS if rows >= 2 * _ONS_ROWS else 1
    return PerturbationTable(row + 1, place + 1, grid[row, place], keys, repeated)


def _whole_column(table: pa.Table, name: str) -> Integers:
    column = table[name]
    if column.null_count:
        raise DataRefused(f"The column {name} has an empty cell.", "Fill it, or leave the line out.")
    numbers = column.to_numpy().astype(np.float64)
    if (numbers != np.rint(numbers)).any():
        raise DataRefused(f"The column {name} holds fractions.", "Give whole numbers.")
    found: Integers = numbers.astype(np.int64)
    return found
