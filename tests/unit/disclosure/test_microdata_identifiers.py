"""Direct identifiers found by what a column holds: by hand, and measured on generated columns."""

from __future__ import annotations

import datetime
import random

import pyarrow as pa
import pytest

from identifier_columns import harmless_columns, identifying_columns
from sojourn.disclosure.microdata import identifiers_in
from sojourn.disclosure.microdata.check_digits import is_account, is_machine_readable, passing_schemes
from sojourn.disclosure.microdata.name_signs import holds_a_name, is_of_form, looks_known


def kinds(values: list, kind: pa.DataType | None = None) -> set[str]:
    return {each.kind for each in identifiers_in(pa.table({"c": pa.array(values, kind)}))}


@pytest.mark.parametrize(
    ("line", "is_zone"),
    [
        # The specimens of ICAO Doc 9303, parts 4 and 5.
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", True),
        ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", True),
        ("7408122F1204159UTO<<<<<<<<<<<6", True),
        ("L898902C37UTO7408122F1204159ZE184226B<<<<<10", False),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQR", False),
    ],
)
def test_lines_of_a_machine_readable_zone_prove_themselves(line, is_zone):
    assert is_machine_readable(line) is is_zone


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        # Published specimens of each scheme.
        ("4111111111111111", "Luhn"),
        ("44051401458", "PESEL"),
        ("111222333", "BSN"),
        ("52998224725", "CPF"),
        ("10000000146", "TCKN"),
        ("7523169263", "EGN"),
        ("1800101221144", "CNP"),
        ("234123412346", "Verhoeff"),
        ("11010519491231002X", "resident number of 18"),
    ],
)
def test_specimens_pass_their_scheme_and_no_longer_when_a_digit_changes(number, scheme):
    assert passing_schemes(pa.array([number])).get(scheme) == 1
    changed = str((int(number[0]) + 1) % 10) + number[1:]
    assert scheme not in passing_schemes(pa.array([changed]))


def test_account_numbers_prove_themselves():
    assert is_account("DE89 3704 0044 0532 0130 00")
    assert not is_account("DE88 3704 0044 0532 0130 00")
    assert not is_account("hello")


@pytest.mark.parametrize(
    "name",
    ["Anna Maria García", "NGUYEN THI HOA", "Петров Иван", "王小明", "김민수", "محمد علي", "O'Brien, John"],
)
def test_names_in_many_scripts_have_the_form_and_a_sign_of_names(name):
    assert is_of_form(name)
    assert looks_known(name)


@pytest.mark.parametrize(
    "other", ["managers", "Primary education", "R12", "2024", "Manufacturing", "Western Asia"]
)
def test_codes_and_labels_have_no_sign_of_names(other):
    assert not (is_of_form(other) and looks_known(other))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Asked for by Mrs Brown at the second visit", True),
        ("the wife, Maria Lopez, answered for him", True),
        ("her name is Tsering and she came alone", True),
        ("came in March with two children and stayed", False),
        ("Works in Berlin, used to live in Paris", False),
    ],
)
def test_names_within_sentences_are_found(text, holds):
    assert holds_a_name(text) is holds


def test_one_address_of_mail_in_a_column_of_remarks_is_found():
    found = identifiers_in(pa.table({"c": ["nobody at home"] * 99 + ["write to a.b@example.org later"]}))
    assert [(each.kind, each.records, each.is_column) for each in found] == [("e-mail", 1, False)]


def test_telephones_are_found_with_their_country_anywhere_and_without_as_a_column():
    assert kinds(["no", "call +48 601 234 567 after six", "no"]) == {"telephone"}
    assert "telephone" in kinds([f"0601 {number} {number + 7}" for number in range(234, 299)])


def test_days_of_birth_are_told_from_days_of_arrival():
    born = [datetime.date(1930 + number % 80, 1 + number % 12, 1 + number % 28) for number in range(300)]
    came = [datetime.date(2022 + number % 3, 1 + number % 12, 1 + number % 28) for number in range(300)]
    years = [datetime.date(1930 + number % 80, 1, 1) for number in range(300)]
    assert kinds(born) == {"date of birth"}
    assert kinds([day.strftime("%d.%m.%Y") for day in born]) == {"date of birth"}
    assert kinds(came) == set()
    assert kinds(years) == set()
    assert kinds([str(year) for year in range(1930, 2010)] * 3) == set()


def test_numbers_with_check_digits_are_found_also_as_whole_numbers_and_others_are_not():
    draw = random.Random(1)
    luhn = [_with_luhn(f"{draw.randrange(10**8, 10**9)}") for _ in range(60)]
    plain = [f"{draw.randrange(10**9, 10**10)}" for _ in range(30)] * 4
    assert any(kind.startswith("document number (Luhn") for kind in kinds(luhn))
    assert any(kind.startswith("document number (Luhn") for kind in kinds([int(each) for each in luhn]))
    assert kinds(plain) == set()


def _with_luhn(digits: str) -> str:
    for last in range(10):
        whole = f"{digits}{last}"
        total = sum(
            int(digit) if place % 2 == 0 else sum(divmod(2 * int(digit), 10))
            for place, digit in enumerate(reversed(whole))
        )
        if total % 10 == 0:
            return whole
    raise AssertionError("one of ten digits is right")


def test_numbers_of_records_and_open_text_are_told():
    assert kinds([f"case-{number:05}" for number in range(80)]) == {"number of the record"}
    assert kinds(list(range(100_000, 100_080))) == {"number of the record"}
    trades = [f"Worker {'abcdefgh'[number % 8]}{'klmnopqr'[number // 8]}" for number in range(64)]
    assert kinds([trade.title() for trade in trades] + ["Painter"] * 20) == {"open text"}


def test_nothing_is_found_in_nothing():
    assert kinds([None, None], pa.string()) == set()
    assert kinds([], pa.string()) == set()
    assert kinds([1.5, 2.5]) == set()


def test_findings_hold_no_value():
    secret = "anna.unmistakable@example.org"
    found = identifiers_in(pa.table({"c": [secret] * 5}))
    assert found
    assert secret not in repr(found)
    assert "unmistakable" not in str([each.to_json() for each in found])


def test_identifying_columns_are_found_and_harmless_ones_left_alone():
    identifying, harmless = identifying_columns(random.Random(11)), harmless_columns(random.Random(11))
    missed = [name for name, values in identifying.items() if not kinds(values)]
    wrong = [name for name, values in harmless.items() if kinds(values)]
    recall = 1 - len(missed) / len(identifying)
    precision = (len(identifying) - len(missed)) / (len(identifying) - len(missed) + len(wrong))
    assert recall >= 0.97, missed
    assert precision >= 0.97, wrong
