"""Fixed width, Parquet, SPSS, Stata and SAS give the same kind of text columns."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sojourn.sources.reader.dialect import Dialect, FixedColumn
from sojourn.sources.reader.frames import Header, Loaded, NonData, Quarantined, Summary
from sojourn.sources.reader.reading import events
from sojourn.sources.reader.reasons import FileRefused


def said(path, dialect, expected=()):
    """Header, rows with their lines, faults, listed lines and summary of a reading."""
    rows, faults, listed, header, summary = [], [], [], None, None
    for event in events(path, dialect, expected):
        if isinstance(event, Header):
            header = event
        elif isinstance(event, Loaded):
            rows += [list(row.values()) for row in event.batch.to_pylist()]
        elif isinstance(event, Quarantined):
            faults += [(row["line"], row["reason"], row["raw"]) for row in event.batch.to_pylist()]
        elif isinstance(event, NonData):
            listed.append((event.kind, event.line))
        elif isinstance(event, Summary):
            summary = event
    return header, rows, faults, listed, summary


PERSONS = Dialect(
    format="fixed_width",
    header_line=0,
    encoding="cp1251",
    columns=(FixedColumn("id", 1, 3), FixedColumn("name", 4, 9), FixedColumn("age", 10, 11)),
    non_data=("Total.*",),
)


def test_fixed_columns_count_characters_in_any_encoding(tmp_path):
    path = tmp_path / "persons.txt"
    path.write_bytes("1  Алёна 25\n22 Ян      \r\n\nTotal: 2\n".encode("cp1251"))
    _, rows, faults, listed, summary = said(path, PERSONS)
    assert rows == [[1, "1", "Алёна", "25"], [2, "22", "Ян", None]]
    assert (faults, listed) == ([], [("blank", 3), ("declared", 4)])
    assert summary.newlines == {"lf": 3, "crlf": 1, "cr": 0}


def test_lines_of_another_length_are_quarantined_as_they_stand(tmp_path):
    path = tmp_path / "persons.txt"
    path.write_bytes("1  Алёна\n2  Ян    25 и ещё\n".encode("cp1251"))
    _, rows, faults, _, _ = said(path, PERSONS)
    assert rows == []
    assert faults == [
        (1, "line-too-short", "1  Алёна".encode("cp1251")),
        (2, "line-too-long", "2  Ян    25 и ещё".encode("cp1251")),
    ]


def test_a_quote_in_a_fixed_width_line_is_a_letter_like_any_other(tmp_path):
    path = tmp_path / "persons.txt"
    path.write_bytes(b'1  "An,a 25\n2  B"\xff   26\n')
    dialect = Dialect(format="fixed_width", header_line=0, columns=PERSONS.columns)
    _, rows, faults, _, _ = said(path, dialect)
    assert rows == [[1, "1", '"An,a', "25"]]
    assert [fault[:2] for fault in faults] == [(2, "undecodable-byte")]


def test_a_first_line_that_does_not_show_the_names_is_not_taken_for_a_header(tmp_path):
    path = tmp_path / "persons.txt"
    path.write_text("1  Anna  25\n")
    dialect = Dialect(format="fixed_width", header_line=1, columns=PERSONS.columns)
    with pytest.raises(FileRefused) as refused:
        said(path, dialect)
    assert refused.value.code == "header-missing"
    assert "Anna" not in str(refused.value)


def test_parquet_values_keep_what_they_say(tmp_path):
    path = tmp_path / "table.parquet"
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001
    pq.write_table(
        pa.table(
            {
                "whole": pa.array([2**60, None], pa.int64()),
                "number": pa.array([25.0, float("nan")]),
                "single": pa.array([0.1, 1e20], pa.float32()),
                "word": pa.array(["NA", ""]).dictionary_encode(),
                "day": pa.array([datetime.date(1899, 12, 31), None]),
                "moment": pa.array([moment, moment.replace(microsecond=500_000)], pa.timestamp("us")),
                "zoned": pa.array([moment, None], pa.timestamp("ms", "Asia/Tashkent")),
                "flag": pa.array([True, None]),
                "price": pa.array([None, 1], pa.decimal128(10, 2)),
            }
        ),
        path,
    )
    _, rows, _, _, summary = said(path, Dialect(format="parquet"))
    assert rows[0][1:] == [
        "1152921504606846976", "25", "0.1", "NA", "1899-12-31",
        "2024-01-02T03:04:05", "2024-01-02T08:04:05+0500", "true", None,
    ]  # fmt: skip
    assert rows[1][1:5] == [None, None, "1e+20", ""]
    assert rows[1][6] == "2024-01-02T03:04:05.500000"
    assert rows[1][9] == "1.00"
    assert summary.physical_records == 2


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.binary(), pa.struct([("a", pa.int8())])], ids=str)
def test_parquet_types_without_one_text_refuse_the_file_by_column(tmp_path, kind):
    pq.write_table(pa.table({"a": [1], "odd": pa.nulls(1, kind)}), tmp_path / "table.parquet")
    with pytest.raises(FileRefused, match="odd has the type") as refused:
        said(tmp_path / "table.parquet", Dialect(format="parquet"))
    assert refused.value.column == 2


def test_parquet_columns_that_nobody_expects_are_not_handed_on(tmp_path):
    pq.write_table(pa.table({"a": [1], "odd": [[1]]}), tmp_path / "table.parquet")
    header, rows, _, _, _ = said(tmp_path / "table.parquet", Dialect(format="parquet"), ["a"])
    assert (rows, [column.name for column in header.unknown]) == ([[1, "1"]], ["odd"])


def survey():
    polars = pytest.importorskip(
        "polars", reason="polars writes the statistical files that are read back here"
    )
    return polars.DataFrame(
        {
            "id": [1.0, 2.5, None],
            "word": ["NA", "", "ж"],
            "day": [datetime.date(2024, 1, 2), None, datetime.date(1950, 12, 31)],
            "sex": [1.0, 2.0, 9.0],
        }
    )


ROWS = [[1, "1", "NA", "2024-01-02", "1"], [2, "2.5", None, None, "2"], [3, None, "ж", "1950-12-31", "9"]]


def test_spss_codes_stay_codes_and_labels_stand_beside_them(tmp_path):
    import pyreadstat

    path = tmp_path / "survey.sav"
    pyreadstat.write_sav(
        survey(),
        str(path),
        column_labels={"sex": "Sex of the person"},
        variable_value_labels={"sex": {1: "male", 2: "female"}},
        missing_ranges={"sex": [9]},
    )
    header, rows, _, _, _ = said(path, Dialect(format="spss"))
    # 9 is declared missing in the file: it stays a code, and the notes say so.
    assert rows == ROWS
    assert header.notes["value_labels"] == {"sex": {"1": "male", "2": "female"}}
    assert header.notes["column_labels"] == {"sex": "Sex of the person"}
    assert header.notes["declared_missing"] == {"sex": [["9", "9"]]}


@pytest.mark.parametrize(("format", "suffix"), [("stata", "dta"), ("sas", "xpt")])
def test_stata_and_sas_transport_files_give_the_same_rows(tmp_path, format, suffix):
    import pyreadstat

    path = tmp_path / f"survey.{suffix}"
    {"dta": pyreadstat.write_dta, "xpt": pyreadstat.write_xport}[suffix](survey(), str(path))
    assert said(path, Dialect(format=format))[1] == ROWS


@pytest.mark.parametrize("format", ["parquet", "spss", "stata", "sas", "excel"])
def test_noise_under_the_name_of_a_format_is_refused(tmp_path, format):
    path = tmp_path / "noise"
    generator = np.random.default_rng(7)
    for size in (1, 50, 5000):
        for magic in (
            b"",
            b"PAR1",
            b"$FL2",
            b"<stata_dta>",
            b"HEADER RECORD***",
            b"PK\x03\x04",
            b"\xd0\xcf\x11\xe0",
        ):
            path.write_bytes(magic + generator.bytes(size))
            with pytest.raises(FileRefused):
                said(path, Dialect(format=format))
