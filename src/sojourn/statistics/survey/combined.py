"""Figures from several plausible values or imputations of one quantity, combined.

Each version of the quantity gives a table; their mean is the figure. Its variance is the mean of theirs plus
(1 + 1/m) times the variance between the versions. Source: Rubin, Multiple Imputation for Nonresponse in
Surveys, 1987; degrees of freedom by Barnard and Rubin, Biometrika 86, 1999.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import ProjectError
from sojourn.statistics.survey.intervals import ends

__all__ = ["combined"]

Floats = npt.NDArray[np.float64]
_NUMBERS = ("value", "variance", "standard_error", "cv", "lower", "upper", "effective_size", "design_effect")


def combined(tables: Sequence[pa.Table], *, level: float = 0.95) -> pa.Table:
    """The survey table of a quantity that is there in several versions; intervals are Student's t.

    Raises: ProjectError for fewer than two tables, or tables of different cells.
    """
    if len(tables) < 2:
        raise ProjectError(
            f"{len(tables)} version of a quantity cannot be combined.",
            "Give one table for each of two or more.",
        )
    first = tables[0]
    codes = first.column_names[: first.column_names.index("figure") + 1]
    if any(not each.select(codes).equals(first.select(codes)) for each in tables[1:]):
        raise ProjectError(
            "The versions of a quantity have different cells.",
            "Make the tables in the same way from one cube.",
        )
    value, variance, size, effect = (
        np.column_stack([_numbers(each, name) for each in tables])
        for name in ("value", "variance", "effective_size", "design_effect")
    )
    between = value.var(axis=1, ddof=1)
    within = variance.mean(axis=1)
    count = len(tables)
    total = within + (1 + 1 / count) * between
    freedom = _freedom(within, (1 + 1 / count) * between, total, count, _numbers(first, "degrees_of_freedom"))
    mean = value.mean(axis=1)
    lower, upper = ends("t", mean, total, freedom, np.full(len(mean), np.nan), level)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(total)
        cv = np.where(mean != 0, 100 * error / np.abs(mean), np.nan)
    every = (mean, total, error, cv, lower, upper, size.mean(axis=1), effect.mean(axis=1))
    found = dict(zip(_NUMBERS, every, strict=True))
    whole = {
        "degrees_of_freedom": pa.array(np.floor(np.nan_to_num(freedom)).astype(np.int64)),
        "contributors": _least(tables, "contributors"),
        "not_stated": _least(tables, "not_stated"),
        "meeting": _least(tables, "meeting"),
    }
    columns = {name: pa.array(each, mask=~np.isfinite(each)) for name, each in found.items()} | whole
    return pa.table({name: columns.get(name, first[name]) for name in first.column_names})


def _numbers(table: pa.Table, name: str) -> Floats:
    numbers: Floats = table[name].to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers


def _least(tables: Sequence[pa.Table], name: str) -> pa.Array:
    return pc.min_element_wise(*(each[name].combine_chunks() for each in tables))


def _freedom(within: Floats, between: Floats, total: Floats, count: int, complete: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        share = between / total
        old = np.where(between > 0, (count - 1) / share**2, np.inf)
        observed = (complete + 1) / (complete + 3) * complete * (1 - share)
        found: Floats = 1.0 / (1.0 / old + 1.0 / observed)
    return found
