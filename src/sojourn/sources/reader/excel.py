"""Spreadsheets: the values of one sheet as text, exactly as they were saved.

A formula is never computed: the value saved with its cell is read, with a warning. Numbers without a
fraction are written as integers up to 2^53 and all others as the shortest text that gives the same number
back, so that a passport number that a spreadsheet has rounded shows as what it became. Days and times are
written as ISO 8601 says. A cell that holds an error quarantines its row. Rows are numbered as the
spreadsheet numbers them, columns lettered so too.
"""

from __future__ import annotations

import datetime
import hashlib
import posixpath
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from sojourn.errors import shown
from sojourn.sources.reader.archives import CellScan, cell_name, checked_archive, scanned_sheet
from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import Event, Header, NonData, Notice, Summary
from sojourn.sources.reader.headers import CheckedHeader, UnknownColumns, checked_header
from sojourn.sources.reader.ledger import Ledger
from sojourn.sources.reader.reasons import FileRefused, refusal
from sojourn.sources.reader.signatures import signature_of
from sojourn.sources.reader.tables import Piece, rows_handed_on

__all__ = ["excel_events"]

OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
EXACT_INTEGERS = 2**53
ZIP_MAGIC, OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
Values = Sequence[Any]


@dataclass
class Sheet:
    """A sheet, its rows, and where its used part begins (1-based)."""

    name: str
    rows: Sequence[Values]
    first_row: int
    first_column: int
    scan: CellScan | None
    warnings: list[Notice]
    others: list[str]


def excel_events(
    file: FileIO, size: int, dialect: Dialect, expected: Sequence[str], unknown_columns: UnknownColumns
) -> Iterator[Event]:
    """Everything that reading one sheet of a workbook says. Raises: FileRefused."""
    fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    sheet = _opened(file, dialect)
    columns = _text_columns(sheet)
    ledger = Ledger(warnings=[])
    above, header_row = _rows_above(sheet, columns, dialect)
    checked = _checked(sheet, columns, header_row, dialect, expected, unknown_columns)
    notes = {"sheet": sheet.name, "other_sheets": sheet.others}
    warnings = (*checked.warnings, *sheet.warnings)
    yield Header(checked.columns, dialect, None, checked.unknown, warnings, notes)
    ledger.met += len(above)
    for line in above:
        yield from ledger.list_lines(line.kind, [line.line or 0], 1)
    begin = len(above)
    lines = np.arange(sheet.first_row + begin, sheet.first_row + len(sheet.rows), dtype=np.int64)
    padding = [pa.nulls(len(lines), pa.string())] * (sheet.first_column - 1)
    piece = Piece(
        lines, [*padding, *(column.slice(begin) for column in columns)], _faults(sheet, begin, checked)
    )
    header_cells = (
        {} if header_row is None else {place: col.header for place, col in enumerate(checked.columns)}
    )
    yield from rows_handed_on(piece, checked, dialect, ledger, header_cells)
    yield from ledger.unlisted()
    yield _summary(ledger, sheet, fingerprint, size)


def _summary(ledger: Ledger, sheet: Sheet, fingerprint: str, size: int) -> Summary:
    last = sheet.first_row + len(sheet.rows) - 1
    return ledger.summary(lines=last, newlines={"lf": 0, "crlf": 0, "cr": 0}, sha256=fingerprint, size=size)


def _opened(file: FileIO, dialect: Dialect) -> Sheet:
    """The declared sheet, once the file is known to be a harmless workbook. Raises: FileRefused."""
    file.seek(0)
    head = file.read(4096)
    if not head.startswith((ZIP_MAGIC, OLE_MAGIC)):
        raise _not_a_workbook(head)
    archive = checked_archive(file) if head.startswith(ZIP_MAGIC) else None
    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise refusal("encrypted") from None
    except CalamineError:
        raise refusal("not-the-format", "It is no workbook that can be read.") from None
    warnings: list[Notice] = []
    name, others = _chosen_sheet(book, dialect, warnings)
    part = None if archive is None else _part_of(archive, name)
    scan = None if archive is None or part is None else scanned_sheet(archive, part)
    if scan is not None:
        warnings += _formula_warning(scan)
        if scan.last[1] - scan.first[1] >= dialect.column_limit:
            raise refusal("too-many-columns", f"The limit is {dialect.column_limit}.")
    sheet = _loaded(book, name, scan)
    start = sheet.start or (0, 0)
    return Sheet(name, sheet.to_python(), start[0] + 1, start[1] + 1, scan, warnings, others)


def _loaded(book: CalamineWorkbook, name: str, scan: CellScan | None) -> CalamineSheet:
    try:
        return book.get_sheet_by_name(name)
    except CalamineError as fault:
        where = ""
        if scan is not None and "shared strings" in str(fault):
            where = (
                f"Cell {cell_name(scan.largest_text_cell)} refers to a text that the workbook does not have."
            )
        raise refusal("damaged-file", where) from None


def _not_a_workbook(head: bytes) -> FileRefused:
    found = signature_of(head)
    if found is not None:
        advice = "Open it in a spreadsheet program and save it as .xlsx, or ask for CSV."
        return refusal("not-the-format", f"This is {found.name} under the name of a workbook.", remedy=advice)
    advice = "If it is text, declare the format csv; otherwise save it as .xlsx."
    return refusal("not-the-format", "It does not begin as a workbook does.", remedy=advice)


