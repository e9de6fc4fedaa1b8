"""What ministries send: readable, imperfect at the declared rates, and known to the truth line by line."""

from __future__ import annotations

import csv
import hashlib
import io

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyreadstat
import pytest
from python_calamine import CalamineWorkbook

from sojourn.demo import DeliveredFile, Generated
from sojourn.demo.border import RATES
from sojourn.demo.permits import PERMIT_RATES
from sojourn.demo.register import REGISTER_RATES
from sojourn.demo.students import STUDENT_RATES

BORDER = "border"


def files(ruritania: Generated, source: str) -> list[DeliveredFile]:
    return [file for file in ruritania.deliveries if file.source == source]


def truth(ruritania: Generated, name: str, source: str, **equal: str) -> pa.Table:
    found = pq.read_table(ruritania.truth / f"{name}.parquet")
    for column, value in {"source": source, **equal}.items():
        found = found.filter(pc.equal(found[column], value))
    return found


def scans(file: DeliveredFile) -> list[str]:
    return file.path.read_bytes().decode("windows-1251").split("\r\n")


def is_plausible(found: int, size: int, rate: float) -> bool:
    """Within five standard deviations of a binomial count."""
    return abs(found - size * rate) <= 5 * float(np.sqrt(size * rate * (1 - rate))) + 1


def test_deliveries_are_named_in_the_order_in_which_they_came(ruritania: Generated) -> None:
    assert [(file.source, file.period) for file in ruritania.deliveries] == [
        ("border", "2022"), ("border", "2023"), ("border", "2024"), ("permits", "2024"),
        ("students", "2024"), ("register", "2024-12-31"), ("survey", "2024"),
    ]  # fmt: skip


def test_every_delivered_record_is_about_a_person_of_the_truth(ruritania: Generated) -> None:
    persons = ruritania.rows["persons"]
    records = pq.read_table(ruritania.truth / "records.parquet")
    assert pc.min(records["person"]).as_py() >= 0
    assert pc.max(records["person"]).as_py() < persons
    counted = records.group_by(["source", "file"]).aggregate([("line", "count")]).to_pylist()
    sizes = {(row["source"], row["file"]): row["line_count"] for row in counted}
    assert sizes == {(file.source, file.path.name): file.rows for file in ruritania.deliveries}


def test_the_manifest_gives_each_files_rows_and_checksum(ruritania: Generated) -> None:
    for source in {file.source for file in ruritania.deliveries}:
        sent = {file.path.name: file for file in files(ruritania, source)}
        folder = next(iter(sent.values())).path.parent
        with (folder / "manifest.csv").open(encoding="utf-8", newline="") as opened:
            lines = list(csv.DictReader(opened))
        assert [line["file"] for line in lines] == list(sent)
        for line in lines:
            digest = hashlib.sha256(sent[line["file"]].path.read_bytes()).hexdigest()
            assert (line["rows"], line["sha256"]) == (str(sent[line["file"]].rows), digest)


def test_border_files_have_a_title_a_header_a_total_and_a_footnote(ruritania: Generated) -> None:
    for file in files(ruritania, BORDER):
        lines = scans(file)
        assert lines[0].startswith("Пограничная служба")
        assert lines[1].split(";")[:4] == ["ID", "DT", "DIR", "DOC"]
        assert lines[-3] == f"ИТОГО;{file.rows}"
        assert lines[-2].startswith("Примечание")
        assert lines[-1] == ""
        assert len(lines) == file.rows + 5


def test_a_border_record_stands_on_the_line_that_the_truth_names(ruritania: Generated) -> None:
    file = files(ruritania, BORDER)[1]
    records = truth(ruritania, "records", BORDER, file=file.path.name)
    crossings = pq.read_table(ruritania.truth / "crossings.parquet")
    wrong = truth(ruritania, "imperfections", BORDER, file=file.path.name)
    spoilt = set(wrong["line"].to_pylist())
    lines = scans(file)
    whole = [(row["line"], row["crossing"]) for row in records.to_pylist() if row["line"] not in spoilt]
    assert len(whole) > 10_000
    days = crossings["day"].to_pylist()
    directions = crossings["direction"].to_pylist()
    for line, crossing in whole:
        fields = lines[line - 1].split(";")
        assert fields[1] == days[crossing].strftime("%d.%m.%Y")
        assert fields[2] == directions[crossing]


