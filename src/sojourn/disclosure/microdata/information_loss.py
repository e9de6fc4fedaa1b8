"""What protection costs: cells that changed, tables, means and correlations, coefficients, and the whole.

Every measure compares the protected records with those before it, brought to the same codes: what recoding
costs is told apart, in codes and in entropy, since a coarser code is not a wrong one.

Source: J. Domingo-Ferrer and V. Torra, Disclosure control methods and information loss for microdata,
Confidentiality, Disclosure and Data Access (2001); propensity score mean-squared error: J. Snoke, G. M. Raab,
B. Nowok, C. Dibben and A. Slavkovic, Journal of the Royal Statistical Society A 181 (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.disclosure.microdata.key_codes import MISSING, key_codes
from sojourn.errors import DataRefused, shown

__all__ = [
    "Changed",
    "NumberLoss",
    "TableLoss",
    "changed_cells",
    "coarsened",
    "number_losses",
    "table_losses",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Changed:
    """Cells of a column that are other than before, and those that were emptied, of so many records."""

    column: str
    records: int
    changed: int
    emptied: int

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class TableLoss:
    """How far a table is from what it was.

    `distance` is half the sum of the absolute differences of shares: the part of all records that lies in
    another cell. `largest` is the largest difference of a share. Unknown values are a cell of their own.
    """

    columns: tuple[str, ...]
    cells: int
    distance: float
    largest: float

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class NumberLoss:
    """Mean, standard deviation and quartiles of a column of numbers, before and after."""

    column: str
    before: dict[str, float]
    after: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


def changed_cells(before: pa.Table, after: pa.Table, columns: Sequence[str]) -> list[Changed]:
    """For each column, cells that differ; records stand in the same order in both tables.

    Raises: DataRefused for tables of different length.
    """
    if len(before) != len(after):
        raise DataRefused("The records before and after are not the same.", "Compare tables of one length.")
    found = []
    for name in columns:
        one, other = before[name], after[name]
        if one.type != other.type:
            one, other = one.cast(pa.string()), other.cast(pa.string())
        is_null = [pc.is_null(column).combine_chunks() for column in (one, other)]
        differ = pc.fill_null(pc.not_equal(one, other), False).combine_chunks()
        emptied = pc.and_not(is_null[1], is_null[0])
        filled = pc.and_not(is_null[0], is_null[1])
        total = pc.or_(pc.or_(differ, emptied), filled)
        found.append(Changed(name, len(before), _count(total), _count(emptied)))
    return found


def _count(flags: pa.Array) -> int:
    return int(pc.sum(flags).as_py() or 0)


def coarsened(before: pa.ChunkedArray, after: pa.ChunkedArray) -> dict[str, float]:
    """Codes before and after recoding, and the part of the entropy that went."""
    told = {}
    entropy = []
    for when, column in (("codes_before", before), ("codes_after", after)):
        counts = pc.value_counts(column.drop_null()).field("counts").to_numpy(zero_copy_only=False)
        shares = counts / counts.sum() if len(counts) else np.ones(1)
        entropy.append(float(-(shares * np.log(shares)).sum()))
        told[when] = float(len(counts))
    told["entropy_lost"] = 1.0 - entropy[1] / entropy[0] if entropy[0] > 0 else 0.0
    return told


def table_losses(
    before: pa.Table, after: pa.Table, columns: Sequence[str], *, weight: str | None = None, ways: int = 2
) -> list[TableLoss]:
    """Distances of all tables of the columns with up to so many dimensions, weighted if there is a weight."""
    both = pa.concat_tables([
        pa.table({name: table[name].cast(pa.string()) for name in columns}) for table in (before, after)
    ])  # fmt: skip
    codes = np.column_stack([key_codes(both, [name], unknown=()).codes[:, 0] for name in columns])
    size = len(before)
    weights = [np.ones(len(table)) if weight is None else _floats(table[weight]) for table in (before, after)]
    found = []
    for dimensions in range(1, ways + 1):
        for some in combinations(range(len(columns)), dimensions):
            place, cells = _cells(codes, some)
            shares = [
                _shares(place[:size], weights[0], cells), _shares(place[size:], weights[1], cells),
            ]  # fmt: skip
            apart = np.abs(shares[0] - shares[1])
            names = tuple(columns[at] for at in some)
            found.append(TableLoss(names, cells, float(apart.sum() / 2), float(apart.max(initial=0.0))))
    return found


def _cells(codes: npt.NDArray[np.int32], some: Sequence[int]) -> tuple[Integers, int]:
    number = np.zeros(len(codes), np.int64)
    for at in some:
        number = number * (int(codes[:, at].max(initial=MISSING)) + 2) + codes[:, at] + 1
    _, place = np.unique(number, return_inverse=True)
    return place.reshape(-1).astype(np.int64), int(place.max(initial=-1)) + 1


def _shares(place: Integers, weights: Floats, cells: int) -> Floats:
    total = weights.sum()
    sums: Floats = np.bincount(place, weights, cells).astype(np.float64)
    found: Floats = sums / total if total > 0 else sums
    return found


def number_losses(
    before: pa.Table, after: pa.Table, columns: Sequence[str]
) -> tuple[list[NumberLoss], float]:
    """Each column's figures before and after, and the largest change of a correlation between two of them."""
    losses = []
    for name in columns:
        told = [_figures(_floats(table[name])) for table in (before, after)]
        losses.append(NumberLoss(name, told[0], told[1]))
    correlations = [_correlations(table, columns) for table in (before, after)]
    apart = np.abs(correlations[0] - correlations[1]) if len(columns) > 1 else np.zeros(1)
    return losses, float(np.nan_to_num(apart).max(initial=0.0))


def _figures(values: Floats) -> dict[str, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return {"mean": float("nan"), "deviation": float("nan")}
    quartiles = np.quantile(known, [0.25, 0.5, 0.75])
    return {
        "mean": float(known.mean()),
        "deviation": float(known.std()),
        "quarter": float(quartiles[0]),
        "median": float(quartiles[1]),
        "three_quarters": float(quartiles[2]),
    }


def _correlations(table: pa.Table, columns: Sequence[str]) -> Floats:
    values = np.column_stack([_floats(table[name]) for name in columns])
    values = values[np.all(np.isfinite(values), axis=1)]
    if len(values) < 2:
        return np.zeros((len(columns), len(columns)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.atleast_2d(np.corrcoef(values, rowvar=False))


def _floats(column: pa.ChunkedArray) -> Floats:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataRefused(f"A column of {shown(str(column.type))} holds no numbers.", "Look at the columns.")
    found: Floats = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy()
    return found
