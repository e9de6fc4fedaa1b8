"""Tables: what spreadsheets, Parquet and statistical files have in common once their cells are text.

A piece of a table is a line number for each row and a text column for each column of the file. Every row
ends as loaded, quarantined or listed, by the same reasons as the records of a text file. A row is compared
with the declared patterns for non-data as its cells joined by the separator, without the empty cells at its
end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import QUARANTINE_SCHEMA, RAW_LIMIT, Event, loaded_schema
from sojourn.sources.reader.headers import CheckedHeader
from sojourn.sources.reader.ledger import Ledger

__all__ = ["Piece", "repeated_header", "rows_handed_on"]

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Piece:
    """Some rows of a table; `faults` are the wrong ones, each with its reason and column (0 for none)."""

    lines: np.ndarray[tuple[int], np.dtype[np.int64]]
    columns: Sequence[pa.Array]
    faults: Sequence[tuple[int, str, int]] = ()


def rows_handed_on(
    piece: Piece, checked: CheckedHeader, dialect: Dialect, ledger: Ledger, header_cells: Mapping[int, str]
) -> Iterator[Event]:
    """The rows of a piece, each in exactly one place."""
    count = len(piece.lines)
    ledger.met += count
    kinds = np.full(count, "", object)
    reasons = np.full(count, "", object)
    places = np.zeros(count, np.int32)
    for row, reason, column in (*piece.faults, *_unnamed_values(piece, checked)):
        reasons[row], places[row] = reason, column
    kinds[_empty(piece, count)] = "empty-record"
    if dialect.non_data:
        kinds[_declared(piece, dialect) & (kinds == "")] = "declared"
    wanted = [piece.columns[column.position - 1] for column in checked.columns]
    batch = pa.RecordBatch.from_arrays([pa.array(piece.lines), *wanted], schema=loaded_schema(len(wanted)))
    repeats = repeated_header(batch, header_cells)
    if repeats is not None:
        kinds[repeats] = "repeated-header"
    is_bad = (reasons != "") & (kinds == "")
    fine = (kinds == "") & ~is_bad
    if fine.any():
        yield ledger.load(batch if fine.all() else batch.filter(pa.array(fine)))
    if is_bad.any():
        yield ledger.quarantine(_quarantined(piece, dialect, is_bad, reasons, places))
    for kind in ("empty-record", "declared", "repeated-header"):
        lines = piece.lines[kinds == kind]
        if lines.size:
            yield from ledger.list_lines(kind, (int(line) for line in lines), lines.size)


def repeated_header(batch: pa.RecordBatch, header_cells: Mapping[int, str]) -> Flags | None:
    """Which records hold in every cell the name of its column; None when there is none."""
    if not header_cells or batch.num_rows == 0:
        return None
    repeats = None
    for position, cell in header_cells.items():
        equal = pc.fill_null(pc.equal(batch.column(position + 1), cell), False)
        repeats = equal if repeats is None else pc.and_(repeats, equal)
        if not pc.any(repeats).as_py():
            return None
    return None if repeats is None else repeats.to_numpy(zero_copy_only=False)


def _unnamed_values(piece: Piece, checked: CheckedHeader) -> Iterator[tuple[int, str, int]]:
    for place in range(checked.named, len(piece.columns)):
        for row in np.flatnonzero(piece.columns[place].is_valid().to_numpy(zero_copy_only=False)):
            yield int(row), "value-without-column", place + 1


def _empty(piece: Piece, count: int) -> Flags:
    empty: Flags = np.ones(count, np.bool_)
    for column in piece.columns:
        empty &= column.is_null().to_numpy(zero_copy_only=False)
    for row, _, _ in piece.faults:
        empty[row] = False
    return empty


def _joined(columns: Sequence[pa.Array], separator: str) -> pa.Array:
    joined = pc.binary_join_element_wise(
        *[column.cast(pa.large_string()) for column in columns],
        pa.scalar(separator, pa.large_string()),
        null_handling="replace",
        null_replacement="",
    )
    return pc.utf8_rtrim(joined, separator)


def _declared(piece: Piece, dialect: Dialect) -> Flags:
    rows = _joined(piece.columns, dialect.separator)
    matches: Flags = np.zeros(len(rows), np.bool_)
    for pattern in dialect.non_data:
        matches |= pc.match_substring_regex(rows, rf"\A(?:{pattern})\z").to_numpy(zero_copy_only=False)
    return matches


def _quarantined(
    piece: Piece,
    dialect: Dialect,
    is_bad: Flags,
    reasons: np.ndarray[tuple[int], np.dtype[np.object_]],
    places: np.ndarray[tuple[int], np.dtype[np.int32]],
) -> pa.RecordBatch:
    mask = pa.array(is_bad)
    raw = _joined([column.filter(mask) for column in piece.columns], dialect.separator).cast(
        pa.large_binary()
    )
    nothing = pa.nulls(int(is_bad.sum()), pa.string())
    return pa.RecordBatch.from_arrays(
        [
            pa.array(piece.lines[is_bad]),
            pa.array(reasons[is_bad], pa.string()),
            pa.array(places[is_bad], mask=places[is_bad] == 0),
            nothing,
            nothing,
            pc.binary_slice(raw, 0, RAW_LIMIT).cast(pa.binary()),
            pc.greater(pc.binary_length(raw), RAW_LIMIT),
        ],
        schema=QUARANTINE_SCHEMA,
    )
