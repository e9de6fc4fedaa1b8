"""Files: every cell arrives, numbers exactly, and no text is run as a formula."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portal_publication import AGENCY, FORMULA, Publication, inflow, survey
from sojourn.dissemination.formats import (
    csv_bytes,
    csvw_metadata,
    number_text,
    parquet_bytes,
    sdmx_csv_bytes,
    without_formulas,
)
from sojourn.dissemination.publication import ReleaseDescription, observations_in_order
from sojourn.dissemination.workbook import workbook_bytes


@pytest.fixture
def release(publication: Publication) -> ReleaseDescription:
    file = publication.public / "releases" / publication.second / "release.json"
    return ReleaseDescription.model_validate_json(file.read_bytes())


def cells(table: object) -> pa.Table:
    return observations_in_order(table.description, table.observations)


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-5.0, "-5"),
        (123456789012.0, "123456789012"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-7, "1e-7"),
        (2.0**53, "9.007199254740992e+15"),
        (None, None),
    ],
)
def test_a_number_is_written_as_the_shortest_text_that_reads_back_as_itself(number: float, text: str):
    written = number_text(pa.chunked_array([pa.array([number], pa.float64())]))[0].as_py()
    assert written == text
    assert number is None or float(written) == number


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x", "\0=1"]
)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str):
    assert without_formulas(pa.array([text]))[0].as_py() == f"'{text}"


@pytest.mark.parametrize("text", ["Norway", "'=1", "1-2", "A=B", "", "_T", "الصين"])
def test_any_other_text_stays_as_it_is(text: str):
    assert without_formulas(pa.array([text]))[0].as_py() == text


def test_csv_holds_every_cell_with_codes_names_figures_and_flags():
    table = survey("1")
    found = lines(csv_bytes(table.description, cells(table), "ar"))
    assert len(found) == 24
    assert found[0] == {
        "REF_AREA": "_T",
        "REF_AREA_NAME": "روريتانيا",
        "SEX": "_T",
        "SEX_NAME": "المجموع",
        "TIME_PERIOD": "2023",
        "OBS_VALUE": "8.4",
        "SE": repr(8.4 * 0.05),
        "CV": repr(100 * (8.4 * 0.05) / 8.4),
        "LINKAGE_SE": "",
        "OBS_STATUS": "A",
        "CONF_STATUS": "F",
    }


def test_csv_defuses_a_name_that_is_a_formula_and_keeps_its_commas_and_quotes():
    table = survey("1")
    found = lines(csv_bytes(table.description, cells(table), "en"))
    assert {line["REF_AREA_NAME"] for line in found if line["REF_AREA"] == "R3"} == {f"'{FORMULA}"}


def test_a_withheld_cell_is_an_empty_figure_with_its_reason():
    table = inflow("1")
    found = lines(csv_bytes(table.description, cells(table), "en"))
    withheld = [line for line in found if line["CONF_STATUS"] != "F"]
    assert [
        (line["CITIZENSHIP"], line["SEX"], line["OBS_VALUE"], line["CONF_STATUS"]) for line in withheld
    ] == [
        ("NOR", "F", "", "C"),
        ("STLS", "F", "", "C"),
        ("STLS", "M", "", "D"),
    ]


def test_texts_with_line_breaks_and_quotes_come_back_from_csv_as_they_went_in():
    table = survey("1")
    strange = ['a "b", c', "two\nlines", " spaced ", "plain"]
    codes = [
        {"id": code, "name": {"en": name}}
        for code, name in zip(["_T", "R1", "R2", "R3"], strange, strict=True)
    ]
    dumped = table.description.model_dump()
    dumped["dimensions"] = ({**dumped["dimensions"][0], "codes": tuple(codes)}, dumped["dimensions"][1])
    description = type(table.description).model_validate(dumped)
    found = lines(csv_bytes(description, cells(table), "en"))
    assert list(dict.fromkeys(line["REF_AREA_NAME"] for line in found)) == strange


def test_an_empty_selection_is_a_header_alone():
    table = inflow("1")
    nothing = cells(table).slice(0, 0)
    assert csv_bytes(table.description, nothing, "en").decode().count("\n") == 1


@pytest.mark.oracle
def test_sdmx_csv_is_read_by_pysdmx_with_every_value_and_flag_as_written(tmp_path):
    from pysdmx.io import get_datasets

    table = inflow("1")
    observations = cells(table)
    file = tmp_path / "inflow.csv"
    file.write_bytes(sdmx_csv_bytes(AGENCY, table.description, observations))
    (dataset,) = get_datasets(file, validate=False)
    assert dataset.short_urn == "Dataflow=RNSO:INFLOW(1.0)"
    read = dataset.data
    assert len(read) == observations.num_rows
    for column in ("CITIZENSHIP", "SEX", "TIME_PERIOD", "OBS_STATUS", "CONF_STATUS"):
        assert [str(it) for it in read[column]] == observations[column].to_pylist()
    values = [None if it in ("", None) or it != it else float(it) for it in read["OBS_VALUE"]]
    assert values == observations["OBS_VALUE"].to_pylist()


def test_sdmx_csv_keeps_a_formula_as_it_is_since_machines_read_it():
    table = survey("1")
    text = sdmx_csv_bytes(AGENCY, table.description, cells(table)).decode()
    assert text.splitlines()[0] == (
        "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,CONF_STATUS,SE,CV,LINKAGE_SE"
    )
    assert "'" not in text


def test_parquet_gives_back_the_cells():
    observations = cells(survey("1"))
    assert pq.read_table(pa.BufferReader(parquet_bytes(observations))).equals(observations)


def test_the_metadata_beside_a_csv_says_what_it_is_from_whom_and_how_long(release: ReleaseDescription):
    document = json.loads(
        csvw_metadata(release, inflow("1").description, file="x.csv", rows=108, sha256="ab", language="en")
    )
    assert document["dc:title"] == "Immigrants by citizenship and sex"
    assert document["dc:license"] == {"@id": "https://creativecommons.org/licenses/by/4.0/"}
    assert document["notes"][0] == "108 rows"
    assert [column["name"] for column in document["tableSchema"]["columns"]][:3] == [
        "CITIZENSHIP",
        "CITIZENSHIP_NAME",
        "SEX",
    ]


def test_a_workbook_has_a_cover_notes_and_one_table(release: ReleaseDescription):
    table = survey("1")
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(release, table.description, cells(table), "en")))
    assert book.sheetnames == ["Cover", "Notes", "Data"]
    assert list(book["Data"].tables) == ["table_FB_SHARE"]
    assert book["Data"].tables["table_FB_SHARE"].ref == "A3:K27"
    rows = list(book["Data"].iter_rows(min_row=4, values_only=True))
    assert rows[0][:6] == ("_T", "Ruritania", "_T", "Total", "2023", 8.4)
    assert {row[1] for row in rows if row[0] == "R3"} == {FORMULA}


def test_no_cell_of_a_workbook_is_a_formula_and_every_figure_is_a_number(release: ReleaseDescription):
    table = survey("1")
    content = workbook_bytes(release, table.description, cells(table), "en")
    sheets = [
        zipfile.ZipFile(io.BytesIO(content)).read(name).decode()
        for name in zipfile.ZipFile(io.BytesIO(content)).namelist()
        if name.startswith("xl/worksheets/sheet")
    ]
    assert len(sheets) == 3
    assert not any("<f>" in sheet for sheet in sheets)
    book = openpyxl.load_workbook(io.BytesIO(content))
    kinds = {cell.data_type for (cell,) in book["Data"]["F4:F27"]}
    assert kinds == {"n"}


def test_an_arabic_workbook_reads_from_right_to_left(release: ReleaseDescription):
    table = inflow("1")
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(release, table.description, cells(table), "ar")))
    assert all(sheet.sheet_view.rightToLeft for sheet in book.worksheets)
    assert re.search("[\u0600-\u06ff]", book.sheetnames[0])


def test_two_workbooks_of_the_same_cells_are_the_same_bytes(release: ReleaseDescription):
    table = inflow("1")
    first, second = (workbook_bytes(release, table.description, cells(table), "en") for _ in range(2))
    assert first == second
