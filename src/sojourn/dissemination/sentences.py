"""A selection in plain words: the level, what changed, the largest, how sure, what is missing.

A reader who sees neither table nor chart gets the same facts. A change that sampling
and linkage alone could have made is not called a rise.
"""

from __future__ import annotations

import math

import numpy as np

from sojourn.dissemination.descriptions import TableDescription, text_in
from sojourn.dissemination.grid import Grid
from sojourn.dissemination.selection import SUM, TIME, label_of
from sojourn.dissemination.wording import Wording

__all__ = ["NORMAL_95", "row_label", "slice_label", "summary", "title_of"]

NORMAL_95 = 1.959964
LARGEST = 3
_COUNTED = (("E", "estimated"), ("P", "provisional"), ("U", "unreliable"), ("B", "break"))


def title_of(description: TableDescription, laid_out: Grid, words: Wording) -> str:
    """The table's title with what the selection fixes: `Immigrants by citizenship, Women, 2024`."""
    title = text_in(description.title, words.language)[0]
    fixed = slice_label(description, laid_out, words)
    return words("sentence.title", title=title, slice=fixed) if fixed else title


def slice_label(description: TableDescription, laid_out: Grid, words: Wording) -> str:
    """The names of what is fixed in a selection, totals left out."""
    totals = {dimension.id: dimension.total for dimension in description.dimensions}
    names = [
        label_of(description, name, code, words.language)[0]
        for name, code in laid_out.fixed
        if code != totals.get(name)
    ]
    if laid_out.column_dimension == TIME and len(laid_out.columns) == 1:
        names.append(laid_out.columns[0])
    return words("sentence.comma").join(names)


def row_label(description: TableDescription, laid_out: Grid, row: int, words: Wording) -> str:
    """The name of a row: the names of its codes."""
    codes = zip(laid_out.row_dimensions, laid_out.rows[row], strict=True)
    return words("sentence.comma").join(
        label_of(description, name, code, words.language)[0] for name, code in codes
    )


def summary(description: TableDescription, laid_out: Grid, words: Wording) -> tuple[str, ...]:
    """Sentences on a selection. Of two rows without a total, each has its level told."""
    if not laid_out.rows:
        return (words("sentence.empty"),)
    values, errors = laid_out.numbers("OBS_VALUE"), laid_out.numbers("SE")
    linkage = laid_out.numbers("LINKAGE_SE")
    found: list[str] = []
    total = _total_row(description, laid_out)
    few = range(len(laid_out.rows)) if len(laid_out.rows) < LARGEST else ()
    for row in few if total is None else (total,):
        found += _level(description, laid_out, row, (values, errors, linkage), words)
    found += _largest(description, laid_out, total, values, words)
    return (*found, *_gaps(laid_out, words))


def _total_row(description: TableDescription, laid_out: Grid) -> int | None:
    totals = {dimension.id: dimension.total for dimension in description.dimensions}
    wanted = tuple(totals.get(name) for name in laid_out.row_dimensions)
    if len(laid_out.rows) == 1:
        return 0
    return next((row for row, codes in enumerate(laid_out.rows) if codes == wanted), None)


def _level(
    description: TableDescription,
    laid_out: Grid,
    row: int,
    numbers: tuple[np.ndarray, np.ndarray, np.ndarray],
    words: Wording,
) -> list[str]:
    """The level of a row; `numbers` are its figures, their errors of sampling, and what linkage adds."""
    values, errors, linkage = numbers
    if laid_out.column_dimension != TIME or math.isnan(values[row, -1]):
        return []
    decimals, last, error = description.unit.decimals, float(values[row, -1]), float(errors[row, -1])
    unit = text_in(description.unit.name, words.language)[0]
    name = words.isolated(row_label(description, laid_out, row, words))
    found = [
        words(
            "sentence.level",
            name=name,
            period=laid_out.columns[-1],
            value=words.number(last, decimals),
            unit=unit,
        )
    ]
    if not math.isnan(error):
        low, high = (words.number(last + sign * NORMAL_95 * error, decimals) for sign in (-1, 1))
        found.append(words("sentence.interval", low=low, high=high))
    by_linkage = float(linkage[row, -1])
    if not math.isnan(by_linkage):
        found.append(words("sentence.linkage", half=words.number(NORMAL_95 * by_linkage, decimals)))
    first = float(values[row, 0])
    if len(laid_out.columns) > 1 and not math.isnan(first):
        of_change = _together(errors[row, 0], error, linkage[row, 0], by_linkage)
        found.append(_change(laid_out, first, last, of_change, decimals, words))
    return found


def _together(*errors: float) -> float:
    """The error of a difference from those that are known of both sides; not a number where none is."""
    known = [float(error) for error in errors if not math.isnan(error)]
    return math.hypot(*known) if known else math.nan


def _change(laid_out: Grid, first: float, last: float, error: float, decimals: int, words: Wording) -> str:
    difference = last - first
    period = laid_out.columns[0]
    if not math.isnan(error) and abs(difference) < NORMAL_95 * error:
        return words("sentence.unclear", period=period)
    if round(difference, decimals) == 0:
        return words("sentence.same", period=period)
    key = "sentence.rose" if difference > 0 else "sentence.fell"
    by = words.number(abs(difference), decimals)
    if first > 0 and decimals == 0:
        return words(
            f"{key}_percent", period=period, by=by, percent=words.number(100 * abs(difference) / first, 1)
        )
    return words(key, period=period, by=by)


def _largest(
    description: TableDescription, laid_out: Grid, total: int | None, values: np.ndarray, words: Wording
) -> list[str]:
    if len(laid_out.rows) < LARGEST or laid_out.column_dimension != TIME:
        return []
    last = values[:, -1].copy()
    sums = [row for row, codes in enumerate(laid_out.rows) if SUM in codes]
    last[[*sums, *([] if total is None else [total])]] = np.nan
    order = [int(row) for row in np.argsort(-np.nan_to_num(last, nan=-np.inf), kind="stable")[:LARGEST]]
    decimals = description.unit.decimals
    parts = [
        words(
            "sentence.part",
            name=words.isolated(row_label(description, laid_out, row, words)),
            value=words.number(float(last[row]), decimals),
        )
        for row in order
        if not math.isnan(last[row])
    ]
    if not parts:
        return []
    return [words("sentence.largest", period=laid_out.columns[-1], parts=words.listed(parts))]


def _gaps(laid_out: Grid, words: Wording) -> list[str]:
    confidentiality, statuses = laid_out.texts("CONF_STATUS"), laid_out.texts("OBS_STATUS")
    present = laid_out.at >= 0
    withheld = int(np.sum(present & (confidentiality != "F")))
    found = [words.plural("sentence.withheld", withheld)] if withheld else []
    for status, name in _COUNTED:
        count = int(np.sum(statuses == status))
        if count:
            found.append(words.plural(f"sentence.{name}", count))
    return found