def _chosen_sheet(book: CalamineWorkbook, dialect: Dialect, warnings: list[Notice]) -> tuple[str, list[str]]:
    """The sheet to read and the names of the others; hidden sheets are named in warnings."""
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    names = [sheet.name for sheet in sheets]
    hidden = [sheet.name for sheet in sheets if sheet.visible != SheetVisibleEnum.Visible]
    if hidden:
        listed = ", ".join(shown(name) for name in hidden[:10])
        warnings.append(Notice("hidden-sheet", f"Hidden in the workbook: {listed}."))
    declared = dialect.sheet
    if isinstance(declared, int):
        if not 1 <= declared <= len(names):
            raise refusal("no-such-sheet", f"Sheet {declared} is declared; there are {len(names)}.")
        declared = names[declared - 1]
    if declared is None:
        visible = [name for name in names if name not in hidden] or names
        if len(visible) != 1:
            listed = ", ".join(shown(name) for name in visible[:10])
            raise refusal(
                "sheet-undeclared", f"They are: {listed}." if visible else "It has no sheet with cells."
            )
        declared = visible[0]
    if declared not in names:
        listed = ", ".join(shown(name) for name in names[:10])
        raise refusal("no-such-sheet", f"{shown(declared)} is declared; there are: {listed}.")
    return declared, [name for name in names if name != declared]


def _part_of(archive: zipfile.ZipFile, name: str) -> str | None:
    """The part of an .xlsx archive that holds a sheet; None for other kinds of workbook."""
    parts = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= parts:
        return None
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314  no document type, no entity: refused before
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  no document type, no entity: refused before
    except ElementTree.ParseError:
        raise refusal("damaged-file", "Its table of contents cannot be read.") from None
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet") and sheet.get("name") == name:
            part = posixpath.normpath(
                posixpath.join("/xl", targets.get(sheet.get(f"{OFFICE}id"), ""))
            ).lstrip("/")
            return part if part in parts else None
    return None


def _formula_warning(scan: CellScan) -> list[Notice]:
    if not scan.formulas:
        return []
    first = cell_name(scan.first_formula)
    detail = f"{scan.formulas} cells hold a formula, the first is {first}; the saved values are read."
    return [Notice("formula-cell", detail, scan.first_formula[0], scan.first_formula[1])]


def _text_columns(sheet: Sheet) -> list[pa.Array]:
    """The used part of the sheet as text; the library hands out one object for each cell."""
    return [pa.array(_texts(values), pa.string()) for values in zip(*sheet.rows, strict=True)]


def _texts(values: Values) -> list[str | None]:
    with_time = any(
        isinstance(value, datetime.datetime) and value.time() != datetime.time() for value in values
    )
    return [_text(value, with_time) for value in values]


def _text(value: Any, with_time: bool) -> str | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        whole = float(value).is_integer() and abs(value) < EXACT_INTEGERS
        return str(int(value)) if whole else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat() if with_time else value.date().isoformat()
    if isinstance(value, datetime.timedelta):
        seconds = round(value.total_seconds())
        return f"PT{seconds // 3600}H{seconds % 3600 // 60}M{seconds % 60}S"
    if with_time and isinstance(value, datetime.date):
        return f"{value.isoformat()}T00:00:00"
    return str(value.isoformat()) if isinstance(value, datetime.date | datetime.time) else str(value)


def _rows_above(
    sheet: Sheet, columns: Sequence[pa.Array], dialect: Dialect
) -> tuple[list[NonData], int | None]:
    """The rows down to the header as non-data, and the place of the header among the rows."""
    if dialect.header_line == 0:
        return [], None
    place = dialect.header_line - sheet.first_row
    if place >= len(sheet.rows) or not columns:
        raise refusal("header-missing", f"Row {dialect.header_line} is declared and is empty.")
    if place < 0:
        detail = f"Row {dialect.header_line} is empty; the first row with a value is {sheet.first_row}."
        raise refusal("header-missing", detail, line=dialect.header_line)
    above = []
    for row in range(place):
        is_empty = all(not column[row].is_valid for column in columns)
        above.append(NonData("blank" if is_empty else "preamble", sheet.first_row + row))
    return [*above, NonData("header", dialect.header_line)], place


def _checked(
    sheet: Sheet,
    columns: Sequence[pa.Array],
    header_row: int | None,
    dialect: Dialect,
    expected: Sequence[str],
    unknown_columns: UnknownColumns,
) -> CheckedHeader:
    """The header with positions as the spreadsheet counts them. Raises: FileRefused."""
    if header_row is None:
        names, next_row = list(dialect.column_names), []
        if len(columns) != len(names):
            detail = f"{len(names)} columns are declared; the sheet uses {len(columns)}."
            raise refusal("header-missing", detail)
    else:
        names = [column[header_row].as_py() or "" for column in columns]
        below = header_row + 1
        next_row = [column[below].as_py() or "" for column in columns] if below < len(sheet.rows) else []
    return checked_header(
        names,
        expected,
        unknown_columns=unknown_columns,
        column_limit=dialect.column_limit,
        line=None if header_row is None else dialect.header_line,
        next_row=next_row,
        first_position=sheet.first_column,
    )


def _faults(sheet: Sheet, begin: int, checked: CheckedHeader) -> list[tuple[int, str, int]]:
    """Rows with an error in a column that has a name."""
    if sheet.scan is None:
        return []
    first = sheet.first_row + begin
    return [
        (row - first, "cell-error", column)
        for row, column in sheet.scan.errors
        if row >= first and column <= checked.named
    ]
