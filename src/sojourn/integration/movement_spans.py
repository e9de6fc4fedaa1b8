"""How many days a residence rule asks for, and leaves to spare, after a crossing on each day.

With a rule in days that is the same on every day. With one in months it is what the calendar has between the
day and the same day so many months later. Where that month has no such day its last one takes its place, as
in law (Regulation (EEC, Euratom) No 1182/71, article 3) and in the calendars of SQL and programming
languages: twelve months after 29 February is 28 February, one month after 31 January the last of February.
"""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt

from sojourn.concepts.frameworks import ResidenceRule, Unit

__all__ = ["DayRows", "days_from", "days_of_months", "longest_window", "spans_by_day"]

Numbers = npt.NDArray[np.int64]
DayRows = np.ndarray[tuple[int, int], np.dtype[np.int32]]


def spans_by_day(
    rule: ResidenceRule, first: datetime.date, last: datetime.date, *, excludes_boundary: bool
) -> DayRows:
    """For each day from the first to the last the threshold's days (row 0) and the spare days (row 1).

    The spare days are the most that can be spent on the old side. With `excludes_boundary` they are one less
    than window and threshold leave.
    """
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    spans: DayRows = np.empty((2, len(days)), np.int32)
    if rule.unit == Unit.MONTHS:
        spans[0], spans[1] = days_of_months(days, rule.present), days_of_months(days, rule.window)
    else:
        spans[0], spans[1] = rule.present, rule.window
    spans[1] -= spans[0] + (1 if excludes_boundary else 0)
    return spans


def days_from(rule: ResidenceRule, day: datetime.date) -> tuple[int, int]:
    """How many days threshold and window have from a day."""
    (threshold,), (spare,) = spans_by_day(rule, day, day, excludes_boundary=False).tolist()
    return threshold, threshold + spare


def longest_window(rule: ResidenceRule) -> int:
    """The most days that the window can have, from whatever day."""
    return rule.window if rule.unit == Unit.DAYS else 31 * rule.window


def days_of_months(days: npt.NDArray[np.datetime64], months: int) -> Numbers:
    """How many days so many months have from each of the days."""
    begin = days.astype("datetime64[M]")
    end = begin + months
    day_of_month = (days - begin.astype("datetime64[D]")).astype(np.int64)
    length: Numbers = ((end + 1).astype("datetime64[D]") - end.astype("datetime64[D]")).astype(np.int64)
    reached = end.astype("datetime64[D]") + np.minimum(day_of_month, length - 1)
    found: Numbers = (reached - days).astype(np.int64)
    return found
