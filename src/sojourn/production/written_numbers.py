"""Numbers as a file writes them: with the declared mark before decimals, and the one between thousands."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.project.declarations import Arrival

__all__ = ["masked", "numbers", "plain_numbers"]

_BLANKS = r"[ \x{00a0}\x{202f}\x{2009}]"
_LONGEST_MASK = 20


def numbers(cells: pa.Array | pa.ChunkedArray, arrives: Arrival) -> pa.Array | pa.ChunkedArray:
    """Cells as doubles; null where nothing stands there, or no finite number as it is declared to be written.

    A mark between thousands stands before groups of three digits or nowhere: where decimals are written with
    a comma, `1.5` with the thousands mark `.` is no number, rather than fifteen.
    """
    if arrives.decimal == "." and arrives.thousands is None:
        try:
            found = cells.cast(pa.float64())
        except pa.ArrowInvalid:
            pass
        else:
            if not found.null_count and np.isfinite(np.asarray(found)).all():
                return found
    is_number = pc.fill_null(pc.match_substring_regex(cells, _pattern(arrives)), False)
    text = pc.if_else(is_number, _rewritten(cells, arrives), pa.scalar(None, pa.string()))
    return _finite(pc.utf8_ltrim(text, characters="+").cast(pa.float64()))


def plain_numbers(cells: pa.Array | pa.ChunkedArray, arrives: Arrival) -> pa.Array | pa.ChunkedArray:
    """Cells in which numbers are written with a point and no marks between thousands; others as they are."""
    if arrives.decimal == "." and arrives.thousands is None:
        return cells
    is_number = pc.fill_null(pc.match_substring_regex(cells, _pattern(arrives)), False)
    # A text with the point of another way to write numbers must not become one.
    return pc.if_else(is_number, _rewritten(cells, arrives), cells)


def masked(cell: str) -> str:
    """The form of a cell without its content: digits are 9, letters A."""
    form = "".join(
        "9" if letter.isdigit() else "A" if letter.isalpha() else letter if letter.isprintable() else "·"
        for letter in cell
    )
    return form if len(form) <= _LONGEST_MASK else form[: _LONGEST_MASK - 1] + "…"


def _pattern(arrives: Arrival) -> str:
    decimal = re.escape(arrives.decimal)
    digits = r"[0-9]+"
    if arrives.thousands is not None:
        digits += f"|[0-9]{{1,3}}(?:{_mark(arrives.thousands)}[0-9]{{3}})+"
    return rf"^[+-]?(?:(?:{digits})(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?$"


def _mark(thousands: str) -> str:
    return _BLANKS if thousands.isspace() else re.escape(thousands)


def _rewritten(cells: pa.Array | pa.ChunkedArray, arrives: Arrival) -> pa.Array | pa.ChunkedArray:
    if arrives.thousands is not None:
        cells = pc.replace_substring_regex(cells, _mark(arrives.thousands), "")
    return pc.replace_substring(cells, arrives.decimal, ".")


def _finite(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
