"""What the border knew of each open crossing on the last day of each month, compiled.

Rows are crossings sorted by person and turn, those of a person together. A crossing is open on a day when
it has happened, its window has not closed, and what it did to residence was not certain by then. Only
crossings up to that day are looked at: nothing that came later changes what is found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.integration.movement_histories import put_in_turn
from sojourn.sources.reader.compiled import compiled

__all__ = ["EARLIER", "LATER", "MOVING", "find_earlier", "find_open", "in_turn"]

Numbers = npt.NDArray[np.int64]
Days = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int8]
Measures = np.ndarray[tuple[int, int], np.dtype[np.float32]]

# What is known when the crossing happens, and what changes while it is open.
EARLIER = ("earlier_crossings", "earlier_days_in", "earlier_days_out", "days_since_previous")
MOVING = (
    "days_elapsed",
    "days_on_new_side",
    "days_remaining",
    "is_on_new_side",
    "days_on_current_side",
    "later_crossings",
    "state_before",
)
LATER = len(MOVING)


@compiled
def in_turn(starts: Numbers, moments: Any, directions: Codes, order: Numbers) -> int:
    """Put the crossings of one moment into the order in which arrivals and departures take turns."""
    for person in range(len(starts) - 1):
        begin, end = starts[person], starts[person + 1]
        put_in_turn(moments, directions, order[begin:end], end - begin)
    return len(starts) - 1


@compiled
def find_earlier(
    starts: Numbers, days: Days, sides: Codes, window: int, first: int, inside: Numbers, found: Measures
) -> int:
    """The columns of EARLIER, within a window before each crossing; `inside` counts days from `first`.

    Before the first crossing a person was on its old side. Between two crossings in the same direction
    the person is taken to stay: where a movement is missing the days are those of the later bound.
    """
    for person in range(len(starts) - 1):
        begin, end = starts[person], starts[person + 1]
        oldest = begin
        for row in range(begin, end):
            if row == begin:
                inside[row] = (days[row] - first) * (1 - sides[row])
                found[3, row] = np.nan
            else:
                since = days[row] - days[row - 1]
                inside[row] = inside[row - 1] + since * sides[row - 1]
                found[3, row] = since
            opens = max(first, days[row] - window)
            while days[oldest] < opens:
                oldest += 1
            side = 1 - sides[begin] if oldest == begin else sides[oldest - 1]
            until_then = inside[oldest] - side * (days[oldest] - opens)
            found[0, row] = row - oldest
            found[1, row] = inside[row] - until_then
            found[2, row] = days[row] - opens - found[1, row]
    return len(days)


@compiled
def find_open(
    starts: Numbers,
    days: Days,
    sides: Codes,
    months: Days,
    final: Days,
    before: Codes,
    before_final: Days,
    window: int,
    month_ends: Days,
    first_month: int,
    chosen: Codes,
    rows: Days,
    ages: Codes,
    found: Measures,
) -> int:
    """Each chosen crossing at each month's end at which it was open, with the columns of MOVING.

    `month_ends` are the last days of the months from `first_month`. `rows` and `ages` (whole months since
    the crossing's month) are filled as far as they have room; returned is how many there are.
    """
    count, room = 0, len(rows)
    for person in range(len(starts) - 1):
        begin, end = starts[person], starts[person + 1]
        for row in range(begin, end):
            if chosen[row] == 0:
                continue
            at = max(months[row] - first_month, 0)
            last, new_days = row, 0
            while at < len(month_ends):
                today = month_ends[at]
                if today >= days[row] + window or today >= final[row]:
                    break
                while last + 1 < end and days[last + 1] <= today:
                    if sides[last] == sides[row]:
                        new_days += days[last + 1] - days[last]
                    last += 1
                if count < room:
                    since = today - days[last] + 1
                    is_new = sides[last] == sides[row]
                    rows[count], ages[count] = row, first_month + at - months[row]
                    found[0, count] = today - days[row] + 1
                    found[1, count] = new_days + (since if is_new else 0)
                    found[2, count] = days[row] + window - today - 1
                    found[3, count] = is_new
                    found[4, count] = since
                    found[5, count] = last - row
                    found[6, count] = before[row] if before_final[row] <= today else 2
                count += 1
                at += 1
    return count
