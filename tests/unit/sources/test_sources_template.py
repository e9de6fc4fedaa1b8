"""The template that a provider fills in is a file that its source takes in."""

from __future__ import annotations

import openpyxl
import pytest

from small_project import BORDER, HEADER, crossing
from sojourn.errors import ProjectError
from sojourn.production.receive import receive
from sojourn.production.workspace import open_workspace
from sojourn.sources.template import write_template


def _with_arrival(project, arrives):
    (project / "sources/border/source.yaml").write_text(
        BORDER.replace("arrives: {every: year}", f"arrives: {{every: year, {arrives}}}"), encoding="utf-8"
    )


def _template(office, file):
    write_template(office.declarations.sources["border"], office.declarations, file)
    return file


@pytest.mark.parametrize("arrives", ["format: csv", 'header_line: 3, encoding: cp1251, separator: ";"'])
def test_a_csv_template_that_is_filled_in_is_taken_in(project, tmp_path, arrives):
    _with_arrival(project, arrives)
    separator = ";" if ";" in arrives else ","
    with open_workspace(project) as office:
        file = _template(office, tmp_path / "template.csv")
        order = file.read_text().splitlines()[-1].split(separator)
        cells = dict(zip(HEADER.split(","), crossing(1).split(","), strict=True))
        with file.open("a") as opened:
            opened.write(separator.join(cells[name] for name in order) + "\n")
        receipt = receive(office, "border", file, period="2024")
    assert (receipt.loaded, receipt.quarantined, receipt.detail["warnings"]) == (1, 0, [])


@pytest.mark.parametrize("header_line", [1, 4])
def test_a_workbook_that_is_filled_in_is_taken_in(project, tmp_path, header_line):
    _with_arrival(project, f"format: excel, header_line: {header_line}, sheet: crossings")
    with open_workspace(project) as office:
        file = _template(office, tmp_path / "template.xlsx")
        book = openpyxl.load_workbook(file)
        sheet = book["crossings"]
        cells = dict(zip(HEADER.split(","), crossing(1).split(","), strict=True))
        for cell in sheet[header_line]:
            sheet.cell(header_line + 1, cell.column, cells[cell.value])
        assert {str(it.sqref).split(":")[0] for it in sheet.data_validations.dataValidation} >= {
            f"C{header_line + 1}"
        }
        book.save(file)
        receipt = receive(office, "border", file, period="2024")
    assert (receipt.loaded, receipt.quarantined) == (1, 0)


@pytest.mark.parametrize(
    ("arrives", "name", "message"),
    [
        ("format: csv", "t.xlsx", "ends in .csv"),
        ("format: excel", "t.csv", "ends in .xlsx"),
        ("format: parquet", "t.csv", "no template"),
        (
            "header_line: 0, names: [ID, DAY, DIR, DOC, SURNAME, GIVEN, BORN, SEX, NAT]",
            "t.csv",
            "no template",
        ),
    ],
)
def test_a_template_that_its_source_would_not_read_is_not_written(project, tmp_path, arrives, name, message):
    _with_arrival(project, arrives)
    with open_workspace(project) as office, pytest.raises(ProjectError, match=message):
        _template(office, tmp_path / name)
    assert not (tmp_path / name).exists()
