"""What matching cannot know: the bounds of the joint distribution of two columns that no file has together.

Two files share some columns; the first has one more, the second another. How these two go together is not in
the data. Given each class of the shared columns their joint shares lie between Fréchet's bounds; that they
are independent given the class is an assumption, and what any matching on these columns silently makes.

Source: M. D'Orazio, M. Di Zio and M. Scanu, Statistical Matching: Theory and Practice, 2006, chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.weighting.auxiliaries import require_columns
from sojourn.statistics.weighting.calibration import require_weights
from sojourn.statistics.weighting.crossings import codes_of, crossing
from sojourn.statistics.weighting.margins import Cell, cell_name

__all__ = ["JointBounds", "joint_bounds"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JointBounds:
    """Bounds of joint shares, cell by cell, and how wide they are on average.

    `cells`: the two codes; `lower` and `upper` given the shared columns, `independent` (the share if the two
    are independent given these), `lower_without` and `upper_without` the shared columns. `uncertainty` is the
    mean width over the cells, and `uncertainty_without` that without shared columns: what is left of it is
    what no matching can know.
    """

    cells: pa.Table
    uncertainty: float
    uncertainty_without: float


def joint_bounds(
    first: pa.Table,
    second: pa.Table,
    *,
    shared: tuple[str, ...],
    of_first: str,
    of_second: str,
    first_weight: str | None = None,
    second_weight: str | None = None,
    classes_of: Literal["both", "first", "second"] = "both",
) -> JointBounds:
    """Fréchet bounds of the joint distribution of a column of each of two files that share others.

    The shares of classes are those of one file, or of `both` together, each with its own total one. An
    unknown code is a code like any other.

    Raises: ProjectError for columns; DataRefused for weights, empty files, and classes that one file has and
    the other has not.
    """
    if classes_of not in ("both", "first", "second"):
        raise ProjectError(f"Classes cannot be those of {classes_of!r}.", "Declare both, first or second.")
    if of_first == of_second:
        raise ProjectError(
            f"Both files call their own column {shown(of_first)}.", "Rename one: they are two things."
        )
    require_columns(first, [*shared, of_first])
    require_columns(second, [*shared, of_second])
    mine, yours = codes_of(first, shared), codes_of(second, shared)
    joined = {name: pa.concat_arrays([mine[name], yours[name]]) for name in shared}
    code, cells = crossing(joined, len(first) + len(second))
    one, one_codes = _shares(first, code[: len(first)], len(cells), of_first, first_weight)
    two, two_codes = _shares(second, code[len(first) :], len(cells), of_second, second_weight)
    sizes = one.sum(axis=1), two.sum(axis=1)
    _require_both(sizes, cells, shared)
    of_class = {"first": sizes[0], "second": sizes[1], "both": (sizes[0] + sizes[1]) / 2}[classes_of]
    used = of_class > 0
    given_one = one[used] / sizes[0][used, None]
    given_two = two[used] / sizes[1][used, None]
    return _bounds(of_class[used], given_one, given_two, one_codes, two_codes, (of_first, of_second))


def _require_both(sizes: tuple[Floats, Floats], cells: list[Cell], shared: tuple[str, ...]) -> None:
    lonely = np.flatnonzero((sizes[0] > 0) != (sizes[1] > 0))
    if len(lonely):
        raise DataRefused(
            f"{len(lonely):,} classes have people in one file only, among them"
            f" {cell_name(shared, cells[lonely[0]])}.",
            "Merge classes of the shared columns until both files have people in each.",
        )


def _shares(
    table: pa.Table, code: npt.NDArray[np.int64], classes: int, column: str, weight: str | None
) -> tuple[Floats, list[str]]:
    """Shares of a file by class and code of a column."""
    if not len(table):
        raise DataRefused("A file has no records.", "Look for a filter that lets nobody through.")
    weights = np.ones(len(table)) if weight is None else require_weights(table, weight)
    own, cells = crossing(codes_of(table, [column]), len(table))
    sums = np.bincount(code * len(cells) + own, weights, classes * len(cells))
    found: Floats = (sums / weights.sum()).reshape(classes, len(cells))
    return found, [cell[0] for cell in cells]


def _bounds(
    of_class: Floats,
    one: Floats,
    two: Floats,
    one_codes: list[str],
    two_codes: list[str],
    names: tuple[str, str],
) -> JointBounds:
    left, right = one[:, :, None], two[:, None, :]
    size = of_class[:, None, None]
    lower = (size * np.maximum(left + right - 1, 0)).sum(axis=0)
    upper = (size * np.minimum(left, right)).sum(axis=0)
    independent = (size * left * right).sum(axis=0)
    all_one, all_two = of_class @ one, of_class @ two
    lower_without = np.maximum(all_one[:, None] + all_two - 1, 0)
    upper_without = np.minimum(all_one[:, None], all_two)
    cells = pa.table(
        {
            names[0]: pa.array(np.repeat(np.array(one_codes, dtype=object), len(two_codes)), pa.string()),
            names[1]: pa.array(np.tile(np.array(two_codes, dtype=object), len(one_codes)), pa.string()),
            "lower": lower.ravel(),
            "upper": upper.ravel(),
            "independent": independent.ravel(),
            "lower_without": lower_without.ravel(),
            "upper_without": upper_without.ravel(),
        }
    )
    return JointBounds(cells, float((upper - lower).mean()), float((upper_without - lower_without).mean()))
