"""Reasons: every code under which a record is quarantined, a file refused, a line listed or a warning given.

The codes are stable: receipts, pages and the senders' own scripts rely on them. Each has a sentence that
says what it means and one that says what to do; the reference page is made from these tables. No sentence
holds a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from sojourn.errors import DataRefused, Problem, shown

__all__ = ["NON_DATA", "QUARANTINE", "REFUSALS", "WARNINGS", "FileRefused", "Reason", "refusal"]


@dataclass(frozen=True)
class Reason:
    """A stable code, what it means, and what the sender can do."""

    code: str
    title: str
    remedy: str = ""


def _table(*reasons: Reason) -> MappingProxyType[str, Reason]:
    return MappingProxyType({reason.code: reason for reason in reasons})


QUARANTINE = _table(
    Reason(
        "field-count",
        "The record has another number of fields than the header.",
        "Look for a separator inside a value that should be quoted, or for a value that is missing.",
    ),
    Reason(
        "quote-never-closed",
        "A quote is opened in this line and closed nowhere that makes sense.",
        "Close the quote, or double it if it belongs to the value.",
    ),
    Reason(
        "text-after-quote",
        "Text follows the quote that closes a field.",
        "Double the quotes that belong to the value.",
    ),
    Reason(
        "quote-inside-field",
        "Two fields that are not quoted hold a quote each: a separator may be lost, or belong to a value.",
        "Quote both fields and double the quotes that belong to their values.",
    ),
    Reason(
        "nul-byte",
        "The record holds a NUL byte, which no text has.",
        "Export the file again; a NUL is a sign of a damaged or binary file.",
    ),
    Reason(
        "undecodable-byte",
        "The record holds bytes that do not exist in the declared encoding.",
        "Write the whole file in one encoding and declare that one.",
    ),
    Reason(
        "field-too-long",
        "A field is longer than the limit.",
        "Look for a lost line end or quote; if the value is right, raise field_limit in the declaration.",
    ),
    Reason(
        "record-too-long",
        "The record is longer than sixteen times the limit of a field.",
        "Look for line ends that were lost; if the record is right, raise field_limit in the declaration.",
    ),
    Reason(
        "value-without-column",
        "There is a value under a column that has no name.",
        "Give the column a name in the header, or clear it.",
    ),
    Reason(
        "line-too-short",
        "The line ends before the last declared position.",
        "Pad the line with spaces up to the declared width.",
    ),
    Reason(
        "line-too-long",
        "Text stands beyond the last declared position.",
        "Declare the column that stands there, or cut the line.",
    ),
    Reason(
        "cell-error",
        "A cell holds a spreadsheet error instead of a value.",
        "Mend the formula behind the cell and save the file again.",
    ),
    Reason(
        "not-representable",
        "A value of the file's own type cannot be written as text without loss.",
        "Convert the column to text before sending.",
    ),
)

NON_DATA = _table(
    Reason("header", "The line that names the columns."),
    Reason("preamble", "A line above the declared header."),
    Reason("sep-line", "Excel's own sep= line."),
    Reason("blank", "A line with nothing but spaces."),
    Reason("empty-record", "Separators with nothing between them, or an empty row of a sheet."),
    Reason("repeated-header", "The header once more."),
    Reason("declared", "A line that the declaration lists as no record: a printed total, a footnote."),
)

WARNINGS = _table(
    Reason(
        "header-only", "Header only, no records.", "If the period was empty, say so in the delivery's note."
    ),
    Reason("header-spelling", "A header differs from the expected name in case, spaces or punctuation."),
    Reason("unknown-column", "A column that nobody expects.", "Declare it, or leave it out of the file."),
    Reason(
        "blank-header", "Empty columns at the end of the table have no name.", "Remove them before sending."
    ),
    Reason(
        "mixed-newlines",
        "Lines end in different ways.",
        "Check that the file was not put together from several.",
    ),
    Reason("first-undecodable-byte", "Where the file first leaves its declared encoding."),
    Reason("columns-left-out", "The header declares more columns than are read."),
    Reason(
        "formula-cell", "A cell holds a formula; the value that was saved with it is read.", "Send values."
    ),
    Reason("hidden-sheet", "A sheet of the workbook is hidden.", "Show or remove it before sending."),
    Reason("other-sheets", "The workbook has more sheets than the one that is read."),
    Reason("saved-error", "Cells hold spreadsheet errors."),
)

REFUSALS = _table(
    Reason("empty-file", "The file is empty.", "Send the file again; nothing arrived."),
    Reason("not-a-file", "There is no ordinary file to read here.", "Check the path."),
    Reason(
        "encoding-undeclared",
        "No encoding is declared.",
        "Run the proposal, look at its sample and declare it.",
    ),
    Reason(
        "encoding-contradicted",
        "The file is not in the declared encoding.",
        "Declare the encoding that it has.",
    ),
    Reason(
        "header-missing",
        "There is no header where it is declared.",
        "Declare the line on which the header stands.",
    ),
    Reason("header-unreadable", "The header cannot be read.", "Mend the header line."),
    Reason("header-undecodable", "The header holds bytes that do not exist in the declared encoding."),
    Reason("duplicate-header", "Two columns have the same name.", "Give each column its own name."),
    Reason("blank-header", "A column in the middle of the table has no name.", "Name it."),
    Reason(
        "two-header-rows", "The header has two rows.", "Write one row of names, one name for each column."
    ),
    Reason("deceptive-header", "A header holds characters that look like others or cannot be seen."),
    Reason("missing-column", "An expected column is missing.", "Add it, or correct its name."),
    Reason("unknown-column", "A column that nobody expects.", "Declare it, or leave it out of the file."),
    Reason(
        "too-many-columns",
        "The table has more columns than the limit.",
        "Check the separator, or raise column_limit.",
    ),
    Reason("separator-contradicted", "The file's sep= line names another separator than the declaration."),
    Reason("not-the-format", "The file is not in the declared format."),
    Reason("encrypted", "The file is protected by a password.", "Save it without a password."),
    Reason(
        "dangerous-xml",
        "The file declares XML entities or a document type.",
        "Save it again as an ordinary workbook.",
    ),
    Reason(
        "too-large-inside", "The file would unpack to more than is allowed.", "Send CSV, or split the file."
    ),
    Reason("damaged-file", "The file is damaged.", "Export and send it again."),
    Reason(
        "no-such-sheet", "The declared sheet is not there.", "Correct the sheet's name in the declaration."
    ),
    Reason("sheet-undeclared", "The workbook has several sheets.", "Declare which sheet holds the records."),
    Reason(
        "unreadable-column", "A column's type has no faithful text.", "Convert it to text before sending."
    ),
    Reason(
        "out-of-memory",
        "Reading the file needs more memory than is allowed.",
        "Send CSV or Parquet, or raise the limit.",
    ),
    Reason(
        "out-of-time", "Reading the file takes longer than is allowed.", "Split the file, or raise the limit."
    ),
    Reason(
        "reader-died",
        "The reading process ended before it was done.",
        "Try again; if it happens again, report it.",
    ),
)


class FileRefused(DataRefused):
    """A whole file is refused: a stable `code`, where it was seen, and what to do."""

    def __init__(
        self,
        code: str,
        message: str,
        remedy: str,
        file: str = "",
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(Problem(file, line, message, remedy))
        self.code = code
        self.line = line
        self.column = column
        self.message = message
        self.remedy = remedy

    def of(self, file: str) -> FileRefused:
        """The same refusal with the name of the file."""
        return FileRefused(self.code, self.message, self.remedy, shown(file), self.line, self.column)


def refusal(
    code: str, detail: str = "", *, remedy: str = "", line: int | None = None, column: int | None = None
) -> FileRefused:
    """The refusal of a file under a code of `REFUSALS`, with what is particular to this file."""
    reason = REFUSALS[code]
    message = f"{reason.title} {detail}".strip()
    return FileRefused(code, message, remedy or reason.remedy, line=line, column=column)
