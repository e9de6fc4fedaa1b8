"""Files of surveys as offices have them: semicolons, decimal commas, encodings; and what is refused where."""

from __future__ import annotations

import datetime

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reading_here import reading_here
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.survey_reading import arrival_of, names_in, survey_rows
from sojourn.production.written_numbers import masked
from sojourn.project.declarations import Arrival

KINDS = {"Région": "text", "poids": "number"}


def arrives(**said) -> Arrival:
    return Arrival.model_validate(said)


def refused(call, *more, **settings) -> str:
    with pytest.raises((DataRefused, ProjectError)) as told:
        call(*more, **settings)
    return str(told.value)


@pytest.fixture
def messy(tmp_path):
    """Windows-1252, semicolons, decimal commas, blanks around codes, a printed total."""
    file = tmp_path / "enquête.csv"
    text = 'Région;poids;âge\r\n Île-de-France ;1 234,5;31\r\nBretagne;"0,25";NSP\r\n;2;\r\nTotal;;\r\n'
    file.write_bytes(text.encode("cp1252"))
    return file


WRITTEN = {"encoding": "cp1252", "separator": ";", "decimal": ",", "thousands": " ", "non_data": ["^Total"]}


def test_a_file_is_read_as_it_is_declared_to_be_written(messy):
    table = survey_rows(messy, KINDS, {"âge": "number", "nom": "text"}, arrives=arrives(**WRITTEN),
                        missing=["NSP"])  # fmt: skip
    assert table.to_pydict() == {
        "Région": ["Île-de-France", "Bretagne", None],
        "poids": [1234.5, 0.25, 2.0],
        "âge": [31.0, None, None],
    }


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    (tmp_path / "a.csv").write_text("poids,sexe\n1,F\n", encoding="utf-8-sig")
    assert names_in(tmp_path / "a.csv") == ["poids", "sexe"]
    assert survey_rows(tmp_path / "a.csv", {"poids": "number"})["poids"].to_pylist() == [1]


def test_an_empty_cell_is_missing_with_quotes_and_without(tmp_path):
    (tmp_path / "a.csv").write_text('code,n\n"",1\n,2\n" ",3\nNA,4\n')
    assert survey_rows(tmp_path / "a.csv", {"code": "any"})["code"].to_pylist() == [None, None, None, "NA"]


def test_all_columns_can_be_kept_in_their_order_and_decimals_are_numbers(tmp_path):
    (tmp_path / "a.csv").write_text("code;w;income;mixed\n007;1;1,5;1,5\n008;2;;x\n")
    table = survey_rows(tmp_path / "a.csv", {"w": "number"}, arrives=arrives(separator=";", decimal=","),
                        others=True)  # fmt: skip
    assert table.to_pydict() == {
        "code": ["007", "008"], "w": [1.0, 2.0], "income": [1.5, None], "mixed": ["1,5", "x"],
    }  # fmt: skip


