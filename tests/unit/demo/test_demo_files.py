"""Text files, dates and SPSS files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyreadstat
import pytest

from sojourn.demo.country import NEVER
from sojourn.demo.spss import Variable, write_spss
from sojourn.demo.writing import TextFile, checksum, date_texts, joined, quoted


def test_dates_are_written_dotted_or_iso_and_never_is_empty() -> None:
    days = np.array([0, 20_088, -25_567, NEVER])
    assert date_texts(days).to_pylist() == ["01.01.1970", "31.12.2024", "01.01.1900", None]
    assert date_texts(days, "iso").to_pylist() == ["1970-01-01", "2024-12-31", "1900-01-01", None]


def test_a_text_file_knows_its_lines(tmp_path: Path) -> None:
    file = TextFile(tmp_path / "a.csv", encoding="windows-1251", head=("Заголовок", "A;B"))
    assert file.write(pa.array(["1;Ж", "2;М"])).tolist() == [3, 4]
    assert file.write(pa.array(["3;"])).tolist() == [5]
    assert file.write(pa.array([], pa.string())).tolist() == []
    file.close(("ИТОГО;3",))
    assert file.rows == 3
    assert (
        file.path.read_bytes().decode("windows-1251") == "Заголовок\r\nA;B\r\n1;Ж\r\n2;М\r\n3;\r\nИТОГО;3\r\n"
    )


def test_null_is_the_empty_field_and_commas_are_quoted() -> None:
    names = quoted(pa.array(["Bolivia, P. S. of", 'the "x"', None]))
    assert joined([names, pa.array(["1", None, "3"])], ",").to_pylist() == [
        '"Bolivia, P. S. of",1', '"the ""x""",', ",3",
    ]  # fmt: skip


def test_a_checksum_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert checksum(tmp_path / "empty").startswith("e3b0c44298fc1c14")


def test_an_spss_file_is_read_back_as_written(tmp_path: Path) -> None:
    rows = np.array([[1.0, 0.125, np.nan], [2.0, -3.5, 7.0]])
    variables = [
        Variable("SEX", "Sex of the person", codes={1: "Man", 2: "Woman (Женщина)"}),
        Variable("WT", "Weight", 12, 6),
        Variable("ARRYR", "Год прибытия"),
    ]
    write_spss(tmp_path / "a.sav", "A title", variables, rows)
    found, about = pyreadstat.read_sav(str(tmp_path / "a.sav"), output_format="dict")
    assert list(found) == ["SEX", "WT", "ARRYR"]
    assert list(found["WT"]) == [0.125, -3.5]
    assert np.isnan(np.asarray(found["ARRYR"], dtype=float)).tolist() == [True, False]
    assert about.column_labels == ["Sex of the person", "Weight", "Год прибытия"]
    assert about.variable_value_labels == {"SEX": {1.0: "Man", 2.0: "Woman (Женщина)"}}
    assert about.file_encoding == "UTF-8"


@pytest.mark.parametrize("name", ["", "TOOLONGNAME", "lower", "ВЕС"])
def test_an_spss_variable_has_a_short_name_in_capitals(name: str) -> None:
    with pytest.raises(ValueError, match="at most eight capitals"):
        Variable(name, "label")


def test_columns_without_a_variable_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 variables are named for 2 columns"):
        write_spss(tmp_path / "a.sav", "A title", [Variable("A", "a")], np.zeros((3, 2)))
