"""Averaging: how well a perturbed figure is known to a reader who adds up every breakdown of it.

Each cell is perturbed by itself. A margin is published, and so are its parts by sex, by age, by both: each
breakdown adds up to the same count with noise of its own, and the mean of all is nearer to it than any of
them. With the variance V of the perturbation and n cells in a breakdown, the sum over it has variance nV; the
precision of the best mean is the sum of the precisions.

Source: Bach, arXiv 2012.09775, who derives from this attack what perturbation a release plan needs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.disclosure.attacks.public_cells import PublicTable, cells_side_by_side

__all__ = ["Averaged", "averaged"]


@dataclass(frozen=True)
class Averaged:
    """The cells of all tables with the standard error that a reader is left with, best known first.

    `table` and `row` name a cell, `error` is in persons, `breakdowns` counts what was averaged.
    """

    table: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    error: npt.NDArray[np.float64]
    breakdowns: npt.NDArray[np.int64]


def averaged(tables: Sequence[PublicTable], *, variance: float) -> Averaged:
    """What averaging over breakdowns leaves of a perturbation of this variance, in tables of one subject.

    A breakdown of a cell is the finest cells of one set of further dimensions in one table. Every figure is
    taken as perturbed on its own, and empty cells as known.
    """
    cells = cells_side_by_side(tables)
    key = np.column_stack([cells.period, cells.place])
    distinct, first, group = np.unique(key, axis=0, return_index=True, return_inverse=True)
    precision = np.full(len(distinct), 1.0 / variance)
    breakdowns = np.ones(len(distinct), np.int64)
    seen: set[tuple[int, ...]] = set()
    for number in range(len(tables)):
        mine = np.unique(group.reshape(-1)[(cells.table == number) & (cells.value != 0)])
        used = np.nonzero((distinct[mine, 1:] != 0).any(axis=0))[0]
        for broken in _subsets(used):
            # The same breakdown in two tables is the same figures.
            inner = mine[_is_broken(distinct[mine, 1:], broken, used)]
            if len(broken) == 0 or tuple(inner) in seen:
                continue
            seen.add(tuple(inner))
            for kept in _subsets(np.array(broken)):
                if len(kept) < len(broken):
                    _add(distinct, inner, kept, precision, breakdowns, variance)
    order = np.argsort(-precision, kind="stable")
    return Averaged(
        cells.table[first][order], cells.row[first][order], precision[order] ** -0.5, breakdowns[order]
    )


def _add(
    distinct: npt.NDArray[np.int64],
    inner: npt.NDArray[np.int64],
    kept: tuple[int, ...],
    precision: npt.NDArray[np.float64],
    breakdowns: npt.NDArray[np.int64],
    variance: float,
) -> None:
    """Add what a breakdown tells of the margins that keep some of its dimensions."""
    margin = np.zeros((len(inner), distinct.shape[1]), np.int64)
    margin[:, 0] = distinct[inner, 0]
    for at in kept:
        margin[:, at + 1] = distinct[inner, at + 1]
    margins, parts = np.unique(margin, axis=0, return_counts=True)
    both, position, count = np.unique(
        np.concatenate([distinct, margins]), axis=0, return_inverse=True, return_counts=True
    )
    place = np.full(len(both), -1)
    place[position.reshape(-1)[: len(distinct)]] = np.arange(len(distinct))
    target = place[position.reshape(-1)[len(distinct) :]]
    is_known = (target >= 0) & (count[position.reshape(-1)[len(distinct) :]] > 1) & (parts > 1)
    np.add.at(precision, target[is_known], 1.0 / (variance * parts[is_known]))
    np.add.at(breakdowns, target[is_known], 1)


def _is_broken(
    place: npt.NDArray[np.int64], broken: tuple[int, ...], used: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which cells are by exactly these variables."""
    found = np.ones(len(place), bool)
    for at in used:
        found &= (place[:, at] != 0) if at in broken else (place[:, at] == 0)
    return found


def _subsets(used: npt.NDArray[np.int64]) -> list[tuple[int, ...]]:
    names = [int(each) for each in used]
    return [some for size in range(len(names) + 1) for some in itertools.combinations(names, size)]
