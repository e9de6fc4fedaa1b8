"""Archives: what a zipped workbook may hold, checked before any library unpacks it.

Sizes are those met while unpacking piece by piece, never those that the archive claims. Every XML part is
searched for document types and entities: no office program writes them, and with them a small file becomes
a large one or reaches for another. The sheet that is to be read is walked once more, cell by cell, for its
true extent, its formulas, its errors and its references into the table of shared texts.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO

import numpy as np

from sojourn.sources.reader.compiled import Bytes, Integers, compiled
from sojourn.sources.reader.frames import column_letter
from sojourn.sources.reader.reasons import FileRefused, refusal

__all__ = ["CellScan", "cell_name", "checked_archive", "scanned_sheet", "unpacked"]

PIECE = 1 << 20
MOST_PARTS = 10_000
MOST_BYTES = 1 << 30
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
# Readers hold a sheet as a full rectangle.
MOST_CELLS = 64_000_000
LISTED_CELLS = 1 << 20
LESS, COLON, SLASH, CLOSE, EQUALS, SPACE = 60, 58, 47, 62, 61, 32
QUOTES = (34, 39)
# Slots of `walk`: where the walk through a sheet stands and what it has met.
ROW, COLUMN, KIND, ROWS, FIRST_ROW, LAST_ROW, FIRST_COLUMN, LAST_COLUMN = range(8)
FORMULAS, FORMULA_CELL, ERRORS, LARGEST_TEXT, LARGEST_CELL, WALK = range(8, 14)
TEXT_KIND, ERROR_KIND = ord("s"), ord("e")
CELL = 1 << 15


@dataclass(frozen=True)
class CellScan:
    """What stands in a sheet; cells are (row, column), 1-based."""

    first: tuple[int, int]
    last: tuple[int, int]
    formulas: int
    first_formula: tuple[int, int]
    errors: tuple[tuple[int, int], ...]
    largest_text: int
    largest_text_cell: tuple[int, int]


def checked_archive(file: FileIO) -> zipfile.ZipFile:
    """The archive, once its parts are known to be harmless. Raises: FileRefused."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise refusal("damaged-file", "It begins like a workbook and is no readable archive.") from None
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        raise refusal(
            "too-large-inside", f"It has {len(parts)} parts; a workbook has fewer than {MOST_PARTS}."
        )
    if len({part.filename for part in parts}) != len(parts):
        raise refusal("damaged-file", "Two of its parts have the same name.")
    if any(part.flag_bits & 1 for part in parts):
        raise refusal("encrypted")
    total = 0
    for part in parts:
        is_xml = part.filename.endswith((".xml", ".rels", ".vml"))
        for piece in unpacked(archive, part.filename, overlap=16):
            total += len(piece)
            if total > MOST_BYTES:
                raise refusal("too-large-inside", f"The limit is {MOST_BYTES >> 20} MiB.")
            if is_xml and (
                b"<!DOCTYPE" in piece or b"<!ENTITY" in piece or piece.startswith((b"\xff\xfe", b"\xfe\xff"))
            ):
                raise refusal("dangerous-xml", "No office program writes such a file.")
    return archive


def unpacked(archive: zipfile.ZipFile, name: str, overlap: int = 0) -> Iterator[bytes]:
    """A part of an archive, piece by piece; each piece begins with the last bytes of the one before."""
    tail = b""
    try:
        with archive.open(name) as part:
            while piece := part.read(PIECE):
                yield tail + piece
                tail = piece[-overlap:] if overlap else b""
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        raise refusal("damaged-file", "A part of the workbook cannot be unpacked.") from None


