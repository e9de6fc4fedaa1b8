"""From written text to types: what is read, what is refused, and with which reason."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest

from sojourn.engine.conversions import Conversion, ConversionPlan, RecordRule, conversion_statement
from sojourn.engine.rules import parse_rule

RECEIVED = datetime.date(2024, 6, 30)


def _read(engine, cells, conversion, **plan):
    """The converted values and problems of one column."""
    raw = engine.relation(
        pa.table({"line": list(range(2, 2 + len(cells))), "c0": pa.array(cells, pa.string())})
    )
    statement = conversion_statement(ConversionPlan((conversion,), **plan), RECEIVED)
    found = engine.query(statement, {"raw": raw})
    return [
        (row[0], row[1])
        for row in sorted(found.rows("line", conversion.target, "problems"))
        for row in [row[1:]]
    ]


def _value(engine, cell, conversion, **plan):
    ((value, problems),) = _read(engine, [cell], conversion, **plan)
    return value if problems is None else problems


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("NA", "NA"),
        ("NO", "NO"),
        ("Null", "Null"),
        ("None", "None"),
        ("NaN", "NaN"),
        ("True", "True"),
        ("=1+1", "=1+1"),
        ("'; DROP TABLE x; --", "'; DROP TABLE x; --"),
        ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
        ("%s%n", "%s%n"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("", None),
    ],
)
def test_a_surname_is_the_text_that_was_written(engine, cell, value):
    assert _value(engine, cell, Conversion("surname", "text", "c0")) == value


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("0012345", "0012345"),
        ("12E5", "12E5"),
        ("AB 12-34", "AB 12-34"),
        ("ЯА 123", "ЯА 123"),
        ("1.23457E+11", ["spreadsheet-damage|document_no"]),
        ("1,23457E+11", ["spreadsheet-damage|document_no"]),
        ("1E+11", ["spreadsheet-damage|document_no"]),
        ("１２３", ["document-number-unreadable|document_no"]),
        ("ＡＢ", ["document-number-unreadable|document_no"]),
        ("12;34", ["document-number-unreadable|document_no"]),
    ],
)
def test_a_document_number_keeps_its_zeros_and_damage_is_seen(engine, cell, found):
    assert _value(engine, cell, Conversion("document_no", "document", "c0")) == found


@pytest.mark.parametrize(
    ("format_", "cell", "found"),
    [
        (None, "2024-02-29", datetime.date(2024, 2, 29)),
        (None, "2023-02-29", ["not-a-day|event_date"]),
        (None, "2024-02-30", ["not-a-day|event_date"]),
        (None, "29.02.2024", ["not-a-day|event_date"]),
        (None, "32874", ["not-a-day|event_date"]),
        (None, "0001-01-01", ["not-a-day|event_date"]),
        (None, "2567-01-01", ["not-a-day|event_date"]),
        (None, "1410-05-05", ["not-a-day|event_date"]),
        (None, "٢٠٢٤-٠١-٠٢", ["not-a-day|event_date"]),
        (None, "2024-07-01", ["after-receipt|event_date"]),
        ("%d.%m.%Y", "03.04.1990", datetime.date(1990, 4, 3)),
        ("%m/%d/%Y", "03/04/1990", datetime.date(1990, 3, 4)),
        ("%d.%m.%Y", "03.04.90", ["not-a-day|event_date"]),
        ("%d.%m.%Y", "31.04.1990", ["not-a-day|event_date"]),
    ],
)
def test_a_day_is_read_in_the_declared_form_or_not_at_all(engine, format_, cell, found):
    conversion = Conversion("event_date", "day", "c0", format=format_, not_after=True)
    assert _value(engine, cell, conversion) == found


@pytest.mark.parametrize(
    ("format_", "cell", "found"),
    [
        (None, "1990-01-02", "1990-01-02"),
        (None, "1990-00-00", "1990-00-00"),
        (None, "1990-05-00", "1990-05-00"),
        (None, "1990-13-00", ["not-a-day|birth_date"]),
        (None, "1990-00-05", ["not-a-day|birth_date"]),
        ("%d.%m.%Y", "00.00.1990", "1990-00-00"),
        (None, "2024-07-01", ["after-receipt|birth_date"]),
    ],
)
def test_a_birth_date_may_have_unknown_parts_and_never_becomes_another_day(engine, format_, cell, found):
    conversion = Conversion("birth_date", "partial_day", "c0", format=format_, not_after=True)
    assert _value(engine, cell, conversion) == found


@pytest.mark.parametrize(("cell", "year"), [("1990-05-06", 1990), ("1990-00-00", 1990), ("1990-05-00", 1990)])
def test_the_year_of_a_partial_day_is_known(engine, cell, year):
    assert _value(engine, cell, Conversion("birth_year", "year", "c0")) == year


@pytest.mark.parametrize(
    ("zone", "cell", "found"),
    [
        ("UTC", "2024-01-01T23:30:00+13:00", datetime.datetime(2024, 1, 1, 10, 30, tzinfo=datetime.UTC)),
        ("UTC", "2024-01-01T00:00:00Z", datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)),
        ("Pacific/Auckland", "2024-01-01 12:00", datetime.datetime(2023, 12, 31, 23, tzinfo=datetime.UTC)),
        # 02:30 does not exist on the day when clocks go forward; it becomes 03:30 summer time.
        ("Europe/Berlin", "2024-03-31 02:30", datetime.datetime(2024, 3, 31, 1, 30, tzinfo=datetime.UTC)),
        ("UTC", "2016-12-31T23:59:60Z", ["not-a-time|event_time"]),
        ("UTC", "0001-01-01T00:00:00Z", ["not-a-time|event_time"]),
        ("UTC", "yesterday", ["not-a-time|event_time"]),
    ],
)
def test_an_instant_is_kept_as_such(engine, zone, cell, found):
    assert _value(engine, cell, Conversion("event_time", "instant", "c0"), time_zone=zone) == found


def test_the_day_of_an_instant_is_the_day_at_the_border_point(engine):
    conversion = Conversion("event_date", "local_day", "c0")
    assert _value(engine, "2023-12-31T11:30:00Z", conversion, time_zone="Pacific/Auckland") == datetime.date(
        2024, 1, 1
    )


@pytest.mark.parametrize(
    ("decimal", "thousands", "cell", "found"),
    [
        (".", None, "1234.5", 1234.5),
        (".", None, "1,234.5", ["not-a-number|weight"]),
        (".", ",", "1,234.5", 1234.5),
        (",", None, "1234,5", 1234.5),
        (",", None, "1234.5", ["not-a-number|weight"]),
        (",", ".", "1.234,5", 1234.5),
        (",", " ", "1\u202f234,5", 1234.5),
        (".", None, "-0.25", -0.25),
        (".", None, "1e-3", 0.001),
        (".", None, "NaN", ["not-a-number|weight"]),
        (".", None, "inf", ["not-a-number|weight"]),
        (".", None, "..", ["not-a-number|weight"]),
    ],
)
def test_a_number_is_read_with_the_declared_marks(engine, decimal, thousands, cell, found):
    assert (
        _value(engine, cell, Conversion("weight", "decimal", "c0"), decimal=decimal, thousands=thousands)
        == found
    )


def test_declared_words_mean_missing_and_nothing_else_does(engine):
    conversion = Conversion("age", "integer", "c0")
    assert _read(engine, ["..", "-9", "7", "0"], conversion, missing=("..", "-9")) == [
        (None, None),
        (None, None),
        (7, None),
        (0, None),
    ]


def test_a_required_cell_that_is_empty_is_a_problem(engine):
    assert _value(engine, "", Conversion("movement_id", "text", "c0", is_required=True)) == [
        "missing|movement_id"
    ]


def test_the_line_of_a_code_map_that_holds_on_the_day_decides(engine):
    raw = engine.relation(
        pa.table(
            {
                "line": [2, 3, 4, 5],
                "c0": ["YU", "YU", "RS", "ZZ"],
                "c1": ["1990-01-01", "2010-01-01", "2010-01-01", "2010-01-01"],
            }
        )
    )
    day = datetime.date
    codes = engine.relation(
        pa.table(
            {
                "written": ["YU", "YU", "RS"],
                "standard": ["YUG", "SRB", "SRB"],
                "valid_from": pa.array([None, day(2003, 2, 4), None], pa.date32()),
                "valid_to": pa.array([day(2003, 2, 3), None, None], pa.date32()),
            }
        )
    )
    plan = ConversionPlan(
        (
            Conversion("event_date", "day", "c1"),
            Conversion(
                "birthplace", "code", "c0", codes="codes_birthplace", dated_by="event_date", has_validity=True
            ),
        )
    )
    found = engine.query(conversion_statement(plan, RECEIVED), {"raw": raw, "codes_birthplace": codes})
    assert sorted(found.rows("line", "birthplace", "problems")) == [
        (2, "YUG", None),
        (3, "SRB", None),
        (4, "SRB", None),
        (5, None, ["unknown-code|birthplace"]),
    ]


def test_a_rule_has_three_outcomes_and_unknown_is_no_failure(engine):
    plan = ConversionPlan(
        (Conversion("age", "integer", "c0"),),
        (RecordRule("grown-up", parse_rule("age >= 15", ["age"]), is_error=True),),
    )
    raw = engine.relation(pa.table({"line": [2, 3, 4], "c0": ["20", "3", None]}))
    found = engine.query(conversion_statement(plan, RECEIVED), {"raw": raw})
    assert sorted(found.rows("line", "rule_grown_up", "problems"), key=lambda row: row[0]) == [
        (2, True, None),
        (3, False, ["check:grown-up|"]),
        (4, None, None),
    ]
