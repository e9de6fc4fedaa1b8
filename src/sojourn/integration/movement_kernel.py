"""The outcome-based rule of migration over sorted crossings, compiled.

A crossing can change where a person lives when, of the window's days after it, at least the threshold's are
spent on its new side. Threshold and window are counted in days from the crossing, and may differ between
crossings, as calendar months do; the window of a later crossing never ends before that of an earlier one.
Each crossing is looked at by itself first: the day on which it became certain that it can (`yes`) or cannot
(`no`) change residence. Both days are places at which the days spent inside, or outside, since the person's
first crossing reach a sum: `enough` on the new side, one more than `allowed` on the old one. One pass with
four pointers finds them all.

Then two days run along a person's crossings: the day from which it is impossible that the person lives
here, and the day from which it is impossible that the person lives elsewhere. A crossing changes residence
when it can and the person lives on its old side. That it does not may be known earlier, for what it allows
on its old side until the end of its window leaves others no choice:

- An opposite crossing before it cannot change residence too, unless what is enough for that one is allowed.
- One before it in the same direction that allows as much or more can change residence whenever it can.

With the same threshold T and window W for both, the first is 2 T - W days on the side between the two.

All days are whole numbers; a crossing on day d counts d as a day on its new side. What is not certain by
`until` is NEVER: nothing after that day is assumed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled_into_callers

__all__ = [
    "AFTER",
    "BEFORE",
    "DAYS_IN",
    "DAYS_OUT",
    "MIGRATION",
    "MIGRATION_FINAL",
    "NEVER",
    "NO",
    "STATUS_FINAL",
    "UNKNOWN",
    "YES",
    "days_on_sides",
    "end_with_the_life",
    "outcomes",
    "residence",
    "room_for",
]

NEVER = 1 << 40
LONG_AGO = -NEVER
NO, YES, UNKNOWN = 0, 1, 2
BEFORE, AFTER, MIGRATION = 0, 1, 2
STATUS_FINAL, MIGRATION_FINAL, DAYS_IN, DAYS_OUT = range(4)
Days = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
States = np.ndarray[tuple[int, int], np.dtype[np.int8]]
Room = np.ndarray[tuple[int, int], np.dtype[np.int64]]


@compiled_into_callers
def days_on_sides(days: Days, directions: Codes, count: int, spent: Room) -> None:
    """For each crossing the days spent outside (row 0) and inside (row 1) from the first one until then."""
    spent[0, 0], spent[1, 0] = 0, 0
    for i in range(1, count):
        side = directions[i - 1]
        spent[side, i] = spent[side, i - 1] + days[i] - days[i - 1]
        spent[1 - side, i] = spent[1 - side, i - 1]


@compiled_into_callers
def day_reached(
    days: Days, directions: Codes, count: int, spent: Room, side: Any, target: int, first: int, start: int
) -> tuple[int, int]:
    """The first day on which the days on a side reach the target, and the crossing whose leg it lies in.

    The search begins near `start` and does not go before `first`. The last leg has no end: what is found in
    it holds if nothing happens. NEVER when the last leg is on the other side.
    """
    leg = max(start, first)
    # A later crossing can have a target a few days lower, where its months are shorter; at `first` it ends.
    while spent[side, np.uint64(leg)] >= target:
        leg -= 1
    while leg < count - 1 and spent[side, np.uint64(leg + 1)] < target:
        leg += 1
    reached = np.uint64(leg)
    if directions[reached] != side:
        return NEVER, leg
    return days[reached] + target - spent[side, reached], leg


@compiled_into_callers
def outcomes(
    days: Days,
    directions: Codes,
    count: int,
    excludes_boundary: bool,
    until: int,
    counted_until: int,
    spent: Room,
    enough: Days,
    allowed: Days,
    can: Days,
    cannot: Days,
    found: Any,
    at: int,
) -> None:
    """The days on which it became certain that a crossing can, and cannot, change residence; else NEVER.

    `enough` and `allowed` come with the days on the new side that change residence, and the most days on the
    old side that still let it, for each crossing; they leave as the sums at which that is decided. `spent`
    has the days on each side until each crossing. The rows DAYS_IN and DAYS_OUT of `found` get, from column
    `at`, the days inside and outside in the part of each window that ends with `counted_until`, which no
    crossing comes after by more than a day.
    """
    excluded = 1 if excludes_boundary else 0
    # The leg in which the window ends, and where the search for an arrival's or departure's day went on last.
    leg = yes_out = yes_in = no_out = no_in = 0
    for i in range(count):
        here = np.uint64(i)
        side = np.uint64(directions[here])
        old = np.uint64(1) - side
        window = enough[here] + allowed[here] + excluded
        end = days[here] + window
        leg = max(leg, i)
        # Windows of crossings that were put in can end later than that of the next one.
        while leg > i and days[np.uint64(leg)] >= end:
            leg -= 1
        while leg + 1 < count and days[np.uint64(leg + 1)] < end:
            leg += 1
        last_leg = np.uint64(leg)
        ends_on_new_side = directions[last_leg] == side
        on_new_side = (
            spent[side, last_leg] - spent[side, here] + (end - days[last_leg] if ends_on_new_side else 0)
        )
        # What lies after the last day counted lies in the last leg.
        cut = max(end - counted_until - 1, 0)
        counted = on_new_side - (cut if ends_on_new_side else 0)
        inside = counted if side == 1 else window - cut - counted
        place = np.uint64(at + i)
        found[DAYS_IN, place] = inside
        found[DAYS_OUT, place] = window - cut - inside
        is_enough = on_new_side - (excluded if ends_on_new_side else 0) >= enough[here]
        enough[here] += spent[side, here]
        allowed[here] += spent[old, here]
        can[here], cannot[here] = NEVER, NEVER
        if is_enough:
            start = yes_in if side == 1 else yes_out
            yes, reached = day_reached(days, directions, count, spent, side, enough[here], i, start)
            if side == 1:
                yes_in = reached
            else:
                yes_out = reached
            if yes <= until:
                can[here] = yes
            continue
        # Beyond the spare days by the end of the day on which one more begins.
        start = no_in if side == 1 else no_out
        no, reached = day_reached(days, directions, count, spent, old, allowed[here] + 1, i, start)
        if side == 1:
            no_in = reached
        else:
            no_out = reached
        no -= 0 if excludes_boundary else 1
        if no <= until:
            cannot[here] = max(no, days[here])


@compiled_into_callers
def end_with_the_life(death: int, count: int, can: Days, cannot: Days) -> None:
    """What had not been reached by the day of death is reached no more, which is certain on that day."""
    for i in range(count):
        if can[i] > death:
            can[i], cannot[i] = NEVER, min(cannot[i], death)


@compiled_into_callers
def residence(
    days: Days,
    directions: Codes,
    count: int,
    until: int,
    may_be_inside: bool,
    may_be_outside: bool,
    anchor_days: Days,
    anchor_states: Codes,
    first_anchor: int,
    end_of_anchors: int,
    enough: Days,
    allowed: Days,
    can: Days,
    cannot: Days,
    states: States,
    found: Any,
    at: int,
    room: Room,
) -> None:
    """Where the person lived before and after each crossing, whether it changed that, and since when certain.

    `states` has the rows BEFORE, AFTER and MIGRATION, `found` the rows STATUS_FINAL and MIGRATION_FINAL; what
    is found goes there from column `at`. An anchor is a state that was final on a day: it holds before the
    first crossing that was later, or not decided by then. `room` is what `room_for` gives for so many
    crossings or more.
    """
    # Row 1: the day from which it is impossible that the person lives inside; row 0: outside.
    impossible = room[0:2]
    # The first day on which it, or a later one in the same direction, can change residence; the last crossing
    # before in the same direction that allows as much or more; of each side where `reach` was last.
    earliest, as_generous, reached = room[2], room[3], room[4]
    impossible[0, 0] = NEVER if may_be_outside else LONG_AGO
    impossible[1, 0] = NEVER if may_be_inside else LONG_AGO
    base, anchored_on, next_anchor = 0, LONG_AGO, first_anchor
    reached[directions[0]], reached[1 - directions[0]] = -1, -2
    for i in range(count):
        here, after, place = np.uint64(i), np.uint64(i + 1), np.uint64(at + i)
        side = np.uint64(directions[here])
        old = np.uint64(1) - side
        today = days[here]
        while next_anchor < end_of_anchors and (
            today > anchor_days[next_anchor] or min(can[here], cannot[here]) > anchor_days[next_anchor]
        ):
            lives = np.int64(anchor_states[next_anchor])
            impossible[lives, here], impossible[1 - lives, here] = NEVER, LONG_AGO
            base, anchored_on = i, anchor_days[next_anchor]
            reached[side], reached[old] = i - 1, i - 2
            next_anchor += 1
        is_ruled_out = False
        if (
            i == base + 1
            and base > 0
            and days[base] < anchored_on
            and enough[base] + anchored_on - days[base] > allowed[here]
        ):
            # The days between count from the anchor's day, as in the official implementation. The crossing
            # then changes nothing, and what follows it is certain when its own window is decided.
            is_ruled_out = True
            can[here], cannot[here] = NEVER, min(can[here], cannot[here])
        # What is enough for a later crossing, and no more, makes an earlier one in its direction needless.
        before = i - 3
        while before >= base and enough[before] > enough[i - 1]:
            enough[before] = enough[i - 1]
            before -= 2
        before = i - 2
        if before >= base:
            earliest[before] = can[before]
            while before - 2 >= base and earliest[before - 2] > can[i - 2]:
                before -= 2
                earliest[before] = can[i - 2]
        generous = i - 2
        while generous >= base and allowed[generous] < allowed[here]:
            generous = as_generous[generous]
        as_generous[here] = generous
        # The last opposite crossing that could change residence beside this one.
        reach = reached[side]
        while reach + 2 < i and enough[reach + 2] <= allowed[here]:
            reach += 2
        while reach >= base and enough[reach] > allowed[here]:
            reach -= 2
        reached[side] = reach
        possible_until = LONG_AGO
        if is_ruled_out:
            pass
        elif generous < base:
            # The crossing after it that went the same way as this one.
            again = reach + 1 if reach + 1 >= base else reach + 3
            possible_until = impossible[old, max(reach + 1, base)]
            if again < i:
                possible_until = min(possible_until, earliest[again])
        else:
            # Only the few opposite crossings after the one that changes residence whenever this one does.
            while reach > generous:
                ended = earliest[reach + 1] if reach + 1 < i else NEVER
                possible_until = max(possible_until, min(cannot[reach], ended))
                reach -= 2
        never = max(today, min(cannot[here], possible_until))
        always = max(today, can[here], impossible[side, here])
        if never <= until:
            states[MIGRATION, place], found[MIGRATION_FINAL, place] = NO, never
        elif always <= until:
            states[MIGRATION, place], found[MIGRATION_FINAL, place] = YES, always
        else:
            states[MIGRATION, place], found[MIGRATION_FINAL, place] = UNKNOWN, NEVER
        states[BEFORE, place] = state(impossible[1, here], impossible[0, here], until)
        impossible[side, after] = max(cannot[here], impossible[side, here])
        impossible[old, after] = min(can[here], impossible[old, here])
        states[AFTER, place] = state(impossible[1, after], impossible[0, after], until)
        final = max(today, min(impossible[0, after], impossible[1, after]))
        found[STATUS_FINAL, place] = final if final <= until else NEVER


@compiled_into_callers
def state(not_inside: int, not_outside: int, until: int) -> int:
    """Where the person lives, as far as it is certain by a day."""
    if not_outside <= until:
        return YES
    return NO if not_inside <= until else UNKNOWN


@compiled_into_callers
def room_for(crossings: int) -> Room:
    """Room in which `residence` works on histories of at most so many crossings."""
    return np.empty((5, max(crossings + 1, 8)), np.int64)
