"""Figures of a frame: what each unit adds to them, their true values, and how they vary within strata.

A frame has a row for each person (or household). Units are what is drawn and visited: households, each with
the rows of its members. A figure is a total, a mean, a share, or the difference of two means or shares; its
variance is that of the sum of linearised values, which for a mean of the group d are (y - mean)/D for members
of the group and zero for others. The covariance of two groups in one household is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from sojourn.errors import Problem, ProjectError

__all__ = ["Figure", "Figures", "figures_of", "variances_within"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
FigureKind = Literal["total", "mean", "proportion", "difference"]


@dataclass(frozen=True)
class Figure:
    """What is estimated, over the rows of a frame.

    `of` is the value of each row (1 and 0 for a share), `among` says which rows are of the group, `against`
    which are of the other group of a difference. A row whose value is missing (NaN) is in no group.
    """

    name: str
    kind: FigureKind
    of: Floats
    among: Flags
    against: Flags | None = None


@dataclass(frozen=True)
class Figures:
    """What units add to figures: for each unit that adds anything to one, four sums over its rows.

    `start` says where the contributions of each unit begin in `figure` and `sums`; the sums are the values
    and the number of members of the group, and of the other group. `totals` are the sums over all units.
    """

    names: tuple[str, ...]
    kinds: tuple[FigureKind, ...]
    start: Integers
    figure: Integers
    sums: Floats
    totals: Floats

    def __len__(self) -> int:
        return len(self.names)

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.start) - 1

    @cached_property
    def truth(self) -> Floats:
        """The figures over the whole frame."""
        return estimates_of(self.totals, self.is_ratio, self.is_difference)

    @cached_property
    def is_ratio(self) -> Flags:
        """Which figures are divided by the number of members."""
        return np.array([kind != "total" for kind in self.kinds], bool)

    @cached_property
    def is_difference(self) -> Flags:
        """Which figures are differences."""
        return np.array([kind == "difference" for kind in self.kinds], bool)

    @cached_property
    def unit(self) -> Integers:
        """The unit of each contribution."""
        return np.repeat(np.arange(self.units), np.diff(self.start))

    @cached_property
    def linearised(self) -> Floats:
        """The linearised value of each contribution, at the true values."""
        totals, sums = self.totals[self.figure], self.sums
        is_ratio, is_difference = self.is_ratio[self.figure], self.is_difference[self.figure]
        first = np.where(is_ratio, _off_ratio(sums[:, 0], sums[:, 1], totals[:, 0], totals[:, 1]), sums[:, 0])
        second = _off_ratio(sums[:, 2], sums[:, 3], totals[:, 2], totals[:, 3])
        return first - np.where(is_difference, second, 0.0)


def figures_of(figures: Sequence[Figure], unit: Integers, units: int) -> Figures:
    """What each unit adds to figures; `unit` is the number of each row's unit, counted from 0.

    Raises: ProjectError for a figure of a group that nobody in the frame belongs to.
    """
    parts, wheres, numbers = [], [], []
    totals = np.zeros((len(figures), 4))
    problems = []
    for number, figure in enumerate(figures):
        at, sums = _contributions(figure, unit)
        totals[number] = sums.sum(axis=0)
        empty = totals[number, 1] == 0 or (figure.kind == "difference" and totals[number, 3] == 0)
        if empty:
            remedy = "Look at the condition, or leave the figure out."
            problems.append(Problem("", None, f"{figure.name}: nobody in the frame is of the group.", remedy))
        parts.append(sums)
        wheres.append(at)
        numbers.append(np.full(len(at), number))
    if problems or not figures:
        raise ProjectError(problems or [Problem("", None, "There is no figure.", "Declare a goal.")])
    where, number_of, sums = np.concatenate(wheres), np.concatenate(numbers), np.concatenate(parts)
    order = np.lexsort((number_of, where))
    start = np.concatenate([[0], np.bincount(where, minlength=units).cumsum()]).astype(np.int64)
    return Figures(
        tuple(each.name for each in figures), tuple(each.kind for each in figures), start,
        number_of[order].astype(np.int64), np.ascontiguousarray(sums[order]), totals,
    )  # fmt: skip


def _contributions(figure: Figure, unit: Integers) -> tuple[Integers, Floats]:
    """The units that add to a figure, and what each adds."""
    has_value = ~np.isnan(figure.of)
    groups = [figure.among & has_value]
    if figure.against is not None:
        groups.append(figure.against & has_value)
    rows = np.flatnonzero(np.logical_or.reduce(groups))
    at, place = np.unique(unit[rows], return_inverse=True)
    sums = np.zeros((len(at), 4))
    for number, group in enumerate(groups):
        member = group[rows].astype(np.float64)
        sums[:, 2 * number] = np.bincount(place, member * figure.of[rows], len(at))
        sums[:, 2 * number + 1] = np.bincount(place, member, len(at))
    return at, sums


def estimates_of(totals: Floats, is_ratio: Flags, is_difference: Flags) -> Floats:
    """Figures from their four totals, in the last dimension; NaN where a group is empty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(is_ratio, totals[..., 0] / totals[..., 1], totals[..., 0])
        second = np.where(is_difference, totals[..., 2] / totals[..., 3], 0.0)
    found: Floats = first - second
    return found


def variances_within(figures: Figures, group: Integers, groups: int) -> tuple[Floats, Floats]:
    """The sums and the variances of linearised values over the units of each group of units.

    A row for each figure, a column for each group (stratum or place); `group` is that of each unit. Units
    that add nothing count as zeros. A group of one unit has no variance, and so zero.
    """
    sizes = np.bincount(group, minlength=groups).astype(np.float64)
    cell = figures.figure * groups + group[figures.unit]
    shape = (len(figures), groups)
    cells = len(figures) * groups
    sums = np.bincount(cell, figures.linearised, cells).astype(np.float64)
    means = sums / np.tile(np.maximum(sizes, 1.0), len(figures))
    off = np.bincount(cell, (figures.linearised - means[cell]) ** 2, cells)
    present = np.bincount(cell, minlength=cells)
    squares = off + (np.tile(sizes, len(figures)) - present) * means**2
    variance: Floats = squares / np.tile(np.maximum(sizes - 1, 1.0), len(figures))
    return sums.reshape(shape), np.where(sizes > 1, variance.reshape(shape), 0.0)


def _off_ratio(values: Floats, members: Floats, all_values: Floats, all_members: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (values - all_values / all_members * members) / all_members
    return found