def test_a_workbook_is_read_without_more_words(tmp_path):
    book = openpyxl.Workbook()
    for row in (["poids", "sexe"], [1.5, "F"], [2, None]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with reading_here():
        table = survey_rows(tmp_path / "a.xlsx", {"poids": "number", "sexe": "any"})
    assert table.to_pydict() == {"poids": [1.5, 2.0], "sexe": ["F", None]}


def test_parquet_keeps_its_types(tmp_path):
    day = datetime.date(2024, 1, 1)
    pq.write_table(pa.table({"n": [1], "day": [day], "list": [[1]]}), tmp_path / "a.parquet")
    assert survey_rows(tmp_path / "a.parquet", {"day": "value"}).to_pydict() == {"day": [day]}
    whole = survey_rows(tmp_path / "a.parquet", {"n": "number"}, others=True)
    assert whole.column_names == ["n", "day", "list"]


def test_the_form_is_as_declared_or_as_the_name_ends(tmp_path):
    for name in ("a.dta", "a.TSV", "a.odd"):
        (tmp_path / name).write_text("a\tb\n")
    assert arrival_of(tmp_path / "a.dta", arrives(decimal=",")).format == "stata"
    assert arrival_of(tmp_path / "a.TSV").separator == "\t"
    assert arrival_of(tmp_path / "a.odd", arrives(separator="\t")).format == "csv"
    assert "It is not known how a.odd is written" in refused(arrival_of, tmp_path / "a.odd")
    assert "is a folder" in refused(arrival_of, tmp_path)


def test_a_file_that_is_written_otherwise_is_told_with_what_to_declare(messy):
    said = refused(survey_rows, messy, KINDS)
    assert 'declare `arrives: {encoding: cp1252, separator: ";"}`' in said
    said = refused(survey_rows, messy, KINDS, arrives=arrives(encoding="cp1252"))
    assert said == (
        "enquête.csv: there is one column only.\n"
        '  The file seems to be written otherwise: declare `arrives: {separator: ";"}`.'
    )
    said = refused(survey_rows, messy, KINDS, arrives=arrives(separator=";"))
    assert "encoding" in said


def test_a_decimal_comma_that_is_not_declared_is_told_with_what_to_declare(tmp_path):
    (tmp_path / "a.csv").write_text("w;x\n1,5;1\n2;1\n")
    said = refused(survey_rows, tmp_path / "a.csv", {"w": "number"}, arrives=arrives(separator=";"))
    assert "a.csv:2: the cell in the column w is no number; it has the form '9,9'" in said
    assert 'declare `arrives: {decimal: ","}`' in said


def test_cells_that_are_no_numbers_are_told_by_line_column_and_form(tmp_path):
    lines = [f"{n},F" for n in range(20)]
    lines[3], lines[7], lines[8], lines[9], lines[15] = "Secret 12,F", "k.A.,F", "k.A.,F", "k.A.,F", "?,F"
    (tmp_path / "a.csv").write_text("\n".join(["w,sex", *lines]) + "\n")
    said = refused(survey_rows, tmp_path / "a.csv", {"w": "number"})
    assert said.splitlines()[:4] == [
        "a.csv:5: the cell in the column w is no number; it has the form 'AAAAAA 99'.",
        "a.csv:9: the cell in the column w is no number; it has the form 'A.A.'.",
        "a.csv:10: the cell in the column w is no number; it has the form 'A.A.'.",
        "a.csv: 2 more cells in the column w are like that.",
    ]
    assert "missing: [TEXT]" in said
    assert "Secret" not in said
    said = refused(survey_rows, tmp_path / "a.csv", {"sex": "number"})
    assert "a.csv:2: the column sex holds no number in any record; here a cell has the form 'A'." in said


def test_records_of_another_shape_are_told_by_line_and_refuse_the_file(tmp_path):
    rows = [f"{n},F" for n in range(30)]
    for place in (4, 8, 9, 20):
        rows[place] = "1,F,Geheim"
    (tmp_path / "a.csv").write_text("\n".join(["w,sex", *rows]) + "\n")
    said = refused(survey_rows, tmp_path / "a.csv", {"w": "number"})
    assert "a.csv:6: The record has another number of fields than the header." in said
    assert "a.csv: 1 more records do not have the shape of the table." in said
    assert "Geheim" not in said


def test_columns_that_are_missing_are_told_with_those_that_are_like_them_and_no_long_list(tmp_path):
    (tmp_path / "a.csv").write_text("Poids final,sexe,Jansen\n1,F,x\n")
    said = refused(survey_rows, tmp_path / "a.csv", {"poids": "number", "sexe": "any"})
    assert said == (
        "a.csv: there is no column poids.\n"
        "  Did you mean Poids final for poids? The file needs columns called poids, sexe."
    )
    many = dict.fromkeys([f"PWGTP{n}" for n in range(1, 81)], "number")
    said = refused(survey_rows, tmp_path / "a.csv", many)
    assert "PWGTP6 and 74 more" in said
    assert len(said) < 300
    # Without a header the first line holds a person's values.
    assert "Jansen" not in said


@pytest.mark.parametrize(
    ("cell", "form"), [("Müller-3", "AAAAAA-9"), ("1 234,50", "9 999,99"), ("x" * 50, "A" * 19 + "…")]
)
def test_a_masked_cell_keeps_only_its_form(cell, form):
    assert masked(cell) == form


@pytest.mark.parametrize(
    ("cells", "declaration"),
    [
        (["1 234,50", "12,5"], 'decimal: ",", thousands: " "'),
        (["1.234,50", "12,5"], 'decimal: ",", thousands: "."'),
        (["1,234.50", "12.5"], 'decimal: ".", thousands: ","'),
        (["1'234.5", "NSP"], 'decimal: ".", thousands: "\'"'),
        (["12,5", "NSP"], 'decimal: ","'),
    ],
)
def test_the_way_in_which_numbers_seem_to_be_written_is_told(tmp_path, cells, declaration):
    (tmp_path / "a.csv").write_text("\n".join(["w", *(f'"{cell}"' for cell in cells), "7"]) + "\n")
    said = refused(survey_rows, tmp_path / "a.csv", {"w": "number"})
    assert f"If that is how numbers are written, declare `arrives: {{{declaration}}}`." in said


def test_rows_are_there_to_be_counted_where_no_column_is_asked_for(tmp_path):
    (tmp_path / "a.csv").write_text("w,sex\n1,F\n2,M\n")
    assert len(survey_rows(tmp_path / "a.csv", {})) == 2
