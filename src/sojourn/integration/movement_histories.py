"""From raw crossings of many people to decided ones, compiled: order, gaps, and the rule for each person.

Crossings come sorted by person, moment and identifier. Those of one moment are put into the order in which
arrivals and departures take turns. A second crossing in the same direction on the same day is a second record
of the first one. Two in the same direction on different days mean that one between them was not recorded:
when it happened is bounded, assumed, or left open, as the caller decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.integration.movement_kernel import (
    AFTER,
    BEFORE,
    DAYS_IN,
    DAYS_OUT,
    MIGRATION,
    UNKNOWN,
    Room,
    States,
    days_on_sides,
    end_with_the_life,
    outcomes,
    residence,
    room_for,
)
from sojourn.sources.reader.compiled import compiled, compiled_into_callers

__all__ = [
    "AFTER_DEATH",
    "BEFORE_BIRTH",
    "DUPLICATE",
    "EXCLUDED",
    "MISSING_BEFORE_OR_AFTER",
    "NOT_COUNTED",
    "NOT_OBSERVED",
    "NO_BIRTH",
    "NO_DAY",
    "NO_DEATH",
    "NO_DIRECTION",
    "NO_PERSON",
    "OUT_OF_SCOPE",
    "decide_histories",
    "path_room",
]

Numbers = npt.NDArray[np.int64]
Days = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int8]
DayRows = np.ndarray[tuple[int, int], np.dtype[np.int32]]

MISSING_BEFORE_OR_AFTER, DUPLICATE, NO_DIRECTION, NO_DAY, NOT_OBSERVED, EXCLUDED, NO_PERSON = range(1, 8)
BEFORE_BIRTH, AFTER_DEATH, OUT_OF_SCOPE = range(8, 11)
BOUNDS, EARLIEST, LATEST, MIDPOINT, EXCLUDE = 0, 1, 2, 3, 4
NOT_COUNTED = -1
NOT_A_DAY = -(1 << 31)
NO_BIRTH, NO_DEATH = NOT_A_DAY, (1 << 31) - 1


@compiled
def put_in_turn(moments: Any, directions: Codes, order: Numbers, count: int) -> None:
    """Order the crossings of one moment so that arrivals and departures take turns, as far as they can."""
    begin = 0
    while begin < count:
        end = begin + 1
        while end < count and moments[order[end]] == moments[order[begin]]:
            end += 1
        previous = directions[order[begin - 1]] if begin > 0 else 1 - directions[order[begin]]
        for place in range(begin, end):
            wanted = 1 - previous
            chosen = place
            while chosen < end and directions[order[chosen]] != wanted:
                chosen += 1
            if chosen == end:
                chosen = place
            row = order[chosen]
            for moved in range(chosen, place, -1):
                order[moved] = order[moved - 1]
            order[place] = row
            previous = directions[row]
        begin = end


@compiled
def usable(
    begin: int,
    end: int,
    days: Days,
    directions: Codes,
    observed_from: int,
    observed_until: int,
    birth: int,
    death: int,
    order: Numbers,
    problem: Codes,
) -> int:
    """Put the rows whose day and direction are known, observed and lived into `order`; return how many."""
    count = 0
    for row in range(begin, end):
        if days[row] == NOT_A_DAY:
            problem[row] = NO_DAY
        elif days[row] < observed_from or days[row] > observed_until:
            problem[row] = NOT_OBSERVED
        elif directions[row] != 0 and directions[row] != 1:
            problem[row] = NO_DIRECTION
        elif days[row] < birth:
            problem[row] = BEFORE_BIRTH
        elif days[row] > death:
            problem[row] = AFTER_DEATH
        else:
            order[count] = row
            count += 1
    return count


@compiled
def without_duplicates(
    days: Days, directions: Codes, order: Numbers, count: int, problem: Codes
) -> tuple[int, int]:
    """Leave out second records of one crossing; return how many are left and how many gaps there are."""
    kept, gaps = 0, 0
    for place in range(count):
        row = order[place]
        if kept > 0 and directions[row] == directions[order[kept - 1]]:
            if days[row] == days[order[kept - 1]]:
                problem[row] = DUPLICATE
                continue
            problem[row] = MISSING_BEFORE_OR_AFTER
            problem[order[kept - 1]] = MISSING_BEFORE_OR_AFTER
            gaps += 1
        order[kept] = row
        kept += 1
    return kept, gaps


@compiled
def complete_path(
    days: Days,
    directions: Codes,
    order: Numbers,
    count: int,
    treatment: int,
    favoured: int,
    path_days: Numbers,
    path_sides: Codes,
    path_rows: Numbers,
) -> int:
    """The person's crossings with the missing ones put in; return how many they are then.

    With BOUNDS the missing crossing is put where it gives the favoured side the most days.
    """
    length = 0
    for place in range(count):
        row = order[place]
        side = directions[row]
        if place > 0 and path_sides[length - 1] == side:
            first, last = path_days[length - 1], np.int64(days[row])
            if treatment == BOUNDS:
                when = last if side == favoured else first
            elif treatment == EARLIEST:
                when = first
            elif treatment == LATEST:
                when = last
            else:
                when = (first + last) // 2
            path_days[length], path_sides[length], path_rows[length] = when, 1 - side, -1
            length += 1
        path_days[length], path_sides[length], path_rows[length] = days[row], side, row
        length += 1
    return length


@compiled_into_callers
def put_spans(
    path_days: Numbers,
    path_sides: Codes,
    path_rows: Numbers,
    length: int,
    spans_by_day: DayRows,
    observed_from: int,
    favoured: int,
    extremes: tuple[int, int, int, int],
    enough: Numbers,
    allowed: Numbers,
) -> None:
    """The threshold's (`enough`) and the spare (`allowed`) days of each crossing, as its day has them.

    `favoured` is 0 or 1 where the day of a missing crossing is bounded and not known: it is then given the
    easiest of all spans when it is to the favoured side, and the hardest when it is not.
    """
    for i in range(length):
        if favoured < 0 or path_rows[i] >= 0:
            day = path_days[i] - observed_from
            enough[i], allowed[i] = spans_by_day[0, day], spans_by_day[1, day]
        elif path_sides[i] == favoured:
            enough[i], allowed[i] = extremes[0], extremes[3]
        else:
            enough[i], allowed[i] = extremes[1], extremes[2]


@compiled_into_callers
def plain_path(
    begin: int,
    end: int,
    moments: Any,
    days: Days,
    directions: Codes,
    first: int,
    last: int,
    spans_by_day: DayRows,
    observed_from: int,
    path_days: Numbers,
    path_sides: Codes,
    spent: Room,
    enough: Numbers,
    allowed: Numbers,
) -> int:
    """The path of a history in which nothing is missing, tied or doubtful; -1 when something is.

    With its spans, and the days spent on each side until each crossing, in the same pass.
    """
    outside, inside = np.int64(0), np.int64(0)
    before, side_before = np.int64(days[begin]), np.int64(-1)
    for number in range(begin, end):
        row, place = np.uint64(number), np.uint64(number - begin)
        side, day = np.int64(directions[row]), np.int64(days[row])
        if (
            side > 1
            or day < first
            or day > last
            or side == side_before
            or (number > begin and moments[row] <= moments[np.uint64(number - 1)])
        ):
            return -1
        if side == 1:
            outside += day - before
        else:
            inside += day - before
        path_days[place], path_sides[place] = day, side
        spent[0, place], spent[1, place] = outside, inside
        of_day = np.uint64(day - observed_from)
        enough[place], allowed[place] = spans_by_day[0, of_day], spans_by_day[1, of_day]
        before, side_before = day, side
    return end - begin


@compiled
def path_room(starts: Numbers) -> int:
    """How many crossings a history can have, the missing ones put in."""
    longest = 1
    for person in range(len(starts) - 1):
        longest = max(longest, starts[person + 1] - starts[person])
    return 2 * longest


@compiled
def decide_histories(
    starts: Numbers,
    moments: Any,
    days: Days,
    directions: Codes,
    anchor_starts: Numbers,
    anchor_days: Numbers,
    anchor_states: Codes,
    births: Days,
    deaths: Days,
    spans_by_day: DayRows,
    excludes_boundary: bool,
    treatment: int,
    observed_from: int,
    observed_until: int,
    states: States,
    found: DayRows,
    problem: Codes,
) -> int:
    """Decide the crossings of all persons, whose rows run from one of `starts` to the next.

    `births` and `deaths` have a day for each person, or NO_BIRTH and NO_DEATH. `spans_by_day` has for each
    observed day the threshold's days of a crossing on that day, and its spare days. `states` gets the rows
    BEFORE, AFTER and MIGRATION, `found` the rows STATUS_FINAL … DAYS_OUT, of which the first two hold where
    the states are known, and the others are NOT_COUNTED where they are not. Both have room for `path_room`
    crossings beyond the rows. Returns how many movements are missing.
    """
    room = path_room(starts)
    order = np.empty(room, np.int64)
    rows = len(days)
    path_days, path_rows = np.empty(room, np.int64), np.empty(room, np.int64)
    path_sides = np.empty(room, np.int8)
    spent, other_spent = np.empty((2, room), np.int64), np.empty((2, room), np.int64)
    enough, allowed = np.empty(room, np.int64), np.empty(room, np.int64)
    other_enough, other_allowed = np.empty(room, np.int64), np.empty(room, np.int64)
    can, cannot = np.empty(room, np.int64), np.empty(room, np.int64)
    other_can, other_cannot = np.empty(room, np.int64), np.empty(room, np.int64)
    other_found = np.empty((4, room), np.int32)
    work = room_for(room)
    extremes = (
        int(spans_by_day[0].min()), int(spans_by_day[0].max()),
        int(spans_by_day[1].min()), int(spans_by_day[1].max()),
    )  # fmt: skip
    all_gaps = 0
    for person in range(len(starts) - 1):
        begin, end = starts[person], starts[person + 1]
        birth, death = int(births[person]), int(deaths[person])
        gaps = 0
        length = plain_path(
            begin, end, moments, days, directions, max(observed_from, birth), min(observed_until, death),
            spans_by_day, observed_from, path_days, path_sides, spent, enough, allowed,
        )  # fmt: skip
        is_plain = length >= 0
        if not is_plain:
            for row in range(begin, end):
                states[BEFORE, row], states[AFTER, row], states[MIGRATION, row] = UNKNOWN, UNKNOWN, UNKNOWN
                found[DAYS_IN, row], found[DAYS_OUT, row] = NOT_COUNTED, NOT_COUNTED
            count = usable(
                begin, end, days, directions, observed_from, observed_until, birth, death, order, problem
            )
            if count == 0:
                continue
            put_in_turn(moments, directions, order, count)
            count, gaps = without_duplicates(days, directions, order, count, problem)
            all_gaps += gaps
            if gaps > 0 and treatment == EXCLUDE:
                for row in range(begin, end):
                    problem[row] = EXCLUDED if problem[row] == 0 else problem[row]
                continue
            length = complete_path(
                days, directions, order, count, treatment, 1, path_days, path_sides, path_rows
            )
            put_spans(
                path_days, path_sides, path_rows, length, spans_by_day, observed_from,
                1 if gaps > 0 and treatment == BOUNDS else -1, extremes, enough, allowed,
            )  # fmt: skip
            days_on_sides(path_days, path_sides, length, spent)
        is_bounded = gaps > 0 and treatment == BOUNDS
        counted_until = min(observed_until, death - 1)
        # What is plain goes to its place at once, the rest by way of the completed path.
        at = begin if is_plain else rows
        outcomes(
            path_days, path_sides, length, excludes_boundary, observed_until, counted_until, spent, enough,
            allowed, can, cannot, found, at,
        )  # fmt: skip
        if death <= observed_until:
            end_with_the_life(death, length, can, cannot)
        if is_bounded:
            complete_path(days, directions, order, count, treatment, 0, path_days, path_sides, path_rows)
            put_spans(
                path_days, path_sides, path_rows, length, spans_by_day, observed_from, 0, extremes,
                other_enough, other_allowed,
            )  # fmt: skip
            days_on_sides(path_days, path_sides, length, other_spent)
            outcomes(
                path_days, path_sides, length, excludes_boundary, observed_until, counted_until, other_spent,
                other_enough, other_allowed, other_can, other_cannot, other_found, 0,
            )  # fmt: skip
            if death <= observed_until:
                end_with_the_life(death, length, other_can, other_cannot)
            for i in range(length):
                can[i], cannot[i] = max(can[i], other_can[i]), max(cannot[i], other_cannot[i])
                # Sums of days on a side come from the path that gives it the most.
                if path_sides[i] == 1:
                    allowed[i] = other_allowed[i]
                else:
                    enough[i] = other_enough[i]
                if found[DAYS_IN, at + i] != other_found[DAYS_IN, i]:
                    found[DAYS_IN, at + i], found[DAYS_OUT, at + i] = NOT_COUNTED, NOT_COUNTED
        # Nothing is unknown before the first crossing of somebody born under observation.
        is_implied = birth >= observed_from or path_days[0] - observed_from >= spans_by_day[0, 0]
        may_be_inside = not is_implied or path_sides[0] == 0
        may_be_outside = not is_implied or path_sides[0] == 1
        residence(
            path_days, path_sides, length, observed_until, may_be_inside, may_be_outside, anchor_days,
            anchor_states, anchor_starts[person], anchor_starts[person + 1], enough, allowed, can, cannot,
            states, found, at, work,
        )  # fmt: skip
        if is_plain:
            continue
        for i in range(length):
            row = path_rows[i]
            if row >= 0:
                for kind in range(3):
                    states[kind, row] = states[kind, at + i]
                for kind in range(4):
                    found[kind, row] = found[kind, at + i]
    return all_gaps
