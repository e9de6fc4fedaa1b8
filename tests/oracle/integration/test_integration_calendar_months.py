"""Months of the calendar: how many days they have from a day, against two calendars not written here."""

from __future__ import annotations

import datetime

import duckdb
import numpy as np
import pytest
from dateutil.relativedelta import relativedelta

from sojourn.concepts.frameworks import ResidenceRule, Unit
from sojourn.integration.movement_spans import days_from, days_of_months, spans_by_day

pytestmark = pytest.mark.oracle

FIRST, LAST = datetime.date(1896, 1, 1), datetime.date(2104, 12, 31)


@pytest.mark.parametrize("months", [1, 2, 6, 9, 12, 13, 16, 24])
def test_every_day_of_two_centuries_has_the_months_of_other_calendars(months):
    days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
    found = days_of_months(days, months).tolist()
    by_library = [(day + relativedelta(months=months) - day).days for day in days.tolist()]
    by_sql = duckdb.sql(
        f"SELECT CAST(day + INTERVAL {months} MONTH AS DATE) - CAST(day AS DATE)"
        f" FROM range(DATE '{FIRST}', DATE '{LAST + datetime.timedelta(1)}', INTERVAL 1 DAY) AS days(day)"
    ).fetchall()
    assert found == by_library == [days for (days,) in by_sql]


@pytest.mark.parametrize(
    ("day", "months", "reached"),
    [
        ("2012-02-29", 12, "2013-02-28"),
        ("2015-03-01", 12, "2016-03-01"),
        ("2013-01-31", 1, "2013-02-28"),
        ("2012-10-31", 16, "2014-02-28"),
        ("1899-12-31", 2, "1900-02-28"),
    ],
)
def test_where_a_month_has_no_such_day_its_last_one_counts(day, months, reached):
    begin, end = np.datetime64(day), np.datetime64(reached)
    assert days_of_months(np.array([begin]), months).tolist() == [int((end - begin).astype(int))]


def test_twelve_of_sixteen_months_leave_four_to_spare():
    rule = ResidenceRule(12, 16, Unit.MONTHS)
    day = datetime.date(2015, 10, 31)  # a 29 February lies in the twelve months, not in the four
    assert days_from(rule, day) == (366, 366 + 120)  # to 31 October 2016, and on to 28 February 2017
    assert spans_by_day(rule, day, day, excludes_boundary=True).tolist() == [[366], [119]]


def test_no_window_ends_before_that_of_an_earlier_day():
    for months in range(1, 25):
        spans = spans_by_day(ResidenceRule(1, months, Unit.MONTHS), FIRST, LAST, excludes_boundary=False)
        ends = np.arange(spans.shape[1]) + spans.sum(axis=0)
        assert (np.diff(ends) >= 0).all()
