"""Auxiliaries: what each record contributes to each known total, with equal records brought together.

A survey of a million persons has few kinds of persons as far as the known totals go. Everything that
calibration computes, it computes for groups of equal records, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from sojourn.concepts import UNKNOWN
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.statistics.weighting.crossings import codes_of, crossing
from sojourn.statistics.weighting.grouped_rows import equal_rows
from sojourn.statistics.weighting.margins import Cell, Margin, cell_name, shares_of

__all__ = [
    "Auxiliaries",
    "Household",
    "auxiliaries",
    "auxiliaries_of_matrix",
    "numbers_of",
    "require_columns",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_MOST_TOLD = 5


@dataclass(frozen=True)
class Household:
    """All members of a household get one weight: their auxiliaries are summed over the household.

    `column` numbers the households. With `distance` of the household each household counts once in how far
    weights move; with `members` it counts as often as it has members, which is the method of Lemaître and
    Dufour (Survey Methodology 13, 1987) and of `aggregate.stage` in R's package survey. Members who have
    `unequal` weights before are refused, or all get the mean of them.
    """

    column: str
    distance: Literal["household", "members"] = "household"
    unequal: Literal["refuse", "mean"] = "refuse"

    def __post_init__(self) -> None:
        if self.distance not in ("household", "members") or self.unequal not in ("refuse", "mean"):
            raise ProjectError(
                f"Households cannot have the distance {self.distance!r} and unequal {self.unequal!r}.",
                "The distances are `household` and `members`; unequal weights `refuse` or `mean`.",
            )


@dataclass(frozen=True)
class Auxiliaries:
    """Groups of equal units, units being records or households, and what a unit contributes to each total.

    `matrix` is groups × totals, sparse. `unit` is the unit of each record and `group` the group of each unit;
    `member` is one record of each unit. `spread` is the variance that each group's units are taken to have:
    the distance of a unit is divided by it.
    """

    margins: tuple[Margin, ...]
    cells: tuple[tuple[int, Cell], ...]
    totals: Floats
    matrix: Any
    unit: Integers
    group: Integers
    member: Integers
    spread: Floats
    household: Household | None

    @property
    def is_of_records(self) -> bool:
        """Whether each unit is one record."""
        return self.household is None

    @property
    def names(self) -> list[str]:
        """What each total is of, in words: `region: region north`."""
        return [f"{self.margins[at].id}: {self.category(place)}" for place, (at, _) in enumerate(self.cells)]

    def category(self, place: int) -> str:
        """The category of a total in words."""
        at, cell = self.cells[place]
        return cell_name(self.margins[at].columns, cell)

    def of_margin(self, at: int) -> slice:
        """Where the totals of a margin stand."""
        places = [place for place, (margin, _) in enumerate(self.cells) if margin == at]
        return slice(places[0], places[-1] + 1)

    def evened(self, weights: Floats) -> Floats:
        """The weights of records, those of a household's members being one.

        Raises: DataRefused for members with different weights, where that was not decided on.
        """
        if self.household is None:
            return weights
        members = np.bincount(self.unit)
        mean: Floats = (np.bincount(self.unit, weights) / members)[self.unit]
        different = np.abs(weights - mean) > 1e-9 * np.maximum(np.abs(mean), np.abs(weights))
        if not different.any():
            # Means of equal numbers may differ from them in the last bit.
            return weights[self.member][self.unit]
        if self.household.unequal == "refuse":
            households = len(np.unique(self.unit[different]))
            raise DataRefused(
                f"The members of {households:,} households have different weights before calibration.",
                "Declare `unequal: mean`, so that all get the mean of theirs, or make them equal before.",
            )
        return mean

    def of_records(self, by_group: Floats) -> Floats:
        """A number of each group, given to each record."""
        found: Floats = by_group[self.group[self.unit]]
        return found

    def summed(self, weights: Floats) -> Floats:
        """The weights of each group's units; `weights` are those of records, or records × replicates.

        Equal weights of one group are added in the order of their size, so that the order of the records
        changes no bit of the sum.
        """
        of_units = weights[self.member]
        if of_units.ndim == 1:
            order = np.lexsort((of_units, self.group))
            starts = np.searchsorted(self.group[order], np.arange(self.matrix.shape[0]))
            found: Floats = np.add.reduceat(of_units[order], starts)
            return found
        units = len(self.group)
        adds = sparse.csr_array(
            (np.ones(units), (self.group, np.arange(units))), shape=(self.matrix.shape[0], units)
        )
        sums: Floats = adds @ of_units
        return sums


def auxiliaries(
    records: pa.Table,
    margins: Sequence[Margin],
    *,
    household: Household | None = None,
    variance: str | None = None,
) -> Auxiliaries:
    """What each record contributes to the totals of the margins, equal records or households grouped.

    `variance` names a column with the variance, above zero, of a record's residual; without it all have one.

    Raises: ProjectError for columns that are not there; DataRefused for records of categories that a margin
    does not have, unknown codes that were not decided on, and measures that are empty or not finite.
    """
    if not margins:
        raise ProjectError("There are no margins.", "Name the totals that weights are to reproduce.")
    twice = [margin.id for margin in margins if sum(margin.id == other.id for other in margins) > 1]
    if twice:
        raise ProjectError(f"Two margins are called {shown(twice[0])}.", "Give each a name of its own.")
    if household is not None and variance is not None:
        raise ProjectError(
            "Households get one weight by a distance of their own, beside which a variance has no place.",
            "Leave out `variance`, or `household`.",
        )
    require_columns(records, _needed(margins, household, variance))
    cells = tuple((at, cell) for at, margin in enumerate(margins) for cell in sorted(margin.known_totals))
    totals = np.array([margins[at].known_totals[cell] for at, cell in cells])
    blocks, problems = [], []
    for at, margin in enumerate(margins):
        block, found = _block(records, margin, [cell for here, cell in cells if here == at])
        blocks.append(block)
        problems += found
    if problems:
        raise DataRefused(problems[:_MOST_TOLD])
    matrix = sparse.csr_array(sparse.hstack(blocks, format="csr"))
    return _grouped(records, tuple(margins), cells, totals, matrix, household, variance)


def auxiliaries_of_matrix(numbers: npt.ArrayLike) -> Auxiliaries:
    """Auxiliaries that are given as numbers (records × totals), without names or totals to reach."""
    dense = np.asarray(numbers, np.float64)
    rows = dense if dense.ndim == 2 else dense[:, None]
    matrix = sparse.csr_array(rows)
    group, first = equal_rows(matrix)
    each = np.arange(len(rows))
    return Auxiliaries(
        (), (), np.zeros(rows.shape[1]), sparse.csr_array(matrix[first]), each, group, each,
        np.ones(len(first)), None,
    )  # fmt: skip


def require_columns(records: pa.Table, names: Sequence[str]) -> None:
    """Refuse a table that lacks a column.

    Raises: ProjectError naming it.
    """
    absent = [name for name in names if name not in records.column_names]
    if absent:
        raise ProjectError(
            f"The records have no column {', '.join(shown(name) for name in dict.fromkeys(absent))}.",
            "Name columns of the records, or add them.",
        )


def numbers_of(records: pa.Table, name: str) -> Floats:
    """A column of finite numbers, none missing.

    Raises: DataRefused.
    """
    column = records[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataRefused(f"The column {shown(name)} holds no numbers.", "Convert it.")
    missing = column.null_count
    values: Floats = column.cast(pa.float64()).fill_null(np.nan).to_numpy()
    strange = int((~np.isfinite(values)).sum()) - missing
    counted = {"is empty": missing, "holds what is no finite number": strange}
    said = [
        f"{what} in {count:,} record{'' if count == 1 else 's'}" for what, count in counted.items() if count
    ]
    if said:
        raise DataRefused(
            f"The column {shown(name)} {' and '.join(said)}.",
            "Give every record a number, or take the records out by a declared step before.",
        )
    return values


def _needed(margins: Sequence[Margin], household: Household | None, variance: str | None) -> list[str]:
    names = [name for margin in margins for name in (*margin.columns, *((margin.of,) if margin.of else ()))]
    return [*names, *((household.column,) if household else ()), *((variance,) if variance else ())]


def _block(records: pa.Table, margin: Margin, cells: Sequence[Cell]) -> tuple[Any, list[Problem]]:
    """What each record contributes to the totals of one margin, as a sparse matrix, and what is wrong."""
    kind, kinds = crossing(codes_of(records, margin.columns), len(records))
    place = {cell: number for number, cell in enumerate(cells)}
    problems, shares = [], []
    for number, cell in enumerate(kinds):
        found, complaint = _shares_of_kind(margin, cell, place)
        if complaint:
            count = f"{int((kind == number).sum()):,}"
            problems.append(Problem("", None, complaint[0].format(count=count), complaint[1]))
        shares.append(found)
    starts = np.concatenate([[0], np.cumsum([len(each) for each in shares])]).astype(np.int64)
    columns = np.array([place[cell] for each in shares for cell in each], np.int64)
    values = np.array([share for each in shares for share in each.values()], np.float64)
    by_kind = sparse.csr_array((values, columns, starts), shape=(len(kinds), len(cells)))
    block = by_kind[kind] if len(records) else sparse.csr_array((0, len(cells)))
    if margin.of is not None:
        block = sparse.csr_array(block.multiply(numbers_of(records, margin.of)[:, None]))
    return block, problems


def _shares_of_kind(
    margin: Margin, cell: Cell, place: Mapping[Cell, int]
) -> tuple[dict[Cell, float], tuple[str, str] | None]:
    """Which known categories records of one crossing count in, or why they cannot."""
    if UNKNOWN in cell and margin.unknown == "refuse":
        said = f"The margin {margin.id}: {{count}} records have an unknown or empty code."
        return {}, (said, "Declare what `unknown` means: `category` or `spread`; or impute the codes.")
    if UNKNOWN in cell and margin.unknown == "spread":
        known = {each: total for each, total in margin.totals.items() if UNKNOWN not in each}
        shares = {each: share for each, share in shares_of(cell, known).items() if share > 0}
        if shares:
            return shares, None
    elif cell in place:
        return {cell: 1.0}, None
    said = f"The margin {margin.id} has no total for {cell_name(margin.columns, cell)},"
    remedy = "Add its total, merge the category in the records, or take these records out."
    return {}, (f"{said} of which there are {{count}} records.", remedy)


def _grouped(
    records: pa.Table,
    margins: tuple[Margin, ...],
    cells: tuple[tuple[int, Cell], ...],
    totals: Floats,
    matrix: Any,
    household: Household | None,
    variance: str | None,
) -> Auxiliaries:
    unit = member = np.arange(len(records))
    spread = np.ones(len(records))
    if variance is not None:
        spread = numbers_of(records, variance)
        if np.any(spread <= 0):
            raise DataRefused(f"The variance {shown(variance)} is not above zero.", "Correct it.")
    if household is not None:
        unit, member, members = _households(records, household)
        adds = sparse.csr_array((np.ones(len(unit)), (unit, np.arange(len(unit)))))
        matrix = sparse.csr_array(adds @ matrix)
        spread = members.astype(float) if household.distance == "members" else np.ones(len(members))
    # A group has one spread: it is a column beside the auxiliaries while equal rows are sought.
    beside = sparse.csr_array(sparse.hstack([matrix, sparse.csr_array(spread[:, None])], format="csr"))
    beside.sum_duplicates()
    beside.eliminate_zeros()
    beside.sort_indices()
    group, first = equal_rows(beside)
    return Auxiliaries(
        margins, cells, totals, sparse.csr_array(matrix[first]), unit, group, member, spread[first],
        household,
    )  # fmt: skip


def _households(records: pa.Table, household: Household) -> tuple[Integers, Integers, Integers]:
    """The household of each record, one member of each, and how many members each has."""
    column = records[household.column]
    if column.null_count:
        raise DataRefused(
            f"{column.null_count:,} records do not say their household {shown(household.column)}.",
            "Number all households, those of one person too.",
        )
    indices = column.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    _, first, unit, members = np.unique(indices, return_index=True, return_inverse=True, return_counts=True)
    return unit.reshape(-1).astype(np.int64), first.astype(np.int64), members.astype(np.int64)
