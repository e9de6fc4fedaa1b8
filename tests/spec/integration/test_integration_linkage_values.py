"""Dates and numbers as files write them, columns without values, and records that are copies."""

from __future__ import annotations

import pyarrow as pa
import pytest

from linkage_records import as_records
from sojourn.integration.linkage.comparison_kernel import NUMBER_LEVELS, number_level
from sojourn.integration.linkage.encoding import packed_days
from sojourn.integration.linkage.model import compared


def day(text: str | None) -> int:
    """The number of a date."""
    return int(packed_days(pa.chunked_array([pa.array([text], pa.string())]))[0])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 1980-05-17", 19800517),
        ("1980-05-17 ", 19800517),
        ("1980-05-17 00:00:00", 19800517),
        ("1980-05-17T10:00:00", 19800517),
        ("1980/5/7", 19800507),
        ("5.7.1980", 19800705),
        ("17 05 1980", 19800517),
        ("1980-XX-XX", 19800000),
        ("1980-05-??", 19800500),
        # What tables with missing values make of whole numbers.
        ("19800517.0", 19800517),
        ("1980.0", 19800000),
    ],
)
def test_dates_as_files_write_them(text, number):
    assert day(text) == number


@pytest.mark.parametrize(
    "text",
    ["9223372036854775808.05.1980", "1980-9223372036854775808-05", "1980-05-18446744073709551617", "-5", "."],
)
def test_what_is_no_date_is_missing(text):
    assert day(text) == -1


def number_level_of(one: str, other: str) -> str:
    """What the level of two numbers of papers is called."""
    records, _ = as_records(pa.table({"document_no": pa.array([one, other])}))
    table = compared(records)
    first, second = records.codes[:, 0]
    return NUMBER_LEVELS[number_level(first, second, table.texts, table.plain)]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("AB 123 456", "ab123456", "same"),
        ("A-123456", "A123456", "same"),
        ("+41 44 668 18 00", "+41446681800", "same"),
        ("１２３４５６", "123456", "same"),
        ("١٢٣٤٥٦", "123456", "same"),
        # Of six signs one may be a slip, of seven and more two; the shorter number counts.
        ("123456", "123457", "slip"),
        ("123456", "213456", "slip"),
        ("123456", "123478", "other"),
        ("1234567", "1234589", "slip"),
        ("123456789", "1234567", "slip"),
        ("12345678", "123456", "other"),
        ("12345678", "12345", "other"),
        # Short numbers are near to many others.
        ("1234", "1235", "other"),
        ("1234", "1234", "same"),
        # Letters are compared as they are written, not as they sound.
        ("12phc", "12pch", "slip"),
        ("CZ123456", "S123456", "slip"),
        ("1123456", "123456", "slip"),
    ],
)
def test_levels_of_two_numbers(one, other, level):
    assert (number_level_of(one, other), number_level_of(other, one)) == (level, level)
