"""Parquet files: every column as text, row group by row group.

Numbers, days and times keep their value: integers as they are, other numbers as the shortest text that
gives the same number back, times as ISO 8601 says. What is null, and NaN in a column of numbers, is null. A
column whose type has no one faithful text (a list, a map, bytes) refuses the file. Lines are the rows,
counted from 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from io import FileIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import Event, Header, Progress
from sojourn.sources.reader.headers import UnknownColumns, checked_header
from sojourn.sources.reader.ledger import Ledger
from sojourn.sources.reader.reasons import refusal
from sojourn.sources.reader.tables import Piece, rows_handed_on

__all__ = ["as_text", "parquet_events"]

ROWS_AT_ONCE = 65_536
EXACT_INTEGERS = 2.0**53


def parquet_events(
    file: FileIO, size: int, dialect: Dialect, expected: Sequence[str], unknown_columns: UnknownColumns
) -> Iterator[Event]:
    """Everything that reading a Parquet file says. Raises: FileRefused."""
    fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    try:
        table = pq.ParquetFile(file)
        names = table.schema_arrow.names
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        raise refusal("not-the-format", "It is no Parquet file that can be read.") from None
    checked = checked_header(
        names, expected, unknown_columns=unknown_columns, column_limit=dialect.column_limit, line=None
    )
    for column in checked.columns:
        _refuse_unreadable(column.name, column.position, table.schema_arrow.field(column.position - 1).type)
    notes = {"row_groups": table.num_row_groups, "written_by": table.metadata.created_by}
    yield Header(checked.columns, dialect, None, checked.unknown, checked.warnings, notes)
    ledger = Ledger()
    row = 1
    wanted = [column.position - 1 for column in checked.columns]
    try:
        for batch in table.iter_batches(ROWS_AT_ONCE, use_threads=False):
            lines = np.arange(row, row + batch.num_rows, dtype=np.int64)
            columns = [pa.nulls(batch.num_rows, pa.string())] * batch.num_columns
            for place in wanted:
                columns[place] = as_text(batch.column(place))
            yield from rows_handed_on(Piece(lines, columns), checked, dialect, ledger, {})
            row += batch.num_rows
            yield Progress(row - 1, table.metadata.num_rows)
    except (pa.ArrowInvalid, OSError):
        raise refusal("damaged-file", f"Reading fails behind row {row - 1}.") from None
    yield from ledger.unlisted()
    newlines = {"lf": 0, "crlf": 0, "cr": 0}
    yield ledger.summary(lines=row - 1, newlines=newlines, sha256=fingerprint, size=size)


def _refuse_unreadable(name: str, position: int, kind: pa.DataType) -> None:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_nested(plain) or pa.types.is_binary(plain) or pa.types.is_large_binary(plain):
        raise refusal("unreadable-column", f"{name} has the type {kind}.", column=position)
    if pa.types.is_fixed_size_binary(plain) or pa.types.is_interval(plain):
        raise refusal("unreadable-column", f"{name} has the type {kind}.", column=position)


def as_text(column: pa.Array) -> pa.Array:
    """The values of a column as text; null and NaN become null."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_floating(kind):
        return _numbers(column)
    if pa.types.is_timestamp(kind):
        text = pc.replace_substring(column.cast(pa.string()), " ", "T", max_replacements=1)
        return _without_empty_fraction(text)
    if pa.types.is_time(kind):
        return _without_empty_fraction(column.cast(pa.string()))
    if pa.types.is_duration(kind):
        return column.cast(pa.int64()).cast(pa.string())
    return column.cast(pa.string())


def _numbers(column: pa.Array) -> pa.Array:
    """Numbers as text: 25.0 is 25, and 0.1 is 0.1 whatever the width of the type."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    text = column.cast(pa.string())
    is_whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), EXACT_INTEGERS))
    whole = pc.if_else(is_whole, column, pa.scalar(None, column.type)).cast(pa.float64()).cast(pa.int64())
    return pc.if_else(pc.fill_null(is_whole, False), whole.cast(pa.string()), text)


def _without_empty_fraction(text: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(text, r"\.0+($|[Z+-])", r"\1")
