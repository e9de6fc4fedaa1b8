"""Spreadsheets: values as saved, hostile workbooks refused before any library sees them."""

import datetime
import zipfile

import pytest
import xlsxwriter

from sojourn.sources.reader import archives
from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import Header, Loaded, NonData, Quarantined, Summary
from sojourn.sources.reader.reading import events
from sojourn.sources.reader.reasons import FileRefused

EXCEL = Dialect(format="excel")


def said(path, dialect=EXCEL, expected=()):
    """Header, rows with their lines, faults, listed lines and summary of a reading."""
    rows, faults, listed, header, summary = [], [], [], None, None
    for event in events(path, dialect, expected):
        if isinstance(event, Header):
            header = event
        elif isinstance(event, Loaded):
            rows += [list(row.values()) for row in event.batch.to_pylist()]
        elif isinstance(event, Quarantined):
            faults += [(row["line"], row["reason"], row["column"]) for row in event.batch.to_pylist()]
        elif isinstance(event, NonData):
            listed.append((event.kind, event.line))
        elif isinstance(event, Summary):
            summary = event
    return header, rows, faults, listed, summary


@pytest.fixture
def workbook(tmp_path):
    def write(*sheets, **options):
        path = tmp_path / "book.xlsx"
        with xlsxwriter.Workbook(str(path), options) as book:
            for name, fill in sheets:
                fill(book, book.add_worksheet(name))
        return path

    return write


def rows_at(rows, row=0, column=0):
    def fill(book, sheet):
        for place, values in enumerate(rows):
            sheet.write_row(row + place, column, values)

    return fill


def test_values_become_text_as_they_were_saved(workbook):
    def fill(book, sheet):
        day, moment = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm"))
        sheet.write_row(0, 0, ["whole", "fraction", "rounded", "text", "yes", "day", "moment"])
        sheet.write_row(1, 0, [25, 0.1, 123456789012345680, "0012", True])
        sheet.write_datetime(1, 5, datetime.datetime(1990, 2, 3), day)  # noqa: DTZ001
        sheet.write_datetime(1, 6, datetime.datetime(2024, 1, 2, 3, 4), moment)  # noqa: DTZ001
        sheet.write_string(2, 3, "NA")

    _, rows, _, _, _ = said(workbook(("Data", fill)))
    # A spreadsheet keeps 15 digits: what it rounded shows its exponent.
    first = [2, "25", "0.1", "1.234567890123457e+17", "0012", "true", "1990-02-03", "2024-01-02T03:04:00"]
    assert rows == [first, [3, None, None, None, "NA", None, None, None]]


def test_days_of_a_workbook_that_counts_from_1904_are_the_same_days(workbook):
    def fill(book, sheet):
        sheet.write(0, 0, "day")
        first_day = datetime.datetime(2024, 1, 2)  # noqa: DTZ001
        sheet.write_datetime(1, 0, first_day, book.add_format({"num_format": "yyyy-mm-dd"}))

    assert said(workbook(("Data", fill), date_1904=True))[1] == [[2, "2024-01-02"]]


def test_a_formula_is_read_as_its_saved_value_with_a_warning_that_names_the_first_cell(workbook):
    def fill(book, sheet):
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write(1, 0, 1)
        sheet.write_formula(1, 1, "=A2+4", value=5)

    header, rows, _, _, _ = said(workbook(("Data", fill)))
    assert rows == [[2, "1", "5"]]
    assert [(notice.code, notice.line, notice.column) for notice in header.warnings] == [
        ("formula-cell", 2, 2)
    ]


def test_an_error_in_a_cell_quarantines_its_row(workbook):
    def fill(book, sheet):
        rows_at([["a", "b"], [1, 2], [3, 4]])(book, sheet)
        sheet.write_formula(2, 1, "=1/0", value="#DIV/0!")

    _, rows, faults, _, _ = said(workbook(("Data", fill)))
    assert (rows, faults) == ([[2, "1", "2"]], [(3, "cell-error", 2)])


def test_rows_and_columns_are_numbered_as_the_spreadsheet_numbers_them(workbook):
    path = workbook(
        ("Data", rows_at([["Title", ""], ["a", "b"], [1, 2], ["", ""], ["Total", 1]], row=2, column=1))
    )
    dialect = Dialect(format="excel", header_line=4, non_data=(",Total,.*",))
    header, rows, _, listed, summary = said(path, dialect)
    assert [(column.name, column.letter) for column in header.columns] == [("a", "B"), ("b", "C")]
    assert rows == [[5, "1", "2"]]
    assert listed == [("preamble", 3), ("header", 4), ("empty-record", 6), ("declared", 7)]
    assert summary.physical_records == 5


