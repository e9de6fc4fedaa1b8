"""The head of a character-separated file: its encoding, the lines above the header, and the header itself.

The lines above the declared header are listed, not read. Excel's `sep=` line, when it is the first, must
agree with the declared separator and does not count as the declared header line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from sojourn.sources.reader import csv_kernel as kernel
from sojourn.sources.reader.compiled import Integers, Spans
from sojourn.sources.reader.csv_bytes import ESCAPED, LENGTH
from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import RAW_LIMIT, Header, NonData
from sojourn.sources.reader.headers import CheckedHeader, UnknownColumns, checked_header
from sojourn.sources.reader.reasons import refusal
from sojourn.sources.reader.window import Window

__all__ = ["Cut", "Head", "Lines", "lines_above", "marks_of", "read_head"]

SEPARATOR_LINE = re.compile(r'"?sep=(.+?)"?\s*', re.IGNORECASE)
RECORD_IN_FIELDS = 16
HEADER_FAULTS = {
    kernel.NEVER_CLOSED: "A quote is opened and not closed.",
    kernel.TEXT_AFTER: "Text follows a closing quote.",
    kernel.FIELD_TOO_LONG: "A name is longer than a field may be.",
    kernel.RECORD_TOO_LONG: "It is longer than a record may be.",
    kernel.NUL_BYTE: "It holds a NUL byte.",
}

# Turns records of one field into the columns of a fixed-width file, and those to quarantine.
Cut = Callable[[pa.RecordBatch], tuple[pa.RecordBatch, pa.RecordBatch | None]]


@dataclass
class Head:
    """What the records behind it are read by; `newlines` counts on from here."""

    header: Header
    marks: kernel.Marks
    fields: int
    wanted: Integers
    escapes: Integers
    after: int
    next_line: int
    newlines: dict[str, int]
    patterns: tuple[str, ...]
    header_cells: Mapping[int, str]
    non_data: tuple[NonData, ...]
    encoding: str
    cut: Cut | None = None


@dataclass
class Lines:
    """The physical lines at the beginning of a text, read one by one."""

    text: bytes
    position: int = 0
    number: int = 1
    newlines: dict[str, int] = field(default_factory=lambda: {"lf": 0, "crlf": 0, "cr": 0})

    def peek(self) -> bytes:
        """The line at the position, without its end."""
        return self._line()[0]

    def step(self, to: int | None = None) -> None:
        """Move behind the line at the position, or behind every line end before `to`."""
        while True:
            line, newline = self._line()
            self.position += len(line) + len(newline)
            if newline:
                self.number += 1
                self.newlines[{b"\n": "lf", b"\r\n": "crlf", b"\r": "cr"}[newline]] += 1
            if to is None or self.position >= to:
                return

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.text)

    def _line(self) -> tuple[bytes, bytes]:
        found = re.compile(rb"\r\n|\n|\r").search(self.text, self.position)
        if found is None:
            return self.text[self.position :], b""
        return self.text[self.position : found.start()], found.group()


def read_head(
    window: Window, dialect: Dialect, encoding: str, expected: Sequence[str], unknown_columns: UnknownColumns
) -> Head:
    """The head of the text that the window has begun to read. Raises: FileRefused."""
    lines = Lines(window.buffer[: window.end].tobytes())
    non_data = lines_above(lines, dialect)
    if dialect.header_line == 0:
        checked = checked_header(
            dialect.column_names,
            expected,
            unknown_columns=unknown_columns,
            column_limit=dialect.column_limit,
            line=None,
        )
        cells: Sequence[str] = dialect.column_names
        header_cells: dict[int, str] = {}
    else:
        cells, checked = _header_record(window, lines, dialect, encoding, expected, unknown_columns)
        non_data.append(NonData("header", lines.number))
        lines.step(_after_record(window, lines, dialect))
        header_cells = {place: column.header for place, column in enumerate(checked.columns)}
    header = Header(checked.columns, dialect, encoding, checked.unknown, checked.warnings)
    return Head(
        header=header,
        marks=marks_of(dialect, len(cells), checked.named, encoding),
        fields=len(cells),
        wanted=np.array([column.position - 1 for column in checked.columns], np.int64),
        escapes=_escapes(dialect),
        after=lines.position,
        next_line=lines.number,
        newlines=lines.newlines,
        patterns=dialect.non_data,
        header_cells=header_cells,
        non_data=tuple(non_data),
        encoding=encoding,
    )


def marks_of(
    dialect: Dialect, fields: int, named: int, encoding: str, separator: bytes | None = None
) -> kernel.Marks:
    """The dialect as the kernels want it; another separator means lines without quotes."""
    rules = np.zeros(kernel.RULES, np.int64)
    backslash = dialect.escape == "backslash" and separator is None
    quote = b"" if dialect.quote is None or separator else dialect.quote.encode()
    separator = separator or dialect.separator.encode()
    rules[kernel.QUOTE] = quote[0] if quote else -1
    rules[kernel.BACKSLASH] = backslash
    rules[kernel.EXPECTED] = fields
    rules[kernel.NAMED] = named
    rules[kernel.FIELD_LIMIT] = dialect.field_limit
    rules[kernel.RECORD_LIMIT] = max(RECORD_IN_FIELDS * dialect.field_limit, RAW_LIMIT)
    rules[kernel.ONLY_ASCII] = encoding == "ascii"
    if len(separator) == 1 and not backslash:
        rules[kernel.QUICK] = (quote[0] if quote else 0) << 8 | separator[0]
    always = b"\r\n\\" if backslash else b"\r\n"
    return kernel.Marks(
        rules,
        kernel.stop_table(always + separator[:1] + quote),
        kernel.stop_table(always + quote),
        np.frombuffer(separator, np.uint8).copy(),
    )


def _escapes(dialect: Dialect) -> Integers:
    quote = -1 if dialect.quote is None else ord(dialect.quote)
    return np.array([quote, dialect.separator.encode()[0], dialect.escape == "backslash"], np.int64)


def lines_above(lines: Lines, dialect: Dialect) -> list[NonData]:
    """List the lines above the header and stand on the header's line."""
    above = []
    header_line = dialect.header_line
    is_csv = dialect.format == "csv"
    directive = is_csv and SEPARATOR_LINE.fullmatch(lines.peek().decode("utf-8", "replace"))
    if directive:
        if directive.group(1) != dialect.separator:
            raise refusal("separator-contradicted", line=1)
        above.append(NonData("sep-line", 1))
        header_line += header_line == 1
        lines.step()
    while lines.number < header_line:
        if lines.at_end():
            detail = f"Line {dialect.header_line} is declared; the file has {lines.number - 1} lines."
            raise refusal("header-missing", detail)
        above.append(NonData("preamble" if lines.peek().strip() else "blank", lines.number))
        lines.step()
    return above