def _at_tags(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A part in pieces that end before a tag begins, so that no tag and no text behind a tag is cut."""
    tail = b""
    for piece in unpacked(archive, name):
        whole = tail + piece
        cut = whole.rfind(b"<")
        tail = whole[cut:] if cut > 0 else whole
        if cut > 0:
            yield whole[:cut]
    yield tail


def scanned_sheet(archive: zipfile.ZipFile, name: str) -> CellScan:
    """Walk through the cells of a sheet. Raises: FileRefused when it is larger than a sheet can be."""
    walk: Integers = np.zeros(WALK, np.int64)
    walk[FIRST_ROW], walk[FIRST_COLUMN], walk[LARGEST_TEXT] = MOST_ROWS + 1, MOST_COLUMNS + 1, -1
    errors: Integers = np.zeros(LISTED_CELLS, np.int64)
    for piece in _at_tags(archive, name):
        walk_cells(np.frombuffer(piece, np.uint8), walk, errors)
        if walk[ROWS] > MOST_ROWS or walk[LAST_ROW] > MOST_ROWS or walk[LAST_COLUMN] > MOST_COLUMNS:
            raise refusal(
                "too-large-inside",
                f"A sheet has at most {MOST_ROWS} rows and {MOST_COLUMNS} columns; this one has more.",
            )
    height, width = walk[LAST_ROW] - walk[FIRST_ROW] + 1, walk[LAST_COLUMN] - walk[FIRST_COLUMN] + 1
    if height > 0 and width > 0 and height * width > MOST_CELLS:
        raise refusal("too-large-inside", f"Its cells span {height} rows and {width} columns.")
    listed = errors[: min(int(walk[ERRORS]), LISTED_CELLS)]
    if walk[ERRORS] > LISTED_CELLS:
        raise _too_many_errors(int(walk[ERRORS]))
    return CellScan(
        first=(int(walk[FIRST_ROW]), int(walk[FIRST_COLUMN])),
        last=(int(walk[LAST_ROW]), int(walk[LAST_COLUMN])),
        formulas=int(walk[FORMULAS]),
        first_formula=_cell(int(walk[FORMULA_CELL])),
        errors=tuple(_cell(int(code)) for code in listed),
        largest_text=int(walk[LARGEST_TEXT]),
        largest_text_cell=_cell(int(walk[LARGEST_CELL])),
    )


def make_ready() -> None:
    """Compile the walk through a sheet, or load it from its cache, while files may still be written."""
    walk: Integers = np.zeros(WALK, np.int64)
    sheet = b'<row r="1"><c r="A1" t="str"><f>1</f><v>x</v></c></row>'
    walk_cells(np.frombuffer(sheet, np.uint8), walk, np.zeros(LISTED_CELLS, np.int64))


def _too_many_errors(count: int) -> FileRefused:
    return refusal("damaged-file", f"{count} cells hold a spreadsheet error.")


def _cell(code: int) -> tuple[int, int]:
    return code // CELL, code % CELL


def cell_name(cell: tuple[int, int]) -> str:
    """The name of a cell as a spreadsheet shows it: (1, 1) is A1."""
    return f"{column_letter(cell[1])}{cell[0]}"


@compiled
def walk_cells(xml: Bytes, walk: Integers, errors: Integers) -> None:
    """Walk through the tags of a piece of a sheet and keep account of rows, cells, formulas and errors."""
    i, end = 0, xml.size
    while i < end:
        if xml[i] != LESS:
            i += 1
            continue
        start = i + 1
        i = start
        while i < end and xml[i] != SPACE and xml[i] != CLOSE and xml[i] != SLASH and xml[i] > 32:
            if xml[i] == COLON:
                start = i + 1
            i += 1
        length = i - start
        close = i
        while close < end and xml[close] != CLOSE:
            close += 1
        if length == 3 and xml[start] == 114 and xml[start + 1] == 111 and xml[start + 2] == 119:
            _enter_row(xml, i, close, walk)
        elif length == 1 and xml[start] == 99:
            _enter_cell(xml, i, close, walk, errors)
        elif length == 1 and xml[start] == 102:
            if walk[FORMULAS] == 0:
                walk[FORMULA_CELL] = walk[ROW] * CELL + walk[COLUMN]
            walk[FORMULAS] += 1
        elif length == 1 and xml[start] == 118 and walk[KIND] == TEXT_KIND:
            _enter_text(xml, close + 1, walk)
        i = close


@compiled
def _enter_row(xml: Bytes, i: int, close: int, walk: Integers) -> None:
    walk[ROWS] += 1
    walk[ROW] += 1
    walk[COLUMN] = 0
    while i + 3 < close:
        if xml[i] <= SPACE and xml[i + 1] == 114 and xml[i + 2] == EQUALS:
            row = 0
            i += 4
            while i < close and 48 <= xml[i] <= 57 and row <= MOST_ROWS:
                row = row * 10 + (xml[i] - 48)
                i += 1
            walk[ROW] = row
        i += 1


@compiled
def _enter_cell(xml: Bytes, i: int, close: int, walk: Integers, errors: Integers) -> None:
    walk[COLUMN] += 1
    walk[KIND] = 0
    while i + 5 < close:
        if xml[i] <= SPACE and xml[i + 2] == EQUALS:
            if xml[i + 1] == 116 and xml[i + 5] in QUOTES:
                walk[KIND] = xml[i + 4]
            elif xml[i + 1] == 114:
                column = 0
                i += 4
                while i < close and 65 <= xml[i] <= 90 and column <= MOST_COLUMNS:
                    column = column * 26 + (xml[i] - 64)
                    i += 1
                walk[COLUMN] = column
        i += 1
    walk[FIRST_ROW] = min(walk[FIRST_ROW], walk[ROW])
    walk[LAST_ROW] = max(walk[LAST_ROW], walk[ROW])
    walk[FIRST_COLUMN] = min(walk[FIRST_COLUMN], walk[COLUMN])
    walk[LAST_COLUMN] = max(walk[LAST_COLUMN], walk[COLUMN])
    if walk[KIND] == ERROR_KIND:
        if walk[ERRORS] < errors.size:
            errors[walk[ERRORS]] = walk[ROW] * CELL + walk[COLUMN]
        walk[ERRORS] += 1


@compiled
def _enter_text(xml: Bytes, i: int, walk: Integers) -> None:
    text = 0
    while i < xml.size and 48 <= xml[i] <= 57 and text < 1 << 40:
        text = text * 10 + (xml[i] - 48)
        i += 1
    if text > walk[LARGEST_TEXT]:
        walk[LARGEST_TEXT] = text
        walk[LARGEST_CELL] = walk[ROW] * CELL + walk[COLUMN]
