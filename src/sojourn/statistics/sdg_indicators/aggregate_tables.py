"""Tables of aggregates: their columns read and checked, and their rows added up with totals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import gammaincinv

from sojourn.errors import DataRefused, Problem, ProjectError

__all__ = ["added_up", "count_interval", "numbers_of", "over", "refused", "same_in_groups", "with_totals"]

Floats = npt.NDArray[np.float64]
TOTAL = "_T"


def numbers_of(table: pa.Table, *names: str, optional: Sequence[str] = ()) -> dict[str, Floats]:
    """Columns as numbers; NaN where nothing is stated. An optional column that is absent is NaN throughout.

    Raises: DataRefused for columns that are absent, are no numbers, or hold numbers below zero.
    """
    absent = [name for name in names if name not in table.column_names]
    if absent:
        raise refused(f"there is no column {', '.join(absent)}.", f"The table needs {', '.join(names)}.")
    found = {}
    for name in (*names, *optional):
        if name not in table.column_names:
            found[name] = np.full(len(table), np.nan)
            continue
        try:
            column = table[name].cast(pa.float64())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise refused(
                f"the column {name} holds what is no number.", "Leave empty what is not known."
            ) from error
        found[name] = column.to_numpy(zero_copy_only=False).astype(np.float64)
        if (found[name] < 0).any():
            raise refused(f"the column {name} is below zero in some rows.", "Look at these rows.")
    return found


def refused(message: str, remedy: str) -> DataRefused:
    """A table of aggregates that cannot be used, and why."""
    return DataRefused(Problem("", None, message, remedy))


def over(numerator: Floats, denominator: Floats, factor: float) -> Floats:
    """One number over another times a factor; NaN where either is not known or the denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(denominator > 0, factor * numerator / denominator, np.nan)
    return found


def count_interval(count: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Between which numbers the expected count lies, if events are independent: the exact Poisson interval.

    Source: Garwood, Biometrika 28, 1936.
    """
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(count > 0, gammaincinv(np.maximum(count, 1e-300), tail), 0.0)
        upper = gammaincinv(count + 1, 1 - tail)
    return np.where(np.isnan(count), np.nan, lower), np.where(np.isnan(count), np.nan, upper)


def with_totals(table: pa.Table, dimensions: Sequence[str]) -> pa.Table:
    """The rows, once for each set of dimensions that are totalled: there these hold `_T`.

    Raises: DataRefused for dimensions that are absent or hold `_T` already.
    """
    absent = [name for name in dimensions if name not in table.column_names]
    if absent:
        raise refused(f"there is no column {', '.join(absent)}.", "Name columns of the table.")
    texts = {name: pc.fill_null(table[name].cast(pa.string()), "_U") for name in dimensions}
    for name, column in texts.items():
        if pc.any(pc.equal(column, TOTAL)).as_py():
            raise refused(
                f"the column {name} holds _T, the code of totals.", "Leave totals out: they are made."
            )
    parts = []
    for size in range(len(dimensions), -1, -1):
        for kept in itertools.combinations(dimensions, size):
            part = table
            for name in dimensions:
                values = texts[name] if name in kept else pa.repeat(TOTAL, len(table))
                part = part.set_column(part.column_names.index(name), name, values)
            parts.append(part)
    return pa.concat_tables(parts)


def added_up(
    table: pa.Table, dimensions: Sequence[str], numbers: Mapping[str, Floats]
) -> tuple[dict[str, list[str]], dict[str, Floats]]:
    """Cells in the order of their codes, totals last, and the sum of each number in each of them.

    A sum over rows of which one is not known is not known.
    """
    keys = list(zip(*(table[name].to_pylist() for name in dimensions), strict=True)) or [()] * len(table)
    cells = sorted(set(keys), key=lambda key: [(code == TOTAL, code) for code in key])
    place = {key: at for at, key in enumerate(cells)}
    of_row = np.array([place[key] for key in keys], np.int64)
    codes = {name: [cell[at] for cell in cells] for at, name in enumerate(dimensions)}
    sums = {}
    for name, values in numbers.items():
        total = np.zeros(len(cells))
        np.add.at(total, of_row, values)
        sums[name] = total
    return codes, sums


def same_in_groups(table: pa.Table, dimensions: Sequence[str], name: str, values: Floats) -> None:
    """Refuse a number that differs between rows with the same codes.

    Raises: DataRefused.
    """
    seen: dict[Any, float] = {}
    keys = list(zip(*(table[each].to_pylist() for each in dimensions), strict=True)) or [()] * len(table)
    for key, value in zip(keys, values.tolist(), strict=True):
        if seen.setdefault(key, value) != value:
            about = f" of one {' and '.join(dimensions)}" if dimensions else ""
            raise refused(
                f"the column {name} differs between rows{about}.", "It is one number for all of them."
            )


def require_distinct(table: pa.Table, names: Sequence[str]) -> None:
    """Refuse rows that say the same thing twice.

    Raises: DataRefused.
    """
    absent = [name for name in names if name not in table.column_names]
    if absent:
        raise refused(f"there is no column {', '.join(absent)}.", f"The table needs {', '.join(names)}.")
    if table.group_by(list(names)).aggregate([]).num_rows < len(table):
        raise refused(f"two rows have the same {' and '.join(names)}.", "Add them up, or leave one out.")


def unknown_codes(table: pa.Table, name: str, codes: Sequence[str]) -> None:
    """Refuse codes that a column cannot have.

    Raises: ProjectError.
    """
    strange = sorted({str(code) for code in table[name].to_pylist()} - set(codes))
    if strange:
        raise ProjectError(
            f"The column {name} cannot hold {', '.join(strange[:3])}.", f"Its codes are {', '.join(codes)}."
        )
