"""Which headers are accepted, which are matched with a warning, and which refuse the file."""

import pytest

from sojourn.errors import shown
from sojourn.sources.reader.frames import column_letter
from sojourn.sources.reader.headers import checked_header
from sojourn.sources.reader.reasons import FileRefused

EXPECTED = ("record_id", "passport_no", "surname")


def refused(names, expected=EXPECTED, **options):
    with pytest.raises(FileRefused) as caught:
        checked_header(names, expected, **options)
    return caught.value


def test_exact_names_need_no_warning():
    checked = checked_header(["surname", "record_id", "passport_no"], EXPECTED)
    assert [column.name for column in checked.columns] == ["surname", "record_id", "passport_no"]
    assert checked.warnings == ()


def test_case_and_spaces_are_matched_with_a_warning_for_each_column():
    checked = checked_header([" Record_ID ", "PASSPORT NO", "surname"], EXPECTED)
    assert [column.name for column in checked.columns] == list(EXPECTED)
    assert [(notice.code, notice.column) for notice in checked.warnings] == [
        ("header-spelling", 1),
        ("header-spelling", 2),
    ]


def test_a_name_is_never_matched_by_likeness():
    fault = refused(["record_id", "passprt_no", "surname"])
    assert fault.code == "missing-column"
    assert "passport_no (column 2 (B) has a name like it)" in fault.message


def test_names_that_differ_in_case_are_two_columns_when_the_expected_one_is_there_to_the_letter():
    checked = checked_header(["record_id", "Surname", "surname", "passport_no"], EXPECTED)
    assert [(column.name, column.position) for column in checked.columns][1] == ("surname", 3)
    assert [column.name for column in checked.unknown] == ["Surname"]
    assert refused(["record_id", "Surname", "SURNAME", "passport_no"]).code == "duplicate-header"


def test_the_same_name_twice_is_refused_with_both_places():
    fault = refused(["record_id", "surname", "passport_no", "surname"])
    assert fault.code == "duplicate-header"
    assert "surname stands at columns 2 (B) and 4 (D)" in fault.message


def test_names_that_differ_only_in_case_are_the_same_name():
    assert refused(["sex", "SEX"], ()).code == "duplicate-header"


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("p\u0430ssport_no", "U+0430 CYRILLIC SMALL LETTER A"),
        ("sur\u202ename", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("sur\u200bname", "U+200B ZERO WIDTH SPACE"),
        ("sur\u00adname", "U+00AD SOFT HYPHEN"),
        ("surname\x07", "U+0007"),
        ("\ufeffsurname", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
    ],
)
def test_letters_that_deceive_are_named_by_their_code_point(name, point):
    fault = refused(["record_id", name])
    assert fault.code == "deceptive-header"
    assert point in fault.message
    assert fault.remedy.startswith("Did you mean ")


def test_a_name_wholly_in_look_alike_letters_is_refused():
    # Every letter is Cyrillic: с о р у.
    fault = refused(["\u0441\u043e\u0440\u0443"], ["copy"])
    assert (fault.code, fault.remedy) == ("deceptive-header", "Did you mean copy?")


@pytest.mark.parametrize(
    "name",
    [
        "Дата рождения",
        "ИНН (ID)",
        "Ημερομηνία",
        "تاريخ الميلاد",
        "نام\u200cخانوادگی",
        "出生日期",
        "Größe",
        "Eメール",
    ],
)
def test_names_in_every_script_are_ordinary(name):
    assert [column.name for column in checked_header([name, "b"]).columns] == [name, "b"]


def test_two_rows_of_names_are_recognised():
    fault = refused(["A", "A", "B", "B"], (), next_row=["x", "y", "x", "y"])
    assert fault.code == "two-header-rows"


def test_merged_cells_over_a_second_row_of_names_are_recognised():
    assert refused(["Year", "", "Sex", ""], (), next_row=["from", "to", "m", "f"]).code == "two-header-rows"


def test_a_nameless_column_in_the_middle_is_refused_by_its_letter():
    fault = refused(["a", "", "b"], (), next_row=["1", "2", "3"])
    assert (fault.code, fault.column) == ("blank-header", 2)
    assert "2 (B)" in fault.message


def test_more_columns_than_the_limit_are_refused():
    assert refused([f"c{place}" for place in range(11)], (), column_limit=10).code == "too-many-columns"


def test_unknown_columns_can_be_refused_kept_or_left_out():
    names = [*EXPECTED, "salary"]
    assert refused(names, unknown_columns="refuse").code == "unknown-column"
    assert len(checked_header(names, EXPECTED, unknown_columns="keep").columns) == 4
    assert len(checked_header(names, EXPECTED, unknown_columns="drop").columns) == 3


def test_a_first_line_of_values_is_not_repeated_in_the_message():
    fault = refused(["B000001", "A1234567", "Ivanova"])
    assert fault.code == "header-missing"
    assert "Ivanova" not in str(fault)
    assert "A1234567" not in str(fault)


def test_unknown_names_are_told_by_place_and_not_by_text():
    checked = checked_header([*EXPECTED, 'x"; DROP TABLE deliveries; --'], EXPECTED)
    assert "DROP" not in "".join(notice.message for notice in checked.warnings)
    assert "4 (D)" in checked.warnings[0].message


def test_a_shown_name_is_short_and_without_control_characters():
    assert shown("a\x1b[31m\u202eb") == "a\\u001b[31m\\u202eb"
    assert len(shown("x" * 500)) == 60


@pytest.mark.parametrize(
    ("position", "letter"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA"), (16384, "XFD")]
)
def test_columns_have_the_letters_of_a_spreadsheet(position, letter):
    assert column_letter(position) == letter
