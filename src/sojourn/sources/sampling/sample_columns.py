"""Columns of a sample's table as numbers and codes, refused where they are not what an estimator needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused

__all__ = [
    "Claims",
    "Codes",
    "Floats",
    "claims",
    "codes_of",
    "known_codes",
    "known_numbers",
    "numbers",
    "places_of",
    "positive_numbers",
    "require_columns",
    "require_once",
]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Claims = npt.NDArray[np.bool_]


def require_columns(table: pa.Table, names: Sequence[str | None]) -> None:
    """Raises: DataRefused naming every column that the table lacks."""
    absent = sorted({name for name in names if name is not None and name not in table.column_names})
    if absent:
        raise DataRefused(
            f"The table has no column {', '.join(absent)}.",
            f"Its columns are {', '.join(table.column_names)}: correct the declaration or the table.",
        )


def numbers(table: pa.Table, name: str) -> Floats:
    """A column as numbers; what is missing is not a number.

    Raises: DataRefused when it is absent, is no number, or holds one that is not finite.
    """
    require_columns(table, [name])
    column = table[name]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    ):
        raise DataRefused(
            f"The column {name} holds {kind}, not numbers.",
            "Name a column of numbers, or ask for the share of a category.",
        )
    found: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if np.isnan(found).sum() > column.null_count or np.isinf(found).any():
        raise DataRefused(
            f"The column {name} holds something that is no finite number.",
            "Leave the cell empty where a value is missing.",
        )
    return found


def known_numbers(table: pa.Table, name: str) -> Floats:
    """A column of numbers without a gap.

    Raises: DataRefused, as `numbers`, and when a value is missing.
    """
    found = numbers(table, name)
    missing = int(np.isnan(found).sum())
    if missing:
        raise DataRefused(
            f"The column {name} is empty in {missing} rows.",
            "A design column must be filled in every row.",
        )
    return found


def positive_numbers(table: pa.Table, name: str) -> Floats:
    """A column of numbers above zero.

    Raises: DataRefused, as `known_numbers`, and for zero or less.
    """
    found = known_numbers(table, name)
    wrong = int((found <= 0).sum())
    if wrong:
        raise DataRefused(
            f"The column {name} is zero or negative in {wrong} rows.",
            "Take out the rows that were not sampled, or correct the values.",
        )
    return found


def claims(table: pa.Table, name: str) -> Claims:
    """A column of true and false, or 1 and 0, without a gap.

    Raises: DataRefused when it is absent, has a gap, or holds something else.
    """
    found = known_numbers(table, name)
    if not np.isin(found, (0.0, 1.0)).all():
        raise DataRefused(
            f"The column {name} holds something else than true and false.", "Write true or false, or 1 and 0."
        )
    is_true: Claims = found == 1
    return is_true


def codes_of(table: pa.Table, names: Sequence[str]) -> Codes:
    """Numbers from 0 that tell apart the combinations of values in columns; of none, 0 for every row.

    A missing value is a value of its own. The order is that of the values' first rows.
    """
    require_columns(table, names)
    found = np.zeros(len(table), np.int64)
    for name in names:
        column = table[name].combine_chunks()
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        encoded = pc.dictionary_encode(column, null_encoding="encode")
        inner = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        found = places_of(found, inner)
    return found


def known_codes(table: pa.Table, names: Sequence[str]) -> Codes:
    """As `codes_of`, of columns without a gap.

    Raises: DataRefused when a column is absent or a value is missing.
    """
    require_columns(table, names)
    for name in names:
        missing = table[name].null_count
        if missing:
            raise DataRefused(
                f"The column {name} is empty in {missing} rows.",
                "A design column must be filled in every row.",
            )
    return codes_of(table, names)


def places_of(outer: Codes, inner: Codes) -> Codes:
    """Numbers from 0 that tell the pairs of two numbers apart."""
    if not len(outer):
        return outer
    pairs = outer * (int(inner.max()) + 1) + inner
    found: Codes = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return found


def require_once(table: pa.Table, name: str, what: str) -> None:
    """Raises: DataRefused when an identifier is missing or stands in two rows."""
    require_columns(table, [name])
    if table[name].null_count:
        raise DataRefused(f"The column {name} has empty cells.", f"Give every {what} an identifier.")
    if pc.count_distinct(table[name]).as_py() < len(table):
        raise DataRefused(f"The column {name} has an identifier twice.", f"Give every {what} one row.")
