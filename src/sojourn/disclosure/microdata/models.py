"""What models say of the records before and after protection: coefficients, and who can tell them apart.

Source: intervals that overlap: A. F. Karr, C. N. Kohnen, A. Oganian, J. P. Reiter and A. P. Sanil, The
American Statistician 60 (2006); propensity scores and their expected mean-squared error: J. Snoke and others,
JRSS A 181 (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.disclosure.microdata.key_codes import key_codes
from sojourn.errors import DataRefused

__all__ = ["Coefficient", "Propensity", "coefficients", "propensity"]

Floats = npt.NDArray[np.float64]
_MOST_CODES = 12
_MOST_RECORDS = 40_000
_STEPS = 25
_RIDGE = 1e-8


@dataclass(frozen=True)
class Coefficient:
    """A coefficient before and after, with standard errors, and how far its intervals of 95 per cent overlap.

    `overlap` is 1 for the same intervals and below zero for intervals apart.
    """

    model: str
    coefficient: str
    before: float
    before_error: float
    after: float
    after_error: float
    overlap: float

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Propensity:
    """How well a logistic regression tells protected records from real ones.

    `error` is the mean-squared distance of its propensities from the share of protected records: zero where
    it cannot. `ratio` is that over what is expected of a correct synthesis; well above 1 says that a
    reader would notice. For records that stand for themselves, as after suppression, it is below 1.
    """

    error: float
    expected: float
    ratio: float
    parameters: int

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


def coefficients(
    before: pa.Table, after: pa.Table, outcome: str, predictors: Sequence[str]
) -> list[Coefficient]:
    """Least squares of a number on predictors, before and after: numbers as they are, codes one by one.

    Records in which something is missing are left out; so are codes that only one of the tables has.

    Raises: DataRefused where fewer records are complete than there are coefficients.
    """
    names, designs = _designs([before, after], predictors, leaves_missing=True)
    fits = []
    for table, design in zip((before, after), designs, strict=True):
        values = _floats(table[outcome])
        complete = np.isfinite(values) & np.all(np.isfinite(design), axis=1)
        fits.append(_least_squares(design[complete], values[complete]))
    found = []
    for at, name in enumerate(names):
        if not fits[0][1][at] * fits[1][1][at] > 0:
            continue
        (here, error), (there, other) = ((fit[0][at], fit[1][at]) for fit in fits)
        found.append(
            Coefficient(
                f"{outcome} ~ {' + '.join(predictors)}",
                name,
                float(here),
                float(error),
                float(there),
                float(other),
                _overlap(here, error, there, other),
            )
        )
    return found


def _least_squares(design: Floats, values: Floats) -> tuple[Floats, Floats]:
    free = len(values) - design.shape[1]
    if free <= 0:
        raise DataRefused(
            "Fewer records are complete than the regression has coefficients.", "Name fewer predictors."
        )
    inverse = np.linalg.pinv(design.T @ design)
    fitted = inverse @ (design.T @ values)
    left = values - design @ fitted
    errors = np.sqrt(np.maximum(np.diag(inverse) * (left @ left) / free, 0.0))
    return fitted, errors


def _overlap(here: float, error: float, there: float, other: float) -> float:
    """The mean share of each interval that lies in the other."""
    low, high = max(here - 1.96 * error, there - 1.96 * other), min(here + 1.96 * error, there + 1.96 * other)
    lengths = [2 * 1.96 * each for each in (error, other)]
    if min(lengths) <= 0:
        return 1.0 if here == there else 0.0
    return float(sum((high - low) / length for length in lengths) / 2)


def propensity(before: pa.Table, after: pa.Table, columns: Sequence[str]) -> Propensity:
    """The propensity score mean-squared error of main effects of the columns.

    Of more than 40,000 records of a table as many are taken, evenly over the file.
    """
    tables = [_evenly(table) for table in (before, after)]
    _, designs = _designs(tables, columns)
    design = np.vstack(designs)
    design = np.where(np.isfinite(design), design, 0.0)
    spread = design.std(axis=0)
    kept = (spread > 0) | (np.arange(design.shape[1]) == 0)
    design = np.where(spread > 0, (design - design.mean(axis=0)) / np.where(spread > 0, spread, 1.0), 1.0)[
        :, kept
    ]
    is_after = np.r_[np.zeros(len(tables[0])), np.ones(len(tables[1]))]
    share = float(is_after.mean())
    score = _logistic(design, is_after)
    error = float(((score - share) ** 2).mean())
    parameters = int(np.linalg.matrix_rank(design))
    expected = (parameters - 1) * (1 - share) ** 2 * share / len(design)
    return Propensity(error, expected, error / expected if expected > 0 else 0.0, parameters)


def _evenly(table: pa.Table) -> pa.Table:
    if len(table) <= _MOST_RECORDS:
        return table
    return table.take(pa.array(np.linspace(0, len(table) - 1, _MOST_RECORDS).astype(np.int64)))


def _logistic(design: Floats, is_one: Floats) -> Floats:
    """Fitted chances of a logistic regression, by Newton steps with a ridge too small to matter."""
    fitted = np.zeros(design.shape[1])
    chance = np.full(len(is_one), 0.5)
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ fitted, -30, 30)))
        spread = np.maximum(chance * (1.0 - chance), 1e-9)
        slope = design.T @ (is_one - chance) - _RIDGE * fitted
        curve = (design * spread[:, None]).T @ design + _RIDGE * np.eye(design.shape[1])
        step = np.linalg.lstsq(curve, slope, rcond=None)[0]
        fitted = fitted + step
        if np.abs(step).max() < 1e-8:
            break
    return 1.0 / (1.0 + np.exp(-np.clip(design @ fitted, -30, 30)))


def _designs(
    tables: Sequence[pa.Table], predictors: Sequence[str], *, leaves_missing: bool = False
) -> tuple[list[str], list[Floats]]:
    """An intercept, numbers, and codes but the commonest; beyond the twelve commonest no code has a column.

    A missing code has a column of its own, or with `leaves_missing` makes its record not a number.
    """
    names = ["(intercept)"]
    parts: list[list[Floats]] = [[np.ones(len(table))] for table in tables]
    for name in predictors:
        kinds = {_is_number(table[name].type) for table in tables}
        if kinds == {True}:
            names.append(name)
            for part, table in zip(parts, tables, strict=True):
                part.append(_floats(table[name]))
            continue
        both = pa.table({name: pa.chunked_array([*(_texts(table[name]) for table in tables)])})
        codes = key_codes(both, [name], unknown=())
        counts = np.bincount(codes.codes[:, 0] + 1, minlength=len(codes.values[0]) + 1)
        order = np.lexsort((np.arange(len(counts)), -counts))
        own = np.split(codes.codes[:, 0] + 1, [len(tables[0])])
        for code in order[1 : _MOST_CODES + 1]:
            if counts[code] and not (leaves_missing and code == 0):
                names.append(f"{name}={'(missing)' if code == 0 else codes.values[0][int(code) - 1].as_py()}")
                for part, column in zip(parts, own, strict=True):
                    is_code = (column == code).astype(np.float64)
                    part.append(np.where(column == 0, np.nan, is_code) if leaves_missing else is_code)
    return names, [np.column_stack(part) for part in parts]


def _texts(column: pa.ChunkedArray) -> pa.Array:
    texts = column.cast(pa.string()).combine_chunks()
    return texts if isinstance(texts, pa.Array) else pa.concat_arrays(texts.chunks)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _floats(column: pa.ChunkedArray) -> Floats:
    found: Floats = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy()
    return found
