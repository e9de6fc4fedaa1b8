"""Files of SPSS, Stata and SAS: codes as text, labels beside them.

A value code stays the code that was recorded; its label is told in the header's notes, where code lists are
made from. Values that the file declares to be missing (8 = refused, 9 = unknown) are kept as codes for the
same reason; only what has no value at all is null. Lines are the rows, counted from 1.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import FileIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyreadstat

from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import Event, Header, Progress
from sojourn.sources.reader.headers import UnknownColumns, checked_header
from sojourn.sources.reader.ledger import Ledger
from sojourn.sources.reader.parquet import as_text
from sojourn.sources.reader.reasons import FileRefused, refusal
from sojourn.sources.reader.tables import Piece, rows_handed_on

__all__ = ["statistical_events"]

ROWS_AT_ONCE = 50_000
XPORT_MAGIC = b"HEADER RECORD*******L"
Reader = Callable[..., tuple[Mapping[str, Sequence[Any]], Any]]


def statistical_events(
    file: FileIO, size: int, dialect: Dialect, expected: Sequence[str], unknown_columns: UnknownColumns
) -> Iterator[Event]:
    """Everything that reading a statistical file says. Raises: FileRefused."""
    fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    path = f"/proc/self/fd/{file.fileno()}"
    reader, options = _reader(dialect, file)
    _, about = _rows(reader, path, options, 0, 0, metadataonly=True)
    checked = checked_header(
        about.column_names,
        expected,
        unknown_columns=unknown_columns,
        column_limit=dialect.column_limit,
        line=None,
    )
    yield Header(
        checked.columns, dialect, about.file_encoding, checked.unknown, checked.warnings, _notes(about)
    )
    ledger = Ledger()
    row = 0
    options["usecols"] = [column.header for column in checked.columns]
    while True:
        values, _ = _rows(reader, path, options, row, ROWS_AT_ONCE)
        count = len(next(iter(values.values()), ()))
        if count == 0:
            break
        columns = [pa.nulls(count, pa.string())] * len(about.column_names)
        for column in checked.columns:
            columns[column.position - 1] = _texts(values[column.header])
        lines = np.arange(row + 1, row + count + 1, dtype=np.int64)
        yield from rows_handed_on(Piece(lines, columns), checked, dialect, ledger, {})
        row += count
        yield Progress(row, max(row, about.number_rows or 0))
    yield from ledger.unlisted()
    newlines = {"lf": 0, "crlf": 0, "cr": 0}
    yield ledger.summary(lines=row, newlines=newlines, sha256=fingerprint, size=size)


def _reader(dialect: Dialect, file: FileIO) -> tuple[Reader, dict[str, Any]]:
    """The library's reader for the declared format, and its options."""
    options: dict[str, Any] = {"output_format": "dict"}
    if dialect.encoding not in (None, "utf-8"):
        options["encoding"] = dialect.encoding
    if dialect.format == "spss":
        file.seek(0)
        is_portable = not file.read(4).startswith((b"$FL", b"\xc5\xc6\xd3\xf1"))
        if is_portable:
            return pyreadstat.read_por, options
        return pyreadstat.read_sav, options | {"user_missing": True}
    if dialect.format == "stata":
        return pyreadstat.read_dta, options | {"user_missing": True}
    file.seek(0)
    is_transport = file.read(len(XPORT_MAGIC)).startswith(b"HEADER RECORD***")
    return (pyreadstat.read_xport if is_transport else pyreadstat.read_sas7bdat), options


def _rows(
    reader: Reader, path: str, options: dict[str, Any], begin: int, count: int, metadataonly: bool = False
) -> tuple[Mapping[str, Sequence[Any]], Any]:
    try:
        return reader(path, row_offset=begin, row_limit=count, metadataonly=metadataonly, **options)
    except (
        pyreadstat.ReadstatError,
        pyreadstat.PyreadstatError,
        UnicodeDecodeError,
        ValueError,
        OverflowError,
    ):
        raise _unreadable(begin) from None


def _unreadable(begin: int) -> FileRefused:
    if begin == 0:
        return refusal("not-the-format", "It is no statistical file that can be read.")
    return refusal("damaged-file", f"Reading fails behind row {begin}.")


def _texts(values: Sequence[Any]) -> pa.Array:
    """One column as text. Days and times arrive as objects, codes as numbers or letters."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {float, int}:
        return as_text(pa.array(values, pa.float64(), from_pandas=True))
    if kinds <= {datetime.date}:
        return pa.array(values, pa.date32()).cast(pa.string())
    if kinds <= {datetime.datetime, datetime.date}:
        return as_text(pa.array(values, pa.timestamp("us")))
    if kinds <= {datetime.time}:
        return as_text(pa.array(values, pa.time64("us")))
    # Stata and SAS mix letters for kinds of missing (.a, .b) with numbers.
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, float):
        if np.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value.isoformat()) if isinstance(value, datetime.date | datetime.time) else str(value)


def _notes(about: Any) -> dict[str, Any]:
    """Labels of columns and codes, and the codes that the file declares to be missing, as plain values."""
    labels = {name: label for name, label in about.column_names_to_labels.items() if label}
    codes = {
        name: {_text(code) or "": label for code, label in codes.items()}
        for name, codes in about.variable_value_labels.items()
    }
    ranges = {
        name: [[_text(bound["lo"]) or "", _text(bound["hi"]) or ""] for bound in bounds]
        for name, bounds in (about.missing_ranges or {}).items()
    }
    return {"column_labels": labels, "value_labels": codes, "declared_missing": ranges}
