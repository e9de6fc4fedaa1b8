"""Numbers as files write them, against a definition that looks at one cell at a time."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.production.written_numbers import numbers, plain_numbers
from sojourn.project.declarations import Arrival

MARKS = [(".", None), (",", None), (",", "."), (".", ","), (",", " "), (".", "'")]


def number_of(cell: str, decimal: str, thousands: str | None) -> float | None:
    """A sign, digits in threes or without marks, a decimal mark and digits, a power of ten."""
    text = cell.lower()
    text = text[1:] if text[:1] in ("+", "-") else text
    mantissa, has_power, power = text.partition("e")
    power = power[1:] if power[:1] in ("+", "-") else power
    if has_power and not (power.isascii() and power.isdigit()):
        return None
    whole, _, part = mantissa.partition(decimal)
    if thousands is not None:
        for blank in "\u00a0\u202f\u2009" if thousands == " " else "":
            whole = whole.replace(blank, " ")
        first, *groups = whole.split(thousands)
        if groups and (not 1 <= len(first) <= 3 or any(len(group) != 3 for group in groups)):
            return None
        whole = "".join([first, *groups])
    if not (whole or part) or not all(p == "" or (p.isascii() and p.isdigit()) for p in (whole, part)):
        return None
    value = float(f"{'-' if cell[0] == '-' else ''}{whole or '0'}.{part or '0'}e{power or '0'}")
    return value if math.isfinite(value) else None


cells = st.one_of(
    st.text("0123456789.,' \u00a0+-eE", min_size=1, max_size=9),
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.decimals(0, 10**7, places=1).map(lambda each: f"{each:,}"),
    st.sampled_from(["nan", "inf", "-Infinity", "1e999", "NA", "1_000", "٣", "0x1"]),
)


@pytest.mark.parametrize(("decimal", "thousands"), MARKS)
@given(given_cells=st.lists(cells, min_size=1, max_size=8))
def test_a_cell_is_the_number_of_its_digits_and_marks_or_none(decimal, thousands, given_cells):
    arrives = Arrival(decimal=decimal, thousands=thousands)
    expected = [number_of(cell, decimal, thousands) for cell in given_cells]
    column = pa.array(given_cells)
    assert numbers(column, arrives).to_pylist() == expected
    plain = plain_numbers(column, arrives).to_pylist()
    for cell, found, value in zip(given_cells, plain, expected, strict=True):
        if value is None:
            assert found == cell
        else:
            assert float(found) == value
