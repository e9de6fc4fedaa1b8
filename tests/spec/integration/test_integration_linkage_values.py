"""Dates and numbers as files write them, columns without values, and records that are copies."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sojourn.integration.linkage.encoding import packed_days


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