def test_a_hidden_sheet_is_named_in_a_warning(workbook):
    def hidden(book, sheet):
        sheet.hide()

    header = said(workbook(("Data", rows_at([["a"], [1]])), ("Secret", hidden)))[0]
    assert [(notice.code, "Secret" in notice.message) for notice in header.warnings] == [
        ("hidden-sheet", True)
    ]


def test_several_visible_sheets_need_a_declaration(workbook):
    path = workbook(("One", rows_at([["a"], [1]])), ("Two", rows_at([["b"], [2]])))
    with pytest.raises(FileRefused, match="One, Two") as refused:
        said(path)
    assert refused.value.code == "sheet-undeclared"
    assert said(path, Dialect(format="excel", sheet="Two"))[1] == [[2, "2"]]
    assert said(path, Dialect(format="excel", sheet=1))[1] == [[2, "1"]]


def test_html_under_the_name_of_a_workbook_is_refused_with_advice(tmp_path):
    path = tmp_path / "table.xls"
    path.write_text("<html><table><tr><td>record</td></tr></table></html>")
    with pytest.raises(FileRefused, match="This is HTML") as refused:
        said(path)
    assert "save it as .xlsx" in refused.value.remedy


def with_part(path, name, content):
    """The same workbook with one more or another part."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, body in {**parts, name: content}.items():
            archive.writestr(entry, body)
    return path


@pytest.fixture
def plain_book(workbook):
    return workbook(("Data", rows_at([["a"], ["x"]])))


@pytest.mark.parametrize("padding", [0, archives.PIECE - 5], ids=["at once", "across two pieces"])
@pytest.mark.parametrize("mark", [b"<!DOCTYPE x>", b"<!ENTITY x 'y'>"])
def test_document_types_and_entities_are_refused(plain_book, mark, padding):
    with_part(plain_book, "xl/sharedStrings.xml", b" " * padding + mark)
    with pytest.raises(FileRefused) as refused:
        said(plain_book)
    assert refused.value.code == "dangerous-xml"


def test_more_rows_than_a_sheet_has_are_refused(plain_book):
    rows = b"<row><c><v>1</v></c></row>" * (archives.MOST_ROWS + 1)
    with_part(
        plain_book, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData>" + rows + b"</sheetData></worksheet>"
    )
    with pytest.raises(FileRefused) as refused:
        said(plain_book)
    assert refused.value.code == "too-large-inside"


def test_two_cells_at_far_corners_do_not_cost_the_rectangle_between_them(plain_book):
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with_part(
        plain_book,
        "xl/worksheets/sheet1.xml",
        b"<worksheet><sheetData>" + cells + b"</sheetData></worksheet>",
    )
    with pytest.raises(FileRefused) as refused:
        said(plain_book)
    assert refused.value.code == "too-large-inside"


def test_what_a_workbook_unpacks_to_is_counted_and_not_believed(plain_book, monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 4 << 20)
    with_part(plain_book, "xl/media/image1.png", bytes(5 << 20))
    with pytest.raises(FileRefused) as refused:
        said(plain_book)
    assert refused.value.code == "too-large-inside"


def test_a_cut_workbook_is_refused_as_damaged(plain_book):
    whole = plain_book.read_bytes()
    plain_book.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileRefused) as refused:
        said(plain_book)
    assert refused.value.code == "damaged-file"


def test_every_single_damaged_byte_is_read_or_refused(plain_book):
    whole = plain_book.read_bytes()
    for place in range(0, len(whole), max(len(whole) // 120, 1)):
        plain_book.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            summary = said(plain_book)[4]
        except FileRefused:
            continue
        assert summary.loaded + summary.quarantined + summary.non_data == summary.physical_records


def test_a_text_that_the_workbook_does_not_have_is_told_by_its_cell(plain_book):
    sheet = b'<worksheet><sheetData><row r="1"><c r="B7" t="s"><v>99</v></c></row></sheetData></worksheet>'
    with_part(plain_book, "xl/worksheets/sheet1.xml", sheet.replace(b'r="1"', b'r="7"'))
    with pytest.raises(FileRefused, match="Cell B7"):
        said(plain_book)
