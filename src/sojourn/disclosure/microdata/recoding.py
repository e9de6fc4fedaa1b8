"""Global recoding: whole columns made coarser, by a map, in bands, at the ends, by rounding, to periods.

What is not known stays so. Nothing is guessed: a value that a map does not name is refused unless the map
says what becomes of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused, ProjectError, shown

__all__ = ["banded", "cut_to_period", "end_coded", "mapped", "rounded"]

Floats = npt.NDArray[np.float64]
_PERIODS = {"year": "%Y", "month": "%Y-%m", "quarter": "%Y-%m"}


def mapped(
    column: pa.ChunkedArray,
    codes: Mapping[str, str],
    *,
    others: str | None = None,
    keeps_others: bool = False,
) -> pa.ChunkedArray:
    """A column as text in which each code is replaced by what the map says.

    `others` is what becomes of values that the map does not name; with `keeps_others` they stay.

    Raises: DataRefused when some value is not in the map and neither is given.
    """
    texts = column.cast(pa.string())
    places = pc.index_in(texts, pa.array(list(codes), pa.string()))
    found = pa.array(list(codes.values()), pa.string()).take(places.combine_chunks())
    unnamed = pc.and_(pc.is_valid(texts), pc.is_null(places))
    if keeps_others:
        return pa.chunked_array([pc.if_else(unnamed.combine_chunks(), texts.combine_chunks(), found)])
    strange = int(pc.sum(unnamed).as_py() or 0)
    if strange and others is None:
        raise DataRefused(
            f"{strange:,} records have a value that the map does not name.",
            "Name all codes, or say with `others` what becomes of the rest.",
        )
    filled = pc.if_else(unnamed.combine_chunks(), pa.scalar(others, pa.string()), found)
    return pa.chunked_array([filled])


def banded(column: pa.ChunkedArray, starts: Sequence[float]) -> pa.ChunkedArray:
    """Bands of a column of numbers as text: from each start to before the next, and from the last on.

    Whole starts give 20-24 and 65+; what is below the first start is written with a sign, as in <20.

    Raises: ProjectError for starts that do not rise.
    """
    if not len(starts) or any(after <= here for here, after in pairwise(starts)):
        raise ProjectError("The starts of the bands do not rise.", "Write them in order, as in [0, 15, 65].")
    values = _floats(column)
    names = [f"<{_written(starts[0])}"]
    for here, after in pairwise(starts):
        if here == int(here) and after == int(after):
            last = int(after) - 1
            names.append(_written(here) if last == here else f"{_written(here)}-{last}")
        else:
            names.append(f"{_written(here)}-<{_written(after)}")
    names.append(f"{_written(starts[-1])}+")
    place = np.searchsorted(np.asarray(starts, np.float64), values, side="right")
    known = np.isfinite(values)
    return pa.chunked_array([pa.array(names, pa.string()).take(pa.array(place, mask=~known))])


def end_coded(
    column: pa.ChunkedArray, *, lowest: float | None = None, highest: float | None = None
) -> tuple[pa.ChunkedArray, int]:
    """Numbers of which those beyond an end become the mean of all beyond it, so that totals stay; how many.

    The mean is written as the column's numbers are: whole numbers stay whole. One record alone beyond an end
    would stay what it is, and so would several that are equal.

    Raises: DataRefused where all records beyond an end have one value; ProjectError without an end.
    """
    if lowest is None and highest is None:
        raise ProjectError("No end is given.", "Give `bottom`, `top`, or both.")
    values = _floats(column)
    changed = 0
    found = values.copy()
    with np.errstate(invalid="ignore"):
        beyond = [values < lowest] if lowest is not None else []
        beyond += [values > highest] if highest is not None else []
    for side in beyond:
        if side.any():
            if np.ptp(values[side]) == 0:
                raise DataRefused(
                    "All records beyond an end have one value, which their mean would show.",
                    "Move the end so that records with several values lie beyond it.",
                )
            found[side] = values[side].mean()
            changed += int(side.sum())
    return as_before(found, column.type), changed


def rounded(column: pa.ChunkedArray, base: float) -> pa.ChunkedArray:
    """Numbers as the nearest multiple of a base, halves to the even multiple.

    Raises: ProjectError for a base that is not above zero.
    """
    if not base > 0:
        raise ProjectError(f"Numbers cannot be rounded to multiples of {base}.", "Give a base above zero.")
    return as_before(np.round(_floats(column) / base) * base, column.type)


def cut_to_period(column: pa.ChunkedArray, period: str) -> pa.ChunkedArray:
    """Days as the year, quarter or month in which they lie, as text in the notation of SDMX.

    Raises: ProjectError for another period; DataRefused for a column that holds no days.
    """
    if period not in _PERIODS:
        raise ProjectError(f"There is no period {shown(period)}.", f"There are: {', '.join(_PERIODS)}.")
    if not pa.types.is_temporal(column.type):
        raise DataRefused("The column holds no days.", "Write days as 2024-03-31, or declare another step.")
    days = column.cast(pa.timestamp("s"))
    if period == "quarter":
        year = pc.strftime(days, "%Y")
        quarter = pc.quarter(days).cast(pa.string())
        return pc.binary_join_element_wise(year, quarter, "-Q")
    return pc.strftime(days, _PERIODS[period])


def as_before(values: Floats, kind: pa.DataType) -> pa.ChunkedArray:
    """Numbers in the type of the column that they come from; what is not a number is missing."""
    known = np.isfinite(values)
    if pa.types.is_integer(kind):
        whole = np.round(np.where(known, values, 0.0)).astype(np.int64)
        return pa.chunked_array([pa.array(whole, pa.int64(), mask=~known).cast(kind)])
    return pa.chunked_array([pa.array(values, pa.float64(), mask=~known)])


def _floats(column: pa.ChunkedArray) -> Floats:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataRefused("The column holds no numbers.", "Look at the column, or declare another step.")
    found: Floats = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy()
    return found


def _written(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"
