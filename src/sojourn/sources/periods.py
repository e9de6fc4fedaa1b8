"""The days of the period that a delivery covers, from how the period is written: 2024, 2024-Q1, 2024-03 …"""

from __future__ import annotations

import calendar
import datetime
from dataclasses import dataclass

__all__ = ["Days", "days_of"]


@dataclass(frozen=True)
class Days:
    """The first and the last day of a period, both of them in it."""

    first: datetime.date
    last: datetime.date


def days_of(period: str) -> Days | None:
    """The days of a period in SDMX notation, with or without the name of a part behind a slash.

    None for `all`, which has no days. Weeks are those of ISO 8601.

    Raises: ValueError for a period that the calendar does not have, such as 2024-13.
    """
    written = period.partition("/")[0]
    if written == "all":
        return None
    year, rest = int(written[:4]), written[5:]
    if not rest:
        return Days(datetime.date(year, 1, 1), datetime.date(year, 12, 31))
    if rest.startswith("W"):
        monday = datetime.date.fromisocalendar(year, int(rest[1:]), 1)
        return Days(monday, monday + datetime.timedelta(days=6))
    if rest.startswith("Q"):
        return _months(year, 3 * int(rest[1:]) - 2, 3 * int(rest[1:]))
    if len(rest) == 2:
        return _months(year, int(rest), int(rest))
    day = datetime.date.fromisoformat(written)
    return Days(day, day)


def _months(year: int, first: int, last: int) -> Days:
    begin = datetime.date(year, first, 1)
    return Days(begin, datetime.date(year, last, calendar.monthrange(year, last)[1]))