@pytest.mark.parametrize(
    ("kind", "rate"),
    [
        ("missing", RATES.missing),
        ("scanned_twice", RATES.scanned_twice * (1 - RATES.missing)),
        ("line_repeated", RATES.line_repeated),
        ("day_after", RATES.day_after),
        ("direction_wrong", RATES.direction_wrong),
        ("citizenship_missing", RATES.citizenship_missing),
        ("birthplace_missing", RATES.birthplace_missing),
        ("birth_date_missing", RATES.birth_date_missing),
    ],
)
def test_border_imperfections_occur_at_their_rates(ruritania: Generated, kind: str, rate: float) -> None:
    crossings = pq.read_table(ruritania.truth / "crossings.parquet")
    size = int(pc.sum(pc.greater_equal(pc.year(crossings["day"]), 2022)).as_py())
    assert is_plausible(truth(ruritania, "imperfections", BORDER, kind=kind).num_rows, size, rate)


@pytest.mark.parametrize(
    ("source", "kind", "rate"),
    [
        ("permits", "passport_missing", PERMIT_RATES["passport_missing"]),
        ("permits", "issued_twice", PERMIT_RATES["issued_twice"]),
        ("students", "passport_missing", STUDENT_RATES["passport_missing"]),
        ("register", "entered_twice", REGISTER_RATES["entered_twice"]),
        ("register", "parents_missing", REGISTER_RATES["parents_missing"]),
    ],
)
def test_office_imperfections_occur_at_their_rates(
    ruritania: Generated, source: str, kind: str, rate: float
) -> None:
    size = sum(file.rows for file in files(ruritania, source))
    assert is_plausible(truth(ruritania, "imperfections", source, kind=kind).num_rows, size, rate)


@pytest.mark.parametrize(
    ("kind", "column", "shows"),
    [
        ("spreadsheet_number", 3, "E+08"),
        ("thirtieth_of_february", 1, "30.02."),
        ("direction_unknown", 2, "X"),
        ("extra_field", 12, "?"),
    ],
)
def test_damaged_border_lines_are_damaged_as_the_truth_says(
    ruritania: Generated, kind: str, column: int, shows: str
) -> None:
    damaged = truth(ruritania, "imperfections", BORDER, kind=kind).to_pylist()
    assert len(damaged) >= 6
    lines = {file.path.name: scans(file) for file in files(ruritania, BORDER)}
    for row in damaged:
        fields = lines[row["file"]][row["line"] - 1].split(";")
        assert shows in fields[column]
        assert len(fields) == (13 if kind == "extra_field" else 12)


def test_unknown_countries_are_written_where_the_truth_says(ruritania: Generated) -> None:
    lines = {file.path.name: scans(file) for file in files(ruritania, BORDER)}
    damaged = truth(ruritania, "imperfections", BORDER, kind="country_unknown").to_pylist()
    assert len(damaged) >= 6
    for row in damaged:
        assert lines[row["file"]][row["line"] - 1].split(";")[8] in ("000", "QQ")


def test_dual_nationals_show_passports_of_two_countries(ruritania: Generated) -> None:
    shown: dict[int, set[str]] = {}
    (file,) = (file for file in files(ruritania, BORDER) if file.period == "2024")
    lines = scans(file)
    for row in truth(ruritania, "records", BORDER, file=file.path.name).to_pylist():
        shown.setdefault(row["person"], set()).add(lines[row["line"] - 1].split(";")[8])
    persons = pq.read_table(ruritania.truth / "persons.parquet")
    second = persons["second_citizenship"].to_pylist()
    both = [person for person, codes in shown.items() if len(codes - {"", "QQ"}) > 1]
    naturalised = persons["naturalisation_date"].to_pylist()
    assert len(both) > 5
    assert all(second[person] or naturalised[person] for person in both)


def test_country_codes_are_numbers_until_2023_and_letters_since(ruritania: Generated) -> None:
    for file in files(ruritania, BORDER):
        codes = {line.split(";")[8] for line in scans(file)[2:-3]} - {""}
        assert all(code.isdigit() and len(code) == 3 for code in codes) == (file.period < "2024")
        assert all(code.isalpha() and len(code) == 2 for code in codes) == (file.period == "2024")