def _header_record(
    window: Window,
    lines: Lines,
    dialect: Dialect,
    encoding: str,
    expected: Sequence[str],
    unknown_columns: UnknownColumns,
) -> tuple[Sequence[str], CheckedHeader]:
    """The names in the header, checked. Raises: FileRefused."""
    line = lines.number
    if not lines.peek().strip():
        raise refusal("header-missing", f"Line {line} is blank.{_next_text(lines)}", line=line)
    marks = marks_of(dialect, dialect.column_limit + 1, dialect.column_limit + 1, encoding)
    fault, names, after = _cells(window, lines.position, marks, dialect)
    if fault == kernel.UNDECODABLE:
        place = "" if window.transcoder else f" The first has offset {window.origin + after}."
        raise refusal("header-undecodable", f"Declared is {encoding}.{place}", line=line)
    if fault != kernel.FINE:
        raise refusal("header-unreadable", HEADER_FAULTS[fault], line=line)
    _, next_row, _ = _cells(window, after, marks, dialect) if after < window.end else (0, [], 0)
    checked = checked_header(
        names,
        expected,
        unknown_columns=unknown_columns,
        column_limit=dialect.column_limit,
        line=line,
        next_row=next_row,
    )
    return names, checked


def _next_text(lines: Lines) -> str:
    ahead = replace(lines, newlines=dict(lines.newlines))
    while not ahead.at_end() and not ahead.peek().strip():
        ahead.step()
    return "" if ahead.at_end() else f" The next line with text is {ahead.number}."


def _after_record(window: Window, lines: Lines, dialect: Dialect) -> int:
    marks = marks_of(dialect, 1, 1, "utf-8")
    return _cells(window, lines.position, marks, dialect)[2]


def _cells(window: Window, begin: int, marks: kernel.Marks, dialect: Dialect) -> tuple[int, list[str], int]:
    """The fault, the cells and the end of a record; the place of a faulty byte instead of the end."""
    room = int(marks.rules[kernel.EXPECTED])
    spans: Spans = np.zeros(2 * room, np.int32)
    found: Integers = np.zeros(kernel.FOUND, np.int64)
    fault = int(kernel.first_record(window.buffer, begin, window.end, marks, spans, found))
    if fault != kernel.FINE:
        return fault, [], int(found[kernel.AUX])
    cells = []
    for place in range(min(room, int(found[kernel.FIELDS]))):
        start, packed = int(spans[2 * place]), int(spans[2 * place + 1])
        cell = window.buffer[start : start + (packed & LENGTH)].tobytes().decode()
        if packed & ESCAPED and dialect.quote:
            doubled = dialect.quote * 2 if dialect.escape == "doubled" else "\\" + dialect.quote
            cell = cell.replace(doubled, dialect.quote)
        cells.append(cell)
    if len(cells) < found[kernel.FIELDS]:
        cells += [""] * (int(found[kernel.FIELDS]) - len(cells))
    return fault, cells, int(found[kernel.AFTER])
