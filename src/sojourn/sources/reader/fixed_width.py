"""Fixed-width files: every line cut at declared positions, counted in characters whatever the encoding.

Spaces around a value are padding; a field of nothing but spaces is null. A line that ends before the last
declared position, or that has text beyond it, is quarantined: nobody can tell whether spaces or digits were
lost. When a header line is declared, it must show the declared names in their places, so that no person's
line is taken for one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.spelling import folded
from sojourn.sources.reader.csv_head import Head, Lines, lines_above, marks_of
from sojourn.sources.reader.dialect import Dialect, FixedColumn
from sojourn.sources.reader.frames import QUARANTINE_SCHEMA, RAW_LIMIT, Header, NonData, loaded_schema
from sojourn.sources.reader.headers import UnknownColumns, checked_header
from sojourn.sources.reader.reasons import refusal
from sojourn.sources.reader.window import Window

__all__ = ["read_fixed_head"]

# A byte that no UTF-8 text holds: a line read with this separator is one field.
NO_SEPARATOR = b"\xff"


def read_fixed_head(
    window: Window, dialect: Dialect, encoding: str, expected: Sequence[str], unknown_columns: UnknownColumns
) -> Head:
    """What the lines of a fixed-width text are read by. Raises: FileRefused."""
    lines = Lines(window.buffer[: window.end].tobytes())
    non_data = lines_above(lines, dialect)
    if dialect.header_line:
        _refuse_other_header(lines.peek().decode("utf-8", "replace"), dialect)
        non_data.append(NonData("header", lines.number))
        lines.step()
    checked = checked_header(
        dialect.column_names,
        expected,
        unknown_columns=unknown_columns,
        column_limit=dialect.column_limit,
        line=None,
    )
    chosen = [dialect.fixed_columns[column.position - 1] for column in checked.columns]
    return Head(
        header=Header(checked.columns, dialect, encoding, checked.unknown, checked.warnings),
        marks=marks_of(dialect, 1, 1, encoding, NO_SEPARATOR),
        fields=1,
        wanted=np.zeros(1, np.int64),
        escapes=np.full(3, -1, np.int64),
        after=lines.position,
        next_line=lines.number,
        newlines=lines.newlines,
        patterns=dialect.non_data,
        header_cells={},
        non_data=tuple(non_data),
        encoding=encoding,
        cut=Cutter(chosen, dialect, window),
    )


def _refuse_other_header(line: str, dialect: Dialect) -> None:
    for column in dialect.fixed_columns:
        shown = folded(line[column.first - 1 : column.last])
        if not shown or not folded(column.name).startswith(shown):
            detail = f"Line {dialect.header_line} does not show {column.name} at its position {column.first}."
            raise refusal("header-missing", detail, remedy="Declare header_line 0 if the file has no header.")


class Cutter:
    """Cuts lines into the chosen columns and sets aside those that do not fit."""

    def __init__(self, columns: Sequence[FixedColumn], dialect: Dialect, window: Window) -> None:
        self._columns = columns
        self._width = max(column.last for column in dialect.fixed_columns)
        self._window = window

    def __call__(self, whole: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """The records that fit, and those to quarantine."""
        lengths = pc.utf8_length(pc.utf8_rtrim(whole.column(1), " "))
        too_long = pc.greater(lengths, self._width)
        too_short = pc.less(pc.utf8_length(whole.column(1)), self._width)
        wrong = pc.or_(too_long, too_short)
        refused = None
        if pc.any(wrong).as_py():
            refused = self._refused(whole.filter(wrong), too_long.filter(wrong))
            whole = whole.filter(pc.invert(wrong))
        cells = []
        for column in self._columns:
            cell = pc.utf8_trim(pc.utf8_slice_codeunits(whole.column(1), column.first - 1, column.last), " ")
            cells.append(pc.if_else(pc.equal(cell, ""), pa.scalar(None, pa.string()), cell))
        schema = loaded_schema(len(cells))
        return pa.RecordBatch.from_arrays([whole.column(0), *cells], schema=schema), refused

    def _refused(self, whole: pa.RecordBatch, too_long: pa.Array) -> pa.RecordBatch:
        lines = whole.column(1)
        found = pc.binary_join_element_wise(pc.utf8_length(lines).cast(pa.string()), "characters", " ")
        raw = lines.cast(pa.binary())
        if self._window.transcoder is not None:
            # The few faulty lines go back to their own encoding one by one.
            raw = pa.array([self._window.transcoder.original(line.as_py()) for line in raw], pa.binary())
        columns = [
            whole.column(0),
            pc.if_else(too_long, "line-too-long", "line-too-short"),
            pa.nulls(len(lines), pa.int32()),
            pa.array([f"{self._width} characters"] * len(lines)),
            found,
            pc.binary_slice(raw, 0, RAW_LIMIT),
            pc.greater(pc.binary_length(raw), RAW_LIMIT),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=QUARANTINE_SCHEMA)