def test_people_travel_on_several_passports_with_several_spellings(ruritania: Generated) -> None:
    passports: dict[int, set[str]] = {}
    spellings: dict[int, set[str]] = {}
    for file in files(ruritania, BORDER):
        lines = scans(file)
        for row in truth(ruritania, "records", BORDER, file=file.path.name).to_pylist():
            fields = lines[row["line"] - 1].split(";")
            passports.setdefault(row["person"], set()).add(fields[3])
            spellings.setdefault(row["person"], set()).add(fields[4])
    several = [person for person, numbers in passports.items() if len(numbers) > 1]
    assert 0.04 < len(several) / len(passports) < 0.4
    assert sum(len(spellings[person]) > 1 for person in several) > 0.05 * len(several)


def test_no_passport_number_serves_two_persons(ruritania: Generated) -> None:
    holder: dict[str, int] = {}
    for file in files(ruritania, BORDER):
        lines = scans(file)
        for row in truth(ruritania, "records", BORDER, file=file.path.name).to_pylist():
            number = lines[row["line"] - 1].split(";")[3]
            if "E+" not in number:
                assert holder.setdefault(number, row["person"]) == row["person"]


def test_names_are_delivered_in_four_scripts(ruritania: Generated) -> None:
    text = files(ruritania, "students")[0].path.read_text(encoding="utf-8-sig")
    for first, last in (("A", "Z"), ("А", "Я"), ("ا", "ي"), ("一", "鿿")):
        assert any(first <= letter <= last for letter in text), f"no letter between {first} and {last}"


def test_the_students_file_is_quoted_where_a_country_has_a_comma(ruritania: Generated) -> None:
    raw = files(ruritania, "students")[0].path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert {len(line) for line in lines} == {11}
    assert len(lines) == files(ruritania, "students")[0].rows + 1


def test_the_permits_workbook_has_its_header_on_line_four_and_notes_below(ruritania: Generated) -> None:
    (file,) = files(ruritania, "permits")
    sheet = CalamineWorkbook.from_path(str(file.path)).get_sheet_by_name("Разрешения 2024").to_python()
    assert sheet[3][:3] == ["PERMIT_NO", "KIND", "CATEGORY"]
    assert sheet[4 + file.rows][0] == "ВСЕГО"
    assert str(sheet[5 + file.rows][0]).startswith("*")
    lines = truth(ruritania, "records", "permits")["line"].to_pylist()
    assert (min(lines), max(lines)) == (5, 4 + file.rows)
    assert all(isinstance(row[3], str) for row in sheet[4:])


def registered(ruritania: Generated) -> npt.NDArray[np.int64]:
    return truth(ruritania, "records", "register")["person"].to_numpy()


def test_the_register_keeps_people_who_left_silently_and_lacks_newcomers(ruritania: Generated) -> None:
    persons = pq.read_table(ruritania.truth / "persons.parquet")
    here = persons["lives_here"].to_numpy()
    gone = ~here[registered(ruritania)]
    kinds = ("left_silently", "death_not_entered")
    named = sum(truth(ruritania, "imperfections", "register", kind=kind).num_rows for kind in kinds)
    assert int(gone.sum()) == named
    assert 0.004 < gone.mean() < 0.03
    absent = truth(ruritania, "imperfections", "register", kind="not_entered_yet")["person"].to_numpy()
    assert set(absent) == set(np.flatnonzero(here)) - set(registered(ruritania))
    assert len(absent) > 0


def test_the_survey_speaks_of_residents_only_and_once_of_each(ruritania: Generated) -> None:
    persons = pq.read_table(ruritania.truth / "persons.parquet")
    asked = truth(ruritania, "records", "survey")["person"].to_numpy()
    assert persons["lives_here"].to_numpy()[asked].all()
    assert len(set(asked)) == len(asked)


def test_survey_answers_are_those_of_the_person_the_truth_names(ruritania: Generated) -> None:
    (file,) = files(ruritania, "survey")
    answers, _ = pyreadstat.read_sav(str(file.path), output_format="dict")
    asked = truth(ruritania, "records", "survey").sort_by("line")["person"]
    persons = pq.read_table(ruritania.truth / "persons.parquet").take(asked)
    women = pc.equal(persons["sex"].cast(pa.string()), "F").to_numpy()
    native = pc.equal(persons["birthplace"].cast(pa.string()), "XRT").to_numpy()
    assert np.array_equal(np.asarray(answers["SEX"]) == 2, women)
    assert np.array_equal(np.asarray(answers["COB"]) == 1, native)
